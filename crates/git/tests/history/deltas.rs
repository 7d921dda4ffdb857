//! What is found in objects that a pack holds as deltas, where a scan looks only at what they change.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};

use keysieve_engine::policy::Verdict;
use keysieve_engine::rule::{Builtin, RuleFile, RuleIndex, RuleSet, compile};
use keysieve_engine::scan::{Derivation, Residue, Scan, Scanner, ScannerBuilder, Session};
use keysieve_engine::source::{Source, Visitor, VisitorBuilder};
use keysieve_engine::{Blob, Finding, Flow, Issue, ObjectId, Sink, Skip};
use keysieve_git::HistoryBuilder;

use super::recorder::walk;
use super::repository::{bare, git, git_with};

/// A token, and a value that is assigned to a name.
const RULES: &str = "[[rule]]\nid = 'planted-token'\nname = 'Planted'\ndescription = 'What the test plants.'\n\
    severity = 'low'\nconfidence = 'high'\nprefixes = ['planted_']\npattern = 'planted_[a-z0-9]{16,48}'\n\
    remediation = 'None.'\nsamples = ['planted_{lower-digits:24}']\n\
    [[rule]]\nid = 'planted-value'\nname = 'Planted'\ndescription = 'What the test plants.'\n\
    severity = 'low'\nconfidence = 'high'\nkeywords = ['plantedkey']\nvalue = '[a-z0-9]{24}'\n\
    remediation = 'None.'\nsamples = ['plantedkey = {lower-digits:24}']\n";

fn scanner() -> Scanner {
    let rules = RuleFile::parse(RULES).unwrap().rules;
    let rules = rules.into_iter().map(|rule| compile(rule).unwrap());
    let rules = RuleSet::new(&Builtin::NONE, rules.collect()).unwrap();
    ScannerBuilder::new().build(Arc::new(rules))
}

/// Rule and span of each finding, by object.
type Places = BTreeMap<ObjectId, BTreeSet<(RuleIndex, u64, u64)>>;

#[derive(Default)]
struct Found(Mutex<Places>);

impl Sink for Found {
    fn finding(&self, finding: Finding, _: Verdict) -> std::io::Result<()> {
        let object = finding.origin.object().unwrap();
        let at = finding.location;
        let place = (finding.rule, at.start_byte, at.end_byte);
        let mut places = self.0.lock().unwrap();
        assert!(places.entry(object).or_default().insert(place));
        Ok(())
    }

    fn issue(&self, issue: Issue) {
        panic!("{}", issue.message);
    }
}

/// Scans, and counts the contents that came with what they were made from.
struct Counting<'s> {
    session: &'s Session<'s>,
    derived: AtomicUsize,
}

struct Thread<'c> {
    counting: &'c Counting<'c>,
    scan: Scan<'c>,
}

impl VisitorBuilder for Counting<'_> {
    fn visitor(&self) -> Box<dyn Visitor + '_> {
        Box::new(Thread {
            counting: self,
            scan: self.session.scan(),
        })
    }
}

impl Visitor for Thread<'_> {
    fn blob(&mut self, blob: Blob<'_>) -> Flow {
        self.scan.blob(blob)
    }

    fn derived(
        &mut self,
        blob: Blob<'_>,
        derivation: Option<Derivation<'_>>,
        is_base: bool,
    ) -> (Flow, Option<Residue>) {
        let derived = usize::from(derivation.is_some_and(|d| !d.copied.is_empty()));
        self.counting.derived.fetch_add(derived, Relaxed);
        self.scan.derived(blob, derivation, is_base)
    }

    fn wants_whole(&self, head: &Blob<'_>) -> bool {
        self.scan.wants_whole(head)
    }

    fn issue(&mut self, issue: Issue) -> Flow {
        self.scan.issue(issue)
    }

    fn skip(&mut self, skip: Skip) {
        panic!("nothing is skipped, but {skip:?}");
    }
}

