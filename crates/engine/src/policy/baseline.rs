//! Known secrets: what a repository held when somebody decided to deal with it later.
//!
//! An entry says how many copies of a secret a file holds. It names the secret by its [`Fingerprint`] and has no line,
//! so it survives edits around the secret, and a rename moves it along; a copy more than known is new. One entry is one
//! line of the file, and the lines are sorted:
//!
//! ```text
//! # keysieve baseline 1, key 6f1e2a90
//! ks1:00112233445566778899aabbccddeeff acme-api-key config/prod.env 1
//! ```
//!
//! Two branches that add entries merge line by line; the reader takes lines in any order, and of two entries for one
//! secret in one file the larger count.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::str::FromStr as _;

use crate::Fingerprint;

/// The first words of the file; the version and the key follow.
const HEADER: &str = "# keysieve baseline ";
/// The version of the form.
const VERSION: &str = "1";

/// The known secrets of a repository.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Baseline {
    /// Names the key that the fingerprints were made with: [`crate::Fingerprinter::key_id`].
    key: String,
    secrets: BTreeMap<Fingerprint, Known>,
}

/// What is known of one secret.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Known {
    rule: String,
    /// How many copies each file holds.
    copies: BTreeMap<String, u32>,
}

/// One line of a baseline.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Entry<'a> {
    /// The secret.
    pub fingerprint: Fingerprint,
    /// The rule that found it.
    pub rule: &'a str,
    /// The file, percent-encoded, from the top of the repository.
    pub path: &'a str,
    /// How many copies of the secret the file holds; 0 where only its past does.
    pub count: u32,
}

/// A finding, as far as a baseline is concerned. Findings of one content come in the order of their places; the
/// first files take what has moved.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The secret.
    pub fingerprint: Fingerprint,
    /// The rule that found it.
    pub rule: &'a str,
    /// The file, percent-encoded, from the top of the repository.
    pub path: &'a str,
    /// Tells the contents apart that stood at the path: the versions of a file in a history.
    pub content: usize,
    /// Whether this is an old content, which the newest state does not hold: there a known secret is known wherever and
    /// how often it stands, unless the newest state kept more of its copies than are known.
    pub past: bool,
    /// What else is known of it.
    pub state: State,
}

/// What is known of a [`Place`] before the baseline is asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum State {
    /// Nothing: it is reported unless it is known.
    #[default]
    Open,
    /// The change that is looked at did not add it. If its file has moved, it has moved along.
    Unchanged,
    /// Something else suppresses it: an exception, a comment, a floor. Such a place counts in its own file only, after
    /// those that nothing suppresses: what has moved is not looked for there.
    Settled,
}

/// Why a text is no baseline.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BaselineError {
    /// Counts from 1; 0 where the whole text is meant.
    pub line: usize,
    /// What is wrong.
    pub message: String,
}

impl fmt::Display for BaselineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => f.write_str(&self.message),
            line => write!(f, "line {line}: {}", self.message),
        }
    }
}

impl std::error::Error for BaselineError {}

impl Baseline {
    /// An empty one, of fingerprints made with the key that `key` names.
    pub fn new(key: impl Into<String>) -> Self {
        Self {
            key: key.into(),
            secrets: BTreeMap::new(),
        }
    }

    /// Reads the text of a file.
    ///
    /// # Errors
    ///
    /// The first line that is none of a baseline.
    pub fn parse(text: &str) -> Result<Self, BaselineError> {
        Self::read(text, false)
    }

    /// As [`Baseline::parse`], and passes over the marks that a merge leaves: both sides of a conflict count.
    ///
    /// # Errors
    ///
    /// As [`Baseline::parse`].
    pub fn parse_merged(text: &str) -> Result<Self, BaselineError> {
        Self::read(text, true)
    }

    fn read(text: &str, merged: bool) -> Result<Self, BaselineError> {
        let error = |line: usize, message: &str| BaselineError {
            line,
            message: message.to_owned(),
        };
        let mut baseline: Option<Self> = None;
        for (at, line) in text.lines().enumerate().map(|(i, l)| (i + 1, l.trim_end())) {
            let is_mark = ["<<<<<<<", "=======", ">>>>>>>", "|||||||"]
                .iter()
                .any(|mark| line.starts_with(mark));
            if is_mark && merged || line.is_empty() {
                continue;
            }
            if is_mark {
                return Err(error(
                    at,
                    "a merge left its marks: `keysieve baseline update` resolves them",
                ));
            }
            if let Some(head) = line.strip_prefix(HEADER) {
                let Some((VERSION, key)) = head.split_once(", key ") else {
                    return Err(error(at, "the baseline is of a version that is not known"));
                };
                match &baseline {
                    None => baseline = Some(Self::new(key)),
                    Some(first) if first.key == key => {}
                    Some(_) => return Err(error(at, "two keys made the fingerprints")),
                }
                continue;
            }
            if line.starts_with('#') {
                continue;
            }
            let Some(baseline) = &mut baseline else {
                return Err(error(at, "the first line must be that of a baseline"));
            };
            let entry = Entry::parse(line)
                .ok_or_else(|| error(at, "an entry is: fingerprint, rule, path, count"))?;
            baseline.add(entry);
        }
        baseline.ok_or_else(|| error(0, "the file is empty"))
    }

