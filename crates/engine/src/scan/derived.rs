//! Contents that were made from others: what they share with them is not looked at again.
//!
//! ```text
//! base      |---------- copied ----------|xxxx|------ copied ------|
//!                o      .    o   .   .              .     o             o open hits, . settled ones
//! content   |---------- copied ----------|yyyyyyy|------ copied ------|
//!                o           o      [ new hits      ]     o
//!                                    a window around what is new
//! ```
//!
//! A scan of a content leaves its *open* hits: those at which a match was found, taken for a secret or not, and those
//! whose end may depend on more than the text nearby. All others are settled: the bytes from [`NEAR_LEFT`] before to
//! [`NEAR_RIGHT`] behind them say that nothing is found there, wherever these bytes stand. So of a content that shares
//! parts with a base, the hits are the open ones of what was copied, and those that the prefilter finds around what was
//! not. They are verified and judged in the whole content, in their order, as ever: what is found is what would be found
//! without a base.
//!
//! Hits are also what joints of values are looked for behind (`crate::view`), so there must be none that the prefilter
//! would not have in the whole content. It tells a hit by the bytes from [`BACK`] before to [`SIGHT`] behind its start:
//! where a window holds these, its hits are the only ones, and elsewhere those of the base are as good.

use crate::Span;
use crate::dress::MAX_PIECE;
use crate::prefilter::{BACK, Hit, SIGHT};
use crate::rule::{LiteralId, RuleSet};
use crate::verify::{NEAR_LEFT, NEAR_RIGHT};

/// How far from what is new a mark can stand that was none, or was one, in the base; in bytes.
const MARK: usize = MAX_PIECE;
const _: () = {
    // The prefilter decides anew wherever its sight takes in something new, and so do the joints behind a hit.
    assert!(SIGHT <= NEAR_RIGHT && BACK <= NEAR_LEFT);
    assert!(crate::view::REACH + MAX_PIECE <= NEAR_RIGHT && MAX_PIECE <= NEAR_LEFT);
};

/// What the scan of a content leaves for those of contents that are made from it. Holds places and literals, no text.
#[derive(Clone, Debug)]
pub struct Residue {
    /// The hits that are open, in order.
    open: Vec<Hit>,
    /// Whether marks of dresses stand in the text.
    marked: bool,
    /// How many bytes the content has.
    len: usize,
}

impl Residue {
    pub(super) fn new(mut open: Vec<Hit>, marked: bool, len: usize) -> Self {
        open.shrink_to_fit();
        Self { open, marked, len }
    }

    /// It as bytes, for [`Session::residue`](super::Session::residue): places, and numbers of literals of one rule set.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = (self.len as u64).to_le_bytes().to_vec();
        out.push(u8::from(self.marked));
        for hit in &self.open {
            out.extend((hit.at as u64).to_le_bytes());
            out.extend(hit.literal.0.to_le_bytes());
        }
        out
    }

    /// What [`Residue::to_bytes`] wrote of a content that was scanned with `rules`; `None` where it cannot be that.
    pub(super) fn of_bytes(bytes: &[u8], rules: &RuleSet) -> Option<Self> {
        let (len, rest) = bytes.split_first_chunk()?;
        let (marked, hits) = rest.split_first()?;
        let len = usize::try_from(u64::from_le_bytes(*len)).ok()?;
        let (hits, []) = hits.as_chunks::<12>() else {
            return None;
        };
        let hit = |bytes: &[u8; 12]| {
            let (at, literal) = bytes.split_first_chunk()?;
            let at = usize::try_from(u64::from_le_bytes(*at)).ok()?;
            let literal = LiteralId(u32::from_le_bytes(*literal.first_chunk()?));
            let text = &rules.literals().get(literal.0 as usize)?.text;
            (at.checked_add(text.len())? <= len).then_some(Hit { at, literal })
        };
        let open: Vec<Hit> = hits.iter().map(hit).collect::<Option<_>>()?;
        (*marked < 2 && open.is_sorted()).then(|| Self::new(open, *marked == 1, len))
    }

    /// How the content itself is made from the one that left this: there is nothing new in it. `None` where it has another
    /// length.
    pub fn of_same(&self, text: &[u8]) -> Option<Copied> {
        let len = self.len;
        (text.len() == len).then_some(Copied {
            from: 0,
            to: 0,
            len,
        })
    }

    /// What is left by something else than a scanner, that looked at a content of `len` bytes: one bit, of its own
    /// meaning.
    pub fn of_bit(bit: bool, len: usize) -> Self {
        Self::new(Vec::new(), bit, len)
    }

    /// The bit that [`Residue::of_bit`] was given.
    pub fn bit(&self) -> bool {
        self.marked
    }

    /// The memory that it holds, in bytes.
    pub fn size(&self) -> usize {
        self.open.capacity() * size_of::<Hit>() + size_of::<Self>()
    }
}

