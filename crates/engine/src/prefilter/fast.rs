//! The value-first prefilter.
//!
//! Most of a text cannot be part of a secret, and its structure says so before any literal is looked for. A secret is a
//! run of token bytes (`classes::is_token`) that begins where a token can, or stands right of an operator. So:
//!
//! ```text
//! pass 1, every byte:    which bytes are token bytes; where 16 of them stand in a row; where four bytes of a
//!                        literal of tier F can stand                                            (SIMD, 64 at a time)
//! pass 2, active blocks: P = starts of tokens, V = starts of runs, both with 16 token bytes ahead
//! tier P:                a prefix begins at P                    one gram each
//! tier K:                a name is assigned to the value at V    grams over the line left of the operator
//! tier F:                whatever fits neither                   grams where the four bytes were
//! ```
//!
//! Which tier a literal needs is proven from the patterns of its rules (`rule::Tier`). The cost hardly depends on the
//! number of rules: P and V are few, and each tier asks one bit table. What is left out is only what `verify` would turn
//! away; the [`super::Oracle`] is the witness.

use std::cell::Cell;
use std::ops::Range;

use super::classes::{MIN_RUN, commonness};
use super::grams::{Grams, Placed, four};
use super::quads::{self, Quads};
use super::simd::{self, BEFORE, BEHIND, BLOCK, Classes, Simd, Work};
use super::{Hit, Prefilter, Scratch};
use crate::rule::{Literal, LiteralId, RuleSet, Tier, Why};
use crate::verify;

/// Blocks of a window: 16 KiB of text, whose masks and positions stay in the first-level cache.
const WINDOW: usize = 256;

/// Any tier F: the reason does not matter here.
const FULL: Tier = Tier::Full(Why::Inside);

/// See the module.
#[derive(Debug)]
pub struct Fast {
    prefixes: Grams,
    names: Grams,
    full: Grams,
    quads: Quads,
}

/// Masks of one window. Made once for each thread: zeroing it for each file would cost more than a file.
#[derive(Debug)]
pub(super) struct Window {
    /// Entry 0 is the last block of the window before, the last one a block that is not there.
    classes: [Classes; WINDOW + 2],
    /// Ends of 16 token bytes in a row.
    runs: [u64; WINDOW + 2],
    /// Where tokens start.
    starts: Places,
    /// Where names were looked for last: each place is looked at once, however many values stand right of it.
    named: Range<usize>,
    /// Where quadruples of tier F may stand.
    quads: Places,
    /// Whether names are looked for that no operator joins to a value.
    pub(super) beside: bool,
}

impl Default for Window {
    fn default() -> Self {
        Self {
            classes: [Classes::default(); WINDOW + 2],
            runs: [0; WINDOW + 2],
            starts: Places::default(),
            named: 0..0,
            quads: Places::default(),
            beside: true,
        }
    }
}

/// Slots for places: twice as many as a window has bytes, so that a mask keeps every index in range.
const PLACES: usize = 2 * WINDOW * BLOCK;

/// Places in a window. Most are turned away by one bit, and which ones is hard for the processor to guess: so they are
/// written down and sieved without a branch for each.
#[derive(Debug)]
struct Places {
    slots: Box<[u32; PLACES]>,
    len: usize,
}

impl Default for Places {
    fn default() -> Self {
        let slots = vec![0; PLACES]
            .into_boxed_slice()
            .try_into()
            .expect("it has this length");
        Self { slots, len: 0 }
    }
}

impl Places {
    /// Adds the places of the bits of `mask`, counted from `at`; four at a time, of which the surplus is written over.
    #[inline(always)]
    fn push(&mut self, mut mask: u64, at: usize) {
        let count = mask.count_ones() as usize;
        let mut done = 0;
        while done < count {
            for i in 0..4 {
                self.slots[(self.len + done + i) % PLACES] = at as u32 + mask.trailing_zeros();
                mask &= mask.wrapping_sub(1);
            }
            done += 4;
        }
        self.len += count;
    }

    /// Adds the literals of `grams` that stand at the places, and forgets the places.
    #[inline(always)]
    fn drain(&mut self, grams: &Grams, text: &[u8], hits: &mut Vec<Hit>) {
        let bits = grams.bits();
        let slots = Cell::from_mut(&mut self.slots[..self.len]).as_slice_of_cells();
        let mut kept = 0;
        for slot in slots {
            let at = slot.get();
            let passes = bits.may_have(four(text, at as usize));
            slots[kept].set(at);
            kept += usize::from(passes);
        }
        for slot in &slots[..kept] {
            let at = slot.get() as usize;
            grams.literals_at(text, at, |at, literal| hits.push(Hit { at, literal }));
        }
        self.len = 0;
    }
}

