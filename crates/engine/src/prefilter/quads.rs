//! Tier F's first sieve: which four bytes of each literal to look for, and the tables to look for them with.
//!
//! A table lets a place pass if one of 24 buckets remains after eight look-ups of a nibble each ("Teddy"). The fewer and
//! the rarer the byte quadruples, and the more alike those of one bucket, the less passes. So literals share quadruples
//! where they can (`password` stands in dozens of them), and buckets are filled by what they would let pass. Eight buckets
//! more are 40 instructions more for 64 bytes, a place that passes in vain is 30 instructions: with the 250 quadruples of
//! the built-in rules, 9 % of all places of sources pass 16 buckets, 3 % pass 24 and 2 % pass 32.

use std::collections::{HashMap, HashSet};

use super::classes::{commonness, frequency};
use super::words::{self, Words};

/// Groups of buckets: each is one table, with a bit for each bucket.
pub(super) const GROUPS: usize = 3;
/// Buckets.
const BUCKETS: usize = 8 * GROUPS;
/// How often quadruples may move to a better bucket. Almost all that can be had is had in the first rounds.
const ROUNDS: usize = 3;
/// Bytes of a quadruple.
pub(super) const LEN: usize = 4;

/// For each group and byte of a quadruple, which buckets have it, by low and by high nibble.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Quads {
    pub(super) low: [[[u8; 16]; LEN]; GROUPS],
    pub(super) high: [[[u8; 16]; LEN]; GROUPS],
}

/// A quadruple in lower case; `None` for any byte.
type Quad = [Option<u8>; LEN];

impl Quads {
    /// The table of `literals`, and where in each its quadruple begins.
    pub(super) fn new(literals: &[&[u8]]) -> (Self, Vec<usize>) {
        let offsets = place(literals);
        let mut quads: Vec<Quad> = literals
            .iter()
            .zip(&offsets)
            .map(|(text, &at)| std::array::from_fn(|i| text.get(at + i).copied()))
            .collect();
        // A quadruple that begins with a triple of its own lets nothing more pass.
        let triples: Vec<Quad> = quads
            .iter()
            .filter(|quad| quad[3].is_none())
            .copied()
            .collect();
        quads.retain(|quad| quad[3].is_none() || !triples.iter().any(|t| t[..3] == quad[..3]));
        quads.sort_unstable();
        quads.dedup();
        let mut table = Self::default();
        for (bucket, members) in fill(&quads).into_iter().enumerate() {
            members
                .into_iter()
                .for_each(|quad| table.insert(quad, bucket));
        }
        (table, offsets)
    }

    pub(super) fn insert(&mut self, quad: Quad, bucket: usize) {
        let (group, bit) = (bucket / 8, 1u8 << (bucket % 8));
        for (i, byte) in quad.into_iter().enumerate() {
            for b in members(byte) {
                self.low[group][i][usize::from(b & 15)] |= bit;
                self.high[group][i][usize::from(b >> 4)] |= bit;
            }
        }
    }

    pub(super) fn push_to(&self, words: &mut Vec<u32>) {
        words::push(words, &words::pack(self.low.as_flattened().as_flattened()));
        words::push(words, &words::pack(self.high.as_flattened().as_flattened()));
    }

    pub(super) fn take_from(words: &mut &'static [u32]) -> Self {
        let mut unpack = || -> [[[u8; 16]; LEN]; GROUPS] {
            let part: Words = words::take(words);
            std::array::from_fn(|g| {
                std::array::from_fn(|i| {
                    std::array::from_fn(|n| words::byte(&part, (g * LEN + i) * 16 + n))
                })
            })
        };
        Self {
            low: unpack(),
            high: unpack(),
        }
    }
}

/// The bytes that a place of a quadruple stands for: both cases, or all.
fn members(byte: Option<u8>) -> impl Iterator<Item = u8> {
    let (from, to) = byte.map_or((0, 255), |b| (b, b));
    (from..=to).flat_map(|b| [b.to_ascii_lowercase(), b.to_ascii_uppercase()])
}

