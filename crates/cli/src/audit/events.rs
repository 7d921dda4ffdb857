//! What of a run is an event.

use keysieve_engine::policy::exception::{ExceptionSpec, Term};
use keysieve_engine::policy::{SuppressedBy, Verdict};
use keysieve_engine::{Evidence, Finding};
use serde::Serialize;

use crate::exceptions::Exceptions;
use crate::exit::Exit;
use crate::report::{Report, Reported, in_repository};

/// The longest text of an event that somebody else wrote, in characters.
const MAX_TEXT: usize = 1000;

/// Of a file with more secrets than this no text is quoted: it would have to be searched for each of them.
const MAX_SECRETS: usize = 100;

/// What happened.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    /// A finding was reported.
    Detection,
    /// A run ended with the code for findings, which stops a commit, a push or a job.
    Block,
    /// An exception was added.
    Approval,
    /// An exception or a comment suppressed a finding.
    Use,
    /// A finding is back, for what suppressed it expired.
    Expiry,
    /// An exception was taken back.
    Revocation,
    /// The log ended within a line, which was put aside.
    Repair,
}

impl Kind {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Detection => "detection",
            Self::Block => "block",
            Self::Approval => "approval",
            Self::Use => "use",
            Self::Expiry => "expiry",
            Self::Revocation => "revocation",
            Self::Repair => "repair",
        }
    }
}

/// An event before it has a place in the log. `docs/audit.md` says what the fields mean.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) struct Event {
    #[serde(rename = "event")]
    pub(crate) kind: Kind,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) command: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) user: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) rule: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) severity: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) confidence: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) fingerprint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) line: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) object: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) by: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) exception: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) owner: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) created: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) expires: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ticket: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) approved_by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) findings: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) exit_code: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) torn_file: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) torn_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) torn_sha256: Option<String>,
}

/// An event in its place.
#[derive(Serialize)]
pub(super) struct Line<'a> {
    pub(super) v: u32,
    pub(super) seq: u64,
    pub(super) time: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) clock: Option<&'static str>,
    #[serde(flatten)]
    pub(super) event: &'a Event,
    pub(super) prev: String,
}

impl Event {
    /// An event of which nothing more is known.
    pub(crate) fn new(kind: Kind) -> Self {
        Self {
            kind,
            command: None,
            user: user(),
            rule: None,
            severity: None,
            confidence: None,
            fingerprint: None,
            path: None,
            line: None,
            object: None,
            by: None,
            exception: None,
            owner: None,
            reason: None,
            created: None,
            expires: None,
            ticket: None,
            approved_by: None,
            findings: None,
            exit_code: None,
            torn_file: None,
            torn_bytes: None,
            torn_sha256: None,
        }
    }

    fn with_exception(self, spec: &ExceptionSpec) -> Self {
        let short = |text: &Option<String>| text.as_deref().map(shortened);
        Self {
            by: Some(SuppressedBy::Exception.as_str()),
            exception: Some(shortened(&spec.id)),
            owner: Some(shortened(&spec.owner)),
            reason: Some(shortened(&spec.reason)),
            created: short(&spec.created),
            expires: Some(shortened(&spec.expires)),
            ticket: short(&spec.ticket),
            approved_by: short(&spec.approved_by),
            ..self
        }
    }
}

/// The event of an exception that was added or taken back. What it covers is its `rule`, `path` and `fingerprint`.
pub(crate) fn of_exception(kind: Kind, command: &'static str, spec: &ExceptionSpec) -> Event {
    Event {
        command: Some(command),
        rule: spec.rule.as_deref().map(shortened),
        path: spec.path.as_deref().map(shortened),
        fingerprint: spec.fingerprint.as_deref().map(shortened),
        ..Event::new(kind).with_exception(spec)
    }
}

