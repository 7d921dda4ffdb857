//! What each commit changes: as git tells it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::Path;

use keysieve_engine::ObjectId;

use super::recorder::walk;
use super::repository::{bare, git, git_with, id};

/// What stands at a path: its mode, and its content or the mark of a commit.
type Entry = (u32, String);

/// All files of a commit.
type Tree = BTreeMap<String, Entry>;

/// Path, old object, new object.
type Change = (Vec<u8>, Option<ObjectId>, Option<ObjectId>);

type Changes = BTreeMap<ObjectId, BTreeSet<Change>>;

const MODES: [u32; 3] = [0o100644, 0o100755, 0o120000];
const FOLDER: u32 = 0o040000;
const LINK: u32 = 0o160000;

/// Names that git sorts otherwise where one is a folder's.
const NAMES: [&str; 7] = ["a", "b", "a.b", "a-", "a0", "\u{e9}", "d"];

fn path(rng: &mut fastrand::Rng) -> String {
    let names: Vec<&str> = (0..rng.usize(1..6))
        .map(|_| NAMES[rng.usize(..NAMES.len())])
        .collect();
    names.join("/")
}

/// A path of the tree, or of a folder in it.
fn known(rng: &mut fastrand::Rng, tree: &Tree) -> String {
    let Some(path) = rng.choice(tree.keys()) else {
        return path(rng);
    };
    let ends = path.match_indices('/').map(|(at, _)| at);
    let ends = Vec::from_iter(ends.chain([path.len()]));
    path[..ends[rng.usize(..ends.len())]].to_owned()
}

/// Takes all away that stands at a path, or below.
fn take(tree: &mut Tree, path: &str) -> Vec<(String, Entry)> {
    let below = format!("{path}/");
    tree.extract_if(.., |name, _| name == path || name.starts_with(&below))
        .collect()
}

fn put(tree: &mut Tree, path: &str, entry: Entry) {
    take(tree, path);
    for (at, _) in path.match_indices('/') {
        tree.remove(&path[..at]);
    }
    tree.insert(path.to_owned(), entry);
}

fn edit(rng: &mut fastrand::Rng, trees: &[Tree], tree: &mut Tree) {
    let place = known(rng, tree);
    let any = path(rng);
    // Few, so that one stands under several names, and comes back.
    let content = format!("content {}", rng.u8(..12));
    match rng.u8(..10) {
        5 if rng.bool() => drop(take(tree, &place)),
        0..3 | 5 => put(tree, &any, (MODES[rng.usize(..3)], content)),
        3 => put(tree, &place, (MODES[0], content)),
        4 => put(tree, &format!("{place}/{any}"), (MODES[0], content)),
        6 if rng.bool() && !trees.is_empty() => *tree = trees[rng.usize(..trees.len())].clone(),
        // A commit of this repository, or of another one.
        6 if rng.bool() && !trees.is_empty() => {
            let mark = format!(":{}", rng.usize(1..=trees.len()));
            put(tree, &any, (LINK, mark));
        }
        6 => put(tree, &place, (LINK, format!("{:040x}", rng.u8(1..4)))),
        7 => {
            if let Some((_, entry)) = rng.choice(tree.iter_mut())
                && entry.0 != LINK
            {
                entry.0 = MODES[rng.usize(..3)];
            }
        }
        kind => {
            let taken = take(tree, &place);
            for (path, entry) in taken {
                let copy = format!("{any}{}", &path[place.len()..]);
                if kind == 8 {
                    put(tree, &path, entry.clone());
                }
                put(tree, &copy, entry);
            }
        }
    }
}

/// A repository of so many commits: several roots, merges, many heads.
fn import(dir: &Path, rng: &mut fastrand::Rng, commits: usize) {
    let (mut stream, mut trees, mut heads) = (String::new(), Vec::<Tree>::new(), BTreeSet::new());
    for mark in 1..=commits {
        let is_root = mark < 3 || rng.u8(..20) == 0;
        let branch = if is_root { mark } else { 1 };
        let header = format!("commit refs/heads/b{branch}\nmark :{mark}\n");
        stream.push_str(&header);
        write!(stream, "committer A <a@example.com> {mark} +0000\ndata 0\n").unwrap();
        let mut tree = Tree::new();
        heads.insert(mark);
        if !is_root {
            let parent = rng.usize(mark.saturating_sub(6).max(1)..mark);
            tree = trees[parent - 1].clone();
            let other = rng.usize(1..mark);
            writeln!(stream, "from :{parent}").unwrap();
            heads.remove(&parent);
            if rng.u8(..6) == 0 && other != parent {
                writeln!(stream, "merge :{other}").unwrap();
                heads.remove(&other);
            }
        }
        for _ in 0..rng.usize(..9) {
            edit(rng, &trees, &mut tree);
        }
        stream.push_str("deleteall\n");
        for (path, (mode, content)) in &tree {
            if *mode == LINK {
                writeln!(stream, "M {mode:o} {content} {path}").unwrap();
            } else {
                let length = content.len();
                let file = format!("M {mode:o} inline {path}\ndata {length}\n{content}\n");
                stream.push_str(&file);
            }
        }
        trees.push(tree);
    }
    for head in heads {
        writeln!(stream, "reset refs/heads/h{head}\nfrom :{head}\n").unwrap();
    }
    let args = ["fast-import", "--quiet", "--force"];
    git_with(dir, &args, stream.as_bytes());
}

