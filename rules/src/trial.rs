//! Puts rules on trial: every sample expands to many texts, and the rule must find exactly what it claims to.
//!
//! Each text is scanned by the engine as a user's file would be, and read a second time the slow way ([`verify::brute`]): the
//! rule's own pattern at every place of the text, with no prefilter and no window. Both must agree on the exact spans,
//! alone and embedded in the surroundings in which secrets are met.

use std::io;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};

use keysieve_engine::policy::{InlineComments, Policy, Verdict};
use keysieve_engine::rule::{Builtin, CheckName, Error, Missing, Requires, Rule, RuleSet, Shape};
use keysieve_engine::scan::{Scanner, ScannerBuilder};
use keysieve_engine::source::Visitor;
use keysieve_engine::verify;
use keysieve_engine::{Blob, Confidence, Finding, Flow, Issue, Origin, Sink};

use crate::sample::{Random, Template, TemplateError};

/// One thing that a rule gets wrong.
#[derive(Debug)]
pub struct Failure {
    /// The template.
    pub template: String,
    /// What went wrong, without the value.
    pub problem: String,
}

/// What a rule was tried on.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Texts that were scanned.
    pub texts: u64,
    /// What went wrong; at most one for each template and surrounding.
    pub failures: Vec<Failure>,
}

/// Tries the rule of a set that [`alone`] made, or of one that holds no other: `expansions` texts a template.
pub fn try_rule(rules: Arc<RuleSet>, expansions: u32) -> Outcome {
    let mut outcome = Outcome::default();
    let trial = Trial::new(rules);
    for template in trial.rule().samples.iter() {
        trial.template(template, expansions, Expected::Found, &mut outcome);
    }
    for template in trial.rule().near_misses.iter() {
        trial.template(template, expansions, Expected::Silence, &mut outcome);
    }
    outcome
}

/// The set of one of `rules` alone, or with the rule of the other half where it counts only beside that. `user` are the
/// rules that are not built in.
///
/// # Errors
///
/// As [`RuleSet::select`].
pub fn alone(
    builtin: &'static Builtin,
    user: Vec<Rule>,
    rules: &RuleSet,
    id: &str,
) -> Result<RuleSet, Error> {
    let requires = rules.by_id(id).map(|index| rules.rule(index));
    let requires = requires.and_then(|rule| rule.requires.as_ref());
    let other = requires.filter(|requires| requires.missing == Missing::Drop);
    RuleSet::select(builtin, user, |rule| {
        rule.id == id || other.is_some_and(|Requires { rule: other, .. }| rule.id == *other)
    })
}

#[derive(Clone, Copy, PartialEq)]
enum Expected {
    Found,
    Silence,
}

struct Trial {
    rules: Arc<RuleSet>,
    scanner: Scanner,
    origin: Arc<Origin>,
}

impl Trial {
    fn new(rules: Arc<RuleSet>) -> Self {
        let policy = Policy {
            min_confidence: Confidence::Low,
            inline: InlineComments::Forbid,
            ..Policy::default()
        };
        let scanner = ScannerBuilder::new().policy(policy).build(rules.clone());
        let name = tried(&rules).map_or_else(PathBuf::new, file_name);
        Self {
            rules,
            scanner,
            origin: Arc::new(Origin::File(name)),
        }
    }

    fn rule(&self) -> &Rule {
        tried(&self.rules).expect("a trial is of one rule")
    }

    fn template(&self, template: &str, expansions: u32, expected: Expected, outcome: &mut Outcome) {
        let fail = |problem: String| Failure {
            template: template.to_owned(),
            problem,
        };
        let parsed = match Template::parse(template) {
            Ok(parsed) => parsed,
            Err(error) => return outcome.failures.push(fail(template_problem(&error))),
        };
        let prefixes: Vec<String> = self
            .rule()
            .prefixes
            .iter()
            .map(ToString::to_string)
            .collect();
        let mut failed = [false; SURROUNDINGS.len()];
        for seed in 0..expansions {
            let alone = parsed.expand(&mut Random::with_seed(u64::from(seed)), &prefixes);
            for (i, (name, surround, inline)) in SURROUNDINGS.iter().enumerate() {
                // Only a token can stand anywhere in a line; other shapes bring their own surroundings along.
                if failed[i] || *inline && self.rule().shape != Shape::Token {
                    continue;
                }
                outcome.texts += 1;
                let text = surround(&alone);
                if let Err(problem) = self.text(text.as_bytes(), expected) {
                    failed[i] = true;
                    outcome
                        .failures
                        .push(fail(format!("{name}, seed {seed}: {problem}")));
                }
            }
        }
    }

