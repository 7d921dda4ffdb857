//! Putting commits in order, and finding where each object was first.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use super::build::RawCommit;
use super::folders::Folders;
use super::names::{NameHash, Names};
use super::{Commit, Graph, NONE, Tree};
use crate::bits::Bits;
use crate::store::Store;
use crate::store::kind::Kind;

impl Graph {
    /// Makes the graph of what was read.
    pub(super) fn arrange(
        store: &Store,
        mut slot: Vec<u32>,
        trees: Vec<Tree>,
        links: Vec<Vec<u32>>,
        tags: Vec<(u32, u32)>,
        (name, other_names, names): (Vec<NameHash>, Vec<(u32, u32, NameHash)>, Names),
        raw: Vec<RawCommit>,
    ) -> Self {
        let (commits, parents) = rank(store, raw, &mut slot);
        let mut renamed = Bits::new(store.len());
        for &(_, child, _) in &other_names {
            renamed.insert(child);
        }
        let mut graph = Self {
            commits,
            parents,
            trees,
            links,
            slot,
            tags,
            name,
            other_names,
            renamed,
            names,
            first: vec![NONE; store.len()],
            folder: vec![NONE; store.len()],
            first_name: HashMap::new(),
            moved: Bits::new(store.len()),
            folders: Folders::new(),
        };
        graph.place_all(store);
        graph
    }

    /// Gives every object that a tree holds its first commit and its first path, and notes what has more paths. Each
    /// tree is visited once for its first place, and once more if it has another one: linear in all entries.
    fn place_all(&mut self, store: &Store) {
        for rank in 0..self.commits.len() as u32 {
            let tree = self.commits[rank as usize].tree;
            if tree != NONE {
                self.place(tree, rank, store);
            }
        }
        // Trees that no commit holds: those that stand in no other one are the top.
        let mut below = Bits::new(store.len());
        let dangling: Vec<u32> = (0..store.len() as u32)
            .filter(|&number| {
                self.folder[number as usize] == NONE && store.kind(number) == Some(Kind::Tree)
            })
            .collect();
        for &tree in &dangling {
            for &child in self.tree(tree) {
                below.insert(child);
            }
        }
        for tree in dangling {
            if !below.contains(tree) {
                self.place(tree, NONE, store);
            }
        }
    }

    /// The commit of this rank has `root` as its tree.
    fn place(&mut self, root: u32, rank: u32, store: &Store) {
        if self.folder[root as usize] != NONE {
            if self.folder[root as usize] != Folders::TOP {
                self.mark_moved(root, store);
            }
            return;
        }
        if store.kind(root) != Some(Kind::Tree) {
            return;
        }
        self.first[root as usize] = rank;
        self.folder[root as usize] = Folders::TOP;
        let mut stack = vec![root];
        let mut other_names = Vec::new();
        while let Some(tree) = stack.pop() {
            let above = self.folder[tree as usize];
            for at in 0..self.tree(tree).len() {
                let child = self.tree(tree)[at];
                // Nine of ten entries are as in another version of the tree, so the answer for them must be cheap.
                if self.moved.contains(child) && self.folder[child as usize] != NONE {
                    continue;
                }
                let is_tree = store.kind(child) == Some(Kind::Tree);
                if !self.renamed.contains(child) {
                    let name = self.name[child as usize];
                    if self.folder[child as usize] == NONE {
                        self.settle(child, rank, above, name, is_tree, &mut stack);
                    } else if !self.stands(child, above, name, is_tree) {
                        self.mark_moved(child, store);
                    }
                    continue;
                }
                self.names_in(tree, child, &mut other_names);
                for &name in &other_names {
                    if self.folder[child as usize] == NONE {
                        self.first_name.insert(child, name);
                        self.settle(child, rank, above, name, is_tree, &mut stack);
                    } else if !self.stands(child, above, name, is_tree) {
                        self.mark_moved(child, store);
                    }
                }
            }
        }
    }

    fn settle(
        &mut self,
        child: u32,
        rank: u32,
        above: u32,
        name: NameHash,
        is_tree: bool,
        stack: &mut Vec<u32>,
    ) {
        self.first[child as usize] = rank;
        if is_tree {
            self.folder[child as usize] = self.folders.enter(above, name);
            stack.push(child);
        } else {
            self.folder[child as usize] = above;
        }
    }

