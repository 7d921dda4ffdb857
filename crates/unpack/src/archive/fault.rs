//! What goes wrong with archives.

use std::error::Error;
use std::fmt;
use std::io;

use keysieve_engine::IssueKind;

/// Why an archive, or one entry's content, could not be read to its end. Says nothing of what is in it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Fault {
    /// The bytes are of another format.
    Other,
    /// The data ends early.
    Truncated,
    /// The data is damaged.
    Damaged,
    /// The data came out, and is not what its checksum or its length says.
    Checksum,
    /// A password is needed.
    Encrypted,
    /// The format, or a method of it, that is not known here.
    Unsupported,
    /// More bytes, entries or levels than the budget has.
    Bound,
    /// A decoder would need more memory than it may have.
    Memory,
    /// The file cannot be read.
    Unreadable,
}

impl Fault {
    /// The kind of issue that this is.
    pub const fn kind(self) -> IssueKind {
        match self {
            Self::Bound | Self::Memory => IssueKind::Limit,
            Self::Unreadable => IssueKind::Unreadable,
            _ => IssueKind::Undecodable,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Other => "the data is of another format",
            Self::Truncated => "the data ends early",
            Self::Damaged => "the data is damaged; what follows is lost",
            Self::Checksum => "the checksum does not fit the data",
            Self::Encrypted => "the data is encrypted",
            Self::Unsupported => "the data is packed in a way that is not supported",
            Self::Bound => "there is more than the limits allow; the rest is left out",
            Self::Memory => "unpacking needs more memory than the limits allow",
            Self::Unreadable => "the file cannot be read",
        })
    }
}

impl Error for Fault {}

impl From<Fault> for io::Error {
    fn from(fault: Fault) -> Self {
        Self::other(fault)
    }
}

/// The fault in the chain of errors that decoders make of each other's.
impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        let mut kind = error.kind();
        let mut is_file = error.raw_os_error().is_some();
        let mut next = error.get_ref().map(|inner| inner as &(dyn Error + 'static));
        while let Some(error) = next {
            if let Some(fault) = error.downcast_ref::<Self>() {
                return *fault;
            }
            next = error.source();
            if let Some(error) = error.downcast_ref::<io::Error>() {
                kind = error.kind();
                is_file |= error.raw_os_error().is_some();
                next = error.get_ref().map(|inner| inner as &(dyn Error + 'static));
            }
        }
        match kind {
            io::ErrorKind::UnexpectedEof => Self::Truncated,
            io::ErrorKind::OutOfMemory => Self::Memory,
            io::ErrorKind::Unsupported => Self::Unsupported,
            _ if is_file => Self::Unreadable,
            _ => Self::Damaged,
        }
    }
}
