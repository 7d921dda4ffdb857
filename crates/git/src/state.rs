//! What a repository holds, told without looking into it: whether two walks would see the same.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use crate::Error;
use crate::history::{HistoryBuilder, submodules};
use crate::refs::Refs;
use crate::store::loose_ids;

/// The checksums at the end of a pack's index: two of up to 32 bytes. Those of a pack are fewer.
const TRAILER: u64 = 64;

/// What a repository holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct State {
    /// Packs with their lengths and checksums, the ids of loose objects, refs, shallow commits, what reflogs remember
    /// and what is staged. Two histories of which this is the same hold the same objects, in the same places of the same
    /// commits, and the same refers to them. It is for comparing only.
    pub description: Vec<u8>,
    /// As [`crate::History::submodules`]. What those hold is not in the description.
    pub submodules: Vec<PathBuf>,
}

impl HistoryBuilder {
    /// The state of the repository that holds `path`; `None` where something cannot be read, so that a walk has
    /// something to say of it.
    ///
    /// The cost is that of listing the object store and reading the refs. Packs are taken by the checksums that they
    /// end in: bytes that rot in a file are found by a walk, not here.
    ///
    /// # Errors
    ///
    /// There is no repository, or it cannot be opened.
    pub fn state(&self, path: &Path) -> Result<Option<State>, Error> {
        let opened = crate::open_around(path)?;
        let (repository, _) = opened.ok_or_else(|| Error::new(path, "no git repository"))?;
        let refs = Refs::read(&repository);
        if !refs.issues.is_empty() {
            return Ok(None);
        }
        let mut text = Text(Vec::new());
        let objects = repository.objects.store_ref().path();
        if text.store(objects, repository.object_hash()).is_err() {
            return Ok(None);
        }
        text.refs(&refs);
        Ok(Some(State {
            description: text.0,
            submodules: submodules(&repository.common_dir().join("modules")),
        }))
    }
}

/// A description in the making. Each part begins with its length, so that no two states read the same.
struct Text(Vec<u8>);

impl Text {
    fn number(&mut self, number: u64) {
        self.0.extend_from_slice(&number.to_le_bytes());
    }

    fn part(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
    }

    fn store(&mut self, objects: &Path, hash: gix::hash::Kind) -> io::Result<()> {
        let mut directories = vec![objects.to_owned()];
        let alternates = gix::odb::alternate::resolve(objects.to_owned(), objects);
        directories.extend(alternates.map_err(|_| io::Error::other("alternates"))?);
        self.number(directories.len() as u64);
        for directory in &directories {
            self.packs(&directory.join("pack"))?;
        }
        let ids = loose_ids(&directories, hash)?;
        self.number(ids.len() as u64);
        ids.iter().for_each(|id| self.part(id.as_bytes()));
        Ok(())
    }

    /// Adds the packs and their indexes in a folder.
    fn packs(&mut self, folder: &Path) -> io::Result<()> {
        let mut files = Vec::new();
        match fs::read_dir(folder) {
            Ok(entries) => {
                for entry in entries {
                    files.push(entry?.path());
                }
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        let is_pack = |file: &PathBuf| file.extension().is_some_and(|e| e == "pack" || e == "idx");
        files.retain(is_pack);
        files.sort_unstable();
        self.number(files.len() as u64);
        for file in files {
            let name = file.file_name().unwrap_or_default();
            self.part(name.as_encoded_bytes());
            let (len, trailer) = trailer(&file)?;
            self.number(len);
            self.part(&trailer);
        }
        Ok(())
    }

    fn refs(&mut self, refs: &Refs) {
        self.number(refs.tips.len() as u64);
        for tip in &refs.tips {
            self.part(tip.name.as_bytes());
            self.part(tip.target.as_bytes());
        }
        for ids in [&refs.shallow, &refs.logged, &refs.staged] {
            let mut ids: Vec<_> = ids.iter().collect();
            ids.sort_unstable();
            self.number(ids.len() as u64);
            ids.iter().for_each(|id| self.part(id.as_bytes()));
        }
    }
}

/// The length of a file, and its last bytes.
fn trailer(path: &Path) -> io::Result<(u64, Vec<u8>)> {
    // A FIFO would be waited for.
    if !path.metadata()?.is_file() {
        return Err(ErrorKind::InvalidInput.into());
    }
    let mut file = File::open(path)?;
    let len = file.metadata()?.len();
    file.seek(SeekFrom::Start(len.saturating_sub(TRAILER)))?;
    let mut end = Vec::new();
    file.take(TRAILER).read_to_end(&mut end)?;
    Ok((len, end))
}
