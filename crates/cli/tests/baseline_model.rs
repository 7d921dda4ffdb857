//! What a baseline does to changes of every kind, held against a model that only counts.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Output, Stdio};

use keysieve_rules::sample::Random;

use crate::program::git::Repository;
use crate::program::{array, keysieve, parse, text, token};

const RULE: &str = "github-personal-access-token";
const SECRETS: usize = 3;
/// Repositories that each test tries.
const ROUNDS: u64 = 40;

/// The seeds to try: `ROUNDS` of them, or as many as `KEYSIEVE_MODEL_ROUNDS` asks for.
fn seeds() -> std::ops::Range<u64> {
    let rounds = std::env::var("KEYSIEVE_MODEL_ROUNDS").ok();
    0..rounds.map_or(ROUNDS, |rounds| rounds.parse().unwrap())
}

/// Some files, each with the secrets in it; a name tells the lines of one file from those of another.
#[derive(Clone, Default)]
struct Tree(BTreeMap<String, File>);

#[derive(Clone, Default, PartialEq)]
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
#[derive(Clone)]
struct World {
    random: Random,
    names: usize,
    tree: Tree,
    /// Paths that were left, if they are to be used again: in one commit. Of several, a known secret that moved away as it
    /// is and another at its old path are told apart by neither path nor content.
    gone: Option<Vec<String>>,
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
            gone: None,
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

    /// A path that nothing stands at; at some another file stood before.
    fn path(&mut self) -> String {
        self.names += 1;
        let gone = self.gone.as_ref().map_or(0, Vec::len);
        if gone > 0 && self.below(3) == 0 {
            let at = self.below(gone);
            return self.gone.as_mut().unwrap().swap_remove(at);
        }
        let folder = ["", "one/", "two/"][self.below(3)];
        let letter = ["a", "m", "z"][self.below(3)];
        format!("{folder}{letter}{}.ini", self.names)
    }

