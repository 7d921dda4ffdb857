//! The index against `HEAD`, held against what git itself says of repositories that are changed at random.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod repository;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Mutex;

use keysieve_engine::source::{Source as _, Visitor, VisitorBuilder};
use keysieve_engine::{Blob, Flow, Issue, Origin, Skip};
use keysieve_git::{Environment, Opened, Options, Staged};
use repository::git;
use tempfile::TempDir;

/// Notes which blobs come, by path and id.
#[derive(Default)]
struct Recorder(Mutex<BTreeSet<(String, String)>>);

impl VisitorBuilder for Recorder {
    fn visitor(&self) -> Box<dyn Visitor + '_> {
        Box::new(Recording(self))
    }
}

struct Recording<'a>(&'a Recorder);

impl Visitor for Recording<'_> {
    fn blob(&mut self, blob: Blob<'_>) -> Flow {
        let Origin::Staged { path, blob } = &*blob.origin else {
            panic!("{:?}", blob.origin);
        };
        let entry = (path.to_str().unwrap().to_owned(), blob.to_string());
        assert!(
            self.0.0.lock().unwrap().insert(entry),
            "{path:?} came twice"
        );
        Flow::Continue
    }

    fn wants_whole(&self, _: &Blob<'_>) -> bool {
        false
    }

    fn issue(&mut self, issue: Issue) -> Flow {
        panic!("{issue:?}");
    }

    fn skip(&mut self, skip: Skip) {
        panic!("{skip:?}");
    }
}

fn staged(root: &Path) -> BTreeSet<(String, String)> {
    let opened = Opened::at(Some(root), &Environment::default()).unwrap();
    let recorder = Recorder::default();
    let staged = Staged::new(&opened, Options::default()).unwrap();
    staged.walk(&recorder).unwrap();
    recorder.0.into_inner().unwrap()
}

/// What `git diff-index` lists as new, without what only moved.
fn expected(root: &Path) -> BTreeSet<(String, String)> {
    let raw = git(
        root,
        &[
            "diff-index",
            "--cached",
            "--raw",
            "--no-renames",
            "--no-abbrev",
            "HEAD",
        ],
    );
    let lines: Vec<Vec<&str>> = raw
        .lines()
        .map(|line| line.split([' ', '\t']).collect())
        .collect();
    let of = |status: &'static str| lines.iter().filter(move |line| line[4] == status);
    // One that is gone is one that moved, and of several the one of the same name. git lists by path.
    let mut gone: Vec<_> = of("D").map(|line| (line[2], line[5])).collect();
    let mut added: Vec<_> = of("A").collect();
    let name = |path: &str| path.rsplit('/').next().map(str::to_owned);
    for same_name in [true, false] {
        added.retain(|line| {
            let moved = gone.iter().position(|(id, path)| {
                *id == line[3] && (!same_name || name(path) == name(line[5]))
            });
            moved.map(|at| gone.remove(at)).is_none()
        });
    }
    let changed = of("M").chain(of("T")).filter(|line| line[2] != line[3]);
    added
        .into_iter()
        .chain(changed)
        .map(|line| (line[5].to_owned(), line[3].to_owned()))
        .collect()
}

/// Numbers that are the same in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }

    /// Few names, so that files and folders of one name follow each other, with what sorts around the slash.
    fn path(&mut self) -> String {
        let names = ["a", "a.b", "a-b", "a0", "b", "B"];
        let depth = 1 + self.below(4);
        let name = |_| names[self.below(names.len() as u64) as usize];
        (0..depth).map(name).collect::<Vec<_>>().join("/")
    }
}

#[test]
fn what_is_new_is_what_git_says() {
    let dir = TempDir::new().unwrap();
    let root = dir.path();
    git(root, &["init", "--quiet", "--initial-branch=main"]);
    git(
        root,
        &["commit", "--quiet", "--allow-empty", "--message=first"],
    );
    let mut random = Random(0x5eed);
    let mut some = 0;
    for round in 0..30 {
        for _ in 0..12 {
            let path = random.path();
            let file = root.join(&path);
            if random.below(3) == 0 {
                let _ = fs::remove_dir_all(&file).or_else(|_| fs::remove_file(&file));
                continue;
            }
            // A file that is in the way of a folder, and the other way round, goes.
            let above = file
                .ancestors()
                .skip(1)
                .take_while(|folder| *folder != root);
            above
                .filter(|folder| folder.is_file())
                .for_each(|file| fs::remove_file(file).unwrap());
            if file.is_dir() {
                fs::remove_dir_all(&file).unwrap();
            }
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(&file, format!("{}\n", random.below(40))).unwrap();
        }
        git(root, &["add", "--all"]);
        let expected = expected(root);
        some += expected.len();
        assert_eq!(staged(root), expected, "round {round}");
        // Now all trees are in the index, and in the next round only some.
        git(root, &["write-tree"]);
        assert_eq!(staged(root), expected, "round {round}, with all trees");
        if random.below(2) == 0 {
            git(
                root,
                &["commit", "--quiet", "--allow-empty", "--message=next"],
            );
            assert!(staged(root).is_empty(), "round {round}, committed");
        }
    }
    assert!(some > 100, "only {some} files changed");
}
