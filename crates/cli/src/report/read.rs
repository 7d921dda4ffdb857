//! Reports from documents: reads the schema `keysieve/1` (`json.rs`) back into the one model that every format
//! writes, so that a report can be converted and reports can be put together.
//!
//! What a document does not hold: values of secrets (also where it was written with `--reveal`, they are not taken
//! over), the time of the scan, the folder that it stood in, and the texts of the files.
//!
//! The document may be anybody's. It is at most [`MAX_BYTES`] long, and each finding becomes one of the model as it is
//! read: neither the text nor all of its parts are held beside it. Containers lie at most [`MAX_DEPTH`] deep in each
//! other, so that nothing that walks them runs out of stack; what has a fixed set of names may have no other. Fields that
//! are not known are passed over: within version 1 fields are added.

use std::collections::HashMap;
use std::fmt;
use std::io::{self, BufReader, Read};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use data_encoding::{BASE64, HEXLOWER};
use jiff::Timestamp;
use keysieve_engine::policy::{SuppressedBy, Suppression, Verdict};
use keysieve_engine::rule::{Builtin, RuleSet};
use keysieve_engine::{
    Context, Counts, Evidence, Finding, Fingerprint, Issue, IssueKind, Location, MessageOf,
    ObjectId, Origin, Pair, Position, Reason, Secret, Skip,
};
use serde::de::Error as _;

use super::{Commit, Past, Provenance, Report, Reported, Repository, Summary};
use document::{CommitOf, Document, FindingOf, IssueOf, PastOf, PlaceOf, Point, SummaryOf, Tally};
use rules::{Known, Rules};

mod document;
mod rules;

/// The longest document that is read: some million findings.
const MAX_BYTES: u64 = 1 << 30;
/// Bytes that are read at once.
const BUFFER: usize = 64 << 10;
/// The most containers and encodings around a content.
const MAX_DEPTH: usize = 64;
/// The longest name of a command or a decoder, and the most of them that are kept.
const MAX_WORD: usize = 32;
const MAX_WORDS: usize = 256;

/// What a report is to stand for beside its documents.
#[derive(Clone, Debug)]
pub(crate) struct Setting {
    /// The folder that its paths start at.
    pub(crate) directory: PathBuf,
    /// When the scan was, for the format that says so.
    pub(crate) time: Timestamp,
}

/// Why a document cannot be read.
#[derive(Debug)]
pub(crate) enum ReadError {
    /// Its bytes cannot be had.
    Io(io::Error),
    /// It is longer than [`MAX_BYTES`].
    Long,
    /// It is no JSON, cut off, of another schema, or says what no report says; with line and column.
    Form(serde_json::Error),
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(f, "it cannot be read: {error}"),
            Self::Long => write!(f, "it is longer than {MAX_BYTES} bytes"),
            Self::Form(error) => write!(f, "this is no JSON report of keysieve: {error}"),
        }
    }
}

/// Reads documents into one report. What stands in several of them counts once, as reported if one of them reports it;
/// counters are added up. It is complete if all of them are.
#[derive(Debug)]
pub(crate) struct Reader {
    setting: Setting,
    parts: Parts,
    summary: Option<Summary>,
    notes: Vec<String>,
}

/// What the documents list.
#[derive(Debug, Default)]
struct Parts {
    rules: Rules,
    findings: Vec<Reported>,
    issues: Vec<Issue>,
    past: HashMap<ObjectId, Provenance>,
}

impl Reader {
    /// Of no document yet.
    pub(crate) fn new(setting: Setting) -> Self {
        Self {
            setting,
            parts: Parts::default(),
            summary: None,
            notes: Vec::new(),
        }
    }

    /// Reads a document to its end. After an error the reader is of no use.
    pub(crate) fn add(&mut self, json: impl Read) -> Result<(), ReadError> {
        self.add_of(json, MAX_BYTES)
    }