/// Bytes that a content has from its base.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Copied {
    /// Where they stand in the base.
    pub from: usize,
    /// Where they stand in the content.
    pub to: usize,
    /// How many they are.
    pub len: usize,
}

/// How a content was made from another one.
#[derive(Clone, Copy, Debug)]
pub struct Derivation<'a> {
    /// What the scan of the base has left, by a scanner and a session like that of the content.
    pub base: &'a Residue,
    /// What was copied, in the order of the places in the content. They may lie side by side there, but not overlap.
    pub copied: &'a [Copied],
}

/// What of a derived content is to be looked at.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Plan {
    /// Where the prefilter looks, in order and apart from each other.
    pub(super) windows: Vec<Window>,
    /// Where marks can stand that the base does not have; `None` where the base has marks and all may have changed.
    pub(super) marks: Option<Vec<Span>>,
}

/// A part of a content that the prefilter looks at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Window {
    pub(super) seen: Span,
    /// Where the hits are those that it would have in the whole content.
    pub(super) sure: Span,
}

impl Window {
    /// Of a content of `len` bytes.
    fn new(seen: Span, len: usize) -> Self {
        let back = if seen.start == 0 { 0 } else { BACK };
        let sight = if seen.end == len { 0 } else { SIGHT };
        let sure = Span::new(seen.start + back, seen.end - sight);
        Self { seen, sure }
    }
}

impl Plan {
    /// Whether the prefilter decides on hits at `at`.
    fn is_sure(&self, at: usize) -> bool {
        let next = self.windows.partition_point(|w| w.sure.end <= at);
        self.windows.get(next).is_some_and(|w| w.sure.start <= at)
    }
}

impl Derivation<'_> {
    /// What is to be looked at in a content of `len` bytes; `None` where that is nearly all, or the copies are not what
    /// they should be.
    pub(super) fn plan(&self, len: usize) -> Option<Plan> {
        let mut marks: Vec<Span> = Vec::new();
        let windows = self.windows(len, (NEAR_RIGHT + BACK, NEAR_LEFT + SIGHT), |new| {
            widened(new, (MARK, MARK), len).add_to(&mut marks, 0);
        })?;
        Some(Plan {
            windows: windows.iter().map(|&w| Window::new(w, len)).collect(),
            marks: (!self.base.marked).then_some(marks),
        })
    }

    /// What of a content of `len` bytes is not from the base, or stands beside something else than there, with so many
    /// bytes to the left and to the right; in order and apart from each other. `None` where that is nearly all, or the
    /// copies are not what they should be.
    pub fn changed(&self, len: usize, around: (usize, usize)) -> Option<Vec<Span>> {
        self.windows(len, around, |_| {})
    }

    /// As [`Derivation::changed`]; tells of each change.
    fn windows(
        &self,
        len: usize,
        around: (usize, usize),
        mut tell: impl FnMut(Span),
    ) -> Option<Vec<Span>> {
        let mut windows: Vec<Span> = Vec::new();
        let mut dirty = |start: usize, end: usize| {
            let new = Span::new(start, end);
            widened(new, around, len).add_to(&mut windows, 0);
            tell(new);
        };
        let (mut from, mut to) = (0, 0);
        for copied in self.copied {
            if copied.to < to
                || copied.len > len.checked_sub(copied.to)?
                || copied.len > self.base.len.checked_sub(copied.from)?
            {
                return None;
            }
            if (copied.from, copied.to) != (from, to) {
                dirty(to, copied.to);
            }
            (from, to) = (copied.from + copied.len, copied.to + copied.len);
        }
        if (from, to) != (self.base.len, len) {
            dirty(to, len);
        }
        let looked_at: usize = windows.iter().map(|window| window.len()).sum();
        (looked_at < len - len / 8).then_some(windows)
    }

    /// The copies, those as one that follow each other in both contents: a literal may stand across where they meet.
    fn runs(&self) -> impl Iterator<Item = Copied> {
        let mut copies = self.copied.iter().copied().peekable();
        std::iter::from_fn(move || {
            let mut run = copies.next()?;
            while let Some(next) = copies
                .next_if(|next| (next.from, next.to) == (run.from + run.len, run.to + run.len))
            {
                run.len += next.len;
            }
            Some(run)
        })
    }

    /// Adds the open hits of the base that stand in what was copied, at their places in the content, in order; but none
    /// on which the prefilter decides. `len_of` is the length of their literals.
    pub(super) fn inherit(&self, plan: &Plan, len_of: impl Fn(&Hit) -> usize, hits: &mut Vec<Hit>) {
        for copied in self.runs() {
            let end = copied.from + copied.len;
            let first = self.base.open.partition_point(|hit| hit.at < copied.from);
            let open = self.base.open[first..].iter();
            hits.extend(
                open.take_while(|hit| hit.at < end)
                    .filter(|hit| hit.at + len_of(hit) <= end)
                    .map(|hit| Hit {
                        at: hit.at - copied.from + copied.to,
                        ..*hit
                    })
                    .filter(|hit| !plan.is_sure(hit.at)),
            );
        }
    }
}

