//! Reading objects, wherever git's environment says that they lie.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use gix::ObjectId;
use gix::bstr::BString;
use gix::objs::{CommitRefIter, Find as _, Kind, TagRef};
use gix::odb;

use crate::{Environment, Error};

/// The longest object that is read, in bytes. A packed object of a few kB may claim any length, and is held whole.
pub(crate) const MAX_OBJECT: u64 = 256 << 20;
/// Folders of objects that an environment may name.
const MAX_DIRECTORIES: usize = 64;

/// The objects of a repository. While a push is judged they lie in several folders: the quarantine of what came, and
/// the repository's own. gix knows nothing of git's variables for that, so each folder is a store of its own here.
#[derive(Clone)]
pub(crate) struct Objects {
    stores: Vec<odb::Handle>,
    hash: gix::hash::Kind,
    /// Commits whose parents are not here because the clone is shallow.
    shallow: Arc<HashSet<ObjectId>>,
}

/// For walks over commits: where a shallow clone ends, commits have no parents.
impl gix::objs::Find for Objects {
    fn try_find<'a>(
        &self,
        id: &gix::oid,
        buffer: &'a mut Vec<u8>,
    ) -> gix::Result<Option<gix::objs::Data<'a>>> {
        let mut kind = None;
        for store in &self.stores {
            if let Some(found) = store.try_find(id, buffer)? {
                kind = Some(found.kind);
                break;
            }
        }
        let Some(kind) = kind else { return Ok(None) };
        if kind == Kind::Commit && self.shallow.contains(id) {
            *buffer = without_parents(buffer);
        }
        Ok(Some(gix::objs::Data::new(buffer, kind, self.hash)))
    }
}

/// A commit as if it were the first.
fn without_parents(commit: &[u8]) -> Vec<u8> {
    let is_parent = |line: &&[u8]| line.starts_with(b"parent ");
    let mut lines = commit.split_inclusive(|b| *b == b'\n');
    // `tree`, then the parents, then the rest, in which a line may say anything.
    let tree = lines.next().unwrap_or_default();
    [tree]
        .into_iter()
        .chain(lines.skip_while(is_parent))
        .collect::<Vec<_>>()
        .concat()
}

/// An object could not be read.
#[derive(Clone, Debug)]
pub(crate) struct Fault {
    pub(crate) what: FaultKind,
    /// For a person; quotes nothing but the id.
    pub(crate) message: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum FaultKind {
    /// It is not here.
    Missing,
    /// It is damaged, or no object of that kind.
    Damaged,
    /// It is longer than [`MAX_OBJECT`].
    TooLong,
}

/// What matters here of a commit.
#[derive(Clone, Debug)]
pub(crate) struct Commit {
    pub(crate) tree: ObjectId,
    pub(crate) parents: Vec<ObjectId>,
    pub(crate) message: BString,
}

impl Objects {
    /// The objects of `repository`, with the folders that `environment` names.
    pub(crate) fn open(
        repository: &gix::Repository,
        environment: &Environment,
    ) -> Result<Self, Error> {
        let own = repository.common_dir().join("objects");
        let mut folders = vec![environment.object_directory.clone().unwrap_or(own)];
        if let Some(more) = &environment.alternate_object_directories {
            folders.extend(alternates(more));
        }
        folders.truncate(MAX_DIRECTORIES);
        let hash = repository.object_hash();
        let open = |(at, folder): (usize, &PathBuf)| {
            let options = odb::store::init::Options {
                alloc_limit_bytes: usize::try_from(MAX_OBJECT).ok(),
                ..odb::store::init::Options::default()
            };
            match odb::at_opts(folder, hash, None, options) {
                Ok(store) => Some(Ok(store)),
                // As git does: an alternate that is not there has no objects.
                Err(_) if at > 0 => None,
                Err(error) => Some(Err(Error::new(folder, error))),
            }
        };
        let stores = folders.iter().enumerate().filter_map(open);
        let stores = stores.collect::<Result<_, _>>()?;
        let shallow = repository.shallow_commits().map_err(|error| {
            Error::caused(
                repository.git_dir(),
                "the list of shallow commits cannot be read",
                &error,
            )
        })?;
        let shallow = shallow.iter().flat_map(|ids| ids.iter().copied()).collect();
        Ok(Self {
            stores,
            hash,
            shallow: Arc::new(shallow),
        })
    }

    pub(crate) fn hash(&self) -> gix::hash::Kind {
        self.hash
    }

    /// Whether the history ends at this commit because the clone is shallow.
    pub(crate) fn is_cut_at(&self, commit: &ObjectId) -> bool {
        self.shallow.contains(commit)
    }

    pub(crate) fn is_shallow(&self) -> bool {
        !self.shallow.is_empty()
    }

    /// The kind and length of an object.
    pub(crate) fn header(&self, id: &ObjectId) -> Result<(Kind, u64), Fault> {
        use odb::Header as _;
        for store in &self.stores {
            match store.try_header(id) {
                Ok(Some(header)) => return Ok((header.kind(), header.size())),
                Ok(None) => {}
                Err(_) => return Err(Fault::damaged(id)),
            }
        }
        Err(Fault::missing(id))
    }

