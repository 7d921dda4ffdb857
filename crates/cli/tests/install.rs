//! `keysieve install`, and the hooks that it writes as git runs them.

#![cfg(unix)]

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::program::git::{Repository, git, try_git};
use crate::program::{keysieve, token, write};

/// Runs `keysieve install` in a repository, and gives what it says.
fn install(folder: &Path, args: &[&str], code: i32) -> String {
    ended(
        &keysieve(folder).arg("install").args(args).output().unwrap(),
        code,
    )
}

fn ended(output: &Output, code: i32) -> String {
    assert_eq!(output.status.code(), Some(code), "{output:?}");
    both(output)
}

fn both(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    text(&output.stdout) + &text(&output.stderr)
}

/// Runs git, which must end well or not, and gives what it says.
fn run(folder: &Path, args: &[&str], passes: bool) -> String {
    let output = try_git(folder, args, &[]);
    assert_eq!(output.status.success(), passes, "{args:?} {output:?}");
    both(&output)
}

fn commit(folder: &Path, args: &[&str], passes: bool) -> String {
    run(
        folder,
        &[&["commit", "--quiet", "--message=m"], args].concat(),
        passes,
    )
}

fn hooks(repository: &Repository) -> PathBuf {
    repository.root.join(".git/hooks")
}

/// A script that somebody else made a hook.
fn script(path: &Path, text: &str, mode: u32) {
    write(path, text.as_bytes());
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().permissions().mode() & 0o7777
}

/// The names in the folder of hooks, but for the samples that git puts there.
fn names(folder: &Path) -> Vec<String> {
    let names = folder.read_dir().unwrap().map(|entry| {
        let name = entry.unwrap().file_name();
        name.into_string().unwrap()
    });
    let mut names: Vec<String> = names.filter(|name| !name.ends_with(".sample")).collect();
    names.sort();
    names
}

fn secret(seed: u64) -> String {
    format!("{}\n", token(seed))
}

fn with_bare() -> (Repository, PathBuf) {
    let repository = Repository::with_commit();
    let bare = repository.around().join("bare.git");
    git(
        &repository.around(),
        &["init", "--quiet", "--bare", "bare.git"],
    );
    repository.git(&["remote", "add", "origin", bare.to_str().unwrap()]);
    (repository, bare)
}

#[test]
fn a_commit_with_a_secret_is_stopped() {
    let repository = Repository::with_commit();
    repository.commit("tracked", "clean\n");
    let said = install(&repository.root, &["pre-commit"], 0);
    assert!(said.starts_with("wrote ") && said.contains(".git/hooks/pre-commit\""));
    assert_eq!(names(&hooks(&repository)), ["pre-commit"]);
    assert_eq!(mode(&hooks(&repository).join("pre-commit")) & 0o700, 0o700);

    repository.stage("a", &secret(1));
    assert!(commit(&repository.root, &[], false).contains("a\n  1:1 "));
    // Only what is named is committed, from a temporary index.
    repository.write("tracked", "still clean\n");
    commit(&repository.root, &["--", "tracked"], true);
    repository.write("tracked", &secret(2));
    assert!(commit(&repository.root, &["--", "tracked"], false).contains("tracked\n  1:1 "));
    // What is staged counts, not the file.
    repository.stage("a", "clean\n");
    repository.write("a", &secret(1));
    commit(&repository.root, &[], true);
}

#[test]
fn twice_changes_nothing_and_back_leaves_nothing() {
    let repository = Repository::with_commit();
    let folder = repository.root.join("deep/down");
    fs::create_dir_all(&folder).unwrap();
    fs::remove_dir_all(hooks(&repository)).unwrap();
    for hook in ["pre-commit", "pre-push", "pre-receive"] {
        install(&folder, &[hook], 0);
        let path = hooks(&repository).join(hook);
        let before = (fs::read(&path).unwrap(), fs::metadata(&path).unwrap());
        let again = install(&repository.around(), &[hook, "project"], 0);
        assert!(again.ends_with("is up to date\n"), "{again}");
        let after = (fs::read(&path).unwrap(), fs::metadata(&path).unwrap());
        assert_eq!(before.0, after.0);
        assert_eq!(before.1.modified().unwrap(), after.1.modified().unwrap());

        assert!(install(&folder, &[hook, "--uninstall"], 0).starts_with("removed "));
        assert!(install(&folder, &[hook, "--uninstall"], 0).starts_with("there is no "));
        assert!(names(&hooks(&repository)).is_empty());
    }
}

