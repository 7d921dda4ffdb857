//! One thread of a walk.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::thread;

use gix::odb::pack::data::entry::Header;
use keysieve_engine::Flow;
use keysieve_engine::scan::{Copied, Derivation, Residue};

use super::super::inflate::{Buffer, Inflater};
use super::super::kind::Kind;
use super::super::pack::Pack;
use super::super::{Fault, Reader, delta};
use super::Receive;
use super::shared::{Base, Held, Shared, Task};

/// Bytes of unused buffers that a thread keeps.
const SPARE: usize = 16 << 20;
/// A subtree must be this heavy (KiB) to be given away.
const WORTH_SHARING: u32 = 256;
/// So many light roots are taken at a time.
const HANDFUL: usize = 32;

/// One thread's part of a walk.
pub(super) struct Worker<'s, 'w, R> {
    shared: &'s Shared<'w>,
    pub(super) receiver: R,
    inflater: Inflater,
    reader: Reader<'w>,
    file: Vec<u8>,
    delta: Buffer,
    /// What the object that was decoded last has from its base.
    copied: Vec<Copied>,
    spare: Vec<Buffer>,
    spare_bytes: usize,
    levels: Vec<Level<'w>>,
}

/// A base, and the child of it that comes next.
struct Level<'w> {
    base: Base<'w>,
    child: u32,
}

impl<'s, 'w, R: Receive> Worker<'s, 'w, R> {
    pub(super) fn new(shared: &'s Shared<'w>, receiver: R) -> Self {
        Self {
            shared,
            receiver,
            inflater: Inflater::new(),
            reader: Reader::new(shared.walk.store),
            file: Vec::new(),
            delta: Buffer::default(),
            copied: Vec::new(),
            spare: Vec::new(),
            spare_bytes: 0,
            levels: Vec::new(),
        }
    }

    pub(super) fn run(&mut self) {
        /// Lets the other threads end if this one panics.
        struct Alarm<'a, 'w>(&'a Shared<'w>);
        impl Drop for Alarm<'_, '_> {
            fn drop(&mut self) {
                if thread::panicking() {
                    self.0.stop();
                }
            }
        }
        let shared = self.shared;
        let _alarm = Alarm(shared);
        while !shared.is_stopped() {
            let next = shared.next.load(Relaxed);
            let step = if next < shared.heavy { 1 } else { HANDFUL };
            let from = shared.next.fetch_add(step, Relaxed);
            let Some(items) = shared.items.get(from..) else {
                break;
            };
            if items.is_empty() {
                break;
            }
            for &item in items.iter().take(step) {
                self.item(item);
            }
        }
        while let Some(task) = shared.task() {
            self.descend(task);
        }
    }

    fn item(&mut self, item: u32) {
        let store = self.shared.walk.store;
        if item >= store.first_loose {
            self.loose(item);
        } else {
            let pack = store.pack_of(item);
            self.descend(Task {
                pack,
                node: item - pack.first,
                base: Base::Nothing,
            });
        }
    }

    fn loose(&mut self, number: u32) {
        let shared = self.shared;
        let store = shared.walk.store;
        if shared.is_stopped() || !shared.walk.wants(number) {
            return;
        }
        let mut out = self.buffer();
        let at = number - store.first_loose;
        match store
            .loose
            .read(at, store.most, &mut self.inflater, &mut self.file, &mut out)
        {
            Ok((kind, start)) => {
                shared.decoded(out.bytes().len() - start);
                let _ = self.hand_out(number, kind, &out.bytes()[start..], &Base::Nothing, false); // no base
            }
            Err(fault) => shared.fail(number, fault),
        }
        self.keep(out);
        if self.file.capacity() > SPARE {
            self.file = Vec::new();
        }
    }

    /// Decodes a node and all that rests on it.
    fn descend(&mut self, task: Task<'w>) {
        let shared = self.shared;
        let pack = task.pack;
        let Some(kind) = pack.kind(task.node) else {
            return; // known as endless since the pack was opened
        };
        let mut current = (task.node, task.base);
        while !shared.is_stopped() {
            let (node, base) = current;
            match self.decode(pack, node, &base) {
                Ok(bytes) => {
                    shared.decoded(bytes.bytes().len());
                    let number = pack.number(node);
                    let child = shared.first_needed(pack, pack.first_child(node));
                    let residue = if pack.is_wanted(node) && shared.walk.wants(number) {
                        self.hand_out(number, kind, bytes.bytes(), &base, child.is_some())
                    } else {
                        None
                    };
                    self.release(base);
                    match child {
                        Some(child) => {
                            let base = self.hold(node, bytes, residue);
                            self.levels.push(Level { base, child });
                        }
                        None => self.keep(bytes),
                    }
                }
                Err(fault) => {
                    self.release(base);
                    self.fail(pack, node, fault);
                }
            }
            match self.next(pack) {
                Some(next) => current = next,
                None => break,
            }
        }
        self.levels.clear();
    }

