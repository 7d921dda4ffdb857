//! The operations for aarch64 with NEON, which every such processor has.

#![allow(
    unsafe_code,
    reason = "vector instructions; each block argues for itself"
)]

use std::arch::aarch64::*;

use super::{BEFORE, BEHIND, BLOCK, Simd, Triples};

/// The operations. NEON is part of the base of aarch64, so there is nothing to ask the processor.
#[derive(Clone, Copy, Debug)]
pub(in crate::prefilter) struct Neon(());

impl Neon {
    /// The operations.
    pub(in crate::prefilter) fn new() -> Option<Self> {
        Some(Self(()))
    }
}

impl Simd for Neon {
    #[inline(always)]
    fn tokens(self, block: &[u8; BLOCK]) -> u64 {
        // SAFETY: NEON is part of the base of aarch64.
        quarters(|at| unsafe {
            let v = load(block, at);
            let other = or(
                or(is(v, b'_'), is(v, b'+')),
                or(is(v, b'-'), or(is(v, b'/'), is(v, b'.'))),
            );
            or(alnum(v), other)
        })
    }

    #[inline(always)]
    fn starts(self, around: &[u8; BEFORE + BLOCK]) -> u64 {
        // SAFETY: NEON is part of the base of aarch64.
        quarters(|at| unsafe {
            let back = |n: usize| load(around, BEFORE - n + at);
            let (previous, second, third) = (back(1), back(2), back(3));
            let escape = or(
                or(is(second, b'\\'), is(back(4), b'\\')),
                is(back(6), b'\\'),
            );
            let code = or(is(third, b'%'), is(third, b'='));
            let colour = vbicq_u8(is(previous, b'm'), letter(second));
            or(or(vmvnq_u8(alnum(previous)), escape), or(code, colour))
        })
    }

    #[inline(always)]
    fn triples(self, table: &Triples, around: &[u8; BLOCK + BEHIND]) -> u64 {
        // SAFETY: NEON is part of the base of aarch64; the tables are 16 bytes long.
        quarters(|at| unsafe {
            let buckets = |i: usize| {
                let v = load(around, at + i);
                let low = vqtbl1q_u8(vld1q_u8(table.low[i].as_ptr()), vandq_u8(v, vdupq_n_u8(15)));
                let high = vqtbl1q_u8(vld1q_u8(table.high[i].as_ptr()), vshrq_n_u8::<4>(v));
                vandq_u8(low, high)
            };
            vtstq_u8(
                vandq_u8(vandq_u8(buckets(0), buckets(1)), buckets(2)),
                vdupq_n_u8(255),
            )
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
unsafe fn alnum(v: uint8x16_t) -> uint8x16_t {
    // SAFETY: NEON is part of the base of aarch64.
    unsafe {
        or(
            letter(v),
            vcltq_u8(vsubq_u8(v, vdupq_n_u8(b'0')), vdupq_n_u8(10)),
        )
    }
}
