//! Values without a format, told by what they are assigned to and by how they look.
//!
//! The rule has found `password = ...` or `api_key: ...`; most of what stands there in real trees is code, a word, a
//! stand-in or an identifier. The checks run from the cheapest to the dearest, and each that fires names its reason.

use super::{Opinion, Subject, entropy, shape, words};
use crate::verify::{Assignment, Operator};
use crate::{Evidence, FileKind, Reason, Span};

/// What kind of value the name promises.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wanted {
    /// A key or token: made by a machine.
    Token,
    /// A password: perhaps made by a person.
    Password,
}

/// Looks at a value that is assigned to a name of a generic rule.
pub fn judge(subject: Subject<'_>, wanted: Wanted) -> Option<Opinion> {
    let value = subject.value();
    let assignment = subject.matched.assignment?;
    if let Some(reason) = form(value, subject, wanted) {
        return Some(Opinion::Against(reason));
    }
    // In a program an unquoted right side is an expression, unless the name is that of a variable of the environment.
    let name = &subject.text[assignment.name.range()];
    let environment = !name.iter().any(u8::is_ascii_lowercase);
    let element = assignment.operator == Operator::Close
        && subject.text[..assignment.name.start].ends_with(b"<");
    if !assignment.quoted
        && !environment
        && !element
        && is_program(subject.kind)
        && value.first().is_some_and(u8::is_ascii_alphabetic)
        && value.len() < 24
    {
        return Some(Opinion::Against(Reason::Code));
    }
    match wanted {
        Wanted::Token => token(value),
        Wanted::Password => password(value, assignment.quoted),
    }
}

/// Whether files of this kind hold program text, where names and expressions stand unquoted.
fn is_program(kind: FileKind) -> bool {
    matches!(
        kind,
        FileKind::Source
            | FileKind::Generated
            | FileKind::TestFixture
            | FileKind::Dependency
            | FileKind::Notebook
    )
}

/// What no secret looks like.
fn form(value: &[u8], subject: Subject<'_>, wanted: Wanted) -> Option<Reason> {
    let assignment = subject.matched.assignment;
    let name = assignment.map_or(&b""[..], |a| &subject.text[a.name.range()]);
    if !value.is_ascii() || value.iter().filter(|&&b| b == b' ').count() > 1 {
        return Some(Reason::Prose);
    }
    if value.contains(&b' ') && wanted == Wanted::Token {
        return Some(Reason::Prose);
    }
    if is_type(value) {
        return Some(Reason::Code);
    }
    if shape::is_uuid(value) || is_about_something_else(name) || is_public_token(name) {
        return Some(Reason::Identifier);
    }
    let listed = assignment.is_some_and(|a| a.operator == Operator::Argument);
    if shape::is_digest(value) && (listed || is_digest_name(name_with_path(subject))) {
        return Some(Reason::Digest);
    }
    if assignment.is_some_and(|a| is_mentioned(subject.text, a)) {
        return Some(Reason::Code);
    }
    if is_sealed(value) {
        return Some(Reason::Encrypted);
    }
    if is_file(value) || names_itself(value) {
        return Some(Reason::Wordlike);
    }
    let pairs = |wanted: &[&[u8; 2]]| {
        value
            .windows(2)
            .any(|w| wanted.iter().any(|pair| w == *pair))
    };
    let path =
        value.starts_with(b"/") && value[1..].contains(&b'/') && words::likeness(value) > 0.35;
    let code = pairs(&[b"()", b"::", b"->", b"=>", b"${", b"{{", b"#{"])
        || memchr::memmem::find(value, b"://").is_some()
        || path
        || value.starts_with(b"./")
        || value.starts_with(b"--")
        || value.starts_with(b"$")
        || value.starts_with(b"%") && value.ends_with(b"%")
        || value.starts_with(b"@") && wanted == Wanted::Token
        || value.starts_with(b"&")
        || value.ends_with(b":")
        || value.iter().any(|b| b"<>{}()".contains(b)) && wanted == Wanted::Token;
    code.then_some(Reason::Code)
}

/// The last parts of names that hold something about a secret, not the secret.
const ABOUT: [&str; 38] = [
    "id",
    "ids",
    "name",
    "names",
    "type",
    "types",
    "file",
    "path",
    "dir",
    "url",
    "uri",
    "endpoint",
    "host",
    "hash",
    "length",
    "len",
    "size",
    "count",
    "expiry",
    "expires",
    "expiration",
    "ttl",
    "prefix",
    "suffix",
    "field",
    "header",
    "label",
    "placeholder",
    "hint",
    "error",
    "message",
    "regex",
    "pattern",
    "policy",
    "version",
    "algorithm",
    "format",
    "arn",
];

fn is_about_something_else(name: &[u8]) -> bool {
    let Some(last) = last_part(name) else {
        return false;
    };
    ABOUT
        .iter()
        .any(|about| last.eq_ignore_ascii_case(about.as_bytes()))
}

