//! `keysieve exception`, and what exceptions do to a scan.

use std::fs;
use std::path::Path;
use std::process::Output;

use jiff::Timestamp;
use tempfile::TempDir;

use crate::program::git::{Repository, places};
use crate::program::{array, keysieve, report, text, token, write};

const RULE: &str = "github-personal-access-token";

/// The day so many days from today.
fn day(days: i64) -> String {
    let second = Timestamp::now().as_second() + days * 86_400;
    let then = Timestamp::from_second(second).unwrap();
    then.strftime("%Y-%m-%d").to_string()
}

fn run(folder: &Path, args: &[&str]) -> Output {
    keysieve(folder).args(args).output().unwrap()
}

/// Runs `keysieve exception`, which must end with `code`; gives all that it prints.
fn exception(folder: &Path, args: &[&str], code: i32) -> String {
    let output = run(folder, &[&["exception"], args].concat());
    assert_eq!(output.status.code(), Some(code), "{output:?}");
    [output.stdout, output.stderr]
        .map(|text| String::from_utf8(text).unwrap())
        .concat()
}

fn add<'a>(more: &[&'a str]) -> Vec<&'a str> {
    let mut args = vec!["add", "--reason", "a sandbox", "--owner", "@a"];
    args.extend(more);
    args
}

fn folder() -> TempDir {
    let folder = TempDir::new().unwrap();
    write(
        &folder.path().join("src/a.py"),
        format!("key = '{}'\n", token(1)).as_bytes(),
    );
    write(
        &folder.path().join("src/b.py"),
        format!("key = '{}'\n", token(2)).as_bytes(),
    );
    folder
}

fn config(folder: &TempDir, content: &str) {
    write(&folder.path().join("keysieve.toml"), content.as_bytes());
}

/// An exception as it is written.
fn entry(id: &str, created: i64, expires: i64, more: &str) -> String {
    let (created, expires) = (day(created), day(expires));
    format!(
        "[[exception]]\nid = '{id}'\nreason = 'r'\nowner = '@a'\ncreated = '{created}'\nexpires = '{expires}'\n{more}\n"
    )
}

#[test]
fn one_is_added_used_listed_and_revoked() {
    let folder = folder();
    let at = folder.path();
    let before = "# of ours\n[scan]\nthreads = 1 # one\n";
    config(&folder, before);
    let found = report(at, &["."], 1);
    let fingerprint = text(&found, "/findings/0/fingerprint").to_owned();

    exception(
        at,
        &add(&[
            "--fingerprint",
            &fingerprint,
            "--expires",
            "30d",
            "--ticket",
            "T-1",
        ]),
        0,
    );
    let file = fs::read_to_string(at.join("keysieve.toml")).unwrap();
    assert!(file.starts_with(before), "{file}");
    assert!(
        file.contains(&format!("expires = \"{}\"", day(30))),
        "{file}"
    );
    assert!(
        file.contains(&format!("created = \"{}\"", day(0))),
        "{file}"
    );
    let scanned = report(at, &["."], 1);
    assert_eq!(places(&scanned), ["src/b.py:1"]);
    assert_eq!(scanned["summary"]["suppressed"]["exception"], 1);

    exception(at, &add(&["--path", "src/**", "--expires", &day(3)]), 0);
    assert_eq!(places(&report(at, &["."], 0)), [""; 0]);
    let listed = exception(at, &["list"], 0);
    assert!(
        listed.contains("E1  until") && listed.contains("E2  until"),
        "{listed}"
    );
    assert!(
        listed.contains("ends in 3 days") && listed.contains("T-1"),
        "{listed}"
    );

    exception(at, &["revoke", "E2"], 0);
    assert_eq!(fs::read_to_string(at.join("keysieve.toml")).unwrap(), file);
    exception(at, &["revoke", "E1"], 0);
    assert_eq!(
        fs::read_to_string(at.join("keysieve.toml")).unwrap(),
        before
    );
    exception(at, &["revoke", "E1"], 2);
}

