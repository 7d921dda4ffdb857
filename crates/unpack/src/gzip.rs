//! gzip (RFC 1952): one or more members, whose contents follow each other.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use flate2::{Crc, Decompress, FlushDecompress, Status};
use keysieve_engine::{Blob, Budget, Decoder, Flow, Issue, IssueKind, Origin};

/// What a blob may always become, in bytes.
const FLOOR: u64 = 32 << 20;

/// How many times longer than the blob its content may be beyond that. Text of any use stays below 100, DEFLATE can
/// reach 1032: what lies between is a bomb or nearly empty.
const RATIO: u64 = 128;

/// The decoder.
///
/// The members are taken apart here rather than by `flate2::bufread::MultiGzDecoder`: that one does not tell trailing
/// zeros, which tapes and block devices leave, from trailing garbage, nor a damaged member from the whole ones before.
#[derive(Debug)]
pub(crate) struct Gzip;

impl Decoder for Gzip {
    fn name(&self) -> &'static str {
        "gzip"
    }

    fn applies(&self, blob: &Blob<'_>) -> bool {
        blob.is_first() && is_member(blob.bytes)
    }

    fn decode(
        &self,
        blob: &Blob<'_>,
        budget: &mut Budget,
        child: &mut dyn FnMut(Blob<'_>, &mut Budget) -> Flow,
    ) -> Result<(), Issue> {
        let bound = FLOOR
            .saturating_add(RATIO * blob.bytes.len() as u64)
            .min(budget.bytes);
        let mut content = Vec::new();
        let end = match budget.children {
            0 => Err(Fault::Bound),
            _ => inflate(
                blob.bytes,
                usize::try_from(bound).unwrap_or(usize::MAX),
                &mut content,
            ),
        };
        let nothing = content.is_empty() && end.is_err();
        if !nothing && budget.take(content.len()).is_some() && budget.take_child().is_some() {
            let origin = Origin::Inside {
                outer: blob.origin.clone(),
                via: self.name(),
                name: name(&blob.origin),
            };
            if child(Blob::whole(&content, Arc::new(origin)), budget) == Flow::Stop {
                return Ok(());
            }
        }
        end.map_err(|fault| Issue::at(blob.origin.clone(), fault.kind(), fault.message()))
    }
}

/// The name of what is inside: that of the file without its last ending, empty where that says nothing.
fn name(origin: &Origin) -> PathBuf {
    let Some(name) = origin.name().and_then(Path::file_name).map(Path::new) else {
        return PathBuf::new();
    };
    let ends = |ending: &str| {
        name.extension()
            .is_some_and(|e: &OsStr| e.eq_ignore_ascii_case(ending))
    };
    match () {
        () if ends("gz") => name.with_extension(""),
        () if ends("tgz") => name.with_extension("tar"),
        () => PathBuf::new(),
    }
}

/// Why the decoding ended early, or cannot be trusted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Fault {
    Truncated,
    Damaged,
    Checksum,
    Trailing,
    Bound,
}

impl Fault {
    const fn kind(self) -> IssueKind {
        match self {
            Self::Bound => IssueKind::Limit,
            _ => IssueKind::Undecodable,
        }
    }

    const fn message(self) -> &'static str {
        match self {
            Self::Truncated => "gzip: the data ends early",
            Self::Damaged => "gzip: the data is damaged; what follows is lost",
            Self::Checksum => "gzip: the checksum does not fit the data",
            Self::Trailing => "gzip: other data follows and is not decoded",
            Self::Bound => {
                "gzip: the content is longer than the limits allow; the rest is not decoded"
            }
        }
    }
}

/// Whether the bytes begin as a member does: magic, DEFLATE, no flag that is reserved.
fn is_member(bytes: &[u8]) -> bool {
    matches!(bytes, [0x1f, 0x8b, 8, flags, ..] if flags & 0xe0 == 0)
}

/// Appends the contents of all members to `content`, `bound` bytes at most.
fn inflate(mut bytes: &[u8], bound: usize, content: &mut Vec<u8>) -> Result<(), Fault> {
    let mut inflater = Decompress::new(false);
    let mut intact = true;
    while is_member(bytes) {
        let header = header(bytes).ok_or(Fault::Truncated)?;
        let start = content.len();
        inflater.reset(false);
        let body = member(&mut inflater, &bytes[header..], bound, content)?;
        let trailer: [u8; 8] = body.first_chunk().copied().ok_or(Fault::Truncated)?;
        let mut crc = Crc::new();
        crc.update(&content[start..]);
        intact &=
            trailer[..4] == crc.sum().to_le_bytes() && trailer[4..] == crc.amount().to_le_bytes();
        bytes = &body[8..];
    }
    match () {
        () if bytes.iter().any(|&byte| byte != 0) => Err(Fault::Trailing),
        () if !intact => Err(Fault::Checksum),
        () => Ok(()),
    }
}

/// Appends the content of one member, and gives what follows its compressed data.
fn member<'a>(
    inflater: &mut Decompress,
    mut bytes: &'a [u8],
    bound: usize,
    content: &mut Vec<u8>,
) -> Result<&'a [u8], Fault> {
    loop {
        if content.len() == content.capacity() {
            // Doubles, up to one byte more than is allowed: whether that one comes tells a long content from a fit one.
            let room = content.len().max(4 * bytes.len()).max(4096);
            content.reserve_exact(room.min(bound.saturating_add(1).saturating_sub(content.len())));
        }
        let (read, written) = (inflater.total_in(), content.len());
        let status = inflater.decompress_vec(bytes, content, FlushDecompress::None);
        let read =
            usize::try_from(inflater.total_in() - read).expect("no more is read than was given");
        bytes = &bytes[read..];
        if content.len() > bound {
            content.truncate(bound);
            return Err(Fault::Bound);
        }
        match status {
            Ok(Status::StreamEnd) => return Ok(bytes),
            Ok(Status::Ok | Status::BufError) if read > 0 || content.len() > written => {}
            Ok(Status::Ok | Status::BufError) => return Err(Fault::Truncated),
            Err(_) => return Err(Fault::Damaged),
        }
    }
}

/// The length of a member's header.
fn header(bytes: &[u8]) -> Option<usize> {
    const CHECKSUM: u8 = 2;
    const EXTRA: u8 = 4;
    const NAME: u8 = 8;
    const COMMENT: u8 = 16;
    let flags = *bytes.get(3)?;
    let mut at = 10;
    if flags & EXTRA != 0 {
        at += 2 + usize::from(u16::from_le_bytes([*bytes.get(at)?, *bytes.get(at + 1)?]));
    }
    for text in [NAME, COMMENT] {
        if flags & text != 0 {
            at += 1 + bytes.get(at..)?.iter().position(|&byte| byte == 0)?;
        }
    }
    if flags & CHECKSUM != 0 {
        at += 2;
    }
    (at <= bytes.len()).then_some(at)
}
