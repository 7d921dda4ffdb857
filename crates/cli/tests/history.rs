//! `keysieve history`, in repositories made by git itself.

use serde_json::Value;

use crate::program::git::{Repository, git, places, report};
use crate::program::{array, keysieve, parse, text, token};

/// The findings of a secret, by the number that its value was made of.
fn finding<'a>(report: &'a Value, path: &str) -> &'a Value {
    let of_path = |f: &&Value| f["path"] == path;
    let found = array(report, "/findings").iter().find(of_path);
    found.unwrap_or_else(|| panic!("nothing at {path} in {report:#}"))
}

/// A repository whose `gone.txt` was brought and removed, and whose `kept.txt` is still there, under a new name.
fn with_history() -> (Repository, [String; 3]) {
    let repository = Repository::with_commit();
    let brought = repository.commit("gone.txt", &format!("key = {}\n", token(1)));
    repository.git(&["rm", "--quiet", "gone.txt"]);
    repository.git(&["commit", "--quiet", "--message", "Remove it"]);
    let removed = repository.head();
    let kept = repository.commit("old.txt", &format!("first\nkey = {}\n", token(2)));
    repository.git(&["mv", "old.txt", "kept.txt"]);
    repository.git(&["commit", "--quiet", "--message", "Move it"]);
    (repository, [brought, removed, kept])
}

#[test]
fn every_finding_is_told_with_who_brought_it_and_whether_it_is_gone() {
    let (repository, [brought, removed, kept]) = with_history();
    let report = repository.report(&["history"], 1);
    assert_eq!(text(&report, "/tool/command"), "history");
    assert_eq!(array(&report, "/findings").len(), 2);

    let gone = finding(&report, "gone.txt");
    assert_eq!(text(gone, "/commit"), brought);
    assert_eq!(text(gone, "/past/introduced/id"), brought);
    assert_eq!(text(gone, "/past/introduced/subject"), "Change gone.txt");
    assert_eq!(text(gone, "/past/removed/id"), removed);
    assert_eq!(gone["past"]["in_head"], false);
    assert_eq!(gone["past"]["reach"], "ref");

    let moved = finding(&report, "old.txt");
    assert_eq!(text(moved, "/past/introduced/id"), kept);
    assert_eq!(moved["past"]["removed"], Value::Null);
    assert_eq!(moved["past"]["in_head"], true);
    assert_eq!(
        moved["past"]["paths"],
        serde_json::json!(["kept.txt", "old.txt"])
    );
    assert_eq!(moved["start"]["line"], 2);

    let secrets = array(&report, "/secrets");
    assert_eq!(secrets.len(), 2);
    assert!(
        secrets
            .iter()
            .any(|s| s["past"]["in_head"] == true && s["past"]["first"]["id"] == kept)
    );
}

#[test]
fn a_person_reads_it_too() {
    let (repository, [brought, ..]) = with_history();
    let output = keysieve(&repository.root).arg("history").output().unwrap();
    let shown = String::from_utf8(output.stdout).unwrap();
    for expected in [
        &format!("{}:gone.txt", &brought[..12]),
        "gone 20",
        "\"Remove it\"",
        "HEAD has it",
        "not in HEAD, but in the history of refs/heads/main",
        "at 1 other path, too",
    ] {
        assert!(shown.contains(expected), "no {expected:?} in {shown}");
    }
    assert!(!shown.contains(&token(1)));
}

#[test]
fn messages_and_what_nothing_refers_to_are_scanned() {
    let repository = Repository::with_commit();
    let message = format!("Use {}", token(3));
    repository.git(&["commit", "--quiet", "--allow-empty", "--message", &message]);
    repository.commit("dropped.txt", &format!("{}\n", token(4)));
    repository.git(&["reset", "--quiet", "--hard", "HEAD~1"]);
    let report = repository.report(&["history"], 1);
    let dropped = finding(&report, "dropped.txt");
    assert_eq!(text(dropped, "/past/reach"), "reflog");
    let objects = array(&report, "/findings").iter();
    let kinds: Vec<_> = objects.map(|f| text(f, "/object/kind")).collect();
    assert!(kinds.contains(&"commit message"), "{kinds:?}");

    let reachable = repository.report(&["history", "--reachable-only"], 1);
    assert_eq!(array(&reachable, "/findings").len(), 1);
}

#[test]
fn a_range_is_what_its_commits_add() {
    let (repository, [brought, ..]) = with_history();
    repository.commit("new.txt", &format!("{}\n", token(5)));
    let args = ["history", "--range", "HEAD~1..HEAD"];
    assert_eq!(places(&repository.report(&args, 1)), ["new.txt:1"]);
    let args = ["history", "--range", "HEAD..HEAD"];
    assert!(places(&repository.report(&args, 0)).is_empty());
    let all = format!("{brought}~1..HEAD");
    let report = repository.report(&["history", "--range", &all], 1);
    assert_eq!(array(&report, "/findings").len(), 3);
    let recent = ["history", "--range", &all, "--max-commits", "1"];
    assert_eq!(places(&repository.report(&recent, 1)), ["new.txt:1"]);
}

