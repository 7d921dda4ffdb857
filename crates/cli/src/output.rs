//! Where reports go: standard output, or files that are replaced whole or not at all.

use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use keysieve_engine::source::TEMPORARY_PREFIX;
use tempfile::NamedTempFile;

/// A place for one report, opened before the scan so that a wrong path costs no time.
#[derive(Debug)]
pub(crate) enum Output {
    /// Standard output.
    Stdout,
    /// A file: written beside its place, and moved there when it is complete.
    File {
        path: PathBuf,
        temporary: NamedTempFile,
    },
    /// A device or a pipe given by name: written as it comes.
    Stream { path: PathBuf, file: fs::File },
}

impl Output {
    /// Opens a file, or standard output.
    pub(crate) fn open(path: Option<&Path>) -> anyhow::Result<Self> {
        let Some(path) = path else {
            return Ok(Self::Stdout);
        };
        let cannot = || format!("{} cannot be written", path.display());
        if fs::metadata(path).is_ok_and(|m| !m.is_file()) {
            let file = fs::OpenOptions::new()
                .write(true)
                .open(path)
                .with_context(cannot)?;
            return Ok(Self::Stream {
                path: path.to_owned(),
                file,
            });
        }
        let folder = path
            .parent()
            .filter(|p| !p.as_os_str().is_empty())
            .unwrap_or(Path::new("."));
        let temporary = tempfile::Builder::new()
            .prefix(TEMPORARY_PREFIX)
            .tempfile_in(folder)
            .with_context(cannot)?;
        Ok(Self::File {
            path: path.to_owned(),
            temporary,
        })
    }

    /// Writes a report by `write`, and returns what that returns.
    pub(crate) fn write<T: Default>(
        self,
        write: impl FnOnce(&mut dyn Write) -> io::Result<T>,
    ) -> anyhow::Result<T> {
        match self {
            Self::Stdout => match write(&mut BufWriter::new(io::stdout().lock())) {
                // Who reads has seen enough. The other reports and the exit code do not depend on it.
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(T::default()),
                written => written.context("standard output"),
            },
            Self::Stream { path, file } => {
                write(&mut BufWriter::new(file)).with_context(|| path.display().to_string())
            }
            Self::File { path, temporary } => {
                let cannot = || format!("{} cannot be written", path.display());
                let mut buffered = BufWriter::new(temporary);
                let written = write(&mut buffered).with_context(cannot)?;
                let temporary = buffered
                    .into_inner()
                    .map_err(io::IntoInnerError::into_error)
                    .with_context(cannot)?;
                share(temporary.as_file(), &path).with_context(cannot)?;
                temporary.as_file().sync_all().with_context(cannot)?;
                temporary
                    .persist(&path)
                    .map_err(|e| e.error)
                    .with_context(cannot)?;
                Ok(written)
            }
        }
    }
}

/// Gives the new file the rights of the one that it replaces, or those of any new file: a temporary file is private.
#[cfg(unix)]
fn share(file: &fs::File, path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = fs::metadata(path).map_or(0o644, |old| old.permissions().mode());
    file.set_permissions(fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn share(_: &fs::File, _: &Path) -> io::Result<()> {
    Ok(())
}
