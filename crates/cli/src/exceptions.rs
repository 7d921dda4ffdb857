//! The exceptions of a run: which of them speaks of a finding, and what there is to say of each.

use std::path::{Path, PathBuf};

use keysieve_engine::policy::exception::{Exception, Term};
use keysieve_engine::policy::{Day, SuppressedBy, Suppression, Verdict};
use keysieve_engine::rule::RuleSet;
use keysieve_engine::{Evidence, Finding, Fingerprint};

use crate::report::{Reported, Summary, in_repository};
use crate::settings::{Settings, today};

/// The exceptions of the configuration, and the day on which they are asked.
#[derive(Debug)]
pub(crate) struct Exceptions {
    all: Vec<Exception>,
    warn_days: i64,
    today: Day,
}

impl Exceptions {
    /// Those of the settings, today.
    pub(crate) fn new(settings: &Settings) -> anyhow::Result<Self> {
        Ok(Self {
            all: settings.exceptions()?,
            warn_days: settings.warn_days(),
            today: today(),
        })
    }

    /// The exception that holds for a finding, or else one that did and expired.
    pub(crate) fn of(
        &self,
        rules: &RuleSet,
        finding: &Finding,
        summary: &Summary,
    ) -> Option<(&Exception, Term)> {
        let path = place(finding, summary);
        let rule = &rules.rule(finding.rule).id;
        self.choose(self.covering(rule, path.as_deref(), || *finding.fingerprint))
    }

    /// Whether one of them holds there for a secret.
    pub(crate) fn hold(&self, rule: &str, path: Option<&Path>, fingerprint: Fingerprint) -> bool {
        let chosen = self.choose(self.covering(rule, path, || fingerprint));
        matches!(chosen, Some((_, Term::Holds(_))))
    }

    fn covering<'a>(
        &'a self,
        rule: &'a str,
        path: Option<&'a Path>,
        fingerprint: impl Fn() -> Fingerprint + 'a,
    ) -> impl Iterator<Item = usize> + 'a {
        let all = self.all.iter().enumerate();
        let covering = all.filter(move |(_, e)| e.covers(rule, path, fingerprint()));
        covering.map(|(at, _)| at)
    }

    fn choose(&self, covering: impl Iterator<Item = usize>) -> Option<(&Exception, Term)> {
        let mut chosen = None;
        for exception in covering.map(|at| &self.all[at]) {
            match exception.term(self.today) {
                Term::Future => {}
                term @ Term::Holds(_) => return Some((exception, term)),
                term @ Term::Expired(_) => chosen = Some((exception, term)),
            }
        }
        chosen
    }

    /// Suppresses what is excepted. Gives what the reader should be told.
    pub(crate) fn apply(
        &self,
        rules: &RuleSet,
        findings: &mut [Reported],
        summary: &Summary,
    ) -> Vec<String> {
        if self.all.is_empty() {
            return Vec::new();
        }
        for Reported { finding, verdict } in &mut *findings {
            if *verdict != Verdict::Report {
                continue;
            }
            match self.of(rules, finding, summary) {
                Some((exception, Term::Holds(_))) => {
                    *verdict = Verdict::Suppressed(Suppression {
                        by: SuppressedBy::Exception,
                        note: exception.to_string(),
                    });
                }
                Some((exception, _)) => {
                    let expired = Evidence::ExceptionExpired(exception.to_string());
                    finding.evidence.push(expired);
                }
                None => {}
            }
        }
        let used = self.used(rules, findings, summary);
        let told = self.all.iter().zip(used);
        told.filter_map(|(exception, used)| self.note(exception, used))
            .collect()
    }

    /// Which of them speak of a finding that nothing else suppresses.
    pub(crate) fn used(
        &self,
        rules: &RuleSet,
        findings: &[Reported],
        summary: &Summary,
    ) -> Vec<bool> {
        let mut used = vec![false; self.all.len()];
        for Reported { finding, verdict } in findings {
            let is_open = match verdict {
                Verdict::Report => true,
                Verdict::Suppressed(by) => by.by == SuppressedBy::Exception,
            };
            if !is_open {
                continue;
            }
            let path = place(finding, summary);
            let rule = &rules.rule(finding.rule).id;
            for at in self.covering(rule, path.as_deref(), || *finding.fingerprint) {
                used[at] = true;
            }
        }
        used
    }

    /// All of them.
    pub(crate) fn iter(&self) -> std::slice::Iter<'_, Exception> {
        self.all.iter()
    }

    /// What there is to say of an exception, if anything.
    fn note(&self, exception: &Exception, used: bool) -> Option<String> {
        let is_worth = match exception.term(self.today) {
            Term::Holds(left) => !used || left <= self.warn_days,
            Term::Expired(_) | Term::Future => true,
        };
        let state = match (exception.term(self.today), used) {
            (Term::Holds(_), false) => "suppresses nothing".to_owned(),
            (term, _) => state(term),
        };
        is_worth.then(|| format!("{exception} ({state})"))
    }
}

/// The path that exceptions are held against.
fn place(finding: &Finding, summary: &Summary) -> Option<PathBuf> {
    let path = finding.origin.root_path()?;
    in_repository(path, summary)
}

/// A term in words.
pub(crate) fn state(term: Term) -> String {
    let days = |n: i64| match n {
        1 => "1 day".to_owned(),
        n => format!("{n} days"),
    };
    match term {
        Term::Holds(0) => "ends today".to_owned(),
        Term::Holds(left) => format!("ends in {}", days(left)),
        Term::Expired(ago) => format!("expired {} ago", days(ago)),
        Term::Future => {
            "does not hold: it was created on a day to come; is the clock right?".to_owned()
        }
    }
}
