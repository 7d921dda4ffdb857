//! The form of the file.
//!
//! ```text
//! "keysieve cache 2"                         16 bytes
//! key                                        32
//! length of what a whole run came to, and it 8 (little-endian), n; 0 where that is not known
//! SHA-256 of all above                       32
//! entry, entry, ...                          name 16, n 1, n times (counter 1, count 1 to 10)
//! SHA-256 of the one above and the entries   32
//! ```
//!
//! Counters of an entry that are 0 are left out: most entries have some 22 bytes.

use std::collections::HashMap;
use std::io::Read;

use keysieve_engine::{Origin, Tally};
use sha2::{Digest as _, Sha256};

use super::answer::{self, Answer};
use super::{Digest, Refused, digest};

const MAGIC: &[u8; 16] = b"keysieve cache 2";
const HASH: usize = 32;
/// The part of a header that always has the same length.
const START: usize = MAGIC.len() + HASH + 8;
/// So many bytes of entries are kept: those of some ten million objects.
pub(super) const MOST: usize = 256 << 20;

/// The name of an object together with the path that it is scanned under. 128 bits of SHA-256: to have a content taken
/// for another one, both would have to be made for it by 2^64 trials.
pub(super) type Name = [u8; 16];

/// The first part of the file: enough to answer a rerun of an unchanged repository.
#[derive(PartialEq, Eq)]
pub(super) struct Header {
    pub(super) key: Digest,
    /// What a whole run came to, as [`Answer::encode`] has it; empty where that is not known.
    pub(super) answer: Vec<u8>,
}

impl Header {
    /// Reads a header; `None` where it is of another version.
    pub(super) fn read(file: &mut dyn Read) -> Result<Option<Self>, Refused> {
        let mut bytes = Vec::with_capacity(START);
        file.take(START as u64).read_to_end(&mut bytes)?;
        if bytes.len() < MAGIC.len() {
            return Err(Refused::Damaged);
        }
        if !bytes.starts_with(MAGIC) {
            let is_ours = bytes.starts_with(&MAGIC[..MAGIC.len() - 1]);
            return if is_ours {
                Ok(None)
            } else {
                Err(Refused::Damaged)
            };
        }
        let Some((start, len)) = bytes.split_last_chunk().filter(|_| bytes.len() == START) else {
            return Err(Refused::Damaged);
        };
        let len = u64::from_le_bytes(*len);
        let key = start[MAGIC.len()..].try_into();
        let key = key.expect("the length was checked");
        if len > answer::MOST as u64 {
            return Err(Refused::Damaged);
        }
        file.take(len + HASH as u64).read_to_end(&mut bytes)?;
        let Some((text, end)) = bytes.split_last_chunk::<HASH>() else {
            return Err(Refused::Damaged);
        };
        if text.len() as u64 != START as u64 + len || Sha256::digest(text).as_slice() != end {
            return Err(Refused::Damaged);
        }
        Ok(Some(Self {
            key,
            answer: text[START..].to_vec(),
        }))
    }

    /// What a whole run came to, if that is known.
    pub(super) fn answer(&self) -> Option<Answer> {
        Answer::parse(&self.answer)
    }

    fn write(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend(self.key);
        bytes.extend((self.answer.len() as u64).to_le_bytes());
        bytes.extend(&self.answer);
        let hash: Digest = Sha256::digest(&bytes).into();
        bytes.extend(hash);
        bytes
    }
}

/// The objects that have neither finding nor issue.
#[derive(Default)]
pub(super) struct Memory {
    entries: Vec<u8>,
    /// Where what is said of each begins.
    places: HashMap<Name, u32>,
}

impl Memory {
    /// Reads what follows a header.
    pub(super) fn read(file: &mut dyn Read, header: &Header) -> Result<Self, Refused> {
        let mut entries = Vec::new();
        file.take((MOST + HASH + 1) as u64)
            .read_to_end(&mut entries)?;
        let Some(len) = entries.len().checked_sub(HASH).filter(|&len| len <= MOST) else {
            return Err(Refused::Damaged);
        };
        let (text, end) = entries.split_at(len);
        if checksum(&header.write(), text) != end {
            return Err(Refused::Damaged);
        }
        entries.truncate(len);
        let mut places = HashMap::new();
        let mut rest = &entries[..];
        while !rest.is_empty() {
            let (name, after) = rest.split_first_chunk().ok_or(Refused::Damaged)?;
            let at = entries.len() - after.len();
            places.insert(*name, at as u32); // at most MOST
            rest = tally(after).ok_or(Refused::Damaged)?.1;
        }
        Ok(Self { entries, places })
    }

    /// How many objects there are.
    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    /// The counters of an object that is remembered.
    pub(super) fn get(&self, name: &Name) -> Option<Tally> {
        let at = *self.places.get(name)?;
        let (tally, _) = tally(&self.entries[at as usize..]).expect("the entries were checked");
        Some(tally)
    }
}

/// The whole file. Of more entries than are kept the last ones are left out.
pub(super) fn encode(header: &Header, entries: &[u8]) -> Vec<u8> {
    let mut end = entries.len();
    if end > MOST {
        let mut rest = entries;
        end = 0;
        while let Some((_, after)) = rest.get(size_of::<Name>()..).and_then(tally) {
            if entries.len() - after.len() > MOST {
                break;
            }
            end = entries.len() - after.len();
            rest = after;
        }
    }
    let mut file = header.write();
    let hash = checksum(&file, &entries[..end]);
    file.extend(&entries[..end]);
    file.extend(hash);
    file
}

