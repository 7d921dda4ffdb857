//! Saying of text, for little, that nothing is found in any part of it.
//!
//! gitleaks scans what a commit adds, hunk by hunk, and git must be asked what that is. It need not be asked of what has
//! nothing to be found: a hunk is a run of whole lines of a content, and where something is found in it,
//!
//! * a word of the rule's anchor stands, from which on the text is as the expression says, or may be (`pattern`); or, for
//!   a rule without an anchor, one of its keywords does;
//! * that is so in the content too, with the same bytes and in lines of the hunk, and so it is after each pass of decoding.
//!
//! What is seen here reaches [`REACH`] bytes to either side of the words at most, beyond the lines that they stand in.

use crate::config::Place;
use crate::decode::Pass;
use crate::detector::Detector;
use crate::keyword::{self, Signs};
use crate::pattern::{Glances, LONGEST, Text, folds};
use crate::words::Words;

/// How far from where something is seen it may depend on the text, in bytes, if no more than one encoding is taken off:
/// seven bytes of text, the most that stand for one, for each that an expression looks at.
pub const REACH: usize = 2048;
const _: () = assert!(REACH >= 7 * LONGEST && REACH >= 4 * LONGEST);

/// Looks at text with the rules of a [`Detector`].
pub struct Glance<'d> {
    detector: &'d Detector,
    words: Words,
    /// By word: the rules to which it is a sign, and whether it is a word of their anchors.
    rules: Vec<Vec<(usize, bool)>>,
    /// Rules that look at nothing but the name of a file.
    of_paths: Vec<usize>,
}

/// What can be found at a place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Prospect {
    /// Nothing.
    Nothing,
    /// Something, by the place alone.
    ByPlace,
    /// What the text has.
    ByText,
}

/// What a thread keeps from one text to the next. It is of one [`Glance`].
#[derive(Default)]
pub struct GlanceScratch {
    memory: Vec<Glances>,
}

impl<'d> Glance<'d> {
    /// Looks with the rules of `detector`; `None` if it has a rule of which all text may be something.
    pub fn new(detector: &'d Detector) -> Option<Self> {
        let mut words: Vec<Vec<u8>> = Vec::new();
        let mut rules: Vec<Vec<(usize, bool)>> = Vec::new();
        let mut of_paths = Vec::new();
        for (at, rule) in detector.enabled() {
            let Some(regex) = &rule.regex else {
                of_paths.push(at);
                continue;
            };
            let (own, is_anchor): (Vec<&[u8]>, bool) = match (regex.anchor(), keyword::signs(rule))
            {
                (Some(anchor), _) => (anchor.words.iter().map(Vec::as_slice).collect(), true),
                (None, Signs::Enough(words) | Signs::Needed(words)) => (words, false),
                (None, Signs::None) => return None,
            };
            for word in own {
                let known = words.iter().position(|known| known == word);
                let word = known.unwrap_or_else(|| {
                    words.push(word.to_vec());
                    rules.push(Vec::new());
                    words.len() - 1
                });
                rules[word].push((at, is_anchor));
            }
        }
        Some(Self {
            detector,
            words: Words::new(words),
            rules,
            of_paths,
        })
    }

