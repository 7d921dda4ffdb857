//! The classes of bytes that the structure of a text is told by.

/// Bytes that tokens are made of: letters, digits and `_ - + / .`. Neither `=` nor `:`, so that `KEY=value` and URLs
/// fall apart into name and value.
pub(crate) const fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'+' | b'/' | b'.')
}

/// The shortest run of token bytes that is looked at.
pub const MIN_RUN: usize = 16;

/// Roughly how often a byte stands in source text, per thousand: which part of a literal is the rarest to look for.
pub(super) const fn frequency(byte: u8) -> u32 {
    match byte.to_ascii_lowercase() {
        b' ' => 180,
        b'e' => 75,
        b't' | b'r' | b's' | b'n' | b'i' | b'a' | b'o' => 50,
        b'l' | b'c' | b'd' | b'u' | b'p' | b'm' => 28,
        b'f' | b'h' | b'g' | b'y' | b'b' => 14,
        b'w' | b'k' | b'v' | b'x' => 8,
        b'0' | b'1' | b'_' | b'-' | b'.' | b',' | b'(' | b')' | b'"' | b'/' | b':' => 12,
        b'2'..=b'9' | b'=' | b'<' | b'>' | b'\'' | b'{' | b'}' | b';' | b'*' => 6,
        b'j' | b'q' | b'z' => 3,
        b'\n' => 30,
        b'@' | b'$' | b'#' | b'%' | b'&' | b'!' | b'+' | b'[' | b']' | b'\\' | b'|' | b'`' => 2,
        _ => 1,
    }
}

/// Roughly how often these bytes stand one behind the other, to compare places of a literal with each other. Lines of one
/// byte (`-----`, `=====`) are common where the byte alone is not.
pub(super) fn commonness(bytes: &[u8]) -> u64 {
    let product: u64 = bytes.iter().map(|&b| u64::from(frequency(b))).product();
    if bytes.iter().all(|b| *b == bytes[0]) {
        product.saturating_mul(1000)
    } else {
        product
    }
}
