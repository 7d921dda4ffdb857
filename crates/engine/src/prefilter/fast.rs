//! The value-first prefilter.
//!
//! Most of a text cannot be part of a secret, and its structure says so before any literal is looked for. A secret is a
//! run of token bytes (`classes::is_token`) that begins where a token can, or stands right of an operator. So:
//!
//! ```text
//! pass 1, every byte:    which bytes are token bytes; where 16 of them stand in a row; where a byte triple of a
//!                        literal of tier F can begin                                            (SIMD, 64 at a time)
//! pass 2, active blocks: P = starts of tokens, V = starts of runs, both with 16 token bytes ahead
//! tier P:                a prefix begins at P                    one gram each
//! tier K:                a name is assigned to the value at V    grams over the line left of the operator
//! tier F:                whatever fits neither                   grams where a triple was
//! ```
//!
//! Which tier a literal needs is proven from the patterns of its rules (`rule::Tier`). The cost hardly depends on the
//! number of rules: P and V are few, and each tier asks one bit table. What is left out is only what `verify` would turn
//! away; the [`super::Oracle`] is the witness.

use super::classes::MIN_RUN;
use super::grams::{Grams, Place, rarest};
use super::simd::{BEFORE, BEHIND, BLOCK, Scalar, Simd, Triples};
use super::{Hit, Prefilter, Scratch};
use crate::rule::{Literal, LiteralId, RuleSet, Tier, Why};
use crate::verify;

/// Blocks of a window: 16 KiB of text, whose masks and positions stay in the first-level cache.
const WINDOW: usize = 256;
/// Buckets of the triples.
const BUCKETS: u32 = 8;

/// Any tier F: the reason does not matter here.
const FULL: Tier = Tier::Full(Why::Inside);

/// See the module.
#[derive(Debug)]
pub struct Fast {
    prefixes: Grams,
    names: Grams,
    full: Grams,
    triples: Triples,
}

/// Masks and positions of one window. Made once for each thread: zeroing it for each file would cost more than a file.
#[derive(Debug)]
pub(super) struct Window {
    /// Token bytes; entry 0 is the last block of the window before.
    tokens: [u64; WINDOW + 2],
    /// Ends of 16 token bytes in a row.
    runs: [u64; WINDOW + 2],
    starts: Vec<u32>,
    values: Vec<u32>,
    triples: Vec<u32>,
}

impl Default for Window {
    fn default() -> Self {
        Self {
            tokens: [0; WINDOW + 2],
            runs: [0; WINDOW + 2],
            starts: Vec::new(),
            values: Vec::new(),
            triples: Vec::new(),
        }
    }
}

impl Prefilter for Fast {
    fn new(rules: &RuleSet) -> Self {
        let of = |tier: Tier| {
            let literals = rules.literals().iter().enumerate();
            literals
                .filter(move |(_, l)| needs(rules, l, tier))
                .map(|(i, l)| (LiteralId(i as u32), &*l.text))
        };
        Self {
            prefixes: Grams::new(of(Tier::Prefix), Place::Start),
            names: Grams::new(of(Tier::Keyword), Place::Rarest),
            full: Grams::new(of(FULL), Place::Rarest),
            triples: triples(of(FULL).map(|(_, text)| text)),
        }
    }

    fn hits(&self, text: &[u8], scratch: &mut Scratch, hits: &mut Vec<Hit>) {
        #[cfg(target_arch = "x86_64")]
        if let Some(avx2) = super::simd::Avx2::new() {
            return avx2.run(|| self.scan(avx2, text, &mut scratch.window, hits));
        }
        #[cfg(target_arch = "aarch64")]
        if let Some(neon) = super::simd::Neon::new() {
            return self.scan(neon, text, &mut scratch.window, hits);
        }
        self.scan(Scalar, text, &mut scratch.window, hits);
    }
}

