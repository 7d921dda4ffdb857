//! Handing out every object once, each inflated once.
//!
//! A thread takes the root of a tree of deltas and goes down, so that an object is made while what it rests on is still
//! in the cache of the processor. One tree may hold nearly all of a repository: when a thread has nothing to do, others
//! give it subtrees, whose base they then share.
//!
//! A base is held until its last child is begun. Children are in order of weight, so the held ones of one descent are
//! each at least as light as what follows: their number grows with the logarithm of the tree. A forged pack may still
//! make that many of the largest size; beyond [`Walk::most_held`] bytes bases are not held, but read anew for each child.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::thread;

use keysieve_engine::Flow;
use keysieve_engine::scan::{Derivation, Residue};

use self::shared::Shared;
use self::worker::Worker;
use super::kind::Kind;
use super::{Faults, Store};
use crate::bits::Bits;

mod shared;
mod worker;

/// Receives objects on one thread.
pub(crate) trait Receive: Send {
    fn object(&mut self, number: u32, kind: Kind, bytes: &[u8]) -> Flow;

    /// As [`Receive::object`], for an object that may be made from another one, of which this left something. Objects
    /// that are bases (`is_base`) may leave something in turn.
    fn derived(
        &mut self,
        number: u32,
        kind: Kind,
        bytes: &[u8],
        derivation: Option<Derivation<'_>>,
        is_base: bool,
    ) -> (Flow, Option<Residue>) {
        let _ = (derivation, is_base);
        (self.object(number, kind, bytes), None)
    }
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
    /// Bytes of bases that are held at a time, by all threads.
    pub(crate) most_held: u64,
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
