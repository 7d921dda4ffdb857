//! The pass of the data, from a blob to findings.
//!
//! ```text
//! blob -> decoders -> children (back to the start)
//!      -> prefilter: literals  -> verify: matches -> checks: judged -> one value, one finding -> pairs
//!      -> lines, context, fingerprint -> policy: verdict -> sink
//! ```
//!
//! [`Scanner`] holds what does not change, [`Session`] one run with its sink and counters, and [`Scan`] the scratch of
//! one thread. Where nothing is found, nothing is allocated, no line counted and no regular expression compiled.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use crate::checks::{self, Subject};
use crate::policy::inline::Lines;
use crate::prefilter::{Hit, Scratch};
use crate::rule::{Role, RuleIndex, Shape, Use};
use crate::source::{Visitor, VisitorBuilder};
use crate::verify::{Match, Verifier};
use crate::{
    Blob, Budget, Context, Decoder, FileKind, Finding, Flow, Issue, IssueKind, LineIndex, Position,
    Secret, Sink, Skip, Span, Stats, Tally,
};

mod cursors;
mod explain;
mod scanner;
mod settle;

pub use explain::{Considered, Explainer, Outcome};
pub use scanner::{Scanner, ScannerBuilder};

use cursors::Cursors;
use explain::{Step, Trail};
use settle::{Found, Halves, literal_len, settle};

/// Matches that are kept of one blob until overlaps are settled: several rules can match one secret.
const MAX_MATCHES: usize = 8 * MAX_FINDINGS;
/// Findings that one blob may give; that there are more is told as one [`IssueKind::Limit`].
const MAX_FINDINGS: usize = 10_000;
/// Findings that one rule may give in one blob; that there are more is told in the same way.
const MAX_OF_RULE: usize = 2_000;

/// One run of a scanner: makes a [`Scan`] for each thread of a source.
pub struct Session<'s> {
    scanner: &'s Scanner,
    sink: &'s dyn Sink,
    interrupt: &'s AtomicBool,
    explainer: Option<&'s Explainer>,
    stats: Stats,
}

impl std::fmt::Debug for Session<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session")
            .field("stats", &self.stats)
            .finish_non_exhaustive()
    }
}

impl<'s> Session<'s> {
    /// Tells `explainer` what becomes of candidates.
    #[must_use]
    pub fn explained(self, explainer: &'s Explainer) -> Self {
        Self {
            explainer: Some(explainer),
            ..self
        }
    }
}

impl Session<'_> {
    /// What was looked at so far.
    pub fn stats(&self) -> &Stats {
        &self.stats
    }

    /// The scan of one thread.
    pub fn scan(&self) -> Scan<'_> {
        Scan {
            session: self,
            hits: Vec::new(),
            scratch: Scratch::default(),
            cursors: Cursors::new(self.scanner.rules.len()),
            tally: Tally::default(),
        }
    }
}

impl VisitorBuilder for Session<'_> {
    fn visitor(&self) -> Box<dyn Visitor + '_> {
        Box::new(self.scan())
    }
}

/// The scan of one thread: scratch that is reused from blob to blob.
#[derive(Debug)]
pub struct Scan<'s> {
    session: &'s Session<'s>,
    hits: Vec<Hit>,
    scratch: Scratch,
    cursors: Cursors,
    /// Of the blob at hand.
    tally: Tally,
}

impl Visitor for Scan<'_> {
    fn blob(&mut self, blob: Blob<'_>) -> Flow {
        self.tally = Tally::default();
        let flow = self.outermost(&blob);
        self.session.stats.add(&self.tally);
        flow
    }

    fn wants_whole(&self, head: &Blob<'_>) -> bool {
        self.session
            .scanner
            .decoders
            .iter()
            .any(|decoder| decoder.applies(head))
    }

    fn issue(&mut self, issue: Issue) -> Flow {
        self.tally.tell();
        self.session.sink.issue(issue);
        if self.session.interrupt.load(Relaxed) {
            Flow::Stop
        } else {
            Flow::Continue
        }
    }

    fn skip(&mut self, skip: Skip) {
        self.session.stats.skip(skip);
    }
}

