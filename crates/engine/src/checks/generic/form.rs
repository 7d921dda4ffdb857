//! What no secret looks like, and the places where none stands.

use data_encoding::BASE64_NOPAD;

use super::{Wanted, name};
use crate::checks::{Opinion, Subject, placeholder, reference, shape, words};
use crate::verify::{Assignment, Operator};
use crate::{FileKind, Reason, Span};

/// The shortest password that is taken for one, in characters: `!1` and `N/A` are none.
const MIN_VALUE: usize = 6;

/// Why the value of `assignment` is none, or hardly one.
pub(super) fn judge(
    subject: Subject<'_>,
    assignment: Assignment,
    wanted: Wanted,
) -> Option<Opinion> {
    let value = subject.value();
    let name = &subject.text[assignment.name.range()];
    let listed = assignment.operator == Operator::Argument;
    let reason = if let Some(reason) = prose(value, wanted) {
        reason
    } else if name::is_about_something_else(name)
        || name::is_public_token(name)
        || shape::is_date(value)
    {
        Reason::Identifier
    } else if name::is_false(name) {
        Reason::Placeholder
    } else if is_type(value)
        || is_no_assignment(subject.text, assignment)
        || is_expression(subject, assignment)
        || is_code(value, wanted)
    {
        Reason::Code
    } else if shape::is_digest(value) && (listed || name::is_digest(name_with_path(subject))) {
        Reason::Digest
    } else if value.len() < MIN_VALUE {
        Reason::LowEntropy
    } else if is_sealed(value) {
        Reason::Encrypted
    } else if is_file(value) || names_itself(value) {
        Reason::Wordlike
    } else if shape::is_uuid(value) {
        // Many ids are UUIDs, and some vendors' keys.
        return Some(Opinion::Doubt(Reason::Identifier));
    } else {
        encoded_text(value)?
    };
    Some(Opinion::Against(reason))
}

/// Text for people: other letters than ASCII, several words, or two words without a digit.
fn prose(value: &[u8], wanted: Wanted) -> Option<Reason> {
    let blanks = value.iter().filter(|&&b| b == b' ').count();
    let is_prose = !value.is_ascii()
        || blanks > 1
        || blanks == 1 && (wanted == Wanted::Token || !value.iter().any(u8::is_ascii_digit));
    is_prose.then_some(Reason::Prose)
}

