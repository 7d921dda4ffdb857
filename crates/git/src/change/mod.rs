//! What a commit changes, made or about to be made: what `staged` and `range` have in common.
//!
//! A source of changes gives the blobs that stand at a path where none of the commit's parents has them, each whole, so
//! that findings of several lines and evidence around them are right. Which of the findings the change *adds* is asked
//! afterwards, by [`suppress_known`]: most files have no finding, and the others are few.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};

use gix::ObjectId;
use gix::bstr::{BStr, BString, ByteSlice as _};
use keysieve_engine::source::{Visitor, VisitorBuilder};
use keysieve_engine::{Blob, Flow, Issue, IssueKind, MessageOf, Origin, Skip};

use crate::name;

mod known;
mod objects;
mod rename;
mod tree;

pub use known::{Earlier, Old, Place, suppress_known};
pub(crate) use objects::{Fault, FaultKind, Objects};
pub(crate) use rename::{Renames, drop_moved};
pub(crate) use tree::{Added, Cursor, Diff, Moved, blob_at, file_at};

/// How a source of changes is walked.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// How many threads scan; 0 takes one for each core.
    pub threads: usize,
    /// Passes over blobs that are longer, in bytes.
    pub max_file_size: Option<u64>,
    /// Ends the walk soon after it is set.
    pub interrupt: Arc<AtomicBool>,
}

/// Contents for each further thread: starting one costs as much as scanning some small files.
const ITEMS_A_THREAD: usize = 32;

/// Something to scan.
pub(crate) struct Item {
    pub(crate) content: Content,
    /// The object that it is, or is in.
    pub(crate) id: ObjectId,
    pub(crate) origin: Arc<Origin>,
}

/// What of an object is scanned.
#[derive(Clone, Copy)]
pub(crate) enum Content {
    Blob,
    CommitMessage,
    TagMessage,
}

impl Content {
    /// Where the text of an object is that has no path.
    pub(crate) fn origin(self, id: &ObjectId) -> Origin {
        let id = name(id);
        let of = match self {
            Self::CommitMessage => MessageOf::Commit,
            Self::TagMessage => MessageOf::Tag,
            Self::Blob => {
                return Origin::Blob {
                    id,
                    path: None,
                    moved: false,
                };
            }
        };
        Origin::Message { of, id }
    }
}

/// Hands out items, made by `item` from 0 to `count`, on as many threads as that is worth.
pub(crate) fn hand_out(
    objects: &Objects,
    options: &Options,
    visitors: &dyn VisitorBuilder,
    count: usize,
    item: &(dyn Fn(usize) -> Item + Sync),
) {
    let cores = || std::thread::available_parallelism().map_or(1, usize::from);
    let most = if options.threads == 0 {
        cores()
    } else {
        options.threads
    };
    let threads = most.min(count.div_ceil(ITEMS_A_THREAD)).max(1);
    let (next, stopped) = (AtomicUsize::new(0), AtomicBool::new(false));
    let work = |objects: Objects| {
        let mut visitor = visitors.visitor();
        let mut bytes = Vec::new();
        while !stopped.load(Relaxed) && !options.interrupt.load(Relaxed) {
            let at = next.fetch_add(1, Relaxed);
            if at >= count {
                break;
            }
            let flow = scan(&objects, options, &item(at), &mut bytes, visitor.as_mut());
            if flow == Flow::Stop {
                stopped.store(true, Relaxed);
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..threads {
            let objects = objects.clone();
            scope.spawn(|| work(objects));
        }
        work(objects.clone());
    });
}

/// A buffer that grew beyond this, in bytes, is not kept for the next content.
const KEPT: usize = 8 << 20;

fn scan(
    objects: &Objects,
    options: &Options,
    item: &Item,
    bytes: &mut Vec<u8>,
    visitor: &mut dyn Visitor,
) -> Flow {
    let Item {
        content,
        id,
        origin,
    } = item;
    let is_too_long = |most| objects.header(id).is_ok_and(|(_, length)| length > most);
    let read = match content {
        Content::Blob if options.max_file_size.is_some_and(is_too_long) => {
            visitor.skip(Skip::Size);
            return Flow::Continue;
        }
        Content::Blob => objects.blob(id, bytes),
        Content::CommitMessage => objects
            .commit(id)
            .map(|commit| *bytes = commit.message.into()),
        Content::TagMessage => objects.tag(id).map(|(_, message)| *bytes = message.into()),
    };
    let flow = match read {
        Ok(()) => visitor.blob(Blob::whole(bytes, origin.clone())),
        Err(fault) => visitor.issue(issue(&fault, Some(origin.clone()))),
    };
    if bytes.capacity() > KEPT {
        *bytes = Vec::new();
    }
    flow
}

/// What could not be read, for the report.
pub(crate) fn issue(fault: &Fault, origin: Option<Arc<Origin>>) -> Issue {
    let kind = match fault.what {
        FaultKind::Missing | FaultKind::Damaged => IssueKind::Unreadable,
        FaultKind::TooLong => IssueKind::Limit,
    };
    match origin {
        Some(origin) => Issue::at(origin, kind, &*fault.message),
        None => Issue::general(kind, &*fault.message),
    }
}

/// Reports what a comparison met besides what is new.
pub(crate) fn note(faults: &[Fault], submodules: u64, visitor: &mut dyn Visitor) -> Flow {
    (0..submodules).for_each(|_| visitor.skip(Skip::Submodule));
    for fault in faults {
        if visitor.issue(issue(fault, None)) == Flow::Stop {
            return Flow::Stop;
        }
    }
    Flow::Continue
}

/// A path of git's as one of this system.
pub(crate) fn system_path(path: &BStr) -> PathBuf {
    match gix::path::from_bstr(path) {
        Ok(path) => path.into_owned(),
        Err(_) => path.to_str_lossy().into_owned().into(), // only where paths are Unicode, and this is none
    }
}

/// A path that [`system_path`] gave, as git spells it; empty where it cannot have given it.
pub(crate) fn git_path(path: &Path) -> BString {
    gix::path::into_bstr(path).map_or_else(|_| BString::default(), |path| path.into_owned())
}
