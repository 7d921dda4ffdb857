//! What suppresses findings once all of them are there: ignore files of other scanners, exceptions, and the baseline.
//!
//! Comments, kinds of files and floors are asked of each finding as it is made; how many copies of a secret a file
//! holds, and whether an exception was of use, is known only at the end.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use keysieve_engine::policy::baseline::{Baseline, BaselineError, Entry, Place, State};
use keysieve_engine::policy::{SuppressedBy, Suppression, Verdict};
use keysieve_engine::rule::RuleSet;
use keysieve_engine::{Finding, Origin};
use keysieve_git::Stand;

use crate::args::SelectArgs;
use crate::exceptions::Exceptions;
use crate::exit::usage;
use crate::peers::Peers;
use crate::report::{
    Past, Report, Reported, Summary, in_repository, key_of_path, key_of_place, path_of_key,
};
use crate::settings::Settings;

/// Exceptions and baseline of a scan.
#[derive(Debug)]
pub(crate) struct Gate {
    peers: Peers,
    exceptions: Arc<Exceptions>,
    baseline: Option<Baseline>,
    /// Whether the baseline is brought up to date, and not only asked.
    updates: bool,
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
    /// What is left of a baseline that is brought up to date: [`Baseline::updated`].
    pub(crate) left: Option<Baseline>,
}

/// What a scan knows of the newest states of what it looks at: [`keysieve_git::Newest`]. What is new in any of them is
/// reported.
pub(crate) trait Heads {
    /// How many there are.
    fn count(&self) -> usize;

    /// Whether the copies of an entry that the scan did not see are gone from there: [`Baseline::known`].
    fn lost(&self, head: usize, entry: Entry<'_>) -> bool;

    /// Where a content stands.
    fn stand(&self, head: usize, origin: &Origin) -> Stand;
}

/// How many findings are looked for in how many newest states, at most: a push of all branches of a large repository.
/// Where there are more, nothing is taken for moved or changed again: more is new then.
const MAX_STANDS: usize = 1 << 20;

/// Knows nothing of any newest state.
struct Unknown;

impl Heads for Unknown {
    fn count(&self) -> usize {
        1
    }

    fn lost(&self, _: usize, _: Entry<'_>) -> bool {
        false
    }

