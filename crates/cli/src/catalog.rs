//! The catalogue of rules as Markdown: what `rules/CATALOG.md` holds. It names no date and no version, so that it changes
//! only with the rules.

use std::collections::BTreeMap;
use std::io::{self, Write};

use keysieve_engine::rule::{Rule, RuleSet, Shape, Tier};
use keysieve_rules::provider;

/// The most prefixes of a rule that its row names.
const MAX_PREFIXES: usize = 4;

/// Writes a table for each first letter of the providers.
pub(crate) fn write(rules: &RuleSet, out: &mut dyn Write) -> io::Result<()> {
    // What has no provider comes from a file of the user: it stands first.
    let mut providers: BTreeMap<Option<&str>, Vec<&Rule>> = BTreeMap::new();
    for rule in rules.rules() {
        providers.entry(provider(&rule.id)).or_default().push(rule);
    }
    let files = providers.keys().flatten().count();
    writeln!(
        out,
        "# Catalogue of rules\n\n\
         {} rules, {files} files of providers. Made from the rules; after a change of them:\n\n\
         ```console\n\
         $ cargo run -p keysieve -- rules list --format markdown > rules/CATALOG.md\n\
         ```\n\n\
         *Confidence* is that of a match before the checks. *Shape* and *tier* (`P`, `K`, `F`) say how a value is found:\n\
         see [README.md](README.md). `keysieve rules show ID` prints all that is known of a rule.",
        rules.len()
    )?;
    let mut section = None;
    for (provider, mut rules) in providers {
        let letter = provider.and_then(|p| p.chars().next());
        if section.replace(letter) != Some(letter) {
            let heading =
                letter.map_or_else(|| "Other".to_owned(), |l| l.to_uppercase().to_string());
            writeln!(
                out,
                "\n## {heading}\n\n\
                 | file | rule | name | severity | confidence | shape | tier | found by |\n\
                 |---|---|---|---|---|---|---|---|"
            )?;
        }
        rules.sort_by(|a, b| a.id.cmp(&b.id));
        let file = provider.map_or_else(String::new, |p| format!("[{p}](builtin/{p}.toml)"));
        for rule in rules {
            row(&file, rule, out)?;
        }
    }
    Ok(())
}

fn row(file: &str, rule: &Rule, out: &mut dyn Write) -> io::Result<()> {
    let tier = match rule.tier {
        Tier::Prefix => "P",
        Tier::Keyword => "K",
        Tier::Full(_) => "F",
    };
    writeln!(
        out,
        "| {file} | `{}` | {} | {} | {} | {} | {tier} | {} |",
        rule.id,
        rule.name.replace('|', "\\|"),
        rule.severity.as_str(),
        rule.confidence.as_str(),
        rule.shape.as_str(),
        found_by(rule)
    )
}

/// The prefixes, which name the format; of keywords, which are variants of a vendor's name, how many there are.
fn found_by(rule: &Rule) -> String {
    let plural = |n: usize| if n == 1 { "" } else { "s" };
    if rule.shape != Shape::Token {
        let n = rule.keywords.len();
        return format!("{n} keyword{}", plural(n));
    }
    let (named, more) = rule
        .prefixes
        .split_at(rule.prefixes.len().min(MAX_PREFIXES));
    let mut text = named.iter().map(|p| code(p)).collect::<Vec<_>>().join(" ");
    if !more.is_empty() {
        text.push_str(&format!(" and {} more", more.len()));
    }
    text
}

/// Text as code in a cell of a table.
fn code(text: &str) -> String {
    format!(
        "`{}`",
        text.escape_default().to_string().replace('|', "\\|")
    )
}
