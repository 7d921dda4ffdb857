//! The rules of a run as a code scanning service shows and sorts them.

use std::collections::{BTreeMap, BTreeSet};

use keysieve_engine::rule::Rule;
use keysieve_engine::{Confidence, FileKind, Severity};
use serde_json::json;
use serde_sarif::sarif::{
    MultiformatMessageString, PropertyBag, ReportingConfiguration, ReportingDescriptor,
};

use super::super::{Report, Reported, cwe};
use super::level;

/// GitHub's bounds: characters of a description, tags of a rule.
const MAX_DESCRIPTION: usize = 1024;
const MAX_TAGS: usize = 20;
/// Secret leakage, in the OWASP Non-Human Identities Top 10.
const OWASP_LEAKAGE: &str = "OWASP-NHI2:2025";

/// The rules that the results of a run name, by id.
pub(super) struct Table<'a> {
    rules: Vec<(&'a Rule, BTreeSet<FileKind>)>,
}

impl<'a> Table<'a> {
    pub(super) fn new(report: &'a Report, shown: &[&Reported]) -> Self {
        let mut rules = BTreeMap::new();
        for Reported { finding, .. } in shown {
            let rule = report.rule(finding);
            let (_, kinds) = rules.entry(&*rule.id).or_insert((rule, BTreeSet::new()));
            kinds.insert(finding.kind);
        }
        Self {
            rules: rules.into_values().collect(),
        }
    }

    /// The position of the rule `id`, which a result of the run names.
    pub(super) fn index(&self, id: &str) -> i64 {
        let index = self.rules.binary_search_by(|(rule, _)| (*rule.id).cmp(id));
        index.expect("the table was made from the same findings") as i64
    }

    pub(super) fn descriptors(&self) -> Vec<ReportingDescriptor> {
        self.rules
            .iter()
            .map(|(rule, kinds)| descriptor(rule, kinds))
            .collect()
    }
}

fn descriptor(rule: &Rule, kinds: &BTreeSet<FileKind>) -> ReportingDescriptor {
    let docs = rule.docs.as_deref().filter(|docs| is_uri(docs));
    let more = BTreeMap::from([
        ("precision".to_owned(), json!(precision(rule.confidence))),
        (
            "security-severity".to_owned(),
            json!(security_severity(rule.severity)),
        ),
    ]);
    let mut descriptor = ReportingDescriptor::builder()
        .id(&*rule.id)
        .name(pascal_case(&rule.id))
        .short_description(plain(&rule.name))
        .full_description(plain(&rule.description))
        .help(help(rule, docs))
        .default_configuration(
            ReportingConfiguration::builder()
                .level(level(rule.severity).to_string())
                .build(),
        )
        .properties(
            PropertyBag::builder()
                .tags(tags(rule, kinds))
                .additional_properties(more)
                .build(),
        )
        .build();
    descriptor.help_uri = docs.map(str::to_owned);
    descriptor
}

/// What the services show beside an alert. GitHub shows the Markdown, others the plain text.
fn help(rule: &Rule, docs: Option<&str>) -> MultiformatMessageString {
    let Rule {
        name,
        description,
        remediation,
        ..
    } = rule;
    let mut text = format!("{description}\n\nWhat to do: {remediation}");
    let mut markdown = format!("# {name}\n\n{description}\n\n## What to do\n\n{remediation}\n");
    if let Some(docs) = docs {
        text += &format!("\n\nSee {docs}");
        markdown += &format!("\nSee <{docs}>.\n");
    }
    MultiformatMessageString::builder()
        .text(text)
        .markdown(markdown)
        .build()
}

/// Tags that services filter by, most important first. Services read those of the rule only, so a rule with a finding
/// in a log has the weakness of logs among them.
fn tags(rule: &Rule, kinds: &BTreeSet<FileKind>) -> Vec<String> {
    let cwes = cwe::of_rule(rule)
        .into_iter()
        .chain(kinds.iter().filter_map(|kind| cwe::of_kind(*kind)));
    let own = rule
        .tags
        .iter()
        .filter(|tag| !tag.is_empty() && cwe::number(tag).is_none())
        .map(ToString::to_string);
    let mut tags = Vec::new();
    for tag in ["security".to_owned()]
        .into_iter()
        .chain(cwes.map(cwe_tag))
        .chain([OWASP_LEAKAGE.to_owned(), "secret".to_owned()])
        .chain(own)
        .chain(kinds.iter().map(|kind| kind.as_str().to_owned()))
    {
        if tags.len() < MAX_TAGS && !tags.contains(&tag) {
            tags.push(tag);
        }
    }
    tags
}

/// A CWE as GitHub knows it.
pub(super) fn cwe_tag(number: u32) -> String {
    format!("external/cwe/cwe-{number:03}")
}

fn precision(confidence: Confidence) -> &'static str {
    match confidence {
        Confidence::High => "high",
        Confidence::Medium => "medium",
        Confidence::Low => "low",
    }
}

/// A score within the bounds that GitHub gives to critical (above 9), high, medium (from 4) and low.
fn security_severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "9.5",
        Severity::High => "8.0",
        Severity::Medium => "5.5",
        Severity::Low => "2.0",
    }
}

fn plain(text: &str) -> MultiformatMessageString {
    MultiformatMessageString::builder()
        .text(text.chars().take(MAX_DESCRIPTION).collect::<String>())
        .build()
}

/// `aws-access-key` becomes `AwsAccessKey`, the form that the standard has in mind for the name beside an id.
fn pascal_case(id: &str) -> String {
    let word = |word: &str| word[..1].to_ascii_uppercase() + &word[1..];
    id.split('-').map(word).collect()
}

/// Whether a rule's page may stand where the schema demands a URI.
fn is_uri(text: &str) -> bool {
    let after = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    after.is_some_and(|rest| {
        let plain = |b: u8| b.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&b);
        !rest.is_empty() && rest.bytes().all(plain)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn tags_name_the_weakness_of_the_rule_and_of_the_file() {
        let report = sample::report();
        let rule = |id| report.rules.rule(report.rules.by_id(id).unwrap());
        let kinds = BTreeSet::from([FileKind::Log]);
        assert_eq!(
            tags(rule("example-token"), &kinds),
            [
                "security",
                "external/cwe/cwe-321",
                "external/cwe/cwe-532",
                OWASP_LEAKAGE,
                "secret",
                "example",
                "log"
            ]
        );
        assert_eq!(
            tags(rule("example-password"), &BTreeSet::new()),
            ["security", "external/cwe/cwe-798", OWASP_LEAKAGE, "secret"]
        );
        assert_eq!(cwe_tag(78), "external/cwe/cwe-078");
    }

    #[test]
    fn a_rule_with_all_kinds_keeps_within_the_bounds() {
        let report = sample::report();
        let kinds = BTreeSet::from(FileKind::ALL);
        let tags = tags(report.rules.rules().next().unwrap(), &kinds);
        assert_eq!(tags.len(), MAX_TAGS);
        assert_eq!(
            plain(&"\u{e9}".repeat(2000)).text.chars().count(),
            MAX_DESCRIPTION
        );
    }

    #[test]
    fn only_a_uri_is_a_help_uri() {
        assert!(is_uri("https://docs.example/a?b=c#d"));
        for no in [
            "",
            "https://",
            "docs.example",
            "see https://docs.example",
            "https://a b",
            "javascript:x",
        ] {
            assert!(!is_uri(no), "{no}");
        }
    }

    #[test]
    fn names_are_pascal_case() {
        assert_eq!(pascal_case("aws-s3-key2"), "AwsS3Key2");
    }
}
