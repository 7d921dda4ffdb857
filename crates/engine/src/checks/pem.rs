//! A block of key material behind its header line.
//!
//! The header alone proves nothing: parsers, documentation and rules are full of it. The block counts when a body of
//! base64 follows, in whatever dress a copy of a key wears: indented, quoted line by line, with `\n` as two characters,
//! in one line, behind the `+` of a diff or the `>` of a mail.

use memchr::memmem;

use super::words;
use crate::Span;

/// A key with its armour.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Block {
    /// From the header to the end of the footer, or to the last line of the body where the footer is missing.
    pub span: Span,
    /// The characters of the body alone: the same key gives the same bytes in any dress.
    pub body: Vec<u8>,
    /// Whether the header fields say that a passphrase protects it.
    pub encrypted: bool,
}

/// The longest block that is followed, in bytes: a 16,384-bit RSA key has 13 KB.
pub const MAX_BLOCK: usize = 64 * 1024;
/// The shortest body: an Ed25519 key has 64 characters, a stub in a test fewer.
const MIN_BODY: usize = 40;
/// A line of a body has at least this many characters; only its last line may have fewer.
const MIN_LINE: usize = 16;
/// Fewer different characters than these, and it is filler: 40 random ones have 30.
const MIN_ALPHABET: usize = 20;

/// The block whose header is `header`, if it has a body.
pub fn block(text: &[u8], header: Span) -> Option<Block> {
    let rest = &text[header.end..text.len().min(header.end + MAX_BLOCK)];
    let (body_len, footer_len) = footer(rest, &text[header.range()]);
    let area = &rest[..body_len];
    let body = body(area);
    // What follows a header in a parser is code: its names can be as long as lines of base64.
    let head = &body[..body.len().min(2 * MIN_BODY)];
    if body.len() < MIN_BODY || is_filler(&body) || words::likeness(head) > 0.5 {
        return None;
    }
    let closed = footer_len > 0;
    let end = if closed {
        body_len + footer_len
    } else {
        last_of_body(area)
    };
    let encrypted = memmem::find(area, b"ENCRYPTED").is_some()
        || memmem::find(area, b"Encryption: aes").is_some()
        || memmem::find(&text[header.range()], b"ENCRYPTED").is_some();
    Some(Block {
        span: Span::new(header.start, header.end + end),
        body,
        encrypted,
    })
}

/// Where the body ends and how long the footer is; a footer of 0 where there is none before the next header.
fn footer(rest: &[u8], header: &[u8]) -> (usize, usize) {
    if header.starts_with(b"PuTTY") {
        return match memmem::find(rest, b"Private-MAC:") {
            Some(at) => (
                at,
                rest[at..]
                    .iter()
                    .position(|&b| b == b'\n')
                    .unwrap_or(rest.len() - at),
            ),
            None => (rest.len(), 0),
        };
    }
    let next = memmem::find(rest, b"-BEGIN ")
        .or_else(|| memmem::find(rest, b"- BEGIN "))
        .unwrap_or(rest.len());
    let rest = &rest[..next];
    let end = [&b"-END "[..], b"- END "]
        .iter()
        .filter_map(|mark| memmem::find(rest, mark))
        .min();
    let Some(end) = end else {
        return (rest.len(), 0);
    };
    let start = end
        - rest[..end]
            .iter()
            .rev()
            .take_while(|&&b| b == b'-' || b == b' ')
            .count();
    let label = rest[end + 1..]
        .iter()
        .take(64)
        .take_while(|b| b.is_ascii_alphanumeric() || **b == b' ')
        .count();
    let dashes = rest[end + 1 + label..]
        .iter()
        .take(5)
        .take_while(|&&b| b == b'-')
        .count();
    (start, end + 1 + label + dashes - start)
}

/// The base64 characters of `area`, without escapes, header fields (`Proc-Type: ...`) and whatever else decorates it.
fn body(area: &[u8]) -> Vec<u8> {
    let mut body = Vec::with_capacity(area.len());
    let mut previous = 0;
    for piece in pieces(area) {
        if piece.contains(&b':') && !piece.starts_with(b"=") {
            continue; // a header field
        }
        let run = longest_run(piece);
        let last = (4..MIN_LINE).contains(&run.len()) && previous >= MIN_LINE;
        if run.len() >= MIN_LINE || last {
            body.extend_from_slice(run);
        }
        if !run.is_empty() {
            previous = run.len();
        }
    }
    body
}

/// `area` cut at line ends, real or escaped, and at blanks, quotes and string operators.
fn pieces(area: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = area;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let cut = rest
            .iter()
            .position(|b| matches!(b, b'\n' | b'\r' | b'"' | b'\'' | b'`' | b',' | b'\\'));
        let (piece, next) = match cut {
            Some(at) if rest[at] == b'\\' => {
                let slashes = rest[at..].iter().take_while(|&&b| b == b'\\').count();
                let letter = matches!(rest.get(at + slashes), Some(b'n' | b'r' | b't'));
                (&rest[..at], &rest[at + slashes + usize::from(letter)..])
            }
            Some(at) => (&rest[..at], &rest[at + 1..]),
            None => (rest, &rest[..0]),
        };
        rest = next;
        Some(piece)
    })
}

