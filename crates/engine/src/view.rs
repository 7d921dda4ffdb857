//! A text without the dress in which parts of it are written.
//!
//! ```text
//! text   ... {"log":"key=\"ab\/cd\""} ...        a region, from the marks in it
//!                    |     | |   |
//! view           key="ab/cd"                      scanned as any text
//! map    (view, text) where they run apart:  (4, 21) (5, 23) ...
//! ```
//!
//! Only regions around marks are undressed: most texts have none, and finding that out is one pass of a vector search.
//! One view takes one layer off, all dresses at once; a view may have marks again. Spans in it are mapped back to the text,
//! from the first byte of what stands for their first byte to the last of what stands for their last.

use aho_corasick::{AhoCorasick, MatchKind, packed};

use crate::prefilter::Hit;
use crate::{Dress, Piece, Span};

/// How far from a mark what it belongs to can begin: a name, an operator and what stands of a value before the mark.
const LEFT: usize = 1024;
/// How far from a mark what it belongs to can end: the longest value.
const RIGHT: usize = crate::rule::MAX_MATCH + 64;
/// Most bytes of a region. Those of a longer one overlap by what one finding can have, a block of a key.
const MAX_REGION: usize = 256 << 10;
/// By how much parts of a long region overlap.
const OVERLAP: usize = crate::checks::pem::MAX_BLOCK + LEFT;
/// Bytes of text from which on a view is scanned before it takes in more.
const FULL: usize = 128 << 10;
/// Regions that are no further apart are one: a list of them stays short against the text.
const APART: usize = 32;
/// How far behind the literal of a rule a value is looked for that goes on behind a joint.
pub(crate) const REACH: usize = 256;

/// Bytes that are compared with a lead at once.
const CHUNK: usize = 16;

/// All dresses of a scanner, ready to be looked for.
pub(crate) struct Wardrobe {
    dresses: Vec<Box<dyn Dress>>,
    /// The dresses of each leading byte, one bit each.
    leads: Box<[u16; 256]>,
    /// Each leading byte, as often as a chunk has bytes.
    chunks: Vec<[u8; CHUNK]>,
    marks: Marks,
}

/// What of a text may hide something.
#[derive(Debug)]
pub(crate) struct Regions {
    /// In order and apart from each other.
    pub(crate) spans: Vec<Span>,
    /// Where joints stand behind a hit; in order, but for a few.
    joints: Vec<usize>,
    /// Whether some are there because of marks.
    pub(crate) marked: bool,
}

impl Regions {
    /// The hits that have a joint behind them, near enough to make a region.
    pub(crate) fn joined<'h>(&mut self, hits: &'h [Hit]) -> impl Iterator<Item = &'h Hit> {
        self.joints.sort_unstable();
        hits.iter().filter(|hit| {
            let next = self.joints.partition_point(|&joint| joint < hit.at);
            self.joints
                .get(next)
                .is_some_and(|&joint| joint < hit.at + REACH)
        })
    }
}

/// Looks for the marks of all dresses.
enum Marks {
    None,
    Packed(packed::Searcher),
    /// Where the machine has no vectors.
    Plain(AhoCorasick),
}

impl Marks {
    fn find(&self, text: &[u8], from: usize) -> Option<usize> {
        match self {
            Self::None => None,
            Self::Packed(searcher) => {
                let span = aho_corasick::Span::from(from..text.len());
                searcher.find_in(text, span).map(|m| m.start())
            }
            Self::Plain(searcher) => searcher.find(&text[from..]).map(|m| from + m.start()),
        }
    }
}

impl std::fmt::Debug for Wardrobe {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list()
            .entries(self.dresses.iter().map(|d| d.name()))
            .finish()
    }
}

impl Wardrobe {
    /// # Panics
    ///
    /// With more than 16 dresses.
    pub(crate) fn new(dresses: Vec<Box<dyn Dress>>) -> Self {
        assert!(dresses.len() <= 16, "one bit for each dress");
        let mut leads = Box::new([0u16; 256]);
        for (i, dress) in dresses.iter().enumerate() {
            for &lead in dress.leads() {
                leads[usize::from(lead)] |= 1 << i;
            }
        }
        let chunks = (0..=255u8).filter(|&b| leads[usize::from(b)] != 0);
        let chunks = chunks.map(|b| [b; CHUNK]).collect();
        let literals: Vec<_> = dresses.iter().flat_map(|d| d.marks()).copied().collect();
        let marks = if literals.is_empty() {
            Marks::None
        } else {
            let packed = packed::Config::new().builder().extend(&literals).build();
            packed.map_or_else(|| Marks::Plain(automaton(&literals)), Marks::Packed)
        };
        Self {
            dresses,
            leads,
            chunks,
            marks,
        }
    }

