//! What each commit changes: the blobs that it has where its parent has something else, or nothing.
//!
//! Trees are compared as lists of objects, so that nothing is read again: what both have is passed over, and names are
//! only looked at of what is left.

use std::collections::HashMap;

use keysieve_engine::ObjectId;

use super::names::{Identity, NameHash};
use super::{Graph, NONE};
use crate::bits::Bits;
use crate::store::Store;
use crate::store::kind::Kind;

/// What all comparisons together may look at, in entries of trees and bytes of paths: some hundred times what large
/// repositories have. A repository of some kB can hold a tree of more paths than there are atoms.
const MOST: u64 = 1 << 34;

/// A path at which a commit has something else than its parent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Changed<'a> {
    /// The commit; it is no merge.
    pub commit: ObjectId,
    /// The path from the top, as git keeps it.
    pub path: &'a [u8],
    /// What the parent has there, if that is a file.
    pub old: Option<ObjectId>,
    /// What the commit has there; `None` where a file or a folder is gone.
    pub new: Option<ObjectId>,
}

/// Compares trees.
pub(crate) struct Changes<'g> {
    graph: &'g Graph,
    store: &'g Store,
    /// By object: the last comparison in which the old tree held it.
    before: Vec<u32>,
    /// The same of the new tree.
    now: Vec<u32>,
    /// How many comparisons there were.
    count: u32,
    /// What was looked at.
    cost: u64,
}

/// Gets path, old object and new object of an entry.
type Entry<'f> = dyn FnMut(&[u8], Option<u32>, Option<u32>) + 'f;

/// With the number of a comparison: what stands so is done.
const DONE: u32 = 1 << 31;

/// One of two trees.
#[derive(Clone, Copy)]
enum Side {
    Old,
    New,
}

/// Two trees at one path.
struct Folder {
    old: Option<u32>,
    new: u32,
    /// With a slash at its end; empty for the top.
    path: Vec<u8>,
}

impl<'g> Changes<'g> {
    pub(crate) fn new(graph: &'g Graph, store: &'g Store) -> Self {
        Self {
            graph,
            store,
            before: vec![0; store.len()],
            now: vec![0; store.len()],
            count: 0,
            cost: 0,
        }
    }

    /// Tells of the changes of all commits that `tips` contain, the newest first, but not of merges. `None` if a tip is
    /// no commit of the store, or all is more than can be looked at.
    pub(crate) fn all(
        &mut self,
        tips: &[ObjectId],
        each: &mut dyn FnMut(&Changed<'_>),
    ) -> Option<()> {
        let graph = self.graph;
        let tips = tips.iter().map(|id| {
            let number = self.store.number(id.as_bytes())?;
            graph.rank(graph.peel(number), self.store)
        });
        let mut tips: Vec<u32> = tips.collect::<Option<_>>()?;
        let mut chosen = Bits::new(graph.commits.len());
        graph.ancestors(&mut tips, &mut chosen, |_| true);
        for rank in (0..graph.commits.len() as u32).rev() {
            if chosen.contains(rank) {
                self.of_commit(rank, each)?;
            }
        }
        Some(())
    }

    fn of_commit(&mut self, rank: u32, each: &mut dyn FnMut(&Changed<'_>)) -> Option<()> {
        let graph = self.graph;
        let commit = &graph.commits[rank as usize];
        let old = match graph.parents(rank) {
            [] => None,
            [parent] => Some(graph.commits[*parent as usize].tree),
            _ => return Some(()),
        };
        let id = ObjectId::new(self.store.id(commit.number))?;
        let mut folders = vec![Folder {
            old: old.filter(|&tree| tree != NONE),
            new: commit.tree,
            path: Vec::new(),
        }];
        while let Some(folder) = folders.pop() {
            if folder.new == NONE || folder.old == Some(folder.new) {
                continue;
            }
            self.folder(&folder, &mut |path, old, new| {
                let is_tree = |object: &u32| self.store.kind(*object) == Some(Kind::Tree);
                let file = |object: Option<u32>| {
                    let file = object.filter(|object| !is_tree(object))?;
                    ObjectId::new(self.store.id(file))
                };
                let mut tell = |new| {
                    let (commit, old) = (id, file(old));
                    each(&Changed {
                        commit,
                        path,
                        old,
                        new,
                    });
                };
                if file(new).is_some() {
                    tell(file(new));
                }
                if old.is_some_and(|old| new.is_none_or(|new| is_tree(&old) != is_tree(&new))) {
                    tell(None);
                }
                if let Some(new) = new.filter(is_tree) {
                    let old = old.filter(is_tree);
                    let path = [path, b"/"].concat();
                    folders.push(Folder { old, new, path });
                }
            })?;
        }
        Some(())
    }

    /// Tells of the entries of a folder that are not the same in its two trees: path, old object, new object.
    fn folder(&mut self, folder: &Folder, each: &mut Entry<'_>) -> Option<()> {
        let (graph, store) = (self.graph, self.store);
        let old = folder
            .old
            .map_or(&[][..], |tree| graph.children(tree, store));
        let new = graph.children(folder.new, store);
        self.cost += (old.len() + new.len() + folder.path.len()) as u64;
        self.count += 1;
        if self.cost > MOST || self.count >= DONE {
            return None;
        }
        for &child in old {
            self.before[child as usize] = self.count;
        }
        for &child in new {
            self.now[child as usize] = self.count;
        }
        let only_new = self.only_in(new, folder.new, Side::New, folder.old);
        let only_old = folder.old.map_or_else(Vec::new, |tree| {
            self.only_in(old, tree, Side::Old, Some(folder.new))
        });
        let mut path = folder.path.clone();
        let mut tell = |name, old, new| {
            path.truncate(folder.path.len());
            path.extend_from_slice(graph.names.get(&name).map_or(&b"?"[..], |text| text));
            each(&path, old, new);
        };
        let by_name = |entries: &[(NameHash, u32)]| -> HashMap<NameHash, u32, Identity> {
            entries.iter().copied().collect()
        };
        let (before, now) = (by_name(&only_old), by_name(&only_new));
        for (name, child) in only_new {
            tell(name, before.get(&name).copied(), Some(child));
        }
        for (name, child) in only_old {
            if !now.contains_key(&name) {
                tell(name, Some(child), None);
            }
        }
        Some(())
    }

    /// The entries of a tree that the other one does not have under their names.
    fn only_in(
        &mut self,
        children: &[u32],
        tree: u32,
        side: Side,
        other: Option<u32>,
    ) -> Vec<(NameHash, u32)> {
        let graph = self.graph;
        let (mut names, mut other_names, mut only) = (Vec::new(), Vec::new(), Vec::new());
        for &child in children {
            let (own, others) = match side {
                Side::Old => (&mut self.before, &self.now),
                Side::New => (&mut self.now, &self.before),
            };
            let stays = others[child as usize] & !DONE == self.count;
            if stays && !graph.renamed.contains(child) {
                continue;
            }
            // An object under several names is met once for each of them.
            if own[child as usize] & DONE != 0 {
                continue;
            }
            own[child as usize] |= DONE;
            graph.names_in(tree, child, &mut names);
            other_names.clear();
            if let Some(other) = other.filter(|_| stays) {
                graph.names_in(other, child, &mut other_names);
            }
            let own_only = names.iter().filter(|name| !other_names.contains(name));
            only.extend(own_only.map(|&name| (name, child)));
        }
        only
    }
}