    /// Whether the first path of `child` is `name` in `above`.
    fn stands(&self, child: u32, above: u32, name: NameHash, is_tree: bool) -> bool {
        let folder = self.folder[child as usize];
        if is_tree {
            self.folders.is(folder, above, name)
        } else {
            folder == above
                && *self
                    .first_name
                    .get(&child)
                    .unwrap_or(&self.name[child as usize])
                    == name
        }
    }

    /// An object stands at a second path, and so does all that it holds.
    fn mark_moved(&mut self, object: u32, store: &Store) {
        if self.moved.contains(object) {
            return;
        }
        let mut stack = vec![object];
        while let Some(object) = stack.pop() {
            if self.moved.insert(object) {
                stack.extend_from_slice(self.children(object, store));
            }
        }
    }
}

/// Sorts commits by time, but parents before children, and notes their ranks in `slot`. Forged commits may form a
/// cycle: those come last, and have no parents among those that come after them.
fn rank(store: &Store, mut raw: Vec<RawCommit>, slot: &mut [u32]) -> (Vec<Commit>, Vec<u32>) {
    raw.sort_unstable_by_key(|commit| commit.number); // whatever thread read them
    for (at, commit) in (0..).zip(&raw) {
        slot[commit.number as usize] = at;
    }
    // Replaces numbers of objects by places in `raw`.
    for commit in &mut raw {
        commit.parents.retain_mut(|parent| {
            let at = slot[*parent as usize];
            let is_commit = store.kind(*parent) == Some(Kind::Commit) && at != NONE;
            *parent = at;
            is_commit
        });
    }
    let mut waits: Vec<u32> = raw
        .iter()
        .map(|commit| commit.parents.len() as u32)
        .collect();
    let mut starts = vec![0u32; raw.len() + 1];
    for &parent in raw.iter().flat_map(|commit| &commit.parents) {
        starts[parent as usize + 1] += 1;
    }
    for at in 0..raw.len() {
        starts[at + 1] += starts[at];
    }
    let mut ends = starts.clone();
    let mut children = vec![0u32; starts[raw.len()] as usize];
    for (at, commit) in (0..).zip(&raw) {
        for &parent in &commit.parents {
            children[ends[parent as usize] as usize] = at;
            ends[parent as usize] += 1;
        }
    }
    let mut ready: BinaryHeap<Reverse<(i64, u32)>> = (0..)
        .zip(&raw)
        .filter(|(_, commit)| commit.parents.is_empty())
        .map(|(at, commit)| Reverse((commit.time, at)))
        .collect();
    let mut order = Vec::with_capacity(raw.len());
    let mut rank_of = vec![NONE; raw.len()];
    let mut rest = 0..raw.len() as u32;
    loop {
        let next = match ready.pop() {
            Some(Reverse((_, at))) => Some(at),
            None => rest.find(|&at| rank_of[at as usize] == NONE),
        };
        let Some(at) = next else { break };
        if rank_of[at as usize] != NONE {
            continue; // of a cycle, and taken already
        }
        rank_of[at as usize] = order.len() as u32;
        order.push(at);
        for &child in &children[starts[at as usize] as usize..starts[at as usize + 1] as usize] {
            waits[child as usize] -= 1;
            if waits[child as usize] == 0 {
                ready.push(Reverse((raw[child as usize].time, child)));
            }
        }
    }
    let mut parents = Vec::with_capacity(children.len());
    let commits = (0..)
        .zip(order)
        .map(|(rank, at): (u32, u32)| {
            let commit = &raw[at as usize];
            slot[commit.number as usize] = rank;
            let start = parents.len() as u32;
            let ranks = commit
                .parents
                .iter()
                .map(|&parent| rank_of[parent as usize]);
            parents.extend(ranks.filter(|&parent| parent < rank));
            Commit {
                number: commit.number,
                tree: commit.tree,
                time: commit.time,
                parents: (start, parents.len() as u32),
            }
        })
        .collect();
    (commits, parents)
}
