//! The operations for x86-64 with AVX2.

#![allow(
    unsafe_code,
    reason = "vector instructions; each block argues for itself"
)]

use std::arch::x86_64::*;

use super::{BEFORE, BEHIND, BLOCK, Simd, Triples};

/// Proof that the processor has AVX2, BMI1, BMI2, LZCNT and POPCNT: only [`Avx2::new`] makes one.
#[derive(Clone, Copy, Debug)]
pub(in crate::prefilter) struct Avx2(());

impl Avx2 {
    /// The operations, if the processor has the instructions. The answer is cached by the standard library.
    pub(in crate::prefilter) fn new() -> Option<Self> {
        let has = is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("bmi1")
            && is_x86_feature_detected!("bmi2")
            && is_x86_feature_detected!("lzcnt")
            && is_x86_feature_detected!("popcnt");
        has.then_some(Self(()))
    }

    /// Runs `work` compiled for these instructions: what is inlined into it can use them.
    #[inline]
    pub(in crate::prefilter) fn run<T>(self, work: impl FnOnce() -> T) -> T {
        #[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
        fn inner<T>(work: impl FnOnce() -> T) -> T {
            work()
        }
        // SAFETY: `self` exists, so the processor has the features that `inner` is compiled for.
        unsafe { inner(work) }
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
const ALNUM: i8 = 0b111;

impl Simd for Avx2 {
    #[inline(always)]
    fn tokens(self, block: &[u8; BLOCK]) -> u64 {
        // SAFETY: `self` is proof of the features.
        unsafe { both(|half| !equal(classes(load(block, half)), 0)) }
    }

    #[inline(always)]
    fn starts(self, around: &[u8; BEFORE + BLOCK]) -> u64 {
        // SAFETY: `self` is proof of the features.
        unsafe {
            both(|half| {
                let back = |n: usize| load(around, BEFORE - n + half);
                let previous = back(1);
                let classes = classes(previous);
                let word = _mm256_cmpeq_epi8(_mm256_and_si256(classes, splat(ALNUM)), splat(0));
                let is = |v, byte: u8| _mm256_cmpeq_epi8(v, splat(byte as i8));
                let third = back(3);
                let escape = or(
                    or(is(back(2), b'\\'), is(back(4), b'\\')),
                    is(back(6), b'\\'),
                );
                let code = or(is(third, b'%'), is(third, b'='));
                // `m` behind anything but a letter: folded to lower case, a letter lies in a..=z.
                let folded = _mm256_sub_epi8(or(back(2), splat(0x20)), splat(b'a' as i8));
                let letter = _mm256_cmpeq_epi8(_mm256_min_epu8(folded, splat(25)), folded);
                let colour = _mm256_andnot_si256(letter, is(previous, b'm'));
                _mm256_movemask_epi8(or(or(word, escape), or(code, colour))) as u32
            })
        }
    }

    #[inline(always)]
    fn triples(self, table: &Triples, around: &[u8; BLOCK + BEHIND]) -> u64 {
        // SAFETY: `self` is proof of the features.
        unsafe {
            both(|half| {
                let buckets =
                    |i: usize| lookup(load(around, half + i), &table.low[i], &table.high[i]);
                !equal(
                    _mm256_and_si256(_mm256_and_si256(buckets(0), buckets(1)), buckets(2)),
                    0,
                )
            })
        }
    }
}

/// The masks of the two halves of a block, given the offset of each.
#[inline(always)]
fn both(half: impl Fn(usize) -> u32) -> u64 {
    u64::from(half(0)) | u64::from(half(32)) << 32
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

/// Which bytes of `v` equal `byte`.
#[inline]
#[target_feature(enable = "avx2")]
fn equal(v: __m256i, byte: i8) -> u32 {
    _mm256_movemask_epi8(_mm256_cmpeq_epi8(v, splat(byte))) as u32
}

#[inline]
#[target_feature(enable = "avx2")]
fn classes(v: __m256i) -> __m256i {
    lookup(v, &TOKEN_LOW, &TOKEN_HIGH)
}

/// The bits that the tables share for the low and the high nibble of each byte.
#[inline]
#[target_feature(enable = "avx2")]
fn lookup(v: __m256i, low: &[u8; 16], high: &[u8; 16]) -> __m256i {
    // SAFETY: 16 readable bytes lie behind each reference; the loads need no alignment.
    let (low, high) = unsafe {
        (
            _mm_loadu_si128(low.as_ptr().cast()),
            _mm_loadu_si128(high.as_ptr().cast()),
        )
    };
    let nibble = splat(15);
    let lows = _mm256_shuffle_epi8(
        _mm256_broadcastsi128_si256(low),
        _mm256_and_si256(v, nibble),
    );
    let shifted = _mm256_and_si256(_mm256_srli_epi16::<4>(v), nibble);
    let highs = _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(high), shifted);
    _mm256_and_si256(lows, highs)
}
