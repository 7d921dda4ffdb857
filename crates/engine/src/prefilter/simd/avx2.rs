//! The operations for x86-64 with AVX2.

#![allow(
    unsafe_code,
    reason = "vector instructions; each block argues for itself"
)]

use std::arch::x86_64::*;

use super::{BEFORE, BEHIND, BLOCK, Classes, Simd, Work};
use crate::prefilter::quads::{GROUPS, LEN, Quads};

/// Proof that the processor has AVX2, BMI1, BMI2, LZCNT and POPCNT: only [`Avx2::new`] makes one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Avx2(());

impl Avx2 {
    /// The operations, if the processor has the instructions. The answer is cached by the standard library.
    pub(super) fn new() -> Option<Self> {
        let has = is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("bmi1")
            && is_x86_feature_detected!("bmi2")
            && is_x86_feature_detected!("lzcnt")
            && is_x86_feature_detected!("popcnt");
        has.then_some(Self(()))
    }

    /// Does `work` compiled for these instructions: what is inlined into it can use them.
    #[inline]
    pub(super) fn run<W: Work>(self, work: W) -> W::Out {
        #[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
        fn inner<W: Work>(avx2: Avx2, work: W) -> W::Out {
            work.with(avx2)
        }
        // SAFETY: `self` exists, so the processor has the features that `inner` is compiled for.
        unsafe { inner(self, work) }
    }
}

/// Nibble tables of the token bytes: a byte is one if the entries of its low and its high nibble share a bit. Bit 0 are
/// the digits, 1 `A-O a-o`, 2 `P-Z p-z`, 3 `+ - . /`, 4 `_`.
const TOKEN_LOW: [u8; 16] = [
    0b101, 0b111, 0b111, 0b111, 0b111, 0b111, 0b111, 0b111, 0b111, 0b111, 0b110, 0b1010, 0b10,
    0b1010, 0b1010, 0b11010,
];
const TOKEN_HIGH: [u8; 16] = [
    0, 0, 0b1000, 0b1, 0b10, 0b10100, 0b10, 0b100, 0, 0, 0, 0, 0, 0, 0, 0,
];
/// The bits of letters and digits among those of the token bytes.
const WORD: i8 = 0b111;
/// The bits of letters.
const LETTER: i8 = 0b110;
/// The bit of digits.
const DIGIT: i8 = 0b1;

impl Simd for Avx2 {
    #[inline(always)]
    fn classes(self, block: &[u8; BLOCK]) -> Classes {
        // SAFETY: `self` is proof of the features.
        unsafe { classes(block) }
    }

    #[inline(always)]
    fn escapes(self, around: &[u8; BEFORE + BLOCK]) -> u64 {
        // SAFETY: `self` is proof of the features.
        unsafe { both(escapes(around, 0), escapes(around, 32)) }
    }

    #[inline(always)]
    fn quads(self, table: &Quads, around: &[u8; BLOCK + BEHIND]) -> u64 {
        // SAFETY: `self` is proof of the features.
        unsafe { quads(table, around) }
    }
}

#[inline]
#[target_feature(enable = "avx2")]
fn classes(block: &[u8; BLOCK]) -> Classes {
    let (a, b) = (load(block, 0), load(block, 32));
    let (first, second) = (bits(a), bits(b));
    let having = |wanted: i8| {
        let (first, second) = (
            _mm256_and_si256(first, splat(wanted)),
            _mm256_and_si256(second, splat(wanted)),
        );
        both(!equal(first, 0), !equal(second, 0))
    };
    // Bit 5 tells the cases of letters apart; shifted to the top of its byte, it is what a mask is made of.
    let sixth = |v| _mm256_movemask_epi8(_mm256_slli_epi16::<2>(v)) as u32;
    Classes {
        tokens: both(!equal(first, 0), !equal(second, 0)),
        words: having(WORD),
        digits: having(DIGIT),
        uppers: having(LETTER) & !both(sixth(a), sixth(b)),
    }
}

