//! What git knows: of a folder, the repository that it lies in, its commit and its remote ([`discover`]); of a
//! repository, what its next commit adds ([`Staged`]), what a range of commits added ([`Range`], [`Push`]), and every
//! object of its history ([`History`]), as sources of blobs.
//!
//! Packs, indexes, refs and configuration are read through `gix`, but for the walk over the objects of a pack, which has
//! an order of its own (`store`). Nothing here runs a program, prints, or reads the environment: what git tells a hook
//! by variables comes as an [`Environment`]. Rules and reports are not known here.
//!
//! ```no_run
//! # fn main() -> Result<(), keysieve_git::Error> {
//! if let Some(repository) = keysieve_git::discover(".".as_ref())? {
//!     println!("{} at {:?}", repository.root.display(), repository.head);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Trust
//!
//! The repository may be hostile. Of git's configuration only the repository's own file is read: no include, no file of
//! the user or the system, no environment variable; [`Hooks`] is the exception. `gix` runs no program when it opens a repository, whatever that
//! file says. Where somebody else owns the repository, its configuration does not count at all, as with git itself.

mod bits;
mod change;
mod committed;
#[cfg(any(test, feature = "fuzz"))]
#[doc(hidden)]
pub mod fuzz;
mod graph;
mod history;
mod hooks;
mod newest;
mod opened;
mod push;
mod range;
mod refs;
mod staged;
mod state;
mod store;

use std::fmt;
use std::path::{Path, PathBuf};

use gix::discover::upwards;
use gix::remote::Direction;
use gix::sec::Trust;
use gix::sec::trust::{DefaultForLevel, Mapping};
use gix::url::Scheme;

pub use change::{Earlier, Old, Options, Place, suppress_known};
pub use graph::{Attribution, Changed, CommitInfo, Part, Person, Reach};
pub use history::{History, HistoryBuilder, HistoryObjects, HistoryProgress, missing_issues};
pub use hooks::{Hooks, HooksOwner};
pub use newest::{Fate, Head, Newest, Stand};
pub use opened::{Contents, Environment, Opened};
pub use push::Push;
pub use range::{Range, Selection};
pub use staged::Staged;
pub use state::State;

/// The name of an object, as the engine keeps it.
fn name(id: &gix::oid) -> keysieve_engine::ObjectId {
    keysieve_engine::ObjectId::new(id.as_bytes()).expect("git's ids have 20 or 32 bytes")
}

/// Finds the repository that holds `path`, a directory or anything in one; `None` where there is none. Folders of
/// another file system are not searched, as with git.
///
/// # Errors
///
/// The directory cannot be reached, or the repository is damaged: it cannot be opened, its `HEAD` names what is not
/// there, or its default remote cannot be understood.
pub fn discover(path: &Path) -> Result<Option<Repository>, Error> {
    let Some((repository, start)) = open_around(path)? else {
        return Ok(None);
    };
    let root = root(&repository, &start)?;
    let head = head(&repository);
    let head = head.map_err(|error| Error::caused(&root, "HEAD cannot be resolved", &error))?;
    // What `gix` says about a broken URL may quote it, and so a password.
    let remote = remote(&repository);
    let remote = remote.map_err(|_| Error::new(&root, "the default remote cannot be read"))?;
    Ok(Some(Repository { root, head, remote }))
}

/// What is known of a repository.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Repository {
    /// The top of the work tree, absolute and in the spelling of the path that was searched from. For a path inside of
    /// a bare repository or of `.git`, the folder of the repository itself.
    pub root: PathBuf,
    /// The id of the commit that is checked out, in hexadecimal; `None` before the first commit.
    pub head: Option<String>,
    /// Where the default remote is (`origin`, or the only one), without user, password, query and fragment: tokens
    /// stand there. `None` where there is no remote, or one whose address only a helper program understands.
    pub remote: Option<String>,
}

/// Whether whoever runs the program owns this file or folder; not so where that cannot be told.
pub fn is_own(path: &Path) -> bool {
    Trust::from_path_ownership(path).is_ok_and(|trust| trust == Trust::Full)
}

/// Opens the repository that holds `path`; also gives the folder that the search began in.
fn open_around(path: &Path) -> Result<Option<(gix::Repository, PathBuf)>, Error> {
    let mut start = absolute(path)?;
    if !start.is_dir() && start.parent().is_some() {
        start.pop();
    }
    Ok(open(&start)?.map(|repository| (repository, start)))
}

