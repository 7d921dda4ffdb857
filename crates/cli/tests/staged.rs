//! `keysieve staged`, in repositories made by git itself.

use crate::program::git::{Repository, git, hook, places, report, try_git};
use crate::program::{FORMATS, array, keysieve, parse, text, token, write};

fn staged(repository: &Repository, args: &[&str], code: i32) -> Vec<String> {
    places(&repository.report(&[&["staged"], args].concat(), code))
}

#[test]
fn what_is_staged_is_scanned_and_nothing_else() {
    let repository = Repository::with_commit();
    repository.write("untracked", &token(1));
    repository.write("README", &format!("{}\n", token(2)));
    assert!(staged(&repository, &[], 0).is_empty());

    repository.stage("app.py", &format!("import os\nkey = '{}'\n", token(3)));
    let report = repository.report(&["staged"], 1);
    assert_eq!(places(&report), ["app.py:2"]);
    assert_eq!(text(&report, "/tool/command"), "staged");
    assert_eq!(text(&report, "/findings/0/object/kind"), "blob");
    let blob = repository.git(&["rev-parse", ":app.py"]);
    assert_eq!(text(&report, "/findings/0/object/id"), blob);
    assert_eq!(report["summary"]["files"], 1);
}

#[test]
fn the_first_commit_adds_all() {
    let repository = Repository::new();
    assert!(
        staged(&repository, &[], 0).is_empty(),
        "there is no index yet"
    );
    repository.stage("a/b/c.txt", &format!("{}\n", token(1)));
    repository.stage("d.txt", "nothing\n");
    let report = repository.report(&["staged"], 1);
    assert_eq!(places(&report), ["a/b/c.txt:1"]);
    assert_eq!(report["summary"]["files"], 2);
}

#[test]
fn the_index_counts_and_not_the_file() {
    let repository = Repository::with_commit();
    repository.stage("a.txt", &format!("{}\n", token(1)));
    repository.write("a.txt", "taken out again, but not staged\n");
    assert_eq!(staged(&repository, &[], 1), ["a.txt:1"]);

    repository.stage("a.txt", "clean\n");
    repository.write("a.txt", &format!("clean\n{}\n", token(1)));
    assert!(staged(&repository, &[], 0).is_empty());
}

#[test]
fn an_old_secret_in_a_touched_file_is_no_news() {
    let repository = Repository::with_commit();
    let old = format!("first\nkey = {}\nlast\n", token(1));
    repository.commit("a.txt", &old);
    // Its line moves, is edited, and gets company.
    let new = format!(
        "new\nfirst\n\n    key: {}\nother = {}\n",
        token(1),
        token(2)
    );
    repository.stage("a.txt", &new);
    let report = repository.report(&["staged"], 1);
    assert_eq!(places(&report), ["a.txt:5"]);
    assert_eq!(report["summary"]["suppressed"]["unchanged"], 1);
    assert_eq!(
        staged(&repository, &["--all-lines"], 1),
        ["a.txt:4", "a.txt:5"]
    );

    repository.stage("a.txt", &format!("only\nkey = {}\n", token(1)));
    assert!(staged(&repository, &[], 0).is_empty());
}

#[test]
fn one_more_of_the_same_secret_is_news() {
    let repository = Repository::with_commit();
    repository.commit("a.txt", &format!("key = {}\n", token(1)));
    repository.stage("a.txt", &format!("backup = {0}\nkey = {0}\n", token(1)));
    assert_eq!(staged(&repository, &[], 1), ["a.txt:1"]);
}

#[test]
fn a_secret_whose_comment_goes_is_news() {
    let repository = Repository::with_commit();
    let comment = ["keysieve", "allow"].join(":");
    repository.commit("a.txt", &format!("key = {} # {comment}\n", token(1)));
    repository.stage("a.txt", &format!("key = {}\n", token(1)));
    assert_eq!(staged(&repository, &[], 1), ["a.txt:1"]);
}

#[test]
fn a_secret_in_a_file_that_moves_is_no_news() {
    let repository = Repository::with_commit();
    let lines = "a line that stays\n".repeat(10);
    repository.commit("deep/er/old.txt", &format!("{lines}key = {}\n", token(1)));
    repository.commit("other.txt", "other\n");
    std::fs::create_dir(repository.root.join("new")).unwrap();
    repository.git(&["mv", "deep/er/old.txt", "new/name.txt"]);
    let moved = repository.report(&["staged"], 0);
    assert_eq!(moved["summary"]["files"], 0, "the blob is an old one");

    repository.stage(
        "new/name.txt",
        &format!("{lines}more\nkey = {}\n{}\n", token(1), token(2)),
    );
    assert_eq!(staged(&repository, &[], 1), ["new/name.txt:13"]);

    // A file of its own with the same secret is no rename.
    repository.stage("new/name.txt", &format!("short\nkey = {}\n", token(1)));
    assert_eq!(staged(&repository, &[], 1), ["new/name.txt:2"]);
}