    /// What it looks with.
    pub fn detector(&self) -> &'d Detector {
        self.detector
    }

    /// Whether something can be found for a file's name.
    pub fn looks_at_paths(&self) -> bool {
        !self.of_paths.is_empty()
    }

    /// What can be found in the file `path` of some commit.
    pub fn prospect(&self, path: &str) -> Prospect {
        // Where it depends on the commit, it is not allowed.
        let place = Place { path, commit: "" };
        let config = self.detector.config();
        if config
            .allowlists
            .iter()
            .any(|list| list.allows_place(place))
        {
            return Prospect::Nothing;
        }
        let of_path = self.of_paths.iter().any(|&rule| {
            let path = config.rules[rule].path.as_ref();
            path.is_some_and(|expression| expression.is_match(place.path.as_bytes()))
        });
        if of_path {
            Prospect::ByPlace
        } else {
            Prospect::ByText
        }
    }

    /// Whether something may be found in a run of whole lines of `text`. If that is a part of a content (`is_part`),
    /// text of more than one encoding may have anything.
    pub fn sees(&self, text: &[u8], is_part: bool, scratch: &mut GlanceScratch) -> bool {
        if self.sees_plain(text, scratch) {
            return true;
        }
        let (mut decoded, mut pass) = (None, Pass::default());
        for depth in 0..self.detector.max_decode_depth() {
            let Some((text, next)) = pass.decode(decoded.as_deref().unwrap_or(text)) else {
                return false;
            };
            if is_part && depth > 0 || self.sees_plain(&text, scratch) {
                return true;
            }
            (decoded, pass) = (Some(text), next);
        }
        false
    }

    fn sees_plain(&self, text: &[u8], scratch: &mut GlanceScratch) -> bool {
        let count = self.detector.config().rules.len();
        scratch.memory.resize_with(count, Glances::default);
        let mut seen = false;
        let mut at_word = |text: &[u8], word: u32, at: u32| {
            seen = seen
                || self.rules[word as usize].iter().any(|&(rule, is_anchor)| {
                    let regex = self.detector.config().rules[rule].regex.as_ref();
                    let memory = &mut scratch.memory[rule];
                    !is_anchor
                        || regex.is_none_or(|regex| regex.may_match(text, at as usize, memory))
                });
        };
        if text.is_ascii() || !folds(text) {
            self.words.each(text, |word, at| at_word(text, word, at));
        } else {
            let text = Text::new(text);
            text.each(&self.words, |word, at| at_word(&text.bytes, word, at));
        }
        seen
    }
}

#[cfg(test)]
mod tests {
    use data_encoding::{BASE64, HEXLOWER};

    use super::*;
    use crate::config::Config;
    use crate::detector::{Options, Scratch};
    use crate::finding::Fragment;

    /// Rules: bounded and not, over lines, at their ends and those of the text, and one by its keywords alone.
    const RULES: &str = r#"
        [[rules]]
        id = "assigned"
        regex = '''(?i)[\w.-]{0,50}?(?:acme|token)(?:[ \t\w.-]{0,20})[\s'`]{0,3}(?:=|:)[\s'`=]{0,5}([a-z0-9]{4,8})(?:[\s'`;]|$)'''
        keywords = ["acme", "token"]
        [[rules]]
        id = "word"
        regex = '''\b(acme_[a-z0-9]{4})\b'''
        [[rules]]
        id = "without an end"
        regex = '''\bacme_[a-z0-9]{70,}'''
        [[rules]]
        id = "over lines"
        regex = '''(?i)-----begin[\s\S]{2,}?end-----'''
        keywords = ["-----begin"]
        [[rules]]
        id = "alternatives"
        regex = '''tok(?:en|a)+=;|acme.{0,3}key|(?:xx|key)\n\n=token'''
        [[rules]]
        id = "lines"
        regex = '''(?m)^acme: [a-z]+$'''
        [[rules]]
        id = "start of the text"
        regex = '''^token;'''
        [[rules]]
        id = "end of the text"
        regex = '''key\.\n\z'''
        [[rules]]
        id = "all of the text"
        regex = '''\Aapi(?:\n|;)+$'''
        [[rules]]
        id = "by its keywords"
        regex = '''\w+-\.+;'''
        keywords = ["-.;"]
    "#;

    const PARTS: [&str; 35] = [
        "acme",
        "ACME_",
        "acme_",
        "token",
        "Token",
        "key",
        "api",
        "=",
        ": ",
        "'",
        "\n",
        "\n",
        "\n",
        "\n\n",
        " ",
        "abcd",
        "0a1b2c3d",
        ";",
        "-----BEGIN",
        "end-----",
        "\u{e9}",
        "\u{212A}ey",
        "to\u{212A}en",
        "\u{17F}",
        "\u{130}",
        ".",
        "-",
        "xx",
        "toka",
        "acme: ",
        "token;\n",
        "key.\n",
        "api;\n",
        "xx-.;",
        "a word of no meaning",
    ];

