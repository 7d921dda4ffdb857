//! The kinds of objects, as bits of a set.

/// What an object is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(crate) enum Kind {
    Commit = 1,
    Tree = 2,
    Blob = 4,
    Tag = 8,
}

/// All kinds.
pub(crate) const ALL: u8 = 15;

impl Kind {
    pub(crate) const fn from_bit(bit: u8) -> Option<Self> {
        match bit {
            1 => Some(Self::Commit),
            2 => Some(Self::Tree),
            4 => Some(Self::Blob),
            8 => Some(Self::Tag),
            _ => None,
        }
    }

    /// By the word that git uses.
    pub(crate) fn from_name(name: &[u8]) -> Option<Self> {
        gix::objs::Kind::from_bytes(name).ok().map(Self::from)
    }
}

impl From<Kind> for gix::objs::Kind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Commit => Self::Commit,
            Kind::Tree => Self::Tree,
            Kind::Blob => Self::Blob,
            Kind::Tag => Self::Tag,
        }
    }
}

impl From<gix::objs::Kind> for Kind {
    fn from(kind: gix::objs::Kind) -> Self {
        match kind {
            gix::objs::Kind::Commit => Self::Commit,
            gix::objs::Kind::Tree => Self::Tree,
            gix::objs::Kind::Blob => Self::Blob,
            gix::objs::Kind::Tag => Self::Tag,
        }
    }
}
