//! `keysieve config migrate`: a configuration of gitleaks in the native form.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs::File;
use std::io::Write as _;

use anyhow::Context as _;
use keysieve_engine::rule::{RuleFile, compile};
use keysieve_gitleaks::{Allowlist, Config, Rule};

use crate::args::MigrateArgs;
use crate::exit::{Exit, usage};
use crate::{config, gitleaks};

/// What a repetition without an end may repeat in a native rule.
const MOST: u32 = 512;

/// Runs `keysieve config migrate`.
pub(super) fn run(args: &MigrateArgs) -> anyhow::Result<Exit> {
    let config = Config::load(&args.file).map_err(usage)?;
    let text = native(&config);
    config::Config::parse(&text)
        .map_err(anyhow::Error::msg)
        .context("the result is no configuration of keysieve: please report it")?;
    match &args.output {
        None => std::io::stdout().write_all(text.as_bytes())?,
        Some(path) => {
            let mut file =
                File::create_new(path).map_err(|e| usage(format!("{}: {e}", path.display())))?;
            file.write_all(text.as_bytes())
                .with_context(|| path.display().to_string())?;
        }
    }
    Ok(Exit::Clean)
}

/// The native form of a configuration of gitleaks.
fn native(config: &Config) -> String {
    let mut text =
        String::from("# Made from a configuration of gitleaks by `keysieve config migrate`.\n");
    if !config.title.is_empty() {
        comment(&mut text, &config.title);
    }
    if !config.use_default {
        text.push_str(
            "# gitleaks' own rules were not in force. keysieve's are, unless `only` under [rules] names the rules to run.\n",
        );
    }
    let mut excluded = BTreeSet::new();
    // A rule of the same name as one of ours takes its place.
    excluded.extend(
        config
            .rules
            .iter()
            .filter(|own| own.regex.is_some())
            .flat_map(|own| gitleaks::builtin_ids(&own.id)),
    );
    for id in &config.disabled {
        let own = gitleaks::builtin_ids(id);
        if own.is_empty() {
            let _ = writeln!(
                text,
                "# Disabled rule {}: no rule of keysieve is for that credential.",
                value(id)
            );
        }
        excluded.extend(own);
    }
    if !excluded.is_empty() {
        let ids: Vec<String> = excluded.iter().map(|id| value(id)).collect();
        let _ = writeln!(text, "\n[rules]\nexclude = [{}]", ids.join(", "));
    }
    for list in &config.allowlists {
        let_in(&mut text, "all rules", list);
    }
    for own in &config.rules {
        text.push('\n');
        match rule(own) {
            Ok(table) => text.push_str(&table),
            Err(why) => {
                let _ = writeln!(
                    text,
                    "# The rule {} is not carried over: {}.",
                    value(&own.id),
                    one_line(&why)
                );
                if let Some(regex) = &own.regex {
                    comment(&mut text, &format!("  regex: {}", regex.as_str()));
                }
            }
        }
        if let Some(path) = &own.path {
            comment(
                &mut text,
                &format!("  only in files whose path matches: {}", path.as_str()),
            );
        }
        for required in &own.required {
            let _ = writeln!(text, "#   required beside it: {}", value(&required.rule));
        }
        for list in &own.allowlists {
            let_in(&mut text, &own.id, list);
        }
    }
    text
}