/// Whether some rule of a literal puts it in `tier`.
fn needs(rules: &RuleSet, literal: &Literal, tier: Tier) -> bool {
    literal
        .uses
        .iter()
        .any(|u| tier.same_kind(rules.rule(u.rule).tier))
}

/// The triples at the rarest places of `literals`, in buckets of their likes: a bucket whose triples share nibbles lets
/// fewer others pass.
fn triples<'a>(literals: impl Iterator<Item = &'a [u8]>) -> Triples {
    let mut all: Vec<[u8; 3]> = literals
        .filter_map(|text| text[triple_at(text)..].first_chunk().copied())
        .collect();
    all.sort_by_key(|t| t.map(|b| (b >> 4, b & 15)));
    all.dedup();
    let mut table = Triples::default();
    for (i, triple) in all.iter().enumerate() {
        table.insert(*triple, (i * BUCKETS as usize / all.len()) as u32);
    }
    table
}

/// Where the triple of a literal is taken: within the four bytes of its gram.
fn triple_at(text: &[u8]) -> usize {
    rarest(text, 4)
}

impl Fast {
    /// Both passes over the windows of `text`. Inlined into a function that is compiled for the instructions of `S`.
    #[inline(always)]
    fn scan<S: Simd>(&self, simd: S, text: &[u8], window: &mut Window, hits: &mut Vec<Hit>) {
        let from = hits.len();
        let full = !self.full.is_empty();
        (window.tokens[0], window.runs[0]) = (0, 0);
        let mut base = 0;
        while base < text.len() {
            let blocks = (text.len() - base).div_ceil(BLOCK).min(WINDOW);
            let last = base + blocks * BLOCK >= text.len();
            window.triples.clear();
            self.classify(simd, text, base, blocks, full, window);
            if last {
                (window.tokens[blocks + 1], window.runs[blocks + 1]) = (0, 0);
            }
            window.starts.clear();
            window.values.clear();
            // A run can reach into the next block, so the last block of a window is left to the next one.
            let upto = if last { blocks + 1 } else { blocks };
            for q in 0..upto {
                let ahead =
                    window.runs[q] >> (MIN_RUN - 1) | window.runs[q + 1] << (BLOCK + 1 - MIN_RUN);
                if ahead != 0 && (q > 0 || base > 0) {
                    activate(simd, text, base, q, ahead, window);
                }
            }
            self.confirm(text, window, hits);
            (window.tokens[0], window.runs[0]) = (window.tokens[blocks], window.runs[blocks]);
            base += blocks * BLOCK;
        }
        hits[from..].sort_unstable();
        // Several values on a line have the same names to their left.
        let mut kept = from;
        for i in from..hits.len() {
            if i == from || hits[i] != hits[kept - 1] {
                hits[kept] = hits[i];
                kept += 1;
            }
        }
        hits.truncate(kept);
    }

    /// Pass 1 over the window at `base`.
    #[inline(always)]
    fn classify<S: Simd>(
        &self,
        simd: S,
        text: &[u8],
        base: usize,
        blocks: usize,
        full: bool,
        window: &mut Window,
    ) {
        let mut before = window.tokens[0];
        for q in 0..blocks {
            let at = base + q * BLOCK;
            let mut padded = [0; BLOCK + BEHIND];
            let around: &[u8; BLOCK + BEHIND] = match text[at..].first_chunk() {
                Some(around) => around,
                None => {
                    padded[..text.len() - at].copy_from_slice(&text[at..]);
                    &padded
                }
            };
            let tokens = simd.tokens(
                around
                    .first_chunk()
                    .expect("a block is shorter than a block and more"),
            );
            window.tokens[q + 1] = tokens;
            window.runs[q + 1] = run_ends(tokens, before);
            before = tokens;
            if full {
                let found = simd.triples(&self.triples, around);
                if found != 0 {
                    push_bits(found, at, &mut window.triples);
                }
            }
        }
    }

