//! Secrets that are drawn, and examples: a name of a secret and a value in the place of another.

use fastrand::Rng;
use keysieve_engine::Span;
use keysieve_engine::checks::Subject;
use keysieve_engine::checks::generic::{self, Wanted};
use keysieve_engine::checks::score;
use keysieve_engine::verify::{Assignment, Match};

use crate::fit::{Example, Source};
use crate::harvest::{Bins, Frame, Harvest};

/// How many secrets are drawn.
const SECRETS: usize = 40_000;
/// The seed of all that is drawn.
const SEED: u64 = 0x6b65_7973;

pub(crate) const LOWER: &str = "abcdefghijklmnopqrstuvwxyz";
const UPPER: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
pub(crate) const DIGITS: &str = "0123456789";
pub(crate) const HEX: &str = "0123456789abcdef";
/// What people put into passwords, and generators that are told to use signs.
const SIGNS: &str = "!@#$%^&*-_=+.?~";

/// The examples for one kind of value: drawn secrets and ordinary values in ordinary places under names of secrets, and
/// what stands under such names in the trees.
pub(crate) fn examples(harvest: &Harvest, wanted: Wanted) -> Vec<Example> {
    let mut rng = Rng::with_seed(SEED);
    let (names, named) = match wanted {
        Wanted::Token => (&harvest.token_names, &harvest.tokens),
        Wanted::Password => (&harvest.password_names, &harvest.passwords),
    };
    let mut examples: Vec<Example> = named
        .iter()
        .map(|&(bins, held)| Example {
            bins,
            source: Source::Named,
            held,
        })
        .collect();
    // Secrets stand only where a value is that the model is asked about, so that the place alone tells nothing.
    let mut places = Vec::new();
    for frame in &harvest.frames {
        let name = name(&mut rng, names, harvest);
        if let Some(bins) = framed(frame, &name, &frame.value, wanted) {
            places.push(frame);
            examples.push(Example {
                bins,
                source: if frame.generated {
                    Source::Usual
                } else {
                    Source::Ordinary
                },
                held: frame.held,
            });
        }
    }
    for _ in 0..SECRETS {
        let Some(&frame) = rng.choice(&places) else {
            break;
        };
        let name = name(&mut rng, names, harvest);
        let value = match wanted {
            Wanted::Token => token(&mut rng, harvest),
            Wanted::Password => password(&mut rng, harvest),
        };
        if let Some(bins) = framed(frame, &name, value.as_bytes(), wanted) {
            examples.push(Example {
                bins,
                source: Source::Secret,
                held: frame.held,
            });
        }
    }
    examples
}

/// The bins of `value` under `name` in the place of another assignment, if the model is asked about it there.
fn framed(frame: &Frame, name: &str, value: &[u8], wanted: Wanted) -> Option<Bins> {
    let text = [
        &frame.before[..],
        name.as_bytes(),
        &frame.between,
        value,
        &frame.after,
    ]
    .concat();
    let start = frame.before.len();
    let name = Span::new(start, start + name.len());
    let from = name.end + frame.between.len();
    let secret = Span::new(from, from + value.len());
    let matched = Match {
        whole: Span::new(name.start, secret.end),
        secret,
        assignment: Some(Assignment {
            name,
            operator: frame.operator,
            value: secret,
            quoted: frame.quoted,
        }),
    };
    let subject = Subject {
        text: &text,
        matched,
        kind: frame.kind,
    };
    match generic::weigh(subject, wanted)? {
        // Rules of tokens ask for 16 characters.
        Ok(candidate) if wanted == Wanted::Password || value.len() >= 16 => {
            Some(score::bins(&candidate))
        }
        _ => None,
    }
}

/// A name with one of the keywords: `SHOP_API_KEY`, `shopApiKey`, `api-key`.
fn name(rng: &mut Rng, keywords: &[String], harvest: &Harvest) -> String {
    let mut parts: Vec<String> = Vec::new();
    if rng.bool() {
        parts.extend(rng.choice(&harvest.words).cloned());
    }
    if let Some(keyword) = rng.choice(keywords) {
        parts.extend(
            keyword
                .split(['_', '-', ' '])
                .filter(|p| !p.is_empty())
                .map(str::to_owned),
        );
    }
    let capital = |part: &String| part[..1].to_uppercase() + &part[1..];
    match rng.u8(0..6) {
        0 | 1 => parts.join("_").to_uppercase(),
        2 | 3 => parts.join("_"),
        4 => parts.join("-"),
        _ => {
            let tail: String = parts.iter().skip(1).map(capital).collect();
            parts.first().cloned().unwrap_or_default() + &tail
        }
    }
}

