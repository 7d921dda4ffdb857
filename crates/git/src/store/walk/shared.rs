//! What the threads of a walk share: the work that is left, and what failed.

use std::iter::successors;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use keysieve_engine::Flow;
use keysieve_engine::scan::Residue;

use super::super::inflate::Buffer;
use super::super::pack::Pack;
use super::super::{Fault, Reader};
use super::{Receive, Walk};
use crate::bits::Bits;

/// A tree of deltas this heavy (KiB) is begun before all others, so that no thread comes to it last.
const HEAVY: u32 = 4 << 10;
/// So many objects that failed are tried one by one, from their other copies.
const RETRIES: usize = 10_000;

/// What the threads share.
pub(super) struct Shared<'w> {
    pub(super) walk: &'w Walk<'w>,
    /// The nodes that are decoded, as `Pack::first` + node; all that packs say are needed if `None`.
    needed: Option<Bits>,
    /// Roots as `Pack::first` + node, heavy ones first; then numbers of loose objects.
    pub(super) items: Vec<u32>,
    pub(super) heavy: usize,
    pub(super) next: AtomicUsize,
    queue: Mutex<Queue<'w>>,
    /// Signalled when there is a task, or none will come.
    changed: Condvar,
    /// How many threads wait; read without the lock.
    waiting: AtomicUsize,
    /// Bytes of bases that are held.
    pub(super) held: &'w AtomicU64,
    pub(super) stopped: AtomicBool,
    pub(super) exhausted: AtomicBool,
    failed: Mutex<Vec<(u32, Fault)>>,
}

#[derive(Default)]
struct Queue<'w> {
    tasks: Vec<Task<'w>>,
    done: bool,
}

/// A node to decode, with all that rests on it.
pub(super) struct Task<'w> {
    pub(super) pack: &'w Pack,
    pub(super) node: u32,
    pub(super) base: Base<'w>,
}

/// What a node rests on.
#[derive(Clone)]
pub(super) enum Base<'w> {
    /// Nothing: it is a root.
    Nothing,
    Held(Arc<Held<'w>>),
    /// A node that is to be read anew.
    Dropped(u32),
}

/// The content of a base, counted as long as it lives.
pub(super) struct Held<'w> {
    pub(super) bytes: Buffer,
    /// What its scan has left.
    pub(super) residue: Option<Residue>,
    pub(super) counted: u64,
    pub(super) counter: &'w AtomicU64,
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.counter.fetch_sub(self.counted, Relaxed);
    }
}

/// Whether a node is to be decoded: it is handed out, or one that rests on it is.
fn is_needed(needed: Option<&Bits>, pack: &Pack, node: u32) -> bool {
    match needed {
        Some(needed) => needed.contains(pack.first + node),
        None => pack.is_needed(node),
    }
}

impl<'w> Shared<'w> {
    /// `node`, or the first sibling after it, that is to be decoded.
    pub(super) fn first_needed(&self, pack: &Pack, node: Option<u32>) -> Option<u32> {
        successors(node, |&at| pack.next_sibling(at))
            .find(|&at| is_needed(self.needed.as_ref(), pack, at))
    }

    pub(super) fn new(walk: &'w Walk<'w>, held: &'w AtomicU64) -> Self {
        let store = walk.store;
        let needed = walk.wanted.map(|wanted| {
            let mut needed = Bits::new(store.first_loose as usize);
            for pack in &store.packs {
                pack.mark_needed(walk.kinds, wanted, &mut needed);
            }
            needed
        });
        let (mut heavy, mut items) = (Vec::new(), Vec::new());
        for pack in &store.packs {
            let is_needed = |root: &u32| is_needed(needed.as_ref(), pack, *root);
            for root in pack.roots(walk.kinds).filter(is_needed) {
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
            needed,
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
    pub(super) fn task(&self) -> Option<Task<'w>> {
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
    pub(super) fn give(&self, task: &mut Option<Task<'w>>) {
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

    pub(super) fn is_stopped(&self) -> bool {
        if self.walk.interrupt.load(Relaxed) {
            self.stopped.store(true, Relaxed);
        }
        self.stopped.load(Relaxed)
    }

    pub(super) fn stop(&self) {
        self.stopped.store(true, Relaxed);
        self.queue().done = true;
        self.changed.notify_all();
    }

    /// Counts what was decoded.
    pub(super) fn decoded(&self, bytes: usize) {
        let progress = self.walk.progress;
        progress.objects.fetch_add(1, Relaxed);
        let before = progress.bytes.fetch_add(bytes as u64, Relaxed);
        if before + bytes as u64 > self.walk.most {
            self.exhausted.store(true, Relaxed);
            self.stop();
        }
    }

    pub(super) fn fail(&self, number: u32, fault: Fault) {
        self.failed
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push((number, fault));
    }

    /// Tries what failed once more, from other copies of it and of what it rests on.
    pub(super) fn retry(&self, receiver: &mut impl Receive) {
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