    /// Names the key that the fingerprints were made with.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Adds an entry; of two for one secret in one file the larger count stays.
    pub fn add(&mut self, entry: Entry<'_>) {
        let known = self
            .secrets
            .entry(entry.fingerprint)
            .or_insert_with(|| Known {
                rule: entry.rule.to_owned(),
                copies: BTreeMap::new(),
            });
        let count = known.copies.entry(entry.path.to_owned()).or_default();
        *count = entry.count.max(*count);
    }

    /// The entries, by secret and path.
    pub fn entries(&self) -> impl Iterator<Item = Entry<'_>> {
        self.secrets.iter().flat_map(|(fingerprint, known)| {
            known.copies.iter().map(|(path, count)| Entry {
                fingerprint: *fingerprint,
                rule: &known.rule,
                path,
                count: *count,
            })
        })
    }

    /// How many secrets are known.
    pub fn len(&self) -> usize {
        self.secrets.len()
    }

    /// Whether no secret is known.
    pub fn is_empty(&self) -> bool {
        self.secrets.is_empty()
    }

    /// Which of `places` are known.
    ///
    /// In its own file a secret is known as often as the entry says. Copies in other files are known as long as others
    /// are missing from where they were: those of an entry of which `lost` says that what its file does not show any more
    /// is gone, because the file is, or because all of it was scanned.
    pub fn known(&self, places: &[Place<'_>], lost: &dyn Fn(Entry<'_>) -> bool) -> Vec<bool> {
        let mut is_known = vec![false; places.len()];
        let mut by_secret: BTreeMap<Fingerprint, Vec<usize>> = BTreeMap::new();
        for (i, place) in places.iter().enumerate() {
            if self.secrets.contains_key(&place.fingerprint) {
                by_secret.entry(place.fingerprint).or_default().push(i);
            }
        }
        for (fingerprint, indices) in by_secret {
            let known = &self.secrets[&fingerprint];
            let lost = |path: &str, count: u32| {
                lost(Entry {
                    fingerprint,
                    rule: &known.rule,
                    path,
                    count,
                })
            };
            known.mark(places, &indices, &lost, &mut is_known);
        }
        is_known
    }

    /// What is left of the baseline after a scan that gave `places`: entries follow their secrets to other files, and
    /// those that are gone are dropped, unless `places` have them in the past. Nothing is added. `lost` is as in
    /// [`Baseline::known`].
    #[must_use]
    pub fn updated(&self, places: &[Place<'_>], lost: &dyn Fn(Entry<'_>) -> bool) -> Self {
        let mut updated = Self::new(self.key.clone());
        for entry in self.entries().filter(|entry| !lost(*entry)) {
            updated.add(entry);
        }
        let known = self.known(places, lost);
        let known = places.iter().zip(known).filter(|(_, known)| *known);
        updated.add_places(known.map(|(place, _)| *place));
        updated
    }

    /// Adds what was found: of several contents of one file, the one that holds most copies counts.
    pub fn add_places<'p>(&mut self, places: impl Iterator<Item = Place<'p>>) {
        let mut counts: BTreeMap<(Fingerprint, &str, &str), HashMap<usize, u32>> = BTreeMap::new();
        for place in places {
            let file = counts
                .entry((place.fingerprint, place.rule, place.path))
                .or_default();
            *file.entry(place.content).or_default() += u32::from(!place.past);
        }
        for ((fingerprint, rule, path), contents) in counts {
            let count = contents.into_values().max().unwrap_or_default();
            self.add(Entry {
                fingerprint,
                rule,
                path,
                count,
            });
        }
    }
}

