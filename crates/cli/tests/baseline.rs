//! `keysieve baseline`, and what a baseline does to every command that scans.

use std::process::{Command, Stdio};

use crate::program::git::{Repository, places, try_git};
use crate::program::{keysieve, parse, text, token};

const FILE: &str = "keysieve.baseline";

/// What a command says, if it ends with `code`.
fn say(repository: &Repository, args: &[&str], code: i32) -> String {
    let output = keysieve(&repository.root).args(args).output().unwrap();
    assert_eq!(output.status.code(), Some(code), "{args:?}: {output:?}");
    let both = [output.stdout, output.stderr].concat();
    String::from_utf8(both).unwrap()
}

/// The places that a command reports, in the order of reports.
fn found(repository: &Repository, args: &[&str]) -> Vec<String> {
    let output = keysieve(&repository.root)
        .args(args)
        .args(["-f", "json"])
        .output()
        .unwrap();
    let places = places(&parse(&output.stdout));
    let code = i32::from(!places.is_empty());
    assert_eq!(output.status.code(), Some(code), "{args:?}: {output:?}");
    places
}

/// What is known, as `path rule copies fingerprint`.
fn entries(repository: &Repository) -> Vec<String> {
    let text = std::fs::read_to_string(repository.root.join(FILE)).unwrap();
    let place = |line: &str| {
        let fields: Vec<_> = line.split(' ').collect();
        format!("{} {}", fields[2], fields[3])
    };
    let mut entries: Vec<_> = text.lines().skip(1).map(place).collect();
    entries.sort();
    entries
}

fn commit(repository: &Repository) {
    repository.git(&["add", "--all"]);
    repository.git(&["commit", "--quiet", "--message", "Change"]);
}

/// A repository of two known secrets.
fn adopted() -> Repository {
    let repository = Repository::with_commit();
    repository.write("a.ini", &format!("[x]\nkey = {}\n", token(1)));
    repository.write("b.ini", &format!("[x]\nkey = {}\n", token(2)));
    commit(&repository);
    let said = say(&repository, &["baseline", "create"], 0);
    assert!(said.contains("2 known secrets in 2 places"), "{said}");
    commit(&repository);
    repository
}

const HISTORY: [&str; 2] = ["history", "--no-cache"];

#[test]
fn one_baseline_serves_every_command() {
    let repository = adopted();
    let clean = |what: &str| {
        for args in [
            &["scan"][..],
            &HISTORY,
            &["history"],
            &["history"],
            &["staged"],
        ] {
            assert!(found(&repository, args).is_empty(), "{what}: {args:?}");
        }
    };
    clean("as it was");

    // Lines move and are written anew, in a file that moves.
    let lines = "; a line\n".repeat(20);
    repository.git(&["mv", "a.ini", "c.ini"]);
    repository.write("c.ini", &format!("{lines}key:   '{}'\n", token(1)));
    repository.git(&["add", "--all"]);
    clean("moved and written anew");
    commit(&repository);
    let range = ["history", "--range", "HEAD~1..HEAD", "--all-lines"];
    assert!(found(&repository, &range).is_empty());
    let push = |args: &[&str]| {
        let list = format!(
            "refs/heads/main {} refs/heads/main {}\n",
            repository.head(),
            repository.git(&["rev-parse", "HEAD~1"])
        );
        let mut child = keysieve(&repository.root)
            .arg("push")
            .args(args)
            .args(["-f", "json"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), list.as_bytes()).unwrap();
        places(&parse(&child.wait_with_output().unwrap().stdout))
    };
    assert!(push(&["--all-lines"]).is_empty());
    assert_eq!(push(&["--all-lines", "--no-baseline"]), ["c.ini:21"]);

    // One more copy is new, in the same file and in another.
    say(&repository, &["baseline", "update"], 0);
    repository.stage("b.ini", &format!("key = {0}\nkey = {0}\n", token(2)));
    assert_eq!(found(&repository, &["staged"]), ["b.ini:2"]);
    assert_eq!(found(&repository, &["scan"]), ["b.ini:2"]);
    repository.git(&["reset", "--quiet", "--hard"]);
    repository.stage("d.ini", &format!("key = {}\n", token(2)));
    assert_eq!(found(&repository, &["staged"]), ["d.ini:1"]);
    assert_eq!(found(&repository, &["scan"]), ["d.ini:1"]);
    assert_eq!(found(&repository, &["scan", "--no-baseline"]).len(), 3);
}

