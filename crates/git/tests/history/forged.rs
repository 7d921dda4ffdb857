//! Packs made by hand, as no git would make them.

use std::path::Path;

use sirocco::Format;
use sirocco::deflate::Level;

/// What an entry of a pack says that it is.
pub(crate) enum Kind {
    Tree,
    Blob,
    /// A delta of the object with this id.
    Delta([u8; 20]),
    /// A delta of the entry so many bytes before.
    Before(u64),
}

/// An entry: its id, its kind, what it inflates to, and the length that its header claims.
pub(crate) struct Entry {
    pub(crate) id: [u8; 20],
    pub(crate) kind: Kind,
    pub(crate) bytes: Vec<u8>,
    pub(crate) claimed: u64,
}

impl Entry {
    pub(crate) fn new(id: u8, kind: Kind, bytes: impl Into<Vec<u8>>) -> Self {
        let bytes = bytes.into();
        Self {
            id: [id; 20],
            kind,
            claimed: bytes.len() as u64,
            bytes,
        }
    }

    fn encode(&self) -> Vec<u8> {
        let kind = match self.kind {
            Kind::Tree => 2,
            Kind::Blob => 3,
            Kind::Before(_) => 6,
            Kind::Delta(_) => 7,
        };
        let mut size = self.claimed >> 4;
        let mut out = vec![kind << 4 | (self.claimed & 15) as u8];
        while size > 0 {
            *out.last_mut().unwrap() |= 0x80;
            out.push((size & 0x7f) as u8);
            size >>= 7;
        }
        match self.kind {
            Kind::Delta(base) => out.extend(base),
            Kind::Before(mut distance) => {
                let mut groups = vec![(distance & 0x7f) as u8];
                while distance >> 7 > 0 {
                    distance = (distance >> 7) - 1;
                    groups.push(0x80 | (distance & 0x7f) as u8);
                }
                out.extend(groups.iter().rev());
            }
            Kind::Tree | Kind::Blob => {}
        }
        out.extend(sirocco::compress(Format::Zlib, Level::DEFAULT, &self.bytes));
        out
    }
}

/// A delta that copies `copied` bytes of a base and then inserts `inserted`.
pub(crate) fn delta(base: u64, copied: u32, inserted: &[u8]) -> Vec<u8> {
    let mut out = number(base);
    out.extend(number(u64::from(copied) + inserted.len() as u64));
    let mut at = 0u32;
    while at < copied {
        let len = (copied - at).min(0xff_ffff);
        out.push(0xff);
        out.extend(at.to_le_bytes());
        out.extend(&len.to_le_bytes()[..3]);
        at += len;
    }
    for piece in inserted.chunks(127) {
        out.push(piece.len() as u8);
        out.extend(piece);
    }
    out
}

/// A number as deltas begin with.
pub(crate) fn number(mut value: u64) -> Vec<u8> {
    let mut out = Vec::new();
    loop {
        let low = (value & 0x7f) as u8;
        value >>= 7;
        out.push(if value > 0 { low | 0x80 } else { low });
        if value == 0 {
            return out;
        }
    }
}

/// Writes a pack and its index into a repository. The checksums are zero, which is an issue of its own.
pub(crate) fn write(repository: &Path, name: &str, entries: &[Entry]) {
    let mut pack = b"PACK\0\0\0\x02".to_vec();
    pack.extend((entries.len() as u32).to_be_bytes());
    let mut places: Vec<([u8; 20], u32)> = Vec::new();
    for entry in entries {
        places.push((entry.id, pack.len() as u32));
        pack.extend(entry.encode());
    }
    pack.extend([0; 20]);
    places.sort_unstable();
    let mut index = b"\xfftOc\0\0\0\x02".to_vec();
    for first in 0..=255 {
        let count = places.iter().filter(|place| place.0[0] <= first).count() as u32;
        index.extend(count.to_be_bytes());
    }
    index.extend(places.iter().flat_map(|place| place.0));
    index.extend(places.iter().flat_map(|_| [0; 4]));
    index.extend(places.iter().flat_map(|place| place.1.to_be_bytes()));
    index.extend([0; 40]);
    let folder = repository.join("objects/pack");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(format!("{name}.pack")), pack).unwrap();
    std::fs::write(folder.join(format!("{name}.idx")), index).unwrap();
}
