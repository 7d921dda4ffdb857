//! From the places of literals to what is taken for a secret.

use super::explain::{Outcome, Step};
use super::settle::Found;
use super::{MAX_FINDINGS, MAX_MATCHES, MAX_OF_RULE, Scan};
use crate::checks::{self, Subject};
use crate::prefilter::Hit;
use crate::rule::{Role, Use};
use crate::verify::Verifier;
use crate::{Blob, FileKind, Span};

/// Hits that may be open: a content with more leaves nothing for others, so that what is held of it stays small.
pub(super) const MAX_OPEN: usize = 1 << 16;

impl Scan<'_> {
    /// Verifies and judges what stands at the hits in `text`: the bytes of `blob`, or a view of them. `tell` hears of each
    /// step, with all that belongs to it. Of the bytes of `blob`, the hits at which the text nearby does not settle alone
    /// that nothing is found are added to [`Scan::open`]; it is `None` afterwards where not all hits were looked at, or
    /// more than [`MAX_OPEN`] are open.
    pub(super) fn confirm<'b>(
        &mut self,
        blob: &Blob<'_>,
        text: &'b [u8],
        hits: &[Hit],
        kind: FileKind,
        mut tell: impl FnMut(Span, &dyn Fn() -> Step),
    ) -> Vec<Found<'b>> {
        let rules = &self.session.scanner.rules;
        let name = blob.origin.name();
        // What is hidden is asked where it stands later, when its place in the content is known.
        let plain = std::ptr::eq(text, blob.bytes);
        let own = blob.window.filter(|_| plain);
        let own = own.map_or((0, text.len()), |w| w.own);
        let mut found = Vec::new();
        let mut open = if plain { self.open.take() } else { None };
        self.cursors.reset();
        let mut verifier = Verifier::new(text).beside(self.session.looks_beside());
        for hit in hits {
            let mut is_open = false;
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
                    is_open = true;
                    tell(at, &|| step(at, at, Some(Outcome::Limit)));
                    continue;
                }
                if !*progress.looks.get_or_insert_with(|| rule.looks_at(name)) {
                    is_open = true;
                    tell(at, &|| step(at, at, Some(Outcome::OtherPath)));
                    continue;
                }
                let cursor = &mut progress.cursor;
                let matched = verifier.verify(rule, *role, literal, hit.at, cursor);
                is_open |= !verifier.is_settled();
                let Some(matched) = matched else {
                    // The prefilter goes by letters of any case, a prefix has its own.
                    if *role != Role::Prefix || text[at.range()] == literal[..] {
                        tell(at, &|| step(at, at, Some(Outcome::NoMatch)));
                    }
                    continue;
                };
                is_open = true;
                cursor.pass(matched.whole.end);
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
                        cursor.pass(matched.whole.end.max(judged.secret.end));
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
                            hidden: None,
                        });
                    }
                    Err(reason) => {
                        // What is hidden mostly stands there plainly, too: it is not counted twice.
                        if plain {
                            self.tally.reject(reason);
                        }
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
            if is_open {
                open = open.filter(|open| open.len() < MAX_OPEN);
                open.iter_mut().for_each(|open| open.push(*hit));
            }
        }
        if plain {
            self.open = open;
        }
        found
    }
}
