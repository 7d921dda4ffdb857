//! How much a value reads like words: names, identifiers, sentences.
//!
//! Two models bid for the value and the better one wins. The *word model* spends bits as someone would who expects
//! words: few for a letter that often follows the two before it, some for every new word, many for a digit in the
//! middle of one. The *random model* spends the same for every character: the logarithm of the alphabet that the value
//! draws from. What the word model saves, in bits a character, becomes the likeness.
//!
//! The letter statistics come from `words.txt` beside this file, a list of this project: trigrams that back off to
//! bigrams and to single letters by absolute discounting, counted when they are first asked for (0.2 ms, once
//! a process, 20 KB kept). A dictionary would not do: it does not know `Keychain`, and it finds `cat` in every long
//! random value.

use std::sync::OnceLock;

/// How much `value` reads like words or identifiers of a natural or a programming language: 0 for random characters,
/// 1 for plain words. From 0.6 on it is words, up to 0.3 it is not; between the two it can be either, as short values
/// often are. Empty: 0.
///
/// Words may be joined as in `snake_case`, `kebab-case`, `camelCase`, `dotted.names`, paths and sentences. Digits are
/// neither for nor against where they end a word. Linear in the length.
pub fn likeness(value: &[u8]) -> f64 {
    if value.is_empty() {
        return 0.0;
    }
    let saved = -advantage(value) / value.len() as f64;
    1.0 / (1.0 + (-STEEPNESS * (saved - MIDDLE)).exp())
}

/// How many bits less `value` costs the random model than the word model: above 0 it is rather random, below rather
/// words. Unlike [`likeness`] it grows with the length, as certainty does: that of 8 characters is little.
pub fn advantage(value: &[u8]) -> f64 {
    word_bits(value) - alphabet_bits(value) * value.len() as f64
}

/// What the word model must save to leave it open, in bits a character. Most names save 0 to 2.5; of random values of
/// 16 characters, one in a thousand loses less than 1.3.
const MIDDLE: f64 = -0.5;
/// How fast the likeness goes from 0 to 1 around [`MIDDLE`].
const STEEPNESS: f64 = 2.5;

/// What a character costs when every one of the value's alphabet is as likely as any other.
fn alphabet_bits(value: &[u8]) -> f64 {
    let any = |class: fn(&u8) -> bool| value.iter().any(class);
    let alphabet = if value.iter().all(u8::is_ascii_hexdigit) {
        16
    } else {
        26 * usize::from(any(u8::is_ascii_lowercase))
            + 26 * usize::from(any(u8::is_ascii_uppercase))
            + 10 * usize::from(any(u8::is_ascii_digit))
            + 2 * usize::from(any(|&b| is_joint(b)))
            + 30 * usize::from(any(|&b| !b.is_ascii_alphanumeric() && !is_joint(b)))
    };
    (alphabet as f64).log2()
}

/// What stands between words.
fn is_joint(b: u8) -> bool {
    matches!(b, b' ' | b'_' | b'-' | b'.' | b'/' | b':' | b',' | b'\'')
}

/// What a value costs when words are expected.
fn word_bits(value: &[u8]) -> f64 {
    let digit = alphabet_bits(value);
    let letters = Letters::get();
    let mut bits = 0.0;
    let mut rest = value;
    while let Some(&first) = rest.first() {
        let len = if first.is_ascii_alphabetic() {
            let len = word_len(rest);
            bits += WORD + letters.word_bits(&rest[..len]);
            len
        } else if first.is_ascii_digit() {
            let len = rest.iter().take_while(|b| b.is_ascii_digit()).count();
            let glued = rest.get(len).is_some_and(u8::is_ascii_alphabetic);
            bits += NUMBER + (digit + DIGIT) * len as f64 + if glued { GLUED } else { 0.0 };
            len
        } else {
            bits += match first {
                _ if is_joint(first) => JOINT,
                0x80.. => FOREIGN,
                _ => SIGN,
            };
            1
        };
        rest = &rest[len..];
    }
    bits
}

// Prices of the word model, in bits. They are guesses of a reader, adjusted on generated values until the tests below
// held with room to spare; none is critical to within half a bit.
/// A further word begins; its letters are paid apart.
const WORD: f64 = 1.5;
/// A number begins.
const NUMBER: f64 = 3.0;
/// A digit of it, on top of what it costs the random model.
const DIGIT: f64 = 1.0;
/// A letter follows a digit directly: `sha256sum`.
const GLUED: f64 = 3.0;
/// A character that joins words.
const JOINT: f64 = 2.5;
/// A byte of a letter that is not ASCII: keys and tokens do not have any.
const FOREIGN: f64 = 3.0;
/// Any other character.
const SIGN: f64 = 6.5;

