//! Comments in the scanned text that allow a finding.
//!
//! Ours is `keysieve:allow`, with an optional rule id and the fields of an exception: `until=YYYY-MM-DD`, `reason="..."`,
//! `owner=...`, `ticket=...`; on the line of the finding or alone on the line before. The comments of other scanners mean
//! the same as in theirs. They have no fields, so where the policy requires some they do not count.

use memchr::memmem;

use serde::Deserialize;

use crate::Span;

/// The lines that a comment can stand in.
#[derive(Clone, Copy, Debug)]
pub struct Lines<'a> {
    /// The line before the finding.
    pub before: &'a [u8],
    /// The line in which it begins, and the one in which it ends.
    pub on: [&'a [u8]; 2],
}

/// The longest part of a line that is looked at, on either side of the finding.
const REACH: usize = 2048;

impl<'a> Lines<'a> {
    /// The lines around `span` in `text`.
    pub fn around(text: &'a [u8], span: Span) -> Self {
        let line_start = |at: usize| {
            let from = at.saturating_sub(REACH);
            memchr::memrchr(b'\n', &text[from..at]).map_or(from, |i| from + i + 1)
        };
        let line_end = |at: usize| {
            let to = text.len().min(at + REACH);
            memchr::memchr(b'\n', &text[at..to]).map_or(to, |i| at + i)
        };
        let start = line_start(span.start);
        let before = if start == 0 {
            &text[..0]
        } else {
            &text[line_start(start - 1)..start - 1]
        };
        let last = line_start(span.end.max(1) - 1).max(start);
        Self {
            before,
            on: [
                &text[start..line_end(span.start)],
                &text[last..line_end(span.end)],
            ],
        }
    }
}

/// What a comment can say beside the rule.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Field {
    /// Why it is right not to report the finding.
    Reason,
    /// The last day when the comment holds.
    Until,
    /// Who answers for it.
    Owner,
    /// Where it was discussed.
    Ticket,
}

impl Field {
    /// All, in the order in which they are told.
    pub const ALL: [Self; 4] = [Self::Reason, Self::Until, Self::Owner, Self::Ticket];

    /// The name in comments and settings.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Reason => "reason",
            Self::Until => "until",
            Self::Owner => "owner",
            Self::Ticket => "ticket",
        }
    }
}

/// What a comment says of a finding.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Comment {
    /// It is allowed; the comment.
    Allows(String),
    /// It was allowed until this day.
    Expired(String),
    /// It would be allowed, but the comment lacks these fields.
    Lacks(String),
}

const OURS: &[u8] = b"keysieve:allow";

/// What the other scanners read, on the line of the finding.
const PEERS: [&str; 8] = [
    "gitleaks:allow",
    "betterleaks:allow",
    "pragma: allowlist secret",
    "pragma: whitelist secret",
    "trufflehog:ignore",
    "kingfisher:ignore",
    "secretlint-disable-line",
    "ggignore",
];

/// What the other scanners read, on the line before.
const PEERS_BEFORE: [&str; 2] = [
    "pragma: allowlist nextline secret",
    "secretlint-disable-next-line",
];

/// The comment that speaks of a finding of `rule`, if there is one. It must have the fields that are `required`.
pub fn find(lines: Lines<'_>, rule: &str, today: &str, required: &[Field]) -> Option<Comment> {
    let mut of_no_use = None;
    let alone = Some(lines.before).filter(|line| is_comment(line));
    for line in lines.on.into_iter().chain(alone) {
        match ours(line, rule, today, required) {
            Some(Comment::Allows(note)) => return Some(Comment::Allows(note)),
            Some(other) => of_no_use = Some(other),
            None => {}
        }
    }
    let holds = |line: &[u8], mark: &&str| memmem::find(line, mark.as_bytes()).is_some();
    let peer = PEERS
        .iter()
        .find(|mark| lines.on.iter().any(|line| holds(line, mark)));
    let peer = peer.or_else(|| PEERS_BEFORE.iter().find(|mark| holds(lines.before, mark)));
    let peer = peer.map(|mark| match required {
        [] => Comment::Allows(format!("comment `{mark}`")),
        _ => Comment::Lacks(names(required)),
    });
    match (peer, of_no_use) {
        (Some(Comment::Lacks(_)) | None, Some(ours)) => Some(ours),
        (peer, _) => peer,
    }
}

