//! The operations in plain code: the reference, and what runs where no better is known.

use super::{BEFORE, BEHIND, BLOCK, Classes, Simd};
use crate::prefilter::classes::is_token;
use crate::prefilter::quads::{GROUPS, Quads};

#[derive(Clone, Copy, Debug)]
pub(super) struct Scalar;

/// [`is_token`] as a table.
static TOKEN: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = is_token(byte as u8);
        byte += 1;
    }
    table
};

impl Simd for Scalar {
    #[inline(always)]
    fn classes(self, block: &[u8; BLOCK]) -> Classes {
        Classes {
            tokens: mask(|i| TOKEN[usize::from(block[i])]),
            words: mask(|i| block[i].is_ascii_alphanumeric()),
            digits: mask(|i| block[i].is_ascii_digit()),
            uppers: mask(|i| block[i].is_ascii_uppercase()),
        }
    }

    #[inline(always)]
    fn escapes(self, around: &[u8; BEFORE + BLOCK]) -> u64 {
        mask(|i| {
            let back = |n: usize| around[BEFORE + i - n];
            back(2) == b'\\'
                || back(4) == b'\\'
                || back(6) == b'\\'
                || back(3) == b'%'
                || back(3) == b'='
                || back(1) == b'm' && !back(2).is_ascii_alphabetic()
        })
    }

    #[inline(always)]
    fn quads(self, table: &Quads, around: &[u8; BLOCK + BEHIND]) -> u64 {
        mask(|i| {
            (0..GROUPS).any(|group| {
                let buckets = |j: usize| {
                    let byte = around[i + j];
                    let low = table.low[group][j][usize::from(byte & 15)];
                    low & table.high[group][j][usize::from(byte >> 4)]
                };
                buckets(0) & buckets(1) & buckets(2) & buckets(3) != 0
            })
        })
    }
}

#[inline(always)]
fn mask(bit: impl Fn(usize) -> bool) -> u64 {
    (0..BLOCK).fold(0, |mask, i| mask | u64::from(bit(i)) << i)
}
