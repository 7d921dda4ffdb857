//! From paths on the command line to a source of blobs, and the place that reports name paths from.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use anyhow::Context as _;
use keysieve_engine::Origin;
use keysieve_engine::source::{FilesBuilder, Source, Stdin};
use keysieve_git::{ErrorKind, Fate, Newest, Opened, Stand};

use crate::exit::usage;
use crate::report::{Repository, Texts};

/// Where a scan stands.
#[derive(Debug)]
pub(crate) struct Place {
    /// Paths in reports start here: the repository's root, or the current folder outside of one.
    pub(crate) root: PathBuf,
    /// The repository, if the paths lie in one.
    pub(crate) repository: Option<Repository>,
    /// What was wrong with the repository, if it could not be opened.
    pub(crate) problem: Option<String>,
}

impl Place {
    /// The place of a scan of what a repository holds.
    pub(crate) fn in_repository(found: keysieve_git::Repository) -> Self {
        let repository = Repository {
            root: found.root.clone(),
            head: found.head,
            remote: found.remote,
        };
        Self {
            root: found.root,
            repository: Some(repository),
            problem: None,
        }
    }

    /// The place of a scan of `paths`, told from the first that is no standard input.
    pub(crate) fn of(paths: &[PathBuf]) -> anyhow::Result<Self> {
        let here = std::env::current_dir().context("the current folder is gone")?;
        let first = paths
            .iter()
            .find(|p| !is_stdin(p))
            .map_or(here.as_path(), PathBuf::as_path);
        Ok(match keysieve_git::discover(first) {
            Ok(Some(found)) => Self::in_repository(found),
            Ok(None) => Self {
                root: here,
                repository: None,
                problem: None,
            },
            Err(error) => Self {
                root: here,
                repository: None,
                problem: Some(error.to_string()),
            },
        })
    }
}

/// What git tells a hook by environment variables, absolute.
pub(crate) fn git_environment() -> anyhow::Result<keysieve_git::Environment> {
    let path = |name: &str| match std::env::var_os(name).filter(|value| !value.is_empty()) {
        Some(path) => std::path::absolute(path).map(Some).context(name.to_owned()),
        None => Ok(None),
    };
    Ok(keysieve_git::Environment {
        git_dir: path("GIT_DIR")?,
        work_tree: path("GIT_WORK_TREE")?,
        index_file: path("GIT_INDEX_FILE")?,
        object_directory: path("GIT_OBJECT_DIRECTORY")?,
        alternate_object_directories: std::env::var_os("GIT_ALTERNATE_OBJECT_DIRECTORIES"),
    })
}

/// An error of the git crate with the exit code that it deserves.
pub(crate) fn git_error(error: keysieve_git::Error) -> anyhow::Error {
    match error.kind() {
        ErrorKind::Absent | ErrorKind::Request | ErrorKind::Shallow => usage(error),
        _ => error.into(),
    }
}

/// Reads blobs again, for the fingerprints of their lines, and knows what the newest state holds.
pub(crate) struct Blobs<'a>(pub(crate) &'a Opened, pub(crate) &'a dyn Newest);

impl Texts for Blobs<'_> {
    fn text(&self, origin: &Origin) -> Option<Vec<u8>> {
        origin.root_path()?;
        self.0.blob(origin.object()?)
    }

    fn heads(&self) -> usize {
        self.1.heads()
    }

    fn fate(&self, head: usize, path: &Path) -> Fate {
        let root = self.0.root();
        let fate = path.strip_prefix(root).map(|path| self.1.fate(head, path));
        match fate {
            Ok(Fate::Moved(to)) => Fate::Moved(root.join(to)),
            Ok(fate) => fate,
            Err(_) => Fate::Stays,
        }
    }

    fn stand(&self, head: usize, origin: &Origin) -> Stand {
        self.1.stand(head, origin)
    }
}

/// How the files are walked.
#[derive(Debug)]
pub(crate) struct WalkOptions {
    pub(crate) threads: usize,
    pub(crate) honour_ignore_files: bool,
    pub(crate) max_file_size: Option<u64>,
}

/// The source that the paths name.
pub(crate) fn source(
    paths: &[PathBuf],
    root: &Path,
    options: &WalkOptions,
    interrupt: &Arc<AtomicBool>,
) -> anyhow::Result<Box<dyn Source>> {
    if paths.iter().any(|p| is_stdin(p)) {
        if paths.len() > 1 {
            return Err(usage("`-` cannot be combined with other paths"));
        }
        return Ok(Box::new(Stdin::new(std::io::stdin(), interrupt.clone())));
    }
    let mut builder = FilesBuilder::new();
    builder
        .threads(options.threads)
        .ignore_files(options.honour_ignore_files)
        .max_file_size(options.max_file_size)
        .report_root(root)
        .interrupt(interrupt.clone());
    for path in paths {
        builder.root(path);
    }
    Ok(Box::new(builder.build()?))
}

fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}
