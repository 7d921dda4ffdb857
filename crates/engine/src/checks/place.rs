//! What stands right behind a value and tells that the value is none: the rest of a file's name, or of a mask.

use crate::{Reason, Span};

/// Endings of files that pages load; a digest in their name makes them last in caches. Lower case.
const ASSETS: [&[u8]; 16] = [
    b"avif", b"css", b"eot", b"gif", b"html", b"ico", b"jpeg", b"jpg", b"js", b"map", b"mjs",
    b"png", b"svg", b"ttf", b"webp", b"woff",
];
/// The fewest signs that make a mask.
const MASK: usize = 3;

/// Why the text behind `secret` speaks against it: `Digest` where it goes on as the name of an asset does
/// (`app-<hex>.png`), `Placeholder` where signs were drawn over the rest of it (`xoxb-1-2-####`).
pub(super) fn judge(text: &[u8], secret: Span) -> Option<Reason> {
    let rest = &text[secret.end..];
    if let [b'.', ending @ ..] = rest {
        let len = ending
            .iter()
            .take(6)
            .take_while(|b| b.is_ascii_alphanumeric())
            .count();
        // `woff2`
        let ending = ending[..len].strip_suffix(b"2").unwrap_or(&ending[..len]);
        let before = text[..secret.start].last();
        let in_path = before.is_some_and(|b| b"./-_".contains(b));
        let is_asset = ASSETS
            .iter()
            .any(|asset| ending.eq_ignore_ascii_case(asset));
        return (in_path && is_asset).then_some(Reason::Digest);
    }
    let rest = match rest {
        [b'-' | b'_' | b'.', rest @ ..] => rest,
        _ => rest,
    };
    let drawn = |sign: u8| rest.iter().take(MASK).filter(|&&b| b == sign).count() == MASK;
    (drawn(b'#') || drawn(b'*')).then_some(Reason::Placeholder)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(before: &str, value: &str, after: &str) -> Option<Reason> {
        let text = [before, value, after].concat();
        judge(
            text.as_bytes(),
            Span::new(before.len(), before.len() + value.len()),
        )
    }

    #[test]
    fn the_names_of_assets_hold_digests() {
        let value = "ico-7f3a9c04b1d8";
        for after in [".png", ".PNG\"", ".js?v=1", ".woff2)"] {
            assert_eq!(
                of("/img/logo.", value, after),
                Some(Reason::Digest),
                "{after}"
            );
        }
        for (before, after) in [
            ("token=", ".png"),
            ("/img/logo.", ""),
            ("/img/logo.", "."),
            ("/img/logo.", ".internal"),
            ("/img/logo.", " .png"),
        ] {
            assert_eq!(of(before, value, after), None, "{before}{after}");
        }
    }

    #[test]
    fn a_mask_behind_a_value_is_the_rest_of_it() {
        for after in ["####", "-####\"", "_***", "***"] {
            assert_eq!(
                of("", "xoxb-81-92", after),
                Some(Reason::Placeholder),
                "{after}"
            );
        }
        for after in ["", "-", "#", "-##", " ###", "\"###"] {
            assert_eq!(of("", "xoxb-81-92", after), None, "{after}");
        }
    }
}
