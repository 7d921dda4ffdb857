//! The commits that brought and removed an object, from the diffs that `git log` prints.
//!
//! A commit holds an object as often as its first parent does, plus the entries that its diff against that parent adds,
//! minus those that it takes away. That is what `git log --find-object` counts, for all objects in one go.

use std::collections::{HashMap, HashSet};
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::Stdio;
use std::thread;

use keysieve_engine::ObjectId;
use keysieve_git::Attribution;

use super::{Proof, finish, git, id};

/// All commits of the store, parents before children.
#[derive(Default)]
struct Log {
    commits: Vec<Commit>,
    places: HashMap<ObjectId, usize>,
}

struct Commit {
    id: ObjectId,
    /// Of the committer, in seconds since 1970.
    time: i64,
    /// The latest time of this commit and all that it comes after.
    latest: i64,
    parents: Vec<usize>,
    /// How often it holds each of the objects.
    counts: Vec<u16>,
}

impl Commit {
    fn holds(&self, object: usize) -> bool {
        self.counts[object] > 0
    }
}

/// Compares what the history says of each object with what git says.
pub(super) fn compare(
    repository: &Path,
    attributions: &[Attribution],
    proof: &mut Proof,
) -> io::Result<()> {
    let objects: HashMap<ObjectId, usize> = (0..)
        .zip(attributions)
        .map(|(at, attribution)| (attribution.id, at))
        .collect();
    let log = read(repository, &objects)?;
    let head = lines(repository, &["rev-parse", "--verify", "--quiet", "HEAD"]);
    let head = head.ok().and_then(|lines| id(lines.first()?).ok());
    let in_head: HashSet<ObjectId> = match head {
        Some(_) => objects_in(repository, "HEAD")?,
        None => HashSet::new(),
    };
    let head = head.and_then(|id| log.places.get(&id).copied());
    let of_head = log.before(head);
    for (object, attribution) in (0..).zip(attributions) {
        let is_message = log.places.contains_key(&attribution.id);
        let expected_in_head = if is_message {
            log.places.get(&attribution.id).copied() == head
        } else {
            in_head.contains(&attribution.id)
        };
        let mut check = Check {
            log: &log,
            attribution,
            proof,
        };
        check.equal("in HEAD", attribution.in_head, expected_in_head);
        if is_message {
            let introduced = attribution.introduced.as_ref().map(|commit| commit.id);
            check.equal("introduced", introduced, Some(attribution.id));
        } else {
            check.introduced(object);
            check.removed(object, head, &of_head);
        }
        proof.attributed += 1;
    }
    Ok(())
}

/// One object.
struct Check<'c> {
    log: &'c Log,
    attribution: &'c Attribution,
    proof: &'c mut Proof,
}

impl Check<'_> {
    fn equal<T: PartialEq + std::fmt::Debug>(&mut self, what: &str, ours: T, theirs: T) {
        if ours != theirs {
            self.differs(format!("{what}: {ours:?}, and git says {theirs:?}"));
        }
    }

    fn differs(&mut self, what: String) {
        let text = format!("{}: {what}", self.attribution.id);
        self.proof.differences.push(text);
    }

    fn introduced(&mut self, object: usize) {
        let ours = self.attribution.introduced.as_ref().map(|commit| commit.id);
        let log = self.log;
        let brings = |at: &usize| {
            let commit = &log.commits[*at];
            let parent_has = |&parent: &usize| log.commits[parent].holds(object);
            commit.holds(object) && !commit.parents.iter().any(parent_has)
        };
        let all: Vec<usize> = (0..log.commits.len()).filter(brings).collect();
        self.one_of("introduced", ours, &all, |ours, other| {
            (other.time < ours.time, other.latest >= ours.time)
        });
    }

    /// The rule that is checked: while `HEAD` has it, none. Else the last commit without it whose parent had it, of
    /// those in the history of `HEAD` if it was ever there; a merge only where nothing else did.
    fn removed(&mut self, object: usize, head: Option<usize>, of_head: &HashSet<usize>) {
        let ours = self.attribution.removed.as_ref().map(|commit| commit.id);
        let log = self.log;
        if head.is_some_and(|head| log.commits[head].holds(object)) {
            return self.equal("removed", ours, None);
        }
        let was_in_head = of_head.iter().any(|&at| log.commits[at].holds(object));
        let removes = |at: &usize| {
            let commit = &log.commits[*at];
            let parent_has = |&parent: &usize| log.commits[parent].holds(object);
            !commit.holds(object)
                && commit.parents.iter().any(parent_has)
                && (!was_in_head || of_head.contains(at))
        };
        let all: Vec<usize> = (0..log.commits.len()).filter(removes).collect();
        let is_plain = |at: &usize| log.commits[*at].parents.len() == 1;
        let mut right: Vec<usize> = all.iter().copied().filter(is_plain).collect();
        if right.is_empty() && was_in_head {
            right = all;
        }
        self.one_of("removed", ours, &right, |ours, other| {
            (other.time > ours.time, ours.latest >= other.time)
        });
    }

    /// Whether `ours` is one of `all`, and the best of them. `beats` says of another one whether its time is better,
    /// and whether a wrong clock before one of the two explains that it was not taken.
    fn one_of(
        &mut self,
        what: &str,
        ours: Option<ObjectId>,
        all: &[usize],
        beats: impl Fn(&Commit, &Commit) -> (bool, bool),
    ) {
        let Some(ours) = ours else {
            return if let Some(&first) = all.first() {
                let first = self.log.commits[first].id;
                self.differs(format!("{what}: nothing, and git says {first}"));
            };
        };
        let Some(&at) = all.iter().find(|&&at| self.log.commits[at].id == ours) else {
            let theirs: Vec<_> = all.iter().map(|&at| self.log.commits[at].id).collect();
            return self.differs(format!("{what}: {ours}, and git says one of {theirs:?}"));
        };
        let ours = &self.log.commits[at];
        let better: Vec<_> = all
            .iter()
            .map(|&other| {
                (
                    &self.log.commits[other],
                    beats(ours, &self.log.commits[other]),
                )
            })
            .filter(|(_, (is_better, _))| *is_better)
            .collect();
        if let Some((other, _)) = better.iter().find(|(_, (_, is_explained))| !is_explained) {
            let other = other.id;
            return self.differs(format!("{what}: {}, but {other} is better", ours.id));
        }
        let is_tie = |&&other: &&usize| other != at && self.log.commits[other].time == ours.time;
        if !better.is_empty() || all.iter().any(|other| is_tie(&other)) {
            let reason = if better.is_empty() {
                "another commit of the same second"
            } else {
                "a commit that is older than what it comes after"
            };
            let text = format!("{}: {what}: {}: {reason}", self.attribution.id, ours.id);
            self.proof.ambiguous.push(text);
        }
    }
}

