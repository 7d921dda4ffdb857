//! xz and lzip: LZMA in two wrappings.

use std::io::{BufRead, Read};

use lzma_rust2::{LzipReader, XzReader};

use super::content::Step;
use super::{Format, Kind, MEMORY_KB};

pub(super) const XZ: Format = Format {
    name: "xz",
    is: |start| start.starts_with(b"\xfd7zXZ\0"),
    kind: Kind::Stream(open, Step::Full),
};

/// A dictionary of lzip has 512 MiB at most, and memory only for what was written to it.
pub(super) const LZIP: Format = Format {
    name: "lz",
    is: |start| start.starts_with(b"LZIP"),
    kind: Kind::Stream(|input| Box::new(LzipReader::new(input)), Step::Full),
};

pub(super) fn open(input: Box<dyn BufRead + '_>) -> Box<dyn Read + '_> {
    Box::new(XzReader::new_mem_limit(input, true, MEMORY_KB))
}
