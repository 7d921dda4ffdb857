//! Patterns that are literals and runs of classes, as a program that needs no regular expression.
//!
//! Most patterns are of this form: `ghp_[A-Za-z0-9]{36}`. Such a pattern is matched by walking over the bytes once, with
//! nothing to compile and nothing to allocate. It is exact only where greed cannot be wrong: a run of changing length
//! must share no byte with what may follow it. What is of another form, or has a group, stays a regular expression.

use std::borrow::Cow;

use regex_syntax::hir::{Class, Hir, HirKind};

use super::ByteSet;

/// One step.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Op {
    /// These bytes.
    Literal(Cow<'static, [u8]>),
    /// As many bytes of a set as there are.
    Run {
        /// The set.
        set: ByteSet,
        /// At least so many.
        min: u32,
        /// At most so many.
        max: u32,
    },
}

/// The steps of a pattern; none where it needs a regular expression.
pub type Program = Cow<'static, [Op]>;

/// Where a match of `program` at the start of `text` ends.
pub(crate) fn run(program: &[Op], text: &[u8]) -> Option<usize> {
    let mut at = 0;
    for op in program {
        match op {
            Op::Literal(bytes) => {
                if !text[at..].starts_with(bytes) {
                    return None;
                }
                at += bytes.len();
            }
            Op::Run { set, min, max } => {
                let most = text[at..].iter().take(*max as usize);
                let found = most.take_while(|&&b| set.contains(b)).count();
                if found < *min as usize {
                    return None;
                }
                at += found;
            }
        }
    }
    Some(at)
}

/// The program of a pattern, if it has one.
pub(super) fn compile(hir: &Hir) -> Program {
    let mut ops = Vec::new();
    if append(hir, &mut ops).is_none() || !is_greedy(&ops) {
        ops.clear();
    }
    ops.into()
}

fn append(hir: &Hir, ops: &mut Vec<Op>) -> Option<()> {
    match hir.kind() {
        HirKind::Literal(literal) => ops.push(Op::Literal(literal.0.to_vec().into())),
        HirKind::Class(class) => ops.push(Op::Run {
            set: set(class)?,
            min: 1,
            max: 1,
        }),
        HirKind::Repetition(repetition) => {
            let set = match repetition.sub.kind() {
                HirKind::Class(class) => set(class)?,
                HirKind::Literal(literal) if literal.0.len() == 1 => {
                    let mut one = ByteSet::default();
                    one.insert_range(literal.0[0], literal.0[0]);
                    one
                }
                _ => return None,
            };
            if !repetition.greedy {
                return None;
            }
            ops.push(Op::Run {
                set,
                min: repetition.min,
                max: repetition.max?,
            });
        }
        HirKind::Concat(parts) => parts.iter().try_for_each(|part| append(part, ops))?,
        HirKind::Empty | HirKind::Look(_) | HirKind::Capture(_) | HirKind::Alternation(_) => {
            return None;
        }
    }
    Some(())
}

fn set(class: &Class) -> Option<ByteSet> {
    let Class::Bytes(class) = class else {
        return None;
    };
    let mut set = ByteSet::default();
    class
        .ranges()
        .iter()
        .for_each(|r| set.insert_range(r.start(), r.end()));
    Some(set)
}

/// Whether taking as much as there is never takes what a later step needs.
fn is_greedy(ops: &[Op]) -> bool {
    (0..ops.len()).all(|i| match &ops[i] {
        Op::Run { set, min, max } if min < max => {
            for next in &ops[i + 1..] {
                let (other, optional) = match next {
                    Op::Literal(bytes) => {
                        let mut first = ByteSet::default();
                        first.insert_range(bytes[0], bytes[0]);
                        (first, false)
                    }
                    Op::Run { set, min, .. } => (*set, *min == 0),
                };
                if (0..4).any(|w| set.0[w] & other.0[w] != 0) {
                    return false;
                }
                if !optional {
                    break;
                }
            }
            true
        }
        _ => true,
    })
}

#[cfg(test)]
mod tests {
    use regex_automata::{Anchored, Input};

    use super::*;

    fn program(pattern: &str) -> Program {
        compile(&super::super::compile::parse(pattern).unwrap())
    }

    #[test]
    fn only_patterns_on_which_greed_is_right_have_a_program() {
        for (pattern, has) in [
            ("abc_[a-z0-9]{5}", true),
            ("abc_[a-z]{2,9}-[0-9]{1,3}", true),
            ("abc_[a-z]{2,9}=?", true),
            ("abc_[a-z-]{2,9}-[0-9]", false),
            ("abc_[a-z]{2,9}[0-9]?[a-f]", false),
            ("abc_(?:x|yz)", false),
            ("abc_([a-z]{3})", false),
            ("abc_[a-z]{2,9}?", false),
        ] {
            assert_eq!(!program(pattern).is_empty(), has, "{pattern}");
        }
    }

    #[test]
    fn a_program_matches_as_the_regular_expression_does() {
        let mut seed = 5u64;
        let mut next = |n: usize| {
            seed = seed
                .wrapping_mul(6364136223846793005)
                .wrapping_add(1442695040888963407);
            (seed >> 33) as usize % n
        };
        for pattern in [
            "ab[a-c]{2,4}",
            "ab[0-9]{1,3}-[a-c]{0,2}=?",
            "a[^a]{0,3}",
            "[ab]{3}c{1,2}",
        ] {
            let (program, regex) = (program(pattern), super::super::regex(pattern).unwrap());
            assert!(!program.is_empty(), "{pattern}");
            for _ in 0..20_000 {
                let text: Vec<u8> = (0..next(12)).map(|_| b"abc01-="[next(7)]).collect();
                let expected = regex
                    .search(&Input::new(&text).anchored(Anchored::Yes))
                    .map(|m| m.end());
                assert_eq!(
                    run(&program, &text),
                    expected,
                    "{pattern} on {:?}",
                    text.escape_ascii()
                );
            }
        }
    }
}