/// Whether a name is only mentioned: the value of a variable before a colon (`$PWD:/target`), or a string in a list that
/// another follows (`"user", "password", "localhost"`), where the first of a call's arguments would be a name.
fn is_mentioned(text: &[u8], assignment: Assignment) -> bool {
    let before = &text[..assignment.name.start];
    match assignment.operator {
        Operator::Colon => text[assignment.name.start] == b'$',
        Operator::Argument => {
            let quoted = before
                .strip_suffix(b"\"")
                .or_else(|| before.strip_suffix(b"'"));
            quoted.is_some_and(|before| matches!(before.trim_ascii_end().last(), Some(b',')))
        }
        _ => false,
    }
}

/// The name with what is joined to it on the left, as in `checksum/secret`.
fn name_with_path<'a>(subject: Subject<'a>) -> &'a [u8] {
    let Some(assignment) = subject.matched.assignment else {
        return b"";
    };
    let Span { start, end } = assignment.name;
    let before = subject.text[..start].iter().rev().take(32);
    let joined = before
        .take_while(|b| b.is_ascii_alphanumeric() || b"/_-.".contains(b))
        .count();
    &subject.text[start - joined..end]
}

/// Whether a value is that of a SealedSecret: it begins with the length of a key of 4096 bits or so, in base64.
fn is_sealed(value: &[u8]) -> bool {
    value.len() > 200 && matches!(value, [b'A', b'g', b'A'..=b'D', ..])
}

/// Whether a value is a path to a file: folders, and an ending of a few letters.
fn is_file(value: &[u8]) -> bool {
    let Some(slash) = memchr::memrchr(b'/', value) else {
        return false;
    };
    let ending = value[slash..]
        .rsplit(|&b| b == b'.')
        .next()
        .unwrap_or_default();
    ending.len() < value.len() - slash
        && (1..=5).contains(&ending.len())
        && ending.iter().all(u8::is_ascii_alphabetic)
}

/// Whether a value holds the word that names what it should be: it is another name, such as `SHOP_PASSWORD,required`.
fn names_itself(value: &[u8]) -> bool {
    let lower = value.to_ascii_lowercase();
    let named = [
        &b"password"[..],
        b"passwd",
        b"secret",
        b"token",
        b"apikey",
        b"api_key",
    ]
    .iter()
    .any(|word| memchr::memmem::find(&lower, word).is_some());
    named && words::likeness(value) > 0.5
}

/// Words in the names of tokens that open nothing: they mark a page, a form or a place.
const PUBLIC: [&str; 8] = [
    "next",
    "page",
    "pagination",
    "continuation",
    "csrf",
    "xsrf",
    "cancellation",
    "marker",
];

fn is_public_token(name: &[u8]) -> bool {
    let name = name.to_ascii_lowercase();
    PUBLIC
        .iter()
        .any(|word| memchr::memmem::find(&name, word.as_bytes()).is_some())
}

/// What stands behind a colon in declarations.
const TYPES: [&str; 14] = [
    "string",
    "str",
    "text",
    "bytes",
    "int",
    "id",
    "bool",
    "boolean",
    "any",
    "none",
    "null",
    "nil",
    "undefined",
    "secretstr",
];

/// Whether a value is the name of a type, perhaps with the mark of what may be absent: `String!`, `str?`.
fn is_type(value: &[u8]) -> bool {
    let bare = value
        .strip_suffix(b"!")
        .or_else(|| value.strip_suffix(b"?"))
        .unwrap_or(value);
    TYPES
        .iter()
        .any(|t| bare.eq_ignore_ascii_case(t.as_bytes()))
}

/// The last part of `snake_case`, `kebab-case`, `dotted.name` or `camelCase`.
fn last_part(name: &[u8]) -> Option<&[u8]> {
    let part = name
        .rsplit(|b| !b.is_ascii_alphanumeric())
        .find(|part| !part.is_empty())?;
    let hump = (1..part.len())
        .rev()
        .find(|&i| part[i].is_ascii_uppercase() && part[i - 1].is_ascii_lowercase());
    Some(&part[hump.unwrap_or(0)..])
}

fn is_digest_name(name: &[u8]) -> bool {
    let name = name.to_ascii_lowercase();
    [
        "sha",
        "md5",
        "hash",
        "digest",
        "checksum",
        "commit",
        "rev",
        "etag",
        "fingerprint",
        "public",
    ]
    .iter()
    .any(|word| memchr::memmem::find(&name, word.as_bytes()).is_some())
}

