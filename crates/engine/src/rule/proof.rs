//! What can be proven of a pattern from its syntax tree.
//!
//! The prefilter only ever shows a rule the places where one of its literals stands. That is right only if no match can
//! do without them, and the bounded window that is searched around a literal is right only if no match reaches out of
//! it. Both are proven here, once, when the rule is compiled; what cannot be proven is refused.

use regex_syntax::hir::{Class, Hir, HirKind};

use super::ByteSet;

/// Bytes that each match begins with, one alternative a string. `None` when they cannot be enumerated.
///
/// Stops at a class, so `ghp_[a-z]{3}` has the one head `ghp_`, and `gh[ps]_` has `ghp_` and `ghs_`.
fn heads(hir: &Hir) -> Heads {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => Heads::exact(vec![Vec::new()]),
        HirKind::Literal(literal) => Heads::exact(vec![literal.0.to_vec()]),
        HirKind::Class(class) => match small_class(class) {
            Some(bytes) => Heads::exact(bytes.into_iter().map(|b| vec![b]).collect()),
            None => Heads::stopped(),
        },
        HirKind::Capture(capture) => heads(&capture.sub),
        HirKind::Repetition(repetition) => {
            let mut all = heads(&repetition.sub);
            if repetition.min == 0 {
                return Heads::stopped();
            }
            if repetition.max != Some(1) {
                all.exact = false;
            }
            all
        }
        HirKind::Concat(parts) => {
            let mut all = Heads::exact(vec![Vec::new()]);
            for part in parts {
                all = all.then(heads(part));
                if !all.exact {
                    break;
                }
            }
            all
        }
        HirKind::Alternation(branches) => {
            let mut all = Heads {
                strings: Vec::new(),
                exact: true,
            };
            for branch in branches {
                let head = heads(branch);
                all.exact &= head.exact;
                all.strings.extend(head.strings);
            }
            all.bounded()
        }
    }
}

/// The heads of a pattern, and whether they are all of it so far.
struct Heads {
    strings: Vec<Vec<u8>>,
    exact: bool,
}

/// More alternatives than this are not followed.
const MAX_HEADS: usize = 512;

impl Heads {
    fn exact(strings: Vec<Vec<u8>>) -> Self {
        Self {
            strings,
            exact: true,
        }
    }

    fn stopped() -> Self {
        Self {
            strings: vec![Vec::new()],
            exact: false,
        }
    }

    fn then(self, next: Self) -> Self {
        if self.strings.len() * next.strings.len() > MAX_HEADS {
            return Self {
                exact: false,
                ..self
            };
        }
        let strings = self
            .strings
            .iter()
            .flat_map(|a| next.strings.iter().map(|b| [&a[..], &b[..]].concat()));
        Self {
            strings: strings.collect(),
            exact: next.exact,
        }
    }

    fn bounded(self) -> Self {
        if self.strings.len() > MAX_HEADS {
            Self::stopped()
        } else {
            self
        }
    }
}

/// The members of a class of at most 8 bytes.
fn small_class(class: &Class) -> Option<Vec<u8>> {
    let bytes: Vec<u8> = ByteSet::of(class).bytes().take(9).collect();
    (bytes.len() <= 8).then_some(bytes)
}

/// Whether every match begins with one of `prefixes`.
pub(super) fn begins_with(hir: &Hir, prefixes: &[impl AsRef<str>]) -> bool {
    heads(hir).strings.iter().all(|head| {
        prefixes
            .iter()
            .any(|p| head.starts_with(p.as_ref().as_bytes()))
    })
}

/// If every match holds one of `keywords` (lower case) as a plain literal, in any ASCII case: how many bytes of the
/// match stand before the keyword begins, at least and at most.
pub(super) fn holds(hir: &Hir, keywords: &[impl AsRef<str>]) -> Option<(usize, usize)> {
    match hir.kind() {
        HirKind::Capture(capture) => holds(&capture.sub, keywords),
        HirKind::Repetition(r) if r.min > 0 => holds(&r.sub, keywords),
        HirKind::Alternation(branches) => branches
            .iter()
            .map(|branch| holds(branch, keywords))
            .reduce(|a, b| {
                let ((least, most), (other_least, other_most)) = (a?, b?);
                Some((least.min(other_least), most.max(other_most)))
            })?,
        HirKind::Concat(parts) => {
            let flat = flatten(parts);
            // A run of letters that is fixed but for its case, and how far into the match it can begin.
            let (mut run, mut run_from, mut before) = (Vec::new(), (0, 0), (0usize, 0usize));
            for part in &flat {
                match folded(part) {
                    Some(bytes) => {
                        if run.is_empty() {
                            run_from = before;
                        }
                        run.extend(bytes);
                        if let Some(at) = find_any(&run, keywords) {
                            return Some((run_from.0 + at, run_from.1 + at));
                        }
                    }
                    None => {
                        run.clear();
                        if let Some((least, most)) = holds(part, keywords) {
                            return Some((before.0 + least, before.1 + most));
                        }
                    }
                }
                let properties = part.properties();
                before.0 = before.0.checked_add(properties.minimum_len()?)?;
                before.1 = before.1.checked_add(properties.maximum_len()?)?;
            }
            None
        }
        _ => find_any(&folded(hir)?, keywords).map(|at| (at, at)),
    }
}

