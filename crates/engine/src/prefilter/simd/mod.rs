//! The few operations on 64 bytes at a time that the prefilter is built on, for each kind of processor.
//!
//! This folder is the only place of the program with `unsafe`. Each operation takes plain arrays, so that what is
//! `unsafe` is only the claim that the processor has the instructions: an implementation is a value that can only be
//! had after asking the processor. The scalar twin is the reference, and a property test holds the others against it.

mod scalar;

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "aarch64")]
mod neon;

use super::quads::Quads;

/// Bytes of a block: one bit each in a `u64`.
pub(super) const BLOCK: usize = 64;
/// Bytes before a block that [`Simd::escapes`] looks at.
pub(super) const BEFORE: usize = 6;
/// Bytes behind a block that [`Simd::quads`] looks at.
pub(super) const BEHIND: usize = super::quads::LEN - 1;

/// The operations. Bit `i` of a mask speaks of byte `i` of the block.
pub(super) trait Simd: Copy {
    /// The classes of the bytes of a block.
    fn classes(self, block: &[u8; BLOCK]) -> Classes;

    /// Behind which bytes an escape or a terminal's colour may have ended, so that a token can begin there though a
    /// letter or digit stands before it: a superset. The block begins at `around[BEFORE]`.
    fn escapes(self, around: &[u8; BEFORE + BLOCK]) -> u64;

    /// At which bytes one of the quadruples of `table` can begin: a superset. The block begins at `around[0]`.
    fn quads(self, table: &Quads, around: &[u8; BLOCK + BEHIND]) -> u64;
}

/// The classes of 64 bytes, a bit each.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Classes {
    /// Token bytes (`classes::is_token`).
    pub(super) tokens: u64,
    /// Letters and digits.
    pub(super) words: u64,
    /// Digits.
    pub(super) digits: u64,
    /// Upper-case letters.
    pub(super) uppers: u64,
}

/// Something to do with the operations of whichever processor it runs on.
pub(super) trait Work {
    /// What comes of it.
    type Out;

    /// Does it. Must be `inline(always)`, with all that it calls for each byte: it is compiled once for each kind of
    /// processor, and instructions are only those of the function that it is inlined into.
    fn with<S: Simd>(self, simd: S) -> Self::Out;
}

/// Does `work` with the best operations that the processor has.
pub(super) fn run<W: Work>(work: W) -> W::Out {
    #[cfg(target_arch = "x86_64")]
    if let Some(avx2) = avx2::Avx2::new() {
        return avx2.run(work);
    }
    #[cfg(target_arch = "aarch64")]
    return work.with(neon::Neon::new());
    #[cfg(not(target_arch = "aarch64"))]
    work.with(scalar::Scalar)
}

#[cfg(test)]
mod tests {
    use super::scalar::Scalar;
    use super::*;
    use crate::verify::is_token_start;

    fn samples() -> impl Iterator<Item = [u8; BEFORE + BLOCK + BEHIND]> {
        let mut random = 1u64;
        (0..4000).map(move |round| {
            std::array::from_fn(|_| {
                random = random
                    .wrapping_mul(6364136223846793005)
                    .wrapping_add(1442695040888963407);
                let byte = (random >> 40) as u8;
                // Half of the rounds are dense in the bytes that decide something.
                if round % 2 == 0 {
                    byte
                } else {
                    b"ab09\\nux%3D=m[;\x1b_-+/. \"kEy@`{"[usize::from(byte) % 28]
                }
            })
        })
    }

    const QUADS: [&[u8]; 4] = [b"://", b"begi", b"pwd", b"k3y="];

    fn table() -> Quads {
        let mut table = Quads::default();
        for (i, quad) in QUADS.into_iter().enumerate() {
            table.insert(std::array::from_fn(|j| quad.get(j).copied()), i * 7);
        }
        table
    }

    /// Holds an implementation against the scalar one.
    fn same_as_scalar(simd: impl Simd) {
        let table = table();
        for bytes in samples() {
            let block: &[u8; BLOCK] = bytes[BEFORE..].first_chunk().expect("long enough");
            assert_eq!(simd.classes(block), Scalar.classes(block));
            let around: &[u8; BEFORE + BLOCK] = bytes.first_chunk().expect("long enough");
            assert_eq!(simd.escapes(around), Scalar.escapes(around));
            let around: &[u8; BLOCK + BEHIND] = bytes[BEFORE..].first_chunk().expect("long enough");
            assert_eq!(simd.quads(&table, around), Scalar.quads(&table, around));
        }
    }

    #[test]
    fn every_implementation_agrees_with_the_scalar_one() {
        same_as_scalar(Scalar);
        #[cfg(target_arch = "x86_64")]
        if let Some(avx2) = avx2::Avx2::new() {
            same_as_scalar(avx2);
        }
        #[cfg(target_arch = "aarch64")]
        same_as_scalar(neon::Neon::new());
    }

    #[test]
    fn no_token_start_and_no_quadruple_is_missed() {
        let table = table();
        for bytes in samples() {
            let escapes = Scalar.escapes(bytes.first_chunk().expect("long enough"));
            let quads = Scalar.quads(&table, bytes[BEFORE..].first_chunk().expect("long enough"));
            for i in 0..BLOCK {
                // The engine's rule looks back further, for colours; what it sees here is a prefix of the text.
                let word_before = bytes[BEFORE + i - 1].is_ascii_alphanumeric();
                if word_before && is_token_start(&bytes, BEFORE + i) {
                    assert!(
                        escapes >> i & 1 == 1,
                        "{:?} at {i}",
                        &bytes[i..i + BEFORE + 1]
                    );
                }
                let here = bytes[BEFORE + i..].to_ascii_lowercase();
                if QUADS.iter().any(|quad| here.starts_with(quad)) {
                    assert!(quads >> i & 1 == 1);
                }
            }
        }
    }
}
