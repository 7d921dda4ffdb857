//! gzip (RFC 1952) as a stream of all members.

use std::io::{BufRead, Read};

use flate2::bufread::MultiGzDecoder;

use super::content::WINDOW;
use super::{Format, Kind};

pub(super) const FORMAT: Format = Format {
    name: "gz",
    is: |start| matches!(start, [0x1f, 0x8b, 8, flags, ..] if flags & 0xe0 == 0),
    kind: Kind::Stream(open, WINDOW),
};

fn open(input: Box<dyn BufRead + '_>) -> Box<dyn Read + '_> {
    Box::new(MultiGzDecoder::new(input))
}
