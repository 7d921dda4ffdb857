//! How much of a report GitHub takes: a file of 10 MB when it is compressed as the upload compresses it, and in it
//! 25,000 results a run. A file above a bound is refused as a whole. (Of what it takes, GitHub shows the 5,000 most
//! severe results.)

use std::io;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde::Serialize;

/// Results of a run.
pub(super) const MAX_RESULTS: usize = 25_000;
/// The shares of 10 MB, in bytes. The rest is for the rules, and for what the measure does not know: the order in which
/// things are written, and what the encoder holds back.
pub(super) const RESULTS: u64 = 8_000_000;
/// As [`RESULTS`], for what went wrong.
pub(super) const NOTIFICATIONS: u64 = 1_000_000;

/// Measures parts of a report by compressing them one after the other.
pub(super) struct Room {
    left: u64,
    encoder: GzEncoder<Count>,
}

/// Counts what is written.
struct Count(u64);

impl Room {
    /// Room for so many compressed bytes.
    pub(super) fn new(bytes: u64) -> Self {
        Self {
            left: bytes,
            encoder: GzEncoder::new(Count(0), Compression::default()),
        }
    }

    /// How many of `parts`, from the first on, there is room for.
    pub(super) fn take<'p, T: Serialize + 'p>(
        mut self,
        parts: impl Iterator<Item = &'p T>,
    ) -> usize {
        parts
            .take_while(|part| {
                serde_json::to_writer_pretty(&mut self.encoder, part)
                    .expect("a part of a report is JSON, and a counter takes all");
                self.encoder.get_ref().0 <= self.left
            })
            .count()
    }
}

impl io::Write for Count {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
