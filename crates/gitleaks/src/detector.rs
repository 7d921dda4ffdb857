//! One fragment through all rules, as gitleaks does it.
//!
//! 1. The file or the commit may be allowed as a whole.
//! 2. All keywords, and the words of the rules' [anchors](crate::pattern), are looked for at once.
//! 3. A rule whose keyword stands in the text is run: on the places where its anchor's words stand, or on all.
//! 4. What it matches is located, its secret taken out, its entropy measured, the allowlists asked.
//! 5. The text is decoded, and 2 to 4 done with what it then says, as often as asked for.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use aho_corasick::automaton::{Automaton as _, StateID};
use aho_corasick::dfa::DFA;
use aho_corasick::{Anchored, MatchKind};

use crate::config::{Config, Place, Required, Rule, lower_bytes};
use crate::decode::Pass;
use crate::finding::{Finding, Fragment, entropy};
use crate::location::Lines;
use crate::pattern::Text;

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
    words: Option<DFA>,
    /// By rule: whether it asks for keywords, the words of which one must stand in the text, and those of its anchor.
    conditions: Vec<Condition>,
}

struct Condition {
    gated: bool,
    keywords: Vec<u32>,
    anchor: Vec<u32>,
}

/// What a thread keeps from one fragment to the next.
#[derive(Default)]
pub struct Scratch {
    /// By word: where it stands.
    hits: Vec<Vec<u32>>,
    /// The words that stand somewhere.
    found: Vec<u32>,
}

impl Detector {
    /// Prepares a configuration. What is built in is not the part of this detector: see [`Config::use_default`].
    pub fn new(config: Config, options: Options) -> Result<Self, crate::config::Error> {
        let mut enabled = Vec::new();
        for (at, rule) in config.rules.iter().enumerate() {
            if options.enabled.is_empty() || options.enabled.contains(&rule.id) {
                enabled.push(at);
            }
        }
        let mut words = Words::default();
        let conditions: Vec<Condition> = config
            .rules
            .iter()
            .map(|rule| {
                let anchor = rule.regex.as_ref().and_then(|regex| regex.anchor());
                Condition {
                    gated: !rule.keywords.is_empty(),
                    keywords: rule
                        .keywords
                        .iter()
                        .filter_map(|word| words.id(word.as_bytes()))
                        .collect(),
                    anchor: anchor.map_or_else(Vec::new, |anchor| {
                        anchor
                            .words
                            .iter()
                            .filter_map(|word| words.id(word))
                            .collect()
                    }),
                }
            })
            .collect();
        Ok(Self {
            words: words.automaton()?,
            config,
            options,
            enabled,
            conditions,
        })
    }

    /// The configuration.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Scans a fragment. Findings come in the order of the rules, those of decoded text last.
    pub fn detect(&self, fragment: &Fragment<'_>, scratch: &mut Scratch) -> Vec<Finding> {
        let place = fragment.place();
        if fragment.has_place()
            && self
                .config
                .allowlists
                .iter()
                .any(|list| list.allows_place(place))
        {
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
        scratch.look(self.words.as_ref(), &text);
        let mut run = Run {
            detector: self,
            fragment,
            text,
            current,
            pass,
            lines,
            scratch,
        };
        for &rule in &self.enabled {
            let condition = &self.conditions[rule];
            if !condition.gated || condition.keywords.iter().any(|&word| run.scratch.has(word)) {
                run.rule(rule, false, findings);
            }
        }
    }
}

/// Words in lower case and their numbers.
#[derive(Default)]
struct Words {
    ids: BTreeMap<Vec<u8>, u32>,
}

impl Words {
    fn id(&mut self, word: &[u8]) -> Option<u32> {
        // Nothing in a text is an empty keyword, to gitleaks.
        if word.is_empty() {
            return None;
        }
        let next = self.ids.len() as u32;
        Some(*self.ids.entry(word.to_vec()).or_insert(next))
    }

    fn automaton(self) -> Result<Option<DFA>, crate::config::Error> {
        if self.ids.is_empty() {
            return Ok(None);
        }
        let mut words: Vec<(Vec<u8>, u32)> = self.ids.into_iter().collect();
        words.sort_by_key(|(_, id)| *id);
        DFA::builder()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::Standard)
            .build(words.iter().map(|(word, _)| word))
            .map(Some)
            .map_err(|e| crate::config::Error(format!("keywords: {e}")))
    }
}

impl Scratch {
    fn look(&mut self, words: Option<&DFA>, text: &Text<'_>) {
        for word in self.found.drain(..) {
            self.hits[word as usize].clear();
        }
        let Some(words) = words else {
            return;
        };
        self.hits.resize_with(words.patterns_len(), Vec::new);
        // Places do not count in such a text: the expressions are run on all of it.
        let lower = text.folds.then(|| lower_bytes(&text.bytes));
        let text = lower.as_deref().unwrap_or(&text.bytes);
        let mut state = words
            .start_state(Anchored::No)
            .expect("it was made for searches that are not anchored");
        for (at, &byte) in text.iter().enumerate() {
            state = words.next_state(Anchored::No, state, byte);
            if words.is_special(state) && words.is_match(state) {
                self.note(words, state, at + 1);
            }
        }
    }

    /// All words that end here.
    fn note(&mut self, words: &DFA, state: StateID, end: usize) {
        for at in 0..words.match_len(state) {
            let word = words.match_pattern(state, at);
            let hits = &mut self.hits[word];
            if hits.is_empty() {
                self.found.push(word.as_u32());
            }
            hits.push((end - words.pattern_len(word)) as u32);
        }
    }

    fn has(&self, word: u32) -> bool {
        !self.hits[word as usize].is_empty()
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
}

/// One text and the state of its scan.
struct Run<'a, 't, 'l> {
    detector: &'a Detector,
    fragment: &'a Fragment<'a>,
    text: Text<'t>,
    current: &'t [u8],
    pass: &'a Pass,
    lines: &'a mut Lines<'l>,
    scratch: &'a Scratch,
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
        let anchor = &self.detector.conditions[index].anchor;
        let matches = if anchor.is_empty() {
            regex.find_all(&self.text)
        } else {
            regex.find_near(&self.text, &self.scratch.places(anchor))
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
