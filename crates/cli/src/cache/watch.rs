//! A scan that is looked over the shoulder: what is remembered is passed over, what is without findings is noted.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

use keysieve_engine::scan::{Scan, Session};
use keysieve_engine::source::{Visitor, VisitorBuilder};
use keysieve_engine::{Blob, Flow, Issue, Origin, Skip};

use super::memory::{self, Memory, Name};
use super::{Cache, Digest, Learned};

/// Watches one run.
pub(crate) struct Watch<'s> {
    session: &'s Session<'s>,
    memory: &'s Memory,
    noted: Mutex<Noted>,
    /// Whether there was a finding or an issue.
    told: AtomicBool,
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

impl<'s> Watch<'s> {
    /// Watches a session that remembers what `cache` holds.
    pub(crate) fn new(session: &'s Session<'s>, cache: &'s Cache) -> Self {
        Self {
            session,
            memory: &cache.memory,
            noted: Mutex::default(),
            told: AtomicBool::new(false),
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

    /// What is to be remembered of a run that came to its end, over this state.
    pub(crate) fn learned(self, state: Option<Digest>) -> Learned {
        let noted = self.noted.into_inner();
        let noted = noted.unwrap_or_else(PoisonError::into_inner);
        let is_clean = !self.told.into_inner();
        let whole = state.filter(|_| is_clean);
        Learned {
            is_news: noted.new > 0 || noted.old != self.memory.len(),
            entries: noted.entries,
            whole: whole.map(|state| (state, self.session.stats().tally())),
        }
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
        // A part of a content says nothing of the rest.
        let name = memory::name(&blob.origin).filter(|_| blob.window.is_none());
        if let Some(name) = &name
            && self.watch.pass(name, &mut self.noted)
        {
            return Flow::Continue;
        }
        let flow = self.scan.blob(blob);
        let tally = self.scan.tally();
        if !tally.is_silent() {
            self.watch.told.store(true, Relaxed);
        } else if let Some(name) = &name
            && flow == Flow::Continue
        {
            memory::push(&mut self.noted.entries, name, tally);
            self.noted.new += 1;
        }
        flow
    }

    fn wants_whole(&self, head: &Blob<'_>) -> bool {
        self.scan.wants_whole(head)
    }

    fn issue(&mut self, issue: Issue) -> Flow {
        self.watch.told.store(true, Relaxed);
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
