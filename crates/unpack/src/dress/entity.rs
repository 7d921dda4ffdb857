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
