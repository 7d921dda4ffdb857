//! The contents that a range put somewhere.

use std::cell::OnceCell;
use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;

use gix::ObjectId;
use gix::bstr::BString;
use keysieve_engine::Origin;

use crate::change::{Moved, system_path};
use crate::name;

/// The blobs that were added, each with its path.
#[derive(Default)]
pub(super) struct Table {
    pub(super) rows: Vec<Row>,
    /// The rows by the hash of path and blob: one file can have as many blobs as there are commits, and one blob can
    /// stand in as many files.
    places: HashMap<u64, Vec<u32>>,
    hasher: RandomState,
    /// The paths of the rows, once they are asked for.
    paths: OnceCell<HashSet<BString>>,
    /// Where files were moved as they are, by where they were.
    moves: HashMap<BString, Vec<Moved>>,
    /// Bytes in use, about.
    pub(super) cost: usize,
}

/// A blob at a path.
pub(super) struct Row {
    pub(super) path: BString,
    pub(super) id: ObjectId,
    /// What put it there, by its place in the range.
    pub(super) changes: Vec<u32>,
}

impl Table {
    /// The row of a blob at a path, by its place.
    pub(super) fn find(&self, path: &BString, id: &ObjectId) -> Option<usize> {
        let rows = self.places.get(&self.hasher.hash_one((path, id)))?;
        let mut rows = rows.iter().map(|row| *row as usize);
        rows.find(|row| self.rows[*row].id == *id && self.rows[*row].path == *path)
    }

    /// Whether the range put anything at a path.
    pub(super) fn has(&self, path: &BString) -> bool {
        let paths = || self.rows.iter().map(|row| row.path.clone()).collect();
        self.paths.get_or_init(paths).contains(path)
    }

    /// Adds what a change put at a path. Changes come in the order of their places.
    pub(super) fn add(&mut self, path: BString, id: ObjectId, change: u32) {
        self.cost += size_of::<u32>();
        if let Some(row) = self.find(&path, &id) {
            self.rows[row].changes.push(change);
            return;
        }
        self.cost += path.len() + size_of::<Row>() + size_of::<(u64, Vec<u32>)>();
        let row = u32::try_from(self.rows.len()).expect("the cost is bounded, and so the rows");
        let place = self.hasher.hash_one((&path, &id));
        self.places.entry(place).or_default().push(row);
        self.rows.push(Row {
            path,
            id,
            changes: vec![change],
        });
    }

    /// Notes a file that a change moved as it is.
    pub(super) fn moves(&mut self, from: BString, moved: Moved) {
        self.cost += from.len() + moved.to.len() + size_of::<(BString, Moved)>();
        self.moves.entry(from).or_default().push(moved);
    }

    /// Where a blob that stood at `path` may stand since it was moved as it is, with `path` itself.
    pub(super) fn trail<'a>(&'a self, path: &'a BString, id: &ObjectId) -> Vec<&'a BString> {
        let (mut trail, mut seen) = (vec![path], HashSet::from([path]));
        let mut next = 0;
        while let Some(at) = trail.get(next) {
            let moves = self.moves.get(*at).into_iter().flatten();
            let to = moves.filter(|m| m.id == *id).map(|m| &m.to);
            trail.extend(to.filter(|to| seen.insert(to)));
            next += 1;
        }
        trail
    }
}

impl Row {
    /// Where a change put it.
    pub(super) fn origin(&self, changes: &[ObjectId], change: u32) -> Arc<Origin> {
        Arc::new(Origin::Commit {
            commit: name(&changes[change as usize]),
            path: system_path(self.path.as_ref()),
            blob: name(&self.id),
        })
    }
}
