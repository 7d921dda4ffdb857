//! A value that stands behind a name, with no operator that joins the two: `acme key v`, `--acme-token v`,
//! `acme_secret (v)`, a row of a table, a line of a log, the line below, `acme-key-v`.
//!
//! Nothing says that the value is the name's, so only rules that know a vendor and the length of its values ask, and what
//! they find is of low confidence. The fast prefilter looks for these from the value, so one needs a digit, and
//! [`MIN_RUN`] token bytes unless the names of its rule are searched for everywhere.

use super::assignment::{LAST_LINE, Reader, is_name};
use crate::Span;
use crate::prefilter::{MIN_RUN, is_token_byte};
use crate::rule::{Rule, Tier};

/// Most bytes between a keyword and a value beside it: a few short words.
pub(super) const GAP: usize = 40;
/// Most bytes of a keyword.
const KEYWORD: usize = 64;
/// From so many bytes on, a keyword tells the vendor also where it is only the start of a word: `opencage` of `opencagedata`.
pub(super) const DISTINCT: usize = 7;
/// Most bytes between the start of a keyword and a value beside it.
pub(super) const REACH: usize = KEYWORD + GAP;
/// The shortest value beside a name, in bytes.
const LEAST: usize = 10;
/// How far from its start a run of token bytes is looked at: what the prefilter's mask of a run holds.
pub(super) const RUN: usize = 64;
/// What is read before a keyword at most, in bytes: the run of token bytes that it stands in.
pub(crate) const BACK: usize = RUN + 1;
const _: () = assert!(GAP < LAST_LINE);
/// By how many bytes the values of a rule may differ in length if one of them is to be cut out of a longer run.
const SPREAD: usize = 8;
/// From so many bytes on, a value of one length alone says enough to stand behind a word that says nothing.
const TELLING: usize = 20;

impl Reader<'_> {
    /// The value of `rule` that stands behind `keyword`, if nothing but short words and simple punctuation stands between
    /// them; and whether it is quoted.
    pub(super) fn value_beside(&mut self, rule: &Rule, keyword: Span) -> Option<(Span, bool)> {
        if keyword.len() > KEYWORD {
            return None;
        }
        if let Some(value) = self.value_glued(rule, keyword) {
            return Some((value, false));
        }
        let text = self.text;
        let least = match rule.tier {
            Tier::Keyword => MIN_RUN,
            _ => rule.min_len.clamp(LEAST, MIN_RUN),
        };
        let mut breaks = 0;
        let gap = text.get(keyword.end..)?.iter().take(GAP + 1);
        let gap = gap.take_while(|&&b| {
            breaks += usize::from(b == b'\n');
            stands_between(b) && breaks <= 1
        });
        let gap = gap.count();
        let run = (keyword.end..=keyword.end + gap).skip(1).find(|&at| {
            !is_token_byte(text[at - 1])
                && text.get(at).copied().is_some_and(is_token_byte)
                && has_digit(text, at, least)
        })?;
        // `${ACME_KEY}` is a reference, and `{cipher}v` something else than a value.
        if run - keyword.end > GAP || matches!(text[run - 1], b'{' | b'}') {
            return None;
        }
        let end = self.bare_end(run)?;
        let quoted = matches!(text[run - 1], b'"' | b'\'' | b'`');
        if (rule.min_len..=rule.max_len).contains(&(end - run)) {
            let telling = rule.min_len == rule.max_len && rule.min_len >= TELLING;
            let said = speaks_of_secret(text, keyword, run, telling);
            return said.then_some((Span::new(run, end), quoted));
        }
        // A part of a longer value is none: what is cut off must be a name.
        let start = behind_joint(rule, text, run, keyword.end + GAP, end)?;
        let said = holds_secret_word(&text[run..start]);
        (said && speaks_of_secret(text, keyword, start, false))
            .then_some((Span::new(start, end), quoted))
    }

    /// The value in the run of token bytes that `keyword` stands in, too: `acme-key-v`.
    fn value_glued(&mut self, rule: &Rule, keyword: Span) -> Option<Span> {
        let text = self.text;
        if !text.get(keyword.end).copied().is_some_and(is_name) {
            return None;
        }
        let before = text[..keyword.start].iter().rev().take(RUN);
        let run = keyword.start - before.take_while(|&&b| is_token_byte(b)).count();
        if !glued_names(text, run).contains(&keyword.start) {
            return None;
        }
        let end = self.bare_end(keyword.end)?;
        let start = behind_joint(rule, text, keyword.end, keyword.end + GAP, end)?;
        let said = holds_secret_word(&text[keyword.start..start]);
        (said && speaks_of_secret(text, keyword, start, false)).then(|| Span::new(start, end))
    }
}

