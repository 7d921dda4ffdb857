//! GitLab's security report of the type `secret_detection`, version 15.2.1 of its schema, for
//! `artifacts:reports:secret_detection`.
//!
//! * The schema demands when the scan began and ended. No other format of ours holds a time of day; here both are the
//!   second that `SOURCE_DATE_EPOCH` names, or else what the clock said (`crate::clock`).
//! * It demands a commit for each place: the one that added it where a history or a range was scanned, and for files
//!   `0000000`, as GitLab's own scanner writes it.
//! * GitLab tells findings apart by their first identifier, which is the rule, and by file and lines. A content that was
//!   unpacked has no lines in the file: its findings stand on the first, and the description says where in it.
//! * `raw_source_code_extract` would be the value in plain text and is not written, not even with `--reveal`.
//! * Suppressed findings are left out. What went wrong is in `scan.messages`; `scan.status` is `failure` unless the
//!   whole scan came to its end.

use std::io;

use jiff::Timestamp;
use keysieve_engine::{Finding, Severity};
use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{Options, Report, cwe, place, uri};

const VERSION: &str = "15.2.1";
const SCHEMA: &str = "https://gitlab.com/gitlab-org/security-products/security-report-schemas/-/raw/v15.2.1/dist/secret-detection-report-format.json";
/// Stands for the commit of a file that was scanned as it lies on the disk.
const NO_COMMIT: &str = "0000000";
/// GitLab's bounds, in characters.
const MAX_NAME: usize = 255;
const MAX_SOLUTION: usize = 7000;

/// Writes the document.
pub(super) fn write(report: &Report, _: &Options<'_>, out: &mut dyn io::Write) -> io::Result<u64> {
    let document = Document {
        version: VERSION,
        schema: SCHEMA,
        scan: scan(report),
        vulnerabilities: report
            .reported()
            .map(|finding| Vulnerability::new(report, finding))
            .collect(),
    };
    serde_json::to_writer_pretty(&mut *out, &document)?;
    out.write_all(b"\n")?;
    Ok(0)
}

#[derive(Serialize)]
struct Document<'a> {
    version: &'static str,
    schema: &'static str,
    scan: Value,
    vulnerabilities: Vec<Vulnerability<'a>>,
}

#[derive(Serialize)]
struct Vulnerability<'a> {
    id: String,
    name: String,
    description: String,
    severity: &'static str,
    solution: String,
    identifiers: Vec<Identifier>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    links: Vec<Link<'a>>,
    location: Location<'a>,
}

#[derive(Serialize)]
struct Identifier {
    #[serde(rename = "type")]
    kind: &'static str,
    name: String,
    value: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
}

#[derive(Serialize)]
struct Link<'a> {
    url: &'a str,
}

#[derive(Serialize)]
struct Location<'a> {
    file: String,
    start_line: u64,
    end_line: u64,
    commit: Commit<'a>,
}

#[derive(Serialize)]
struct Commit<'a> {
    sha: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    author: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    date: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'a str>,
}

impl<'a> Vulnerability<'a> {
    fn new(report: &'a Report, finding: &'a Finding) -> Self {
        let rule = report.rule(finding);
        let (start_line, end_line) = place::outer_lines(finding);
        let cwes = cwe::of_rule(rule).into_iter();
        let own = Identifier {
            kind: "keysieve_rule_id",
            name: format!("keysieve rule {}", rule.id),
            value: rule.id.to_string(),
            url: None,
        };
        let docs = rule.docs.as_deref();
        Self {
            id: id(report, finding),
            name: cut(&rule.name, MAX_NAME),
            description: description(report, finding),
            severity: severity(finding.severity),
            solution: cut(&rule.remediation, MAX_SOLUTION),
            identifiers: [own]
                .into_iter()
                .chain(cwes.chain(cwe::of_kind(finding.kind)).map(weakness))
                .collect(),
            links: docs
                .filter(|url| url.starts_with("https://") || url.starts_with("http://"))
                .map(|url| Link { url })
                .into_iter()
                .collect(),
            location: Location {
                file: uri::file_name(&finding.origin, &report.summary),
                start_line,
                end_line,
                commit: commit(report, finding),
            },
        }
    }
}