impl Log {
    /// The commit and all that it comes after.
    fn before(&self, commit: Option<usize>) -> HashSet<usize> {
        let mut found = HashSet::new();
        let mut next: Vec<usize> = commit.into_iter().collect();
        while let Some(at) = next.pop() {
            if found.insert(at) {
                next.extend(&self.commits[at].parents);
            }
        }
        found
    }

    /// `HASH TIME PARENT...`
    fn begin(&mut self, line: &[u8], objects: usize) -> io::Result<()> {
        let mut fields = line.split(|&byte| byte == b' ');
        let commit = id(fields.next().unwrap_or_default())?;
        let time = std::str::from_utf8(fields.next().unwrap_or_default()).ok();
        let time = time.and_then(|time| time.parse().ok()).unwrap_or(0);
        let mut parents = Vec::new();
        for parent in fields.filter(|field| !field.is_empty()) {
            let parent = self.places.get(&id(parent)?);
            parents.push(*parent.ok_or_else(|| io::Error::other("a parent comes later"))?);
        }
        let counts = match parents.first() {
            Some(&first) => self.commits[first].counts.clone(),
            None => vec![0; objects],
        };
        let latest = parents.iter().map(|&parent| self.commits[parent].latest);
        let latest = latest.fold(time, i64::max);
        self.places.insert(commit, self.commits.len());
        self.commits.push(Commit {
            id: commit,
            time,
            latest,
            parents,
            counts,
        });
        Ok(())
    }

    /// `:MODE MODE OLD NEW STATUS`, then a tab and the path.
    fn change(&mut self, line: &[u8], objects: &HashMap<ObjectId, usize>) -> io::Result<()> {
        let fields: Vec<&[u8]> = line.splitn(5, |&byte| byte == b' ').collect();
        let (Some(commit), [_, _, old, new, _]) = (self.commits.last_mut(), &fields[..]) else {
            return Err(io::Error::other("git prints another form of diff"));
        };
        if let Some(&old) = objects.get(&id(old)?) {
            commit.counts[old] -= 1;
        }
        if let Some(&new) = objects.get(&id(new)?) {
            commit.counts[new] += 1;
        }
        Ok(())
    }
}

/// Reads all commits of the store with their diffs.
fn read(repository: &Path, objects: &HashMap<ObjectId, usize>) -> io::Result<Log> {
    let args = ["cat-file", "--batch-all-objects", "--batch-check"];
    let mut commits = Vec::new();
    for line in lines(repository, &args)? {
        let mut fields = line.split(|&byte| byte == b' ');
        if let (Some(id), Some(b"commit")) = (fields.next(), fields.next()) {
            commits.extend_from_slice(id);
            commits.push(b'\n');
        }
    }
    let mut log = Log::default();
    if commits.is_empty() {
        return Ok(log);
    }
    let args = [
        "log",
        "--stdin",
        "--reverse",
        "--topo-order",
        "--root",
        "--raw",
        "--no-abbrev",
        "--no-renames",
        "--no-ext-diff",
        "--diff-merges=first-parent",
        "--format=%H %ct %P",
    ];
    let mut child = git(repository).args(args).stdin(Stdio::piped()).spawn()?;
    let mut input = child.stdin.take().expect("it is piped");
    let output = child.stdout.take().expect("it is piped");
    thread::scope(|scope| {
        scope.spawn(move || input.write_all(&commits)); // what it cannot take shows in its end
        for line in BufReader::new(output).split(b'\n') {
            match &line?[..] {
                b"" => {}
                change @ [b':', ..] => log.change(change, objects)?,
                commit => log.begin(commit, objects.len())?,
            }
        }
        io::Result::Ok(())
    })?;
    finish(child)?;
    Ok(log)
}

/// The objects below a commit's tree.
fn objects_in(repository: &Path, commit: &str) -> io::Result<HashSet<ObjectId>> {
    let args = ["ls-tree", "-r", "-z", "--format=%(objectname)", commit];
    let output = git(repository).args(args).output()?;
    let ids = output.stdout.split(|&byte| byte == 0);
    ids.filter(|hex| !hex.is_empty()).map(id).collect()
}

fn lines(repository: &Path, args: &[&str]) -> io::Result<Vec<Vec<u8>>> {
    let output = git(repository).args(args).output()?;
    if !output.status.success() {
        return Err(io::Error::other(format!("git {args:?} failed")));
    }
    let lines = output.stdout.split(|&byte| byte == b'\n');
    Ok(lines
        .filter(|line| !line.is_empty())
        .map(<[u8]>::to_vec)
        .collect())
}
