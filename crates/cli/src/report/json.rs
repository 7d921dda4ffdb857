//! One JSON document, for programs.
//!
//! # The schema `keysieve/1`
//!
//! Within version 1 fields are only added. A field that does not apply is left out, but for those that say "or null".
//!
//! ```text
//! schema     "keysieve/1"
//! tool       {name, version, command}
//! summary    see below
//! rules      [{id, name, description, severity, confidence, remediation, docs, tags}]   those of the findings, by id
//! secrets    [{fingerprint, rule, masked, findings, past}]   each reported secret once, with indices into `findings`;
//!            of a history, past is {first, last, in_head}: the COMMITs that brought its first and its last place
//! findings   [finding]   by path, position and rule, the suppressed ones too
//! issues     [{kind, message, PLACE}]   what could not be read, decoded or finished; without `path` if it has no place
//!
//! finding
//!   rule, name     id and name of the rule
//!   PLACE          where it stands
//!   start, end     {line, column, utf16, byte}: line and column from 1, in characters, byte from 0; `end` is one past
//!                  the last character; utf16 is the column in UTF-16 code units, where that is another one. They count in the content after decoding: with `inside`, in the innermost entry
//!   kind           kind of file, such as "config"
//!   severity       "low" | "medium" | "high" | "critical"
//!   confidence     "low" | "medium" | "high"
//!   fingerprint    names the secret (rule and value) without telling it
//!   masked         the value behind its mask
//!   context        the line it stands in, masked
//!   evidence       [text]   why it is thought a secret, strongest first
//!   pair           {rule, start, end}   the other half of the credential
//!   past           of a history: {introduced, removed, in_head, paths, has_more_paths, refs, more_refs, reach}; the
//!                  first two are COMMITs or null, reach is what keeps the object: "ref", "reflog",
//!                  "unreachable commit ID", "staged" or "dangling"
//!   suppressed     {by, note}   why it is not reported
//!   secret         the value, only with --reveal
//!   secret_base64  its bytes, where they are no UTF-8
//!
//! COMMIT
//!   id, author, email, time (UTC), subject
//!
//! PLACE
//!   path           as given or found, null for what has none, such as standard input; bytes that are no UTF-8 are
//!                  replaced
//!   path_base64    its bytes, where they are no UTF-8
//!   commit         the commit of git's that brought it
//!   object         {kind, id}   the object of git's that it is: "blob", "commit message" or "tag message"
//!   inside         [{via, name, name_base64}]   decoders on the way in, outermost first
//!
//! summary
//!   complete       whether all was scanned to its end: without it, no findings does not mean clean
//!   interrupted    whether the user stopped the scan
//!   files, bytes   what was scanned
//!   decoded        contents unpacked from other contents
//!   findings       {total, critical, high, medium, low}   reported ones
//!   secrets        how many different ones these are
//!   issues         how many
//!   suppressed, skipped, rejected   {why: count}
//!   notes          [text]   what the reader should know though nothing went wrong: an exception that ends soon
//!   repository     {head, remote}   each or null
//! ```

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::io;

use data_encoding::BASE64;
use keysieve_engine::policy::Verdict;
use keysieve_engine::{self as engine, Confidence, FileKind, Origin, Position, Severity};
use serde::{Serialize, Serializer};

use super::{Commit, Options, Provenance, Report, Reported, Reveal, place, uri};

/// Names this schema and its version.
pub(super) const SCHEMA: &str = "keysieve/1";

/// Writes the document.
pub(super) fn write(
    report: &Report,
    options: &Options<'_>,
    out: &mut dyn io::Write,
) -> io::Result<u64> {
    let document = Document {
        schema: SCHEMA,
        tool: Tool::new(report),
        summary: Summary::new(report),
        rules: rules(report),
        secrets: secrets(report),
        findings: Findings {
            report,
            reveal: options.reveal,
        },
        issues: report.issues.iter().map(Issue::new).collect(),
    };
    serde_json::to_writer_pretty(&mut *out, &document)?;
    out.write_all(b"\n")?;
    Ok(0)
}

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    tool: Tool,
    summary: Summary,
    rules: Vec<Rule<'a>>,
    secrets: Vec<Secret<'a>>,
    findings: Findings<'a>,
    issues: Vec<Issue<'a>>,
}

