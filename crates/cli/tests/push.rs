//! `keysieve push` as the hook of real pushes.

#![cfg(unix)]

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Output, Stdio};

use serde_json::Value;

use crate::program::git::{Repository, git, hook, places, try_git};
use crate::program::{array, keysieve, parse, text, token};

/// A repository whose remote `origin` is a bare one beside it.
fn with_remote() -> (Repository, PathBuf) {
    let repository = Repository::with_commit();
    let bare = repository.around().join("bare.git");
    git(
        &repository.around(),
        &[
            "init",
            "--quiet",
            "--bare",
            "--initial-branch=main",
            "bare.git",
        ],
    );
    repository.git(&["remote", "add", "origin", bare.to_str().unwrap()]);
    (repository, bare)
}

/// Pushes; gives whether that went through, and what was said.
fn push(repository: &Repository, args: &[&str]) -> (bool, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = try_git(&repository.root, &[&["push"], args].concat(), &[]);
    let said = String::from_utf8([stdout, stderr].concat()).unwrap();
    (status.success(), said)
}

/// Pushes what must go through.
fn pass(repository: &Repository, args: &[&str]) {
    let (passed, said) = push(repository, args);
    assert!(passed, "push {args:?}: {said}");
}

/// Pushes what must be stopped, because of what stands at `place`.
fn stop(repository: &Repository, args: &[&str], place: &str) {
    let (passed, said) = push(repository, args);
    assert!(!passed && said.contains(place), "push {args:?}: {said}");
}

/// Runs the command with `input` as git would, and gives its report.
fn fed(repository: &Repository, args: &[&str], input: &str, code: i32) -> Value {
    let mut command = keysieve(&repository.root);
    command.args(["push", "-f", "json"]).args(args);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(input.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(code), "{output:?}");
    if code == 2 {
        return Value::String(String::from_utf8(output.stderr).unwrap());
    }
    parse(&output.stdout)
}

const ZERO: &str = "0000000000000000000000000000000000000000";

#[test]
fn a_pre_push_hook_stops_what_is_new_on_the_remote() {
    let (repository, _bare) = with_remote();
    repository.commit("old.txt", &format!("{}\n", token(1)));
    pass(&repository, &["--quiet", "origin", "main"]);
    let pre_push = repository.root.join(".git/hooks/pre-push");
    hook(&pre_push, "exec \"$KEYSIEVE\" push \"$@\"");

    repository.commit("old.txt", &format!("{}\nedited\n", token(1)));
    pass(&repository, &["origin", "main"]);
    let commit = repository.commit("new.txt", &format!("\n{}\n", token(2)));
    let place = format!("{}:new.txt\n  2:1 ", &commit[..12]);
    stop(&repository, &["origin", "main"], &place);
    // Taken out in a later commit, it would still come along.
    repository.commit("new.txt", "clean\n");
    stop(&repository, &["origin", "main"], &place);
    // A new branch brings only what the remote has not.
    repository.git(&["checkout", "--quiet", "-b", "topic", "origin/main"]);
    repository.commit("fine.txt", "fine\n");
    pass(&repository, &["origin", "topic"]);
    pass(&repository, &["origin", "--delete", "topic"]);
    stop(&repository, &["origin", "main:refs/heads/other"], &place);
    // A force push, over what somebody else has pushed and nobody here has.
    let clone = repository.around().join("clone");
    git(
        &repository.around(),
        &["clone", "--quiet", "bare.git", "clone"],
    );
    std::fs::write(clone.join("theirs"), "theirs\n").unwrap();
    git(&clone, &["add", "."]);
    git(&clone, &["commit", "--quiet", "--message=theirs"]);
    git(&clone, &["push", "--quiet", "origin", "main"]);
    pass(&repository, &["--force", "origin", "topic:main"]);
    // Tags speak, too.
    let message = format!("made with {}", token(3));
    repository.git(&["tag", "--annotate", "v1", "--message", &message]);
    stop(&repository, &["origin", "v1"], "(tag message)\n  1:11 ");
    repository.git(&["tag", "v2"]);
    pass(&repository, &["origin", "v2"]);
    pass(&repository, &["origin", "v2"]); // everything up-to-date: nothing on standard input
}

