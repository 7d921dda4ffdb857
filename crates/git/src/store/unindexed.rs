//! Packs without an index, as an interrupted fetch or a copied file leaves them.
//!
//! Entries are found by inflating one after the other: nothing else says how long they are. Then the walk that all packs
//! go through gives the objects, and so their ids. A delta may name its base by an id that is not known before the base
//! was read: the walk is repeated for what is left as long as that helps.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;
use std::num::NonZero;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;
use std::thread;

use gix::odb::pack::data;
use keysieve_engine::Flow;

use super::ids::Ids;
use super::index::Index;
use super::inflate::Inflater;
use super::kind::{self, Kind};
use super::loose::Loose;
use super::pack::Pack;
use super::{Faults, Id, Progress, Receive, Store, Walk};
use crate::bits::Bits;

/// As deep as git makes chains of deltas that name their bases by ids.
const ROUNDS: usize = 50;
/// Bytes of bases that are held, and bytes that are inflated in one round: those of a walk.
const MOST_HELD: u64 = 512 << 20;
/// See [`MOST_HELD`].
const MOST_TOTAL: u64 = 4 << 40;

/// A pack with an index that was made here, and what could not be had of it.
pub(super) struct Unindexed {
    pub(super) pack: Pack,
    /// Sentences for a person.
    pub(super) flaws: Vec<String>,
}

/// Makes an index for the pack at `path`. No object of more than `most` bytes is read. The error is a sentence for a
/// person.
pub(super) fn open(
    path: &Path,
    hash: gix::hash::Kind,
    most: u64,
) -> Result<Unindexed, &'static str> {
    if !path.metadata().is_ok_and(|file| file.is_file()) {
        return Err("a pack is no readable file");
    }
    let open = || data::File::at(path, hash).map_err(|_| "a pack is corrupt");
    let data = open()?;
    let (offsets, is_whole) = entries(&data);
    let mut flaws = Vec::new();
    if !is_whole {
        flaws.push(format!(
            "a pack without an index is cut off or corrupt: of {} objects the first {} were found",
            data.num_objects(),
            offsets.len()
        ));
    }
    let mut names = Names::new(offsets, hash);
    let checksum = data.checksum();
    let pack = |names: &Names, is_last: bool| {
        let objects = names.objects(is_last);
        let index = Index::make(objects, path, &checksum, hash);
        let index = index.ok_or("a pack without an index holds more than an index can say")?;
        Ok(Pack::of(index, open()?, 0))
    };
    for _ in 0..ROUNDS {
        if names.unknown == 0 {
            break;
        }
        let store = Store::of(pack(&names, false)?, hash, most);
        if !names.learn(&store) {
            break;
        }
    }
    if names.unknown > 0 {
        flaws.push(format!(
            "a pack has no index, and {} of its objects rest on what is not in it or cannot be read: they were not scanned",
            names.unknown
        ));
    }
    Ok(Unindexed {
        pack: pack(&names, true)?,
        flaws,
    })
}

/// The offsets of all entries, as far as they can be followed, and whether those are all.
fn entries(data: &data::File) -> (Vec<u64>, bool) {
    let end = data.pack_end() as u64;
    let mut inflater = Inflater::new();
    let mut offsets = Vec::new(); // the header claims how many, and is not believed
    let mut at = 12u64; // behind the header
    for _ in 0..data.num_objects() {
        let entry = (at < end).then(|| data.entry(at).ok()).flatten();
        let entry = entry.filter(|entry| entry.data_offset <= end);
        let length = entry.and_then(|entry| {
            let stream = data.entry_slice(entry.data_offset..end)?;
            let length = inflater.length(stream, entry.decompressed_size)?;
            Some(entry.data_offset - at + length)
        });
        let Some(length) = length else {
            return (offsets, false);
        };
        offsets.push(at);
        at += length;
    }
    (offsets, at == end)
}

/// The ids of entries, as far as they are known.
struct Names {
    /// By offset. What is not known has an id that nobody can know.
    entries: Vec<(u64, Id, bool)>,
    unknown: usize,
}

impl Names {
    fn new(offsets: Vec<u64>, hash: gix::hash::Kind) -> Self {
        let random = RandomState::new();
        let unknown = offsets.len();
        let name = |offset: u64| {
            let mut id = hash.null();
            let words = [random.hash_one(offset), offset];
            for (at, word) in id.as_mut_slice().chunks_exact_mut(8).zip(words) {
                at.copy_from_slice(&word.to_be_bytes());
            }
            (offset, id, false)
        };
        Self {
            entries: offsets.into_iter().map(name).collect(),
            unknown,
        }
    }

    /// Ids with offsets: the known ones only, or all.
    fn objects(&self, only_known: bool) -> Vec<(Id, u64)> {
        let entries = self.entries.iter().filter(|entry| !only_known || entry.2);
        entries.map(|&(offset, id, _)| (id, offset)).collect()
    }

    /// Reads what is not known and can be read. Whether anything was.
    fn learn(&mut self, store: &Store) -> bool {
        let mut wanted = Bits::new(store.len());
        for (_, id, _) in self.entries.iter().filter(|entry| !entry.2) {
            if let Some(number) = store.number(id.as_bytes()) {
                wanted.insert(number);
            }
        }
        let learned = Mutex::new(Vec::new());
        let walk = Walk {
            store,
            kinds: kind::ALL,
            wanted: Some(&wanted),
            threads: thread::available_parallelism().map_or(1, NonZero::get),
            faults: &Faults::default(),
            progress: &Progress::default(),
            most: MOST_TOTAL,
            most_held: MOST_HELD,
            interrupt: &AtomicBool::new(false),
        };
        walk.run(|| Naming {
            store,
            learned: &learned,
        });
        let learned = learned.into_inner().expect("no thread panicked");
        for (old, new) in &learned {
            // Its own offset stands in the id that it had.
            let offset = u64::from_be_bytes(old.as_bytes()[8..16].try_into().expect("8 bytes"));
            let at = self.entries.binary_search_by_key(&offset, |entry| entry.0);
            self.entries[at.expect("it was made of an entry")] = (offset, *new, true);
        }
        self.unknown = self.entries.iter().filter(|entry| !entry.2).count();
        !learned.is_empty()
    }
}

/// Names objects on one thread.
struct Naming<'s> {
    store: &'s Store,
    learned: &'s Mutex<Vec<(Id, Id)>>,
}

impl Receive for Naming<'_> {
    fn object(&mut self, number: u32, kind: Kind, bytes: &[u8]) -> Flow {
        let old = Id::try_from(self.store.id(number));
        let new = gix::objs::compute_hash(self.store.hash(), kind.into(), bytes);
        if let (Ok(old), Ok(new)) = (old, new) {
            let mut learned = self.learned.lock().expect("no thread panicked");
            learned.push((old, new));
        }
        Flow::Continue
    }
}

impl Store {
    /// A store of one pack.
    fn of(pack: Pack, hash: gix::hash::Kind, most: u64) -> Self {
        let count = pack.len() as usize;
        let mut store = Self {
            packs: vec![pack],
            loose: Loose::default(),
            first_loose: count as u32,
            ids: Ids::new(count),
            kinds: vec![0; count],
            hash,
            most,
            faults: Vec::new(),
            issues: Vec::new(),
        };
        store.link();
        store
    }
}
