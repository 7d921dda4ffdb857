//! What stands in ordinary source trees: values under names of secrets, and values under any other name with the text
//! around them.

use std::fs;
use std::path::{Path, PathBuf};

use aho_corasick::AhoCorasick;
use anyhow::{Context as _, Result};
use keysieve_engine::FileKind;
use keysieve_engine::checks::Subject;
use keysieve_engine::checks::generic::{self, Wanted};
use keysieve_engine::checks::score::{self, FEATURES};
use keysieve_engine::checks::{shape, words};
use keysieve_engine::rule::{CheckName, Rule, RuleFile, RuleSet, compile};
use keysieve_engine::verify::{Operator, brute};

/// Files that are longer are left out: they are data.
const MAX_FILE: u64 = 256 * 1024;
/// How many lines behind a keyword are read: a value may stand on the next line but one.
const LINES: usize = 3;

/// A value that is so many bits from words was drawn by a machine: a digest, an id, encoded data. Only its name says that it
/// is no secret; given the name of one, it would teach the model that secrets are none.
const DRAWN: f64 = 16.0;

/// The bins of a value.
pub(crate) type Bins = [usize; FEATURES.len()];

/// An assignment to an ordinary name, with the text around that a value needs to be read.
#[derive(Debug)]
pub(crate) struct Frame {
    /// What stands before the name on its line, as far as it matters.
    pub(crate) before: Vec<u8>,
    /// From the end of the name to the value.
    pub(crate) between: Vec<u8>,
    /// The value.
    pub(crate) value: Vec<u8>,
    /// What stands behind it.
    pub(crate) after: Vec<u8>,
    pub(crate) operator: Operator,
    pub(crate) quoted: bool,
    pub(crate) kind: FileKind,
    /// Whether the file is held back from the fit.
    pub(crate) held: bool,
    /// Whether it was written by `generated.rs`.
    pub(crate) generated: bool,
}

/// All that was read.
#[derive(Debug, Default)]
pub(crate) struct Harvest {
    /// Values that are assigned to names of tokens, and of passwords.
    pub(crate) tokens: Vec<(Bins, bool)>,
    pub(crate) passwords: Vec<(Bins, bool)>,
    /// Assignments to other names.
    pub(crate) frames: Vec<Frame>,
    /// Words of documents, in small letters.
    pub(crate) words: Vec<String>,
    /// The keywords of the rules, to make names of.
    pub(crate) token_names: Vec<String>,
    pub(crate) password_names: Vec<String>,
}

/// Names that promise no secret. The value may have any form. Those of digests are not among them: under the name of a
/// key, a digest looks like any key in hexadecimal, and whoever says it is none says so by the name.
const ORDINARY: &str = r#"
[[rule]]
id = "generic-ordinary"
name = "ordinary value"
description = "A value under a name that promises nothing."
severity = "low"
confidence = "low"
keywords = ["title", "value", "label", "text", "content", "comment", "source", "target", "default", "module", "package",
    "image", "color", "style", "command", "user", "email", "address", "status", "state", "result", "data", "group", "region",
    "domain", "expected", "actual", "parent", "option", "method", "model", "service", "branch", "license", "theme"]
value = '''[^\s"'`<>{}]{1,512}(?: [^\s"'`<>{}]{1,63})?'''
checks = ["password"]
remediation = "None."
samples = ["label={word}"]
"#;

impl Harvest {
    /// Reads the trees, in the order of their names.
    pub(crate) fn of(trees: &[PathBuf]) -> Result<Self> {
        let rules = RuleSet::new(keysieve_rules::builtin(), Vec::new())?;
        let with = |check: CheckName| -> Vec<&Rule> {
            rules.rules().filter(|rule| rule.checks(check)).collect()
        };
        let (tokens, passwords) = (with(CheckName::Generic), with(CheckName::Password));
        let mut file = RuleFile::parse(ORDINARY)?;
        let ordinary = compile(file.rules.remove(0))?;
        let mut harvest = Self {
            token_names: keywords(&tokens),
            password_names: keywords(&passwords),
            ..Self::default()
        };
        let all = [&tokens[..], &passwords, &[&ordinary]].concat();
        let keywords = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .build(keywords(&all))?;
        for tree in trees {
            for path in files(tree)? {
                let text =
                    fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
                let inside = path.strip_prefix(tree).unwrap_or(&path);
                let kind = FileKind::classify(Some(inside), &text);
                if kind == FileKind::Binary {
                    continue;
                }
                let held = hash(inside.as_os_str().as_encoded_bytes()).is_multiple_of(4);
                for text in passages(&keywords, &text) {
                    for (rules, wanted) in
                        [(&tokens, Wanted::Token), (&passwords, Wanted::Password)]
                    {
                        for rule in rules.iter() {
                            harvest.named(rule, wanted, text, kind, held);
                        }
                    }
                    harvest.framed(&ordinary, text, kind, held);
                }
                if kind == FileKind::Documentation {
                    harvest.worded(&text);
                }
            }
        }
        harvest.words.sort_unstable();
        harvest.words.dedup();
        Ok(harvest)
    }

