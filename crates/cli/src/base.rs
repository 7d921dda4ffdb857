//! The commit whose policy judges: `--policy-from`. A pull request must not approve itself, so what decides over it is
//! read from the branch that it goes to, and not from the files that it brings.

use std::path::{Component, Path, PathBuf};

use keysieve_git::Opened;

use crate::exit::usage;
use crate::input::{git_environment, git_error};

/// A commit, and the repository that holds it.
#[derive(Debug)]
pub(crate) struct Base {
    opened: Opened,
    /// Found once: a branch may move while files are read.
    commit: String,
    revision: String,
    root: PathBuf,
}

impl Base {
    /// The commit that `revision` names in the repository at `root`.
    pub(crate) fn open(revision: &str, root: &Path) -> anyhow::Result<Self> {
        let wrong = |error| {
            let error = git_error(error);
            usage(format!("--policy-from {revision}: {error}"))
        };
        let opened = Opened::at(Some(root), &git_environment()?).map_err(wrong)?;
        let commit = opened.commit_id(revision).map_err(wrong)?;
        Ok(Self {
            opened,
            commit,
            revision: revision.to_owned(),
            root: root.to_owned(),
        })
    }

    /// Whether the path lies in the repository, so that the commit says what it holds.
    pub(crate) fn has_place_of(&self, path: &Path) -> bool {
        self.within(path).is_some()
    }

    /// The text of a file; `None` where the commit has none.
    pub(crate) fn read(&self, path: &Path) -> anyhow::Result<Option<String>> {
        let name = self.name(path);
        let Some(within) = self.within(path) else {
            return Err(usage(format!("{name} lies outside of the repository")));
        };
        let bytes = self.opened.file_at(&self.commit, within.as_bytes());
        let Some(bytes) = bytes.map_err(git_error)? else {
            return Ok(None);
        };
        String::from_utf8(bytes)
            .map(Some)
            .map_err(|_| usage(format!("{name} is not UTF-8")))
    }

    /// How a file of the commit is called in messages: `origin/main:keysieve.toml`.
    pub(crate) fn name(&self, path: &Path) -> String {
        let within = self.within(path);
        let path = within.unwrap_or_else(|| path.display().to_string());
        format!("{}:{path}", self.revision)
    }

    /// The path from the root, with slashes. `..` is resolved in its text.
    fn within(&self, path: &Path) -> Option<String> {
        let mut resolved = PathBuf::new();
        for component in std::path::absolute(path).ok()?.components() {
            match component {
                Component::ParentDir => drop(resolved.pop()),
                Component::CurDir => {}
                other => resolved.push(other),
            }
        }
        let within = resolved.strip_prefix(&self.root).ok()?;
        let names = within.components().map(|c| c.as_os_str().to_str());
        let names: Vec<&str> = names.collect::<Option<_>>()?;
        (!names.is_empty()).then(|| names.join("/"))
    }
}
