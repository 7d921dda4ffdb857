//! Passwords in URLs and connection strings: most that stand in source are stand-ins.

use super::{Opinion, Subject, placeholder, reference, words};
use crate::Reason;

/// Hosts that documentation uses (RFC 2606), as the end of the authority.
const EXAMPLE_HOSTS: [&[u8]; 6] = [
    b"example.com",
    b"example.org",
    b"example.net",
    b".example",
    b".invalid",
    b".test",
];
/// Addresses that documentation uses (RFC 5737, RFC 3849), as the start of the authority.
const EXAMPLE_NETS: [&[u8]; 4] = [b"192.0.2.", b"198.51.100.", b"203.0.113.", b"[2001:db8:"];
/// What documentation writes where the host belongs.
const STAND_IN_HOSTS: [&[u8]; 5] = [b"host", b"hostname", b"server", b"domain.com", b"your-host"];
/// How far the parts of a URL are followed, in bytes.
const REACH: usize = 256;

/// Looks at the password, at the user before it and the host behind it.
pub fn judge(subject: Subject<'_>) -> Option<Opinion> {
    let password = subject.value();
    if let Some(reason) = reference::judge(password) {
        return Some(Opinion::Against(reason));
    }
    if is_template(password) {
        return Some(Opinion::Against(Reason::Reference));
    }
    let (user, host) = (user(subject), host(subject));
    if let Some(reason) = placeholder::judge(password) {
        // `user:password@`, or both made up for a host that is: nothing is left to doubt. `user:secret@` may well be the
        // login of somebody's database.
        let is_example = names_password(password) || is_example(host);
        return Some(if is_stand_in(user) && is_example {
            Opinion::Against(reason)
        } else {
            Opinion::Doubt(reason)
        });
    }
    if user.eq_ignore_ascii_case(password) {
        return Some(Opinion::Doubt(Reason::Placeholder));
    }
    if is_example(host) {
        return Some(Opinion::Doubt(Reason::DocumentedExample));
    }
    let plain_word = password.iter().all(u8::is_ascii_lowercase) && password.len() < 12;
    (plain_word || words::likeness(password) > 0.8).then_some(Opinion::Doubt(Reason::Wordlike))
}

fn is_example(host: &[u8]) -> bool {
    EXAMPLE_HOSTS
        .iter()
        .any(|end| ends_with_ignore_case(host, end))
        || EXAMPLE_NETS
            .iter()
            .any(|start| starts_with_ignore_case(host, start))
        || STAND_IN_HOSTS
            .iter()
            .any(|name| host.eq_ignore_ascii_case(name))
}

/// Users that stand for any user.
const STAND_INS: [&[u8]; 6] = [b"user", b"username", b"usr", b"login", b"name", b"usuario"];

fn is_stand_in(user: &[u8]) -> bool {
    STAND_INS.iter().any(|name| user.eq_ignore_ascii_case(name))
        || placeholder::judge(user).is_some()
}

/// Whether the stand-in says that it is one for a password.
fn names_password(password: &[u8]) -> bool {
    let lower = password.to_ascii_lowercase();
    [&b"pass"[..], b"pwd", b"pw"].iter().any(|name| {
        lower == *name || name.len() > 2 && memchr::memmem::find(&lower, name).is_some()
    })
}

/// `{password}`, `<password>`, `$PASS`, `%s`, `***`: a template or a mask.
fn is_template(password: &[u8]) -> bool {
    let between =
        |open: u8, close: u8| password.starts_with(&[open]) && password.ends_with(&[close]);
    between(b'{', b'}')
        || between(b'<', b'>')
        || between(b'[', b']')
        || between(b'%', b'%')
        || password.starts_with(b"$")
        || memchr::memmem::find(password, b"${").is_some()
        || memchr::memmem::find(password, b"{{").is_some()
        || password.ends_with(b"()")
        || matches!(password, b"%s" | b"%d" | b"%v" | b"%@")
        || password
            .iter()
            .all(|&b| matches!(b, b'*' | b'.' | b'x' | b'X' | b'-'))
}

/// The user name before `:password`; empty where there is none.
fn user<'a>(subject: Subject<'a>) -> &'a [u8] {
    let start = subject.matched.secret.start;
    let before = &subject.text[start.saturating_sub(REACH)..start];
    let Some(name) = before.strip_suffix(b":") else {
        return b"";
    };
    name.rsplit(|b| matches!(b, b'/' | b':' | b'@' | b'"' | b'\'') || b.is_ascii_whitespace())
        .next()
        .unwrap_or_default()
}

/// The host behind `password@`; empty where there is none.
fn host<'a>(subject: Subject<'a>) -> &'a [u8] {
    let rest = &subject.text[subject.matched.secret.end..];
    let Some(rest) = rest.strip_prefix(b"@") else {
        return b"";
    };
    // An address of IPv6 stands in brackets and has colons.
    let is_bracketed = rest.starts_with(b"[");
    let len = rest
        .iter()
        .take(REACH)
        .take_while(|b| {
            b.is_ascii_alphanumeric() || b".-_%".contains(b) || is_bracketed && b"[:".contains(b)
        })
        .count();
    &rest[..len]
}

fn starts_with_ignore_case(text: &[u8], start: &[u8]) -> bool {
    text.len() >= start.len() && text[..start.len()].eq_ignore_ascii_case(start)
}

fn ends_with_ignore_case(text: &[u8], end: &[u8]) -> bool {
    text.len() >= end.len() && text[text.len() - end.len()..].eq_ignore_ascii_case(end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verify::Match;
    use crate::{FileKind, Span};

    fn of(user: &str, password: &str, host: &str) -> Option<Opinion> {
        let text = format!("db://{user}:{password}@{host}/x");
        let start = 6 + user.len();
        let secret = Span::new(start, start + password.len());
        let matched = Match {
            whole: secret,
            secret,
            assignment: None,
        };
        judge(Subject {
            text: text.as_bytes(),
            matched,
            kind: FileKind::Config,
        })
    }

    #[test]
    fn stand_ins_are_doubted_and_templates_dropped() {
        assert_eq!(of("app", "k3Vq8-zW1", "db.internal"), None);
        assert_eq!(
            of("app", "${DB_PASS}", "db.internal"),
            Some(Opinion::Against(Reason::Reference))
        );
        assert_eq!(
            of("postgres", "postgres", "db"),
            Some(Opinion::Doubt(Reason::Placeholder))
        );
        assert_eq!(
            of("shop", "changeme", "db"),
            Some(Opinion::Doubt(Reason::Placeholder))
        );
        assert_eq!(
            of("user", "password", "db"),
            Some(Opinion::Against(Reason::Placeholder))
        );
        assert_eq!(
            of("app", "k3Vq8-zW1", "db.example.com"),
            Some(Opinion::Doubt(Reason::DocumentedExample))
        );
        assert_eq!(
            of("user", "secret", "db"),
            Some(Opinion::Doubt(Reason::Placeholder))
        );
        for host in ["db.example.com", "192.0.2.7", "[2001:db8::1]"] {
            assert_eq!(
                of("user", "secret", host),
                Some(Opinion::Against(Reason::Placeholder)),
                "{host}"
            );
        }
        assert_eq!(
            of("x:\"user", "password", "db"),
            Some(Opinion::Against(Reason::Placeholder))
        );
        assert_eq!(of("app", "k3Vq8-zW1", "%2Ftmp%2Fdb.sock"), None);
        assert_eq!(
            of("app", "sesame", "db.internal"),
            Some(Opinion::Doubt(Reason::Wordlike))
        );
    }
}