/// The length of the word at the start of `text`, which is a letter: `get` of `getUser`, `User`, `HTTP` of
/// `HTTPServer`.
fn word_len(text: &[u8]) -> usize {
    let upper = text.iter().take_while(|b| b.is_ascii_uppercase()).count();
    let lower = text[upper..]
        .iter()
        .take_while(|b| b.is_ascii_lowercase())
        .count();
    match (upper, lower) {
        (0 | 1, _) | (_, 0) => upper + lower,
        _ => upper - 1,
    }
}

/// The training text.
const WORDS: &str = include_str!("words.txt");
/// The letters and, as symbol 0, the edge of a word.
const SYMBOLS: usize = 27;
/// Costs are kept in sixteenths of a bit.
const UNITS: f64 = 16.0;
/// What absolute discounting takes from each seen count for the unseen ones.
const DISCOUNT: f32 = 0.6;

/// What a letter costs after the two before it.
struct Letters {
    /// In [`UNITS`], by the two symbols before and the symbol itself.
    costs: Box<[u8]>,
}

impl Letters {
    fn get() -> &'static Self {
        static LETTERS: OnceLock<Letters> = OnceLock::new();
        LETTERS.get_or_init(|| Self::train(WORDS))
    }

    fn train(text: &str) -> Self {
        let mut singles = [0; SYMBOLS];
        let mut pairs = [0; SYMBOLS * SYMBOLS];
        let mut triples = vec![0; SYMBOLS * SYMBOLS * SYMBOLS];
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        for word in lines.flat_map(str::split_ascii_whitespace) {
            let (mut a, mut b) = (EDGE, EDGE);
            for c in word.bytes().map(symbol).chain([EDGE]) {
                singles[c] += 1;
                pairs[b * SYMBOLS + c] += 1;
                triples[(a * SYMBOLS + b) * SYMBOLS + c] += 1;
                (a, b) = (b, c);
            }
        }
        let even = [1.0 / SYMBOLS as f32; SYMBOLS];
        let chances = smooth(&triples, &smooth(&pairs, &smooth(&singles, &even)));
        Self {
            costs: chances.into_iter().map(cost).collect(),
        }
    }

    /// The bits of one word, its end included.
    fn word_bits(&self, word: &[u8]) -> f64 {
        let (mut a, mut b) = (EDGE, EDGE);
        let mut units = 0;
        for c in word.iter().copied().map(symbol).chain([EDGE]) {
            units += u64::from(self.costs[(a * SYMBOLS + b) * SYMBOLS + c]);
            (a, b) = (b, c);
        }
        units as f64 / UNITS
    }
}

/// The edge of a word.
const EDGE: usize = 0;

/// 1 to 26 for a letter of either case.
fn symbol(letter: u8) -> usize {
    1 + usize::from((letter | 0x20).wrapping_sub(b'a') % 26)
}

/// What something of this chance (0 < chance <= 1) costs, in [`UNITS`], at most 255. The logarithm is read off the
/// floating-point format: the exponent, and the mantissa as the straight line between two powers of two. That is within
/// 0.09 bits, a tenth of the time of the true one, and the same on every machine.
fn cost(chance: f32) -> u8 {
    let down = 1.0_f32.to_bits().saturating_sub(chance.to_bits());
    u8::try_from(down >> (f32::MANTISSA_DIGITS - 1 - 4)).unwrap_or(u8::MAX)
}

