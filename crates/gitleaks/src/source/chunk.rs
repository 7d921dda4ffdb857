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
    /// Whether a read that gives less than there is room for is all that is read at once.
    as_given: bool,
    /// Whether the file has ended.
    ended: bool,
    /// What went wrong behind the piece that was given last.
    error: Option<io::Error>,
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
    /// The pieces of what `reader` gives, as those of a file however it gives them.
    pub fn new(reader: R, buffers: &'b mut Buffers) -> Self {
        Self {
            reader,
            buffers,
            left: 0..0,
            length: 0,
            line: 1,
            as_given: false,
            ended: false,
            error: None,
        }
    }

    /// The pieces of what comes out of an archive: how much its reader gives decides where they end.
    pub fn as_given(reader: R, buffers: &'b mut Buffers) -> Self {
        let mut chunks = Self::new(reader, buffers);
        chunks.as_given = true;
        chunks
    }

    /// The next piece, or `None` at the end.
    ///
    /// # Errors
    ///
    /// What the reader says, behind a piece of what it gave before.
    pub fn next_chunk(&mut self) -> io::Result<Option<Chunk<'_>>> {
        if self.left.is_empty() {
            self.length = 0;
            while self.length < AT_ONCE && !self.ended {
                let room = &mut self.buffers.piece[self.length..AT_ONCE];
                match read(&mut self.reader, room) {
                    Ok(read) => {
                        self.length += read;
                        self.ended = read == 0;
                    }
                    Err(error) => self.fail(error),
                }
                if self.as_given {
                    break;
                }
            }
        } else {
            self.length = self.left.len();
            let left = &self.buffers.buffer[self.left.clone()];
            self.buffers.piece[..left.len()].copy_from_slice(left);
            self.left = 0..0;
        }
        let at_once = self.length;
        if at_once == 0 {
            return self.error.take().map_or(Ok(None), Err);
        }
        if !ends_with_empty_line(&self.buffers.piece[..at_once]) {
            self.read_beyond(at_once);
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
    fn read_beyond(&mut self, at_once: usize) {
        let mut breaks = 0;
        loop {
            match self.buffers.piece[self.length - 1] {
                b'\n' => breaks += 1,
                b' ' | b'\t' | b'\r' => {}
                _ => breaks = 0,
            }
            if breaks >= 2 || self.length - at_once >= BEYOND {
                return;
            }
            if self.left.is_empty() {
                if !self.ended {
                    match read(&mut self.reader, &mut self.buffers.buffer) {
                        Ok(read) => {
                            self.left = 0..read;
                            self.ended = read == 0;
                        }
                        Err(error) => self.fail(error),
                    }
                }
                if self.ended {
                    return;
                }
            }
            self.buffers.piece[self.length] = self.buffers.buffer[self.left.start];
            self.length += 1;
            self.left.start += 1;
        }
    }
}

impl<R> Chunks<'_, R> {
    /// Nothing more can be read.
    fn fail(&mut self, error: io::Error) {
        self.ended = true;
        self.error = Some(error);
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
    fn what_was_read_before_an_error_is_a_piece() {
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::ErrorKind::UnexpectedEof.into())
            }
        }
        for before in [1, 99_999, 100_000, 100_001, 130_000] {
            let text = vec![b'x'; before];
            let mut buffers = Buffers::default();
            let mut chunks = Chunks::new(text.as_slice().chain(Broken), &mut buffers);
            let mut read = 0;
            let error = loop {
                match chunks.next_chunk() {
                    Ok(chunk) => read += chunk.expect("the error comes first").text.len(),
                    Err(error) => break error,
                }
            };
            assert_eq!(read, before);
            assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
        }
    }

    #[test]
    fn what_an_archive_gives_is_cut_where_it_gives_it() {
        /// Gives a hundred bytes at once.
        struct Hundreds<'t>(&'t [u8]);
        impl Read for Hundreds<'_> {
            fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
                let len = room.len().min(100);
                self.0.read(&mut room[..len])
            }
        }
        let mut text = vec![b'x'; 99];
        text.extend_from_slice(b"\n\n");
        text.resize(1000, b'y');
        let mut buffers = Buffers::default();
        let mut chunks = Chunks::as_given(Hundreds(&text), &mut buffers);
        let first = chunks.next_chunk().unwrap().unwrap();
        assert_eq!((first.at_once, first.text.len()), (100, 101));
        let rest = chunks.next_chunk().unwrap().unwrap();
        assert_eq!((rest.at_once, rest.text.len()), (99, 899));
        assert!(chunks.next_chunk().unwrap().is_none());
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
