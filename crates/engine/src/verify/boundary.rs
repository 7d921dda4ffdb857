//! Where a token can begin and end.

use crate::rule::ByteSet;

/// Most bytes of the parameters of a terminal colour.
const COLOUR: usize = 16;
/// What [`is_token_start`] reads before a token at most, in bytes: `ESC [`, parameters and `m`.
pub(super) const BACK: usize = COLOUR + 3;

/// Whether a token can begin at `at`: no letter or digit stands before it, or one that ends an escape (`\n`, `%3D`,
/// `\u003d`, `\x3d`, `=3D`) or a terminal colour.
pub fn is_token_start(text: &[u8], at: usize) -> bool {
    let back = |n: usize| at.checked_sub(n).map(|i| text[i]);
    let Some(previous) = back(1) else { return true };
    if !previous.is_ascii_alphanumeric() {
        return true;
    }
    let hex = |n: usize| (1..=n).all(|i| back(i).is_some_and(|b| b.is_ascii_hexdigit()));
    match previous {
        b'n' | b'r' | b't' | b'b' | b'f' | b'v' | b'0' if back(2) == Some(b'\\') => true,
        b'D' | b'd' if back(2) == Some(b'3') && back(3) == Some(b'=') => true,
        b'm' if ends_colour(&text[..at]) => true,
        _ => {
            back(3) == Some(b'%') && hex(2)
                || back(4) == Some(b'\\') && back(3) == Some(b'x') && hex(2)
                || back(6) == Some(b'\\') && back(5) == Some(b'u') && hex(4)
        }
    }
}

/// Whether `text` ends in a terminal's colour sequence, `ESC [ 1 ; 31 m`.
fn ends_colour(text: &[u8]) -> bool {
    let parameters = text[..text.len() - 1]
        .iter()
        .rev()
        .take(COLOUR)
        .take_while(|b| matches!(b, b'0'..=b'9' | b';'));
    let start = text.len() - 1 - parameters.count();
    text[..start].ends_with(b"\x1b[")
}

/// Whether a token of a pattern with this `tail` can end at `end`: neither a word character nor one of the tail follows.
pub fn is_token_end(text: &[u8], end: usize, tail: ByteSet) -> bool {
    text.get(end)
        .is_none_or(|&b| !b.is_ascii_alphanumeric() && b != b'_' && !tail.contains(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn starts(before: &str) -> bool {
        is_token_start(format!("{before}tok").as_bytes(), before.len())
    }

    #[test]
    fn a_token_begins_after_punctuation_and_escapes() {
        for before in [
            "",
            " ",
            "\"",
            "KEY_",
            "a-",
            "\\n",
            "a\\t",
            "%3D",
            "x%2f",
            "\\u003d",
            "\\x3D",
            "k=3D",
            "\x1b[1;31m",
            "\x1b[m",
        ] {
            assert!(starts(before), "{before:?}");
        }
    }

    #[test]
    fn a_token_does_not_begin_within_a_word() {
        for before in ["a", "x9", "n", "3D", "u003d", "bm", "31m", "0"] {
            assert!(!starts(before), "{before:?}");
        }
    }

    #[test]
    fn a_token_ends_before_what_its_class_does_not_hold() {
        let mut tail = ByteSet::default();
        tail.insert_range(b'-', b'-');
        for (text, ends) in [
            ("ab", true),
            ("ab\"", true),
            ("ab.", true),
            ("abc", false),
            ("ab_", false),
            ("ab-", false),
        ] {
            assert_eq!(is_token_end(text.as_bytes(), 2, tail), ends, "{text}");
        }
    }
}
