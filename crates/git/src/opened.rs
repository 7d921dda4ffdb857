//! A repository that is open for reading what is new in it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use gix::ObjectId;
use gix::bstr::ByteSlice as _;
use gix::sec::Trust;

use crate::change::Objects;
use crate::graph::{CommitInfo, author_and_subject};
use crate::{Error, Repository, absolute};

/// What git tells a hook by environment variables; relative paths are meant from the current folder. Whoever reads the
/// environment fills it in.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    /// `GIT_DIR`: the folder of the repository, or of the linked work tree in it.
    pub git_dir: Option<PathBuf>,
    /// `GIT_WORK_TREE`: the top of the work tree.
    pub work_tree: Option<PathBuf>,
    /// `GIT_INDEX_FILE`: the index of the commit that is being made, such as a temporary one of `git commit -- PATH`.
    pub index_file: Option<PathBuf>,
    /// `GIT_OBJECT_DIRECTORY`: where objects lie, such as the quarantine of what is being pushed.
    pub object_directory: Option<PathBuf>,
    /// `GIT_ALTERNATE_OBJECT_DIRECTORIES`: where more objects lie, in git's spelling: paths joined as in `PATH`, each
    /// quoted if it begins with a quote.
    pub alternate_object_directories: Option<OsString>,
}

/// An open repository. Replacement references do not count in it: what is scanned is what is there.
pub struct Opened {
    pub(crate) repository: gix::Repository,
    pub(crate) objects: Objects,
    pub(crate) index_file: PathBuf,
    pub(crate) root: PathBuf,
}

/// The objects of an open repository, for one thread.
pub struct Contents {
    objects: Objects,
    /// The object that was read last; the memory is reused.
    buffer: Vec<u8>,
}

impl Contents {
    /// As [`Opened::object`].
    pub fn object(&mut self, id: keysieve_engine::ObjectId) -> Option<&[u8]> {
        let id = ObjectId::try_from(id.as_bytes()).ok()?;
        self.objects.any(&id, &mut self.buffer).ok()?;
        Some(&self.buffer)
    }
}

impl std::fmt::Debug for Contents {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Contents").finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Opened {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Opened")
            .field("root", &self.root)
            .finish_non_exhaustive()
    }
}

impl Opened {
    /// Opens the repository that holds `path`. Without a path it is the one that `environment` names, or that of the
    /// current folder.
    ///
    /// The environment speaks of the repository that the hook runs in. Where `path` lies in another one, it does not
    /// count: a hook may look at a submodule or a neighbour without taking the one for the other.
    ///
    /// # Errors
    ///
    /// There is no repository, or it cannot be opened.
    pub fn at(path: Option<&Path>, environment: &Environment) -> Result<Self, Error> {
        let Some(path) = path else {
            return Self::of_hook(environment);
        };
        let (repository, start) = discovered(path)?;
        let is_hooks = of_hook(environment).is_ok_and(|(hooks, _)| is_same(&hooks, &repository));
        let environment = if is_hooks {
            environment.clone()
        } else {
            Environment::default()
        };
        Self::new(repository, &start, &environment)
    }

    fn of_hook(environment: &Environment) -> Result<Self, Error> {
        let (repository, start) = of_hook(environment)?;
        Self::new(repository, &start, environment)
    }

    fn new(
        mut repository: gix::Repository,
        start: &Path,
        environment: &Environment,
    ) -> Result<Self, Error> {
        let root = match (&environment.work_tree, &environment.git_dir) {
            (Some(tree), _) => absolute(tree)?,
            // As git has it: with a folder given, the work tree is the current one.
            (None, Some(_)) if repository.is_bare() => repository.git_dir().to_owned(),
            (None, Some(_)) => absolute(start)?,
            (None, None) => crate::root(&repository, start)?,
        };
        let index_file = match &environment.index_file {
            Some(file) => absolute(file)?,
            None => repository.git_dir().join("index"),
        };
        let objects = Objects::open(&repository, environment)?;
        repository.objects.ignore_replacements = true;
        Ok(Self {
            repository,
            objects,
            index_file,
            root,
        })
    }

    /// What is known of the repository.
    ///
    /// # Errors
    ///
    /// `HEAD` names what is not there, or the default remote cannot be understood.
    pub fn describe(&self) -> Result<Repository, Error> {
        let head = crate::head(&self.repository)
            .map_err(|error| Error::caused(&self.root, "HEAD cannot be resolved", &error))?;
        let remote = crate::remote(&self.repository)
            .map_err(|_| Error::new(&self.root, "the default remote cannot be read"))?;
        Ok(Repository {
            root: self.root.clone(),
            head,
            remote,
        })
    }

