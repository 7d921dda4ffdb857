//! What went wrong without ending the scan.

use std::fmt;
use std::sync::Arc;

use crate::Origin;

/// One thing that could not be read, decoded or finished. Each reaches the report and the exit code, so that silence
/// means clean. Its text never holds content of a scanned file.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Issue {
    /// Where, if it has a place.
    pub origin: Option<Arc<Origin>>,
    /// What kind.
    pub kind: IssueKind,
    /// One sentence for a person, without the path.
    pub message: String,
}

/// The kinds of [`Issue`]. The names are stable: they stand in reports.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[non_exhaustive]
pub enum IssueKind {
    /// The file or directory could not be opened or read.
    Unreadable,
    /// The file was there when the directory was listed and is gone.
    Vanished,
    /// The file shrank or grew while it was read.
    Changed,
    /// An encoding or container could not be decoded to its end.
    Undecodable,
    /// A bound was reached: size, depth, number of findings.
    Limit,
    /// The engine failed on this content; a bug, contained.
    Internal,
}

impl Issue {
    /// An issue at `origin`.
    pub fn at(origin: Arc<Origin>, kind: IssueKind, message: impl Into<String>) -> Self {
        Self {
            origin: Some(origin),
            kind,
            message: message.into(),
        }
    }

    /// An issue without a place of its own.
    pub fn general(kind: IssueKind, message: impl Into<String>) -> Self {
        Self {
            origin: None,
            kind,
            message: message.into(),
        }
    }
}

impl IssueKind {
    /// The name in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::Vanished => "vanished",
            Self::Changed => "changed",
            Self::Undecodable => "undecodable",
            Self::Limit => "limit",
            Self::Internal => "internal",
        }
    }
}

impl fmt::Display for IssueKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
