//! What can be wrong with one object.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use keysieve_engine::{Issue, IssueKind, ObjectId, Origin};

/// Why an object was not scanned.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) enum Fault {
    /// What is stored does not inflate, or is no delta.
    Corrupt,
    /// Its chain of deltas ends nowhere, or in itself.
    NoBase,
    /// It rests on an object that could not be had.
    BadBase,
    /// It is larger than what is read.
    TooLarge,
    /// A tree, commit or tag whose text cannot be understood.
    Malformed,
    /// A tree or a commit names it, and it is not there.
    Missing,
    /// Its file was there when the store was opened.
    Vanished,
    /// The file cannot be opened or read.
    Unreadable,
}

impl Fault {
    fn kind(self) -> IssueKind {
        match self {
            Self::Corrupt | Self::NoBase | Self::BadBase | Self::Malformed => {
                IssueKind::Undecodable
            }
            Self::TooLarge => IssueKind::Limit,
            Self::Missing | Self::Unreadable => IssueKind::Unreadable,
            Self::Vanished => IssueKind::Vanished,
        }
    }

    fn message(self) -> &'static str {
        match self {
            Self::Corrupt => "the object is corrupt or cut off",
            Self::NoBase => "the object is stored as a delta of what is not there, or of itself",
            Self::BadBase => "the object is stored as a delta of one that could not be read",
            Self::TooLarge => {
                "the object, or one that it is stored as a delta of, is larger than --max-file-size"
            }
            Self::Malformed => {
                "the object is malformed: what it refers to may have no path and no commit"
            }
            Self::Missing => "the object is not there (a partial clone, or a damaged one)",
            Self::Vanished => {
                "the file of the object is gone: git packed or dropped it meanwhile, scan again"
            }
            Self::Unreadable => "the file of the object cannot be read",
        }
    }
}

/// Faults of a walk, shared by its threads.
#[derive(Default)]
pub(crate) struct Faults {
    found: Mutex<HashSet<(ObjectId, Fault)>>,
}

/// So many objects are named one by one for each fault; the others are counted.
const NAMED: usize = 20;

impl Faults {
    pub(crate) fn add(&self, id: &[u8], fault: Fault) {
        if let Some(id) = ObjectId::new(id) {
            self.found
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .insert((id, fault));
        }
    }

    pub(crate) fn extend(&self, missing: impl IntoIterator<Item = (ObjectId, Fault)>) {
        self.found
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend(missing);
    }

    /// The objects that are named and not there, sorted.
    pub(crate) fn missing(&self) -> Vec<ObjectId> {
        let found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        let missing = found.iter().filter(|found| found.1 == Fault::Missing);
        let mut ids: Vec<ObjectId> = missing.map(|found| found.0).collect();
        ids.sort_unstable();
        ids
    }

    /// One issue for each of the first objects of each fault, by id, and one for all others. `origin` says what the
    /// object is.
    pub(crate) fn issues(&self, origin: impl Fn(ObjectId) -> Origin) -> Vec<Issue> {
        let mut by_fault: BTreeMap<Fault, Vec<ObjectId>> = BTreeMap::new();
        for (id, fault) in self
            .found
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .drain()
        {
            by_fault.entry(fault).or_default().push(id);
        }
        let mut issues = Vec::new();
        for (fault, mut ids) in by_fault {
            ids.sort_unstable();
            let named = ids.iter().take(NAMED);
            issues.extend(
                named.map(|&id| Issue::at(Arc::new(origin(id)), fault.kind(), fault.message())),
            );
            if ids.len() > NAMED {
                let message = format!("{} more objects: {}", ids.len() - NAMED, fault.message());
                issues.push(Issue::general(fault.kind(), message));
            }
        }
        issues
    }
}
