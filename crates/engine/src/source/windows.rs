//! Reading one content with bounded memory: whole where it is short, in overlapping windows where it is long.
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
//!
//! What is read stays where it is while it can: only when the next window no longer fits behind the last one, its left
//! context and what was read beyond move to the front of the buffer.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use super::Visitor;
use crate::kind::HEAD;
use crate::{Blob, Flow, Issue, IssueKind, Origin, Position, Window};

/// Lengths that rule the reading, in bytes. Tests make them small.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sizes {
    /// The longest content that is always handed out whole.
    pub(super) whole: usize,
    /// The longest content that is handed out whole because a decoder wants it so.
    pub(super) most: usize,
    /// The own part of a window; at least 1.
    pub(super) own: usize,
    /// Context before the own part. A window begins up to 3 bytes earlier, so as not to cut a character.
    pub(super) left: usize,
    /// Context after the own part.
    pub(super) right: usize,
}

impl Sizes {
    /// The lengths in use. An own part of 1 MiB stays in the second-level cache; 64 KiB hold the longest private key.
    pub(super) const DEFAULT: Self = Self {
        whole: 4 << 20,
        most: 256 << 20,
        own: 1 << 20,
        left: 64 << 10,
        right: 64 << 10,
    };

    /// What the buffer must hold to go on with windows: one of them, the byte that shows that it is not the last, and
    /// the start of a cut character.
    const fn window(&self) -> usize {
        self.left + 3 + self.own + self.right + 1
    }
}

/// The smallest buffer: most source files fit, so that it does not grow file by file.
const SMALLEST: usize = 64 << 10;

/// The reused buffer of one thread.
#[derive(Debug)]
pub(super) struct Contents {
    sizes: Sizes,
    buffer: Vec<u8>,
}

/// How the reading of one content ended.
#[derive(Debug)]
pub(super) struct Outcome {
    /// The bytes that were read.
    pub(super) bytes: u64,
    /// What stopped the reading before the end. What was read until then was handed out.
    pub(super) error: Option<io::Error>,
    /// `Stop` where the visitor said so or the walk was interrupted.
    pub(super) flow: Flow,
}

impl Contents {
    /// An empty buffer.
    pub(super) fn new(sizes: Sizes) -> Self {
        Self {
            sizes,
            buffer: Vec::new(),
        }
    }

    /// Reads `reader` to its end and hands the content to `visitor`. `expected` is its length, 0 where that is not
    /// known; a read that ends exactly there is taken as the last one.
    pub(super) fn read(
        &mut self,
        reader: &mut dyn Read,
        expected: u64,
        origin: &Arc<Origin>,
        visitor: &mut dyn Visitor,
        interrupt: &AtomicBool,
    ) -> Outcome {
        let input = Input {
            reader,
            buffer: &mut self.buffer,
            filled: 0,
            bytes: 0,
            expected,
            end: End::Open,
            interrupt,
        };
        let outcome = Reading {
            input,
            sizes: self.sizes,
            origin,
            visitor,
        }
        .run();
        if self.buffer.len()
            > (self.sizes.whole + 1)
                .max(self.sizes.window())
                .max(SMALLEST)
        {
            self.buffer = Vec::new(); // grown for one content that had to be whole: not kept for the next ones
        }
        outcome
    }
}

/// Whether more may come.
#[derive(Debug)]
enum End {
    Open,
    Reached,
    Failed(io::Error),
    Interrupted,
}

/// A reader and the buffer that it fills.
struct Input<'a> {
    reader: &'a mut dyn Read,
    /// Initialised to its end; `filled` bytes of it are content.
    buffer: &'a mut Vec<u8>,
    filled: usize,
    bytes: u64,
    expected: u64,
    end: End,
    interrupt: &'a AtomicBool,
}

impl Input<'_> {
    /// Reads until the buffer holds `target` bytes or no more come.
    fn fill(&mut self, target: usize) {
        if self.buffer.len() < target {
            if self.filled == 0 {
                *self.buffer = vec![0; target]; // fresh zeroed pages: nothing to copy, nothing touched before its use
            } else {
                self.buffer.resize(target, 0);
            }
        }
        while self.filled < target && matches!(self.end, End::Open) {
            if self.interrupt.load(Relaxed) {
                self.end = End::Interrupted;
                return;
            }
            let room = target - self.filled;
            match self.reader.read(&mut self.buffer[self.filled..target]) {
                Ok(0) => self.end = End::Reached,
                Ok(n) => {
                    self.filled += n;
                    self.bytes += n as u64;
                    if n < room && self.bytes == self.expected {
                        self.end = End::Reached;
                    }
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => self.end = End::Failed(e),
            }
        }
    }

    /// Whether `target` bytes are there, or may come.
    fn holds(&mut self, target: usize) -> bool {
        self.fill(target);
        self.filled >= target
    }
}

