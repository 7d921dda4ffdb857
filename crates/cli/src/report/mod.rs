//! Reports: what a scan found, written in one of several formats.
//!
//! A report knows findings, issues and counts, and how to say them. It must not know how a scan is made, where its
//! output goes or what it does to the exit code. Each format is one file and one row of [`FORMATS`]; to add one, write
//! the file and the row, and the tests that loop over the table hold it to the promises: no secret without
//! [`Reveal::Plain`], and the same bytes for the same report, also when that was read back from JSON ([`read`]). That is why no time of day is in any format but
//! [`gitlab`], which is refused without one; there it is a field of the report.
//!
//! The formats for services ([`gitlab`], [`junit`], [`csv`], [`markdown`], [`github`]) and the page for an
//! audit ([`html`]) end up in logs, tables and mails of others and show no value even with [`Reveal::Plain`].
//!
//! Some formats have bounds, their own or those of who reads them. What then has no room is chosen by one order
//! ([`Report::ranked`]), counted in the report itself where it can say anything, and returned to the caller.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use jiff::Timestamp;
use keysieve_engine::policy::{SuppressedBy, Verdict};
use keysieve_engine::rule::{Rule, RuleSet};
use keysieve_engine::{Counts, Finding, Issue, Origin, Severity};
use keysieve_git::{Fate, Stand};

mod csv;
mod cwe;
mod diff;
mod escape;
mod explanation;
mod github;
mod gitlab;
mod html;
mod human;
mod json;
mod jsonl;
mod junit;
mod line_hash;
mod markdown;
mod past;
mod place;
pub(crate) mod read;
#[cfg(test)]
mod sample;
mod sarif;
#[cfg(test)]
mod sizes;
#[cfg(test)]
mod tests;
mod uri;

pub(crate) use diff::{Diff, DiffFormat};
pub(crate) use explanation::Explanation;
pub(crate) use past::{Commit, Past, Provenance};
pub(crate) use place::{in_repository, key_of_path, key_of_place, outer_lines, path_of_key};

/// A finished scan, in the order in which every format writes it.
#[derive(Debug)]
pub(crate) struct Report {
    /// The rules that the findings name.
    pub(crate) rules: Arc<RuleSet>,
    /// All findings, the suppressed ones too, by path, span and rule id.
    pub(crate) findings: Vec<Reported>,
    /// Everything that went wrong, by path.
    pub(crate) issues: Vec<Issue>,
    /// What was looked at.
    pub(crate) summary: Summary,
    /// Where findings of a history come from.
    pub(crate) past: Past,
    /// What the reader should know, though nothing went wrong: an exception that ends soon.
    pub(crate) notes: Vec<String>,
}

/// A finding with what the policy says of it.
#[derive(Clone, Debug)]
pub(crate) struct Reported {
    /// What was found.
    pub(crate) finding: Finding,
    /// Whether it is reported.
    pub(crate) verdict: Verdict,
}

/// What was looked at, and how far the scan came.
#[derive(Clone, Debug)]
pub(crate) struct Summary {
    /// The command that scanned, such as `scan`.
    pub(crate) command: &'static str,
    /// The counters of the scan.
    pub(crate) counts: Counts,
    /// Whether the user stopped it before its end.
    pub(crate) interrupted: bool,
    /// Whether everything that was to be scanned was scanned to its end. Never true of an interrupted scan.
    pub(crate) complete: bool,
    /// The absolute directory that relative paths of origins are relative to.
    pub(crate) directory: PathBuf,
    /// The git repository around it, if there is one.
    pub(crate) repository: Option<Repository>,
    /// When the scan began and ended, for the one format that is refused without.
    pub(crate) time: (Timestamp, Timestamp),
}

/// The repository that was scanned.
#[derive(Clone, Debug)]
pub(crate) struct Repository {
    /// Its absolute root, in the same spelling as [`Summary::directory`]. It names a place on one machine and stands in
    /// no report.
    pub(crate) root: PathBuf,
    /// The commit that is checked out, in hex.
    pub(crate) head: Option<String>,
    /// The URL of its remote as configured. Reports show it without credentials.
    pub(crate) remote: Option<String>,
}

