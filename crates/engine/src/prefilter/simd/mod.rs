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

#[cfg(target_arch = "x86_64")]
pub(super) use avx2::Avx2;
#[cfg(target_arch = "aarch64")]
pub(super) use neon::Neon;
pub(super) use scalar::Scalar;

/// Bytes of a block: one bit each in a `u64`.
pub(super) const BLOCK: usize = 64;
/// Bytes before a block that [`Simd::starts`] looks at.
pub(super) const BEFORE: usize = 6;
/// Bytes behind a block that [`Simd::triples`] looks at.
pub(super) const BEHIND: usize = 2;

/// The operations. Bit `i` of a mask speaks of byte `i` of the block.
pub(super) trait Simd: Copy {
    /// Which bytes are token bytes (`classes::is_token`).
    fn tokens(self, block: &[u8; BLOCK]) -> u64;

    /// At which bytes a token can begin, judged by the bytes before them: a superset of `verify::is_token_start`. The
    /// block begins at `around[BEFORE]`.
    fn starts(self, around: &[u8; BEFORE + BLOCK]) -> u64;

    /// At which bytes one of the byte triples of `table` can begin: a superset. The block begins at `around[0]`.
    fn triples(self, table: &Triples, around: &[u8; BLOCK + BEHIND]) -> u64;
}

/// Triples of bytes in eight buckets ("Teddy"): for each byte of the triple, which buckets have it, by low and by high
/// nibble. A triple may begin where a bucket remains after all six look-ups.
#[derive(Clone, Debug, Default)]
pub(super) struct Triples {
    pub(super) low: [[u8; 16]; 3],
    pub(super) high: [[u8; 16]; 3],
}

impl Triples {
    /// Adds a triple in both ASCII cases to a bucket (0 to 7).
    pub(super) fn insert(&mut self, triple: [u8; 3], bucket: u32) {
        for (i, byte) in triple.into_iter().enumerate() {
            for b in [byte.to_ascii_lowercase(), byte.to_ascii_uppercase()] {
                self.low[i][usize::from(b & 15)] |= 1 << bucket;
                self.high[i][usize::from(b >> 4)] |= 1 << bucket;
            }
        }
    }
}

#[cfg(test)]
mod tests {
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

    fn table() -> Triples {
        let mut table = Triples::default();
        for (i, triple) in [*b"://", *b"beg", *b"pwd", *b"k3y"].into_iter().enumerate() {
            table.insert(triple, i as u32);
        }
        table
    }

    /// Holds an implementation against the scalar one.
    fn same_as_scalar(simd: impl Simd) {
        let table = table();
        for bytes in samples() {
            let block: &[u8; BLOCK] = bytes[BEFORE..].first_chunk().expect("long enough");
            assert_eq!(simd.tokens(block), Scalar.tokens(block));
            let around: &[u8; BEFORE + BLOCK] = bytes.first_chunk().expect("long enough");
            assert_eq!(simd.starts(around), Scalar.starts(around));
            let around: &[u8; BLOCK + BEHIND] = bytes[BEFORE..].first_chunk().expect("long enough");
            assert_eq!(simd.triples(&table, around), Scalar.triples(&table, around));
        }
    }

    #[test]
    fn every_implementation_agrees_with_the_scalar_one() {
        same_as_scalar(Scalar);
        #[cfg(target_arch = "x86_64")]
        if let Some(avx2) = Avx2::new() {
            same_as_scalar(avx2);
        }
        #[cfg(target_arch = "aarch64")]
        if let Some(neon) = Neon::new() {
            same_as_scalar(neon);
        }
    }

    #[test]
    fn no_token_start_and_no_triple_is_missed() {
        let table = table();
        for bytes in samples() {
            let starts = Scalar.starts(bytes.first_chunk().expect("long enough"));
            let triples =
                Scalar.triples(&table, bytes[BEFORE..].first_chunk().expect("long enough"));
            for i in 0..BLOCK {
                // The engine's rule looks back further, for colours; what it sees here is a prefix of the text.
                if is_token_start(&bytes, BEFORE + i) {
                    assert!(
                        starts >> i & 1 == 1,
                        "{:?} at {i}",
                        &bytes[i..i + BEFORE + 1]
                    );
                }
                let triple = bytes[BEFORE + i..BEFORE + i + 3].to_ascii_lowercase();
                if [&b"://"[..], b"beg", b"pwd", b"k3y"].contains(&&triple[..]) {
                    assert!(triples >> i & 1 == 1);
                }
            }
        }
    }
}
