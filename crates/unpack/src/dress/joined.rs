//! A value in several literals, one behind the other: `"abc" +\n "def"`, `'abc' . 'def'`, `"abc"\n "def"`.
//!
//! A joint is what stands between them, from the quote that ends one to the quote that begins the next. Only literals
//! without blanks are joined: a secret has none, and text has some.

use keysieve_engine::{Dress, MAX_PIECE, Piece};

/// The dress.
#[derive(Debug)]
pub(crate) struct Joined;

/// The shortest part of a value: shorter ones are put together by people who make a token for a test.
const PART: usize = 8;
/// The longest run of blanks and line ends on either side of an operator.
const GAP: usize = 96;
// Two gaps, the longest operator, the mark of a string, two quotes and the byte behind them.
const _: () = assert!(2 * GAP + 2 + 1 + 2 < MAX_PIECE && PART <= MAX_PIECE);
/// What joins strings: most languages, PHP and Perl, Lua and Haskell, Basic, D, SQL.
const OPERATORS: [&[u8]; 9] = [b"+", b"..", b".", b"&", b"~", b"||", b"++", b"<>", b"\\"];

impl Dress for Joined {
    fn name(&self) -> &'static str {
        "joined"
    }

    /// None: a joint counts behind a literal of a rule, or where other marks are.
    fn marks(&self) -> &'static [&'static str] {
        &[]
    }

    fn leads(&self) -> &'static [u8] {
        b"\"'"
    }

    fn piece(&self, text: &[u8], at: usize) -> Option<Piece> {
        let quote = text[at];
        let part = text[..at].iter().rev().take(PART);
        if part.filter(|&&b| is_value(b)).count() < PART {
            return None;
        }
        let mut end = at + 1;
        let (before, mut feed) = blanks(text, end);
        end += before;
        let operator = OPERATORS
            .iter()
            .filter(|o| text[end..].starts_with(o))
            .max_by_key(|o| o.len());
        if let Some(operator) = operator {
            end += operator.len();
            let (behind, feeds) = blanks(text, end);
            end += behind;
            feed |= feeds;
            // `'a' \\ 'b'` within a line escapes a blank.
            if *operator == b"\\" && !feed {
                return None;
            }
        } else if !feed {
            return None;
        }
        // Of Python, Objective-C, C.
        end += usize::from(matches!(
            text.get(end),
            Some(b'b' | b'r' | b'f' | b'u' | b'@' | b'L')
        ));
        if text.get(end) != Some(&quote) || !text.get(end + 1).copied().is_some_and(is_value) {
            return None;
        }
        Some(Piece::joint(end + 1 - at))
    }
}

/// Whether values that are split can hold the byte.
fn is_value(byte: u8) -> bool {
    byte.is_ascii_graphic()
        && !matches!(
            byte,
            b'"' | b'\'' | b'`' | b'\\' | b',' | b';' | b'(' | b')'
        )
}

/// How many blanks and line ends stand at `at`, and whether a line ends there.
fn blanks(text: &[u8], at: usize) -> (usize, bool) {
    let run = text[at..].iter().take(GAP);
    let count = run.take_while(|b| b.is_ascii_whitespace()).count();
    (count, text[at..at + count].contains(&b'\n'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_joint_ends_where_the_value_goes_on() {
        for (joint, joined) in [
            ("\" + \"", true),
            ("\"+\"", true),
            ("\" +\n  \"", true),
            ("\"\n+ \"", true),
            ("\" . \"", true),
            ("\" .. \"", true),
            ("\" ++\n\"", true),
            ("\" || \"", true),
            ("\" \\\n  \"", true),
            ("\"\n    \"", true),
            ("\"\r\n\tf\"", true),
            ("\" \"", false),
            ("\", \"", false),
            ("\" + '", false),
            ("\" + x + \"", false),
            ("\" \\ \"", false),
            ("\";\n\"", false),
            ("\"", false),
        ] {
            let text = format!("\"k3yk3yk3{joint}more\"");
            let piece = Joined.piece(text.as_bytes(), 9);
            let expected = joined.then_some(joint.len());
            assert_eq!(piece.map(|p| p.len), expected, "{joint:?}");
        }
    }

    #[test]
    fn words_and_short_parts_are_not_joined() {
        for left in ["short", "two words", "f(\"x\")", "a, b, c,"] {
            let text = format!("\"{left}\" + \"more\"");
            assert_eq!(
                Joined.piece(text.as_bytes(), left.len() + 1),
                None,
                "{left}"
            );
        }
    }
}
