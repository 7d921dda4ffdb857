//! The newest state of what a source scans: which files are still there.

use std::path::{Path, PathBuf};

use gix::ObjectId;
use keysieve_engine::Origin;

use crate::change::{Objects, file_at, git_path};
use crate::{Error, Opened, name};

/// The newest states of what a source scans: the index, `HEAD`, the heads of a range. Each is told by its number.
pub trait Newest {
    /// How many there are: a push of several branches has several.
    fn heads(&self) -> usize {
        1
    }

    /// What became of a file that once stood at `path`, which starts at the top of the work tree; of a change, what it
    /// did to the file, and not one before it. What cannot be read is taken for there.
    fn fate(&self, head: usize, path: &Path) -> Fate;

    /// Where a content stands that the source gave, an outermost one.
    fn stand(&self, _head: usize, _origin: &Origin) -> Stand {
        Stand::Here
    }
}

/// What became of a file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Fate {
    /// It is there, or was not there before the change either. The source gave what it is now if it came to the file.
    Stays,
    /// It is there, and the source does not give what it is now.
    Unseen,
    /// The change moved it as it is, and does not give its content to be scanned: it is at this path.
    Moved(PathBuf),
    /// It is not there.
    Gone,
}

/// Where a content stands in a newest state.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Stand {
    /// Where its origin says.
    Here,
    /// It was moved there as it is.
    At(PathBuf),
    /// It does not: it was changed or taken away after it was put there.
    Past,
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
    fn fate(&self, _: usize, path: &Path) -> Fate {
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
