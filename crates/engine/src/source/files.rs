//! The files of directory trees, read by as many threads as there are cores.
//!
//! The walk is that of the `ignore` crate: each thread takes directories and files from a common pool, and hands a file
//! to its own visitor. A file costs four system calls: open, one status call on the open handle, one read, close.

use std::fs::{self, File, FileType, Metadata};
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ignore::{DirEntry, ParallelVisitor, ParallelVisitorBuilder, WalkBuilder, WalkState};

use super::stdin::Pipe;
use super::windows::{Contents, Outcome, Sizes};
use super::{Source, SourceError, Visitor, VisitorBuilder};
use crate::{Flow, Issue, IssueKind, Origin, Skip};

/// How far beyond its length at opening a growing file is followed, in bytes.
const GROWTH: u64 = 64 << 20;

/// Collects what to scan and how. Each setter has the name of its setting.
#[derive(Clone, Debug, Default)]
pub struct FilesBuilder {
    config: Config,
}

#[derive(Clone, Debug)]
struct Config {
    roots: Vec<PathBuf>,
    threads: usize,
    ignore_files: bool,
    max_file_size: Option<u64>,
    report_root: Option<PathBuf>,
    interrupt: Arc<AtomicBool>,
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
        })
    }
}

/// Files and directory trees as a source.
///
/// Symbolic links met in a tree are passed over, as are FIFOs, sockets and devices: [`Skip`] counts them. Hidden files
/// are scanned, what is named `.git` is not.
#[derive(Debug)]
pub struct Files {
    config: Config,
    names: Names,
}

impl Source for Files {
    /// # Errors
    ///
    /// None of the roots exists. Where some do, each of the others is an issue.
    fn walk(&self, visitors: &dyn VisitorBuilder) -> Result<(), SourceError> {
        let (missing, stopped) = (Mutex::default(), AtomicBool::new(false));
        let pass = Pass {
            files: self,
            visitors,
            missing: &missing,
            stopped: &stopped,
        };
        let roots = self.config.roots.iter().map(PathBuf::as_path);
        if self.config.ignore_files {
            let trapped = Arc::new(Mutex::default());
            let (traps, plain): (Vec<_>, Vec<_>) = roots.partition(|root| trap_over(root));
            pass.run(plain, Some(&trapped));
            pass.run(traps, None);
            pass.run(lock(&trapped).iter().map(PathBuf::as_path), None);
        } else {
            pass.run(roots, None);
        }
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
    fn issue(&self, path: &Path, kind: IssueKind, message: &str) -> Issue {
        Issue::at(
            Arc::new(Origin::File(self.names.report(path))),
            kind,
            message,
        )
    }
}

/// Roots that do not exist, with the reason that the system gave.
type Missing = Vec<(PathBuf, String)>;

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
struct Pass<'a> {
    files: &'a Files,
    visitors: &'a dyn VisitorBuilder,
    missing: &'a Mutex<Missing>,
    /// Set when a visitor wanted to stop.
    stopped: &'a AtomicBool,
}

impl Pass<'_> {
    fn is_over(&self) -> bool {
        self.stopped.load(Relaxed) || self.files.config.interrupt.load(Relaxed)
    }

    /// Walks `roots`; honours ignore files where a list is given for the directories in which that is not safe.
    fn run<'p>(
        mut self,
        roots: impl IntoIterator<Item = &'p Path>,
        trapped: Option<&Arc<Mutex<Vec<PathBuf>>>>,
    ) {
        let mut walk = WalkBuilder::from_iter(roots);
        walk.standard_filters(false)
            .threads(self.files.config.threads);
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

/// Whether `root` is a directory for which the walker would read a trap: its own ignore files and those above it.
fn trap_over(root: &Path) -> bool {
    root.is_dir()
        && root
            .canonicalize()
            .is_ok_and(|root| root.ancestors().any(is_trap))
}

impl<'a> ParallelVisitorBuilder<'a> for Pass<'a> {
    fn build(&mut self) -> Box<dyn ParallelVisitor + 'a> {
        Box::new(Reader {
            pass: *self,
            visitor: self.visitors.visitor(),
            contents: Contents::new(Sizes::DEFAULT),
        })
    }
}

