//! The pieces: what stands between the braces of a template.

use std::ops::RangeInclusive;

use data_encoding::{BASE64, BASE64URL_NOPAD};

use super::pem::Pem;
use super::{Random, TemplateErrorKind};

/// The longest random text. Longer than any rule's window, and short enough that a template of a few bytes, which may
/// come from a user's rule file, cannot fill the memory.
pub(super) const MAX_LENGTH: usize = 1 << 16;

const UPPER: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const LOWER: &[u8] = b"abcdefghijklmnopqrstuvwxyz";
const DIGITS: &[u8] = b"0123456789";

/// Pieces that are classes by a name.
const CLASSES: [(&str, &str); 13] = [
    ("hex", "0-9a-f"),
    ("HEX", "0-9A-F"),
    ("digits", "0-9"),
    ("lower", "a-z"),
    ("upper", "A-Z"),
    ("letters", "A-Za-z"),
    ("lower-digits", "a-z0-9"),
    ("upper-digits", "A-Z0-9"),
    ("base62", "0-9A-Za-z"),
    ("base32", "A-Z2-7"),
    ("base58", "1-9A-HJ-NP-Za-km-z"),
    ("base64", "A-Za-z0-9+/"),
    ("base64url", "A-Za-z0-9_-"),
];

#[derive(Clone, PartialEq, Debug)]
pub(super) enum Piece {
    Class(Vec<u8>, RangeInclusive<usize>),
    Password(RangeInclusive<usize>),
    Choice(Vec<String>),
    Word,
    Uuid,
    UpperUuid,
    Basic,
    Jwt,
    Pem(Pem),
}

impl Piece {
    /// Reads what stands between the braces; checksums are not among the pieces.
    pub(super) fn parse(body: &str) -> Result<Self, TemplateErrorKind> {
        let Some((name, argument)) = body.split_once(':') else {
            return match body {
                "word" => Ok(Self::Word),
                "uuid" => Ok(Self::Uuid),
                "UUID" => Ok(Self::UpperUuid),
                "basic" => Ok(Self::Basic),
                "jwt" => Ok(Self::Jwt),
                _ if body == "password" || class(body).is_some() => Err(TemplateErrorKind::Length),
                _ => Err(TemplateErrorKind::Piece),
            };
        };
        match name {
            "choice" => Ok(Self::Choice(
                argument.split('|').map(str::to_owned).collect(),
            )),
            "password" => Ok(Self::Password(parse_length(argument)?)),
            "pem" => Pem::from_name(argument)
                .map(Self::Pem)
                .ok_or(TemplateErrorKind::Piece),
            "class" => {
                let (class, length) = argument.rsplit_once(':').ok_or(TemplateErrorKind::Length)?;
                Ok(Self::Class(parse_class(class)?, parse_length(length)?))
            }
            _ => {
                let class = class(name).ok_or(TemplateErrorKind::Piece)?;
                Ok(Self::Class(parse_class(class)?, parse_length(argument)?))
            }
        }
    }

    /// Puts one random expansion at the end of `text`.
    pub(super) fn expand(&self, text: &mut String, random: &mut Random) {
        match self {
            Self::Class(alphabet, length) => {
                let length = random.usize(length.clone());
                text.extend((0..length).map(|_| pick(random, alphabet)));
            }
            Self::Password(length) => {
                let length = random.usize(length.clone());
                let special = if in_url(text) { URL_SPECIAL } else { SPECIAL };
                text.push_str(&password(random, length, special));
            }
            Self::Choice(texts) => text.push_str(&texts[random.usize(..texts.len())]),
            Self::Word => text.push_str(&word(random)),
            Self::Uuid => text.push_str(&uuid(random)),
            Self::UpperUuid => text.push_str(&uuid(random).to_ascii_uppercase()),
            Self::Basic => {
                let (user, length) = (word(random), random.usize(12..=16));
                let pair = format!("{user}:{}", password(random, length, SPECIAL));
                text.push_str(&BASE64.encode(pair.as_bytes()));
            }
            Self::Jwt => text.push_str(&jwt(random)),
            Self::Pem(pem) => pem.expand(text, random),
        }
    }
}

