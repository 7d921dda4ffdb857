//! Histories that chance wrote: the walk gives what git gives, and says what git says.

use std::fmt::Write;
use std::path::Path;

use keysieve_engine::Origin;

use super::recorder::{walk, walk_with};
use super::repository::{Folder, git, git_with, objects};
use keysieve_git::HistoryBuilder;

/// A stream for `git fast-import`: commits on two branches with merges, which edit, move and delete some files.
fn stream(rng: &mut fastrand::Rng, commits: usize) -> String {
    let mut stream = String::new();
    let mut files: Vec<Vec<String>> = (0..6).map(|_| lines(rng, 200)).collect();
    for mark in 1..=commits {
        let branch = if mark > 3 && rng.u8(..4) == 0 {
            "side"
        } else {
            "main"
        };
        let message = format!("message {}", rng.u32(..));
        write!(
            stream,
            "commit refs/heads/{branch}\nmark :{mark}\ncommitter A <a@example.com> {} +0000\n",
            1000 + mark
        )
        .unwrap();
        write!(stream, "data {}\n{message}\n", message.len()).unwrap();
        if mark > 5 && rng.u8(..6) == 0 {
            writeln!(stream, "merge :{}", mark - rng.usize(2..5)).unwrap();
        }
        for _ in 0..rng.usize(1..3) {
            let which = rng.usize(..files.len());
            let file = &mut files[which];
            for _ in 0..rng.usize(1..4) {
                let at = rng.usize(..file.len());
                file[at] = format!("line {}", rng.u32(..));
            }
            let text = file.join("\n");
            let name = format!(
                "{}/{}/f{which}",
                ["a", "b"][rng.usize(..2)],
                ["", "x/y", "z"][rng.usize(..3)]
            );
            let name = name.replace("//", "/");
            let copies = if rng.u8(..4) == 0 { 2 } else { 1 };
            for copy in &["", ".copy"][..copies] {
                let length = text.len();
                write!(
                    stream,
                    "M 100644 inline {name}{copy}\ndata {length}\n{text}\n"
                )
                .unwrap();
            }
        }
        if rng.u8(..8) == 0 {
            stream.push_str("D a/z\n");
        }
    }
    stream
}

fn lines(rng: &mut fastrand::Rng, count: usize) -> Vec<String> {
    (0..count)
        .map(|_| format!("line {}", rng.u32(..)))
        .collect()
}

/// Makes a bare repository of that stream.
fn import(dir: &Path, seed: u64) {
    git(
        dir,
        &["init", "--quiet", "--bare", "--initial-branch=main", "."],
    );
    let stream = stream(&mut fastrand::Rng::with_seed(seed), 120);
    git_with(dir, &["fast-import", "--quiet"], stream.as_bytes());
}

#[test]
fn the_walk_gives_what_git_gives_however_it_is_stored() {
    for seed in 0..2 {
        let folder = Folder::new();
        import(&folder.path, seed);
        let expected = objects(&folder.path);
        assert!(expected.len() > 200);
        let repack: [&[&str]; 4] = [
            &[
                "repack",
                "-q",
                "-a",
                "-d",
                "-k",
                "-f",
                "--depth=200",
                "--window=100",
            ],
            &[
                "-c",
                "pack.packSizeLimit=1m",
                "-c",
                "core.bigFileThreshold=1g",
                "repack",
                "-q",
                "-a",
                "-d",
                "-k",
                "-F",
            ],
            &[
                "-c",
                "repack.useDeltaBaseOffset=false",
                "repack",
                "-q",
                "-a",
                "-d",
                "-k",
                "-f",
            ],
            &[
                "-c",
                "pack.indexVersion=1",
                "repack",
                "-q",
                "-a",
                "-d",
                "-k",
                "-f",
            ],
        ];
        for args in repack {
            git(&folder.path, args);
            let (_, seen) = walk(&folder.path);
            assert_eq!(seen.issues, [], "{args:?}");
            assert!(seen.contents() == expected, "{args:?}");
        }
        // All loose, and again in a pack: each object is there twice.
        let pack = std::fs::read_dir(folder.join("objects/pack"))
            .unwrap()
            .map(|entry| entry.unwrap().path());
        let pack = pack
            .into_iter()
            .find(|path| path.extension().is_some_and(|end| end == "pack"))
            .unwrap();
        let copy = std::fs::read(&pack).unwrap();
        let other = Folder::new();
        git(&other.path, &["init", "--quiet", "--bare", "."]);
        git_with(&other.path, &["unpack-objects", "-q"], &copy);
        let (_, seen) = walk(&other.path);
        assert!(seen.contents() == expected && seen.issues.is_empty());
        git_with(&other.path, &["index-pack", "--stdin"], &copy);
        let (_, seen) = walk(&other.path);
        assert!(seen.contents() == expected && seen.issues.is_empty());
    }
}

#[test]
fn the_walk_is_the_same_on_any_number_of_threads() {
    let folder = Folder::new();
    import(&folder.path, 9);
    git(&folder.path, &["repack", "-q", "-a", "-d", "-k", "-f"]);
    let (_, three) = walk(&folder.path);
    let history = HistoryBuilder::new()
        .threads(1)
        .build(&folder.path)
        .unwrap();
    let recorder = super::recorder::Recorder(Default::default());
    keysieve_engine::source::Source::walk(&history, &recorder).unwrap();
    assert!(three.objects == recorder.0.into_inner().unwrap().objects);
}

#[test]
fn attribution_agrees_with_git() {
    let folder = Folder::new();
    import(&folder.path, 4);
    let (history, seen) = walk_with(&folder.path, &mut HistoryBuilder::new());
    let blobs: Vec<_> = seen
        .objects
        .iter()
        .filter(|(_, (origin, _))| matches!(origin, Origin::Blob { .. }))
        .map(|(id, _)| *id)
        .collect();
    assert!(blobs.len() > 100, "more than one batch");
    let head = git(&folder.path, &["ls-tree", "-r", "HEAD"]);
    for (attribution, id) in history.attribute(&blobs).into_iter().zip(blobs) {
        assert_eq!(attribution.id, id);
        let find = format!("--find-object={id}");
        let args = [
            "log",
            "--all",
            "-m",
            "--full-history",
            "--reverse",
            "--date-order",
            "--format=%H",
            &find,
        ];
        let log = git(&folder.path, &args);
        let introduced = attribution.introduced.map(|commit| commit.id.to_string());
        assert_eq!(introduced.as_deref(), log.lines().next());
        assert_eq!(attribution.in_head, head.contains(&id.to_string()));
        // Every path is one that git knows, and git knows no other.
        let args = [
            "log",
            "--all",
            "-m",
            "--full-history",
            "--raw",
            "--no-abbrev",
            "--no-renames",
            "--format=",
            &find,
        ];
        let raw = git(&folder.path, &args);
        let added = raw
            .lines()
            .filter(|line| line.split(' ').nth(3) == Some(&id.to_string()));
        let mut paths: Vec<_> = added
            .map(|line| line.split('\t').nth(1).unwrap().into())
            .collect();
        paths.sort();
        paths.dedup();
        assert_eq!(attribution.paths, paths);
        let Origin::Blob { path, moved, .. } = &seen.objects[&id].0 else {
            panic!("a blob");
        };
        assert!(path.as_ref().is_none_or(|path| paths.contains(path)));
        assert_eq!(path.is_none(), paths.is_empty());
        assert_eq!(*moved, paths.len() > 1);
    }
}
