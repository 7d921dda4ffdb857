//! Objects that are read one by one.

use std::fmt::Write;

use keysieve_engine::ObjectId;

use super::recorder::walk;
use super::repository::{Folder, bare, git, git_with, id, objects};

/// One file, edited and grown again and again.
fn import(folder: &Folder, rng: &mut fastrand::Rng, versions: usize) {
    let mut lines: Vec<String> = (0..400).map(|at| format!("line {at}")).collect();
    let mut stream = String::new();
    for time in 1..=versions {
        for _ in 0..rng.usize(1..4) {
            let at = rng.usize(..lines.len());
            lines.insert(at, format!("line {}", rng.u64(..)));
            let at = rng.usize(..lines.len());
            lines[at] = format!("other {}", rng.u64(..));
        }
        let (text, header) = (lines.join("\n"), "commit HEAD\ncommitter A <a@example.com>");
        let length = text.len();
        write!(stream, "{header} {time} +0000\ndata 0\n").unwrap();
        write!(stream, "M 100644 inline f\ndata {length}\n{text}\n").unwrap();
    }
    git_with(&folder.path, &["fast-import", "--quiet"], stream.as_bytes());
}

/// The longest chain of deltas in the packs.
fn longest_chain(folder: &Folder) -> usize {
    let packs = std::fs::read_dir(folder.join("objects/pack")).unwrap();
    let names = packs.map(|entry| entry.unwrap().path().to_str().unwrap().to_owned());
    let index = |name: &String| name.ends_with(".idx");
    let chains = names.filter(index).flat_map(|name| {
        let told = git(&folder.path, &["verify-pack", "-v", &name]);
        let chain = |line: &str| {
            let chain = line.strip_prefix("chain length = ")?;
            chain.split(':').next()?.parse::<usize>().ok()
        };
        told.lines().filter_map(chain).collect::<Vec<_>>()
    });
    chains.max().unwrap_or(0)
}

#[test]
fn objects_are_what_git_says_in_any_order() {
    let mut rng = fastrand::Rng::with_seed(3);
    for offsets in ["true", "false"] {
        let folder = bare();
        import(&folder, &mut rng, 200);
        let offsets = format!("repack.useDeltaBaseOffset={offsets}");
        let args = ["-c", &offsets, "repack", "-q", "-adf", "--depth=50"];
        git(&folder.path, &args);
        assert!(longest_chain(&folder) >= 30);
        for at in 0..20 {
            let loose = format!("loose {at}");
            let args = ["hash-object", "-w", "--stdin"];
            git_with(&folder.path, &args, loose.as_bytes());
        }
        let (history, _) = walk(&folder.path);
        let expected = Vec::from_iter(objects(&folder.path));
        let trees = git(&folder.path, &["log", "--format=%T"]);
        let absent = ObjectId::new(&[7; 20]).unwrap();
        let mut objects = history.objects();
        // Not all are kept: each is read from what is, and from the start.
        for _ in 0..3 * expected.len() {
            let (id, content) = &expected[rng.usize(..expected.len())];
            let read = objects.read(*id);
            assert!(read.as_deref() == Some(content), "{id}");
            if rng.u8(..50) == 0 {
                assert_eq!(objects.read(absent), None);
                objects = history.objects();
            }
        }
        for tree in trees.lines().map(id) {
            let read = objects.read(tree).unwrap();
            let hex = git_with(
                &folder.path,
                &["hash-object", "-t", "tree", "--stdin"],
                &read,
            );
            assert_eq!(tree.to_string(), String::from_utf8_lossy(&hex).trim());
        }
    }
}
