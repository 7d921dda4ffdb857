//! A regular expression of Go, run so that text in which it has no match costs almost nothing.

mod anchor;
mod lead;
mod loose;
mod native;
mod near;
mod syntax;

use std::borrow::Cow;
use std::ops::Range;
use std::sync::OnceLock;

use regex_automata::meta::{Config, Regex};
use regex_automata::nfa::thompson::WhichCaptures;
use regex_syntax::hir::{Hir, HirKind};

use crate::words::Words;

pub(crate) use anchor::Anchor;
pub(crate) use loose::LONGEST;
pub use native::Native;
use near::Near;
pub(crate) use near::{Glances, Memory};

/// How often a part of an expression may be repeated, with the repetitions around it: Go's limit, and what bounds the
/// size of a program.
const MOST_REPEATS: u64 = 1000;

/// An expression that cannot be used, and why.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Error {
    /// As it was written.
    pub pattern: String,
    /// What is wrong with it.
    pub message: String,
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "regular expression `{}`: {}", self.pattern, self.message)
    }
}

impl std::error::Error for Error {}

/// A regular expression as Go reads it. The programs are made when they are first needed.
#[derive(Debug)]
pub struct Pattern {
    go: String,
    translated: String,
    /// The groups of the expression, without the match itself.
    groups: usize,
    /// Parsed for ASCII text, without its captures; `None` where only Unicode will do.
    ascii: Option<Hir>,
    unicode: OnceLock<Hir>,
    anchor: OnceLock<Option<Anchor>>,
    near: Near,
    for_ascii: OnceLock<Regex>,
    for_unicode: OnceLock<Regex>,
    for_groups: OnceLock<Regex>,
}

impl Pattern {
    /// Reads an expression.
    pub fn new(go: &str) -> Result<Self, Error> {
        let error = |message: String| Error {
            pattern: go.to_owned(),
            message,
        };
        let translated = syntax::translate(go).map_err(error)?;
        // What is no text of bytes may be one of characters; the other way about, it always is.
        let ascii = parse(&translated, false).ok();
        let unicode = match &ascii {
            Some(_) => OnceLock::new(),
            None => OnceLock::from(parse(&translated, true).map_err(error)?),
        };
        let hir = ascii.as_ref().or(unicode.get());
        let hir = hir.expect("it was parsed one way or the other");
        if repeats(hir) > MOST_REPEATS {
            return Err(error("invalid repeat count".into()));
        }
        Ok(Self {
            go: go.to_owned(),
            groups: hir.properties().explicit_captures_len(),
            translated,
            anchor: OnceLock::new(),
            ascii,
            unicode,
            near: Near::default(),
            for_ascii: OnceLock::new(),
            for_unicode: OnceLock::new(),
            for_groups: OnceLock::new(),
        })
    }

    /// One expression that matches where one of `patterns` does. As gitleaks joins them: a flag that one of them sets
    /// outside of a group is set for all that follow.
    pub fn any<S: AsRef<str>>(patterns: &[S]) -> Result<Self, Error> {
        for pattern in patterns {
            Self::new(pattern.as_ref())?;
        }
        let joined: Vec<&str> = patterns.iter().map(AsRef::as_ref).collect();
        Self::new(&format!("(?:{})", joined.join("|")))
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.go
    }

    /// How many groups it has.
    pub fn groups(&self) -> usize {
        self.groups
    }

    /// The longest match in bytes, if there is one.
    pub fn longest(&self) -> Option<usize> {
        self.unicode().properties().maximum_len()
    }

    /// Words of which each match holds one, and where.
    pub(crate) fn anchor(&self) -> Option<&Anchor> {
        let anchor = self
            .anchor
            .get_or_init(|| self.ascii.as_ref().and_then(Anchor::of));
        anchor.as_ref()
    }

    /// Whether it matches anywhere in `text`.
    pub fn is_match(&self, text: &[u8]) -> bool {
        let text = Text::new(text);
        self.regex(text.ascii).is_match(&*text.bytes)
    }

    /// All matches in `text`, each beginning where the last one ended or later.
    pub(crate) fn find_all(&self, text: &Text<'_>) -> Vec<Range<usize>> {
        let regex = self.regex(text.ascii);
        let found = regex.find_iter(&*text.bytes);
        found.map(|found| text.original(found.range())).collect()
    }

    /// The same, where the words of the anchor stand in `text` at `hits`, in ascending order.
    pub(crate) fn find_near(
        &self,
        text: &Text<'_>,
        hits: &mut Vec<u32>,
        memory: &mut Memory,
    ) -> Vec<Range<usize>> {
        self.near.find(self, text, hits, memory)
    }

    /// Whether a run of whole lines of `text` may have a match by a word of the anchor at `hit`; true where there is no
    /// anchor.
    pub(crate) fn may_match(&self, text: &[u8], hit: usize, memory: &mut Glances) -> bool {
        self.near.may_match(self, text, hit, memory)
    }

