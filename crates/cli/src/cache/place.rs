//! Where the file is, and who may have written it.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use keysieve_engine::source::TEMPORARY_PREFIX;

/// The folder in the folder of git.
const FOLDER: &str = "keysieve";
/// The file in either folder.
const FILE: &str = "history";

/// Where the file is.
#[derive(Debug)]
pub(crate) struct Place {
    folder: PathBuf,
    /// Whether the folder was named by the user, who answers for it.
    is_chosen: bool,
}

/// Why a file is not used or not written.
#[derive(Debug)]
pub(crate) enum Refused {
    /// Its checksum is wrong, or it is no cache.
    Damaged,
    /// It, or the folder that it lies in, belongs to somebody else, can be written by others, or is a link.
    Foreign,
    /// The system says so.
    Io(io::Error),
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Damaged => f.write_str("it is damaged"),
            Self::Foreign => f.write_str("another user could have written it"),
            Self::Io(error) => error.fmt(f),
        }
    }
}

impl From<io::Error> for Refused {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl Place {
    /// In the folder of git.
    pub(crate) fn in_git(common_dir: &Path) -> Self {
        Self {
            folder: common_dir.join(FOLDER),
            is_chosen: false,
        }
    }

    /// In a folder of the user's choice.
    pub(crate) fn chosen(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            is_chosen: true,
        }
    }

    /// The file.
    pub(crate) fn path(&self) -> PathBuf {
        self.folder.join(FILE)
    }

    /// Opens the file for reading; `None` where there is none.
    pub(super) fn open(&self) -> Result<Option<File>, Refused> {
        match self.check_folder() {
            Err(Refused::Io(error)) if error.kind() == ErrorKind::NotFound => return Ok(None),
            checked => checked?,
        }
        let path = self.path();
        let metadata = match fs::symlink_metadata(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            metadata => metadata?,
        };
        if !metadata.is_file() || is_open_to_others(&metadata) || !keysieve_git::is_own(&path) {
            return Err(Refused::Foreign);
        }
        let file = File::open(&path)?;
        if !is_same(&metadata, &file.metadata()?) {
            return Err(Refused::Foreign); // put there in between
        }
        Ok(Some(file))
    }

    /// Puts a new file in the place of the old one, all of it or nothing.
    pub(super) fn replace(&self, bytes: &[u8]) -> Result<(), Refused> {
        if self.is_chosen {
            fs::create_dir_all(&self.folder)?;
        } else {
            let above = self.folder.parent().unwrap_or(Path::new(""));
            if !keysieve_git::is_own(above) {
                return Err(Refused::Foreign);
            }
            match fs::create_dir(&self.folder) {
                Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error.into()),
                _ => {}
            }
        }
        self.check_folder()?;
        let mut file = tempfile::Builder::new()
            .prefix(TEMPORARY_PREFIX)
            .tempfile_in(&self.folder)?; // readable by its owner only
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        file.persist(self.path()).map_err(|error| error.error)?;
        Ok(())
    }

    /// A link in the folder of git would lead out of it; in a folder of somebody else's any file can be replaced.
    fn check_folder(&self) -> Result<(), Refused> {
        let metadata = if self.is_chosen {
            fs::metadata(&self.folder)?
        } else {
            fs::symlink_metadata(&self.folder)?
        };
        let is_fit = metadata.is_dir() && (self.is_chosen || keysieve_git::is_own(&self.folder));
        if is_fit {
            Ok(())
        } else {
            Err(Refused::Foreign)
        }
    }
}

#[cfg(unix)]
fn is_open_to_others(metadata: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    metadata.mode() & 0o022 != 0
}

#[cfg(not(unix))]
fn is_open_to_others(_: &fs::Metadata) -> bool {
    false
}

#[cfg(unix)]
fn is_same(a: &fs::Metadata, b: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    (a.dev(), a.ino()) == (b.dev(), b.ino())
}

#[cfg(not(unix))]
fn is_same(a: &fs::Metadata, b: &fs::Metadata) -> bool {
    a.len() == b.len() && b.is_file()
}
