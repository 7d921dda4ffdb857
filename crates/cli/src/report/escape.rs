//! Names and texts from the scanned content, made safe to show: what a repository calls its files must not move the
//! cursor, forge a line or hide text in the terminal of the person who scans it.

use std::fmt::Write;

/// Bytes such as a path: control characters, line breaks, quotes, backslashes and characters that show nothing are
/// escaped as in Rust, bytes that are no UTF-8 as `\xNN`. Different bytes give different texts.
pub(super) fn bytes(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            if matches!(c, '"' | '\'' | '\\') {
                out.push('\\');
            }
            push(&mut out, c);
        }
        for byte in chunk.invalid() {
            write!(out, "\\x{byte:02x}").expect("a String takes any text");
        }
    }
    out
}

/// A text for people: as [`bytes`], but quotes and backslashes stay as they are.
pub(super) fn text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    text.chars().for_each(|c| push(&mut out, c));
    out
}

fn push(out: &mut String, c: char) {
    if c.is_control() || is_invisible(c) {
        out.extend(c.escape_default());
    } else {
        out.push(c);
    }
}

/// Format characters: zero width, line separators, and those that turn the direction of text around.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_steers_a_terminal_gets_out() {
        assert_eq!(bytes(b"a\x1b[31m\nb\x7f"), r"a\u{1b}[31m\nb\u{7f}");
        assert_eq!(bytes("\u{9b}x\u{202e}y".as_bytes()), r"\u{9b}x\u{202e}y");
        assert_eq!(text("a\r\"b\" \u{200b}"), "a\\r\"b\" \\u{200b}");
    }

    #[test]
    fn different_names_look_different() {
        assert_eq!(bytes(b"\xff"), r"\xff");
        assert_eq!(bytes(br"\xff"), r"\\xff");
        assert_eq!(bytes(b"it's \"x\""), r#"it\'s \"x\""#);
        assert_eq!(bytes("\u{e9}t\u{e9}.txt".as_bytes()), "\u{e9}t\u{e9}.txt");
    }
}
