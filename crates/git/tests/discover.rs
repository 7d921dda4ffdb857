//! Finding repositories, made by git itself in temporary folders.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::PathBuf;

mod repository;

use keysieve_git::discover;
use repository::git;
use tempfile::TempDir;

/// A folder by its real path: the system's temporary folder may be a link.
fn folder() -> (TempDir, PathBuf) {
    let dir = TempDir::new().unwrap();
    let path = dir.path().canonicalize().unwrap();
    (dir, path)
}

/// A repository with one commit, which is the same on every machine.
fn repository() -> (TempDir, PathBuf) {
    let (dir, path) = folder();
    git(&path, &["init", "--quiet", "--initial-branch=main"]);
    fs::create_dir(path.join("sub")).unwrap();
    fs::write(path.join("sub/a"), "a\n").unwrap();
    git(&path, &["add", "."]);
    git(&path, &["commit", "--quiet", "--message=first"]);
    (dir, path)
}

#[test]
fn no_repository_is_no_error() {
    let (_dir, path) = folder();
    assert!(discover(&path).unwrap().is_none());
}

#[test]
fn a_folder_that_does_not_exist_is_an_error() {
    let (_dir, path) = folder();
    assert!(discover(&path.join("none")).unwrap().is_none());
    let error = discover(&path.join("none/none")).unwrap_err().to_string();
    assert!(error.contains("none\": "), "{error}");
}

#[test]
fn a_repository_is_found_from_every_path_in_it() {
    let (_dir, path) = repository();
    let id = git(&path, &["rev-parse", "HEAD"]);
    assert_eq!(id, "c6dd8813ea261cd74779e040d74c5b427fe6b160");
    for start in [".", "sub", "sub/a", "sub/none", "sub/../sub", "./sub/.."] {
        let found = discover(&path.join(start)).unwrap().unwrap();
        assert_eq!(found.root, path, "{start}");
        assert_eq!(found.head.as_deref(), Some(&*id));
        assert_eq!(found.remote, None);
    }
}

#[test]
fn an_unborn_branch_has_no_commit() {
    let (_dir, path) = folder();
    git(&path, &["init", "--quiet"]);
    let found = discover(&path).unwrap().unwrap();
    assert_eq!((found.root, found.head), (path, None));
}

#[test]
fn a_detached_head_and_packed_references_are_read() {
    let (_dir, path) = repository();
    let id = git(&path, &["rev-parse", "HEAD"]);
    git(&path, &["pack-refs", "--all"]);
    assert_eq!(discover(&path).unwrap().unwrap().head, Some(id.clone()));
    git(&path, &["checkout", "--quiet", "--detach"]);
    assert_eq!(discover(&path).unwrap().unwrap().head, Some(id));
}

#[test]
fn the_root_of_a_bare_repository_is_its_folder() {
    let (_dir, path) = repository();
    let bare = path.join("bare.git");
    git(&path, &["clone", "--quiet", "--bare", ".", "bare.git"]);
    let found = discover(&bare.join("refs")).unwrap().unwrap();
    assert_eq!(found.root, bare);
    assert_eq!(found.head, Some(git(&path, &["rev-parse", "HEAD"])));
}

#[test]
fn a_linked_work_tree_is_a_root() {
    let (_dir, path) = repository();
    let (_other, tree) = folder();
    let tree = tree.join("tree");
    git(
        &path,
        &["worktree", "add", "--quiet", tree.to_str().unwrap()],
    );
    let found = discover(&tree.join("sub")).unwrap().unwrap();
    assert_eq!(found.root, tree);
    assert_eq!(found.head, Some(git(&path, &["rev-parse", "HEAD"])));
}

#[cfg(unix)]
#[test]
fn the_root_keeps_the_spelling_of_a_link() {
    let (_dir, path) = repository();
    let (_other, link) = folder();
    let link = link.join("link");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    assert_eq!(discover(&link.join("sub")).unwrap().unwrap().root, link);
}

#[test]
fn the_remote_is_given_without_what_may_be_secret() {
    let (_dir, path) = repository();
    git(&path, &["remote", "add", "origin", "https://example.com/x"]);
    git(
        &path,
        &["remote", "add", "other", "https://example.com/other"],
    );
    // The parts of a URL that the test looks for are put together here, so that none stands in this file.
    let userinfo = ["us", "er"].concat() + ":" + &"pass".repeat(3);
    for (url, public) in [
        (
            format!("https://{userinfo}@example.com/a/b.git"),
            Some("https://example.com/a/b.git"),
        ),
        (
            format!("https://{}@example.com:8443/a%20b", "token".repeat(4)),
            Some("https://example.com:8443/a%20b"),
        ),
        (
            format!("https://example.com/a?private_token={}#x", "t".repeat(20)),
            Some("https://example.com/a"),
        ),
        (
            format!("ssh://{userinfo}@example.com:22/a/b"),
            Some("ssh://example.com:22/a/b"),
        ),
        (
            "git@example.com:a/b.git".to_owned(),
            Some("example.com:a/b.git"),
        ),
        ("/srv/git/a.git".to_owned(), Some("/srv/git/a.git")),
        (format!("ext::sh -c echo% {userinfo}"), None),
    ] {
        git(&path, &["remote", "set-url", "origin", &url]);
        assert_eq!(
            discover(&path).unwrap().unwrap().remote.as_deref(),
            public,
            "{url}"
        );
    }
    git(&path, &["remote", "remove", "origin"]);
    assert_eq!(
        discover(&path).unwrap().unwrap().remote.as_deref(),
        Some("https://example.com/other")
    );
}

/// Everything that git would run on behalf of a repository's own configuration.
#[cfg(unix)]
#[test]
fn a_hostile_configuration_runs_nothing_and_moves_nothing() {
    let (_dir, path) = repository();
    let witness = path.join("ran");
    let command = format!("touch {}", witness.display());
    fs::write(
        path.join("include"),
        "[remote \"origin\"]\n\turl = https://example.com/included\n",
    )
    .unwrap();
    for key in [
        "core.fsmonitor",
        "core.sshCommand",
        "core.pager",
        "core.editor",
        "core.gitProxy",
        "core.askPass",
        "credential.helper",
        "diff.external",
        "gpg.program",
        "uploadpack.packObjectsHook",
        "alias.status",
    ] {
        git(&path, &["config", key, &command]);
    }
    git(&path, &["config", "core.hooksPath", path.to_str().unwrap()]);
    git(&path, &["config", "include.path", "../include"]);
    let found = discover(&path).unwrap().unwrap();
    assert!(found.head.is_some());
    assert_eq!(found.remote, None);
    assert!(!witness.exists());
    git(&path, &["status"]);
    assert!(witness.exists(), "git itself falls into the trap");

    let (_other, elsewhere) = folder();
    git(
        &path,
        &["config", "core.worktree", elsewhere.to_str().unwrap()],
    );
    assert!(
        discover(&path)
            .unwrap_err()
            .to_string()
            .contains("core.worktree")
    );
}

#[test]
fn a_broken_repository_is_an_error_that_quotes_nothing() {
    let (_dir, path) = repository();
    let quoted = "quoted".repeat(3);
    fs::write(
        path.join(".git/config"),
        format!("[remote \"origin\"\n\turl = {quoted}\n[[["),
    )
    .unwrap();
    let error = discover(&path).unwrap_err();
    assert!(!format!("{error} {error:?}").contains("quoted"));

    let (_dir, path) = repository();
    fs::write(path.join(".git/refs/heads/main"), &quoted).unwrap();
    let error = discover(&path).unwrap_err();
    assert!(!format!("{error} {error:?}").contains("quoted"));
}