#[test]
fn what_breaks_the_terms_is_refused_and_the_file_stays() {
    let folder = folder();
    let at = folder.path();
    let old = format!(
        "[exceptions]\nmax_days = 90\nrequire_approval = true\nrequire_ticket = true\n{}",
        entry("E7", 0, 10, "path = 'x'\nticket = 'T'\napproved_by = '@b'")
    );
    config(&folder, &old);
    let full = ["--rule", RULE, "--ticket", "T-1", "--approved-by", "@b"];
    for (args, expected) in [
        (
            &["--rule", RULE, "--expires", "5d"][..],
            "`approved_by` is required",
        ),
        (
            &["--rule", RULE, "--approved-by", "@a", "--expires", "5d"],
            "is the owner",
        ),
        (
            &["--rule", RULE, "--approved-by", "@b", "--expires", "5d"],
            "`ticket` is required",
        ),
        (&[&full[..], &["--expires", "91d"]].concat(), "at most 90"),
        (
            &[&full[..], &["--expires", "2020-01-01"]].concat(),
            "before it was created",
        ),
        (
            &[&full[..], &["--expires", "soon"]].concat(),
            "write a day as",
        ),
        (
            &[&full[..], &["--expires", "5d", "--id", "E7"]].concat(),
            "already",
        ),
        (
            &[&full[..], &["--expires", "5d", "--fingerprint", "ks1:0"]].concat(),
            "`fingerprint`",
        ),
        (
            &["--rule", "github-personal-access-tokn", "--expires", "5d"],
            "did you mean `github-personal-access-token`",
        ),
        (&["--expires", "5d"], "--rule"),
    ] {
        let said = exception(at, &add(args), 2);
        assert!(said.contains(expected), "{args:?}: {said}");
        assert_eq!(fs::read_to_string(at.join("keysieve.toml")).unwrap(), old);
    }
    exception(at, &add(&[&full[..], &["--expires", "90d"]].concat()), 0);
    assert!(exception(at, &["list"], 0).contains("E8  until"));
    assert_eq!(
        fs::read_dir(at).unwrap().count(),
        2,
        "nothing is left behind"
    );
}

#[test]
fn a_file_that_cannot_be_read_says_where() {
    let folder = folder();
    config(&folder, "[scan]\nthreads = 1\n[[exception]]\nid = 'a\n");
    let said = exception(folder.path(), &add(&["--path", "x", "--expires", "5d"]), 2);
    assert!(said.contains("line 4"), "{said}");
    config(&folder, "[[exception]]\nid = 'a'\nexpire = 'x'\n");
    let said = exception(folder.path(), &["check"], 2);
    assert!(
        said.contains("line 3") && said.contains("did you mean `expires`?"),
        "{said}"
    );
}

#[test]
fn an_expired_one_brings_its_finding_back_and_says_so() {
    let folder = folder();
    let rule = format!("rule = '{RULE}'");
    config(&folder, &entry("E1", -30, -1, &rule));
    let scanned = report(folder.path(), &["."], 1);
    assert_eq!(places(&scanned), ["src/a.py:1", "src/b.py:1"]);
    let output = run(folder.path(), &["scan"]);
    let human = String::from_utf8(output.stdout).unwrap();
    assert!(human.contains("expired: exception E1 of @a"), "{human}");
    let note = array(&scanned, "/summary/notes")[0].as_str().unwrap();
    assert!(note.contains("(expired 1 day ago)"), "{note}");

    // To the end of its day.
    config(&folder, &entry("E1", -30, 0, &rule));
    let scanned = report(folder.path(), &["."], 0);
    let note = array(&scanned, "/summary/notes")[0].as_str().unwrap();
    assert!(note.contains("(ends today)"), "{note}");

    // The clock was set back, or the day is wrong.
    config(&folder, &entry("E1", 3, 30, &rule));
    let scanned = report(folder.path(), &["."], 1);
    let note = array(&scanned, "/summary/notes")[0].as_str().unwrap();
    assert!(note.contains("is the clock right?"), "{note}");
}

#[test]
fn check_tells_of_all_and_where() {
    let folder = folder();
    let good = entry("E1", -1, 100, "path = 'src/**'");
    let soon = entry("E2", -1, 5, "path = 'nowhere/**'");
    config(&folder, &format!("{good}{soon}"));
    let said = exception(folder.path(), &["check"], 0);
    assert!(
        said.contains("keysieve.toml:13:11: exception E2") && said.contains("ends in 5 days"),
        "{said}"
    );
    assert!(!said.contains("E1"), "{said}");
    let said = exception(folder.path(), &["check", "--scan"], 0);
    assert!(
        said.contains("keysieve.toml:8:1: exception E2") && said.contains("suppresses nothing"),
        "{said}"
    );
    assert!(!said.contains("E1"), "{said}");

    let expired = entry("E3", -10, -2, "path = 'a'");
    config(&folder, &format!("{good}{expired}"));
    let said = exception(folder.path(), &["check"], 1);
    assert!(
        said.contains("keysieve.toml:13:11: exception E3") && said.contains("expired 2 days ago"),
        "{said}"
    );
    let early = entry("E4", 2, 9, "path = 'a'");
    config(&folder, &early);
    let said = exception(folder.path(), &["check"], 1);
    assert!(
        said.contains("keysieve.toml:5:11: exception E4") && said.contains("is the clock right?"),
        "{said}"
    );
    config(&folder, &format!("{good}{good}"));
    let said = exception(folder.path(), &["check"], 1);
    assert!(
        said.contains("keysieve.toml:9:6: two exceptions are `E1`"),
        "{said}"
    );
    config(&folder, &format!("[exceptions]\nmax_days = 7\n{good}"));
    let said = exception(folder.path(), &["check"], 1);
    assert!(
        said.contains("keysieve.toml:8:11: exception `E1`: ") && said.contains("at most 7"),
        "{said}"
    );
}

