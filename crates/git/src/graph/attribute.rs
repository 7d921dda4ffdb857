//! Saying of found objects who brought them, who removed them, and what still refers to them.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

use keysieve_engine::ObjectId;

use super::folders::Folders;
use super::names::NameHash;
use super::parse::{self, Person};
use super::{Graph, NONE};
use crate::bits::Bits;
use crate::refs::Refs;
use crate::store::kind::Kind;
use crate::store::{Reader, Store};

/// Paths that are told of one object; also refs.
const MOST: usize = 32;
/// Objects that are looked at in one go: one bit each.
const BATCH: usize = 64;

/// What the history says of one object.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Attribution {
    /// The object.
    pub id: ObjectId,
    /// The paths that it stood at, sorted. Empty for commits, tags, and what no tree holds.
    pub paths: Vec<PathBuf>,
    /// Whether there are more paths than these.
    pub has_more_paths: bool,
    /// The first commit that holds it, by time. For the text of a commit the commit itself.
    pub introduced: Option<CommitInfo>,
    /// The last commit without it whose parent had it; of those in the history of `HEAD` if it was ever there. `None`
    /// while `HEAD` has it.
    pub removed: Option<CommitInfo>,
    /// The last commit that holds it.
    pub last: Option<CommitInfo>,
    /// Whether the commit of `HEAD` holds it. For the text of a commit, whether `HEAD` is that commit.
    pub in_head: bool,
    /// The refs whose history has it, `HEAD` first, then by name.
    pub refs: Vec<String>,
    /// How many more there are.
    pub more_refs: usize,
    /// Why it is still in the object store.
    pub reach: Reach,
}

/// What keeps an object.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reach {
    /// A ref contains it: whoever fetches that has it.
    Ref,
    /// Only a reflog remembers a commit that contains it: it is on this machine, and git will drop it in time.
    Reflog,
    /// Nothing refers to this commit, which holds it.
    Unreachable(ObjectId),
    /// No commit holds it, but it is staged, here or in a worktree.
    Staged,
    /// Nothing holds it.
    Dangling,
}

/// A commit, for people.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CommitInfo {
    /// Its id.
    pub id: ObjectId,
    /// Who wrote it, and when.
    pub author: Person,
    /// The first line of its message.
    pub subject: String,
}

/// Attributes objects of one store.
pub(crate) struct Attributing<'g> {
    pub(crate) graph: &'g Graph,
    pub(crate) store: &'g Store,
    pub(crate) refs: &'g Refs,
}

/// Trees that hold one of the objects.
struct Holders {
    /// Children before what holds them.
    order: Vec<u32>,
    holds: Bits,
}

/// What is the same for all objects.
struct Known<'r> {
    /// Refs with what they point at: the number of the object itself, and the rank of the commit in the end.
    tips: Vec<(&'r str, u32, Option<u32>)>,
    /// The ranks that reflogs remember.
    logged: Vec<u32>,
    head: Option<u32>,
    /// The ranks that the commit of `HEAD` contains, itself among them.
    in_head: Bits,
}

/// All paths of an object, as folder and name.
type Paths = (Vec<(u32, NameHash)>, bool);

