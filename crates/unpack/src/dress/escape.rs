//! Escapes with a backslash, as in strings of JSON and most languages: `\"`, `\/`, `\n`, `\u003d`, `\x3d`, and the
//! backslash before a line end.
//!
//! A text that holds JSON in a string of JSON has a layer for each, `\\\"`: every view takes one off.

use keysieve_engine::{Dress, Piece};

/// The dress.
#[derive(Debug)]
pub(crate) struct Escape;

/// Most blanks of indentation behind a line that goes on.
const INDENT: usize = 64;

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
            [_, b'\n', ..] | [_, b'\r', b'\n', ..] => return continued(rest),
            _ => return None,
        };
        Piece::character(len, super::plain(byte)?)
    }
}

/// The line end behind a backslash, and the indentation of the next line; where a blank stands before the backslash or no
/// value behind it, words meet and no value goes on.
fn continued(rest: &[u8]) -> Option<Piece> {
    let feed = rest.iter().take(3).position(|&b| b == b'\n')? + 1;
    let blanks = rest[feed..].iter().take(INDENT);
    let blanks = blanks.take_while(|b| matches!(b, b' ' | b'\t')).count();
    Some(Piece::joint(feed + blanks))
}