fn class(name: &str) -> Option<&'static str> {
    CLASSES
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, class)| *class)
}

fn parse_length(text: &str) -> Result<RangeInclusive<usize>, TemplateErrorKind> {
    let (least, most) = text.split_once("..").unwrap_or((text, text));
    let number = |text: &str| text.parse::<usize>().map_err(|_| TemplateErrorKind::Length);
    let (least, most) = (number(least)?, number(most)?);
    let valid = least <= most && (1..=MAX_LENGTH).contains(&most);
    valid
        .then_some(least..=most)
        .ok_or(TemplateErrorKind::Length)
}

/// The characters of a regex class, each once. Of the escapes, `\d`, `\w` and those of punctuation.
fn parse_class(class: &str) -> Result<Vec<u8>, TemplateErrorKind> {
    let mut alphabet = Vec::new();
    let mut rest = class.as_bytes();
    if !class.is_ascii() || rest.first().is_none_or(|&b| b == b'^') {
        return Err(TemplateErrorKind::Class);
    }
    while let Some((first, after)) = single(rest)? {
        rest = after;
        match (first, rest) {
            (Single::Set(set), _) => alphabet.extend(set),
            (Single::Byte(first), [b'-', upper @ ..]) if !upper.is_empty() => {
                let Some((Single::Byte(last), after)) = single(upper)? else {
                    return Err(TemplateErrorKind::Class);
                };
                if first > last {
                    return Err(TemplateErrorKind::Class);
                }
                alphabet.extend(first..=last);
                rest = after;
            }
            (Single::Byte(byte), _) => alphabet.push(byte),
        }
    }
    alphabet.sort_unstable();
    alphabet.dedup();
    Ok(alphabet)
}

/// A character of a class, or a class by itself.
enum Single {
    Byte(u8),
    Set(Vec<u8>),
}

/// The first of a class, and what follows it.
fn single(class: &[u8]) -> Result<Option<(Single, &[u8])>, TemplateErrorKind> {
    Ok(Some(match class {
        [] => return Ok(None),
        [b'\\', b'd', rest @ ..] => (Single::Set(DIGITS.to_vec()), rest),
        [b'\\', b'w', rest @ ..] => (Single::Set([DIGITS, UPPER, b"_", LOWER].concat()), rest),
        [b'\\', b, rest @ ..] if b.is_ascii_punctuation() => (Single::Byte(*b), rest),
        [b'\\' | b'[', ..] => return Err(TemplateErrorKind::Class),
        [b, rest @ ..] => (Single::Byte(*b), rest),
    }))
}

fn pick(random: &mut Random, alphabet: &[u8]) -> char {
    char::from(alphabet[random.usize(..alphabet.len())])
}

const SPECIAL: &[u8] = b"!@#%^*-_";

/// Of [`SPECIAL`], what a URL may hold in its user information as it is.
const URL_SPECIAL: &[u8] = b"!*-_";

/// Whether the end of `text` is inside a URL.
fn in_url(text: &str) -> bool {
    let ends_url = |c: char| c.is_whitespace() || "\"'`<>".contains(c);
    text.rsplit(ends_url)
        .next()
        .is_some_and(|last| last.contains("://"))
}

/// From four characters on, one of each class is certain, and a letter stands at each end: what stands there may have
/// a meaning in the surroundings (`*x` in YAML, `x,` in prose).
fn password(random: &mut Random, length: usize, special: &[u8]) -> String {
    let all = [UPPER, LOWER, DIGITS, special].concat();
    let certain = [UPPER, LOWER, DIGITS, special].into_iter();
    let classes = certain.chain(std::iter::repeat(all.as_slice()));
    let mut text: Vec<char> = classes
        .take(length)
        .map(|class| pick(random, class))
        .collect();
    random.shuffle(&mut text);
    for (end, mut others) in [(0, 0..length), (length.saturating_sub(1), 1..length)] {
        if let Some(letter) = others.find(|&at| text[at].is_ascii_alphabetic()) {
            text.swap(end, letter);
        }
    }
    text.into_iter().collect()
}