    fn detector(rules: &str) -> Detector {
        let config = Config::parse(rules).unwrap();
        Detector::new(config, Options::default()).unwrap()
    }

    fn parts(random: &mut fastrand::Rng, most: usize) -> Vec<u8> {
        let count = random.usize(1..most);
        let mut bytes: Vec<u8> = Vec::new();
        for _ in 0..count {
            bytes.extend(PARTS[random.usize(..PARTS.len())].bytes());
            match random.u8(..60) {
                0 => bytes.extend(b"acme_".iter().chain(&[b'z'; 80])),
                1 => bytes.push(0xFF),
                2 => bytes.extend("\u{e9}".as_bytes().iter().take(1)),
                _ => {}
            }
        }
        bytes
    }

    /// A text as an encoding has it.
    fn encoded(random: &mut fastrand::Rng, text: &[u8]) -> Vec<u8> {
        let each = |write: &dyn Fn(u8) -> String| text.iter().map(|&byte| write(byte)).collect();
        let encoded: String = match random.u8(..5) {
            0 => BASE64.encode(text),
            1 => HEXLOWER.encode(text),
            2 => each(&|byte| format!("%{byte:02X}")),
            3 => each(&|byte| format!("\\u{byte:04x}")),
            _ => each(&|byte| format!("U+{byte:04X} ")),
        };
        encoded.into_bytes()
    }

    /// Parts, some of them encoded up to three times, between lines that say nothing.
    fn text(random: &mut fastrand::Rng) -> Vec<u8> {
        let mut text = Vec::new();
        for _ in 0..random.usize(1..4) {
            let quiet = "nothing here, and\n".repeat(random.usize(..3) * random.usize(..160));
            text.extend(quiet.bytes());
            let most = if random.bool() { 5 } else { 25 };
            let mut some = parts(random, most);
            for _ in 0..[0, 0, 1, 2, 3][random.usize(..5)] {
                some = encoded(random, &some);
            }
            text.extend(some);
            text.extend(["\n", "", ";\n"][random.usize(..3)].bytes());
        }
        text
    }

    /// Where lines begin, and the end.
    fn starts(text: &[u8]) -> Vec<usize> {
        let mut starts = vec![0];
        starts.extend(memchr::memchr_iter(b'\n', text).map(|at| at + 1));
        starts.push(text.len());
        starts
    }

    #[test]
    fn what_is_found_in_some_lines_is_seen_in_all() {
        let detector = detector(RULES);
        let glance = Glance::new(&detector).unwrap();
        let (mut scratch, mut memory) = (Scratch::default(), GlanceScratch::default());
        let mut random = fastrand::Rng::with_seed(7);
        let asked = std::env::var("KEYSIEVE_GLANCE_ROUNDS");
        let rounds = asked.map_or(3000, |rounds| rounds.parse().expect("a number of rounds"));
        let (mut unseen, mut windows, mut decoded) = (0, 0, 0);
        let mut by_rule = std::collections::BTreeMap::<String, usize>::new();
        for _ in 0..rounds {
            let text = text(&mut random);
            let starts = starts(&text);
            let shown = String::from_utf8_lossy(&text);
            let sees = glance.sees(&text, false, &mut memory);
            unseen += usize::from(!sees);
            for piece in 0..6 {
                let mut ends = [0, 0].map(|_| starts[random.usize(..starts.len())]);
                ends.sort_unstable();
                let [start, end] = if piece == 0 { [0, text.len()] } else { ends };
                let fragment = Fragment {
                    text: &text[start..end],
                    ..Fragment::default()
                };
                let findings = detector.detect(&fragment, &mut scratch);
                let Some(finding) = findings.first() else {
                    continue;
                };
                assert!(sees, "{finding:?} in {start}..{end} of {shown:?}");
                for finding in &findings {
                    *by_rule.entry(finding.rule.clone()).or_default() += 1;
                    decoded += usize::from(!finding.tags.is_empty());
                }
                // Lines that reach as far beyond it, and some more.
                let more = [0, random.usize(..3000)][random.usize(..2)];
                let around = start.saturating_sub(REACH + more)..text.len().min(end + REACH + more);
                let before = starts.partition_point(|&at| at <= around.start) - 1;
                let behind = starts.partition_point(|&at| at < around.end);
                let window = starts[before]..starts[behind];
                windows += usize::from(window.len() < text.len());
                assert!(
                    glance.sees(&text[window.clone()], true, &mut memory),
                    "{finding:?} in {start}..{end} by {window:?} of {shown:?}"
                );
            }
        }
        let told = format!("{unseen} {windows} {decoded} {by_rule:?}");
        assert!(unseen > rounds / 4 && windows > rounds / 50, "{told}");
        assert!(decoded > rounds / 10, "{told}");
        assert!(
            by_rule.len() == 10 && by_rule.values().all(|&count| count > 4),
            "{told}"
        );
    }

