//! Where a blob came from.

use std::fmt;
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
    /// A blob that stands in git's index: what the next commit will hold.
    Staged {
        /// Its path, from the top of the work tree.
        path: PathBuf,
        /// The blob.
        blob: ObjectId,
    },
    /// A blob that a commit put in its place.
    Commit {
        /// The commit.
        commit: ObjectId,
        /// The path, from the top of the tree.
        path: PathBuf,
        /// The blob.
        blob: ObjectId,
    },
    /// A blob that a git history holds under one or more paths, or under none.
    Blob {
        /// The blob.
        id: ObjectId,
        /// The path in the commit that brought it first; `None` where no tree holds it.
        path: Option<PathBuf>,
        /// Whether it was held under other paths as well.
        moved: bool,
    },
    /// The text of a commit or of an annotated tag: the people, the message and what else its header says.
    Message {
        /// Which of the two.
        of: MessageOf,
        /// The commit or the tag.
        id: ObjectId,
    },
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
    /// The outermost place: the file on disk, standard input, or what git holds.
    pub fn root(&self) -> &Self {
        let mut origin = self;
        while let Self::Inside { outer, .. } = origin {
            origin = outer;
        }
        origin
    }

    /// The path of the outermost file; of several paths in a history the first. `None` for what has no path.
    pub fn root_path(&self) -> Option<&Path> {
        match self.root() {
            Self::File(path) | Self::Staged { path, .. } | Self::Commit { path, .. } => Some(path),
            Self::Blob { path, .. } => path.as_deref(),
            Self::Stdin | Self::Message { .. } | Self::Inside { .. } => None,
        }
    }

    /// The path of the outermost file, if that is its only one. What is to be passed over by its path must be asked
    /// by this one: a content of a history may also stand at a path that is not to be passed over.
    pub fn only_path(&self) -> Option<&Path> {
        match self.root() {
            Self::Blob { moved: true, .. } => None,
            root => root.root_path(),
        }
    }

    /// The commit that put the content in its place, where that is known.
    pub fn commit(&self) -> Option<ObjectId> {
        match self.root() {
            Self::Commit { commit, .. } => Some(*commit),
            _ => None,
        }
    }

    /// The object of git's that the content is, or is inside of.
    pub fn object(&self) -> Option<ObjectId> {
        match self.root() {
            Self::Staged { blob: id, .. }
            | Self::Commit { blob: id, .. }
            | Self::Blob { id, .. }
            | Self::Message { id, .. } => Some(*id),
            Self::File(_) | Self::Stdin | Self::Inside { .. } => None,
        }
    }

    /// What [`Origin::object`] is, in the words of reports.
    pub fn object_kind(&self) -> Option<&'static str> {
        match self.root() {
            Self::Message { of, .. } => Some(of.as_str()),
            root => root.object().map(|_| "blob"),
        }
    }

    /// The same content in another outermost place.
    pub fn moved_to(&self, root: &Arc<Self>) -> Arc<Self> {
        match self {
            Self::Inside { outer, via, name } => Arc::new(Self::Inside {
                outer: outer.moved_to(root),
                via,
                name: name.clone(),
            }),
            _ => root.clone(),
        }
    }

    /// The name by which the content is classified: the innermost name that says something.
    pub fn name(&self) -> Option<&Path> {
        match self {
            Self::Inside { outer, name, .. } if name.as_os_str().is_empty() => outer.name(),
            Self::Inside { name, .. } => Some(name),
            root => root.root_path(),
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

/// What has a text of its own in git, beside blobs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum MessageOf {
    /// A commit.
    Commit,
    /// An annotated tag.
    Tag,
}

impl MessageOf {
    /// The name in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Commit => "commit message",
            Self::Tag => "tag message",
        }
    }
}

/// The name of a git object: 20 bytes of SHA-1 or 32 of SHA-256.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectId {
    /// Zero from `len` on.
    bytes: [u8; 32],
    len: u8,
}

impl ObjectId {
    /// The id of these bytes; `None` unless they are 20 or 32.
    pub fn new(id: &[u8]) -> Option<Self> {
        let len = match id.len() {
            20 => 20,
            32 => 32,
            _ => return None,
        };
        let mut bytes = [0; 32];
        bytes[..id.len()].copy_from_slice(id);
        Some(Self { bytes, len })
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }
}

impl fmt::Display for ObjectId {
    /// In hexadecimal, as git writes it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_bytes()
            .iter()
            .try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ObjectId({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blob(path: Option<&str>, moved: bool) -> Origin {
        Origin::Blob {
            id: ObjectId::new(&[0xa1; 20]).expect("20 bytes"),
            path: path.map(PathBuf::from),
            moved,
        }
    }

    #[test]
    fn ids_have_one_of_two_lengths() {
        let id = ObjectId::new(&[0xa1; 20]).expect("20 bytes");
        assert_eq!(id.to_string(), "a1".repeat(20));
        assert_eq!(ObjectId::new(&[7; 32]).expect("32").as_bytes(), [7; 32]);
        assert_eq!(ObjectId::new(&[0; 19]), None);
    }

    #[test]
    fn a_moved_content_has_a_name_and_no_only_path() {
        let path = Some(Path::new("a/b"));
        let inside = |outer| Origin::Inside {
            outer: Arc::new(outer),
            via: "gzip",
            name: PathBuf::new(),
        };
        let (sole, moved) = (
            inside(blob(Some("a/b"), false)),
            inside(blob(Some("a/b"), true)),
        );
        assert_eq!((sole.name(), sole.only_path()), (path, path));
        assert_eq!((moved.name(), moved.only_path()), (path, None));
        assert_eq!(
            (moved.root_path(), moved.object()),
            (path, ObjectId::new(&[0xa1; 20]))
        );
        assert_eq!(blob(None, false).only_path(), None);
    }
}