impl Known {
    /// Marks the known ones of the places of one secret.
    fn mark(
        &self,
        places: &[Place<'_>],
        indices: &[usize],
        lost: &dyn Fn(&str, u32) -> bool,
        is_known: &mut [bool],
    ) {
        // How often it stands in each content, and in the fullest content of each file.
        let mut in_content: HashMap<(&str, usize), Copies> = HashMap::new();
        let mut in_file: HashMap<&str, Copies> = HashMap::new();
        let mut files = Vec::new();
        let mut ordinals = Vec::with_capacity(indices.len());
        for place in indices.iter().map(|&i| places[i]) {
            let copies = in_content.entry((place.path, place.content)).or_default();
            copies.unchanged += u32::from(place.state == State::Unchanged);
            let count = copies.of(place.state);
            *count += 1;
            ordinals.push(*count);
            if !place.past {
                let fullest = in_file.entry(place.path).or_insert_with(|| {
                    files.push(place.path);
                    Copies::default()
                });
                fullest.unchanged = fullest.unchanged.max(copies.unchanged);
                fullest.open = fullest.open.max(copies.open);
                fullest.settled = fullest.settled.max(copies.settled);
            }
        }
        let seen = |path: &str| in_file.get(path).copied().unwrap_or_default();
        let missing = |(path, count): (&String, &u32)| {
            let Copies { open, settled, .. } = seen(path);
            let left = count.saturating_sub(open).saturating_sub(settled);
            if left > 0 && lost(path, *count) {
                left
            } else {
                0
            }
        };
        let mut moved: u32 = self.copies.iter().map(missing).sum();
        // Files in the order of their places take what has moved away from others, and first of all those that a change
        // moved.
        let own = |path: &str| self.copies.get(path).copied().unwrap_or_default();
        let mut allowed: HashMap<&str, Copies> = HashMap::new();
        for is_first in [true, false] {
            for &path in &files {
                let (own, seen) = (own(path), in_file[path]);
                let allowed = allowed.entry(path).or_insert(Copies {
                    open: own,
                    settled: own.saturating_sub(seen.open),
                    ..Copies::default()
                });
                let takes = if is_first { seen.unchanged } else { seen.open };
                let taken = moved.min(takes.saturating_sub(allowed.open));
                moved -= taken;
                allowed.open += taken;
            }
        }
        for (&i, ordinal) in indices.iter().zip(ordinals) {
            let place = places[i];
            let allowed = allowed
                .get_mut(place.path)
                .map(|copies| *copies.of(place.state));
            is_known[i] = place.past || allowed.is_some_and(|allowed| ordinal <= allowed);
        }
        charge(places, indices, is_known);
    }
}

/// Of several changes in a row a later one can leave alone what an earlier one added. As often as the newest state has a
/// copy too many that is [`State::Unchanged`] there, what put a copy into an old content is new: into one of the same
/// file, or else the first.
fn charge(places: &[Place<'_>], indices: &[usize], is_known: &mut [bool]) {
    let mut kept: HashMap<&str, usize> = HashMap::new();
    let mut left = 0;
    for &i in indices {
        if !is_known[i] && places[i].state == State::Unchanged {
            *kept.entry(places[i].path).or_default() += 1;
            left += 1;
        }
    }
    for is_same_file in [true, false] {
        for &i in indices.iter().filter(|i| places[**i].past) {
            if left == 0 {
                return;
            }
            let in_file = kept.get_mut(places[i].path).filter(|kept| **kept > 0);
            let takes = is_known[i] && places[i].state == State::Open;
            if takes && (in_file.is_some() || !is_same_file) {
                in_file.into_iter().for_each(|kept| *kept -= 1);
                is_known[i] = false;
                left -= 1;
            }
        }
    }
}

/// How often a secret stands somewhere.
#[derive(Clone, Copy, Default)]
struct Copies {
    /// [`State::Unchanged`].
    unchanged: u32,
    /// [`State::Open`], and those that are unchanged.
    open: u32,
    /// [`State::Settled`].
    settled: u32,
}

impl Copies {
    /// Those that a place of this state is counted with.
    fn of(&mut self, state: State) -> &mut u32 {
        match state {
            State::Open | State::Unchanged => &mut self.open,
            State::Settled => &mut self.settled,
        }
    }
}

impl<'a> Entry<'a> {
    fn parse(line: &'a str) -> Option<Self> {
        let mut fields = line.split(' ');
        let entry = Self {
            fingerprint: Fingerprint::from_str(fields.next()?).ok()?,
            rule: fields.next().filter(|rule| !rule.is_empty())?,
            path: fields.next().filter(|path| !path.is_empty())?,
            count: fields.next()?.parse().ok()?,
        };
        fields.next().is_none().then_some(entry)
    }
}

impl fmt::Display for Entry<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            fingerprint,
            rule,
            path,
            count,
        } = self;
        write!(f, "{fingerprint} {rule} {path} {count}")
    }
}

impl fmt::Display for Baseline {
    /// The text of the file.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEADER}{VERSION}, key {}", self.key)?;
        let mut lines: Vec<_> = self.entries().map(|entry| entry.to_string()).collect();
        lines.sort_unstable();
        lines.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

#[cfg(test)]
mod tests;
