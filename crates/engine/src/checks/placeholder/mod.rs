//! Stand-ins for a secret, and examples that documentation publishes.
//!
//! A random value of 40 characters holds `abc`, `xx` or `foo` by chance every now and then, and a key that is thrown
//! away for it is lost. So a stand-in word counts only as a part: between separators, or between the humps and digits
//! of a name, and only with the share that it and its like have of the value.

use super::{shape, words};
use crate::Reason;

mod documented;
mod vocabulary;

use vocabulary::Class;

/// Why `value` is not meant to be a secret: `DocumentedExample` for values that a vendor or a standard publishes,
/// `Placeholder` for stand-ins of any style (`changeme`, `<your-key>`, `sk-xxxx`, `REPLACE_ME`, `***`).
///
/// The prefix of a format (`ghp_`) may have been cut off. Linear in the length.
pub fn judge(value: &[u8]) -> Option<Reason> {
    let value = value.trim_ascii();
    if documented::is_documented(value) {
        Some(Reason::DocumentedExample)
    } else if is_masked(value) || is_in_brackets(value) || Parts::of(value).are_stand_ins(value) {
        Some(Reason::Placeholder)
    } else {
        None
    }
}

/// Whether `value` itself, to the last character, is published as an example or as the fixed key of an emulator. Unlike a
/// token with the claims of an example, which may be signed with a key of one's own, it leaves no doubt.
pub fn is_published(value: &[u8]) -> bool {
    documented::is_published(value)
}

/// The fewest characters that count as a mask in a longer value.
const MASK: usize = 6;

/// Whether characters were put in place of a secret or cut out of it: `***`, `...`, or long runs of one character that
/// people draw with, if they have a quarter of the value.
fn is_masked(value: &[u8]) -> bool {
    let mut masked = 0;
    for run in value.chunk_by(|a, b| a == b) {
        match run[0] {
            b'*' | b'.' if run.len() >= 3 => return true,
            b'x' | b'X' | b'0' | b'_' | b'-' | b'#' | b'?' | b'@' if run.len() >= MASK => {
                masked += run.len()
            }
            _ => {}
        }
    }
    // Bullet and ellipsis in UTF-8.
    masked * 4 >= value.len().max(1)
        || value
            .windows(3)
            .any(|w| w == "\u{2022}".as_bytes() || w == "\u{2026}".as_bytes())
}

/// Whether `value` holds `<what belongs here>`, or is it in other brackets with a stand-in inside.
fn is_in_brackets(value: &[u8]) -> bool {
    if let Some(open) = value.iter().position(|&b| b == b'<')
        && let Some(len) = value[open..].iter().position(|&b| b == b'>')
    {
        let inner = value[open + 1..open + len].trim_ascii();
        let is_text =
            |b: &u8| b.is_ascii_alphanumeric() || !b.is_ascii() || b" _-.,:/|'".contains(b);
        let is_worded = !inner.iter().any(u8::is_ascii_digit) || words::likeness(inner) > 0.4;
        return inner.len() >= 3
            && inner.first().is_some_and(u8::is_ascii_alphabetic)
            && inner.iter().all(is_text)
            && is_worded;
    }
    match value {
        [b'[', inner @ .., b']'] | [b'{', inner @ .., b'}'] | [b'(', inner @ .., b')'] => {
            Parts::of(inner).are_stand_ins(inner)
        }
        _ => false,
    }
}

/// The longest text that a stand-in word turns into a stand-in. Longer ones, and those of many lines, are documents.
const MAX_PHRASE: usize = 128;

/// How many of the letters and digits of a value stand for what.
#[derive(Default)]
struct Parts {
    /// All, without the prefixes of formats in front.
    total: usize,
    /// In words that say that they are no secret.
    sure: usize,
    /// Whether such a word stands between separators.
    sure_between_separators: bool,
    /// In words and numbers that people test with.
    mild: usize,
    /// In words that may stand beside one.
    weak: usize,
    /// Whether the value names what belongs in its place.
    noun: bool,
    /// Whether its last word does.
    noun_last: bool,
    /// How many words there are.
    words: usize,
}

impl Parts {
    fn of(value: &[u8]) -> Self {
        let mut parts = Self::default();
        let mut in_front = true;
        for chunk in value
            .split(|b| b.is_ascii() && !b.is_ascii_alphanumeric())
            .filter(|chunk| !chunk.is_empty())
        {
            if in_front && chunk.len() < value.len() && is_format_prefix(chunk) {
                continue;
            }
            in_front = false;
            parts.add_chunk(chunk);
        }
        parts
    }

