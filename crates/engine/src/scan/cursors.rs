//! How far each rule has come in a blob.

use crate::rule::RuleIndex;
use crate::verify::Cursor;

/// A [`Cursor`] for each rule. A reset costs nothing: entries of older blobs do not count.
#[derive(Debug)]
pub(super) struct Cursors {
    generation: u32,
    cursors: Vec<(u32, Cursor)>,
}

impl Cursors {
    pub(super) fn new(rules: usize) -> Self {
        Self {
            generation: 0,
            cursors: vec![(0, Cursor::default()); rules],
        }
    }

    pub(super) fn reset(&mut self) {
        self.generation = self.generation.wrapping_add(1);
        if self.generation == 0 {
            self.cursors.fill((0, Cursor::default()));
            self.generation = 1;
        }
    }

    pub(super) fn of(&mut self, rule: RuleIndex) -> &mut Cursor {
        let (generation, cursor) = &mut self.cursors[rule.get()];
        if *generation != self.generation {
            (*generation, *cursor) = (self.generation, Cursor::default());
        }
        cursor
    }
}
