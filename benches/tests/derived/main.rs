//! A scan that looks only at what a delta changed finds what a scan of the whole content finds: texts of all that rules,
//! dresses and decoders look for, changed at random over several generations, each scanned both ways.
//!
//! Everything must be the same: findings in their order with all that they say, what the policy says of them, issues, and
//! the counters of what was turned away. Texts and changes are drawn from a seed, which a failure names, with the
//! generation; it tells no values. `KEYSIEVE_DERIVED=FROM..TO` tries other seeds than the fixed ones, as many as that:
//!
//! ```console
//! $ KEYSIEVE_DERIVED=1000..100000 cargo test --release -p keysieve-benches --test derived
//! ```

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod edit;
mod text;

use std::io;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};

use keysieve_engine::policy::{Policy, Verdict};
use keysieve_engine::rule::RuleSet;
use keysieve_engine::scan::{Derivation, Scanner, ScannerBuilder};
use keysieve_engine::source::Visitor;
use keysieve_engine::{Blob, Confidence, Finding, Flow, Issue, Origin, Sink, Tally};
use keysieve_rules::sample::Random;

/// Seeds that are tried by default.
const SEEDS: Range<u64> = 0..300;
/// How often a text is changed.
const GENERATIONS: usize = 6;

/// Keeps what is told.
#[derive(Default)]
struct Told {
    findings: Mutex<Vec<(Finding, Verdict)>>,
    issues: Mutex<Vec<Issue>>,
}

impl Sink for Told {
    fn finding(&self, finding: Finding, verdict: Verdict) -> io::Result<()> {
        self.findings.lock().unwrap().push((finding, verdict));
        Ok(())
    }

    fn issue(&self, issue: Issue) {
        self.issues.lock().unwrap().push(issue);
    }
}

/// All that a scan of one content says.
struct Said {
    findings: Vec<(Finding, Verdict)>,
    issues: Vec<Issue>,
    tally: Tally,
}

impl Said {
    fn take(told: &Told, tally: &Tally) -> Self {
        Self {
            findings: std::mem::take(&mut told.findings.lock().unwrap()),
            issues: std::mem::take(&mut told.issues.lock().unwrap()),
            tally: tally.clone(),
        }
    }

    /// How what is said of a derived content differs from what is said of the whole of it; no values.
    fn difference(&self, whole: &Self, rules: &RuleSet) -> Option<String> {
        let place = self
            .findings
            .iter()
            .zip(&whole.findings)
            .position(|(a, b)| told(a) != told(b) || !same_text(&a.0, &b.0))
            .unwrap_or(self.findings.len().min(whole.findings.len()));
        let (derived, expected) = (self.findings.get(place), whole.findings.get(place));
        if derived.is_some() || expected.is_some() {
            let name = |told: Option<&(Finding, Verdict)>| {
                told.map(|(finding, _)| rules.rule(finding.rule).id.clone())
            };
            return Some(format!(
                "finding {place} is {:?} {:?}, not {:?} {:?}",
                name(derived),
                derived.map(told),
                name(expected),
                expected.map(told)
            ));
        }
        if self.issues != whole.issues {
            return Some(format!("issues: {:?}, not {:?}", self.issues, whole.issues));
        }
        (self.tally != whole.tally)
            .then(|| format!("counters: {:?}, not {:?}", self.tally, whole.tally))
    }
}

/// All that is said of a finding, but for the value and its line.
fn told((finding, verdict): &(Finding, Verdict)) -> String {
    format!(
        "{:?} {:?} {:?} {:?} {:?} {} {:?} {:?} {verdict:?}",
        finding.origin,
        finding.location,
        finding.kind,
        finding.confidence,
        finding.severity,
        *finding.fingerprint,
        finding.evidence,
        finding.pair,
    )
}

fn same_text(a: &Finding, b: &Finding) -> bool {
    a.rule == b.rule && a.secret == b.secret && a.context == b.context
}

/// What was compared.
#[derive(Default, Debug)]
struct Compared {
    contents: u64,
    findings: u64,
    rejections: u64,
}

fn scanner(rules: &Arc<RuleSet>, min_confidence: Confidence) -> Scanner {
    let policy = Policy {
        min_confidence,
        ..Policy::default()
    };
    ScannerBuilder::new()
        .decoders(keysieve_unpack::decoders())
        .dresses(keysieve_unpack::dresses())
        .policy(policy)
        .build(rules.clone())
}

/// Of different kinds, and some that rules with a path look at.
const PATHS: [&str; 15] = [
    "src/settings.py",
    "src/client.ts",
    "config/application.yml",
    "docs/guide.md",
    "tests/data/fixture.json",
    ".npmrc",
    ".netrc",
    ".pgpass",
    ".my.cnf",
    ".git-credentials",
    ".codex/auth.json",
    "app/env.php",
    "terraform.tfstate",
    "notes.txt",
    "deploy.sh",
];