impl Prefilter for Fast {
    fn new(rules: &RuleSet) -> Self {
        if let Some(words) = rules.stored_tables() {
            return Self::from_words(words);
        }
        let of = |tier: Tier| {
            let literals = rules.literals().iter().enumerate();
            let of_tier = literals.filter(move |(_, l)| needs(rules, l, tier));
            of_tier.map(|(i, l)| (LiteralId(i as u32), &*l.text))
        };
        let at = |offset| {
            move |(literal, text)| Placed {
                literal,
                text,
                offset,
            }
        };
        let full: Vec<(LiteralId, &[u8])> = of(FULL).collect();
        let texts: Vec<&[u8]> = full.iter().map(|(_, text)| *text).collect();
        let (quads, offsets) = Quads::new(&texts);
        let full = full
            .iter()
            .zip(offsets)
            .map(|(&(literal, text), offset)| Placed {
                literal,
                text,
                offset,
            });
        Self {
            prefixes: Grams::new(of(Tier::Prefix).map(at(0))),
            names: Grams::new(of(Tier::Keyword).map(|(l, text)| at(rarest(text))((l, text)))),
            full: Grams::new(full),
            quads,
        }
    }

    fn hits(&self, text: &[u8], scratch: &mut Scratch, hits: &mut Vec<Hit>) {
        simd::run(Pass {
            fast: self,
            text,
            window: &mut scratch.window,
            hits,
        });
    }
}

/// One call of [`Fast::hits`].
struct Pass<'a> {
    fast: &'a Fast,
    text: &'a [u8],
    window: &'a mut Window,
    hits: &'a mut Vec<Hit>,
}

impl Work for Pass<'_> {
    type Out = ();

    #[inline(always)]
    fn with<S: Simd>(self, simd: S) {
        self.fast.scan(simd, self.text, self.window, self.hits);
    }
}

/// Whether some rule of a literal puts it in `tier`.
fn needs(rules: &RuleSet, literal: &Literal, tier: Tier) -> bool {
    literal
        .uses
        .iter()
        .any(|u| tier.same_kind(rules.rule(u.rule).tier))
}

/// Where the rarest four bytes of `text` begin; 0 where it is shorter.
fn rarest(text: &[u8]) -> usize {
    let windows = text.windows(quads::LEN).enumerate();
    windows
        .min_by_key(|(_, window)| commonness(window))
        .map_or(0, |(at, _)| at)
}

impl Fast {
    /// The tables as words, to be stored in a program that later uses them where they stand
    /// ([`crate::rule::Builtin`]).
    pub fn to_words(&self) -> Vec<u32> {
        let mut words = Vec::new();
        for grams in [&self.prefixes, &self.names, &self.full] {
            grams.push_to(&mut words);
        }
        self.quads.push_to(&mut words);
        words
    }

    /// The tables that [`Fast::to_words`] gave, used where they stand.
    ///
    /// # Panics
    ///
    /// When `words` are others.
    fn from_words(mut words: &'static [u32]) -> Self {
        let [prefixes, names, full] = std::array::from_fn(|_| Grams::take_from(&mut words));
        Self {
            prefixes,
            names,
            full,
            quads: Quads::take_from(&mut words),
        }
    }

    /// Both passes over the windows of `text`.
    #[inline(always)]
    fn scan<S: Simd>(&self, simd: S, text: &[u8], window: &mut Window, hits: &mut Vec<Hit>) {
        let from = hits.len();
        window.classes[0] = Classes::default();
        window.runs[0] = 0;
        window.named = 0..0;
        let mut base = 0;
        while base < text.len() {
            let blocks = (text.len() - base).div_ceil(BLOCK).min(WINDOW);
            let last = base + blocks * BLOCK >= text.len();
            self.classify(simd, text, base, blocks, window);
            window.quads.drain(&self.full, text, hits);
            if last {
                window.classes[blocks + 1] = Classes::default();
                window.runs[blocks + 1] = 0;
            }
            // A run can reach into the next block, so the last block of a window is left to the next one.
            let upto = if last { blocks + 1 } else { blocks };
            for q in usize::from(base == 0)..upto {
                let ahead =
                    window.runs[q] >> (MIN_RUN - 1) | window.runs[q + 1] << (BLOCK + 1 - MIN_RUN);
                if ahead != 0 {
                    self.active(simd, text, base + q * BLOCK - BLOCK, ahead, q, window, hits);
                }
            }
            window.starts.drain(&self.prefixes, text, hits);
            window.classes[0] = window.classes[blocks];
            window.runs[0] = window.runs[blocks];
            base += blocks * BLOCK;
        }
        // Several values on a line have the same names to their left.
        let mut found = hits.split_off(from);
        found.sort_unstable();
        found.dedup();
        hits.append(&mut found);
    }

