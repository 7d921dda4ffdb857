//! `fixtures/planted`, expanded: files with secrets, and where each of them stands.

use std::collections::BTreeSet;
use std::fmt;
use std::io::Write as _;
use std::ops::Range;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use keysieve_rules::sample::{Mark, Marked, Random, Template};
use serde_json::Value;

use super::{array, files, fixtures, text, write};

/// Where one secret stands, and the rule that must find it there.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Place {
    /// From the folder of the scan.
    pub(crate) path: String,
    /// The decoders on the way in.
    pub(crate) inside: Vec<String>,
    pub(crate) rule: String,
    /// Line and column of its first character, and of one past its last.
    pub(crate) start: (u64, u64),
    pub(crate) end: (u64, u64),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (start, end) = (self.start, self.end);
        let place = format!("{} {:?}", self.path, self.inside);
        write!(f, "{} at {place} {start:?}..{end:?}", self.rule)
    }
}

/// What was planted.
#[derive(Default)]
pub(crate) struct Planted {
    /// As the JSON report counts: columns in characters.
    pub(crate) places: BTreeSet<Place>,
    /// As SARIF counts: columns in UTF-16 units; without what is packed, which has no lines of its own there.
    pub(crate) utf16_places: BTreeSet<Place>,
    /// What no report may contain: the values, those of key blocks line by line.
    pub(crate) values: Vec<String>,
}

/// A way to write a text: name, ending of the file name, decoders that undo it.
struct Form {
    name: &'static str,
    ending: &'static str,
    inside: &'static [&'static str],
    line_end: &'static str,
    encode: fn(&str) -> Vec<u8>,
}

const PLAIN: Form = Form {
    name: "plain",
    ending: "",
    inside: &[],
    line_end: "\n",
    encode: |text| text.into(),
};

const FORMS: [Form; 6] = [
    PLAIN,
    Form {
        name: "crlf",
        line_end: "\r\n",
        ..PLAIN
    },
    Form {
        name: "gzip",
        ending: ".gz",
        inside: &["gzip"],
        encode: gzip,
        ..PLAIN
    },
    Form {
        name: "utf-16le",
        inside: &["utf-16"],
        encode: |text| utf16(text, u16::to_le_bytes),
        ..PLAIN
    },
    Form {
        name: "utf-16be",
        inside: &["utf-16"],
        line_end: "\r\n",
        encode: |text| utf16(text, u16::to_be_bytes),
        ..PLAIN
    },
    Form {
        name: "utf-16le-gzip",
        ending: ".gz",
        inside: &["gzip", "utf-16"],
        encode: |text| gzip_bytes(&utf16(text, u16::to_le_bytes)),
        ..PLAIN
    },
];

/// Writes each template to `folder` in every form, with other secrets in each.
pub(crate) fn expand(folder: &Path) -> Planted {
    let mut planted = Planted::default();
    let templates = fixtures("planted");
    for (seed, file) in files(&templates).iter().enumerate() {
        let template = std::fs::read_to_string(templates.join(file)).unwrap();
        let template = Template::parse(&template).unwrap_or_else(|e| panic!("{file:?}: {e}"));
        for (nth, form) in FORMS.iter().enumerate() {
            let mut random = Random::with_seed((seed * FORMS.len() + nth) as u64);
            let marked =
                with_line_ends(template.expand_marked(&mut random, prefixes), form.line_end);
            let name = format!("{}/{}{}", form.name, file.to_str().unwrap(), form.ending);
            write(&folder.join(&name), &(form.encode)(&marked.text));
            planted.add(&name, form, &marked);
        }
    }
    planted
}

impl Planted {
    fn add(&mut self, path: &str, form: &Form, marked: &Marked) {
        for Mark { rule, span } in &marked.marks {
            let place = |width| Place {
                path: path.to_owned(),
                inside: form.inside.iter().map(|&via| via.to_owned()).collect(),
                rule: rule.clone(),
                start: position(&marked.text[..span.start], width),
                end: position(&marked.text[..span.end], width),
            };
            self.places.insert(place(|_| 1));
            if !form.inside.contains(&"gzip") {
                let mut place = place(char::len_utf16);
                place.inside.clear();
                self.utf16_places.insert(place);
            }
            self.values.extend(secret_lines(&marked.text[span.clone()]));
        }
    }
}

