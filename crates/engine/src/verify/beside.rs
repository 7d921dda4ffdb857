//! A value that stands behind a name on its line, with no operator that joins the two: `acme key v`, `--acme-token v`,
//! `acme_secret (v)`, a row of a table, a line of a log.
//!
//! Nothing says that the value is the name's, so only rules that know a vendor and the length of its values ask, and what
//! they find is of low confidence.

use super::assignment::{Reader, is_name};
use crate::Span;
use crate::prefilter::{MIN_RUN, is_token_byte};
use crate::rule::Rule;

/// Most bytes between a keyword and a value beside it: a few short words.
const GAP: usize = 40;
/// Most bytes of a keyword.
const KEYWORD: usize = 64;
/// From so many bytes on, a keyword tells the vendor also where it is only the start of a word: `opencage` of `opencagedata`.
pub(super) const DISTINCT: usize = 7;
/// Most bytes between the start of a keyword and a value beside it.
pub(super) const REACH: usize = KEYWORD + GAP;

impl Reader<'_> {
    /// The first value on the line behind `keyword` that a machine may have made, if nothing but short words and simple
    /// punctuation stands before it; and whether it is quoted.
    pub(super) fn value_beside(&mut self, keyword: Span) -> Option<(Span, bool)> {
        if keyword.len() > KEYWORD {
            return None;
        }
        let text = self.text;
        let gap = text.get(keyword.end..)?.iter().take(GAP + 1);
        let gap = gap.take_while(|&&b| stands_between(b)).count();
        let start = (keyword.end..=keyword.end + gap).skip(1).find(|&at| {
            !is_token_byte(text[at - 1])
                && text.get(at).copied().is_some_and(is_token_byte)
                && has_digit(text, at)
        })?;
        if start - keyword.end > GAP || !speaks_of_secret(text, keyword, start) {
            return None;
        }
        let quoted = matches!(text[start - 1], b'"' | b'\'' | b'`');
        let end = self.bare_end(start)?;
        Some((Span::new(start, end), quoted))
    }
}

/// Parts of the words that say what the value is.
const SECRET_WORDS: [&[u8]; 8] = [
    b"key", b"token", b"secret", b"access", b"private", b"passw", b"auth", b"login",
];
/// Most words between keyword and value that say nothing.
const OTHER_WORDS: usize = 2;

/// Whether the words from `keyword` to the value at `value` say that a secret follows: one of them does and few do not, or
/// there are none behind the keyword. `See the acme docs, page v` does not.
fn speaks_of_secret(text: &[u8], keyword: Span, value: usize) -> bool {
    let says = |word: &[u8]| {
        SECRET_WORDS.iter().any(|secret| {
            word.windows(secret.len())
                .any(|part| part.eq_ignore_ascii_case(secret))
        })
    };
    let words = text[keyword.end..value].split(|b| !b.is_ascii_alphanumeric());
    let (mut secret, mut other) = (0, 0);
    for word in words.filter(|word| !word.is_empty()) {
        *(if says(word) { &mut secret } else { &mut other }) += 1;
    }
    let said = secret > 0 || other == 0 || says(&text[keyword.range()]);
    said && other <= OTHER_WORDS
}

/// Whether `byte` may stand between a name and a value beside it. Paths, addresses, tags and the ends of statements tell
/// that the two have nothing to do with each other.
fn stands_between(byte: u8) -> bool {
    is_name(byte) || b" \t\"'`\\:=,|>([]*)".contains(&byte)
}

/// Whether the run of token bytes at `at` is as long as those that the prefilter looks at, and has a digit among its first
/// 63 bytes: without one it is a word, or a name.
pub(crate) fn has_digit(text: &[u8], at: usize) -> bool {
    let run = text[at..].iter().take(63);
    let run = run.take_while(|&&b| is_token_byte(b));
    let (mut len, mut digit) = (0, false);
    for byte in run {
        len += 1;
        digit |= byte.is_ascii_digit();
    }
    digit && len >= MIN_RUN
}

/// Whether a keyword of `rule` stands in `text`.
pub(super) fn holds_keyword(rule: &Rule, text: &[u8]) -> bool {
    rule.keywords.iter().any(|keyword| {
        text.windows(keyword.len())
            .any(|window| window.eq_ignore_ascii_case(keyword.as_bytes()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALUE: &str = "v4lue-0123456789";

    fn beside(text: &str) -> Option<(&str, bool)> {
        let (value, quoted) =
            Reader::new(text.as_bytes()).value_beside(Span::new(0, "acme".len()))?;
        Some((&text[value.range()], quoted))
    }

    #[test]
    fn a_value_behind_short_words_is_found() {
        for before in [
            "acme SECRET KEY ",
            "acmeTOKEN ",
            "acme_secret\t",
            "acme token is: ",
            "acme-api-key (",
            "acme | key | prod | ",
            "acme ",
            "acme: \"",
            "acme.login', '",
            "acme (the key) = \"",
            "acme prod key 2 ",
        ] {
            let text = format!("{before}{VALUE}\" and more");
            let quoted = before.ends_with(['\'', '"']);
            let (found, is_quoted) = beside(&text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!((found, is_quoted), (VALUE, quoted), "{text}");
        }
    }

    #[test]
    fn what_is_far_or_cut_off_or_a_word_is_not_found() {
        for text in [
            format!("acme\n{VALUE}"),
            format!("acme/issues {VALUE}"),
            format!("acme@1.0 {VALUE}"),
            format!("acme; {VALUE}"),
            format!("acme-{VALUE}"),
            format!("acme {}{VALUE}", "word ".repeat(GAP / 5)),
            format!("acme docs {VALUE}"),
            format!("acme key of so many letters {VALUE}"),
            "acme some_long_function_name".to_owned(),
            "acme 0123456789".to_owned(),
            format!("acme {VALUE}(1)"),
            "acme".to_owned(),
            "acme ".to_owned(),
        ] {
            assert_eq!(beside(&text), None, "{text}");
        }
    }

    #[test]
    fn the_value_may_begin_so_far_behind_the_keyword() {
        let text = |gap: usize| format!("acme{}{VALUE}", " ".repeat(gap));
        assert!(beside(&text(GAP)).is_some());
        assert!(beside(&text(GAP + 1)).is_none());
    }
}