impl Attributing<'_> {
    /// One attribution for each id, in this order. Ids that are not in the store are dangling.
    pub(crate) fn attribute(&self, ids: &[ObjectId]) -> Vec<Attribution> {
        if ids.is_empty() {
            return Vec::new();
        }
        let numbers: Vec<Option<u32>> = ids
            .iter()
            .map(|id| self.store.number(id.as_bytes()))
            .collect();
        let holders = self.holders(numbers.iter().flatten().copied());
        let (paths, folders) = self.paths(&holders, numbers.iter().flatten().copied());
        let head = self.refs.head.and_then(|id| self.rank_of(id.as_bytes()));
        let mut in_head = Bits::new(self.graph.commits.len());
        self.graph
            .ancestors(&mut head.into_iter().collect(), &mut in_head, |_| true);
        let known = Known {
            tips: self.tips(),
            logged: self
                .refs
                .logged
                .iter()
                .filter_map(|id| self.rank_of(id.as_bytes()))
                .collect(),
            head,
            in_head,
        };
        let mut reader = Reader::new(self.store);
        let mut masks = vec![0u64; self.store.len()];
        let mut attributions = Vec::with_capacity(ids.len());
        for (ids, numbers) in ids.chunks(BATCH).zip(numbers.chunks(BATCH)) {
            masks.fill(0);
            for (bit, number) in numbers.iter().enumerate() {
                if let Some(number) = number {
                    masks[*number as usize] |= 1 << bit;
                }
            }
            let batch = Batch::new(self, &holders, &mut masks);
            for (bit, (&id, number)) in ids.iter().zip(numbers).enumerate() {
                let mut attribution = batch.attribution(self, id, 1 << bit, &known, &mut reader);
                if let Some((places, has_more)) = number.and_then(|number| paths.get(&number)) {
                    let path =
                        |place: &(u32, NameHash)| folders.path(place.0, place.1, &self.graph.names);
                    attribution.paths = places.iter().map(path).collect();
                    attribution.paths.sort();
                    attribution.paths.dedup();
                    attribution.has_more_paths = *has_more;
                }
                attributions.push(attribution);
            }
        }
        attributions
    }

    fn rank_of(&self, id: &[u8]) -> Option<u32> {
        let number = self.graph.peel(self.store.number(id)?);
        self.graph.rank(number, self.store)
    }

    fn tips(&self) -> Vec<(&str, u32, Option<u32>)> {
        let tip = |tip: &'_ crate::refs::Tip| {
            let number = self.store.number(tip.target.as_bytes())?;
            Some((number, self.graph.rank(self.graph.peel(number), self.store)))
        };
        self.refs
            .tips
            .iter()
            .filter_map(|t| tip(t).map(|(number, rank)| (&*t.name, number, rank)))
            .collect()
    }

    /// Finds the trees that hold one of the objects, at any depth.
    fn holders(&self, objects: impl Iterator<Item = u32>) -> Holders {
        let (graph, store) = (self.graph, self.store);
        let mut holds = Bits::new(store.len());
        for object in objects {
            holds.insert(object);
        }
        let mut order = Vec::new();
        let mut seen = Bits::new(store.len());
        let mut stack: Vec<(u32, usize)> = Vec::new();
        for root in 0..store.len() as u32 {
            if store.kind(root) != Some(Kind::Tree) || !seen.insert(root) {
                continue;
            }
            stack.push((root, 0));
            while let Some((tree, next)) = stack.last_mut() {
                let (tree, children) = (*tree, graph.tree(*tree));
                if let Some(&child) = children.get(*next) {
                    *next += 1;
                    if store.kind(child) == Some(Kind::Tree) && seen.insert(child) {
                        stack.push((child, 0));
                    }
                    continue;
                }
                stack.pop();
                if children.iter().any(|&child| holds.contains(child)) {
                    holds.insert(tree);
                    order.push(tree);
                }
            }
        }
        Holders { order, holds }
    }

    /// All paths of the objects, with the folders that they lie in.
    fn paths(
        &self,
        holders: &Holders,
        objects: impl Iterator<Item = u32>,
    ) -> (HashMap<u32, Paths>, Folders) {
        let graph = self.graph;
        let mut folders = Folders::new();
        let mut of_trees: HashMap<u32, Vec<u32>> = HashMap::new();
        let mut paths: HashMap<u32, Paths> =
            objects.map(|object| (object, Paths::default())).collect();
        let mut cut = Bits::new(self.store.len());
        let mut is_root = Bits::new(self.store.len());
        for commit in graph.commits.iter().filter(|commit| commit.tree != NONE) {
            is_root.insert(commit.tree);
        }
        let (mut done, mut names) = (HashSet::new(), Vec::new());
        for &tree in holders.order.iter().rev() {
            let mut own = of_trees.remove(&tree).unwrap_or_default();
            // A tree that stands nowhere is the top of what was lost.
            if (is_root.contains(tree) || own.is_empty()) && !own.contains(&Folders::TOP) {
                own.push(Folders::TOP);
            }
            done.clear();
            for &child in graph.tree(tree) {
                if !holders.holds.contains(child) || !done.insert(child) {
                    continue;
                }
                let is_tree = self.store.kind(child) == Some(Kind::Tree);
                graph.names_in(tree, child, &mut names);
                for &name in &names {
                    for &above in &own {
                        if let Some((places, has_more)) = paths.get_mut(&child) {
                            *has_more |= cut.contains(tree);
                            if places.contains(&(above, name)) {
                            } else if places.len() < MOST {
                                places.push((above, name));
                            } else {
                                *has_more = true;
                            }
                        }
                        if is_tree {
                            let folder = folders.enter(above, name);
                            let known = of_trees.entry(child).or_default();
                            if known.contains(&folder) {
                            } else if known.len() < MOST {
                                known.push(folder);
                            } else {
                                cut.insert(child);
                            }
                        }
                    }
                }
            }
        }
        (paths, folders)
    }

    fn info(&self, rank: u32, reader: &mut Reader<'_>) -> Option<CommitInfo> {
        let number = self.graph.commits[rank as usize].number;
        let (_, text) = reader.read(number).ok()?;
        let (author, subject) = parse::author_and_subject(text);
        Some(CommitInfo {
            id: ObjectId::new(self.store.id(number))?,
            author,
            subject,
        })
    }
}

/// Up to 64 objects, one bit each.
struct Batch {
    /// By rank: which objects the commit holds.
    holds: Vec<u64>,
    /// By rank: which objects the commit or one that it comes after holds.
    contains: Vec<u64>,
    /// Which tags contain which objects.
    tags: HashMap<u32, u64>,
}

