//! What became of each candidate, for people who ask why something was reported or not.
//!
//! The scan tells its steps as it makes them, and this keeps them: nothing is judged a second time. Without an
//! [`Explainer`] the steps go nowhere, and the compiler leaves them out.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::policy::Verdict;
use crate::rule::RuleIndex;
use crate::{Blob, FileKind, Finding, LineIndex, Location, Origin, Position, Reason, Secret, Span};

/// Candidates that are kept of all contents; that there are more is counted.
const MAX_CONSIDERED: usize = 10_000;

/// A rule that was considered at a place, and what became of that.
#[derive(Clone, Debug)]
pub struct Considered {
    /// The rule.
    pub rule: RuleIndex,
    /// The content.
    pub origin: Arc<Origin>,
    /// Its kind.
    pub kind: FileKind,
    /// The literal that was found, as the rule writes it.
    pub literal: String,
    /// Where the value stands, or the literal where nothing matched.
    pub location: Location,
    /// What became of it.
    pub outcome: Outcome,
}

/// What became of a candidate.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Outcome {
    /// The rule does not look at contents of this name.
    OtherPath,
    /// The literal stands there, but nothing of the rule's form around it.
    NoMatch,
    /// It has the form, and a check says that it is no secret.
    Rejected(Secret, Reason),
    /// It counts only beside its other half, which is not near.
    HalfAlone(Secret),
    /// It overlaps the finding of a more specific rule.
    Overlapped(Secret, RuleIndex),
    /// There were as many findings as are reported.
    Limit,
    /// It is a finding, and the policy says whether it is reported.
    Finding(Box<Finding>, Verdict),
}

/// Keeps what became of the candidates in the contents of a session, or in one line of each. For all threads.
#[derive(Debug, Default)]
pub struct Explainer {
    line: Option<u64>,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    considered: Vec<Considered>,
    left_out: u64,
}

impl Explainer {
    /// Of all candidates.
    pub fn new() -> Self {
        Self::default()
    }

    /// Of the candidates whose match, or whose literal where nothing matched, stands in this line (1-based) or reaches
    /// into it.
    pub fn of_line(line: u64) -> Self {
        Self {
            line: Some(line),
            ..Self::default()
        }
    }

    /// What was kept, in the order of each content, and how much was not: at most 10,000 candidates are.
    pub fn into_considered(self) -> (Vec<Considered>, u64) {
        let kept = self
            .kept
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        (kept.considered, kept.left_out)
    }

    /// The trail of a content; `None` where the line is not in it.
    pub(super) fn trail<'t>(&self, blob: &Blob<'t>) -> Option<Trail<'t>> {
        let (base, position) = blob
            .window
            .map_or((0, Position::START), |w| (w.offset, w.position));
        let area = match self.line {
            None => Span::new(0, blob.bytes.len()),
            Some(line) => line_span(blob.bytes, line.checked_sub(position.line)?)?,
        };
        Some(Trail {
            lines: LineIndex::new(blob.bytes, base, position),
            area,
            steps: Vec::new(),
            open: BTreeMap::new(),
            left_out: 0,
        })
    }

    /// Takes the trail of a content.
    pub(super) fn keep(&self, trail: Trail<'_>, origin: &Arc<Origin>, kind: FileKind) {
        let Trail {
            mut lines,
            mut steps,
            left_out,
            ..
        } = trail;
        // A literal within a match of its rule is explained by what became of that.
        let mut matches: BTreeMap<RuleIndex, Vec<Span>> = BTreeMap::new();
        for step in steps.iter().filter(|s| !s.is_vain()) {
            matches.entry(step.rule).or_default().push(step.whole);
        }
        steps.retain(|step| {
            let of_rule = matches.get(&step.rule);
            !step.is_vain() || !of_rule.is_some_and(|m| m.iter().any(|w| touches(*w, step.whole)))
        });
        steps.sort_by_key(|s| (s.value, s.rule));
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.left_out += left_out;
        for step in steps {
            if kept.considered.len() == MAX_CONSIDERED {
                kept.left_out += 1;
                continue;
            }
            kept.considered.push(Considered {
                rule: step.rule,
                origin: origin.clone(),
                kind,
                literal: String::from_utf8_lossy(&step.literal).into_owned(),
                location: lines.locate(step.value),
                outcome: step.outcome.unwrap_or(Outcome::Limit),
            });
        }
    }
}