/// The place behind a joint, from `from` on and not behind `upto`, from where to `end` there are as many bytes as a value
/// of `rule` has. Only rules whose values hardly differ in length can tell.
fn behind_joint(rule: &Rule, text: &[u8], from: usize, upto: usize, end: usize) -> Option<usize> {
    if rule.max_len - rule.min_len > SPREAD || rule.min_len < MIN_RUN {
        return None;
    }
    let first = end.checked_sub(rule.max_len)?.max(from + 1);
    let last = end.checked_sub(rule.min_len)?.min(upto);
    // The last one: words of the name are no part of the value.
    let start =
        (first..=last).rfind(|&at| matches!(text[at - 1], b'-' | b'.' | b'_' | b'=' | b':'))?;
    text[from..start]
        .iter()
        .all(|&b| stands_between(b))
        .then_some(start)
}

/// Where a keyword may begin that a value is glued to in the run of token bytes at `run`; nowhere if the run has no digit.
pub(crate) fn glued_names(text: &[u8], run: usize) -> std::ops::Range<usize> {
    let len = text[run..].iter().take(RUN);
    let len = len.take_while(|&&b| is_token_byte(b)).count();
    let starts = run == 0 || !is_token_byte(text[run - 1]);
    let end = if starts && has_digit(text, run, MIN_RUN) {
        run + len.saturating_sub(MIN_RUN)
    } else {
        run
    };
    run..end
}

/// Parts of the words that say what the value is.
const SECRET_WORDS: [&[u8]; 8] = [
    b"key", b"token", b"secret", b"access", b"private", b"passw", b"auth", b"login",
];
/// Most words between keyword and value that say nothing.
const OTHER_WORDS: usize = 2;
/// Words that a value of a telling length may stand behind; letters may, too.
const STAGES: [&[u8]; 7] = [b"prod", b"dev", b"test", b"live", b"stg", b"qa", b"uat"];

fn holds_secret_word(text: &[u8]) -> bool {
    SECRET_WORDS.iter().any(|secret| {
        text.windows(secret.len())
            .any(|part| part.eq_ignore_ascii_case(secret))
    })
}

/// Whether the words from `keyword` to the value at `value` say that a secret follows: one of them does and few do not, or
/// there are none behind the keyword. `See the acme docs, page v` does not. A value that is `telling` may stand behind
/// the name of a stage alone, on the same line.
fn speaks_of_secret(text: &[u8], keyword: Span, value: usize, telling: bool) -> bool {
    let between = &text[keyword.end..value];
    let words = between.split(|b| !b.is_ascii_alphanumeric());
    let (mut secret, mut other, mut short) = (0, 0, true);
    for word in words.filter(|word| !word.is_empty()) {
        if holds_secret_word(word) {
            secret += 1;
        } else {
            other += 1;
            short &= word.len() == 1 && word[0].is_ascii_alphabetic()
                || STAGES.iter().any(|stage| stage.eq_ignore_ascii_case(word));
        }
    }
    let named = secret > 0 || holds_secret_word(&text[keyword.range()]);
    let close = !between.contains(&b'\n') && (other == 0 || other == 1 && short && telling);
    (named || close) && other <= OTHER_WORDS
}

/// Whether `byte` may stand between a name and a value beside it. Paths, addresses, tags and the ends of statements tell
/// that the two have nothing to do with each other.
fn stands_between(byte: u8) -> bool {
    is_name(byte) || b" \t\r\n\"'`\\:=,|>([]*){}?&!".contains(&byte)
}

/// Whether the run of token bytes at `at` has `least` of them, and a digit among its first 63 bytes: without one it is a
/// word, or a name.
pub(crate) fn has_digit(text: &[u8], at: usize, least: usize) -> bool {
    let run = text[at..].iter().take(63);
    let run = run.take_while(|&&b| is_token_byte(b));
    let (mut len, mut digit) = (0, false);
    for byte in run {
        len += 1;
        digit |= byte.is_ascii_digit();
    }
    digit && len >= least
}

