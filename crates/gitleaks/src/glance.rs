//! Saying of text, for little, that nothing is found in any part of it.
//!
//! gitleaks scans what a commit adds, hunk by hunk, and git must be asked what that is. It need not be asked of what has
//! nothing to be found: a hunk is a run of whole lines of a content, and where something is found in it,
//!
//! * a word of the rule's anchor stands, from which on the text is as the expression says, or may be (`pattern`); or, for
//!   a rule without an anchor, one of its keywords does;
//! * that is so in the content too, with the same bytes and in lines of the hunk, and so it is after each pass of decoding.
//!
//! What is seen here reaches [`REACH`] bytes to either side of the words at most, beyond the lines that they stand in.

use crate::config::Place;
use crate::decode::Pass;
use crate::detector::Detector;
use crate::keyword::{self, Signs};
use crate::pattern::{Glances, LONGEST, Text, folds};
use crate::words::Words;

/// How far from where something is seen it may depend on the text, in bytes, if no more than one encoding is taken off:
/// seven bytes of text, the most that stand for one, for each that an expression looks at.
pub const REACH: usize = 2048;
const _: () = assert!(REACH >= 7 * LONGEST && REACH >= 4 * LONGEST);

/// Looks at text with the rules of a [`Detector`].
pub struct Glance<'d> {
    detector: &'d Detector,
    words: Words,
    /// By word: the rules to which it is a sign, and whether it is a word of their anchors.
    rules: Vec<Vec<(usize, bool)>>,
    /// Rules that look at nothing but the name of a file.
    of_paths: Vec<usize>,
}

/// What can be found at a place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Prospect {
    /// Nothing.
    Nothing,
    /// Something, by the place alone.
    ByPlace,
    /// What the text has.
    ByText,
}

/// What a thread keeps from one text to the next. It is of one [`Glance`].
#[derive(Default)]
pub struct GlanceScratch {
    memory: Vec<Glances>,
}

impl<'d> Glance<'d> {
    /// Looks with the rules of `detector`; `None` if it has a rule of which all text may be something.
    pub fn new(detector: &'d Detector) -> Option<Self> {
        let mut words: Vec<Vec<u8>> = Vec::new();
        let mut rules: Vec<Vec<(usize, bool)>> = Vec::new();
        let mut of_paths = Vec::new();
        for (at, rule) in detector.enabled() {
            let Some(regex) = &rule.regex else {
                of_paths.push(at);
                continue;
            };
            let (own, is_anchor): (Vec<&[u8]>, bool) = match (regex.anchor(), keyword::signs(rule))
            {
                (Some(anchor), _) => (anchor.words.iter().map(Vec::as_slice).collect(), true),
                (None, Signs::Enough(words) | Signs::Needed(words)) => (words, false),
                (None, Signs::None) => return None,
            };
            for word in own {
                let known = words.iter().position(|known| known == word);
                let word = known.unwrap_or_else(|| {
                    words.push(word.to_vec());
                    rules.push(Vec::new());
                    words.len() - 1
                });
                rules[word].push((at, is_anchor));
            }
        }
        Some(Self {
            detector,
            words: Words::new(words),
            rules,
            of_paths,
        })
    }

    /// What it looks with.
    pub fn detector(&self) -> &'d Detector {
        self.detector
    }

    /// Whether something can be found for a file's name.
    pub fn looks_at_paths(&self) -> bool {
        !self.of_paths.is_empty()
    }

    /// What can be found in the file `path` of some commit.
    pub fn prospect(&self, path: &str) -> Prospect {
        // Where it depends on the commit, it is not allowed.
        let place = Place { path, commit: "" };
        let config = self.detector.config();
        if config
            .allowlists
            .iter()
            .any(|list| list.allows_place(place))
        {
            return Prospect::Nothing;
        }
        let of_path = self.of_paths.iter().any(|&rule| {
            let path = config.rules[rule].path.as_ref();
            path.is_some_and(|expression| expression.is_match(place.path.as_bytes()))
        });
        if of_path {
            Prospect::ByPlace
        } else {
            Prospect::ByText
        }
    }

    /// Whether something may be found in a run of whole lines of `text`. If that is a part of a content (`is_part`),
    /// text of more than one encoding may have anything.
    pub fn sees(&self, text: &[u8], is_part: bool, scratch: &mut GlanceScratch) -> bool {
        if self.sees_plain(text, scratch) {
            return true;
        }
        let (mut decoded, mut pass) = (None, Pass::default());
        for depth in 0..self.detector.max_decode_depth() {
            let Some((text, next)) = pass.decode(decoded.as_deref().unwrap_or(text)) else {
                return false;
            };
            if is_part && depth > 0 || self.sees_plain(&text, scratch) {
                return true;
            }
            (decoded, pass) = (Some(text), next);
        }
        false
    }

    fn sees_plain(&self, text: &[u8], scratch: &mut GlanceScratch) -> bool {
        let count = self.detector.config().rules.len();
        scratch.memory.resize_with(count, Glances::default);
        let mut seen = false;
        let mut at_word = |text: &[u8], word: u32, at: u32| {
            seen = seen
                || self.rules[word as usize].iter().any(|&(rule, is_anchor)| {
                    let regex = self.detector.config().rules[rule].regex.as_ref();
                    let memory = &mut scratch.memory[rule];
                    !is_anchor
                        || regex.is_none_or(|regex| regex.may_match(text, at as usize, memory))
                });
        };
        if text.is_ascii() || !folds(text) {
            self.words.each(text, |word, at| at_word(text, word, at));
        } else {
            let text = Text::new(text);
            text.each(&self.words, |word, at| at_word(&text.bytes, word, at));
        }
        seen
    }
}
