//! How likely a value without a format is a secret: an additive score of nine features.
//!
//! Each feature sorts the candidate into one of a few bins, each bin has a whole number of [`UNIT`]ths of a nat, and the
//! sum is the logarithm of the odds that the value is a secret. That is a logistic regression on one-hot features: it
//! takes a few looks at each byte, and every answer can be read off the table.
//!
//! The numbers are in `table.rs`, which the program in `rules/model` writes. It fits them on values that it draws itself
//! and on what stands in ordinary source trees, and it prints how often each band is right. Nothing here is set by hand
//! but where the bins end.

use super::generic::Wanted;
use super::{entropy, words};
use crate::FileKind;
use crate::verify::Operator;

mod table;

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

/// What is looked at, in the order of the table.
pub const FEATURES: [&str; 9] = [
    "letters", "alphabet", "length", "entropy", "switches", "joints", "operator", "quotes", "kind",
];

/// The weights of the bins of each feature.
pub type Weights = [[i16; BINS]; FEATURES.len()];

/// The least scores of the bands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Bands {
    /// Of findings with this score, at least 95 of 100 are true.
    pub high: i32,
    /// 70 of 100.
    pub medium: i32,
    /// One of 20: less is not worth a look.
    pub low: i32,
}

/// The odds that the candidate is a secret of the wanted kind, in [`UNIT`]ths of a nat.
pub fn score(candidate: &Candidate<'_>, wanted: Wanted) -> i32 {
    let weights = match wanted {
        Wanted::Token => &table::TOKEN,
        Wanted::Password => &table::PASSWORD,
    };
    let bins = bins(candidate);
    weights
        .iter()
        .zip(bins)
        .map(|(weights, bin)| i32::from(weights[bin]))
        .sum()
}

/// Where the bands begin.
pub fn bands(wanted: Wanted) -> Bands {
    match wanted {
        Wanted::Token => table::TOKEN_BANDS,
        Wanted::Password => table::PASSWORD_BANDS,
    }
}

/// The bin of each feature.
pub fn bins(candidate: &Candidate<'_>) -> [usize; FEATURES.len()] {
    let value = candidate.value;
    [
        letters(value),
        alphabet(value),
        below(&[6, 8, 10, 12, 16, 20, 24, 32, 40, 64, 128], value.len()),
        fill(value),
        switches(value),
        joints(value),
        operator(candidate.operator),
        quotes(candidate),
        kind(candidate.kind),
    ]
}

/// In how many of the ascending `limits` the value is at least.
fn below(limits: &[usize], value: usize) -> usize {
    limits.iter().take_while(|&&limit| value >= limit).count()
}

/// How many bits cheaper the value is for the random model than for the word model (see `words.rs`): the more, the rarer
/// its letters follow each other.
fn letters(value: &[u8]) -> usize {
    let bits = words::advantage(value);
    [
        -30.0, -20.0, -13.0, -8.0, -4.0, 0.0, 4.0, 10.0, 18.0, 30.0, 60.0,
    ]
    .iter()
    .take_while(|&&limit| bits >= limit)
    .count()
}

/// The class of the alphabet that the value draws from.
fn alphabet(value: &[u8]) -> usize {
    let any = |class: fn(&u8) -> bool| value.iter().any(class);
    let (digit, lower, upper) = (
        any(u8::is_ascii_digit),
        any(u8::is_ascii_lowercase),
        any(u8::is_ascii_uppercase),
    );
    let joint = any(|&b| matches!(b, b'_' | b'-' | b'.' | b'/'));
    let sign = any(|&b| !b.is_ascii_alphanumeric() && !matches!(b, b'_' | b'-' | b'.' | b'/'));
    match (digit, lower, upper) {
        _ if sign && digit => 11,
        _ if sign => 10,
        (_, false, false) => 0,
        (true, lower, upper)
            if !joint && lower != upper && value.iter().all(u8::is_ascii_hexdigit) =>
        {
            1
        }
        (true, true, true) if joint => 9,
        (true, true, true) => 8,
        (true, ..) if joint => 7,
        (true, ..) => 6,
        (false, true, true) if joint => 5,
        (false, true, true) => 4,
        _ if joint => 3,
        _ => 2,
    }
}

/// Shannon entropy, as a share of what the length allows.
fn fill(value: &[u8]) -> usize {
    let most = (value.len().max(2) as f64).log2();
    let hundredths = (entropy::shannon(value) / most * 100.0) as usize;
    below(&[60, 70, 76, 82, 87, 92, 97], hundredths)
}

/// How often the class of characters changes, in the length: in random values of base62 every second time.
fn switches(value: &[u8]) -> usize {
    let class = |b: u8| match b {
        b'0'..=b'9' => 0,
        b'a'..=b'z' => 1,
        b'A'..=b'Z' => 2,
        _ => 3,
    };
    let changes = value
        .windows(2)
        // A capital letter in front of small ones begins a word.
        .filter(|w| class(w[0]) != class(w[1]) && !(class(w[0]) == 2 && class(w[1]) == 1))
        .count();
    below(
        &[1, 5, 10, 16, 24, 32, 42],
        changes * 100 / value.len().max(1),
    )
}

/// What share of the characters joins words, paths or versions: in base64, one in 32 does so by chance.
fn joints(value: &[u8]) -> usize {
    let joints = value
        .iter()
        .filter(|b| matches!(b, b'_' | b'-' | b'.' | b'/' | b':' | b' ' | b'|' | b','))
        .count();
    below(&[1, 4, 7, 10, 15], joints * 100 / value.len().max(1))
}

fn operator(operator: Operator) -> usize {
    match operator {
        Operator::Equals => 0,
        Operator::Colon => 1,
        Operator::Compare => 2,
        Operator::Close => 3,
        Operator::Argument => 4,
        // No generic rule finds a value beside a name: there is nothing to learn from.
        Operator::Cell | Operator::Beside => 5,
    }
}

/// Quoted; bare where settings stand; bare elsewhere; and the same for names of the environment (`DB_PASSWORD`), which
/// stand before bare values anywhere.
fn quotes(candidate: &Candidate<'_>) -> usize {
    let environment = !candidate.name.iter().any(u8::is_ascii_lowercase);
    match (candidate.quoted, candidate.kind) {
        (true, _) => 0,
        (
            false,
            FileKind::Config | FileKind::AgentConfig | FileKind::Log | FileKind::Transcript,
        ) => 1,
        (false, _) if environment => 2,
        (false, _) => 3,
    }
}

fn kind(kind: FileKind) -> usize {
    FileKind::ALL.iter().position(|&k| k == kind).unwrap_or(0)
}
