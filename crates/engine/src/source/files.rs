//! The files of directory trees, read by as many threads as there are cores.
//!
//! The walk is that of the `ignore` crate: each thread takes directories and files from a common pool, and hands a file
//! to its own visitor. A file costs four system calls: open, one status call on the open handle, one read, close. Huge
//! files are left to the end of the walk, when all threads scan them together.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use ignore::{ParallelVisitor, ParallelVisitorBuilder, WalkBuilder};

use super::contents::Sizes;
use super::huge::Huge;
use super::names::Names;
use super::reader::Reader;
use super::{Source, SourceError, VisitorBuilder};
use crate::{Flow, Issue, IssueKind, Origin};

/// Collects what to scan and how. Each setter has the name of its setting.
#[derive(Clone, Debug, Default)]
pub struct FilesBuilder {
    config: Config,
}

#[derive(Clone, Debug)]
pub(super) struct Config {
    pub(super) roots: Vec<PathBuf>,
    threads: usize,
    ignore_files: bool,
    pub(super) max_file_size: Option<u64>,
    report_root: Option<PathBuf>,
    pub(super) interrupt: Arc<AtomicBool>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            roots: Vec::new(),
            threads: 0,
            ignore_files: true,
            max_file_size: None,
            report_root: None,
            interrupt: Arc::default(),
        }
    }
}

impl FilesBuilder {
    /// No root yet, one thread a core, ignore files honoured, no bound on the size.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a directory or a file, in any form. What is reached through two roots is scanned once for each.
    ///
    /// A symbolic link is followed here, and only here. A FIFO (process substitution) is read as a stream.
    pub fn root(&mut self, path: impl Into<PathBuf>) -> &mut Self {
        let path = path.into();
        // The walker takes `-` for standard input; here it is a file of that name.
        self.config.roots.push(if path == Path::new("-") {
            "./-".into()
        } else {
            path
        });
        self
    }

    /// How many threads walk and scan; 0 takes one for each core, up to 12.
    pub fn threads(&mut self, threads: usize) -> &mut Self {
        self.config.threads = threads;
        self
    }

    /// Whether what git ignores is passed over: `.gitignore`, `.git/info/exclude` and the user's own ignore file,
    /// inside git repositories only. A pattern that cannot be read ignores nothing; nor does an ignore file of more
    /// than 256 KiB, or one that is no regular file. Otherwise everything is scanned but `.git`.
    pub fn ignore_files(&mut self, yes: bool) -> &mut Self {
        self.config.ignore_files = yes;
        self
    }

    /// Passes over files that are longer, in bytes.
    pub fn max_file_size(&mut self, bytes: Option<u64>) -> &mut Self {
        self.config.max_file_size = bytes;
        self
    }

    /// The directory to which reported paths are relative, where they lie under it: by their text once both are made
    /// absolute, with no regard to symbolic links. All other paths are reported in the form of their root.
    pub fn report_root(&mut self, directory: impl Into<PathBuf>) -> &mut Self {
        self.config.report_root = Some(directory.into());
        self
    }

    /// A flag that ends the walk soon after it is set.
    pub fn interrupt(&mut self, flag: Arc<AtomicBool>) -> &mut Self {
        self.config.interrupt = flag;
        self
    }

    /// The source.
    ///
    /// # Errors
    ///
    /// No root was given: a scan of nothing must not end as a clean one.
    pub fn build(&self) -> Result<Files, SourceError> {
        if self.config.roots.is_empty() {
            return Err(SourceError::new("no path to scan"));
        }
        Ok(Files {
            names: Names::new(self.config.report_root.as_deref()),
            config: self.config.clone(),
            sizes: Sizes::DEFAULT,
        })
    }
}

/// Files and directory trees as a source.
///
/// Symbolic links met in a tree are passed over, as are FIFOs, sockets and devices: [`crate::Skip`] counts them.
/// Hidden files are scanned, what is named `.git` is not.
#[derive(Debug)]
pub struct Files {
    pub(super) config: Config,
    pub(super) names: Names,
    pub(super) sizes: Sizes,
}

impl Source for Files {
    /// # Errors
    ///
    /// None of the roots exists. Where some do, each of the others is an issue.
    fn walk(&self, visitors: &dyn VisitorBuilder) -> Result<(), SourceError> {
        let (missing, huge) = (Mutex::default(), Mutex::default());
        let stopped = AtomicBool::new(false);
        let pass = Pass {
            files: self,
            visitors,
            missing: &missing,
            huge: &huge,
            stopped: &stopped,
        };
        let roots = self.config.roots.iter().map(PathBuf::as_path);
        if self.config.ignore_files {
            let trapped = Arc::new(Mutex::default());
            let (plain, rest): (Vec<_>, Vec<_>) = roots.partition(|root| may_ignore(root));
            pass.run(plain, Some(&trapped));
            pass.run(rest, None);
            pass.run(lock(&trapped).iter().map(PathBuf::as_path), None);
        } else {
            pass.run(roots, None);
        }
        pass.finish_huge();
        let missing = std::mem::take(&mut *lock(&missing));
        if missing.len() == self.config.roots.len() {
            return Err(nothing_found(&missing));
        }
        if !pass.is_over() {
            let mut visitor = visitors.visitor();
            for (path, reason) in missing {
                if visitor.issue(self.issue(&path, IssueKind::Unreadable, &reason)) == Flow::Stop {
                    break;
                }
            }
        }
        Ok(())
    }
}

