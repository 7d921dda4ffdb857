//! One thread of a walk: opens, reads, and says what went wrong.

use std::ffi::OsStr;
use std::fs::{File, FileType, Metadata};
use std::io::{self, Read as _, Take};
use std::path::Path;
use std::sync::Arc;

use ignore::{DirEntry, ParallelVisitor, WalkState};

use super::contents::{Contents, Input, Outcome, Who};
use super::files::{Config, Pass, lock};
use super::stdin::Pipe;
use super::{TEMPORARY_PREFIX, Visitor};
use crate::{Flow, IssueKind, Origin, Skip};

/// How far beyond its length at opening a growing file is followed, in bytes.
const GROWTH: u64 = 64 << 20;

/// Reads on one thread.
pub(super) struct Reader<'a> {
    pub(super) pass: Pass<'a>,
    pub(super) visitor: Box<dyn Visitor + 'a>,
    contents: Contents,
}

impl ParallelVisitor for Reader<'_> {
    fn visit(&mut self, entry: Result<DirEntry, ignore::Error>) -> WalkState {
        if self.pass.is_over() {
            return WalkState::Quit;
        }
        let flow = match entry {
            Ok(entry) => self.entry(&entry),
            Err(error) => self.error(&error, Path::new("")),
        };
        match flow {
            Flow::Continue => WalkState::Continue,
            Flow::Stop => {
                self.pass.stop();
                WalkState::Quit
            }
        }
    }
}

impl<'a> Reader<'a> {
    pub(super) fn new(pass: Pass<'a>) -> Self {
        Self {
            pass,
            visitor: pass.visitors.visitor(),
            contents: Contents::new(pass.files.sizes),
        }
    }

    fn config(&self) -> &'a Config {
        &self.pass.files.config
    }

    fn entry(&mut self, entry: &DirEntry) -> Flow {
        // Errors in ignore files, which an entry may carry, mean that less is ignored: no reason to worry anyone.
        let (path, is_root) = (entry.path(), entry.depth() == 0);
        match entry.file_type() {
            Some(kind) if kind.is_dir() => Flow::Continue,
            Some(kind) if kind.is_file() => self.file(
                path,
                if is_root {
                    Links::Follow
                } else {
                    Links::Refuse
                },
            ),
            Some(kind) if is_root && is_fifo(kind) => self.stream(path),
            _ if is_root => self.issue(path, IssueKind::Unreadable, "not a regular file"),
            Some(kind) if kind.is_symlink() => self.skip(Skip::Symlink),
            _ => self.skip(Skip::Special),
        }
    }

    fn file(&mut self, path: &Path, links: Links) -> Flow {
        let (mut file, length) = match self.open(path, links) {
            Ok(opened) => opened,
            Err(flow) => return flow,
        };
        let files = self.pass.files;
        let is_huge = length >= files.sizes.huge && files.threads() > 1;
        let input = Input {
            reader: &mut file,
            expected: length,
            origin: &files.origin(path),
            interrupt: &files.config.interrupt,
            windows: if is_huge { Who::Others } else { Who::Visitor },
        };
        let outcome = self.contents.read(input, self.visitor.as_mut());
        if outcome.left {
            lock(self.pass.huge).add(path, links);
            return Flow::Continue;
        }
        self.ended(path, length, &outcome)
    }

    /// Opens a file, with its length and a bound on how far it is followed; says why where it is not to be scanned.
    pub(super) fn open(&mut self, path: &Path, links: Links) -> Result<(Take<File>, u64), Flow> {
        let (file, length) = match open(path, links) {
            Ok((file, status)) if status.is_file() => (file, status.len()),
            Ok(_) => return Err(self.skip(Skip::Special)), // put in the file's place since the directory was read
            Err(error) if links == Links::Refuse && is_refused_link(&error) => {
                return Err(self.skip(Skip::Symlink));
            }
            Err(error) => return Err(self.failed(path, &error)),
        };
        let most = self.config().max_file_size;
        if most.is_some_and(|most| length > most) {
            return Err(self.skip(Skip::Size));
        }
        Ok((file.take(bound(length)), length))
    }

    /// Says what went wrong with a file that had `length` bytes when it was opened.
    pub(super) fn ended(&mut self, path: &Path, length: u64, outcome: &Outcome) -> Flow {
        let flow = self.finish(outcome, path);
        if flow == Flow::Stop || outcome.error.is_some() {
            flow
        } else if outcome.bytes < length {
            self.issue(path, IssueKind::Changed, "it shrank while it was read")
        } else if outcome.bytes == bound(length) {
            let message = format!(
                "it grew while it was read; not read beyond {} MiB more",
                GROWTH >> 20
            );
            self.issue(path, IssueKind::Changed, &message)
        } else {
            Flow::Continue
        }
    }

    /// A FIFO that was given as a root.
    fn stream(&mut self, path: &Path) -> Flow {
        let opened = path.to_owned();
        let interrupt = &self.config().interrupt;
        let input = Input {
            reader: &mut Pipe::new(move || File::open(opened), interrupt.clone()),
            expected: 0,
            origin: &Arc::new(Origin::Stdin),
            interrupt,
            windows: Who::Visitor,
        };
        let outcome = self.contents.read(input, self.visitor.as_mut());
        self.finish(&outcome, path)
    }

    fn finish(&mut self, outcome: &Outcome, path: &Path) -> Flow {
        match &outcome.error {
            Some(error) if outcome.flow == Flow::Continue => self.failed(path, error),
            _ => outcome.flow,
        }
    }

    /// An error of the walk, at `path` where it does not say.
    fn error(&mut self, error: &ignore::Error, path: &Path) -> Flow {
        use ignore::Error;
        match error {
            Error::WithPath { path, err } => self.error(err, path),
            Error::WithDepth { err, .. } => self.error(err, path),
            Error::Io(error) => self.failed(path, error),
            Error::Loop { child, .. } => self.issue(
                child,
                IssueKind::Unreadable,
                "a link to a directory above it",
            ),
            // All that is left is about lines of ignore files. A pattern that cannot be read ignores nothing.
            _ => Flow::Continue,
        }
    }

    fn failed(&mut self, path: &Path, error: &io::Error) -> Flow {
        let absent = matches!(
            error.kind(),
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
        );
        let is_root = self.config().roots.iter().any(|root| root == path);
        let kind = if absent {
            IssueKind::Vanished
        } else {
            IssueKind::Unreadable
        };
        if absent && is_root {
            lock(self.pass.missing).push((path.to_owned(), error.to_string()));
            return Flow::Continue;
        }
        if error.kind() == io::ErrorKind::NotFound && is_temporary(path) {
            return Flow::Continue; // it has become the file that another run wrote
        }
        self.issue(path, kind, &error.to_string())
    }

    fn issue(&mut self, path: &Path, kind: IssueKind, message: &str) -> Flow {
        self.visitor
            .issue(self.pass.files.issue(path, kind, message))
    }

    fn skip(&mut self, skip: Skip) -> Flow {
        self.visitor.skip(skip);
        Flow::Continue
    }
}

