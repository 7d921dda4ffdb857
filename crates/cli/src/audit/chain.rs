//! Lines that name the line before, and whether all of a log do.

use std::fmt;
use std::io::{self, BufRead, Read as _};

use data_encoding::HEXLOWER;
use jiff::Timestamp;
use serde::Deserialize;
use serde::de::{Deserializer, Error as _};
use sha2::{Digest as _, Sha256};

/// The version of the lines.
pub(super) const VERSION: u32 = 1;

/// The longest line, in bytes. What goes into an event is bounded far below.
pub(super) const MAX_LINE: usize = 1 << 20;

/// What an event whose clock is behind says.
pub(super) const CLOCK: &str = "earlier than the last event";

/// What `prev` is in the first line.
pub(super) fn first() -> String {
    "0".repeat(64)
}

/// The hash of a line, without its end.
pub(super) fn hash(line: &[u8]) -> String {
    HEXLOWER.encode(&Sha256::digest(line))
}

/// What ties a line to the one before.
#[derive(Debug, Deserialize)]
pub(super) struct Link {
    v: u32,
    pub(super) seq: u64,
    #[serde(deserialize_with = "time")]
    pub(super) time: Timestamp,
    clock: Option<String>,
    prev: String,
}

fn time<'de, D: Deserializer<'de>>(from: D) -> Result<Timestamp, D::Error> {
    String::deserialize(from)?.parse().map_err(D::Error::custom)
}

/// A line in either format.
#[derive(Deserialize)]
#[serde(untagged)]
enum Line {
    Ocsf { unmapped: Link },
    Jsonl(Link),
}

impl Link {
    /// Reads a line; `None` if it is none of an audit log.
    pub(super) fn parse(line: &[u8]) -> Option<Self> {
        let link = match serde_json::from_slice(line).ok()? {
            Line::Ocsf { unmapped } => unmapped,
            Line::Jsonl(link) => link,
        };
        (link.v == VERSION).then_some(link)
    }
}

/// What a log that holds together has.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Verified {
    /// How many events.
    pub(crate) events: u64,
    /// The hash of its last line: to be noted elsewhere.
    pub(crate) head: String,
    /// Whether the hash that was asked for is that of one of the lines.
    pub(crate) has_noted: bool,
}

/// The first line that breaks a log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Broken {
    /// 1-based.
    pub(crate) line: u64,
    pub(crate) why: &'static str,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.why)
    }
}

/// Reads a log to its end, or to the first line that does not follow from the one before. `noted` is the hash of a line
/// that the log once ended with.
pub(crate) fn verify(
    mut log: impl BufRead,
    noted: Option<&str>,
) -> io::Result<Result<Verified, Broken>> {
    let mut verified = Verified {
        events: 0,
        head: first(),
        has_noted: false,
    };
    let mut time = Timestamp::MIN;
    let mut line = Vec::new();
    loop {
        line.clear();
        let most = MAX_LINE as u64 + 1;
        if log.by_ref().take(most).read_until(b'\n', &mut line)? == 0 {
            return Ok(Ok(verified));
        }
        let at = verified.events + 1;
        let broken = |why| Ok(Err(Broken { line: at, why }));
        let Some(content) = line.strip_suffix(b"\n") else {
            return broken(if line.len() > MAX_LINE {
                "it is too long for an event"
            } else {
                "it has no end: its writer was stopped, or it was cut"
            });
        };
        let Some(link) = Link::parse(content) else {
            return broken("it is no event of an audit log");
        };
        if link.prev != verified.head {
            return broken(
                "it does not follow from the line before: one of them was changed, or lines were taken out, put in or moved",
            );
        }
        if link.seq != at {
            return broken("its number does not follow from that of the line before");
        }
        if link.time < time && link.clock.as_deref() != Some(CLOCK) {
            return broken("it is earlier than the line before, and does not say so");
        }
        time = link.time;
        verified.head = hash(content);
        verified.events = at;
        verified.has_noted |= noted == Some(&*verified.head);
    }
}
