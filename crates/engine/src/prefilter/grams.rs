//! Literals by four of their bytes.
//!
//! A table says of any four bytes, in any ASCII case, whether some literal has them at its chosen place. Almost all
//! places of a text are turned away by one load, one multiplication and one bit; what passes is compared with a slot that
//! holds the four bytes themselves, and only then with the literals.

use super::classes::frequency;
use crate::rule::LiteralId;

/// Folds ASCII case of four bytes at once; other bytes fold together too (`@` and a backtick), which costs a comparison.
const FOLD: u32 = 0x2020_2020;
/// Multiplier of the hash (2^32 / golden ratio, odd).
const SPREAD: u32 = 0x9E37_79B1;
/// Words of the bit table: 2^13 x 32 bits are 32 KiB, half of a first-level cache.
const WORDS_LOG: u32 = 13;

/// The table.
#[derive(Debug)]
pub(super) struct Grams {
    bits: Box<[u32]>,
    /// Open addressing by the same hash; a power of two long.
    slots: Box<[Slot]>,
    entries: Box<[Entry]>,
}

/// Four folded bytes and the entries that have them.
#[derive(Clone, Copy, Default, Debug)]
struct Slot {
    gram: u32,
    first: u32,
    len: u32,
}

/// A literal that has the gram at `offset`.
#[derive(Clone, Debug)]
struct Entry {
    literal: LiteralId,
    offset: usize,
    text: Box<[u8]>,
}

/// Where in a literal its gram is taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Place {
    /// At its beginning.
    Start,
    /// Where it is rarest.
    Rarest,
}

impl Grams {
    /// A table of `literals` (lower case, at least 3 bytes).
    pub(super) fn new<'a>(
        literals: impl IntoIterator<Item = (LiteralId, &'a [u8])>,
        place: Place,
    ) -> Self {
        let mut pairs: Vec<(u32, Entry)> = Vec::new();
        for (literal, text) in literals {
            let offset = match place {
                Place::Start => 0,
                Place::Rarest => rarest(text, 4),
            };
            let entry = Entry {
                literal,
                offset,
                text: text.into(),
            };
            match text[offset..] {
                [a, b, c, d, ..] => pairs.push((fold([a, b, c, d]), entry)),
                [a, b, c] => {
                    // Any byte may follow: one entry for each that folds differently.
                    let lasts = (0..=255u8).filter(|b| b & 0x20 != 0);
                    pairs.extend(lasts.map(|d| (fold([a, b, c, d]), entry.clone())));
                }
                _ => unreachable!("the rule compiler refuses literals under 3 bytes"),
            }
        }
        pairs.sort_by_key(|(gram, entry)| (*gram, entry.literal));

        let mut bits = vec![0u32; 1 << WORDS_LOG].into_boxed_slice();
        let mut slots =
            vec![Slot::default(); (pairs.len() * 2).next_power_of_two().max(16)].into_boxed_slice();
        let mut first = 0;
        for group in pairs.chunk_by(|a, b| a.0 == b.0) {
            let gram = group[0].0;
            bits[word(gram)] |= 1 << (gram & 31);
            let mut at = home(gram, slots.len());
            while slots[at].len > 0 {
                at = (at + 1) & (slots.len() - 1);
            }
            slots[at] = Slot {
                gram,
                first,
                len: group.len() as u32,
            };
            first += group.len() as u32;
        }
        Self {
            bits,
            slots,
            entries: pairs.into_iter().map(|(_, entry)| entry).collect(),
        }
    }

    /// Whether no literal is in it.
    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Whether some literal may have these four bytes.
    #[inline(always)]
    pub(super) fn may_have(&self, bytes: [u8; 4]) -> bool {
        let gram = fold(bytes);
        self.bits[word(gram)] >> (gram & 31) & 1 == 1
    }

    /// Calls `hit` with the literals that stand in `text` with their gram at `at`, and where they begin.
    pub(super) fn literals_at(
        &self,
        text: &[u8],
        at: usize,
        mut hit: impl FnMut(usize, LiteralId),
    ) {
        let mut bytes = [0; 4];
        let rest = &text[at..text.len().min(at + 4)];
        bytes[..rest.len()].copy_from_slice(rest);
        let gram = fold(bytes);
        let mut slot = home(gram, self.slots.len());
        while self.slots[slot].len > 0 {
            let Slot {
                gram: held,
                first,
                len,
            } = self.slots[slot];
            if held == gram {
                for entry in &self.entries[first as usize..(first + len) as usize] {
                    let Some(start) = at.checked_sub(entry.offset) else {
                        continue;
                    };
                    let found = text.get(start..start + entry.text.len());
                    if found.is_some_and(|found| found.eq_ignore_ascii_case(&entry.text)) {
                        hit(start, entry.literal);
                    }
                }
                return;
            }
            slot = (slot + 1) & (self.slots.len() - 1);
        }
    }
}

#[inline(always)]
fn fold(bytes: [u8; 4]) -> u32 {
    u32::from_le_bytes(bytes) | FOLD
}

#[inline(always)]
fn word(gram: u32) -> usize {
    (gram.wrapping_mul(SPREAD) >> (32 - WORDS_LOG)) as usize
}

fn home(gram: u32, slots: usize) -> usize {
    (gram.wrapping_mul(SPREAD) >> 7) as usize & (slots - 1)
}

/// Where the rarest `n` bytes of `text` begin; 0 where it is shorter.
pub(super) fn rarest(text: &[u8], n: usize) -> usize {
    let rarity = |window: &[u8]| {
        window
            .iter()
            .map(|&b| u64::from(frequency(b)))
            .product::<u64>()
    };
    text.windows(n)
        .enumerate()
        .min_by_key(|(_, window)| rarity(window))
        .map_or(0, |(at, _)| at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(grams: &Grams, text: &[u8]) -> Vec<(usize, u32)> {
        let mut hits = Vec::new();
        for at in 0..text.len() {
            let window: Option<[u8; 4]> = text.get(at..at + 4).map(|w| w.try_into().expect("four"));
            if window.is_none_or(|w| grams.may_have(w)) {
                grams.literals_at(text, at, |start, literal| hits.push((start, literal.0)));
            }
        }
        hits.sort_unstable();
        hits
    }

    #[test]
    fn literals_are_found_in_any_case_and_at_the_end() {
        let literals: [(LiteralId, &[u8]); 3] = [
            (LiteralId(0), b"ghp_"),
            (LiteralId(1), b"eyj"),
            (LiteralId(2), b"password"),
        ];
        for place in [Place::Start, Place::Rarest] {
            let grams = Grams::new(literals, place);
            assert_eq!(
                found(&grams, b"a GHP_ eyJ passWord"),
                [(2, 0), (7, 1), (11, 2)]
            );
            assert_eq!(found(&grams, b"an eyJ"), [(3, 1)]);
            assert_eq!(found(&grams, b"nothing"), []);
        }
    }
}
