//! Zstandard (RFC 8878): all frames of a file, without those that are to be skipped.

use std::io::{self, BufRead, Read};

use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use super::content::Step;
use super::{Fault, Format, Kind};

pub(super) const FORMAT: Format = Format {
    name: "zst",
    is: |start| {
        matches!(
            start,
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..]
        )
    },
    kind: Kind::Stream(open, Step::Full),
};

pub(super) fn open(input: Box<dyn BufRead + '_>) -> Box<dyn Read + '_> {
    Box::new(Frames {
        input,
        // Refuses windows of more than 128 MiB.
        decoder: FrameDecoder::new(),
        in_frame: false,
    })
}

struct Frames<'a> {
    input: Box<dyn BufRead + 'a>,
    decoder: FrameDecoder,
    in_frame: bool,
}

impl Frames<'_> {
    /// Enters the next frame, if there is one.
    fn next_frame(&mut self) -> io::Result<bool> {
        while !self.input.fill_buf()?.is_empty() {
            match self.decoder.init(&mut self.input) {
                Ok(()) => {
                    self.in_frame = true;
                    return Ok(true);
                }
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                    length,
                    ..
                })) => {
                    let length = u64::from(length);
                    if io::copy(&mut (&mut self.input).take(length), &mut io::sink())? < length {
                        return Err(Fault::Truncated.into());
                    }
                }
                Err(FrameDecoderError::WindowSizeTooBig { .. }) => {
                    return Err(Fault::Memory.into());
                }
                Err(error) => return Err(io::Error::other(error)),
            }
        }
        Ok(false)
    }
}

impl Read for Frames<'_> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        while self.in_frame || self.next_frame()? {
            while self.decoder.can_collect() == 0 && !self.decoder.is_finished() {
                self.decoder
                    .decode_blocks(&mut self.input, BlockDecodingStrategy::UptoBlocks(1))
                    .map_err(io::Error::other)?;
            }
            let read = self.decoder.read(room)?;
            if read > 0 || room.is_empty() {
                return Ok(read);
            }
            self.in_frame = false;
            let stored = self.decoder.get_checksum_from_data();
            if stored.is_some() && stored != self.decoder.get_calculated_checksum() {
                return Err(Fault::Checksum.into());
            }
        }
        Ok(0)
    }
}
