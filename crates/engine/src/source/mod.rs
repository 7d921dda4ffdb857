//! Where blobs come from.
//!
//! A source drives: it has its own threads and pushes each [`Blob`] into the [`Visitor`] of the thread that read it,
//! so a buffer is reused and never crosses threads. A source knows nothing of rules or output.

use std::fmt;

use crate::scan::{Derivation, Residue};
use crate::{Blob, Flow, Issue, Skip};

mod contents;
mod files;
mod huge;
mod names;
mod reader;
mod stdin;
mod windows;

pub use files::{Files, FilesBuilder};
pub use stdin::Stdin;

/// What the names of this program's temporary files start with. Such a file is written beside the one that it becomes,
/// and another run may meet it: that it is gone again before it could be opened is nothing that a report must tell. While
/// it is there it is scanned as any other file, for anybody can give a file such a name.
pub const TEMPORARY_PREFIX: &str = ".keysieve-";

/// Something that can be walked for blobs.
pub trait Source {
    /// Pushes every blob into the visitors; returns when all is done or a visitor said [`Flow::Stop`].
    ///
    /// # Errors
    ///
    /// Only what makes the whole walk impossible. One content failing is an [`Issue`] to the visitor.
    fn walk(&self, visitors: &dyn VisitorBuilder) -> Result<(), SourceError>;
}

/// Makes one visitor for each thread of a source.
pub trait VisitorBuilder: Sync {
    /// A visitor with scratch of its own; cheap.
    fn visitor(&self) -> Box<dyn Visitor + '_>;
}

/// Receives blobs on one thread.
pub trait Visitor: Send {
    /// A blob to scan. The windows of one content come in order, but perhaps not all to one visitor: the threads of a
    /// source share those of a huge file. So each is scanned by itself, and knows its place and the content's head.
    fn blob(&mut self, blob: Blob<'_>) -> Flow;

    /// A whole content to scan of which it may be known how it was made from another one, that some visitor of the same
    /// builder has seen. What is found is the same as without that knowledge. If others are made from this one (`is_base`),
    /// returns what speeds up their scans, where there is such a thing.
    fn derived(
        &mut self,
        blob: Blob<'_>,
        derivation: Option<Derivation<'_>>,
        is_base: bool,
    ) -> (Flow, Option<Residue>) {
        let _ = (derivation, is_base);
        (self.blob(blob), None)
    }

    /// Whether a content that begins with `head` should come whole, whatever its length (up to the source's bound):
    /// some decoder wants it. Asked once for each content that is too long for one window.
    fn wants_whole(&self, head: &Blob<'_>) -> bool;

    /// Something went wrong with one content.
    fn issue(&mut self, issue: Issue) -> Flow;

    /// Something was passed over by design.
    fn skip(&mut self, skip: Skip);
}

/// The walk could not be done at all.
#[derive(Debug)]
pub struct SourceError {
    message: String,
}

impl SourceError {
    /// An error with a message for a person.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
        }
    }
}

impl fmt::Display for SourceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for SourceError {}
