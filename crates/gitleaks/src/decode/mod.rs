//! Encoded text, decoded in place: a pass over a fragment's text gives a text in which each encoded part is replaced by
//! what it says, and the [`Segment`]s that tell where that stood.
//!
//! Four encodings are known, the first of which wins where two could begin at one place: percent (`%2F`), Unicode
//! (`U+002F `, `\u002F`), hexadecimal (32 digits and more) and base64 (16 characters and more). Only what decodes to
//! printable ASCII counts, but for Unicode.

mod find;
mod value;

use std::ops::Range;

pub(crate) use find::Kind;

/// A part of a text that was decoded.
#[derive(Clone, Debug)]
pub(crate) struct Segment {
    /// Where it stood in the fragment.
    original: Range<usize>,
    /// Where it stood in the text before the pass.
    encoded: Range<usize>,
    /// Where it stands now.
    pub(crate) decoded: Range<usize>,
    /// The encodings that were taken off, a bit each.
    kinds: u8,
}

/// The segments of one pass, and those of all earlier ones.
#[derive(Debug, Default)]
pub(crate) struct Pass {
    segments: Vec<Segment>,
    depth: usize,
    before: Option<Box<Self>>,
}

impl Pass {
    pub(crate) fn is_empty(&self) -> bool {
        self.segments.is_empty()
    }

    /// Decodes `text`, which is what this pass made; `None` if nothing in it is encoded.
    pub(crate) fn decode(self, text: &[u8]) -> Option<(Vec<u8>, Self)> {
        let mut decoded = Vec::new();
        let mut segments = Vec::new();
        let mut from = 0;
        for found in find::all(text) {
            let value = value::decode(found.kind, &text[found.range.clone()]);
            if value.is_empty() {
                continue;
            }
            decoded.extend_from_slice(&text[from..found.range.start]);
            let start = decoded.len();
            decoded.extend_from_slice(&value);
            from = found.range.end;
            let overlapping = self
                .segments
                .iter()
                .filter(|s| touches(&s.decoded, &found.range));
            segments.push(Segment {
                original: self.original(found.range.clone()),
                decoded: start..decoded.len(),
                kinds: overlapping.fold(found.kind as u8, |kinds, s| kinds | s.kinds),
                encoded: found.range,
            });
        }
        if segments.is_empty() {
            return None;
        }
        decoded.extend_from_slice(&text[from..]);
        let depth = self.depth + 1;
        let before = Some(Box::new(self));
        Some((
            decoded,
            Self {
                segments,
                depth,
                before,
            },
        ))
    }

    /// The segments that a match in the decoded text touches.
    pub(crate) fn touched(&self, matched: &Range<usize>) -> Touched<'_> {
        Touched {
            segments: self
                .segments
                .iter()
                .filter(|s| touches(&s.decoded, matched))
                .collect(),
            pass: self,
        }
    }

    /// Where in the fragment the text came from that now stands at `range`.
    fn original(&self, range: Range<usize>) -> Range<usize> {
        original(&self.segments.iter().collect::<Vec<_>>(), self, range)
    }
}

/// What a match touches.
pub(crate) struct Touched<'a> {
    segments: Vec<&'a Segment>,
    pass: &'a Pass,
}