    fn leave(&mut self, path: String) {
        if let Some(gone) = &mut self.gone {
            gone.push(path);
        }
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
                self.leave(path);
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
            7 if self.tree.0.len() > 2 && !stays => {
                self.tree.0.remove(&path);
                self.leave(path);
            }
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
    told(repository, args, "", prints)
}

/// As [`reported`], of a command that reads `input`.
fn told(repository: &Repository, args: &[&str], input: &str, prints: &[String]) -> Vec<usize> {
    let mut command = keysieve(&repository.root);
    command.args(args).args(["-f", "json"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // A command that needs no input may be gone already.
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    let Output { stdout, .. } = child.wait_with_output().unwrap();
    let report = parse(&stdout);
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

/// Takes what a repository holds for known, and commits it.
fn adopt(repository: &Repository) {
    let mut create = keysieve(&repository.root);
    let create = create.args(["baseline", "create"]).output().unwrap();
    assert!(create.status.success(), "{create:?}");
    repository.git(&["add", "--all"]);
    repository.git(&["commit", "--quiet", "--message", "Adopt"]);
}

#[test]
fn every_command_reports_as_many_as_there_are_more() {
    let prints = fingerprints();
    let mut met = 0;
    for seed in seeds() {
        let mut world = World::new(seed);
        world.gone = Some(Vec::new());
        let repository = Repository::new();
        world.write(&repository);
        adopt(&repository);
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
        met > 9 && met + 9 < seeds().count(),
        "{met} rounds added something"
    );
}

/// Some commits on what is checked out, and what the repository held at each of them.
fn grow(
    world: &mut World,
    repository: &Repository,
    kept: &BTreeSet<String>,
    most: usize,
) -> Vec<World> {
    let mut states = Vec::new();
    for _ in 0..1 + world.below(most) {
        for _ in 0..1 + world.below(3) {
            world.change(kept);
        }
        world.write(repository);
        repository.git(&["commit", "--quiet", "--allow-empty", "--message", "Change"]);
        world.log.push("commit".to_owned());
        states.push(world.clone());
    }
    states
}

/// Merges the files of `side` into those of `main`. What both have changed becomes as main has it.
fn merge(main: &mut World, side: &World, base: &Tree) {
    let paths: BTreeSet<_> = [&main.tree, &side.tree, base]
        .iter()
        .flat_map(|t| t.0.keys().cloned())
        .collect();
    for path in paths {
        if main.tree.0.get(&path) == base.0.get(&path) {
            match side.tree.0.get(&path) {
                Some(file) => drop(main.tree.0.insert(path, file.clone())),
                None => drop(main.tree.0.remove(&path)),
            }
        }
    }
}

/// How many known places of each secret two branches took from where they were, beyond those that their merge does not
/// have there: both did, or the merge has them where one of them left them.
fn taken_twice(baseline: &BTreeMap<(String, usize), usize>, worlds: [&World; 3]) -> Vec<usize> {
    let counts = worlds.map(World::count);
    let mut taken = vec![0; SECRETS];
    for (place, known) in baseline {
        let here = counts.each_ref().map(|c| c.get(place).copied());
        let [a, b, merged] = here.map(|n| known.saturating_sub(n.unwrap_or_default()));
        taken[place.1] += (a + b).saturating_sub(merged);
    }
    taken
}

/// What must be told of several commits, and what was.
#[derive(Clone, Copy)]
struct Case<'a> {
    /// How many places of each secret must be told of at least, and at most.
    bounds: [&'a [usize]; 2],
    /// What the repository held at each commit; the last one has the exceptions in force.
    passed: &'a [World],
    /// The secrets that the baseline has.
    known: &'a BTreeSet<usize>,
    /// What was done, for who reads of a failure.
    log: &'a str,
}

impl Case<'_> {
    /// A secret that the baseline does not have is told of wherever a commit added it, also where it is gone again.
    fn hold(&self, told: &[usize], what: &str) {
        let log = format!("{what}, {}", self.log);
        let excepted = &self.passed.last().unwrap().excepted;
        for (secret, told) in told.iter().copied().enumerate() {
            let [least, most] = self.bounds.map(|bound| bound[secret]);
            assert!(told >= least, "secret {secret}: {told} for {least}, {log}");
            if self.known.contains(&secret) {
                assert!(told <= most, "secret {secret}: {told} for {most}, {log}");
                continue;
            }
            let mut places = self.passed.iter().flat_map(|w| w.count().into_keys());
            let stood = places.any(|(path, s)| s == secret && !excepted.contains(&path));
            assert_eq!(told > 0, stood, "secret {secret}: {told}, {log}");
        }
    }
}

/// Joins two counts of each secret.
fn join(a: &[usize], b: &[usize], by: fn(usize, usize) -> usize) -> Vec<usize> {
    a.iter().zip(b).map(|(a, b)| by(*a, *b)).collect()
}

/// What git writes to a pre-push hook and to a pre-receive hook: branches become `heads`, of which each was the id beside
/// it.
fn updates(heads: &[(&str, &str)]) -> [String; 2] {
    let mut lines = [String::new(), String::new()];
    for (i, (old, new)) in heads.iter().enumerate() {
        let name = format!("refs/heads/{i}");
        writeln!(lines[0], "{name} {new} {name} {old}").unwrap();
        writeln!(lines[1], "{old} {new} {name}").unwrap();
    }
    lines
}

/// Makes `base` the only commit that is referred to, as where the others are about to be received, and runs `judge`.
fn before_all(repository: &Repository, base: &str, judge: impl FnOnce()) {
    let head = repository.head();
    repository.git(&["update-ref", "refs/heads/main", base]);
    repository.git(&["update-ref", "refs/remotes/origin/main", base]);
    judge();
    repository.git(&["update-ref", "refs/heads/main", &head]);
}

#[test]
fn several_commits_add_what_their_heads_have_more() {
    let prints = fingerprints();
    let zero = "0".repeat(40);
    let (mut met, mut merged) = (0, 0);
    for seed in seeds() {
        let mut world = World::new(seed);
        let repository = Repository::new();
        world.write(&repository);
        adopt(&repository);
        let base = repository.head();
        let kept = world.excepted.clone();
        let mut baseline = world.count();
        baseline.retain(|(path, _), _| !kept.contains(path));
        let known: BTreeSet<usize> = baseline.keys().map(|(_, secret)| *secret).collect();

        let (before, mut side) = (world.tree.clone(), world.clone());
        side.names += 1000;
        side.random = Random::with_seed(!seed);
        let mut passed = Vec::new();
        let mut of_side = None;
        if world.below(2) == 0 {
            repository.git(&["checkout", "--quiet", "-b", "side"]);
            passed = grow(&mut side, &repository, &kept, 2);
            of_side = Some(repository.head());
            repository.git(&["checkout", "--quiet", "main"]);
        }
        passed.extend(grow(&mut world, &repository, &kept, 4));
        world.excepted.append(&mut side.excepted);
        side.excepted.clone_from(&world.excepted);
        world.write(&repository);
        let mut log = format!("seed {seed}: {:?}, side: {:?}", world.log, side.log);

        let mut least = expected(&baseline, &world);
        let mut now = world.clone();
        if let Some(of_side) = of_side {
            let of_both = [&least, &expected(&baseline, &side)];
            let either = join(of_both[0], of_both[1], usize::max);
            let both = join(of_both[0], of_both[1], |a, b| a + b);
            let head = repository.head();
            repository.git(&["update-ref", "-d", "refs/heads/side"]);
            passed.push(world.clone());
            let case = Case {
                bounds: [&either, &both],
                passed: &passed,
                known: &known,
                log: &log,
            };
            before_all(&repository, &base, || {
                let [sent, received] = updates(&[(&base, &head), (&zero, &of_side)]);
                let sent = told(&repository, &["push", "origin"], &sent, &prints);
                case.hold(&sent, "two sent");
                let received = told(&repository, &["push"], &received, &prints);
                case.hold(&received, "two received");
            });
            repository.git(&["reset", "--quiet", "--hard"]);
            merge(&mut now, &side, &before);
            // Of two branches that moved a secret neither has added a copy, nor has the merge.
            let moved = taken_twice(&baseline, [&world, &side, &now]);
            least = join(&expected(&baseline, &now), &moved, usize::saturating_sub);
            // The commit of a merge can change something, too.
            if now.below(2) == 0 {
                let merged = expected(&baseline, &now);
                now.change(&kept);
                let more = join(&expected(&baseline, &now), &merged, usize::saturating_sub);
                least = join(&least, &more, |a, b| a + b);
                log = format!("{log}, merge: {:?}", now.log);
            }
            let how = ["merge", "--quiet", "--no-ff", "--strategy=ours", &of_side];
            repository.git(&how);
            now.write(&repository);
            repository.git(&["commit", "--quiet", "--amend", "--no-edit"]);
            passed.push(now.clone());
            merged += 1;
        }

        let most = expected(&baseline, &now);
        let least = join(&least, &most, usize::min);
        met += usize::from(most.iter().any(|n| *n > 0));
        let case = Case {
            bounds: [&least, &most],
            passed: &passed,
            known: &known,
            log: &log,
        };
        let range = format!("{base}..HEAD");
        let ranged = reported(&repository, &["history", "--range", &range], &prints);
        case.hold(&ranged, "range");
        let head = repository.head();
        before_all(&repository, &base, || {
            for (old, remote) in [(&base, None), (&zero, Some("origin")), (&zero, None)] {
                let [sent, received] = updates(&[(old, &head)]);
                let args = ["push"].into_iter().chain(remote);
                let sent = told(&repository, &args.collect::<Vec<_>>(), &sent, &prints);
                // A first push of all has the place where a secret was put before it moved out of an exception.
                let is_first = old == &zero && remote.is_none();
                let bounds = match is_first && now.excepted != kept {
                    true => [&[0; SECRETS][..], &most],
                    false => case.bounds,
                };
                let case = Case { bounds, ..case };
                case.hold(&sent, &format!("sent to {remote:?} from {old}"));
                let received = told(&repository, &["push"], &received, &prints);
                case.hold(&received, &format!("received from {old}"));
            }
        });
    }
    assert!(
        met > 9 && merged > 9 && met < seeds().count(),
        "{met} rounds added something, {merged} merged"
    );
}