/// Whether this is the name of a file that another run of the program writes.
fn is_temporary(path: &Path) -> bool {
    let name = path.file_name().map(OsStr::as_encoded_bytes);
    name.is_some_and(|name| name.starts_with(TEMPORARY_PREFIX.as_bytes()))
}

/// How far a file that had `length` bytes when it was opened is followed.
fn bound(length: u64) -> u64 {
    length.saturating_add(GROWTH)
}

/// What to do with a symbolic link at the end of a path.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Links {
    Follow,
    Refuse,
}

/// Opens a file with its status. Never waits, should a FIFO have taken the file's place.
fn open(path: &Path, links: Links) -> io::Result<(File, Metadata)> {
    let mut options = File::options();
    options.read(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        let refuse = if links == Links::Refuse {
            libc::O_NOFOLLOW
        } else {
            0
        };
        options.custom_flags(libc::O_NONBLOCK | libc::O_CLOEXEC | refuse);
    }
    #[cfg(not(unix))]
    let _ = links; // the directory said that it is a file: a link can only have taken its place since
    let file = options.open(path)?;
    let status = file.metadata()?;
    Ok((file, status))
}

/// Whether opening failed because of [`Links::Refuse`].
#[cfg(unix)]
fn is_refused_link(error: &io::Error) -> bool {
    error.raw_os_error() == Some(libc::ELOOP)
}

#[cfg(not(unix))]
fn is_refused_link(_: &io::Error) -> bool {
    false
}

#[cfg(unix)]
fn is_fifo(kind: FileType) -> bool {
    std::os::unix::fs::FileTypeExt::is_fifo(&kind)
}

#[cfg(not(unix))]
fn is_fifo(_: FileType) -> bool {
    false
}
