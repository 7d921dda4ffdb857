//! Where encoded text stands.

use std::ops::Range;

/// An encoding. The values are bits, in the order in which tags name them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Kind {
    Percent = 1,
    Unicode = 2,
    Hex = 4,
    Base64 = 8,
}

impl Kind {
    pub(crate) const ALL: [Self; 4] = [Self::Percent, Self::Unicode, Self::Hex, Self::Base64];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Percent => "percent",
            Self::Unicode => "unicode",
            Self::Hex => "hex",
            Self::Base64 => "base64",
        }
    }
}

/// The fewest digits of a hexadecimal text.
const HEX: usize = 32;

/// The fewest characters of a base64 text, without its padding.
const BASE64: usize = 16;

/// Text that looks encoded.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Found {
    pub(super) kind: Kind,
    pub(super) range: Range<usize>,
}

/// All text that looks encoded. Of two that overlap or abut, the one of the later [`Kind`] is left for the next pass.
pub(super) fn all(text: &[u8]) -> Vec<Found> {
    let found: Vec<Found> = Finder::new(text).collect();
    let yields = |a: &Found, b: &Found| super::touches(&a.range, &b.range) && b.kind < a.kind;
    (0..found.len())
        .filter(|&i| {
            let before = i.checked_sub(1).map(|i| &found[i]);
            let after = found.get(i + 1);
            ![before, after]
                .into_iter()
                .flatten()
                .any(|other| yields(&found[i], other))
        })
        .map(|i| found[i].clone())
        .collect()
}

/// Bytes that are looked at together.
const BLOCK: usize = 64;

/// What a byte is part of, as bits of a table.
const IN_BASE64: u8 = 1;
const IN_HEX: u8 = 2;

const TABLE: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let b = byte as u8;
        if b.is_ascii_alphanumeric() || matches!(b, b'_' | b'/' | b'+' | b'-') {
            table[byte] |= IN_BASE64;
        }
        if b.is_ascii_hexdigit() {
            table[byte] |= IN_HEX;
        }
        byte += 1;
    }
    table
};

/// Goes through a text, and remembers what it looked for so that nothing is looked for twice. Most text has neither a `%`
/// nor a backslash, no `U+` and no long run, and is passed over many bytes at once.
struct Finder<'t> {
    text: &'t [u8],
    at: usize,
    /// The next `%` or backslash, `U+`, and long run, each at `at` or later; the end of the text if there is none.
    sign: usize,
    code: usize,
    run: Range<usize>,
}

impl<'t> Finder<'t> {
    fn new(text: &'t [u8]) -> Self {
        Self {
            text,
            at: 0,
            sign: next_sign(text, 0),
            code: next_code(text, 0),
            run: next_run(text, 0),
        }
    }
}

impl Iterator for Finder<'_> {
    type Item = Found;

    fn next(&mut self) -> Option<Found> {
        loop {
            self.catch_up();
            let start = self.sign.min(self.code).min(self.run.start);
            if start == self.text.len() {
                return None;
            }
            let found = if start == self.sign {
                match self.text[start] {
                    b'%' => self.percent(start).map(|end| (Kind::Percent, end)),
                    _ => self.escapes(start).map(|end| (Kind::Unicode, end)),
                }
            } else {
                let code = (start == self.code)
                    .then(|| self.code_points(start))
                    .flatten();
                match code {
                    Some(end) => Some((Kind::Unicode, end)),
                    None => (start == self.run.start).then(|| self.long_run()),
                }
            };
            self.at = found.map_or(start + 1, |(_, end)| end);
            if let Some((kind, end)) = found {
                return Some(Found {
                    kind,
                    range: start..end,
                });
            }
        }
    }
}

impl Finder<'_> {
    /// Looks for what lies behind the place that was reached.
    fn catch_up(&mut self) {
        if self.sign < self.at {
            self.sign = next_sign(self.text, self.at);
        }
        if self.code < self.at {
            self.code = next_code(self.text, self.at);
        }
        if self.run.start < self.at {
            self.run = next_run(self.text, self.at);
        }
    }

    /// The hexadecimal or base64 text that the run at hand begins with.
    fn long_run(&self) -> (Kind, usize) {
        let Range { start, end } = self.run;
        let hex = start + length(&self.text[start..end], IN_HEX);
        if hex - start >= HEX {
            return (Kind::Hex, hex);
        }
        let padding = self.text[end..]
            .iter()
            .take(2)
            .take_while(|&&byte| byte == b'=')
            .count();
        (Kind::Base64, end + padding)
    }

    /// `%XX`, and to the last one of the line.
    fn percent(&self, start: usize) -> Option<usize> {
        let is_code = |at: usize| {
            self.text.get(at..at + 3).is_some_and(|code| {
                code[0] == b'%' && code[1].is_ascii_hexdigit() && code[2].is_ascii_hexdigit()
            })
        };
        if !is_code(start) {
            return None;
        }
        let rest = &self.text[start..];
        let line = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        let last = memchr::memrchr_iter(b'%', &rest[..line]).find(|&at| is_code(start + at));
        Some(start + last.unwrap_or(0) + 3)
    }

    /// `U+XXXX` with a space after it or the end of the text, and further ones.
    fn code_points(&self, start: usize) -> Option<usize> {
        let mut end = None;
        let mut at = start;
        loop {
            let is_code = self.text.get(at..at + 6).is_some_and(|code| {
                code.starts_with(b"U+") && code[2..].iter().all(u8::is_ascii_hexdigit)
            });
            if !is_code {
                return end;
            }
            match self.text.get(at + 6) {
                None => return Some(at + 6),
                Some(b'\t' | b'\n' | 0x0C | b'\r' | b' ') => at += 7,
                Some(_) => return end,
            }
            end = Some(at);
        }
    }

    /// `\uXXXX` or `\\uXXXX`, and further ones.
    fn escapes(&self, start: usize) -> Option<usize> {
        let mut end = None;
        let mut at = start;
        loop {
            let slashes = self.text[at..]
                .iter()
                .take(2)
                .take_while(|&&byte| byte == b'\\')
                .count();
            let is_code = slashes > 0
                && self
                    .text
                    .get(at + slashes..at + slashes + 5)
                    .is_some_and(|code| {
                        matches!(code[0], b'u' | b'U')
                            && code[1..].iter().all(u8::is_ascii_hexdigit)
                    });
            if !is_code {
                return end;
            }
            at += slashes + 5;
            end = Some(at);
        }
    }
}