#[test]
fn the_first_push_to_a_remote_brings_all() {
    let (repository, _bare) = with_remote();
    let commit = repository.commit("old.txt", &format!("{}\n", token(1)));
    repository.commit("old.txt", "clean\n");
    hook(
        &repository.root.join(".git/hooks/pre-push"),
        "exec \"$KEYSIEVE\" push \"$@\"",
    );
    stop(
        &repository,
        &["origin", "main"],
        &format!("{}:old.txt\n  1:1 ", &commit[..12]),
    );
}

/// While the hook runs, what was pushed lies in quarantine, and git tells by variables where.
#[test]
fn a_pre_receive_hook_reads_the_quarantine() {
    let (repository, bare) = with_remote();
    pass(&repository, &["--quiet", "origin", "main"]);
    hook(&bare.join("hooks/pre-receive"), "exec \"$KEYSIEVE\" push");

    repository.commit("fine.txt", "fine\n");
    pass(&repository, &["origin", "main"]);
    let commit = repository.commit("new.txt", &format!("\n{}\n", token(1)));
    let place = format!("remote: {}:new.txt", &commit[..12]);
    stop(&repository, &["origin", "main"], &place);
    stop(&repository, &["origin", "main:topic"], &place);
    assert_eq!(
        git(&bare, &["for-each-ref", "--format=%(refname)"]),
        "refs/heads/main"
    );
    let (_, said) = push(&repository, &["origin", "main"]);
    assert!(!said.contains(&token(1)), "{said}");

    repository.git(&["reset", "--quiet", "--hard", "HEAD~1"]);
    repository.commit("other.txt", "fine\n");
    pass(&repository, &["origin", "main", "main:topic"]);
    pass(&repository, &["origin", "--delete", "topic"]);
    // More than `receive.unpackLimit`: the quarantine then holds a pack, and deltas against what is outside of it.
    for i in 0..120 {
        repository.write(
            &format!("many/{i}"),
            &format!("{}{i}\n", "a line\n".repeat(50)),
        );
    }
    repository.git(&["add", "."]);
    repository.git(&["commit", "--quiet", "--message=many"]);
    pass(&repository, &["origin", "main"]);
    repository.commit(
        "many/7",
        &format!("{}{}\n", "a line\n".repeat(50), token(2)),
    );
    stop(&repository, &["origin", "main"], ":many/7");
}

#[test]
fn both_forms_are_read_from_standard_input() {
    let repository = Repository::with_commit();
    let base = repository.head();
    let commit = repository.commit("a.txt", &format!("{}\n", token(1)));
    let sends = format!("refs/heads/main {commit} refs/heads/main {base}\n");
    let report = fed(
        &repository,
        &["origin", "https://git.example.com/x"],
        &sends,
        1,
    );
    assert_eq!(places(&report), ["a.txt:1"]);
    assert_eq!(text(&report, "/findings/0/commit"), commit);
    assert_eq!(text(&report, "/tool/command"), "push");
    // On the side that receives, all references count as known: here, the very commit.
    let receives = format!("{base} {commit} refs/heads/main\n");
    fed(&repository, &[], &receives, 0);
    let topic = repository.git(&["commit-tree", "-m", "x", "-p", &commit, "HEAD^{tree}"]);
    let report = fed(
        &repository,
        &[],
        &format!("{ZERO} {topic} refs/heads/x\n"),
        0,
    );
    assert_eq!(report["summary"]["files"], 1, "its message");
    // Nothing is known of a remote without a name.
    let first = format!("refs/heads/main {commit} refs/heads/main {ZERO}\n");
    let report = fed(&repository, &["https://git.example.com/x"], &first, 1);
    assert_eq!(report["summary"]["files"], 4, "two files and two messages");
    fed(&repository, &[], "", 0);
    fed(
        &repository,
        &[],
        &format!("(delete) {ZERO} refs/heads/main {base}\n"),
        0,
    );

    let wrong = fed(&repository, &[], "refs/heads/main\n", 2);
    assert!(
        wrong.as_str().unwrap().contains("line 1 of standard input"),
        "{wrong}"
    );
}

