//! Contents in which something may be found: each is looked at once, and of one that is made from another one only what
//! is not from there.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

use keysieve_engine::scan::{Derivation, Residue};
use keysieve_engine::source::{Source as _, Visitor, VisitorBuilder};
use keysieve_engine::{Blob, Flow, Issue, ObjectId, Origin, Skip};
use keysieve_git::History;
use keysieve_gitleaks::source::whole_lines;
use keysieve_gitleaks::{Glance, GlanceScratch, REACH};

use super::super::run::Run;

/// So many bytes of a content tell git whether it is text.
const HEAD: usize = 8000;

/// What there is.
#[derive(Default)]
pub(super) struct Contents {
    /// Text in which something may be found.
    pub(super) texts: HashSet<ObjectId>,
    /// What git shows nothing of, unless it is told to take it for text.
    pub(super) binaries: HashSet<ObjectId>,
}

impl Contents {
    /// Looks at all of a history; `None` if not all could be seen.
    pub(super) fn of(history: &History, glance: &Glance<'_>, run: &Run<'_>) -> Option<Self> {
        let seen = Seen {
            run,
            glance,
            contents: Mutex::default(),
            is_incomplete: AtomicBool::new(false),
        };
        history.walk(&seen).ok()?;
        let is_complete = !seen.is_incomplete.into_inner() && history.missing().is_empty();
        let contents = seen.contents.into_inner();
        is_complete.then(|| contents.unwrap_or_else(PoisonError::into_inner))
    }
}

/// What all threads have seen.
struct Seen<'r> {
    run: &'r Run<'r>,
    glance: &'r Glance<'r>,
    contents: Mutex<Contents>,
    is_incomplete: AtomicBool,
}

impl VisitorBuilder for Seen<'_> {
    fn visitor(&self) -> Box<dyn Visitor + '_> {
        Box::new(Seeing {
            seen: self,
            scratch: GlanceScratch::default(),
            contents: Contents::default(),
        })
    }
}

/// One thread's part of it.
struct Seeing<'s> {
    seen: &'s Seen<'s>,
    scratch: GlanceScratch,
    contents: Contents,
}

impl Seeing<'_> {
    /// Whether something may be found in a text, or in the one that it is made from.
    fn sees(&mut self, text: &[u8], derivation: Option<Derivation<'_>>) -> bool {
        let glance = self.seen.glance;
        let Some(derivation) = derivation else {
            return glance.sees(text, false, &mut self.scratch);
        };
        if derivation.base.bit() {
            return true;
        }
        let Some(changed) = derivation.changed(text.len(), (REACH, REACH)) else {
            return glance.sees(text, false, &mut self.scratch);
        };
        let mut end = 0;
        changed.into_iter().any(|part| {
            let lines = whole_lines(text, part.start.max(end), part.end.max(end));
            end = lines.end;
            glance.sees(&text[lines], true, &mut self.scratch)
        })
    }
}

impl Visitor for Seeing<'_> {
    fn blob(&mut self, blob: Blob<'_>) -> Flow {
        self.derived(blob, None, false).0
    }

    fn derived(
        &mut self,
        blob: Blob<'_>,
        derivation: Option<Derivation<'_>>,
        is_base: bool,
    ) -> (Flow, Option<Residue>) {
        let Origin::Blob { id, .. } = &*blob.origin else {
            return (Flow::Continue, None);
        };
        let head = &blob.bytes[..blob.bytes.len().min(HEAD)];
        let is_binary = memchr::memchr(0, head).is_some();
        // A text may be made from what is no text, and was not looked at.
        let sees = is_binary || self.sees(blob.bytes, derivation);
        if is_binary {
            self.contents.binaries.insert(*id);
        } else if sees {
            self.contents.texts.insert(*id);
        }
        let flow = if self.seen.run.is_over() {
            Flow::Stop
        } else {
            Flow::Continue
        };
        let residue = || Residue::of_bit(sees, blob.bytes.len());
        (flow, is_base.then(residue))
    }

    fn wants_whole(&self, _: &Blob<'_>) -> bool {
        true
    }

    fn skip(&mut self, _: Skip) {
        self.seen.is_incomplete.store(true, Relaxed);
    }

    fn issue(&mut self, _: Issue) -> Flow {
        self.seen.is_incomplete.store(true, Relaxed);
        Flow::Stop
    }
}

impl Drop for Seeing<'_> {
    fn drop(&mut self) {
        let all = self.seen.contents.lock();
        let mut all = all.unwrap_or_else(PoisonError::into_inner);
        all.texts.extend(&self.contents.texts);
        all.binaries.extend(&self.contents.binaries);
    }
}
