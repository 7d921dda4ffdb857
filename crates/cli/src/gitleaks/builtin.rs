//! Our built-in rules where gitleaks would use its own: without a configuration, and with `useDefault`.
//!
//! A rule for a credential that gitleaks has a rule for goes by gitleaks' id in reports, and is found by it in
//! `.gitleaksignore`, `disabledRules`, `--enable-rule`, `targetRules` and baselines; its own id serves there as well.

use std::io;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};

use keysieve_engine::policy::{InlineComments, Policy, Verdict};
use keysieve_engine::rule::{Rule, RuleSet};
use keysieve_engine::scan::{Scanner, ScannerBuilder};
use keysieve_engine::source::Visitor as _;
use keysieve_engine::{Blob, Budget, Confidence, Issue, Origin, Severity, Sink};
use keysieve_gitleaks::{Config, Finding, Fragment, entropy};

use super::args::CommonArgs;
use super::report::RuleLine;
use crate::report::outer_lines;

/// What stands before gitleaks' ids in a rule's aliases.
const PREFIX: &str = "gitleaks:";

/// The built-in rules that a configuration leaves in force.
pub(super) struct Builtin {
    scanner: Scanner,
    interrupt: AtomicBool,
}

/// All ids of a rule, that of reports first.
pub(super) fn names(rule: &Rule) -> Vec<String> {
    let aliases = rule
        .aliases
        .iter()
        .filter_map(|alias| alias.strip_prefix(PREFIX));
    aliases.chain([&*rule.id]).map(str::to_owned).collect()
}

/// Whether a built-in rule has this id.
pub(super) fn exists(id: &str) -> bool {
    keysieve_rules::builtin()
        .rules
        .iter()
        .any(|rule| names(rule).iter().any(|name| name == id))
}

/// Our own ids of the built-in rules that go by this id.
pub(crate) fn ids(id: &str) -> Vec<String> {
    let rules = keysieve_rules::builtin().rules.iter();
    rules
        .filter(|rule| names(rule).iter().any(|name| name == id))
        .map(|rule| rule.id.to_string())
        .collect()
}

impl Builtin {
    /// The rules that neither `config` nor the flags put out of force. A table with an expression of its own replaces the
    /// rule of its id.
    pub(super) fn new(config: &Config, args: &CommonArgs) -> Result<Self, String> {
        let keep = |rule: &Rule| {
            let names = names(rule);
            let replaced =
                |own: &keysieve_gitleaks::Rule| own.regex.is_some() && names.contains(&own.id);
            let asked =
                args.enable_rule.is_empty() || args.enable_rule.iter().any(|id| names.contains(id));
            asked
                && !config.disabled.iter().any(|id| names.contains(id))
                && !config.rules.iter().any(replaced)
        };
        let rules = RuleSet::select(keysieve_rules::builtin(), Vec::new(), keep)
            .map_err(|e| e.to_string())?;
        let mut budget = Budget::default();
        budget.depth = args.max_decode_depth.clamp(0, i64::from(budget.depth)) as u32;
        let scanner = ScannerBuilder::new()
            .decoders(keysieve_unpack::decoders())
            .budget(budget)
            .policy(Policy {
                min_confidence: Confidence::Medium,
                min_severity: Severity::Low,
                inline: match args.ignore_gitleaks_allow {
                    true => InlineComments::Forbid,
                    false => InlineComments::Honour,
                },
                ..Policy::default()
            })
            .build(Arc::new(rules));
        Ok(Self {
            scanner,
            interrupt: AtomicBool::new(false),
        })
    }

    /// The rules that are in force, for reports that list them.
    pub(super) fn lines(&self) -> Vec<RuleLine> {
        let line = |rule: &Rule| (names(rule).swap_remove(0), rule.description.to_string());
        self.scanner.rules().rules().map(line).collect()
    }

    /// What the rules find, each with all ids of its rule.
    pub(super) fn scan(&self, fragment: &Fragment<'_>) -> Vec<(Finding, Vec<String>)> {
        let found = Found::default();
        let session = self.scanner.session(&found, &self.interrupt);
        let origin = match fragment.path {
            "" => Origin::Stdin,
            path => Origin::File(PathBuf::from(path)),
        };
        let _ = session
            .scan()
            .blob(Blob::whole(fragment.text, Arc::new(origin)));
        let found = found.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut findings: Vec<_> = found
            .iter()
            .map(|found| self.finding(fragment, found))
            .collect();
        findings.sort_by(|(a, _), (b, _)| {
            let place = |f: &Finding| (f.start_line, f.start_column, f.rule.clone());
            place(a).cmp(&place(b))
        });
        findings
    }

    fn finding(
        &self,
        fragment: &Fragment<'_>,
        found: &keysieve_engine::Finding,
    ) -> (Finding, Vec<String>) {
        let rule = self.scanner.rules().rule(found.rule);
        let names = names(rule);
        let secret = found.secret.expose().to_vec();
        // Of text in another encoding the lines are those of the file; what was unpacked is in the first line. What is shown
        // of either is the secret alone, for the fragment's own bytes do not say it.
        let (start, end) = outer_lines(found);
        let (columns, line) = if matches!(*found.origin, Origin::Inside { .. }) {
            ((1, secret.len() as i64), secret.clone())
        } else {
            let place = &found.location;
            let span = place.start_byte as usize..place.end_byte as usize;
            (
                (place.start.column as i64, place.end.column as i64 - 1),
                lines(fragment.text, span).to_vec(),
            )
        };
        let finding = Finding {
            rule: names[0].clone(),
            description: rule.description.to_string(),
            start_line: fragment.first_line + start - 1,
            end_line: fragment.first_line + end - 1,
            start_column: columns.0,
            end_column: columns.1,
            line,
            matched: secret.clone(),
            entropy: entropy(&secret) as f32,
            secret,
            file: fragment.path.to_owned(),
            symlink: fragment.symlink.to_owned(),
            commit: fragment.commit.cloned(),
            tags: rule.tags.iter().map(ToString::to_string).collect(),
            builtin: true,
            ..Finding::default()
        };
        (finding, names)
    }
}

/// The lines of `span`.
fn lines(text: &[u8], span: std::ops::Range<usize>) -> &[u8] {
    let is_break = |byte: &u8| *byte == b'\n';
    let start = text[..span.start]
        .iter()
        .rposition(is_break)
        .map_or(0, |at| at + 1);
    let end = text[span.end..]
        .iter()
        .position(is_break)
        .map_or(text.len(), |at| span.end + at);
    &text[start..end]
}

/// Keeps what is to be reported.
#[derive(Default)]
struct Found(Mutex<Vec<keysieve_engine::Finding>>);

impl Sink for Found {
    fn finding(&self, finding: keysieve_engine::Finding, verdict: Verdict) -> io::Result<()> {
        if verdict == Verdict::Report {
            self.0
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(finding);
        }
        Ok(())
    }

    /// gitleaks has no word for what could not be looked at; it is said at any log level all the same.
    fn issue(&self, issue: Issue) {
        anstream::eprintln!("keysieve: {}: {}", issue.kind, issue.message);
    }
}
