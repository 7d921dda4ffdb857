//! How far each rule has come in a blob.

use crate::rule::RuleIndex;

/// For each rule, the end of its last match in this blob. A reset costs nothing: entries of older blobs do not count.
#[derive(Debug)]
pub(super) struct Cursors {
    generation: u32,
    ends: Vec<(u32, usize)>,
}

impl Cursors {
    pub(super) fn new(rules: usize) -> Self {
        Self {
            generation: 0,
            ends: vec![(0, 0); rules],
        }
    }

    pub(super) fn reset(&mut self) {
        self.generation = self.generation.wrapping_add(1);
        if self.generation == 0 {
            self.ends.fill((0, 0));
            self.generation = 1;
        }
    }

    pub(super) fn get(&self, rule: RuleIndex) -> usize {
        match self.ends[rule.get()] {
            (generation, end) if generation == self.generation => end,
            _ => 0,
        }
    }

    pub(super) fn set(&mut self, rule: RuleIndex, end: usize) {
        self.ends[rule.get()] = (self.generation, end);
    }
}
