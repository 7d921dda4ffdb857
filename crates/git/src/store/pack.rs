//! One pack: where its objects are, and which is stored as a delta of which.
//!
//! ```text
//! index order   sorted by id: the number of an object is `first` + its position
//! pack order    sorted by offset: neighbours in the file; all tables below are in this order
//!
//!      commit   tree            blob                  roots: stored whole
//!                /  \           / | \
//!              tree  tree   blob blob blob            deltas: applied to what is above
//!                                 |   |
//!                               blob blob             each table entry: first child, next sibling
//! ```

use std::iter::successors;
use std::path::Path;

use gix::odb::pack::data;
use gix::odb::pack::data::entry::Header;

use super::index::Index;
use super::kind::{self, Kind};
use crate::bits::Bits;

/// No node.
pub(super) const NONE: u32 = u32::MAX;
/// A flag: another pack holds the object too, and it was there first.
const TWICE: u8 = 16;
/// A flag: the object, or one that rests on it, is to be handed out.
const NEEDED: u8 = 32;

/// The files of one pack, and the forest of its deltas.
pub(super) struct Pack {
    pub(super) index: Index,
    pub(super) data: data::File,
    /// The number of the first object.
    pub(super) first: u32,
    forest: Forest,
}

/// 17 bytes an object.
#[derive(Default)]
struct Forest {
    /// Positions in the index.
    position: Vec<u32>,
    /// The bit of the kind (0 where the chain of deltas has no end), and flags.
    flags: Vec<u8>,
    first_child: Vec<u32>,
    next_sibling: Vec<u32>,
    /// What the subtree may inflate to, in KiB, at least 1 for each object.
    weight: Vec<u32>,
}

/// An entry as it stands in the file.
pub(super) struct Entry<'p> {
    pub(super) header: Header,
    /// What it inflates to, by its header: an object, or a delta.
    pub(super) size: u64,
    pub(super) stream: &'p [u8],
}