/// Four bytes, and which literals have them where.
type Candidate = ([u8; LEN], Vec<(usize, usize)>);

/// Chooses where the quadruple of each literal begins: greedily the one that is in the most literals for how often it
/// stands in ordinary text, until each literal has one. A literal of three bytes has no choice.
fn place(literals: &[&[u8]]) -> Vec<usize> {
    let mut holders: HashMap<[u8; LEN], Vec<(usize, usize)>> = HashMap::new();
    for (l, text) in literals.iter().enumerate() {
        for (at, quad) in text.windows(LEN).enumerate() {
            holders
                .entry(quad.try_into().expect("a window has its length"))
                .or_default()
                .push((l, at));
        }
    }
    let mut candidates: Vec<Candidate> = holders.into_iter().collect();
    candidates.sort_unstable();
    let mut offsets = vec![0; literals.len()];
    let short = |l: &usize| literals[*l].len() < LEN;
    // Where a whole short literal stands, places pass anyhow: the literals that hold it need no other.
    let mut settled = HashSet::new();
    for short in (0..literals.len()).filter(short) {
        for (l, text) in literals.iter().enumerate() {
            if let Some(at) = memchr::memmem::find(text, literals[short]) {
                offsets[l] = at;
                settled.insert(l);
            }
        }
    }
    let mut open: HashSet<usize> = (0..literals.len())
        .filter(|l| !settled.contains(l))
        .collect();
    while !open.is_empty() {
        let gain = |(quad, holders): &Candidate| {
            let won = holders.iter().filter(|(l, _)| open.contains(l)).count() as u64;
            // Each quadruple costs a little of its own: it crowds its bucket.
            won * 1_000_000_000 / (commonness(quad) + 20_000)
        };
        let best = candidates
            .iter()
            .enumerate()
            .max_by_key(|(i, c)| (gain(c), std::cmp::Reverse(*i)));
        let (best, _) = best.expect("each open literal has a quadruple");
        let (_, holders) = candidates.remove(best);
        for (l, at) in holders {
            if open.remove(&l) {
                offsets[l] = at;
            }
        }
        candidates.retain(|(_, holders)| holders.iter().any(|(l, _)| open.contains(l)));
    }
    offsets
}

/// The nibbles that the members of a bucket have at each place, as masks.
type Nibbles = [(u16, u16); LEN];

/// `nibbles` with those of one more quadruple.
fn with(nibbles: &Nibbles, quad: Quad) -> Nibbles {
    std::array::from_fn(|i| {
        members(quad[i]).fold(nibbles[i], |(low, high), b| {
            (low | 1 << (b & 15), high | 1 << (b >> 4))
        })
    })
}

/// How often bytes stand in ordinary text, summed up so that sets of them are weighed by a few look-ups.
struct Weights {
    /// By the high nibble of the bytes: the share of those whose low nibble is in a mask, of its lower and upper half.
    halves: [[[f64; 256]; 2]; 16],
}

impl Weights {
    fn new() -> Box<Self> {
        let total: f64 = (0..=255u8).map(|b| f64::from(frequency(b))).sum();
        let mut weights = Box::new(Self {
            halves: [[[0.0; 256]; 2]; 16],
        });
        for (high, halves) in weights.halves.iter_mut().enumerate() {
            for (half, sums) in halves.iter_mut().enumerate() {
                for mask in 1..256usize {
                    let low = mask.trailing_zeros() as usize;
                    let byte = (high << 4 | half << 3 | low) as u8;
                    sums[mask] = sums[mask & (mask - 1)] + f64::from(frequency(byte)) / total;
                }
            }
        }
        weights
    }

    /// The share of places that a bucket with these nibbles lets pass.
    fn passing(&self, nibbles: &Nibbles) -> f64 {
        let share = |&(low, mut high): &(u16, u16)| {
            let mut share = 0.0;
            while high != 0 {
                let [lower, upper] = &self.halves[high.trailing_zeros() as usize];
                share += lower[usize::from(low & 255)] + upper[usize::from(low >> 8)];
                high &= high - 1;
            }
            share
        };
        nibbles.iter().map(share).product()
    }
}

