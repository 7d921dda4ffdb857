//! One value, one finding; and the two halves of a credential.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::checks::Judgement;
use crate::rule::{Missing, Requires, Rule, RuleIndex, RuleSet, Shape};
use crate::verify::Match;
use crate::{Confidence, Evidence, Finding, LineIndex, Location, Pair, Secret};

/// A match that was taken for a secret, before overlaps are settled.
#[derive(Debug)]
pub(super) struct Found<'a> {
    pub(super) rule: RuleIndex,
    pub(super) matched: Match,
    pub(super) judged: Judgement<'a>,
    /// Where it stands in a dress: what it is without.
    pub(super) hidden: Option<Hidden>,
}

/// What was found in a view of a text. The spans of it are those of the text.
#[derive(Debug)]
pub(super) struct Hidden {
    /// The value as it is in the view.
    pub(super) secret: Secret,
    /// Length of the longest literal of the rule in the match.
    pub(super) literal: usize,
    /// The layers under which the value reads otherwise than it stands in the text; 0 where it does not.
    pub(super) undone: u32,
}

impl Found<'_> {
    fn undone(&self) -> u32 {
        self.hidden.as_ref().map_or(0, |h| h.undone)
    }
}

/// The places of values that read otherwise without their dress: what was taken for a value there before is a part of
/// one, or one with the dress on.
struct Undone {
    /// Of each layer: where values begin, and the furthest end of those that begin there or before.
    layers: BTreeMap<u32, Vec<(usize, usize)>>,
}

impl Undone {
    fn new(found: &[Found<'_>]) -> Self {
        let mut layers: BTreeMap<u32, Vec<(usize, usize)>> = BTreeMap::new();
        for f in found.iter().filter(|f| f.undone() > 0) {
            let span = f.judged.secret;
            let layer = layers.entry(f.undone()).or_default();
            layer.push((span.start, span.end));
        }
        for layer in layers.values_mut() {
            layer.sort_unstable();
            let mut furthest = 0;
            for (_, end) in layer {
                furthest = furthest.max(*end);
                *end = furthest;
            }
        }
        Self { layers }
    }

    /// Whether `found` lies within a value of a deeper layer.
    fn covers(&self, found: &Found<'_>) -> bool {
        let span = found.judged.secret;
        self.layers.range(found.undone() + 1..).any(|(_, layer)| {
            let before = layer.partition_point(|(start, _)| *start <= span.start);
            before > 0 && layer[before - 1].1 >= span.end
        })
    }
}

/// Where secrets overlap, the most specific stays. Sorted by place.
pub(super) fn settle<'a>(
    rules: &RuleSet,
    text: &[u8],
    mut found: Vec<Found<'a>>,
) -> Vec<Found<'a>> {
    let undone = Undone::new(&found);
    found.sort_by_cached_key(|f| {
        (
            undone.covers(f),
            Reverse(rank(rules, text, f)),
            rules.rule(f.rule).id.clone(),
            f.matched.whole,
        )
    });
    // Kept spans do not overlap, so only the last one that begins before a new one ends can overlap it.
    let mut kept: BTreeMap<usize, usize> = BTreeMap::new();
    found.retain(|f| {
        let span = f.judged.secret;
        let before = kept.range(..span.end).next_back();
        if before.is_some_and(|(_, &end)| end > span.start) {
            return false;
        }
        kept.insert(span.start, span.end);
        true
    });
    found.sort_by_key(|f| f.judged.secret);
    found
}

/// How specific a match is: a checksum that holds, a rule that knows the vendor, no doubt, the form of the rule, the
/// length of its literal.
fn rank(
    rules: &RuleSet,
    text: &[u8],
    found: &Found<'_>,
) -> (bool, bool, bool, u8, usize, Confidence, usize) {
    let rule = rules.rule(found.rule);
    let judged = &found.judged;
    let checked = judged.evidence.contains(&Evidence::ChecksumHolds);
    // What a name only stands near tells no more than a name of no vendor that is assigned.
    let beside = judged
        .evidence
        .iter()
        .any(|e| matches!(e, Evidence::Beside(_)));
    let doubted = beside
        || judged
            .evidence
            .iter()
            .any(|e| matches!(e, Evidence::Doubt(_)));
    let literal = match &found.hidden {
        Some(hidden) => hidden.literal,
        None => literal_len(rule, text, found.matched),
    };
    let form = match rule.shape {
        // Three letters tell less than the name beside the value: a JWT of a vendor is the vendor's token.
        Shape::Token if literal < 4 => 0,
        Shape::Assigned => 1,
        Shape::Around { .. } => 2,
        Shape::Token => 3,
    };
    (
        checked,
        !rule.is_generic() && !beside,
        !doubted,
        form,
        literal,
        judged.confidence,
        judged.secret.len(),
    )
}

