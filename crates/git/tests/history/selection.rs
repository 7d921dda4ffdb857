//! Parts of a history.

use std::collections::BTreeSet;
use std::fs;

use keysieve_engine::ObjectId;
use keysieve_git::{HistoryBuilder, Part};

use super::recorder::walk_with;
use super::repository::{Folder, git, id};

/// `main`: 1 - 2 - 3 - merge of side; `side`: 1 - s. Each commit adds a file of its name; 3 removes file 1. What no ref
/// has: a commit `lost`, a blob.
fn repository() -> Folder {
    let folder = Folder::new();
    let run = |args: &[&str]| git(&folder.path, args);
    let commit = |name: &str| {
        fs::write(folder.join(name), format!("content {name}")).unwrap();
        run(&["add", "."]);
        let date = format!("--date=@{}", 1000 + name.len());
        run(&["commit", "-q", &date, "-m", name]);
        run(&["tag", &format!("at-{name}")]);
    };
    run(&["init", "-q", "-b", "main", "."]);
    commit("one");
    run(&["checkout", "-q", "-b", "side"]);
    commit("aside");
    run(&["checkout", "-q", "main"]);
    commit("two");
    fs::remove_file(folder.join("one")).unwrap();
    commit("three");
    run(&["merge", "-q", "--no-ff", "-m", "merge", "side"]);
    commit("lost");
    run(&["tag", "-d", "at-lost"]);
    run(&["reset", "-q", "--hard", "HEAD^"]);
    run(&["tag", "-a", "-m", "release", "v1"]);
    folder
}

/// The texts of the blobs, and the subjects of the commits, that a selection gives.
fn selected(folder: &Folder, selection: &Part) -> BTreeSet<String> {
    let mut builder = HistoryBuilder::new();
    let (_, seen) = walk_with(&folder.path, builder.part(selection.clone()));
    assert_eq!(seen.issues, []);
    let texts = seen
        .contents()
        .into_values()
        .map(|bytes| String::from_utf8(bytes).unwrap());
    texts
        .map(|text| text.trim_end().lines().last().unwrap().to_owned())
        .collect()
}

fn set(texts: &[&str]) -> BTreeSet<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

fn commit_of(folder: &Folder, rev: &str) -> ObjectId {
    id(&git(&folder.path, &["rev-parse", rev]))
}

#[test]
fn everything_is_the_default() {
    let folder = repository();
    let all = selected(&folder, &Part::default());
    assert!(
        all.contains("content lost") && all.contains("lost") && all.len() == 12,
        "{all:?}"
    );
}

#[test]
fn refs_choose_what_they_contain() {
    let folder = repository();
    let mut selection = Part::default();
    selection.refs = Some(vec![]);
    let reachable = selected(&folder, &selection);
    assert!(
        !reachable.contains("content lost") && reachable.len() == 10,
        "{reachable:?}"
    );
    selection.refs = Some(vec!["side".into()]);
    assert_eq!(
        selected(&folder, &selection),
        set(&["one", "content one", "aside", "content aside"])
    );
    selection.refs = Some(vec!["refs/tags/v1".into()]);
    assert!(selected(&folder, &selection).contains("release"));
    selection.refs = Some(vec!["nowhere".into()]);
    let mut builder = HistoryBuilder::new();
    let history = builder.part(selection).build(&folder.path).unwrap();
    let recorder = super::recorder::Recorder(Default::default());
    let error = keysieve_engine::source::Source::walk(&history, &recorder).unwrap_err();
    assert!(error.to_string().contains("nowhere"));
}

#[test]
fn ranges_choose_what_is_new() {
    let folder = repository();
    let mut selection = Part::default();
    selection.commits = vec![commit_of(&folder, "main")];
    selection.without = vec![commit_of(&folder, "at-two")];
    let new = set(&[
        "three",
        "content three",
        "merge",
        "aside",
        "content aside",
        "release",
    ]);
    assert_eq!(selected(&folder, &selection), new);
    selection.without = vec![commit_of(&folder, "v1")];
    assert_eq!(selected(&folder, &selection), set(&[]));
    selection.without = vec![];
    selection.max_commits = Some(1);
    assert_eq!(selected(&folder, &selection), set(&["merge", "release"]));
    selection.max_commits = None;
    selection.since = Some(i64::MAX);
    assert_eq!(selected(&folder, &selection), set(&[]));
}
