//! The names that stand in trees.
//!
//! Trees of a history repeat each other: of ten entries nine are as in another version of the tree. So an object keeps
//! the hash of the first name that it was met under, and only entries that name it otherwise are kept one by one.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher};

/// The hash of a name, keyed at random: nobody can make two names of one hash.
pub(super) type NameHash = u64;

/// From hashes to names.
pub(super) type Names = HashMap<NameHash, Box<[u8]>, Identity>;

/// The hash of `name`; never 0.
pub(super) fn hash(key: &std::hash::RandomState, name: &[u8]) -> NameHash {
    let mut hasher = key.build_hasher();
    hasher.write(name);
    hasher.finish() | 1
}

/// Hashes what is a hash already.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Identity(u64);

impl Hasher for Identity {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(byte);
        }
    }

    fn write_u64(&mut self, value: u64) {
        self.0 = value.rotate_left(32); // the low bit is always set
    }
}

impl BuildHasher for Identity {
    type Hasher = Self;

    fn build_hasher(&self) -> Self {
        Self(0)
    }
}
