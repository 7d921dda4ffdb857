//! What a whole run over one state of a repository came to: enough to say it again.
//!
//! Contents with findings are named by their ids, and scanned again each time: neither a value nor a line of text is
//! here, but for paths and names of refs. Where a value of more than low confidence stands in one of those, none of this
//! is remembered.

use std::path::PathBuf;

use keysieve_engine::{MessageOf, ObjectId, Origin, Tally};
use keysieve_git::{Attribution, CommitInfo, Reach};

use super::Digest;

/// So many bytes of an answer are kept. A run with more findings is answered by a run.
pub(super) const MOST: usize = 16 << 20;
/// So many contents are scanned again, and so many bytes of them.
pub(super) const MOST_TOLD: usize = 4096;
/// See [`MOST_TOLD`].
pub(super) const MOST_BYTES: u64 = 64 << 20;

/// What is remembered of a whole run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Answer {
    /// The state of the repository.
    pub(crate) state: Digest,
    /// The counters of all contents without findings and issues.
    pub(crate) silent: Tally,
    /// The contents with findings or issues.
    pub(crate) told: Vec<Told>,
    /// The objects that are named and not there.
    pub(crate) missing: Vec<ObjectId>,
    /// Where those with findings come from.
    pub(crate) past: Vec<Attributed>,
}

/// A content with findings or issues.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Told {
    /// Where it stands.
    pub(crate) origin: Origin,
    /// Where in it something may be found: a [`Residue`](keysieve_engine::scan::Residue), empty where there is none.
    pub(crate) residue: Vec<u8>,
}

/// An [`Attribution`] without what the texts of commits say.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Attributed {
    id: ObjectId,
    paths: Vec<PathBuf>,
    has_more_paths: bool,
    introduced: Option<ObjectId>,
    removed: Option<ObjectId>,
    last: Option<ObjectId>,
    in_head: bool,
    refs: Vec<String>,
    more_refs: u64,
    reach: Reach,
}

impl Attributed {
    /// What is kept of an attribution.
    pub(crate) fn new(of: &Attribution) -> Self {
        let id = |commit: &Option<CommitInfo>| commit.as_ref().map(|commit| commit.id);
        Self {
            id: of.id,
            paths: of.paths.clone(),
            has_more_paths: of.has_more_paths,
            introduced: id(&of.introduced),
            removed: id(&of.removed),
            last: id(&of.last),
            in_head: of.in_head,
            refs: of.refs.clone(),
            more_refs: of.more_refs as u64,
            reach: of.reach,
        }
    }

    /// The object that it is of.
    pub(crate) fn id(&self) -> ObjectId {
        self.id
    }

    /// The attribution; `commit` reads commits. `None` where one of them cannot be read.
    pub(crate) fn whole(
        self,
        mut commit: impl FnMut(ObjectId) -> Option<CommitInfo>,
    ) -> Option<Attribution> {
        let mut read = |id: Option<ObjectId>| match id {
            Some(id) => commit(id).map(Some),
            None => Some(None),
        };
        Some(Attribution {
            id: self.id,
            paths: self.paths,
            has_more_paths: self.has_more_paths,
            introduced: read(self.introduced)?,
            removed: read(self.removed)?,
            last: read(self.last)?,
            in_head: self.in_head,
            refs: self.refs,
            more_refs: usize::try_from(self.more_refs).ok()?,
            reach: self.reach,
        })
    }
}

impl Answer {
    /// The bytes of it; `None` where there are too many, or a path is no text.
    pub(super) fn encode(&self) -> Option<Vec<u8>> {
        let mut out = Out(self.state.to_vec());
        self.silent
            .slots()
            .iter()
            .for_each(|&slot| out.number(slot));
        out.number(self.told.len() as u64);
        for told in &self.told {
            out.origin(&told.origin)?;
            out.bytes(&told.residue);
        }
        out.number(self.missing.len() as u64);
        self.missing.iter().for_each(|id| out.id(id));
        out.number(self.past.len() as u64);
        for past in &self.past {
            out.attributed(past)?;
        }
        (out.0.len() <= MOST).then_some(out.0)
    }

