//! Escapes with a backslash, as in strings of JSON and most languages: `\"`, `\/`, `\n`, `\u003d`, `\x3d`, and the
//! backslash before a line end.
//!
//! A text that holds JSON in a string of JSON has a layer for each, `\\\"`: every view takes one off.

use keysieve_engine::{Dress, MAX_PIECE, Piece};

/// The dress.
#[derive(Debug)]
pub(crate) struct Escape;

/// Most blanks of indentation behind a line that goes on.
const INDENT: usize = 64;
const _: () = assert!(3 + INDENT < MAX_PIECE);

impl Dress for Escape {
    fn name(&self) -> &'static str {
        "escape"
    }

    /// What the engine cannot read as it stands: it knows quotes behind a few backslashes, and line ends.
    fn marks(&self) -> &'static [&'static str] {
        &[
            "\\u00",
            "\\/",
            "\\x3d",
            "\\x3D",
            "\\x2f",
            "\\x2F",
            "\\x22",
            "\\x26",
            "\\\\\\\\\\\\\\\\",
        ]
    }

    fn leads(&self) -> &'static [u8] {
        b"\\"
    }

    fn piece(&self, text: &[u8], at: usize) -> Option<Piece> {
        let rest = &text[at..];
        let (len, byte) = match rest {
            [_, byte @ (b'"' | b'\'' | b'`' | b'\\' | b'/'), ..] => (2, *byte),
            [_, b'n', ..] => (2, b'\n'),
            [_, b'r', ..] => (2, b'\r'),
            [_, b't', ..] => (2, b'\t'),
            [_, b'x', digits @ ..] => (4, super::hex(digits)?),
            [_, b'u', b'0', b'0', digits @ ..] => (6, super::hex(digits)?),
            [_, b'\n', ..] | [_, b'\r', b'\n', ..] => return continued(text, at),
            _ => return None,
        };
        Piece::character(len, super::plain(byte)?)
    }
}

/// The line end behind a backslash, and the indentation of the next line. Where a blank stands before the backslash, words
/// meet and no value goes on.
fn continued(text: &[u8], at: usize) -> Option<Piece> {
    let before = at.checked_sub(1).map(|i| text[i])?;
    let rest = &text[at..];
    let feed = rest.iter().take(3).position(|&b| b == b'\n')? + 1;
    let blanks = rest[feed..].iter().take(INDENT);
    let blanks = blanks.take_while(|b| matches!(b, b' ' | b'\t')).count();
    let goes_on = rest.get(feed + blanks).is_some_and(u8::is_ascii_graphic);
    (before.is_ascii_graphic() && goes_on).then(|| Piece::joint(feed + blanks))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_escape_is_one_piece() {
        for (text, expected) in [
            ("\\\"", Some((2, "\""))),
            ("\\\\n", Some((2, "\\"))),
            ("\\/x", Some((2, "/"))),
            ("\\n", Some((2, "\n"))),
            ("\\u003d1", Some((6, "="))),
            ("\\x3D1", Some((4, "="))),
            ("\\u00e9", None),
            ("\\u00", None),
            ("\\x+1", None),
            ("\\d", None),
            ("\\", None),
        ] {
            let piece = Escape.piece(text.as_bytes(), 0);
            let found = piece.map(|p| (p.len, String::from_utf8_lossy(p.plain()).into_owned()));
            let expected = expected.map(|(len, plain)| (len, plain.to_owned()));
            assert_eq!(found, expected, "{text:?}");
        }
    }

    #[test]
    fn a_value_goes_on_behind_a_line_end_but_words_do_not() {
        for (text, len) in [
            ("a\\\n  b", Some(4)),
            ("a\\\r\nb", Some(3)),
            ("a \\\nb", None),
            ("a\\\n\nb", None),
            ("a\\\n", None),
        ] {
            let at = text.find('\\').expect("it is there");
            let piece = Escape.piece(text.as_bytes(), at);
            assert_eq!(piece.map(|p| p.len), len, "{text:?}");
            assert!(piece.is_none_or(|p| p.joint), "{text:?}");
        }
    }
}
