//! How a text is written inside of another one, a format a file: each undoes one layer.

pub(crate) mod entity;
pub(crate) mod escape;
pub(crate) mod joined;
pub(crate) mod percent;

/// The byte that two hexadecimal digits stand for.
fn hex(digits: &[u8]) -> Option<u8> {
    let digits = std::str::from_utf8(digits.get(..2)?).ok()?;
    // A sign is no digit, though `from_str_radix` takes it.
    digits
        .bytes()
        .all(|b| b.is_ascii_hexdigit())
        .then(|| u8::from_str_radix(digits, 16).ok())?
}

/// The character of an escape, if a secret or what stands around one can hold it: printable ASCII and line ends.
fn plain(byte: u8) -> Option<char> {
    matches!(byte, b' '..=b'~' | b'\n' | b'\r' | b'\t').then(|| char::from(byte))
}