fn is_base64(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=')
}

/// The longest run of base64 in a piece: the rest is indentation, a `+` or `>` in front, or a comment behind.
fn longest_run(piece: &[u8]) -> &[u8] {
    let piece = piece.strip_prefix(b"+").unwrap_or(piece);
    piece
        .split(|&b| !is_base64(b))
        .max_by_key(|run| run.len())
        .unwrap_or_default()
}

/// Whether a body is a stand-in: fewer different characters than any real key has.
fn is_filler(body: &[u8]) -> bool {
    let mut seen = [false; 256];
    body.iter().for_each(|&b| seen[usize::from(b)] = true);
    seen.iter().filter(|&&s| s).count() < MIN_ALPHABET
}

/// One past the last long run of base64 in `area`, for a block that was cut off.
fn last_of_body(area: &[u8]) -> usize {
    let mut end = 0;
    let mut at = 0;
    for line in area.split_inclusive(|&b| b == b'\n') {
        at += line.len();
        if longest_run(line).len() >= MIN_LINE {
            end = at - usize::from(line.ends_with(b"\n"));
        } else if end > 0 {
            break;
        }
    }
    if end == 0 {
        area.len().min(MIN_BODY)
    } else {
        end
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = concat!("-----BEGIN", " PRIVATE KEY-----");
    const FOOTER: &str = concat!("-----END", " PRIVATE KEY-----");

    fn lines() -> Vec<String> {
        (0..3u8)
            .map(|i| {
                (0..64u8)
                    .map(|j| {
                        char::from(b'A' + i.wrapping_mul(7).wrapping_add(j.wrapping_mul(11)) % 26)
                    })
                    .collect()
            })
            .collect()
    }

    fn check(text: &str) -> Option<Block> {
        let start = text.find("-----BEGIN").expect("there is a header");
        block(text.as_bytes(), Span::new(start, start + HEADER.len()))
    }

    #[test]
    fn code_behind_a_header_is_no_body() {
        let header = ["-----BEGIN", " PRIVATE KEY-----"].concat();
        let text = format!(
            "if (value.indexOf(\"{header}\") !== 0) throw new TypeError('must be PKCS8 formatted string');\n\
             return importAsymmetricKeyFromText(value, removeHeaderAndFooter, convertToArrayBuffer)\n"
        );
        let start = text.find("-----").expect("the header");
        let span = Span::new(start, start + header.len());
        assert_eq!(block(text.as_bytes(), span), None);
    }

    #[test]
    fn one_key_is_the_same_in_every_dress() {
        let l = lines();
        let plain = format!("{HEADER}\n{}\n{FOOTER}\nafter", l.join("\n"));
        let expected = l.concat().into_bytes();
        let dresses = [
            plain.clone(),
            plain.replace('\n', "\r\n"),
            plain.replace('\n', "\\n"),
            plain.replace('\n', "\\\\n"),
            plain.replace('\n', "\n    "),
            plain.replace('\n', "\n+"),
            plain.replace('\n', "\n> "),
            format!(
                "\"{HEADER}\\n\" +\n  \"{}\\n\" +\n  \"{FOOTER}\"",
                l.join("\\n\" +\n  \"")
            ),
        ];
        for text in dresses {
            let block = check(&text).unwrap_or_else(|| panic!("no block in {text}"));
            assert_eq!(block.body, expected, "{text}");
            assert!(text[..block.span.end].ends_with(FOOTER), "{text}");
        }
    }

    #[test]
    fn a_header_without_a_body_is_nothing() {
        for text in [
            format!("if line == \"{HEADER}\" {{"),
            format!("{HEADER}\n...\n{FOOTER}"),
            format!("{HEADER}\n{}\n{FOOTER}", "A".repeat(64)),
            HEADER.to_owned(),
        ] {
            assert_eq!(check(&text), None, "{text}");
        }
    }

    #[test]
    fn a_key_that_was_cut_off_ends_with_its_last_line() {
        let text = format!("{HEADER}\n{}\n\nand so on", lines().join("\n"));
        let block = check(&text).expect("a body");
        assert_eq!(block.span.end, HEADER.len() + 1 + 3 * 65 - 1);
    }

    #[test]
    fn header_fields_are_no_body_and_tell_encryption() {
        let fields =
            "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00112233445566778899AABBCCDDEEFF\n\n";
        let text = format!("{HEADER}\n{fields}{}\n{FOOTER}", lines().join("\n"));
        let block = check(&text).expect("a body");
        assert!(block.encrypted);
        assert!(block.body.ends_with(&lines().concat().into_bytes()));
    }
}
