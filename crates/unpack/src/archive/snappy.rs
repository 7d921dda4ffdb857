//! Snappy's frames. Its descendant S2 has the same ending and is not supported.

use std::io::{BufRead, Read};

use snap::read::FrameDecoder;

use super::content::Step;
use super::{Format, Kind};

pub(super) const FORMAT: Format = Format {
    name: "sz",
    is: |start| start.starts_with(b"\xff\x06\0\0sNaPpY"),
    kind: Kind::Stream(open, Step::To(64 << 10)),
};

fn open(input: Box<dyn BufRead + '_>) -> Box<dyn Read + '_> {
    Box::new(FrameDecoder::new(input))
}
