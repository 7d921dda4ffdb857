//! Reports and baselines of other tools: which of our findings they know.
//!
//! No tool's fingerprint is taken over. Its report only points at places, and what a scan of our own finds there is
//! known from then on. Each tool is one file and one row of [`TOOLS`]. Values of a report are compared, and neither
//! kept nor shown: nothing here has a `Debug` that prints one, and an error tells a line and no text.
//!
//! Paths of a report are taken from the top of the repository, where these tools are usually run, and may be absolute.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::str::FromStr;

use keysieve_engine::Finding;
use sha1::{Digest as _, Sha1};

use crate::exit::usage;
use crate::report::{Report, Summary, in_repository, outer_lines};

mod detect_secrets;
mod gitleaks;
mod kingfisher;
mod trufflehog;

/// What a report says of one place.
pub(crate) struct Claim {
    /// The file, as the report names it.
    pub(crate) path: String,
    /// Counts from 1.
    pub(crate) line: Option<u64>,
    /// What tells the secret.
    pub(crate) value: Value,
}

/// What a report holds of a secret.
pub(crate) enum Value {
    /// Nothing: the line has to do.
    Hidden,
    /// It, or a text around it; of a credential of two parts the one and both.
    Plain(Vec<String>),
    /// Its SHA-1.
    Sha1([u8; 20]),
}

/// Reads a report.
///
/// # Errors
///
/// Why it is none of that tool, without a word of it.
type Reader = fn(&str) -> Result<Vec<Claim>, String>;

/// Every tool with its name and the reader of its reports.
const TOOLS: &[(&str, Reader)] = &[
    ("detect-secrets", detect_secrets::read),
    ("gitleaks", gitleaks::read),
    ("kingfisher", kingfisher::read),
    ("trufflehog", trufflehog::read),
];

/// A tool whose reports can be read.
#[derive(Clone, Copy)]
pub(crate) struct Tool(&'static str, Reader);

impl std::fmt::Debug for Tool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }
}

impl FromStr for Tool {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let row = TOOLS.iter().find(|(known, _)| *known == name);
        row.map(|(name, read)| Self(name, *read)).ok_or_else(|| {
            let names: Vec<_> = TOOLS.iter().map(|(name, _)| *name).collect();
            format!("unknown tool: use one of {}", names.join(", "))
        })
    }
}

/// The largest report that is read, in bytes.
const MAX_REPORT: u64 = 512 << 20;

impl Tool {
    /// Reads a report of the tool.
    pub(crate) fn read(self, path: &Path) -> anyhow::Result<Vec<Claim>> {
        let name = path.display();
        let mut text = String::new();
        let read = File::open(path)
            .and_then(|file| file.take(MAX_REPORT + 1).read_to_string(&mut text))
            .map_err(|e| usage(format!("the report {name} cannot be read: {e}")))?;
        if read as u64 > MAX_REPORT {
            return Err(usage(format!("the report {name} is too long")));
        }
        let text = text.trim_start_matches('\u{feff}');
        (self.1)(text).map_err(|e| usage(format!("{name} is no report of {}: {e}", self.0)))
    }
}

/// What `serde_json` says is wrong, without its words: they may quote the text.
fn json_error(error: &serde_json::Error) -> String {
    let what = match error.classify() {
        serde_json::error::Category::Data => "not in its form",
        _ => "no JSON",
    };
    format!("line {}, column {}: {what}", error.line(), error.column())
}

/// The claims of a report by file, and which of them were met.
pub(crate) struct Claims {
    claims: Vec<(Claim, bool)>,
    /// By the path from the root of the repository.
    by_path: HashMap<Vec<u8>, Vec<usize>>,
}

impl Claims {
    /// Sorts them by file.
    pub(crate) fn new(claims: Vec<Claim>, summary: &Summary) -> Self {
        let mut by_path: HashMap<Vec<u8>, Vec<usize>> = HashMap::new();
        for (i, claim) in claims.iter().enumerate() {
            let path = claim.path.replace('\\', "/");
            if let Some(key) = key(path.as_ref(), summary) {
                by_path.entry(key).or_default().push(i);
            }
        }
        Self {
            claims: claims.into_iter().map(|claim| (claim, false)).collect(),
            by_path,
        }
    }

    /// Whether a claim names the finding; marks all those that do.
    pub(crate) fn name(&mut self, finding: &Finding, report: &Report) -> bool {
        let provenance = report.past.of(finding);
        let paths = provenance.map_or(&[][..], |p| &p.paths).iter();
        let paths = paths.map(std::path::PathBuf::as_path);
        let mut is_named = false;
        for path in paths.chain(finding.origin.root_path()) {
            let key = key(path, &report.summary);
            let Some(indices) = key.and_then(|key| self.by_path.get(&key)) else {
                continue;
            };
            for &i in indices {
                let (claim, is_met) = &mut self.claims[i];
                if claim.names(finding) {
                    *is_met = true;
                    is_named = true;
                }
            }
        }
        is_named
    }

    /// How many there are, and how many named no finding.
    pub(crate) fn counts(&self) -> (usize, usize) {
        let unmet = self.claims.iter().filter(|(_, is_met)| !is_met).count();
        (self.claims.len(), unmet)
    }
}

fn key(path: &Path, summary: &Summary) -> Option<Vec<u8>> {
    let path = in_repository(path, summary)?;
    Some(path.as_os_str().as_encoded_bytes().to_owned())
}

/// Shorter parts of a value say nothing of it.
const MIN_PART: usize = 16;

impl Claim {
    fn names(&self, finding: &Finding) -> bool {
        let value = finding.secret.expose();
        let is_line = || {
            let (first, last) = outer_lines(finding);
            self.line.is_some_and(|line| (first..=last).contains(&line))
        };
        match &self.value {
            Value::Hidden => is_line(),
            Value::Plain(values) => values.iter().any(|v| is_same(v.as_bytes(), value)),
            Value::Sha1(hash) => {
                let is_hash = |part: &[u8]| <[u8; 20]>::from(Sha1::digest(part)) == *hash;
                // Of GitHub's tokens detect-secrets hashes the kind alone, `ghp`, which needs the line to mean anything.
                let kind = || value.split(|b| *b == b'_').next().unwrap_or_default();
                is_hash(value) || is_line() && is_hash(kind())
            }
        }
    }
}

/// Whether two tools mean the same secret: one may take more of the text around it than the other.
fn is_same(theirs: &[u8], ours: &[u8]) -> bool {
    let (short, long) = match theirs.len() < ours.len() {
        true => (theirs, ours),
        false => (ours, theirs),
    };
    short == long || short.len() >= MIN_PART && long.windows(short.len()).any(|part| part == short)
}

#[cfg(test)]
mod tests;