/// Whether secrets are shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Reveal {
    /// Masks only.
    Masked,
    /// The values, in plain text beside their masks.
    Plain,
}

/// How a report is written.
#[derive(Clone)]
pub(crate) struct Options<'a> {
    /// Whether secrets are shown.
    pub(crate) reveal: Reveal,
    /// Human format: with colours.
    pub(crate) color: bool,
    /// Human format: also what was suppressed and what was rejected.
    pub(crate) verbose: bool,
    /// Human format: findings and what went wrong, nothing else.
    pub(crate) quiet: bool,
    /// SARIF: also suppressed findings. GitHub opens alerts for them, so this is for audits.
    pub(crate) sarif_suppressed: bool,
    /// SARIF: the category of the run, such as `keysieve/tree/`. An upload replaces the one before it that has the same
    /// category and commit.
    pub(crate) category: String,
    /// SARIF: gives the texts that line fingerprints are made of.
    pub(crate) texts: &'a dyn Texts,
}

/// Gives the bytes of an outermost content again after the scan, and knows what the newest states hold.
pub(crate) trait Texts {
    /// All bytes of the file, or `None` where they are not to be had, as for standard input.
    fn text(&self, origin: &Origin) -> Option<Vec<u8>>;

    /// How many newest states there are: [`keysieve_git::Newest::heads`].
    fn heads(&self) -> usize {
        1
    }

    /// What became of a file that once stood at `path`, which may be absolute. Where it moved to has the same form.
    fn fate(&self, head: usize, path: &Path) -> Fate;

    /// Where a content stands in a newest state: its path is as that of the origin.
    fn stand(&self, _head: usize, _origin: &Origin) -> Stand {
        Stand::Here
    }
}

/// A format that a report can be written in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Format {
    /// For people, in a terminal or a log.
    Human,
    /// One JSON document.
    Json,
    /// One JSON object a line.
    Jsonl,
    /// SARIF 2.1.0, as code scanning services read it.
    Sarif,
    /// GitLab's report of secrets.
    Gitlab,
    /// JUnit's XML, for services that show results of tests.
    Junit,
    /// Comma-separated values.
    Csv,
    /// Markdown, for the summary of a step on GitHub.
    Markdown,
    /// Commands to GitHub's runner that annotate lines.
    Github,
    /// One page for an audit.
    Html,
}

/// Writes a whole report, and says how many findings it had no room for.
type Writer = fn(&Report, &Options<'_>, &mut dyn Write) -> io::Result<u64>;

/// Every format with its name and its writer, in the order of [`Format`].
pub(crate) const FORMATS: &[(Format, &str, Writer)] = &[
    (Format::Human, "human", human::write),
    (Format::Json, "json", json::write),
    (Format::Jsonl, "jsonl", jsonl::write),
    (Format::Sarif, "sarif", sarif::write),
    (Format::Gitlab, "gitlab", gitlab::write),
    (Format::Junit, "junit", junit::write),
    (Format::Csv, "csv", csv::write),
    (Format::Markdown, "markdown", markdown::write),
    (Format::Github, "github", github::write),
    (Format::Html, "html", html::write),
];

impl Format {
    /// The name that it is asked for by.
    pub(crate) fn name(self) -> &'static str {
        let (_, name, _) = FORMATS[self as usize];
        name
    }

    /// Writes `report` in this format, in many small pieces: `out` should be buffered. Returns how many findings the
    /// format had no room for.
    ///
    /// # Errors
    ///
    /// Only what `out` says; a report can always be written.
    pub(crate) fn write(
        self,
        report: &Report,
        options: &Options<'_>,
        out: &mut dyn Write,
    ) -> io::Result<u64> {
        let (_, _, write) = FORMATS[self as usize];
        let left_out = write(report, options, out)?;
        out.flush()?;
        Ok(left_out)
    }
}

