//! How far each rule has come in a blob, and how much it has found there.

use crate::rule::RuleIndex;
use crate::verify::Cursor;

/// What is known of a rule in the blob at hand.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Progress {
    generation: u32,
    pub(super) cursor: Cursor,
    /// Matches that were taken for secrets.
    pub(super) found: usize,
    /// Whether the rule looks at contents of this name, once that was asked.
    pub(super) looks: Option<bool>,
}

/// The [`Progress`] of each rule. A reset costs nothing: entries of older blobs do not count.
#[derive(Debug)]
pub(super) struct Cursors {
    generation: u32,
    rules: Vec<Progress>,
}

impl Cursors {
    pub(super) fn new(rules: usize) -> Self {
        Self {
            generation: 0,
            rules: vec![Progress::default(); rules],
        }
    }

    pub(super) fn reset(&mut self) {
        self.generation = self.generation.wrapping_add(1);
        if self.generation == 0 {
            self.rules.fill(Progress::default());
            self.generation = 1;
        }
    }

    pub(super) fn of(&mut self, rule: RuleIndex) -> &mut Progress {
        let progress = &mut self.rules[rule.get()];
        if progress.generation != self.generation {
            *progress = Progress {
                generation: self.generation,
                ..Progress::default()
            };
        }
        progress
    }
}
