//! Percent encoding, as in addresses, forms and cookies: `%3D`.

use keysieve_engine::{Dress, Piece};

/// The dress.
#[derive(Debug)]
pub(crate) struct Percent;

impl Dress for Percent {
    fn name(&self) -> &'static str {
        "percent"
    }

    /// What values hold or what joins a name and a value. The blank is in every address.
    fn marks(&self) -> &'static [&'static str] {
        &[
            "%3D", "%3d", "%3A", "%3a", "%2F", "%2f", "%2B", "%2b", "%22", "%25",
        ]
    }

    fn leads(&self) -> &'static [u8] {
        b"%"
    }

    fn piece(&self, text: &[u8], at: usize) -> Option<Piece> {
        Piece::character(3, super::plain(super::hex(&text[at + 1..])?)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_digits_are_a_byte_of_text() {
        for (text, plain) in [
            ("%3D", Some("=")),
            ("%2f0", Some("/")),
            ("%0A", Some("\n")),
            ("%00", None),
            ("%C3", None),
            ("%3", None),
            ("%+3", None),
            ("%%3D", None),
        ] {
            let piece = Percent.piece(text.as_bytes(), 0);
            assert_eq!(
                piece.as_ref().map(|p| (p.len, p.plain())),
                plain.map(|p| (3, p.as_bytes())),
                "{text}"
            );
        }
    }
}
