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

/// What stands in a match before its keyword begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Before {
    /// Bytes, at least.
    pub(super) least: usize,
    /// Bytes, at most.
    pub(super) most: usize,
    /// Which bytes.
    pub(super) lead: ByteSet,
}

impl Before {
    /// With a part that stands before what this is about; `None` where it has no longest match.
    fn after(mut self, part: &Hir) -> Option<Self> {
        let properties = part.properties();
        self.least = self.least.checked_add(properties.minimum_len()?)?;
        self.most = self.most.checked_add(properties.maximum_len()?)?;
        collect_all(part, &mut self.lead);
        Some(self)
    }

    fn and(mut self, inner: Self) -> Self {
        self.least += inner.least;
        self.most += inner.most;
        self.lead.insert_all(inner.lead);
        self
    }
}

/// If every match holds one of `keywords` (lower case) as a plain literal, in any ASCII case: what stands before it.
pub(super) fn holds(hir: &Hir, keywords: &[impl AsRef<str>]) -> Option<Before> {
    match hir.kind() {
        HirKind::Capture(capture) => holds(&capture.sub, keywords),
        HirKind::Repetition(r) if r.min > 0 => holds(&r.sub, keywords),
        HirKind::Alternation(branches) => branches
            .iter()
            .map(|branch| holds(branch, keywords))
            .reduce(|a, b| {
                let (mut a, b) = (a?, b?);
                a.least = a.least.min(b.least);
                a.most = a.most.max(b.most);
                a.lead.insert_all(b.lead);
                Some(a)
            })?,
        HirKind::Concat(parts) => {
            let flat = flatten(parts);
            // A run of letters that is fixed but for its case, and what stands before it.
            let (mut run, mut run_from, mut before) =
                (Vec::new(), Before::default(), Before::default());
            for part in &flat {
                match folded(part) {
                    Some(bytes) => {
                        if run.is_empty() {
                            run_from = before;
                        }
                        run.extend(bytes);
                        if let Some(at) = find_any(&run, keywords) {
                            return Some(run_from.and(within(&run, at)));
                        }
                    }
                    None => {
                        run.clear();
                        if let Some(inner) = holds(part, keywords) {
                            return Some(before.and(inner));
                        }
                    }
                }
                before = before.after(part)?;
            }
            None
        }
        _ => {
            let run = folded(hir)?;
            find_any(&run, keywords).map(|at| within(&run, at))
        }
    }
}

/// The first bytes of a run, in both cases.
fn within(run: &[u8], at: usize) -> Before {
    let mut lead = ByteSet::default();
    for byte in &run[..at] {
        lead.insert_range(*byte, *byte);
        let upper = byte.to_ascii_uppercase();
        lead.insert_range(upper, upper);
    }
    Before {
        least: at,
        most: at,
        lead,
    }
}

/// Adds every byte that can stand in a match.
pub(super) fn collect_all(hir: &Hir, bytes: &mut ByteSet) {
    match hir.kind() {
        HirKind::Literal(literal) => literal.0.iter().for_each(|&b| bytes.insert_range(b, b)),
        HirKind::Class(class) => bytes.insert_all(ByteSet::of(class)),
        HirKind::Capture(capture) => collect_all(&capture.sub, bytes),
        HirKind::Repetition(repetition) => collect_all(&repetition.sub, bytes),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => {
            parts.iter().for_each(|part| collect_all(part, bytes));
        }
        HirKind::Empty | HirKind::Look(_) => {}
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
        let held = |pattern: &str, keyword: &str| {
            let before = holds(&hir(pattern), &[keyword])?;
            let lead: String = before.lead.bytes().map(char::from).collect();
            Some((before.least, before.most, lead))
        };
        let some = |least, most, lead: &str| Some((least, most, lead.to_owned()));
        assert_eq!(held("[a-c]{1,9}://x", "://"), some(1, 9, "abc"));
        assert_eq!(held("(?i)machine [a-z]{3}", "machine "), some(0, 0, ""));
        assert_eq!(held("(?:ab|xyab)[0-9]", "ab"), some(0, 2, "XYxy"));
        assert_eq!(held("(?:ab|cd)[0-9]", "ab"), None);
        assert_eq!(held("(?:ab)?[0-9]", "ab"), None);
        assert_eq!(held("a(?P<secret>b)c", "abc"), some(0, 0, ""));
        assert_eq!(
            held("-{2,3}(?:x|yab[0-9])ab", "ab"),
            some(3, 7, "-0123456789abxy")
        );
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
