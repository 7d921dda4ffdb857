//! Where a match can be, known without running the expression: each match holds one of a few words, no further than so
//! many bytes from its start.
//!
//! The expressions of most rules are a name, an assignment and a value. The value is often unbounded, but it is never
//! needed to tell that there is *no* match: the **probe**, the longest bounded beginning of the expression, must match
//! wherever the expression does. Words found, the probe is run on a few hundred bytes around each; only where it
//! matches is the expression itself run.
//!
//! Most words stand where nothing follows that the expression could match. The **tail**, what the expression says from
//! the word on, is therefore tried first: it can begin at one place only, and so its automaton is small.
//!
//! Everything here is proven on the parsed expression. What cannot be proven has no anchor, and is run on all text.

use std::collections::BTreeSet;

use regex_syntax::hir::{Class, Hir, HirKind, Repetition};

/// More words than this are no help, and cost in the automaton that finds them.
const MOST_WORDS: usize = 64;

/// A longer word says no more than its beginning.
const LONGEST_WORD: usize = 16;

/// A word shorter than this stands everywhere.
const SHORTEST_WORD: usize = 2;

/// How far into a match a word may stand for it to be worth looking from there.
const FURTHEST: usize = 1024;

/// How long a probe may grow: enough for a name, an assignment and the beginning of a value.
pub(crate) const LONGEST_PROBE: usize = 128;

/// Words, one of which each match holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Anchor {
    /// In lower case; they stand in the text in any ASCII case.
    pub(crate) words: Vec<Vec<u8>>,
    /// From the start of a match to that of the word: at least and at most so many bytes.
    pub(crate) distance: (usize, usize),
    way: Way,
}

/// Where in the parsed expression the words are.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Way {
    /// It begins with them.
    Here,
    /// In what is captured or repeated.
    Inside(Box<Self>),
    /// In this part, or at its beginning and in those behind it.
    Part(usize, Box<Self>),
    /// In each branch.
    Branches(Vec<Self>),
}

impl Anchor {
    /// The best anchor of an expression, if it has one.
    pub(crate) fn of(hir: &Hir) -> Option<Self> {
        match hir.kind() {
            HirKind::Capture(capture) => Some(Self::of(&capture.sub)?.inside()),
            HirKind::Repetition(repetition) if repetition.min > 0 => {
                Some(Self::of(&repetition.sub)?.inside())
            }
            HirKind::Alternation(branches) => {
                let branches = branches.iter().map(Self::of);
                Self::any(branches.collect::<Option<_>>()?).worthy()
            }
            HirKind::Concat(parts) => Self::of_parts(parts),
            HirKind::Literal(literal) if literal.0.len() > LONGEST_WORD => {
                let word = literal.0[..LONGEST_WORD].to_ascii_lowercase();
                Self::exact(BTreeSet::from([word]), (0, 0), Way::Here)
            }
            _ => Self::exact(words(hir)?, (0, 0), Way::Here),
        }
    }

    fn of_parts(parts: &[Hir]) -> Option<Self> {
        let mut best = None;
        let mut distance = (0, 0);
        for (at, part) in parts.iter().enumerate() {
            // The words of as many parts as together have few, and then what lies within the part.
            let mut run = BTreeSet::from([Vec::new()]);
            for part in &parts[at..] {
                let Some(longer) = words(part).and_then(|words| product(&run, &words)) else {
                    break;
                };
                run = longer;
                let way = Way::Part(at, Box::new(Way::Here));
                best = Self::better(best, Self::exact(run.clone(), distance, way));
            }
            let within = Self::of(part);
            best = Self::better(best, within.and_then(|anchor| anchor.after(at, distance)));
            let properties = part.properties();
            distance = (
                distance.0 + properties.minimum_len()?,
                match properties.maximum_len() {
                    Some(length) if distance.1 + length <= FURTHEST => distance.1 + length,
                    _ => return best,
                },
            );
        }
        best
    }