    /// Looks for the literals of each tier at the positions of the window.
    #[inline(always)]
    fn confirm(&self, text: &[u8], window: &Window, hits: &mut Vec<Hit>) {
        let mut hit = |at, literal| hits.push(Hit { at, literal });
        for &at in &window.starts {
            let at = at as usize;
            if self.prefixes.may_have(four(text, at)) {
                self.prefixes
                    .literals_at(text, at, |start, literal| hit(start, literal));
            }
        }
        for &at in &window.values {
            let at = at as usize;
            let Some(operator) = verify::operator_before(text, at) else {
                continue;
            };
            if !verify::is_plausible(text, at) {
                continue;
            }
            for at in verify::names_before(text, operator) {
                if self.names.may_have(four(text, at)) {
                    self.names
                        .literals_at(text, at, |start, literal| hit(start, literal));
                }
            }
        }
        for &at in &window.triples {
            let at = at as usize;
            if self.full.may_have(four(text, at)) {
                self.full
                    .literals_at(text, at, |start, literal| hit(start, literal));
            }
        }
    }
}

/// Pass 2: notes the starts of tokens and values in block `q - 1` of the window at `base`.
#[inline(always)]
fn activate<S: Simd>(simd: S, text: &[u8], base: usize, q: usize, ahead: u64, window: &mut Window) {
    let at = base + q * BLOCK - BLOCK;
    let mut padded = [0; BEFORE + BLOCK];
    let around = match at
        .checked_sub(BEFORE)
        .and_then(|from| text[from..].first_chunk())
    {
        Some(around) => around,
        None => {
            let from = at.saturating_sub(BEFORE);
            let part = &text[from..text.len().min(at + BLOCK)];
            padded[BEFORE - (at - from)..][..part.len()].copy_from_slice(part);
            &padded
        }
    };
    let tokens = window.tokens[q];
    push_bits(tokens & simd.starts(around) & ahead, at, &mut window.starts);
    let before = if q > 0 {
        window.tokens[q - 1] >> (BLOCK - 1)
    } else {
        u64::from(ends_in_token(&text[..at]))
    };
    push_bits(
        tokens & !(tokens << 1 | before) & ahead,
        at,
        &mut window.values,
    );
}

fn ends_in_token(text: &[u8]) -> bool {
    text.last().is_some_and(|&b| super::classes::is_token(b))
}

/// Where 16 token bytes in a row end, from the masks of a block and the one before it: each step doubles the length.
#[inline(always)]
fn run_ends(tokens: u64, mut before: u64) -> u64 {
    let mut runs = tokens;
    for shift in [1, 2, 4, 8] {
        runs &= runs << shift | before >> (BLOCK - shift);
        before &= before << shift;
    }
    runs
}

#[inline(always)]
fn push_bits(mut mask: u64, at: usize, positions: &mut Vec<u32>) {
    while mask != 0 {
        positions.push(at as u32 + mask.trailing_zeros());
        mask &= mask - 1;
    }
}

/// The four bytes at `at`, zeros behind the end.
#[inline(always)]
fn four(text: &[u8], at: usize) -> [u8; 4] {
    match text[at..].first_chunk() {
        Some(bytes) => *bytes,
        None => {
            let mut bytes = [0; 4];
            bytes[..text.len() - at].copy_from_slice(&text[at..]);
            bytes
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_of_sixteen_end_where_they_do_across_blocks() {
        for start in 40..70 {
            for len in 14..40 {
                let bit = |i: usize| i >= start && i < start + len;
                let mask =
                    |from: usize| (0..64).fold(0u64, |m, i| m | u64::from(bit(from + i)) << i);
                let (first, second) = (mask(0), mask(64));
                let (a, b) = (run_ends(first, 0), run_ends(second, first));
                for i in 0..128 {
                    let expected = (0..16).all(|j| i >= j && bit(i - j));
                    let found = if i < 64 {
                        a >> i & 1
                    } else {
                        b >> (i - 64) & 1
                    };
                    assert_eq!(found == 1, expected, "run {start}+{len} at {i}");
                }
            }
        }
    }
}