/// Syllables of a consonant and a vowel, cut at a random length.
fn word(random: &mut Random) -> String {
    let length = random.usize(4..=8);
    let letters = |at| {
        if at % 2 == 0 {
            b"bdfgklmnprstvz".as_slice()
        } else {
            b"aeiou"
        }
    };
    (0..length).map(|at| pick(random, letters(at))).collect()
}

fn uuid(random: &mut Random) -> String {
    let fixed = (0xf << 76) | (0x3 << 62);
    let bits = (random.u128(..) & !fixed) | (0x4 << 76) | (0x2 << 62);
    let hex = format!("{bits:032x}");
    [
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..],
    ]
    .join("-")
}

fn jwt(random: &mut Random) -> String {
    let (algorithm, signature) = [("HS256", 32), ("ES256", 64), ("RS256", 256)][random.usize(..3)];
    let subject = format!("{}-{:06}", word(random), random.u32(..1_000_000));
    // Issued in 2024 or 2025.
    let issued = random.u32(1_704_067_200..1_767_225_600);
    let header = format!(r#"{{"alg":"{algorithm}","typ":"JWT"}}"#);
    let claims = format!(
        r#"{{"sub":"{subject}","iat":{issued},"exp":{}}}"#,
        issued + 3600
    );
    let signature = bytes(random, signature);
    [header.as_bytes(), claims.as_bytes(), &signature]
        .map(|part| BASE64URL_NOPAD.encode(part))
        .join(".")
}

pub(super) fn bytes(random: &mut Random, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    random.fill(&mut bytes);
    bytes
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// So many expansions of one piece.
    fn expansions(body: &str, count: u64) -> Vec<String> {
        let piece = Piece::parse(body).unwrap();
        let expand = |seed| {
            let mut text = String::new();
            piece.expand(&mut text, &mut Random::with_seed(seed));
            text
        };
        (0..count).map(expand).collect()
    }

    #[test]
    fn classes_have_their_whole_alphabet_and_no_more() {
        for (body, alphabet) in [
            ("hex:32", "0123456789abcdef"),
            ("HEX:32", "0123456789ABCDEF"),
            ("digits:32", "0123456789"),
            ("lower:32", "abcdefghijklmnopqrstuvwxyz"),
            ("upper:32", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
            (
                "letters:32",
                "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
            ),
            ("lower-digits:32", "0123456789abcdefghijklmnopqrstuvwxyz"),
            ("upper-digits:32", "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
            (
                "base62:32",
                "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
            ),
            ("base32:32", "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"),
            (
                "base58:32",
                "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz",
            ),
            (
                "base64:32",
                "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
            ),
            (
                "base64url:32",
                "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
            ),
            ("class:a-c_.~:32", "abc_.~"),
            ("class:-x:32", "-x"),
            ("class:x-:32", "-x"),
            (
                r"class:\d\w\-\}\]::32",
                "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_-}]:",
            ),
            (r"class:\!-$:32", "!\"#$"),
        ] {
            let texts = expansions(body, 100);
            assert!(texts.iter().all(|text| text.len() == 32), "{body}");
            let seen: BTreeSet<char> = texts.concat().chars().collect();
            assert_eq!(seen, alphabet.chars().collect(), "{body}");
        }
    }

    #[test]
    fn both_ends_of_a_range_are_drawn() {
        for body in ["hex:3..6", "password:3..6"] {
            let lengths: BTreeSet<usize> = expansions(body, 100).iter().map(String::len).collect();
            assert_eq!(lengths, (3..=6).collect(), "{body}");
        }
        assert_eq!(
            expansions("password:0..1", 100)
                .iter()
                .map(String::len)
                .min(),
            Some(0)
        );
    }

    #[test]
    fn passwords_are_mixed_and_begin_and_end_with_letters() {
        for text in expansions("password:4..20", 500) {
            let count = |test: fn(char) -> bool| text.chars().filter(|&c| test(c)).count();
            assert!(count(|c| c.is_ascii_uppercase()) > 0, "{text}");
            assert!(count(|c| c.is_ascii_lowercase()) > 0, "{text}");
            assert!(count(|c| c.is_ascii_digit()) > 0, "{text}");
            assert!(count(|c| "!@#%^*-_".contains(c)) > 0, "{text}");
            assert!(
                text.chars()
                    .all(|c| c.is_ascii_alphanumeric() || "!@#%^*-_".contains(c)),
                "{text}"
            );
            assert!(
                text.starts_with(|c: char| c.is_ascii_alphabetic()),
                "{text}"
            );
            assert!(text.ends_with(|c: char| c.is_ascii_alphabetic()), "{text}");
        }
    }

    #[test]
    fn passwords_in_urls_need_no_escape() {
        let piece = Piece::parse("password:30").unwrap();
        for (before, url) in [
            ("u = 'db://me:", true),
            ("a://b c: ", false),
            ("see a://b\nx=", false),
        ] {
            let mut random = Random::with_seed(1);
            let mut texts = String::new();
            for _ in 0..50 {
                let mut text = before.to_owned();
                piece.expand(&mut text, &mut random);
                texts.push_str(&text[before.len()..]);
            }
            assert_eq!(texts.contains(['@', '#', '%', '^']), !url, "{before}");
        }
    }

    #[test]
    fn words_are_lower_case_names() {
        let words = expansions("word", 200);
        assert!(
            words
                .iter()
                .all(|word| word.bytes().all(|b| b.is_ascii_lowercase()))
        );
        assert_eq!(
            words.iter().map(String::len).collect::<BTreeSet<_>>(),
            (4..=8).collect()
        );
    }

    #[test]
    fn choices_are_all_made() {
        let seen: BTreeSet<String> = expansions("choice:a|b:c||d e", 100).into_iter().collect();
        assert_eq!(seen, ["", "a", "b:c", "d e"].map(str::to_owned).into());
    }

    #[test]
    fn uuids_are_of_version_4() {
        for (body, upper) in [("uuid", false), ("UUID", true)] {
            for text in expansions(body, 100) {
                let parts: Vec<usize> = text.split('-').map(str::len).collect();
                assert_eq!(parts, [8, 4, 4, 4, 12]);
                let lower = text.to_ascii_lowercase();
                assert_eq!(text == lower, !upper, "{text}");
                assert_eq!(lower.as_bytes()[14], b'4', "{text}");
                assert!("89ab".contains(char::from(lower.as_bytes()[19])), "{text}");
                assert!(
                    lower.bytes().all(|b| b == b'-' || b.is_ascii_hexdigit()),
                    "{text}"
                );
            }
        }
    }

    #[test]
    fn basic_holds_user_and_password() {
        for text in expansions("basic", 100) {
            let pair = String::from_utf8(BASE64.decode(text.as_bytes()).unwrap()).unwrap();
            let (user, password) = pair.split_once(':').unwrap();
            assert!(
                (4..=8).contains(&user.len()) && (12..=16).contains(&password.len()),
                "{pair}"
            );
        }
    }

    #[test]
    fn a_jwt_has_header_claims_and_signature() {
        for text in expansions("jwt", 100) {
            let parts: Vec<Vec<u8>> = text
                .split('.')
                .map(|part| BASE64URL_NOPAD.decode(part.as_bytes()).unwrap())
                .collect();
            let [header, claims, signature] = &parts[..] else {
                panic!("three parts")
            };
            let header = str::from_utf8(header).unwrap();
            let claims = str::from_utf8(claims).unwrap();
            assert!(
                header.starts_with(r#"{"alg":""#) && header.ends_with(r#"","typ":"JWT"}"#),
                "{header}"
            );
            assert!(
                claims.starts_with(r#"{"sub":""#) && claims.contains(r#"","iat":17"#),
                "{claims}"
            );
            assert!([32, 64, 256].contains(&signature.len()));
        }
    }
}