    /// Adds what stands between two separators.
    fn add_chunk(&mut self, chunk: &[u8]) {
        if is_filler(chunk) {
            self.total += chunk.len();
            self.mild += chunk.len();
            return;
        }
        if let Some(class) = vocabulary::class_of_leet(chunk) {
            self.add_word(chunk, Some(class));
            return;
        }
        let mut rest = chunk;
        while !rest.is_empty() {
            let (part, after) = rest.split_at(part_len(rest));
            let whole = part.len() == chunk.len();
            rest = after;
            if part[0].is_ascii_digit() {
                self.total += part.len();
                if is_filler(part) || counts_from_one(part) {
                    self.mild += part.len();
                } else if part.len() == 1 && after.is_empty() {
                    self.weak += 1;
                }
                continue;
            }
            match vocabulary::class_of(part) {
                Some(class) => {
                    self.sure_between_separators |= whole && class == Class::Sure;
                    self.add_word(part, Some(class));
                }
                None if is_filler(part) => {
                    self.total += part.len();
                    self.mild += part.len();
                }
                None => match vocabulary::split(part) {
                    Some(words) => words.for_each(|(word, class)| self.add_word(word, class)),
                    None => self.add_word(part, None),
                },
            }
        }
    }

    fn add_word(&mut self, word: &[u8], class: Option<Class>) {
        self.total += word.len();
        self.words += 1;
        self.noun_last = class == Some(Class::Noun);
        self.noun |= self.noun_last;
        match class {
            Some(Class::Sure) => self.sure += word.len(),
            Some(Class::Mild) => self.mild += word.len(),
            Some(Class::Weak | Class::Noun) => self.weak += word.len(),
            None => {}
        }
    }

    /// Whether the parts, together, are no secret.
    fn are_stand_ins(&self, value: &[u8]) -> bool {
        let known = self.sure + self.mild + self.weak;
        let has_stand_in = self.sure + self.mild > 0;
        // `changeme123`, `your-api-key-here`, `test`, `12345678`: three quarters of it are known, some are stand-ins.
        if has_stand_in && known * 4 >= self.total * 3 {
            return true;
        }
        // `api_key`, `my-secret-token`: it says what should stand there.
        if self.noun && known == self.total {
            return true;
        }
        // `example-` and something random, as long as that is not most of it.
        if self.sure_between_separators && known * 10 >= self.total * 3 {
            return true;
        }
        // `your-acme-project-id`, `acme_deploy_token`: words we do not know, but words.
        let is_phrase = self.sure > 0 || self.noun_last && self.words >= 2;
        is_phrase
            && value.len() <= MAX_PHRASE
            && !value.contains(&b'\n')
            && words::likeness(value) >= 0.6
    }
}

/// Whether `chunk` may be the prefix of a format, such as `sk`, `xoxb`, `api03`: a few letters and perhaps a version.
fn is_format_prefix(chunk: &[u8]) -> bool {
    let letters = chunk.iter().take_while(|b| b.is_ascii_lowercase()).count();
    letters >= 2
        && chunk.len() <= 6
        && chunk.len() - letters <= 2
        && chunk[letters..].iter().all(u8::is_ascii_digit)
        && !is_filler(chunk)
        && vocabulary::class_of(&chunk[..letters]).is_none()
}

/// `xx`, `aaaa`, `1234`, `qwerty`, `a1b2c3`: typed, not drawn.
fn is_filler(chunk: &[u8]) -> bool {
    chunk.len() >= 2 && chunk.iter().all(|b| b.eq_ignore_ascii_case(&b'x'))
        || chunk.len() >= 4 && shape::patterned(chunk) * 4 >= chunk.len() * 3
}

/// `12`, `123`; longer ones are filler.
fn counts_from_one(digits: &[u8]) -> bool {
    matches!(digits, b"12" | b"123")
}