/// What git's log says, with folders.
fn of_git(dir: &Path) -> Changes {
    let args = "log --format=@%H --raw -t -z --no-abbrev --no-renames --root --all --no-merges";
    let args: Vec<&str> = args.split(' ').collect();
    let output = git_with(dir, &args, b"");
    let mut fields = output.split(|&byte| byte == 0);
    let mut changes = Changes::new();
    let (mut commit, mut gone) = (None, Vec::new());
    while let Some(field) = fields.next() {
        let field = field.trim_ascii();
        if let Some(hex) = field.strip_prefix(b"@") {
            commit = Some(id(std::str::from_utf8(hex).unwrap()));
            gone.clear();
            continue;
        }
        let Some(entry) = field.strip_prefix(b":") else {
            assert!(field.is_empty(), "{field:?}");
            continue;
        };
        let entry = std::str::from_utf8(entry).unwrap();
        let path = fields.next().unwrap();
        let [old_mode, new_mode, old, new, _] = entry.split(' ').collect::<Vec<_>>()[..] else {
            panic!("{entry}");
        };
        let mode = |mode: &str| u32::from_str_radix(mode, 8).unwrap();
        let file = |of: &str, hex: &str| MODES.contains(&mode(of)).then(|| id(hex));
        let (old, new) = (file(old_mode, old), file(new_mode, new));
        // What is in a folder that is gone stands behind it.
        let is_in_gone = gone
            .iter()
            .any(|folder: &Vec<u8>| path.starts_with(folder) && path[folder.len()..][0] == b'/');
        let is_gone_folder = mode(old_mode) == FOLDER && mode(new_mode) != FOLDER;
        if is_gone_folder {
            gone.push(path.to_vec());
        }
        if (is_gone_folder || old != new) && !is_in_gone {
            let of_commit = changes.entry(commit.unwrap()).or_default();
            of_commit.insert((path.to_vec(), old, new));
        }
    }
    changes
}

#[test]
fn commits_change_what_git_says() {
    let (mut folders_gone, mut all, mut removals) = (0, 0, 0);
    for seed in 0..3 {
        let mut rng = fastrand::Rng::with_seed(seed);
        let folder = bare();
        import(&folder.path, &mut rng, 250);
        let (history, seen) = walk(&folder.path);
        assert_eq!(seen.issues, []);
        let tips = git(&folder.path, &["rev-list", "--no-walk", "--all"]);
        let tips: Vec<ObjectId> = tips.lines().map(id).collect();
        let (mut told, mut last) = (Changes::new(), None);
        let complete = history.changes(&tips, &mut |changed| {
            let of_commit = told.entry(changed.commit).or_default();
            let is_together = of_commit.is_empty() || last == Some(changed.commit);
            assert!(is_together, "{changed:?} is told of later");
            let change = (changed.path.to_vec(), changed.old, changed.new);
            assert!(of_commit.insert(change), "{changed:?} is told of twice");
            last = Some(changed.commit);
        });
        assert_eq!(complete, Some(()));
        let expected = of_git(&folder.path);
        for (commit, changes) in &expected {
            assert_eq!(told.get(commit), Some(changes), "seed {seed}, {commit}");
            all += changes.len();
            removals += changes.iter().filter(|change| change.2.is_none()).count();
            let is_folder = |change: &&Change| change.1.is_none() && change.2.is_none();
            folders_gone += changes.iter().filter(is_folder).count();
        }
        assert_eq!(told.len(), expected.len(), "seed {seed}");
        // Of some tips: what they contain.
        let tip = &git(&folder.path, &["rev-parse", "refs/heads/b1"]);
        let contained = git(&folder.path, &["rev-list", "--no-merges", tip]);
        let contained: BTreeSet<ObjectId> = contained.lines().map(id).collect();
        let mut of_tip = BTreeSet::new();
        history.changes(&[id(tip)], &mut |changed| {
            of_tip.insert(changed.commit);
        });
        let expected = expected.into_keys().filter(|id| contained.contains(id));
        assert_eq!(of_tip, expected.collect());
        let absent = ObjectId::new(&[7; 20]).unwrap();
        assert_eq!(history.changes(&[absent], &mut |_| {}), None);
    }
    assert!(all > 3000, "{all} changes");
    assert!(removals > 700, "{removals} removals");
    assert!(folders_gone > 200, "{folders_gone} folders gone");
}
