//! How likely a value without a format is a secret: an additive score of eleven features.
//!
//! Each feature sorts the candidate into one of a few bins, each bin has a whole number of [`UNIT`]ths of a nat, and the
//! sum is the logarithm of the odds that the value is a secret. That is a logistic regression on one-hot features: it
//! takes a few looks at each byte, and every answer can be read off the table.
//!
//! The numbers are in `table.rs`, which the program in `rules/model` writes. It fits them on values that it draws itself
//! and on what stands in ordinary source trees, and it prints how often each band is right. Nothing here is set by hand
//! but where the bins end.

use super::generic::Wanted;
use crate::verify::Operator;
use crate::{Evidence, FileKind};

mod look;
mod table;

pub use look::bins;

/// Units of the score in a nat: a score of 100 stands for odds of e to 1.
pub const UNIT: i32 = 100;

/// A value and what is known of the place where it stands.
#[derive(Clone, Copy, Debug)]
pub struct Candidate<'a> {
    /// The name that the value is assigned to.
    pub name: &'a [u8],
    /// What joins them.
    pub operator: Operator,
    /// The value.
    pub value: &'a [u8],
    /// Whether quotes stand around it.
    pub quoted: bool,
    /// The kind of file.
    pub kind: FileKind,
}

/// The most bins that a feature has.
pub const BINS: usize = 12;

/// What is looked at, in the order of the table. The weights of a feature are centred: their mean over what the model
/// learned from is 0, so that each says what speaks for or against *this* value. What is left over is the base, which has one
/// bin.
pub const FEATURES: [&str; 12] = [
    "letters", "alphabet", "length", "entropy", "switches", "joints", "build", "echo", "operator",
    "quotes", "kind", "base",
];

/// The same in words, as a report names them. They name no bin: what stands in a report must not narrow the value down.
const IN_WORDS: [&str; FEATURES.len() - 1] = [
    "how its letters follow each other",
    "its kinds of characters",
    "its length",
    "how evenly its characters are spread",
    "how often letters, digits and signs change",
    "how many of its characters join words",
    "how words, digits and signs are put together",
    "the words that it shares with names of secrets",
    "the operator",
    "the quotes",
    "the kind of file",
];

/// How many features a report names.
const NAMED: usize = 3;

/// The weights of the bins of each feature.
pub type Weights = [[i16; BINS]; FEATURES.len()];

/// The least scores of the bands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Bands {
    /// Of findings with this score, at least 95 of 100 are true.
    pub high: i32,
    /// 70 of 100.
    pub medium: i32,
    /// One of 10 that score so: less is not worth a look.
    pub low: i32,
}

/// The odds that the candidate is a secret of the wanted kind, in [`UNIT`]ths of a nat.
pub fn score(candidate: &Candidate<'_>, wanted: Wanted) -> i32 {
    sum(&bins(candidate), wanted)
}

/// The score of a candidate that falls into these bins.
pub fn sum(bins: &[usize; FEATURES.len()], wanted: Wanted) -> i32 {
    shares(bins, wanted).iter().sum()
}

/// What each feature adds to the score.
fn shares(bins: &[usize; FEATURES.len()], wanted: Wanted) -> [i32; FEATURES.len()] {
    let weights = match wanted {
        Wanted::Token => &table::TOKEN,
        Wanted::Password => &table::PASSWORD,
    };
    std::array::from_fn(|feature| i32::from(weights[feature][bins[feature]]))
}

/// The score, where the bands begin, and the features that weighed most, the heaviest first.
pub fn explain(candidate: &Candidate<'_>, wanted: Wanted) -> Evidence {
    let shares = shares(&bins(candidate), wanted);
    let mut features: Vec<(&'static str, f64)> = IN_WORDS
        .into_iter()
        .zip(shares.map(nats))
        .filter(|(_, share)| *share != 0.0)
        .collect();
    // Stable: of two that weigh the same, the first in the table comes first.
    features.sort_by(|(_, a), (_, b)| b.abs().total_cmp(&a.abs()));
    features.truncate(NAMED);
    let bands = bands(wanted);
    Evidence::Score {
        score: nats(shares.iter().sum()),
        medium: nats(bands.medium),
        high: nats(bands.high),
        features,
    }
}

fn nats(units: i32) -> f64 {
    f64::from(units) / f64::from(UNIT)
}

/// Where the bands begin.
pub fn bands(wanted: Wanted) -> Bands {
    match wanted {
        Wanted::Token => table::TOKEN_BANDS,
        Wanted::Password => table::PASSWORD_BANDS,
    }
}
