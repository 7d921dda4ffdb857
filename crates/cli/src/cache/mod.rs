//! What `keysieve history` remembers from one run to the next, so that a rerun costs what is new.
//!
//! Remembered is, for each object that has neither finding nor issue, that it has none, with its part in the counters
//! of the report. Of a whole run it is also remembered which objects do have findings, and what the history says of
//! them ([`answer`]): as long as nothing in the repository changes, those few are scanned again and nothing else is
//! ([`Replay`]). No secret, no hash of one and no text of a commit is ever in the file.
//!
//! Nothing is taken from a file that was made with other rules, options or another program ([`key`]), that is damaged
//! ([`memory`]), or that another user could have written ([`place`]). An object counts as remembered only under the
//! path that it was scanned under: rules and kinds of files look at paths.

use sha2::{Digest as _, Sha256};

mod answer;
pub(crate) mod key;
mod memory;
mod place;
mod replay;
mod watch;

pub(crate) use answer::{Answer, Attributed};
use memory::{Header, Memory};
pub(crate) use place::{Place, Refused};
pub(crate) use replay::Replay;
pub(crate) use watch::Watch;

/// SHA-256.
pub(crate) type Digest = [u8; 32];

/// The memory of one kind of run over one repository.
pub(crate) struct Cache {
    place: Place,
    key: Digest,
    /// As the file has it; `None` where there is none of use.
    old: Option<Header>,
    memory: Memory,
    /// What the last run came to, if it was one over the state of now.
    answer: Option<Answer>,
}

/// What a run adds.
pub(crate) struct Learned {
    /// The objects without findings, as [`Memory`] keeps them.
    pub(crate) entries: Vec<u8>,
    /// Whether some of them were not remembered before, or some that were are gone.
    pub(crate) is_news: bool,
    /// What the run came to, if all of it can be said again; without where the findings come from.
    pub(crate) answer: Option<Answer>,
}

impl Cache {
    /// Opens the cache at `place`. What cannot be used is as if it were not there; the second value says why.
    pub(crate) fn open(
        place: Place,
        key: Digest,
        state: Option<&Digest>,
    ) -> (Self, Option<Refused>) {
        let mut cache = Self {
            place,
            key,
            old: None,
            memory: Memory::default(),
            answer: None,
        };
        let refused = cache.read(state).err();
        if refused.is_some() {
            (cache.old, cache.memory, cache.answer) = (None, Memory::default(), None);
        }
        (cache, refused)
    }

    fn read(&mut self, state: Option<&Digest>) -> Result<(), Refused> {
        let Some(mut file) = self.place.open()? else {
            return Ok(());
        };
        let Some(header) = Header::read(&mut file)? else {
            return Ok(()); // of another version
        };
        if header.key != self.key {
            return Ok(());
        }
        let answer = header.answer();
        self.answer = answer.filter(|answer| Some(&answer.state) == state);
        if self.answer.is_none() {
            self.memory = Memory::read(&mut file, &header)?;
        }
        self.old = Some(header);
        Ok(())
    }

    /// What the last run came to, if it was one over the state of now.
    pub(crate) fn take_answer(&mut self) -> Option<Answer> {
        self.answer.take()
    }

    /// Replaces the file by what is known now, if that is another thing. `values` are the secrets that were found: an
    /// answer that holds one of them is not written.
    pub(crate) fn save<'v>(
        &self,
        learned: Learned,
        mut values: impl Iterator<Item = &'v [u8]>,
    ) -> Result<(), Refused> {
        let answer = learned.answer.and_then(|answer| answer.encode());
        let mut holds_value = |answer: &Vec<u8>| {
            values.any(|value| {
                let mut places = answer.windows(value.len().max(1));
                places.any(|place| place == value)
            })
        };
        let header = Header {
            key: self.key,
            answer: answer
                .filter(|answer| !holds_value(answer))
                .unwrap_or_default(),
        };
        if !learned.is_news && self.old.as_ref() == Some(&header) {
            return Ok(());
        }
        self.place
            .replace(&memory::encode(&header, &learned.entries))
    }
}

/// The digest of these parts, each with its length.
pub(crate) fn digest<'p>(parts: impl IntoIterator<Item = &'p [u8]>) -> Digest {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}