/// The chance of each symbol after each context: `counts` where there are some, less [`DISCOUNT`] each; what that
/// sets free is shared out as `lower`, the same one symbol of context shorter, has it.
fn smooth(counts: &[u16], lower: &[f32]) -> Vec<f32> {
    let mut chances = Vec::with_capacity(counts.len());
    for (context, seen) in counts.chunks_exact(SYMBOLS).enumerate() {
        let lower = &lower[context * SYMBOLS % lower.len()..][..SYMBOLS];
        let total = seen.iter().map(|&n| f32::from(n)).sum::<f32>();
        let distinct = seen.iter().filter(|&&n| n > 0).count() as f32;
        let (scale, free) = if total > 0.0 {
            (1.0 / total, DISCOUNT * distinct / total)
        } else {
            (0.0, 1.0)
        };
        chances.extend(
            seen.iter()
                .zip(lower)
                .map(|(&n, p)| (f32::from(n) - DISCOUNT).max(0.0) * scale + free * p),
        );
    }
    chances
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const DIGITS: &str = "0123456789";
    const LOWER: &str = "abcdefghijklmnopqrstuvwxyz";
    const UPPER: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

    /// Random characters: SplitMix64, so that each run draws the same.
    fn draw(seed: &mut u64, alphabet: &[u8], len: usize) -> Vec<u8> {
        let mut next = || {
            *seed = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let z = (*seed ^ (*seed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            z ^ (z >> 31)
        };
        (0..len)
            .map(|_| alphabet[(next() % alphabet.len() as u64) as usize])
            .collect()
    }

    #[test]
    fn random_values_are_no_words() {
        for alphabet in [
            "0123456789abcdef",
            &["0123456789", "ABCDEF"].concat(),
            &[UPPER, "234567"].concat(),
            &[LOWER, DIGITS].concat(),
            &[UPPER, LOWER, DIGITS].concat(),
            &[UPPER, LOWER, DIGITS, "+/"].concat(),
            &[UPPER, LOWER, DIGITS, "-_"].concat(),
            &[UPPER, LOWER, DIGITS, "!#$%&*?@^~"].concat(),
            LOWER,
            DIGITS,
        ] {
            for len in [16, 20, 32, 40, 64] {
                let mut seed = len as u64;
                let wrong = (0..10_000)
                    .filter(|_| likeness(&draw(&mut seed, alphabet.as_bytes(), len)) > 0.3)
                    .count();
                assert!(
                    wrong <= 50,
                    "{wrong} of 10,000 draws of {len} from {alphabet}"
                );
            }
        }
    }

    #[test]
    fn names_and_sentences_are_words() {
        for text in [
            "getUserPasswordFromKeychain",
            "my-secret-name",
            "com.example.app.AuthToken",
            "correct horse battery staple",
            "AWS_SECRET_ACCESS_KEY",
            "HTTPServerError",
            "oauth2Client",
            "user123",
            "/etc/ssl/private",
            "application/json",
            "eu-central-1",
            "mysql_native_password",
            "azurerm_key_vault_secret",
            "--client-secret",
            "passwortVergessen",
            "motDePasseOublie",
            "Mot de passe oubli\u{e9}",
            "\u{43f}\u{430}\u{440}\u{43e}\u{43b}\u{44c}",
        ] {
            assert!(
                likeness(text.as_bytes()) >= 0.6,
                "{text}: {}",
                likeness(text.as_bytes())
            );
        }
    }

    #[test]
    fn words_of_the_list_joined_in_any_style_are_words() {
        let list: Vec<&str> = WORDS
            .lines()
            .filter(|l| !l.starts_with('#'))
            .flat_map(str::split_whitespace)
            .collect();
        let capital = |word: &str| word[..1].to_uppercase() + &word[1..];
        let (mut all, mut missed) = (0, 0);
        for (i, &word) in list.iter().enumerate().filter(|(_, w)| w.len() >= 4) {
            let other = list[i * 7919 % list.len()];
            for text in [
                format!("{word}_{other}"),
                format!("{word}-{other}"),
                format!("{word}.{other}"),
                format!("{word}{}", capital(other)),
                format!("{}_{}", word.to_uppercase(), other.to_uppercase()),
            ] {
                all += 1;
                missed += usize::from(likeness(text.as_bytes()) < 0.6);
            }
        }
        assert!(missed * 200 < all, "{missed} of {all}");
    }

    #[test]
    fn a_random_part_outweighs_its_label() {
        let random = ["8f3k2j5h", "7g9dx1zq"].concat();
        assert!(likeness(format!("prod-db-{random}").as_bytes()) <= 0.3);
        assert!(likeness(format!("token_{random}").as_bytes()) <= 0.3);
    }

    #[test]
    fn any_bytes_get_a_likeness() {
        assert_eq!(likeness(b""), 0.0);
        let all: Vec<u8> = (0..=255).collect();
        for end in 1..=256 {
            assert!((0.0..=1.0).contains(&likeness(&all[..end])));
            assert!((0.0..=1.0).contains(&likeness(&all[end - 1..end])));
        }
        let long = LOWER.repeat(4000);
        assert!(likeness(long.as_bytes()) < 0.3);
    }

    #[test]
    fn case_and_digits_split_words() {
        for (text, word) in [
            ("getUser", "get"),
            ("User2", "User"),
            ("HTTPServer", "HTTP"),
            ("URL", "URL"),
            ("aB", "a"),
        ] {
            assert_eq!(&text[..word_len(text.as_bytes())], word);
        }
    }

    #[test]
    fn costs_are_logarithms() {
        for n in 1..2000_u16 {
            let chance = f32::from(n) / 2000.0;
            let exact = -chance.log2() * UNITS as f32;
            assert!(
                (f32::from(cost(chance)) - exact).abs() < 0.09 * UNITS as f32 + 1.0,
                "{chance}"
            );
        }
        assert_eq!(cost(1.0), 0);
        assert_eq!(cost(0.5), 16);
        assert_eq!(cost(0.0), u8::MAX);
    }

    #[test]
    fn the_list_is_clean() {
        let mut seen = BTreeSet::new();
        for line in WORDS.lines().filter(|line| !line.starts_with('#')) {
            for word in line.split_whitespace() {
                assert!(word.bytes().all(|b| b.is_ascii_lowercase()), "{word}");
                assert!(seen.insert(word), "{word} stands twice");
            }
        }
    }
}