/// The checksum of the entries, and of the header that they belong to.
fn checksum(header: &[u8], entries: &[u8]) -> Digest {
    let mut hash = Sha256::new();
    hash.update(&header[header.len() - HASH..]);
    hash.update(entries);
    hash.finalize().into()
}

/// The name of what is scanned; `None` for what no history hands out.
pub(super) fn name(origin: &Origin) -> Option<Name> {
    let digest = match origin {
        Origin::Blob { id, path, moved } => {
            let (kind, path) = match (path, moved) {
                (None, _) => (b"blob", &[][..]),
                (Some(path), false) => (b"path", path.as_os_str().as_encoded_bytes()),
                (Some(path), true) => (b"also", path.as_os_str().as_encoded_bytes()),
            };
            digest([kind, id.as_bytes(), path])
        }
        Origin::Message { id, .. } => digest([b"text", id.as_bytes()]),
        _ => return None,
    };
    digest.first_chunk().copied()
}

/// Appends an entry.
pub(super) fn push(entries: &mut Vec<u8>, name: &Name, tally: &Tally) {
    entries.extend(name);
    let slots = || (0u8..).zip(tally.slots()).filter(|(_, count)| **count != 0);
    entries.push(slots().count() as u8); // there are some twenty
    for (slot, &count) in slots() {
        entries.push(slot);
        let mut left = count;
        while left >= 128 {
            entries.push(left as u8 | 128);
            left >>= 7;
        }
        entries.push(left as u8);
    }
}

/// Reads the counters of an entry, and gives what follows.
fn tally(entry: &[u8]) -> Option<(Tally, &[u8])> {
    let (&count, mut rest) = entry.split_first()?;
    let mut slots = [0; Tally::SLOTS];
    for _ in 0..count {
        let (&slot, after) = rest.split_first()?;
        rest = after;
        let mut shift = 0;
        loop {
            let (&byte, after) = rest.split_first()?;
            rest = after;
            *slots.get_mut(usize::from(slot))? |= u64::from(byte & 127).checked_shl(shift)?;
            shift += 7;
            if byte < 128 {
                break;
            }
        }
    }
    Some((Tally::of(slots), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header() -> Header {
        Header {
            key: [1; HASH],
            answer: answer::tests::sample().encode().expect("small"),
        }
    }

    fn file() -> (Vec<u8>, Tally) {
        let mut slots = [0; Tally::SLOTS];
        (slots[0], slots[1], slots[Tally::SLOTS - 1]) = (1, 300, u64::MAX);
        let (mut entries, tally) = (Vec::new(), Tally::of(slots));
        push(&mut entries, &[3; 16], &tally);
        push(&mut entries, &[4; 16], &Tally::default());
        (encode(&header(), &entries), tally)
    }

    fn read(mut bytes: &[u8]) -> Option<Memory> {
        let header = Header::read(&mut bytes).ok()??;
        Memory::read(&mut bytes, &header).ok()
    }

    #[test]
    fn what_is_written_is_read() {
        let (bytes, tally) = file();
        let read_header = Header::read(&mut &bytes[..]).ok().flatten();
        let read_header = read_header.expect("whole");
        assert!(read_header == header());
        assert_eq!(read_header.answer(), Some(answer::tests::sample()));
        let memory = read(&bytes).expect("whole");
        assert_eq!(memory.len(), 2);
        assert_eq!(memory.get(&[3; 16]), Some(tally));
        assert_eq!(memory.get(&[4; 16]), Some(Tally::default()));
        assert_eq!(memory.get(&[5; 16]), None);
    }

    #[test]
    fn a_damaged_file_is_none() {
        let (bytes, _) = file();
        for len in 0..bytes.len() {
            assert!(read(&bytes[..len]).is_none(), "cut at {len}");
        }
        for at in 0..bytes.len() {
            let mut bytes = bytes.clone();
            bytes[at] ^= 1;
            assert!(read(&bytes).is_none(), "changed at {at}");
        }
        let longer = [&bytes[..], b"x"].concat();
        assert!(read(&longer).is_none());
    }

    #[test]
    fn entries_that_say_nothing_are_damage() {
        let mut header = header();
        header.answer.clear();
        let overlong = [&[3; 16][..], &[1, 0], &[255; 11]].concat();
        let unknown = [&[3; 16][..], &[1, 255, 1]].concat();
        for entries in [&b"short"[..], &[3; 16], &overlong, &unknown] {
            assert!(read(&encode(&header, entries)).is_none(), "{entries:?}");
        }
    }

    #[test]
    fn a_path_is_part_of_the_name() {
        let id = keysieve_engine::ObjectId::new(&[7; 20]).expect("20 bytes");
        let names = [
            (None, false),
            (Some("a"), false),
            (Some("a"), true),
            (Some("b"), false),
        ];
        let mut names = names.map(|(path, moved)| {
            let path = path.map(Into::into);
            name(&Origin::Blob { id, path, moved }).expect("a blob has one")
        });
        names.sort_unstable();
        assert!(names.windows(2).all(|pair| pair[0] != pair[1]));
        assert_eq!(name(&Origin::Stdin), None);
    }
}
