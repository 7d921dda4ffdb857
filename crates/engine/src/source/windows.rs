//! A long content as overlapping windows.
//!
//! ```text
//! content   |------- own 1 -------|------- own 2 -------|------- own 3 -------|- own 4 -|
//! window 1  [        own          | right ]
//! window 2                 [ left |        own          | right ]
//! window 3                                       [ left |        own          | right ]
//! window 4                                                             [ left |   own   ]
//! ```
//!
//! The own parts cut the content into pieces without gap or overlap: a finding belongs to the window in whose own part
//! it starts. `right` is what a finding that starts at the very end of an own part may still need (a private key),
//! `left` is what may stand before a value and decide about it (the keyword, the line).

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use super::contents::Sizes;
use crate::kind::HEAD;
use crate::{Position, Window};

/// Whether more may come.
#[derive(Debug)]
pub(super) enum End {
    Open,
    Reached,
    Failed(io::Error),
    Interrupted,
}

/// A reader, and how far it was read.
pub(super) struct Stream<'a, R> {
    pub(super) reader: R,
    /// The bytes that were read.
    pub(super) bytes: u64,
    /// The length, 0 where that is not known; a read that ends exactly there is taken as the last one.
    pub(super) expected: u64,
    pub(super) end: End,
    pub(super) interrupt: &'a AtomicBool,
}

impl<'a, R: Read> Stream<'a, R> {
    pub(super) fn new(reader: R, expected: u64, interrupt: &'a AtomicBool) -> Self {
        Self {
            reader,
            bytes: 0,
            expected,
            end: End::Open,
            interrupt,
        }
    }

    /// Reads on behind the first `filled` bytes of `buffer`, until it holds `target` of them or no more come. Returns
    /// how many it holds; the rest of it is of no meaning.
    pub(super) fn fill(&mut self, buffer: &mut Vec<u8>, mut filled: usize, target: usize) -> usize {
        if buffer.len() < target {
            if filled == 0 {
                *buffer = vec![0; target]; // fresh zeroed pages: nothing to copy, nothing touched before its use
            } else {
                buffer.resize(target, 0);
            }
        }
        while filled < target && matches!(self.end, End::Open) {
            if self.interrupt.load(Relaxed) {
                self.end = End::Interrupted;
                break;
            }
            let room = target - filled;
            match self.reader.read(&mut buffer[filled..target]) {
                Ok(0) => self.end = End::Reached,
                Ok(n) => {
                    filled += n;
                    self.bytes += n as u64;
                    if n < room && self.bytes == self.expected {
                        self.end = End::Reached;
                    }
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => self.end = End::Failed(e),
            }
        }
        filled
    }
}

/// The windows of one content, from its start to its end.
pub(super) struct Windows<'a, R> {
    sizes: Sizes,
    stream: Stream<'a, R>,
    /// What was read and belongs to the next window: `ahead[at..]`. Its first byte is that of the window.
    ahead: Vec<u8>,
    at: usize,
    /// Where the next window begins in the content.
    offset: u64,
    position: Position,
    /// Where its own part begins in it.
    own: usize,
    head: Arc<[u8]>,
    over: bool,
}

impl<'a, R: Read> Windows<'a, R> {
    /// A content of which `ahead` is what was read from the stream already: all of it, from the start.
    pub(super) fn new(mut stream: Stream<'a, R>, mut ahead: Vec<u8>, sizes: Sizes) -> Self {
        let filled = ahead.len();
        let filled = stream.fill(&mut ahead, filled, HEAD.max(filled));
        ahead.truncate(filled);
        Self {
            sizes,
            stream,
            at: 0,
            offset: 0,
            position: Position::START,
            own: 0,
            head: ahead[..filled.min(HEAD)].into(),
            ahead,
            over: false,
        }
    }

    /// Reads the next window to the front of `buffer`, and returns it with its length; `None` after the last one, and
    /// once the reading was interrupted.
    pub(super) fn next(&mut self, buffer: &mut Vec<u8>) -> Option<(Window, usize)> {
        if self.over {
            return None;
        }
        let full = self.own + self.sizes.own + self.sizes.right;
        let target = full + 1; // the byte that shows that this is not the last window
        let ready = &self.ahead[self.at..];
        let taken = ready.len().min(target);
        if buffer.len() < target {
            *buffer = vec![0; target.max(self.sizes.window())];
        }
        buffer[..taken].copy_from_slice(&ready[..taken]);
        let filled = self.stream.fill(buffer, taken, target);
        if matches!(self.stream.end, End::Interrupted) {
            self.over = true;
            return None;
        }
        let last = filled < target;
        let length = filled.min(full);
        let own_end = if last {
            length
        } else {
            self.own + self.sizes.own
        };
        let window = Window {
            offset: self.offset,
            position: self.position,
            own: (self.own, own_end),
            first: self.offset + self.own as u64 == 0,
            last,
        };
        if last {
            self.over = true;
            return Some((window, length));
        }
        let next = character_start(buffer, own_end.saturating_sub(self.sizes.left));
        self.position = self.position.after(&buffer[..next]);
        self.offset += next as u64;
        self.own = own_end - next;
        if taken < ready.len() {
            self.at += next;
        } else {
            self.ahead.clear();
            self.ahead.extend_from_slice(&buffer[next..filled]);
            self.at = 0;
        }
        Some((window, length))
    }

    /// The start of the content.
    pub(super) fn head(&self) -> &Arc<[u8]> {
        &self.head
    }

    /// How far it was read, and how that ended.
    pub(super) fn into_stream(self) -> Stream<'a, R> {
        self.stream
    }
}

/// `at`, or the start of the UTF-8 character in which it lies. Columns are counted in characters, so a text must not be
/// counted in two parts that are cut within one.
fn character_start(text: &[u8], at: usize) -> usize {
    let continues = |i: usize| text.get(i).is_some_and(|byte| byte & 0xc0 == 0x80);
    // A character has at most 3 continuation bytes. More of them in a row are no UTF-8: any cut will do.
    (0..=3.min(at))
        .map(|back| at - back)
        .find(|&i| !continues(i))
        .unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_lies_before_a_character() {
        let text = "a\u{1f511}b".as_bytes();
        assert_eq!(
            (0..=6)
                .map(|i| character_start(text, i))
                .collect::<Vec<_>>(),
            [0, 1, 1, 1, 1, 5, 6]
        );
        assert_eq!(character_start(b"\x80\x80\x80\x80\x80", 4), 4);
        assert_eq!(character_start(b"\x80\x80", 1), 1);
    }
}
