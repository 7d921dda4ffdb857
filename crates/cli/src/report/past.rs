//! Where findings of a history come from: who brought them, when, and whether they are still there.

use std::collections::HashMap;
use std::path::PathBuf;

use jiff::Timestamp;
use keysieve_engine::{Finding, ObjectId, Origin};

/// What is known of the objects that findings stand in; empty unless a history was scanned.
#[derive(Clone, Debug, Default)]
pub(crate) struct Past(HashMap<ObjectId, Provenance>);

/// Where one object comes from.
#[derive(Clone, Debug)]
pub(crate) struct Provenance {
    /// All paths that it stood at, sorted.
    pub(crate) paths: Vec<PathBuf>,
    /// Whether there are more paths than these.
    pub(crate) has_more_paths: bool,
    /// Those of them at which it stands in the commit that is checked out.
    pub(crate) head_paths: Vec<PathBuf>,
    /// The commit that brought it.
    pub(crate) introduced: Option<Commit>,
    /// The commit that took it away, if it is gone.
    pub(crate) removed: Option<Commit>,
    /// Whether the commit that is checked out holds it.
    pub(crate) in_head: bool,
    /// The refs whose history has it.
    pub(crate) refs: Vec<String>,
    /// How many more there are.
    pub(crate) more_refs: usize,
    /// What keeps it: `ref`, `reflog`, `unreachable commit ID`, `staged` or `dangling`.
    pub(crate) reach: String,
}

/// A commit, for people.
#[derive(Clone, Debug)]
pub(crate) struct Commit {
    /// Its id.
    pub(crate) id: ObjectId,
    /// Who wrote it.
    pub(crate) author: String,
    /// The author's address.
    pub(crate) email: String,
    /// When it was written, in seconds since 1970.
    pub(crate) seconds: i64,
    /// The first line of its message.
    pub(crate) subject: String,
}

impl Commit {
    /// When it was written, in UTC: `2026-01-31T12:00:00Z`. Years beyond what has a form are the last one that has.
    pub(crate) fn time(&self) -> String {
        let range = (Timestamp::MIN.as_second(), Timestamp::MAX.as_second());
        let seconds = self.seconds.clamp(range.0, range.1);
        Timestamp::from_second(seconds).map_or_else(|_| String::new(), |time| time.to_string())
    }

    /// The day of it.
    pub(crate) fn day(&self) -> String {
        self.time().split('T').next().unwrap_or_default().to_owned()
    }
}

impl Past {
    /// What is known of these objects.
    pub(crate) fn new(of: impl IntoIterator<Item = (ObjectId, Provenance)>) -> Self {
        Self(of.into_iter().collect())
    }

    /// Whether a history was scanned, with findings.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Where a finding comes from.
    pub(crate) fn of(&self, finding: &Finding) -> Option<&Provenance> {
        self.0.get(&finding.origin.object()?)
    }

    /// The commit that added what stands at `origin`, if the commit that is checked out no longer has it.
    pub(crate) fn gone(&self, origin: &Origin) -> Option<ObjectId> {
        let known = self.0.get(&origin.object()?)?;
        origin.commit().filter(|_| !known.in_head)
    }

    /// The first and the last commit, by time, that brought one of `findings`.
    pub(crate) fn bounds<'s>(
        &'s self,
        findings: impl Iterator<Item = &'s Finding>,
    ) -> Option<(&'s Commit, &'s Commit)> {
        let commits = findings.filter_map(|finding| self.of(finding)?.introduced.as_ref());
        let key = |commit: &Commit| (commit.seconds, commit.id);
        commits.fold(None, |bounds, commit| {
            let (first, last) = bounds.unwrap_or((commit, commit));
            let first = if key(commit) < key(first) {
                commit
            } else {
                first
            };
            let last = if key(commit) > key(last) {
                commit
            } else {
                last
            };
            Some((first, last))
        })
    }
}
