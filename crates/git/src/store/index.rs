//! The index of a pack: a file that git wrote, or one that was made here for a pack that has none.

use std::path::Path;

use gix::odb::pack::index;

use super::Id;

/// Where the objects of a pack are, by their ids.
pub(super) enum Index {
    File(index::File),
    Made(index::File<Vec<u8>>),
}

/// Calls a method of either.
macro_rules! either {
    ($index:expr, $file:ident => $call:expr) => {
        match $index {
            Index::File($file) => $call,
            Index::Made($file) => $call,
        }
    };
}

impl Index {
    pub(super) fn open(path: &Path, hash: gix::hash::Kind) -> Option<Self> {
        index::File::at(path, hash).ok().map(Self::File)
    }

    /// Makes one of `objects`, their ids and offsets; `pack` is the file that they lie in. `None` where that is more
    /// than an index can say.
    pub(super) fn make(
        mut objects: Vec<(Id, u64)>,
        pack: &Path,
        checksum: &Id,
        hash: gix::hash::Kind,
    ) -> Option<Self> {
        objects.sort_unstable();
        let mut data = b"\xfftOc\0\0\0\x02".to_vec();
        for first in 0..=255 {
            let end = objects.partition_point(|object| object.0.as_bytes()[0] <= first);
            data.extend(u32::try_from(end).ok()?.to_be_bytes());
        }
        for (id, _) in &objects {
            data.extend(id.as_bytes());
        }
        data.resize(data.len() + 4 * objects.len(), 0); // checksums of entries, which nobody asks for here
        let mut large = Vec::new();
        for &(_, offset) in &objects {
            let small = u32::try_from(offset).ok().filter(|&small| small < 1 << 31);
            data.extend(small.unwrap_or(1 << 31 | large.len() as u32).to_be_bytes());
            if small.is_none() {
                large.push(offset);
            }
        }
        large.iter().for_each(|o| data.extend(o.to_be_bytes()));
        data.extend(checksum.as_bytes());
        data.extend(hash.null().as_bytes()); // its own checksum, of the same use
        let file = index::File::from_data(data, pack.with_extension("idx"), hash);
        file.ok().map(Self::Made)
    }

    /// How many objects there are.
    pub(super) fn len(&self) -> u32 {
        either!(self, file => file.num_objects())
    }

    pub(super) fn id(&self, position: u32) -> &[u8] {
        either!(self, file => file.oid_at_index(position).as_bytes())
    }

    pub(super) fn offset(&self, position: u32) -> u64 {
        either!(self, file => file.pack_offset_at_index(position))
    }

    pub(super) fn position(&self, id: &gix::oid) -> Option<u32> {
        either!(self, file => file.lookup(id))
    }

    /// The checksum of the pack, as the index has it.
    pub(super) fn pack_checksum(&self) -> Id {
        either!(self, file => file.pack_checksum())
    }

    /// Whether a file holds what was written to it.
    pub(super) fn is_whole(&self) -> bool {
        match self {
            Self::File(file) => file
                .verify_checksum(&mut gix::progress::Discard, &Default::default())
                .is_ok(),
            Self::Made(_) => true,
        }
    }
}
