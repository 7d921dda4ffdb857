//! An expression as keysieve's own rules have it: ASCII, bounded, its secret in a group of that name.

use regex_syntax::hir::{Capture, Class, Hir, HirKind, Repetition};

use super::{Anchor, Pattern, parse};

/// A bounded expression.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Native {
    /// The expression.
    pub pattern: String,
    /// Whether repetitions without an end were given one.
    pub bounded: bool,
    /// Words, in lower case, one of which stands in every match; empty if none are known.
    pub words: Vec<String>,
    /// A template of a text that it matches.
    pub sample: String,
}

impl Pattern {
    /// The expression with at most `most` repetitions where it had no limit, and with `group` as the secret: 0 for the
    /// first group if there is one. `None` if it needs Unicode.
    pub fn native(&self, group: usize, most: u32) -> Option<Native> {
        let hir = parse(&self.translated, false).ok()?;
        let group = if group == 0 {
            usize::from(self.groups > 0)
        } else {
            group
        };
        let (bounded, changed) = bound(&hir, group as u32, most);
        let words = Anchor::of(&hir).map_or_else(Vec::new, |anchor| anchor.words);
        let words = words.into_iter().map(|word| String::from_utf8(word).ok());
        Some(Native {
            pattern: bounded.to_string(),
            bounded: changed,
            words: words.collect::<Option<_>>().unwrap_or_default(),
            sample: sample(&bounded),
        })
    }
}

/// `hir` with bounds, only the group `secret` kept; whether bounds were added.
fn bound(hir: &Hir, secret: u32, most: u32) -> (Hir, bool) {
    match hir.kind() {
        HirKind::Capture(capture) => {
            let (sub, changed) = bound(&capture.sub, secret, most);
            let kept = Capture {
                index: capture.index,
                name: Some("secret".into()),
                sub: Box::new(sub.clone()),
            };
            (
                if capture.index == secret {
                    Hir::capture(kept)
                } else {
                    sub
                },
                changed,
            )
        }
        HirKind::Repetition(repetition) => {
            let (sub, changed) = bound(&repetition.sub, secret, most);
            let bounded = Repetition {
                max: Some(repetition.max.unwrap_or(repetition.min.max(most))),
                sub: Box::new(sub),
                ..repetition.clone()
            };
            (
                Hir::repetition(bounded),
                changed || repetition.max.is_none(),
            )
        }
        HirKind::Concat(parts) => {
            let (parts, changed): (Vec<_>, Vec<_>) =
                parts.iter().map(|part| bound(part, secret, most)).unzip();
            (Hir::concat(parts), changed.contains(&true))
        }
        HirKind::Alternation(branches) => {
            let (branches, changed): (Vec<_>, Vec<_>) = branches
                .iter()
                .map(|branch| bound(branch, secret, most))
                .unzip();
            (Hir::alternation(branches), changed.contains(&true))
        }
        _ => (hir.clone(), false),
    }
}

/// A template of the shortest texts that `hir` matches, with values for classes that are repeated.
fn sample(hir: &Hir) -> String {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => String::new(),
        HirKind::Literal(literal) => String::from_utf8_lossy(&literal.0)
            .replace('{', "{{")
            .replace('}', "}}"),
        HirKind::Class(class) => of_class(class, 1),
        HirKind::Repetition(repetition) => match repetition.sub.kind() {
            HirKind::Class(class) => of_class(class, repetition.min),
            _ => sample(&repetition.sub).repeat(repetition.min as usize),
        },
        HirKind::Capture(capture) => sample(&capture.sub),
        HirKind::Concat(parts) => parts.iter().map(sample).collect(),
        HirKind::Alternation(branches) => sample(&branches[0]),
    }
}

/// `count` characters of a class.
fn of_class(class: &Class, count: u32) -> String {
    let Class::Bytes(class) = class else {
        return String::new();
    };
    if count == 0 {
        return String::new();
    }
    let has = |bytes: &str| {
        bytes.bytes().all(|byte| {
            class
                .ranges()
                .iter()
                .any(|r| (r.start()..=r.end()).contains(&byte))
        })
    };
    let named = [
        (
            "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
            "base62",
        ),
        ("0123456789abcdef", "hex"),
        ("0123456789", "digits"),
        ("abcdefghijklmnopqrstuvwxyz", "lower"),
        ("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "upper"),
    ];
    if let Some((_, name)) = named.iter().find(|(bytes, _)| has(bytes)) {
        return format!("{{{name}:{count}}}");
    }
    let visible = class.ranges().iter().flat_map(|r| r.start()..=r.end());
    let first = visible
        .clone()
        .find(|byte| byte.is_ascii_graphic())
        .or(visible.clone().next());
    let first = first.map_or(String::new(), |byte| char::from(byte).to_string());
    first
        .replace('{', "{{")
        .replace('}', "}}")
        .repeat(count as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_end_gets_one() {
        let pattern = Pattern::new(r"(acme)_([a-z0-9]{8,})\b").unwrap();
        let native = pattern.native(2, 100).unwrap();
        assert!(native.bounded);
        assert_eq!(native.words, ["acme_"]);
        assert_eq!(native.sample, "acme_{hex:8}");
        let hir = parse(&native.pattern, false).unwrap();
        assert_eq!(hir.properties().maximum_len(), Some(105));
        assert!(native.pattern.contains("(?P<secret>"), "{}", native.pattern);
        assert!(
            !Pattern::new("acme_[a-z]{8}")
                .unwrap()
                .native(0, 100)
                .unwrap()
                .bounded
        );
    }
}
