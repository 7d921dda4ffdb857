//! What the heads of a range hold of what its commits did.

use std::path::Path;

use gix::ObjectId;
use gix::bstr::BString;
use keysieve_engine::Origin;

use super::Range;
use crate::change::{blob_at, file_at, git_path, system_path};
use crate::{Fate, Newest, Stand};

/// A range has one head, and a push as many as it has branches that bring something.
impl Newest for Range {
    fn heads(&self) -> usize {
        self.heads.len()
    }

    fn fate(&self, head: usize, path: &Path) -> Fate {
        let path = git_path(path);
        let (Some(tree), Some(table)) = (self.heads.get(head), self.added.get()) else {
            return Fate::Unseen;
        };
        match file_at(&self.objects, *tree, &path) {
            Ok(None) => {}
            Ok(Some(id)) if table.find(&path, &id).is_some() => return Fate::Stays,
            Ok(Some(_)) | Err(_) => return Fate::Unseen,
        }
        let tree_of = |id| self.objects.commit(id).ok().map(|commit| commit.tree);
        let before = self.tips.hidden.iter().filter_map(tree_of);
        let before = before.filter_map(|tree| blob_at(&self.objects, tree, &path));
        let mut before: Vec<_> = before.collect();
        before.sort();
        before.dedup();
        if before.is_empty() && !table.has(&path) {
            return Fate::Stays;
        }
        // What was scanned on the way is seen where it stands.
        let unseen = |id: &ObjectId| {
            let trail = table.trail(&path, id);
            let is_seen = trail.iter().any(|path| table.find(path, id).is_some());
            self.holds(*tree, &trail, id).filter(|_| !is_seen).cloned()
        };
        match before.iter().find_map(unseen) {
            Some(to) => Fate::Moved(system_path(to.as_ref())),
            None => Fate::Gone,
        }
    }

    fn stand(&self, head: usize, origin: &Origin) -> Stand {
        let (Some(tree), Some(table)) = (self.heads.get(head), self.added.get()) else {
            return Stand::Here;
        };
        let Origin::Commit { path, blob, .. } = origin else {
            return Stand::Here; // a message, or what a tag leads to: nothing changes that
        };
        let path = git_path(path);
        let Ok(id) = ObjectId::try_from(blob.as_bytes()) else {
            return Stand::Here;
        };
        match self.holds(*tree, &table.trail(&path, &id), &id) {
            Some(to) if *to == path => Stand::Here,
            Some(to) => Stand::At(system_path(to.as_ref())),
            None => Stand::Past,
        }
    }
}

impl Range {
    /// The first of `paths` at which a tree has the blob, or cannot be read.
    fn holds<'a>(
        &self,
        tree: ObjectId,
        paths: &[&'a BString],
        id: &ObjectId,
    ) -> Option<&'a BString> {
        let has = |path: &&&BString| {
            file_at(&self.objects, tree, path).map_or(true, |found| found == Some(*id))
        };
        paths.iter().find(has).copied()
    }
}
