//! Handing out every object once, each inflated once.
//!
//! A thread takes the root of a tree of deltas and goes down, so that an object is made while what it rests on is still
//! in the cache of the processor. One tree may hold nearly all of a repository: when a thread has nothing to do, others
//! give it subtrees, whose base they then share.
//!
//! A base is held until its last child is begun. Children are in order of weight, so the held ones of one descent are
//! each at least as light as what follows: their number grows with the logarithm of the tree. A forged pack may still
//! make that many of the largest size; beyond [`HELD`] bytes bases are not held, but read anew for each child.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use gix::odb::pack::data::entry::Header;
use keysieve_engine::Flow;

use super::inflate::{Buffer, Inflater};
use super::kind::Kind;
use super::pack::Pack;
use super::{Fault, Faults, Reader, Store, delta};
use crate::bits::Bits;

/// Bytes of bases that are held at a time, by all threads.
const HELD: u64 = 512 << 20;
/// Bytes of unused buffers that a thread keeps.
const SPARE: usize = 16 << 20;
/// A tree of deltas this heavy (KiB) is begun before all others, so that no thread comes to it last.
const HEAVY: u32 = 4 << 10;
/// A subtree must be this heavy (KiB) to be given away.
const WORTH_SHARING: u32 = 256;
/// So many light roots are taken at a time.
const HANDFUL: usize = 32;
/// So many objects that failed are tried one by one, from their other copies.
const RETRIES: usize = 10_000;

/// Receives objects on one thread.
pub(crate) trait Receive: Send {
    fn object(&mut self, number: u32, kind: Kind, bytes: &[u8]) -> Flow;
}

/// How far walks have come; all in one go.
#[derive(Default, Debug)]
pub(crate) struct Progress {
    /// Objects decoded, also those that are only bases.
    pub(crate) objects: AtomicU64,
    /// Their bytes.
    pub(crate) bytes: AtomicU64,
}

/// A walk over the objects of some kinds.
pub(crate) struct Walk<'s> {
    pub(crate) store: &'s Store,
    /// The bits of the kinds.
    pub(crate) kinds: u8,
    /// Which numbers are handed out; all if `None`.
    pub(crate) wanted: Option<&'s Bits>,
    pub(crate) threads: usize,
    pub(crate) faults: &'s Faults,
    pub(crate) progress: &'s Progress,
    /// The walk stops when so many bytes are decoded.
    pub(crate) most: u64,
    pub(crate) interrupt: &'s AtomicBool,
}

/// How a walk ended.
pub(crate) struct Ended<R> {
    pub(crate) receivers: Vec<R>,
    /// Whether every object was handed out, or failed.
    pub(crate) complete: bool,
    /// Whether it stopped because too much was decoded.
    pub(crate) exhausted: bool,
}

impl Walk<'_> {
    /// Walks with one receiver for each thread.
    pub(crate) fn run<R: Receive>(&self, make: impl Fn() -> R + Sync) -> Ended<R> {
        let held = AtomicU64::new(0);
        let shared = Shared::new(self, &held);
        let mut receivers = thread::scope(|scope| {
            let threads: Vec<_> = (0..self.threads.max(1))
                .map(|_| {
                    scope.spawn(|| {
                        let mut worker = Worker::new(&shared, make());
                        worker.run();
                        worker.receiver
                    })
                })
                .collect();
            let joined = threads.into_iter().map(|thread| match thread.join() {
                Ok(receiver) => receiver,
                Err(panic) => std::panic::resume_unwind(panic),
            });
            joined.collect::<Vec<_>>()
        });
        if let Some(receiver) = receivers.first_mut() {
            shared.retry(receiver);
        }
        Ended {
            receivers,
            complete: !shared.stopped.load(Relaxed),
            exhausted: shared.exhausted.load(Relaxed),
        }
    }

    fn wants(&self, number: u32) -> bool {
        self.wanted.is_none_or(|wanted| wanted.contains(number))
    }
}

