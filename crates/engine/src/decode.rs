//! The interface of whatever finds bytes inside bytes. No format is known here: the formats are in `keysieve-unpack`.

use crate::{Blob, Flow, Issue};

/// Turns a blob into the blobs that are hidden in it.
///
/// A decoder is called from many threads and holds no state of one blob. It must be linear in what it reads and writes
/// and must take every byte that it puts out from the [`Budget`].
pub trait Decoder: Send + Sync {
    /// The name in origins and messages, such as `gzip`.
    fn name(&self) -> &'static str;

    /// Whether the blob is of this decoder's format, told from its first bytes or its name. Must be cheap: every blob
    /// is asked. For a long content only the first window is asked.
    fn applies(&self, blob: &Blob<'_>) -> bool;

    /// Whether the children replace the blob's own bytes (a text in another encoding) rather than come beside them.
    fn replaces(&self) -> bool {
        true
    }

    /// Decodes a whole blob and hands out each child.
    ///
    /// # Errors
    ///
    /// What stopped it before the end: broken data or a spent budget. Children handed out before stay valid.
    fn decode(
        &self,
        blob: &Blob<'_>,
        budget: &mut Budget,
        child: &mut dyn FnMut(Blob<'_>, &mut Budget) -> Flow,
    ) -> Result<(), Issue>;
}

/// What decoding one outermost blob may still cost, shared by all that is unpacked from it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Budget {
    /// Bytes that may still be put out.
    pub bytes: u64,
    /// Levels that may still be entered.
    pub depth: u32,
    /// Children that may still be handed out.
    pub children: u32,
}

impl Default for Budget {
    /// 512 MiB, 8 levels, 100,000 children.
    fn default() -> Self {
        Self {
            bytes: 512 << 20,
            depth: 8,
            children: 100_000,
        }
    }
}

impl Budget {
    /// Takes `bytes`, or says that they are more than is left.
    pub fn take(&mut self, bytes: usize) -> Option<()> {
        self.bytes = self.bytes.checked_sub(bytes as u64)?;
        Some(())
    }

    /// Takes one child.
    pub fn take_child(&mut self) -> Option<()> {
        self.children = self.children.checked_sub(1)?;
        Some(())
    }
}
