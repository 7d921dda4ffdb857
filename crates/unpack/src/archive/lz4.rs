//! LZ4's frames.

use std::io::{self, BufRead, Read};

use lz4_flex::frame::FrameDecoder;

use super::content::Step;
use super::{Fault, Format, Kind};

pub(super) const FORMAT: Format = Format {
    name: "lz4",
    is: |start| start.starts_with(b"\x04\x22\x4d\x18"),
    kind: Kind::Stream(open, Step::Full),
};

fn open(input: Box<dyn BufRead + '_>) -> Box<dyn Read + '_> {
    let input = Ending {
        input,
        has_ended: false,
    };
    Box::new(Frames(FrameDecoder::new(input)))
}

/// All frames of a file: the decoder says an end at the end of each.
struct Frames<'a>(FrameDecoder<Ending<'a>>);

impl Read for Frames<'_> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.0.read(room)?;
            if read > 0 || room.is_empty() {
                return Ok(read);
            }
            let input = self.0.get_mut();
            if input.has_ended {
                // It says so too where the data ends between two blocks, and a whole frame has a mark behind its last.
                return Err(Fault::Truncated.into());
            }
            if input.input.fill_buf()?.is_empty() {
                return Ok(0);
            }
        }
    }
}

/// What the decoder reads, and whether it has seen the end of it.
struct Ending<'a> {
    input: Box<dyn BufRead + 'a>,
    has_ended: bool,
}

impl Read for Ending<'_> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let read = self.input.read(room)?;
        self.has_ended |= read == 0 && !room.is_empty();
        Ok(read)
    }
}
