//! How the fast prefilter may look for a rule's literals, proven from its pattern.

use std::fmt;

use regex_syntax::hir::{Hir, HirKind};

use super::proof::collect_all;
use super::{Boundary, ByteSet, Shape};
use crate::prefilter::{MIN_RUN, is_token_byte};

/// The part of the prefilter that finds the candidates of a rule.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tier {
    /// Where a token starts with at least [`MIN_RUN`] token bytes ahead, a literal that it begins with is looked for.
    Prefix,
    /// Where a value of at least [`MIN_RUN`] token bytes is assigned, a name is looked for to its left.
    Keyword,
    /// The whole text is searched: the reason says what cannot be proven.
    Full(Why),
}

/// Why a rule needs the full search.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Why {
    /// The literal can stand in the middle of a match.
    Inside,
    /// A match can begin within a word.
    Unbounded,
    /// A value has no digits and letters of one case only, joined by dashes or the like, as names are.
    Namelike,
    /// A match, or a value, can begin with fewer token bytes than a run needs.
    ShortRun(usize),
}

impl Tier {
    /// Whether both are the same part of the prefilter, whatever the reason.
    pub(crate) fn same_kind(self, other: Self) -> bool {
        std::mem::discriminant(&self) == std::mem::discriminant(&other)
    }
}

impl fmt::Display for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Prefix => write!(
                f,
                "P: a prefix where a token starts, with {MIN_RUN} token bytes ahead"
            ),
            Self::Keyword => write!(
                f,
                "K: a name left of a value that starts with {MIN_RUN} token bytes"
            ),
            Self::Full(Why::Inside) => {
                f.write_str("F: the literal can stand in the middle of a match")
            }
            Self::Full(Why::Unbounded) => f.write_str("F: a match can begin within a word"),
            Self::Full(Why::Namelike) => f.write_str("F: a value can look like a name"),
            Self::Full(Why::ShortRun(n)) => {
                write!(
                    f,
                    "F: only the first {n} bytes are sure to be token bytes, {MIN_RUN} are needed"
                )
            }
        }
    }
}

/// The tier of a rule with this pattern.
pub(super) fn prove(hir: &Hir, shape: Shape, boundary: Boundary) -> Tier {
    let (run, _) = leading_run(hir);
    match shape {
        Shape::Around { most: 1.., .. } => Tier::Full(Why::Inside),
        Shape::Token | Shape::Around { .. } if boundary == Boundary::None => {
            Tier::Full(Why::Unbounded)
        }
        _ if run < MIN_RUN => Tier::Full(Why::ShortRun(run)),
        Shape::Token | Shape::Around { .. } => Tier::Prefix,
        Shape::Assigned if is_namelike(hir) => Tier::Full(Why::Namelike),
        Shape::Assigned => Tier::Keyword,
    }
}

/// Whether matches have no digits, letters of at most one case, and joints between them.
fn is_namelike(hir: &Hir) -> bool {
    let mut bytes = ByteSet::default();
    collect_all(hir, &mut bytes);
    let any = |wanted: fn(&u8) -> bool| (0..=127u8).any(|b| bytes.contains(b) && wanted(&b));
    let joint = any(|b| is_token_byte(*b) && !b.is_ascii_alphanumeric());
    joint
        && !any(u8::is_ascii_digit)
        && !(any(u8::is_ascii_uppercase) && any(u8::is_ascii_lowercase))
}

/// How many token bytes every match begins with, and whether a match has no others, so that what follows counts on.
fn leading_run(hir: &Hir) -> (usize, bool) {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => (0, true),
        HirKind::Literal(literal) => {
            let run = literal.0.iter().take_while(|&&b| is_token_byte(b)).count();
            (run, run == literal.0.len())
        }
        HirKind::Class(class) => {
            let all = ByteSet::of(class).bytes().all(is_token_byte);
            (usize::from(all), all)
        }
        HirKind::Capture(capture) => leading_run(&capture.sub),
        HirKind::Repetition(r) => match leading_run(&r.sub) {
            (run, true) => (run.saturating_mul(r.min as usize), true),
            (run, false) if r.min > 0 => (run, false),
            _ => (0, false),
        },
        HirKind::Concat(parts) => {
            let mut total = 0;
            for part in parts {
                let (run, all) = leading_run(part);
                total += run;
                if !all {
                    return (total, false);
                }
            }
            (total, true)
        }
        HirKind::Alternation(branches) => branches
            .iter()
            .map(leading_run)
            .reduce(|(a, x), (b, y)| (a.min(b), x && y))
            .unwrap_or((0, false)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tier(pattern: &str, shape: Shape) -> Tier {
        prove(
            &super::super::compile::parse(pattern).unwrap(),
            shape,
            Boundary::Token,
        )
    }

    #[test]
    fn runs_are_counted_to_the_first_byte_that_may_be_another() {
        for (pattern, run) in [
            ("abc_[0-9]{13}", None),
            ("abc_[0-9]{11}", Some(15)),
            ("abc:[0-9]{30}", Some(3)),
            ("(?:ab|cde)-[0-9a-f]{12}x", None),
            ("(?:ab|cde)[0-9]{14}(?:=[a-z]{9})?", None),
            ("ab(?:c[0-9]{30})?d", Some(3)),
            ("[!-~]{30}", Some(0)),
        ] {
            let expected = run.map_or(Tier::Prefix, |n| Tier::Full(Why::ShortRun(n)));
            assert_eq!(tier(pattern, Shape::Token), expected, "{pattern}");
        }
    }

    fn around(most: usize) -> Shape {
        Shape::Around {
            least: 0,
            most,
            lead: ByteSet::default(),
        }
    }

    #[test]
    fn the_shape_decides_which_literal_is_looked_for() {
        assert_eq!(tier("[0-9a-f]{16}", Shape::Assigned), Tier::Keyword);
        assert_eq!(
            tier("[a-z]{4}(?:-[a-z]{4}){3}", Shape::Assigned),
            Tier::Full(Why::Namelike)
        );
        assert_eq!(tier("[0-9a-f]{40}", around(3)), Tier::Full(Why::Inside));
        assert_eq!(tier("(?i:abc)[0-9a-f]{40}", around(0)), Tier::Prefix);
        let anywhere = prove(
            &super::super::compile::parse("abc[0-9]{30}").unwrap(),
            Shape::Token,
            Boundary::None,
        );
        assert_eq!(anywhere, Tier::Full(Why::Unbounded));
    }
}
