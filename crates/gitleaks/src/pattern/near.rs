//! An expression run on the places where the words of its [`Anchor`] stand, and nowhere else.

use std::ops::Range;
use std::sync::OnceLock;

use regex_automata::hybrid::dfa::{Cache, DFA};
use regex_automata::meta::Regex;
use regex_automata::nfa::thompson::{self, WhichCaptures};
use regex_automata::{Anchored, Input};
use regex_syntax::hir::Hir;

use super::anchor::{self, LONGEST_PROBE};
use super::lead::Lead;
use super::loose::Loose;
use super::{Anchor, Pattern, Text, compile};

/// The programs of an expression near its words. They are made when they are first needed: most words stand where not
/// even the tail matches.
#[derive(Debug, Default)]
pub(super) struct Near {
    tail: OnceLock<Option<Tail>>,
    loose: OnceLock<Option<Loose>>,
    lead: OnceLock<Option<Lead>>,
    probe: OnceLock<Option<Probe>>,
}

/// What a thread remembers of one expression from text to text.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    tail: Glances,
    rest: Cached,
}

/// What a thread remembers of what an expression says from its word on.
pub(crate) type Glances = Option<Box<Cache>>;

/// The states of one of two automata that were needed so far, and which it was.
pub(super) type Cached = Option<(usize, Box<Cache>)>;

impl Near {
    /// Whether a run of whole lines of `text` may have a match of `pattern`, which this is of, by a word of its anchor at
    /// `hit`.
    pub(super) fn may_match(
        &self,
        pattern: &Pattern,
        text: &[u8],
        hit: usize,
        memory: &mut Glances,
    ) -> bool {
        let (Some(anchor), Some(ascii)) = (pattern.anchor(), &pattern.ascii) else {
            return true;
        };
        let loose = self
            .loose
            .get_or_init(|| Loose::new(pattern, anchor, ascii));
        loose
            .as_ref()
            .is_none_or(|loose| loose.may_match(text, hit, memory))
    }

    /// All matches of `pattern`, which this is of, in `text`, where words of its anchor stand at `hits`, in ascending order.
    pub(super) fn find(
        &self,
        pattern: &Pattern,
        text: &Text<'_>,
        hits: &mut Vec<u32>,
        memory: &mut Memory,
    ) -> Vec<Range<usize>> {
        let (Some(anchor), Some(ascii)) = (pattern.anchor(), &pattern.ascii) else {
            return pattern.find_all(text);
        };
        if let Some(tail) = self
            .tail
            .get_or_init(|| Tail::new(&anchor.tail(ascii, LONGEST_PROBE)))
        {
            tail.keep(text, hits, &mut memory.tail);
        }
        if hits.is_empty() {
            return Vec::new();
        }
        let lead = self.lead.get_or_init(|| Lead::new(anchor, ascii)).as_ref();
        let led = lead.and_then(|lead| lead.find(pattern, text, hits, &mut memory.rest));
        led.unwrap_or_else(|| {
            let probe = self
                .probe
                .get_or_init(|| Probe::new(anchor, ascii, pattern.unicode()));
            match probe {
                Some(probe) => probe.find(pattern, text, hits),
                None => pattern.find_all(text),
            }
        })
    }
}

/// What an expression says from its word on.
#[derive(Debug)]
pub(super) struct Tail {
    automaton: DFA,
    /// Its longest match in bytes.
    length: usize,
}

impl Tail {
    pub(super) fn new(hir: &Hir) -> Option<Self> {
        Some(Self {
            length: hir.properties().maximum_len()?,
            automaton: automaton(hir)?,
        })
    }

    /// Keeps those of `hits` from which on the text is as the expression says.
    fn keep(&self, text: &Text<'_>, hits: &mut Vec<u32>, memory: &mut Glances) {
        let mut may_match =
            |hit: u32| self.may_match(&text.bytes, text.ascii, hit as usize, memory);
        hits.retain(|&hit| may_match(hit));
    }

    /// Whether `text` is as the expression says from `hit` on, or may be. `ascii`: whether all of it is ASCII.
    pub(super) fn may_match(
        &self,
        text: &[u8],
        ascii: bool,
        hit: usize,
        memory: &mut Glances,
    ) -> bool {
        let cache = memory.get_or_insert_with(|| Box::new(self.automaton.create_cache()));
        let end = (hit + self.length + 4).min(text.len());
        // It is of ASCII text: the neighbourhood may be of other characters.
        if !ascii && !text[hit..end].is_ascii() {
            return true;
        }
        let input = Input::new(text)
            .range(hit..)
            .anchored(Anchored::Yes)
            .earliest(true);
        // Where the automaton gives up, the expression decides.
        !matches!(self.automaton.try_search_fwd(cache, &input), Ok(None))
    }
}

