//! Lines and columns, computed only where something was found.

use crate::Span;

/// A place in a text, 1-based.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Position {
    /// Line; a line ends after `\n`.
    pub line: u64,
    /// Column in Unicode scalar values; a byte that is no UTF-8 counts as one.
    pub column: u64,
    /// Column in UTF-16 code units, as SARIF and editors count.
    pub utf16: u64,
}

impl Position {
    /// The start of a text.
    pub const START: Self = Self {
        line: 1,
        column: 1,
        utf16: 1,
    };

    /// The position after `text`, for a text that begins at `self`.
    pub fn after(self, text: &[u8]) -> Self {
        let mut lines = memchr::memchr_iter(b'\n', text);
        let (line, tail, column, utf16) = match lines.next_back() {
            Some(last) => (
                self.line + 1 + lines.count() as u64,
                &text[last + 1..],
                1,
                1,
            ),
            None => (self.line, text, self.column, self.utf16),
        };
        let (chars, units) = width(tail);
        Self {
            line,
            column: column + chars,
            utf16: utf16 + units,
        }
    }
}

/// Characters and UTF-16 units of a text without line feeds.
fn width(text: &[u8]) -> (u64, u64) {
    if text.is_ascii() {
        return (text.len() as u64, text.len() as u64);
    }
    let (mut chars, mut units) = (0, 0);
    for chunk in text.utf8_chunks() {
        for c in chunk.valid().chars() {
            chars += 1;
            units += c.len_utf16() as u64;
        }
        chars += chunk.invalid().len() as u64;
        units += chunk.invalid().len() as u64;
    }
    (chars, units)
}

/// The place of a finding.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Location {
    /// First byte, counted in the content that was scanned (after decoding).
    pub start_byte: u64,
    /// One past the last byte.
    pub end_byte: u64,
    /// Line and column of the first byte.
    pub start: Position,
    /// Line and column of one past the last byte.
    pub end: Position,
}

/// Turns offsets into positions. Spans that come in the order of their start cost one pass over the text in all; a
/// span that lies before the last one starts the count again.
#[derive(Debug)]
pub struct LineIndex<'a> {
    text: &'a [u8],
    base: u64,
    origin: Position,
    at: usize,
    position: Position,
}

impl<'a> LineIndex<'a> {
    /// An index over `text`, which begins at byte `base` of its content and at `position`.
    pub fn new(text: &'a [u8], base: u64, position: Position) -> Self {
        Self {
            text,
            base,
            origin: position,
            at: 0,
            position,
        }
    }

    /// The location of `span`.
    pub fn locate(&mut self, span: Span) -> Location {
        if span.start < self.at {
            (self.at, self.position) = (0, self.origin);
        }
        let start = self.position.after(&self.text[self.at..span.start]);
        (self.at, self.position) = (span.start, start);
        let end = start.after(&self.text[span.range()]);
        Location {
            start_byte: self.base + span.start as u64,
            end_byte: self.base + span.end as u64,
            start,
            end,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &[u8], start: usize, end: usize) -> (u64, u64, u64, u64, u64) {
        let l = LineIndex::new(text, 0, Position::START).locate(Span::new(start, end));
        (
            l.start.line,
            l.start.column,
            l.start.utf16,
            l.end.line,
            l.end.column,
        )
    }

    #[test]
    fn lines_and_columns_are_one_based() {
        assert_eq!(at(b"abc", 0, 3), (1, 1, 1, 1, 4));
        assert_eq!(at(b"a\nbc\nd", 2, 6), (2, 1, 1, 3, 2));
        assert_eq!(at(b"a\r\nb", 3, 4), (2, 1, 1, 2, 2));
    }

    #[test]
    fn columns_count_characters_and_utf16_units_apart() {
        let text = "\u{1F600}\u{e9} key".as_bytes();
        assert_eq!(at(text, 7, 10), (1, 4, 5, 1, 7));
        assert_eq!(at(b"\xff\xfe key", 3, 6), (1, 4, 4, 1, 7));
    }

    #[test]
    fn any_order_gives_the_same_answer() {
        let text = b"one\ntwo\nthree";
        let mut index = LineIndex::new(text, 0, Position::START);
        let late = index.locate(Span::new(8, 13));
        let early = index.locate(Span::new(4, 7));
        assert_eq!((late.start.line, early.start.line), (3, 2));
        assert_eq!(index.locate(Span::new(8, 13)), late);
    }
}