#[test]
fn what_was_there_runs_first_and_its_failure_counts() {
    let repository = Repository::with_commit();
    let path = hooks(&repository).join("pre-commit");
    let before = "#!/bin/sh\necho \"first $#\" >&2\n! [ -e stop ] || exit 7\n";
    script(&path, before, 0o751);
    let said = install(&repository.root, &["pre-commit"], 0);
    assert!(said.contains("pre-commit.before-keysieve\" now"), "{said}");
    install(&repository.root, &["pre-commit"], 0);
    assert_eq!(
        names(&hooks(&repository)),
        ["pre-commit", "pre-commit.before-keysieve"]
    );

    repository.stage("a", &secret(1));
    let said = commit(&repository.root, &[], false);
    let (first, second) = (said.find("first 0"), said.find("a\n  1:1 "));
    assert!(first.is_some() && second.is_some(), "{said}");
    repository.write("stop", "");
    let said = commit(&repository.root, &[], false);
    assert!(said.contains("first 0") && !said.contains("1:1 "), "{said}");
    fs::remove_file(repository.root.join("stop")).unwrap();
    repository.stage("a", "clean\n");
    assert!(commit(&repository.root, &[], true).contains("first 0"));

    let said = install(&repository.root, &["pre-commit", "--uninstall"], 0);
    assert!(said.ends_with("back as it was\n"), "{said}");
    assert_eq!(names(&hooks(&repository)), ["pre-commit"]);
    assert_eq!(fs::read_to_string(&path).unwrap(), before);
    assert_eq!(mode(&path), 0o751);
}

#[test]
fn a_link_and_a_file_that_git_does_not_run_come_back_as_they_were() {
    let repository = Repository::with_commit();
    let path = hooks(&repository).join("pre-commit");
    let target = repository.root.join("tools/check");
    script(&target, "#!/bin/sh\necho by the link >&2\n", 0o755);
    symlink("../../tools/check", &path).unwrap();
    install(&repository.root, &["pre-commit"], 0);
    assert!(!path.is_symlink());
    let unchanged = fs::read_to_string(&target).unwrap();
    assert_eq!(unchanged, "#!/bin/sh\necho by the link >&2\n");
    assert!(commit(&repository.root, &["--allow-empty"], true).contains("by the link"));
    install(&repository.root, &["pre-commit", "--uninstall"], 0);
    assert_eq!(
        fs::read_link(&path).unwrap(),
        Path::new("../../tools/check")
    );

    fs::remove_file(&path).unwrap();
    script(&path, "\u{fffd}\0no script", 0o640);
    install(&repository.root, &["pre-commit"], 0);
    commit(&repository.root, &["--allow-empty"], true);
    install(&repository.root, &["pre-commit", "--uninstall"], 0);
    assert_eq!(fs::read(&path).unwrap(), "\u{fffd}\0no script".as_bytes());
    assert_eq!(mode(&path), 0o640);
}

#[test]
fn a_hook_of_somebody_else_stays() {
    let repository = Repository::with_commit();
    let path = hooks(&repository).join("pre-commit");
    script(&path, "#!/bin/sh\nexit 0\n", 0o755);
    let said = install(&repository.root, &["pre-commit", "--uninstall"], 2);
    assert!(said.contains("was not written by keysieve"), "{said}");
    assert_eq!(fs::read_to_string(&path).unwrap(), "#!/bin/sh\nexit 0\n");

    // Ours, but with a line of somebody else's.
    install(&repository.root, &["pre-commit"], 0);
    let changed = fs::read_to_string(&path).unwrap() + "true\n";
    fs::write(&path, &changed).unwrap();
    install(&repository.root, &["pre-commit", "--uninstall"], 2);
    // Two that would have to be kept under one name.
    let said = install(&repository.root, &["pre-commit"], 2);
    assert!(said.contains("keeps another one"), "{said}");
    assert_eq!(fs::read_to_string(&path).unwrap(), changed);
    let kept = hooks(&repository).join("pre-commit.before-keysieve");
    assert_eq!(fs::read_to_string(kept).unwrap(), "#!/bin/sh\nexit 0\n");

    fs::create_dir(hooks(&repository).join("pre-push")).unwrap();
    install(&repository.root, &["pre-push"], 2);
    install(&repository.root, &["post-commit"], 2);
    install(&repository.around(), &["pre-push"], 2);
}