    /// Reads what [`Answer::encode`] wrote; `None` where it is something else.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let (state, rest) = bytes.split_first_chunk()?;
        let mut from = In(rest);
        let mut slots = [0; Tally::SLOTS];
        for slot in &mut slots {
            *slot = from.number()?;
        }
        let answer = Self {
            state: *state,
            silent: Tally::of(slots),
            told: from.list(In::told)?,
            missing: from.list(In::id)?,
            past: from.list(In::attributed)?,
        };
        from.0.is_empty().then_some(answer)
    }
}

/// Bytes in the making. Numbers have 8 bytes, little-endian; texts begin with their length.
struct Out(Vec<u8>);

impl Out {
    fn number(&mut self, number: u64) {
        self.0.extend(number.to_le_bytes());
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        self.0.extend(bytes);
    }

    fn id(&mut self, id: &ObjectId) {
        self.bytes(id.as_bytes());
    }

    fn origin(&mut self, origin: &Origin) -> Option<()> {
        let (tag, id, path) = match origin {
            Origin::Blob { id, path, moved } => match (path, moved) {
                (None, _) => (0, id, None),
                (Some(path), false) => (1, id, Some(path)),
                (Some(path), true) => (2, id, Some(path)),
            },
            Origin::Message { of, id } => match of {
                MessageOf::Commit => (3, id, None),
                MessageOf::Tag => (4, id, None),
            },
            _ => return None, // no history hands it out
        };
        self.0.push(tag);
        self.id(id);
        if let Some(path) = path {
            self.bytes(path.to_str()?.as_bytes());
        }
        Some(())
    }

    fn attributed(&mut self, past: &Attributed) -> Option<()> {
        self.id(&past.id);
        self.number(past.paths.len() as u64);
        for path in &past.paths {
            self.bytes(path.to_str()?.as_bytes());
        }
        for commit in [past.introduced, past.removed, past.last] {
            self.bytes(commit.as_ref().map_or(&[], ObjectId::as_bytes));
        }
        self.number(past.refs.len() as u64);
        past.refs
            .iter()
            .for_each(|name| self.bytes(name.as_bytes()));
        self.number(past.more_refs);
        let (reach, commit) = match &past.reach {
            Reach::Ref => (0, None),
            Reach::Reflog => (1, None),
            Reach::Unreachable(commit) => (2, Some(commit)),
            Reach::Staged => (3, None),
            Reach::Dangling => (4, None),
        };
        self.0
            .extend([u8::from(past.has_more_paths), u8::from(past.in_head), reach]);
        if let Some(commit) = commit {
            self.id(commit);
        }
        Some(())
    }
}

/// Bytes that are read from the front.
struct In<'b>(&'b [u8]);

impl<'b> In<'b> {
    fn byte(&mut self) -> Option<u8> {
        self.0.split_off_first().copied()
    }

    fn number(&mut self) -> Option<u64> {
        let (number, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u64::from_le_bytes(*number))
    }

