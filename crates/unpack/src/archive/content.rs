//! The content of an entry while it is read.

use std::cell::Cell;
use std::io::{self, Read};

use flate2::Crc;
use keysieve_engine::Budget;

use super::Fault;

/// How much a read of a content gives, at most as much as there is room for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    /// What the stream beneath gives at once.
    AsItComes,
    /// As much as there is room for.
    Full,
    /// No further than to the next multiple of so many bytes: a decoder that fails loses what it wrote in that call, and
    /// so it loses less. DEFLATE's window is what Go's decoder gives, too.
    To(usize),
}

/// DEFLATE's window.
pub(super) const WINDOW: Step = Step::To(32 << 10);

/// A content that is paid for as it is read.
pub(super) struct Content<'a> {
    inner: Box<dyn Read + 'a>,
    step: Step,
    budget: &'a Cell<Budget>,
    /// How much was read.
    at: usize,
    /// Whether it was read to its end: not every decoder can be asked again.
    has_ended: bool,
    /// What ended it early.
    fault: Option<Fault>,
}

impl<'a> Content<'a> {
    pub(super) fn new(inner: Box<dyn Read + 'a>, step: Step, budget: &'a Cell<Budget>) -> Self {
        Self {
            inner,
            step,
            budget,
            at: 0,
            has_ended: false,
            fault: None,
        }
    }

    /// A content that cannot be read at all.
    pub(super) fn closed(fault: Fault, budget: &'a Cell<Budget>) -> Self {
        let mut content = Self::new(Box::new(io::empty()), Step::Full, budget);
        content.fault = Some(fault);
        content
    }

    /// Reads what nobody wanted; whether it was whole.
    pub(super) fn finish(&mut self) -> Result<(), Fault> {
        io::copy(self, &mut io::sink())?;
        Ok(())
    }

    /// One read that was not interrupted, and that the budget has.
    fn read_some(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let mut left = self.budget.get();
        let len = usize::try_from(left.bytes).map_or(room.len(), |bytes| room.len().min(bytes));
        // With nothing left, one more byte tells a long content from a fit one.
        let room = &mut room[..len.max(1)];
        let read = loop {
            match self.inner.read(room) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => break read?,
            }
        };
        left.take(read).ok_or(Fault::Bound)?;
        self.budget.set(left);
        self.at += read;
        Ok(read)
    }
}

impl Read for Content<'_> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let len = match self.step {
            Step::To(step) => room.len().min(step - self.at % step),
            _ => room.len(),
        };
        let mut filled = 0;
        while filled < len && !self.has_ended && self.fault.is_none() {
            match self.read_some(&mut room[filled..len]) {
                Ok(0) => self.has_ended = true,
                Ok(read) => filled += read,
                Err(error) => self.fault = Some(error.into()),
            }
            if matches!(self.step, Step::AsItComes) {
                break;
            }
        }
        match self.fault {
            Some(fault) if filled == 0 && len > 0 => Err(fault.into()),
            _ => Ok(filled),
        }
    }
}

/// A content whose length and CRC-32 are known, and compared when it has ended.
pub(super) struct Checked<R> {
    inner: R,
    crc: Crc,
    read: u64,
    expected: (u32, u64),
}

impl<R: Read> Checked<R> {
    pub(super) fn new(inner: R, crc: u32, len: u64) -> Self {
        Self {
            inner,
            crc: Crc::new(),
            read: 0,
            expected: (crc, len),
        }
    }
}

impl<R: Read> Read for Checked<R> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(room)?;
        self.crc.update(&room[..read]);
        self.read += read as u64;
        if read == 0 && !room.is_empty() && (self.crc.sum(), self.read) != self.expected {
            return Err(Fault::Checksum.into());
        }
        Ok(read)
    }
}
