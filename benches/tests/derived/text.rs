//! Texts of all that rules, dresses and decoders look for, next to each other.

use keysieve_engine::rule::RuleSet;
use keysieve_rules::sample::{Random, Template};

/// A text, and where things of interest begin in it.
#[derive(Clone, Default, Debug)]
pub(super) struct Text {
    pub(super) bytes: Vec<u8>,
    /// In no order.
    pub(super) marks: Vec<usize>,
    /// Where bytes stand that spoil what is around them, and how many: without these it would be found.
    pub(super) spoils: Vec<(usize, usize)>,
}

/// Writes texts.
pub(super) struct Writer<'w> {
    rules: &'w RuleSet,
    pub(super) random: &'w mut Random,
    /// Positions of the rules that this text is about: names and values of few rules meet more often.
    about: Vec<usize>,
}

const LINES: [&str; 14] = [
    "fn main() {",
    "    let count = items.iter().filter(|item| item.is_ready()).count();",
    "}",
    "# Usage",
    "import os, sys",
    "    return self.client.get(path, timeout=30)",
    "The quick brown fox jumps over the lazy dog, page 12.",
    "  - name: build",
    "https://www.example.org/docs/v2/reference.html#section-4",
    "commit 5f0c2a9e1b7d43c8a6f0e2d4b6a8c0e2f4a6b8d0",
    "0.1.2 -> 0.1.3",
    "",
    "        if (value === undefined) { throw new TypeError('value'); }",
    "<div class=\"row\"><span id=\"key\">text</span></div>",
];

const PLACEHOLDERS: [&str; 14] = [
    "changeme",
    "${SECRET}",
    "<your-token-here>",
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
    "{{ .Values.password }}",
    "REPLACE_WITH_YOUR_KEY_0000",
    "os.environ['KEY']",
    "example-password-123",
    "********",
    "0123456789abcdef0123456789abcdef",
    "test",
    "${VAR:-s3cr3t-d3fault}",
    "getenv(\"TOKEN\")",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
];

const NAMES: [&str; 12] = [
    "password",
    "passwd",
    "secret",
    "api_key",
    "apiKey",
    "token",
    "AUTH_TOKEN",
    "client_secret",
    "db.password",
    "--password",
    "private_key",
    "Authorization",
];

const OPERATORS: [&str; 20] = [
    "=",
    " = ",
    ": ",
    ":",
    " := ",
    " => ",
    "=\"",
    " = '",
    "\": \"",
    "', '",
    "(\"",
    " | ",
    ">",
    " == \"",
    ": Bearer ",
    ": &str = \"",
    " ",
    "-",
    ": >-\n    ",
    "\": {\"value\": \"",
];

const ENDS: [&str; 8] = ["\n", "\"\n", "'\n", "\",\n", "\")\n", " ", "</x>\n", ""];

const ALPHABETS: [&str; 4] = [
    "0123456789abcdef",
    "abcdefghijklmnopqrstuvwxyz0123456789",
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/_-.",
];

/// Small things that change how what is around them is read.
const FRAGMENTS: [&str; 44] = [
    "\n",
    "\n\n",
    "\r\n",
    " ",
    "        ",
    "\t",
    "\"",
    "'",
    "`",
    "\\",
    "\\\"",
    "\\\\\\\\",
    "=",
    ":",
    "://",
    "/",
    "@",
    "-",
    "_",
    ".",
    ",",
    ";",
    "(",
    ")",
    "[",
    "{",
    "}",
    "|",
    ">",
    "</",
    "&",
    "&quot;",
    "&#61;",
    "%3D",
    "%22",
    "\\u003d",
    "\\/",
    "\" +\n    \"",
    "\" \"",
    "a",
    "9",
    "x1y2z3a4b5c6d7e8",
    "value",
    "${",
];

impl<'w> Writer<'w> {
    pub(super) fn new(rules: &'w RuleSet, random: &'w mut Random) -> Self {
        let all = rules.rules().count();
        let mut about: Vec<usize> = (0..4).map(|_| random.usize(..all)).collect();
        // Few rules look at some files only.
        let of_paths = rules
            .rules()
            .enumerate()
            .filter(|(_, r)| !r.path.is_empty());
        let of_paths: Vec<usize> = of_paths.map(|(at, _)| at).collect();
        if random.usize(..4) == 0 {
            about[0] = of_paths[random.usize(..of_paths.len())];
        }
        Self {
            rules,
            random,
            about,
        }
    }

