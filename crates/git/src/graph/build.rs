//! Reading all commits, trees and tags, in many threads and in the order of the packs.

use std::collections::{HashMap, HashSet};
use std::hash::RandomState;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use keysieve_engine::source::Visitor;
use keysieve_engine::{Blob, Flow, MessageOf, ObjectId, Origin};

use super::names::{self, NameHash, Names};
use super::parse::{self, Entry, Mode};
use super::{Graph, NONE, Tree};
use crate::store::kind::Kind;
use crate::store::{Fault, Faults, Id, Receive, Store};

/// Names of more bytes are cut.
const NAME: usize = 4096;

/// Trees of more bytes are not remembered for the next one.
const REMEMBERED: usize = 1 << 20;

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
    last: Last,
    spare: Last,
}

/// A tree that a thread read, so that the next one need not look up what is the same in both. Trees come in the order
/// of their deltas, and so next to other versions of themselves: of ten entries nine are the same.
#[derive(Default)]
struct Last {
    bytes: Vec<u8>,
    entries: Vec<Known>,
    /// Where the entry that is compared next begins.
    offset: usize,
}

/// An entry that was looked up.
#[derive(Clone, Copy)]
struct Known {
    /// Bytes of the whole entry.
    len: u32,
    /// [`NONE`] for what is not followed.
    child: u32,
    /// The hash of its name, if the object has another one elsewhere; else 0.
    other_name: NameHash,
}

impl Last {
    fn reset(&mut self, bytes: &[u8]) {
        self.bytes.clear();
        self.bytes.extend_from_slice(bytes);
        self.entries.clear();
        self.offset = 0;
    }

    /// The entry `at`, if `rest` begins with the same bytes. Goes on to the next one then.
    fn same(&mut self, at: usize, rest: &[u8]) -> Option<Known> {
        let known = *self.entries.get(at)?;
        let own = &self.bytes[self.offset..][..known.len as usize];
        if !rest.starts_with(own) {
            return None;
        }
        self.offset += own.len();
        Some(known)
    }

    /// The first entry from `at` on that may come after `name`: entries are sorted by name.
    fn seek(&mut self, mut at: usize, name: &[u8]) -> usize {
        while let Some(known) = self.entries.get(at) {
            let own = &self.bytes[self.offset..][..known.len as usize];
            let text = own
                .splitn(2, |&byte| byte == b' ')
                .nth(1)
                .unwrap_or_default();
            let own_name = text.split(|&byte| byte == 0).next().unwrap_or_default();
            if own_name > name {
                break;
            }
            at += 1;
            self.offset += own.len();
        }
        at
    }
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
            last: Last::default(),
            spare: Last::default(),
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
    let of = match kind {
        Kind::Tag => MessageOf::Tag,
        _ => MessageOf::Commit,
    };
    Blob::whole(bytes, Arc::new(Origin::Message { of, id }))
}

impl Built<'_> {
    /// Notes the entries of a tree; false if not all of it could be understood.
    fn tree(&mut self, tree: u32, bytes: &[u8]) -> bool {
        let Ok(start) = u32::try_from(self.links.len()) else {
            return false; // 16 GiB of links
        };
        self.links.push(0);
        let mut last = std::mem::take(&mut self.last);
        let mut next = std::mem::take(&mut self.spare);
        next.reset(bytes);
        let mut rest = bytes;
        let mut at = 0;
        let others = self.other_names.len();
        let is_whole = loop {
            if rest.is_empty() {
                break true;
            }
            let known = match last.same(at, rest) {
                Some(known) => {
                    at += 1;
                    rest = &rest[known.len as usize..];
                    known
                }
                None => {
                    let before = rest;
                    let Some(entry) =
                        parse::entry(&mut rest, self.build.store.hash().len_in_bytes())
                    else {
                        break false;
                    };
                    at = last.seek(at, entry.name);
                    let len = (before.len() - rest.len()) as u32;
                    Known {
                        len,
                        ..self.entry(&entry)
                    }
                }
            };
            if known.child != NONE {
                self.links.push(known.child);
                if known.other_name != 0 {
                    self.other_names.push((tree, known.child, known.other_name));
                }
            }
            next.entries.push(known);
        };
        self.spare = last;
        if bytes.len() <= REMEMBERED {
            self.last = next;
        }
        self.links[start as usize] = (self.links.len() - start as usize - 1) as u32;
        self.trees.push((tree, start));
        self.name_twice(start as usize + 1, others);
        is_whole
    }

    /// A tree may hold one object under its common name and under another one. Both are noted then: `others` is where
    /// the other names of this tree begin, `links` where its entries do.
    fn name_twice(&mut self, links: usize, others: usize) {
        let Some(&(tree, _, _)) = self.other_names.get(others) else {
            return;
        };
        let mut counts: HashMap<u32, usize> = HashMap::new();
        for (_, child, _) in &self.other_names[others..] {
            *counts.entry(*child).or_default() += 1;
        }
        let mut entries: HashMap<u32, usize> = HashMap::new();
        for child in self.links[links..]
            .iter()
            .filter(|child| counts.contains_key(child))
        {
            *entries.entry(*child).or_default() += 1;
        }
        for (child, count) in entries {
            if count > counts[&child] {
                let common = self.build.names[child as usize].load(Relaxed);
                self.other_names.push((tree, child, common));
            }
        }
    }

    /// Finds what an entry names.
    fn entry(&mut self, entry: &Entry<'_>) -> Known {
        let nothing = Known {
            len: 0,
            child: NONE,
            other_name: 0,
        };
        if entry.mode == Mode::Submodule {
            return nothing;
        }
        let build = self.build;
        let Some(child) = build.store.number(entry.id) else {
            self.missing.extend(ObjectId::new(entry.id));
            return nothing;
        };
        let text = &entry.name[..entry.name.len().min(NAME)];
        let name = names::hash(&build.key, text);
        let first = &build.names[child as usize];
        let known = match first.compare_exchange(0, name, Relaxed, Relaxed) {
            Ok(_) => 0,
            Err(known) => known,
        };
        if known != name {
            self.names.entry(name).or_insert_with(|| text.into());
        }
        Known {
            child,
            other_name: if known == name || known == 0 { 0 } else { name },
            ..nothing
        }
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