impl Touched<'_> {
    pub(crate) fn is_empty(&self) -> bool {
        self.segments.is_empty()
    }

    /// Where in the fragment a match came from.
    pub(crate) fn original(&self, matched: Range<usize>) -> Range<usize> {
        original(&self.segments, self.pass, matched)
    }

    /// What was taken off, as tags.
    pub(crate) fn tags(&self) -> Vec<String> {
        let kinds = self.segments.iter().fold(0, |kinds, s| kinds | s.kinds);
        let named = Kind::ALL.iter().filter(|kind| kinds & **kind as u8 != 0);
        let mut tags: Vec<String> = named
            .map(|kind| format!("decoded:{}", kind.name()))
            .collect();
        tags.push(format!("decode-depth:{}", self.pass.depth));
        tags
    }

    /// The lines of the decoded text that the segments stand in, with the line break before them.
    pub(crate) fn line<'t>(&self, text: &'t [u8]) -> &'t [u8] {
        let start = self
            .segments
            .iter()
            .map(|s| s.decoded.start)
            .min()
            .unwrap_or(0);
        let end = self
            .segments
            .iter()
            .map(|s| s.decoded.end)
            .max()
            .unwrap_or(text.len());
        let from = memchr::memrchr(b'\n', &text[..(start + 1).min(text.len())]).unwrap_or(0);
        let to = memchr::memchr(b'\n', &text[end..]).map_or(text.len(), |at| end + at);
        &text[from..to]
    }
}

/// `range` of decoded text, one pass and then another back.
fn original(segments: &[&Segment], pass: &Pass, range: Range<usize>) -> Range<usize> {
    let mut encoded: Option<Range<usize>> = None;
    for segment in segments.iter().filter(|s| touches(&s.decoded, &range)) {
        let inside = segment.decoded.start <= range.start && range.end <= segment.decoded.end;
        if inside {
            return segment.original.clone();
        }
        // As far beyond the segment as the range goes, before it was decoded too.
        let before = segment.decoded.start.saturating_sub(range.start);
        let after = range.end.saturating_sub(segment.decoded.end);
        let here = segment.encoded.start.saturating_sub(before)..segment.encoded.end + after;
        encoded = Some(match encoded {
            Some(so_far) => so_far.start.min(here.start)..so_far.end.max(here.end),
            None => here,
        });
    }
    match (encoded, &pass.before) {
        (None, _) => range,
        (Some(encoded), Some(before)) if !before.is_empty() => before.original(encoded),
        (Some(encoded), _) => encoded,
    }
}

/// Whether two ranges overlap or abut.
fn touches(a: &Range<usize>, b: &Range<usize>) -> bool {
    b.start <= a.end && b.end >= a.start
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base64(text: &str) -> String {
        data_encoding::BASE64.encode(text.as_bytes())
    }

    #[test]
    fn what_is_decoded_is_traced_back() {
        let inner = base64("password = hunter2 and more");
        let text = format!("a line\nx = \"{inner}\"\n");
        let (decoded, pass) = Pass::default()
            .decode(text.as_bytes())
            .expect("one segment");
        let said = String::from_utf8(decoded.clone()).unwrap();
        assert_eq!(said, "a line\nx = \"password = hunter2 and more\"\n");
        let at = said.find("hunter2").unwrap();
        let touched = pass.touched(&(at..at + 7));
        assert_eq!(touched.tags(), ["decoded:base64", "decode-depth:1"]);
        let start = text.find(&inner).unwrap();
        assert_eq!(touched.original(at..at + 7), start..start + inner.len());
        assert_eq!(
            touched.line(&decoded),
            b"\nx = \"password = hunter2 and more\""
        );
        assert!(pass.decode(&decoded).is_none());
    }

    #[test]
    fn two_encodings_are_two_passes() {
        let inner = base64(&base64("password = hunter2 and more"));
        let (text, pass) = Pass::default().decode(inner.as_bytes()).unwrap();
        let (text, pass) = pass.decode(&text).unwrap();
        assert_eq!(text, b"password = hunter2 and more");
        let touched = pass.touched(&(0..8));
        assert_eq!(touched.tags(), ["decoded:base64", "decode-depth:2"]);
        assert_eq!(touched.original(0..8), 0..inner.len());
    }

    #[test]
    fn a_match_beyond_a_segment_reaches_as_far_in_the_original() {
        let text = format!("key={}; rest", base64("0123456789abc"));
        let (decoded, pass) = Pass::default().decode(text.as_bytes()).unwrap();
        assert_eq!(decoded, b"key=0123456789abc; rest");
        assert_eq!(pass.touched(&(0..18)).original(0..18), 0..text.len() - 5);
    }
}
