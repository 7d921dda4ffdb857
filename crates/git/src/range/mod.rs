//! What a range of commits added: a pull request, a push, the last weeks.
//!
//! ```text
//! base ──o──o──o main           commits of head that are not reachable from base: 1 2 3 M
//!         \     \
//!          1──2──M──3 head      of M only what neither 2 nor main has at the same path
//! ```
//!
//! For each commit, oldest first, its tree is compared with those of all its parents, and the blobs that none of them
//! has at that path are scanned: whole, and once for each path, however many commits put them there. What was only
//! renamed is no new content. The messages of the commits, and of annotated tags on the way to them, are scanned too.

use std::cell::{OnceCell, RefCell};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use gix::ObjectId;
use gix::bstr::BString;
use keysieve_engine::source::{Source, SourceError, VisitorBuilder};
use keysieve_engine::{Flow, Issue, IssueKind, Origin};

use crate::change::{
    Content, Diff, Earlier, Fault, Item, Objects, Old, Options, Place, Renames, blob_at,
    drop_moved, git_path, hand_out, note, system_path,
};
use crate::{Error, Opened};

mod commits;
mod heads;
mod table;

pub use commits::Selection;
pub(crate) use commits::Tips;
use table::Table;

/// What the paths of a range may take in memory, in bytes.
const MAX_COST: usize = 256 << 20;
/// Changes whose removed files are remembered.
const MAX_RENAMES: usize = 256;

/// What a range of commits added, as a source.
pub struct Range {
    objects: Objects,
    options: Options,
    /// Commits, oldest first, and after them trees that a reference names without a commit.
    changes: Vec<ObjectId>,
    /// How many of them are commits.
    commits: usize,
    tips: Tips,
    /// The trees of the heads: of the tips that are in the range, and what a reference names without a commit.
    heads: Vec<ObjectId>,
    added: OnceCell<Table>,
    /// What changes took away, as far as that was asked for.
    renames: RefCell<HashMap<u32, Renames>>,
}

impl std::fmt::Debug for Range {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Range")
            .field("commits", &self.commits)
            .finish_non_exhaustive()
    }
}

impl Range {
    /// Finds the commits that are selected; reads no tree yet.
    ///
    /// # Errors
    ///
    /// A revision names no commit, or the history cannot be read as far as it is needed. In a shallow clone that is
    /// [`crate::ErrorKind::Shallow`].
    pub fn new(opened: &Opened, selection: &Selection, options: Options) -> Result<Self, Error> {
        let tips = selection.resolve(opened)?;
        Self::of(opened, selection, tips, options)
    }

    /// The commits between `tips`, as `selection` bounds them.
    pub(crate) fn of(
        opened: &Opened,
        selection: &Selection,
        mut tips: Tips,
        options: Options,
    ) -> Result<Self, Error> {
        tips.settle();
        let commits = selection.commits(opened, &tips)?;
        let trees = tips.trees.iter().copied();
        let inside: HashSet<_> = commits.iter().collect();
        let tops = tips.commits.iter().filter(|id| inside.contains(id));
        let tops = tops.filter_map(|id| Some(opened.objects.commit(id).ok()?.tree));
        let mut heads: Vec<_> = tops.chain(trees.clone()).collect();
        heads.sort();
        heads.dedup();
        Ok(Self {
            heads,
            objects: opened.objects.clone(),
            options,
            commits: commits.len(),
            changes: commits.into_iter().chain(trees).collect(),
            tips,
            added: OnceCell::new(),
            renames: RefCell::default(),
        })
    }

    /// How many commits are in the range.
    pub fn commits(&self) -> usize {
        self.commits
    }
}

impl Source for Range {
    /// # Errors
    ///
    /// None: what cannot be read is an issue.
    fn walk(&self, visitors: &dyn VisitorBuilder) -> Result<(), SourceError> {
        let Some(table) = self.table(visitors) else {
            return Ok(());
        };
        let Tips { tags, blobs, .. } = &self.tips;
        let (rows, changes) = (&table.rows, &self.changes);
        let messages = changes[..self.commits]
            .iter()
            .map(|id| (Content::CommitMessage, *id));
        let tags = tags.iter().map(|id| (Content::TagMessage, *id));
        let blobs = blobs.iter().map(|id| (Content::Blob, *id));
        let pathless: Vec<_> = messages.chain(tags).chain(blobs).collect();
        let count = rows.len() + pathless.len();
        hand_out(&self.objects, &self.options, visitors, count, &|i| {
            let (content, id, origin) = match rows.get(i) {
                Some(row) => (Content::Blob, row.id, row.origin(changes, row.changes[0])),
                None => {
                    let (content, id) = pathless[i - rows.len()];
                    (content, id, Arc::new(content.origin(&id)))
                }
            };
            Item {
                content,
                id,
                origin,
            }
        });
        Ok(())
    }
}

