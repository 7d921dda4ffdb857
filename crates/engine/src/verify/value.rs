//! What can be said of an assigned value from the value backwards: the conditions that every assignment meets which
//! [`super::assignment`] reads forwards. The fast prefilter starts at values, and may drop what fails here.

use super::assignment::{GAP, SCHEMES, is_name};
use crate::prefilter::{MIN_RUN, is_token_byte};

/// Most bytes between an operator and a value: blanks around a line break, quotes, escapes, the mark of a string and a
/// word such as `Bearer`.
const MAX_BETWEEN: usize = 2 * GAP + 64;
/// Most bytes between the start of a keyword and the operator that stands nearest to the value.
pub(super) const MAX_NAME: usize = super::assignment::REACH;
/// How far behind the start of a keyword the bytes end by which it is sought from a value: an operator with marks, what
/// stands between the two, and the start of the value (a run of token bytes, with the dash of `${NAME:-value}`).
pub(crate) const SIGHT: usize = MAX_NAME + 3 + MAX_BETWEEN + 1 + super::beside::RUN;
const _: () = assert!(super::beside::REACH + super::beside::RUN <= SIGHT);

/// The operator that a value at `at` may be assigned by: the offset of its last byte.
pub(crate) fn operator_before(text: &[u8], at: usize) -> Option<usize> {
    let floor = at.saturating_sub(MAX_BETWEEN);
    let mut i = at;
    while i > floor {
        let byte = text[i - 1];
        match byte {
            b'"' | b'\'' | b'`' | b'\\' | b' ' | b'\t' | b'\n' | b'\r' => i -= 1,
            b'=' | b':' | b'>' | b'|' | b',' | b'(' => return Some(i - 1),
            b'~' if i > 1 && text[i - 2] == b'=' => return Some(i - 2),
            // `${NAME:-value}`
            b'-' if i > 1 && text[i - 2] == b':' => return Some(i - 2),
            _ => match before_word(text, i) {
                Some(start) => i = start,
                None => return block_mark(text, i),
            },
        }
    }
    None
}

/// Where a word begins that may stand between operator and value and ends before `end`: `Bearer ` and its kin, or the
/// mark of a string (`b"`).
fn before_word(text: &[u8], end: usize) -> Option<usize> {
    let next = *text.get(end)?;
    if matches!(next, b' ' | b'\t') {
        let scheme = SCHEMES.iter().find(|scheme| {
            let word = &scheme[..scheme.len() - 1];
            end >= word.len() && text[end - word.len()..end].eq_ignore_ascii_case(word)
        })?;
        return Some(end + 1 - scheme.len());
    }
    let quote = matches!(next, b'"' | b'\'' | b'`' | b'\\');
    let mark = |i: usize| b"bBrRfFuUL@$&".contains(&text[i]);
    match (quote, end) {
        (true, 2..) if mark(end - 1) && mark(end - 2) => Some(end - 2),
        (true, 1..) if mark(end - 1) => Some(end - 1),
        _ => None,
    }
}

/// The `|` or `>` of a YAML block scalar whose marks (`-`, `+`, a digit) end at `end`.
fn block_mark(text: &[u8], end: usize) -> Option<usize> {
    let marks = text[..end]
        .iter()
        .rev()
        .take(2)
        .take_while(|b| matches!(b, b'-' | b'+' | b'1'..=b'9'))
        .count();
    let at = (end - marks).checked_sub(1)?;
    (marks > 0 && matches!(text[at], b'|' | b'>')).then_some(at)
}

/// What fields are called that hold the value of a name in another field.
const VALUE_WORDS: [&[u8]; 3] = [b"value", b"default", b"string"];

/// Whether `text` ends in the name of a field that holds the value of a name in another one: `"value"`, `<value`.
pub(super) fn ends_in_value_word(text: &[u8]) -> bool {
    let marks = text.iter().rev().take(GAP);
    let marks = marks.take_while(|b| b" \t\"'\\".contains(b)).count();
    let text = &text[..text.len() - marks];
    // Asked of every value, and mostly in vain.
    if !matches!(text.last(), Some(b'e' | b'E' | b't' | b'T' | b'g' | b'G')) {
        return false;
    }
    VALUE_WORDS.iter().any(|word| {
        text.len() > word.len() && {
            let (before, last) = text.split_at(text.len() - word.len());
            last.eq_ignore_ascii_case(word) && before.last().is_some_and(|&b| !is_name(b))
        }
    })
}

/// Where a keyword of the name may begin that `operator` assigns to: on its line, as far back as a name can reach; or
/// also before it, where the operator's own name only says that a value follows.
pub(crate) fn names_before(text: &[u8], operator: usize) -> std::ops::Range<usize> {
    let from = operator.saturating_sub(MAX_NAME);
    if ends_in_value_word(&text[..operator]) {
        return from..operator;
    }
    let line = memchr::memrchr(b'\n', &text[from..operator]).map_or(from, |i| from + i + 1);
    line..operator
}

/// Where a keyword may begin that the value at `at` stands beside: on its line, as far back as any name, or on the line
/// before, if its end is near.
pub(crate) fn line_before(text: &[u8], at: usize) -> std::ops::Range<usize> {
    const { assert!(super::beside::REACH <= MAX_NAME) };
    let line = names_before(text, at);
    if line.start == 0 || at - line.start >= super::beside::GAP || text[line.start - 1] != b'\n' {
        return line;
    }
    let floor = at.saturating_sub(super::beside::REACH);
    names_before(text, line.start - 1).start.max(floor)..at
}

