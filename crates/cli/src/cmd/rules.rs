//! `keysieve rules`.

use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use keysieve_engine::policy::{InlineComments, Policy};
use keysieve_engine::prefilter::Oracle;
use keysieve_engine::rule::{Rule, RuleSet, Shape, is_id};
use keysieve_engine::scan::{Explainer, ScannerBuilder};
use keysieve_engine::source::Visitor as _;
use keysieve_engine::{Blob, Confidence, Origin};
use keysieve_rules::trial;

use crate::args::{ListFormat, RulesCommand};
use crate::catalog;
use crate::collect::Collector;
use crate::exit::{Exit, usage};
use crate::report::{Explanation, Reveal};
use crate::settings::{unknown_rule, user_rules};

/// Runs a subcommand.
pub(crate) fn run(command: &RulesCommand) -> anyhow::Result<Exit> {
    let out = &mut io::BufWriter::new(io::stdout().lock());
    let exit = match command {
        RulesCommand::List { format, source } => {
            let rules = all(&source.rules)?;
            match format {
                ListFormat::Text => list(&rules, out)?,
                ListFormat::Markdown => catalog::write(&rules, out)?,
            }
            Exit::Clean
        }
        RulesCommand::Show { id, source } => show(&all(&source.rules)?, id, out)?,
        RulesCommand::Test {
            ids,
            text: Some(text),
            source,
            ..
        } => try_text(&source.rules, ids, text, out)?,
        RulesCommand::Test {
            ids,
            expansions,
            source,
            ..
        } => test(&source.rules, ids, *expansions, out)?,
        RulesCommand::New { id } => new(id, out)?,
    };
    out.flush()?;
    Ok(exit)
}

fn all(files: &[PathBuf]) -> anyhow::Result<RuleSet> {
    RuleSet::new(keysieve_rules::builtin(), user_rules(files)?).map_err(usage)
}

fn list(rules: &RuleSet, out: &mut dyn Write) -> io::Result<()> {
    let mut sorted: Vec<&Rule> = rules.rules().collect();
    sorted.sort_by(|a, b| a.id.cmp(&b.id));
    let width = sorted.iter().map(|rule| rule.id.len()).max().unwrap_or(0);
    for rule in sorted {
        let (severity, confidence) = (rule.severity.as_str(), rule.confidence.as_str());
        writeln!(
            out,
            "{:width$}  {severity:8}  {confidence:6}  {}",
            rule.id, rule.name
        )?;
    }
    Ok(())
}

fn show(rules: &RuleSet, id: &str, out: &mut dyn Write) -> anyhow::Result<Exit> {
    let Some(index) = rules.by_id(id) else {
        return Err(unknown(rules, id));
    };
    let rule = rules.rule(index);
    writeln!(out, "{}: {}\n\n{}\n", rule.id, rule.name, rule.description)?;
    let mut field = |name: &str, value: &str| match value {
        "" => Ok(()),
        value => writeln!(out, "{name:12} {value}"),
    };
    field("severity", rule.severity.as_str())?;
    field("confidence", rule.confidence.as_str())?;
    field("shape", &shape(rule))?;
    field("tier", &rule.tier.to_string())?;
    field("prefixes", &rule.prefixes.join("  "))?;
    field("keywords", &rule.keywords.join("  "))?;
    field(
        if rule.shape == Shape::Assigned {
            "value"
        } else {
            "pattern"
        },
        &rule.pattern,
    )?;
    let verifier = if rule.program.is_empty() {
        "regular expression"
    } else {
        "program, without a regular expression"
    };
    field("verified by", verifier)?;
    field("longest", &format!("{} bytes", rule.max_len))?;
    field("paths", &rule.path.join("  "))?;
    if rule.min_entropy > 0.0 {
        field(
            "min entropy",
            &format!("{} bits a character", rule.min_entropy),
        )?;
    }
    let checks: Vec<&str> = rule.checks.iter().map(|check| check.as_str()).collect();
    field("checks", &checks.join("  "))?;
    if let Some(requires) = &rule.requires {
        field(
            "pairs with",
            &format!("{} within {} lines", requires.rule, requires.lines),
        )?;
    }
    field("tags", &rule.tags.join("  "))?;
    field("aliases", &rule.aliases.join("  "))?;
    field("docs", rule.docs.as_deref().unwrap_or_default())?;
    field("remediation", &rule.remediation)?;
    for sample in rule.samples.iter() {
        field("sample", sample)?;
    }
    for near_miss in rule.near_misses.iter() {
        field("near miss", near_miss)?;
    }
    Ok(Exit::Clean)
}

/// How candidates of a rule are found, and what was proven of it.
fn shape(rule: &Rule) -> String {
    match rule.shape {
        Shape::Token => "token: every match begins with one of the prefixes".to_owned(),
        Shape::Around { most, .. } => {
            format!(
                "around: every match holds one of the keywords, at most {most} bytes after its start"
            )
        }
        Shape::Assigned => "assigned: a value whose name holds one of the keywords".to_owned(),
    }
}

