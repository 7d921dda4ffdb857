//! The index against a tree.
//!
//! The index keeps the ids of the trees that its entries make up (the `TREE` extension), as far as they are known since
//! the last `git add`. A folder whose id is that of the same folder in `HEAD` needs no look: git would take the very
//! same tree into the next commit. So only folders with changes are read, whatever the size of the repository.

use std::collections::HashMap;
use std::io;
use std::ops::Range;
use std::path::Path;

use gix::ObjectId;
use gix::bstr::{BString, ByteSlice as _};
use gix::index::entry::{Flags, Mode};
use gix::index::extension::Tree as Known;
use gix::index::{Entry, File, decode};
use gix::objs::tree::EntryRef;

use crate::Error;
use crate::change::{Added, Cursor, Diff, Objects};

pub(super) use gix::index::File as Index;

/// The mode of a folder in a sparse index.
pub(super) const FOLDER: Mode = Mode::DIR;

/// What the index may take in memory, in bytes: some million files.
const MAX_INDEX: usize = 1 << 30;

/// Reads the index; `None` where there is none. Its checksum is not verified, as git itself does not: that would cost
/// more than all the rest.
pub(super) fn read(path: &Path, hash: gix::hash::Kind) -> Result<Option<File>, Error> {
    if std::fs::metadata(path).is_err_and(|e| e.kind() == io::ErrorKind::NotFound) {
        return Ok(None);
    }
    let options = decode::Options {
        alloc_limit_bytes: Some(MAX_INDEX),
        ..decode::Options::default()
    };
    let index = File::at(path, hash, true, options)
        .map_err(|error| Error::caused(path, "the index cannot be read", &error))?;
    let is_sorted = index.entries().is_sorted_by_key(|entry| entry.path(&index));
    if !is_sorted {
        return Err(Error::new(
            path,
            "the index is damaged: its entries are not sorted",
        ));
    }
    Ok(Some(index))
}

/// What the index has and the tree `head` has not.
pub(super) fn compare(index: &File, head: Option<ObjectId>, objects: &Objects) -> Diff {
    let mut walk = Walk {
        index,
        objects,
        diff: Diff::default(),
        folders: vec![Folder {
            path: BString::default(),
            entries: 0..index.entries().len(),
            known: index.tree(),
            head,
        }],
    };
    while let Some(folder) = walk.folders.pop() {
        walk.folder(&folder);
    }
    walk.diff
}

struct Walk<'a> {
    index: &'a File,
    objects: &'a Objects,
    diff: Diff,
    folders: Vec<Folder<'a>>,
}

/// A folder to compare.
struct Folder<'a> {
    /// Its path with a slash at the end; empty for the root.
    path: BString,
    /// What lies in it, and below.
    entries: Range<usize>,
    known: Option<&'a Known>,
    head: Option<ObjectId>,
}

impl Folder<'_> {
    /// Whether its tree is known to be that of `HEAD`.
    fn is_unchanged(&self) -> bool {
        self.known.is_some_and(|known| {
            let entries = known.num_entries.and_then(|n| usize::try_from(n).ok());
            entries == Some(self.entries.len()) && Some(known.id) == self.head
        })
    }
}

impl<'a> Walk<'a> {
    fn folder(&mut self, folder: &Folder<'a>) {
        if folder.is_unchanged() {
            return;
        }
        let mut bytes = Vec::new();
        if let Some(head) = &folder.head
            && let Err(fault) = self.objects.tree(head, &mut bytes)
        {
            bytes.clear(); // all is new against what is not known
            self.diff.faults.push(fault);
        }
        let hash = self.objects.hash();
        let id = folder.head.unwrap_or_else(|| ObjectId::null(hash));
        let head = self.diff.entries(&bytes, &id, hash);
        let mut head = Cursor::new(&head);
        let known = folder.known.map_or(&[][..], |known| &known.children);
        let known: HashMap<&[u8], &Known> =
            known.iter().map(|child| (&child.name[..], child)).collect();

        let mut at = folder.entries.start;
        while at < folder.entries.end {
            let entry = &self.index.entries()[at];
            let path = entry.path(self.index);
            let below = &path[folder.path.len()..];
            let diff = &mut self.diff;
            let gone = |gone: &EntryRef<'_>| diff.remove(&folder.path, gone);
            let Some(slash) = below.find_byte(b'/') else {
                let old = head.seek(below, false, gone);
                self.file(path.into(), entry, old.map(|old| old.oid.to_owned()));
                at += 1;
                continue;
            };
            let (name, prefix) = (&below[..slash], &path[..folder.path.len() + slash + 1]);
            let old = head.seek(name, true, gone).map(|old| old.oid.to_owned());
            let end = self.end_of(prefix, at..folder.entries.end);
            if entry.mode == Mode::DIR && prefix.len() == path.len() {
                self.sparse(prefix, entry, old);
                at += 1;
            } else {
                self.folders.push(Folder {
                    path: prefix.into(),
                    entries: at..end,
                    known: known.get(name.as_bytes()).copied(),
                    head: old,
                });
                at = end;
            }
        }
        let diff = &mut self.diff;
        head.finish(|gone| diff.remove(&folder.path, gone));
    }

    /// One past the last of the entries that lie below `prefix`.
    fn end_of(&self, prefix: &[u8], within: Range<usize>) -> usize {
        let entries = &self.index.entries()[within.clone()];
        within.start + entries.partition_point(|entry| entry.path(self.index).starts_with(prefix))
    }

    /// A folder outside of a sparse checkout: the index has its tree only.
    fn sparse(&mut self, path: &[u8], entry: &Entry, head: Option<ObjectId>) {
        let before = head.into_iter().collect();
        self.diff
            .compare(self.objects, path.into(), before, entry.id);
    }

    fn file(&mut self, path: BString, entry: &Entry, head: Option<ObjectId>) {
        if head == Some(entry.id) || entry.flags.contains(Flags::INTENT_TO_ADD) {
            return;
        }
        if entry.mode == Mode::COMMIT {
            self.diff.submodules += 1;
        } else {
            self.diff.added.push(Added {
                path,
                id: entry.id,
                is_new_path: head.is_none(),
            });
        }
    }
}
