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
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use crate::policy::Verdict;
use crate::policy::inline::Lines;
use crate::prefilter::{Hit, Scratch};
use crate::rule::{RuleIndex, Shape};
use crate::source::{Visitor, VisitorBuilder};
use crate::verify::Match;
use crate::{
    Blob, Budget, Context, Decoder, FileKind, Finding, Flow, Issue, IssueKind, LineIndex, Origin,
    Position, Secret, Sink, Skip, Span, Stats, Tally,
};

mod confirm;
mod cursors;
mod derived;
mod explain;
mod hidden;
mod scanner;
mod settle;

pub use derived::{Copied, Derivation, Residue};
pub use explain::{Considered, Explainer, Outcome};
pub use scanner::{Scanner, ScannerBuilder};

use confirm::MAX_OPEN;
use cursors::Cursors;
use derived::Plan;
use explain::Trail;
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
    seen: Option<Seen<'s>>,
    stats: Stats,
}

/// Is told the origin of each outermost content that was scanned.
pub type Seen<'s> = &'s (dyn Fn(&Origin) + Sync);

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

    /// Tells `seen` what is scanned.
    #[must_use]
    pub fn seen_by(self, seen: Seen<'s>) -> Self {
        Self {
            seen: Some(seen),
            ..self
        }
    }
}

impl Session<'_> {
    /// What was looked at so far.
    pub fn stats(&self) -> &Stats {
        &self.stats
    }

    /// The residue that an earlier run has kept as bytes ([`Residue::to_bytes`]); `None` where they cannot be one of these
    /// rules. It must be of the same rules, decoders and dresses, and of a session that looked for no less.
    pub fn residue(&self, bytes: &[u8]) -> Option<Residue> {
        Residue::of_bytes(bytes, &self.scanner.rules)
    }

    /// Whether values are looked for that only stand beside a name: they are of low confidence, and many.
    fn looks_beside(&self) -> bool {
        self.explainer.is_some() || self.scanner.looks_beside()
    }

    /// The scan of one thread.
    pub fn scan(&self) -> Scan<'_> {
        Scan {
            session: self,
            hits: Vec::new(),
            scratch: Scratch::new(self.looks_beside()),
            cursors: Cursors::new(self.scanner.rules.len()),
            tally: Tally::default(),
            open: None,
            residue: None,
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
    /// The hits of the blob at hand that are open, if they are asked for.
    open: Option<Vec<Hit>>,
    /// What the blob at hand leaves, if it is asked for.
    residue: Option<Residue>,
}

/// How the outermost blob is looked at.
#[derive(Clone, Copy, Debug, Default)]
struct How<'d> {
    derivation: Option<Derivation<'d>>,
    /// Whether others are made from it.
    is_base: bool,
}