fn test(
    files: &[PathBuf],
    ids: &[String],
    expansions: u32,
    out: &mut dyn Write,
) -> anyhow::Result<Exit> {
    let rules = all(files)?;
    let wanted = selected(&rules, ids)?;
    let (mut texts, mut failed) = (0, 0);
    for id in &wanted {
        let alone = trial::alone(keysieve_rules::builtin(), user_rules(files)?, &rules, id);
        let outcome = trial::try_rule(Arc::new(alone.map_err(usage)?), expansions);
        texts += outcome.texts;
        failed += u32::from(!outcome.failures.is_empty());
        for failure in outcome.failures {
            writeln!(out, "{id}: {}\n  in {}", failure.problem, failure.template)?;
        }
    }
    writeln!(
        out,
        "tried {} on {texts} texts, {failed} failed",
        if wanted.len() == 1 {
            "1 rule".to_owned()
        } else {
            format!("{} rules", wanted.len())
        }
    )?;
    Ok(if failed == 0 {
        Exit::Clean
    } else {
        Exit::Findings
    })
}

fn selected<'a>(rules: &'a RuleSet, ids: &'a [String]) -> anyhow::Result<Vec<&'a str>> {
    if let Some(id) = ids.iter().find(|id| rules.by_id(id).is_none()) {
        return Err(unknown(rules, id));
    }
    let all = rules.rules().map(|rule| &*rule.id);
    Ok(if ids.is_empty() {
        all.collect()
    } else {
        ids.iter().map(String::as_str).collect()
    })
}

/// Scans one text and says what became of each candidate, at any confidence.
fn try_text(
    files: &[PathBuf],
    ids: &[String],
    text: &str,
    out: &mut dyn Write,
) -> anyhow::Result<Exit> {
    let rules = all(files)?;
    selected(&rules, ids)?;
    let keep = |rule: &Rule| ids.is_empty() || ids.iter().any(|id| *id == rule.id);
    let rules =
        RuleSet::select(keysieve_rules::builtin(), user_rules(files)?, keep).map_err(usage)?;
    let policy = Policy {
        min_confidence: Confidence::Low,
        inline: InlineComments::Forbid,
        ..Policy::default()
    };
    let scanner = ScannerBuilder::new()
        .policy(policy)
        .build_with::<Oracle>(Arc::new(rules));
    let (collector, interrupt, explainer) = (
        Collector::default(),
        AtomicBool::new(false),
        Explainer::new(),
    );
    let session = scanner
        .session(&collector, &interrupt)
        .explained(&explainer);
    let _ = session
        .scan()
        .blob(Blob::whole(text.as_bytes(), Arc::new(Origin::Stdin)));

    let (considered, left_out) = explainer.into_considered();
    let explanation = Explanation {
        rules: scanner.rules(),
        considered: &considered,
        left_out,
        reveal: Reveal::Masked,
    };
    explanation.write(out)?;
    if !explanation.has_findings() {
        writeln!(out, "no rule finds anything")?;
    }
    Ok(if explanation.has_findings() {
        Exit::Findings
    } else {
        Exit::Clean
    })
}

fn new(id: &str, out: &mut dyn Write) -> anyhow::Result<Exit> {
    if !is_id(id) {
        return Err(usage(format!(
            "`{id}` is no id: use lower-case words and digits joined by single dashes"
        )));
    }
    let prefix = id.split('-').next().unwrap_or(id);
    write!(
        out,
        "[[rule]]\n\
         id = \"{id}\"\n\
         name = \"What the credential is called\"\n\
         description = \"What it gives access to.\"\n\
         severity = \"high\"       # low, medium, high, critical\n\
         confidence = \"high\"     # before checks: high for a distinctive form, medium for a value beside a name\n\
         prefixes = [\"{prefix}_\"]  # every match begins with one of these\n\
         pattern = '{prefix}_[A-Za-z0-9]{{32}}'\n\
         min_entropy = 3.0\n\
         docs = \"https://example.com/docs/tokens\"\n\
         remediation = \"Where to revoke it, and how to make a new one.\"\n\
         samples = ['{}_TOKEN={prefix}_{{base62:32}}', '{{{{\"token\": \"{prefix}_{{base62:32}}\"}}}}']\n\
         near_misses = ['{prefix}_{{base62:31}}', 'x{prefix}_{{base62:32}}']\n",
        prefix.to_ascii_uppercase()
    )?;
    Ok(Exit::Clean)
}

fn unknown(rules: &RuleSet, id: &str) -> anyhow::Error {
    let ids: Vec<&str> = rules.rules().map(|rule| &*rule.id).collect();
    usage(unknown_rule(id, &ids))
}