/// What the threads share.
struct Shared<'w> {
    walk: &'w Walk<'w>,
    /// Roots as `Pack::first` + node, heavy ones first; then numbers of loose objects.
    items: Vec<u32>,
    heavy: usize,
    next: AtomicUsize,
    queue: Mutex<Queue<'w>>,
    /// Signalled when there is a task, or none will come.
    changed: Condvar,
    /// How many threads wait; read without the lock.
    waiting: AtomicUsize,
    /// Bytes of bases that are held.
    held: &'w AtomicU64,
    stopped: AtomicBool,
    exhausted: AtomicBool,
    failed: Mutex<Vec<(u32, Fault)>>,
}

#[derive(Default)]
struct Queue<'w> {
    tasks: Vec<Task<'w>>,
    done: bool,
}

/// A node to decode, with all that rests on it.
struct Task<'w> {
    pack: &'w Pack,
    node: u32,
    base: Base<'w>,
}

/// What a node rests on.
#[derive(Clone)]
enum Base<'w> {
    /// Nothing: it is a root.
    Nothing,
    Held(Arc<Held<'w>>),
    /// A node that is to be read anew.
    Dropped(u32),
}

/// The content of a base, counted as long as it lives.
struct Held<'w> {
    bytes: Buffer,
    counted: u64,
    counter: &'w AtomicU64,
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.counter.fetch_sub(self.counted, Relaxed);
    }
}

impl<'w> Shared<'w> {
    fn new(walk: &'w Walk<'w>, held: &'w AtomicU64) -> Self {
        let store = walk.store;
        let (mut heavy, mut items) = (Vec::new(), Vec::new());
        for pack in &store.packs {
            for root in pack.roots(walk.kinds) {
                let weight = pack.weight(root);
                if weight >= HEAVY {
                    heavy.push((weight, pack.first + root));
                } else {
                    items.push(pack.first + root);
                }
            }
        }
        heavy.sort_unstable_by(|a, b| b.cmp(a));
        let heavy: Vec<u32> = heavy.into_iter().map(|root| root.1).collect();
        let count = heavy.len();
        let loose = store.first_loose..store.len() as u32;
        items.splice(0..0, heavy);
        items.extend(loose.filter(|&number| {
            store
                .kind(number)
                .is_some_and(|kind| kind as u8 & walk.kinds != 0)
        }));
        Self {
            walk,
            items,
            heavy: count,
            next: AtomicUsize::new(0),
            queue: Mutex::default(),
            changed: Condvar::new(),
            waiting: AtomicUsize::new(0),
            held,
            stopped: AtomicBool::new(false),
            exhausted: AtomicBool::new(false),
            failed: Mutex::default(),
        }
    }