/// What stands behind a colon in declarations.
const TYPES: [&str; 15] = [
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
    "*const",
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

/// Whether what looks like an assignment is none: the name is only mentioned, or it belongs to something else.
fn is_no_assignment(text: &[u8], assignment: Assignment) -> bool {
    let Span { start, end } = assignment.name;
    let before = &text[..start];
    // `user://password:...`: the user part of a URL.
    if before.ends_with(b"//") {
        return true;
    }
    match assignment.operator {
        // `$PWD:/target`, `$(pwd):/target`, `${PWD}:/target`, `` `pwd`:/target``: the value of a variable or of a command.
        Operator::Colon => {
            text[start] == b'$'
                || before.ends_with(b"$(")
                || before.ends_with(b"${")
                || before.ends_with(b"`") && text[end..].starts_with(b"`:/")
        }
        // `<password>v</password>`, `<input name="password">v`; not `echo $PWD > file`, `user:password>`, `p->password`.
        Operator::Close => {
            let line = before.len()
                - before
                    .iter()
                    .rev()
                    .take(256)
                    .take_while(|&&b| b != b'\n')
                    .count();
            memchr::memrchr(b'<', &before[line..])
                .is_none_or(|at| before[line + at..].contains(&b'>'))
        }
        Operator::Argument => {
            let opened = before
                .last()
                .is_some_and(|b| matches!(b, b'"' | b'\'' | b'`'));
            match text.get(end) {
                // `setPassword("v")`, not `password.strip("v")`.
                Some(b'(' | b' ') => !name::ends_in_secret(&text[start..end]),
                // A string that another follows: a name where it is the first of a call's arguments or of a pair, a value
                // in a list, and mentioned where it is only part of the string.
                Some(b'"' | b'\'' | b'`' | b'\\') if opened => {
                    let outside = before[..start - 1].trim_ascii_end();
                    let outside = outside.strip_suffix(b"\\").unwrap_or(outside);
                    outside.trim_ascii_end().ends_with(b",")
                }
                _ => true,
            }
        }
        Operator::Beside => true,
        Operator::Equals | Operator::Compare | Operator::Cell => false,
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

/// Whether the value is an expression: in a program an unquoted right side is one, unless the name is that of a variable
/// of the environment, or the place is the text of an element.
fn is_expression(subject: Subject<'_>, assignment: Assignment) -> bool {
    let value = subject.value();
    let name = &subject.text[assignment.name.range()];
    let environment = !name.iter().any(u8::is_ascii_lowercase);
    !assignment.quoted
        && !environment
        && assignment.operator != Operator::Close
        && is_program(subject.kind)
        && value.first().is_some_and(u8::is_ascii_alphabetic)
        && value.len() < 24
        && (words::advantage(value) < DRAWN || value.iter().all(u8::is_ascii_alphabetic))
}

/// From so many bits on, a value is rather drawn than the name of a variable; it stands in the text of a script, perhaps.
const DRAWN: f64 = 8.0;

/// Whether a value has what programs and their formats have and secrets have not.
fn is_code(value: &[u8], wanted: Wanted) -> bool {
    let pairs = |wanted: &[&[u8; 2]]| {
        value
            .windows(2)
            .any(|w| wanted.iter().any(|pair| w == *pair))
    };
    let begins = |starts: &[&[u8]]| starts.iter().any(|start| value.starts_with(start));
    let slashes = value.iter().filter(|&&b| b == b'/').count();
    // Base64 can begin with either.
    let path =
        (value.starts_with(b"/") || value.starts_with(b"+")) && words::likeness(value) > 0.35;
    // Of random base64, one character in 64 is a slash.
    let long_path = slashes >= 4 && slashes * 10 >= value.len();
    path || long_path
        || pairs(&[b"()", b"::", b"->", b"=>", b"${", b"{{", b"#{"])
        || memchr::memmem::find(value, b"://").is_some()
        || begins(&[b"./", b"--", b"$", b"&", b",", b"\\"])
        || value.starts_with(b"@") && wanted == Wanted::Token
        || value.starts_with(b"%") && value.ends_with(b"%")
        || value.ends_with(b":")
        || value.ends_with(b",")
        || value.iter().any(|b| b"<>{}()".contains(b)) && wanted == Wanted::Token
        || value.ends_with(b"(")
        || begins(&[b"%s", b"%n", b"%d", b"%v"])
        || is_color(value)
        || is_usage(value)
        || is_chain(value)
}

/// `#f5f7fa`, perhaps with its share of transparency.
fn is_color(value: &[u8]) -> bool {
    matches!(value, [b'#', digits @ ..]
        if matches!(digits.len(), 3 | 4 | 6 | 8) && digits.iter().all(u8::is_ascii_hexdigit))
}

/// `host[:port]`: what may be left out.
fn is_usage(value: &[u8]) -> bool {
    memchr::memmem::find(value, b"[:").is_some() || memchr::memmem::find(value, b"[-").is_some()
}

/// Words joined by what joins options, members and parts of an address: `required|max:255`, `a.b.C#d`, `build:hook`.
fn is_chain(value: &[u8]) -> bool {
    let is_link = |b: u8| {
        matches!(
            b,
            b'|' | b'.' | b'#' | b':' | b'/' | b',' | b'_' | b'-' | b'+' | b'@'
        )
    };
    let links = value
        .iter()
        .filter(|&&b| matches!(b, b'|' | b'.' | b'#' | b':' | b'/' | b'+'))
        .count();
    links > 0
        && value.split(|&b| is_link(b)).all(|word| {
            let letters = word.iter().take_while(|b| b.is_ascii_alphabetic()).count();
            // A word and at most three digits, or a number.
            word.len() - letters <= 3 && word[letters..].iter().all(u8::is_ascii_digit)
        })
        && words::advantage(value) < -6.0
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

/// The shortest base64 that is read: twelve random characters are printable text once in 13,000 draws.
const MIN_ENCODED: usize = 12;

/// Why a value that is base64 of a text is none: for what the text says.
fn encoded_text(value: &[u8]) -> Option<Reason> {
    let padding = value.iter().rev().take_while(|&&b| b == b'=').count();
    if value.len() < MIN_ENCODED || padding > 2 || !value.len().is_multiple_of(4) {
        return None;
    }
    let text = BASE64_NOPAD.decode(&value[..value.len() - padding]).ok()?;
    let text = text.trim_ascii();
    if !text.iter().all(|&b| b == b' ' || b.is_ascii_graphic()) {
        return None;
    }
    reference::judge(text)
        .or_else(|| placeholder::judge(text))
        .or_else(|| (words::likeness(text) > 0.6).then_some(Reason::Wordlike))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_programs_write_is_code() {
        for value in [
            "required|string",
            "required|alpha_dash|string|max:255",
            "org.example.dbcp2.BasicDataSource#getUsername",
            "classpath:test.jks",
            "build:cli+hook",
            "host[:port]",
            "#f5f7fa",
            "%s%n%nThis",
            "+new",
            "//example.com/v1/projects",
            "api-integrations/all",
            "/helm-docs",
        ] {
            assert!(is_code(value.as_bytes(), Wanted::Password), "{value}");
        }
        for value in [
            "hunter2!",
            "p4ss:w0rd",
            "k3Vq8zW1.xT9",
            "Tr0ub4dor&3",
            "a1b2/c3d4+e5",
        ] {
            assert!(!is_code(value.as_bytes(), Wanted::Password), "{value}");
        }
    }

    #[test]
    fn base64_of_words_is_judged_by_the_words() {
        let encode = |text: &str| data_encoding::BASE64.encode(text.as_bytes());
        for (text, reason) in [
            ("your-mail-key-here", Some(Reason::Placeholder)),
            ("https://api.shop.internal\n", Some(Reason::Wordlike)),
            ("some-plain-words\n", Some(Reason::Wordlike)),
            (&["k3Vq8zW1", "xT9bLm2R"].concat(), None),
        ] {
            assert_eq!(encoded_text(encode(text).as_bytes()), reason, "{text}");
        }
        assert_eq!(encoded_text(b"c29tZQ=="), None);
    }
}