/// The steps in one content.
#[derive(Debug)]
pub(super) struct Trail<'t> {
    lines: LineIndex<'t>,
    /// What is asked about.
    area: Span,
    steps: Vec<Step>,
    /// Of the steps without an outcome: where they stand in the list.
    open: BTreeMap<(RuleIndex, Span), usize>,
    left_out: u64,
}

/// What became of a rule at a place.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) rule: RuleIndex,
    pub(super) literal: Box<[u8]>,
    /// All that belongs to it.
    pub(super) whole: Span,
    /// The value, or the literal.
    pub(super) value: Span,
    /// `None` until the overlaps of what was taken for secrets are settled.
    pub(super) outcome: Option<Outcome>,
}

impl Step {
    /// Whether only the literal stood there.
    fn is_vain(&self) -> bool {
        matches!(self.outcome, Some(Outcome::NoMatch))
    }
}

impl Trail<'_> {
    /// Whether somebody asked about a place.
    pub(super) fn covers(&self, span: Span) -> bool {
        touches(self.area, span)
    }

    /// Adds a step at a place that is covered.
    pub(super) fn add(&mut self, step: Step) {
        let key = (step.rule, step.value);
        if self.steps.len() == MAX_CONSIDERED {
            self.left_out += 1;
        } else if step.outcome.is_some() || self.open.insert(key, self.steps.len()).is_none() {
            self.steps.push(step);
        }
    }

    /// Adds a step in a view, unless its value was considered where it stands plainly.
    pub(super) fn add_hidden(&mut self, step: Step) {
        let known = |s: &Step| (s.rule, s.value) == (step.rule, step.value);
        if !step.is_vain() && !self.steps.iter().any(known) {
            self.add(step);
        }
    }

    /// The rules and values that were taken for secrets and are not settled.
    pub(super) fn open(&self) -> Vec<(RuleIndex, Span)> {
        self.open.keys().copied().collect()
    }

    /// Says what became of a value that was taken for a secret, if somebody asked about it.
    pub(super) fn settle(
        &mut self,
        rule: RuleIndex,
        value: Span,
        outcome: impl FnOnce() -> Outcome,
    ) {
        if let Some(at) = self.open.remove(&(rule, value)) {
            self.steps[at].outcome = Some(outcome());
        }
    }
}

/// Whether two spans have a byte in common.
fn touches(a: Span, b: Span) -> bool {
    a.start < b.end && b.start < a.end
}

/// The line behind so many line feeds, with its own.
fn line_span(text: &[u8], feeds: u64) -> Option<Span> {
    let mut ends = memchr::memchr_iter(b'\n', text).map(|at| at + 1);
    let start = match usize::try_from(feeds).ok()?.checked_sub(1) {
        None => 0,
        Some(before) => ends.nth(before)?,
    };
    let end = ends.next().unwrap_or(text.len());
    (start < end).then(|| Span::new(start, end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_its_own_feed() {
        for (text, feeds, span) in [
            ("ab", 0, Some((0, 2))),
            ("ab\ncd\ne", 0, Some((0, 3))),
            ("ab\ncd\ne", 1, Some((3, 6))),
            ("ab\ncd\ne", 2, Some((6, 7))),
            ("ab\n", 1, None),
            ("ab", 7, None),
            ("", 0, None),
        ] {
            let found = line_span(text.as_bytes(), feeds).map(|s| (s.start, s.end));
            assert_eq!(found, span, "{text:?} {feeds}");
        }
    }
}
