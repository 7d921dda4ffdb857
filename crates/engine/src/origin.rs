//! Where a blob came from.

use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where the bytes of a [`crate::Blob`] were read.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[non_exhaustive]
pub enum Origin {
    /// A file, by the path that names it in reports: relative to the scanned root where it lies below it.
    /// The bytes of the name are kept as they are, also where they are no UTF-8.
    File(PathBuf),
    /// Standard input, or a pipe given as a path.
    Stdin,
    /// Something unpacked from another blob.
    Inside {
        /// What it was unpacked from.
        outer: Arc<Self>,
        /// The decoder's name, such as `gzip`.
        via: &'static str,
        /// The entry's name inside the container; empty where the format has none.
        name: PathBuf,
    },
}

impl Origin {
    /// The outermost place: the file on disk, or standard input.
    pub fn root(&self) -> &Self {
        let mut origin = self;
        while let Self::Inside { outer, .. } = origin {
            origin = outer;
        }
        origin
    }

    /// The path of the outermost file, or `None` for standard input.
    pub fn root_path(&self) -> Option<&Path> {
        match self.root() {
            Self::File(path) => Some(path),
            _ => None,
        }
    }

    /// The name by which the content is classified: the innermost name that says something.
    pub fn name(&self) -> Option<&Path> {
        match self {
            Self::File(path) => Some(path),
            Self::Stdin => None,
            Self::Inside { outer, name, .. } if name.as_os_str().is_empty() => outer.name(),
            Self::Inside { name, .. } => Some(name),
        }
    }

    /// How many containers lie around the content.
    pub fn depth(&self) -> usize {
        match self {
            Self::Inside { outer, .. } => 1 + outer.depth(),
            _ => 0,
        }
    }
}