    /// As [`Reader::add`], of a document of at most `most` bytes.
    fn add_of(&mut self, json: impl Read, most: u64) -> Result<(), ReadError> {
        let mut json = BufReader::with_capacity(BUFFER, json.take(most + 1));
        let mut deserializer = serde_json::Deserializer::from_reader(&mut json);
        let read = Document::read(&mut deserializer, &mut self.parts);
        let read = read.and_then(|document| deserializer.end().map(|()| document));
        let added = read.and_then(|document| {
            self.add_document(document)
                .map_err(serde_json::Error::custom)
        });
        if json.get_ref().limit() == 0 {
            return Err(ReadError::Long); // whatever was made of the part that was read
        }
        added.map_err(|error| match error.io_error_kind() {
            Some(_) => ReadError::Io(error.into()),
            None => ReadError::Form(error),
        })
    }

    fn add_document(&mut self, document: Document) -> Result<(), String> {
        for note in &document.summary.notes {
            if !self.notes.contains(note) {
                self.notes.push(note.clone());
            }
        }
        let next = of_summary(document.summary, &document.tool.command, &self.setting)?;
        self.summary = Some(match self.summary.take() {
            None => next,
            Some(before) => together(before, next)?,
        });
        Ok(())
    }

    /// The report.
    ///
    /// # Errors
    ///
    /// Where a finding is of a rule that no document describes, or there is no document.
    pub(crate) fn finish(self) -> Result<Report, String> {
        let Parts {
            rules,
            mut findings,
            issues,
            past,
        } = self.parts;
        // Of the same finding in several documents the first is kept.
        findings.sort_by_key(|reported: &Reported| reported.verdict != Verdict::Report);
        let rules = RuleSet::new(&Builtin::NONE, rules.all()?).map_err(|e| e.to_string())?;
        let summary = self.summary.ok_or("there is no report")?;
        Ok(Report::new(
            Arc::new(rules),
            findings,
            issues,
            summary,
            Past::new(past),
            self.notes,
        ))
    }
}

impl Parts {
    fn add_finding(&mut self, of: FindingOf) -> Result<(), String> {
        let reported = finding(of, &mut self.rules, &mut self.past)?;
        self.findings.push(reported);
        Ok(())
    }

    fn add_issue(&mut self, of: IssueOf) -> Result<(), String> {
        self.issues.push(issue(of)?);
        Ok(())
    }
}

fn finding(
    of: FindingOf,
    rules: &mut Rules,
    past: &mut HashMap<ObjectId, Provenance>,
) -> Result<Reported, String> {
    let origin = of.place.origin()?.ok_or("a finding has no `path`")?;
    let verdict = match of.suppressed {
        None => Verdict::Report,
        Some(why) => Verdict::Suppressed(Suppression {
            by: known(&SuppressedBy::ALL, SuppressedBy::as_str, &why.by)?,
            note: why.note,
        }),
    };
    if !of.masked.bytes().all(|b| b.is_ascii_graphic()) {
        return Err("a `masked` value is no mask".to_owned());
    }
    let fingerprint = of.fingerprint.parse::<Fingerprint>();
    let fingerprint =
        fingerprint.map_err(|e| format!("the fingerprint `{}`: {e}", cut(&of.fingerprint)))?;
    if let (Some(known), Some(object)) = (of.past, origin.object()) {
        past.insert(object, provenance(known)?);
    }
    let pair = of.pair.map(|pair| Pair {
        rule: rules.of(&pair.rule, Known::Pair),
        location: location(pair.start, pair.end),
    });
    let finding = Finding {
        rule: rules.of(&of.rule, Known::Finding),
        origin,
        location: location(of.start, of.end),
        secret: Secret::of_mask(&of.masked),
        kind: of.kind,
        confidence: of.confidence,
        severity: of.severity,
        fingerprint: fingerprint.into(),
        evidence: of.evidence.into_iter().map(Evidence::Told).collect(),
        context: Context { line: of.context },
        pair,
    };
    Ok(Reported { finding, verdict })
}

fn location(start: Point, end: Point) -> Location {
    let position = |point: Point| Position {
        line: point.line,
        column: point.column,
        utf16: point.utf16.unwrap_or(point.column),
    };
    Location {
        start: position(start),
        end: position(end),
        start_byte: start.byte,
        end_byte: end.byte,
    }
}