#[test]
fn parts_of_a_history_are_chosen() {
    let (repository, _) = with_history();
    repository.git(&["checkout", "--quiet", "-b", "side", "HEAD~4"]);
    repository.commit("side.txt", &format!("{}\n", token(6)));
    let of_side = ["history", "--branch", "side"];
    assert_eq!(places(&repository.report(&of_side, 1)), ["side.txt:1"]);
    let later = ["history", "--since", "2100-01-01"];
    assert!(places(&repository.report(&later, 0)).is_empty());
    let unknown = ["history", "--branch", "nowhere"];
    let output = keysieve(&repository.root).args(unknown).output().unwrap();
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("nowhere"));
}

#[test]
fn a_shallow_clone_is_said() {
    let (repository, _) = with_history();
    let clone = repository.around().join("clone");
    let from = format!("file://{}", repository.root.display());
    let to = clone.to_str().unwrap();
    git(
        &repository.around(),
        &["clone", "--quiet", "--depth=1", &from, to],
    );
    let mut command = keysieve(&clone);
    let shallow = report(command.args(["history", "-f", "json"]), 1);
    let messages: Vec<_> = array(&shallow, "/issues").iter().collect();
    assert!(
        messages
            .iter()
            .any(|m| text(m, "/message").contains("shallow")),
        "{messages:?}"
    );

    let range = ["history", "--range", "HEAD~1..HEAD"];
    let output = keysieve(&clone).args(range).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("fetch-depth: 0"));
}

#[test]
fn sarif_names_the_commit_and_a_category_of_its_own() {
    let (repository, [brought, ..]) = with_history();
    let output = keysieve(&repository.root)
        .args(["history", "-f", "sarif"])
        .output()
        .unwrap();
    let sarif = parse(&output.stdout);
    assert_eq!(
        text(&sarif, "/runs/0/automationDetails/id"),
        "keysieve/history/"
    );
    let results = array(&sarif, "/runs/0/results");
    let message = |r: &Value| text(r, "/message/text").to_owned();
    let added = format!("Commit {} added it.", &brought[..12]);
    let of_gone = results.iter().find(|r| message(r).contains(&added));
    let of_gone = of_gone.unwrap_or_else(|| panic!("{results:#?}"));
    let blob = repository.git(&["rev-parse", &format!("{brought}:gone.txt")]);
    let git = serde_json::json!({"commit": brought, "blob": blob, "date": "2020-01-01T00:00:00Z"});
    assert_eq!(of_gone["properties"]["git"], git);
    assert!(of_gone.get("hostedViewerUri").is_none());
    assert_eq!(text(of_gone, "/properties/past/introduced/id"), brought);
    assert_eq!(of_gone["properties"]["object"]["kind"], "blob");
    // What HEAD no longer has is relative to the commit that had it.
    let base = |r: &Value| {
        let base = "/locations/0/physicalLocation/artifactLocation/uriBaseId";
        text(r, base).to_owned()
    };
    let commit = format!("COMMIT-{}", &brought[..12]);
    let mut bases: Vec<_> = results.iter().map(base).collect();
    bases.sort();
    assert_eq!(bases, ["%SRCROOT%", &commit]);
    assert!(
        text(
            &sarif,
            &format!("/runs/0/originalUriBaseIds/{commit}/description/text")
        )
        .contains(&brought)
    );

    repository.git(&["remote", "add", "origin", "https://git.example.com/a/b"]);
    let output = keysieve(&repository.root)
        .args(["history", "-f", "sarif"])
        .output()
        .unwrap();
    let sarif = parse(&output.stdout);
    let provenance = array(&sarif, "/runs/0/versionControlProvenance").iter();
    let revisions: Vec<_> = provenance
        .map(|p| (text(p, "/mappedTo/uriBaseId"), text(p, "/revisionId")))
        .collect();
    let head = repository.head();
    assert_eq!(revisions, [("%SRCROOT%", &*head), (&*commit, &*brought)]);

    repository.git(&["remote", "set-url", "origin", "git@github.com:a/b.git"]);
    let mut command = keysieve(&repository.root);
    let output = command.args(["history", "-f", "sarif"]).output().unwrap();
    let sarif = parse(&output.stdout);
    let results = array(&sarif, "/runs/0/results").iter();
    let pages: Vec<_> = results.map(|r| text(r, "/hostedViewerUri")).collect();
    let page = format!("https://github.com/a/b/blob/{brought}/gone.txt?plain=1#L1-L1");
    assert!(pages.contains(&&*page), "{pages:?}");
}

#[test]
fn submodules_are_histories_of_their_own() {
    let (inner, _) = with_history();
    let repository = Repository::with_commit();
    let from = inner.root.to_str().unwrap();
    let add = [
        "-c",
        "protocol.file.allow=always",
        "submodule",
        "--quiet",
        "add",
        from,
        "deep/er",
    ];
    repository.git(&add);
    repository.git(&["commit", "--quiet", "--message", "Add a submodule"]);
    assert!(places(&repository.report(&["history"], 0)).is_empty());
    // The second time with what was remembered of the first.
    for _ in 0..2 {
        let report = repository.report(&["history", "--submodules"], 1);
        assert_eq!(places(&report), ["gone.txt:1", "old.txt:2"]);
        assert_eq!(finding(&report, "gone.txt")["past"]["reach"], "ref");
    }
}

#[test]
fn what_is_no_repository_is_an_error() {
    let folder = tempfile::TempDir::new().unwrap();
    let output = keysieve(folder.path()).arg("history").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn a_repository_without_commits_is_clean() {
    let repository = Repository::new();
    assert!(places(&repository.report(&["history"], 0)).is_empty());
}