#[test]
fn two_who_add_at_once_both_do() {
    let folder = folder();
    let writers: Vec<_> = (0..8)
        .map(|n| {
            let path = format!("path-{n}");
            keysieve(folder.path())
                .arg("exception")
                .args(add(&["--path", &path, "--expires", "5d"]))
                .spawn()
                .unwrap()
        })
        .collect();
    for mut writer in writers {
        assert!(writer.wait().unwrap().success());
    }
    let listed = exception(folder.path(), &["list"], 0);
    for n in 0..8 {
        assert!(listed.contains(&format!("path: path-{n}\n")), "{listed}");
        assert!(listed.contains(&format!("E{}  until", n + 1)), "{listed}");
    }
}

#[test]
fn a_change_does_not_approve_itself() {
    let repository = Repository::with_commit();
    repository.commit("keysieve.toml", "[paths]\nignore = ['old/**']\n");
    repository.git(&["switch", "--quiet", "--create", "change"]);
    let excepted = entry("E1", 0, 10, "path = '**'");
    repository.commit("keysieve.toml", &excepted);
    repository.commit("a.py", &format!("key = '{}'\n", token(1)));
    repository.stage("b.py", &format!("key = '{}'\n", token(2)));
    repository.stage("old/c.py", &format!("key = '{}'\n", token(3)));
    for command in [
        &["scan"][..],
        &["staged"],
        &["history", "--range", "main..change"],
    ] {
        repository.report(command, 0);
        let judged = [command, &["--policy-from", "main"]].concat();
        let found = repository.report(&judged, 1);
        assert!(!places(&found).is_empty(), "{command:?}");
        assert!(
            places(&found).iter().all(|p| !p.starts_with("old")),
            "{found:#}"
        );
    }
    // Before there was a policy.
    let first = repository.git(&["rev-list", "--max-parents=0", "HEAD"]);
    let found = repository.report(&["staged", "--policy-from", &first], 1);
    assert_eq!(places(&found), ["b.py:1", "old/c.py:1"]);

    for (args, expected) in [
        (
            &["--policy-from", "no/such"][..],
            "`no/such^{commit}` names nothing",
        ),
        (&["--policy-from", "HEAD:a.py"], "names nothing"),
        (
            &["--policy-from", "main", "--config", "x"],
            "cannot be used with",
        ),
    ] {
        let output = run(&repository.root, &[&["scan"], args].concat());
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(expected), "{said}");
    }
    let mut command = keysieve(&repository.root);
    command.arg("scan").env("KEYSIEVE_POLICY_FROM", "main");
    assert_eq!(command.output().unwrap().status.code(), Some(1));
}

#[test]
fn the_baseline_is_that_of_the_base() {
    let repository = Repository::with_commit();
    repository.commit("a.py", &format!("key = '{}'\n", token(1)));
    assert!(
        run(&repository.root, &["baseline", "create"])
            .status
            .success()
    );
    repository.git(&["add", "keysieve.baseline"]);
    repository.git(&["commit", "--quiet", "--message=known"]);
    repository.git(&["switch", "--quiet", "--create", "change"]);
    repository.commit("b.py", &format!("key = '{}'\n", token(2)));
    assert!(
        run(&repository.root, &["baseline", "create", "--force"])
            .status
            .success()
    );
    repository.report(&["scan"], 0);
    let found = repository.report(&["scan", "--policy-from", "main"], 1);
    assert_eq!(places(&found), ["b.py:1"]);
    let named = [
        "scan",
        "--policy-from",
        "main",
        "--baseline",
        "keysieve.baseline",
    ];
    assert_eq!(places(&repository.report(&named, 1)), ["b.py:1"]);
    let found = repository.report(&["scan", "--policy-from", "main~2"], 1);
    assert_eq!(places(&found), ["a.py:1", "b.py:1"]);
}

#[test]
fn a_comment_must_say_what_the_policy_requires() {
    let folder = folder();
    let comment = ["keysieve", "allow"].join(":");
    let peer = ["gitleaks", "allow"].join(":");
    let a = format!("key = '{}' # {comment} owner=@a\n", token(1));
    write(&folder.path().join("src/a.py"), a.as_bytes());
    let b = format!("key = '{}' # {peer}\n", token(2));
    write(&folder.path().join("src/b.py"), b.as_bytes());
    report(folder.path(), &["."], 0);
    config(&folder, "[inline]\nrequire = ['reason', 'owner']\n");
    let found = report(folder.path(), &["."], 1);
    assert_eq!(places(&found), ["src/a.py:1", "src/b.py:1"]);
    let said = run(folder.path(), &["scan"]).stdout;
    let said = String::from_utf8(said).unwrap();
    assert!(said.contains("it lacks `reason`"), "{said}");
    assert!(said.contains("it lacks `reason`, `owner`"), "{said}");
    let a = a.replace("owner=@a", "owner=@a reason=\"for a test\"");
    write(&folder.path().join("src/a.py"), a.as_bytes());
    assert_eq!(places(&report(folder.path(), &["."], 1)), ["src/b.py:1"]);
}
