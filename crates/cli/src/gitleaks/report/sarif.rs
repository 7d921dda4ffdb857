//! The SARIF report, with the fields that gitleaks gives it, in its order, and no others.

use std::borrow::Cow;
use std::io::{self, Write};

use keysieve_gitleaks::Finding;
use serde::Serialize;

use super::{RuleLine, Shown, go_json};

#[derive(Serialize)]
struct Sarif<'f> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run<'f>; 1],
}

#[derive(Serialize)]
struct Run<'f> {
    tool: Tool<'f>,
    results: Vec<Result<'f>>,
}

#[derive(Serialize)]
struct Tool<'f> {
    driver: Driver<'f>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Driver<'f> {
    name: &'static str,
    semantic_version: &'static str,
    information_uri: &'static str,
    rules: Vec<Rule<'f>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Rule<'f> {
    id: &'f str,
    short_description: Text<'f>,
}

#[derive(Serialize)]
struct Text<'f> {
    text: Cow<'f, str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Result<'f> {
    message: Text<'f>,
    rule_id: &'f str,
    locations: [Location<'f>; 1],
    partial_fingerprints: Fingerprints<'f>,
    properties: Properties<'f>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Location<'f> {
    physical_location: Physical<'f>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Physical<'f> {
    artifact_location: Artifact<'f>,
    region: Region<'f>,
}

#[derive(Serialize)]
struct Artifact<'f> {
    uri: &'f str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Region<'f> {
    start_line: u64,
    start_column: i64,
    end_line: u64,
    end_column: i64,
    snippet: Text<'f>,
}

/// Not what SARIF means by the name; it is where gitleaks puts what it knows of the commit.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Fingerprints<'f> {
    commit_sha: &'f str,
    email: &'f str,
    author: &'f str,
    date: &'f str,
    commit_message: &'f str,
}

#[derive(Serialize)]
struct Properties<'f> {
    tags: &'f [String],
}

pub(super) fn write(
    findings: &[Finding],
    rules: &[RuleLine],
    out: &mut dyn Write,
) -> io::Result<()> {
    let rules = rules
        .iter()
        .map(|(id, text)| Rule {
            id,
            short_description: Text { text: text.into() },
        })
        .collect();
    let driver = Driver {
        name: "gitleaks",
        semantic_version: "v8.0.0",
        information_uri: "https://github.com/gitleaks/gitleaks",
        rules,
    };
    let sarif = Sarif {
        schema: "https://json.schemastore.org/sarif-2.1.0.json",
        version: "2.1.0",
        runs: [Run {
            tool: Tool { driver },
            results: findings.iter().map(result).collect(),
        }],
    };
    out.write_all(go_json(&sarif, b" ").as_bytes())?;
    out.write_all(b"\n")
}

fn result(finding: &Finding) -> Result<'_> {
    let shown = Shown::of(finding);
    let mut message = format!("{} has detected secret for file {}", shown.rule, shown.file);
    if !shown.commit.is_empty() {
        message.push_str(&format!(" at commit {}", shown.commit));
    }
    message.push('.');
    let uri = if shown.symlink_file.is_empty() {
        shown.file
    } else {
        shown.symlink_file
    };
    Result {
        message: Text {
            text: message.into(),
        },
        rule_id: shown.rule,
        locations: [Location {
            physical_location: Physical {
                artifact_location: Artifact { uri },
                region: Region {
                    start_line: shown.start_line,
                    start_column: shown.start_column,
                    end_line: shown.end_line,
                    end_column: shown.end_column,
                    snippet: Text { text: shown.secret },
                },
            },
        }],
        partial_fingerprints: Fingerprints {
            commit_sha: shown.commit,
            email: shown.email,
            author: shown.author,
            date: shown.date,
            commit_message: shown.message,
        },
        properties: Properties { tags: shown.tags },
    }
}
