//! What parts of a text stand for: views of them are scanned as the text is, and what is found is taken back to it.

use std::ops::ControlFlow;

use super::Scan;
use super::explain::Trail;
use super::settle::{Found, Hidden, literal_len};
use crate::checks::Judgement;
use crate::prefilter::Hit;
use crate::source::Visitor;
use crate::view::View;
use crate::{Blob, Budget, FileKind, Issue, IssueKind, Span};

/// Layers of views over a blob, the outermost first.
struct Layers<'v> {
    view: &'v View,
    below: Option<&'v Self>,
}

impl Layers<'_> {
    /// Where a span of the innermost view stands in the blob.
    fn outer(&self, span: Span) -> Option<Span> {
        let span = self.view.outer(span)?;
        match self.below {
            Some(below) => below.outer(span),
            None => Some(span),
        }
    }

    fn depth(&self) -> u32 {
        1 + self.below.map_or(0, Layers::depth)
    }
}

/// What all views of a blob have in common.
struct Looking<'l, 'b, 't> {
    blob: &'l Blob<'b>,
    kind: FileKind,
    budget: &'l mut Budget,
    found: &'l mut Vec<Found<'b>>,
    trail: Option<&'l mut Trail<'t>>,
    /// Whether it was said that a limit was met.
    told: bool,
}

impl Scan<'_> {
    /// Adds what is hidden in `regions` of a blob to what was found in it.
    pub(super) fn hidden<'b>(
        &mut self,
        blob: &Blob<'b>,
        kind: FileKind,
        regions: &[Span],
        budget: &mut Budget,
        found: &mut Vec<Found<'b>>,
        trail: Option<&mut Trail<'_>>,
    ) {
        // Who allows no depth at all wants nothing decoded: that is no limit which was met.
        if regions.is_empty() || self.session.scanner.budget.depth == 0 {
            return;
        }
        let mut looking = Looking {
            blob,
            kind,
            budget,
            found,
            trail,
            told: false,
        };
        let _ = self.views(&mut looking, blob.bytes, regions, None);
    }

    /// Scans the views of a text, and theirs. Breaks when there is no budget for more.
    fn views(
        &mut self,
        looking: &mut Looking<'_, '_, '_>,
        text: &[u8],
        regions: &[Span],
        below: Option<&Layers<'_>>,
    ) -> ControlFlow<()> {
        let scanner = self.session.scanner;
        if below.map_or(0, Layers::depth) == looking.budget.depth {
            self.deeper(looking, "text is nested deeper than --decode-depth allows");
            return ControlFlow::Continue(());
        }
        let mut hits = Vec::new();
        scanner.wardrobe.views(text, regions, |view| {
            if looking.budget.take(view.text.len()).is_none() {
                self.deeper(
                    looking,
                    "the text that is hidden is longer than the limits allow",
                );
                return ControlFlow::Break(());
            }
            let layers = Layers { view, below };
            hits.clear();
            scanner
                .prefilter
                .hits(&view.text, &mut self.scratch, &mut hits);
            self.view(looking, &hits, &layers);
            let regions = scanner.wardrobe.regions(&view.text, &hits, None).spans;
            if regions.is_empty() {
                return ControlFlow::Continue(());
            }
            self.views(looking, &view.text, &regions, Some(&layers))
        })
    }

    /// Scans one view.
    fn view(&mut self, looking: &mut Looking<'_, '_, '_>, hits: &[Hit], layers: &Layers<'_>) {
        if hits.is_empty() {
            return;
        }
        let (blob, text) = (looking.blob, &layers.view.text[..]);
        let trail = &mut looking.trail;
        let found = self.confirm(blob, text, hits, looking.kind, |span, step| {
            if let Some(trail) = trail
                && let Some(span) = layers.outer(span)
                && trail.covers(span)
            {
                let mut step = step();
                if let Some(value) = layers.outer(step.value) {
                    (step.whole, step.value) = (span, value);
                    trail.add_hidden(step);
                }
            }
        });
        let own = blob.window.map_or((0, blob.bytes.len()), |w| w.own);
        let room = super::MAX_MATCHES.saturating_sub(looking.found.len());
        let placed = found
            .into_iter()
            .filter_map(|f| self.placed(text, f, layers))
            .filter(|f| (own.0..own.1).contains(&f.matched.whole.start));
        let before = looking.found.len();
        looking.found.extend(placed.take(room));
        if before < super::MAX_MATCHES && looking.found.len() == super::MAX_MATCHES {
            self.limit(blob, super::MAX_FINDINGS, "all rules");
        }
    }

    /// What was found in a view, as it stands in the blob.
    fn placed<'b>(&self, text: &[u8], found: Found<'_>, layers: &Layers<'_>) -> Option<Found<'b>> {
        let Found {
            rule,
            mut matched,
            judged,
            ..
        } = found;
        let value = judged.secret;
        let secret = layers.outer(value)?;
        let hidden = Hidden {
            secret: self.secret(text, rule, matched, value),
            literal: literal_len(self.session.scanner.rules.rule(rule), text, matched),
            undone: if secret.len() == value.len() {
                0
            } else {
                layers.depth()
            },
        };
        matched.whole = layers.outer(matched.whole)?;
        matched.secret = layers.outer(matched.secret)?;
        if let Some(assignment) = &mut matched.assignment {
            assignment.name = layers.outer(assignment.name)?;
            assignment.value = layers.outer(assignment.value)?;
        }
        Some(Found {
            rule,
            matched,
            judged: Judgement {
                secret,
                identity: judged.identity.into_owned().into(),
                ..judged
            },
            hidden: Some(hidden),
        })
    }

    /// Says once of a blob that not all of it was undressed.
    fn deeper(&mut self, looking: &mut Looking<'_, '_, '_>, message: &'static str) {
        if !std::mem::replace(&mut looking.told, true) {
            let origin = looking.blob.origin.clone();
            let _ = self.issue(Issue::at(origin, IssueKind::Limit, message));
        }
    }
}