impl Visitor for Scan<'_> {
    fn blob(&mut self, blob: Blob<'_>) -> Flow {
        self.derived(blob, None, false).0
    }

    fn derived(
        &mut self,
        blob: Blob<'_>,
        derivation: Option<Derivation<'_>>,
        is_base: bool,
    ) -> (Flow, Option<Residue>) {
        self.tally = Tally::default();
        let how = How {
            derivation,
            is_base,
        };
        let flow = self.outermost(&blob, how);
        self.session.stats.add(&self.tally);
        (flow, self.residue.take())
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
    fn outermost(&mut self, blob: &Blob<'_>, how: How<'_>) -> Flow {
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
        if let Some(seen) = session.seen {
            seen(&blob.origin);
        }
        let mut budget = session.scanner.budget;
        // A bug that panics on one content must not lose the others. The payload could hold content: it is dropped.
        catch_unwind(AssertUnwindSafe(|| self.content(blob, &mut budget, how))).unwrap_or_else(
            |_| {
                self.hits.clear();
                (self.open, self.residue) = (None, None);
                self.issue(Issue::at(
                    blob.origin.clone(),
                    IssueKind::Internal,
                    "the engine failed on this content",
                ))
            },
        )
    }

    /// Scans a content and all that is hidden in it.
    fn content(&mut self, blob: &Blob<'_>, budget: &mut Budget, how: How<'_>) -> Flow {
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
        self.text(blob, budget, how)
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
            flow = self.content(&child, budget, How::default());
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

    /// Scans the bytes of a blob as they are, and what parts of them stand for.
    fn text(&mut self, blob: &Blob<'_>, budget: &mut Budget, how: How<'_>) -> Flow {
        let session = self.session;
        let explainer = session.explainer;
        let trail = explainer.and_then(|e| Some((e, e.trail(blob)?)));
        let derivation = how
            .derivation
            .filter(|_| trail.is_none() && session.scanner.sees_literals());
        let plan = derivation.and_then(|d| Some((d, d.plan(blob.bytes.len())?)));
        let mut hits = std::mem::take(&mut self.hits);
        hits.clear();
        match &plan {
            None => session
                .scanner
                .prefilter
                .hits(blob.bytes, &mut self.scratch, &mut hits),
            Some((derivation, plan)) => {
                self.derived_hits(blob.bytes, derivation, plan, &mut hits);
            }
        }
        let marks = plan.as_ref().and_then(|(_, plan)| plan.marks.as_deref());
        let wardrobe = &session.scanner.wardrobe;
        let mut regions = wardrobe.regions(blob.bytes, &hits, marks);
        self.open = how.is_base.then(Vec::new);
        let flow = if hits.is_empty() && regions.spans.is_empty() {
            Flow::Continue
        } else {
            let kind = self.kind(blob);
            match trail {
                None => {
                    let mut found = self.confirm(blob, blob.bytes, &hits, kind, |_, _| {});
                    self.hidden(blob, kind, &regions.spans, budget, &mut found, None);
                    self.report(blob, kind, found, None)
                }
                Some((explainer, mut trail)) => {
                    let mut found = self.confirm(blob, blob.bytes, &hits, kind, |span, step| {
                        if trail.covers(span) {
                            trail.add(step());
                        }
                    });
                    let spans = &regions.spans;
                    self.hidden(blob, kind, spans, budget, &mut found, Some(&mut trail));
                    let flow = self.report(blob, kind, found, Some(&mut trail));
                    explainer.keep(trail, &blob.origin, kind);
                    flow
                }
            }
        };
        self.residue = self.open.take().and_then(|mut open| {
            let settled = open.len();
            open.extend(regions.joined(&hits));
            if open.len() > settled {
                open.sort_unstable();
                open.dedup();
            }
            let len = blob.bytes.len();
            (open.len() <= MAX_OPEN).then(|| Residue::new(open, regions.marked, len))
        });
        self.hits = hits;
        flow
    }

    /// The hits in a content that shares parts with another one.
    fn derived_hits(
        &mut self,
        text: &[u8],
        derivation: &Derivation<'_>,
        plan: &Plan,
        hits: &mut Vec<Hit>,
    ) {
        let scanner = self.session.scanner;
        for window in &plan.windows {
            let from = hits.len();
            let text = &text[window.seen.range()];
            scanner.prefilter.hits(text, &mut self.scratch, hits);
            hits[from..]
                .iter_mut()
                .for_each(|hit| hit.at += window.seen.start);
            hits.truncate(hits.partition_point(|hit| hit.at < window.sure.end));
            let upto = hits.partition_point(|hit| hit.at < window.sure.start);
            hits.drain(from..upto.max(from));
        }
        let len_of = |hit: &Hit| scanner.rules.literal(hit.literal).text.len();
        derivation.inherit(plan, len_of, hits);
        hits.sort_unstable();
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
                    .lazily(rule.id.clone(), &found.judged.identity),
                evidence: found.judged.evidence,
                context: Context::cut(text, span, &masks),
                pair: None,
                secret,
            };
            halves.pair(rule, &mut finding);
            let verdict = scanner
                .policy
                .judge(&mut finding, rule, Lines::around(text, span));
            if verdict == Verdict::Report {
                // A report asks for it on one thread, and this is one of many.
                finding.fingerprint.force();
            }
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
        let secrets: BTreeMap<_, Secret> = found
            .iter()
            .map(|f| (key(f), self.secret_of(text, f)))
            .collect();
        let paired = halves.keep(found, lines);
        let left: BTreeSet<_> = paired.iter().map(key).collect();
        let settled = settle(&self.session.scanner.rules, text, paired);
        let kept: BTreeSet<_> = settled.iter().map(key).collect();
        for (rule, span) in trail.open() {
            let secret = || secrets[&(rule, span)].clone();
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
        match &found.hidden {
            Some(hidden) => hidden.secret.clone(),
            None => self.secret(text, found.rule, found.matched, found.judged.secret),
        }
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