#[test]
fn a_copy_adds_a_place() {
    let repository = Repository::with_commit();
    let content = format!("key = {}\n", token(1));
    repository.commit("a.txt", &content);
    repository.stage("b.txt", &content);
    assert_eq!(staged(&repository, &[], 1), ["b.txt:1"]);
}

#[test]
fn a_file_that_becomes_a_folder_and_back() {
    let repository = Repository::with_commit();
    repository.commit("a", "file\n");
    repository.commit("a.c", &format!("{}\n", token(1)));
    repository.git(&["rm", "--quiet", "a"]);
    repository.stage("a/b", &format!("{}\n", token(2)));
    assert_eq!(staged(&repository, &[], 1), ["a/b:1"]);
    repository.git(&["commit", "--quiet", "--message=folder"]);
    repository.git(&["rm", "--quiet", "-r", "a"]);
    repository.stage("a", &format!("{}\n", token(3)));
    assert_eq!(staged(&repository, &[], 1), ["a:1"]);
}

#[cfg(unix)]
#[test]
fn a_change_of_mode_adds_nothing_and_a_links_target_is_scanned() {
    let repository = Repository::with_commit();
    repository.commit("run", &format!("key = {}\n", token(1)));
    repository.git(&["update-index", "--chmod=+x", "run"]);
    let report = repository.report(&["staged"], 0);
    assert_eq!(report["summary"]["files"], 0);

    std::os::unix::fs::symlink(format!("/x/{}", token(2)), repository.root.join("link")).unwrap();
    repository.git(&["add", "link"]);
    assert_eq!(staged(&repository, &[], 1), ["link:1"]);
}

#[test]
fn submodules_are_counted_and_not_entered() {
    let repository = Repository::with_commit();
    let inner = Repository::with_commit();
    inner.commit("key", &format!("{}\n", token(1)));
    let address = inner.root.to_str().unwrap();
    repository.git(&[
        "-c",
        "protocol.file.allow=always",
        "submodule",
        "--quiet",
        "add",
        address,
        "sub",
    ]);
    let report = repository.report(&["staged"], 0);
    assert_eq!(report["summary"]["skipped"]["submodule"], 1);
    assert_eq!(report["summary"]["files"], 1, ".gitmodules");
}

#[test]
fn what_is_only_announced_has_no_content() {
    let repository = Repository::with_commit();
    repository.write("a.txt", &format!("{}\n", token(1)));
    repository.git(&["add", "--intent-to-add", "a.txt"]);
    let report = repository.report(&["staged"], 0);
    assert_eq!(report["summary"]["files"], 0);
}

#[test]
fn all_sides_of_a_conflict_are_scanned() {
    let repository = Repository::with_commit();
    repository.commit("a.txt", "base\n");
    repository.git(&["checkout", "--quiet", "-b", "side"]);
    repository.commit("a.txt", &format!("side = {}\n", token(1)));
    repository.git(&["checkout", "--quiet", "main"]);
    repository.commit("a.txt", "main\n");
    let picked = try_git(&repository.root, &["cherry-pick", "side"], &[]);
    assert!(
        !picked.status.success(),
        "there must be a conflict: {picked:?}"
    );
    let report = repository.report(&["staged"], 1);
    assert_eq!(places(&report), ["a.txt:1"]);
    assert_eq!(
        report["summary"]["files"], 2,
        "the base and theirs: ours is that of HEAD"
    );
}

#[test]
fn a_merge_adds_only_what_none_of_its_parents_has() {
    let repository = Repository::with_commit();
    repository.commit("a.txt", "base\n");
    repository.git(&["checkout", "--quiet", "-b", "side"]);
    repository.commit("theirs.txt", &format!("{}\n", token(1)));
    repository.commit("a.txt", &format!("side\nkey = {}\n", token(2)));
    repository.git(&["checkout", "--quiet", "main"]);
    repository.commit("a.txt", "main\n");
    let merged = try_git(&repository.root, &["merge", "side"], &[]);
    assert!(
        !merged.status.success(),
        "there must be a conflict: {merged:?}"
    );
    repository.stage(
        "a.txt",
        &format!("both\nkey = {}\nmore = {}\n", token(2), token(3)),
    );
    assert_eq!(staged(&repository, &[], 1), ["a.txt:3"]);
}

