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

/// What became of one content: the part that it has in [`Stats`], and whether anything was said about it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Tally {
    /// Counters in the order of [`Tally::slots`].
    slots: [u64; Self::SLOTS],
    /// Findings, reported or not, and issues.
    told: u64,
}

impl Tally {
    /// How many counters there are: contents, bytes, decoded blobs, and one for each [`Skip`] and each [`Reason`].
    pub const SLOTS: usize = 3 + Skip::ALL.len() + Reason::ALL.len();

    /// Of these counters, with nothing told.
    pub fn of(slots: [u64; Self::SLOTS]) -> Self {
        Self { slots, told: 0 }
    }

    /// The counters. Which is which may be another in each version of the engine.
    pub fn slots(&self) -> &[u64; Self::SLOTS] {
        &self.slots
    }

    /// Whether the content has neither finding nor issue: all there is to say of it are its counters.
    pub fn is_silent(&self) -> bool {
        self.told == 0
    }

    pub(crate) fn file(&mut self) {
        self.slots[0] += 1;
    }

    pub(crate) fn bytes(&mut self, bytes: usize) {
        self.slots[1] += bytes as u64;
    }

    pub(crate) fn decoded(&mut self) {
        self.slots[2] += 1;
    }

    pub(crate) fn skip(&mut self, skip: Skip) {
        self.slots[3 + skip as usize] += 1;
    }

    pub(crate) fn reject(&mut self, reason: Reason) {
        self.slots[3 + Skip::ALL.len() + reason as usize] += 1;
    }

    pub(crate) fn tell(&mut self) {
        self.told += 1;
    }
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
    /// Adds what became of one content, or of many.
    pub fn add(&self, tally: &Tally) {
        let [files, bytes, decoded, rest @ ..] = &tally.slots;
        let (skipped, rejected) = rest.split_at(self.skipped.len());
        let counters = [&self.files, &self.bytes, &self.decoded];
        let counters = counters
            .into_iter()
            .chain(&self.skipped)
            .chain(&self.rejected);
        let counts = [files, bytes, decoded]
            .into_iter()
            .chain(skipped)
            .chain(rejected);
        for (counter, &count) in counters.zip(counts).filter(|(_, count)| **count != 0) {
            counter.fetch_add(count, Relaxed);
        }
    }

    /// The counters as they stand, as if they were those of one content.
    pub fn tally(&self) -> Tally {
        let mut slots = [0; Tally::SLOTS];
        let counters = [&self.files, &self.bytes, &self.decoded];
        let counters = counters
            .into_iter()
            .chain(&self.skipped)
            .chain(&self.rejected);
        for (slot, counter) in slots.iter_mut().zip(counters) {
            *slot = counter.load(Relaxed);
        }
        Tally::of(slots)
    }

    /// Something was passed over.
    pub fn skip(&self, skip: Skip) {
        self.skipped[skip as usize].fetch_add(1, Relaxed);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_added_is_counted_in_its_place() {
        let mut tally = Tally::default();
        tally.file();
        tally.bytes(70);
        tally.decoded();
        tally.skip(Skip::ALL[4]);
        tally.reject(Reason::ALL[0]);
        let stats = Stats::default();
        stats.add(&tally);
        stats.add(&tally);
        let counts = stats.counts();
        assert_eq!((counts.files, counts.bytes, counts.decoded), (2, 140, 2));
        let last_skip = counts.skipped[4];
        assert_eq!(last_skip, (Skip::ALL[4], 2));
        assert_eq!(counts.rejected[0], (Reason::ALL[0], 2));
        assert_eq!(stats.tally().slots().map(|n| n / 2), *tally.slots());
        assert!(tally.is_silent());
        tally.tell();
        assert!(!tally.is_silent());
    }
}