    /// The top of the work tree, as [`Repository::root`].
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The folder that all work trees of the repository share: `.git`, or the bare repository itself.
    pub fn common_dir(&self) -> &Path {
        self.repository.common_dir()
    }

    /// The bytes of the blob with this id in hexadecimal, if it is there and no larger than what is scanned.
    pub fn blob(&self, id: keysieve_engine::ObjectId) -> Option<Vec<u8>> {
        let id = ObjectId::try_from(id.as_bytes()).ok()?;
        self.objects.whole_blob(&id)
    }

    /// The bytes of an object of any kind, if it is there and no larger than what is scanned.
    pub fn object(&self, id: keysieve_engine::ObjectId) -> Option<Vec<u8>> {
        let id = ObjectId::try_from(id.as_bytes()).ok()?;
        self.objects.whole(&id)
    }

    /// The same objects, to be read by another thread.
    pub fn contents(&self) -> Contents {
        Contents {
            objects: self.objects.clone(),
            buffer: Vec::new(),
        }
    }

    /// Who wrote a commit, and what it is about; `None` where it cannot be read.
    pub fn commit(&self, id: keysieve_engine::ObjectId) -> Option<CommitInfo> {
        let (author, subject) = author_and_subject(&self.object(id)?);
        Some(CommitInfo {
            id,
            author,
            subject,
        })
    }

    /// The tree of `HEAD`; `None` before the first commit.
    pub(crate) fn head_tree(&self) -> Result<Option<ObjectId>, Error> {
        let head = crate::head(&self.repository)
            .map_err(|error| Error::caused(&self.root, "HEAD cannot be resolved", &error))?;
        let Some(head) = head else { return Ok(None) };
        let id = ObjectId::from_hex(head.as_bytes())
            .map_err(|_| self.error("HEAD cannot be resolved"))?;
        let commit = self
            .objects
            .commit(&id)
            .map_err(|f| self.error(&f.message))?;
        Ok(Some(commit.tree))
    }

    /// The trees of the commits that a merge in progress brings in.
    pub(crate) fn merged_trees(&self) -> Result<Vec<ObjectId>, Error> {
        // It is bounded: octopus merges have a few dozens of parents at most.
        const MAX: u64 = 1 << 16;
        let path = self.repository.git_dir().join("MERGE_HEAD");
        let is_small = |m: std::fs::Metadata| m.is_file() && m.len() <= MAX;
        let text = match std::fs::symlink_metadata(&path).map(is_small) {
            Ok(true) => std::fs::read(&path).map_err(|error| Error::new(&path, error))?,
            Ok(false) => return Err(Error::new(&path, "no list of commits")),
            Err(_) => return Ok(Vec::new()),
        };
        let tree = |line: &[u8]| {
            let id = ObjectId::from_hex(line.trim()).map_err(|_| Error::new(&path, "no commit"))?;
            let commit = self
                .objects
                .commit(&id)
                .map_err(|f| self.error(&f.message))?;
            Ok(commit.tree)
        };
        text.lines().map(tree).collect()
    }

    pub(crate) fn error(&self, reason: &str) -> Error {
        Error::new(&self.root, reason)
    }
}

/// The repository that the environment names, or that of the current folder; and the folder that it was asked for from.
fn of_hook(environment: &Environment) -> Result<(gix::Repository, PathBuf), Error> {
    let here = std::env::current_dir().map_err(|error| Error::new(Path::new("."), error))?;
    let Some(git_dir) = &environment.git_dir else {
        return discovered(&here);
    };
    let git_dir = absolute(git_dir)?;
    let options = crate::options(Trust::Full).open_path_as_is(true);
    match gix::ThreadSafeRepository::open_opts(&git_dir, options) {
        Ok(repository) => Ok((repository.to_thread_local(), here)),
        Err(error) => Err(Error::caused(
            &git_dir,
            "the repository that GIT_DIR names cannot be opened",
            &error,
        )),
    }
}

fn discovered(path: &Path) -> Result<(gix::Repository, PathBuf), Error> {
    let start = absolute(path)?;
    match crate::open(&start)? {
        Some(repository) => Ok((repository, start)),
        None => Err(Error::absent(path)),
    }
}

fn is_same(a: &gix::Repository, b: &gix::Repository) -> bool {
    let real = |repository: &gix::Repository| repository.git_dir().canonicalize().ok();
    real(a).is_some_and(|a| Some(a) == real(b))
}
