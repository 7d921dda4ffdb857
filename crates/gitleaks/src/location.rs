//! Lines and columns as gitleaks counts them.
//!
//! Columns begin with 1. A line begins with the line break before it, so that in all lines but the first the first
//! character is in column 2. A match that ends in a last line without a line break has 0 as its end column, or, if it
//! begins there too, its line is all of the fragment up to it. Reports are compared by these numbers, so they are kept.

use std::ops::Range;

/// Where the lines of a text end, found when first asked for.
pub(crate) struct Lines<'t> {
    text: &'t [u8],
    breaks: Option<Vec<usize>>,
}

/// Where a match stands.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Location {
    /// Counted from 0, in the fragment.
    pub(crate) lines: (u64, u64),
    pub(crate) columns: (i64, i64),
    pub(crate) line: Range<usize>,
}

impl<'t> Lines<'t> {
    pub(crate) fn new(text: &'t [u8]) -> Self {
        Self { text, breaks: None }
    }

    pub(crate) fn locate(&mut self, matched: &Range<usize>) -> Location {
        let text = self.text;
        let breaks = self.breaks.get_or_insert_with(|| {
            let found: Vec<usize> = memchr::memchr_iter(b'\n', text).collect();
            // A text without any is one line that ends with it.
            if found.is_empty() {
                vec![text.len()]
            } else {
                found
            }
        });
        let Range { start, end } = *matched;
        // The first break behind the start, and the first at or behind the end.
        let first = breaks.partition_point(|&at| at <= start);
        let last = breaks.partition_point(|&at| at < end);
        let begins = |line: usize| if line == 0 { 0 } else { breaks[line - 1] };
        let column = |at: usize, line: usize| at as i64 - begins(line) as i64;
        if first == breaks.len() {
            let length = text[end.min(text.len())..]
                .iter()
                .position(|&byte| matches!(byte, b'\n' | b'\r'));
            return Location {
                lines: (first as u64, first as u64),
                columns: (column(start, first) + 1, column(end, first)),
                line: 0..length.map_or(text.len().max(end), |length| end + length),
            };
        }
        let mut location = Location {
            lines: (first as u64, first as u64),
            columns: (column(start, first) + 1, 0),
            line: begins(first)..breaks[first],
        };
        if last < breaks.len() && begins(last) < end {
            location.columns.1 = column(end, last);
            if last >= first {
                location.lines.1 = last as u64;
                location.line.end = breaks[last];
            }
        }
        location.line.end = location.line.end.max(end);
        location
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn locate(text: &str, part: &str) -> Location {
        let at = text.find(part).unwrap();
        Lines::new(text.as_bytes()).locate(&(at..at + part.len()))
    }

    fn location(lines: (u64, u64), columns: (i64, i64), line: Range<usize>) -> Location {
        Location {
            lines,
            columns,
            line,
        }
    }

    #[test]
    fn columns_count_the_break_before_the_line() {
        assert_eq!(locate("ab\ncd\n", "ab"), location((0, 0), (1, 2), 0..2));
        assert_eq!(locate("ab\ncd\n", "cd"), location((1, 1), (2, 3), 2..5));
        assert_eq!(locate("ab", "b"), location((0, 0), (2, 2), 0..2));
    }

    #[test]
    fn a_last_line_without_a_break() {
        assert_eq!(locate("ab\ncd", "cd"), location((1, 1), (2, 3), 0..5));
        assert_eq!(locate("ab\ncd", "b\nc"), location((0, 0), (2, 0), 0..4));
    }

    #[test]
    fn a_match_of_two_lines() {
        assert_eq!(locate("ab\ncd\n", "b\nc"), location((0, 1), (2, 2), 0..5));
    }
}