    /// The next node of this descent. Heavy ones go to whoever waits.
    fn next(&mut self, pack: &'w Pack) -> Option<(u32, Base<'w>)> {
        let shared = self.shared;
        loop {
            let level = self.levels.last_mut()?;
            let child = level.child;
            let after = shared.first_needed(pack, pack.next_sibling(child));
            let Some(after) = after else {
                let level = self.levels.pop()?;
                return Some((child, level.base));
            };
            level.child = after;
            let base = level.base.clone();
            if pack.weight(child) < WORTH_SHARING {
                return Some((child, base));
            }
            let mut task = Some(Task {
                pack,
                node: child,
                base,
            });
            self.shared.give(&mut task);
            if let Some(task) = task {
                return Some((task.node, task.base));
            }
        }
    }

    fn decode(&mut self, pack: &Pack, node: u32, base: &Base<'w>) -> Result<Buffer, Fault> {
        let most = self.shared.walk.store.most;
        let entry = pack.entry(node).ok_or(Fault::Corrupt)?;
        if entry.size > most {
            return Err(Fault::TooLarge);
        }
        let size = usize::try_from(entry.size).map_err(|_| Fault::TooLarge)?;
        let is_delta = matches!(
            entry.header,
            Header::OfsDelta { .. } | Header::RefDelta { .. }
        );
        let mut out = self.buffer();
        let result = match base {
            Base::Nothing => self
                .inflater
                .exact(entry.stream, out.resize(size))
                .then_some(())
                .ok_or(Fault::Corrupt),
            _ if !is_delta || !self.inflater.exact(entry.stream, self.delta.resize(size)) => {
                Err(Fault::Corrupt)
            }
            Base::Held(base) => {
                self.copied.clear();
                let copied = base.residue.is_some().then_some(&mut self.copied);
                let base = base.bytes.bytes();
                delta::apply(base, self.delta.bytes(), most, &mut out, copied)
            }
            Base::Dropped(base) => self.reader.read_at(pack.number(*base)).and_then(|_| {
                let base = self.reader.take();
                self.shared.decoded(base.bytes().len());
                delta::apply(base.bytes(), self.delta.bytes(), most, &mut out, None)
            }),
        };
        if self.delta.capacity() > SPARE {
            self.delta = Buffer::default();
        }
        match result {
            Ok(()) => Ok(out),
            Err(fault) => {
                self.keep(out);
                Err(fault)
            }
        }
    }

    /// Hands out the object that was decoded last, on top of `base`. Returns what it leaves if it is a base itself.
    fn hand_out(
        &mut self,
        number: u32,
        kind: Kind,
        bytes: &[u8],
        base: &Base<'w>,
        is_base: bool,
    ) -> Option<Residue> {
        let derivation = match base {
            Base::Held(held) => held.residue.as_ref().map(|base| Derivation {
                base,
                copied: &self.copied,
            }),
            Base::Nothing | Base::Dropped(_) => None,
        };
        let (flow, residue) = self
            .receiver
            .derived(number, kind, bytes, derivation, is_base);
        if flow == Flow::Stop {
            self.shared.stop();
        }
        residue
    }

    /// Keeps the content of a node for its children.
    fn hold(&mut self, node: u32, bytes: Buffer, residue: Option<Residue>) -> Base<'w> {
        let counter = self.shared.held;
        let counted = (bytes.capacity() + residue.as_ref().map_or(0, Residue::size)) as u64;
        if counter.fetch_add(counted, Relaxed) + counted > self.shared.walk.most_held {
            counter.fetch_sub(counted, Relaxed);
            return Base::Dropped(node);
        }
        Base::Held(Arc::new(Held {
            bytes,
            residue,
            counted,
            counter,
        }))
    }

    /// Gives a base up, and takes its memory if nobody else holds it.
    fn release(&mut self, base: Base<'w>) {
        if let Base::Held(held) = base
            && let Some(mut held) = Arc::into_inner(held)
        {
            let bytes = std::mem::take(&mut held.bytes);
            self.keep(bytes);
        }
    }

    fn buffer(&mut self) -> Buffer {
        let buffer = self.spare.pop().unwrap_or_default();
        self.spare_bytes -= buffer.capacity();
        buffer
    }

    fn keep(&mut self, buffer: Buffer) {
        if self.spare_bytes + buffer.capacity() <= SPARE {
            self.spare_bytes += buffer.capacity();
            self.spare.push(buffer);
        }
    }

    /// A node could not be decoded, and so nothing that rests on it.
    fn fail(&mut self, pack: &Pack, node: u32, fault: Fault) {
        let report = |node, fault| {
            let number = pack.number(node);
            if pack.is_wanted(node) && self.shared.walk.wants(number) {
                self.shared.fail(number, fault);
            }
        };
        report(node, fault);
        let mut stack: Vec<u32> = pack.first_child(node).into_iter().collect();
        while let Some(node) = stack.pop() {
            report(
                node,
                if fault == Fault::TooLarge {
                    fault
                } else {
                    Fault::BadBase
                },
            );
            stack.extend(pack.first_child(node));
            stack.extend(pack.next_sibling(node));
        }
    }
}
