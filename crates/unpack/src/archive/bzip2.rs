//! bzip2: all streams of a file, one behind the other.

use std::io::{BufRead, Read};

use bzip2::bufread::MultiBzDecoder;

use super::content::Step;
use super::{Format, Kind};

pub(super) const FORMAT: Format = Format {
    name: "bz2",
    is: |start| matches!(start, [b'B', b'Z', b'h', b'1'..=b'9', ..]),
    kind: Kind::Stream(open, Step::Full),
};

pub(super) fn open(input: Box<dyn BufRead + '_>) -> Box<dyn Read + '_> {
    Box::new(MultiBzDecoder::new(input))
}