impl Scan<'_> {
    /// What became of the last blob.
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Scans a blob as a source hands it out.
    fn outermost(&mut self, blob: &Blob<'_>) -> Flow {
        let session = self.session;
        if session.interrupt.load(Relaxed) {
            return Flow::Stop;
        }
        if let Some(path) = blob.origin.only_path()
            && session.scanner.policy.ignored.contains(path)
        {
            if blob.is_first() {
                self.tally.skip(Skip::Path);
            }
            return Flow::Continue;
        }
        if blob.is_first() {
            self.tally.file();
        }
        let own = blob.window.map_or(blob.bytes.len(), |w| w.own.1 - w.own.0);
        self.tally.bytes(own);
        let mut budget = session.scanner.budget;
        // A bug that panics on one content must not lose the others. The payload could hold content: it is dropped.
        catch_unwind(AssertUnwindSafe(|| self.content(blob, &mut budget))).unwrap_or_else(|_| {
            self.hits.clear();
            self.issue(Issue::at(
                blob.origin.clone(),
                IssueKind::Internal,
                "the engine failed on this content",
            ))
        })
    }

    /// Scans a content and all that is hidden in it.
    fn content(&mut self, blob: &Blob<'_>, budget: &mut Budget) -> Flow {
        if blob.window.is_none() {
            let scanner = self.session.scanner;
            if let Some(decoder) = scanner
                .decoders
                .iter()
                .find(|decoder| decoder.applies(blob))
            {
                match self.decode(blob, &**decoder, budget) {
                    Decoded::Replaced(flow) | Decoded::Beside(flow @ Flow::Stop) => return flow,
                    Decoded::Beside(Flow::Continue) => {}
                }
            }
        }
        self.text(blob)
    }

    fn decode(&mut self, blob: &Blob<'_>, decoder: &dyn Decoder, budget: &mut Budget) -> Decoded {
        let Some(depth) = budget.depth.checked_sub(1) else {
            let message = format!(
                "{} is nested deeper than --decode-depth allows",
                decoder.name()
            );
            return Decoded::Beside(self.issue(Issue::at(
                blob.origin.clone(),
                IssueKind::Limit,
                message,
            )));
        };
        budget.depth = depth;
        let (mut flow, mut children) = (Flow::Continue, 0u32);
        let result = decoder.decode(blob, budget, &mut |child, budget| {
            children += 1;
            self.tally.decoded();
            flow = self.content(&child, budget);
            flow
        });
        budget.depth = depth + 1;
        if let Err(issue) = result
            && self.issue(issue) == Flow::Stop
        {
            flow = Flow::Stop;
        }
        if decoder.replaces() && children > 0 {
            Decoded::Replaced(flow)
        } else {
            Decoded::Beside(flow)
        }
    }

    /// Scans the bytes of a blob as they are.
    fn text(&mut self, blob: &Blob<'_>) -> Flow {
        let name = blob.origin.name();
        let mut hits = std::mem::take(&mut self.hits);
        hits.clear();
        self.session
            .scanner
            .prefilter
            .hits(blob.bytes, &mut self.scratch, &mut hits);
        let flow = if hits.is_empty() {
            Flow::Continue
        } else {
            let kind = self.kind(blob);
            let explainer = self.session.explainer;
            match explainer.and_then(|e| Some((e, e.trail(blob)?))) {
                None => {
                    let found = self.confirm(blob, &hits, name, kind, |_, _| {});
                    self.report(blob, kind, found, None)
                }
                Some((explainer, mut trail)) => {
                    let found = self.confirm(blob, &hits, name, kind, |span, step| {
                        if trail.covers(span) {
                            trail.add(step());
                        }
                    });
                    let flow = self.report(blob, kind, found, Some(&mut trail));
                    explainer.keep(trail, &blob.origin, kind);
                    flow
                }
            }
        };
        self.hits = hits;
        flow
    }

    /// The kind of file: as the repository names it, or else by name and content.
    fn kind(&self, blob: &Blob<'_>) -> FileKind {
        let attributes = &self.session.scanner.policy.attributes;
        let named = blob
            .origin
            .root_path()
            .and_then(|path| attributes.kind(path));
        named.unwrap_or_else(|| FileKind::classify(blob.origin.name(), blob.head))
    }

    /// Verifies and judges what stands at the hits. `tell` hears of each step, with all that belongs to it.
    fn confirm<'b>(
        &mut self,
        blob: &Blob<'b>,
        hits: &[Hit],
        name: Option<&Path>,
        kind: FileKind,
        mut tell: impl FnMut(Span, &dyn Fn() -> Step),
    ) -> Vec<Found<'b>> {
        let rules = &self.session.scanner.rules;
        let text = blob.bytes;
        let own = blob.window.map_or((0, text.len()), |w| w.own);
        let mut found = Vec::new();
        self.cursors.reset();
        let mut verifier = Verifier::new(text);
        for hit in hits {
            for Use {
                rule: index,
                role,
                text: literal,
            } in rules.literal(hit.literal).uses.iter()
            {
                if !rules.is_selected(*index) {
                    continue;
                }
                let rule = rules.rule(*index);
                let at = Span::new(hit.at, hit.at + literal.len());
                let step = |whole, value, outcome| Step {
                    rule: *index,
                    literal: literal[..].into(),
                    whole,
                    value,
                    outcome,
                };
                let progress = self.cursors.of(*index);
                if progress.found == MAX_OF_RULE {
                    tell(at, &|| step(at, at, Some(Outcome::Limit)));
                    continue;
                }
                if !*progress.looks.get_or_insert_with(|| rule.looks_at(name)) {
                    tell(at, &|| step(at, at, Some(Outcome::OtherPath)));
                    continue;
                }
                let cursor = &mut progress.cursor;
                let Some(matched) = verifier.verify(rule, *role, literal, hit.at, cursor) else {
                    // The prefilter goes by letters of any case, a prefix has its own.
                    if *role != Role::Prefix || text[at.range()] == literal[..] {
                        tell(at, &|| step(at, at, Some(Outcome::NoMatch)));
                    }
                    continue;
                };
                cursor.from = matched.whole.end;
                if !(own.0..own.1).contains(&matched.whole.start) {
                    continue;
                }
                match checks::judge(
                    rule,
                    Subject {
                        text,
                        matched,
                        kind,
                    },
                ) {
                    Ok(judged) => {
                        cursor.from = matched.whole.end.max(judged.secret.end);
                        progress.found += 1;
                        if progress.found == MAX_OF_RULE {
                            self.limit(blob, MAX_OF_RULE, &rule.id);
                        }
                        let value = judged.secret;
                        let whole = Span::new(
                            matched.whole.start.min(value.start),
                            matched.whole.end.max(value.end),
                        );
                        tell(whole, &|| step(whole, value, None));
                        found.push(Found {
                            rule: *index,
                            matched,
                            judged,
                        });
                    }
                    Err(reason) => {
                        self.tally.reject(reason);
                        tell(matched.whole, &|| {
                            let secret = self.secret(text, *index, matched, matched.secret);
                            let outcome = Outcome::Rejected(secret, reason);
                            step(matched.whole, matched.secret, Some(outcome))
                        });
                    }
                }
                if found.len() == MAX_MATCHES {
                    self.limit(blob, MAX_FINDINGS, "all rules");
                    return found;
                }
            }
        }
        found
    }

    /// Settles overlaps and pairs, completes the findings and hands them on.
    fn report(
        &mut self,
        blob: &Blob<'_>,
        kind: FileKind,
        found: Vec<Found<'_>>,
        mut trail: Option<&mut Trail<'_>>,
    ) -> Flow {
        if found.is_empty() {
            return Flow::Continue;
        }
        let scanner = self.session.scanner;
        let text = blob.bytes;
        let masks: BTreeMap<Span, String> = found
            .iter()
            .map(|f| (f.judged.secret, self.secret_of(text, f).masked()))
            .collect();
        let masks: Vec<(Span, String)> = masks.into_iter().collect();
        let (base, position) = blob
            .window
            .map_or((0, Position::START), |w| (w.offset, w.position));
        let mut lines = LineIndex::new(text, base, position);

        let halves = Halves::locate(&scanner.rules, &found, &mut lines);
        let mut settled = match &mut trail {
            None => settle(&scanner.rules, text, halves.keep(found, &mut lines)),
            Some(trail) => self.settle_explained(text, found, &halves, &mut lines, trail),
        };
        if settled.len() > MAX_FINDINGS {
            settled.truncate(MAX_FINDINGS);
            self.limit(blob, MAX_FINDINGS, "all rules");
        }
        for found in settled {
            let rule = scanner.rules.rule(found.rule);
            let secret = self.secret_of(text, &found);
            let span = found.judged.secret;
            let mut finding = Finding {
                rule: found.rule,
                origin: blob.origin.clone(),
                location: lines.locate(span),
                kind,
                confidence: found.judged.confidence,
                severity: found.judged.severity,
                fingerprint: scanner
                    .fingerprinter
                    .fingerprint(&rule.id, &found.judged.identity),
                evidence: found.judged.evidence,
                context: Context::cut(text, span, &masks),
                pair: None,
                secret,
            };
            halves.pair(rule, &mut finding);
            let verdict = scanner
                .policy
                .judge(&mut finding, rule, Lines::around(text, span));
            self.tally.tell();
            if let Some(trail) = &mut trail {
                trail.settle(found.rule, span, || {
                    Outcome::Finding(Box::new(finding.clone()), verdict.clone())
                });
            }
            if let Err(error) = self.session.sink.finding(finding, verdict) {
                let message = format!("the report could not be kept: {error}");
                let _ = self.issue(Issue::general(IssueKind::Internal, message));
                return Flow::Stop;
            }
        }
        Flow::Continue
    }

    /// Says that a content has as many findings of a rule, or of all, as are reported.
    fn limit(&mut self, blob: &Blob<'_>, most: usize, of: &str) {
        let message =
            format!("{most} findings of {of} are reported: further ones in this content are not");
        let _ = self.issue(Issue::at(blob.origin.clone(), IssueKind::Limit, message));
    }

    /// Settles as ever, and says of each that goes what it gave way to.
    fn settle_explained<'b>(
        &self,
        text: &[u8],
        found: Vec<Found<'b>>,
        halves: &Halves<'_>,
        lines: &mut LineIndex<'_>,
        trail: &mut Trail<'_>,
    ) -> Vec<Found<'b>> {
        let key = |f: &Found<'_>| (f.rule, f.judged.secret);
        let matches: BTreeMap<_, Match> = found.iter().map(|f| (key(f), f.matched)).collect();
        let paired = halves.keep(found, lines);
        let left: BTreeSet<_> = paired.iter().map(key).collect();
        let settled = settle(&self.session.scanner.rules, text, paired);
        let kept: BTreeSet<_> = settled.iter().map(key).collect();
        for (rule, span) in trail.open() {
            let secret = || self.secret(text, rule, matches[&(rule, span)], span);
            if !left.contains(&(rule, span)) {
                trail.settle(rule, span, || Outcome::HalfAlone(secret()));
            } else if !kept.contains(&(rule, span)) {
                // The kept ones are sorted and do not overlap each other.
                let at = settled.partition_point(|f| f.judged.secret.end <= span.start);
                let by = settled[at..].first().expect("it overlaps one that is kept");
                trail.settle(rule, span, || Outcome::Overlapped(secret(), by.rule));
            }
        }
        settled
    }

    fn secret_of(&self, text: &[u8], found: &Found<'_>) -> Secret {
        self.secret(text, found.rule, found.matched, found.judged.secret)
    }

    fn secret(&self, text: &[u8], rule: RuleIndex, matched: Match, value: Span) -> Secret {
        let rule = self.session.scanner.rules.rule(rule);
        let public = if rule.shape == Shape::Token {
            literal_len(rule, text, matched)
        } else {
            0
        };
        Secret::new(&text[value.range()], public)
    }
}

/// What became of a blob that a decoder took.
enum Decoded {
    /// The children stand for it.
    Replaced(Flow),
    /// Its own bytes are still to be scanned.
    Beside(Flow),
}
