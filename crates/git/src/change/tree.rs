//! What a tree has that its predecessors do not.
//!
//! A merge-walk over the sorted entries of trees at one path: it goes down only where a subtree is in none of the
//! predecessors, so its cost is that of the changed folders. (`gix` has a diff of two trees that resolves, sorts and
//! copies more than is needed here, and cannot compare with several at once.)

use std::collections::HashMap;

use gix::ObjectId;
use gix::bstr::BString;
use gix::objs::TreeRefIter;
use gix::objs::tree::{EntryRef, name_order};

use super::objects::{Fault, Objects};

/// The longest path that is followed, in bytes. A tree can hold itself under a million names, but no path of a file
/// system is as long as this.
const MAX_PATH: usize = 16 << 10;
/// What one comparison may read and keep, in bytes of trees and paths: several times what the largest repositories
/// have. A repository of some kB can hold a tree of more paths than there are atoms, each subtree of it many times.
const MAX_COST: usize = 256 << 20;

/// A blob at a path that no predecessor has there.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Added {
    pub(crate) path: BString,
    pub(crate) id: ObjectId,
    /// Whether no predecessor has anything at the path.
    pub(crate) is_new_path: bool,
}

/// What some predecessor has at a path where there is nothing now.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Removed {
    pub(crate) path: BString,
    pub(crate) id: ObjectId,
    pub(crate) is_tree: bool,
}

/// A file that only moved.
#[derive(Clone, Debug)]
pub(crate) struct Moved {
    /// Its path now.
    pub(crate) to: BString,
    pub(crate) id: ObjectId,
}

/// What a comparison gives.
#[derive(Default, Debug)]
pub(crate) struct Diff {
    pub(crate) added: Vec<Added>,
    /// With folders that are gone as a whole.
    pub(crate) removed: Vec<Removed>,
    /// Files that only moved, by where they were: neither added nor removed. [`super::drop_moved`] finds them.
    pub(crate) moved: HashMap<BString, Moved>,
    /// Submodules that are new or stand at another commit.
    pub(crate) submodules: u64,
    /// What could not be compared.
    pub(crate) faults: Vec<Fault>,
    /// Bytes of trees and paths so far.
    cost: usize,
}

/// A folder to compare.
struct Folder {
    /// Its path with a slash at the end; empty for the root.
    path: BString,
    before: Vec<ObjectId>,
    now: ObjectId,
}

impl Diff {
    /// Compares the tree `now`, at `path` (empty, or with a slash at its end), with those before it.
    pub(crate) fn compare(
        &mut self,
        objects: &Objects,
        path: BString,
        before: Vec<ObjectId>,
        now: ObjectId,
    ) {
        let mut folders = vec![Folder { path, before, now }];
        let mut bytes = Vec::new();
        let mut predecessors: Vec<Vec<u8>> = Vec::new();
        while let Some(folder) = folders.pop() {
            if folder.before.contains(&folder.now) {
                continue;
            }
            if !self.can_go_on(&folder.path, &folder.now) {
                return;
            }
            if let Err(fault) = objects.tree(&folder.now, &mut bytes) {
                self.faults.push(fault);
                continue;
            }
            predecessors.resize_with(predecessors.len().max(folder.before.len()), Vec::new);
            for (id, bytes) in folder.before.iter().zip(&mut predecessors) {
                if let Err(fault) = objects.tree(id, bytes) {
                    bytes.clear(); // all is new against what is not known
                    self.faults.push(fault);
                }
            }
            self.cost += bytes.len();
            let hash = objects.hash();
            let now = self.entries(&bytes, &folder.now, hash);
            let before = predecessors.iter().zip(&folder.before);
            let before = before.map(|(bytes, id)| self.entries(bytes, id, hash));
            let before: Vec<_> = before.collect();
            self.folder(&folder.path, &before, &now, &mut folders);
        }
    }

    /// Compares the entries of one folder; what is to be compared below goes to `folders`.
    fn folder(
        &mut self,
        path: &BString,
        before: &[Vec<EntryRef<'_>>],
        now: &[EntryRef<'_>],
        folders: &mut Vec<Folder>,
    ) {
        let mut cursors: Vec<_> = before.iter().map(|entries| Cursor::new(entries)).collect();
        for entry in now {
            let mut same: Vec<&EntryRef<'_>> = Vec::new();
            for cursor in &mut cursors {
                let is_tree = entry.mode.is_tree();
                same.extend(cursor.seek(entry.filename, is_tree, |gone| self.remove(path, gone)));
            }
            if same.iter().any(|old| old.oid == entry.oid) {
                continue;
            }
            let mut path = path.clone();
            path.extend_from_slice(entry.filename);
            self.cost += path.len() + size_of::<Added>();
            let id = entry.oid.to_owned();
            if entry.mode.is_tree() {
                path.push(b'/');
                folders.push(Folder {
                    path,
                    before: same.iter().map(|old| old.oid.to_owned()).collect(),
                    now: id,
                });
            } else if entry.mode.is_commit() {
                self.submodules += 1;
            } else {
                let is_new_path = same.is_empty();
                self.added.push(Added {
                    path,
                    id,
                    is_new_path,
                });
            }
        }
        for cursor in &mut cursors {
            cursor.finish(|gone| self.remove(path, gone));
        }
    }

    pub(crate) fn remove(&mut self, folder: &BString, gone: &EntryRef<'_>) {
        if gone.mode.is_commit() {
            return;
        }
        let mut path = folder.clone();
        path.extend_from_slice(gone.filename);
        self.removed.push(Removed {
            path,
            id: gone.oid.to_owned(),
            is_tree: gone.mode.is_tree(),
        });
    }

    /// The entries of a tree, up to where it cannot be read.
    pub(crate) fn entries<'a>(
        &mut self,
        bytes: &'a [u8],
        id: &ObjectId,
        hash: gix::hash::Kind,
    ) -> Vec<EntryRef<'a>> {
        let mut entries = Vec::new();
        for entry in TreeRefIter::from_bytes(bytes, hash) {
            match entry {
                Ok(entry) => entries.push(entry),
                Err(_) => {
                    self.faults.push(Fault::damaged(id));
                    break;
                }
            }
        }
        entries
    }

