//! Saying again what a whole run came to, without looking at what had no finding.

use std::collections::HashMap;
use std::sync::Arc;

use keysieve_engine::scan::Session;
use keysieve_engine::source::Visitor as _;
use keysieve_engine::{Blob, Flow, ObjectId, Origin, Tally};
use keysieve_git::{Attribution, CommitInfo, Opened, missing_issues};

use super::answer::{Answer, MOST_BYTES};

/// An [`Answer`] with what the repository says of it: all that could be wrong with it was looked at.
pub(crate) struct Replay {
    silent: Tally,
    texts: Vec<(Arc<Origin>, Vec<u8>)>,
    missing: Vec<ObjectId>,
    past: HashMap<ObjectId, Attribution>,
}

impl Replay {
    /// Reads the contents and the commits that the answer names. `None` where one of them is not to be had: what is
    /// wrong then, a whole run finds out.
    pub(crate) fn read(answer: Answer, opened: &Opened) -> Option<Self> {
        let mut left = MOST_BYTES;
        let mut texts = Vec::new();
        for origin in answer.told {
            let text = opened.object(origin.object()?)?;
            left = left.checked_sub(text.len() as u64)?;
            texts.push((Arc::new(origin), text));
        }
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
            texts,
            missing: answer.missing,
            past: past.collect::<Option<_>>()?,
        })
    }

    /// Scans what had findings, and counts all else.
    pub(crate) fn scan(&self, session: &Session<'_>) {
        session.stats().add(&self.silent);
        let mut scan = session.scan();
        for (origin, text) in &self.texts {
            if scan.blob(Blob::whole(text, origin.clone())) == Flow::Stop {
                return;
            }
        }
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
