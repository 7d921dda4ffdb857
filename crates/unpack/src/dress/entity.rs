//! Entities of XML and HTML: `&quot;`, `&#61;`, `&#x3d;`.

use keysieve_engine::{Dress, Piece};

/// The dress.
#[derive(Debug)]
pub(crate) struct Entity;

const NAMED: [(&[u8], char); 6] = [
    (b"quot;", '"'),
    (b"amp;", '&'),
    (b"apos;", '\''),
    (b"lt;", '<'),
    (b"gt;", '>'),
    (b"equals;", '='),
];

/// Most digits of a number: leading zeros are allowed, but nobody writes more.
const DIGITS: usize = 6;

impl Dress for Entity {
    fn name(&self) -> &'static str {
        "entity"
    }

    fn marks(&self) -> &'static [&'static str] {
        &["&quot;", "&amp;", "&apos;", "&#", "&equals;"]
    }

    fn leads(&self) -> &'static [u8] {
        b"&"
    }

    fn piece(&self, text: &[u8], at: usize) -> Option<Piece> {
        let rest = &text[at + 1..];
        if let Some((name, c)) = NAMED.iter().find(|(name, _)| rest.starts_with(name)) {
            return Piece::character(1 + name.len(), *c);
        }
        let (start, radix) = match rest {
            [b'#', b'x' | b'X', ..] => (2, 16),
            [b'#', ..] => (1, 10),
            _ => return None,
        };
        let digits = rest[start..].iter().take(DIGITS + 1);
        let digits = digits.take_while(|b| b.is_ascii_hexdigit()).count();
        let number = std::str::from_utf8(&rest[start..start + digits]).ok()?;
        if digits > DIGITS || rest.get(start + digits) != Some(&b';') {
            return None;
        }
        let byte = u8::try_from(u32::from_str_radix(number, radix).ok()?).ok()?;
        Piece::character(1 + start + digits + 1, super::plain(byte)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_are_one_piece() {
        for (text, expected) in [
            ("&quot;x", Some((6, "\""))),
            ("&amp;quot;", Some((5, "&"))),
            ("&#61;", Some((5, "="))),
            ("&#061;", Some((6, "="))),
            ("&#x3d;", Some((6, "="))),
            ("&#X3D;", Some((6, "="))),
            ("&#xA;", Some((5, "\n"))),
            ("&#3d;", None),
            ("&#;", None),
            ("&#61", None),
            ("&#0000061;", None),
            ("&#228;", None),
            ("&& x", None),
            ("&", None),
        ] {
            let piece = Entity.piece(text.as_bytes(), 0);
            assert_eq!(
                piece.as_ref().map(|p| (p.len, p.plain())),
                expected.map(|(len, plain)| (len, plain.as_bytes())),
                "{text}"
            );
        }
    }
}
