//! Tables as words, so that they can be built once, stand in the program as one array, and be used where they stand.

use std::borrow::Cow;

/// Words that are static for built-in rules and owned for others.
pub(super) type Words = Cow<'static, [u32]>;

/// Appends a part with its length before it.
pub(super) fn push(words: &mut Vec<u32>, part: &[u32]) {
    words.push(part.len() as u32);
    words.extend_from_slice(part);
}

/// Takes the next part.
///
/// # Panics
///
/// When the words are not those that [`push`] wrote: they come from the program itself.
pub(super) fn take(words: &mut &'static [u32]) -> Words {
    let (&len, rest) = words.split_first().expect("a part has a length");
    let (part, rest) = rest.split_at(len as usize);
    *words = rest;
    Cow::Borrowed(part)
}

/// Bytes as words, the last one filled up with zeros.
pub(super) fn pack(bytes: &[u8]) -> Vec<u32> {
    let word = |chunk: &[u8]| {
        let mut word = [0; 4];
        word[..chunk.len()].copy_from_slice(chunk);
        u32::from_le_bytes(word)
    };
    bytes.chunks(4).map(word).collect()
}

/// The byte at `at` of packed bytes.
#[inline(always)]
pub(super) fn byte(words: &[u32], at: usize) -> u8 {
    words[at / 4].to_le_bytes()[at % 4]
}
