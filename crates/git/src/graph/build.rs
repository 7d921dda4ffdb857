//! Reading all commits, trees and tags, in many threads and in the order of the packs.

use std::collections::HashSet;
use std::hash::RandomState;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use keysieve_engine::source::Visitor;
use keysieve_engine::{Blob, Flow, ObjectId, Origin};

use super::names::{self, NameHash, Names};
use super::parse::{self, Mode};
use super::{Graph, NONE, Tree};
use crate::store::kind::Kind;
use crate::store::{Fault, Faults, Id, Receive, Store};

/// Names of more bytes are cut.
const NAME: usize = 4096;

/// What the threads share.
pub(crate) struct Build<'s> {
    store: &'s Store,
    faults: &'s Faults,
    /// Commits whose parents were left out on purpose.
    shallow: &'s HashSet<Id>,
    key: RandomState,
    /// By number: the first name that some thread met.
    names: Vec<AtomicU64>,
}

/// What one thread read.
pub(crate) struct Built<'s> {
    build: &'s Build<'s>,
    /// Gets the texts of commits and tags.
    visitor: Option<Box<dyn Visitor + 's>>,
    links: Vec<u32>,
    /// Number, and start in `links`.
    trees: Vec<(u32, u32)>,
    pub(super) commits: Vec<RawCommit>,
    tags: Vec<(u32, u32)>,
    names: Names,
    other_names: Vec<(u32, u32, NameHash)>,
    missing: HashSet<ObjectId>,
}

/// A commit by numbers of objects.
pub(super) struct RawCommit {
    pub(super) number: u32,
    pub(super) tree: u32,
    pub(super) time: i64,
    pub(super) parents: Vec<u32>,
}

impl<'s> Build<'s> {
    pub(crate) fn new(store: &'s Store, shallow: &'s HashSet<Id>, faults: &'s Faults) -> Self {
        Self {
            store,
            faults,
            shallow,
            key: RandomState::new(),
            names: (0..store.len()).map(|_| AtomicU64::new(0)).collect(),
        }
    }

    /// A receiver for one thread. `visitor` gets the texts of commits and tags, if it is given.
    pub(crate) fn receiver(&'s self, visitor: Option<Box<dyn Visitor + 's>>) -> Built<'s> {
        Built {
            build: self,
            visitor,
            links: Vec::new(),
            trees: Vec::new(),
            commits: Vec::new(),
            tags: Vec::new(),
            names: Names::default(),
            other_names: Vec::new(),
            missing: HashSet::new(),
        }
    }

    /// Puts together what the threads read.
    pub(crate) fn finish(&self, built: Vec<Built<'_>>) -> Graph {
        let count = self.store.len();
        let mut slot = vec![NONE; count];
        let (mut trees, mut links) = (Vec::new(), Vec::new());
        let (mut names, mut other_names) = (Names::default(), Vec::new());
        let (mut commits, mut tags) = (Vec::new(), Vec::new());
        for (list, part) in (0..).zip(built) {
            for (number, start) in part.trees {
                slot[number as usize] = trees.len() as u32;
                trees.push(Tree { list, start });
            }
            links.push(part.links);
            names.extend(part.names);
            other_names.extend(part.other_names);
            commits.extend(part.commits);
            tags.extend(part.tags);
            self.faults
                .extend(part.missing.into_iter().map(|id| (id, Fault::Missing)));
        }
        tags.sort_unstable();
        other_names.sort_unstable();
        let name = self.names.iter().map(|name| name.load(Relaxed)).collect();
        Graph::arrange(
            self.store,
            slot,
            trees,
            links,
            tags,
            (name, other_names, names),
            commits,
        )
    }
}

impl Receive for Built<'_> {
    fn object(&mut self, number: u32, kind: Kind, bytes: &[u8]) -> Flow {
        match kind {
            Kind::Tree => {
                if !self.tree(number, bytes) {
                    self.fault(number, Fault::Malformed);
                }
                return Flow::Continue;
            }
            Kind::Commit => match parse::commit(bytes) {
                Some(commit) => self.commit(number, &commit),
                None => self.fault(number, Fault::Malformed),
            },
            Kind::Tag => match parse::tag(bytes) {
                Some((target, _)) => {
                    let target = self.number(&target);
                    self.tags.extend(target.map(|target| (number, target)));
                }
                None => self.fault(number, Fault::Malformed),
            },
            Kind::Blob => {}
        }
        match (
            &mut self.visitor,
            ObjectId::new(self.build.store.id(number)),
        ) {
            (Some(visitor), Some(id)) => visitor.blob(document(id, kind, bytes)),
            _ => Flow::Continue,
        }
    }
}

/// The text of a commit or a tag, as a blob.
pub(crate) fn document(id: ObjectId, kind: Kind, bytes: &[u8]) -> Blob<'_> {
    let origin = match kind {
        Kind::Tag => Origin::Tag(id),
        _ => Origin::Commit(id),
    };
    Blob::whole(bytes, Arc::new(origin))
}

impl Built<'_> {
    /// Notes the entries of a tree; false if not all of it could be understood.
    fn tree(&mut self, tree: u32, bytes: &[u8]) -> bool {
        let build = self.build;
        let start = self.links.len();
        let Ok(start_at) = u32::try_from(start) else {
            return false; // 16 GiB of links
        };
        self.links.push(0);
        let mut is_whole = true;
        for entry in parse::entries(bytes, build.store.hash().len_in_bytes()) {
            let Some(entry) = entry else {
                is_whole = false;
                break;
            };
            if entry.mode == Mode::Submodule {
                continue;
            }
            let Some(child) = build.store.number(entry.id) else {
                self.missing.extend(ObjectId::new(entry.id));
                continue;
            };
            self.links.push(child);
            let text = &entry.name[..entry.name.len().min(NAME)];
            let name = names::hash(&build.key, text);
            let known = &build.names[child as usize];
            match known.load(Relaxed) {
                known if known == name => continue,
                0 => match known.compare_exchange(0, name, Relaxed, Relaxed) {
                    Ok(_) => {}
                    Err(known) if known == name => continue,
                    Err(_) => self.other_names.push((tree, child, name)),
                },
                _ => self.other_names.push((tree, child, name)),
            }
            self.names.entry(name).or_insert_with(|| text.into());
        }
        self.links[start] = (self.links.len() - start - 1) as u32;
        self.trees.push((tree, start_at));
        is_whole
    }

    fn commit(&mut self, number: u32, commit: &parse::Commit) {
        let tree = self.number(&commit.tree).unwrap_or(NONE);
        let id = Id::try_from(self.build.store.id(number));
        let is_shallow = id.is_ok_and(|id| self.build.shallow.contains(&id));
        let parents = if is_shallow {
            let known = commit
                .parents
                .iter()
                .filter_map(|id| self.build.store.number(id.as_bytes()));
            known.collect()
        } else {
            commit
                .parents
                .iter()
                .filter_map(|id| self.number(id))
                .collect()
        };
        self.commits.push(RawCommit {
            number,
            tree,
            time: commit.time,
            parents,
        });
    }

    /// The number of an object that must be there.
    fn number(&mut self, id: &Id) -> Option<u32> {
        let number = self.build.store.number(id.as_bytes());
        if number.is_none() {
            self.missing.extend(ObjectId::new(id.as_bytes()));
        }
        number
    }

    fn fault(&self, number: u32, fault: Fault) {
        self.build.faults.add(self.build.store.id(number), fault);
    }
}
