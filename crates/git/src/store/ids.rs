//! From object ids to object numbers.

use std::hash::{BuildHasher, RandomState};

/// A hash table of object numbers, by the ids that stand elsewhere: 4 bytes a slot, at most three quarters full.
///
/// The ids of real objects are digests, and any of their bytes would do as a hash. A forged index lists whatever ids it
/// likes, so all bytes are mixed with keys that nobody can know: else every look-up could be made to try all objects.
pub(super) struct Ids {
    slots: Vec<u32>,
    keys: [u64; 4],
}

const EMPTY: u32 = u32::MAX;

impl Ids {
    /// A table for `count` numbers.
    pub(super) fn new(count: usize) -> Self {
        let random = RandomState::new();
        let size = (count + count / 3 + 1).next_power_of_two();
        Self {
            slots: vec![EMPTY; size],
            keys: [0u8, 1, 2, 3].map(|n| random.hash_one(n)),
        }
    }

    fn slot(&self, id: &[u8]) -> usize {
        let word = |at: usize| u64::from_le_bytes(id[at..at + 8].try_into().expect("8 bytes"));
        let mix = |a: usize, b: usize, keys: &[u64]| {
            let wide = u128::from(word(a) ^ keys[0]) * u128::from(word(b) ^ keys[1]);
            wide as u64 ^ (wide >> 64) as u64
        };
        let end = id.len();
        let hash = mix(0, 8, &self.keys[..2]) ^ mix(end - 8, end - 16, &self.keys[2..]);
        hash as usize & (self.slots.len() - 1)
    }

    /// Puts `number` in, unless the id is there already: then its number.
    pub(super) fn insert<'a>(
        &mut self,
        number: u32,
        id_of: impl Fn(u32) -> &'a [u8],
    ) -> Option<u32> {
        let id = id_of(number);
        let mut at = self.slot(id);
        loop {
            match self.slots[at] {
                EMPTY => {
                    self.slots[at] = number;
                    return None;
                }
                other if same(id_of(other), id) => return Some(other),
                _ => at = (at + 1) & (self.slots.len() - 1),
            }
        }
    }

    /// The number of an id of at least 20 bytes.
    pub(super) fn get<'a>(&self, id: &[u8], id_of: impl Fn(u32) -> &'a [u8]) -> Option<u32> {
        let mut at = self.slot(id);
        loop {
            match self.slots[at] {
                EMPTY => return None,
                number if same(id_of(number), id) => return Some(number),
                _ => at = (at + 1) & (self.slots.len() - 1),
            }
        }
    }
}

/// Compares two ids. Those of 20 bytes without a call: this runs once for every entry of every tree.
fn same(a: &[u8], b: &[u8]) -> bool {
    match (a.as_array::<20>(), b.as_array::<20>()) {
        (Some(a), Some(b)) => a == b,
        _ => a == b,
    }
}