#[test]
fn a_filter_that_encrypts_leaves_nothing_to_find() {
    let repository = Repository::with_commit();
    repository.git(&[
        "config",
        "filter.seal.clean",
        "tr A-Za-z0-9 ..........................",
    ]);
    repository.write(".gitattributes", "*.sealed filter=seal\n");
    repository.stage("a.sealed", &format!("{}\n", token(1)));
    let report = repository.report(&["staged"], 0);
    assert_eq!(report["summary"]["files"], 1);
    repository.git(&["add", "--renormalize", "."]);
    let scanned = repository.report(&["scan"], 1);
    assert_eq!(places(&scanned), ["a.sealed:1"], "the file itself is plain");
}

#[test]
fn sparse_and_split_indexes_are_read() {
    let repository = Repository::with_commit();
    for folder in ["in", "out", "out/deep"] {
        repository.commit(&format!("{folder}/a.txt"), "old\n");
    }
    repository.commit("out/b.txt", &format!("{}\n", token(1)));
    repository.git(&["sparse-checkout", "set", "--cone", "--sparse-index", "in"]);
    assert!(staged(&repository, &[], 0).is_empty());
    repository.stage("in/a.txt", &format!("{}\n", token(2)));
    assert_eq!(staged(&repository, &[], 1), ["in/a.txt:1"]);
    // Now the folder outside of the checkout has another tree than in HEAD.
    repository.git(&["reset", "--quiet", "--soft", "HEAD~1"]);
    let entries = repository.git(&["ls-files", "--sparse"]);
    assert!(entries.lines().any(|line| line == "out/"), "{entries}");
    assert_eq!(staged(&repository, &[], 1), ["in/a.txt:1", "out/b.txt:1"]);
    repository.git(&["sparse-checkout", "disable"]);
    assert_eq!(staged(&repository, &[], 1), ["in/a.txt:1", "out/b.txt:1"]);

    repository.git(&["update-index", "--split-index"]);
    repository.stage("in/c.txt", &format!("{}\n", token(3)));
    repository.stage("in/a.txt", "clean\n");
    repository.git(&["rm", "--quiet", "--cached", "README"]);
    let shared = std::fs::read_dir(repository.root.join(".git")).unwrap();
    let is_shared = |name: &std::ffi::OsStr| name.to_string_lossy().starts_with("sharedindex.");
    assert!(
        shared
            .map(|e| e.unwrap().file_name())
            .any(|name| is_shared(&name))
    );
    assert_eq!(staged(&repository, &[], 1), ["in/c.txt:1", "out/b.txt:1"]);
}

#[test]
fn repositories_of_sha_256_are_read() {
    let repository = Repository::new();
    std::fs::remove_dir_all(repository.root.join(".git")).unwrap();
    repository.git(&[
        "init",
        "--quiet",
        "--initial-branch=main",
        "--object-format=sha256",
    ]);
    repository.commit("a/b.txt", &format!("{}\n", token(1)));
    repository.stage("a/b.txt", &format!("{}\n{}\n", token(1), token(2)));
    let report = repository.report(&["staged"], 1);
    assert_eq!(places(&report), ["a/b.txt:2"]);
    assert_eq!(text(&report, "/findings/0/object/id").len(), 64);
}