/// Length of the longest literal of `rule` in a match: the longer, the more it tells.
pub(super) fn literal_len(rule: &Rule, text: &[u8], matched: Match) -> usize {
    let whole = &text[matched.whole.range()];
    if rule.shape == Shape::Token {
        return rule
            .prefixes
            .iter()
            .filter(|p| whole.starts_with(p.as_bytes()))
            .map(|p| p.len())
            .max()
            .unwrap_or(0);
    }
    let area = matched
        .assignment
        .map_or(whole, |a| &text[a.name.range()])
        .to_ascii_lowercase();
    let stands = |keyword: &str| memchr::memmem::find(&area, keyword.as_bytes()).is_some();
    rule.keywords
        .iter()
        .filter(|k| stands(k))
        .map(|k| k.len())
        .max()
        .unwrap_or(0)
}

/// The places of all that can be half of a two-part credential.
#[derive(Debug)]
pub(super) struct Halves<'r> {
    rules: &'r RuleSet,
    /// Rule and place of what some rule asks for, in this order.
    partners: Vec<(RuleIndex, Location)>,
}

impl<'r> Halves<'r> {
    /// Locates the partners that the rules of `found` ask for.
    pub(super) fn locate(
        rules: &'r RuleSet,
        found: &[Found<'_>],
        lines: &mut LineIndex<'_>,
    ) -> Self {
        let mut wanted: Vec<RuleIndex> = found
            .iter()
            .filter_map(|f| rules.required(f.rule))
            .collect();
        wanted.sort_unstable();
        wanted.dedup();
        let mut spans: Vec<_> = found
            .iter()
            .filter(|f| wanted.contains(&f.rule))
            .map(|f| (f.judged.secret, f.rule))
            .collect();
        spans.sort_unstable();
        let mut partners: Vec<(RuleIndex, Location)> = spans
            .into_iter()
            .map(|(span, rule)| (rule, lines.locate(span)))
            .collect();
        partners.sort_by_key(|(rule, _)| *rule);
        Self { rules, partners }
    }

    /// Drops the halves that count only beside their partner, before they can take the place of another finding.
    pub(super) fn keep<'a>(
        &self,
        mut found: Vec<Found<'a>>,
        lines: &mut LineIndex<'_>,
    ) -> Vec<Found<'a>> {
        found.retain(|f| {
            let Some(requires) = &self.rules.rule(f.rule).requires else {
                return true;
            };
            requires.missing != Missing::Drop
                || self
                    .near(f.rule, requires, lines.locate(f.judged.secret))
                    .is_some()
        });
        found
    }

    /// The nearest partner of a finding of `rule` at `location`, if it is near enough.
    fn near(
        &self,
        rule: RuleIndex,
        requires: &Requires,
        location: Location,
    ) -> Option<(RuleIndex, Location)> {
        let partner = self.rules.required(rule)?;
        let line = location.start.line;
        let of = |(index, place): &(RuleIndex, Location)| (*index, place.start.line);
        let at = self.partners.partition_point(|p| of(p) < (partner, line));
        let distance = |place: &Location| place.start.line.abs_diff(line);
        // The nearest one is the last before that line or the first from it on.
        [at.checked_sub(1), Some(at)]
            .into_iter()
            .filter_map(|at| self.partners.get(at?))
            .filter(|(index, place)| {
                *index == partner && distance(place) <= u64::from(requires.lines)
            })
            .min_by_key(|(_, place)| distance(place))
            .copied()
    }

    /// Completes a finding with its other half, or says that it is missing.
    pub(super) fn pair(&self, rule: &Rule, finding: &mut Finding) {
        let Some(requires) = &rule.requires else {
            return;
        };
        if let Some((partner, location)) = self.near(finding.rule, requires, finding.location) {
            finding.evidence.push(Evidence::Paired(
                requires.rule.to_string(),
                location.start.line,
            ));
            finding.pair = Some(Pair {
                rule: partner,
                location,
            });
        } else if requires.missing == Missing::Lower {
            finding.confidence = finding.confidence.lower();
            finding
                .evidence
                .push(Evidence::Unpaired(requires.rule.to_string()));
        }
    }
}