/// Reads on one thread.
struct Reader<'a> {
    pass: Pass<'a>,
    visitor: Box<dyn Visitor + 'a>,
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
                self.pass.stopped.store(true, Relaxed);
                WalkState::Quit
            }
        }
    }
}

impl<'a> Reader<'a> {
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
        let (file, length) = match open(path, links) {
            Ok((file, status)) if status.is_file() => (file, status.len()),
            Ok(_) => return self.skip(Skip::Special), // put in the file's place since the directory was read
            Err(error) if links == Links::Refuse && is_refused_link(&error) => {
                return self.skip(Skip::Symlink);
            }
            Err(error) => return self.failed(path, &error),
        };
        if self
            .config()
            .max_file_size
            .is_some_and(|most| length > most)
        {
            return self.skip(Skip::Size);
        }
        let bound = length.saturating_add(GROWTH);
        let origin = Arc::new(Origin::File(self.pass.files.names.report(path)));
        let interrupt = &self.config().interrupt;
        let outcome = self.contents.read(
            &mut file.take(bound),
            length,
            &origin,
            self.visitor.as_mut(),
            interrupt,
        );
        let flow = self.finish(&outcome, path);
        if flow == Flow::Stop || outcome.error.is_some() {
            flow
        } else if outcome.bytes < length {
            self.issue(path, IssueKind::Changed, "it shrank while it was read")
        } else if outcome.bytes == bound {
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
        let mut pipe = Pipe::new(move || File::open(opened), interrupt.clone());
        let origin = Arc::new(Origin::Stdin);
        let outcome = self
            .contents
            .read(&mut pipe, 0, &origin, self.visitor.as_mut(), interrupt);
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

/// What to do with a symbolic link at the end of a path.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Links {
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

/// Locks, also after a panic in another thread: what these lists hold is valid after each push.
fn lock<T>(list: &Mutex<T>) -> MutexGuard<'_, T> {
    list.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How files are named in reports.
#[derive(Debug)]
struct Names {
    /// The working directory; empty where it is not known, and then only absolute paths come to lie under the root.
    here: PathBuf,
    root: Option<PathBuf>,
}

impl Names {
    fn new(root: Option<&Path>) -> Self {
        let here = std::env::current_dir().unwrap_or_default();
        let root = root.map(|root| normal(&here.join(root)));
        Self { here, root }
    }

    fn report(&self, path: &Path) -> PathBuf {
        let below = self.root.as_ref().and_then(|root| {
            let path = normal(&self.here.join(path));
            path.strip_prefix(root)
                .ok()
                .filter(|below| !below.as_os_str().is_empty())
                .map(Path::to_owned)
        });
        below.unwrap_or_else(|| path.to_owned())
    }
}

/// Takes `.` and `..` out of an absolute path, by its text alone.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::with_capacity(path.as_os_str().len());
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                normal.pop();
            }
            component => normal.push(component),
        }
    }
    normal
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn names_are_relative_to_the_report_root() {
        let names = Names {
            here: "/home/me/project".into(),
            root: Some("/home/me/project".into()),
        };
        for (path, name) in [
            ("./a", "a"),
            ("a/b", "a/b"),
            ("a/./b//c", "a/b/c"),
            ("a/../b", "b"),
            ("../project/a", "a"),
            ("/home/me/project/a", "a"),
            ("/home/me/./project/x/../a", "a"),
            ("../other/a", "../other/a"),
            ("/home/me/projects/a", "/home/me/projects/a"),
            ("/", "/"),
            (".", "."),
        ] {
            assert_eq!(names.report(Path::new(path)), Path::new(name), "{path}");
        }
    }

    #[test]
    fn names_are_as_given_without_a_report_root_or_outside_of_it() {
        let nowhere = Names {
            here: PathBuf::new(),
            root: Some("/project".into()),
        };
        assert_eq!(nowhere.report(Path::new("./a")), Path::new("./a"));
        assert_eq!(nowhere.report(Path::new("/project/a")), Path::new("a"));
        let rootless = Names::new(None);
        assert_eq!(
            rootless.report(Path::new("./a/../b")),
            Path::new("./a/../b")
        );
    }
}
