//! What was looked at, what was passed over, and why.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::Reason;

/// Counters of a running scan, shared by its threads.
#[derive(Debug, Default)]
pub struct Stats {
    files: AtomicU64,
    bytes: AtomicU64,
    decoded: AtomicU64,
    skipped: [AtomicU64; Skip::ALL.len()],
    rejected: [AtomicU64; Reason::ALL.len()],
}

/// Why something met on the way was not scanned, though nothing went wrong.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[non_exhaustive]
pub enum Skip {
    /// A symbolic link: what it points to is scanned where it lies, if it lies in the tree.
    Symlink,
    /// A FIFO, a socket or a device.
    Special,
    /// Ignored by path in the configuration.
    Path,
    /// Larger than `--max-file-size`.
    Size,
    /// A submodule: a commit of another repository, which holds its content.
    Submodule,
}

impl Skip {
    /// All, in the order of reports.
    pub const ALL: [Self; 5] = [
        Self::Symlink,
        Self::Special,
        Self::Path,
        Self::Size,
        Self::Submodule,
    ];

    /// The name in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Symlink => "symlink",
            Self::Special => "special-file",
            Self::Path => "ignored-path",
            Self::Size => "too-large",
            Self::Submodule => "submodule",
        }
    }
}

impl Stats {
    /// A content of the outermost level begins.
    pub fn file(&self) {
        self.files.fetch_add(1, Relaxed);
    }

    /// Bytes of the outermost level were scanned.
    pub fn bytes(&self, bytes: usize) {
        self.bytes.fetch_add(bytes as u64, Relaxed);
    }

    /// A blob came out of a decoder.
    pub fn decoded(&self) {
        self.decoded.fetch_add(1, Relaxed);
    }

    /// Something was passed over.
    pub fn skip(&self, skip: Skip) {
        self.skipped[skip as usize].fetch_add(1, Relaxed);
    }

    /// A candidate was found to be no secret.
    pub fn reject(&self, reason: Reason) {
        self.rejected[reason as usize].fetch_add(1, Relaxed);
    }

    /// Files and bytes so far, for a progress display.
    pub fn progress(&self) -> (u64, u64) {
        (self.files.load(Relaxed), self.bytes.load(Relaxed))
    }

    /// The counters as they stand.
    pub fn counts(&self) -> Counts {
        let load = |counters: &[AtomicU64], i: usize| counters[i].load(Relaxed);
        Counts {
            files: self.files.load(Relaxed),
            bytes: self.bytes.load(Relaxed),
            decoded: self.decoded.load(Relaxed),
            skipped: Skip::ALL
                .map(|s| (s, load(&self.skipped, s as usize)))
                .to_vec(),
            rejected: Reason::ALL
                .map(|r| (r, load(&self.rejected, r as usize)))
                .to_vec(),
        }
    }
}

/// The counters of a finished scan.
#[derive(Clone, Debug, Default)]
pub struct Counts {
    /// Contents of the outermost level: files, standard input.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Blobs that came out of decoders.
    pub decoded: u64,
    /// Passed over, by why.
    pub skipped: Vec<(Skip, u64)>,
    /// Candidates that were no secret, by why.
    pub rejected: Vec<(Reason, u64)>,
}
