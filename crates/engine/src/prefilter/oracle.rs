//! The plain prefilter: one overlapping Aho-Corasick automaton over all literals.
//!
//! It reports every place of every literal and is right by construction. It stays as the oracle that any faster
//! prefilter is tested against.

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

use super::{Hit, Prefilter, Scratch};
use crate::rule::{LiteralId, RuleSet};

/// See the module.
#[derive(Debug)]
pub struct Oracle {
    automaton: AhoCorasick,
}

impl Prefilter for Oracle {
    fn new(rules: &RuleSet) -> Self {
        let automaton = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::Standard) // the kind that can search for overlapping matches
            .kind(Some(AhoCorasickKind::ContiguousNFA)) // builds in a millisecond; a DFA takes ten and 3 MB
            .build(rules.literals().iter().map(|literal| &literal.text))
            .expect("literals are few and short");
        Self { automaton }
    }

    fn hits(&self, text: &[u8], _: &mut Scratch, hits: &mut Vec<Hit>) {
        let from = hits.len();
        hits.extend(self.automaton.find_overlapping_iter(text).map(|m| Hit {
            at: m.start(),
            literal: LiteralId(m.pattern().as_u32()),
        }));
        hits[from..].sort_unstable();
    }
}
