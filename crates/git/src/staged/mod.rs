//! What the next commit adds: git's index against `HEAD`.
//!
//! Blobs are read by their ids from the index, never from the work tree: with `git add --patch` the file is not what is
//! committed. So
//!
//! * a file that only moved, or only changed its mode, adds nothing;
//! * a symbolic link's target is scanned, as the text that is committed;
//! * a submodule is passed over and counted: its content is in another repository;
//! * what is only announced (`git add --intent-to-add`) has no content yet;
//! * of a conflict all stages are scanned;
//! * a file that a filter encrypts is scanned as it is committed, encrypted;
//! * in a merge, what a merged commit has at a path is not added by the merge.
//!
//! `git commit --amend` replaces `HEAD`: what `HEAD` added itself is not new against it.

use std::cell::OnceCell;
use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use gix::ObjectId;
use gix::bstr::{BString, ByteSlice as _};
use keysieve_engine::source::{Source, SourceError, VisitorBuilder};
use keysieve_engine::{Flow, Origin};

use crate::change::{
    Added, Content, Diff, Earlier, Item, Objects, Old, Options, Place, Renames, blob_at,
    drop_moved, file_at, git_path, hand_out, note, system_path,
};
use crate::{Error, Fate, Newest, Opened, name};

mod index;

/// What the index of a repository has and its `HEAD` has not, as a source.
pub struct Staged {
    objects: Objects,
    options: Options,
    /// The trees of the next commit's parents.
    parents: Vec<ObjectId>,
    diff: Diff,
    renames: OnceCell<Renames>,
    /// `None` where nothing was ever staged.
    index: Option<index::Index>,
}

impl std::fmt::Debug for Staged {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Staged")
            .field("added", &self.diff.added.len())
            .finish_non_exhaustive()
    }
}

impl Staged {
    /// Compares the index with `HEAD` and, in a merge, with the merged commits.
    ///
    /// # Errors
    ///
    /// The index or `HEAD` cannot be read. A repository without an index has nothing staged.
    pub fn new(opened: &Opened, options: Options) -> Result<Self, Error> {
        let objects = opened.objects.clone();
        let head = opened.head_tree()?;
        let merged = opened.merged_trees()?;
        let mut diff = Diff::default();
        let index = index::read(&opened.index_file, objects.hash())?;
        if let Some(index) = &index {
            diff = index::compare(index, head, &objects);
            for tree in &merged {
                let beside = index::compare(index, Some(*tree), &objects).added;
                let beside: HashSet<_> = beside.into_iter().map(|new| (new.path, new.id)).collect();
                let is_new = |new: &Added| beside.contains(&(new.path.clone(), new.id));
                diff.added.retain(is_new);
            }
        }
        drop_moved(&mut diff, &objects);
        Ok(Self {
            objects,
            options,
            parents: head.into_iter().chain(merged).collect(),
            diff,
            renames: OnceCell::new(),
            index,
        })
    }
}

fn origin(added: &Added) -> Arc<Origin> {
    Arc::new(Origin::Staged {
        path: system_path(added.path.as_ref()),
        blob: name(&added.id),
    })
}

impl Source for Staged {
    /// # Errors
    ///
    /// None.
    fn walk(&self, visitors: &dyn VisitorBuilder) -> Result<(), SourceError> {
        if note(
            &self.diff.faults,
            self.diff.submodules,
            visitors.visitor().as_mut(),
        ) == Flow::Stop
        {
            return Ok(());
        }
        let added = &self.diff.added;
        hand_out(&self.objects, &self.options, visitors, added.len(), &|i| {
            Item {
                content: Content::Blob,
                id: added[i].id,
                origin: origin(&added[i]),
            }
        });
        Ok(())
    }
}

impl Newest for Staged {
    fn fate(&self, _: usize, path: &Path) -> Fate {
        let git_path = git_path(path);
        let mut parents = self.parents.iter();
        let had = parents.any(|tree| blob_at(&self.objects, *tree, &git_path).is_some());
        match self.diff.moved.get(&git_path) {
            _ if !had || self.has(&git_path) => Fate::Stays,
            Some(moved) => Fate::Moved(system_path(moved.to.as_ref())),
            None => Fate::Gone,
        }
    }
}

impl Staged {
    /// Whether the index has a file at `path`.
    fn has(&self, path: &BString) -> bool {
        let Some(index) = &self.index else {
            return false;
        };
        match index.entry_index_by_path(path.as_ref()) {
            Ok(_) => true,
            // A folder that a sparse index has not spread out sorts before what lies in it.
            Err(after) => index.entries()[..after].last().is_some_and(|before| {
                let folder = before.path(index);
                before.mode == index::FOLDER
                    && path.strip_prefix(folder.as_bytes()).is_some_and(|below| {
                        file_at(&self.objects, before.id, below).map_or(true, |id| id.is_some())
                    })
            }),
        }
    }
}

impl Earlier for Staged {
    fn places(&self, content: &Origin) -> Vec<Place> {
        let Origin::Staged { path, blob } = content else {
            return Vec::new();
        };
        let Ok(id) = ObjectId::try_from(blob.as_bytes()) else {
            return Vec::new();
        };
        vec![Place {
            origin: Arc::new(content.clone()),
            before: self.before(path, &git_path(path), &id),
        }]
    }

    fn content(&self, old: &Old) -> Option<Vec<u8>> {
        self.objects.whole_blob(&old.id)
    }
}

impl Staged {
    /// What the parents have at the path, or else what moved there.
    fn before(&self, path: &Path, git_path: &BString, id: &ObjectId) -> Vec<Old> {
        let at = |tree: &ObjectId| blob_at(&self.objects, *tree, git_path);
        let same = self.parents.iter().filter_map(at).map(|id| Old {
            path: path.to_owned(),
            id,
            moved_by: None,
        });
        let same: Vec<_> = same.collect();
        if same.is_empty() {
            let removed = || Renames::new(&self.objects, 0, self.diff.removed.clone());
            let renames = self.renames.get_or_init(removed);
            let moved = renames.source(&self.objects, git_path, id);
            moved.into_iter().collect()
        } else {
            same
        }
    }
}