/// A rule as a `[[rule]]` table that the engine takes, with a comment on what was changed.
fn rule(own: &Rule) -> Result<String, String> {
    let regex = own.regex.as_ref().ok_or("it has no expression")?;
    let mut id = own.id.to_lowercase().replace(['_', ' ', '.'], "-");
    if keysieve_rules::builtin()
        .rules
        .iter()
        .any(|rule| rule.id == id)
    {
        id = format!("local-{id}");
    }
    let native = regex
        .native(own.secret_group, MOST)
        .ok_or("its expression needs Unicode")?;
    let usable = |words: &[String]| -> Vec<String> {
        words.iter().filter(|w| w.len() > 2).cloned().collect()
    };
    // gitleaks' keywords only gate; here they must stand in each match, which is proven when the rule is read.
    let mut why = String::new();
    for keywords in [usable(&own.keywords), usable(&native.words)] {
        if keywords.is_empty() {
            continue;
        }
        let list: Vec<String> = keywords.iter().map(|word| value(word)).collect();
        let description = if own.description.is_empty() {
            &own.id
        } else {
            &own.description
        };
        let tags: Vec<String> = own.tags.iter().map(|tag| value(tag)).collect();
        let mut table = String::new();
        if native.bounded {
            let _ = writeln!(
                table,
                "# Repetitions without an end are bounded to {MOST}; it was"
            );
            comment(&mut table, &format!("  {}", regex.as_str()));
        }
        let _ = write!(
            table,
            "[[rule]]\nid = {}\nname = {}\ndescription = {}\nseverity = \"high\"\nconfidence = \"high\"\n\
             keywords = [{}]\npattern = {}\nboundary = \"none\"\nmin_entropy = {:?}\n\
             remediation = \"Revoke it, and issue a new one.\"\ntags = [{}]\naliases = [{}]\nsamples = [{}]\n",
            value(&id),
            value(&own.id),
            value(description),
            list.join(", "),
            value(&native.pattern),
            own.entropy,
            tags.join(", "),
            value(&format!("gitleaks:{}", own.id)),
            value(&native.sample),
        );
        let proven = RuleFile::parse(&table)
            .map_err(|e| e.to_string())
            .and_then(|mut file| compile(file.rules.remove(0)).map_err(|e| e.to_string()));
        match proven {
            Ok(_) => return Ok(table),
            Err(error) => why = error,
        }
    }
    Err(if why.is_empty() {
        "no word is known that stands in each match".into()
    } else {
        why
    })
}

/// Says what an allowlist allowed: keysieve has no expressions for that, but globs, comments and exceptions.
fn let_in(text: &mut String, of: &str, list: &Allowlist) {
    let condition = if list.all { "all" } else { "any" };
    let _ = writeln!(
        text,
        "\n# An allowlist of {} is not carried over ({condition} of):",
        one_line(of)
    );
    if !list.description.is_empty() {
        comment(text, &format!("  {}", list.description));
    }
    let parts = [
        ("path", &list.paths),
        ("expression", &list.regexes),
        ("word", &list.stop_words),
        ("commit", &list.commits),
    ];
    for (name, values) in parts {
        for one in values {
            comment(text, &format!("  {name}: {one}"));
        }
    }
    if !list.paths.is_empty() {
        text.push_str("# Write paths as globs under [paths] ignore.\n");
    }
}

fn comment(text: &mut String, line: &str) {
    let _ = writeln!(text, "# {}", one_line(line));
}

/// Without what would end a comment or not be allowed in one.
fn one_line(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

fn value(text: &str) -> String {
    toml::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    const WRITTEN: &str = r#"
        title = "ours"
        [extend]
        useDefault = true
        disabledRules = ["aws-access-token", "no-such-rule"]
        [[rules]]
        id = "acme_key"
        description = "An ACME key"
        regex = '''(?i)acme[_-]([a-z0-9]{16,})'''
        keywords = ["acme"]
        entropy = 2.5
        [[rules.allowlists]]
        paths = ['''^vendor/''']
        [[rules]]
        id = "unbound"
        regex = '''[a-z]+'''
    "#;

    #[test]
    fn what_can_be_carried_over_is_and_the_rest_is_said() {
        let text = native(&Config::parse(WRITTEN).unwrap());
        let read = config::Config::parse(&text).unwrap();
        assert_eq!(read.rule.len(), 1);
        assert_eq!(read.rule[0].id, "acme-key");
        assert_eq!(read.rule[0].min_entropy, 2.5);
        assert!(read.rules.exclude.contains(&"aws-access-key-id".to_owned()));
        for said in [
            "no-such-rule",
            "\"unbound\" is not carried over",
            "path: ^vendor/",
            "bounded to 512",
        ] {
            assert!(text.contains(said), "{said} in {text}");
        }
    }
}
