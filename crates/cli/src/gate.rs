//! What suppresses findings once all of them are there: exceptions, and the baseline.
//!
//! Comments, kinds of files and floors are asked of each finding as it is made; how many copies of a secret a file
//! holds, and whether an exception was of use, is known only at the end.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use keysieve_engine::policy::baseline::{Baseline, BaselineError, Place};
use keysieve_engine::policy::{SuppressedBy, Suppression, Verdict};
use keysieve_engine::rule::RuleSet;
use keysieve_engine::{Finding, Origin};

use crate::args::SelectArgs;
use crate::exceptions::Exceptions;
use crate::exit::usage;
use crate::report::{Past, Report, Reported, Summary, key_of_place};
use crate::settings::Settings;

/// Exceptions and baseline of a scan.
#[derive(Debug)]
pub(crate) struct Gate {
    exceptions: Arc<Exceptions>,
    baseline: Option<Baseline>,
    /// The files that the baseline names.
    files: HashSet<String>,
}

/// The files of a baseline that a scan came to and could scan to their ends.
#[derive(Debug, Default)]
pub(crate) struct Reached(Mutex<HashSet<String>>);

impl Reached {
    /// Adds a content by the key of its place, if the baseline has it.
    pub(crate) fn add(&self, gate: &Gate, key: String) {
        if gate.files.contains(&key) {
            self.lock().insert(key);
        }
    }

    /// Takes out a file that was not scanned to its end.
    pub(crate) fn remove(&self, key: &str) {
        self.lock().remove(key);
    }

    /// Whether the file was scanned.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.lock().contains(key)
    }

    fn lock(&self) -> MutexGuard<'_, HashSet<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What came of the gate.
#[derive(Debug)]
pub(crate) struct Passed {
    /// What the reader should be told of exceptions.
    pub(crate) notes: Vec<String>,
    /// What is left of the baseline, if there is one: [`Baseline::updated`].
    pub(crate) left: Option<Baseline>,
}

/// Whether a scan would have seen what a file of the baseline lacks: [`Baseline::known`].
pub(crate) type Lost<'a> = &'a dyn Fn(&str) -> bool;

impl Gate {
    /// Reads what the settings name. `key` names the key of this run's fingerprints.
    pub(crate) fn new(settings: &Settings, args: &SelectArgs, key: &str) -> anyhow::Result<Self> {
        let baseline = settings.baseline(args)?;
        let baseline = baseline.map(|(name, text)| parse(&name, &text, key, Baseline::parse));
        let baseline = baseline.transpose()?;
        Ok(Self {
            exceptions: Arc::new(Exceptions::new(settings)?),
            files: files(baseline.as_ref()),
            baseline,
        })
    }

    /// The exceptions.
    pub(crate) fn exceptions(&self) -> &Arc<Exceptions> {
        &self.exceptions
    }

    /// Whether there is a baseline.
    pub(crate) fn has_baseline(&self) -> bool {
        self.baseline.is_some()
    }

    /// With another baseline, which [`Gate::apply`] brings up to date.
    pub(crate) fn updating(mut self, baseline: Baseline) -> Self {
        self.files = files(Some(&baseline));
        self.baseline = Some(baseline);
        self
    }

    /// Suppresses what is excepted or known.
    pub(crate) fn apply(
        &self,
        rules: &RuleSet,
        findings: &mut [Reported],
        summary: &Summary,
        past: &Past,
        lost: Lost<'_>,
    ) -> Passed {
        let notes = self.exceptions.apply(rules, findings, summary);
        let left = self
            .baseline
            .as_ref()
            .map(|baseline| suppress_known(baseline, rules, findings, summary, past, lost));
        Passed { notes, left }
    }
}

/// What of a report a new baseline takes for known: all that is reported. What an exception covers is not, or it would
/// stay known when the exception ends.
pub(crate) fn known_from_now(report: &Report, key: &str) -> Baseline {
    let findings: Vec<_> = report.reported().collect();
    let path = |finding: &&Finding| key_of_place(&finding.origin, &report.summary);
    let paths: Vec<_> = findings.iter().map(path).collect();
    let places = places(findings.into_iter(), &paths, &report.rules, &report.past);
    let mut baseline = Baseline::new(key);
    baseline.add_places(places.into_iter());
    baseline
}

