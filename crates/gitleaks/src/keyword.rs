//! Keywords: a rule is only asked about text in which one of its keywords stands, in any case.

use std::ops::Range;
use std::sync::OnceLock;

use aho_corasick::{AhoCorasick, MatchKind};

use crate::config::{Rule, lower_bytes};
use crate::pattern::Text;

/// The keywords of all rules.
pub(crate) struct Keywords {
    words: Vec<String>,
    rules: Vec<Condition>,
    automaton: OnceLock<AhoCorasick>,
}

/// What a rule asks of a text.
struct Condition {
    /// Its keywords, of which one must stand there; `None` if it has none.
    words: Option<Range<u32>>,
    /// Whether each word of its anchor has one of them in it.
    told: bool,
}

/// The keywords that stand in a text, by their numbers; nothing until they were asked for.
pub(crate) type Present = Option<Vec<bool>>;

impl Keywords {
    pub(crate) fn new(rules: &[Rule]) -> Self {
        let mut words = Vec::new();
        let mut condition = |rule: &Rule| {
            // Nothing in a text is an empty keyword, to gitleaks.
            let own = || rule.keywords.iter().filter(|word| !word.is_empty());
            let tells = |word: &Vec<u8>| {
                own().any(|keyword| memchr::memmem::find(word, keyword.as_bytes()).is_some())
            };
            let anchor = rule.regex.as_ref().and_then(|regex| regex.anchor());
            let first = words.len() as u32;
            words.extend(own().cloned());
            Condition {
                words: (!rule.keywords.is_empty()).then_some(first..words.len() as u32),
                told: anchor.is_some_and(|anchor| anchor.words.iter().all(tells)),
            }
        };
        let rules = rules.iter().map(&mut condition).collect();
        Self {
            words,
            rules,
            automaton: OnceLock::new(),
        }
    }

    /// Whether one of a rule's keywords stands in `text`, or it has none.
    pub(crate) fn stand_in(&self, text: &Text<'_>, rule: usize, present: &mut Present) -> bool {
        let condition = &self.rules[rule];
        let Some(words) = &condition.words else {
            return true;
        };
        let present = present.get_or_insert_with(|| self.look(text));
        present[words.start as usize..words.end as usize].contains(&true)
    }

    /// The same for a text in which a word of the rule's anchor stands.
    pub(crate) fn stand_beside(&self, text: &Text<'_>, rule: usize, present: &mut Present) -> bool {
        self.rules[rule].told && !text.folds || self.stand_in(text, rule, present)
    }

    fn look(&self, text: &Text<'_>) -> Vec<bool> {
        let automaton = self.automaton.get_or_init(|| {
            AhoCorasick::builder()
                .ascii_case_insensitive(true)
                .match_kind(MatchKind::Standard)
                .build(&self.words)
                .expect("a configuration has fewer bytes than an automaton can have states")
        });
        let lower = text.folds.then(|| lower_bytes(&text.bytes));
        let text = lower.as_deref().unwrap_or(&text.bytes);
        let mut present = vec![false; self.words.len()];
        for found in automaton.find_overlapping_iter(text) {
            present[found.pattern().as_usize()] = true;
        }
        present
    }
}