#[test]
fn a_program_that_moved_is_looked_for_on_the_path() {
    let repository = Repository::with_commit();
    let programs = repository.around().join("it's/programs");
    fs::create_dir_all(&programs).unwrap();
    let copy = programs.join("keysieve");
    // By cp: a file that this process had open for writing may still be open in a child of another test, and cannot run.
    let status = Command::new("cp")
        .arg(env!("CARGO_BIN_EXE_keysieve"))
        .arg(&copy)
        .status();
    assert!(status.unwrap().success());
    let output = Command::new(&copy)
        .args(["install", "pre-commit"])
        .env_clear()
        .current_dir(&repository.root)
        .output()
        .unwrap();
    ended(&output, 0);
    repository.stage("a", &secret(1));
    assert!(commit(&repository.root, &[], false).contains("a\n  1:1 "));

    let elsewhere = repository.around().join("elsewhere");
    fs::rename(&programs, &elsewhere).unwrap();
    let said = commit(&repository.root, &[], false);
    assert!(said.contains("neither where it was"), "{said}");
    let path = std::env::var("PATH").unwrap() + ":" + elsewhere.to_str().unwrap();
    let args = ["commit", "--quiet", "--message=m"];
    let output = try_git(&repository.root, &args, &[("PATH", &path)]);
    assert!(both(&output).contains("a\n  1:1 "), "{output:?}");

    // Installing anew names the program that does it.
    let said = install(&repository.root, &["pre-commit"], 0);
    assert!(said.starts_with("wrote "), "{said}");
    assert!(commit(&repository.root, &[], false).contains("a\n  1:1 "));
}

#[test]
fn both_hooks_before_a_push_read_the_list() {
    let (repository, _bare) = with_bare();
    let heard = repository.root.join("heard");
    script(
        &hooks(&repository).join("pre-push"),
        "#!/bin/sh\n{ echo \"$@\"; cat; } >heard\n! [ -e stop ] || exit 7\n",
        0o755,
    );
    install(&repository.root, &["pre-push"], 0);
    let address = repository.git(&["remote", "get-url", "origin"]);
    let zero = "0".repeat(40);
    let first = repository.head();
    run(&repository.root, &["push", "origin", "main"], true);
    assert_eq!(
        fs::read_to_string(&heard).unwrap(),
        format!("origin {address}\nrefs/heads/main {first} refs/heads/main {zero}\n")
    );

    let second = repository.commit("a", &secret(1));
    let said = run(&repository.root, &["push", "origin", "main"], false);
    assert!(
        said.contains(&format!("{}:a\n  1:1 ", &second[..12])),
        "{said}"
    );
    let list = format!("origin {address}\nrefs/heads/main {second} refs/heads/main {first}\n");
    assert_eq!(fs::read_to_string(&heard).unwrap(), list);
    repository.write("stop", "");
    let said = run(&repository.root, &["push", "origin", "main"], false);
    assert!(!said.contains("1:1 "), "{said}");
    // One that does not read is no obstacle.
    fs::write(
        hooks(&repository).join("pre-push.before-keysieve"),
        "#!/bin/sh\n",
    )
    .unwrap();
    let said = run(&repository.root, &["push", "origin", "main"], false);
    assert!(said.contains("a\n  1:1 "), "{said}");
    repository.git(&["reset", "--quiet", "--hard", "HEAD~1"]);
    run(&repository.root, &["push", "origin", "main"], true);
    repository.commit("fine", "fine\n");
    run(&repository.root, &["push", "origin", "main"], true);
}

#[test]
fn a_server_reads_the_quarantine() {
    let (repository, bare) = with_bare();
    let said = install(&bare, &["pre-receive"], 0);
    assert!(said.contains("bare.git/hooks/pre-receive\""), "{said}");
    for is_chained in [false, true] {
        if is_chained {
            install(&bare, &["pre-receive", "--uninstall"], 0);
            let before = "#!/bin/sh\ncat >heard\n";
            script(&bare.join("hooks/pre-receive"), before, 0o755);
            install(&repository.around(), &["pre-receive", "bare.git"], 0);
        }
        let old = repository.commit("fine", &format!("fine {is_chained}\n"));
        run(&repository.root, &["push", "origin", "main"], true);
        // Whoever pushes does not decide what is looked for.
        repository.commit("keysieve.toml", "[paths]\nignore = [\"**\"]\n");
        let new = repository.commit("a", &secret(u64::from(is_chained)));
        let said = run(&repository.root, &["push", "origin", "main"], false);
        let place = format!("remote: {}:a", &new[..12]);
        assert!(said.contains(&place), "{said}");
        assert_eq!(git(&bare, &["rev-parse", "main"]), old);
        let list = format!("{old} {new} refs/heads/main\n");
        let heard = fs::read_to_string(bare.join("heard"));
        assert_eq!(heard.ok(), is_chained.then_some(list));
        repository.git(&["reset", "--quiet", "--hard", &old]);
    }
}