/// Opens the repository around `start`.
fn open(start: &Path) -> Result<Option<gix::Repository>, Error> {
    let options = Mapping {
        full: options(Trust::Full),
        reduced: options(Trust::Reduced),
    };
    open_with(start, options)
}

fn open_with(
    start: &Path,
    options: Mapping<gix::open::Options>,
) -> Result<Option<gix::Repository>, Error> {
    use upwards::Error::{NoGitRepository, NoGitRepositoryWithinCeiling, NoGitRepositoryWithinFs};
    match gix::ThreadSafeRepository::discover_opts(start, upwards::Options::default(), options) {
        Ok(repository) => Ok(Some(repository.to_thread_local())),
        Err(error) => match error.downcast_any_ref() {
            Some(
                NoGitRepository { .. }
                | NoGitRepositoryWithinCeiling { .. }
                | NoGitRepositoryWithinFs { .. },
            ) => Ok(None),
            _ => Err(Error::caused(
                start,
                "the repository cannot be opened",
                &error,
            )),
        },
    }
}

fn absolute(path: &Path) -> Result<PathBuf, Error> {
    std::path::absolute(path).map_err(|error| Error::new(path, error))
}

/// Deaf to everything but the repository's own file.
fn options(trust: Trust) -> gix::open::Options {
    gix::open::Options::default_for_level(trust).permissions(gix::open::Permissions::isolated())
}

/// The folder that the repository stands for. Its configuration may claim any folder as the work tree: it is believed
/// only if the search began in there.
fn root(repository: &gix::Repository, start: &Path) -> Result<PathBuf, Error> {
    let real = start
        .canonicalize()
        .map_err(|error| Error::new(start, error))?;
    let holds = |root: &&Path| root.canonicalize().is_ok_and(|root| real.starts_with(root));
    let root = [repository.workdir(), Some(repository.git_dir())]
        .into_iter()
        .flatten()
        .find(holds);
    match root {
        Some(root) => Ok(root.to_owned()),
        None => Err(Error::new(
            start,
            "core.worktree of the repository names another folder",
        )),
    }
}

fn head(repository: &gix::Repository) -> gix::Result<Option<String>> {
    let id = repository.head()?.try_into_peeled_id()?;
    Ok(id.map(|id| id.to_string()))
}

fn remote(repository: &gix::Repository) -> gix::Result<Option<String>> {
    let remote = repository
        .find_default_remote(Direction::Fetch)
        .transpose()?;
    Ok(remote.and_then(|remote| public(remote.url(Direction::Fetch)?)))
}

/// The URL without what may be secret.
fn public(url: &gix::Url) -> Option<String> {
    let mut url = url.clone();
    match url.scheme {
        Scheme::Http | Scheme::Https => url.path = url.path_query_fragment().path.to_owned(),
        Scheme::File | Scheme::Git | Scheme::Ssh => {}
        Scheme::Ext | Scheme::Helper(_) | Scheme::HelperUrl(_) => return None,
    }
    url.set_user(None);
    url.set_password(None);
    Some(url.to_bstring().to_string())
}

/// A repository could not be used. The message names the folder, and never quotes a file.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    message: String,
}

/// Whose fault an [`Error`] is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The repository is damaged, or cannot be reached.
    Repository,
    /// There is no repository where one was named.
    Absent,
    /// What was asked for names no commit, or is not in the form that git gives it.
    Request,
    /// The history that was asked for is not in this shallow clone.
    Shallow,
}

impl Error {
    /// Whose fault it is.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    fn of(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
        }
    }

    fn new(path: &Path, reason: impl fmt::Display) -> Self {
        Self::of(ErrorKind::Repository, format!("{path:?}: {reason}"))
    }

    fn absent(path: &Path) -> Self {
        let message = format!("{path:?}: not in a git repository");
        Self::of(ErrorKind::Absent, message)
    }

    /// With the system's reason, if it gave one. All else that `gix` says may quote the repository.
    fn caused(path: &Path, what: &str, error: &gix::Error) -> Self {
        match error.downcast_any_ref::<std::io::Error>() {
            Some(cause) => Self::new(path, format!("{what}: {cause}")),
            None => Self::new(path, what),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}
