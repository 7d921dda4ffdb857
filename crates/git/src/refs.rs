//! What refers to objects from outside of the object store: refs, reflogs, worktrees.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use gix::refs::TargetRef;
use keysieve_engine::{Issue, IssueKind};

use crate::store::Id;

/// Everything that points into the object store.
#[derive(Default)]
pub(crate) struct Refs {
    /// `HEAD` first, then refs by name.
    pub(crate) tips: Vec<Tip>,
    /// The commit of `HEAD`.
    pub(crate) head: Option<Id>,
    /// What reflogs remember.
    pub(crate) logged: HashSet<Id>,
    /// What the indexes of the repository and its worktrees hold.
    pub(crate) staged: HashSet<Id>,
    /// Commits whose parents were not fetched.
    pub(crate) shallow: HashSet<Id>,
    /// What could not be read.
    pub(crate) issues: Vec<Issue>,
}

/// A ref.
pub(crate) struct Tip {
    pub(crate) name: String,
    /// What it points at; not peeled.
    pub(crate) target: Id,
}

impl Tip {
    /// Whether `name` means this ref: in full, or without what stands before the names of branches, tags and remotes.
    pub(crate) fn is_called(&self, name: &str) -> bool {
        let short = ["refs/heads/", "refs/tags/", "refs/remotes/", "refs/"];
        self.name == name
            || short
                .iter()
                .any(|prefix| self.name.strip_prefix(prefix) == Some(name))
    }
}

/// Folders of reflogs are not entered deeper than this.
const DEPTH: usize = 64;
/// So much of a reflog is read. A line has some 200 bytes.
const LOG: u64 = 256 << 20;

impl Refs {
    /// Reads all of a repository and its worktrees.
    pub(crate) fn read(repository: &gix::Repository) -> Self {
        let mut refs = Self::default();
        match repository.head_id() {
            Ok(id) => {
                refs.head = Some(id.detach());
                refs.tip("HEAD", id.detach());
            }
            // Before the first commit there is no id.
            Err(_) if repository.head().is_ok() => {}
            Err(_) => refs.unreadable("HEAD"),
        }
        refs.list(repository, "");
        refs.index(repository);
        refs.worktrees(repository);
        refs.tips
            .sort_by(|a, b| (a.name != "HEAD", &a.name).cmp(&(b.name != "HEAD", &b.name)));
        refs.tips.dedup_by(|b, a| a.name == b.name);

        let hex_len = repository.object_hash().len_in_hex();
        refs.logs(&repository.common_dir().join("logs"), hex_len, DEPTH);
        match repository.shallow_commits() {
            Ok(Some(commits)) => refs.shallow.extend(commits.iter()),
            Ok(None) => {}
            Err(_) => refs.unreadable("the list of shallow commits"),
        }
        refs
    }

    fn tip(&mut self, name: impl Into<String>, target: Id) {
        self.tips.push(Tip {
            name: name.into(),
            target,
        });
    }

    /// Adds the refs that a repository or worktree sees, named after `prefix` if they are its own.
    fn list(&mut self, repository: &gix::Repository, prefix: &str) {
        let Ok(platform) = repository.references() else {
            return self.unreadable("the refs");
        };
        let Ok(all) = platform.all() else {
            return self.unreadable("the refs");
        };
        for reference in all {
            match reference {
                Ok(reference) => {
                    // Symbolic refs name another one, which comes by itself.
                    if let TargetRef::Object(id) = reference.target() {
                        let name = reference.name().as_bstr().to_string();
                        if prefix.is_empty() {
                            self.tip(name, id.to_owned());
                        } else if is_private(&name) {
                            self.tip(format!("{prefix}/{name}"), id.to_owned());
                        }
                    }
                }
                Err(_) => self.unreadable("a ref"),
            }
        }
    }

    /// Adds what is staged.
    fn index(&mut self, repository: &gix::Repository) {
        match repository.try_index() {
            Ok(Some(index)) => self
                .staged
                .extend(index.entries().iter().map(|entry| entry.id)),
            Ok(None) => {}
            Err(_) => self.unreadable("an index"),
        }
    }

    /// Whether the object of this id is staged.
    pub(crate) fn is_staged(&self, id: &[u8]) -> bool {
        Id::try_from(id).is_ok_and(|id| self.staged.contains(&id))
    }

    /// Adds what worktrees have of their own: `HEAD`, some refs, reflogs.
    fn worktrees(&mut self, repository: &gix::Repository) {
        let Ok(worktrees) = repository.worktrees() else {
            return self.unreadable("the list of worktrees");
        };
        for worktree in worktrees {
            let name = worktree.id().map(|id| id.to_string()).unwrap_or_default();
            let logs = worktree.git_dir().join("logs");
            self.logs(&logs, repository.object_hash().len_in_hex(), DEPTH);
            let prefix = format!("worktrees/{name}");
            match worktree.into_repo_with_possibly_inaccessible_worktree() {
                Ok(worktree) => {
                    match worktree.head_id() {
                        Ok(id) => self.tip(format!("{prefix}/HEAD"), id.detach()),
                        Err(_) if worktree.head().is_ok() => {}
                        Err(_) => self.unreadable("HEAD of a worktree"),
                    }
                    self.list(&worktree, &prefix);
                    self.index(&worktree);
                }
                Err(_) => self.unreadable("a worktree"),
            }
        }
    }

    /// Adds what the reflogs below `folder` remember. They are read as files, so that those of deleted refs count too.
    fn logs(&mut self, folder: &Path, hex_len: usize, depth: usize) {
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return,
            Err(_) => return self.unreadable("a folder of reflogs"),
        };
        for entry in entries {
            let read = entry.and_then(|entry| Ok((entry.path(), entry.file_type()?)));
            match read {
                Ok((path, kind)) if kind.is_dir() && depth > 0 => {
                    self.logs(&path, hex_len, depth - 1)
                }
                Ok((path, kind)) if kind.is_file() => {
                    if self.log(&path, hex_len).is_err() {
                        self.unreadable("a reflog");
                    }
                }
                Ok(_) => {}
                Err(_) => self.unreadable("a reflog"),
            }
        }
    }

    /// Each line begins with the id before and the id after.
    fn log(&mut self, path: &Path, hex_len: usize) -> io::Result<()> {
        for line in BufReader::new(File::open(path)?.take(LOG)).split(b'\n') {
            let line = line?;
            let ids = [line.get(..hex_len), line.get(hex_len + 1..2 * hex_len + 1)];
            let ids = ids
                .into_iter()
                .flatten()
                .filter_map(|id| Id::from_hex(id).ok());
            self.logged.extend(ids.filter(|id| !id.is_null()));
        }
        Ok(())
    }

    fn unreadable(&mut self, what: &str) {
        let issue = Issue::general(
            IssueKind::Unreadable,
            format!("{what} cannot be read: what it refers to may be called unreachable"),
        );
        if !self.issues.contains(&issue) {
            self.issues.push(issue);
        }
    }
}

/// Whether each worktree has a ref of this name of its own.
fn is_private(name: &str) -> bool {
    ["refs/bisect/", "refs/worktree/", "refs/rewritten/"]
        .iter()
        .any(|prefix| name.starts_with(prefix))
}