/// Reads a baseline whose fingerprints can be compared with those of this run, also where a merge left its marks.
pub(crate) fn read_merged(path: &Path, key: &str) -> anyhow::Result<Baseline> {
    read_by(path, key, Baseline::parse_merged)
}

fn read_by(
    path: &Path,
    key: &str,
    by: fn(&str) -> Result<Baseline, BaselineError>,
) -> anyhow::Result<Baseline> {
    let name = path.display().to_string();
    let text = fs::read_to_string(path)
        .map_err(|e| usage(format!("the baseline {name} cannot be read: {e}")))?;
    parse(&name, &text, key, by)
}

fn parse(
    name: &str,
    text: &str,
    key: &str,
    by: fn(&str) -> Result<Baseline, BaselineError>,
) -> anyhow::Result<Baseline> {
    let baseline = by(text).map_err(|e| usage(format!("{name}: {e}")))?;
    if baseline.key() != key {
        return Err(usage(format!(
            "{name}: its fingerprints were made with another key (KEYSIEVE_FINGERPRINT_KEY)"
        )));
    }
    Ok(baseline)
}

/// Suppresses what the baseline knows, and gives what is left of it.
fn suppress_known(
    baseline: &Baseline,
    rules: &RuleSet,
    findings: &mut [Reported],
    summary: &Summary,
    past: &Past,
    lost: Lost<'_>,
) -> Baseline {
    let mut order: Vec<usize> = (0..findings.len())
        .filter(|&i| counts(&findings[i].verdict))
        .collect();
    // What is settled already takes its place first: of two copies the one that was there before is the known one.
    order.sort_by_key(|&i| {
        let Reported { finding, verdict } = &findings[i];
        (*verdict == Verdict::Report, finding.location.start_byte)
    });
    let (known, left) = {
        let paths: Vec<String> = order
            .iter()
            .map(|&i| key_of_place(&findings[i].finding.origin, summary))
            .collect();
        let places = places(
            order.iter().map(|&i| &findings[i].finding),
            &paths,
            rules,
            past,
        );
        (
            baseline.known(&places, lost),
            baseline.updated(&places, lost),
        )
    };
    for (i, known) in order.into_iter().zip(known) {
        let verdict = &mut findings[i].verdict;
        if known && *verdict == Verdict::Report {
            *verdict = Verdict::Suppressed(Suppression {
                by: SuppressedBy::Baseline,
                note: "known from the baseline".to_owned(),
            });
        }
    }
    left
}

/// The files that a baseline names.
fn files(baseline: Option<&Baseline>) -> HashSet<String> {
    let entries = baseline.into_iter().flat_map(Baseline::entries);
    entries.map(|entry| entry.path.to_owned()).collect()
}

/// Whether a finding is a copy that a baseline counts: comments, kinds and floors are no part of it.
fn counts(verdict: &Verdict) -> bool {
    match verdict {
        Verdict::Report => true,
        Verdict::Suppressed(by) => {
            matches!(by.by, SuppressedBy::Unchanged | SuppressedBy::Exception)
        }
    }
}

/// The findings as a baseline sees them; `paths` are those of [`key_of_place`].
fn places<'a>(
    findings: impl Iterator<Item = &'a Finding>,
    paths: &'a [String],
    rules: &'a RuleSet,
    past: &Past,
) -> Vec<Place<'a>> {
    let mut contents: HashMap<&Origin, usize> = HashMap::new();
    let place = |(finding, path): (&'a Finding, &'a String)| {
        let next = contents.len();
        Place {
            fingerprint: finding.fingerprint,
            rule: &rules.rule(finding.rule).id,
            path,
            content: *contents.entry(finding.origin.root()).or_insert(next),
            past: past.of(finding).is_some_and(|past| !past.in_head),
        }
    };
    findings.zip(paths).map(place).collect()
}