    /// Whether the comparison is still within its bounds; says so where not.
    fn can_go_on(&mut self, path: &BString, id: &ObjectId) -> bool {
        let can = self.cost <= MAX_COST && path.len() <= MAX_PATH;
        if !can {
            self.faults.push(Fault::too_many(id));
        }
        can
    }
}

/// The blobs of what is gone, those of folders too.
pub(crate) fn removed_blobs(objects: &Objects, mut gone: Vec<Removed>) -> Vec<Removed> {
    let (mut blobs, mut bytes, mut cost) = (Vec::new(), Vec::new(), 0);
    while let Some(mut next) = gone.pop() {
        if !next.is_tree {
            blobs.push(next);
            continue;
        }
        // What was there before is a help in judging what is new: where it cannot be read, more is new.
        if cost > MAX_COST || objects.tree(&next.id, &mut bytes).is_err() {
            continue;
        }
        next.path.push(b'/');
        let mut below = Diff::default();
        let entries = TreeRefIter::from_bytes(&bytes, objects.hash());
        for entry in entries.map_while(Result::ok) {
            cost += next.path.len() + size_of::<Removed>();
            below.remove(&next.path, &entry);
        }
        gone.append(&mut below.removed);
    }
    blobs.sort();
    blobs.dedup();
    blobs
}

/// A place in the sorted entries of a tree, which moves along with another tree or with the index.
pub(crate) struct Cursor<'a> {
    entries: &'a [EntryRef<'a>],
    /// Whether the first of `entries` is still there.
    is_kept: bool,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(entries: &'a [EntryRef<'a>]) -> Self {
        Self {
            entries,
            is_kept: false,
        }
    }

    /// The entry of that name and sort; those before it are gone. In trees that are not sorted, as git would not write
    /// them, fewer are found: more is new then, not less.
    pub(crate) fn seek(
        &mut self,
        name: &[u8],
        is_tree: bool,
        gone: impl FnMut(&EntryRef<'_>),
    ) -> Option<&'a EntryRef<'a>> {
        let order =
            |old: &EntryRef<'_>| name_order(old.filename, old.mode.is_tree(), name, is_tree);
        self.pass(|old| order(old).is_lt(), gone);
        let first = self.entries.first()?;
        let found = order(first).is_eq();
        self.is_kept |= found;
        found.then_some(first)
    }

    /// Goes to the end: all that was not found is gone.
    pub(crate) fn finish(&mut self, gone: impl FnMut(&EntryRef<'_>)) {
        self.pass(|_| true, gone);
    }

    fn pass(
        &mut self,
        passes: impl Fn(&EntryRef<'_>) -> bool,
        mut gone: impl FnMut(&EntryRef<'_>),
    ) {
        while let Some((first, rest)) = self.entries.split_first()
            && passes(first)
        {
            if !std::mem::take(&mut self.is_kept) {
                gone(first);
            }
            self.entries = rest;
        }
    }
}

/// The entry at `path` in a tree, if it is a blob. A tree that cannot be read has none.
pub(crate) fn blob_at(objects: &Objects, tree: ObjectId, path: &[u8]) -> Option<ObjectId> {
    file_at(objects, tree, path).ok().flatten()
}

/// As [`blob_at`].
///
/// # Errors
///
/// A tree on the way cannot be read.
pub(crate) fn file_at(
    objects: &Objects,
    tree: ObjectId,
    path: &[u8],
) -> Result<Option<ObjectId>, Fault> {
    let (mut at, mut bytes) = (tree, Vec::new());
    let mut names = path.split(|b| *b == b'/').peekable();
    while let Some(name) = names.next() {
        objects.tree(&at, &mut bytes)?;
        let is_last = names.peek().is_none();
        let entry = TreeRefIter::from_bytes(&bytes, objects.hash())
            .map_while(Result::ok)
            .find(|entry| entry.filename == name && entry.mode.is_tree() != is_last);
        let Some(entry) = entry else { return Ok(None) };
        at = entry.oid.to_owned();
        if is_last {
            return Ok((!entry.mode.is_commit()).then_some(at));
        }
    }
    Ok(None)
}