fn provenance(of: PastOf) -> Result<Provenance, String> {
    Ok(Provenance {
        paths: of.paths,
        // No report says it: what is told of a baseline is in the verdicts.
        head_paths: Vec::new(),
        has_more_paths: of.has_more_paths,
        introduced: of.introduced.map(commit).transpose()?,
        removed: of.removed.map(commit).transpose()?,
        in_head: of.in_head,
        refs: of.refs,
        more_refs: of.more_refs,
        reach: of.reach,
    })
}

fn commit(of: CommitOf) -> Result<Commit, String> {
    let time: Timestamp = of
        .time
        .parse()
        .map_err(|e| format!("the time of a commit: {e}"))?;
    Ok(Commit {
        id: object(&of.id)?,
        author: of.author,
        email: of.email,
        seconds: time.as_second(),
        subject: of.subject,
    })
}

fn issue(of: IssueOf) -> Result<Issue, String> {
    let kinds = [
        IssueKind::Unreadable,
        IssueKind::Vanished,
        IssueKind::Changed,
        IssueKind::Undecodable,
        IssueKind::Limit,
        IssueKind::Internal,
    ];
    Ok(Issue {
        origin: of.place.origin()?,
        kind: known(&kinds, IssueKind::as_str, &of.kind)?,
        message: of.message,
    })
}

impl PlaceOf {
    /// The content; `None` for what has no place.
    fn origin(self) -> Result<Option<Arc<Origin>>, String> {
        let Some(path) = self.path else {
            return Ok(None);
        };
        if self.inside.len() > MAX_DEPTH {
            return Err(format!(
                "a place has more than {MAX_DEPTH} containers around it"
            ));
        }
        let path = path.map(|path| name(path, self.path_base64)).transpose()?;
        let commit = self.commit.as_deref().map(object).transpose()?;
        let root = match (self.object, commit, path) {
            (None, None, Some(path)) => Origin::File(path),
            (None, None, None) => Origin::Stdin,
            (Some(of), commit, path) => {
                let id = object(&of.id)?;
                match (&*of.kind, commit, path) {
                    ("blob", Some(commit), Some(path)) => Origin::Commit {
                        commit,
                        path,
                        blob: id,
                    },
                    ("blob", None, path) => Origin::Blob {
                        id,
                        path,
                        moved: false,
                    },
                    ("commit message", None, None) => Origin::Message {
                        of: MessageOf::Commit,
                        id,
                    },
                    ("tag message", None, None) => Origin::Message {
                        of: MessageOf::Tag,
                        id,
                    },
                    _ => return Err("an object is neither a blob nor a message".to_owned()),
                }
            }
            (None, Some(_), _) => return Err("a place has a commit and no object".to_owned()),
        };
        let mut origin = Arc::new(root);
        for step in self.inside {
            origin = Arc::new(Origin::Inside {
                outer: origin,
                via: word(&step.via)?,
                name: name(step.name, step.name_base64)?,
            });
        }
        Ok(Some(origin))
    }
}

/// A name by its bytes, where the text lost some of them.
fn name(text: String, base64: Option<String>) -> Result<PathBuf, String> {
    match base64 {
        None => Ok(text.into()),
        Some(base64) => {
            let bytes = BASE64.decode(base64.as_bytes());
            Ok(raw(bytes.map_err(|e| format!("the base64 of a name: {e}"))?))
        }
    }
}

#[cfg(unix)]
fn raw(bytes: Vec<u8>) -> PathBuf {
    use std::os::unix::ffi::OsStringExt as _;

    std::ffi::OsString::from_vec(bytes).into()
}

/// Where names are no bytes, what is no text in them is replaced.
#[cfg(not(unix))]
fn raw(bytes: Vec<u8>) -> PathBuf {
    String::from_utf8_lossy(&bytes).into_owned().into()
}

fn object(hex: &str) -> Result<ObjectId, String> {
    let bytes = HEXLOWER.decode(hex.as_bytes()).ok();
    bytes
        .and_then(|bytes| ObjectId::new(&bytes))
        .ok_or_else(|| format!("`{}` is no id of an object", cut(hex)))
}