/// Every form of commit that git has runs the hook with its own index.
#[cfg(unix)]
#[test]
fn a_hook_stops_each_form_of_commit() {
    let repository = Repository::with_commit();
    repository.commit("tracked.txt", "clean\n");
    repository.commit("other.txt", "clean\n");
    hook(
        &repository.root.join(".git/hooks/pre-commit"),
        "exec \"$KEYSIEVE\" staged",
    );
    let commit = |args: &[&str], passes: bool| {
        let args = [&["commit", "--quiet", "--message=m"], args].concat();
        let output = try_git(&repository.root, &args, &[]);
        assert_eq!(output.status.success(), passes, "{args:?} {output:?}");
        String::from_utf8_lossy(&output.stdout).into_owned()
            + &String::from_utf8_lossy(&output.stderr)
    };

    repository.stage("a.txt", &format!("{}\n", token(1)));
    assert!(commit(&[], false).contains("a.txt\n  1:1 "));
    // Only the named path is committed, from a temporary index.
    repository.write("tracked.txt", "still clean\n");
    commit(&["--", "tracked.txt"], true);
    repository.write("other.txt", &format!("{}\n", token(2)));
    assert!(commit(&["--", "other.txt"], false).contains("other.txt\n  1:1 "));
    repository.git(&["rm", "--quiet", "--cached", "a.txt"]);
    assert!(commit(&["--all"], false).contains("other.txt\n  1:1 "));
    repository.git(&["checkout", "--quiet", "other.txt"]);
    repository.stage("fine.txt", "fine\n");
    commit(&[], true);

    let tree = repository.around().join("tree");
    repository.git(&["worktree", "add", "--quiet", tree.to_str().unwrap()]);
    write(
        &tree.join("linked.txt"),
        format!("{}\n", token(3)).as_bytes(),
    );
    git(&tree, &["add", "linked.txt"]);
    let output = try_git(&tree, &["commit", "--quiet", "--message=m"], &[]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned()
        + &String::from_utf8_lossy(&output.stdout);
    assert!(
        !output.status.success() && said.contains("linked.txt\n  1:1 "),
        "{output:?}"
    );
    let report = places(&report(keysieve(&tree).args(["staged", "-f", "json"]), 1));
    assert_eq!(report, ["linked.txt:1"]);
    assert!(
        staged(&repository, &[], 0).is_empty(),
        "the main work tree has an index of its own"
    );
}

#[test]
fn the_environment_names_the_repository_and_a_path_outdoes_it() {
    let repository = Repository::with_commit();
    repository.stage("a.txt", &format!("{}\n", token(1)));
    let other = Repository::with_commit();
    other.stage("b.txt", &format!("{}\n", token(2)));
    let git_dir = repository.root.join(".git");
    let run = |args: &[&str]| {
        let mut command = keysieve(&other.root);
        command.args(["staged", "-f", "json"]).args(args);
        command
            .env("GIT_DIR", &git_dir)
            .env("GIT_WORK_TREE", &repository.root);
        command.env("GIT_INDEX_FILE", git_dir.join("index"));
        places(&report(&mut command, 1))
    };
    assert_eq!(run(&[]), ["a.txt:1"]);
    assert_eq!(
        run(&["."]),
        ["b.txt:1"],
        "the variables are not about this one"
    );
    assert_eq!(run(&[repository.root.to_str().unwrap()]), ["a.txt:1"]);
}

#[test]
fn every_report_has_path_and_line() {
    let repository = Repository::with_commit();
    repository.stage("a b.txt", &format!("\nkey = {}\n", token(1)));
    for format in FORMATS {
        let output = keysieve(&repository.root)
            .args(["staged", "-f", format])
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(!text.contains(&token(1)), "{format} shows the secret");
        match format {
            "human" => assert!(text.starts_with("a b.txt\n  2:7 "), "{text}"),
            "sarif" => {
                let log = parse(text.as_bytes());
                let run = &log["runs"][0];
                assert_eq!(run["automationDetails"]["id"], "keysieve/staged/");
                let result = &run["results"][0];
                let place = &result["locations"][0]["physicalLocation"];
                assert_eq!(place["artifactLocation"]["uri"], "a%20b.txt");
                assert_eq!(place["region"]["startLine"], 2);
                let hash = &result["partialFingerprints"]["primaryLocationLineHash"];
                assert!(hash.is_string(), "the text came from the index: {result}");
            }
            "csv" => assert!(text.contains(",a b.txt,,2,7,2,"), "{text}"),
            "markdown" => assert!(text.contains("<code>a b&#46;txt</code>:2:7 "), "{text}"),
            "github" => assert!(text.contains(" file=a b.txt,line=2,endLine=2,"), "{text}"),
            _ => assert!(text.contains("\"a b.txt\""), "{text}"),
        }
    }
}

#[test]
fn what_cannot_be_read_is_said() {
    let repository = Repository::with_commit();
    repository.stage("a.txt", "lost\n");
    let blob = repository.git(&["rev-parse", ":a.txt"]);
    let object = repository
        .root
        .join(".git/objects")
        .join(&blob[..2])
        .join(&blob[2..]);
    std::fs::remove_file(&object).unwrap();
    let report = repository.report(&["staged"], 4);
    assert_eq!(array(&report, "/issues").len(), 1);
    assert_eq!(text(&report, "/issues/0/path"), "a.txt");
    assert!(text(&report, "/issues/0/message").contains(&blob));

    let index = repository.root.join(".git/index");
    let many = b"DIRC\0\0\0\x02\xff\xff\xff\xff".repeat(9);
    for garbage in [&b"DIRC"[..], b"", b"DIRC\0\0\0\x02\0\0\x10\0", &many] {
        std::fs::write(&index, garbage).unwrap();
        let output = keysieve(&repository.root).arg("staged").output().unwrap();
        assert_eq!(output.status.code(), Some(3), "{output:?}");
    }

    let nowhere = tempfile::TempDir::new().unwrap();
    let output = keysieve(nowhere.path()).arg("staged").output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{output:?}");
}

#[test]
fn large_blobs_are_passed_over_where_asked() {
    let repository = Repository::with_commit();
    repository.stage("a.txt", &format!("{}\n{}", token(1), "x\n".repeat(600)));
    let report = repository.report(&["staged", "--max-file-size", "1k"], 0);
    assert_eq!(report["summary"]["skipped"]["too-large"], 1);
}