    /// The first place from `from` on and before `end` where a leading byte stands. A chunk is compared with each of them
    /// in a way that the compiler knows vectors for: most of undressing is to look for these bytes behind literals.
    fn lead(&self, text: &[u8], from: usize, end: usize) -> Option<usize> {
        // Where pieces stand one behind the other, no chunk is worth its price.
        if self.leads[usize::from(*text[from..end].first()?)] != 0 {
            return Some(from);
        }
        let (chunks, rest) = text[from..end].as_chunks::<CHUNK>();
        for (i, chunk) in chunks.iter().enumerate() {
            let mut found = [0u8; CHUNK];
            for lead in &self.chunks {
                for ((found, byte), lead) in found.iter_mut().zip(chunk).zip(lead) {
                    *found |= if byte == lead { 255 } else { 0 };
                }
            }
            let found = u128::from_le_bytes(found);
            if found != 0 {
                return Some(from + i * CHUNK + found.trailing_zeros() as usize / 8);
            }
        }
        let at = rest
            .iter()
            .position(|&byte| self.leads[usize::from(byte)] != 0)?;
        Some(end - rest.len() + at)
    }

    /// The piece that begins at `at`, of the first dress that has one.
    fn piece(&self, text: &[u8], at: usize) -> Option<Piece> {
        let mut bits = self.leads[usize::from(text[at])];
        while bits != 0 {
            let dress = &self.dresses[bits.trailing_zeros() as usize];
            if let Some(piece) = dress.piece(text, at) {
                return Some(piece);
            }
            bits &= bits - 1;
        }
        None
    }

    /// The regions of `text` that may hide something: around marks, and where the value of a literal of some rule goes on
    /// behind a joint. `marks` says where marks can stand, if that is known.
    pub(crate) fn regions(&self, text: &[u8], hits: &[Hit], marks: Option<&[Span]>) -> Regions {
        let (mut joined, mut joints) = (Vec::new(), Vec::new());
        if !self.dresses.is_empty() {
            self.joined(text, hits, |hit, at, len| {
                let place = Span::new(hit.at.min(at), at + len);
                around(text, place).add_to(&mut joined, APART);
                joints.push(at);
            });
        }
        if marks.is_some_and(|places| !self.has_mark(text, places)) {
            return Regions {
                spans: joined,
                joints,
                marked: false,
            };
        }
        let mut joined = joined.into_iter().peekable();
        let (mut spans, mut marked) = (Vec::new(), false);
        let mut from = 0;
        while let Some(at) = self.marks.find(text, from) {
            from = at + 1;
            let Some(piece) = self.piece(text, at) else {
                continue;
            };
            marked = true;
            let region = around(text, Span::new(at, at + piece.len));
            while let Some(before) = joined.next_if(|j| j.start <= region.start) {
                before.add_to(&mut spans, APART);
            }
            region.add_to(&mut spans, APART);
            // What follows in the region adds nothing, but for what stands at its end.
            from = from.max(region.end.saturating_sub(LEFT));
            if text.get(region.end).is_none_or(|&b| b == b'\n') {
                from = from.max(region.end);
            }
        }
        joined.for_each(|region| region.add_to(&mut spans, APART));
        Regions {
            spans,
            joints,
            marked,
        }
    }

    /// Whether a mark stands at one of these places.
    fn has_mark(&self, text: &[u8], places: &[Span]) -> bool {
        places.iter().any(|place| {
            let mut from = place.start;
            while let Some(at) = self.marks.find(&text[..place.end], from) {
                if self.piece(text, at).is_some() {
                    return true;
                }
                from = at + 1;
            }
            false
        })
    }

    /// Tells of each joint (its place and length) that is met on the way from a hit, piece by piece, and of the hit. Each
    /// hit's way is its own: which other hits there are changes nothing.
    fn joined(&self, text: &[u8], hits: &[Hit], mut tell: impl FnMut(&Hit, usize, usize)) {
        // The way of the hits so far: how far it has come, and which pieces it took in one step.
        let (mut done, mut steps, mut passed) = (0, Vec::<Span>::new(), 0);
        for hit in hits {
            let end = text.len().min(hit.at + REACH);
            while steps.get(passed).is_some_and(|step| step.end <= hit.at) {
                passed += 1;
            }
            let within = steps.get(passed).is_some_and(|step| step.start < hit.at);
            let mut at = if within { hit.at } else { done.max(hit.at) };
            while at < end
                && let Some(lead) = self.lead(text, at, end)
            {
                let Some(piece) = self.piece(text, lead) else {
                    at = lead + 1;
                    continue;
                };
                if piece.joint {
                    tell(hit, lead, piece.len);
                }
                at = lead + piece.len;
                if !within {
                    steps.push(Span::new(lead, at));
                }
            }
            if !within {
                done = done.max(at).max(end);
            }
        }
    }

