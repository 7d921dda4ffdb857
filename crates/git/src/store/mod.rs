//! The object store: every object that lies in packs, in files of its own and in alternates, each once.
//!
//! An object has a number, counted through the packs (the biggest first) and then the loose objects. What lies in
//! several places has several numbers; [`Store::number`] gives the one that counts, and only that one is walked.
//!
//! Nothing here trusts the files: lengths are bounded before memory is taken, chains of deltas that have no end are
//! found when a pack is opened, and an object that cannot be had is a [`Fault`] of that object.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use keysieve_engine::{Issue, IssueKind};

use self::ids::Ids;
use self::inflate::Inflater;
use self::loose::Loose;
use self::pack::Pack;
use self::unindexed::Unindexed;

mod cached;
mod delta;
mod fault;
mod ids;
mod index;
mod inflate;
pub(crate) mod kind;
mod loose;
mod pack;
mod read;
mod unindexed;
mod walk;

pub(crate) use cached::CachedReader;
#[cfg(any(test, feature = "fuzz"))]
pub(crate) use delta::apply_delta;
pub(crate) use fault::{Fault, Faults};
pub(crate) use gix::ObjectId as Id;
pub(crate) use read::Reader;
pub(crate) use walk::{Ended, Progress, Receive, Walk};

/// An object store, opened.
pub(crate) struct Store {
    packs: Vec<Pack>,
    loose: Loose,
    /// The number of the first loose object.
    first_loose: u32,
    ids: Ids,
    /// The bit of the kind of each object; 0 where it is not known, or where the object has another number too.
    kinds: Vec<u8>,
    hash: gix::hash::Kind,
    /// No object of more bytes is read.
    most: u64,
    /// What went wrong when it was opened: objects, and all else.
    faults: Vec<(u32, Fault)>,
    issues: Vec<Issue>,
}

/// Where an object is.
enum Place<'s> {
    /// In a pack, at an offset.
    Packed(&'s Pack, u64),
    /// In a file of its own.
    Loose(u32),
}

impl Store {
    /// Opens the object directory `objects` and its alternates.
    pub(crate) fn open(objects: &Path, hash: gix::hash::Kind, most: u64) -> Self {
        let mut issues = Vec::new();
        let mut directories = vec![objects.to_owned()];
        match gix::odb::alternate::resolve(objects.to_owned(), objects) {
            Ok(alternates) => directories.extend(alternates),
            Err(_) => issues.push(unreadable(
                "the alternates of the object store cannot be read",
            )),
        }
        let packs = packs(&directories, (hash, most), &mut issues);
        let mut loose = Loose::default();
        for directory in &directories {
            if let Err(error) = loose.list(directory, hash) {
                issues.push(unreadable(format!(
                    "a folder of loose objects cannot be listed: {error}"
                )));
            }
        }
        loose.sort();
        let first_loose = packs.last().map_or(0, |pack| pack.first + pack.len());
        let room = (u32::MAX - 1 - first_loose) as usize;
        if loose.len() > room {
            issues.push(unreadable("there are more objects than can be counted"));
            loose = Loose::default();
        }
        let count = first_loose as usize + loose.len();
        let mut store = Self {
            packs,
            loose,
            first_loose,
            ids: Ids::new(count),
            kinds: vec![0; count],
            hash,
            most,
            faults: Vec::new(),
            issues,
        };
        store.link();
        store.ask_loose();
        store
    }

    /// Numbers all objects and links the deltas of each pack.
    fn link(&mut self) {
        let mut ids = std::mem::replace(&mut self.ids, Ids::new(0));
        let mut twice = vec![false; self.kinds.len()];
        for number in 0..self.kinds.len() as u32 {
            twice[number as usize] = ids.insert(number, |number| self.id(number)).is_some();
        }
        self.ids = ids;
        for pack in &mut self.packs {
            let first = pack.first;
            let endless = pack.link(|position| twice[(first + position) as usize]);
            for (position, kind) in pack.kinds() {
                let number = (first + position) as usize;
                if !twice[number] {
                    self.kinds[number] = kind;
                }
            }
            let numbers = endless.into_iter().map(|position| first + position);
            self.faults.extend(
                numbers
                    .filter(|&number| !twice[number as usize])
                    .map(|number| (number, Fault::NoBase)),
            );
        }
        self.mark_twice(&twice);
    }

    /// Loose objects that a pack holds too are passed over: their kind stays unknown.
    fn mark_twice(&mut self, twice: &[bool]) {
        let first = self.first_loose as usize;
        for (kind, _) in self.kinds[first..]
            .iter_mut()
            .zip(&twice[first..])
            .filter(|(_, twice)| !**twice)
        {
            *kind = kind::ALL; // to be asked
        }
    }

    /// Reads the headers of the loose objects for their kinds.
    fn ask_loose(&mut self) {
        let (mut inflater, mut file) = (Inflater::new(), Vec::new());
        for at in 0..self.loose.len() as u32 {
            let number = self.first_loose + at;
            let known = &mut self.kinds[number as usize];
            if *known == kind::ALL {
                *known = match self.loose.kind(at, &mut inflater, &mut file) {
                    Ok(kind) => kind as u8,
                    Err(fault) => {
                        self.faults.push((number, fault));
                        0
                    }
                };
            }
        }
    }

