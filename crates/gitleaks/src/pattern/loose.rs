//! What an expression says of text whose ends are not known.
//!
//! A fragment is a run of whole lines. Where only the text around it is at hand, what an expression says of the ends of
//! the fragment may hold at the ends of any line. All else that it can say looks at most one character beyond a match,
//! and takes a line break there for what it takes the end of the text for.
//!
//! Nor is all of that text at hand, so an expression is also cut short, to one that says no more than of a few hundred
//! bytes: where it repeats without end, many repetitions are taken for a match.

use std::ops::Range;
use std::sync::OnceLock;

use regex_automata::Input;
use regex_automata::meta::Regex;
use regex_automata::nfa::thompson::WhichCaptures;
use regex_syntax::hir::{Capture, Hir, HirKind, Look, Repetition};

use super::near::{Glances, Tail};
use super::{Anchor, Pattern, Text, anchor, compile};

/// The most bytes that a loose expression says something of, in ASCII text.
pub(crate) const LONGEST: usize = 288;

/// So many bytes of repetitions without end are taken for a match.
const ENOUGH: usize = 64;

/// The most bytes of a character.
const CHARACTER: usize = 4;

/// An expression run at one word of its anchor, in text whose ends are not known.
#[derive(Debug)]
pub(super) struct Loose {
    tail: Option<Tail>,
    /// For ASCII text, and for any.
    checks: [Check; 2],
}

/// A loose expression.
#[derive(Debug)]
struct Check {
    hir: Hir,
    /// From the start of a match to the word, at most.
    before: usize,
    /// The longest match, in bytes.
    longest: usize,
    regex: OnceLock<Regex>,
}

impl Loose {
    /// For an expression without bounds that has this anchor; `None` if it cannot be cut short.
    pub(super) fn new(pattern: &Pattern, anchor: &Anchor, ascii: &Hir) -> Option<Self> {
        let tail = anchor.tail(ascii, anchor::LONGEST_PROBE);
        let before = anchor.distance.1;
        Some(Self {
            tail: Tail::new(&loosened(&tail)),
            checks: [
                Check::new(ascii, LONGEST, before)?,
                Check::new(pattern.unicode(), CHARACTER * LONGEST, CHARACTER * before)?,
            ],
        })
    }

    /// Whether a run of whole lines of `text` may have a match by a word at `hit`. The text is of any bytes.
    pub(super) fn may_match(&self, text: &[u8], hit: usize, memory: &mut Glances) -> bool {
        let tail = self.tail.as_ref();
        if tail.is_some_and(|tail| !tail.may_match(text, false, hit, memory)) {
            return false;
        }
        let [ascii, any] = &self.checks;
        if text[ascii.around(text, hit)].is_ascii() {
            return ascii.may_match(text, hit);
        }
        let around = any.around(text, hit);
        let before = Text::new(&text[around.start..hit]).bytes.len();
        any.may_match(&Text::new(&text[around]).bytes, before)
    }
}

impl Check {
    fn new(hir: &Hir, longest: usize, before: usize) -> Option<Self> {
        let (hir, _) = anchor::probe(&clipped(&loosened(hir), Hir::empty()), longest);
        Some(Self {
            longest: hir.properties().maximum_len()?,
            hir,
            before,
            regex: OnceLock::new(),
        })
    }

    /// All that it can depend on, and some more.
    fn around(&self, text: &[u8], hit: usize) -> Range<usize> {
        let start = hit.saturating_sub(self.before + CHARACTER);
        start..text.len().min(hit + self.longest + CHARACTER)
    }

    fn may_match(&self, bytes: &[u8], hit: usize) -> bool {
        let regex = || compile(&self.hir, WhichCaptures::None);
        let start = hit.saturating_sub(self.before);
        let end = bytes.len().min(hit + self.longest);
        let input = Input::new(bytes).span(start..end).earliest(true);
        self.regex.get_or_init(regex).is_match(input)
    }
}

/// An expression that matches in a text wherever `hir` matches in one of its runs of whole lines.
fn loosened(hir: &Hir) -> Hir {
    let within = |sub: &Hir| Box::new(loosened(sub));
    match hir.kind() {
        HirKind::Look(Look::Start | Look::StartLF) => Hir::look(Look::StartLF),
        // Behind the last line break.
        HirKind::Look(Look::End | Look::EndLF) => {
            Hir::alternation(vec![Hir::look(Look::EndLF), Hir::look(Look::StartLF)])
        }
        HirKind::Empty | HirKind::Literal(_) | HirKind::Class(_) | HirKind::Look(_) => hir.clone(),
        HirKind::Repetition(repetition) => Hir::repetition(Repetition {
            sub: within(&repetition.sub),
            ..repetition.clone()
        }),
        HirKind::Capture(capture) => Hir::capture(Capture {
            sub: within(&capture.sub),
            ..capture.clone()
        }),
        HirKind::Concat(parts) => Hir::concat(parts.iter().map(loosened).collect()),
        HirKind::Alternation(branches) => Hir::alternation(branches.iter().map(loosened).collect()),
    }
}

/// An expression of bounded length that matches a beginning of every match of `hir` and then `rest`.
fn clipped(hir: &Hir, rest: Hir) -> Hir {
    if hir.properties().maximum_len().is_some() {
        return Hir::concat(vec![hir.clone(), rest]);
    }
    match hir.kind() {
        HirKind::Capture(capture) => clipped(&capture.sub, rest),
        HirKind::Concat(parts) => parts
            .iter()
            .rev()
            .fold(rest, |rest, part| clipped(part, rest)),
        HirKind::Alternation(branches) => {
            let branches = branches.iter().map(|branch| clipped(branch, rest.clone()));
            Hir::alternation(branches.collect())
        }
        HirKind::Repetition(repetition) => {
            let times = |min, max| {
                Hir::repetition(Repetition {
                    min,
                    max: Some(max),
                    ..repetition.clone()
                })
            };
            let Some(each) = repetition.sub.properties().maximum_len() else {
                // Whatever follows the beginning of the first.
                let first = clipped(&repetition.sub, Hir::empty());
                return match repetition.min {
                    0 => Hir::alternation(vec![rest, first]),
                    _ => first,
                };
            };
            let enough = (ENOUGH / each.max(1)) as u32;
            let enough = enough.max(repetition.min).max(1);
            let few = Hir::concat(vec![times(repetition.min, enough), rest]);
            Hir::alternation(vec![few, times(enough, enough)])
        }
        // They are bounded.
        HirKind::Empty | HirKind::Literal(_) | HirKind::Class(_) | HirKind::Look(_) => hir.clone(),
    }
}