fn origin(random: &mut Random) -> Arc<Origin> {
    let path = PATHS[random.usize(..PATHS.len())];
    Arc::new(Origin::File(PathBuf::from(path)))
}

/// One text and its descendants.
fn lineage(seed: u64, scanner: &Scanner, compared: &mut Compared) -> Result<(), String> {
    let rules = scanner.rules();
    let mut random = Random::with_seed(seed);
    let mut writer = text::Writer::new(rules, &mut random);
    let interrupt = AtomicBool::new(false);
    let (told, witness) = (Told::default(), Told::default());
    let session = scanner.session(&told, &interrupt);
    let witnessed = scanner.session(&witness, &interrupt);
    let (mut scan, mut whole) = (session.scan(), witnessed.scan());

    let base = writer.text();
    let origin_of_base = origin(writer.random);
    let (flow, mut residue) = scan.derived(Blob::whole(&base.bytes, origin_of_base), None, true);
    assert_eq!(flow, Flow::Continue);
    Said::take(&told, scan.tally());
    let mut base = base;
    for generation in 1..=GENERATIONS {
        let (content, copied) = edit::change(&base, &mut writer);
        let origin = origin(writer.random);
        let derivation = residue.as_ref().map(|base| Derivation {
            base,
            copied: &copied,
        });
        let blob = || Blob::whole(&content.bytes, origin.clone());
        let (flow, left) = scan.derived(blob(), derivation, true);
        assert_eq!(flow, Flow::Continue);
        assert_eq!(whole.blob(blob()), Flow::Continue);
        let said = Said::take(&told, scan.tally());
        let expected = Said::take(&witness, whole.tally());
        if let Some(difference) = said.difference(&expected, rules) {
            return Err(format!(
                "seed {seed}, generation {generation}: {difference}"
            ));
        }
        compared.contents += 1;
        compared.findings += expected.findings.len() as u64;
        compared.rejections += expected.tally.slots()[8..].iter().sum::<u64>();
        (base, residue) = (content, left);
    }
    Ok(())
}

fn seeds() -> Range<u64> {
    let Ok(range) = std::env::var("KEYSIEVE_DERIVED") else {
        return SEEDS;
    };
    let ends = range.split_once("..").and_then(|(from, to)| {
        let (from, to) = (from.parse().ok()?, to.parse().ok()?);
        Some(from..to)
    });
    ends.expect("KEYSIEVE_DERIVED is FROM..TO")
}

fn holds(min_confidence: Confidence) {
    let rules = Arc::new(RuleSet::new(keysieve_rules::builtin(), Vec::new()).unwrap());
    let scanner = scanner(&rules, min_confidence);
    let (seeds, mut compared) = (seeds(), Compared::default());
    let tried = seeds.end - seeds.start;
    let mut failures = Vec::new();
    for seed in seeds {
        failures.extend(lineage(seed, &scanner, &mut compared).err());
    }
    assert!(
        failures.is_empty(),
        "{} of {tried}: {:#?}",
        failures.len(),
        &failures[..failures.len().min(20)]
    );
    println!("{compared:?}");
    assert!(
        compared.contents == tried * GENERATIONS as u64
            && compared.findings > compared.contents
            && compared.rejections > compared.contents,
        "texts hold little: {compared:?}"
    );
}

#[test]
fn what_is_found_is_that_of_the_whole_content_also_beside_names() {
    holds(Confidence::Low);
}

#[test]
fn what_is_found_by_default_is_that_of_the_whole_content() {
    holds(Confidence::Medium);
}

/// What is kept of a content does not grow with it.
#[test]
fn very_many_places_leave_nothing_behind() {
    let rules = Arc::new(RuleSet::new(keysieve_rules::builtin(), Vec::new()).unwrap());
    let scanner = scanner(&rules, Confidence::Medium);
    let (told, interrupt) = (Told::default(), AtomicBool::new(false));
    let session = scanner.session(&told, &interrupt);
    for (lines, leaves) in [(1_000, true), (70_000, false)] {
        let text = "password = \"changeme\"\n".repeat(lines);
        let blob = Blob::whole(text.as_bytes(), Arc::new(Origin::File("a.py".into())));
        let (flow, residue) = session.scan().derived(blob, None, true);
        assert_eq!(flow, Flow::Continue);
        assert_eq!(residue.is_some(), leaves, "{lines} lines");
        assert!(residue.is_none_or(|residue| residue.size() > 16 * lines));
    }
}