    fn queue(&self) -> MutexGuard<'_, Queue<'w>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A task that another thread gave away; waits for one as long as others work. `None` when all is done.
    fn task(&self) -> Option<Task<'w>> {
        let mut queue = self.queue();
        let waiting = self.waiting.fetch_add(1, Relaxed) + 1;
        loop {
            if let Some(task) = queue.tasks.pop() {
                self.waiting.fetch_sub(1, Relaxed);
                return Some(task);
            }
            if waiting == self.walk.threads.max(1) || self.is_stopped() {
                queue.done = true;
            }
            if queue.done {
                self.changed.notify_all();
                return None;
            }
            queue = self
                .changed
                .wait(queue)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Gives a task away if somebody waits for one.
    fn give(&self, task: &mut Option<Task<'w>>) {
        let waiting = self.waiting.load(Relaxed);
        if waiting == 0 {
            return;
        }
        let mut queue = self.queue();
        if queue.tasks.len() < 2 * waiting && !queue.done {
            queue.tasks.extend(task.take());
            self.changed.notify_one();
        }
    }

    fn is_stopped(&self) -> bool {
        if self.walk.interrupt.load(Relaxed) {
            self.stopped.store(true, Relaxed);
        }
        self.stopped.load(Relaxed)
    }

    fn stop(&self) {
        self.stopped.store(true, Relaxed);
        self.queue().done = true;
        self.changed.notify_all();
    }

    /// Counts what was decoded.
    fn decoded(&self, bytes: usize) {
        let progress = self.walk.progress;
        progress.objects.fetch_add(1, Relaxed);
        let before = progress.bytes.fetch_add(bytes as u64, Relaxed);
        if before + bytes as u64 > self.walk.most {
            self.exhausted.store(true, Relaxed);
            self.stop();
        }
    }

    fn fail(&self, number: u32, fault: Fault) {
        self.failed
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push((number, fault));
    }

    /// Tries what failed once more, from other copies of it and of what it rests on.
    fn retry(&self, receiver: &mut impl Receive) {
        let mut failed =
            std::mem::take(&mut *self.failed.lock().unwrap_or_else(PoisonError::into_inner));
        let store = self.walk.store;
        failed.extend(
            store
                .faults()
                .iter()
                .filter(|(number, _)| self.walk.wants(*number)),
        );
        failed.sort_unstable();
        let mut reader = Reader::new(store);
        for (at, (number, fault)) in failed.into_iter().enumerate() {
            let rescued = match fault {
                Fault::Corrupt | Fault::NoBase | Fault::BadBase
                    if at < RETRIES && !self.is_stopped() =>
                {
                    reader.read(number).ok()
                }
                _ => None,
            };
            match rescued {
                Some((kind, bytes)) => {
                    self.decoded(bytes.len());
                    if kind as u8 & self.walk.kinds != 0
                        && receiver.object(number, kind, bytes) == Flow::Stop
                    {
                        self.stop();
                    }
                }
                None => self.walk.faults.add(store.id(number), fault),
            }
        }
    }
}

/// One thread's part of a walk.
struct Worker<'s, 'w, R> {
    shared: &'s Shared<'w>,
    receiver: R,
    inflater: Inflater,
    reader: Reader<'w>,
    file: Vec<u8>,
    delta: Buffer,
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
    fn new(shared: &'s Shared<'w>, receiver: R) -> Self {
        Self {
            shared,
            receiver,
            inflater: Inflater::new(),
            reader: Reader::new(shared.walk.store),
            file: Vec::new(),
            delta: Buffer::default(),
            spare: Vec::new(),
            spare_bytes: 0,
            levels: Vec::new(),
        }
    }

    fn run(&mut self) {
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
                self.hand_out(number, kind, &out.bytes()[start..]);
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
                    self.release(base);
                    shared.decoded(bytes.bytes().len());
                    let number = pack.number(node);
                    if pack.is_wanted(node) && shared.walk.wants(number) {
                        self.hand_out(number, kind, bytes.bytes());
                    }
                    match needed(pack, pack.first_child(node)) {
                        Some(child) => {
                            let base = self.hold(node, bytes);
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
        loop {
            let level = self.levels.last_mut()?;
            let child = level.child;
            let Some(after) = needed(pack, pack.next_sibling(child)) else {
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
                delta::apply(base.bytes.bytes(), self.delta.bytes(), most, &mut out)
            }
            Base::Dropped(base) => self.reader.read_at(pack.number(*base)).and_then(|_| {
                let base = self.reader.take();
                self.shared.decoded(base.bytes().len());
                delta::apply(base.bytes(), self.delta.bytes(), most, &mut out)
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

    fn hand_out(&mut self, number: u32, kind: Kind, bytes: &[u8]) {
        if self.receiver.object(number, kind, bytes) == Flow::Stop {
            self.shared.stop();
        }
    }

    /// Keeps the content of a node for its children.
    fn hold(&mut self, node: u32, bytes: Buffer) -> Base<'w> {
        let counter = self.shared.held;
        let counted = bytes.capacity() as u64;
        if counter.fetch_add(counted, Relaxed) + counted > HELD {
            counter.fetch_sub(counted, Relaxed);
            return Base::Dropped(node);
        }
        Base::Held(Arc::new(Held {
            bytes,
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

/// `node`, or the first sibling after it, that is to be decoded.
fn needed(pack: &Pack, mut node: Option<u32>) -> Option<u32> {
    while let Some(at) = node {
        if pack.is_needed(at) {
            return Some(at);
        }
        node = pack.next_sibling(at);
    }
    None
}
