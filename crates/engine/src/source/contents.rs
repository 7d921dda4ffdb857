//! Reading one content with bounded memory: whole where it is short, in overlapping windows where it is long.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::Visitor;
use super::windows::{End, Stream, Windows};
use crate::{Blob, Flow, Issue, IssueKind, Origin, Position, Window};

/// Lengths that rule the reading, in bytes. Tests make them small.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sizes {
    /// The longest content that is always handed out whole.
    pub(super) whole: usize,
    /// The longest content that is handed out whole because a decoder wants it so.
    pub(super) most: usize,
    /// The shortest file whose windows are scanned by all threads.
    pub(super) huge: u64,
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
        huge: 16 << 20,
        own: 1 << 20,
        left: 64 << 10,
        right: 64 << 10,
    };

    /// What a buffer must hold for a window: the byte that shows that it is not the last, and the start of a cut
    /// character, come with it.
    pub(super) const fn window(&self) -> usize {
        self.left + 3 + self.own + self.right + 1
    }
}

/// The smallest buffer: most source files fit, so that it does not grow file by file.
const SMALLEST: usize = 64 << 10;

/// The reused buffers of one thread.
#[derive(Debug)]
pub(super) struct Contents {
    sizes: Sizes,
    /// What was read of a content that may be whole.
    buffer: Vec<u8>,
    /// A window of one that is not.
    window: Vec<u8>,
}

/// What is to be read.
pub(super) struct Input<'a> {
    pub(super) reader: &'a mut dyn Read,
    /// Its length, 0 where that is not known; a read that ends exactly there is taken as the last one.
    pub(super) expected: u64,
    pub(super) origin: &'a Arc<Origin>,
    pub(super) interrupt: &'a AtomicBool,
    /// Who gets the windows, if it must come in windows.
    pub(super) windows: Who,
}

/// To whom the windows of a long content go.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Who {
    /// To the visitor, as all else.
    Visitor,
    /// To others, later: nothing is handed out, and the outcome says so.
    Others,
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
    /// Whether the windows are left to [`Who::Others`].
    pub(super) left: bool,
}

impl Outcome {
    /// The outcome of what ended as `stream` did.
    pub(super) fn of<R>(stream: Stream<'_, R>, flow: Flow) -> Self {
        let (error, flow) = match stream.end {
            End::Failed(error) => (Some(error), flow),
            End::Interrupted => (None, Flow::Stop),
            End::Open | End::Reached => (None, flow),
        };
        Self {
            bytes: stream.bytes,
            error,
            flow,
            left: false,
        }
    }
}

impl Contents {
    /// Empty buffers.
    pub(super) fn new(sizes: Sizes) -> Self {
        Self {
            sizes,
            buffer: Vec::new(),
            window: Vec::new(),
        }
    }

    /// Reads a content to its end and hands it to `visitor`.
    pub(super) fn read(&mut self, input: Input<'_>, visitor: &mut dyn Visitor) -> Outcome {
        let outcome = Reading {
            stream: Stream::new(input.reader, input.expected, input.interrupt),
            filled: 0,
            contents: self,
            origin: input.origin,
            visitor,
        }
        .run(input.windows);
        if self.buffer.len() > (self.sizes.whole + 1).max(SMALLEST) {
            self.buffer = Vec::new(); // grown for one content that had to be whole: not kept for the next ones
        }
        outcome
    }
}

/// One content on its way to the visitor.
struct Reading<'a> {
    stream: Stream<'a, &'a mut dyn Read>,
    contents: &'a mut Contents,
    /// How much of the contents' buffer was read.
    filled: usize,
    origin: &'a Arc<Origin>,
    visitor: &'a mut dyn Visitor,
}

impl Reading<'_> {
    fn run(mut self, windows: Who) -> Outcome {
        if !self.is_long() {
            return self.whole();
        }
        if self.visitor.wants_whole(&self.head()) {
            if self.fits_whole() {
                return self.whole();
            }
            let message = format!(
                "longer than {} MiB: scanned as it is, not decoded",
                self.contents.sizes.most >> 20
            );
            let issue = Issue::at(self.origin.clone(), IssueKind::Limit, message);
            if self.visitor.issue(issue) == Flow::Stop {
                return Outcome::of(self.stream, Flow::Stop);
            }
        }
        match windows {
            Who::Visitor => self.windows(),
            Who::Others => Outcome {
                left: true,
                ..Outcome::of(self.stream, Flow::Continue)
            },
        }
    }

    /// Whether the buffer comes to hold `target` bytes.
    fn holds(&mut self, target: usize) -> bool {
        let buffer = &mut self.contents.buffer;
        self.filled = self.stream.fill(buffer, self.filled, target);
        self.filled >= target
    }

    /// Reads what a short content may have, and tells whether there is more.
    fn is_long(&mut self) -> bool {
        let long = self.contents.sizes.whole + 1; // one byte more than is whole: its absence proves the end
        let short = match usize::try_from(self.stream.expected) {
            Ok(expected) if expected > 0 && expected < long => {
                (expected + 1).next_power_of_two().max(SMALLEST)
            }
            _ => long,
        };
        self.holds(short.min(long)) && self.holds(long)
    }

    /// Hands out all that was read as one blob.
    fn whole(self) -> Outcome {
        let nothing = self.filled == 0;
        let flow = match self.stream.end {
            End::Interrupted => Flow::Stop,
            End::Failed(_) if nothing => Flow::Continue,
            _ => self.visitor.blob(Blob::whole(
                &self.contents.buffer[..self.filled],
                self.origin.clone(),
            )),
        };
        Outcome::of(self.stream, flow)
    }

    /// What was read of a long content, as a decoder sees it.
    fn head(&self) -> Blob<'_> {
        let bytes = &self.contents.buffer[..self.filled];
        Blob {
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
        }
    }

    /// Reads on to the end, or until the content is known to be longer than what is ever held whole.
    fn fits_whole(&mut self) -> bool {
        let most = self.contents.sizes.most;
        let expected = match usize::try_from(self.stream.expected) {
            Ok(expected) if expected <= most => expected,
            _ => return false,
        };
        loop {
            let target = (expected + 1).max(2 * self.filled).min(most + 1);
            if !self.holds(target) {
                return true;
            }
            if target > most {
                return false;
            }
        }
    }

    /// Hands out windows, beginning with what was read already.
    fn windows(self) -> Outcome {
        let Contents {
            sizes,
            buffer,
            window: text,
        } = self.contents;
        let mut ahead = std::mem::take(buffer);
        ahead.truncate(self.filled);
        let mut windows = Windows::new(self.stream, ahead, *sizes);
        let mut flow = Flow::Continue;
        while flow == Flow::Continue
            && let Some((window, length)) = windows.next(text)
        {
            flow = self.visitor.blob(Blob {
                bytes: &text[..length],
                head: windows.head(),
                origin: self.origin.clone(),
                window: Some(window),
            });
        }
        Outcome::of(windows.into_stream(), flow)
    }
}

#[cfg(test)]
mod tests;
