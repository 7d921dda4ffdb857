//! Where git looks for the hooks of a repository.

use std::path::{Component, Path, PathBuf};

use gix::config::Source;
use gix::open::Permissions;
use gix::sec::Trust;
use gix::sec::trust::Mapping;

use crate::{Error, absolute, options};

/// The folder of a repository's hooks.
///
/// What git will do depends on the settings of the user and of the system, too: `core.hooksPath` often stands there. So
/// this alone reads them, from where git reads them, with the variables that name their files.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Hooks {
    /// The folder, absolute; it need not be there.
    pub folder: PathBuf,
    /// Whose hooks lie there.
    pub owner: HooksOwner,
}

/// Whose the hooks in a folder are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum HooksOwner {
    /// This repository's, in the folder that git makes: all its work trees have it in common.
    Repository,
    /// This repository's, in a folder of the work tree that its own `core.hooksPath` names: its files may be committed.
    WorkTree,
    /// More than this repository's, or not its own: the folder lies outside of it.
    Elsewhere,
    /// Those of every repository of the user: `core.hooksPath` comes from the settings of the user, the system or the
    /// environment.
    User,
}

impl Hooks {
    /// Of the repository that holds `path`.
    ///
    /// # Errors
    ///
    /// There is no repository, it cannot be opened, git runs no hooks in it for it is somebody else's, or
    /// `core.hooksPath` cannot be understood.
    pub fn of(path: &Path) -> Result<Self, Error> {
        let mapping = Mapping {
            full: options(Trust::Full).permissions(Permissions::all()),
            reduced: options(Trust::Reduced),
        };
        let start = absolute(path)?;
        let repository = crate::open_with(&start, mapping)?.ok_or_else(|| Error::absent(path))?;
        if repository.git_dir_trust() != Trust::Full {
            let reason = "it belongs to another user: git runs no hooks in it";
            return Err(Error::new(path, reason));
        }

        let common = absolute(repository.common_dir())?;
        let config = repository.config_snapshot();
        let Some(value) = config.string("core.hooksPath") else {
            let folder = common.join("hooks");
            let is_own = lies_in(&folder, &common);
            let owner = if is_own {
                HooksOwner::Repository
            } else {
                HooksOwner::Elsewhere
            };
            return Ok(Self { folder, owner });
        };
        let named = match config.trusted_path("core.hooksPath") {
            Ok(Some(named)) if !value.is_empty() => named,
            _ => return Err(Error::new(path, "core.hooksPath cannot be understood")),
        };
        // Git starts hooks at the top of the work tree, and in the repository where there is none.
        let top = absolute(repository.workdir().unwrap_or(repository.git_dir()))?;
        let folder = top.join(named);
        let is_own = matches!(source(&config), Some(Source::Local | Source::Worktree));
        let owner = if !is_own {
            HooksOwner::User
        } else if lies_in(&folder, &common) {
            HooksOwner::Repository
        } else if lies_in(&folder, &top) {
            HooksOwner::WorkTree
        } else {
            HooksOwner::Elsewhere
        };
        Ok(Self { folder, owner })
    }
}

/// Where the value of `core.hooksPath` that counts comes from: the last one.
fn source(config: &gix::config::File) -> Option<Source> {
    let sections = config.sections_by_name("core")?;
    let with_value = sections.filter(|section| section.value("hooksPath").is_some());
    with_value.last().map(|section| section.meta().source)
}

/// Whether `folder` lies in `outer` when links are followed, as far as there is something of it.
fn lies_in(folder: &Path, outer: &Path) -> bool {
    let Ok(outer) = outer.canonicalize() else {
        return false;
    };
    for ancestor in folder.ancestors() {
        if let Ok(real) = ancestor.canonicalize() {
            let rest = folder.strip_prefix(ancestor);
            let rest = rest.expect("an ancestor is a prefix");
            let mut components = rest.components();
            return components.all(|c| matches!(c, Component::Normal(_)))
                && real.starts_with(outer);
        }
        // A link to what is not there: nobody knows where it leads.
        if ancestor.is_symlink() {
            return false;
        }
    }
    false
}