/// The longest bounded beginning of an expression, run around its words.
#[derive(Debug)]
struct Probe {
    /// From the start of a match to that of a word, at least.
    least: usize,
    ascii: Hir,
    unicode: Hir,
    /// Whether it is the whole expression.
    whole: bool,
    /// Lengths in ASCII text, and in any.
    lengths: [Lengths; 2],
    for_ascii: OnceLock<Regex>,
    for_unicode: OnceLock<Regex>,
}

/// Lengths in bytes.
#[derive(Debug)]
struct Lengths {
    /// From the start of a match to a word of the anchor, at most.
    before: usize,
    /// Of the longest match of the probe.
    probe: usize,
    /// Of the longest match of the expression, if there is one.
    whole: Option<usize>,
}

impl Probe {
    fn new(anchor: &Anchor, ascii: &Hir, unicode: &Hir) -> Option<Self> {
        let (probe, whole) = anchor::probe(ascii, LONGEST_PROBE);
        // A character of Unicode is up to four bytes long, where one of ASCII is one.
        let (unicode_probe, unicode_whole) = anchor::probe(unicode, 4 * LONGEST_PROBE);
        let length = |hir: &Hir| hir.properties().maximum_len();
        let lengths = [
            Lengths {
                before: anchor.distance.1,
                probe: length(&probe)?,
                whole: length(ascii),
            },
            Lengths {
                before: 4 * anchor.distance.1,
                probe: length(&probe)?.max(length(&unicode_probe)?),
                whole: length(unicode),
            },
        ];
        Some(Self {
            least: anchor.distance.0,
            whole: whole && unicode_whole,
            ascii: probe,
            unicode: unicode_probe,
            lengths,
            for_ascii: OnceLock::new(),
            for_unicode: OnceLock::new(),
        })
    }

    fn find(&self, pattern: &Pattern, text: &Text<'_>, hits: &[u32]) -> Vec<Range<usize>> {
        let mut found: Vec<Range<usize>> = Vec::new();
        let mut from = 0;
        let mut hits = hits.iter().map(|&hit| hit as usize).peekable();
        let bytes = &*text.bytes;
        let lengths = &self.lengths[usize::from(!text.ascii)];
        while let Some(hit) = hits.next() {
            let Some(mut last) = hit.checked_sub(self.least) else {
                continue;
            };
            let mut first = hit.saturating_sub(lengths.before).max(from);
            while let Some(&next) = hits.peek()
                && next.saturating_sub(lengths.before) <= last + 16
            {
                last = next.saturating_sub(self.least).max(last);
                hits.next();
            }
            while first <= last {
                let end = (last + lengths.probe).min(bytes.len());
                let ascii = text.ascii
                    || bytes[first.saturating_sub(4)..(end + 4).min(bytes.len())].is_ascii();
                let probe = self.regex(ascii);
                let Some(near) = probe.find(Input::new(bytes).span(first..end)) else {
                    break;
                };
                if near.start() > last {
                    break;
                }
                let matched = if self.whole {
                    near.range()
                } else {
                    let end = lengths
                        .whole
                        .map_or(bytes.len(), |whole| (last + whole).min(bytes.len()));
                    let input = Input::new(bytes).span(near.start()..end);
                    match (pattern.regex(text.ascii).find(input), lengths.whole) {
                        // A match that begins behind the window is cut off, and is found from its own word.
                        (Some(matched), Some(_)) if matched.start() > last => break,
                        (Some(matched), _) => matched.range(),
                        (None, Some(_)) => break,
                        // Nothing more in all the rest.
                        (None, None) => return found,
                    }
                };
                from = matched.end;
                first = from;
                found.push(text.original(matched));
            }
        }
        found
    }

    fn regex(&self, ascii: bool) -> &Regex {
        if ascii {
            self.for_ascii
                .get_or_init(|| compile(&self.ascii, WhichCaptures::Implicit))
        } else {
            self.for_unicode
                .get_or_init(|| compile(&self.unicode, WhichCaptures::Implicit))
        }
    }
}

/// An automaton that tells whether, and how far, `hir` matches at a place; none where it would be too large.
pub(super) fn automaton(hir: &Hir) -> Option<DFA> {
    let config = thompson::Config::new()
        .utf8(false)
        .which_captures(WhichCaptures::None);
    let nfa = thompson::Compiler::new()
        .configure(config)
        .build_from_hir(hir)
        .ok()?;
    DFA::builder().build_from_nfa(nfa).ok()
}