/// The findings, each made when it is written.
struct Findings<'a> {
    report: &'a Report,
    reveal: Reveal,
}

impl Serialize for Findings<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { report, reveal } = *self;
        let findings = report.findings.iter();
        serializer.collect_seq(findings.map(|reported| Finding::new(report, reported, reveal)))
    }
}

/// What wrote the report.
#[derive(Serialize)]
pub(super) struct Tool {
    name: &'static str,
    version: &'static str,
    command: &'static str,
}

impl Tool {
    pub(super) fn new(report: &Report) -> Self {
        Self {
            name: "keysieve",
            version: env!("CARGO_PKG_VERSION"),
            command: report.summary.command,
        }
    }
}

/// What was scanned, and how it went.
#[derive(Serialize)]
pub(super) struct Summary {
    complete: bool,
    interrupted: bool,
    files: u64,
    bytes: u64,
    decoded: u64,
    findings: Tally,
    secrets: usize,
    issues: usize,
    suppressed: Tally,
    skipped: Tally,
    rejected: Tally,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    repository: Option<Repository>,
}

#[derive(Serialize)]
struct Repository {
    head: Option<String>,
    remote: Option<String>,
}

impl Summary {
    pub(super) fn new(report: &Report) -> Self {
        let summary = &report.summary;
        let counts = &summary.counts;
        let mut findings = vec![("total", report.reported().count() as u64)];
        findings.extend(
            report
                .severities()
                .into_iter()
                .map(|(severity, n)| (severity.as_str(), n)),
        );
        Self {
            complete: summary.complete,
            interrupted: summary.interrupted,
            files: counts.files,
            bytes: counts.bytes,
            decoded: counts.decoded,
            findings: Tally(findings),
            secrets: report.secrets(),
            issues: report.issues.len(),
            suppressed: Tally(
                report
                    .suppressions()
                    .into_iter()
                    .map(|(by, n)| (by.as_str(), n))
                    .collect(),
            ),
            skipped: Tally(
                counts
                    .skipped
                    .iter()
                    .map(|(skip, n)| (skip.as_str(), *n))
                    .collect(),
            ),
            rejected: Tally(
                counts
                    .rejected
                    .iter()
                    .map(|(reason, n)| (reason.as_str(), *n))
                    .collect(),
            ),
            notes: report.notes.clone(),
            repository: summary.repository.as_ref().map(|repository| Repository {
                head: repository.head.clone(),
                remote: repository.remote.as_deref().and_then(uri::of_remote),
            }),
        }
    }
}

/// Counts by name; an object whose members keep their order.
struct Tally(Vec<(&'static str, u64)>);

impl Serialize for Tally {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().copied())
    }
}

#[derive(Serialize)]
struct Rule<'a> {
    id: &'a str,
    name: &'a str,
    description: &'a str,
    severity: Severity,
    confidence: Confidence,
    remediation: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    docs: Option<&'a str>,
    tags: Vec<&'a str>,
}

fn rules<'a>(report: &'a Report) -> Vec<Rule<'a>> {
    let used: BTreeMap<_, _> = report
        .findings
        .iter()
        .map(|r| report.rule(&r.finding))
        .map(|rule| (&*rule.id, rule))
        .collect();
    let rule = |(id, rule): (_, &'a engine::rule::Rule)| Rule {
        id,
        name: &rule.name,
        description: &rule.description,
        severity: rule.severity,
        confidence: rule.confidence,
        remediation: &rule.remediation,
        docs: rule.docs.as_deref(),
        tags: rule.tags.iter().map(|tag| &**tag).collect(),
    };
    used.into_iter().map(rule).collect()
}

#[derive(Serialize)]
struct Secret<'a> {
    fingerprint: String,
    rule: &'a str,
    masked: String,
    findings: Vec<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    past: Option<Span<'a>>,
}