    #[test]
    fn most_text_with_a_word_has_nothing() {
        let detector = detector(RULES);
        let glance = Glance::new(&detector).unwrap();
        let mut memory = GlanceScratch::default();
        let mut sees = |text: &str| glance.sees(text.as_bytes(), false, &mut memory);
        for text in [
            "",
            "acme and token",
            "acme_abc acme_abcde",
            "a token; not at the start",
            "key. in a line",
            "an acme: x",
            "keyring",
            "api",
        ] {
            assert!(!sees(text), "{text}");
        }
        assert!(
            sees("x\nacme_ab12\n") && sees("x\napi;\nx") && sees("x\ntoken;\nx") && sees("key.\nx")
        );

        // An encoding in one more is anything, in a part.
        let twice = BASE64.encode(BASE64.encode(b"a text of no meaning").as_bytes());
        assert!(!sees(&twice));
        assert!(glance.sees(twice.as_bytes(), true, &mut memory));
        let once = BASE64.encode(b"a text of no meaning");
        assert!(!glance.sees(once.as_bytes(), true, &mut memory));
        assert!(glance.sees(
            BASE64.encode(b"this is acme_ab12.").as_bytes(),
            true,
            &mut memory
        ));
    }

    #[test]
    fn a_rule_without_words_has_no_glance() {
        let with = |rule: &str| detector(&format!("{RULES}\n[[rules]]\nid = 'x'\n{rule}"));
        assert!(Glance::new(&with(r"regex = '\w+='")).is_none());
        assert!(Glance::new(&with("regex = '\\w+='\nkeywords = ['x']")).is_none());
        assert!(Glance::new(&with("regex = '\\w+='\nkeywords = ['word']")).is_some());
        let config = Config::parse(
            "[[rules]]\nid = 'x'\nregex = '\\w+='\n[[rules]]\nid = 'y'\nregex = 'acme'",
        );
        let options = Options {
            enabled: vec!["y".to_owned()],
            ..Options::default()
        };
        let of_others = Detector::new(config.unwrap(), options).unwrap();
        assert!(Glance::new(&of_others).is_some());
    }

    #[test]
    fn places_have_nothing_or_something_or_what_their_text_has() {
        let of_text = detector(RULES);
        let glance = Glance::new(&of_text).unwrap();
        assert!(!glance.looks_at_paths());
        assert_eq!(glance.prospect("a.key"), Prospect::ByText);
        let of_paths = detector(&format!(
            "[[allowlists]]\npaths = ['^vendor/']\n{RULES}
            [[rules]]\nid = 'path'\npath = '\\.key$'
            [[rules]]\nid = 'both'\npath = '\\.pem$'\nregex = 'acme'
            [[rules.allowlists]]\npaths = ['^own/']"
        ));
        let glance = Glance::new(&of_paths).unwrap();
        assert!(glance.looks_at_paths());
        for (path, prospect) in [
            ("a.key", Prospect::ByPlace),
            ("own/a.key", Prospect::ByPlace),
            ("a.pem", Prospect::ByText),
            ("own/a.pem", Prospect::ByText),
            ("", Prospect::ByText),
            ("vendor/a.key", Prospect::Nothing),
            ("vendor/a.txt", Prospect::Nothing),
            ("a/vendor/a.key", Prospect::ByPlace),
        ] {
            assert_eq!(glance.prospect(path), prospect, "{path}");
        }
    }
}
