//! What a baseline does to changes of every kind, held against a model that only counts.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use keysieve_rules::sample::Random;

use crate::program::git::Repository;
use crate::program::{array, keysieve, parse, text, token};

const RULE: &str = "github-personal-access-token";
const SECRETS: usize = 3;
/// Repositories that are tried.
const ROUNDS: u64 = 40;

/// Some files, each with the secrets in it; a name tells the lines of one file from those of another.
#[derive(Clone, Default)]
struct Tree(BTreeMap<String, File>);

#[derive(Clone, Default)]
struct File {
    name: usize,
    lines: usize,
    secrets: Vec<usize>,
}

impl File {
    fn text(&self) -> String {
        let mut text = String::new();
        for line in 0..self.lines {
            writeln!(text, "; line {line} of {}", self.name).unwrap();
        }
        for secret in &self.secrets {
            writeln!(text, "key = {}", token(*secret as u64)).unwrap();
        }
        text
    }
}

/// What happens to a repository.
struct World {
    random: Random,
    names: usize,
    tree: Tree,
    /// Files that an exception covers.
    excepted: BTreeSet<String>,
    /// What was done, for who reads of a failure.
    log: Vec<String>,
}

impl World {
    fn new(seed: u64) -> Self {
        let mut world = Self {
            random: Random::with_seed(seed),
            names: 0,
            tree: Tree::default(),
            excepted: BTreeSet::new(),
            log: Vec::new(),
        };
        for _ in 0..2 + world.below(3) {
            world.create();
        }
        if world.below(2) == 0 {
            let path = world.any();
            world.excepted.insert(path);
        }
        world.log.push(format!("excepted: {:?}", world.excepted));
        world
    }

    /// A number below `most`.
    fn below(&mut self, most: usize) -> usize {
        self.random.usize(..most)
    }

    fn any(&mut self) -> String {
        let at = self.below(self.tree.0.len());
        self.tree.0.keys().nth(at).unwrap().clone()
    }

    /// A path that nothing ever stood at.
    fn path(&mut self) -> String {
        self.names += 1;
        let folder = ["", "one/", "two/"][self.below(3)];
        let letter = ["a", "m", "z"][self.below(3)];
        format!("{folder}{letter}{}.ini", self.names)
    }

    fn create(&mut self) {
        let path = self.path();
        let secrets = (0..1 + self.below(2))
            .map(|_| self.below(SECRETS))
            .collect();
        let file = File {
            name: self.names,
            lines: self.below(9),
            secrets,
        };
        self.log.push(format!("create {path} {:?}", file.secrets));
        self.tree.0.insert(path, file);
    }

    /// One change. `kept` are files that stay, for what leaves an exception is no change of a secret.
    fn change(&mut self, kept: &BTreeSet<String>) {
        let (path, other) = (self.any(), self.any());
        let what = self.below(8);
        let stays = kept.contains(&path);
        self.log.push(format!("{what} {path} {other}"));
        let file = self.tree.0[&path].clone();
        match what {
            0 => self.create(),
            // Renamed as it is, and with an edit.
            1 | 2 if !stays => {
                let to = self.path();
                let mut file = self.tree.0.remove(&path).unwrap();
                file.lines += what - 1;
                self.log.push(format!("to {to}"));
                self.tree.0.insert(to, file);
            }
            // Copied.
            3 => {
                let to = self.path();
                self.log.push(format!("to {to}"));
                self.tree.0.insert(to, file);
            }
            // A secret more, less, or in another file.
            4 => {
                let secret = self.below(SECRETS);
                self.tree.0.get_mut(&path).unwrap().secrets.push(secret);
            }
            5 => drop(self.tree.0.get_mut(&path).unwrap().secrets.pop()),
            6 => {
                let moved = self.tree.0.get_mut(&path).unwrap().secrets.pop();
                let there = &mut self.tree.0.get_mut(&other).unwrap().secrets;
                there.splice(0..0, moved);
            }
            7 if self.tree.0.len() > 2 && !stays => drop(self.tree.0.remove(&path)),
            _ => drop(self.excepted.insert(path)),
        }
    }