    fn text(&self, text: &[u8], expected: Expected) -> Result<(), String> {
        let found = self.scan(text);
        if expected == Expected::Silence {
            return if found.is_empty() {
                Ok(())
            } else {
                Err("a near miss was found".to_owned())
            };
        }
        let grows = self.rule().checks(CheckName::PemBody);
        let mut brute: Vec<(usize, usize)> = verify::brute(self.rule(), text)
            .iter()
            .map(|m| (m.secret.start, m.secret.end))
            .collect();
        let mut scan: Vec<(usize, usize)> = found
            .iter()
            .map(|f| (f.location.start_byte as usize, f.location.end_byte as usize))
            .collect();
        if grows {
            brute
                .iter_mut()
                .chain(&mut scan)
                .for_each(|span| span.1 = 0);
        }
        match (brute.is_empty(), scan.is_empty()) {
            (true, _) => Err("the pattern does not match".to_owned()),
            (false, true) => Err("matched, but judged to be no secret".to_owned()),
            _ if brute != scan => Err(format!(
                "the scan has the spans {scan:?}, the pattern {brute:?}"
            )),
            _ => Ok(()),
        }
    }

    fn scan(&self, text: &[u8]) -> Vec<Finding> {
        let sink = Collector::default();
        let interrupt = AtomicBool::new(false);
        let session = self.scanner.session(&sink, &interrupt);
        let flow = session.scan().blob(Blob::whole(text, self.origin.clone()));
        assert_eq!(flow, Flow::Continue, "nothing interrupts a trial");
        let mut found = sink.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        found.retain(|finding| self.rules.rule(finding.rule).id == self.rule().id);
        found
    }
}

/// The rule that a set is the trial of: the one that needs the other, where there are two.
fn tried(rules: &RuleSet) -> Option<&Rule> {
    let needs_other = |rule: &&Rule| {
        let other = rule.requires.as_ref();
        other.is_some_and(|other| rules.rules().any(|rule| rule.id == other.rule))
    };
    rules
        .rules()
        .find(needs_other)
        .or_else(|| rules.rules().next())
}

fn template_problem(error: &TemplateError) -> String {
    format!("the template does not parse: {error}")
}

/// A name that the rule looks at.
fn file_name(rule: &Rule) -> PathBuf {
    rule.path.first().map_or_else(
        || "trial.txt".into(),
        |glob| glob.replace("**/", "").replace('*', "x").into(),
    )
}

type Surround = fn(&str) -> String;

/// Where secrets are met: name, text to text, and whether the sample is put in the middle of a line.
const SURROUNDINGS: [(&str, Surround, bool); 9] = [
    ("alone", |s| s.to_owned(), false),
    (
        "between lines",
        |s| format!("# first\nfirst line\n\n{s}\n\nlast line\n"),
        false,
    ),
    (
        "CRLF",
        |s| format!("first\r\n{}\r\nlast\r\n", s.replace('\n', "\r\n")),
        false,
    ),
    (
        "indented",
        |s| format!("block:\n    {}\nnext: 1\n", s.replace('\n', "\n    ")),
        false,
    ),
    (
        "JSON string",
        |s| format!("{{\"message\": \"line\\n{}\\nend\", \"n\": 1}}", escape(s)),
        true,
    ),
    (
        "log line",
        |s| format!("2026-01-02T03:04:05Z INFO worker[12]: got {s} done in 3ms\n"),
        true,
    ),
    (
        "minified",
        |s| format!("!function(){{var a=1,b=\"{s}\";return a}}();"),
        true,
    ),
    (
        "diff",
        |s| format!("@@ -1,2 +1,2 @@\n-old\n+{}\n", s.replace('\n', "\n+")),
        true,
    ),
    (
        "URL parameter",
        |s| format!("GET /path?x=1&t={s}&y=2 HTTP/1.1"),
        true,
    ),
];

fn escape(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
        .replace('\t', "\\t")
        .replace('\r', "\\r")
}

#[derive(Default)]
struct Collector(Mutex<Vec<Finding>>);

impl Sink for Collector {
    fn finding(&self, finding: Finding, _: Verdict) -> io::Result<()> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(finding);
        Ok(())
    }

    fn issue(&self, issue: Issue) {
        unreachable!(
            "a trial reads no files and decodes nothing: {}",
            issue.message
        )
    }
}