#[test]
fn a_move_of_long_ago_is_no_leave_to_copy() {
    let repository = adopted();
    repository.git(&["mv", "a.ini", "c.ini"]);
    commit(&repository);
    // The baseline still names a.ini. What this change adds did not come from there.
    repository.stage("d.ini", &format!("other = {}\n", token(1)));
    assert_eq!(found(&repository, &["staged"]), ["d.ini:1"]);
    repository.git(&["commit", "--quiet", "--message", "Copy"]);
    let range = ["history", "--range", "HEAD~1..HEAD"];
    assert_eq!(found(&repository, &range), ["d.ini:1"]);
}

#[test]
fn a_move_is_leave_for_no_copy_beside_it() {
    let range = ["history", "--range", "HEAD~1..HEAD"];
    // Renamed as it is, and with an edit; the copy is a line of its own, or the whole file once more.
    for edit in ["", "; an edit\n"] {
        for copy in ["other = ", "[x]\nkey = "] {
            let repository = adopted();
            repository.git(&["mv", "a.ini", "c.ini"]);
            repository.stage("c.ini", &format!("[x]\nkey = {}\n{edit}", token(1)));
            repository.stage("d.ini", &format!("{copy}{}\n", token(1)));
            for (command, count) in [(&["staged"][..], 1), (&["scan"], 1)] {
                assert_eq!(found(&repository, command).len(), count, "{command:?}");
            }
            repository.git(&["commit", "--quiet", "--message", "Move and copy"]);
            assert_eq!(found(&repository, &range).len(), 1);
        }
    }
}

#[test]
fn moves_in_a_row_are_followed() {
    let repository = adopted();
    let base = repository.head();
    let range = format!("{base}..HEAD");
    let commands = [&["scan"][..], &["history", "--range", &range]];
    let expect = |expected: &[&str]| {
        for command in commands {
            assert_eq!(found(&repository, command), expected, "{command:?}");
        }
    };
    for (from, to) in [("a.ini", "1.ini"), ("1.ini", "2.ini")] {
        repository.git(&["mv", from, to]);
        commit(&repository);
    }
    expect(&[]);
    repository.write("d.ini", &format!("other = {}\n", token(1)));
    commit(&repository);
    expect(&["d.ini:1"]);
    // Taken out where it had moved to: what is left is one.
    repository.write("2.ini", "[x]\n");
    commit(&repository);
    expect(&[]);
    // A copy of the whole file beside a move of it.
    repository.git(&["rm", "--quiet", "d.ini", "2.ini"]);
    for path in ["3.ini", "4.ini"] {
        repository.write(path, &format!("[x]\nkey = {}\n", token(2)));
    }
    repository.git(&["rm", "--quiet", "b.ini"]);
    commit(&repository);
    expect(&["4.ini:2"]);
}

#[test]
fn what_an_exception_covers_takes_no_place_of_what_moved() {
    let repository = adopted();
    let exception = format!(
        "[[exception]]\nid = 'E1'\npath = '0.ini'\nreason = 'r'\nowner = '@a'\nexpires = '{}'\n",
        "2999-01-01"
    );
    repository.write("keysieve.toml", &exception);
    commit(&repository);
    repository.git(&["mv", "a.ini", "c.ini"]);
    repository.stage("c.ini", &format!("; an edit\nkey = {}\n", token(1)));
    repository.stage("0.ini", &format!("key = {}\n", token(1)));
    for command in ["staged", "scan"] {
        assert!(found(&repository, &[command]).is_empty(), "{command}");
    }
}

#[test]
fn the_index_that_git_names_counts() {
    let repository = adopted();
    // In the index of the commit a.ini is gone, in the usual one and in the work tree it is not.
    let index = repository.root.join(".git/other-index");
    std::fs::copy(repository.root.join(".git/index"), &index).unwrap();
    repository.write("c.ini", &format!("\n\nkey: {}\n", token(1)));
    let index = index.to_str().unwrap();
    for args in [
        &["rm", "--quiet", "--cached", "a.ini"][..],
        &["add", "c.ini"],
    ] {
        let output = try_git(&repository.root, args, &[("GIT_INDEX_FILE", index)]);
        assert!(output.status.success(), "{output:?}");
    }
    repository.git(&["add", "c.ini"]);
    let staged = |index: &str| {
        let mut command = keysieve(&repository.root);
        command.args(["staged", "--all-lines", "-f", "json"]);
        let output = command.env("GIT_INDEX_FILE", index).output().unwrap();
        places(&parse(&output.stdout))
    };
    assert!(staged(index).is_empty());
    assert_eq!(staged(".git/index"), ["c.ini:3"]);
}