/// [`Simd::escapes`] of the 32 bytes at `half`.
#[inline]
#[target_feature(enable = "avx2")]
fn escapes(around: &[u8; BEFORE + BLOCK], half: usize) -> u32 {
    let at = BEFORE + half;
    let (first, second, third) = (
        load(around, at - 1),
        load(around, at - 2),
        load(around, at - 3),
    );
    let slash = b'\\';
    let far = or(
        is_byte(load(around, at - 4), slash),
        is_byte(load(around, at - 6), slash),
    );
    let escape = or(is_byte(second, slash), far);
    let code = or(is_byte(third, b'%'), is_byte(third, b'='));
    // `m` behind anything but a letter: folded to lower case, a letter lies in a..=z.
    let folded = _mm256_sub_epi8(or(second, splat(0x20)), splat(b'a' as i8));
    let letter = _mm256_cmpeq_epi8(_mm256_min_epu8(folded, splat(25)), folded);
    let colour = _mm256_andnot_si256(letter, is_byte(first, b'm'));
    _mm256_movemask_epi8(or(escape, or(code, colour))) as u32
}

#[inline]
#[target_feature(enable = "avx2")]
fn quads(table: &Quads, around: &[u8; BLOCK + BEHIND]) -> u64 {
    // Both halves at once: a table is loaded once for the two.
    let mut found = [[splat(-1); 2]; GROUPS];
    for i in 0..LEN {
        let halves = [nibbles(load(around, i)), nibbles(load(around, i + 32))];
        for (group, found) in found.iter_mut().enumerate() {
            let lows = broadcast(&table.low[group][i]);
            let highs = broadcast(&table.high[group][i]);
            for (found, (low, high)) in found.iter_mut().zip(halves) {
                let shared = _mm256_and_si256(
                    _mm256_shuffle_epi8(lows, low),
                    _mm256_shuffle_epi8(highs, high),
                );
                *found = _mm256_and_si256(*found, shared);
            }
        }
    }
    let [first, second] = found
        .into_iter()
        .reduce(|[a, b], [c, d]| [or(a, c), or(b, d)])
        .expect("there are groups");
    both(!equal(first, 0), !equal(second, 0))
}

/// The mask of a block from those of its halves.
#[inline(always)]
fn both(first: u32, second: u32) -> u64 {
    u64::from(first) | u64::from(second) << 32
}

#[inline]
#[target_feature(enable = "avx2")]
fn load<const N: usize>(bytes: &[u8; N], at: usize) -> __m256i {
    let bytes: &[u8; 32] = bytes[at..]
        .first_chunk()
        .expect("callers stay 32 bytes before the end");
    // SAFETY: 32 readable bytes lie behind the reference; the load needs no alignment.
    unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx2")]
fn splat(byte: i8) -> __m256i {
    _mm256_set1_epi8(byte)
}

#[inline]
#[target_feature(enable = "avx2")]
fn or(a: __m256i, b: __m256i) -> __m256i {
    _mm256_or_si256(a, b)
}

/// All ones where a byte of `v` is `byte`.
#[inline]
#[target_feature(enable = "avx2")]
fn is_byte(v: __m256i, byte: u8) -> __m256i {
    _mm256_cmpeq_epi8(v, splat(byte as i8))
}

/// Which bytes of `v` are `byte`.
#[inline]
#[target_feature(enable = "avx2")]
fn equal(v: __m256i, byte: u8) -> u32 {
    _mm256_movemask_epi8(is_byte(v, byte)) as u32
}

/// The class bits of each byte.
#[inline]
#[target_feature(enable = "avx2")]
fn bits(v: __m256i) -> __m256i {
    let (low, high) = nibbles(v);
    let lows = _mm256_shuffle_epi8(broadcast(&TOKEN_LOW), low);
    _mm256_and_si256(lows, _mm256_shuffle_epi8(broadcast(&TOKEN_HIGH), high))
}

/// A table of 16 bytes in both lanes.
#[inline]
#[target_feature(enable = "avx2")]
fn broadcast(table: &[u8; 16]) -> __m256i {
    // SAFETY: 16 readable bytes lie behind the reference; the load needs no alignment.
    _mm256_broadcastsi128_si256(unsafe { _mm_loadu_si128(table.as_ptr().cast()) })
}

/// The low and the high nibble of each byte.
#[inline]
#[target_feature(enable = "avx2")]
fn nibbles(v: __m256i) -> (__m256i, __m256i) {
    let nibble = splat(15);
    (
        _mm256_and_si256(v, nibble),
        _mm256_and_si256(_mm256_srli_epi16::<4>(v), nibble),
    )
}
