//! One fragment through all rules, as gitleaks does it.
//!
//! 1. The file or the commit may be allowed as a whole.
//! 2. The words of the rules' [anchors](crate::pattern) and their keywords are looked for at once, but for keywords that
//!    those words tell of.
//! 3. A rule of which a word was found is run where its anchor's words stand, or on all the text if it has no anchor.
//! 4. What it matches is located, its secret taken out, its entropy measured, the allowlists asked.
//! 5. The text is decoded, and 2 to 4 done with what it then says, as often as asked for.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use crate::config::{Config, Place, Required, Rule};
use crate::decode::Pass;
use crate::finding::{Finding, Fragment, entropy};
use crate::keyword::{self, Keywords, Present, Signs};
use crate::location::Lines;
use crate::pattern::{Memory, Text};
use crate::words::Words;

/// Says that the line it stands in is no finding.
const ALLOW: &[u8] = b"gitleaks:allow";

/// How text is scanned.
#[derive(Clone, Debug)]
pub struct Options {
    /// How often text is decoded.
    pub max_decode_depth: usize,
    /// Whether `gitleaks:allow` means nothing.
    pub ignore_allow: bool,
    /// Text of more millions of bytes is not scanned by expressions; 0 for no limit.
    pub max_megabytes: u64,
    /// Only these rules, if there are any.
    pub enabled: Vec<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            max_decode_depth: 5,
            ignore_allow: false,
            max_megabytes: 0,
            enabled: Vec::new(),
        }
    }
}

/// The rules of a configuration, ready to scan. Shared by all threads.
pub struct Detector {
    config: Config,
    options: Options,
    /// Which rules are run, by their places in the configuration.
    enabled: Vec<usize>,
    words: Words,
    /// By word: the enabled rules that it is a sign of.
    rules: Vec<Vec<usize>>,
    /// Enabled rules that no word is a sign of.
    always: Vec<usize>,
    /// By rule: the words of its anchor.
    anchors: Vec<Vec<u32>>,
    keywords: Keywords,
}

/// What a thread keeps from one fragment to the next. It is of one detector.
#[derive(Default)]
pub struct Scratch {
    /// By word: where it stands.
    hits: Vec<Vec<u32>>,
    /// The words that stand somewhere.
    found: Vec<u32>,
    /// By rule: what its expression remembers.
    memory: Vec<Memory>,
    /// What was said last of a place as a whole.
    place: Option<(String, String, bool)>,
}

impl Detector {
    /// Prepares a configuration. What is built in is not the part of this detector: see [`Config::use_default`].
    pub fn new(config: Config, options: Options) -> Result<Self, crate::config::Error> {
        let mut ids = BTreeMap::<Vec<u8>, u32>::new();
        let mut id = |word: &[u8]| {
            let next = ids.len() as u32;
            *ids.entry(word.to_vec()).or_insert(next)
        };
        let mut anchors = Vec::new();
        let (mut enabled, mut always, mut signs) = (Vec::new(), Vec::new(), Vec::new());
        for (at, rule) in config.rules.iter().enumerate() {
            let anchor = rule.regex.as_ref().and_then(|regex| regex.anchor());
            let anchor: Vec<u32> = anchor.map_or_else(Vec::new, |anchor| {
                anchor.words.iter().map(|word| id(word)).collect()
            });
            if options.enabled.is_empty() || options.enabled.contains(&rule.id) {
                enabled.push(at);
                match keyword::signs(rule) {
                    Signs::None => always.push(at),
                    Signs::Enough(words) | Signs::Needed(words) => {
                        signs.extend(words.into_iter().map(|word| (id(word), at)));
                    }
                }
            }
            anchors.push(anchor);
        }
        let mut words: Vec<(Vec<u8>, u32)> = ids.into_iter().collect();
        words.sort_by_key(|(_, id)| *id);
        let mut rules = vec![Vec::new(); words.len()];
        for (word, rule) in signs {
            rules[word as usize].push(rule);
        }
        Ok(Self {
            keywords: Keywords::new(&config.rules),
            words: Words::new(words.into_iter().map(|(word, _)| word).collect()),
            config,
            options,
            enabled,
            rules,
            always,
            anchors,
        })
    }

