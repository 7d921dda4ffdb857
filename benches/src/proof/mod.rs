//! Proof of a history: that it finds what a scan of every object finds, and that it says of a finding what git says.
//!
//! Both halves take the other side from git itself: the contents from `git cat-file --batch-all-objects`, the commits
//! from one `git log` over all commits of the store, without following renames. A difference is a sentence.

mod commits;
mod contents;

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::io;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

use keysieve_engine::policy::Verdict;
use keysieve_engine::rule::RuleIndex;
use keysieve_engine::scan::{Derivation, Residue, Scan, Scanner, Session};
use keysieve_engine::source::{Source as _, Visitor, VisitorBuilder};
use keysieve_engine::{Blob, Finding, Flow, Issue, ObjectId, Origin, Sink, Skip};
use keysieve_git::HistoryBuilder;

/// What came of it.
#[derive(Debug, Default)]
pub struct Proof {
    /// Objects that git listed and that are no trees.
    pub objects: usize,
    /// Different (rule, object, span) that the history found.
    pub findings: usize,
    /// Objects with findings.
    pub holders: usize,
    /// Of those: whose commits were compared.
    pub attributed: usize,
    /// Blobs that the history gave with what they were made from: of these only what a delta changed was looked at.
    pub derived: usize,
    /// What is not as git has it.
    pub differences: Vec<String>,
    /// What is as git has it, but only one of several answers: commits of one second, or whose clocks were wrong.
    pub ambiguous: Vec<String>,
}

/// A finding without its value: all that a scan of the same content in the same place must say again.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Place {
    object: ObjectId,
    rule: RuleIndex,
    /// Decoders and names of entries, from the outermost inwards; empty in the object itself.
    inside: String,
    span: (u64, u64),
    is_reported: bool,
}

/// Keeps the places of findings, of any number of scans.
#[derive(Debug, Default)]
struct Places(Mutex<BTreeSet<Place>>);

impl Places {
    fn into_inner(self) -> BTreeSet<Place> {
        self.0.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sink for Places {
    fn finding(&self, finding: Finding, verdict: Verdict) -> io::Result<()> {
        let mut inside = String::new();
        let mut origin = &*finding.origin;
        while let Origin::Inside { outer, via, name } = origin {
            inside = format!("{via}:{}/{inside}", name.display());
            origin = outer;
        }
        let object = origin.object();
        let place = Place {
            object: object.ok_or_else(|| io::Error::other("a finding outside of any object"))?,
            rule: finding.rule,
            inside,
            span: (finding.location.start_byte, finding.location.end_byte),
            is_reported: verdict == Verdict::Report,
        };
        let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        places.insert(place);
        Ok(())
    }

    fn issue(&self, _: Issue) {}
}

/// Where the history says that each object stands.
type Origins = BTreeMap<ObjectId, Arc<Origin>>;

/// Scans, keeps the origins, and counts what came with what it was made from.
struct Noting<'s> {
    session: &'s Session<'s>,
    origins: Mutex<Origins>,
    derived: AtomicUsize,
}

struct Thread<'n> {
    noting: &'n Noting<'n>,
    scan: Scan<'n>,
}

impl VisitorBuilder for Noting<'_> {
    fn visitor(&self) -> Box<dyn Visitor + '_> {
        Box::new(Thread {
            noting: self,
            scan: self.session.scan(),
        })
    }
}

impl Visitor for Thread<'_> {
    fn blob(&mut self, blob: Blob<'_>) -> Flow {
        self.derived(blob, None, false).0
    }

    fn derived(
        &mut self,
        blob: Blob<'_>,
        derivation: Option<Derivation<'_>>,
        is_base: bool,
    ) -> (Flow, Option<Residue>) {
        if let Some(id) = blob.origin.object() {
            let origins = self.noting.origins.lock();
            let mut origins = origins.unwrap_or_else(PoisonError::into_inner);
            origins.insert(id, blob.origin.clone());
        }
        let is_derived = derivation.is_some_and(|made| !made.copied.is_empty());
        self.noting
            .derived
            .fetch_add(usize::from(is_derived), Relaxed);
        self.scan.derived(blob, derivation, is_base)
    }

    fn wants_whole(&self, head: &Blob<'_>) -> bool {
        self.scan.wants_whole(head)
    }

    fn issue(&mut self, issue: Issue) -> Flow {
        self.scan.issue(issue)
    }

    fn skip(&mut self, skip: Skip) {
        self.scan.skip(skip);
    }
}

/// Walks the history of `repository` in so many threads (0: as many as the machine runs at once), scans every object of it
/// once more as git prints it, and compares.
///
/// # Errors
///
/// The repository cannot be opened, or git fails.
pub fn prove(
    repository: &Path,
    scanner: &Scanner,
    threads: usize,
) -> Result<Proof, Box<dyn Error>> {
    let interrupt = AtomicBool::new(false);
    let found = Places::default();
    let session = scanner.session(&found, &interrupt);
    let noting = Noting {
        session: &session,
        origins: Mutex::default(),
        derived: AtomicUsize::new(0),
    };
    let history = HistoryBuilder::new().threads(threads).build(repository)?;
    history.walk(&noting)?;
    let derived = noting.derived.into_inner();
    let origins = noting.origins.into_inner();
    let origins = origins.unwrap_or_else(PoisonError::into_inner);
    let found = found.into_inner();

    let mut proof = Proof {
        findings: found.len(),
        derived,
        ..Proof::default()
    };
    let expected = contents::scan(repository, scanner, &origins, &mut proof)?;
    let rule = |place: &Place| &*scanner.rules().rule(place.rule).id;
    for place in expected.difference(&found) {
        let text = format!("not found by the history: {} in {place:?}", rule(place));
        proof.differences.push(text);
    }
    for place in found.difference(&expected) {
        let text = format!("found by the history only: {} in {place:?}", rule(place));
        proof.differences.push(text);
    }

    let holders: BTreeSet<ObjectId> = found.iter().map(|place| place.object).collect();
    let holders: Vec<ObjectId> = holders.into_iter().collect();
    proof.holders = holders.len();
    commits::compare(repository, &history.attribute(&holders), &mut proof)?;
    Ok(proof)
}

/// git over a repository, as it is: nothing replaced, nothing grafted, nothing fetched.
fn git(repository: &Path) -> Command {
    let mut command = Command::new("git");
    command
        .arg("-C")
        .arg(repository)
        .env("GIT_NO_REPLACE_OBJECTS", "1")
        .env("GIT_GRAFT_FILE", "/dev/null")
        .env("GIT_NO_LAZY_FETCH", "1")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    command
}

/// An error unless git ended well.
fn finish(mut child: Child) -> io::Result<()> {
    let status = child.wait()?;
    if status.success() {
        Ok(())
    } else {
        Err(io::Error::other(format!("git ended with {status}")))
    }
}

/// An id from hexadecimal digits.
fn id(hex: &[u8]) -> io::Result<ObjectId> {
    let digit = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    let bytes: Option<Vec<u8>> = hex.chunks(2).map(digit).collect();
    let id = bytes.and_then(|bytes| ObjectId::new(&bytes));
    id.ok_or_else(|| io::Error::other(format!("git names no object: {}", hex.escape_ascii())))
}
