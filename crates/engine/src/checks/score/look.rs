//! What the model looks at: each feature sorts the candidate into a bin.

use super::{Candidate, FEATURES};
use crate::FileKind;
use crate::checks::generic::name;
use crate::checks::{entropy, words};
use crate::verify::Operator;

/// The bin of each feature.
pub fn bins(candidate: &Candidate<'_>) -> [usize; FEATURES.len()] {
    let value = candidate.value;
    [
        letters(value),
        alphabet(value),
        below(&[6, 8, 10, 12, 16, 20, 24, 32, 40, 64, 128], value.len()),
        fill(value),
        switches(value),
        joints(value),
        build(value),
        echo(candidate),
        operator(candidate.operator),
        quotes(candidate),
        kind(candidate.kind),
        0,
    ]
}

/// In how many of the ascending `limits` the value is at least.
fn below(limits: &[usize], value: usize) -> usize {
    limits.iter().take_while(|&&limit| value >= limit).count()
}

/// How many bits cheaper the value is for the random model than for the word model (see `words.rs`): the more, the rarer
/// its letters follow each other.
fn letters(value: &[u8]) -> usize {
    let bits = words::advantage(value);
    [
        -30.0, -20.0, -13.0, -8.0, -4.0, 0.0, 4.0, 10.0, 18.0, 30.0, 60.0,
    ]
    .iter()
    .take_while(|&&limit| bits >= limit)
    .count()
}

/// The class of the alphabet that the value draws from.
fn alphabet(value: &[u8]) -> usize {
    let any = |class: fn(&u8) -> bool| value.iter().any(class);
    let (digit, lower, upper) = (
        any(u8::is_ascii_digit),
        any(u8::is_ascii_lowercase),
        any(u8::is_ascii_uppercase),
    );
    let joint = any(|&b| matches!(b, b'_' | b'-' | b'.' | b'/'));
    let sign = any(|&b| !b.is_ascii_alphanumeric() && !matches!(b, b'_' | b'-' | b'.' | b'/'));
    match (digit, lower, upper) {
        _ if sign && digit => 11,
        _ if sign => 10,
        (_, false, false) => 0,
        (true, lower, upper)
            if !joint && lower != upper && value.iter().all(u8::is_ascii_hexdigit) =>
        {
            1
        }
        (true, true, true) if joint => 9,
        (true, true, true) => 8,
        (true, ..) if joint => 7,
        (true, ..) => 6,
        (false, true, true) if joint => 5,
        (false, true, true) => 4,
        _ if joint => 3,
        _ => 2,
    }
}

/// Shannon entropy, as a share of what the length allows.
fn fill(value: &[u8]) -> usize {
    let most = (value.len().max(2) as f64).log2();
    let hundredths = (entropy::shannon(value) / most * 100.0) as usize;
    below(&[60, 70, 76, 82, 87, 92, 97], hundredths)
}

/// How often the class of characters changes, in the length: in random values of base62 every second time.
fn switches(value: &[u8]) -> usize {
    let class = |b: u8| match b {
        b'0'..=b'9' => 0,
        b'a'..=b'z' => 1,
        b'A'..=b'Z' => 2,
        _ => 3,
    };
    let changes = value
        .windows(2)
        // A capital letter in front of small ones begins a word.
        .filter(|w| class(w[0]) != class(w[1]) && !(class(w[0]) == 2 && class(w[1]) == 1))
        .count();
    below(
        &[1, 5, 10, 16, 24, 32, 42],
        changes * 100 / value.len().max(1),
    )
}

/// What share of the characters joins words, paths or versions: in base64, one in 32 does so by chance.
fn joints(value: &[u8]) -> usize {
    let joints = value
        .iter()
        .filter(|b| matches!(b, b'_' | b'-' | b'.' | b'/' | b':' | b' ' | b'|' | b','))
        .count();
    below(&[1, 4, 7, 10, 15], joints * 100 / value.len().max(1))
}

/// A run of characters of one class.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Run {
    Letters,
    /// At most four, as in a year.
    Digits,
    Number,
    Joint,
    Sign,
}

/// The most runs that are told apart: what has more is put together by no one.
const RUNS: usize = 8;

