//! A scan that is looked over the shoulder: what is remembered is passed over, what is without findings is noted.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

use keysieve_engine::scan::{Derivation, Residue, Scan, Session};
use keysieve_engine::source::{Visitor, VisitorBuilder};
use keysieve_engine::{Blob, Flow, Issue, ObjectId, Origin, Skip, Tally};
use keysieve_git::missing_issues;

use super::answer::{Answer, MOST_BYTES, MOST_TOLD, Told};
use super::memory::{self, Memory, Name};
use super::{Cache, Digest, Learned};

/// So many bytes of what scans have left are kept: contents behind that are scanned whole in a rerun.
const MOST_RESIDUES: usize = 8 << 20;

/// Watches one run.
pub(crate) struct Watch<'s> {
    session: &'s Session<'s>,
    memory: &'s Memory,
    noted: Mutex<Noted>,
    told: Mutex<Loud>,
    /// How many issues are of no content.
    issues: AtomicU64,
}

/// What was seen to have no finding.
#[derive(Default)]
struct Noted {
    /// As the file has them.
    entries: Vec<u8>,
    /// How many of them were remembered.
    old: usize,
    /// How many were not.
    new: usize,
}

/// Contents with findings or issues.
#[derive(Default)]
struct Loud {
    /// The first of them, with what their scans have left.
    contents: Vec<(Arc<Origin>, Option<Residue>)>,
    /// The memory of what scans have left, in bytes.
    residues: usize,
    /// How many there are.
    count: usize,
    /// Their counters, added up.
    tally: [u64; Tally::SLOTS],
}

impl<'s> Watch<'s> {
    /// Watches a session that remembers what `cache` holds.
    pub(crate) fn new(session: &'s Session<'s>, cache: &'s Cache) -> Self {
        Self {
            session,
            memory: &cache.memory,
            noted: Mutex::default(),
            told: Mutex::default(),
            issues: AtomicU64::new(0),
        }
    }

    /// Whether anything is remembered.
    pub(crate) fn remembers(&self) -> bool {
        self.memory.len() > 0
    }

    /// Whether a content is remembered to have no finding. It is counted as if it had been scanned.
    pub(crate) fn passes(&self, origin: &Origin) -> bool {
        let mut noted = Noted::default();
        let passes = memory::name(origin).is_some_and(|name| self.pass(&name, &mut noted));
        if passes {
            self.note(noted);
        }
        passes
    }

    fn pass(&self, name: &Name, noted: &mut Noted) -> bool {
        let Some(tally) = self.memory.get(name) else {
            return false;
        };
        self.session.stats().add(&tally);
        memory::push(&mut noted.entries, name, &tally);
        noted.old += 1;
        true
    }

    fn note(&self, seen: Noted) {
        let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        noted.entries.extend(seen.entries);
        noted.old += seen.old;
        noted.new += seen.new;
    }

    fn tell(&self, origin: &Arc<Origin>, tally: &Tally, residue: Option<&Residue>) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.count += 1;
        if told.contents.len() < MOST_TOLD {
            let residue = residue.filter(|residue| told.residues + residue.size() <= MOST_RESIDUES);
            told.residues += residue.map_or(0, Residue::size);
            told.contents.push((origin.clone(), residue.cloned()));
        }
        for (sum, slot) in told.tally.iter_mut().zip(tally.slots()) {
            *sum += slot;
        }
    }

    /// What is to be remembered of a run that came to its end, over this state, in which the objects `missing` were not
    /// there. `can_replay` is whether contents with findings can be had by their ids alone.
    pub(crate) fn learned(
        self,
        state: Option<Digest>,
        missing: &[ObjectId],
        can_replay: bool,
    ) -> Learned {
        let noted = self.noted.into_inner();
        let noted = noted.unwrap_or_else(PoisonError::into_inner);
        let told = self.told.into_inner();
        let told = told.unwrap_or_else(PoisonError::into_inner);
        // Of issues only those are said again that hold as long as the state does.
        let issues = self.issues.into_inner();
        let is_sayable = issues == missing_issues(missing).len() as u64
            && told.count == told.contents.len()
            && told.tally[1] <= MOST_BYTES
            && (can_replay || told.count == 0 && issues == 0);
        let answer = state.filter(|_| is_sayable).map(|state| {
            let mut slots = *self.session.stats().tally().slots();
            for (slot, told) in slots.iter_mut().zip(told.tally) {
                *slot = slot.saturating_sub(told);
            }
            let mut told: Vec<_> = told.contents.into_iter().map(content).collect();
            told.sort_unstable_by_key(|told| memory::name(&told.origin));
            Answer {
                state,
                silent: Tally::of(slots),
                told,
                missing: missing.to_vec(),
                past: Vec::new(),
            }
        });
        Learned {
            is_news: noted.new > 0 || noted.old != self.memory.len(),
            entries: noted.entries,
            answer,
        }
    }
}

/// A content with findings or issues, as it is remembered.
fn content((origin, residue): (Arc<Origin>, Option<Residue>)) -> Told {
    Told {
        origin: Origin::clone(&origin),
        residue: residue.map_or_else(Vec::new, |residue| residue.to_bytes()),
    }
}

impl VisitorBuilder for Watch<'_> {
    fn visitor(&self) -> Box<dyn Visitor + '_> {
        Box::new(Watching {
            watch: self,
            scan: self.session.scan(),
            noted: Noted::default(),
        })
    }
}

/// Watches the scan of one thread.
struct Watching<'w> {
    watch: &'w Watch<'w>,
    scan: Scan<'w>,
    noted: Noted,
}

impl Visitor for Watching<'_> {
    fn blob(&mut self, blob: Blob<'_>) -> Flow {
        self.derived(blob, None, false).0
    }

    fn derived(
        &mut self,
        blob: Blob<'_>,
        derivation: Option<Derivation<'_>>,
        is_base: bool,
    ) -> (Flow, Option<Residue>) {
        // A part of a content says nothing of the rest.
        let name = memory::name(&blob.origin).filter(|_| blob.window.is_none());
        if let Some(name) = &name
            && self.watch.pass(name, &mut self.noted)
        {
            return (Flow::Continue, None);
        }
        let origin = blob.origin.clone();
        // What has findings is looked at again in a later run, where this is known of it.
        let (flow, residue) = self.scan.derived(blob, derivation, true);
        let tally = self.scan.tally();
        if !tally.is_silent() {
            self.watch.tell(&origin, tally, residue.as_ref());
        } else if let Some(name) = &name
            && flow == Flow::Continue
        {
            memory::push(&mut self.noted.entries, name, tally);
            self.noted.new += 1;
        }
        (flow, residue.filter(|_| is_base))
    }

    fn wants_whole(&self, head: &Blob<'_>) -> bool {
        self.scan.wants_whole(head)
    }

    fn issue(&mut self, issue: Issue) -> Flow {
        self.watch.issues.fetch_add(1, Relaxed);
        self.scan.issue(issue)
    }

    fn skip(&mut self, skip: Skip) {
        self.scan.skip(skip);
    }
}

impl Drop for Watching<'_> {
    fn drop(&mut self) {
        self.watch.note(std::mem::take(&mut self.noted));
    }
}
