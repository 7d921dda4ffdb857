//! Where a secret could be: the one pass over every byte.
//!
//! A prefilter knows the literals of a [`RuleSet`] and finds where they stand. It knows nothing of patterns, checks or
//! files. What it passes over is never looked at again, so it may only leave out hits that no rule could verify.

use crate::rule::{LiteralId, RuleSet};

mod oracle;

pub use oracle::Oracle;

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

    /// Appends every hit in `text` to `hits`, in the order of their offset.
    fn hits(&self, text: &[u8], hits: &mut Vec<Hit>);
}