impl FromStr for Format {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let row = FORMATS.iter().find(|(_, known, _)| *known == name);
        row.map(|(format, ..)| *format).ok_or_else(|| {
            let names: Vec<_> = FORMATS.iter().map(|(_, name, _)| *name).collect();
            format!("unknown format `{name}`: use one of {}", names.join(", "))
        })
    }
}

impl Report {
    /// Puts what the threads of a scan produced, in whatever order, into the order of reports.
    pub(crate) fn new(
        rules: Arc<RuleSet>,
        mut findings: Vec<Reported>,
        mut issues: Vec<Issue>,
        summary: Summary,
        past: Past,
        notes: Vec<String>,
    ) -> Self {
        findings.sort_by(|Reported { finding: a, .. }, Reported { finding: b, .. }| {
            let span = |f: &Finding| (f.location.start_byte, f.location.end_byte);
            place::order(&a.origin, &b.origin)
                .then_with(|| span(a).cmp(&span(b)))
                .then_with(|| rules.rule(a.rule).id.cmp(&rules.rule(b.rule).id))
        });
        // A file that was reached through two roots was scanned twice.
        findings.dedup_by(|Reported { finding: a, .. }, Reported { finding: b, .. }| {
            a.rule == b.rule && a.location == b.location && a.origin == b.origin
        });
        issues.sort_by(|a, b| {
            place::order_opt(a.origin.as_deref(), b.origin.as_deref())
                .then_with(|| (a.kind, &a.message).cmp(&(b.kind, &b.message)))
        });
        issues.dedup();
        Self {
            rules,
            findings,
            issues,
            summary,
            past,
            notes,
        }
    }

    /// The findings that are reported, not suppressed.
    pub(crate) fn reported(&self) -> impl Iterator<Item = &Finding> {
        self.findings
            .iter()
            .filter(|r| r.verdict == Verdict::Report)
            .map(|r| &r.finding)
    }

    /// All findings with the most important first, the order in which a format with bounds fills itself: reported ones
    /// before suppressed ones, then by severity, by confidence, and by place among equals.
    fn ranked(&self) -> Vec<&Reported> {
        let mut ranked: Vec<_> = self.findings.iter().collect();
        ranked.sort_by_key(|Reported { finding, verdict }| {
            let rank = (finding.severity, finding.confidence);
            (*verdict != Verdict::Report, Reverse(rank))
        });
        ranked
    }

    /// Why the scan did not come to its end, if it did not.
    fn shortfall(&self) -> Option<&'static str> {
        match (self.summary.interrupted, self.summary.complete) {
            (true, _) => Some("The scan was interrupted: this report is partial."),
            (false, false) => Some("The scan is incomplete: not everything could be scanned."),
            (false, true) => None,
        }
    }

    /// The rule of a finding.
    fn rule(&self, finding: &Finding) -> &Rule {
        self.rules.rule(finding.rule)
    }

    /// How many reported findings there are of each severity, highest first.
    fn severities(&self) -> Vec<(Severity, u64)> {
        let mut severities = Severity::ALL;
        severities.sort_by_key(|s| Reverse(*s));
        severities
            .map(|s| {
                (
                    s,
                    self.reported().filter(|f| f.severity == s).count() as u64,
                )
            })
            .to_vec()
    }

    /// How many findings each way of suppressing has taken out.
    fn suppressions(&self) -> Vec<(SuppressedBy, u64)> {
        let by = |reported: &Reported| match &reported.verdict {
            Verdict::Report => None,
            Verdict::Suppressed(suppression) => Some(suppression.by),
        };
        SuppressedBy::ALL
            .map(|b| {
                (
                    b,
                    self.findings.iter().filter(|r| by(r) == Some(b)).count() as u64,
                )
            })
            .to_vec()
    }

    /// How many different secrets are reported.
    fn secrets(&self) -> usize {
        self.reported()
            .map(|f| *f.fingerprint)
            .collect::<BTreeSet<_>>()
            .len()
    }
}
