//! Saying again what a whole run came to, without looking at what had no finding.

use std::collections::HashMap;
use std::num::NonZero;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread;

use keysieve_engine::scan::{Derivation, Scan, Session};
use keysieve_engine::source::Visitor as _;
use keysieve_engine::{Blob, Flow, ObjectId, Origin, Tally};
use keysieve_git::{Attribution, CommitInfo, Contents, Opened, missing_issues};

use super::answer::{Answer, MOST_BYTES, Told};

/// An [`Answer`] with what the repository says of it: all that could be wrong with it was looked at.
pub(crate) struct Replay {
    silent: Tally,
    contents: Vec<Content>,
    missing: Vec<ObjectId>,
    past: HashMap<ObjectId, Attribution>,
    threads: usize,
}

/// A content with findings or issues.
struct Content {
    origin: Arc<Origin>,
    text: Vec<u8>,
    residue: Vec<u8>,
}

impl Replay {
    /// Reads the contents and the commits that the answer names, in so many threads (0: as many as the machine runs at
    /// once). `None` where one of them is not to be had: what is wrong then, a whole run finds out.
    pub(crate) fn read(answer: Answer, opened: &Opened, threads: usize) -> Option<Self> {
        let threads = match threads {
            0 => thread::available_parallelism().map_or(1, NonZero::get),
            threads => threads,
        };
        let left = AtomicU64::new(MOST_BYTES);
        let read = |told: &Told, objects: &mut Contents| {
            let text = objects.object(told.origin.object()?)?.to_vec();
            let len = text.len() as u64;
            let take = |left: u64| left.checked_sub(len);
            left.fetch_update(Relaxed, Relaxed, take).ok()?;
            Some(Content {
                origin: Arc::new(told.origin.clone()),
                text,
                residue: told.residue.clone(),
            })
        };
        let parts = in_parts(
            &answer.told,
            threads,
            || opened.contents(),
            |part, mut objects| part.iter().map(|told| read(told, &mut objects)).collect(),
        );
        let contents: Option<Vec<Vec<Content>>> = parts.into_iter().collect();
        let mut commits: HashMap<ObjectId, CommitInfo> = HashMap::new();
        let mut commit = |id| match commits.get(&id) {
            Some(known) => Some(known.clone()),
            None => {
                let read = opened.commit(id)?;
                commits.insert(id, read.clone());
                Some(read)
            }
        };
        let past = answer.past.into_iter();
        let past = past.map(|past| past.whole(&mut commit).map(|past| (past.id, past)));
        Some(Self {
            silent: answer.silent,
            contents: contents?.into_iter().flatten().collect(),
            missing: answer.missing,
            past: past.collect::<Option<_>>()?,
            threads,
        })
    }

    /// Scans what had findings, where it had them, and counts all else.
    pub(crate) fn scan(&self, session: &Session<'_>) {
        session.stats().add(&self.silent);
        let scan = || session.scan();
        in_parts(&self.contents, self.threads, scan, |part, mut scan| {
            part.iter()
                .map(|content| content.scan(session, &mut scan))
                .find(|flow| *flow == Flow::Stop)
        });
        let mut scan = session.scan();
        for issue in missing_issues(&self.missing) {
            if scan.issue(issue) == Flow::Stop {
                return;
            }
        }
    }

    /// Where the contents with findings come from.
    pub(crate) fn past(&self) -> HashMap<ObjectId, Attribution> {
        self.past.clone()
    }
}

impl Content {
    fn scan(&self, session: &Session<'_>, scan: &mut Scan<'_>) -> Flow {
        let blob = Blob::whole(&self.text, self.origin.clone());
        let residue = session.residue(&self.residue);
        let same = residue
            .as_ref()
            .and_then(|residue| Some((residue, [residue.of_same(&self.text)?])));
        let derivation = same
            .as_ref()
            .map(|(base, copied)| Derivation { base, copied });
        scan.derived(blob, derivation, false).0
    }
}

/// What `work` makes of parts of `items`, each in a thread of its own with what `make` gives it; in their order.
fn in_parts<T: Sync, S: Send, R: Send>(
    items: &[T],
    threads: usize,
    make: impl Fn() -> S,
    work: impl Fn(&[T], S) -> R + Sync,
) -> Vec<R> {
    let part = items.len().div_ceil(threads.max(1)).max(1);
    thread::scope(|scope| {
        let running: Vec<_> = items
            .chunks(part)
            .map(|part| {
                let (state, work) = (make(), &work);
                scope.spawn(move || work(part, state))
            })
            .collect();
        let ended = running.into_iter().map(|thread| match thread.join() {
            Ok(result) => result,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        ended.collect()
    })
}