/// Whether a line holds nothing but a comment.
fn is_comment(line: &[u8]) -> bool {
    let line = line.trim_ascii_start();
    [
        &b"#"[..],
        b"//",
        b"--",
        b";",
        b"/*",
        b"<!--",
        b"%",
        b"*",
        b"rem ",
        b"REM ",
    ]
    .iter()
    .any(|m| line.starts_with(m))
}

fn ours(line: &[u8], rule: &str, today: &str, required: &[Field]) -> Option<Comment> {
    let at = memmem::find(line, OURS)?;
    let rest = String::from_utf8_lossy(&line[at + OURS.len()..]);
    if rest.starts_with(|c: char| c.is_alphanumeric() || c == '-' || c == '_') {
        return None;
    }
    let mut named = rest
        .split_whitespace()
        .take_while(|w| !w.contains('='))
        .filter(|w| w.contains('-') && is_id(w))
        .peekable();
    if named.peek().is_some() && !named.any(|id| id == rule) {
        return None;
    }
    let until = value(&rest, Field::Until);
    if let Some(day) = until
        && (!is_day(day) || !today.is_empty() && day < today)
    {
        return Some(Comment::Expired(said(day)));
    }
    let lacks = |field: &Field| value(&rest, *field).is_none_or(|v| v.trim().is_empty());
    let missing: Vec<Field> = required.iter().copied().filter(lacks).collect();
    if !missing.is_empty() {
        return Some(Comment::Lacks(names(&missing)));
    }
    let mut note = "comment `keysieve:allow`".to_owned();
    for (field, joint) in [
        (Field::Owner, " of "),
        (Field::Until, " until "),
        (Field::Ticket, ", "),
        (Field::Reason, ": "),
    ] {
        if let Some(value) = value(&rest, field) {
            note += joint;
            note += &said(value);
        }
    }
    Some(Comment::Allows(note))
}

/// The value of a field behind the mark: `name=word` or `name="some words"`. What is quoted holds no other field.
fn value(rest: &str, field: Field) -> Option<&str> {
    let mut rest = rest;
    loop {
        rest = rest.trim_start();
        let end = rest.find(|c: char| c.is_whitespace() || c == '=')?;
        let (name, after) = rest.split_at(end);
        let Some(after) = after.strip_prefix('=') else {
            rest = after;
            continue;
        };
        let (value, next) = match after.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"')?,
            None => {
                let end = after.find(char::is_whitespace).unwrap_or(after.len());
                after.split_at(end)
            }
        };
        if name == field.as_str() {
            return Some(value);
        }
        rest = next;
    }
}

/// Names of fields for a person.
fn names(fields: &[Field]) -> String {
    let names: Vec<String> = fields.iter().map(|f| format!("`{}`", f.as_str())).collect();
    names.join(", ")
}

/// What a comment says, for reports.
fn said(value: &str) -> String {
    let visible = value.chars().filter(|c| !c.is_control());
    visible.take(200).collect()
}

fn is_id(word: &str) -> bool {
    word.bytes()
        .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !word.starts_with('-')
}

