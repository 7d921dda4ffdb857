//! What programs, settings and documents say under names of secrets without telling one, written here: names of variables,
//! files, hosts, techniques, expressions and versions, in the places where assignments stand in a dozen languages.
//!
//! A user who has no tree at hand can fit and test on this alone. Beside trees it sees to it that no kind of value goes
//! unseen because the trees happen to lack it.

use fastrand::Rng;
use keysieve_engine::FileKind;
use keysieve_engine::verify::Operator;

use crate::draw::{DIGITS, HEX, LOWER, draw};
use crate::harvest::{Frame, Harvest};

/// The seed of the values that the table is fitted on.
pub(crate) const SEED: u64 = 0x7369_6576;
/// How many places are written.
const PLACES: usize = 40_000;
/// One in so many is held back from the fit.
const HELD: usize = 4;
/// Words, for where no document of a tree gives any.
const WORDS: &str = include_str!("../../../crates/engine/src/checks/words.txt");

/// Before the name, between name and value, behind it; the operator, whether quotes stand around it, and the file.
type Place = (
    &'static str,
    &'static str,
    &'static str,
    Operator,
    bool,
    FileKind,
);

/// Where assignments stand. A place that is more usual stands here more often.
const PLACES_OF_VALUES: [Place; 24] = [
    (
        "    ",
        " = \"",
        "\";\n",
        Operator::Equals,
        true,
        FileKind::Source,
    ),
    (
        "  private String ",
        " = \"",
        "\";\n",
        Operator::Equals,
        true,
        FileKind::Source,
    ),
    (
        "        ",
        "='",
        "',\n",
        Operator::Equals,
        true,
        FileKind::Source,
    ),
    (
        "const ",
        " = '",
        "';\n",
        Operator::Equals,
        true,
        FileKind::Source,
    ),
    (
        "    '",
        "' => '",
        "',\n",
        Operator::Equals,
        true,
        FileKind::Source,
    ),
    (
        "    :",
        " => \"",
        "\",\n",
        Operator::Equals,
        true,
        FileKind::TestFixture,
    ),
    (
        "        ",
        ": '",
        "',\n",
        Operator::Colon,
        true,
        FileKind::TestFixture,
    ),
    (
        "    ",
        " = \"",
        "\"\n",
        Operator::Equals,
        true,
        FileKind::TestFixture,
    ),
    (
        "    assert user.",
        " == \"",
        "\"\n",
        Operator::Compare,
        true,
        FileKind::TestFixture,
    ),
    (
        "    set(\"",
        "\", \"",
        "\");\n",
        Operator::Argument,
        true,
        FileKind::Source,
    ),
    (
        "    { \"",
        "\": \"",
        "\" }\n",
        Operator::Colon,
        true,
        FileKind::Source,
    ),
    (
        "  \"",
        "\": \"",
        "\",\n",
        Operator::Colon,
        true,
        FileKind::Config,
    ),
    ("  ", ": ", "\n", Operator::Colon, false, FileKind::Config),
    ("    ", ": ", "\n", Operator::Colon, false, FileKind::Config),
    (
        "    ",
        ": \"",
        "\"\n",
        Operator::Colon,
        true,
        FileKind::Config,
    ),
    ("", "=", "\n", Operator::Equals, false, FileKind::Config),
    (
        "spring.",
        "=",
        "\n",
        Operator::Equals,
        false,
        FileKind::Config,
    ),
    (
        "  ",
        " = \"",
        "\"\n",
        Operator::Equals,
        true,
        FileKind::Config,
    ),
    ("    <", ">", "</", Operator::Close, false, FileKind::Config),
    (
        "- ",
        ": ",
        "\n",
        Operator::Colon,
        false,
        FileKind::Documentation,
    ),
    (
        "    ",
        " = \"",
        "\"\n",
        Operator::Equals,
        true,
        FileKind::Documentation,
    ),
    (
        "export ",
        "=",
        "\n",
        Operator::Equals,
        false,
        FileKind::Documentation,
    ),
    (
        "| ",
        " | ",
        " |\n",
        Operator::Cell,
        false,
        FileKind::Documentation,
    ),
    (
        "t=1 ",
        "=",
        " n=2\n",
        Operator::Equals,
        false,
        FileKind::Log,
    ),
];