    /// The configuration.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The rules that are run, with their places in the configuration.
    pub(crate) fn enabled(&self) -> impl Iterator<Item = (usize, &Rule)> {
        self.enabled.iter().map(|&at| (at, &self.config.rules[at]))
    }

    /// How often text is decoded.
    pub(crate) fn max_decode_depth(&self) -> usize {
        self.options.max_decode_depth
    }

    /// Scans a fragment. Findings come in the order of the rules, those of decoded text last.
    pub fn detect(&self, fragment: &Fragment<'_>, scratch: &mut Scratch) -> Vec<Finding> {
        if fragment.has_place() && scratch.allows(&self.config, fragment.place()) {
            return Vec::new();
        }
        let mut findings = Vec::new();
        let mut lines = Lines::new(fragment.text);
        let mut decoded: Option<Vec<u8>> = None;
        let mut pass = Pass::default();
        for depth in 0.. {
            let current = decoded.as_deref().unwrap_or(fragment.text);
            self.pass(fragment, current, &pass, &mut lines, scratch, &mut findings);
            if depth >= self.options.max_decode_depth {
                break;
            }
            match pass.decode(current) {
                Some((text, next)) => {
                    decoded = Some(text);
                    pass = next;
                }
                None => break,
            }
        }
        specific(findings)
    }

    /// Whether `gitleaks:allow` allows what stands in these lines.
    pub fn allows_line(&self, line: &[u8]) -> bool {
        !self.options.ignore_allow && memchr::memmem::find(line, ALLOW).is_some()
    }

    fn pass(
        &self,
        fragment: &Fragment<'_>,
        current: &[u8],
        pass: &Pass,
        lines: &mut Lines<'_>,
        scratch: &mut Scratch,
        findings: &mut Vec<Finding>,
    ) {
        let text = Text::new(current);
        let rules = self.signs(&text, scratch);
        let mut run = Run {
            detector: self,
            fragment,
            present: Present::default(),
            text,
            current,
            pass,
            lines,
            scratch,
        };
        for rule in rules {
            run.rule(rule, false, findings);
        }
    }

    /// Finds the words in a text. The rules that it may say something to.
    fn signs(&self, text: &Text<'_>, scratch: &mut Scratch) -> Vec<usize> {
        scratch.look(&self.words, text);
        let found = scratch.found.iter();
        let signs = found.flat_map(|&word| &self.rules[word as usize]);
        let mut rules: Vec<usize> = signs.chain(&self.always).copied().collect();
        rules.sort_unstable();
        rules.dedup();
        rules
    }
}

impl Scratch {
    fn look(&mut self, words: &Words, text: &Text<'_>) {
        for word in self.found.drain(..) {
            self.hits[word as usize].clear();
        }
        self.hits.resize_with(words.len(), Vec::new);
        text.each(words, |word, at| {
            let hits = &mut self.hits[word as usize];
            if hits.is_empty() {
                self.found.push(word);
            }
            hits.push(at);
        });
    }

    /// Where one of the words stands, in ascending order.
    fn places(&self, words: &[u32]) -> Vec<u32> {
        let mut places: Vec<u32> = words
            .iter()
            .flat_map(|&word| &self.hits[word as usize])
            .copied()
            .collect();
        if words.len() > 1 {
            places.sort_unstable();
        }
        places
    }

    /// What a rule's expression remembers.
    fn memory(&mut self, rule: usize) -> &mut Memory {
        if self.memory.len() <= rule {
            self.memory.resize_with(rule + 1, Memory::default);
        }
        &mut self.memory[rule]
    }

    /// Whether a file or a commit is allowed as a whole. Many fragments are of one.
    fn allows(&mut self, config: &Config, place: Place<'_>) -> bool {
        if let Some((path, commit, allows)) = &self.place
            && path == place.path
            && commit == place.commit
        {
            return *allows;
        }
        let allows = config
            .allowlists
            .iter()
            .any(|list| list.allows_place(place));
        self.place = Some((place.path.to_owned(), place.commit.to_owned(), allows));
        allows
    }
}