fn find_any(run: &[u8], keywords: &[impl AsRef<str>]) -> Option<usize> {
    keywords
        .iter()
        .filter_map(|k| memchr::memmem::find(run, k.as_ref().as_bytes()))
        .min()
}

/// The parts of a concatenation, with captures and nested concatenations opened.
fn flatten(parts: &[Hir]) -> Vec<&Hir> {
    let mut flat = Vec::new();
    for part in parts {
        match part.kind() {
            HirKind::Concat(inner) => flat.extend(flatten(inner)),
            HirKind::Capture(capture) => flat.extend(flatten(std::slice::from_ref(&*capture.sub))),
            _ => flat.push(part),
        }
    }
    flat
}

/// The lower-case bytes of a part that is one literal, or one letter in both cases.
fn folded(hir: &Hir) -> Option<Vec<u8>> {
    match hir.kind() {
        HirKind::Literal(literal) => Some(literal.0.to_ascii_lowercase()),
        HirKind::Class(class) => {
            let mut bytes = small_class(class)?;
            bytes.make_ascii_lowercase();
            bytes.dedup();
            (bytes.len() == 1).then_some(bytes)
        }
        HirKind::Look(_) | HirKind::Empty => Some(Vec::new()),
        HirKind::Repetition(r) if r.min == 1 && r.max == Some(1) => folded(&r.sub),
        _ => None,
    }
}

/// An end of a match.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    First,
    Last,
}

/// The bytes that a match can begin with.
pub(super) fn head(hir: &Hir) -> ByteSet {
    let mut set = ByteSet::default();
    collect(hir, End::First, &mut set);
    set
}

/// The bytes that a match can end in.
pub(super) fn tail(hir: &Hir) -> ByteSet {
    let mut set = ByteSet::default();
    collect(hir, End::Last, &mut set);
    set
}

/// Adds the bytes at an end of `hir`; says whether it can match nothing, so that its neighbour is at the end too.
fn collect(hir: &Hir, end: End, set: &mut ByteSet) -> bool {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => true,
        HirKind::Literal(literal) => {
            let at = if end == End::First {
                0
            } else {
                literal.0.len() - 1
            };
            set.insert_range(literal.0[at], literal.0[at]);
            false
        }
        HirKind::Class(class) => {
            set.insert_all(ByteSet::of(class));
            false
        }
        HirKind::Capture(capture) => collect(&capture.sub, end, set),
        HirKind::Repetition(r) => collect(&r.sub, end, set) || r.min == 0,
        HirKind::Concat(parts) => match end {
            End::First => parts.iter().all(|part| collect(part, end, set)),
            End::Last => parts.iter().rev().all(|part| collect(part, end, set)),
        },
        HirKind::Alternation(branches) => branches
            .iter()
            .map(|branch| collect(branch, end, set))
            .fold(false, |any, empty| any | empty),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hir(pattern: &str) -> Hir {
        super::super::compile::parse(pattern).unwrap()
    }

    #[test]
    fn heads_are_enumerated_through_small_classes_and_alternations() {
        assert!(begins_with(&hir("gh[ps]_[a-z]{9}"), &["ghp_", "ghs_"]));
        assert!(!begins_with(&hir("gh[psu]_[a-z]{9}"), &["ghp_", "ghs_"]));
        assert!(begins_with(&hir("(?:ab|cd)e[0-9]{3}"), &["abe", "cde"]));
        assert!(!begins_with(&hir("(?:abc)?def"), &["abc"]));
        assert!(!begins_with(&hir("[a-z]{3}abc"), &["abc"]));
        assert!(begins_with(&hir("(?:abc){2}"), &["abc"]));
    }

    #[test]
    fn a_keyword_in_every_branch_is_held_at_its_distance() {
        assert_eq!(holds(&hir("[a-z]{1,9}://x"), &["://"]), Some((1, 9)));
        assert_eq!(
            holds(&hir("(?i)machine [a-z]{3}"), &["machine "]),
            Some((0, 0))
        );
        assert_eq!(holds(&hir("(?:ab|xxab)[0-9]"), &["ab"]), Some((0, 2)));
        assert_eq!(holds(&hir("(?:ab|cd)[0-9]"), &["ab"]), None);
        assert_eq!(holds(&hir("(?:ab)?[0-9]"), &["ab"]), None);
        assert_eq!(holds(&hir("a(?P<secret>b)c"), &["abc"]), Some((0, 0)));
    }

    #[test]
    fn the_ends_are_every_first_and_every_last_byte() {
        let set = head(&hir("x?[0-9]{0,3}=a"));
        assert!(set.contains(b'x') && set.contains(b'9') && set.contains(b'='));
        assert!(!set.contains(b'a'));
        let set = tail(&hir("ab[0-9]{3}=?"));
        assert!(
            set.contains(b'0') && set.contains(b'9') && set.contains(b'=') && !set.contains(b'b')
        );
    }
}
