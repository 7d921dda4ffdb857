//! What changed from one report to another: new, fixed and unchanged findings.
//!
//! A finding is told by its fingerprint and its path, not by its line: so moving code within a file changes nothing,
//! while one more copy in the same file, or the same secret in another file, is new. Of several copies in one file the
//! last ones are the new ones. Suppressed findings count as not there, on both sides. Fingerprints made with different
//! keys have nothing in common: then all is new.

use std::collections::HashMap;
use std::io::{self, Write};

use keysieve_engine::policy::Verdict;
use keysieve_engine::{Finding, Fingerprint};
use serde::Serialize;

use super::human::{count, position};
use super::json;
use super::markdown::{HEADER, fit, row};
use super::{Report, Reported, Reveal, escape, key_of_place, place};

/// The most bytes of a table of Markdown: a comment on GitHub takes 65,536 characters.
const TABLE: usize = 28 << 10;

/// A comparison of two reports.
#[derive(Debug)]
pub(crate) struct Diff<'a> {
    old: &'a Report,
    new: &'a Report,
    /// Reported now and not before.
    added: Vec<&'a Reported>,
    /// Reported before and not now.
    fixed: Vec<&'a Reported>,
    unchanged: u64,
}

/// How a comparison is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
pub(crate) enum DiffFormat {
    /// For people.
    Human,
    /// One JSON document.
    Json,
    /// For a comment on a pull request.
    Markdown,
}

impl<'a> Diff<'a> {
    /// Compares.
    pub(crate) fn new(old: &'a Report, new: &'a Report) -> Self {
        let added = without(new, old);
        let unchanged = (new.reported().count() - added.len()) as u64;
        Self {
            old,
            new,
            added,
            fixed: without(old, new),
            unchanged,
        }
    }

    /// Whether something is reported now that was not before.
    pub(crate) fn has_new(&self) -> bool {
        !self.added.is_empty()
    }

    /// Whether both scans came to their end: of others neither what is new nor what is fixed is certain.
    pub(crate) fn is_complete(&self) -> bool {
        self.old.summary.complete && self.new.summary.complete
    }

    /// Writes it.
    ///
    /// # Errors
    ///
    /// Only what `out` says.
    pub(crate) fn write(&self, format: DiffFormat, out: &mut dyn Write) -> io::Result<()> {
        match format {
            DiffFormat::Human => self.human(out),
            DiffFormat::Json => self.json(out),
            DiffFormat::Markdown => self.markdown(out),
        }?;
        out.flush()
    }

    fn counts(&self) -> String {
        let (new, fixed) = (self.added.len(), self.fixed.len());
        format!("{new} new, {fixed} fixed, {} unchanged", self.unchanged)
    }

    /// What the reader must know of scans that did not come to their end.
    fn caution(&self) -> Option<&'static str> {
        match (self.old.summary.complete, self.new.summary.complete) {
            (true, true) => None,
            (_, false) => Some(
                "The new scan is incomplete: what is called fixed may still be there, and more may be new.",
            ),
            (false, true) => {
                Some("The old scan was incomplete: what is called new may have been there.")
            }
        }
    }

    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        for (word, report, findings) in [
            ("new", self.new, &self.added),
            ("fixed", self.old, &self.fixed),
        ] {
            for Reported { finding, .. } in findings {
                let rule = report.rule(finding);
                writeln!(
                    out,
                    "{word:5}  {}:{}  {}  {} ({}), {} confidence  {}",
                    place::show(&finding.origin),
                    position(finding),
                    finding.severity.as_str(),
                    escape::text(&rule.name),
                    escape::text(&rule.id),
                    finding.confidence.as_str(),
                    escape::text(&finding.secret.masked())
                )?;
            }
        }
        if self.added.len() + self.fixed.len() > 0 {
            writeln!(out)?;
        }
        writeln!(out, "{}", self.counts())?;
        self.caution()
            .map_or(Ok(()), |caution| writeln!(out, "{caution}"))
    }

    fn json(&self, out: &mut dyn Write) -> io::Result<()> {
        #[derive(Serialize)]
        struct Document<'a> {
            schema: &'static str,
            complete: bool,
            counts: Counts,
            new: Vec<json::Finding<'a>>,
            fixed: Vec<json::Finding<'a>>,
        }
        #[derive(Serialize)]
        struct Counts {
            new: usize,
            fixed: usize,
            unchanged: u64,
        }
        let all = |report: &'a Report, findings: &[&'a Reported]| {
            let one =
                |reported: &&'a Reported| json::Finding::new(report, reported, Reveal::Masked);
            findings.iter().map(one).collect()
        };
        let document = Document {
            schema: DIFF_SCHEMA,
            complete: self.is_complete(),
            counts: Counts {
                new: self.added.len(),
                fixed: self.fixed.len(),
                unchanged: self.unchanged,
            },
            new: all(self.new, &self.added),
            fixed: all(self.old, &self.fixed),
        };
        serde_json::to_writer_pretty(&mut *out, &document)?;
        out.write_all(b"\n")
    }

    fn markdown(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "## keysieve: {}\n", self.counts())?;
        if let Some(caution) = self.caution() {
            writeln!(out, "**{caution}**\n")?;
        }
        for (title, report, findings) in [
            ("New", self.new, &self.added),
            ("Fixed", self.old, &self.fixed),
        ] {
            if findings.is_empty() {
                continue;
            }
            let mut findings = findings.clone();
            findings.sort_by_key(|r| std::cmp::Reverse((r.finding.severity, r.finding.confidence)));
            let rows = findings.iter().map(|r| row(report, &r.finding));
            let (rows, written) = fit(rows, TABLE);
            writeln!(out, "### {title}\n\n{HEADER}{rows}")?;
            let more = (findings.len() - written) as u64;
            if more > 0 {
                let more = count(more, "more finding");
                writeln!(out, "{more}, the least important, had no room.\n")?;
            }
        }
        Ok(())
    }
}

/// Names the schema of a comparison: `{schema, complete, counts: {new, fixed, unchanged}, new, fixed}`, of which the
/// last two hold findings as [`json`] has them.
const DIFF_SCHEMA: &str = "keysieve-diff/1";

/// What `report` reports beyond what `other` does.
fn without<'a>(report: &'a Report, other: &Report) -> Vec<&'a Reported> {
    let key = |report: &Report, finding: &Finding| -> (Fingerprint, String) {
        let path = key_of_place(&finding.origin, &report.summary);
        (*finding.fingerprint, path)
    };
    let mut there: HashMap<_, u64> = HashMap::new();
    for finding in other.reported() {
        *there.entry(key(other, finding)).or_default() += 1;
    }
    let mut is_more = |reported: &Reported| {
        reported.verdict == Verdict::Report
            && match there.get_mut(&key(report, &reported.finding)) {
                Some(n @ 1..) => {
                    *n -= 1;
                    false
                }
                _ => true,
            }
    };
    report
        .findings
        .iter()
        .filter(|reported| is_more(reported))
        .collect()
}
