//! What became of each candidate, for people. Values are masked as in every report.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use keysieve_engine::policy::Verdict;
use keysieve_engine::rule::{Rule, RuleSet, Shape};
use keysieve_engine::scan::{Considered, Outcome};
use keysieve_engine::{Finding, Secret};

use super::{Reveal, escape, place};

/// Candidates of a scan.
#[derive(Debug)]
pub(crate) struct Explanation<'a> {
    /// The rules of the scan.
    pub(crate) rules: &'a RuleSet,
    /// The candidates.
    pub(crate) considered: &'a [Considered],
    /// How many more there were.
    pub(crate) left_out: u64,
    /// Whether values are shown.
    pub(crate) reveal: Reveal,
}

impl Explanation<'_> {
    /// Whether one of the candidates is reported.
    pub(crate) fn has_findings(&self) -> bool {
        let reported = |c: &Considered| matches!(c.outcome, Outcome::Finding(_, Verdict::Report));
        self.considered.iter().any(reported)
    }

    /// Writes first what had the form of a rule, then the rules of which only a literal stood there.
    pub(crate) fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut vain: BTreeMap<_, BTreeSet<&str>> = BTreeMap::new();
        for considered in self.considered {
            let rule = self.rules.rule(considered.rule);
            let at = considered.location.start;
            let place = place::show(&considered.origin);
            if matches!(considered.outcome, Outcome::NoMatch) {
                let key = (place, at.line, &rule.id, rule.shape.as_str());
                vain.entry(key).or_default().insert(&considered.literal);
                continue;
            }
            write!(out, "{place}:{}:{} {}: ", at.line, at.column, rule.id)?;
            self.outcome(considered, rule, out)?;
        }
        for ((place, line, id, shape), literals) in vain {
            let literals: Vec<String> = literals.iter().map(|l| code(l)).collect();
            let missing = if shape == Shape::Assigned.as_str() {
                "no value of the rule's form is assigned to such a name"
            } else {
                "the rule's pattern does not match there"
            };
            let literals = literals.join(", ");
            writeln!(
                out,
                "{place}:{line} {id}: no candidate\n  {literals}: {missing}"
            )?;
        }
        if self.left_out > 0 {
            writeln!(out, "and {} more candidates", self.left_out)?;
        }
        Ok(())
    }

    fn outcome(&self, considered: &Considered, rule: &Rule, out: &mut dyn Write) -> io::Result<()> {
        let literal = code(&considered.literal);
        let value = |secret: &Secret| match self.reveal {
            Reveal::Masked => format!("found by {literal}, value {secret}"),
            Reveal::Plain => format!(
                "found by {literal}, value {}",
                escape::bytes(secret.expose())
            ),
        };
        match &considered.outcome {
            Outcome::Finding(finding, verdict) => {
                match verdict {
                    Verdict::Report => writeln!(out, "reported")?,
                    Verdict::Suppressed(suppression) => writeln!(
                        out,
                        "not reported ({}): {}",
                        suppression.by.as_str(),
                        escape::text(&suppression.note)
                    )?,
                }
                let (start, end) = (finding.location.start_byte, finding.location.end_byte);
                writeln!(out, "  {}, bytes {start}..{end}", value(&finding.secret))?;
                for evidence in &finding.evidence {
                    writeln!(out, "  {}", escape::text(&evidence.to_string()))?;
                }
                writeln!(out, "  confidence: {}", confidence(rule, finding))
            }
            Outcome::Rejected(secret, reason) => {
                writeln!(out, "no secret: {reason}\n  {}", value(secret))
            }
            Outcome::HalfAlone(secret) => {
                let other = rule.requires.as_ref().map_or("", |r| &r.rule);
                writeln!(
                    out,
                    "not reported: its other half, `{other}`, is not near\n  {}",
                    value(secret)
                )
            }
            Outcome::Overlapped(secret, by) => {
                let by = &self.rules.rule(*by).id;
                writeln!(
                    out,
                    "not reported: the value is that of `{by}`, which is more specific\n  {}",
                    value(secret)
                )
            }
            Outcome::OtherPath => {
                writeln!(
                    out,
                    "not looked at: the rule is for {}\n  found by {literal}",
                    rule.path.join(" ")
                )
            }
            _ => writeln!(
                out,
                "not reported: there are too many findings\n  found by {literal}"
            ),
        }
    }
}

/// A literal of a rule, which the scanned content may have brought along.
fn code(literal: &str) -> String {
    format!("`{}`", escape::text(literal))
}

/// How the confidence came about: of the rule, for the kind of file, in the end.
fn confidence(rule: &Rule, finding: &Finding) -> String {
    let mut text = format!("{} by the rule", rule.confidence.as_str());
    let (_, ranked) = rule.rank(finding.kind);
    if ranked != rule.confidence {
        text.push_str(&format!(
            ", {} in files of kind `{}`",
            ranked.as_str(),
            finding.kind.as_str()
        ));
    }
    if finding.confidence != ranked {
        text.push_str(&format!(", {} in the end", finding.confidence.as_str()));
    }
    text
}