    fn unicode(&self) -> &Hir {
        self.unicode
            .get_or_init(|| parse(&self.translated, true).expect("text is made of characters"))
    }

    /// The groups of the first match in `text`, `None` for a group that took no part; `None` if it has no match.
    pub(crate) fn captures(&self, text: &[u8]) -> Option<Vec<Option<Range<usize>>>> {
        let text = Text::new(text);
        let regex = self.for_groups.get_or_init(|| {
            compile(
                &parse(&self.translated, true).expect("it was read before"),
                WhichCaptures::All,
            )
        });
        let mut captures = regex.create_captures();
        regex.captures(&*text.bytes, &mut captures);
        captures.is_match().then(|| {
            (1..=self.groups)
                .map(|group| {
                    captures
                        .get_group(group)
                        .map(|span| text.original(span.range()))
                })
                .collect()
        })
    }

    fn regex(&self, ascii: bool) -> &Regex {
        match &self.ascii {
            Some(hir) if ascii => self
                .for_ascii
                .get_or_init(|| compile(hir, WhichCaptures::Implicit)),
            _ => self
                .for_unicode
                .get_or_init(|| compile(self.unicode(), WhichCaptures::Implicit)),
        }
    }
}

fn parse(translated: &str, unicode: bool) -> Result<Hir, String> {
    regex_syntax::ParserBuilder::new()
        .unicode(unicode)
        .utf8(false)
        .build()
        .parse(translated)
        .map_err(|error| match error {
            regex_syntax::Error::Parse(error) => error.kind().to_string(),
            regex_syntax::Error::Translate(error) => error.kind().to_string(),
            error => error.to_string(),
        })
}

/// How often the most repeated part of an expression is repeated.
fn repeats(hir: &Hir) -> u64 {
    match hir.kind() {
        HirKind::Repetition(repetition) => {
            let times = repetition.max.unwrap_or(repetition.min).max(1);
            repeats(&repetition.sub).saturating_mul(u64::from(times))
        }
        HirKind::Capture(capture) => repeats(&capture.sub),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => {
            parts.iter().map(repeats).max().unwrap_or(1)
        }
        _ => 1,
    }
}

/// A program for `hir`.
fn compile(hir: &Hir, captures: WhichCaptures) -> Regex {
    Regex::builder()
        .configure(
            Config::new()
                .which_captures(captures)
                .utf8_empty(true)
                .nfa_size_limit(None),
        )
        .build_from_hir(hir)
        .expect("without a limit of size every expression has a program")
}

/// Text as Go's expressions see it: valid UTF-8 in which each byte that was not is U+FFFD.
pub(crate) struct Text<'a> {
    pub(crate) bytes: Cow<'a, [u8]>,
    pub(crate) ascii: bool,
    /// Whether one of the [`FOLDS`] stands in it.
    pub(crate) folds: bool,
    /// Where each byte came from, if some were replaced; one more than there are bytes.
    origins: Option<Vec<u32>>,
}

impl<'a> Text<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        if bytes.is_ascii() {
            return Self {
                bytes: Cow::Borrowed(bytes),
                ascii: true,
                folds: false,
                origins: None,
            };
        }
        if std::str::from_utf8(bytes).is_ok() {
            return Self {
                bytes: Cow::Borrowed(bytes),
                ascii: false,
                folds: folds(bytes),
                origins: None,
            };
        }
        let mut valid = Vec::with_capacity(bytes.len() + 64);
        let mut origins = Vec::with_capacity(bytes.len() + 64);
        let mut at = 0;
        for chunk in bytes.utf8_chunks() {
            valid.extend_from_slice(chunk.valid().as_bytes());
            origins.extend((at..at + chunk.valid().len()).map(|at| at as u32));
            at += chunk.valid().len();
            for _ in chunk.invalid() {
                valid.extend_from_slice("\u{FFFD}".as_bytes());
                origins.extend([at as u32; 3]);
                at += 1;
            }
        }
        origins.push(at as u32);
        Self {
            folds: folds(&valid),
            bytes: Cow::Owned(valid),
            ascii: false,
            origins: Some(origins),
        }
    }

    /// Tells of all `words` in the text: also of those that some of their letters are written otherwise in.
    pub(crate) fn each(&self, words: &Words, mut found: impl FnMut(u32, u32)) {
        if !self.folds {
            return words.each(&self.bytes, found);
        }
        let (mut plain, mut origins) = (self.bytes.to_vec(), Vec::new());
        plain.clear();
        for chunk in self.bytes.utf8_chunks() {
            for (at, c) in chunk.valid().char_indices() {
                let start = plain.len();
                match FOLDS.iter().find(|(fold, _)| *fold == c) {
                    Some((_, letter)) => plain.push(*letter),
                    None => plain.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
                }
                origins.extend((start..plain.len()).map(|byte| (at + byte - start) as u32));
            }
        }
        words.each(&plain, |word, at| found(word, origins[at as usize]));
    }

    fn original(&self, range: Range<usize>) -> Range<usize> {
        match &self.origins {
            Some(origins) => origins[range.start] as usize..origins[range.end] as usize,
            None => range,
        }
    }
}