    /// Adds what stands under the names of secrets.
    fn named(&mut self, rule: &Rule, wanted: Wanted, text: &[u8], kind: FileKind, held: bool) {
        for matched in brute(rule, text) {
            let subject = Subject {
                text,
                matched,
                kind,
            };
            if let Some(Ok(candidate)) = generic::weigh(subject, wanted) {
                let list = match wanted {
                    Wanted::Token => &mut self.tokens,
                    Wanted::Password => &mut self.passwords,
                };
                list.push((score::bins(&candidate), held));
            }
        }
    }

    /// Adds what stands under other names.
    fn framed(&mut self, rule: &Rule, text: &[u8], kind: FileKind, held: bool) {
        for matched in brute(rule, text) {
            let Some(a) = matched.assignment else {
                continue;
            };
            let value = &text[a.value.range()];
            if shape::is_digest(value) || words::advantage(value) > DRAWN {
                continue;
            }
            let line = text[..a.name.start]
                .iter()
                .rev()
                .take(24)
                .take_while(|&&b| b != b'\n')
                .count();
            self.frames.push(Frame {
                before: text[a.name.start - line..a.name.start].to_vec(),
                between: text[a.name.end..a.value.start].to_vec(),
                value: value.to_vec(),
                after: text[a.value.end..text.len().min(a.value.end + 8)].to_vec(),
                operator: a.operator,
                quoted: a.quoted,
                kind,
                held,
                generated: false,
            });
        }
    }

    fn worded(&mut self, text: &[u8]) {
        let words = text
            .split(|b| b.is_ascii_whitespace())
            .filter(|word| (4..=9).contains(&word.len()) && word.iter().all(u8::is_ascii_lowercase))
            .filter(|word| hash(word).is_multiple_of(8));
        self.words
            .extend(words.map(|word| String::from_utf8_lossy(word).into_owned()));
    }
}

fn keywords(rules: &[&Rule]) -> Vec<String> {
    rules
        .iter()
        .flat_map(|rule| rule.keywords.iter())
        .map(|keyword| keyword.to_string())
        .collect()
}

/// The lines of `text` that a keyword stands in, each with those behind it that its value can stand in. No two overlap.
fn passages<'a>(keywords: &AhoCorasick, text: &'a [u8]) -> Vec<&'a [u8]> {
    let mut passages = Vec::new();
    let mut from = 0;
    while let Some(found) = keywords.find(&text[from..]) {
        let at = from + found.start();
        let start = text[from..at]
            .iter()
            .rposition(|&b| b == b'\n')
            .map_or(from, |i| from + i + 1);
        let end = text[at..]
            .iter()
            .enumerate()
            .filter(|(_, b)| **b == b'\n')
            .nth(LINES - 1)
            .map_or(text.len(), |(i, _)| at + i + 1);
        // A line of a bundle can be all of the file: what is far away is another assignment.
        passages.push(&text[start.max(at.saturating_sub(256))..end.min(at + 1024)]);
        from = end.min(at + 1024).max(at + 1);
    }
    passages
}

/// The files below `tree`, sorted, without links and without what git keeps.
fn files(tree: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut folders = vec![tree.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries =
            fs::read_dir(&folder).with_context(|| format!("reading {}", folder.display()))?;
        for entry in entries {
            let entry = entry?;
            let kind = entry.file_type()?;
            if kind.is_dir() && entry.file_name() != ".git" {
                folders.push(entry.path());
            } else if kind.is_file() && entry.metadata()?.len() <= MAX_FILE {
                files.push(entry.path());
            }
        }
    }
    files.sort_unstable();
    Ok(files)
}

/// FNV-1a: the same on every machine.
pub(crate) fn hash(bytes: &[u8]) -> u64 {
    let hash = bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash: u64, &b| {
        (hash ^ u64::from(b)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    hash ^ hash >> 32
}
