//! Reading many objects in an order in which the next one often rests on what the last ones rested on.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use gix::odb::pack::data::entry::Header;

use super::inflate::{Buffer, Inflater};
use super::read::DEPTH;
use super::{Fault, Place, Reader, Store, delta};

/// Bytes of objects that are kept.
const KEPT: usize = 32 << 20;

/// As a [`Reader`], but it keeps what it read last, and what that rests on.
pub(crate) struct CachedReader<'s> {
    store: &'s Store,
    inflater: Inflater,
    delta: Buffer,
    out: Buffer,
    /// For what is not as it should be.
    plain: Reader<'s>,
    kept: Kept,
}

/// Objects by pack, that is its first number, and offset.
#[derive(Default)]
struct Kept {
    objects: HashMap<(u32, u64), Arc<[u8]>>,
    /// The oldest first.
    order: VecDeque<(u32, u64)>,
    size: usize,
}

impl<'s> CachedReader<'s> {
    pub(crate) fn new(store: &'s Store) -> Self {
        Self {
            store,
            inflater: Inflater::new(),
            delta: Buffer::default(),
            out: Buffer::default(),
            plain: Reader::new(store),
            kept: Kept::default(),
        }
    }

    /// Reads the object of this number, from any place that has it unharmed.
    pub(crate) fn read(&mut self, number: u32) -> Result<Arc<[u8]>, Fault> {
        match self.packed(number) {
            Some(object) => Ok(object),
            None => self.plain.read(number).map(|(_, bytes)| Arc::from(bytes)),
        }
    }

    /// Reads an object that is whole in one pack; `None` for any other.
    fn packed(&mut self, number: u32) -> Option<Arc<[u8]>> {
        let Place::Packed(pack, mut offset) = self.store.place(number) else {
            return None;
        };
        let mut deltas = Vec::new();
        let mut object = loop {
            if let Some(kept) = self.kept.objects.get(&(pack.first, offset)) {
                break Arc::clone(kept);
            }
            let entry = pack.entry_at(offset, u64::MAX)?;
            if entry.size > self.store.most || deltas.len() == DEPTH {
                return None;
            }
            let base = match entry.header {
                Header::OfsDelta { base_distance } => offset.checked_sub(base_distance)?,
                Header::RefDelta { base_id } => {
                    let position = pack.index.position(base_id.as_ref())?;
                    pack.index.offset(position)
                }
                _ => {
                    let out = self.out.resize(usize::try_from(entry.size).ok()?);
                    if !self.inflater.exact(entry.stream, out) {
                        return None;
                    }
                    let object = Arc::from(self.out.bytes());
                    self.kept.keep((pack.first, offset), &object);
                    break object;
                }
            };
            deltas.push((offset, entry));
            offset = base;
        };
        for (offset, entry) in deltas.into_iter().rev() {
            let delta = self.delta.resize(usize::try_from(entry.size).ok()?);
            if !self.inflater.exact(entry.stream, delta) {
                return None;
            }
            delta::apply(&object, delta, self.store.most, &mut self.out, None).ok()?;
            object = Arc::from(self.out.bytes());
            self.kept.keep((pack.first, offset), &object);
        }
        Some(object)
    }
}

impl Kept {
    fn keep(&mut self, at: (u32, u64), object: &Arc<[u8]>) {
        // One of a size like that would push out all others.
        if object.len() > KEPT / 4 {
            return;
        }
        if self.objects.insert(at, Arc::clone(object)).is_none() {
            self.order.push_back(at);
            self.size += object.len();
        }
        while self.size > KEPT
            && let Some(oldest) = self.order.pop_front()
        {
            if let Some(object) = self.objects.remove(&oldest) {
                self.size -= object.len();
            }
        }
    }
}
