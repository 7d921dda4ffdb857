//! zlib (RFC 1950).

use std::io::{BufRead, Read};

use flate2::bufread::ZlibDecoder;

use super::content::WINDOW;
use super::{Format, Kind};

pub(super) const FORMAT: Format = Format {
    name: "zz",
    is: |start| matches!(start, [method, flags, ..] if method & 0x8f == 8 && u16::from_be_bytes([*method, *flags]).is_multiple_of(31)),
    kind: Kind::Stream(open, WINDOW),
};

fn open(input: Box<dyn BufRead + '_>) -> Box<dyn Read + '_> {
    Box::new(ZlibDecoder::new(input))
}
