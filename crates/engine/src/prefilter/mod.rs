//! Where a secret could be: the one pass over every byte.
//!
//! A prefilter knows the literals of a [`RuleSet`] and finds where they stand. It knows nothing of patterns, checks or
//! files. What it passes over is never looked at again, so it may only leave out hits that no rule could verify.

use crate::rule::{LiteralId, RuleSet};
use crate::verify;

mod classes;
mod fast;
mod grams;
mod oracle;
mod quads;
mod simd;
mod words;

pub use classes::MIN_RUN;
pub(crate) use classes::is_token as is_token_byte;
pub use fast::Fast;
pub use oracle::Oracle;

/// From the start of a literal to the end of all by which the fast prefilter decides on it, in bytes; or to the end of the
/// literal, if it is longer.
pub(crate) const SIGHT: usize = verify::SIGHT;
/// What the fast prefilter looks at before a literal, in bytes: the escape before a prefix, the start of a run that a name
/// stands in.
pub(crate) const BACK: usize = if verify::GLUED > simd::BEFORE {
    verify::GLUED
} else {
    simd::BEFORE
};
const _: () = assert!(MIN_RUN <= SIGHT);

/// A literal that stands in the text.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Hit {
    /// Offset of its first byte.
    pub at: usize,
    /// Which literal.
    pub literal: LiteralId,
}

/// Finds the literals of one rule set.
pub trait Prefilter: Send + Sync {
    /// Prepares to find the literals of `rules`.
    fn new(rules: &RuleSet) -> Self
    where
        Self: Sized;

    /// Appends the hits in `text` to `hits`, in the order of their offset, each once. May leave out what no rule of its
    /// literal could verify.
    fn hits(&self, text: &[u8], scratch: &mut Scratch, hits: &mut Vec<Hit>);
}

/// What a thread keeps from text to text.
#[derive(Debug, Default)]
pub struct Scratch {
    window: Box<fast::Window>,
}

impl Scratch {
    /// With or without hits of names that no operator joins to a value: `acme token v`, `acme-token-v`.
    pub fn new(beside: bool) -> Self {
        let mut scratch = Self::default();
        scratch.window.beside = beside;
        scratch
    }
}