    fn exact(words: BTreeSet<Vec<u8>>, distance: (usize, usize), way: Way) -> Option<Self> {
        let words = words.into_iter().collect();
        Self {
            words,
            distance,
            way,
        }
        .worthy()
    }

    /// Whether the words are in this part of the expression, or begin with it.
    pub(crate) fn is_in_part(&self, part: usize) -> bool {
        matches!(&self.way, Way::Part(at, _) if *at == part)
    }

    /// What `hir`, which this is the anchor of, says from the word on, of at most `most` bytes: it matches from the word
    /// of every match.
    pub(crate) fn tail(&self, hir: &Hir, most: usize) -> Hir {
        probe(&tail(hir, &self.way).0, most).0
    }

    fn worthy(self) -> Option<Self> {
        let short = self.words.iter().any(|word| word.len() < SHORTEST_WORD);
        (!short && self.words.len() <= MOST_WORDS && self.distance.1 <= FURTHEST).then_some(self)
    }

    fn inside(mut self) -> Self {
        self.way = Way::Inside(Box::new(self.way));
        self
    }

    fn after(mut self, part: usize, distance: (usize, usize)) -> Option<Self> {
        self.distance.0 += distance.0;
        self.distance.1 += distance.1;
        self.way = Way::Part(part, Box::new(self.way));
        self.worthy()
    }

    fn any(branches: Vec<Self>) -> Self {
        let distances = || branches.iter().map(|branch| branch.distance);
        let distance = (
            distances().map(|(least, _)| least).min().unwrap_or(0),
            distances().map(|(_, most)| most).max().unwrap_or(0),
        );
        let mut words = BTreeSet::new();
        let mut ways = Vec::new();
        for branch in branches {
            words.extend(branch.words);
            ways.push(branch.way);
        }
        Self {
            words: words.into_iter().collect(),
            distance,
            way: Way::Branches(ways),
        }
    }

    /// Words of many different bytes are rare, and of two such sets the smaller one is.
    fn better(a: Option<Self>, b: Option<Self>) -> Option<Self> {
        let (Some(a), Some(b)) = (&a, &b) else {
            return a.or(b);
        };
        let different = |word: &Vec<u8>| {
            let bits = word
                .iter()
                .fold(0u128, |bits, byte| bits | 1 << (byte & 0x7F));
            bits.count_ones()
        };
        let rank = |anchor: &Self| {
            let least = anchor.words.iter().map(different).min().unwrap_or(0);
            (least.min(8), usize::MAX - anchor.words.len())
        };
        Some(if rank(b) > rank(a) { b } else { a }.clone())
    }
}

/// What an expression says from its words on, and whether that is all that follows them.
fn tail(hir: &Hir, way: &Way) -> (Hir, bool) {
    match (hir.kind(), way) {
        (HirKind::Capture(capture), Way::Inside(way)) => tail(&capture.sub, way),
        // What follows is another repetition, or what is behind them.
        (HirKind::Repetition(repetition), Way::Inside(way)) => {
            (tail(&repetition.sub, way).0, false)
        }
        (HirKind::Concat(parts), Way::Part(at, way)) => {
            let (first, whole) = tail(&parts[*at], way);
            let rest = if whole { &parts[at + 1..] } else { &[] };
            let tail = std::iter::once(first).chain(rest.iter().cloned());
            (Hir::concat(tail.collect()), whole)
        }
        (HirKind::Alternation(branches), Way::Branches(ways)) => {
            let (tails, whole): (Vec<_>, Vec<_>) = branches
                .iter()
                .zip(ways)
                .map(|(branch, way)| tail(branch, way))
                .unzip();
            let whole = whole.into_iter().all(|whole| whole);
            (Hir::alternation(tails), whole)
        }
        _ => (hir.clone(), true),
    }
}