    fn stand(&self, _: usize, _: &Origin) -> Stand {
        Stand::Here
    }
}

impl Gate {
    /// Reads what the settings name. `key` names the key of this run's fingerprints.
    pub(crate) fn new(settings: &Settings, args: &SelectArgs, key: &str) -> anyhow::Result<Self> {
        let baseline = settings.baseline(args)?;
        let baseline = baseline.map(|(name, text)| parse(&name, &text, key, Baseline::parse));
        let baseline = baseline.transpose()?;
        Ok(Self {
            peers: settings.peers()?,
            exceptions: Arc::new(Exceptions::new(settings)?),
            files: files(baseline.as_ref()),
            baseline,
            updates: false,
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
        self.updates = true;
        self
    }

    /// Suppresses what is excepted or known.
    pub(crate) fn apply(
        &self,
        rules: &RuleSet,
        findings: &mut [Reported],
        summary: &Summary,
        past: &Past,
        heads: &dyn Heads,
    ) -> Passed {
        self.peers.apply(rules, findings, summary);
        let notes = self.exceptions.apply(rules, findings, summary);
        let Some(baseline) = &self.baseline else {
            return Passed { notes, left: None };
        };
        let order = order(findings, summary);
        let is_bounded = heads.count().saturating_mul(findings.len()) <= MAX_STANDS;
        let heads = if is_bounded { heads } else { &Unknown };
        let (mut are_known, mut left) = (vec![None; findings.len()], None);
        for head in 0..heads.count().max(1) {
            let mut stands = Stands::new(head, heads);
            let sights = order.iter().flat_map(|&i| {
                let Reported { finding, verdict } = &findings[i];
                let mut sights = sights(i, finding, summary, past, &mut stands);
                for sight in &mut sights {
                    let entry = Entry {
                        fingerprint: *finding.fingerprint,
                        rule: &rules.rule(finding.rule).id,
                        path: &sight.path,
                        count: 1,
                    };
                    sight.state = match state(verdict) {
                        _ if self.excepts(entry, summary) => State::Settled,
                        state => state,
                    };
                }
                sights
            });
            let sights: Vec<Sight> = sights.collect();
            let places = places(&sights, |i| &findings[i].finding, rules);
            let lost = |entry: Entry<'_>| heads.lost(head, entry);
            let known = baseline.known(&places, &lost);
            note(&sights, &known, &mut are_known);
            if self.updates {
                left = Some(left_of(baseline, &places, &lost, rules));
            }
        }
        suppress(findings, &are_known);
        Passed { notes, left }
    }

    /// Whether an exception holds for what a baseline has as `entry`, or would have.
    pub(crate) fn excepts(&self, entry: Entry<'_>, summary: &Summary) -> bool {
        let path = path_of_key(entry.path, summary);
        let path = path.and_then(|path| in_repository(&path, summary));
        self.exceptions
            .hold(entry.rule, path.as_deref(), entry.fingerprint)
    }
}

/// What of a report a new baseline takes for known: of what is reported, that of which `takes` says so. What an exception
/// covers is not, or it would stay known when the exception ends.
pub(crate) fn known_from_now(
    report: &Report,
    key: &str,
    takes: &dyn Fn(&Finding) -> bool,
) -> Baseline {
    let findings: Vec<_> = report.reported().filter(|f| takes(f)).collect();
    let numbered = findings.iter().enumerate();
    let mut stands = Stands::new(0, &Unknown);
    let sights = numbered.flat_map(|(i, f)| {
        let (summary, past) = (&report.summary, &report.past);
        sights(i, f, summary, past, &mut stands)
    });
    let sights: Vec<Sight> = sights.collect();
    let places = places(&sights, |i| findings[i], &report.rules);
    let mut baseline = Baseline::new(key);
    baseline.add_places(places.into_iter());
    baseline
}

/// Reads a baseline whose fingerprints can be compared with those of this run.
pub(crate) fn read(path: &Path, key: &str) -> anyhow::Result<Baseline> {
    read_by(path, key, Baseline::parse)
}

/// Reads a baseline whose fingerprints can be compared with those of this run, also where a merge left its marks.
pub(crate) fn read_merged(path: &Path, key: &str) -> anyhow::Result<Baseline> {
    read_by(path, key, Baseline::parse_merged)
}

/// The largest baseline that is read, in bytes: some hundred thousand entries.
const MAX_TEXT: u64 = 64 << 20;

/// The text of a baseline.
pub(crate) fn text(path: &Path) -> anyhow::Result<String> {
    let cannot = |e: io::Error| {
        usage(format!(
            "the baseline {} cannot be read: {e}",
            path.display()
        ))
    };
    let file = File::open(path).map_err(cannot)?;
    let mut text = String::new();
    let read = file.take(MAX_TEXT + 1).read_to_string(&mut text);
    if read.map_err(cannot)? as u64 > MAX_TEXT {
        return Err(cannot(io::ErrorKind::FileTooLarge.into()));
    }
    Ok(text)
}

fn read_by(
    path: &Path,
    key: &str,
    by: fn(&str) -> Result<Baseline, BaselineError>,
) -> anyhow::Result<Baseline> {
    let name = path.display().to_string();
    parse(&name, &text(path)?, key, by)
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

/// The findings by their places in `findings`, in the order in which they take what a baseline knows: what is settled
/// already comes first, for of two copies the one that was there before is the known one.
fn order(findings: &[Reported], summary: &Summary) -> Vec<usize> {
    let mut order: Vec<usize> = (0..findings.len()).collect();
    order.sort_by_cached_key(|&i| {
        let Reported { finding, verdict } = &findings[i];
        let path = key_of_place(&finding.origin, summary);
        let is_reported = *verdict == Verdict::Report;
        (is_reported, path, finding.location.start_byte)
    });
    order
}

/// What is left of a baseline after a scan of everything: [`Baseline::updated`]. What no rule looked for is not gone.
fn left_of(
    baseline: &Baseline,
    places: &[Place<'_>],
    lost: &dyn Fn(Entry<'_>) -> bool,
    rules: &RuleSet,
) -> Baseline {
    let mut left = baseline.updated(places, lost);
    let ids: HashSet<&str> = rules.rules().map(|rule| &*rule.id).collect();
    let unasked = baseline.entries().filter(|e| !ids.contains(e.rule));
    unasked.for_each(|entry| left.add(entry));
    left
}

/// Notes for each finding whether all sights of it are known. What is excepted at one of its paths must be known at the
/// others.
fn note(sights: &[Sight], known: &[bool], are_known: &mut [Option<bool>]) {
    let open = sights
        .iter()
        .zip(known)
        .filter(|(s, _)| s.state != State::Settled);
    for (sight, known) in open {
        let is_known = &mut are_known[sight.finding];
        *is_known = Some(is_known.unwrap_or(true) && *known);
    }
}

/// Suppresses what is known.
fn suppress(findings: &mut [Reported], are_known: &[Option<bool>]) {
    for (Reported { verdict, .. }, is_known) in findings.iter_mut().zip(are_known) {
        if *is_known == Some(true) && *verdict == Verdict::Report {
            *verdict = Verdict::Suppressed(Suppression {
                by: SuppressedBy::Baseline,
                note: "known from the baseline".to_owned(),
            });
        }
    }
}

/// The files that a baseline names.
fn files(baseline: Option<&Baseline>) -> HashSet<String> {
    let entries = baseline.into_iter().flat_map(Baseline::entries);
    entries.map(|entry| entry.path.to_owned()).collect()
}

/// What a baseline is told of a finding.
fn state(verdict: &Verdict) -> State {
    match verdict {
        Verdict::Report => State::Open,
        Verdict::Suppressed(by) if by.by == SuppressedBy::Unchanged => State::Unchanged,
        Verdict::Suppressed(_) => State::Settled,
    }
}

/// A finding at one of its paths: a blob that a history scans once may stand at several.
struct Sight {
    /// Its place among the findings.
    finding: usize,
    /// As [`key_of_place`] has it.
    path: String,
    past: bool,
    state: State,
}

/// Where the contents of findings stand in one newest state, each asked for once.
struct Stands<'a> {
    head: usize,
    heads: &'a dyn Heads,
    known: HashMap<Origin, Stand>,
}

impl<'a> Stands<'a> {
    fn new(head: usize, heads: &'a dyn Heads) -> Self {
        Self {
            head,
            heads,
            known: HashMap::new(),
        }
    }

    fn of(&mut self, origin: &Origin) -> &Stand {
        let root = origin.root();
        if !self.known.contains_key(root) {
            let stand = self.heads.stand(self.head, root);
            self.known.insert(root.clone(), stand);
        }
        &self.known[root]
    }
}

/// Where a finding stands now, or else stood.
fn sights(
    i: usize,
    finding: &Finding,
    summary: &Summary,
    past: &Past,
    stands: &mut Stands<'_>,
) -> Vec<Sight> {
    let sight = |path: String, past: bool| Sight {
        finding: i,
        path,
        past,
        state: State::Open,
    };
    let known = past.of(finding);
    let paths = known.map_or(&[][..], |known| &known.head_paths);
    if !paths.is_empty() {
        let keys = paths.iter().map(|path| key_of_path(path, summary));
        return keys.map(|key| sight(key, false)).collect();
    }
    let is_gone = known.is_some_and(|known| !known.in_head);
    let path = key_of_place(&finding.origin, summary);
    match stands.of(&finding.origin) {
        Stand::Here => vec![sight(path, is_gone)],
        Stand::At(now) => vec![sight(key_of_path(now, summary), is_gone), sight(path, true)],
        Stand::Past => vec![sight(path, true)],
    }
}

/// What a baseline is told of `sights`; `finding` gives their findings.
fn places<'a>(
    sights: &'a [Sight],
    finding: impl Fn(usize) -> &'a Finding,
    rules: &'a RuleSet,
) -> Vec<Place<'a>> {
    let mut contents: HashMap<&Origin, usize> = HashMap::new();
    let place = |sight: &'a Sight| {
        let finding = finding(sight.finding);
        let next = contents.len();
        Place {
            fingerprint: *finding.fingerprint,
            rule: &rules.rule(finding.rule).id,
            path: &sight.path,
            content: *contents.entry(finding.origin.root()).or_insert(next),
            past: sight.past,
            state: sight.state,
        }
    };
    sights.iter().map(place).collect()
}