/// Adds places with what usually stands there, and words if there are none.
pub(crate) fn add(harvest: &mut Harvest, seed: u64) {
    if harvest.words.is_empty() {
        let lines = WORDS.lines().filter(|line| !line.starts_with('#'));
        harvest.words = lines
            .flat_map(str::split_whitespace)
            .filter(|word| (4..=9).contains(&word.len()))
            .map(str::to_owned)
            .collect();
    }
    let mut rng = Rng::with_seed(seed);
    for i in 0..PLACES {
        let (before, between, after, operator, quoted, kind) =
            PLACES_OF_VALUES[rng.usize(..PLACES_OF_VALUES.len())];
        harvest.frames.push(Frame {
            before: before.into(),
            between: between.into(),
            value: usual(&mut rng, &harvest.words).into_bytes(),
            after: after.into(),
            operator,
            quoted,
            kind,
            held: i.is_multiple_of(HELD),
            generated: true,
        });
    }
}

/// A value that is no secret.
fn usual(rng: &mut Rng, words: &[String]) -> String {
    let word = |rng: &mut Rng| rng.choice(words).cloned().unwrap_or_default();
    let capital = |word: String| word[..1].to_uppercase() + &word[1..];
    let number = |rng: &mut Rng| match rng.u8(0..3) {
        0 => rng.u8(1..10).to_string(),
        1 => rng.u8(10..100).to_string(),
        _ => format!("{}.{}", rng.u8(0..20), rng.u8(0..30)),
    };
    let joined = |rng: &mut Rng, joint: &str, most: usize| {
        let parts: Vec<String> = (0..rng.usize(2..=most)).map(|_| word(rng)).collect();
        parts.join(joint)
    };
    let humps = |rng: &mut Rng, most: usize| {
        let tail: String = (1..rng.usize(2..=most))
            .map(|_| capital(word(rng)))
            .collect();
        word(rng) + &tail
    };
    match rng.u8(0..100) {
        0..8 => word(rng),
        8..12 => capital(word(rng)),
        12..15 => word(rng).to_uppercase(),
        // Variables, members, keys of settings and of translations.
        15..23 => humps(rng, 4),
        23..27 => capital(humps(rng, 4)),
        27..34 => joined(rng, "_", 4),
        34..38 => joined(rng, "_", 4).to_uppercase(),
        38..45 => joined(rng, "-", 4),
        45..52 => joined(rng, ".", 5),
        52..54 => joined(rng, "::", 3),
        // The same with a number.
        54..56 => word(rng) + &rng.u8(1..10).to_string(),
        56..57 => word(rng) + &rng.u8(10..100).to_string(),
        57..61 => humps(rng, 3) + &rng.u8(1..10).to_string(),
        61..64 => joined(rng, "-", 3) + "-" + &number(rng),
        64..66 => joined(rng, "_", 3) + "_" + &number(rng),
        66..68 => format!("{}-v{}", joined(rng, "-", 3), number(rng)),
        // Files, folders, hosts, images, types of content.
        68..71 => format!(
            "{}.{}",
            joined(rng, "-", 2),
            ["json", "pem", "txt", "yml"][rng.usize(..4)]
        ),
        71..74 => joined(rng, "/", 4),
        74..77 => format!(
            "{}.{}.{}",
            word(rng),
            word(rng),
            ["com", "local", "svc", "io"][rng.usize(..4)]
        ),
        77..79 => format!("{}/{}:{}", word(rng), word(rng), number(rng)),
        79..80 => format!("{}:{}", word(rng), rng.u16(80..9999)),
        // Expressions, options, patterns and marks of templates.
        80..82 => format!("{}.{}", word(rng), humps(rng, 3)),
        82..84 => format!("{}|{}", word(rng), word(rng)),
        84..86 => format!("{}[{}]", word(rng), rng.u8(0..9)),
        86..88 => ["!", "*", "?", "^", "%", "@", "~"][rng.usize(..7)].to_owned() + &humps(rng, 3),
        88..90 => format!("{}={}", word(rng), word(rng)),
        90..91 => format!("^[a-z0-9]{{{},{}}}$", rng.u8(1..9), rng.u8(9..99)),
        91..92 => format!("{}+{}", word(rng), word(rng)),
        // Numbers, versions, ids that are counted.
        92..95 => {
            let len = rng.usize(6..11);
            draw(rng, DIGITS, len)
        }
        95..97 => format!("{}.{}.{}", number(rng), rng.u8(0..30), rng.u8(0..30)),
        97..98 => format!(
            "{}-{}",
            draw(rng, &LOWER[..6], 3).to_uppercase(),
            rng.u32(1000..99_999)
        ),
        // Marks of a revision or of a page.
        98..99 => draw(rng, HEX, 8),
        _ => format!("{}-{}", word(rng), draw(rng, HEX, 7)),
    }
}
