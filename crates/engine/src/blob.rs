//! The unit of scanning: bytes and where they came from.

use std::sync::Arc;

use crate::{Origin, Position};

/// Bytes to scan, with their origin. Borrows the buffer of the thread that read it.
///
/// A blob holds a whole file, or one [`Window`] of a file that is too long to be held whole.
#[derive(Clone, Debug)]
pub struct Blob<'a> {
    /// The content, or the window's part of it.
    pub bytes: &'a [u8],
    /// The start of the content, from which its kind is told: for all windows of a content the same bytes, whoever
    /// scans them. At least 8 KiB where the content has as many.
    pub head: &'a [u8],
    /// Where it came from.
    pub origin: Arc<Origin>,
    /// Which part of the content `bytes` is; `None` where it is all of it.
    pub window: Option<Window>,
}

/// A part of a long content. Windows overlap: each brings some bytes of its neighbours as context, and owns the
/// findings that start in `own`, so that each finding is made exactly once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Offset of `bytes[0]` in the content.
    pub offset: u64,
    /// Line and column of `bytes[0]`.
    pub position: Position,
    /// The part of `bytes` (start, end) whose findings belong to this window.
    pub own: (usize, usize),
    /// Whether the content begins here.
    pub first: bool,
    /// Whether the content ends here.
    pub last: bool,
}

impl<'a> Blob<'a> {
    /// A blob that holds the whole content.
    pub fn whole(bytes: &'a [u8], origin: Arc<Origin>) -> Self {
        Self {
            bytes,
            head: bytes,
            origin,
            window: None,
        }
    }

    /// Whether this is the start of the content: where type and encoding are told from.
    pub fn is_first(&self) -> bool {
        self.window.is_none_or(|w| w.first)
    }
}

/// What the receiver of blobs wants next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use]
pub enum Flow {
    /// Go on.
    Continue,
    /// Stop as soon as possible; the report will say that it is partial.
    Stop,
}