    /// Makes views of `regions` and hands out each.
    pub(crate) fn views<B>(
        &self,
        text: &[u8],
        regions: &[Span],
        mut each: impl FnMut(&View) -> std::ops::ControlFlow<B>,
    ) -> std::ops::ControlFlow<B> {
        let mut view = View::default();
        for part in regions.iter().flat_map(|region| parts(*region)) {
            view.add(self, text, part);
            if view.outer >= FULL {
                each(&view)?;
                view.clear();
            }
        }
        if view.outer > 0 {
            each(&view)?;
        }
        std::ops::ControlFlow::Continue(())
    }
}

fn automaton(literals: &[&str]) -> AhoCorasick {
    AhoCorasick::builder()
        .match_kind(MatchKind::LeftmostFirst)
        .build(literals)
        .expect("a few short literals make an automaton")
}

/// The rest of the line on both sides of `place`, as far as a finding reaches.
fn around(text: &[u8], place: Span) -> Span {
    let left = place.start.saturating_sub(LEFT);
    let start = memchr::memrchr(b'\n', &text[left..place.start]).map_or(left, |i| left + i + 1);
    let right = text.len().min(place.end + RIGHT);
    let end = memchr::memchr(b'\n', &text[place.end..right]).map_or(right, |i| place.end + i);
    // A run of backslashes that the start would cut in two is left out: whether it is even tells what it means.
    let cut = start > 0 && text[start - 1] == b'\\';
    let run = text[start..place.start]
        .iter()
        .take_while(|&&b| cut && b == b'\\')
        .count();
    Span::new(start + run, end)
}

/// A region in overlapping parts of bounded length.
fn parts(region: Span) -> impl Iterator<Item = Span> {
    let mut start = region.start;
    std::iter::from_fn(move || {
        if start >= region.end {
            return None;
        }
        let end = region.end.min(start + MAX_REGION);
        let part = Span::new(start, end);
        start = if end == region.end {
            end
        } else {
            end - OVERLAP
        };
        Some(part)
    })
}

/// Regions of a text without the dress.
#[derive(Debug, Default)]
pub(crate) struct View {
    /// What is to be scanned: the regions, with a line feed behind each.
    pub(crate) text: Vec<u8>,
    /// Where view and text begin to run apart, or to run together again: (in the view, in the text). Both never fall.
    steps: Vec<(usize, usize)>,
    /// Where regions begin in the view.
    starts: Vec<usize>,
    /// Bytes of the regions in the text.
    outer: usize,
}

impl View {
    fn clear(&mut self) {
        self.text.clear();
        self.steps.clear();
        self.starts.clear();
        self.outer = 0;
    }

    /// Undresses a region of `text`.
    fn add(&mut self, wardrobe: &Wardrobe, text: &[u8], region: Span) {
        let text = &text[..region.end];
        self.starts.push(self.text.len());
        self.step(region.start);
        let (mut at, mut copied) = (region.start, region.start);
        while let Some(lead) = wardrobe.lead(text, at, text.len()) {
            at = lead + 1;
            let Some(piece) = wardrobe.piece(text, lead) else {
                continue;
            };
            self.text.extend_from_slice(&text[copied..lead]);
            self.step(lead);
            self.text.extend_from_slice(piece.plain());
            at = lead + piece.len;
            copied = at;
            self.step(at);
        }
        self.text.extend_from_slice(&text[copied..]);
        self.step(region.end);
        self.text.push(b'\n');
        self.outer += region.len();
    }

    fn step(&mut self, outer: usize) {
        let step = (self.text.len(), outer);
        if self.steps.last() != Some(&step) {
            self.steps.push(step);
        }
    }

    /// Where a span of the view stands in the text; `None` where it lies in no single region.
    pub(crate) fn outer(&self, span: Span) -> Option<Span> {
        let region = self.starts.partition_point(|&s| s <= span.start);
        let next = self.starts.get(region).copied();
        // The line feed behind a region is none of it.
        if span.end >= next.unwrap_or(self.text.len()) {
            return None;
        }
        let (view, text) = self.steps[self.steps.partition_point(|s| s.0 <= span.start) - 1];
        let start = text + (span.start - view);
        if span.is_empty() {
            return Some(Span::new(start, start));
        }
        // The first step at the end comes before whatever stands for nothing there.
        let after = self.steps.partition_point(|s| s.0 < span.end);
        let end = match self.steps.get(after) {
            Some(&(view, text)) if view == span.end => text,
            _ => {
                let (view, text) = self.steps[after - 1];
                text + (span.end - view)
            }
        };
        Some(Span::new(start, end.max(start)))
    }
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;

