//! Changes as deltas describe them: parts of a base, in any order and as often as wanted, and new bytes between them.

use keysieve_engine::scan::Copied;

use super::text::{Text, Writer};

/// What a content is made of.
#[derive(Clone, Debug)]
enum Part {
    /// Bytes of the base, from here to there.
    Copy(usize, usize),
    New(Vec<u8>),
}

impl Part {
    fn len(&self) -> usize {
        match self {
            Self::Copy(from, to) => to - from,
            Self::New(bytes) => bytes.len(),
        }
    }
}

/// Distances around the limits of the engine: of names and values, of what is near, of the longest match.
const REACHES: [usize; 22] = [
    0, 1, 2, 3, 8, 16, 24, 40, 48, 64, 104, 128, 156, 200, 256, 312, 504, 640, 768, 896, 1024, 4096,
];

/// A content that is made from `base`, and which of its bytes come from there.
pub(super) fn change(base: &Text, writer: &mut Writer<'_>) -> (Text, Vec<Copied>) {
    let mut parts = vec![Part::Copy(0, base.bytes.len())];
    for _ in 0..1 + writer.random.usize(..4) {
        edit(base, &mut parts, writer);
    }
    let mut content = Text::default();
    let mut copied = Vec::new();
    for part in parts {
        let to = content.bytes.len();
        match part {
            Part::Copy(from, end) if from < end => {
                let len = end - from;
                copied.push(Copied { from, to, len });
                content.bytes.extend(&base.bytes[from..end]);
                let within = base.marks.iter().filter(|m| (from..end).contains(m));
                content.marks.extend(within.map(|m| m - from + to));
                let spoils = base.spoils.iter();
                let within = spoils.filter(|(at, len)| from <= *at && at + len <= end);
                content
                    .spoils
                    .extend(within.map(|(at, len)| (at - from + to, *len)));
            }
            Part::Copy(..) => {}
            Part::New(bytes) => {
                content.marks.extend([to, to + bytes.len()]);
                content.bytes.extend(bytes);
            }
        }
    }
    (content, copied)
}

fn edit(base: &Text, parts: &mut Vec<Part>, writer: &mut Writer<'_>) {
    let len: usize = parts.iter().map(Part::len).sum();
    if !base.spoils.is_empty() && writer.random.usize(..3) == 0 {
        // What was spoiled is made whole: of no text around it but this did anything hang.
        let (at, gone) = base.spoils[writer.random.usize(..base.spoils.len())];
        if at + gone <= len {
            replace(parts, at, at + gone, Vec::new());
        }
        return;
    }
    let at = place(base, writer).min(len);
    let random = &mut *writer.random;
    match random.usize(..20) {
        // Something small goes, comes, or is replaced.
        0..=9 => {
            let gone = [0, 0, 1, 1, 2, 5, 20, 60][random.usize(..8)];
            let new = if gone > 0 && writer.random.bool() {
                Vec::new()
            } else {
                writer.fragment()
            };
            replace(parts, at, at.saturating_add(gone).min(len), new);
        }
        // A line end or a quote goes.
        10..=12 => {
            let wanted: &[u8] = [&b"\n"[..], b"\"'", b"="][random.usize(..3)];
            let rest = base.bytes.iter().enumerate().skip(at);
            let found = rest.take(2000).find(|(_, b)| wanted.contains(b));
            // Places of the base and of what was made of it differ only where an edit was made before.
            if let Some((found, _)) = found.filter(|(found, _)| *found < len) {
                replace(parts, found, found + 1, Vec::new());
            }
        }
        // A quote comes far right.
        13 => {
            let new = [&b"\""[..], b"'", b"\",", b"\\\""][random.usize(..4)].to_vec();
            replace(parts, at, at, new);
        }
        // A part is moved, or comes once more.
        14..=16 => {
            let size = [40, 300, 3000][random.usize(..3)];
            let end = (at + 1 + random.usize(..size)).min(len);
            let part = cut(parts, at, end);
            let to = if random.bool() {
                len
            } else {
                random.usize(..=len)
            };
            if random.bool() {
                replace(parts, at, end, Vec::new());
            }
            let left: usize = parts.iter().map(Part::len).sum();
            insert(parts, to.min(left), part);
        }
        // A piece as the text has others.
        17 => {
            let mut new = Text::default();
            writer.piece(&mut new);
            replace(parts, at, at, new.bytes);
        }
        // The start or the end.
        18 => {
            let gone = random.usize(..200).min(len);
            let new = if writer.random.bool() {
                writer.fragment()
            } else {
                Vec::new()
            };
            replace(parts, 0, gone, new);
        }
        _ => {
            let gone = random.usize(..200).min(len);
            let new = if writer.random.bool() {
                writer.fragment()
            } else {
                Vec::new()
            };
            replace(parts, len - gone, len, new);
        }
    }
}

/// Where something stands, or not far from there.
fn place(base: &Text, writer: &mut Writer<'_>) -> usize {
    let random = &mut *writer.random;
    if base.marks.is_empty() || random.usize(..8) == 0 {
        return random.usize(..=base.bytes.len());
    }
    let mark = base.marks[random.usize(..base.marks.len())];
    let reach = REACHES[random.usize(..REACHES.len())];
    let near = random.usize(..5);
    let at = if random.usize(..3) == 0 {
        (mark + 2).saturating_sub(reach + near)
    } else {
        (mark + reach + near).saturating_sub(2)
    };
    at.min(base.bytes.len())
}

/// The parts from `start` to `end`.
fn cut(parts: &[Part], start: usize, end: usize) -> Vec<Part> {
    let mut at = 0;
    let mut found = Vec::new();
    for part in parts {
        let (from, to) = (at, at + part.len());
        let (low, high) = (from.max(start), to.min(end));
        if low < high {
            found.push(match part {
                Part::Copy(source, _) => Part::Copy(source + low - from, source + high - from),
                Part::New(bytes) => Part::New(bytes[low - from..high - from].to_vec()),
            });
        }
        at = to;
    }
    found
}

fn insert(parts: &mut Vec<Part>, at: usize, new: Vec<Part>) {
    let len = parts.iter().map(Part::len).sum();
    *parts = [cut(parts, 0, at), new, cut(parts, at, len)].concat();
}

fn replace(parts: &mut Vec<Part>, start: usize, end: usize, new: Vec<u8>) {
    let len = parts.iter().map(Part::len).sum();
    let new = vec![Part::New(new)];
    *parts = [cut(parts, 0, start), new, cut(parts, end, len)].concat();
}
