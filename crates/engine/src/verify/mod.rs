//! From a literal that stands in the text to a match of a rule, or nothing.
//!
//! Every search is bounded: a token is matched at its place, a pattern around a keyword in the window that the rule
//! compiler proved, an assigned value as a whole. Nothing here judges whether the match is a secret.

use regex_automata::{Anchored, Input};

use crate::Span;
use crate::checks::reference::default_inside;
use crate::rule::{Boundary, Role, Rule, Shape, Tier};

mod assignment;
mod boundary;
mod brute;
mod value;

pub use assignment::{Assignment, Operator};
pub use boundary::{is_token_end, is_token_start};
pub use brute::brute;
pub(crate) use value::{is_plausible, names_before, operator_before};

/// A text that has the form of a rule's credential.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Match {
    /// All that the pattern matched; for an assigned value, from its name on.
    pub whole: Span,
    /// The value.
    pub secret: Span,
    /// What it is assigned to, for an assigned value.
    pub assignment: Option<Assignment>,
}

/// Looks for a match of `rule` whose literal, written `literal` in the rule, stands at `at`. A match that begins before
/// `from` does not count.
pub fn verify(
    rule: &Rule,
    role: Role,
    literal: &[u8],
    text: &[u8],
    at: usize,
    from: usize,
) -> Option<Match> {
    let found = text.get(at..at + literal.len())?;
    match role {
        Role::Prefix if at >= from && found == literal => token(rule, text, at),
        Role::Prefix => None,
        Role::Inside => around(rule, literal, text, at, from),
        Role::Name => assigned(rule, Span::new(at, at + literal.len()), text),
    }
}

fn token(rule: &Rule, text: &[u8], at: usize) -> Option<Match> {
    if rule.boundary == Boundary::Token && !is_token_start(text, at) {
        return None;
    }
    let found = anchored(rule, text, Span::new(at, text.len().min(at + rule.max_len)))?;
    ends_well(rule, text, found.whole).then_some(found)
}

fn around(rule: &Rule, literal: &[u8], text: &[u8], at: usize, from: usize) -> Option<Match> {
    let Shape::Around { left } = rule.shape else {
        return None;
    };
    let mut start = at.saturating_sub(left).max(from);
    let end = text.len().min(at + rule.max_len);
    while start <= at {
        let found = matched(rule, Input::new(text).span(start..end))?;
        if found.whole.start > at {
            return None;
        }
        // A match that ends before the literal does is another candidate's.
        if found.whole.end >= at + literal.len() && starts_and_ends_well(rule, text, found.whole) {
            return Some(found);
        }
        start = found.whole.start + 1;
    }
    None
}

fn starts_and_ends_well(rule: &Rule, text: &[u8], whole: Span) -> bool {
    (rule.boundary == Boundary::None || is_token_start(text, whole.start))
        && ends_well(rule, text, whole)
}

fn ends_well(rule: &Rule, text: &[u8], whole: Span) -> bool {
    rule.boundary == Boundary::None || is_token_end(text, whole.end, rule.tail)
}

fn assigned(rule: &Rule, keyword: Span, text: &[u8]) -> Option<Match> {
    if !is_part_start(text, keyword.start) || rule.is_generic() && !is_part_end(text, keyword.end) {
        return None;
    }
    let mut assignment = assignment::after(text, keyword)?;
    if rule.is_generic() && is_followed_by_word(text, assignment.name.end) {
        return None;
    }
    if let Some(default) = fallback(&text[assignment.value.range()]) {
        let start = assignment.value.start;
        assignment.value = Span::new(start + default.start, start + default.end);
    }
    let value = assignment.value;
    if rule.tier == Tier::Keyword && !is_plausible(text, value.start) {
        return None;
    }
    let mut found = anchored(rule, text, value)?;
    if found.whole != value {
        return None;
    }
    found.whole.start = assignment.name.start;
    found.assignment = Some(assignment);
    Some(found)
}