#[test]
fn a_blob_of_the_history_counts_at_every_path_of_head() {
    let repository = Repository::with_commit();
    let content = format!("key = {}\n", token(1));
    for path in ["a.ini", "b.ini"] {
        repository.write(path, &content);
    }
    commit(&repository);
    repository.git(&["mv", "a.ini", "c.ini"]);
    commit(&repository);
    say(&repository, &["baseline", "create"], 0);
    assert!(found(&repository, &HISTORY).is_empty());
    let tree = entries(&repository);
    assert_eq!(tree, ["b.ini 1", "c.ini 1"]);

    say(
        &repository,
        &["baseline", "create", "--force", "--history"],
        0,
    );
    assert_eq!(entries(&repository), tree);
    // What was there once and comes back is new; in the history it stays known.
    repository.git(&["rm", "--quiet", "b.ini", "c.ini"]);
    commit(&repository);
    say(
        &repository,
        &["baseline", "create", "--force", "--history"],
        0,
    );
    assert!(
        entries(&repository)
            .iter()
            .all(|entry| entry.ends_with(" 0"))
    );
    assert!(found(&repository, &HISTORY).is_empty());
    repository.write("b.ini", &content);
    assert_eq!(found(&repository, &["scan"]), ["b.ini:1"]);
}

#[test]
fn an_update_follows_and_drops_and_adds_nothing() {
    let repository = adopted();
    repository.git(&["rm", "--quiet", "b.ini"]);
    repository.write("new.ini", &format!("key = {}\n", token(3)));
    // What no rule looked for, and what was not looked at, is not gone.
    say(
        &repository,
        &["baseline", "update", "--rule", "stripe-secret-key-live"],
        0,
    );
    assert_eq!(entries(&repository).len(), 2);
    say(&repository, &["baseline", "update", "README"], 0);
    assert_eq!(entries(&repository), ["a.ini 1"], "b.ini is not there");

    let repository = adopted();
    repository.git(&["mv", "a.ini", "c.ini"]);
    repository.git(&["rm", "--quiet", "b.ini"]);
    repository.write("new.ini", &format!("key = {}\n", token(3)));
    say(&repository, &["baseline", "update"], 0);
    assert_eq!(entries(&repository), ["c.ini 1"]);
    assert_eq!(found(&repository, &["scan"]), ["new.ini:1"]);
}

#[test]
fn what_is_no_baseline_is_told_with_its_line() {
    let repository = adopted();
    let path = repository.root.join(FILE);
    let good = std::fs::read_to_string(&path).unwrap();
    for (text, message) in [
        (String::new(), "the file is empty"),
        (format!("{good}nonsense\n"), "line 4: an entry is"),
        (
            format!("{good}<<<<<<< main\n"),
            "line 4: a merge left its marks",
        ),
        (
            good.replacen("baseline 1", "baseline 9", 1),
            "line 1: the baseline is of a version",
        ),
        (
            good.replacen(", key ", ", key 0", 1),
            "KEYSIEVE_FINGERPRINT_KEY",
        ),
    ] {
        std::fs::write(&path, &text).unwrap();
        for args in [&["scan"][..], &["staged"], &["history"]] {
            let said = say(&repository, args, 2);
            assert!(said.contains(FILE) && said.contains(message), "{said}");
        }
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
    }
    std::fs::write(&path, [0xff; 9]).unwrap();
    assert!(say(&repository, &["scan"], 2).contains("cannot be read"));
    std::fs::remove_file(&path).unwrap();
    let missing = say(&repository, &["scan", "--baseline", FILE], 2);
    assert!(missing.contains("cannot be read"), "{missing}");
}

#[cfg(unix)]
#[test]
fn a_disk_without_room_leaves_the_old_file() {
    let repository = adopted();
    let path = repository.root.join(FILE);
    let old = std::fs::read(&path).unwrap();
    std::fs::remove_file(repository.root.join("b.ini")).unwrap();
    let before = std::fs::read_dir(&repository.root).unwrap().count();
    // No file may grow: every write fails as on a full disk.
    let output = Command::new("/bin/sh")
        .args([
            "-c",
            "trap '' XFSZ; ulimit -f 0; exec \"$0\" baseline update",
        ])
        .arg(env!("CARGO_BIN_EXE_keysieve"))
        .current_dir(&repository.root)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("cannot be written"), "{said}");
    assert_eq!(std::fs::read(&path).unwrap(), old);
    let after = std::fs::read_dir(&repository.root).unwrap().count();
    assert_eq!(after, before, "something was left behind");
}

