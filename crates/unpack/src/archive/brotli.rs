//! Brotli (RFC 7932), which has no mark at all: only a name tells it.

use std::io::{BufRead, Read};

use brotli_decompressor::Decompressor;

use super::content::Step;
use super::{Format, Kind};

pub(super) const FORMAT: Format = Format {
    name: "br",
    is: |start| !start.is_empty(),
    kind: Kind::Stream(open, Step::AsItComes),
};

fn open(input: Box<dyn BufRead + '_>) -> Box<dyn Read + '_> {
    Box::new(Decompressor::new(input, 32 << 10))
}
