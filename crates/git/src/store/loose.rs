//! Objects in files of their own.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::inflate::{Buffer, Inflater};
use super::kind::Kind;
use super::{Fault, Id};

/// The longest header: the longest kind, 20 digits, a space and a zero.
const HEADER: usize = 32;
/// How much of a file is read for its header: deflated, a header stands in far less.
const HEAD: u64 = 512;

/// The loose objects of all object directories, sorted by id.
#[derive(Default)]
pub(super) struct Loose {
    /// The id, and the directory by number.
    ids: Vec<(Id, u32)>,
    directories: Vec<PathBuf>,
}

impl Loose {
    /// Adds what lies in `objects`. The error is that of the last directory that could not be listed.
    pub(super) fn list(&mut self, objects: &Path, hash: gix::hash::Kind) -> io::Result<()> {
        let directory = self.directories.len() as u32;
        self.directories.push(objects.to_owned());
        let mut result = Ok(());
        for first in 0..=255u8 {
            let entries = match fs::read_dir(objects.join(format!("{first:02x}"))) {
                Ok(entries) => entries,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => {
                    result = Err(error);
                    continue;
                }
            };
            for entry in entries {
                match entry {
                    Ok(entry) => {
                        let id = id(first, &entry.file_name(), hash);
                        self.ids.extend(id.map(|id| (id, directory)));
                    }
                    Err(error) => result = Err(error),
                }
            }
        }
        result
    }

    /// Sorts, and drops what two directories hold; call it after the last [`Loose::list`].
    pub(super) fn sort(&mut self) {
        self.ids.sort_unstable();
        self.ids.dedup_by(|b, a| a.0 == b.0);
    }

    /// All ids.
    pub(super) fn into_ids(self) -> Vec<Id> {
        self.ids.into_iter().map(|(id, _)| id).collect()
    }

    pub(super) fn len(&self) -> usize {
        self.ids.len()
    }

    pub(super) fn id(&self, at: u32) -> &[u8] {
        self.ids[at as usize].0.as_bytes()
    }

    /// Where the object of this id is.
    pub(super) fn find(&self, id: &[u8]) -> Option<u32> {
        let at = self
            .ids
            .binary_search_by(|entry| entry.0.as_bytes().cmp(id));
        at.ok().map(|at| at as u32)
    }

    /// The kind of an object, read from the start of its file.
    pub(super) fn kind(
        &self,
        at: u32,
        inflater: &mut Inflater,
        file: &mut Vec<u8>,
    ) -> Result<Kind, Fault> {
        self.open(at, file, HEAD)?;
        let mut header = [0; HEADER];
        let len = inflater.prefix(file, &mut header).ok_or(Fault::Corrupt)?;
        Ok(parse(&header[..len]).ok_or(Fault::Corrupt)?.kind)
    }

    /// Reads an object of at most `most` bytes. Its content is in `out` from the returned position on.
    pub(super) fn read(
        &self,
        at: u32,
        most: u64,
        inflater: &mut Inflater,
        file: &mut Vec<u8>,
        out: &mut Buffer,
    ) -> Result<(Kind, usize), Fault> {
        // Deflate makes nothing longer by more than a thousandth and a few bytes.
        let length = self.open(at, file, most.saturating_add(most / 512 + HEAD))?;
        let mut header = [0; HEADER];
        let len = inflater.prefix(file, &mut header).ok_or(Fault::Corrupt)?;
        let header = parse(&header[..len]).ok_or(Fault::Corrupt)?;
        if header.size > most || length > file.len() as u64 {
            return Err(Fault::TooLarge);
        }
        let whole = header.len + usize::try_from(header.size).map_err(|_| Fault::TooLarge)?;
        if inflater.exact(file, out.resize(whole)) {
            Ok((header.kind, header.len))
        } else {
            Err(Fault::Corrupt)
        }
    }

    /// Reads up to `most` bytes of a file, and gives its length.
    fn open(&self, at: u32, file: &mut Vec<u8>, most: u64) -> Result<u64, Fault> {
        let (id, directory) = &self.ids[at as usize];
        let name = id.to_string();
        let path = self.directories[*directory as usize]
            .join(&name[..2])
            .join(&name[2..]);
        file.clear();
        let read = |file: &mut Vec<u8>| {
            // A FIFO would be waited for.
            let metadata = path.metadata()?;
            if !metadata.is_file() {
                return Err(io::ErrorKind::InvalidInput.into());
            }
            File::open(&path)?.take(most).read_to_end(file)?;
            Ok(metadata.len())
        };
        read(file).map_err(|error: io::Error| match error.kind() {
            io::ErrorKind::NotFound => Fault::Vanished,
            _ => Fault::Unreadable,
        })
    }
}

/// `blob 17\0`, taken apart.
struct Header {
    kind: Kind,
    size: u64,
    len: usize,
}

fn parse(start: &[u8]) -> Option<Header> {
    let end = memchr::memchr(0, start)?;
    let space = memchr::memchr(b' ', &start[..end])?;
    let digits = &start[space + 1..end];
    if !digits.iter().all(u8::is_ascii_digit) {
        return None; // `parse` would take a plus sign
    }
    Some(Header {
        kind: Kind::from_name(&start[..space])?,
        size: std::str::from_utf8(digits).ok()?.parse().ok()?,
        len: end + 1,
    })
}

/// The id of a file, by its name; `None` for a name of another kind, such as that of a temporary file.
fn id(first: u8, name: &OsStr, hash: gix::hash::Kind) -> Option<Id> {
    let name = name.to_str()?;
    if name.len() + 2 != hash.len_in_hex() || name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return None;
    }
    Id::from_hex(format!("{first:02x}{name}").as_bytes()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_exact() {
        let header = parse(b"blob 17\0rest").expect("valid");
        assert_eq!((header.kind, header.size, header.len), (Kind::Blob, 17, 8));
        for broken in [
            &b"blob 17"[..],
            b"blob +17\0",
            b"blob -1\0",
            b"blob \0",
            b"blb 1\0",
            b"blob\0",
            b" 1\0",
            b"",
            b"blob 99999999999999999999999\0",
        ] {
            assert!(parse(broken).is_none(), "{broken:?}");
        }
    }

    #[test]
    fn only_names_of_objects_are_objects() {
        let hash = gix::hash::Kind::Sha1;
        assert!(id(0xab, "0".repeat(38).as_ref(), hash).is_some());
        for other in [
            "0".repeat(37),
            "0".repeat(62),
            "A".repeat(38),
            "g".repeat(38),
            "tmp_obj_x".into(),
        ] {
            assert!(id(0xab, other.as_ref(), hash).is_none(), "{other}");
        }
    }
}