    fn write(&self, repository: &Repository) {
        for entry in repository.root.read_dir().unwrap() {
            let path = entry.unwrap().path();
            match path.file_name().unwrap().to_str().unwrap() {
                ".git" | "keysieve.baseline" => {}
                "one" | "two" => std::fs::remove_dir_all(path).unwrap(),
                _ => std::fs::remove_file(path).unwrap(),
            }
        }
        for (path, file) in &self.tree.0 {
            repository.write(path, &file.text());
        }
        let mut config = String::new();
        for path in &self.excepted {
            let id = path.replace(['/', '.'], "-");
            writeln!(
                config,
                "[[exception]]\nid = '{id}'\nrule = '{RULE}'\npath = '{path}'\nreason = 'r'\nowner = '@a'\n\
                 created = '2020-01-01'\nexpires = '2999-01-01'"
            )
            .unwrap();
        }
        repository.write("keysieve.toml", &config);
        repository.git(&["add", "--all"]);
    }

    /// How often each secret stands in each file.
    fn count(&self) -> BTreeMap<(String, usize), usize> {
        let mut counts = BTreeMap::new();
        for (path, file) in &self.tree.0 {
            for secret in &file.secrets {
                *counts.entry((path.clone(), *secret)).or_default() += 1;
            }
        }
        counts
    }
}

/// How many places of each secret are new: those that no exception covers, less what the baseline has, of which what
/// stands where it did under an exception is taken.
fn expected(baseline: &BTreeMap<(String, usize), usize>, now: &World) -> Vec<usize> {
    let counts = now.count();
    let of = |secret: usize| {
        let open = counts
            .iter()
            .filter(|((path, s), _)| *s == secret && !now.excepted.contains(path));
        let known = baseline.iter().filter(|((_, s), _)| *s == secret);
        let known = known.map(|((path, s), count)| {
            let there = counts.get(&(path.clone(), *s)).copied().unwrap_or_default();
            match now.excepted.contains(path) {
                true => count.saturating_sub(there),
                false => *count,
            }
        });
        let open: usize = open.map(|(_, count)| count).sum();
        open.saturating_sub(known.sum())
    };
    (0..SECRETS).map(of).collect()
}

/// How many places of each secret a command reports.
fn reported(repository: &Repository, args: &[&str], prints: &[String]) -> Vec<usize> {
    let mut command = keysieve(&repository.root);
    let output = command.args(args).args(["-f", "json"]).output().unwrap();
    let report = parse(&output.stdout);
    let open = array(&report, "/findings").iter();
    let open = open.filter(|f| f.get("suppressed").is_none());
    let mut counts = vec![0; SECRETS];
    for finding in open {
        let print = text(finding, "/fingerprint");
        counts[prints.iter().position(|p| p == print).unwrap()] += 1;
    }
    counts
}

/// The fingerprints of the secrets.
fn fingerprints() -> Vec<String> {
    let repository = Repository::new();
    let of = |secret: usize| {
        repository.write("a.ini", &format!("key = {}\n", token(secret as u64)));
        let report = repository.report(&["scan"], 1);
        text(&report, "/findings/0/fingerprint").to_owned()
    };
    (0..SECRETS).map(of).collect()
}

#[test]
fn every_command_reports_as_many_as_there_are_more() {
    let prints = fingerprints();
    let mut met = 0;
    for seed in 0..ROUNDS {
        let mut world = World::new(seed);
        let repository = Repository::new();
        world.write(&repository);
        let create = keysieve(&repository.root)
            .args(["baseline", "create"])
            .output()
            .unwrap();
        assert!(create.status.success(), "{create:?}");
        repository.git(&["add", "--all"]);
        repository.git(&["commit", "--quiet", "--message", "Adopt"]);
        let kept = world.excepted.clone();
        let mut baseline = world.count();
        baseline.retain(|(path, _), _| !kept.contains(path));

        for _ in 0..1 + world.below(5) {
            world.change(&kept);
        }
        world.write(&repository);
        let expected = expected(&baseline, &world);
        met += usize::from(expected.iter().any(|n| *n > 0));
        let log = &world.log;
        let told = reported(&repository, &["scan"], &prints);
        assert_eq!(told, expected, "scan, seed {seed}: {log:?}");
        let told = reported(&repository, &["staged"], &prints);
        assert_eq!(told, expected, "staged, seed {seed}: {log:?}");
        repository.git(&["commit", "--quiet", "--allow-empty", "--message", "Change"]);
        let told = reported(
            &repository,
            &["history", "--range", "HEAD~1..HEAD"],
            &prints,
        );
        assert_eq!(told, expected, "range, seed {seed}: {log:?}");
    }
    assert!(
        met > 9 && met + 9 < ROUNDS as usize,
        "{met} rounds added something"
    );
}
