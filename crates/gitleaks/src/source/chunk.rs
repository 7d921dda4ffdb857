//! A file in pieces of about 100 kB, cut where gitleaks cuts it.
//!
//! A match cannot span two pieces, so what is found depends on the cuts, and they follow from how gitleaks reads: 100 kB
//! at once, then byte by byte through a buffer of 4 KiB until an empty line or 25 kB more. What is then left in that
//! buffer is the beginning of the next piece, and all that is read at once for it.

use std::io::{self, Read};

/// What is read at once.
const AT_ONCE: usize = 100_000;

/// What is read beyond that for want of an empty line.
const BEYOND: usize = 25_000;

/// The buffer that is read through.
const BUFFER: usize = 4096;

/// The pieces of a file.
pub struct Chunks<R> {
    reader: R,
    buffer: Box<[u8]>,
    /// What of the buffer was not taken yet.
    left: std::ops::Range<usize>,
    line: u64,
    piece: Vec<u8>,
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

impl<R: Read> Chunks<R> {
    /// The pieces of what `reader` gives.
    pub fn new(reader: R) -> Self {
        Self {
            reader,
            buffer: vec![0; BUFFER].into(),
            left: 0..0,
            line: 1,
            piece: Vec::new(),
        }
    }

    /// The next piece, or `None` at the end.
    pub fn next_chunk(&mut self) -> io::Result<Option<Chunk<'_>>> {
        self.piece.clear();
        if self.left.is_empty() {
            let mut limited = self.reader.by_ref().take(AT_ONCE as u64);
            limited.read_to_end(&mut self.piece)?;
        } else {
            self.piece
                .extend_from_slice(&self.buffer[self.left.clone()]);
            self.left = 0..0;
        }
        let at_once = self.piece.len();
        if at_once == 0 {
            return Ok(None);
        }
        if !ends_with_empty_line(&self.piece) {
            self.read_beyond(at_once)?;
        }
        let first_line = self.line;
        self.line += memchr::memchr_iter(b'\n', &self.piece).count() as u64;
        Ok(Some(Chunk {
            text: &self.piece,
            at_once,
            first_line,
        }))
    }

    /// Up to an empty line. Only the last byte of what was read at once counts for it.
    fn read_beyond(&mut self, at_once: usize) -> io::Result<()> {
        let mut breaks = 0;
        while let Some(&last) = self.piece.last() {
            match last {
                b'\n' => breaks += 1,
                b' ' | b'\t' | b'\r' => {}
                _ => breaks = 0,
            }
            if breaks >= 2 || self.piece.len() - at_once >= BEYOND {
                break;
            }
            if self.left.is_empty() {
                self.left = 0..self.reader.read(&mut self.buffer)?;
                if self.left.is_empty() {
                    break;
                }
            }
            self.piece.push(self.buffer[self.left.start]);
            self.left.start += 1;
        }
        Ok(())
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
        let mut chunks = Chunks::new(text);
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