/// One text and the state of its scan.
struct Run<'a, 't, 'l> {
    detector: &'a Detector,
    fragment: &'a Fragment<'a>,
    text: Text<'t>,
    current: &'t [u8],
    pass: &'a Pass,
    lines: &'a mut Lines<'l>,
    scratch: &'a mut Scratch,
    /// The keywords that stand in the text, once they were asked for.
    present: Present,
}

impl Run<'_, '_, '_> {
    /// What a rule finds. `beside`: for the sake of another rule that requires it.
    fn rule(&mut self, index: usize, beside: bool, findings: &mut Vec<Finding>) {
        let rule = &self.detector.config.rules[index];
        if rule.skip_report && !beside {
            return;
        }
        let place = self.fragment.place();
        if self.fragment.has_place() && rule.allowlists.iter().any(|list| list.allows_place(place))
        {
            return;
        }
        let of_path = rule
            .path
            .as_ref()
            .map(|path| path.is_match(place.path.as_bytes()));
        let Some(regex) = &rule.regex else {
            if of_path == Some(true) && self.pass.is_empty() {
                findings.push(self.of_path(rule));
            }
            return;
        };
        let limit = self.detector.options.max_megabytes;
        if of_path == Some(false) || limit > 0 && self.current.len() as u64 / 1_000_000 > limit {
            return;
        }
        let anchor = &self.detector.anchors[index];
        let keywords = &self.detector.keywords;
        let (text, present) = (&self.text, &mut self.present);
        let matches = if anchor.is_empty() {
            if !beside && !keywords.stand_in(text, index, present) {
                return;
            }
            regex.find_all(text)
        } else {
            let mut places = self.scratch.places(anchor);
            if places.is_empty() {
                return;
            }
            let matches = regex.find_near(text, &mut places, self.scratch.memory(index));
            if matches.is_empty() || !beside && !keywords.stand_in(text, index, present) {
                return;
            }
            matches
        };
        let found: Vec<Finding> = matches
            .into_iter()
            .filter_map(|matched| self.judge(rule, matched))
            .collect();
        if beside || rule.required.is_empty() || found.is_empty() {
            findings.extend(found);
        } else {
            self.require(rule, found, findings);
        }
    }

    fn of_path(&self, rule: &Rule) -> Finding {
        Finding {
            matched: format!("file detected: {}", self.fragment.path).into_bytes(),
            ..self.finding(rule)
        }
    }

    fn finding(&self, rule: &Rule) -> Finding {
        Finding {
            rule: rule.id.clone(),
            description: rule.description.clone(),
            file: self.fragment.path.to_owned(),
            symlink: self.fragment.symlink.to_owned(),
            commit: self.fragment.commit.map(Arc::clone),
            tags: rule.tags.clone(),
            ..Finding::default()
        }
    }

    /// What a match says, unless something speaks against it.
    fn judge(&mut self, rule: &Rule, mut matched: Range<usize>) -> Option<Finding> {
        let whole = trim(&self.current[matched.clone()]);
        let mut finding = self.finding(rule);
        let mut decoded_line = None;
        if self.pass.is_empty() {
            // The line breaks that were trimmed count at the end, wherever they stood.
            matched.end = matched.start + whole.len();
        } else {
            let touched = self.pass.touched(&matched);
            if touched.is_empty() {
                return None;
            }
            matched = touched.original(matched);
            finding.tags.extend(touched.tags());
            decoded_line = Some(touched.line(self.current)).filter(|line| !line.is_empty());
        }
        let location = self.lines.locate(&matched);
        let line = &self.fragment.text[location.line];
        if self.detector.allows_line(line) {
            return None;
        }
        finding.start_line = self.fragment.first_line + location.lines.0;
        finding.end_line = self.fragment.first_line + location.lines.1;
        (finding.start_column, finding.end_column) = location.columns;
        let secret = secret(rule, whole)?;
        let entropy = entropy(secret);
        if rule.entropy != 0.0 && entropy <= rule.entropy {
            return None;
        }
        let place = self.fragment.place();
        let about = decoded_line.unwrap_or(line);
        let global = self.detector.config.allowlists.iter();
        if global
            .chain(&rule.allowlists)
            .any(|list| list.allows(place, secret, whole, about))
        {
            return None;
        }
        finding.entropy = entropy as f32;
        finding.secret = secret.to_vec();
        finding.matched = whole.to_vec();
        finding.line = line.to_vec();
        Some(finding)
    }

    /// Keeps of `found` what has beside it all that the rule requires.
    fn require(&mut self, rule: &Rule, found: Vec<Finding>, findings: &mut Vec<Finding>) {
        let mut others = Vec::new();
        for required in &rule.required {
            let rules = &self.detector.config.rules;
            let Some(other) = rules.iter().position(|rule| rule.id == required.rule) else {
                continue;
            };
            let enabled = &self.detector.enabled;
            let mut beside = Vec::new();
            if enabled.contains(&other) {
                self.rule(other, true, &mut beside);
            }
            others.push((required, beside));
        }
        for mut finding in found {
            let near = |(required, beside): &(&Required, Vec<Finding>)| -> Vec<Finding> {
                beside
                    .iter()
                    .filter(|other| required.is_near(&finding, other))
                    .cloned()
                    .collect()
            };
            let groups: Vec<Vec<Finding>> = others.iter().map(near).collect();
            if groups.len() == rule.required.len() && groups.iter().all(|group| !group.is_empty()) {
                finding.required = groups.concat();
                findings.push(finding);
            }
        }
    }
}

