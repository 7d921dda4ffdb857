//! From object ids to object numbers.

/// A hash table of object numbers, by the ids that stand elsewhere: 4 bytes a slot, at most three quarters full.
///
/// The ids are digests, so some of their bytes are the hash. Whoever makes ids that collide there (12 hexadecimal
/// digits cost nothing to choose in a forged index) makes probing linear; [`Ids::insert`] therefore mixes in a key.
pub(super) struct Ids {
    slots: Vec<u32>,
    key: u64,
}

const EMPTY: u32 = u32::MAX;

impl Ids {
    /// A table for `count` numbers.
    pub(super) fn new(count: usize, key: u64) -> Self {
        let size = (count + count / 3 + 1).next_power_of_two();
        Self {
            slots: vec![EMPTY; size],
            key: key | 1,
        }
    }

    fn slot(&self, id: &[u8]) -> usize {
        let word = |at: usize| u64::from_le_bytes(id[at..at + 8].try_into().expect("8 bytes"));
        let wide = u128::from(word(4) ^ self.key) * u128::from(word(12) ^ self.key.rotate_left(32));
        (wide as u64 ^ (wide >> 64) as u64) as usize & (self.slots.len() - 1)
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