impl Pack {
    /// Maps the files. The error is a sentence for a person.
    pub(super) fn open(
        index: &Path,
        first: u32,
        hash: gix::hash::Kind,
    ) -> Result<Self, &'static str> {
        let path = index.with_extension("pack");
        let regular = |path: &Path| path.metadata().is_ok_and(|file| file.is_file());
        if !regular(index) {
            return Err("a pack index is no readable file");
        }
        if !regular(&path) {
            return Err("a pack index has no pack: its objects cannot be read");
        }
        let index = Index::open(index, hash).ok_or("a pack index is corrupt")?;
        let data = data::File::at(path, hash).map_err(|_| "a pack is corrupt")?;
        Ok(Self::of(index, data, first))
    }

    /// Of an index and its pack.
    pub(super) fn of(index: Index, data: data::File, first: u32) -> Self {
        Self {
            index,
            data,
            first,
            forest: Forest::default(),
        }
    }

    /// How many objects the index lists.
    pub(super) fn len(&self) -> u32 {
        self.index.len()
    }

    /// What does not fit together, as sentences.
    pub(super) fn flaws(&self) -> Vec<&'static str> {
        let mut flaws = Vec::new();
        if !self.index.is_whole() {
            flaws.push(
                "the checksum of a pack index is wrong: objects may be missing or wrongly named",
            );
        }
        if self.index.pack_checksum() != self.data.checksum() {
            flaws.push("a pack is not the one that its index was made for");
        } else if self.data.num_objects() != self.len() {
            flaws.push("a pack index lists another number of objects than its pack holds");
        }
        flaws
    }

    pub(super) fn id(&self, position: u32) -> &[u8] {
        self.index.id(position)
    }

    /// The number of the object at `node`.
    pub(super) fn number(&self, node: u32) -> u32 {
        self.first + self.forest.position[node as usize]
    }

    /// The kind of the object at `node`; `None` where its chain of deltas has no end in this pack.
    pub(super) fn kind(&self, node: u32) -> Option<Kind> {
        Kind::from_bit(self.forest.flags[node as usize] & kind::ALL)
    }

    /// Whether the object at `node` is to be handed out here.
    pub(super) fn is_wanted(&self, node: u32) -> bool {
        self.forest.flags[node as usize] & TWICE == 0
    }

    /// Whether the object at `node` or one that rests on it is to be handed out.
    pub(super) fn is_needed(&self, node: u32) -> bool {
        self.forest.flags[node as usize] & NEEDED != 0
    }

    /// What may come of `node` and all that rests on it, in KiB.
    pub(super) fn weight(&self, node: u32) -> u32 {
        self.forest.weight[node as usize]
    }

    pub(super) fn first_child(&self, node: u32) -> Option<u32> {
        some(self.forest.first_child[node as usize])
    }

    pub(super) fn next_sibling(&self, node: u32) -> Option<u32> {
        some(self.forest.next_sibling[node as usize])
    }

    /// The entry at `node`, `None` where the file has none there.
    pub(super) fn entry(&self, node: u32) -> Option<Entry<'_>> {
        let offset = |node: u32| {
            let position = *self.forest.position.get(node as usize)?;
            Some(self.index.offset(position))
        };
        let end = offset(node + 1).unwrap_or(u64::MAX);
        self.entry_at(offset(node)?, end)
    }

    /// The entry at `offset` of the file, which ends at `end` or before.
    pub(super) fn entry_at(&self, offset: u64, end: u64) -> Option<Entry<'_>> {
        let end = end.min(self.data.pack_end() as u64);
        if offset >= end {
            return None; // `gix` panics where an offset does not fit the machine
        }
        let entry = self.data.entry(offset).ok()?;
        if entry.data_offset > end {
            return None;
        }
        Some(Entry {
            stream: self.data.entry_slice(entry.data_offset..end)?,
            header: entry.header,
            size: entry.decompressed_size,
        })
    }

    /// Reads the header of every entry and links the deltas to their bases. `twice` says which positions of the index
    /// are of objects that were there already. Returns the positions whose chain of deltas has no end.
    pub(super) fn link(&mut self, twice: impl Fn(u32) -> bool) -> Vec<u32> {
        let count = self.len() as usize;
        let mut places: Vec<(u64, u32)> = (0..self.len())
            .map(|position| (self.index.offset(position), position))
            .collect();
        places.sort_unstable();
        let offsets: Vec<u64> = places.iter().map(|place| place.0).collect();
        let forest = &mut self.forest;
        forest.position = places.into_iter().map(|place| place.1).collect();
        forest.flags = vec![0; count];
        forest.first_child = vec![NONE; count];
        forest.next_sibling = vec![NONE; count];
        forest.weight = vec![0; count];

        // Headers, from the last to the first, so that siblings come in pack order.
        let mut order = Vec::with_capacity(count);
        let mut base_of = vec![NONE; count];
        let mut by_position: Option<Vec<u32>> = None;
        for node in (0..count as u32).rev() {
            let at = node as usize;
            if twice(self.forest.position[at]) {
                self.forest.flags[at] = TWICE;
            }
            let Some(entry) = self.entry(node) else {
                continue;
            };
            let base = match entry.header {
                Header::OfsDelta { base_distance } => offsets[at]
                    .checked_sub(base_distance)
                    .and_then(|offset| offsets.binary_search(&offset).ok())
                    .map(|base| base as u32),
                Header::RefDelta { base_id } => {
                    self.index.position(base_id.as_ref()).map(|position| {
                        let inverse =
                            by_position.get_or_insert_with(|| invert(&self.forest.position));
                        inverse[position as usize]
                    })
                }
                whole => {
                    let size = u32::try_from(entry.size >> 10).unwrap_or(u32::MAX);
                    let forest = &mut self.forest;
                    forest.weight[at] = size.saturating_add(1);
                    forest.flags[at] |= whole.as_kind().map_or(0, |kind| Kind::from(kind) as u8);
                    order.push(node);
                    continue;
                }
            };
            if let Some(base) = base {
                let forest = &mut self.forest;
                base_of[at] = base;
                forest.next_sibling[at] = forest.first_child[base as usize];
                forest.first_child[base as usize] = node;
            }
        }
        drop((offsets, by_position));
        self.forest.spread(&mut order);
        self.forest.gather(&order, &base_of);
        self.forest
            .flags
            .iter()
            .zip(&self.forest.position)
            .filter(|(flags, _)| **flags & kind::ALL == 0)
            .map(|(_, position)| *position)
            .collect()
    }

    /// The roots of objects of these kinds that are needed, in pack order.
    pub(super) fn roots(&self, kinds: u8) -> impl Iterator<Item = u32> {
        let mut is_child = vec![false; self.forest.flags.len()];
        for links in [&self.forest.first_child, &self.forest.next_sibling] {
            for node in links.iter().filter_map(|&node| some(node)) {
                is_child[node as usize] = true;
            }
        }
        let flags = self.forest.flags.iter().zip(is_child).zip(0..);
        flags
            .filter(move |((flags, is_child), _)| {
                !is_child && **flags & kinds != 0 && **flags & NEEDED != 0
            })
            .map(|(_, node)| node)
    }

    /// Adds the nodes of these kinds whose numbers are in `wanted`, and what they rest on, to `needed`, each as
    /// [`Pack::first`] + node.
    pub(super) fn mark_needed(&self, kinds: u8, wanted: &Bits, needed: &mut Bits) {
        let mut order: Vec<(u32, Option<u32>)> =
            self.roots(kinds).map(|root| (root, None)).collect();
        let mut next = 0;
        while let Some(&(node, _)) = order.get(next) {
            next += 1;
            let children = successors(self.first_child(node), |&child| self.next_sibling(child));
            order.extend(children.map(|child| (child, Some(node))));
        }
        for (node, base) in order.into_iter().rev() {
            if self.is_wanted(node) && wanted.contains(self.number(node)) {
                needed.insert(self.first + node);
            }
            if let Some(base) = base
                && needed.contains(self.first + node)
            {
                needed.insert(self.first + base);
            }
        }
    }

    /// The kind bits of all objects, by position in the index.
    pub(super) fn kinds(&self) -> impl Iterator<Item = (u32, u8)> {
        let forest = &self.forest;
        forest
            .position
            .iter()
            .copied()
            .zip(forest.flags.iter().map(|flags| flags & kind::ALL))
    }
}