fn is_day(day: &str) -> bool {
    let b = day.as_bytes();
    b.len() == 10
        && b.iter().enumerate().all(|(i, b)| {
            if i == 4 || i == 7 {
                *b == b'-'
            } else {
                b.is_ascii_digit()
            }
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str, required: &[Field]) -> Option<Comment> {
        let at = text.find("SECRET").expect("a finding");
        let lines = Lines::around(text.as_bytes(), Span::new(at, at + 6));
        find(lines, "acme-key", "2026-06-01", required)
    }

    fn said(text: &str) -> Option<Comment> {
        told(text, &[])
    }

    fn allows(text: &str) -> bool {
        matches!(said(text), Some(Comment::Allows(_)))
    }

    #[test]
    fn our_comment_allows_on_the_line_and_alone_before() {
        assert!(allows("k = SECRET # keysieve:allow"));
        assert!(allows(
            "a\n  // keysieve:allow acme-key reason=\"test key\"\nk = SECRET\n"
        ));
        assert!(allows(
            "k = SECRET # keysieve:allow acme-key until=2026-06-01"
        ));
        assert!(!allows("k = SECRET\n# keysieve:allow"));
        assert!(!allows("j = 1 # keysieve:allow\nk = SECRET"));
        assert!(!allows("k = SECRET # keysieve:allowed"));
    }

    #[test]
    fn it_holds_for_the_named_rule_and_until_its_day() {
        assert_eq!(said("k = SECRET # keysieve:allow other-key"), None);
        let expired = said("k = SECRET # keysieve:allow acme-key until=2026-05-31");
        assert_eq!(expired, Some(Comment::Expired("2026-05-31".into())));
        assert_eq!(
            said("k = SECRET # keysieve:allow until=soon"),
            Some(Comment::Expired("soon".into()))
        );
    }

    #[test]
    fn the_comments_of_other_scanners_are_honoured() {
        for mark in PEERS {
            assert!(allows(&format!("k = SECRET # {mark}")), "{mark}");
        }
        for mark in PEERS_BEFORE {
            assert!(allows(&format!("# {mark}\nk = SECRET")), "{mark}");
            assert!(!allows(&format!("k = SECRET # {mark}")), "{mark}");
        }
    }

    #[test]
    fn the_fields_are_told() {
        let text = "k = SECRET # keysieve:allow owner=@a ticket=T-1 until=2026-06-01 reason=\"a test's owner=x\" more";
        let note = "comment `keysieve:allow` of @a until 2026-06-01, T-1: a test's owner=x";
        assert_eq!(said(text), Some(Comment::Allows(note.into())));
        let quoted = "k = SECRET # keysieve:allow reason=\"until=2020-01-01\"";
        assert!(allows(quoted));
    }

    #[test]
    fn what_is_required_and_missing_is_told() {
        let lacks = |text: &str| match told(text, &Field::ALL) {
            Some(Comment::Lacks(fields)) => fields,
            other => panic!("{text}: {other:?}"),
        };
        assert_eq!(
            lacks("k = SECRET # keysieve:allow acme-key until=2026-06-01 owner=@a"),
            "`reason`, `ticket`"
        );
        assert_eq!(
            lacks("k = SECRET # keysieve:allow reason=\" \" owner= ticket=T until=2026-06-01"),
            "`reason`, `owner`"
        );
        let all = "`reason`, `until`, `owner`, `ticket`";
        assert_eq!(lacks("k = SECRET # gitleaks:allow"), all);
        let full = "# keysieve:allow reason=r until=2026-06-01 owner=@a ticket=T\nk = SECRET";
        assert!(matches!(told(full, &Field::ALL), Some(Comment::Allows(_))));
        let expired = "k = SECRET # keysieve:allow until=2026-05-31 gitleaks:allow";
        assert_eq!(
            told(expired, &Field::ALL),
            Some(Comment::Expired("2026-05-31".into()))
        );
    }

    #[test]
    fn both_ends_of_a_block_are_looked_at() {
        let text = b"SECRET\nb\nc # gitleaks:allow\n";
        assert!(find(Lines::around(text, Span::new(0, 10)), "x-y", "", &[]).is_some());
        assert!(find(Lines::around(text, Span::new(0, 6)), "x-y", "", &[]).is_none());
    }
}