/// Whether a keyword of `rule` stands in `text`.
pub(super) fn holds_keyword(rule: &Rule, text: &[u8]) -> bool {
    rule.keywords.iter().any(|keyword| {
        text.windows(keyword.len())
            .any(|window| window.eq_ignore_ascii_case(keyword.as_bytes()))
    })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::rule::{RuleFile, compile};

    const VALUE: &str = "v4lue-0123456789";

    /// A rule of a vendor.
    pub(in super::super) fn vendor(keyword: &str, value: &str) -> Rule {
        let mut file = RuleFile::parse(&format!(
            "[[rule]]\nid = \"a-b\"\nname = \"n\"\ndescription = \"d\"\nseverity = \"low\"\nconfidence = \"low\"\n\
             remediation = \"r\"\nsamples = [\"s\"]\nkeywords = [\"{keyword}\"]\nvalue = '{value}'\n"
        ))
        .unwrap();
        compile(file.rules.remove(0)).unwrap()
    }

    fn beside_as<'t>(form: &str, text: &'t str) -> Option<(&'t str, bool)> {
        let keyword = Span::new(0, "acme".len());
        let rule = vendor("acme", form);
        let (value, quoted) = Reader::new(text.as_bytes()).value_beside(&rule, keyword)?;
        Some((&text[value.range()], quoted))
    }

    fn beside(text: &str) -> Option<(&str, bool)> {
        beside_as("[0-9a-z-]{16}", text)
    }

    #[test]
    fn a_value_behind_short_words_is_found() {
        for before in [
            "acme SECRET KEY ",
            "acmeTOKEN ",
            "acmeSecretTOKEN ",
            "acme_secret\t",
            "acme token is: ",
            "acme-api-key (",
            "acme | key | prod | ",
            "acme ",
            "acme: \"",
            "acme.login', '",
            "acme (the key) = \"",
            "acme prod key 2 ",
            "acme\": {\"key\": \"",
        ] {
            let text = format!("{before}{VALUE}\" and more");
            let quoted = before.ends_with(['\'', '"']);
            let (found, is_quoted) = beside(&text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!((found, is_quoted), (VALUE, quoted), "{text}");
        }
    }

    #[test]
    fn a_value_on_the_next_line_is_found_where_a_word_speaks_of_a_secret() {
        for (before, found) in [
            ("acme private access key\n", true),
            ("acme_token\r\n\t", true),
            ("acmeACCESS\n  key: ", true),
            ("acme\n", false),
            ("acme prod\n", false),
            ("acme key\n\n", false),
        ] {
            let text = format!("{before}{VALUE}\n");
            assert_eq!(beside(&text).is_some(), found, "{text}");
        }
    }

    #[test]
    fn a_value_that_is_glued_to_its_name_is_cut_out_by_its_length() {
        for (text, found) in [
            (format!("acme-SECRET-{VALUE}"), true),
            (format!("acmeKEY-{VALUE}"), true),
            (format!("acme_key.access.{VALUE} x"), true),
            (format!("acmeTOKEN.{VALUE},"), true),
            (format!("acme key x:y_token-{VALUE}"), true),
            (format!("acme secret id9={VALUE}"), true),
            (format!("acme-{VALUE}"), false),
            (format!("acme-1.2-{VALUE}"), false),
            (format!("acme-key-{VALUE}0"), false),
            (format!("acme-key{VALUE}"), false),
            (format!("acme-key/{VALUE}"), false),
        ] {
            let expected = found.then_some((VALUE, false));
            assert_eq!(beside(&text), expected, "{text}");
        }
        // Only a rule that knows the length cuts a value out of a run.
        let text = format!("acme-key-{VALUE}");
        assert!(beside_as("[0-9a-z-]{16,24}", &text).is_some());
        assert!(beside_as("[0-9a-z-]{16,25}", &text).is_none());
    }

    #[test]
    fn a_value_of_a_telling_length_may_stand_behind_a_short_word() {
        let value = "0123456789".repeat(2);
        for (between, found) in [
            ("x", true),
            ("prod", true),
            ("x y", false),
            ("docs9", false),
            ("sync", false),
        ] {
            let text = format!("acme {between} {value}");
            assert_eq!(beside_as("[0-9]{20}", &text).is_some(), found, "{text}");
            assert!(beside_as("[0-9]{20,21}", &text).is_none(), "{text}");
        }
    }

    #[test]
    fn a_rule_whose_names_are_searched_for_everywhere_finds_shorter_values() {
        let text = "acme key ab0123456789";
        assert_eq!(beside_as("[0-9a-z]{12}", text), Some((&text[9..], false)));
        assert_eq!(beside_as("[0-9a-z]{8,9}", "acme key ab0123456"), None);
    }

    #[test]
    fn what_is_far_or_cut_off_or_a_word_is_not_found() {
        for text in [
            format!("acme/issues {VALUE}"),
            format!("acme@1.0 {VALUE}"),
            format!("acme; {VALUE}"),
            format!("acme key=${{{VALUE}}}"),
            format!("acme key={{cipher}}{VALUE}"),
            format!("acme key=x-{VALUE}"),
            format!("import acme # {VALUE}")["import ".len()..].to_owned(),
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