    use super::*;

    /// `~x` is `x`, `~~` nothing; a mark is `~!`.
    struct Tilde;

    impl Dress for Tilde {
        fn name(&self) -> &'static str {
            "tilde"
        }

        fn marks(&self) -> &'static [&'static str] {
            &["~!"]
        }

        fn leads(&self) -> &'static [u8] {
            b"~"
        }

        fn piece(&self, text: &[u8], at: usize) -> Option<Piece> {
            match text.get(at + 1)? {
                b'~' => Some(Piece::joint(2)),
                b if b.is_ascii_graphic() => Piece::character(2, char::from(*b)),
                _ => None,
            }
        }
    }

    fn wardrobe() -> Wardrobe {
        Wardrobe::new(vec![Box::new(Tilde)])
    }

    fn views(text: &[u8], regions: &[Span], mut each: impl FnMut(&View)) {
        let flow: ControlFlow<()> = wardrobe().views(text, regions, |view| {
            each(view);
            ControlFlow::Continue(())
        });
        assert!(flow.is_continue());
    }

    #[test]
    fn a_span_of_a_view_stands_where_its_first_and_last_byte_do() {
        let text = b"a~!b~~~c\n";
        views(text, &[Span::new(0, 8)], |view| {
            assert_eq!(view.text, b"a!bc\n");
            for (span, outer) in [
                ((0, 1), Some((0, 1))),
                ((0, 2), Some((0, 3))),
                ((1, 2), Some((1, 3))),
                ((2, 3), Some((3, 4))),
                ((2, 4), Some((3, 8))),
                ((3, 4), Some((6, 8))),
                ((3, 5), None),
            ] {
                let outer = outer.map(|(start, end)| Span::new(start, end));
                assert_eq!(view.outer(Span::new(span.0, span.1)), outer, "{span:?}");
            }
        });
    }

    #[test]
    fn every_byte_of_a_view_has_a_place_and_the_places_never_fall() {
        let mut random = fastrand::Rng::with_seed(1);
        let mut seen = 0;
        for _ in 0..3000 {
            let text: Vec<u8> = (0..random.usize(1..80))
                .map(|_| b"a~~!\nb "[random.usize(..7)])
                .collect();
            let cut = random.usize(..=text.len());
            let regions = [Span::new(0, cut / 2), Span::new(cut / 2, cut)];
            views(&text, &regions, |view| {
                let mut last = Span::new(0, 0);
                for at in 0..view.text.len() {
                    let Some(outer) = view.outer(Span::new(at, at + 1)) else {
                        assert_eq!(view.text[at], b'\n', "the end of a region");
                        continue;
                    };
                    seen += 1;
                    assert!(
                        last.end <= outer.start && outer.start < outer.end,
                        "{text:?}"
                    );
                    assert!(text[outer.range()].contains(&view.text[at]), "{text:?}");
                    last = outer;
                }
                assert!(last.end <= cut);
            });
        }
        assert!(seen > 10_000, "only {seen} bytes");
    }

    #[test]
    fn regions_hold_their_marks_and_are_apart() {
        let wardrobe = wardrobe();
        assert_eq!(wardrobe.regions(b"no mark ~~ ~a\n", &[], None).spans, []);
        let line = "x".repeat(100);
        let text = format!("{line}\na ~! b\n{line}\n~!");
        let regions = wardrobe.regions(text.as_bytes(), &[], None).spans;
        assert_eq!(regions, [Span::new(101, 107), Span::new(209, 211)]);
        let long = format!("{}~!{}", "y".repeat(9000), "z".repeat(9000));
        let [region] = wardrobe.regions(long.as_bytes(), &[], None).spans[..] else {
            panic!("one region")
        };
        assert_eq!(region, Span::new(9000 - LEFT, 9002 + RIGHT));
    }

    #[test]
    fn long_regions_come_in_parts_that_overlap() {
        let region = Span::new(7, 7 + 3 * MAX_REGION);
        let parts: Vec<_> = parts(region).collect();
        assert_eq!(parts.first().map(|p| p.start), Some(region.start));
        assert_eq!(parts.last().map(|p| p.end), Some(region.end));
        assert!(parts.iter().all(|p| p.len() <= MAX_REGION));
        assert!(parts.windows(2).all(|p| p[1].start + OVERLAP == p[0].end));
    }
}