#[test]
fn linked_work_trees_share_the_hook() {
    let repository = Repository::with_commit();
    let tree = repository.around().join("tree");
    repository.git(&["worktree", "add", "--quiet", tree.to_str().unwrap()]);
    install(&tree, &["pre-commit"], 0);
    assert_eq!(names(&hooks(&repository)), ["pre-commit"]);
    for folder in [&tree, &repository.root] {
        write(&folder.join("a"), secret(1).as_bytes());
        git(folder, &["add", "a"]);
        assert!(commit(folder, &[], false).contains("a\n  1:1 "));
    }
    let said = install(&repository.root, &["pre-commit"], 0);
    assert!(said.ends_with("is up to date\n"), "{said}");
}

#[test]
fn the_folder_that_the_configuration_names_is_used() {
    let repository = Repository::with_commit();
    repository.git(&["config", "core.hooksPath", "tools/hooks"]);
    let said = install(&repository.root, &["pre-commit"], 0);
    assert!(said.contains("lies in the work tree"), "{said}");
    assert_eq!(names(&repository.root.join("tools/hooks")), ["pre-commit"]);
    repository.stage("a", &secret(1));
    assert!(commit(&repository.root, &[], false).contains("a\n  1:1 "));
    // Husky's folder is not ours to write to.
    repository.git(&["config", "core.hooksPath", ".husky/_"]);
    script(
        &repository.root.join(".husky/_/pre-commit"),
        "#!/bin/sh\n",
        0o755,
    );
    let said = install(&repository.root, &["pre-commit"], 2);
    assert!(said.contains("`keysieve staged`"), "{said}");
    repository.git(&["config", "core.hooksPath", ""]);
    install(&repository.root, &["pre-commit"], 3);
}

#[test]
fn a_folder_that_others_share_is_left_alone_unless_told_otherwise() {
    let repository = Repository::with_commit();
    let shared = repository.around().join("shared");
    let path = shared.to_str().unwrap();
    repository.git(&["config", "core.hooksPath", path]);
    let said = install(&repository.root, &["pre-commit"], 2);
    assert!(said.contains("--shared") && !shared.exists(), "{said}");
    install(&repository.root, &["pre-commit", "--shared"], 0);
    assert_eq!(names(&shared), ["pre-commit"]);
    install(&repository.root, &["pre-commit", "--uninstall"], 2);
    install(
        &repository.root,
        &["pre-commit", "--uninstall", "--shared"],
        0,
    );
    assert!(names(&shared).is_empty());

    // By a link.
    repository.git(&["config", "--unset", "core.hooksPath"]);
    fs::remove_dir_all(hooks(&repository)).unwrap();
    symlink(&shared, hooks(&repository)).unwrap();
    install(&repository.root, &["pre-commit"], 2);
    repository.git(&["config", "core.hooksPath", ".git/hooks/../../../shared"]);
    install(&repository.root, &["pre-commit"], 2);
    repository.git(&["config", "--unset", "core.hooksPath"]);
    fs::remove_file(hooks(&repository)).unwrap();

    // By the settings of the user, even if it would lie in the repository.
    let settings = repository.around().join("home/.gitconfig");
    for path in [path, "~/hooks", "own"] {
        write(
            &settings,
            format!("[core]\n\thooksPath = {path}\n").as_bytes(),
        );
        let output = keysieve(&repository.root)
            .args(["install", "pre-commit"])
            .env("HOME", settings.parent().unwrap())
            .output()
            .unwrap();
        let said = ended(&output, 2);
        assert!(
            said.contains("set outside of the repository"),
            "{path}: {said}"
        );
    }
    assert!(names(&shared).is_empty());
    assert!(!hooks(&repository).exists());
}
