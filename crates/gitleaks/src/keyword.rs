//! Keywords: a rule is only asked about text in which one of its keywords stands, in any case.

use std::ops::Range;
use std::sync::OnceLock;

use aho_corasick::{AhoCorasick, MatchKind};
use memchr::memmem;

use crate::config::{Rule, lower_bytes};
use crate::pattern::Text;
use crate::words;

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
    /// Whether its [`signs`] tell of them.
    told: bool,
}

/// The keywords that stand in a text, by their numbers; nothing until they were asked for.
pub(crate) type Present = Option<Vec<bool>>;

impl Keywords {
    pub(crate) fn new(rules: &[Rule]) -> Self {
        let mut words = Vec::new();
        let mut condition = |rule: &Rule| {
            let first = words.len() as u32;
            words.extend(own(rule).cloned());
            Condition {
                words: (!rule.keywords.is_empty()).then_some(first..words.len() as u32),
                told: matches!(signs(rule), Signs::Enough(_)),
            }
        };
        let rules = rules.iter().map(&mut condition).collect();
        Self {
            words,
            rules,
            automaton: OnceLock::new(),
        }
    }

    /// Whether one of a rule's keywords stands in `text`, or it has none. A sign of the rule does.
    pub(crate) fn stand_in(&self, text: &Text<'_>, rule: usize, present: &mut Present) -> bool {
        let condition = &self.rules[rule];
        let Some(words) = &condition.words else {
            return true;
        };
        // Signs are found where a letter is written otherwise, keywords are not always.
        if condition.told && !text.folds {
            return true;
        }
        let present = present.get_or_insert_with(|| self.look(text));
        present[words.start as usize..words.end as usize].contains(&true)
    }

    fn look(&self, text: &Text<'_>) -> Vec<bool> {
        let automaton = self.automaton.get_or_init(|| {
            AhoCorasick::builder()
                .ascii_case_insensitive(true)
                .match_kind(MatchKind::Standard)
                .build(&self.words)
                .expect("a configuration has fewer bytes than an automaton can have states")
        });
        let lower = (!text.ascii).then(|| lower_bytes(&text.bytes));
        let text = lower.as_deref().unwrap_or(&text.bytes);
        let mut present = vec![false; self.words.len()];
        for found in automaton.find_overlapping_iter(text) {
            present[found.pattern().as_usize()] = true;
        }
        present
    }
}

/// Words without any of which in a text a rule has nothing to say of it.
pub(crate) enum Signs<'r> {
    /// One of them stands there, and so a keyword does if it has to.
    Enough(Vec<&'r [u8]>),
    /// One of them stands there, and whether a keyword does is another question.
    Needed(Vec<&'r [u8]>),
    /// There are none.
    None,
}

/// The signs of a rule: the words of its anchor if they have keywords in them, or else its keywords.
pub(crate) fn signs(rule: &Rule) -> Signs<'_> {
    let anchor = rule.regex.as_ref().and_then(|regex| regex.anchor());
    let anchor = anchor.map(|anchor| anchor.words.iter().map(Vec::as_slice).collect::<Vec<_>>());
    let has_keyword =
        |word: &&[u8]| own(rule).any(|keyword| memmem::find(word, keyword.as_bytes()).is_some());
    let is_word = |keyword: &String| keyword.len() >= words::SHORTEST && keyword.is_ascii();
    match anchor {
        Some(words) if rule.keywords.is_empty() || words.iter().all(has_keyword) => {
            Signs::Enough(words)
        }
        _ if !rule.keywords.is_empty() && own(rule).all(is_word) => {
            Signs::Enough(own(rule).map(String::as_bytes).collect())
        }
        Some(words) => Signs::Needed(words),
        None => Signs::None,
    }
}

/// The keywords of a rule. Nothing in a text is an empty one, to gitleaks.
fn own(rule: &Rule) -> impl Iterator<Item = &String> {
    rule.keywords.iter().filter(|word| !word.is_empty())
}
