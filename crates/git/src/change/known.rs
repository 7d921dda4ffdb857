//! Which findings of a changed file the change adds.
//!
//! A file that is merely touched may hold an old secret, and a hook that cries out at it again and again is switched
//! off. So a finding counts only where the change puts it: where the same secret (rule and value, which is what a
//! fingerprint names) stands more often in the file than it did before.
//!
//! ```text
//! before                    now                       paired by        reported
//! password = A   line 1     password = A   line 1     line             no
//!                           backup   = A   line 2     -                yes: A stands there once more
//! token    = B   line 9     token    = B   line 30    line             no: moved
//! secret   = C   line 12    secret:    C   line 33    value            no: its line was edited, C was there
//! ```
//!
//! Each finding of the old file is paired with one of the new: first those whose masked lines are the same, then, of
//! what is left, the first with the first. What finds no partner is new. No diff of lines is made: it would call an old
//! secret new whenever its line was indented.
//!
//! A finding that was suppressed in the old file pairs with none: taking away its comment makes it a new one. With
//! several old files, those of a merge's parents, a finding is old if it pairs with one in any of them. Several files
//! that have much in common with one that is gone pair with what that held together, each finding once: what has no
//! partner left is a copy.

use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};

use gix::ObjectId;
use keysieve_engine::policy::{SuppressedBy, Suppression, Verdict};
use keysieve_engine::scan::Scanner;
use keysieve_engine::source::Visitor as _;
use keysieve_engine::{Blob, Finding, Fingerprint, Issue, Origin, Sink};

/// A change that knows what was there before it: [`crate::Staged`], [`crate::Range`].
pub trait Earlier {
    /// The places where the content of `origin`, an outermost one that this source gave, was put: one for the index,
    /// one for each commit of a range. None for what this source did not give.
    fn places(&self, origin: &Origin) -> Vec<Place>;

    /// The content of an old file; `None` where it cannot be read.
    fn content(&self, old: &Old) -> Option<Vec<u8>>;
}

/// One place where a content was put.
#[derive(Debug)]
pub struct Place {
    /// The place itself.
    pub origin: Arc<Origin>,
    /// What stood there before, in each of the parents that had anything there.
    pub before: Vec<Old>,
}

/// A file of a parent.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Old {
    /// Its path: another one where the file has moved since.
    pub path: PathBuf,
    pub(crate) id: ObjectId,
    /// The change that took it away from its path, if one did: what it held can have moved to one place only.
    pub(crate) moved_by: Option<u32>,
}

/// Suppresses, among the findings that a scan of `change` gave, those that the change did not add, and names the first
/// commit that added it as the place of each of the others. Files with findings are compared with what stood there
/// before by scanning that, too; where it cannot be read, all counts as added.
pub fn suppress_known<'f>(
    change: &dyn Earlier,
    scanner: &Scanner,
    findings: impl IntoIterator<Item = (&'f mut Finding, &'f mut Verdict)>,
) {
    let mut files: HashMap<Origin, Vec<(&mut Finding, &mut Verdict)>> = HashMap::new();
    for (finding, verdict) in findings {
        if *verdict == Verdict::Report {
            let root = finding.origin.root().clone();
            files.entry(root).or_default().push((finding, verdict));
        }
    }
    let mut files: Vec<_> = files.into_iter().collect();
    files.sort_by(|(a, _), (b, _)| a.cmp(b));
    let mut old = OldFiles {
        scanner,
        change,
        last: HashMap::new(),
        moved: HashMap::new(),
    };
    for (root, mut file) in files {
        file.sort_by_key(|(finding, _)| finding.location.start_byte);
        let places = change.places(&root);
        if places.is_empty() {
            continue;
        }
        let mut unclaimed: Vec<_> = (0..file.len()).collect();
        for place in places {
            let mut is_old = vec![false; file.len()];
            for before in &place.before {
                old.pair(before, |known| pair(&file, known, &mut is_old));
            }
            unclaimed.retain(|&i| {
                if !is_old[i] {
                    let finding = &mut file[i].0;
                    finding.origin = finding.origin.moved_to(&place.origin);
                }
                is_old[i]
            });
        }
        for i in unclaimed {
            *file[i].1 = Verdict::Suppressed(Suppression {
                by: SuppressedBy::Unchanged,
                note: "stood there before the change".to_owned(),
            });
        }
    }
}

