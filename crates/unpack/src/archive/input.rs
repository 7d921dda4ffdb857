//! What archives are read from.

use std::fs::File;
use std::io::{self, Cursor, Read, Seek, SeekFrom};

use super::Fault;

/// The longest archive that is held in memory because its format is read from the end, in bytes.
const HELD: u64 = 512 << 20;

/// The bytes of an archive.
pub enum Input<'a> {
    /// A file, from its start.
    File(&'a File),
    /// All of them.
    Bytes(&'a [u8]),
    /// One after the other, as an entry of another archive has them.
    Stream(&'a mut dyn Read),
}

impl Read for Input<'_> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::File(file) => file.read(room),
            Self::Bytes(bytes) => bytes.read(room),
            Self::Stream(stream) => stream.read(room),
        }
    }
}

impl<'a> Input<'a> {
    /// The same bytes, in any order.
    pub(super) fn seekable(self) -> Result<Seekable<'a>, Fault> {
        match self {
            Self::File(file) => Ok(Seekable::File(file)),
            Self::Bytes(bytes) => Ok(Seekable::Bytes(Cursor::new(bytes))),
            Self::Stream(stream) => {
                let mut bytes = Vec::new();
                stream.take(HELD + 1).read_to_end(&mut bytes)?;
                if bytes.len() as u64 > HELD {
                    return Err(Fault::Memory);
                }
                Ok(Seekable::Held(Cursor::new(bytes)))
            }
        }
    }
}

/// Bytes that can be read in any order.
pub(super) enum Seekable<'a> {
    File(&'a File),
    Bytes(Cursor<&'a [u8]>),
    Held(Cursor<Vec<u8>>),
}

impl Read for Seekable<'_> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::File(file) => file.read(room),
            Self::Bytes(bytes) => bytes.read(room),
            Self::Held(bytes) => bytes.read(room),
        }
    }
}

impl Seek for Seekable<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        match self {
            Self::File(file) => file.seek(to),
            Self::Bytes(bytes) => bytes.seek(to),
            Self::Held(bytes) => bytes.seek(to),
        }
    }
}