/// A value that is made up anew each time.
fn drawn(rng: &mut fastrand::Rng, len: usize) -> String {
    let alphabet = b"abcdefghijklmnopqrstuvwxyz0123456789";
    let draw = |_| char::from(alphabet[rng.usize(..alphabet.len())]);
    (0..len).map(draw).collect()
}

/// A line of the file; now and then one that holds something, or nearly.
fn line(rng: &mut fastrand::Rng) -> String {
    let (token, value) = (drawn(rng, 24), drawn(rng, 24));
    match rng.u8(..30) {
        0 => format!("token: 'planted_{token}'"),
        1 => format!("plantedkey = \"{value}\""),
        2 => format!("plantedkey ={}\"{value}\"", " ".repeat(rng.usize(..80))),
        3 => "planted_".to_owned() + &token[..8],
        4 => "plantedkey".to_owned(),
        5 => " ".repeat(rng.usize(..900)),
        _ => format!("let number{} = {};", rng.u8(..), rng.u32(..)),
    }
}

/// A stream for `git fast-import`: a long file in many versions, each with a few lines changed, moved or cut in two.
fn stream(rng: &mut fastrand::Rng, versions: usize) -> String {
    let mut stream = String::new();
    let mut lines: Vec<String> = (0..600).map(|_| line(rng)).collect();
    for version in 1..=versions {
        for _ in 0..rng.usize(1..4) {
            let at = rng.usize(..lines.len());
            match rng.u8(..6) {
                0 => lines.insert(at, line(rng)),
                1 => drop(lines.remove(at)),
                2 => {
                    let moved = lines.remove(at);
                    lines.insert(rng.usize(..lines.len()), moved);
                }
                3 => {
                    let cut = lines[at].len() / 2;
                    let rest = lines[at].split_off(cut);
                    lines.insert(at + 1, rest);
                }
                4 => {
                    let next = lines.remove((at + 1) % lines.len());
                    let at = at % lines.len();
                    lines[at] += &next;
                }
                _ => lines[at] = line(rng),
            }
        }
        let (text, time) = (lines.join("\n"), 1000 + version);
        write!(
            stream,
            "commit refs/heads/main\ncommitter A <a@example.com> {time} +0000\ndata 1\nm\n\
             M 100644 inline file\ndata {}\n{text}\n",
            text.len()
        )
        .unwrap();
    }
    stream
}

#[test]
fn what_is_found_in_deltas_is_what_is_found_in_each_object_by_itself() {
    let scanner = scanner();
    for seed in 0..3 {
        let folder = bare();
        let stream = stream(&mut fastrand::Rng::with_seed(seed), 150);
        git_with(&folder.path, &["fast-import", "--quiet"], stream.as_bytes());
        git(
            &folder.path,
            &[
                "repack",
                "-q",
                "-a",
                "-d",
                "-f",
                "--depth=50",
                "--window=20",
            ],
        );

        let interrupt = AtomicBool::new(false);
        let alone = Found::default();
        let session = scanner.session(&alone, &interrupt);
        let mut scan = session.scan();
        for (_, (origin, bytes)) in walk(&folder.path).1.objects {
            let blob = Blob::whole(&bytes, Arc::new(origin));
            assert_eq!(scan.blob(blob), Flow::Continue);
        }
        drop(scan);
        let alone = alone.0.into_inner().unwrap();
        assert!(alone.len() >= 150, "only {} objects hold some", alone.len());

        for threads in [1, 3] {
            let found = Found::default();
            let session = scanner.session(&found, &interrupt);
            let counting = Counting {
                session: &session,
                derived: AtomicUsize::new(0),
            };
            let history = HistoryBuilder::new().threads(threads).build(&folder.path);
            history.unwrap().walk(&counting).unwrap();
            let derived = counting.derived.into_inner();
            assert!(derived >= 100, "only {derived} objects were derived");
            let found = found.0.into_inner().unwrap();
            assert!(found == alone, "seed {seed}, {threads} threads");
        }
    }
}
