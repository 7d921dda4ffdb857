//! Files that moved: what a change adds at a new path may have stood at another, which is gone.

use std::cell::OnceCell;
use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};

use gix::ObjectId;
use gix::bstr::BString;

use super::objects::Objects;
use super::tree::{Added, Diff, Moved, Removed, removed_blobs};
use super::{Old, system_path};

/// Files that are gone and come into question as the source of one that is new. Where there are more, only those of
/// its own name do: comparing all with all is what makes renames costly.
const MAX_CANDIDATES: usize = 128;

/// Takes out of a comparison what was moved as it is: the same blob is gone at another path. Each file that is gone is
/// one that moved, and what has its content besides is a copy; of several the one of the same name moved, or else the
/// first.
pub(crate) fn drop_moved(diff: &mut Diff, objects: &Objects) {
    if diff.removed.is_empty() || !diff.added.iter().any(|added| added.is_new_path) {
        return;
    }
    diff.removed = removed_blobs(objects, std::mem::take(&mut diff.removed));
    let mut gone = Gone::default();
    for removed in diff.removed.iter().rev() {
        gone.add(removed);
    }
    diff.added.sort_by(|a, b| a.path.cmp(&b.path));
    let mut moved: HashMap<BString, Moved> = HashMap::new();
    for same_name in [true, false] {
        diff.added.retain(|added| {
            let from = added
                .is_new_path
                .then(|| gone.take(added, same_name, &moved));
            if let Some(from) = from.flatten() {
                let (to, id) = (added.path.clone(), added.id);
                moved.insert(from, Moved { to, id });
                return false;
            }
            true
        });
    }
    diff.removed
        .retain(|removed| !moved.contains_key(&removed.path));
    diff.moved = moved;
}

/// The paths of files that are gone, the first last, by content and by content and name.
#[derive(Default)]
struct Gone<'a> {
    by_id: HashMap<ObjectId, Vec<&'a BString>>,
    by_name: HashMap<ObjectId, HashMap<&'a [u8], Vec<&'a BString>>>,
}

impl<'a> Gone<'a> {
    fn add(&mut self, removed: &'a Removed) {
        let Removed { path, id, .. } = removed;
        self.by_id.entry(*id).or_default().push(path);
        let names = self.by_name.entry(*id).or_default();
        names.entry(name(path)).or_default().push(path);
    }

    /// A file of that content, and name if `same_name` says so, that is not among those that `moved`.
    fn take(
        &mut self,
        added: &Added,
        same_name: bool,
        moved: &HashMap<BString, Moved>,
    ) -> Option<BString> {
        let paths = if same_name {
            self.by_name.get_mut(&added.id)?.get_mut(name(&added.path))
        } else {
            self.by_id.get_mut(&added.id)
        }?;
        while let Some(path) = paths.pop() {
            if !moved.contains_key(path) {
                return Some(path.clone());
            }
        }
        None
    }
}

/// The files that a change takes away, as sources of those that it adds.
#[derive(Debug, Default)]
pub(crate) struct Renames {
    /// Tells the changes of a source apart.
    change: u32,
    gone: Vec<(Removed, OnceCell<Option<Outline>>)>,
    hasher: RandomState,
}

impl Renames {
    /// Of what is gone with a change.
    pub(crate) fn new(objects: &Objects, change: u32, gone: Vec<Removed>) -> Self {
        let blobs = removed_blobs(objects, gone).into_iter();
        Self {
            change,
            gone: blobs.map(|gone| (gone, OnceCell::new())).collect(),
            hasher: RandomState::new(),
        }
    }

    /// The file that moved to `path` and became `id` there: of those that are gone, the one that has the most in
    /// common with it, and at least half, as git counts it.
    pub(crate) fn source(&self, objects: &Objects, path: &BString, id: &ObjectId) -> Option<Old> {
        if self.gone.is_empty() {
            return None;
        }
        let now = self.outline(objects, id)?;
        let few = self.gone.len() <= MAX_CANDIDATES;
        let candidates = self
            .gone
            .iter()
            .filter(|(gone, _)| few || name(&gone.path) == name(path));
        let mut best: Option<((usize, bool), &Removed)> = None;
        for (gone, outline) in candidates.take(MAX_CANDIDATES) {
            let outline = outline.get_or_init(|| self.outline(objects, &gone.id));
            let Some(common) = outline.as_ref().and_then(|old| now.in_common(old)) else {
                continue;
            };
            let rank = (common, name(&gone.path) == name(path));
            if best.is_none_or(|(most, _)| rank > most) {
                best = Some((rank, gone));
            }
        }
        best.map(|(_, gone)| Old {
            path: system_path(gone.path.as_ref()),
            id: gone.id,
            moved_by: Some(self.change),
        })
    }

    fn outline(&self, objects: &Objects, id: &ObjectId) -> Option<Outline> {
        Some(Outline::of(&objects.whole_blob(id)?, &self.hasher))
    }
}

fn name(path: &BString) -> &[u8] {
    path.rsplit(|b| *b == b'/').next().unwrap_or_default()
}

/// The pieces of a file without their order.
#[derive(Debug, Default)]
struct Outline {
    length: usize,
    /// Bytes in pieces of each hash.
    pieces: HashMap<u64, usize>,
}

impl Outline {
    /// Lines are the pieces, and of long lines their parts of this many bytes.
    const PIECE: usize = 64;

    fn of(bytes: &[u8], hasher: &RandomState) -> Self {
        let mut pieces = HashMap::new();
        let lines = bytes.split_inclusive(|b| *b == b'\n');
        for piece in lines.flat_map(|line| line.chunks(Self::PIECE)) {
            *pieces.entry(hasher.hash_one(piece)).or_default() += piece.len();
        }
        Self {
            length: bytes.len(),
            pieces,
        }
    }

    /// How many bytes stand in both, if they are at least half of the longer.
    fn in_common(&self, other: &Self) -> Option<usize> {
        let both = self.pieces.iter().map(|(hash, here)| {
            let there = other.pieces.get(hash).copied().unwrap_or(0);
            there.min(*here)
        });
        let common = both.sum::<usize>();
        (common > 0 && 2 * common >= self.length.max(other.length)).then_some(common)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_the_longer_file_must_be_the_same() {
        let hasher = RandomState::new();
        let outline = |text: &str| Outline::of(text.as_bytes(), &hasher);
        let old = outline("one\ntwo\nsix\nten\n");
        assert_eq!(outline("one\ntwo\nnew\nold\n").in_common(&old), Some(8));
        assert_eq!(outline("two\none\n").in_common(&old), Some(8));
        assert_eq!(outline("one\nnew\nold\nfar\n").in_common(&old), None);
        assert_eq!(
            outline("one\none\none\none\n").in_common(&old),
            None,
            "once is once"
        );
        assert_eq!(outline("").in_common(&outline("")), None);
    }
}