    fn bytes(&mut self) -> Option<&'b [u8]> {
        let len = usize::try_from(self.number()?).ok()?;
        self.0.split_off(..len)
    }

    fn text(&mut self) -> Option<String> {
        Some(std::str::from_utf8(self.bytes()?).ok()?.to_owned())
    }

    /// As many as it says; memory is taken as they come.
    fn list<T>(&mut self, read: impl Fn(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        (0..self.number()?).map(|_| read(self)).collect()
    }

    fn id(&mut self) -> Option<ObjectId> {
        ObjectId::new(self.bytes()?)
    }

    fn origin(&mut self) -> Option<Origin> {
        let (tag, id) = (self.byte()?, self.id()?);
        let message = |of| Some(Origin::Message { of, id });
        match tag {
            0 => Some(Origin::Blob {
                id,
                path: None,
                moved: false,
            }),
            1 | 2 => Some(Origin::Blob {
                id,
                path: Some(self.text()?.into()),
                moved: tag == 2,
            }),
            3 => message(MessageOf::Commit),
            4 => message(MessageOf::Tag),
            _ => None,
        }
    }

    fn told(&mut self) -> Option<Told> {
        Some(Told {
            origin: self.origin()?,
            residue: self.bytes()?.to_vec(),
        })
    }

    fn commit(&mut self) -> Option<Option<ObjectId>> {
        match self.bytes()? {
            [] => Some(None),
            id => ObjectId::new(id).map(Some),
        }
    }

    fn attributed(&mut self) -> Option<Attributed> {
        Some(Attributed {
            id: self.id()?,
            paths: self.list(|from| from.text().map(PathBuf::from))?,
            introduced: self.commit()?,
            removed: self.commit()?,
            last: self.commit()?,
            refs: self.list(Self::text)?,
            more_refs: self.number()?,
            has_more_paths: self.byte()? == 1,
            in_head: self.byte()? == 1,
            reach: match self.byte()? {
                0 => Reach::Ref,
                1 => Reach::Reflog,
                2 => Reach::Unreachable(self.id()?),
                3 => Reach::Staged,
                4 => Reach::Dangling,
                _ => return None,
            },
        })
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    fn id(byte: u8) -> ObjectId {
        ObjectId::new(&[byte; 20]).expect("20 bytes")
    }

    /// With something of everything.
    pub(in super::super) fn sample() -> Answer {
        let mut slots = [0; Tally::SLOTS];
        slots[1] = u64::MAX;
        let blob = |path: Option<&str>, moved| Origin::Blob {
            id: id(1),
            path: path.map(Into::into),
            moved,
        };
        let message = |of| Origin::Message { of, id: id(2) };
        let told = |origin, residue: &[u8]| Told {
            origin,
            residue: residue.to_vec(),
        };
        let past = |reach, introduced| Attributed {
            id: id(3),
            paths: vec!["a/b".into(), "c".into()],
            has_more_paths: true,
            introduced,
            removed: None,
            last: introduced,
            in_head: false,
            refs: vec!["HEAD".into(), "refs/heads/main".into()],
            more_refs: 7,
            reach,
        };
        Answer {
            state: [9; 32],
            silent: Tally::of(slots),
            told: vec![
                told(blob(None, false), b""),
                told(blob(Some("x"), false), b"places"),
                told(blob(Some("x"), true), b""),
                told(message(MessageOf::Commit), b"x"),
                told(message(MessageOf::Tag), b""),
            ],
            missing: vec![id(4), id(5)],
            past: vec![
                past(Reach::Ref, Some(id(6))),
                past(Reach::Reflog, None),
                past(Reach::Unreachable(id(7)), Some(id(7))),
                past(Reach::Staged, None),
                past(Reach::Dangling, None),
            ],
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let bytes = sample().encode().expect("small");
        assert_eq!(Answer::parse(&bytes), Some(sample()));
        for len in 0..bytes.len() {
            assert_eq!(Answer::parse(&bytes[..len]), None, "cut at {len}");
        }
        assert_eq!(Answer::parse(&[&bytes[..], b"x"].concat()), None);
    }

    #[test]
    fn no_number_of_entries_is_believed() {
        let bytes = sample().encode().expect("small");
        let counts = 32 + 8 * Tally::SLOTS;
        for at in counts..counts + 8 {
            let mut bytes = bytes.clone();
            bytes[at] = 0xff;
            assert_eq!(Answer::parse(&bytes), None, "{at}");
        }
    }

    #[test]
    fn a_path_that_is_no_text_has_no_form() {
        #[cfg(unix)]
        {
            use std::os::unix::ffi::OsStrExt as _;
            let mut answer = sample();
            answer.past[0].paths[0] = std::ffi::OsStr::from_bytes(b"\xff").into();
            assert_eq!(answer.encode(), None);
        }
        let mut answer = sample();
        answer.told[0].origin = Origin::Stdin;
        assert_eq!(answer.encode(), None);
    }
}