impl Files {
    /// How many threads scan, as the walker counts them.
    pub(super) fn threads(&self) -> usize {
        match self.config.threads {
            0 => thread::available_parallelism().map_or(1, |count| count.get().min(12)),
            count => count,
        }
    }

    pub(super) fn origin(&self, path: &Path) -> Arc<Origin> {
        Arc::new(Origin::File(self.names.report(path)))
    }

    pub(super) fn issue(&self, path: &Path, kind: IssueKind, message: &str) -> Issue {
        Issue::at(self.origin(path), kind, message)
    }
}

/// Roots that do not exist, with the reason that the system gave.
pub(super) type Missing = Vec<(PathBuf, String)>;

fn nothing_found(missing: &Missing) -> SourceError {
    let paths: Vec<_> = missing
        .iter()
        .take(3)
        .map(|(path, reason)| format!("{path:?}: {reason}"))
        .collect();
    let more = match missing.len() - paths.len() {
        0 => String::new(),
        more => format!("; and {more} more"),
    };
    SourceError::new(format!("nothing to scan: {}{more}", paths.join("; ")))
}

/// One run of the walk over some roots.
#[derive(Clone, Copy)]
pub(super) struct Pass<'a> {
    pub(super) files: &'a Files,
    pub(super) visitors: &'a dyn VisitorBuilder,
    pub(super) missing: &'a Mutex<Missing>,
    /// What the walk leaves to its end.
    pub(super) huge: &'a Mutex<Huge<'a>>,
    /// Set when a visitor wanted to stop.
    pub(super) stopped: &'a AtomicBool,
}

impl<'a> Pass<'a> {
    pub(super) fn is_over(&self) -> bool {
        self.stopped.load(Relaxed) || self.files.config.interrupt.load(Relaxed)
    }

    pub(super) fn stop(&self) {
        self.stopped.store(true, Relaxed);
    }

    /// Walks `roots`; honours ignore files where a list is given for the directories in which that is not safe.
    fn run<'p>(
        mut self,
        roots: impl IntoIterator<Item = &'p Path>,
        trapped: Option<&Arc<Mutex<Vec<PathBuf>>>>,
    ) {
        let roots: Vec<_> = roots.into_iter().collect();
        if roots.is_empty() {
            return; // to build a walk reads the user's git configuration
        }
        // A file is the work of one thread: no more of them are started than can have any.
        let threads = if roots.iter().any(|root| root.is_dir()) {
            self.files.config.threads
        } else {
            self.files.threads().min(roots.len())
        };
        let mut walk = WalkBuilder::from_iter(roots);
        walk.standard_filters(false).threads(threads);
        if trapped.is_some() {
            walk.parents(true)
                .git_ignore(true)
                .git_global(true)
                .git_exclude(true)
                .require_git(true);
        }
        let trapped = trapped.cloned();
        walk.filter_entry(move |entry| {
            if entry.file_name() == ".git" {
                return false;
            }
            match &trapped {
                Some(trapped)
                    if entry.file_type().is_some_and(|kind| kind.is_dir())
                        && is_trap(entry.path()) =>
                {
                    lock(trapped).push(entry.path().to_owned());
                    false
                }
                _ => true,
            }
        });
        walk.build_parallel().visit(&mut self);
    }

    /// Scans the huge files that the walk left, with as many threads as it had.
    fn finish_huge(self) {
        if self.is_over() || lock(self.huge).is_empty() {
            return;
        }
        thread::scope(|scope| {
            for _ in 1..self.files.threads() {
                // A thread that cannot be had is no loss but of time: this one does all that the others do not.
                let _ = thread::Builder::new().spawn_scoped(scope, move || self.scan_huge());
            }
            self.scan_huge();
        });
    }
}

/// The longest ignore file that is honoured, in bytes: each of its patterns costs time and memory at every file.
const LONGEST_IGNORE_FILE: u64 = 256 << 10;

/// Whether the walker must not read the ignore files of this directory. It would wait for ever at a FIFO, and read a
/// link to `/dev/zero`, which a hostile repository can bring along, until the memory is spent. Such a directory is
/// walked as if it had no ignore files: more is scanned, never less.
fn is_trap(directory: &Path) -> bool {
    [".gitignore", ".git/info/exclude"].iter().any(|name| {
        fs::metadata(directory.join(name)).is_ok_and(|file| {
            !(file.is_dir() || file.is_file() && file.len() <= LONGEST_IGNORE_FILE)
        })
    })
}

/// Whether the walker may read ignore files for `root`: for a directory without a trap in it or above it. What is no
/// directory is scanned whatever they say, and to read the user's git configuration costs as much as to scan it.
fn may_ignore(root: &Path) -> bool {
    root.is_dir()
        && !root
            .canonicalize()
            .is_ok_and(|root| root.ancestors().any(is_trap))
}

impl<'a> ParallelVisitorBuilder<'a> for Pass<'a> {
    fn build(&mut self) -> Box<dyn ParallelVisitor + 'a> {
        Box::new(Reader::new(*self))
    }
}

/// Locks, also after a panic in another thread: what these lists hold is valid after each push.
pub(super) fn lock<T>(list: &Mutex<T>) -> MutexGuard<'_, T> {
    list.lock().unwrap_or_else(PoisonError::into_inner)
}