/// The events of a scan that ends with `exit`.
pub(crate) fn of_report(report: &Report, exceptions: &Exceptions, exit: Exit) -> Vec<Event> {
    let mut events = Vec::new();
    let same_file = |a: &Reported, b: &Reported| a.finding.origin.root() == b.finding.origin.root();
    for file in report.findings.chunk_by(same_file) {
        let values: Vec<&[u8]> = file.iter().map(|r| r.finding.secret.expose()).collect();
        for reported in file {
            of_finding(reported, &values, report, exceptions, &mut events);
        }
    }
    if matches!(exit, Exit::Findings | Exit::Chosen(1..)) {
        events.push(Event {
            command: Some(report.summary.command),
            findings: Some(report.reported().count() as u64),
            exit_code: Some(exit.code()),
            ..Event::new(Kind::Block)
        });
    }
    events
}

fn of_finding(
    Reported { finding, verdict }: &Reported,
    values: &[&[u8]],
    report: &Report,
    exceptions: &Exceptions,
    events: &mut Vec<Event>,
) {
    let event = |kind| of_place(kind, finding, values, report);
    let exception = || exceptions.of(&report.rules, finding, &report.summary);
    match verdict {
        Verdict::Report => {
            events.push(event(Kind::Detection));
            if let Some((exception, Term::Expired(_))) = exception() {
                events.push(event(Kind::Expiry).with_exception(exception.spec()));
            }
            let comment = finding.evidence.iter().find_map(|evidence| match evidence {
                Evidence::CommentExpired(day) => Some(day),
                _ => None,
            });
            if let Some(day) = comment {
                events.push(Event {
                    by: Some(SuppressedBy::Inline.as_str()),
                    expires: quoted(day, values),
                    ..event(Kind::Expiry)
                });
            }
        }
        Verdict::Suppressed(by) if by.by == SuppressedBy::Exception => {
            if let Some((exception, _)) = exception() {
                events.push(event(Kind::Use).with_exception(exception.spec()));
            }
        }
        Verdict::Suppressed(by) => {
            if matches!(by.by, SuppressedBy::Inline | SuppressedBy::IgnoreFile) {
                events.push(Event {
                    by: Some(by.by.as_str()),
                    reason: quoted(&by.note, values),
                    ..event(Kind::Use)
                });
            }
        }
    }
}

fn of_place(kind: Kind, finding: &Finding, values: &[&[u8]], report: &Report) -> Event {
    let path = finding.origin.root_path();
    let path = path.map(|path| in_repository(path, &report.summary).unwrap_or(path.to_owned()));
    Event {
        command: Some(report.summary.command),
        rule: Some(report.rules.rule(finding.rule).id.to_string()),
        severity: Some(finding.severity.as_str()),
        confidence: Some(finding.confidence.as_str()),
        fingerprint: Some(finding.fingerprint.to_string()),
        path: path.and_then(|path| quoted(&path.to_string_lossy(), values)),
        line: Some(finding.location.start.line),
        object: finding.origin.object().map(|id| id.to_string()),
        ..Event::new(kind)
    }
}

/// A text that the scanned file or its name brings along, unless it holds a value that was found there.
fn quoted(text: &str, values: &[&[u8]]) -> Option<String> {
    let holds = |value: &&[u8]| memchr::memmem::find(text.as_bytes(), value).is_some();
    (values.len() <= MAX_SECRETS && !values.iter().any(holds)).then(|| shortened(text))
}

fn shortened(text: &str) -> String {
    let mut characters = text.chars();
    let mut short: String = characters.by_ref().take(MAX_TEXT).collect();
    if characters.next().is_some() {
        short.push('…');
    }
    short
}

/// Who runs the program, as the service or the system says.
fn user() -> Option<String> {
    [
        "GITHUB_ACTOR",
        "GITLAB_USER_LOGIN",
        "USER",
        "LOGNAME",
        "USERNAME",
    ]
    .iter()
    .filter_map(|name| std::env::var(name).ok())
    .find(|name| !name.is_empty())
    .map(|name| shortened(&name))
}