pub(crate) fn draw(rng: &mut Rng, alphabet: &str, len: usize) -> String {
    let alphabet = alphabet.as_bytes();
    (0..len)
        .map(|_| char::from(alphabet[rng.usize(..alphabet.len())]))
        .collect()
}

/// A key or token as generators make them.
fn token(rng: &mut Rng, harvest: &Harvest) -> String {
    let alnum = [LOWER, UPPER, DIGITS].concat();
    let usual = [16, 20, 24, 32, 32, 36, 40, 40, 43, 44, 48, 64, 64, 86];
    let len = if rng.bool() {
        usual[rng.usize(..usual.len())]
    } else {
        rng.usize(16..72)
    };
    match rng.u8(0..100) {
        0..22 => draw(rng, HEX, len),
        22..25 => draw(rng, &HEX.to_uppercase(), len),
        25..50 => draw(rng, &alnum, len),
        50..60 => draw(rng, &[LOWER, DIGITS].concat(), len),
        60..64 => draw(rng, &[UPPER, DIGITS].concat(), len),
        64..71 => draw(rng, &(alnum + "+/"), len),
        71..79 => draw(rng, &(alnum + "-_"), len),
        79..83 => draw(rng, &[LOWER, DIGITS, "-_"].concat(), len),
        83..86 => draw(rng, &(alnum + SIGNS), len),
        // Parts: an id and a secret, a version, a date.
        86..92 => {
            let alphabet = [HEX, &alnum, &[LOWER, DIGITS].concat()][rng.usize(..3)].to_owned();
            let joint = [".", "-", "_"][rng.usize(..3)];
            let parts = rng.usize(2..5);
            let len = len.max(24).div_ceil(parts);
            let parts: Vec<String> = (0..parts).map(|_| draw(rng, &alphabet, len)).collect();
            parts.join(joint)
        }
        // Of a vendor that is not known: a prefix, and what is drawn.
        _ => {
            let word = rng.choice(&harvest.words).cloned().unwrap_or_default();
            let joint = ["_", "-", "_live_", ".", "-u-"][rng.usize(..5)];
            let prefix = &word[..word.len().min(rng.usize(2..8))];
            let alphabet = if rng.bool() {
                alnum
            } else {
                [LOWER, DIGITS].concat()
            };
            format!("{prefix}{joint}{}", draw(rng, &alphabet, len.max(16)))
        }
    }
}

/// A password as people and generators make them.
fn password(rng: &mut Rng, harvest: &Harvest) -> String {
    let alnum = [LOWER, UPPER, DIGITS].concat();
    let word = |rng: &mut Rng| {
        let word = rng.choice(&harvest.words).cloned().unwrap_or_default();
        match rng.u8(0..5) {
            0 | 1 => word[..1].to_uppercase() + &word[1..],
            2 => leet(&word),
            _ => word,
        }
    };
    let sign = |rng: &mut Rng| {
        let len = 1 + usize::from(rng.u8(0..5) == 0);
        draw(rng, "!!!@#$%&*?.-_", len)
    };
    let number = |rng: &mut Rng| match rng.u8(0..4) {
        0 => rng.u16(1960..2027).to_string(),
        1 => rng.u8(1..10).to_string(),
        _ => rng.u16(10..1000).to_string(),
    };
    match rng.u8(0..100) {
        0..15 => word(rng) + &number(rng),
        15..31 => word(rng) + &number(rng) + &sign(rng),
        31..37 => word(rng) + &sign(rng) + &number(rng),
        37..42 => word(rng) + &word(rng) + &number(rng),
        42..48 => word(rng) + &sign(rng) + &word(rng) + &number(rng),
        48..51 => word(rng) + &sign(rng),
        51..53 => number(rng) + &word(rng) + &sign(rng),
        53..72 => {
            let len = rng.usize(7..20);
            draw(rng, &alnum, len)
        }
        72..78 => {
            let len = rng.usize(8..16);
            draw(rng, &[LOWER, DIGITS].concat(), len)
        }
        78..92 => {
            let len = rng.usize(8..24);
            draw(rng, &(alnum + SIGNS), len)
        }
        _ => token(rng, harvest),
    }
}

/// Digits and signs in the place of letters.
fn leet(word: &str) -> String {
    word.chars()
        .map(|c| match c {
            'a' => '4',
            'e' => '3',
            'i' => '1',
            'o' => '0',
            's' => '5',
            other => other,
        })
        .collect()
}