fn next_sign(text: &[u8], from: usize) -> usize {
    memchr::memchr2(b'%', b'\\', &text[from..]).map_or(text.len(), |at| from + at)
}

fn next_code(text: &[u8], from: usize) -> usize {
    memchr::memmem::find(&text[from..], b"U+").map_or(text.len(), |at| from + at)
}

/// The next run of at least [`BASE64`] characters that begins at `from` or later.
///
/// Wherever such a run stands, eight of its bytes are one of the eights that the text is divided into; most eights have a
/// space or a sign in them, and that is told for many at once.
fn next_run(text: &[u8], from: usize) -> Range<usize> {
    let mut at = from;
    while let Some(block) = text.get(at..at + BLOCK) {
        let mut is_in = [0; BLOCK];
        for (is_in, &byte) in is_in.iter_mut().zip(block) {
            *is_in = in_base64(byte);
        }
        for (place, eight) in is_in.chunks_exact(8).enumerate() {
            if eight == [0xFF; 8] {
                let run = run_around(text, at + 8 * place, from);
                if run.len() >= BASE64 {
                    return run;
                }
            }
        }
        at += BLOCK;
    }
    while let Some(eight) = text.get(at..at + 8) {
        if eight.iter().all(|&byte| in_base64(byte) != 0) {
            let run = run_around(text, at, from);
            if run.len() >= BASE64 {
                return run;
            }
        }
        at += 8;
    }
    text.len()..text.len()
}

/// The run that a place is in, as far as it does not begin before `from`.
fn run_around(text: &[u8], place: usize, from: usize) -> Range<usize> {
    let before = text[from..place].iter().rev();
    let before = before.take_while(|&&byte| in_base64(byte) != 0).count();
    place - before..place + length(&text[place..], IN_BASE64)
}

/// All bits if the byte is one of base64's, and none otherwise; written so that it is done for many bytes at once.
fn in_base64(byte: u8) -> u8 {
    let letter = (byte | 0x20).wrapping_sub(b'a') < 26;
    let digit = byte.wrapping_sub(b'0') < 10;
    let sign = (byte == b'_') | (byte == b'/') | (byte == b'+') | (byte == b'-');
    0u8.wrapping_sub(u8::from(letter | digit | sign))
}

/// How many bytes of a class `text` begins with.
fn length(text: &[u8], class: u8) -> usize {
    let ends = |&byte: &u8| TABLE[usize::from(byte)] & class == 0;
    text.iter().position(ends).unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same by an expression, as the one that is meant.
    fn by_expression(text: &[u8]) -> Vec<Found> {
        let pattern = concat!(
            r"(%[0-9A-Fa-f]{2}(?-s:.*%[0-9A-Fa-f]{2})?)",
            r"|((?:U\+[0-9a-fA-F]{4}(?:[\t\n\f\r ]|\z))+|(?:\\{1,2}[uU][0-9a-fA-F]{4})+)",
            r"|([0-9A-Fa-f]{32,})|([0-9A-Za-z_/+-]{16,}={0,2})",
        );
        let regex = regex_automata::meta::Regex::new(pattern).unwrap();
        regex
            .captures_iter(text)
            .map(|captures| {
                let group = (1..5)
                    .find(|&group| captures.get_group(group).is_some())
                    .unwrap();
                Found {
                    kind: Kind::ALL[group - 1],
                    range: captures.get_group(group).unwrap().range(),
                }
            })
            .collect()
    }

    #[test]
    fn the_scanner_finds_what_the_expression_finds() {
        let parts = [
            "%2F",
            "%2",
            "%",
            "\n",
            " ",
            "U+0041",
            "U+0041 ",
            "U+",
            r"\u0041",
            r"\\u0041",
            r"\U00",
            "\\",
            "x",
            "0123456789abcdef",
            "Zz_-/+",
            "=",
            "==",
            "é",
            "aaaaaaaa",
        ];
        let mut random = fastrand::Rng::with_seed(1);
        for _ in 0..20_000 {
            let count = random.usize(1..14);
            let text: String = (0..count)
                .map(|_| parts[random.usize(..parts.len())])
                .collect();
            let found: Vec<Found> = Finder::new(text.as_bytes()).collect();
            assert_eq!(found, by_expression(text.as_bytes()), "{text:?}");
        }
    }

    #[test]
    fn what_wraps_another_encoding_comes_first() {
        let found = all(b"0123456789abcdefgh%2F");
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].kind, Kind::Percent);
    }
}