/// Quadruples that share a bit.
#[derive(Clone, Default)]
struct Bucket {
    members: Vec<Quad>,
    nibbles: Nibbles,
    /// The share of places that it lets pass.
    rate: f64,
}

impl Bucket {
    fn of(members: Vec<Quad>, weights: &Weights) -> Self {
        let nibbles = members
            .iter()
            .fold(Nibbles::default(), |all, quad| with(&all, *quad));
        let rate = if members.is_empty() {
            0.0
        } else {
            weights.passing(&nibbles)
        };
        Self {
            members,
            nibbles,
            rate,
        }
    }

    /// How much more passes with `quad` in it.
    fn cost(&self, quad: Quad, weights: &Weights) -> f64 {
        weights.passing(&with(&self.nibbles, quad)) - self.rate
    }

    fn add(&mut self, quad: Quad, weights: &Weights) {
        self.members.push(quad);
        self.nibbles = with(&self.nibbles, quad);
        self.rate = weights.passing(&self.nibbles);
    }
}

/// Puts each quadruple into the bucket to whose share of passing places it adds the least, and then into a better one as
/// long as there is one.
fn fill(quads: &[Quad]) -> Vec<Vec<Quad>> {
    let weights = Weights::new();
    let mut buckets = vec![Bucket::default(); BUCKETS];
    // The ones that let the most pass choose first, and get a bucket of their likes.
    let mut order: Vec<Quad> = quads.to_vec();
    let alone = |quad: &Quad| weights.passing(&with(&Nibbles::default(), *quad));
    order.sort_by(|a, b| alone(b).total_cmp(&alone(a)).then(a.cmp(b)));
    for &quad in &order {
        let (best, _) = cheapest(&buckets, quad, &weights);
        buckets[best].add(quad, &weights);
    }
    for _ in 0..ROUNDS {
        let mut moved = false;
        for from in 0..BUCKETS {
            for quad in buckets[from].members.clone() {
                let mut rest = buckets[from].members.clone();
                rest.retain(|other| *other != quad);
                let rest = Bucket::of(rest, &weights);
                let before = std::mem::replace(&mut buckets[from], rest);
                let gain = before.rate - buckets[from].rate;
                let (to, cost) = cheapest(&buckets, quad, &weights);
                // Sums in another order differ in their last digits.
                if cost < gain * 0.999 {
                    buckets[to].add(quad, &weights);
                    moved = true;
                } else {
                    buckets[from] = before;
                }
            }
        }
        if !moved {
            break;
        }
    }
    buckets.into_iter().map(|bucket| bucket.members).collect()
}

/// The bucket to whose share of passing places `quad` adds the least, and how much that is.
fn cheapest(buckets: &[Bucket], quad: Quad, weights: &Weights) -> (usize, f64) {
    let costs = buckets.iter().map(|b| b.cost(quad, weights)).enumerate();
    costs
        .min_by(|(_, a), (_, b)| a.total_cmp(b))
        .expect("there are buckets")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_share_quadruples_and_each_has_its_own_place() {
        let literals: [&[u8]; 5] = [
            b"db_password",
            b"password=",
            b"pwd",
            b"mysql_pass",
            b"xpassword",
        ];
        let (_, offsets) = Quads::new(&literals);
        let quad = |i: usize| &literals[i][offsets[i]..literals[i].len().min(offsets[i] + LEN)];
        assert_eq!(quad(1), quad(4));
        assert_eq!(quad(2), b"pwd");
        assert_eq!(quad(3).len(), LEN);
    }

    #[test]
    fn tables_survive_being_stored() {
        let (table, _) = Quads::new(&[b"://", b"-----begin", b"password"]);
        let mut words = Vec::new();
        table.push_to(&mut words);
        assert_eq!(Quads::take_from(&mut &*words.leak()), table);
    }
}