    /// How many numbers there are.
    pub(crate) fn len(&self) -> usize {
        self.kinds.len()
    }

    pub(crate) fn hash(&self) -> gix::hash::Kind {
        self.hash
    }

    /// The id of an object.
    pub(crate) fn id(&self, number: u32) -> &[u8] {
        if number >= self.first_loose {
            return self.loose.id(number - self.first_loose);
        }
        let pack = self.pack_of(number);
        pack.id(number - pack.first)
    }

    /// The number that counts of the object with this id.
    pub(crate) fn number(&self, id: &[u8]) -> Option<u32> {
        if id.len() != self.hash.len_in_bytes() {
            return None;
        }
        self.ids.get(id, |number| self.id(number))
    }

    /// The kind of the object of a number that counts; `None` where it could not be told.
    pub(crate) fn kind(&self, number: u32) -> Option<kind::Kind> {
        kind::Kind::from_bit(self.kinds[number as usize])
    }

    /// How many objects of these kinds there are.
    pub(crate) fn count(&self, kinds: u8) -> u64 {
        self.kinds.iter().filter(|&&kind| kind & kinds != 0).count() as u64
    }

    /// What went wrong with objects when the store was opened.
    pub(crate) fn faults(&self) -> &[(u32, Fault)] {
        &self.faults
    }

    /// What went wrong with more than one object.
    pub(crate) fn issues(&self) -> &[Issue] {
        &self.issues
    }

    fn pack_of(&self, number: u32) -> &Pack {
        if let [pack] = &self.packs[..] {
            return pack;
        }
        let after = self.packs.partition_point(|pack| pack.first <= number);
        &self.packs[after - 1]
    }

    /// The number of a loose object, also if it does not count.
    fn loose_number(&self, id: &[u8]) -> Option<u32> {
        Some(self.first_loose + self.loose.find(id)?)
    }
}

/// The ids of the loose objects in these object directories, sorted.
pub(crate) fn loose_ids(directories: &[PathBuf], hash: gix::hash::Kind) -> io::Result<Vec<Id>> {
    let mut loose = Loose::default();
    for directory in directories {
        loose.list(directory, hash)?;
    }
    loose.sort();
    Ok(loose.into_ids())
}

/// Opens the packs of these object directories, the biggest first.
fn packs(
    directories: &[PathBuf],
    (hash, most): (gix::hash::Kind, u64),
    issues: &mut Vec<Issue>,
) -> Vec<Pack> {
    let size = |file: &Path| file.metadata().map_or(0, |file| file.len());
    let mut found: Vec<(u64, PathBuf)> = Vec::new();
    for directory in directories {
        let folder = directory.join("pack");
        match list(&folder) {
            Ok(files) => {
                for file in &files {
                    match file.extension().and_then(|extension| extension.to_str()) {
                        Some("idx") => {
                            found.push((size(&file.with_extension("pack")), file.clone()));
                        }
                        Some("pack")
                            if files.binary_search(&file.with_extension("idx")).is_err() =>
                        {
                            found.push((size(file), file.clone()));
                        }
                        _ => {}
                    }
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => issues.push(unreadable(format!(
                "the folder of packs cannot be listed: {error}"
            ))),
        }
    }
    // Of equal packs, as when two alternates hold the same, the order is that of their names.
    found.sort_by(|a, b| {
        b.0.cmp(&a.0)
            .then_with(|| a.1.file_name().cmp(&b.1.file_name()))
    });
    let mut packs = Vec::with_capacity(found.len());
    let mut first = 0u32;
    for (_, file) in found {
        let name = file
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let opened = if file.extension().is_some_and(|extension| extension == "idx") {
            Pack::open(&file, first, hash).map(|pack| {
                let flaws = pack.flaws().into_iter().map(str::to_owned).collect();
                (pack, flaws)
            })
        } else {
            unindexed::open(&file, hash, most).map(|made| {
                let Unindexed { mut pack, flaws } = made;
                pack.first = first;
                (pack, flaws)
            })
        };
        match opened {
            Ok((pack, flaws)) => {
                let Some(next) = first
                    .checked_add(pack.len())
                    .filter(|&next| next < u32::MAX - 1)
                else {
                    issues.push(unreadable("there are more objects than can be counted"));
                    continue;
                };
                let flaws: Vec<String> = flaws;
                issues.extend(
                    flaws
                        .iter()
                        .map(|flaw| unreadable(format!("{name}: {flaw}"))),
                );
                first = next;
                packs.push(pack);
            }
            Err(flaw) => issues.push(unreadable(format!("{name}: {flaw}"))),
        }
    }
    packs
}

/// The files of a folder, sorted.
fn list(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        files.push(entry?.path());
    }
    files.sort_unstable();
    Ok(files)
}

fn unreadable(message: impl Into<String>) -> Issue {
    Issue::general(IssueKind::Unreadable, message)
}