    /// Reads an object of any kind into `bytes`.
    pub(crate) fn any(&self, id: &ObjectId, bytes: &mut Vec<u8>) -> Result<Kind, Fault> {
        // The empty tree is there in every repository, stored or not.
        if *id == ObjectId::empty_tree(self.hash) {
            bytes.clear();
            return Ok(Kind::Tree);
        }
        let (_, length) = self.header(id)?;
        if length > MAX_OBJECT {
            return Err(Fault {
                what: FaultKind::TooLong,
                message: format!("object {id} is larger than {} MiB", MAX_OBJECT >> 20),
            });
        }
        for store in &self.stores {
            match store.try_find(id, bytes) {
                Ok(Some(object)) => return Ok(object.kind),
                Ok(None) => {}
                Err(_) => return Err(Fault::damaged(id)),
            }
        }
        Err(Fault::missing(id))
    }

    fn of_kind(&self, id: &ObjectId, kind: Kind, bytes: &mut Vec<u8>) -> Result<(), Fault> {
        match self.any(id, bytes)? {
            found if found == kind => Ok(()),
            found => Err(Fault {
                what: FaultKind::Damaged,
                message: format!("object {id} is a {found}, not a {kind}"),
            }),
        }
    }

    /// Reads a blob into `bytes`.
    pub(crate) fn blob(&self, id: &ObjectId, bytes: &mut Vec<u8>) -> Result<(), Fault> {
        self.of_kind(id, Kind::Blob, bytes)
    }

    /// A blob, if it can be read.
    pub(crate) fn whole_blob(&self, id: &ObjectId) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        self.blob(id, &mut bytes).ok()?;
        Some(bytes)
    }

    /// The bytes of an object of any kind, as they are stored.
    pub(crate) fn whole(&self, id: &ObjectId) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        self.any(id, &mut bytes).ok()?;
        Some(bytes)
    }

    /// Reads a tree, undecoded, into `bytes`.
    pub(crate) fn tree(&self, id: &ObjectId, bytes: &mut Vec<u8>) -> Result<(), Fault> {
        self.of_kind(id, Kind::Tree, bytes)
    }

    /// Reads a commit.
    pub(crate) fn commit(&self, id: &ObjectId) -> Result<Commit, Fault> {
        let mut bytes = Vec::new();
        self.of_kind(id, Kind::Commit, &mut bytes)?;
        let damaged = |_| Fault::damaged(id);
        let fields = || CommitRefIter::from_bytes(&bytes, self.hash);
        Ok(Commit {
            tree: fields().tree_id().map_err(damaged)?,
            parents: fields().parent_ids().collect(),
            message: fields().message().map_err(damaged)?.to_owned(),
        })
    }

    /// Reads an annotated tag: what it points to, and what it says.
    pub(crate) fn tag(&self, id: &ObjectId) -> Result<(ObjectId, BString), Fault> {
        let mut bytes = Vec::new();
        self.of_kind(id, Kind::Tag, &mut bytes)?;
        let tag = TagRef::from_bytes(&bytes, self.hash).map_err(|_| Fault::damaged(id))?;
        Ok((tag.target(), tag.message.to_owned()))
    }
}

impl Fault {
    fn missing(id: &ObjectId) -> Self {
        Self {
            what: FaultKind::Missing,
            message: format!("object {id} is not here: it may be left out of a partial clone"),
        }
    }

    /// The trees below `id` are more, or deeper, than any real repository has.
    pub(crate) fn too_many(id: &ObjectId) -> Self {
        Self {
            what: FaultKind::TooLong,
            message: format!("the trees from {id} on are too many or too deep"),
        }
    }

    pub(crate) fn damaged(id: &ObjectId) -> Self {
        Self {
            what: FaultKind::Damaged,
            message: format!("object {id} is damaged"),
        }
    }
}

/// The folders of `GIT_ALTERNATE_OBJECT_DIRECTORIES`: entries that begin with a quote are quoted as in C.
fn alternates(text: &OsStr) -> Vec<PathBuf> {
    let mut folders = Vec::new();
    let mut rest = text.as_encoded_bytes();
    while !rest.is_empty() {
        let plain = rest.iter().position(|b| *b == SEPARATOR);
        let plain = plain.unwrap_or(rest.len());
        let (entry, used) = match gix::quote::ansi_c::undo(rest.into()) {
            Ok((entry, used)) if rest[0] == b'"' => (entry.into_owned(), used),
            _ => (BString::from(&rest[..plain]), plain),
        };
        if let Ok(folder) = gix::path::from_bstring(entry) {
            folders.push(folder);
        }
        rest = &rest[used..];
        rest = rest.strip_prefix(&[SEPARATOR]).unwrap_or(rest);
    }
    folders.retain(|folder| folder != Path::new(""));
    folders
}

/// Between the entries of a list of paths.
const SEPARATOR: u8 = if cfg!(windows) { b';' } else { b':' };

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alternates_are_read_as_git_writes_them() {
        let read = |text: &str| alternates(OsStr::new(text));
        let separator = char::from(SEPARATOR);
        assert_eq!(read("/a/b"), [PathBuf::from("/a/b")]);
        assert_eq!(
            read(&format!("/a{separator}/b c")),
            [PathBuf::from("/a"), PathBuf::from("/b c")]
        );
        assert_eq!(
            read(&format!("\"/a{separator}\\\"x\"{separator}/b")),
            [
                PathBuf::from(format!("/a{separator}\"x")),
                PathBuf::from("/b")
            ]
        );
        // What cannot be understood names no folder, and does not loop.
        assert!(read("\"").iter().all(|folder| !folder.exists()));
    }
}