/// From when to when a secret was brought, over all its places, and whether `HEAD` has one of them.
#[derive(Serialize)]
struct Span<'a> {
    first: Option<CommitOf<'a>>,
    last: Option<CommitOf<'a>>,
    in_head: bool,
}

fn secrets(report: &Report) -> Vec<Secret<'_>> {
    let mut secrets: Vec<Secret<'_>> = Vec::new();
    let mut known = HashMap::new();
    for (i, Reported { finding, verdict }) in report.findings.iter().enumerate() {
        if *verdict != Verdict::Report {
            continue;
        }
        let at = *known.entry(*finding.fingerprint).or_insert_with(|| {
            secrets.push(Secret {
                fingerprint: finding.fingerprint.to_string(),
                rule: &report.rule(finding).id,
                masked: finding.secret.masked(),
                findings: Vec::new(),
                past: None,
            });
            secrets.len() - 1
        });
        secrets[at].findings.push(i);
    }
    if !report.past.is_empty() {
        for secret in &mut secrets {
            let all = || secret.findings.iter().map(|&i| &report.findings[i].finding);
            let (first, last) = report.past.bounds(all()).unzip();
            let past = Span {
                first: first.map(CommitOf::new),
                last: last.map(CommitOf::new),
                in_head: all().any(|f| report.past.of(f).is_some_and(|past| past.in_head)),
            };
            secret.past = Some(past);
        }
    }
    secrets
}

/// Where a finding of a history comes from.
#[derive(Serialize)]
pub(super) struct PastOf<'a> {
    introduced: Option<CommitOf<'a>>,
    removed: Option<CommitOf<'a>>,
    in_head: bool,
    paths: Vec<Cow<'a, str>>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    has_more_paths: bool,
    refs: &'a [String],
    #[serde(skip_serializing_if = "is_zero")]
    more_refs: usize,
    reach: &'a str,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_zero(number: &usize) -> bool {
    *number == 0
}

impl<'a> PastOf<'a> {
    pub(super) fn new(of: &'a Provenance) -> Self {
        Self {
            introduced: of.introduced.as_ref().map(CommitOf::new),
            removed: of.removed.as_ref().map(CommitOf::new),
            in_head: of.in_head,
            paths: of.paths.iter().map(|path| path.to_string_lossy()).collect(),
            has_more_paths: of.has_more_paths,
            refs: &of.refs,
            more_refs: of.more_refs,
            reach: &of.reach,
        }
    }
}

#[derive(Serialize)]
struct CommitOf<'a> {
    id: String,
    author: &'a str,
    email: &'a str,
    time: String,
    subject: &'a str,
}

impl<'a> CommitOf<'a> {
    fn new(commit: &'a Commit) -> Self {
        Self {
            id: commit.id.to_string(),
            author: &commit.author,
            email: &commit.email,
            time: commit.time(),
            subject: &commit.subject,
        }
    }
}

/// One finding.
#[derive(Serialize)]
pub(super) struct Finding<'a> {
    rule: &'a str,
    name: &'a str,
    #[serde(flatten)]
    place: Place,
    start: Point,
    end: Point,
    kind: FileKind,
    severity: Severity,
    confidence: Confidence,
    fingerprint: String,
    masked: String,
    context: &'a str,
    evidence: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pair: Option<Pair<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    past: Option<PastOf<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    suppressed: Option<Suppressed<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret_base64: Option<String>,
}

#[derive(Serialize)]
struct Point {
    line: u64,
    column: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    utf16: Option<u64>,
    byte: u64,
}

impl Point {
    fn both(location: &engine::Location) -> (Self, Self) {
        let point = |at: Position, byte| Self {
            line: at.line,
            column: at.column,
            utf16: Some(at.utf16).filter(|utf16| *utf16 != at.column),
            byte,
        };
        (
            point(location.start, location.start_byte),
            point(location.end, location.end_byte),
        )
    }
}

#[derive(Serialize)]
struct Pair<'a> {
    rule: &'a str,
    start: Point,
    end: Point,
}

#[derive(Serialize)]
struct Suppressed<'a> {
    by: &'static str,
    note: &'a str,
}