fn weakness(number: u32) -> Identifier {
    Identifier {
        kind: "cwe",
        name: format!("CWE-{number}"),
        value: number.to_string(),
        url: Some(format!(
            "https://cwe.mitre.org/data/definitions/{number}.html"
        )),
    }
}

fn scan(report: &Report) -> Value {
    let version = env!("CARGO_PKG_VERSION");
    let program = json!({
        "id": "keysieve",
        "name": "keysieve",
        "url": env!("CARGO_PKG_REPOSITORY"),
        "vendor": {"name": "keysieve"},
        "version": version,
    });
    let mut messages: Vec<_> = report
        .issues
        .iter()
        .map(|issue| {
            let place = issue
                .origin
                .as_deref()
                .map(|origin| place::show(origin) + ": ")
                .unwrap_or_default();
            json!({"level": "warn", "value": format!("{place}{}: {}", issue.kind, issue.message)})
        })
        .collect();
    let shortfall = report.shortfall();
    messages.extend(shortfall.map(|text| json!({"level": "fatal", "value": text})));
    let (start, end) = report.summary.time;
    json!({
        "type": "secret_detection",
        "status": if shortfall.is_some() { "failure" } else { "success" },
        "start_time": time(start),
        "end_time": time(end),
        "analyzer": program,
        "scanner": program,
        "messages": messages,
    })
}

/// UTC without a zone and without a fraction, which is all that the schema takes.
fn time(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S").to_string()
}

/// A UUID (version 8) of the rule, the secret and the place: the same for the same finding in every report.
fn id(report: &Report, finding: &Finding) -> String {
    let mut hash = Sha256::new();
    for part in [
        report.rule(finding).id.to_string(),
        finding.fingerprint.to_string(),
        place::show(&finding.origin),
        finding.location.start_byte.to_string(),
    ] {
        hash.update(part);
        hash.update([0]);
    }
    let mut bytes: [u8; 16] = hash.finalize()[..16]
        .try_into()
        .expect("SHA-256 has 32 bytes");
    bytes[6] = bytes[6] & 0x0f | 0x80;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex = data_encoding::HEXLOWER.encode(&bytes);
    [
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..],
    ]
    .join("-")
}

/// What the rule is about, then what was found here.
fn description(report: &Report, finding: &Finding) -> String {
    let mut text = format!(
        "{} Masked: {} ({} confidence, in a file of kind {}).",
        report.rule(finding).description,
        finding.secret.masked(),
        finding.confidence.as_str(),
        finding.kind.as_str()
    );
    if !place::is_outside(&finding.origin) {
        let (inner, start) = (place::show(&finding.origin), finding.location.start);
        text += &format!(
            " It stands in {inner}, line {}, column {}.",
            start.line, start.column
        );
    }
    text
}

fn commit<'a>(report: &'a Report, finding: &Finding) -> Commit<'a> {
    let brought = report
        .past
        .of(finding)
        .and_then(|past| past.introduced.as_ref());
    let sha = finding.origin.commit().or(brought.map(|c| c.id));
    Commit {
        sha: sha.map_or_else(|| NO_COMMIT.to_owned(), |id| id.to_string()),
        author: brought.map(|c| format!("{} <{}>", c.author, c.email)),
        date: brought.map(super::Commit::time),
        message: brought.map(|c| c.subject.as_str()),
    }
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "Critical",
        Severity::High => "High",
        Severity::Medium => "Medium",
        Severity::Low => "Low",
    }
}

fn cut(text: &str, characters: usize) -> String {
    text.chars().take(characters).collect()
}