fn token(value: &[u8]) -> Option<Opinion> {
    let digits = value.iter().filter(|b| b.is_ascii_digit()).count();
    let letters = value.iter().filter(|b| b.is_ascii_alphabetic()).count();
    if value.len() < 10 || letters == 0 {
        return Some(Opinion::Against(Reason::LowEntropy));
    }
    let likeness = words::likeness(value);
    let mixed =
        value.iter().any(u8::is_ascii_lowercase) && value.iter().any(u8::is_ascii_uppercase);
    if likeness > 0.5 || digits == 0 && !(mixed && value.len() >= 20) {
        return Some(Opinion::Against(Reason::Wordlike));
    }
    let bits = entropy::shannon(value);
    // The most that a value of this length can have, were all its characters different, is log2(length).
    let fill = bits / (value.len() as f64).log2();
    let hex = value.iter().all(u8::is_ascii_hexdigit);
    if hex && bits < 2.8 || !hex && (fill < 0.72 || bits < 2.9) && bits < 3.6 {
        return Some(Opinion::Against(Reason::LowEntropy));
    }
    if value.len() < 16 || likeness > 0.35 || digits < 2 {
        return Some(Opinion::Doubt(Reason::Wordlike));
    }
    Some(Opinion::For(Evidence::Entropy(bits)))
}

fn password(value: &[u8], quoted: bool) -> Option<Opinion> {
    if value.len() < 6 || value.len() > 128 {
        return Some(Opinion::Against(Reason::LowEntropy));
    }
    let digits = value.iter().any(u8::is_ascii_digit);
    let special = value
        .iter()
        .any(|b| b.is_ascii_punctuation() && !matches!(b, b'_' | b'-' | b'.'));
    let upper = value.iter().any(u8::is_ascii_uppercase);
    let lower = value.iter().any(u8::is_ascii_lowercase);
    let classes = [digits, special, upper, lower]
        .iter()
        .filter(|&&x| x)
        .count();
    let bits = entropy::shannon(value);
    if bits < 1.8 || !upper && !lower {
        return Some(Opinion::Against(Reason::LowEntropy));
    }
    let identifier = value
        .iter()
        .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'));
    let likeness = words::likeness(value);
    if identifier && likeness > 0.5 && !digits {
        return Some(Opinion::Against(Reason::Wordlike));
    }
    if classes < 2
        || !digits && !special
        || likeness > 0.6 && !special
        || !quoted && value.len() < 8
    {
        return Some(Opinion::Doubt(Reason::Wordlike));
    }
    Some(Opinion::For(Evidence::Entropy(bits)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verify::Match;

    fn of(
        wanted: Wanted,
        name: &str,
        value: &str,
        quoted: bool,
        kind: FileKind,
    ) -> Option<Opinion> {
        let text = format!("{name}={value}");
        let secret = Span::new(name.len() + 1, text.len());
        let assignment = Assignment {
            name: Span::new(0, name.len()),
            operator: Operator::Equals,
            value: secret,
            quoted,
        };
        let matched = Match {
            whole: Span::new(0, text.len()),
            secret,
            assignment: Some(assignment),
        };
        judge(
            Subject {
                text: text.as_bytes(),
                matched,
                kind,
            },
            wanted,
        )
    }

    fn is_for(opinion: Option<Opinion>) -> bool {
        matches!(opinion, Some(Opinion::For(_)))
    }

    #[test]
    fn random_values_pass() {
        let value = ["k3Vq8zW1", "xT9bLm2R", "y7Qd"].concat();
        assert!(is_for(of(
            Wanted::Token,
            "api_key",
            &value,
            true,
            FileKind::Source
        )));
        assert!(is_for(of(
            Wanted::Token,
            "API_KEY",
            &value,
            false,
            FileKind::Config
        )));
        assert!(is_for(of(
            Wanted::Password,
            "password",
            &value[..9],
            true,
            FileKind::Source
        )));
    }

    #[test]
    fn what_is_no_secret_is_dropped_for_its_reason() {
        use FileKind::Source;
        use Reason::{Code, Digest, Identifier, Prose, Wordlike};
        for (wanted, name, value, quoted, reason) in [
            (Wanted::Token, "token", "this is only a label", true, Prose),
            (
                Wanted::Token,
                "token_id",
                "k3Vq8zW1xT9bLm2R",
                true,
                Identifier,
            ),
            (
                Wanted::Token,
                "secretName",
                "k3Vq8zW1xT9bLm2R",
                true,
                Identifier,
            ),
            (Wanted::Token, "token", "next_item_value", false, Code),
            (Wanted::Token, "token", "user_session_token", true, Wordlike),
            (
                Wanted::Token,
                "key_sha1",
                &"0123456789abcdef0123"[..].repeat(2),
                true,
                Digest,
            ),
            (
                Wanted::Password,
                "password",
                "form.password",
                true,
                Wordlike,
            ),
        ] {
            assert_eq!(
                of(wanted, name, value, quoted, Source),
                Some(Opinion::Against(reason)),
                "{name}={value}"
            );
        }
    }
}