impl Tally {
    /// The counts by what the names mean.
    fn of<T: Copy>(&self, all: &[T], name: fn(T) -> &'static str) -> Result<Vec<(T, u64)>, String> {
        let known = |(text, n): &(String, u64)| Ok((known(all, name, text)?, *n));
        self.0.iter().map(known).collect()
    }
}

fn of_summary(of: SummaryOf, command: &str, setting: &Setting) -> Result<Summary, String> {
    Ok(Summary {
        command: word(command)?,
        counts: Counts {
            files: of.files,
            bytes: of.bytes,
            decoded: of.decoded,
            skipped: of.skipped.of(&Skip::ALL, Skip::as_str)?,
            rejected: of.rejected.of(&Reason::ALL, Reason::as_str)?,
        },
        interrupted: of.interrupted,
        complete: of.complete && !of.interrupted,
        directory: setting.directory.clone(),
        repository: of.repository.map(|repository| Repository {
            root: setting.directory.clone(),
            head: repository.head,
            remote: repository.remote,
        }),
        time: (setting.time, setting.time),
    })
}

/// Two summaries as one; of the commands and repositories only what both agree on stays.
fn together(a: Summary, b: Summary) -> Result<Summary, String> {
    let same = |a: Option<String>, b: Option<String>| a.filter(|a| b.as_ref() == Some(a));
    Ok(Summary {
        command: if a.command == b.command {
            a.command
        } else {
            "merge"
        },
        counts: Counts {
            files: a.counts.files.saturating_add(b.counts.files),
            bytes: a.counts.bytes.saturating_add(b.counts.bytes),
            decoded: a.counts.decoded.saturating_add(b.counts.decoded),
            skipped: added(&Skip::ALL, &a.counts.skipped, &b.counts.skipped),
            rejected: added(&Reason::ALL, &a.counts.rejected, &b.counts.rejected),
        },
        interrupted: a.interrupted || b.interrupted,
        complete: a.complete && b.complete,
        repository: a.repository.zip(b.repository).map(|(a, b)| Repository {
            root: a.root,
            head: same(a.head, b.head),
            remote: same(a.remote, b.remote),
        }),
        ..b
    })
}

fn added<T: Copy + PartialEq>(all: &[T], a: &[(T, u64)], b: &[(T, u64)]) -> Vec<(T, u64)> {
    let of = |counts: &[(T, u64)], name: T| {
        let counts = counts.iter().filter(|(known, _)| *known == name);
        counts.fold(0u64, |sum, (_, n)| sum.saturating_add(*n))
    };
    all.iter()
        .map(|name| (*name, of(a, *name).saturating_add(of(b, *name))))
        .collect()
}

/// What a name of a fixed set of names means.
fn known<T: Copy>(all: &[T], name: fn(T) -> &'static str, text: &str) -> Result<T, String> {
    let found = all.iter().find(|one| name(**one) == text);
    found
        .copied()
        .ok_or_else(|| format!("`{}` means nothing to this version of keysieve", cut(text)))
}

/// A text of the document for an error, not longer than a name is.
fn cut(text: &str) -> String {
    text.chars()
        .take(MAX_WORD)
        .flat_map(char::escape_debug)
        .collect()
}

/// The name of a command or a decoder. The model has them as static texts, so one that was never seen is kept for the
/// rest of the process: at most [`MAX_WORDS`] of [`MAX_WORD`] bytes.
fn word(text: &str) -> Result<&'static str, String> {
    static WORDS: Mutex<Vec<&'static str>> = Mutex::new(Vec::new());
    let is_part = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_.".contains(&b);
    if text.is_empty() || text.len() > MAX_WORD || !text.bytes().all(is_part) {
        return Err(format!(
            "`{}` is no name of a command or a decoder",
            cut(text)
        ));
    }
    let mut words = WORDS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(word) = words.iter().find(|word| **word == text) {
        return Ok(word);
    }
    if words.len() == MAX_WORDS {
        return Err("there are too many names of decoders".to_owned());
    }
    let word = text.to_owned().leak();
    words.push(word);
    Ok(word)
}

#[cfg(test)]
mod tests;
