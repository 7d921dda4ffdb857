//! What commits and trees say: who brought a content, and where it stood.
//!
//! ```text
//! commits    in order of time, parents before children: the rank of a commit is its place here
//! trees      [count, child, child, ...] in one list for each thread that read them; children are object numbers
//! objects    by number: the rank of the first commit, the folder there, the name there
//! folders    (folder above, name): all paths of trees, each once
//! ```
//!
//! Kept is 4 bytes for each entry of each tree, and some 30 for each object.

use std::path::PathBuf;

use keysieve_engine::{MessageOf, ObjectId, Origin};

use self::folders::Folders;
use self::names::{NameHash, Names};
use crate::bits::Bits;
use crate::store::Store;
use crate::store::kind::Kind;

mod attribute;
mod build;
mod changes;
mod folders;
mod names;
mod order;
mod parse;
mod select;

pub(crate) use attribute::Attributing;
pub use attribute::{Attribution, CommitInfo, Reach};
pub(crate) use build::Build;
pub use changes::Changed;
pub(crate) use changes::Changes;
pub use parse::Person;
pub(crate) use parse::author_and_subject;
#[cfg(any(test, feature = "fuzz"))]
pub(crate) use parse::parse_all;
pub use select::Part;

/// No commit, tree or folder.
const NONE: u32 = u32::MAX;

/// The commits and trees of an object store.
pub(crate) struct Graph {
    /// By rank.
    commits: Vec<Commit>,
    /// Ranks of parents; each commit has a part of it.
    parents: Vec<u32>,
    trees: Vec<Tree>,
    links: Vec<Vec<u32>>,
    /// By number: the rank of a commit, or the place in `trees`.
    slot: Vec<u32>,
    /// Tags and what they point at, sorted.
    tags: Vec<(u32, u32)>,
    /// By number: the name that the object was met under first while reading; 0 for none.
    name: Vec<NameHash>,
    /// Entries that name an object otherwise: (tree, object, name), sorted. Where a tree does both, both are here.
    other_names: Vec<(u32, u32, NameHash)>,
    /// The objects of `other_names`.
    renamed: Bits,
    names: Names,
    /// By number: the rank of the first commit that holds the object.
    first: Vec<u32>,
    /// By number: the folder of a blob where it was first, the folder that a tree was first.
    folder: Vec<u32>,
    /// The name of an object where it was first, for those that are renamed.
    first_name: std::collections::HashMap<u32, NameHash>,
    /// What stood at more than one path.
    moved: Bits,
    folders: Folders,
}

struct Commit {
    number: u32,
    /// The number of its tree, [`NONE`] where that is not there.
    tree: u32,
    time: i64,
    /// Where its parents begin and end in [`Graph::parents`].
    parents: (u32, u32),
}

/// Where the children of a tree are.
struct Tree {
    list: u32,
    start: u32,
}

impl Graph {
    fn parents(&self, rank: u32) -> &[u32] {
        let (start, end) = self.commits[rank as usize].parents;
        &self.parents[start as usize..end as usize]
    }

    /// The children of a tree, empty for what is no tree that was read.
    fn children(&self, number: u32, store: &Store) -> &[u32] {
        if store.kind(number) != Some(Kind::Tree) {
            return &[];
        }
        self.tree(number)
    }

    fn tree(&self, number: u32) -> &[u32] {
        let slot = self.slot[number as usize];
        let Some(tree) = self.trees.get(slot as usize) else {
            return &[];
        };
        let list = &self.links[tree.list as usize][tree.start as usize..];
        &list[1..=list[0] as usize]
    }

    /// The rank of the commit of this number.
    fn rank(&self, number: u32, store: &Store) -> Option<u32> {
        let slot = self.slot[number as usize];
        (store.kind(number) == Some(Kind::Commit) && slot != NONE).then_some(slot)
    }

    /// What a tag points at in the end, through other tags.
    fn peel(&self, mut number: u32) -> u32 {
        for _ in 0..64 {
            match self.tags.binary_search_by_key(&number, |tag| tag.0) {
                Ok(at) => number = self.tags[at].1,
                Err(_) => break,
            }
        }
        number
    }

    /// Puts the names that the tree `tree` gives to its entry `child` into `names`, sorted by their text: their hashes
    /// are of another order in each run.
    fn names_in(&self, tree: u32, child: u32, names: &mut Vec<NameHash>) {
        names.clear();
        if self.renamed.contains(child) {
            let of = |other: &(u32, u32, NameHash)| (other.0, other.1);
            let start = self
                .other_names
                .partition_point(|other| of(other) < (tree, child));
            let others = self.other_names[start..].iter();
            let others = others.take_while(|other| of(other) == (tree, child));
            names.extend(others.map(|other| other.2));
            names.sort_by_key(|name| self.names.get(name));
        }
        if names.is_empty() {
            names.push(self.name[child as usize]);
        }
    }

    /// Where an object stood first.
    fn first_path(&self, number: u32) -> Option<PathBuf> {
        let folder = self.folder[number as usize];
        if folder == NONE {
            return None;
        }
        let name = self
            .first_name
            .get(&number)
            .unwrap_or(&self.name[number as usize]);
        Some(self.folders.path(folder, *name, &self.names))
    }

    /// What findings and issues in this object say of their place.
    pub(crate) fn origin(&self, number: u32, store: &Store) -> Option<Origin> {
        let id = ObjectId::new(store.id(number))?;
        Some(match store.kind(number) {
            Some(Kind::Commit) => Origin::Message {
                of: MessageOf::Commit,
                id,
            },
            Some(Kind::Tag) => Origin::Message {
                of: MessageOf::Tag,
                id,
            },
            _ => Origin::Blob {
                id,
                path: self.first_path(number),
                moved: self.moved.contains(number),
            },
        })
    }
}