/// One content on its way to the visitor.
struct Reading<'a> {
    input: Input<'a>,
    sizes: Sizes,
    origin: &'a Arc<Origin>,
    visitor: &'a mut dyn Visitor,
}

impl Reading<'_> {
    fn run(mut self) -> Outcome {
        let mut flow = if self.is_long() {
            self.long()
        } else {
            self.whole()
        };
        let error = match self.input.end {
            End::Failed(error) => Some(error),
            End::Interrupted => {
                flow = Flow::Stop;
                None
            }
            End::Open | End::Reached => None,
        };
        Outcome {
            bytes: self.input.bytes,
            error,
            flow,
        }
    }

    /// Reads what a short content may have, and tells whether there is more.
    fn is_long(&mut self) -> bool {
        let long = self.sizes.whole + 1; // one byte more than is whole: its absence proves the end
        let short = match usize::try_from(self.input.expected) {
            Ok(expected) if expected > 0 && expected < long => {
                (expected + 1).next_power_of_two().max(SMALLEST)
            }
            _ => long,
        };
        self.input.holds(short.min(long)) && self.input.holds(long)
    }

    /// Hands out all that was read as one blob.
    fn whole(&mut self) -> Flow {
        match self.input.end {
            End::Interrupted => return Flow::Stop,
            End::Failed(_) if self.input.filled == 0 => return Flow::Continue,
            _ => {}
        }
        self.visitor.blob(Blob::whole(
            &self.input.buffer[..self.input.filled],
            self.origin.clone(),
        ))
    }

    /// A content that is too long for one blob, unless a decoder wants it so.
    fn long(&mut self) -> Flow {
        let bytes = &self.input.buffer[..self.input.filled];
        let head = Blob {
            bytes,
            head: bytes,
            origin: self.origin.clone(),
            window: Some(Window {
                offset: 0,
                position: Position::START,
                own: (0, bytes.len()),
                first: true,
                last: false,
            }),
        };
        if self.visitor.wants_whole(&head) {
            if self.fits_whole() {
                return self.whole();
            }
            let message = format!(
                "longer than {} MiB: scanned as it is, not decoded",
                self.sizes.most >> 20
            );
            if self
                .visitor
                .issue(Issue::at(self.origin.clone(), IssueKind::Limit, message))
                == Flow::Stop
            {
                return Flow::Stop;
            }
        }
        self.windows()
    }

    /// Reads on to the end, or until the content is known to be longer than what is ever held whole.
    fn fits_whole(&mut self) -> bool {
        let most = self.sizes.most;
        let expected = match usize::try_from(self.input.expected) {
            Ok(expected) if expected <= most => expected,
            _ => return false,
        };
        loop {
            let target = (expected + 1).max(2 * self.input.filled).min(most + 1);
            if !self.input.holds(target) {
                return true;
            }
            if target > most {
                return false;
            }
        }
    }

    /// Hands out windows, beginning with what was read already.
    fn windows(&mut self) -> Flow {
        let Sizes {
            own, left, right, ..
        } = self.sizes;
        let head = self.input.buffer[..self.input.filled.min(HEAD)].to_vec();
        let mut base = 0; // offset of the buffer's first byte in the content
        let mut start = 0; // first byte of the window, in the buffer
        let mut own_start = 0; // first byte of its own part, in the buffer
        let mut position = Position::START; // of `start`
        loop {
            let full = own_start + own + right;
            let last = !self.input.holds(full + 1);
            if matches!(self.input.end, End::Interrupted) {
                return Flow::Stop;
            }
            let end = full.min(self.input.filled);
            let own_end = if last { end } else { own_start + own };
            let window = Window {
                offset: base + start as u64,
                position,
                own: (own_start - start, own_end - start),
                first: base + own_start as u64 == 0,
                last,
            };
            let bytes = &self.input.buffer[start..end];
            let blob = Blob {
                bytes,
                head: &head,
                origin: self.origin.clone(),
                window: Some(window),
            };
            if self.visitor.blob(blob) == Flow::Stop {
                return Flow::Stop;
            }
            if last {
                return Flow::Continue;
            }
            let next = character_start(self.input.buffer, own_end.saturating_sub(left).max(start));
            position = position.after(&self.input.buffer[start..next]);
            (start, own_start) = (next, own_end);
            if own_start + own + right + 1 > self.input.buffer.len() {
                self.input.buffer.copy_within(start..self.input.filled, 0);
                self.input.filled -= start;
                base += start as u64;
                (start, own_start) = (0, own_start - start);
            }
        }
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
mod tests;