/// How words, digits and signs are put together. People append a year or a sign to a word, programs join words and number
/// them, and generators mix.
fn build(value: &[u8]) -> usize {
    use Run::{Digits, Joint, Letters, Number, Sign};
    let class = |b: u8| match b {
        b'a'..=b'z' | b'A'..=b'Z' => Letters,
        b'0'..=b'9' => Digits,
        b'_' | b'-' | b'.' | b'/' | b':' | b',' | b'|' | b' ' => Joint,
        _ => Sign,
    };
    let mut runs = [Letters; RUNS];
    let mut count = 0;
    for run in value.chunk_by(|&a, &b| class(a) == class(b)) {
        if count == RUNS {
            return 11;
        }
        runs[count] = match class(run[0]) {
            Digits if run.len() > 4 => Number,
            class => class,
        };
        count += 1;
    }
    let runs = &runs[..count];
    let any = |run: Run| runs.contains(&run);
    let hump = || {
        value
            .windows(2)
            .any(|w| w[0].is_ascii_lowercase() && w[1].is_ascii_uppercase())
    };
    match runs {
        [Letters] if hump() => 1,
        [] | [Letters] => 0,
        [Digits | Number] => 2,
        // A year or the like behind a word; behind a name there is a single digit.
        [Letters, Digits] if !hump() && value[value.len() - 2].is_ascii_digit() => 4,
        [Letters, Digits | Number] => 3,
        [Letters, Digits, Sign] | [Letters, Sign, Digits] | [Letters, Sign] => 5,
        [Digits | Number, Letters] => 6,
        _ if any(Sign) && (any(Digits) || any(Number)) => 9,
        _ if any(Sign) => 10,
        _ if !any(Digits) && !any(Number) => 7,
        // A number behind a joint or at the end of a word: `node-18`, `v2.names`.
        _ if any(Joint)
            && !runs
                .windows(2)
                .any(|w| w[0] != Joint && w[0] != Letters && w[1] == Letters) =>
        {
            8
        }
        _ => 11,
    }
}

/// How much of a value is compared with the name.
const ECHO: usize = 64;
/// Words for secrets, and for what stands in the place of one. The checks for stand-ins know them as whole values; in a
/// longer one they are no proof.
const SECRET_WORDS: [&str; 6] = ["pass", "pwd", "secret", "token", "auth", "cred"];
const TRIAL_WORDS: [&str; 8] = [
    "test", "demo", "example", "sample", "user", "admin", "default", "foo",
];

/// Whether the value says what it is: it holds a part of its name, a word for secrets or one for trials.
fn echo(candidate: &Candidate<'_>) -> usize {
    let value = &candidate.value[..candidate.value.len().min(ECHO)];
    let value = value.to_ascii_lowercase();
    let holds = |word: &[u8]| memchr::memmem::find(&value, word).is_some();
    let own = name::parts(candidate.name)
        .filter(|part| part.len() >= 4)
        .any(|part| holds(&part.to_ascii_lowercase()));
    if own {
        3
    } else if SECRET_WORDS.iter().any(|word| holds(word.as_bytes())) {
        2
    } else if TRIAL_WORDS.iter().any(|word| holds(word.as_bytes())) {
        1
    } else {
        0
    }
}

fn operator(operator: Operator) -> usize {
    match operator {
        Operator::Equals => 0,
        Operator::Colon => 1,
        Operator::Compare => 2,
        Operator::Close => 3,
        Operator::Argument => 4,
        // No generic rule finds a value beside a name: there is nothing to learn from.
        Operator::Cell | Operator::Beside => 5,
    }
}

/// Quoted; bare where settings stand; bare elsewhere; and the same for names of the environment (`DB_PASSWORD`), which
/// stand before bare values anywhere.
fn quotes(candidate: &Candidate<'_>) -> usize {
    let environment = !candidate.name.iter().any(u8::is_ascii_lowercase);
    match (candidate.quoted, candidate.kind) {
        (true, _) => 0,
        (
            false,
            FileKind::Config | FileKind::AgentConfig | FileKind::Log | FileKind::Transcript,
        ) => 1,
        (false, _) if environment => 2,
        (false, _) => 3,
    }
}

fn kind(kind: FileKind) -> usize {
    FileKind::ALL.iter().position(|&k| k == kind).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_programs_and_generators_build_differently() {
        for (bin, values) in [
            (0, &["hunter", "Sesame", ""][..]),
            (1, &["userName"]),
            (2, &["1234", "20240131"]),
            (3, &["order1", "order1234567", "theOrder12"]),
            (4, &["Sommer2023", "minio123"]),
            (5, &["hunter2!", "Winter!24", "hello!"]),
            (6, &["4you", "2024Sommer"]),
            (7, &["some-other-name", "a.b"]),
            (8, &["node-18", "names_v2"]),
            (9, &["x9!kk2", "Tr0ub4dor&3"]),
            (10, &["pa$$word", "!hello"]),
            (11, &["k3Vq8zW1xT9", "f00b4r"]),
        ] {
            for value in values {
                assert_eq!(build(value.as_bytes()), bin, "{value}");
            }
        }
    }

    #[test]
    fn values_echo_their_names() {
        let of = |name: &str, value: &str| {
            echo(&Candidate {
                name: name.as_bytes(),
                operator: Operator::Equals,
                value: value.as_bytes(),
                quoted: true,
                kind: FileKind::Source,
            })
        };
        assert_eq!(of("MINIO_PASSWORD", "minio123"), 3);
        assert_eq!(of("db_pwd", "MyPassword7"), 2);
        assert_eq!(of("password", "testing7"), 1);
        assert_eq!(of("password", &["hunter2", "!"].concat()), 0);
    }
}