impl Required {
    fn is_near(&self, finding: &Finding, other: &Finding) -> bool {
        let lines = finding.start_line.abs_diff(other.start_line) as i64;
        let columns = (finding.start_column - other.start_column).abs();
        self.within_lines.is_none_or(|most| lines <= most)
            && self.within_columns.is_none_or(|most| columns <= most)
    }
}

impl Fragment<'_> {
    pub(crate) fn place(&self) -> Place<'_> {
        Place {
            path: self.path,
            commit: self.commit.map_or("", |commit| &commit.id),
        }
    }

    fn has_place(&self) -> bool {
        !self.path.is_empty() || self.commit.is_some_and(|commit| !commit.id.is_empty())
    }
}

/// Without line breaks before and behind.
fn trim(text: &[u8]) -> &[u8] {
    let start = text
        .iter()
        .position(|&byte| byte != b'\n')
        .unwrap_or(text.len());
    let end = text
        .iter()
        .rposition(|&byte| byte != b'\n')
        .map_or(start, |at| at + 1);
    &text[start..end]
}

/// The secret of a match: the group that the rule names, or else the first that is not empty, or the match. The
/// expression is matched anew with the match as all of the text; where that fails there are no groups.
fn secret<'m>(rule: &Rule, matched: &'m [u8]) -> Option<&'m [u8]> {
    let regex = rule.regex.as_ref()?;
    if regex.groups() == 0 {
        return Some(matched);
    }
    let Some(groups) = regex.captures(matched) else {
        return Some(matched);
    };
    if rule.secret_group > 0 {
        let group = groups.get(rule.secret_group - 1)?;
        return Some(group.clone().map_or(&[][..], |group| &matched[group]));
    }
    let first = groups.into_iter().flatten().find(|group| !group.is_empty());
    Some(first.map_or(matched, |group| &matched[group]))
}

/// Leaves out what a generic rule found where a specific one found the same or more.
fn specific(findings: Vec<Finding>) -> Vec<Finding> {
    let is_generic = |finding: &Finding| finding.rule.to_lowercase().contains("generic");
    let covered = |finding: &Finding| {
        is_generic(finding)
            && findings.iter().any(|other| {
                other.start_line == finding.start_line
                    && !is_generic(other)
                    && memchr::memmem::find(&other.secret, &finding.secret).is_some()
            })
    };
    let keep: Vec<bool> = findings.iter().map(|finding| !covered(finding)).collect();
    findings
        .into_iter()
        .zip(keep)
        .filter_map(|(finding, keep)| keep.then_some(finding))
        .collect()
}