/// `span` of a content of `len` bytes with so many bytes more to the left and to the right.
fn widened(span: Span, (left, right): (usize, usize), len: usize) -> Span {
    let end = len.min(span.end.saturating_add(right));
    Span::new(span.start.saturating_sub(left), end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn residue(len: usize, open: &[usize]) -> Residue {
        let hit = |&at: &usize| Hit {
            at,
            literal: LiteralId(0),
        };
        Residue::new(open.iter().map(hit).collect(), false, len)
    }

    fn copied(from: usize, to: usize, len: usize) -> Copied {
        Copied { from, to, len }
    }

    fn windows(base: &Residue, copied: &[Copied], len: usize) -> Option<Vec<Span>> {
        let plan = Derivation { base, copied }.plan(len)?;
        Some(plan.windows.iter().map(|window| window.seen).collect())
    }

    #[test]
    fn windows_lie_around_what_is_new_and_where_copies_meet() {
        let base = residue(100_000, &[]);
        let around =
            |from: usize, to: usize| Span::new(from - NEAR_RIGHT - BACK, to + NEAR_LEFT + SIGHT);
        let same = [copied(0, 0, 100_000)];
        assert_eq!(windows(&base, &same, 100_000), Some(vec![]));
        // Git cuts long copies in pieces.
        let pieces = [copied(0, 0, 65_536), copied(65_536, 65_536, 34_464)];
        assert_eq!(windows(&base, &pieces, 100_000), Some(vec![]));
        let inserted = [copied(0, 0, 50_000), copied(50_000, 50_010, 50_000)];
        assert_eq!(
            windows(&base, &inserted, 100_010),
            Some(vec![around(50_000, 50_010)])
        );
        let removed = [copied(0, 0, 50_000), copied(50_010, 50_000, 49_990)];
        assert_eq!(
            windows(&base, &removed, 99_990),
            Some(vec![around(50_000, 50_000)])
        );
        let cut = [copied(10, 0, 99_980)];
        assert_eq!(
            windows(&base, &cut, 99_980),
            Some(vec![
                Span::new(0, NEAR_LEFT + SIGHT),
                Span::new(99_980 - NEAR_RIGHT - BACK, 99_980)
            ])
        );
    }

    #[test]
    fn changes_are_told_with_what_is_around_them() {
        let base = Residue::of_bit(true, 1000);
        let span = |(start, end): (usize, usize)| Span::new(start, end);
        let changed = |copied: &[Copied], len, around| {
            let derivation = Derivation {
                base: &base,
                copied,
            };
            derivation.changed(len, around)
        };
        let told = |spans: &[(usize, usize)]| Some(spans.iter().copied().map(span).collect());
        let same = [copied(0, 0, 600), copied(600, 600, 400)];
        assert_eq!(changed(&same, 1000, (50, 50)), told(&[]));
        // Ten bytes at 200, and none where twenty were, at 510.
        let copies = [
            copied(0, 0, 200),
            copied(200, 210, 300),
            copied(520, 510, 480),
        ];
        let cases: [(_, &[(usize, usize)]); 6] = [
            ((0, 0), &[(200, 210), (510, 510)]),
            ((1, 0), &[(199, 210), (509, 510)]),
            ((0, 3), &[(200, 213), (510, 513)]),
            ((200, 5), &[(0, 215), (310, 515)]),
            ((5, 290), &[(195, 500), (505, 800)]),
            // They meet, and are one.
            ((10, 290), &[(190, 800)]),
        ];
        for (around, spans) in cases {
            assert_eq!(changed(&copies, 990, around), told(spans), "{around:?}");
        }
        // Nearly all, or all: nothing is gained.
        assert_eq!(changed(&copies, 990, (300, 490)), None);
        assert_eq!(changed(&copies, 990, (usize::MAX, usize::MAX)), None);
        // The ends of the base are gone.
        let cut = [copied(10, 0, 980)];
        assert_eq!(changed(&cut, 980, (20, 30)), told(&[(0, 30), (960, 980)]));
        // As long as the base was.
        assert_eq!(changed(&[copied(1, 0, 1000)], 1000, (0, 0)), None);
    }

    #[test]
    fn a_bit_is_kept() {
        for bit in [false, true] {
            let residue = Residue::of_bit(bit, 7);
            assert_eq!(residue.bit(), bit);
            assert_eq!(residue.of_same(b"7 bytes"), Some(copied(0, 0, 7)));
            assert_eq!(residue.of_same(b"8 bytes!"), None);
        }
    }

    #[test]
    fn what_shares_little_or_is_wrong_has_no_plan() {
        let base = residue(10_000, &[]);
        for (copies, len) in [
            (&[][..], 10_000),
            (&[copied(0, 0, 1000)][..], 10_000),
            (&[copied(0, 0, 10_001)][..], 10_001),
            (&[copied(0, 1, 10_000)][..], 10_000),
            (&[copied(10_001, 0, 0)][..], 10_000),
            (&[copied(0, 0, 9000), copied(0, 8000, 100)][..], 10_000),
        ] {
            assert_eq!(windows(&base, copies, len), None, "{copies:?}");
        }
    }

    #[test]
    fn open_hits_move_with_the_copies_that_hold_them_whole() {
        let base = residue(100, &[3, 10, 18, 40]);
        let derivation = Derivation {
            base: &base,
            copied: &[
                copied(10, 0, 10),
                copied(0, 50, 5),
                copied(5, 55, 25),
                copied(10, 80, 12),
            ],
        };
        let mut hits = Vec::new();
        let mut plan = Plan {
            windows: Vec::new(),
            marks: None,
        };
        derivation.inherit(&plan, |_| 4, &mut hits);
        let places = |hits: &[Hit]| -> Vec<_> { hits.iter().map(|hit| hit.at).collect() };
        assert_eq!(places(&hits), [0, 53, 60, 68, 80, 88]);
        // The prefilter is asked at some places.
        plan.windows = [(50, 60), (68, 69)]
            .map(|(start, end)| Window {
                seen: Span::new(0, 100),
                sure: Span::new(start, end),
            })
            .to_vec();
        hits.clear();
        derivation.inherit(&plan, |_| 4, &mut hits);
        assert_eq!(places(&hits), [0, 60, 80, 88]);
    }

    /// Whatever a delta says: a plan holds windows within the content, in order, and all that was not copied.
    #[test]
    fn any_copies_make_a_plan_or_none() {
        let mut seed = 5u64;
        let mut below = |end: usize| {
            seed = seed
                .wrapping_mul(6364136223846793005)
                .wrapping_add(1442695040888963407);
            (seed >> 33) as usize % end
        };
        let mut plans = 0;
        for _ in 0..20_000 {
            let open: Vec<usize> = (0..20).map(|i| i * 1000).collect();
            let base = residue(20_000, &open);
            let mut to = 0;
            let mut copies = Vec::new();
            for _ in 0..below(6) {
                to += below(50);
                let len = below(8000);
                let from = match below(4) {
                    0 => to,
                    _ => below(20_000),
                };
                copies.push(copied(from, to, len));
                to += len;
            }
            let mut len = to + below(50);
            // Some are wrong.
            let wrong = [usize::MAX, usize::MAX - 100, usize::MAX / 2, 20_001];
            if let Some(copied) = copies.last_mut().filter(|_| below(3) == 0) {
                let value = wrong[below(4)];
                match below(3) {
                    0 => copied.from = value,
                    1 => copied.to = value,
                    _ => copied.len = value,
                }
            }
            if below(20) == 0 {
                len = wrong[below(4)];
            }
            let derivation = Derivation {
                base: &base,
                copied: &copies,
            };
            let Some(plan) = derivation.plan(len) else {
                continue;
            };
            plans += 1;
            let mut hits = Vec::new();
            derivation.inherit(&plan, |hit| hit.at % 7, &mut hits);
            assert!(hits.iter().all(|hit| hit.at < len && !plan.is_sure(hit.at)));
            let mut before = None;
            for window in &plan.windows {
                assert!(before.is_none_or(|end| end < window.seen.start));
                assert!(window.seen.end <= len && window.sure.start <= window.sure.end);
                before = Some(window.seen.end);
            }
            let mut end = 0;
            for copied in &copies {
                assert!((end..copied.to).all(|at| plan.is_sure(at)), "{copies:?}");
                end = copied.to + copied.len;
            }
        }
        assert!(plans > 1000, "only {plans} plans");
    }
}