/// Marks the findings of a file that pair with those of an old one. Says of those of the old one whether they have a
/// partner.
fn pair(file: &[(&mut Finding, &mut Verdict)], old: &[Known], is_old: &mut [bool]) -> Vec<bool> {
    let mut lines: HashMap<(Fingerprint, &str), Vec<usize>> = HashMap::new();
    let mut values: HashMap<Fingerprint, Vec<usize>> = HashMap::new();
    for (at, known) in old.iter().enumerate().rev() {
        let Known { fingerprint, line } = known;
        lines.entry((*fingerprint, line)).or_default().push(at);
        values.entry(*fingerprint).or_default().push(at);
    }
    let mut has_partner = vec![false; old.len()];
    let mut paired = vec![false; file.len()];
    for (i, (finding, _)) in file.iter().enumerate() {
        let line = lines.get_mut(&(*finding.fingerprint, &*finding.context.line));
        if let Some(at) = line.and_then(Vec::pop) {
            has_partner[at] = true;
            paired[i] = true;
        }
    }
    for (i, (finding, _)) in file.iter().enumerate() {
        let Some(left) = values.get_mut(&finding.fingerprint) else {
            continue;
        };
        while !paired[i]
            && let Some(at) = left.pop()
        {
            paired[i] = !has_partner[at];
            has_partner[at] = true;
        }
    }
    for (old, paired) in is_old.iter_mut().zip(paired) {
        *old |= paired;
    }
    has_partner
}

/// A finding of an old file.
#[derive(Debug)]
struct Known {
    fingerprint: Fingerprint,
    /// The line it stands in, masked.
    line: String,
}

/// Old files, scanned when they are asked for.
struct OldFiles<'a> {
    scanner: &'a Scanner,
    change: &'a dyn Earlier,
    /// What was scanned for the file in hand and a few before it: commits in a row have parents in common.
    last: HashMap<Old, Vec<Known>>,
    /// What is left of those that moved.
    moved: HashMap<Old, Vec<Known>>,
}

impl OldFiles<'_> {
    /// Old files whose findings are remembered.
    const MOST: usize = 256;

    /// Gives the findings of an old file to `by`, which says which of them have a partner: of a file that moved, they
    /// are spent.
    fn pair(&mut self, old: &Old, by: impl FnOnce(&[Known]) -> Vec<bool>) {
        if self.last.len() >= Self::MOST && !self.last.contains_key(old) {
            self.last.clear();
        }
        let (scanner, change) = (self.scanner, self.change);
        let scanned = || {
            let content = change.content(old);
            content.map_or_else(Vec::new, |content| scan(scanner, old, &content))
        };
        let files = match old.moved_by {
            Some(_) => &mut self.moved,
            None => &mut self.last,
        };
        let known = files.entry(old.clone()).or_insert_with(scanned);
        let has_partner = by(known);
        if old.moved_by.is_some() {
            let mut spent = has_partner.into_iter();
            known.retain(|_| !spent.next().unwrap_or_default());
        }
    }
}

fn scan(scanner: &Scanner, old: &Old, content: &[u8]) -> Vec<Known> {
    let sink = KnownSink::default();
    let interrupt = AtomicBool::new(false);
    let session = scanner.session(&sink, &interrupt);
    let origin = Arc::new(Origin::Staged {
        path: old.path.clone(),
        blob: crate::name(&old.id),
    });
    // Whatever goes wrong with the old file makes more of the new one count, not less.
    let _ = session.scan().blob(Blob::whole(content, origin));
    sink.0.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// Keeps what is needed of the findings of an old file.
#[derive(Default)]
struct KnownSink(Mutex<Vec<Known>>);

impl Sink for KnownSink {
    fn finding(&self, finding: Finding, verdict: Verdict) -> io::Result<()> {
        if verdict == Verdict::Report {
            let known = Known {
                fingerprint: *finding.fingerprint,
                line: finding.context.line,
            };
            let mut list = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            list.push(known);
        }
        Ok(())
    }

    fn issue(&self, _: Issue) {}
}