impl Batch {
    /// `masks` has the bits of the objects, and gets those of the trees.
    fn new(of: &Attributing<'_>, holders: &Holders, masks: &mut [u64]) -> Self {
        let graph = of.graph;
        for &tree in &holders.order {
            let own = masks[tree as usize];
            let of_children = graph
                .tree(tree)
                .iter()
                .fold(own, |mask, &child| mask | masks[child as usize]);
            masks[tree as usize] = of_children;
        }
        let mut holds = Vec::with_capacity(graph.commits.len());
        let mut contains: Vec<u64> = Vec::with_capacity(graph.commits.len());
        for (rank, commit) in (0..).zip(&graph.commits) {
            let tree = if commit.tree == NONE {
                0
            } else {
                masks[commit.tree as usize]
            };
            let own = masks[commit.number as usize] | tree;
            let before = graph
                .parents(rank)
                .iter()
                .fold(own, |mask, &parent| mask | contains[parent as usize]);
            holds.push(own);
            contains.push(before);
        }
        let mut tags = HashMap::new();
        for &(tag, target) in &graph.tags {
            // A tag of a tag contains it; a tag may also point at a tree or a blob.
            let mut mask = masks[tag as usize] | masks[target as usize];
            let mut at = target;
            for _ in 0..64 {
                let Ok(next) = graph.tags.binary_search_by_key(&at, |tag| tag.0) else {
                    break;
                };
                at = graph.tags[next].1;
                mask |= masks[at as usize];
            }
            tags.insert(tag, mask);
        }
        for (at, mask) in (0..).zip(masks.iter()) {
            if *mask != 0 && of.store.kind(at) != Some(Kind::Commit) {
                *tags.entry(at).or_default() |= mask; // a ref may point at a tree, a blob or a broken tag
            }
        }
        Self {
            holds,
            contains,
            tags,
        }
    }

    fn attribution(
        &self,
        of: &Attributing<'_>,
        id: ObjectId,
        bit: u64,
        known: &Known<'_>,
        reader: &mut Reader<'_>,
    ) -> Attribution {
        let graph = of.graph;
        let holds = |rank: &u32| self.holds[*rank as usize] & bit != 0;
        let ranks = 0..graph.commits.len() as u32;
        let introduced = ranks.clone().find(holds);
        let last = ranks.clone().rev().find(holds);
        let in_head = known.head.is_some_and(|head| holds(&head));
        let contains = |rank: u32| self.contains[rank as usize] & bit != 0;
        let removed = if in_head || introduced.is_none() {
            None
        } else {
            self.removed(graph, bit, known)
        };
        let mut refs: Vec<String> = Vec::new();
        let mut more_refs = 0;
        for &(name, number, rank) in &known.tips {
            let in_tag = self.tags.get(&number).is_some_and(|mask| mask & bit != 0);
            if in_tag || rank.is_some_and(contains) {
                if refs.len() < MOST {
                    refs.push(name.to_owned());
                } else {
                    more_refs += 1;
                }
            }
        }
        let reach = if !refs.is_empty() {
            Reach::Ref
        } else if known.logged.iter().any(|&rank| contains(rank)) {
            Reach::Reflog
        } else {
            let commit = introduced.and_then(|rank| {
                let number = graph.commits[rank as usize].number;
                ObjectId::new(of.store.id(number))
            });
            match commit {
                Some(commit) => Reach::Unreachable(commit),
                None if of.refs.is_staged(id.as_bytes()) => Reach::Staged,
                None => Reach::Dangling,
            }
        };
        let is_text = introduced
            .is_some_and(|rank| of.store.id(graph.commits[rank as usize].number) == id.as_bytes());
        Attribution {
            id,
            paths: Vec::new(),
            has_more_paths: false,
            introduced: introduced.and_then(|rank| of.info(rank, reader)),
            removed: if is_text {
                None
            } else {
                removed.and_then(|rank| of.info(rank, reader))
            },
            last: last.and_then(|rank| of.info(rank, reader)),
            in_head,
            refs,
            more_refs,
            reach,
        }
    }

    /// The last commit without the object whose parent had it. A merge counts only where there is no other in the
    /// history of `HEAD`: of its parents one may never have had it. If `HEAD` ever had it, only commits of its history count.
    fn removed(&self, graph: &Graph, bit: u64, known: &Known<'_>) -> Option<u32> {
        let head = known
            .head
            .filter(|&head| self.contains[head as usize] & bit != 0);
        let removes = |rank: &u32| {
            let before = graph.parents(*rank).iter();
            self.holds[*rank as usize] & bit == 0
                && before.fold(0, |mask, &parent| mask | self.holds[parent as usize]) & bit != 0
                && (head.is_none() || known.in_head.contains(*rank))
        };
        let ranks = 0..graph.commits.len() as u32;
        let is_plain = |rank: &u32| graph.parents(*rank).len() == 1;
        let plain = ranks
            .clone()
            .rev()
            .find(|rank| is_plain(rank) && removes(rank));
        plain.or_else(|| head.and_then(|_| ranks.rev().find(removes)))
    }
}
