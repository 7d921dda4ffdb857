//! Choosing a part of the history.

use keysieve_engine::ObjectId;

use super::{Graph, NONE};
use crate::bits::Bits;
use crate::refs::Refs;
use crate::store::Store;
use crate::store::kind::{self, Kind};

/// Which part of a history is walked. By default all that the object store holds, whether something refers to it or
/// not.
///
/// Any other choice is a set of commits: their texts, and the blobs that they brought, which are the ones that their
/// trees hold, but not the trees of the commits that they came after. Tags that point at them belong to them.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct Part {
    /// Only commits that these refs contain, named in full (`refs/heads/main`), as branches or tags, or as `HEAD`; an
    /// empty list is all refs.
    pub refs: Option<Vec<String>>,
    /// Only commits that these contain, too: with `refs` at `None` these only.
    pub commits: Vec<ObjectId>,
    /// No commit that these contain.
    pub without: Vec<ObjectId>,
    /// Only commits at or after this time, in seconds since 1970.
    pub since: Option<i64>,
    /// Only so many commits, the newest.
    pub max_commits: Option<usize>,
}

impl Part {
    /// Whether all objects are meant.
    pub(crate) fn is_everything(&self) -> bool {
        *self == Self::default()
    }
}

impl Graph {
    /// The numbers of what is selected. The error names a ref or a commit that is not there.
    pub(crate) fn select(
        &self,
        selection: &Part,
        refs: &Refs,
        store: &Store,
    ) -> Result<Bits, String> {
        let mut tips = Vec::new();
        if let Some(names) = &selection.refs {
            for tip in &refs.tips {
                if names.is_empty() || names.iter().any(|name| tip.is_called(name)) {
                    tips.extend(store.number(tip.target.as_bytes()));
                }
            }
            let unknown = |name: &&String| !refs.tips.iter().any(|tip| tip.is_called(name));
            if let Some(name) = names.iter().find(unknown) {
                return Err(format!("there is no ref {name:?}"));
            }
        }
        let number = |id: &ObjectId| {
            store
                .number(id.as_bytes())
                .ok_or_else(|| format!("the object {id} is not there"))
        };
        for id in &selection.commits {
            tips.push(number(id)?);
        }
        let mut without = Vec::new();
        for id in &selection.without {
            without.extend(self.rank(self.peel(number(id)?), store));
        }
        let from_all = selection.refs.is_none() && selection.commits.is_empty();
        let mut ranks: Vec<u32> = if from_all {
            (0..self.commits.len() as u32).collect()
        } else {
            tips.iter()
                .filter_map(|&tip| self.rank(self.peel(tip), store))
                .collect()
        };
        let mut hidden = Bits::new(self.commits.len());
        let mut chosen = Bits::new(self.commits.len());
        self.ancestors(&mut without, &mut hidden, |_| true);
        let is_new = |rank: u32| !hidden.contains(rank);
        self.ancestors(&mut ranks, &mut chosen, is_new);
        let mut commits: Vec<u32> = (0..self.commits.len() as u32)
            .filter(|&rank| chosen.contains(rank))
            .collect();
        if let Some(since) = selection.since {
            commits.retain(|&rank| self.commits[rank as usize].time >= since);
        }
        if let Some(most) = selection.max_commits {
            commits.drain(..commits.len().saturating_sub(most));
        }
        Ok(self.objects_of(&commits, &tips, store))
    }

    /// Adds `ranks` and all commits that they come after to `found`, as far as `goes_on` says so.
    pub(super) fn ancestors(
        &self,
        ranks: &mut Vec<u32>,
        found: &mut Bits,
        goes_on: impl Fn(u32) -> bool,
    ) {
        while let Some(rank) = ranks.pop() {
            if goes_on(rank) && found.insert(rank) {
                ranks.extend_from_slice(self.parents(rank));
            }
        }
    }

    /// The commits of these ranks, what they brought, and the tags that point at them.
    fn objects_of(&self, commits: &[u32], tips: &[u32], store: &Store) -> Bits {
        let mut chosen = Bits::new(self.commits.len());
        for &rank in commits {
            chosen.insert(rank);
        }
        let mut old = Bits::new(store.len());
        let mut edge = Bits::new(self.commits.len());
        for &rank in commits {
            for &parent in self.parents(rank) {
                if !chosen.contains(parent) && edge.insert(parent) {
                    self.mark_tree(self.commits[parent as usize].tree, &mut old, None, store);
                }
            }
        }
        let mut new = Bits::new(store.len());
        for &rank in commits {
            let commit = &self.commits[rank as usize];
            new.insert(commit.number);
            self.mark_tree(commit.tree, &mut new, Some(&old), store);
        }
        for &(tag, _) in &self.tags {
            let target = self.peel(tag);
            if new.contains(target) {
                new.insert(tag);
            }
        }
        // A ref or a tag may also point at a tree or a blob.
        for &tip in tips {
            let target = self.peel(tip);
            if store
                .kind(target)
                .is_some_and(|kind| kind as u8 & (kind::ALL ^ Kind::Commit as u8) != 0)
            {
                new.insert(tip);
                self.mark_tree(target, &mut new, None, store);
            }
        }
        new
    }

    /// Adds an object and all that it holds, but not what is in `except`.
    fn mark_tree(&self, root: u32, found: &mut Bits, except: Option<&Bits>, store: &Store) {
        if root == NONE {
            return;
        }
        let mut stack = vec![root];
        while let Some(object) = stack.pop() {
            if except.is_none_or(|except| !except.contains(object)) && found.insert(object) {
                stack.extend_from_slice(self.children(object, store));
            }
        }
    }
}