#[test]
fn old_lines_and_all_lines() {
    let repository = Repository::with_commit();
    let base = repository.commit("a.txt", &format!("{}\n", token(1)));
    let commit = repository.commit("a.txt", &format!("x\n{}\n{}\n", token(1), token(2)));
    let line = format!("refs/heads/main {commit} refs/heads/main {base}\n");
    assert_eq!(places(&fed(&repository, &[], &line, 1)), ["a.txt:3"]);
    assert_eq!(
        places(&fed(&repository, &["--all-lines"], &line, 1)),
        ["a.txt:2", "a.txt:3"]
    );
    let report = fed(&repository, &["--exit-zero"], &line, 0);
    assert_eq!(
        array(&report, "/findings").len(),
        2,
        "one of them suppressed"
    );
}

/// References to what is no commit.
#[test]
fn trees_and_blobs_can_be_pushed() {
    let repository = Repository::with_commit();
    repository.write("a.txt", &format!("{}\n", token(1)));
    let blob = repository.git(&["hash-object", "-w", "a.txt"]);
    repository.git(&["add", "a.txt"]);
    let tree = repository.git(&["write-tree"]);
    let report = fed(
        &repository,
        &[],
        &format!("x {blob} refs/tags/x {ZERO}\n"),
        1,
    );
    assert_eq!(text(&report, "/findings/0/object/id"), blob);
    let report = fed(
        &repository,
        &[],
        &format!("x {tree} refs/tags/x {ZERO}\n"),
        1,
    );
    assert_eq!(places(&report), ["a.txt:1"]);
}

/// The pre-commit framework reads standard input itself, and sets variables.
#[test]
fn the_variables_of_pre_commit_are_understood() {
    let repository = Repository::with_commit();
    let base = repository.head();
    let commit = repository.commit("a.txt", &format!("{}\n", token(1)));
    let run = |variables: &[(&str, &str)]| {
        let mut command = keysieve(&repository.root);
        command.args(["push", "-f", "json"]).env("PRE_COMMIT", "1");
        command.env("PRE_COMMIT_REMOTE_NAME", "origin");
        command.envs(variables.iter().copied());
        let output = command.output().unwrap();
        (
            output.status.code().unwrap(),
            places(&parse(&output.stdout)),
        )
    };
    let branch = ("PRE_COMMIT_LOCAL_BRANCH", "refs/heads/main");
    let found = vec!["a.txt:1".to_owned()];
    assert_eq!(run(&[branch]), (1, found.clone()));
    let (from, to) = (
        ("PRE_COMMIT_FROM_REF", &*base),
        ("PRE_COMMIT_TO_REF", &*commit),
    );
    assert_eq!(run(&[branch, from, to]), (1, found));
    repository.git(&["update-ref", "refs/remotes/origin/main", &commit]);
    assert_eq!(run(&[branch]), (0, Vec::new()));
}

#[test]
fn every_report_names_the_commit() {
    let repository = Repository::with_commit();
    let base = repository.head();
    repository.commit("a.txt", &format!("{}\n", token(1)));
    let message = format!("Say {}", token(2));
    repository.git(&["commit", "--quiet", "--allow-empty", "--message", &message]);
    let commit = repository.head();
    let line = format!("refs/heads/main {commit} refs/heads/main {base}\n");
    let log = {
        let mut command = keysieve(&repository.root);
        command
            .args(["push", "-f", "sarif"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(line.as_bytes())
            .unwrap();
        parse(&child.wait_with_output().unwrap().stdout)
    };
    let run = &log["runs"][0];
    assert_eq!(run["automationDetails"]["id"], "keysieve/push/");
    let results = array(run, "/results");
    assert_eq!(results.len(), 2);
    let said = |i: usize| text(&results[i], "/message/text");
    assert!(
        said(0).contains(&format!("commit message {}", &commit[..12])),
        "{}",
        said(0)
    );
    let parent = repository.git(&["rev-parse", "HEAD~1"]);
    assert!(
        said(1).contains(&format!("Commit {} added it", &parent[..12])),
        "{}",
        said(1)
    );
    assert_eq!(text(&results[1], "/properties/git/commit"), parent);
    let uri = "/locations/0/physicalLocation/artifactLocation/uri";
    assert_eq!(
        text(&results[0], uri),
        format!("git/commit-message/{commit}")
    );
}
