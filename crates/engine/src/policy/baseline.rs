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
    /// how often it stands.
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
mod tests {
    use super::*;

    fn fingerprint(n: u8) -> Fingerprint {
        Fingerprint::from_str(&format!("ks1:{}", format!("{n:02x}").repeat(16))).expect("its form")
    }

    fn at(n: u8, path: &str) -> Place<'_> {
        Place {
            fingerprint: fingerprint(n),
            rule: "acme-key",
            path,
            content: 0,
            past: false,
            state: State::Open,
        }
    }

    fn settled(n: u8, path: &str) -> Place<'_> {
        Place {
            state: State::Settled,
            ..at(n, path)
        }
    }

    fn of(places: &[Place<'_>]) -> Baseline {
        let mut baseline = Baseline::new("k");
        baseline.add_places(places.iter().copied());
        baseline
    }

    /// A scan of everything.
    const ALL: fn(Entry<'_>) -> bool = |_| true;
    /// A scan of some changed files, none of which went away.
    const SOME: fn(Entry<'_>) -> bool = |_| false;

    #[test]
    fn what_was_there_is_known_and_one_copy_more_is_new() {
        let old = [at(1, "a"), at(1, "a"), at(2, "b")];
        let baseline = of(&old);
        assert_eq!(baseline.known(&old, &ALL), [true; 3]);
        let more = [at(1, "a"), at(1, "a"), at(1, "a"), at(3, "a")];
        assert_eq!(baseline.known(&more, &ALL), [true, true, false, false]);
        // In another file, while the old copies stay.
        let copied = [at(1, "a"), at(1, "a"), at(1, "c")];
        assert_eq!(baseline.known(&copied, &ALL), [true, true, false]);
    }

    #[test]
    fn a_secret_moves_with_its_file() {
        let baseline = of(&[at(1, "old/a"), at(1, "old/a"), at(1, "keep")]);
        let moved = [at(1, "keep"), at(1, "new/a"), at(1, "new/a")];
        assert_eq!(baseline.known(&moved, &ALL), [true; 3]);
        // Only one of the copies moved: there is one too many.
        let copied = [
            at(1, "keep"),
            at(1, "new/a"),
            at(1, "new/a"),
            at(1, "old/a"),
        ];
        assert_eq!(baseline.known(&copied, &ALL), [true, true, false, true]);
    }

    #[test]
    fn of_two_that_could_have_moved_the_first_has() {
        let baseline = of(&[at(1, "gone")]);
        let both = [at(1, "z"), at(1, "a")];
        assert_eq!(baseline.known(&both, &ALL), [true, false]);
    }

    #[test]
    fn what_something_else_suppresses_counts_in_its_own_file_only() {
        let baseline = of(&[at(1, "a")]);
        // It takes nothing that has moved, whatever the order.
        let moved = [settled(1, "b"), at(1, "c")];
        assert_eq!(baseline.known(&moved, &ALL), [false, true]);
        let moved = [at(1, "c"), settled(1, "b")];
        assert_eq!(baseline.known(&moved, &ALL), [true, false]);
        // Where it was known, it is not gone: a copy is new.
        let copied = [settled(1, "a"), at(1, "c")];
        assert_eq!(baseline.known(&copied, &ALL), [true, false]);
        assert_eq!(baseline.updated(&copied, &ALL), baseline);
        // In one file those that nothing suppresses come first.
        let both = [settled(1, "a"), at(1, "a"), at(1, "c")];
        assert_eq!(baseline.known(&both, &ALL), [false, true, false]);
    }

    #[test]
    fn what_a_change_moved_takes_before_what_it_added() {
        let baseline = of(&[at(1, "a"), at(1, "b")]);
        let moved = |path| Place {
            state: State::Unchanged,
            ..at(1, path)
        };
        let places = [moved("c"), moved("d"), at(1, "c")];
        assert_eq!(baseline.known(&places, &ALL), [true, true, false]);
    }

    #[test]
    fn a_scan_of_some_files_takes_no_copy_for_a_move() {
        let baseline = of(&[at(1, "a")]);
        assert_eq!(baseline.known(&[at(1, "b")], &SOME), [false]);
        assert_eq!(
            baseline.known(&[at(1, "b")], &|entry| entry.path == "a"),
            [true]
        );
    }

    #[test]
    fn versions_of_a_file_are_counted_one_by_one() {
        let baseline = of(&[at(1, "a")]);
        let version = |content| Place {
            content,
            ..at(1, "a")
        };
        let places = [version(0), version(1), version(1)];
        assert_eq!(baseline.known(&places, &SOME), [true, true, false]);
        let past = |path| Place {
            past: true,
            ..at(1, path)
        };
        let places = [past("older/a"), past("older/a"), past("a")];
        assert_eq!(baseline.known(&places, &SOME), [true; 3]);
        let other = Place {
            past: true,
            ..at(9, "a")
        };
        assert_eq!(baseline.known(&[other], &SOME), [false]);
    }

    #[test]
    fn an_update_drops_what_is_gone_and_adds_nothing() {
        let baseline = of(&[at(1, "a"), at(1, "a"), at(2, "b"), at(3, "c")]);
        let now = [at(1, "a"), at(3, "d"), at(4, "e")];
        assert_eq!(baseline.updated(&now, &ALL), of(&[at(1, "a"), at(3, "d")]));
        assert_eq!(baseline.updated(&[], &SOME), baseline);
    }

    #[test]
    fn what_only_the_past_holds_is_new_when_it_comes_back() {
        let past = Place {
            past: true,
            ..at(1, "a")
        };
        let baseline = of(&[past]);
        assert!(baseline.to_string().ends_with(" acme-key a 0\n"));
        assert_eq!(baseline.known(&[past, at(1, "a")], &ALL), [true, false]);
        assert_eq!(baseline.updated(&[past], &ALL), baseline);
        assert!(baseline.updated(&[], &ALL).is_empty());
    }

    #[test]
    fn a_file_is_read_as_it_was_written() {
        let baseline = of(&[at(2, "b%20c"), at(1, "a"), at(1, "a"), at(1, "b")]);
        let text = baseline.to_string();
        assert_eq!(Baseline::parse(&text), Ok(baseline.clone()));
        let lines: Vec<_> = text.lines().skip(1).collect();
        assert!(lines.is_sorted() && lines.len() == 3, "{text}");
        // In any order, with Windows' line ends, and twice.
        let shuffled = [
            text.lines().next().expect("the first"),
            lines[2],
            lines[0],
            lines[1],
            lines[2],
        ]
        .join("\r\n");
        assert_eq!(Baseline::parse(&shuffled), Ok(baseline));
    }

    #[test]
    fn a_merge_is_resolved_by_taking_both_sides() {
        let (ours, theirs) = (
            of(&[at(1, "a"), at(2, "b")]),
            of(&[at(1, "a"), at(1, "a"), at(3, "c")]),
        );
        let body = |baseline: &Baseline| {
            let text = baseline.to_string();
            text.lines().skip(1).collect::<Vec<_>>().join("\n")
        };
        let text = format!(
            "{HEADER}{VERSION}, key k\n<<<<<<< ours\n{}\n=======\n{}\n>>>>>>> theirs\n",
            body(&ours),
            body(&theirs)
        );
        let error = Baseline::parse(&text).expect_err("it has marks");
        assert_eq!(error.line, 2);
        let merged = Baseline::parse_merged(&text).expect("both sides");
        assert_eq!(
            merged,
            of(&[at(1, "a"), at(1, "a"), at(2, "b"), at(3, "c")])
        );
    }

    #[test]
    fn what_is_no_baseline_is_told_with_its_line() {
        let head = format!("{HEADER}{VERSION}, key k\n");
        let entry = |text: &str| format!("{head}{text}\n");
        let ks = fingerprint(1);
        for (text, line) in [
            (String::new(), 0),
            (format!("{ks} r a 1\n"), 1),
            (format!("{HEADER}2, key k\n"), 1),
            (format!("{head}{HEADER}{VERSION}, key other\n"), 2),
            (entry("ks1:12 r a 1"), 2),
            (entry(&format!("{ks} r a one")), 2),
            (entry(&format!("{ks} r a")), 2),
            (entry(&format!("{ks} r a 1 x")), 2),
            (entry(&format!("{ks}  a 1")), 2),
        ] {
            let error = Baseline::parse(&text).expect_err(&text);
            assert_eq!(error.line, line, "{text}: {error}");
        }
    }
}
