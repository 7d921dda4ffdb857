//! The operations for aarch64 with NEON, which every such processor has.

#![allow(
    unsafe_code,
    reason = "vector instructions; each block argues for itself"
)]

use std::arch::aarch64::*;

use super::{BEFORE, BEHIND, BLOCK, Classes, Simd};
use crate::prefilter::quads::{GROUPS, LEN, Quads};

/// The operations. NEON is part of the base of aarch64, so there is nothing to ask the processor.
#[derive(Clone, Copy, Debug)]
pub(super) struct Neon(());

impl Neon {
    /// The operations.
    pub(super) fn new() -> Self {
        Self(())
    }
}

impl Simd for Neon {
    #[inline(always)]
    fn classes(self, block: &[u8; BLOCK]) -> Classes {
        // SAFETY: NEON is part of the base of aarch64.
        let tokens = quarters(|at| unsafe {
            let v = load(block, at);
            let joins = or(
                is(v, b'_'),
                or(is(v, b'+'), or(is(v, b'-'), or(is(v, b'/'), is(v, b'.')))),
            );
            or(or(letter(v), digit(v)), joins)
        });
        // SAFETY: as above.
        let digits = quarters(|at| unsafe { digit(load(block, at)) });
        // SAFETY: as above.
        let letters = quarters(|at| unsafe { letter(load(block, at)) });
        // SAFETY: as above.
        let lowers = quarters(|at| unsafe { vtstq_u8(load(block, at), vdupq_n_u8(0x20)) });
        Classes {
            tokens,
            words: letters | digits,
            digits,
            uppers: letters & !lowers,
        }
    }

    #[inline(always)]
    fn escapes(self, around: &[u8; BEFORE + BLOCK]) -> u64 {
        // SAFETY: NEON is part of the base of aarch64.
        quarters(|at| unsafe {
            let back = |n: usize| load(around, BEFORE - n + at);
            let (second, third) = (back(2), back(3));
            let escape = or(
                is(second, b'\\'),
                or(is(back(4), b'\\'), is(back(6), b'\\')),
            );
            let code = or(is(third, b'%'), is(third, b'='));
            or(
                escape,
                or(code, vbicq_u8(is(back(1), b'm'), letter(second))),
            )
        })
    }

    #[inline(always)]
    fn quads(self, table: &Quads, around: &[u8; BLOCK + BEHIND]) -> u64 {
        // SAFETY: NEON is part of the base of aarch64; the tables are 16 bytes long.
        quarters(|at| unsafe {
            let mut found = [vdupq_n_u8(255); GROUPS];
            for i in 0..LEN {
                let v = load(around, at + i);
                let (low, high) = (vandq_u8(v, vdupq_n_u8(15)), vshrq_n_u8::<4>(v));
                for (group, found) in found.iter_mut().enumerate() {
                    let lows = vqtbl1q_u8(vld1q_u8(table.low[group][i].as_ptr()), low);
                    let highs = vqtbl1q_u8(vld1q_u8(table.high[group][i].as_ptr()), high);
                    *found = vandq_u8(*found, vandq_u8(lows, highs));
                }
            }
            let found = found.into_iter().fold(vdupq_n_u8(0), |all, v| or(all, v));
            vtstq_u8(found, found)
        })
    }
}

/// The mask of a block from those of its quarters, given the offset of each; true bytes are all ones.
#[inline(always)]
fn quarters(quarter: impl Fn(usize) -> uint8x16_t) -> u64 {
    // NEON has no `movemask`: keep one bit a byte, each at its own place, and add up neighbours three times.
    const BITS: [u8; 16] = [1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128];
    // SAFETY: NEON is part of the base of aarch64; 16 bytes are loaded from an array of 16.
    unsafe {
        let bits = vld1q_u8(BITS.as_ptr());
        let part = |i: usize| vandq_u8(quarter(i * 16), bits);
        let sum = vpaddq_u8(vpaddq_u8(part(0), part(1)), vpaddq_u8(part(2), part(3)));
        vgetq_lane_u64::<0>(vreinterpretq_u64_u8(vpaddq_u8(sum, sum)))
    }
}

#[inline(always)]
unsafe fn load<const N: usize>(bytes: &[u8; N], at: usize) -> uint8x16_t {
    let bytes = &bytes[at..at + 16];
    // SAFETY: 16 readable bytes lie behind the reference; the load needs no alignment.
    unsafe { vld1q_u8(bytes.as_ptr()) }
}

#[inline(always)]
unsafe fn or(a: uint8x16_t, b: uint8x16_t) -> uint8x16_t {
    // SAFETY: NEON is part of the base of aarch64.
    unsafe { vorrq_u8(a, b) }
}

#[inline(always)]
unsafe fn is(v: uint8x16_t, byte: u8) -> uint8x16_t {
    // SAFETY: NEON is part of the base of aarch64.
    unsafe { vceqq_u8(v, vdupq_n_u8(byte)) }
}

/// Which bytes are ASCII letters: folded to lower case, they lie in `a..=z`.
#[inline(always)]
unsafe fn letter(v: uint8x16_t) -> uint8x16_t {
    // SAFETY: NEON is part of the base of aarch64.
    unsafe {
        vcltq_u8(
            vsubq_u8(vorrq_u8(v, vdupq_n_u8(0x20)), vdupq_n_u8(b'a')),
            vdupq_n_u8(26),
        )
    }
}

#[inline(always)]
unsafe fn digit(v: uint8x16_t) -> uint8x16_t {
    // SAFETY: NEON is part of the base of aarch64.
    unsafe { vcltq_u8(vsubq_u8(v, vdupq_n_u8(b'0')), vdupq_n_u8(10)) }
}