/// The length of the part at the start of `text`: digits, a word in one of the three cases, or other bytes.
fn part_len(text: &[u8]) -> usize {
    let count = |class: fn(&u8) -> bool, text: &[u8]| text.iter().take_while(|b| class(b)).count();
    let digits = count(u8::is_ascii_digit, text);
    if digits > 0 {
        return digits;
    }
    let upper = count(u8::is_ascii_uppercase, text);
    let lower = count(u8::is_ascii_lowercase, &text[upper..]);
    match (upper, lower) {
        (0, 0) => count(|b| !b.is_ascii_alphanumeric(), text),
        (0 | 1, _) | (_, 0) => upper + lower,
        _ => upper - 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::draw;

    #[track_caller]
    fn all(expected: Option<Reason>, values: &[&str]) {
        for value in values {
            assert_eq!(judge(value.as_bytes()), expected, "{value}");
        }
    }

    #[test]
    fn stand_ins_of_every_style_are_told() {
        all(
            Some(Reason::Placeholder),
            &[
                // words
                "changeme",
                "changeme123",
                "ChangeMe!",
                "change-me",
                "REPLACE_ME",
                "replace-with-your-token",
                "your-api-key-here",
                "YOUR_API_KEY",
                "<your-api-key>",
                "yourapikeyhere",
                "your-acme-widgets-project-key",
                "INSERT_TOKEN_HERE",
                "insert your password",
                "Enter your password",
                "put_your_key_here",
                "example",
                "example.com",
                "dummy",
                "dummy-token-8f3k2j",
                "fake_key",
                "FAKE-SECRET",
                "TODO",
                "sample",
                "test",
                "test123",
                "test_token",
                "testpassword",
                "foobar",
                "foo-bar-baz",
                "lorem ipsum",
                "[REDACTED]",
                "{token}",
                "(none)",
                "null",
                "false",
                "undefined",
                "not-a-real-secret",
                "thisisnotasecret",
                // names of what belongs there
                "secret",
                "password",
                "Password",
                "password1",
                "passw0rd",
                "s3cr3t",
                "token",
                "api_key",
                "my-secret-key",
                "mysecretkey",
                "github-token",
                "MY_SERVICE_DB_PASSWORD",
                "client_secret",
                // masks
                "***",
                "********",
                "xxxx",
                "XXXXXXXX",
                "sk-xxxxxxxxxxxxxxxx",
                "ghp_xxxxxxxxxxxx",
                "xoxb-xxxx-xxxx-xxxx",
                "ghp_****",
                "sk-...",
                "sk-a8f3...9x2k",
                "abc\u{2026}xyz",
                "\u{2022}\u{2022}\u{2022}\u{2022}",
                "____________",
                "00000000-0000-0000-0000-000000000000",
                "<token>",
                "<YOUR TOKEN>",
                "<password|secret>",
                "sk_live_<key>",
                // counted and typed
                "12345678",
                "1234567890abcdef",
                "abcdef123456",
                "abcdefghijklmnop",
                "1a2b3c4d5e6f",
                "qwerty",
                "asdf1234",
                "example1234567890",
                "password12",
                "super_secret_password",
            ],
        );
    }

    #[test]
    fn formats_filled_by_counting_are_stand_ins() {
        let letters: String = ('a'..='z').chain('0'..='9').collect();
        for value in [
            format!("ghp_{letters}"),
            format!("sk-{}", "1234567890abcdef".repeat(3)),
            "A".repeat(40),
        ] {
            assert_eq!(
                judge(value.as_bytes()),
                Some(Reason::Placeholder),
                "{value}"
            );
        }
    }

    #[test]
    fn values_that_may_be_real_pass() {
        all(
            None,
            &[
                "",
                "a",
                "hunter2",
                "Tr0ub4dor&3",
                "correct horse battery staple",
                "postgres",
                "x",
                "prod",
                "<",
                "<>",
                "a<b>c1",
            ],
        );
    }

    const BASE64URL: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

    #[test]
    fn random_values_are_no_stand_ins() {
        for alphabet in [
            BASE64URL,
            &BASE64URL[..62],
            &BASE64URL[26..62],
            b"0123456789abcdef",
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567",
        ] {
            for len in [12, 16, 24, 36, 64] {
                let mut seed = len as u64;
                for _ in 0..4_000 {
                    let value = draw(&mut seed, alphabet, len);
                    assert_eq!(judge(value.as_bytes()), None, "{value}");
                }
            }
        }
    }

    #[test]
    fn a_word_inside_a_random_value_is_chance() {
        let mut seed = 7;
        for word in [
            "false", "null", "true", "test", "xxx", "abc", "foo", "fake", "example", "dummy",
            "none", "token", "1234", "todo",
        ] {
            for place in 0..32 {
                let mut value = draw(&mut seed, &BASE64URL[..62], 36 - word.len());
                value.insert_str(place.min(value.len()), word);
                assert_eq!(judge(value.as_bytes()), None, "{value}");
                assert_eq!(judge(format!("ghp_{value}").as_bytes()), None, "{value}");
            }
        }
        for word in ["test", "live", "prod", "null", "secret"] {
            let value = format!("sk_{word}_{}", draw(&mut seed, &BASE64URL[..62], 24));
            assert_eq!(judge(value.as_bytes()), None, "{value}");
        }
    }

    #[test]
    fn published_examples_have_their_own_reason() {
        let id = ["AKIA", "IOSFODNN7", "EXAMPLE"].concat();
        assert_eq!(judge(id.as_bytes()), Some(Reason::DocumentedExample));
        assert_eq!(judge(b"MY_EXAMPLE"), Some(Reason::Placeholder));
    }

    #[test]
    fn any_bytes_are_judged() {
        let all: Vec<u8> = (0..=255).collect();
        for end in 0..=256 {
            let _ = judge(&all[..end]);
            let _ = judge(&all[end..]);
        }
        for unit in ["a", "aB", "<", "x-", "changeme", "\u{2026}", "0x", "eyJ."] {
            let _ = judge(unit.repeat(20_000).as_bytes());
        }
    }
}