    /// Pass 1 over the window at `base`, with tier F.
    #[inline(always)]
    fn classify<S: Simd>(
        &self,
        simd: S,
        text: &[u8],
        base: usize,
        blocks: usize,
        window: &mut Window,
    ) {
        let full = !self.full.is_empty();
        let mut before = window.classes[0].tokens;
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
            let block = around
                .first_chunk()
                .expect("a block is shorter than a block and more");
            let classes = simd.classes(block);
            window.classes[q + 1] = classes;
            window.runs[q + 1] = run_ends(classes.tokens, before);
            before = classes.tokens;
            if full {
                window.quads.push(simd.quads(&self.quads, around), at);
            }
        }
    }

    /// Pass 2 in the block at `at`, entry `q` of the window: tiers P and K. Runs of 16 token bytes begin at `ahead`.
    #[inline(always)]
    #[expect(
        clippy::too_many_arguments,
        reason = "one inner loop, taken apart to be read"
    )]
    fn active<S: Simd>(
        &self,
        simd: S,
        text: &[u8],
        at: usize,
        ahead: u64,
        q: usize,
        window: &mut Window,
        hits: &mut Vec<Hit>,
    ) {
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
        let (here, next) = (window.classes[q], window.classes[q + 1]);
        // Of a window's first block, only the text itself knows what stands before.
        let before = match q.checked_sub(1) {
            Some(before) => window.classes[before],
            None => simd.classes(text[at - BLOCK..].first_chunk().unwrap_or(&[0; BLOCK])),
        };
        let words_before = here.words << 1 | before.words >> (BLOCK - 1);
        let starts = here.tokens & ahead & (!words_before | simd.escapes(around));
        window.starts.push(starts, at);

        let tokens_before = here.tokens << 1 | before.tokens >> (BLOCK - 1);
        for_bits(here.tokens & ahead & !tokens_before, 0, |bit| {
            let (plausible, digit) = looks(here, next, bit);
            if plausible {
                let beside = digit && window.beside;
                self.named(text, at + bit, (digit, beside), &mut window.named, hits);
            }
        });
    }

    /// Adds the names that stand at `places`, behind which the run of a value begins or goes on.
    #[inline(always)]
    fn look_up(&self, text: &[u8], places: Range<usize>, hits: &mut Vec<Hit>) {
        const { assert!(MIN_RUN >= quads::LEN) };
        if places.is_empty() {
            return;
        }
        let bits = self.names.bits();
        let grams = text[places.start..places.end + quads::LEN - 1].array_windows();
        for (i, gram) in grams.enumerate() {
            if bits.may_have(*gram) {
                let hit = |at, literal| hits.push(Hit { at, literal });
                self.names.literals_at(text, places.start + i, hit);
            }
        }
    }

    /// Tier K: looks for names left of the value at `at`, but not where they were looked for already (`done`). A value
    /// with a digit may stand behind a name on its line without an operator between them; where values beside a name are
    /// looked for, also on the next line, or glued to it.
    fn named(
        &self,
        text: &[u8],
        at: usize,
        (digit, beside): (bool, bool),
        done: &mut Range<usize>,
        hits: &mut Vec<Hit>,
    ) {
        let mut look = |names: Range<usize>| {
            if names.is_empty() {
                return;
            }
            self.look_up(text, names.start..names.end.min(done.start), hits);
            self.look_up(text, names.start.max(done.end)..names.end, hits);
            if names.start > done.end || names.end < done.start {
                *done = names;
            } else {
                *done = names.start.min(done.start)..names.end.max(done.end);
            }
        };
        if let Some(operator) = verify::operator_before(text, at) {
            look(verify::names_before(text, operator));
        }
        if beside {
            look(verify::line_before(text, at));
            look(verify::glued_names(text, at));
        } else if digit {
            look(verify::names_before(text, at));
        }
    }
}

/// What `verify::is_plausible` says, told from the masks, and whether the run has a digit. One byte more, as the run may
/// begin with the dash of `${NAME:-value}`.
#[inline(always)]
fn looks(here: Classes, next: Classes, bit: usize) -> (bool, bool) {
    let from = |a: u64, b: u64| a >> bit | (b << 1) << (BLOCK - 1 - bit);
    let tokens = from(here.tokens, next.tokens);
    let run = u64::MAX >> (BLOCK as u32 - tokens.trailing_ones()).min(63);
    let digits = from(here.digits, next.digits) & run;
    let words = from(here.words, next.words);
    let letters = words & !from(here.digits, next.digits) & run & 0x1_FFFF;
    let uppers = from(here.uppers, next.uppers) & letters;
    let joints = tokens & !words & 0xFFFE;
    let plausible = digits != 0 || joints == 0 || uppers != 0 && uppers != letters;
    (plausible, digits != 0)
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

/// Calls `each` with the places of the bits of `mask`, counted from `at`.
#[inline(always)]
fn for_bits(mut mask: u64, at: usize, mut each: impl FnMut(usize)) {
    while mask != 0 {
        each(at + mask.trailing_zeros() as usize);
        mask &= mask - 1;
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
