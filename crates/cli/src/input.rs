//! From paths on the command line to a source of blobs, and the place that reports name paths from.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use anyhow::Context as _;
use keysieve_engine::source::{FilesBuilder, Source, Stdin};

use crate::exit::usage;
use crate::report::Repository;

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
    /// The place of a scan of `paths`, told from the first that is no standard input.
    pub(crate) fn of(paths: &[PathBuf]) -> anyhow::Result<Self> {
        let here = std::env::current_dir().context("the current folder is gone")?;
        let first = paths
            .iter()
            .find(|p| !is_stdin(p))
            .map_or(here.as_path(), PathBuf::as_path);
        Ok(match keysieve_git::discover(first) {
            Ok(Some(found)) => {
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
