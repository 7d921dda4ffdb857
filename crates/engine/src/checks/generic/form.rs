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
    } else if is_entity(subject) {
        Reason::Prose
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
    } else if is_file(value) || names_itself(value) || is_technique(value) {
        Reason::Wordlike
    } else if is_user(subject, assignment) {
        // Nobody keeps a password secret that is the name of its user; that it is one is possible.
        return Some(Opinion::Doubt(Reason::Placeholder));
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

/// Whether the value ends in a character reference of HTML, `Redis&reg;`: it is text of a page.
fn is_entity(subject: Subject<'_>) -> bool {
    let value = subject.value();
    let end = subject.matched.secret.end;
    subject.text.get(end) == Some(&b';')
        && memchr::memrchr(b'&', value).is_some_and(|at| {
            let name = &value[at + 1..];
            (2..=8).contains(&name.len()) && name.iter().all(u8::is_ascii_alphabetic)
        })
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
        // `<password>v</password>`, `<input name="password">v`; not `echo $PWD > file`, `user:password>`, `p->password`,
        // `<a@pwd.example> name`.
        Operator::Close => {
            let line = line(before);
            memchr::memrchr(b'<', line)
                .is_none_or(|at| line[at..].iter().any(|b| matches!(b, b'>' | b'@')))
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
        // A row of a table, not a command or a filter: `jsonpath="{.data.password}" | base64`, `{{ .password | quote }}`.
        Operator::Cell => {
            let line = line(before);
            memchr::memchr(b'|', line).is_none()
                && line
                    .iter()
                    .any(|b| !matches!(b, b' ' | b'\t' | b'`' | b'*'))
        }
        Operator::Beside => true,
        Operator::Equals | Operator::Compare => false,
    }
}

/// The last line of `before`, or as much of it as matters.
fn line(before: &[u8]) -> &[u8] {
    let len = before
        .iter()
        .rev()
        .take(256)
        .take_while(|&&b| b != b'\n')
        .count();
    &before[before.len() - len..]
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
    let long_path = slashes >= 4 && slashes * 10 >= value.len()
        // Neither alphabet of base64 has both.
        || slashes >= 3 && value.iter().any(|b| matches!(b, b'-' | b'_'));
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
        || is_call(value)
        || is_pair(value)
        || is_usage(value)
        || is_chain(value)
}

/// `#f5f7fa`, perhaps with its share of transparency.
fn is_color(value: &[u8]) -> bool {
    matches!(value, [b'#', digits @ ..]
        if matches!(digits.len(), 3 | 4 | 6 | 8) && digits.iter().all(u8::is_ascii_hexdigit))
}

/// `rate(15 days)`: a word that is called.
fn is_call(value: &[u8]) -> bool {
    let word = value.iter().take_while(|b| b.is_ascii_alphabetic()).count();
    word > 1 && value.get(word) == Some(&b'(') && value.ends_with(b")")
}

/// `cn=config`: one word set to another.
fn is_pair(value: &[u8]) -> bool {
    let mut words = value.split(|&b| b == b'=');
    let is_word =
        |word: &[u8]| !word.is_empty() && word.iter().all(|b| b.is_ascii_lowercase() || *b == b'-');
    matches!((words.next(), words.next(), words.next()), (Some(name), Some(word), None)
        if is_word(name) && is_word(word))
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

/// What algorithms, encodings and versions of protocols are named by, in front of a number.
const TECHNIQUES: [&str; 22] = [
    "aes", "argon", "b", "base", "crc", "ecdsa", "ed", "es", "hmac", "hs", "http", "ipv", "iso",
    "md", "oauth", "pbkdf", "pkcs", "rs", "rsa", "sha", "utf", "x",
];
/// What stands behind it.
const STEPS: [&str; 9] = [
    "", "cbc", "dec", "decode", "enc", "encode", "gcm", "id", "sum",
];

/// Whether a value is the name of a technique: `base64`, `sha256sum`, `aes-256-gcm`, `b64enc`.
fn is_technique(value: &[u8]) -> bool {
    let bare: Vec<u8> = value
        .iter()
        .take(16)
        .filter(|b| !matches!(b, b'-' | b'_'))
        .map(u8::to_ascii_lowercase)
        .collect();
    let word = bare.iter().take_while(|b| b.is_ascii_lowercase()).count();
    let number = bare[word..]
        .iter()
        .take_while(|b| b.is_ascii_digit())
        .count();
    let among = |list: &[&str], part: &[u8]| list.iter().any(|word| word.as_bytes() == part);
    value.len() <= 16
        // Three digits but for Ed25519.
        && (1..=if word == 2 { 5 } else { 3 }).contains(&number)
        && among(&TECHNIQUES, &bare[..word])
        && among(&STEPS, &bare[word + number..])
}

/// How far in front of a name its user may stand, in bytes.
const USER_REACH: usize = 160;
/// Words in names of users.
const USERS: [&[u8]; 4] = [b"user", b"login", b"account", b"name"];

/// Whether the value stands shortly before as the name of a user: `setUsername("shop7"); setPassword("shop7")`.
fn is_user(subject: Subject<'_>, assignment: Assignment) -> bool {
    let value = subject.value();
    let start = assignment.name.start;
    let before = &subject.text[start.saturating_sub(USER_REACH)..start];
    let is_part = |b: Option<&u8>| b.is_some_and(u8::is_ascii_alphanumeric);
    memchr::memmem::rfind(before, value).is_some_and(|at| {
        let name = before[at.saturating_sub(24)..at].to_ascii_lowercase();
        !is_part(at.checked_sub(1).and_then(|i| before.get(i)))
            && !is_part(before.get(at + value.len()))
            && USERS
                .iter()
                .any(|user| memchr::memmem::find(&name, user).is_some())
    })
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
    use crate::verify::Match;

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
            "rate(15 days)",
            "cn=config",
            "Video40/v4/e3/48-1a/e3481a8f",
        ] {
            assert!(is_code(value.as_bytes(), Wanted::Password), "{value}");
        }
        for value in [
            "hunter2!",
            "p4ss:w0rd",
            "k3Vq8zW1.xT9",
            "Tr0ub4dor&3",
            "a1b2/c3d4+e5",
            "Summer=24",
        ] {
            assert!(!is_code(value.as_bytes(), Wanted::Password), "{value}");
        }
    }

    #[test]
    fn techniques_are_known_by_name() {
        for value in [
            "base64",
            "SHA-256",
            "sha256sum",
            "b64enc",
            "aes_256_gcm",
            "Ed25519",
        ] {
            assert!(is_technique(value.as_bytes()), "{value}");
        }
        for value in ["minio123", "sha256x9", "base", "hunter2", "x9kk2y", "b"] {
            assert!(!is_technique(value.as_bytes()), "{value}");
        }
    }

    /// The opinion on the value that ends `text`, or that `after` follows, under the last name in it.
    fn of(
        text: &str,
        name: &str,
        value: &str,
        operator: Operator,
        quoted: bool,
    ) -> Option<Opinion> {
        let at = text.rfind(name).expect("the name stands in the text");
        let from = at + text[at..].find(value).expect("the value stands behind it");
        let assignment = Assignment {
            name: Span::new(at, at + name.len()),
            operator,
            value: Span::new(from, from + value.len()),
            quoted,
        };
        let matched = Match {
            whole: Span::new(at, from + value.len()),
            secret: assignment.value,
            assignment: Some(assignment),
        };
        let subject = Subject {
            text: text.as_bytes(),
            matched,
            kind: FileKind::Documentation,
        };
        judge(subject, assignment, Wanted::Password)
    }

    #[test]
    fn pipes_are_no_tables() {
        let cell = |text| of(text, "password", "hunter2!", Operator::Cell, false);
        assert_eq!(cell("| password | hunter2! |"), None);
        assert_eq!(cell("password | hunter2!"), None);
        assert_eq!(
            cell("get secret -o '{.data.password}' | hunter2!"),
            Some(Opinion::Against(Reason::Code))
        );
    }

    #[test]
    fn addresses_of_mail_are_no_tags() {
        let value = ["hunter2", "!"].concat();
        let close = |text: &str| of(text, "password", &value, Operator::Close, false);
        assert_eq!(close(&format!("<password>{value}</p>")), None);
        assert_eq!(
            close(&format!("me <me@password> {value}")),
            Some(Opinion::Against(Reason::Code))
        );
    }

    #[test]
    fn text_of_a_page_is_prose() {
        let of = |text| of(text, "password", "Redis&reg", Operator::Equals, false);
        assert_eq!(
            of("password=Redis&reg;"),
            Some(Opinion::Against(Reason::Prose))
        );
        assert_eq!(of("password=Redis&reg"), None);
    }

    #[test]
    fn the_name_of_the_user_is_doubted() {
        let of = |text| of(text, "Password", "tom-cat7", Operator::Argument, true);
        assert_eq!(
            of("u.setUsername('tom-cat7'); u.setPassword('tom-cat7')"),
            Some(Opinion::Doubt(Reason::Placeholder))
        );
        assert_eq!(
            of("u.setUsername('tom-cat78'); u.setPassword('tom-cat7')"),
            None
        );
        assert_eq!(
            of("u.setColor('tom-cat7'); u.setPassword('tom-cat7')"),
            None
        );
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
