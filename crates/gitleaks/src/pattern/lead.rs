//! The form of most rules: a few bytes of any name, as few as will do, and then a word.
//!
//! ```text
//! [\w.-]{0,50}?  (?:acme)[ \t\w.-]{0,20}...
//! lead           rest
//! ```
//!
//! As an automaton counts to fifty from each byte at once, such a beginning takes it more states than all that follows.
//! There is no need for one: the rest matches at a place or it does not. The first place at which it does ends the lead
//! of the leftmost match, for the lead is as short as possible; and the match begins as far before that place as the
//! bytes of a lead reach.

use std::ops::Range;
use std::sync::OnceLock;

use regex_automata::hybrid::dfa::DFA;
use regex_automata::{Anchored, Input};
use regex_syntax::hir::{Class, Hir, HirKind};

use super::near::{Cached, automaton};
use super::{Anchor, FOLDS, Pattern, Text};

/// So often the rest may not match where its beginning does; then the usual way is the better one. It bounds what is
/// read again and again of a rest without a bound.
const MOST_MISSES: usize = 256;

/// An expression that is a lead and a rest.
#[derive(Debug)]
pub(super) struct Lead {
    /// The bytes that it is of.
    class: Box<[bool; 256]>,
    /// How many it has at most.
    most: usize,
    /// What follows it in ASCII text, and in any.
    rest: [OnceLock<Option<DFA>>; 2],
}

impl Lead {
    /// The lead of an expression, where each match has a word of `anchor` right behind it.
    pub(super) fn new(anchor: &Anchor, ascii: &Hir) -> Option<Self> {
        let (class, most, rest) = split(ascii)?;
        if !anchor.is_in_part(1) || anchor.distance != (0, most) {
            return None;
        }
        Some(Self {
            class,
            most,
            rest: [OnceLock::from(automaton(&rest)), OnceLock::new()],
        })
    }

    /// What follows it in text that is not ASCII, if its beginning is the same there.
    fn unicode_rest(&self, unicode: &Hir) -> Option<DFA> {
        let (class, most, rest) = split(unicode)?;
        (class == self.class && most == self.most).then(|| automaton(&rest))?
    }

    /// All matches in `text`, where words stand at `hits`; `None` if they should be looked for otherwise.
    pub(super) fn find(
        &self,
        pattern: &Pattern,
        text: &Text<'_>,
        hits: &[u32],
        memory: &mut Cached,
    ) -> Option<Vec<Range<usize>>> {
        // A letter that is not ASCII could be part of the lead.
        if text.folds {
            return None;
        }
        let which = usize::from(!text.ascii);
        let rest = self.rest[which].get_or_init(|| self.unicode_rest(pattern.unicode()));
        let rest = rest.as_ref()?;
        let (kind, cache) = memory.get_or_insert_with(|| (which, Box::new(rest.create_cache())));
        if *kind != which {
            *kind = which;
            cache.reset(rest);
        }
        let bytes = &*text.bytes;
        let mut found = Vec::new();
        let (mut from, mut misses) = (0, 0);
        for &hit in hits {
            let hit = hit as usize;
            if hit < from {
                continue;
            }
            let input = Input::new(bytes).range(hit..).anchored(Anchored::Yes);
            let Some(end) = rest.try_search_fwd(cache, &input).ok()? else {
                misses += 1;
                if misses > MOST_MISSES {
                    return None;
                }
                continue;
            };
            let before = bytes[from..hit].iter().rev().take(self.most);
            let lead = before
                .take_while(|&&byte| self.class[usize::from(byte)])
                .count();
            found.push(text.original(hit - lead..end.offset()));
            from = end.offset();
        }
        Some(found)
    }
}

/// The class, the length and the rest of an expression with a lead.
fn split(hir: &Hir) -> Option<(Box<[bool; 256]>, usize, Hir)> {
    let HirKind::Concat(parts) = hir.kind() else {
        return None;
    };
    let HirKind::Repetition(lead) = parts.first()?.kind() else {
        return None;
    };
    let HirKind::Class(class) = lead.sub.kind() else {
        return None;
    };
    if lead.greedy || lead.min > 0 {
        return None;
    }
    let mut bytes = Box::new([false; 256]);
    let mut add =
        |start: u8, end: u8| (start..=end).for_each(|byte| bytes[usize::from(byte)] = true);
    match class {
        Class::Bytes(class) => class
            .ranges()
            .iter()
            .for_each(|range| add(range.start(), range.end())),
        Class::Unicode(class) => {
            for range in class.ranges() {
                let is_fold =
                    |&(fold, _): &(char, u8)| range.start() == fold && range.end() == fold;
                match (u8::try_from(range.start()), u8::try_from(range.end())) {
                    (Ok(start), Ok(end)) if end.is_ascii() => add(start, end),
                    // No text that this is for has it.
                    _ if FOLDS.iter().any(is_fold) => {}
                    _ => return None,
                }
            }
        }
    }
    let rest = Hir::concat(parts[1..].to_vec());
    Some((bytes, lead.max? as usize, rest))
}