impl Range {
    /// Compares each commit with its parents. `None` if the walk was stopped.
    fn table(&self, visitors: &dyn VisitorBuilder) -> Option<&Table> {
        if let Some(table) = self.added.get() {
            return Some(table);
        }
        let mut visitor = visitors.visitor();
        let mut table = Table::default();
        for (change, id) in (0u32..).zip(&self.changes) {
            if self.options.interrupt.load(Relaxed) {
                return None;
            }
            let diff = self.diff(change);
            if note(&diff.faults, diff.submodules, visitor.as_mut()) == Flow::Stop {
                return None;
            }
            for added in diff.added {
                table.add(added.path, added.id, change);
            }
            for (from, moved) in diff.moved {
                table.moves(from, moved);
            }
            if table.cost > MAX_COST {
                let message =
                    format!("too many files: those of commits after {id} are not scanned");
                if visitor.issue(Issue::general(IssueKind::Limit, message)) == Flow::Stop {
                    return None;
                }
                break;
            }
        }
        Some(self.added.get_or_init(|| table))
    }

    /// What a change has that none of its parents has, and what it moved.
    fn diff(&self, change: u32) -> Diff {
        let mut diff = Diff::default();
        match self.trees(change) {
            Ok((tree, parents)) => diff.compare(&self.objects, BString::default(), parents, tree),
            Err(fault) => diff.faults.push(fault),
        }
        drop_moved(&mut diff, &self.objects);
        diff
    }

    /// The tree of a change, and those of its parents.
    fn trees(&self, change: u32) -> Result<(ObjectId, Vec<ObjectId>), Fault> {
        let id = self.changes[change as usize];
        if change as usize >= self.commits {
            return Ok((id, Vec::new()));
        }
        let commit = self.objects.commit(&id)?;
        let parents = commit
            .parents
            .iter()
            .map(|id| Ok(self.objects.commit(id)?.tree));
        Ok((commit.tree, parents.collect::<Result<_, Fault>>()?))
    }

    /// What stood at a path before a change, or moved there with it.
    fn before(&self, change: u32, path: &BString, id: &ObjectId) -> Vec<Old> {
        let Ok((_, parents)) = self.trees(change) else {
            return Vec::new();
        };
        let same = parents
            .iter()
            .filter_map(|tree| blob_at(&self.objects, *tree, path));
        let same = same.map(|id| Old {
            path: system_path(path.as_ref()),
            id,
            moved_by: None,
        });
        let same: Vec<_> = same.collect();
        if !same.is_empty() {
            return same;
        }
        let mut renames = self.renames.borrow_mut();
        if renames.len() > MAX_RENAMES {
            renames.clear();
        }
        let renames = renames
            .entry(change)
            .or_insert_with(|| Renames::new(&self.objects, change, self.diff(change).removed));
        renames
            .source(&self.objects, path, id)
            .into_iter()
            .collect()
    }
}

impl Earlier for Range {
    fn places(&self, content: &Origin) -> Vec<Place> {
        let (Origin::Commit { path, blob, .. }, Some(table)) = (content, self.added.get()) else {
            return Vec::new();
        };
        let path = git_path(path);
        let Ok(id) = ObjectId::try_from(blob.as_bytes()) else {
            return Vec::new();
        };
        let Some(row) = table.find(&path, &id).map(|row| &table.rows[row]) else {
            return Vec::new();
        };
        let place = |change: &u32| Place {
            origin: row.origin(&self.changes, *change),
            before: self.before(*change, &path, &id),
        };
        row.changes.iter().map(place).collect()
    }

    fn content(&self, old: &Old) -> Option<Vec<u8>> {
        self.objects.whole_blob(&old.id)
    }
}