impl Forest {
    /// Gives kind and weight of the roots, which `order` holds, to all that rests on them, and appends that to `order`.
    fn spread(&mut self, order: &mut Vec<u32>) {
        let mut next = 0;
        while let Some(&node) = order.get(next) {
            next += 1;
            let kind = self.flags[node as usize] & kind::ALL;
            let mut child = self.first_child[node as usize];
            while child != NONE {
                self.flags[child as usize] |= kind;
                self.weight[child as usize] = self.weight[node as usize];
                order.push(child);
                child = self.next_sibling[child as usize];
            }
        }
    }

    /// Sums the weights up to the roots, notes what is needed, and moves the heaviest sibling to the end: whoever
    /// descends into the last one no longer holds the base, so that a branching costs memory only on the light side.
    fn gather(&mut self, order: &[u32], base_of: &[u32]) {
        for &node in order.iter().rev() {
            let at = node as usize;
            if self.flags[at] & TWICE == 0 {
                self.flags[at] |= NEEDED;
            }
            if let Some(base) = some(base_of[at]) {
                let sum = self.weight[base as usize].saturating_add(self.weight[at]);
                self.weight[base as usize] = sum;
                self.flags[base as usize] |= self.flags[at] & NEEDED;
            }
            self.heaviest_last(at);
        }
    }

    fn heaviest_last(&mut self, parent: usize) {
        let (mut before_best, mut best) = (NONE, self.first_child[parent]);
        let (mut previous, mut last) = (NONE, best);
        let mut child = best;
        while child != NONE {
            if self.weight[child as usize] >= self.weight[best as usize] {
                (before_best, best) = (previous, child);
            }
            (previous, last) = (child, child);
            child = self.next_sibling[child as usize];
        }
        if best == last {
            return;
        }
        let after = self.next_sibling[best as usize];
        match some(before_best) {
            Some(before) => self.next_sibling[before as usize] = after,
            None => self.first_child[parent] = after,
        }
        self.next_sibling[last as usize] = best;
        self.next_sibling[best as usize] = NONE;
    }
}

fn some(node: u32) -> Option<u32> {
    (node != NONE).then_some(node)
}

/// From positions by node to nodes by position.
fn invert(positions: &[u32]) -> Vec<u32> {
    let mut nodes = vec![0; positions.len()];
    for (node, &position) in (0..).zip(positions) {
        nodes[position as usize] = node;
    }
    nodes
}