/// The findings of a JSON report that are reported.
pub(crate) fn found_in_json(report: &Value) -> BTreeSet<Place> {
    let point = |finding: &Value, end: &str| {
        let number = |name: &str| {
            finding
                .pointer(&format!("/{end}/{name}"))
                .unwrap()
                .as_u64()
                .unwrap()
        };
        (number("line"), number("column"))
    };
    let place = |finding: &Value| Place {
        path: text(finding, "/path").to_owned(),
        inside: match finding.get("inside") {
            Some(_) => array(finding, "/inside")
                .iter()
                .map(|step| text(step, "/via").to_owned())
                .collect(),
            None => Vec::new(),
        },
        rule: text(finding, "/rule").to_owned(),
        start: point(finding, "start"),
        end: point(finding, "end"),
    };
    let reported = |finding: &&Value| finding.get("suppressed").is_none();
    array(report, "/findings")
        .iter()
        .filter(reported)
        .map(place)
        .collect()
}

/// The results of a SARIF report that have a line of their own.
pub(crate) fn found_in_sarif(log: &Value) -> BTreeSet<Place> {
    let place = |result: &Value| {
        let location = &result["locations"][0];
        let number = |name: &str| {
            location["physicalLocation"]["region"][name]
                .as_u64()
                .unwrap()
        };
        location.get("logicalLocations").is_none().then(|| Place {
            path: text(location, "/physicalLocation/artifactLocation/uri").to_owned(),
            inside: Vec::new(),
            rule: text(result, "/ruleId").to_owned(),
            start: (number("startLine"), number("startColumn")),
            end: (number("endLine"), number("endColumn")),
        })
    };
    array(log, "/runs/0/results")
        .iter()
        .filter_map(place)
        .collect()
}

/// Fails with what was missed and what was found beside.
pub(crate) fn assert_same(planted: &BTreeSet<Place>, found: &BTreeSet<Place>) {
    let list = |places: Vec<&Place>| {
        places
            .iter()
            .map(|place| format!("\n  {place}"))
            .collect::<String>()
    };
    let missed = list(planted.difference(found).collect());
    let beside = list(found.difference(planted).collect());
    assert!(
        missed.is_empty() && beside.is_empty(),
        "missed:{missed}\nfound beside:{beside}"
    );
}

/// The prefixes of a rule, for the checksums of its tokens.
fn prefixes(rule: Option<&str>) -> Vec<String> {
    let Some(id) = rule else {
        return Vec::new();
    };
    let rule = keysieve_rules::builtin()
        .rules
        .iter()
        .find(|rule| rule.id == id);
    let rule = rule.unwrap_or_else(|| panic!("no rule has the id {id}"));
    rule.prefixes.iter().map(ToString::to_string).collect()
}

/// The same text with other line ends.
fn with_line_ends(marked: Marked, line_end: &str) -> Marked {
    let longer = line_end.len() - 1;
    let moved = |at: usize| at + longer * marked.text[..at].matches('\n').count();
    let mark = |Mark {
                    rule,
                    span: Range { start, end },
                }: &Mark| Mark {
        rule: rule.clone(),
        span: moved(*start)..moved(*end),
    };
    Marked {
        text: marked.text.replace('\n', line_end),
        marks: marked.marks.iter().map(mark).collect(),
    }
}

/// The place after `text`, by the plainest way to count.
fn position(text: &str, width: fn(char) -> usize) -> (u64, u64) {
    let line = text.split('\n').next_back().unwrap_or_default();
    let column: usize = line.chars().map(width).sum();
    (text.split('\n').count() as u64, column as u64 + 1)
}

/// The lines of a value, in plain text or as `\n` in a string, without the header and footer of a key block.
fn secret_lines(value: &str) -> impl Iterator<Item = String> {
    let lines = value.split(['\n', '\r']).flat_map(|line| line.split("\\n"));
    let secret = |line: &&str| line.len() >= 8 && !line.starts_with("-----");
    lines.filter(secret).map(str::to_owned)
}

fn gzip(text: &str) -> Vec<u8> {
    gzip_bytes(text.as_bytes())
}

fn gzip_bytes(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn utf16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    "\u{feff}"
        .encode_utf16()
        .chain(text.encode_utf16())
        .flat_map(bytes)
        .collect()
}