/// Characters that are ASCII letters in another case: to expressions, or where keywords are looked for.
const FOLDS: [(char, u8); 3] = [('\u{130}', b'i'), ('\u{17F}', b's'), ('\u{212A}', b'k')];

pub(crate) fn folds(text: &[u8]) -> bool {
    let mut buffer = [0; 4];
    FOLDS
        .iter()
        .any(|(c, _)| memchr::memmem::find(text, c.encode_utf8(&mut buffer).as_bytes()).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Expressions in the manner of rules: bounded and not, with and without a word, in either case.
    const PATTERNS: [&str; 9] = [
        r"(?i)[\w.-]{0,50}?(?:acme|token)(?:[ \t\w.-]{0,20})[\s'`]{0,3}(?:=|:)[\s'`=]{0,5}([a-z0-9]{4,8})(?:[\s'`;]|$)",
        r"(?i)[\w.-]{0,50}?(?:api|key)(?:[ \t\w.-]{0,20})[\s'`]{0,3}(?:=|:)[\s'`=]{0,5}([\w.=-]{4,150}|[a-z]{3,}={0,3})(?:[\s'`;]|$)",
        r"\b(acme_[a-z0-9]{4})\b",
        r"\bacme_[a-z0-9]{4,}",
        r"(?:key|token): .+;",
        r"(?i)-----begin[\s\S]{2,}?end-----",
        r"tok(?:en|a)+=.",
        r"acme.{0,3}key|token[^a]{2}",
        r"(?m)^acme: ",
    ];

    const PARTS: [&str; 24] = [
        "acme",
        "ACME_",
        "acme_",
        "token",
        "Token",
        "key",
        "api",
        "=",
        ": ",
        "'",
        "\n",
        " ",
        "abcd",
        "0a1b2c3d",
        ";",
        "-----BEGIN",
        "end-----",
        "é",
        "\u{212A}ey",
        "\u{17F}",
        ".",
        "-",
        "xx",
        "toka",
    ];

    #[test]
    fn near_its_words_is_where_an_expression_matches() {
        let mut random = fastrand::Rng::with_seed(5);
        for go in PATTERNS {
            let pattern = Pattern::new(go).unwrap();
            let anchor = pattern
                .anchor()
                .unwrap_or_else(|| panic!("no anchor: {go}"));
            let words = Words::new(anchor.words.clone());
            let mut memory = Memory::default();
            for _ in 0..3_000 {
                let count = random.usize(1..40);
                let mut bytes: Vec<u8> = (0..count)
                    .flat_map(|_| PARTS[random.usize(..PARTS.len())].bytes())
                    .collect();
                if random.u8(..8) == 0 {
                    let at = random.usize(..bytes.len());
                    bytes[at] = 0xFF;
                }
                let text = Text::new(&bytes);
                let mut hits = Vec::new();
                text.each(&words, |_, at| hits.push(at));
                hits.sort_unstable();
                let shown = String::from_utf8_lossy(&bytes);
                assert_eq!(
                    pattern.find_near(&text, &mut hits, &mut memory),
                    pattern.find_all(&text),
                    "{go} in {shown:?}"
                );
            }
        }
    }

    #[test]
    fn what_cannot_be_bounded_is_run_on_all_text() {
        for go in [r"\w+", r"x*acme", r"(?i)k.y\S+$", r"(?:acme|.)=", r"a.b"] {
            assert!(Pattern::new(go).unwrap().anchor().is_none(), "{go}");
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_a_character_each() {
        let pattern = Pattern::new("a.{2}b").unwrap();
        assert!(pattern.is_match(b"a\xFF\xFEb"));
        let found = pattern.find_all(&Text::new(b"\xC3a\xFF\xFEb"));
        assert_eq!((found.len(), &found[0]), (1, &(1..5)));
    }

    #[test]
    fn groups_are_found_in_the_text_as_it_is() {
        let pattern = Pattern::new(r"\xFF?(k)=(v)?(.+)").unwrap();
        let groups = pattern.captures(b"\xFEk=w\xFF").unwrap();
        assert_eq!(groups, [Some(1..2), None, Some(3..5)]);
        assert!(pattern.captures(b"k").is_none());
    }

    #[test]
    fn joined_expressions_share_their_flags() {
        assert!(Pattern::any(&["(?i)a", "b"]).unwrap().is_match(b"B"));
        assert!(!Pattern::any(&["b", "(?i)a"]).unwrap().is_match(b"B"));
        // Only the first and the last of the three are bound to an end.
        assert!(
            Pattern::any(&["^true|false|null$"])
                .unwrap()
                .is_match(b"xfalsey")
        );
    }

    #[test]
    fn programs_are_bounded() {
        assert!(Pattern::new("(?:a{100}){100}").is_err());
        assert!(Pattern::new("(?:a{10}){100}").is_ok());
        assert!(Pattern::new("a(").is_err());
    }
}
