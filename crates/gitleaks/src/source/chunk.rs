//! A file in pieces of about 100 kB, cut where gitleaks cuts it.
//!
//! A match cannot span two pieces, so what is found depends on the cuts, and they follow from how gitleaks reads: 100 kB
//! at once, then byte by byte through a buffer of 4 KiB until an empty line or 25 kB more. What is then left in that
//! buffer is the beginning of the next piece, and all that is read at once for it.

use std::io::{self, Read};
use std::ops::Range;

/// What is read at once.
const AT_ONCE: usize = 100_000;

/// What is read beyond that for want of an empty line.
const BEYOND: usize = 25_000;

/// The buffer that is read through.
const BUFFER: usize = 4096;

/// Memory for the pieces of a file, to be used again for the next one.
pub struct Buffers {
    /// A whole piece and no more: what is beyond its length is left over from another.
    piece: Box<[u8]>,
    buffer: Box<[u8]>,
}

impl Default for Buffers {
    fn default() -> Self {
        Self {
            piece: vec![0; AT_ONCE + BEYOND].into(),
            buffer: vec![0; BUFFER].into(),
        }
    }
}

/// The pieces of a file.
pub struct Chunks<'b, R> {
    reader: R,
    buffers: &'b mut Buffers,
    /// What of the buffer was not taken yet.
    left: Range<usize>,
    /// How much of the piece is of this file.
    length: usize,
    line: u64,
    /// Whether the file has ended.
    ended: bool,
}

/// A piece of a file.
pub struct Chunk<'c> {
    /// Its text.
    pub text: &'c [u8],
    /// How much of it was read at once: by this gitleaks tells the type of the file.
    pub at_once: usize,
    /// The number of its first line.
    pub first_line: u64,
}

impl<'b, R: Read> Chunks<'b, R> {
    /// The pieces of what `reader` gives.
    pub fn new(reader: R, buffers: &'b mut Buffers) -> Self {
        Self {
            reader,
            buffers,
            left: 0..0,
            length: 0,
            line: 1,
            ended: false,
        }
    }

    /// The next piece, or `None` at the end.
    pub fn next_chunk(&mut self) -> io::Result<Option<Chunk<'_>>> {
        if self.left.is_empty() {
            self.length = 0;
            while self.length < AT_ONCE && !self.ended {
                let room = &mut self.buffers.piece[self.length..AT_ONCE];
                let read = read(&mut self.reader, room)?;
                self.length += read;
                self.ended = read == 0;
            }
        } else {
            self.length = self.left.len();
            let left = &self.buffers.buffer[self.left.clone()];
            self.buffers.piece[..left.len()].copy_from_slice(left);
            self.left = 0..0;
        }
        let at_once = self.length;
        if at_once == 0 {
            return Ok(None);
        }
        if !ends_with_empty_line(&self.buffers.piece[..at_once]) {
            self.read_beyond(at_once)?;
        }
        let text = &self.buffers.piece[..self.length];
        let first_line = self.line;
        self.line += memchr::memchr_iter(b'\n', text).count() as u64;
        Ok(Some(Chunk {
            text,
            at_once,
            first_line,
        }))
    }

    /// Up to an empty line. Only the last byte of what was read at once counts for it.
    fn read_beyond(&mut self, at_once: usize) -> io::Result<()> {
        let mut breaks = 0;
        loop {
            match self.buffers.piece[self.length - 1] {
                b'\n' => breaks += 1,
                b' ' | b'\t' | b'\r' => {}
                _ => breaks = 0,
            }
            if breaks >= 2 || self.length - at_once >= BEYOND {
                return Ok(());
            }
            if self.left.is_empty() {
                if !self.ended {
                    self.left = 0..read(&mut self.reader, &mut self.buffers.buffer)?;
                    self.ended = self.left.is_empty();
                }
                if self.ended {
                    return Ok(());
                }
            }
            self.buffers.piece[self.length] = self.buffers.buffer[self.left.start];
            self.length += 1;
            self.left.start += 1;
        }
    }
}

/// One read that was not interrupted.
fn read(reader: &mut impl Read, room: &mut [u8]) -> io::Result<usize> {
    loop {
        match reader.read(room) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            read => return read,
        }
    }
}

/// Whether two line breaks, with nothing visible between or behind them, end the text.
fn ends_with_empty_line(text: &[u8]) -> bool {
    let space = text
        .iter()
        .rev()
        .take_while(|byte| matches!(byte, b'\n' | b' ' | b'\t' | b'\r'));
    space.filter(|&&byte| byte == b'\n').nth(1).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes(text: &[u8]) -> Vec<(usize, u64)> {
        let mut buffers = Buffers::default();
        let mut chunks = Chunks::new(text, &mut buffers);
        let mut sizes = Vec::new();
        while let Some(chunk) = chunks.next_chunk().unwrap() {
            sizes.push((chunk.text.len(), chunk.first_line));
        }
        sizes
    }

    #[test]
    fn a_short_file_is_one_piece() {
        assert_eq!(sizes(b""), []);
        assert_eq!(sizes(b"a\n"), [(2, 1)]);
        assert_eq!(sizes(&[b'x'; 99_999]), [(99_999, 1)]);
    }

    #[test]
    fn a_cut_waits_for_an_empty_line() {
        let mut text = vec![b'x'; 100_010];
        text.extend_from_slice(b"\n \ny");
        // 100 kB and thirteen; what was read beyond them is a piece of its own.
        assert_eq!(sizes(&text), [(100_013, 1), (1, 3)]);
    }

    #[test]
    fn a_cut_does_not_wait_for_ever() {
        // The last 25 kB were read through the buffer, the end of which begins the next piece.
        let text = vec![b'x'; 300_000];
        let left = BUFFER - BEYOND % BUFFER;
        assert_eq!(sizes(&text)[..2], [(125_000, 1), (left + BEYOND, 1)]);
        assert_eq!(
            sizes(&text).iter().map(|(size, _)| size).sum::<usize>(),
            300_000
        );
    }
}