/// All texts of an expression in lower case, if they are few.
fn words(hir: &Hir) -> Option<BTreeSet<Vec<u8>>> {
    let one = |word: Vec<u8>| Some(BTreeSet::from([word]));
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => one(Vec::new()),
        HirKind::Literal(literal) if literal.0.len() <= LONGEST_WORD => {
            one(literal.0.to_ascii_lowercase())
        }
        HirKind::Class(Class::Bytes(class)) => {
            let mut all = BTreeSet::new();
            for range in class.ranges() {
                for byte in range.start()..=range.end() {
                    all.insert(vec![byte.to_ascii_lowercase()]);
                    if all.len() > 4 {
                        return None;
                    }
                }
            }
            Some(all)
        }
        HirKind::Repetition(Repetition {
            min,
            max: Some(max),
            sub,
            ..
        }) if *max <= 4 => {
            let sub = words(sub)?;
            let (mut all, mut power) = (BTreeSet::new(), BTreeSet::from([Vec::new()]));
            for count in 0..=*max {
                if count >= *min {
                    all.extend(power.iter().cloned());
                }
                if count < *max {
                    power = product(&power, &sub)?;
                }
            }
            (all.len() <= MOST_WORDS).then_some(all)
        }
        HirKind::Capture(capture) => words(&capture.sub),
        HirKind::Concat(parts) => parts
            .iter()
            .try_fold(BTreeSet::from([Vec::new()]), |all, part| {
                product(&all, &words(part)?)
            }),
        HirKind::Alternation(branches) => {
            let mut all = BTreeSet::new();
            for branch in branches {
                all.extend(words(branch)?);
            }
            (all.len() <= MOST_WORDS).then_some(all)
        }
        _ => None,
    }
}

/// Each of `a` followed by each of `b`, if those are few and short.
fn product(a: &BTreeSet<Vec<u8>>, b: &BTreeSet<Vec<u8>>) -> Option<BTreeSet<Vec<u8>>> {
    if a.len() * b.len() > MOST_WORDS {
        return None;
    }
    let mut all = BTreeSet::new();
    for a in a {
        for b in b {
            if a.len() + b.len() > LONGEST_WORD {
                return None;
            }
            all.insert([&a[..], &b[..]].concat());
        }
    }
    Some(all)
}

/// An expression of at most `most` bytes that matches a beginning of every match of `hir`, and whether it is all of it.
pub(crate) fn probe(hir: &Hir, most: usize) -> (Hir, bool) {
    if hir.properties().explicit_captures_len() == 0
        && hir
            .properties()
            .maximum_len()
            .is_some_and(|length| length <= most)
    {
        return (hir.clone(), true);
    }
    match hir.kind() {
        HirKind::Capture(capture) => probe(&capture.sub, most),
        HirKind::Concat(parts) => {
            let (mut kept, mut left) = (Vec::new(), most);
            for part in parts {
                let (part, whole) = probe(part, left);
                left -= part.properties().maximum_len().unwrap_or(left).min(left);
                kept.push(part);
                if !whole {
                    return (Hir::concat(kept), false);
                }
            }
            (Hir::concat(kept), true)
        }
        HirKind::Alternation(branches) => {
            let probes = branches.iter().map(|branch| probe(branch, most));
            let (branches, whole): (Vec<_>, Vec<_>) = probes.unzip();
            let whole = whole.into_iter().all(|whole| whole);
            (Hir::alternation(branches), whole)
        }
        HirKind::Repetition(repetition) => {
            // As many as there are at least, and as fit.
            let each = repetition.sub.properties().maximum_len();
            let fit = each
                .map_or(0, |each| most / each.max(1))
                .min(u32::MAX as usize) as u32;
            let count = repetition.min.min(fit);
            let first = Repetition {
                min: count,
                max: Some(count),
                ..repetition.clone()
            };
            (Hir::repetition(first), false)
        }
        // Longer than is left.
        _ => (Hir::empty(), false),
    }
}
