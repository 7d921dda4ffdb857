//! The newest state of what a source scans: which files are still there.

use std::path::{Path, PathBuf};

use gix::ObjectId;

use crate::change::{Objects, file_at, git_path};
use crate::{Error, Opened, name};

/// The newest state of what a source scans: the index, the head of a range, `HEAD`.
pub trait Newest {
    /// What became of a file that once stood at `path`, which starts at the top of the work tree; of a change, what it
    /// did to the file, and not one before it. What cannot be read is taken for there.
    fn fate(&self, path: &Path) -> Fate;
}

/// What became of a file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Fate {
    /// It is there, or was not there before the change either.
    Stays,
    /// The change moved it as it is, and does not give its content to be scanned: it is at this path.
    Moved(PathBuf),
    /// It is not there.
    Gone,
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
    fn fate(&self, path: &Path) -> Fate {
        match self.tree.is_some_and(|tree| has(&self.objects, tree, path)) {
            true => Fate::Stays,
            false => Fate::Gone,
        }
    }
}

/// Whether a tree has a file at `path`, or cannot be read.
pub(crate) fn has(objects: &Objects, tree: ObjectId, path: &Path) -> bool {
    file_at(objects, tree, &git_path(path)).map_or(true, |id| id.is_some())
}