#[cfg(target_os = "linux")]
#[test]
fn what_the_system_refuses_is_no_success() {
    let repository = adopted();
    let args = ["baseline", "create", "--force", "--baseline", "/dev/full"];
    say(&repository, &args, 3);
    let args = ["baseline", "create", "--baseline", "no/such/folder/file"];
    say(&repository, &args, 3);
}

#[test]
fn of_many_writers_each_writes_a_whole_file() {
    let repository = adopted();
    // Each scans the whole folder, where the temporary files of the others come and go.
    let writer = |args: &[&str]| {
        let mut command = keysieve(&repository.root);
        command.args(args).stdout(Stdio::null()).spawn().unwrap()
    };
    for _ in 0..3 {
        let updates = (0..6).map(|_| writer(&["baseline", "update"]));
        let mut children: Vec<_> = updates.collect();
        children.push(writer(&["scan", "-f", "json", "-o", "report.json"]));
        children.push(writer(&["history", "--cache-dir", "cache", "-q"]));
        for mut child in children {
            assert!(child.wait().unwrap().success());
        }
    }
    assert_eq!(entries(&repository), ["a.ini 1", "b.ini 1"]);
    assert!(found(&repository, &["scan"]).is_empty());
}

#[test]
fn a_report_of_another_tool_names_what_is_known() {
    let repository = Repository::with_commit();
    repository.write("a.ini", &format!("key = {}\n", token(1)));
    repository.write(
        "b.ini",
        &format!("key = {0}\nkey = {1}\n", token(2), token(3)),
    );
    // gitleaks, of the first with its value and a line of long ago, of the second without a value.
    let leaks = serde_json::json!([
        {"RuleID": "github-pat", "File": "a.ini", "StartLine": 40, "Secret": token(1)},
        {"RuleID": "github-pat", "File": "b.ini", "StartLine": 2, "Secret": "REDACTED"},
        {"RuleID": "github-pat", "File": "gone.ini", "StartLine": 1, "Secret": token(4)},
    ]);
    let around = repository.around();
    std::fs::write(around.join("leaks.json"), leaks.to_string()).unwrap();
    let import = ["baseline", "import", "--from", "gitleaks", "../leaks.json"];
    let said = say(&repository, &import, 0);
    assert!(
        said.contains("2 of 3 entries") && said.contains("1 entries of"),
        "{said}"
    );
    assert!(!said.contains(&token(4)));
    assert_eq!(entries(&repository), ["a.ini 1", "b.ini 1"]);
    assert_eq!(found(&repository, &["scan"]), ["b.ini:1"]);

    // trufflehog, in the shape that its documentation shows: it has no package. It adds to what is known.
    let line = serde_json::json!({
        "SourceMetadata": {"Data": {"Filesystem": {"file": repository.root.join("b.ini"), "line": 1}}},
        "DetectorName": "Github", "Verified": false, "Raw": token(2), "RawV2": "", "Redacted": ""
    });
    std::fs::write(around.join("hog.json"), format!("{line}\n")).unwrap();
    let import = ["baseline", "import", "--from", "trufflehog", "../hog.json"];
    say(&repository, &import, 0);
    assert!(found(&repository, &["scan"]).is_empty());
    let known = std::fs::read_to_string(repository.root.join(FILE)).unwrap();
    assert!((1..=3).all(|n| !known.contains(&token(n))));

    let said = say(
        &repository,
        &[
            "baseline",
            "import",
            "--from",
            "kingfisher",
            "../leaks.json",
        ],
        2,
    );
    assert!(said.contains("no report of kingfisher"), "{said}");
    say(
        &repository,
        &["baseline", "import", "--from", "nobody", "../leaks.json"],
        2,
    );
}

#[test]
fn a_report_says_what_the_baseline_suppressed() {
    let repository = adopted();
    let report = repository.report(&["scan"], 0);
    assert_eq!(report["summary"]["suppressed"]["baseline"], 2);
    assert_eq!(text(&report, "/tool/command"), "scan");
}

#[cfg(unix)]
#[test]
fn a_repository_of_old_findings_adopts_keysieve() {
    let folder = tempfile::TempDir::new().unwrap();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/adopt.sh");
    let output = Command::new("sh")
        .arg(script)
        .arg(folder.path().join("project"))
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("KEYSIEVE", env!("CARGO_BIN_EXE_keysieve"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(said.ends_with("adopted\n"), "{said}");
}
