//! Reading one object, wherever it is.

use gix::odb::pack::data::entry::Header;

use super::inflate::{Buffer, Inflater};
use super::kind::Kind;
use super::pack::Pack;
use super::{Fault, Place, Store, delta};

/// More deltas are never on top of each other: git's own limit is 4095.
pub(super) const DEPTH: usize = 10_000;

/// Reads objects one by one; memory that is reused. For a few objects: what many of them rest on is read anew for each.
pub(crate) struct Reader<'s> {
    store: &'s Store,
    inflater: Inflater,
    file: Vec<u8>,
    delta: Buffer,
    object: Buffer,
    spare: Buffer,
    /// Where the object begins in its buffer.
    start: usize,
}

impl<'s> Reader<'s> {
    pub(crate) fn new(store: &'s Store) -> Self {
        Self {
            store,
            inflater: Inflater::new(),
            file: Vec::new(),
            delta: Buffer::default(),
            object: Buffer::default(),
            spare: Buffer::default(),
            start: 0,
        }
    }

    /// Reads the object of this number, from any place that has it unharmed.
    pub(crate) fn read(&mut self, number: u32) -> Result<(Kind, &[u8]), Fault> {
        let store = self.store;
        let mut result = self.read_at(number);
        if result.is_err() {
            let id = store.id(number);
            let copies = store.packs.iter().filter_map(|pack| {
                let id = gix::hash::oid::try_from_bytes(id).ok()?;
                Some(pack.first + pack.index.position(id)?)
            });
            for copy in copies.chain(store.loose_number(id)) {
                if copy != number {
                    let other = self.read_at(copy);
                    if other.is_ok() {
                        result = other;
                        break;
                    }
                }
            }
        }
        let kind = result?;
        Ok((kind, &self.object.bytes()[self.start..]))
    }

    /// Takes what was read last; it must not be a loose object.
    pub(super) fn take(&mut self) -> Buffer {
        std::mem::take(&mut self.object)
    }

    /// Reads the copy of an object that has this number. Deltas may rest on an object of another pack.
    pub(super) fn read_at(&mut self, number: u32) -> Result<Kind, Fault> {
        let store = self.store;
        let mut deltas = Vec::new();
        let mut place = store.place(number);
        let kind = loop {
            let (pack, offset) = match place {
                Place::Loose(at) => {
                    let (kind, start) = store.loose.read(
                        at,
                        store.most,
                        &mut self.inflater,
                        &mut self.file,
                        &mut self.object,
                    )?;
                    self.start = start;
                    break kind;
                }
                Place::Packed(pack, offset) => (pack, offset),
            };
            let entry = pack.entry_at(offset, u64::MAX).ok_or(Fault::Corrupt)?;
            if entry.size > store.most {
                return Err(Fault::TooLarge);
            }
            place = match entry.header {
                Header::OfsDelta { base_distance } => {
                    let base = offset.checked_sub(base_distance);
                    Place::Packed(pack, base.ok_or(Fault::Corrupt)?)
                }
                Header::RefDelta { base_id } => match pack.index.position(base_id.as_ref()) {
                    Some(position) => Place::Packed(pack, pack.index.offset(position)),
                    None => store.place(store.number(base_id.as_bytes()).ok_or(Fault::NoBase)?),
                },
                whole => {
                    self.start = 0;
                    let out = self.object.resize(entry.size as usize);
                    if !self.inflater.exact(entry.stream, out) {
                        return Err(Fault::Corrupt);
                    }
                    break whole.as_kind().map(Kind::from).ok_or(Fault::Corrupt)?;
                }
            };
            if deltas.len() == DEPTH {
                return Err(Fault::NoBase);
            }
            deltas.push((entry.stream, entry.size));
        };
        for (stream, size) in deltas.into_iter().rev() {
            let delta = self.delta.resize(size as usize);
            if !self.inflater.exact(stream, delta) {
                return Err(Fault::Corrupt);
            }
            let base = &self.object.bytes()[self.start..];
            delta::apply(base, delta, store.most, &mut self.spare, None)?;
            std::mem::swap(&mut self.object, &mut self.spare);
            self.start = 0;
        }
        Ok(kind)
    }
}

impl Store {
    pub(super) fn place(&self, number: u32) -> Place<'_> {
        if number >= self.first_loose {
            return Place::Loose(number - self.first_loose);
        }
        let pack: &Pack = self.pack_of(number);
        Place::Packed(pack, pack.index.offset(number - pack.first))
    }
}
