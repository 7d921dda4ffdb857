//! What an encoded text says; nothing where it says nothing that can be read.

use super::Kind;

/// The value of `encoded`, which [`super::find`] found; empty if it has none.
pub(super) fn decode(kind: Kind, encoded: &[u8]) -> Vec<u8> {
    let value = match kind {
        Kind::Percent => percent(encoded),
        Kind::Unicode => Some(unicode(encoded)),
        Kind::Hex => hex(encoded),
        Kind::Base64 => base64(encoded),
    };
    value.unwrap_or_default()
}

/// A tab, a line break or the like, or a visible character.
fn is_printable(byte: u8) -> bool {
    (0x09..0x7F).contains(&byte)
}

fn pair(text: &[u8]) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    Some((digit(*text.first()?)? * 16 + digit(*text.get(1)?)?) as u8)
}

fn percent(encoded: &[u8]) -> Option<Vec<u8>> {
    let mut value = Vec::with_capacity(encoded.len());
    let mut at = 0;
    while at < encoded.len() {
        let code = (encoded[at] == b'%')
            .then(|| pair(&encoded[at + 1..]))
            .flatten();
        match code {
            Some(byte) if !is_printable(byte) => return None,
            Some(byte) => value.push(byte),
            None => value.push(encoded[at]),
        }
        at += if code.is_some() { 3 } else { 1 };
    }
    Some(value)
}

/// Surrogates, alone or in pairs, are U+FFFD: each code stands for itself.
fn unicode(encoded: &[u8]) -> Vec<u8> {
    let mut value = String::new();
    let mut at = 0;
    while at < encoded.len() {
        if !matches!(encoded[at], b'+' | b'u' | b'U') || encoded.get(at + 1) == Some(&b'+') {
            at += 1;
            continue;
        }
        let code = encoded.get(at + 1..at + 5).and_then(|digits| {
            Some(u32::from(pair(digits)?) << 8 | u32::from(pair(&digits[2..])?))
        });
        if let Some(code) = code {
            value.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
        }
        at += 5;
    }
    value.into_bytes()
}

fn hex(encoded: &[u8]) -> Option<Vec<u8>> {
    if !encoded.len().is_multiple_of(2) || !encoded.iter().any(u8::is_ascii_digit) {
        return None;
    }
    encoded
        .chunks(2)
        .map(|two| pair(two).filter(|&byte| is_printable(byte)))
        .collect()
}

/// With padding in the alphabet of `+` and `/`, or without in that of `-` and `_`. Text without any character but
/// letters is no base64: it is an identifier.
fn base64(encoded: &[u8]) -> Option<Vec<u8>> {
    let unlikely = |byte: &u8| byte.is_ascii_alphabetic() || *byte == b'=';
    if encoded.iter().all(unlikely) {
        return None;
    }
    let value = |byte: u8| -> Option<u32> {
        Some(u32::from(match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => return None,
        }))
    };
    let end = encoded
        .iter()
        .rposition(|&byte| byte != b'=')
        .map_or(0, |at| at + 1);
    let body = &encoded[..end];
    let padding = encoded.len() - body.len();
    let standard =
        encoded.len().is_multiple_of(4) && !body.iter().any(|b| matches!(b, b'-' | b'_'));
    let url = padding == 0 && body.len() % 4 != 1 && !body.iter().any(|b| matches!(b, b'+' | b'/'));
    if !standard && !url {
        return None;
    }
    let mut decoded = Vec::with_capacity(body.len() / 4 * 3 + 3);
    for group in body.chunks(4) {
        let mut bits = 0;
        for &byte in group {
            bits = bits << 6 | value(byte)?;
        }
        bits <<= 6 * (4 - group.len());
        for &byte in &bits.to_be_bytes()[1..group.len()] {
            if !is_printable(byte) {
                return None;
            }
            decoded.push(byte);
        }
    }
    Some(decoded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_encoding() {
        assert_eq!(decode(Kind::Percent, b"%41b%2"), b"Ab%2");
        assert_eq!(decode(Kind::Percent, b"%00"), b"");
        assert_eq!(
            decode(Kind::Unicode, b"U+0041 U+00e9 U+0042"),
            "AéB".as_bytes()
        );
        assert_eq!(
            decode(Kind::Unicode, br"\u0041\\u00E9\U0042"),
            "AéB".as_bytes()
        );
        assert_eq!(
            decode(Kind::Unicode, br"\ud83d\ude00"),
            "\u{FFFD}\u{FFFD}".as_bytes()
        );
        assert_eq!(decode(Kind::Hex, b"6162313A"), b"ab1:");
        assert_eq!(decode(Kind::Hex, b"61623"), b"");
        assert_eq!(decode(Kind::Hex, b"ff00aa11"), b"");
    }

    #[test]
    fn base64_as_it_is_written() {
        use data_encoding::{BASE64, BASE64_NOPAD, BASE64URL_NOPAD};
        for text in ["a secret value?", "a secret value??", "a secret value???>>"] {
            assert_eq!(
                decode(Kind::Base64, BASE64.encode(text.as_bytes()).as_bytes()),
                text.as_bytes()
            );
            assert_eq!(
                decode(
                    Kind::Base64,
                    BASE64URL_NOPAD.encode(text.as_bytes()).as_bytes()
                ),
                text.as_bytes()
            );
        }
        // No padding, but the other alphabet.
        assert_eq!(
            decode(
                Kind::Base64,
                BASE64_NOPAD.encode(b"~~~?~~~?~~~??").as_bytes()
            ),
            b""
        );
        assert_eq!(decode(Kind::Base64, b"anIdentifierOfLetters"), b"");
    }
}