    fn pick<'p>(&mut self, of: &[&'p str]) -> &'p str {
        of[self.random.usize(..of.len())]
    }

    /// A text of a few thousand to some ten thousand bytes.
    pub(super) fn text(&mut self) -> Text {
        let mut text = Text::default();
        let size = 4000 + self.random.usize(..24_000);
        while text.bytes.len() < size {
            text.marks.push(text.bytes.len());
            self.piece(&mut text);
        }
        match self.random.usize(..40) {
            0 => utf_16(&mut text),
            1..=4 => with_carriage_returns(&mut text),
            _ => {}
        }
        text
    }

    /// Something small to be put in somewhere.
    pub(super) fn fragment(&mut self) -> Vec<u8> {
        match self.random.usize(..10) {
            0 => self.literal().into_bytes(),
            1 => {
                let len = 1 + self.random.usize(..80);
                self.value(len).into_bytes()
            }
            2 => self.sample().into_bytes(),
            3 => {
                let len = self.random.usize(..700);
                vec![self.pick(&[" ", "x", "=", "\\"]).as_bytes()[0]; len]
            }
            _ => self.pick(&FRAGMENTS).as_bytes().to_vec(),
        }
    }

    /// Adds a piece: a line or some.
    pub(super) fn piece(&mut self, out: &mut Text) {
        let piece = match self.random.usize(..38) {
            0..=5 => {
                let lines = 1 + self.random.usize(..25);
                let lines: Vec<&str> = (0..lines).map(|_| self.pick(&LINES)).collect();
                lines.join("\n") + "\n"
            }
            6..=9 => self.sample() + "\n",
            10..=11 => self.near_miss() + "\n",
            12 | 34..=37 => {
                let (text, (at, len)) = self.spoiled();
                out.spoils.push((out.bytes.len() + at, len));
                text
            }
            13..=15 => self.assigned(),
            16 => self.literal() + self.pick(&["\n", " ", "=", ": ", "", "\"\n"]),
            17..=18 => self.dressed(),
            19..=20 => self.joined(),
            21 => self.record(),
            22 => {
                let count = 1 + self.random.usize(..30);
                self.pick(&["://", "://a", "a://b:", "key=", "token ", "'\"", "-----"])
                    .repeat(count)
                    + "\n"
            }
            23 => {
                let (name, operator) = (self.name(), self.pick(&OPERATORS));
                format!(
                    "{name}{operator}{}{}",
                    self.pick(&PLACEHOLDERS),
                    self.pick(&ENDS)
                )
            }
            24..=25 => self.far(),
            26 => {
                let len = self.random.usize(..6000);
                let fill = self.pick(&[" ", "x", "\t", "ab1 ", "k3y=", "\\", "-"]);
                fill.repeat(len / fill.len())
            }
            27 => {
                let len = self.random.usize(..3000);
                self.value(len) + self.pick(&ENDS)
            }
            28 => self.chain(),
            29 => self.key_block(),
            30 => {
                let (first, second) = (self.sample(), self.sample());
                format!(
                    "{first}{}{second}{}",
                    self.pick(&FRAGMENTS),
                    self.pick(&ENDS)
                )
            }
            31 => {
                let between = self.random.usize(..60);
                let (literal, sample) = (self.literal(), self.sample());
                format!("{literal}{}{sample}\n", " ".repeat(between))
            }
            _ => {
                let (name, len) = (self.name(), 10 + self.random.usize(..40));
                let between = self.pick(&[
                    " ",
                    "-",
                    " key ",
                    "_token-",
                    "\n",
                    " secret\n  ",
                    ".",
                    " is: ",
                    " (",
                    " | x | ",
                ]);
                format!("{name}{between}{}{}", self.value(len), self.pick(&ENDS))
            }
        };
        out.bytes.extend(piece.into_bytes());
    }

    /// The position of a rule: often one of those that this text is about.
    fn rule(&mut self) -> usize {
        if self.random.bool() {
            self.about[self.random.usize(..self.about.len())]
        } else {
            let all = self.rules.rules().count();
            self.random.usize(..all)
        }
    }

    fn expanded(&mut self, near_miss: bool) -> String {
        let position = self.rule();
        let rule = self.rules.rules().nth(position).unwrap();
        let templates = if near_miss {
            &rule.near_misses
        } else {
            &rule.samples
        };
        if templates.is_empty() {
            return String::new();
        }
        let template = &templates[self.random.usize(..templates.len())];
        let prefixes: Vec<String> = rule.prefixes.iter().map(ToString::to_string).collect();
        Template::parse(template)
            .unwrap()
            .expand(self.random, &prefixes)
    }

    fn sample(&mut self) -> String {
        self.expanded(false)
    }

    fn near_miss(&mut self) -> String {
        self.expanded(true)
    }

    /// A prefix or a keyword of a rule, in some case.
    fn literal(&mut self) -> String {
        let position = self.rule();
        let rule = self.rules.rules().nth(position).unwrap();
        let literals: Vec<&str> = rule
            .prefixes
            .iter()
            .chain(rule.keywords.iter())
            .map(|l| &**l)
            .collect();
        let literal = self.pick(&literals).to_owned();
        match self.random.usize(..6) {
            0 => literal.to_ascii_uppercase(),
            1 => literal.to_ascii_lowercase(),
            _ => literal,
        }
    }

    /// What values are assigned to.
    fn name(&mut self) -> String {
        let name = if self.random.bool() {
            self.literal()
        } else {
            self.pick(&NAMES).to_owned()
        };
        match self.random.usize(..6) {
            0 => format!("MY_{name}_TOKEN"),
            1 => format!("x.{name}.key"),
            2 => format!("\"{name}"),
            _ => name,
        }
    }

    /// So many random characters.
    fn value(&mut self, len: usize) -> String {
        let alphabet = self.pick(&ALPHABETS).as_bytes();
        (0..len)
            .map(|_| char::from(alphabet[self.random.usize(..alphabet.len())]))
            .collect()
    }

    /// A value assigned to a name, with blanks where they may stand, and lengths around all limits.
    fn assigned(&mut self) -> String {
        let (name, operator, end) = (self.name(), self.pick(&OPERATORS), self.pick(&ENDS));
        let len =
            [12, 16, 20, 24, 32, 36, 40, 64, 90, 400, 800, 4090, 4097][self.random.usize(..13)];
        let mut blanks = || match self.random.usize(..8) {
            0 => self.random.usize(..70),
            1 => self.random.usize(..300),
            _ => 0,
        };
        let (before, behind) = (" ".repeat(blanks()), " ".repeat(blanks()));
        format!("{name}{before}{operator}{behind}{}{end}", self.value(len))
    }

    /// A name and its value as two fields of a record.
    fn record(&mut self) -> String {
        let (name, gap) = (self.name(), self.random.usize(..5) * 40);
        let len = 8 + self.random.usize(..40);
        let (value, gap) = (self.value(len), " ".repeat(gap));
        match self.random.usize(..6) {
            0 => format!("- name: {name}\n  {gap}value: {value}\n"),
            1 => format!("{{\"Key\": \"{name}\",{gap} \"Value\": \"{value}\"}}\n"),
            2 => format!("<name>{name}</name>\n{gap}<value>{value}</value>\n"),
            3 => format!("variable \"{name}\" {{\n{gap}  default = \"{value}\"\n}}\n"),
            4 => format!("user, {name} = 'root{gap}', '{value}'\n"),
            _ => format!("ENV {name} {gap}{value}\n"),
        }
    }

    /// A name whose value, or the end of it, is far right.
    fn far(&mut self) -> String {
        let distance =
            [40, 48, 64, 200, 256, 312, 480, 640, 760, 770, 1024, 4090][self.random.usize(..12)];
        let distance = distance + self.random.usize(..12);
        let filler = self.pick(&[" ", "x", "a.b ", "\\", "\"\"", "/", "=", "key "]);
        let filler = &filler.repeat(distance)[..distance];
        let (name, operator) = (self.name(), self.pick(&OPERATORS));
        let value = self.value(32);
        match self.random.usize(..4) {
            0 => format!("{name}{filler}{operator}{value}{}", self.pick(&ENDS)),
            1 => format!("{name}{operator}{filler}{value}{}", self.pick(&ENDS)),
            2 => format!("{name}{operator}{value}{filler}{}", self.pick(&ENDS)),
            _ => format!("{name} = \"{value} {filler}\n"),
        }
    }

    /// A sample as another text holds it.
    fn dressed(&mut self) -> String {
        let mut text = self.sample();
        if self.random.bool() {
            text = format!("{{\"{}\": \"{text}\"}}", self.name());
        }
        for _ in 0..1 + self.random.usize(..2) {
            text = match self.random.usize(..4) {
                0 => text
                    .replace('\\', "\\\\")
                    .replace('"', "\\\"")
                    .replace('/', "\\/")
                    .replace('\n', "\\n")
                    .replace('=', "\\u003d"),
                1 => text
                    .replace('&', "&amp;")
                    .replace('"', "&quot;")
                    .replace('=', "&#61;"),
                2 => text
                    .chars()
                    .map(|c| {
                        if c.is_ascii() && !c.is_ascii_alphanumeric() {
                            format!("%{:02X}", c as u8)
                        } else {
                            c.to_string()
                        }
                    })
                    .collect(),
                _ => text
                    .replace('\\', "\\\\")
                    .replace('"', "\\\"")
                    .replace('\n', "\\n"),
            };
        }
        text + "\n"
    }

    /// A sample in two literals, or in two lines.
    fn joined(&mut self) -> String {
        let mut text = format!("\"{}\"\n", self.sample());
        for _ in 0..1 + self.random.usize(..2) {
            let at = 1 + self.random.usize(..text.len() - 1);
            if text.is_char_boundary(at) {
                let joint = self.pick(&[
                    "\" +\n    \"",
                    "\"\n  \"",
                    "\" . \"",
                    "\\\n    ",
                    "\" \\\n\"",
                    "' +\n'",
                    "\" ..                 \"",
                ]);
                text.insert_str(at, joint);
            }
        }
        let name = self.name();
        format!("{name} = {text}")
    }

    /// A sample with something put before it or into it, and where that is: often far behind its literal.
    fn spoiled(&mut self) -> (String, (usize, usize)) {
        let mut text = self.sample();
        let (at, fragment) = match self.random.usize(..6) {
            // It begins in a word.
            0 | 1 => (0, self.pick(&["a", "x", "Z", "9", "xy"])),
            // The quote behind a default is in the next line.
            2 => {
                let (name, value) = (self.pick(&NAMES), self.value(24));
                let far = "x ".repeat(self.random.usize(..1500));
                text = format!("{name} = \"${{V:-{value}}}{far}\"");
                (text.len() - 1, "\n")
            }
            3 | 4 => {
                let longer = |sample: &String| (200..1000).contains(&sample.len());
                let samples = (0..40).map(|_| self.sample());
                text = samples.filter(longer).last().unwrap_or(text);
                let behind = self.random.usize(..=text.len() / 2);
                (text.len() - behind, self.pick(&FRAGMENTS))
            }
            _ => (self.random.usize(..=text.len()), self.pick(&FRAGMENTS)),
        };
        let at = text.floor_char_boundary(at);
        text.insert_str(at, fragment);
        (text + "\n", (at, fragment.len()))
    }

    /// Matches of one rule that overlap, or follow each other closely.
    fn chain(&mut self) -> String {
        let sample = self.sample();
        let (joint, count) = (
            self.pick(&["", "", "-", " ", ",", "=", "\""]),
            2 + self.random.usize(..6),
        );
        let keep = if self.random.bool() {
            sample.len()
        } else {
            self.random.usize(..=sample.len())
        };
        let part = sample.get(..keep).unwrap_or(&sample);
        vec![part; count].join(joint) + &sample + "\n"
    }

    /// A block of a key, whole or not.
    fn key_block(&mut self) -> String {
        let kind = self.pick(&["rsa", "ec", "pkcs8", "openssh", "pgp"]);
        let block = Template::parse(&format!("{{pem:{kind}}}"))
            .unwrap()
            .expand(self.random, &[]);
        match self.random.usize(..4) {
            0 => block[..self.random.usize(..block.len())].to_owned() + "\n",
            1 => block.replace('\n', "\\n") + "\n",
            _ => block + "\n",
        }
    }
}

fn utf_16(text: &mut Text) {
    let wide = |b: &u8| [*b, 0];
    text.bytes = [0xff, 0xfe]
        .into_iter()
        .chain(text.bytes.iter().flat_map(wide))
        .collect();
    text.marks.iter_mut().for_each(|mark| *mark = *mark * 2 + 2);
    text.spoils.clear();
}

fn with_carriage_returns(text: &mut Text) {
    let mut bytes = Vec::with_capacity(text.bytes.len());
    for &byte in &text.bytes {
        if byte == b'\n' {
            bytes.push(b'\r');
        }
        bytes.push(byte);
    }
    text.bytes = bytes;
    text.spoils.clear();
}
