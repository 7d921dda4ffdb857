//! Inputs that the benches share, and the engine that they are pushed through.
//!
//! All inputs are made at run time: no secret stands in the repository, and the synthetic ones are the same bytes on
//! every machine. [`data`] is what ordinary files look like, [`hostile`] what somebody would write to make a scan slow.
//! What is timed here is the engine alone, on one thread, with no files and no decoders; whole processes are timed by
//! `compare.py`.

pub mod data;
pub mod hostile;
pub mod proof;

mod random;

pub use random::Random;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::{fs, io};

use keysieve_engine::policy::Verdict;
use keysieve_engine::rule::{Builtin, RuleFile, RuleSet, RuleSpec, compile};
use keysieve_engine::scan::{Scan, Scanner, ScannerBuilder, Session};
use keysieve_engine::source::Visitor as _;
use keysieve_engine::{Blob, Finding, Flow, Issue, Origin, Sink};

/// A scanner without decoders, and a sink that only counts.
#[derive(Debug)]
pub struct Engine {
    scanner: Scanner,
    tally: Tally,
    interrupt: AtomicBool,
}

impl Engine {
    /// With the built-in rules, as the program has them: their tables were made when it was built.
    pub fn new() -> Self {
        Self::with(RuleSet::new(keysieve_rules::builtin(), Vec::new()))
    }

    /// With `count` of the built-in rules, taken evenly from all. A selection of the built-in set still looks for the
    /// literals of all rules; these are compiled from their files, as a user's rules are, so that there are no others.
    pub fn with_rules(count: usize) -> Self {
        let mut specs = specs();
        let all = specs.len();
        let mut index = 0;
        specs.retain(|_| {
            index += 1;
            index * count / all > (index - 1) * count / all
        });
        let rules = specs.into_iter().map(|spec| {
            let spec = RuleSpec {
                requires: None, // the other half may not be among them
                ..spec
            };
            compile(spec).expect("the built-in rules compile")
        });
        Self::with(RuleSet::new(&Builtin::NONE, rules.collect()))
    }

    fn with(rules: Result<RuleSet, keysieve_engine::rule::Error>) -> Self {
        let rules = rules.expect("the built-in rules are a valid set");
        Self {
            scanner: ScannerBuilder::new()
                .dresses(keysieve_unpack::dresses())
                .build(Arc::new(rules)),
            tally: Tally::default(),
            interrupt: AtomicBool::new(false),
        }
    }

    /// How many rules it has.
    pub fn rules(&self) -> usize {
        self.scanner.rules().rules().count()
    }

    /// A run of the scanner; [`Session::scan`] gives the scratch of a thread.
    pub fn session(&self) -> Session<'_> {
        self.scanner.session(&self.tally, &self.interrupt)
    }

    /// Findings so far, whatever the policy says of them.
    pub fn findings(&self) -> u64 {
        self.tally.findings.load(Relaxed)
    }
}

impl Default for Engine {
    fn default() -> Self {
        Self::new()
    }
}

/// The built-in rules as they are written, in the order of their files.
fn specs() -> Vec<RuleSpec> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../rules/builtin");
    let mut files: Vec<_> = fs::read_dir(folder)
        .expect("the folder of rules is there")
        .map(|entry| entry.expect("the folder can be listed").path())
        .collect();
    files.sort();
    let read = |path| fs::read_to_string(path).expect("the file was listed a moment ago");
    let parse = |text: String| RuleFile::parse(&text).expect("the build has parsed it");
    files
        .iter()
        .map(read)
        .flat_map(|text| parse(text).rules)
        .collect()
}

/// The origin of a file of this name. The kind of the file, and so some checks, depends on it.
pub fn origin(path: &str) -> Arc<Origin> {
    Arc::new(Origin::File(path.into()))
}

/// Scans one content.
///
/// # Panics
///
/// When the scan wants to stop, which nothing here asks it to.
pub fn push(scan: &mut Scan<'_>, text: &[u8], origin: &Arc<Origin>) {
    let flow = scan.blob(Blob::whole(text, origin.clone()));
    assert_eq!(flow, Flow::Continue, "nothing interrupts a bench");
}

/// Counts findings and drops them.
#[derive(Debug, Default)]
struct Tally {
    findings: AtomicU64,
}

impl Sink for Tally {
    fn finding(&self, _: Finding, _: Verdict) -> io::Result<()> {
        self.findings.fetch_add(1, Relaxed);
        Ok(())
    }

    fn issue(&self, _: Issue) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_taken_evenly() {
        assert_eq!(Engine::new().rules(), specs().len());
        for count in [1, 100] {
            assert_eq!(Engine::with_rules(count).rules(), count);
        }
    }
}