/// Whether another word stands behind a name, as in prose: `auth/token v1.4.0 h1:...`.
fn is_followed_by_word(text: &[u8], name_end: usize) -> bool {
    let rest = &text[name_end..];
    let blanks = rest
        .iter()
        .take_while(|b| matches!(b, b' ' | b'\t'))
        .count();
    blanks > 0 && rest.get(blanks).is_some_and(u8::is_ascii_alphanumeric)
}

/// The default in a value such as `${VAR:-default}`: it is what the name falls back to, so it is the value.
fn fallback(value: &[u8]) -> Option<std::ops::Range<usize>> {
    let default = Some(value)
        .filter(|v| v.starts_with(b"${"))
        .and_then(default_inside)?;
    let before = value[..default.start].trim_ascii_end();
    let before = before
        .strip_suffix(b"\"")
        .or_else(|| before.strip_suffix(b"'"))
        .unwrap_or(before);
    let before = before
        .strip_suffix(b"-")
        .or_else(|| before.strip_suffix(b"="))
        .unwrap_or(before);
    before.ends_with(b":").then_some(default)
}

/// Whether a part of an identifier begins at `at`: `foo_KEY`, `fooKey`, `FOOKey`, but not `monkey`.
fn is_part_start(text: &[u8], at: usize) -> bool {
    let Some(&previous) = at.checked_sub(1).and_then(|i| text.get(i)) else {
        return true;
    };
    let hump = text[at].is_ascii_uppercase()
        && (!previous.is_ascii_uppercase() || text.get(at + 1).is_some_and(u8::is_ascii_lowercase));
    !previous.is_ascii_alphabetic() || hump || is_token_start(text, at)
}

/// Whether a part of an identifier ends at `end`, give or take a plural: `KEYS`, `keyId`, but not `keyboard`.
fn is_part_end(text: &[u8], end: usize) -> bool {
    let (Some(&last), Some(&next)) = (text.get(end.wrapping_sub(1)), text.get(end)) else {
        return true;
    };
    let same_case =
        |b: u8| b.is_ascii_alphabetic() && b.is_ascii_lowercase() == last.is_ascii_lowercase();
    if !same_case(next) {
        return true;
    }
    next.eq_ignore_ascii_case(&b's') && text.get(end + 1).is_none_or(|&b| !same_case(b))
}

/// The match that begins where `span` does and ends in it.
fn anchored(rule: &Rule, text: &[u8], span: Span) -> Option<Match> {
    if rule.program.is_empty() {
        return matched(
            rule,
            Input::new(text).span(span.range()).anchored(Anchored::Yes),
        );
    }
    let len = rule.run_program(&text[span.range()])?;
    let whole = Span::new(span.start, span.start + len);
    Some(Match {
        whole,
        secret: whole,
        assignment: None,
    })
}

/// The first match in `input`, by the regular expression.
fn matched(rule: &Rule, input: Input<'_>) -> Option<Match> {
    let regex = rule.regex();
    let (whole, secret) = if rule.has_group {
        // The automaton says cheaply whether there is a match at all; only then are groups worth their price.
        regex.search_half(&input)?;
        let mut captures = regex.create_captures();
        regex.search_captures(&input, &mut captures);
        (
            captures.get_match()?.span(),
            captures.get_group_by_name("secret")?,
        )
    } else {
        let whole = regex.search(&input)?.span();
        (whole, whole)
    };
    let span = |s: regex_automata::Span| Span::new(s.start, s.end);
    Some(Match {
        whole: span(whole),
        secret: span(secret),
        assignment: None,
    })
    .filter(|m| !m.secret.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_identifiers() {
        for (text, starts) in [
            ("key", true),
            ("_key", true),
            ("aKey", true),
            ("AAKey", true),
            ("monkey", false),
            ("MONKEY", false),
        ] {
            let at = text.to_ascii_lowercase().find("key").expect("it is there");
            assert_eq!(is_part_start(text.as_bytes(), at), starts, "{text}");
        }
        for (text, ends) in [
            ("key", true),
            ("key_", true),
            ("keyId", true),
            ("keys", true),
            ("KEYS ", true),
            ("keyboard", false),
        ] {
            assert_eq!(is_part_end(text.as_bytes(), 3), ends, "{text}");
        }
    }
}
