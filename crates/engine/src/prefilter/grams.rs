//! Literals by four of their bytes.
//!
//! A table says of any four bytes, in any ASCII case, whether some literal has them at its chosen place. Almost all
//! places of a text are turned away by one load, one multiplication and one bit; what passes is compared with a slot that
//! holds the four bytes themselves, and only then with the literals.

use super::words::{self, Words};
use crate::rule::LiteralId;

/// Folds ASCII case of four bytes at once; other bytes fold together too (`@` and a backtick), which costs a comparison.
const FOLD: u32 = 0x2020_2020;
/// Multiplier of the hash (2^32 / golden ratio, odd).
const SPREAD: u32 = 0x9E37_79B1;
/// Words of the bit table: 2^13 x 32 bits are 32 KiB.
const BITS_LOG: u32 = 13;
/// Words of a slot: gram, first entry, number of entries (0 for an empty slot), and how many of them, the first ones,
/// know all four bytes before the gram. Those are sorted by them.
const SLOT: usize = 4;
/// Words of an entry: literal, offset of the gram in it, start and length of its text, and the four bytes before and
/// behind the gram, each with its mask: many literals can share a gram (`://`), and these tell them apart at once.
const ENTRY: usize = 8;

/// The words of an entry that hold the bytes before the gram, and their mask.
const BEFORE: usize = 4;
const MASK: usize = 5;

/// The table.
#[derive(Debug)]
pub(super) struct Grams {
    bits: Words,
    /// Open addressing by the same hash; a power of two slots.
    slots: Words,
    entries: Words,
    /// The texts of the entries, packed.
    texts: Words,
}

/// A literal and where in it the gram is taken.
#[derive(Clone, Copy, Debug)]
pub(super) struct Placed<'a> {
    pub(super) literal: LiteralId,
    /// Lower case, at least 3 bytes.
    pub(super) text: &'a [u8],
    /// At least 3 bytes of the text follow.
    pub(super) offset: usize,
}

impl Grams {
    pub(super) fn new<'a>(literals: impl IntoIterator<Item = Placed<'a>>) -> Self {
        let mut texts = Vec::new();
        let mut pairs: Vec<(u32, [u32; ENTRY])> = Vec::new();
        for Placed {
            literal,
            text,
            offset,
        } in literals
        {
            let ((before, before_mask), (behind, behind_mask)) = around(text, offset);
            let entry = [
                literal.0,
                offset as u32,
                texts.len() as u32,
                text.len() as u32,
                before & before_mask,
                before_mask,
                behind & behind_mask,
                behind_mask,
            ];
            texts.extend_from_slice(text);
            match text[offset..] {
                [a, b, c, d, ..] => pairs.push((fold([a, b, c, d]), entry)),
                [a, b, c] => {
                    // Any byte may follow: one entry for each that folds differently.
                    let lasts = (0..=255u8).filter(|b| b & 0x20 != 0);
                    pairs.extend(lasts.map(|d| (fold([a, b, c, d]), entry)));
                }
                _ => unreachable!("the rule compiler refuses literals under 3 bytes"),
            }
        }
        pairs.sort_unstable_by_key(|&(gram, entry)| (gram, !entry[MASK], entry[BEFORE], entry));

        let mut bits = vec![0u32; 1 << BITS_LOG];
        let groups = pairs.chunk_by(|a, b| a.0 == b.0).count();
        let mut slots = vec![0u32; (groups * 2).next_power_of_two().max(16) * SLOT];
        let mut first = 0;
        for group in pairs.chunk_by(|a, b| a.0 == b.0) {
            let gram = group[0].0;
            bits[word(gram)] |= 1 << (gram & 31);
            let mut at = home(gram, slots.len() / SLOT);
            while slots[at * SLOT + 2] > 0 {
                at = next(at, slots.len() / SLOT);
            }
            let known = group
                .iter()
                .filter(|(_, entry)| entry[MASK] == u32::MAX)
                .count();
            let slot = [gram, first, group.len() as u32, known as u32];
            slots[at * SLOT..][..SLOT].copy_from_slice(&slot);
            first += group.len() as u32;
        }
        let entries: Vec<u32> = pairs.into_iter().flat_map(|(_, entry)| entry).collect();
        Self {
            bits: bits.into(),
            slots: slots.into(),
            entries: entries.into(),
            texts: words::pack(&texts).into(),
        }
    }

    pub(super) fn push_to(&self, words: &mut Vec<u32>) {
        for part in [&self.bits, &self.slots, &self.entries, &self.texts] {
            words::push(words, part);
        }
    }

    pub(super) fn take_from(words: &mut &'static [u32]) -> Self {
        let [bits, slots, entries, texts] = std::array::from_fn(|_| words::take(words));
        Self {
            bits,
            slots,
            entries,
            texts,
        }
    }

    /// Whether no literal is in it.
    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The bit table, to be had once before many places are asked for.
    #[inline(always)]
    pub(super) fn bits(&self) -> Bits<'_> {
        Bits(self.bits.first_chunk().expect("the table has this length"))
    }

    /// Calls `hit` with the literals that stand in `text` with their gram at `at`, and where they begin.
    #[inline(never)]
    pub(super) fn literals_at(
        &self,
        text: &[u8],
        at: usize,
        mut hit: impl FnMut(usize, LiteralId),
    ) {
        let gram = fold(four(text, at));
        let count = self.slots.len() / SLOT;
        let mut slot = home(gram, count);
        loop {
            let [held, first, len, known] = *self.slots[slot * SLOT..]
                .first_chunk()
                .expect("slots are whole");
            if len == 0 {
                return;
            }
            if held == gram {
                let ((before, _), (behind, _)) = around(text, at);
                let entries = &self.entries[first as usize * ENTRY..][..len as usize * ENTRY];
                let (entries, _) = entries.as_chunks::<ENTRY>();
                let (known, others) = entries.split_at(known as usize);
                let from = known.partition_point(|entry| entry[BEFORE] < before);
                let same = known[from..].iter().take_while(|e| e[BEFORE] == before);
                for &[literal, offset, start, len, b, b_mask, a, a_mask] in same.chain(others) {
                    if before & b_mask != b || behind & a_mask != a {
                        continue;
                    }
                    let Some(begin) = at.checked_sub(offset as usize) else {
                        continue;
                    };
                    if self.stands(text, begin, start as usize, len as usize) {
                        hit(begin, LiteralId(literal));
                    }
                }
                return;
            }
            slot = next(slot, count);
        }
    }

    /// Whether the `len` bytes of the texts from `start` stand in `text` at `begin`, in any case.
    fn stands(&self, text: &[u8], begin: usize, start: usize, len: usize) -> bool {
        let Some(found) = text.get(begin..begin + len) else {
            return false;
        };
        found
            .iter()
            .enumerate()
            .all(|(i, b)| b.to_ascii_lowercase() == words::byte(&self.texts, start + i))
    }
}