impl<'a> Finding<'a> {
    pub(super) fn new(report: &'a Report, reported: &'a Reported, reveal: Reveal) -> Self {
        let Reported { finding, verdict } = reported;
        let rule = report.rule(finding);
        let (start, end) = Point::both(&finding.location);
        let (secret, secret_base64) = match reveal {
            Reveal::Masked => (None, None),
            Reveal::Plain => {
                let (text, base64) = text_and_base64(finding.secret.expose());
                (Some(text), base64)
            }
        };
        Self {
            rule: &rule.id,
            name: &rule.name,
            place: Place::new(Some(&finding.origin)),
            start,
            end,
            kind: finding.kind,
            severity: finding.severity,
            confidence: finding.confidence,
            fingerprint: finding.fingerprint.to_string(),
            masked: finding.secret.masked(),
            context: &finding.context.line,
            evidence: finding.evidence.iter().map(ToString::to_string).collect(),
            pair: finding.pair.as_ref().map(|pair| {
                let (start, end) = Point::both(&pair.location);
                Pair {
                    rule: &report.rules.rule(pair.rule).id,
                    start,
                    end,
                }
            }),
            past: report.past.of(finding).map(PastOf::new),
            suppressed: match verdict {
                Verdict::Report => None,
                Verdict::Suppressed(why) => Some(Suppressed {
                    by: why.by.as_str(),
                    note: &why.note,
                }),
            },
            secret,
            secret_base64,
        }
    }
}

/// One thing that went wrong.
#[derive(Serialize)]
pub(super) struct Issue<'a> {
    kind: &'static str,
    message: &'a str,
    #[serde(flatten)]
    place: Place,
}

impl<'a> Issue<'a> {
    pub(super) fn new(issue: &'a engine::Issue) -> Self {
        Self {
            kind: issue.kind.as_str(),
            message: &issue.message,
            place: Place::new(issue.origin.as_deref()),
        }
    }
}

/// A content; `path` is left out if there is none, and null if it has no path.
#[derive(Serialize)]
struct Place {
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<Option<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path_base64: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    commit: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    object: Option<Object>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    inside: Vec<Step>,
}

/// An object of git's.
#[derive(Serialize)]
pub(super) struct Object {
    kind: &'static str,
    id: String,
}

impl Object {
    /// The one that the outermost content is.
    pub(super) fn of(origin: &Origin) -> Option<Self> {
        Some(Self {
            kind: origin.object_kind()?,
            id: origin.object()?.to_string(),
        })
    }
}

/// One decoder on the way in.
#[derive(Serialize)]
pub(super) struct Step {
    via: String,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    name_base64: Option<String>,
}

impl Place {
    fn new(origin: Option<&Origin>) -> Self {
        let Some(origin) = origin else {
            return Self {
                path: None,
                path_base64: None,
                commit: None,
                object: None,
                inside: Vec::new(),
            };
        };
        let (path, path_base64) = match origin
            .root_path()
            .map(place::path_bytes)
            .map(text_and_base64)
        {
            Some((path, base64)) => (Some(path), base64),
            None => (None, None),
        };
        Self {
            path: Some(path),
            path_base64,
            commit: origin.commit().map(|commit| commit.to_string()),
            object: Object::of(origin),
            inside: inside(origin),
        }
    }
}

/// The way into a content.
pub(super) fn inside(origin: &Origin) -> Vec<Step> {
    let step = |step: place::Step<'_>| {
        let (name, name_base64) = text_and_base64(step.name);
        Step {
            via: step.via.to_owned(),
            name,
            name_base64,
        }
    };
    place::steps(origin).into_iter().map(step).collect()
}

/// Bytes as text, and as base64 where the text lost some of them.
pub(super) fn text_and_base64(bytes: &[u8]) -> (String, Option<String>) {
    match str::from_utf8(bytes) {
        Ok(text) => (text.to_owned(), None),
        Err(_) => (
            String::from_utf8_lossy(bytes).into_owned(),
            Some(BASE64.encode(bytes)),
        ),
    }
}