/// Whether the run of token bytes at `at` may be a value that a machine made: it has a digit among its first 63 bytes, or
/// among its first 16 both cases, or nothing but letters. What has neither is `some_long_name`. Random values that look
/// like this are those of one case with joints in their alphabet, one in ten thousand; the rule compiler sends a rule
/// whose values cannot look otherwise to the full search.
pub(crate) fn is_plausible(text: &[u8], at: usize) -> bool {
    // The dash of `${NAME:-value}` is a token byte.
    let dash = text[at] == b'-' && at > 0 && text[at - 1] == b':';
    let run = &text[at + usize::from(dash)..];
    let (mut upper, mut lower, mut joint) = (false, false, false);
    for (i, &byte) in run.iter().take(63).enumerate() {
        if byte.is_ascii_digit() {
            return true;
        }
        if !is_token_byte(byte) {
            break;
        }
        if i < MIN_RUN {
            upper |= byte.is_ascii_uppercase();
            lower |= byte.is_ascii_lowercase();
            joint |= !byte.is_ascii_alphanumeric();
        }
    }
    !joint || upper && lower
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verify::{assignment, beside, glued_names};

    /// A source of numbers below what it is asked for, the same for the same seed.
    fn draws(mut seed: u64) -> impl FnMut(usize) -> usize {
        move |n| {
            seed = seed
                .wrapping_mul(6364136223846793005)
                .wrapping_add(1442695040888963407);
            (seed >> 33) as usize % n
        }
    }

    /// Whatever is read forwards is seen backwards, in texts put together from all that assignments are made of.
    #[test]
    fn every_assignment_is_seen_from_its_value() {
        const PARTS: [&str; 40] = [
            "key",
            "key",
            "=",
            ":",
            ": ",
            " = ",
            "=>",
            ":=",
            "==",
            "(",
            ",",
            ">",
            "|",
            "\"",
            "'",
            "`",
            "\\\"",
            "\n",
            "\r\n",
            " ",
            "    ",
            "Bearer ",
            "basic ",
            "b\"",
            "str",
            "&str",
            "String::from(",
            "Some(",
            "${X:-",
            ">-\n",
            "|2\n",
            "]",
            ")",
            "v4lue0123456789abcdef",
            "v4lue0123456789abcdef",
            "_name",
            "value",
            "<",
            ">",
            "??=",
        ];
        let mut next = draws(11);
        let mut seen = 0;
        for _ in 0..200_000 {
            let text: String = (0..2 + next(9)).map(|_| PARTS[next(PARTS.len())]).collect();
            let text = format!("key{text}v4lue0123456789abcdef\"");
            let bytes = text.as_bytes();
            let Some(value) = assignment::Reader::new(bytes).value_after(3) else {
                continue;
            };
            let at = value.span.start;
            let run = bytes[at..]
                .iter()
                .take_while(|&&b| is_token_byte(b))
                .count();
            if run < MIN_RUN {
                continue;
            }
            seen += 1;
            assert!(
                at == 0 || !is_token_byte(bytes[at - 1]),
                "{text:?}: no run starts at the value"
            );
            let operator =
                operator_before(bytes, at).unwrap_or_else(|| panic!("{text:?}: no operator"));
            assert!(
                names_before(bytes, operator).contains(&0),
                "{text:?}: the name is out of reach"
            );
        }
        assert!(seen > 5000, "only {seen} assignments were made");
    }

    /// Whatever stands beside a name is seen from the value, too.
    #[test]
    fn every_value_beside_a_name_is_seen_from_itself() {
        const PARTS: [&str; 28] = [
            "-", "_", "{", ".", "key", "Token", "_secret", "-access", " ", "  ", "\t", "\"", "'",
            "`", "\\", "=", ":", ",", "(", ")", "|", ">", "\n", "/", "is", "word9", "[", "*",
        ];
        let rule = beside::tests::vendor("key", "[0-9a-z]{21}");
        let mut random = draws(13);
        let mut seen = 0;
        for _ in 0..100_000 {
            let text: String = (0..1 + random(9))
                .map(|_| PARTS[random(PARTS.len())])
                .collect();
            let text = format!("key{text}v4lue0123456789abcdef\"");
            let bytes = text.as_bytes();
            let keyword = crate::Span::new(0, 3);
            let Some((value, _)) = assignment::Reader::new(bytes).value_beside(&rule, keyword)
            else {
                continue;
            };
            seen += 1;
            let glued = bytes[..value.start].iter().rev();
            let glued = glued.take_while(|&&b| is_token_byte(b)).count();
            let run = value.start - glued;
            assert!(
                is_plausible(bytes, run),
                "{text:?}: the prefilter does not look at the value"
            );
            assert!(
                line_before(bytes, run).contains(&0) || glued_names(bytes, run).contains(&0),
                "{text:?}: the name is out of reach"
            );
        }
        assert!(seen > 2000, "only {seen} values stood beside a name");
    }

    #[test]
    fn names_are_no_values() {
        for (value, plausible) in [
            ("some_long_function_name", false),
            ("module.submodule.thing", false),
            ("abCd/efGhijklmnopq", true),
            ("initializeComponents", true),
            ("some_long_name_with_9", true),
            ("0123456789abcdef", true),
        ] {
            assert_eq!(is_plausible(value.as_bytes(), 0), plausible, "{value}");
        }
    }
}
