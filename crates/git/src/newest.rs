//! The newest state of what a source scans: which files are still there.

use std::path::Path;

use gix::ObjectId;

use crate::change::{Objects, file_at, git_path};
use crate::{Error, Opened, name};

/// The newest state of what a source scans: the index, the head of a range, `HEAD`.
pub trait Newest {
    /// Whether it lacks a file at `path`, which starts at the top of the work tree; of a change, whether it took the file
    /// away, and not one before it. What cannot be read is taken for there.
    fn lacks(&self, path: &Path) -> bool;
}

/// The files of the commit that is checked out.
pub struct Head {
    objects: Objects,
    /// `None` before the first commit.
    tree: Option<ObjectId>,
}

impl std::fmt::Debug for Head {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Head")
            .field("tree", &self.tree)
            .finish_non_exhaustive()
    }
}

impl Opened {
    /// The files of the commit that is checked out; none before the first commit.
    ///
    /// # Errors
    ///
    /// `HEAD` names what is not there.
    pub fn head_files(&self) -> Result<Head, Error> {
        Ok(Head {
            objects: self.objects.clone(),
            tree: self.head_tree()?,
        })
    }
}

impl Head {
    /// Whether this blob stands at `path`.
    pub fn holds(&self, path: &Path, blob: keysieve_engine::ObjectId) -> bool {
        let at = |tree: &ObjectId| file_at(&self.objects, *tree, &git_path(path));
        let found = self.tree.as_ref().map(at);
        found.is_some_and(|found| found.is_ok_and(|id| id.is_some_and(|id| name(&id) == blob)))
    }
}

impl Newest for Head {
    fn lacks(&self, path: &Path) -> bool {
        !self.tree.is_some_and(|tree| has(&self.objects, tree, path))
    }
}

/// Whether a tree has a file at `path`, or cannot be read.
pub(crate) fn has(objects: &Objects, tree: ObjectId, path: &Path) -> bool {
    file_at(objects, tree, &git_path(path)).map_or(true, |id| id.is_some())
}
