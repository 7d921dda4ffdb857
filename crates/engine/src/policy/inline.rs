//! Comments in the scanned text that allow a finding.
//!
//! Ours is `keysieve:allow`, with an optional rule id, `until=YYYY-MM-DD` and `reason="..."`, on the line of the finding
//! or alone on the line before. The comments of other scanners mean the same as in theirs.

use memchr::memmem;

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

/// What a comment says of a finding.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Comment {
    /// It is allowed; the comment.
    Allows(String),
    /// It was allowed until this day.
    Expired(String),
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

/// The comment that speaks of a finding of `rule`, if there is one.
pub fn find(lines: Lines<'_>, rule: &str, today: &str) -> Option<Comment> {
    let mut expired = None;
    let alone = Some(lines.before).filter(|line| is_comment(line));
    for line in lines.on.into_iter().chain(alone) {
        match ours(line, rule, today) {
            Some(Comment::Allows(note)) => return Some(Comment::Allows(note)),
            Some(other) => expired = Some(other),
            None => {}
        }
    }
    let holds = |line: &[u8], mark: &&str| memmem::find(line, mark.as_bytes()).is_some();
    let peer = PEERS
        .iter()
        .find(|mark| lines.on.iter().any(|line| holds(line, mark)));
    let peer = peer.or_else(|| PEERS_BEFORE.iter().find(|mark| holds(lines.before, mark)));
    peer.map(|mark| Comment::Allows(format!("comment `{mark}`")))
        .or(expired)
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

fn ours(line: &[u8], rule: &str, today: &str) -> Option<Comment> {
    let at = memmem::find(line, OURS)?;
    let rest = String::from_utf8_lossy(&line[at + OURS.len()..]);
    if rest.starts_with(|c: char| c.is_alphanumeric() || c == '-' || c == '_') {
        return None;
    }
    let words = rest.split_whitespace();
    let mut named = words
        .clone()
        .take_while(|w| !w.contains('='))
        .filter(|w| w.contains('-') && is_id(w))
        .peekable();
    if named.peek().is_some() && !named.any(|id| id == rule) {
        return None;
    }
    let until = words
        .into_iter()
        .find_map(|w| w.strip_prefix("until="))
        .map(|day| day.trim_matches('"'));
    match until {
        Some(day) if !is_day(day) || !today.is_empty() && day < today => {
            Some(Comment::Expired(day.to_owned()))
        }
        _ => Some(Comment::Allows(format!(
            "comment `keysieve:allow`{}",
            reason(&rest)
        ))),
    }
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

fn reason(rest: &str) -> String {
    let Some((_, after)) = rest.split_once("reason=\"") else {
        return String::new();
    };
    let Some((reason, _)) = after.split_once('"') else {
        return String::new();
    };
    format!(
        ": {}",
        reason
            .chars()
            .filter(|c| !c.is_control())
            .take(200)
            .collect::<String>()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> Option<Comment> {
        let at = text.find("SECRET").expect("a finding");
        find(
            Lines::around(text.as_bytes(), Span::new(at, at + 6)),
            "acme-key",
            "2026-06-01",
        )
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
    fn both_ends_of_a_block_are_looked_at() {
        let text = b"SECRET\nb\nc # gitleaks:allow\n";
        assert!(find(Lines::around(text, Span::new(0, 10)), "x-y", "").is_some());
        assert!(find(Lines::around(text, Span::new(0, 6)), "x-y", "").is_none());
    }
}
