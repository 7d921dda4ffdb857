//! What `keysieve history` remembers from one run to the next, so that a rerun costs what is new.
//!
//! Remembered is, for each object that has neither finding nor issue, that it has none, with its part in the counters
//! of the report; and, if that was so of a whole run, the state of the repository. An object with a finding or an issue
//! is not mentioned: it is scanned again each time. So no secret, no hash of one and no place of one is ever in the file.
//!
//! Nothing is taken from a file that was made with other rules, options or another program ([`key`]), that is damaged
//! ([`memory`]), or that another user could have written ([`place`]). An object counts as remembered only under the
//! path that it was scanned under: rules and kinds of files look at paths.

use sha2::{Digest as _, Sha256};

pub(crate) mod key;
mod memory;
mod place;
mod watch;

use keysieve_engine::Tally;

use memory::{Header, Memory};
pub(crate) use place::{Place, Refused};
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
}

/// What a run adds.
pub(crate) struct Learned {
    /// The objects without findings, as [`Memory`] keeps them.
    pub(crate) entries: Vec<u8>,
    /// Whether some of them were not remembered before, or some that were are gone.
    pub(crate) is_news: bool,
    /// The state of the repository and all counters, if nothing at all was found and nothing went wrong.
    pub(crate) whole: Option<(Digest, Tally)>,
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
        };
        let refused = cache.read(state).err();
        if refused.is_some() {
            (cache.old, cache.memory) = (None, Memory::default());
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
        let is_answer = header.whole.as_ref().map(|whole| &whole.0) == state && state.is_some();
        if !is_answer {
            self.memory = Memory::read(&mut file, &header)?;
        }
        self.old = Some(header);
        Ok(())
    }

    /// All counters of the last run, if it was one over this state without findings and issues.
    pub(crate) fn whole(&self, state: &Digest) -> Option<&Tally> {
        let (known, tally) = self.old.as_ref()?.whole.as_ref()?;
        (known == state).then_some(tally)
    }

    /// Replaces the file by what is known now, if that is another thing.
    pub(crate) fn save(&self, learned: Learned) -> Result<(), Refused> {
        let header = Header {
            key: self.key,
            whole: learned.whole,
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