/// Which four bytes some literal may have.
#[derive(Clone, Copy)]
pub(super) struct Bits<'a>(&'a [u32; 1 << BITS_LOG]);

impl Bits<'_> {
    /// Whether some literal may have these four bytes.
    #[inline(always)]
    pub(super) fn may_have(self, bytes: [u8; 4]) -> bool {
        let gram = fold(bytes);
        self.0[word(gram)] >> (gram & 31) & 1 == 1
    }
}

#[inline(always)]
fn fold(bytes: [u8; 4]) -> u32 {
    u32::from_le_bytes(bytes) | FOLD
}

/// The four bytes at `at`, zeros behind the end.
#[inline(always)]
pub(super) fn four(text: &[u8], at: usize) -> [u8; 4] {
    match text.get(at..at + 4) {
        Some(bytes) => bytes.try_into().expect("four bytes"),
        None => {
            let mut bytes = [0; 4];
            bytes[..text.len() - at].copy_from_slice(&text[at..]);
            bytes
        }
    }
}

/// Bytes, folded, and a mask of those of them that are there.
type Some4 = (u32, u32);

/// The four bytes before the gram at `at`, and the four behind it.
#[inline(always)]
fn around(text: &[u8], at: usize) -> (Some4, Some4) {
    let before = match at
        .checked_sub(4)
        .and_then(|from| text[from..].first_chunk())
    {
        Some(bytes) => (fold(*bytes), u32::MAX),
        None => {
            let mut bytes = [0; 4];
            bytes[4 - at..].copy_from_slice(&text[..at]);
            (fold(bytes), !(u32::MAX >> (8 * at)))
        }
    };
    let behind = match text.get(at + 4..at + 8) {
        Some(bytes) => (fold(bytes.try_into().expect("four bytes")), u32::MAX),
        None => {
            let rest = text.len().saturating_sub(at + 4);
            let from = text.len().min(at + 4);
            (fold(four(text, from)), !(u32::MAX << (8 * rest)))
        }
    };
    (before, behind)
}

/// The word of the bit table; the mask lets the compiler see that it is in range.
#[inline(always)]
fn word(gram: u32) -> usize {
    (gram.wrapping_mul(SPREAD) >> (32 - BITS_LOG)) as usize
}

/// The slot where a gram is looked for first, of a power of two `slots`. From the top bits of the product: only these
/// hang on all bytes of the gram, and the entries of three bytes fill slots with grams that differ in the last one.
fn home(gram: u32, slots: usize) -> usize {
    (gram.wrapping_mul(SPREAD) >> (u32::BITS - slots.trailing_zeros())) as usize & (slots - 1)
}

fn next(slot: usize, slots: usize) -> usize {
    (slot + 1) & (slots - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(grams: &Grams, text: &[u8]) -> Vec<(usize, u32)> {
        let mut hits = Vec::new();
        for at in 0..text.len() {
            let mut window = [0; 4];
            let rest = &text[at..text.len().min(at + 4)];
            window[..rest.len()].copy_from_slice(rest);
            if grams.bits().may_have(window) {
                grams.literals_at(text, at, |start, literal| hits.push((start, literal.0)));
            }
        }
        hits.sort_unstable();
        hits
    }

    #[test]
    fn literals_are_found_in_any_case_and_at_the_end() {
        let placed = |i, text, offset| Placed {
            literal: LiteralId(i),
            text,
            offset,
        };
        let literals = [
            placed(0, b"ghp_", 0),
            placed(1, b"eyj", 0),
            placed(2, b"password", 3),
            placed(3, b"abcde", 2),
        ];
        {
            let built = Grams::new(literals);
            let mut words = Vec::new();
            built.push_to(&mut words);
            let stored = Grams::take_from(&mut &*words.leak());
            for grams in [built, stored] {
                assert_eq!(
                    found(&grams, b"a GHP_ eyJ passWord"),
                    [(2, 0), (7, 1), (11, 2)]
                );
                assert_eq!(found(&grams, b"an eyJ"), [(3, 1)]);
                assert_eq!(found(&grams, b"x abCDE"), [(2, 3)]);
                assert_eq!(found(&grams, b"nothing"), []);
            }
        }
    }
}
