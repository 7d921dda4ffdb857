//! Ranges of commits, in repositories made by git itself.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod repository;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};

use keysieve_engine::policy::Verdict;
use keysieve_engine::rule::{Builtin, RuleFile, RuleSet, compile};
use keysieve_engine::scan::{Scanner, ScannerBuilder};
use keysieve_engine::source::Source as _;
use keysieve_engine::{Finding, Issue, ObjectId, Origin, Sink};
use keysieve_git::{Environment, ErrorKind, Opened, Options, Range, Selection, suppress_known};
use repository::git;
use tempfile::TempDir;

struct Project {
    _dir: TempDir,
    root: PathBuf,
}

impl Project {
    /// A repository with one commit, tagged `base`.
    fn new() -> Self {
        let dir = TempDir::new().unwrap();
        let root = dir.path().canonicalize().unwrap();
        let project = Self { _dir: dir, root };
        project.git(&["init", "--quiet", "--initial-branch=main"]);
        project.commit("README", "An example.\n");
        project.git(&["tag", "base"]);
        project
    }

    fn git(&self, args: &[&str]) -> String {
        git(&self.root, args)
    }

    fn write(&self, path: &str, content: &str) {
        let file = self.root.join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, content).unwrap();
        self.git(&["add", "--", path]);
    }

    /// Commits one file; gives the first digits of the commit's id.
    fn commit(&self, path: &str, content: &str) -> String {
        self.write(path, content);
        self.git(&["commit", "--quiet", "--message", &format!("Change {path}")]);
        self.head()
    }

    fn head(&self) -> String {
        self.git(&["rev-parse", "--short=8", "HEAD"])
    }
}

/// A value of the made-up rule below, another for each letter.
fn key(letter: char) -> String {
    format!("acme_{letter}{}", "qxvbzjwpfmyhgtdnrls")
}

fn scanner() -> Scanner {
    let file = r#"
        [[rule]]
        id = "acme-key"
        name = "ACME key"
        description = "Opens the ACME interface."
        severity = "high"
        confidence = "high"
        prefixes = ["acme_"]
        pattern = "acme_[a-z]{20}"
        remediation = "Revoke it in the ACME console."
        samples = ["acme_{lower:20}"]
    "#;
    let mut rules = RuleFile::parse(file).unwrap().rules;
    let rule = compile(rules.remove(0)).unwrap();
    let rules = RuleSet::new(&Builtin::NONE, vec![rule]).unwrap();
    ScannerBuilder::new().build(Arc::new(rules))
}

#[derive(Default)]
struct Collector {
    findings: Mutex<Vec<(Finding, Verdict)>>,
    issues: Mutex<Vec<Issue>>,
}

impl Sink for Collector {
    fn finding(&self, finding: Finding, verdict: Verdict) -> std::io::Result<()> {
        self.findings.lock().unwrap().push((finding, verdict));
        Ok(())
    }

    fn issue(&self, issue: Issue) {
        self.issues.lock().unwrap().push(issue);
    }
}

/// What a scan says: new findings as `commit:path:line letter`, how many contents were scanned, and issues.
struct Outcome {
    new: Vec<String>,
    scanned: u64,
    issues: Vec<Issue>,
}

fn scan(path: &Path, selection: &Selection) -> Outcome {
    let opened = Opened::at(Some(path), &Environment::default()).unwrap();
    let range = Range::new(&opened, selection, Options::default()).unwrap();
    let (scanner, collector, interrupt) = (scanner(), Collector::default(), Default::default());
    let session = scanner.session(&collector, &interrupt);
    range.walk(&session).unwrap();
    let scanned = session.stats().counts().files;
    let mut findings = collector.findings.into_inner().unwrap();
    suppress_known(&range, &scanner, findings.iter_mut().map(|(f, v)| (f, v)));
    let new = findings
        .iter()
        .filter(|(_, verdict)| *verdict == Verdict::Report);
    let mut new: Vec<_> = new.map(|(finding, _)| name(finding)).collect();
    new.sort();
    let issues = collector.issues.into_inner().unwrap();
    Outcome {
        new,
        scanned,
        issues,
    }
}

fn short(id: ObjectId) -> String {
    id.to_string()[..8].to_owned()
}

fn name(finding: &Finding) -> String {
    let place = match &*finding.origin {
        Origin::Commit { commit, path, .. } => format!("{}:{}", short(*commit), path.display()),
        Origin::Message { of, id } => format!("{} ({})", short(*id), of.as_str()),
        Origin::Blob { id, .. } => format!("{} (blob)", short(*id)),
        origin => panic!("{origin:?}"),
    };
    let letter = char::from(finding.secret.expose()[5]);
    format!("{place}:{} {letter}", finding.location.start.line)
}

fn between(range: &str) -> Selection {
    Selection::between(range).unwrap()
}

fn new(project: &Project, range: &str) -> Vec<String> {
    let outcome = scan(&project.root, &between(range));
    assert!(outcome.issues.is_empty(), "{:?}", outcome.issues);
    outcome.new
}

#[test]
fn each_commit_gives_what_it_adds_and_the_base_nothing() {
    let project = Project::new();
    project.commit("before", &key('a'));
    project.git(&["tag", "--force", "base"]);
    let one = project.commit("src/x", &format!("{}\n", key('b')));
    let two = project.commit("src/x", &format!("more\n{}\n{}\n", key('b'), key('c')));
    let three = project.commit("src/x", "all gone\n");
    let expected = [format!("{one}:src/x:1 b"), format!("{two}:src/x:3 c")];
    let mut expected = expected.to_vec();
    expected.sort();
    assert_eq!(new(&project, "base..HEAD"), expected);
    assert_eq!(new(&project, "base.."), expected);
    assert_eq!(
        new(&project, &format!("base..{one}")),
        [expected
            .iter()
            .find(|e| e.starts_with(&one))
            .unwrap()
            .clone()]
    );
    assert!(new(&project, &format!("{two}..{three}")).is_empty());
    let same = scan(&project.root, &between("HEAD..HEAD"));
    assert_eq!((same.new.len(), same.scanned), (0, 0));
}

#[test]
fn a_blob_is_scanned_once_and_reported_where_it_was_new() {
    let project = Project::new();
    let with = format!("{}\n", key('a'));
    project.commit("x", &with);
    project.git(&["tag", "--force", "base"]);
    project.commit("x", &format!("{with}edited\n"));
    project.commit("x", "clean\n");
    // The same blob as in the base's child: there it was nothing new, here it is.
    let back = project.commit("x", &format!("{with}edited\n"));
    let outcome = scan(&project.root, &between("base..HEAD"));
    assert_eq!(outcome.new, [format!("{back}:x:1 a")]);
    assert_eq!(outcome.scanned, 2 + 3, "two blobs and three messages");
}

#[test]
fn a_merge_gives_only_what_none_of_its_parents_has() {
    let project = Project::new();
    project.git(&["checkout", "--quiet", "-b", "side"]);
    let side = project.commit("side", &format!("{}\n", key('a')));
    project.git(&["checkout", "--quiet", "main"]);
    let main = project.commit("main", &format!("{}\n", key('b')));
    project.git(&["merge", "--quiet", "--no-ff", "--no-commit", "side"]);
    project.write("evil/deep/file", &format!("{}\n", key('c')));
    project.write("main", &format!("{}\n{}\n", key('b'), key('d')));
    project.git(&["commit", "--quiet", "--message=merge"]);
    let merge = project.head();
    let mut expected = vec![
        format!("{side}:side:1 a"),
        format!("{main}:main:1 b"),
        format!("{merge}:evil/deep/file:1 c"),
        format!("{merge}:main:2 d"),
    ];
    expected.sort();
    assert_eq!(new(&project, "base..HEAD"), expected);
    // What came with the merge of a branch that the base has is not new.
    expected.retain(|place| !place.starts_with(&side));
    assert_eq!(new(&project, "side..HEAD"), expected);
}

#[test]
fn renames_add_nothing_but_what_they_change() {
    let project = Project::new();
    let lines = "a line that stays\n".repeat(10);
    project.commit("a/old", &format!("{lines}{}\n", key('a')));
    project.commit("b", &format!("{lines}{}\n", key('b')));
    project.git(&["tag", "--force", "base"]);
    project.git(&["mv", "a", "c"]);
    project.git(&["commit", "--quiet", "--message=folder"]);
    assert!(new(&project, "base..HEAD").is_empty());
    project.git(&["mv", "b", "d"]);
    let moved = project.commit("d", &format!("{lines}more\n{}\n{}\n", key('b'), key('c')));
    assert_eq!(new(&project, "base..HEAD"), [format!("{moved}:d:13 c")]);
    let copied = project.commit("e", &format!("{}\n", key('a')));
    let mut expected = [format!("{moved}:d:13 c"), format!("{copied}:e:1 a")];
    expected.sort();
    assert_eq!(new(&project, "base..HEAD"), expected);
}

#[test]
fn messages_of_commits_and_tags_are_scanned() {
    let project = Project::new();
    let message = format!("Rotate\n\nIt was {}.", key('a'));
    project.git(&["commit", "--quiet", "--allow-empty", "--message", &message]);
    let commit = project.head();
    let message = format!("Release with {}", key('b'));
    project.git(&["tag", "--annotate", "v1", "--message", &message]);
    let tag = project.git(&["rev-parse", "--short=8", "v1"]);
    let mut expected = [
        format!("{commit} (commit message):3 a"),
        format!("{tag} (tag message):1 b"),
    ];
    expected.sort();
    assert_eq!(new(&project, "base..v1"), expected);
}

#[test]
fn selections_are_bounded_by_number_and_time() {
    let project = Project::new();
    project.commit("x", &format!("{}\n", key('a')));
    let last = project.commit("y", &format!("{}\n", key('b')));
    let newest = Selection {
        max_commits: Some(1),
        ..between("base..HEAD")
    };
    assert_eq!(scan(&project.root, &newest).new, [format!("{last}:y:1 b")]);
    let at = 1_577_836_800; // the date of all commits here
    for (since, count) in [(at, 2), (at + 1, 0)] {
        let selection = Selection {
            since: Some(since),
            ..between("base..HEAD")
        };
        assert_eq!(scan(&project.root, &selection).new.len(), count);
    }
    let all = Selection {
        tips: vec!["main".to_owned()],
        ..Selection::default()
    };
    assert_eq!(scan(&project.root, &all).new.len(), 2);
}

#[test]
fn a_shallow_clone_says_what_to_fetch() {
    let project = Project::new();
    for letter in ['a', 'b', 'c'] {
        project.commit("x", &key(letter));
    }
    let clone = TempDir::new().unwrap();
    let from = format!("file://{}", project.root.display());
    let error = |depth: &str, range: &str| {
        let folder = clone.path().join(depth);
        if !folder.exists() {
            let target = folder.to_str().unwrap();
            git(
                clone.path(),
                &["clone", "--quiet", "--depth", depth, &from, target],
            );
        }
        let opened = Opened::at(Some(&folder), &Environment::default()).unwrap();
        Range::new(&opened, &between(range), Options::default()).map(|range| range.commits())
    };
    let base = project.git(&["rev-parse", "base"]);
    for range in [
        format!("{base}..HEAD"),
        "nowhere..HEAD".to_owned(),
        "HEAD~7..HEAD".to_owned(),
    ] {
        let error = error("1", &range).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Shallow, "{error}");
        assert!(error.to_string().contains("fetch-depth: 0"), "{error}");
    }
    assert_eq!(error("1", "HEAD..HEAD").unwrap(), 0);
    // The base is where the clone ends: all that is after it is here.
    assert_eq!(error("3", "HEAD~2..HEAD").unwrap(), 2);
    assert_eq!(error("3", "HEAD~1..HEAD").unwrap(), 1);
}

#[test]
fn what_names_nothing_is_the_users_fault() {
    let project = Project::new();
    let opened = Opened::at(Some(&project.root), &Environment::default()).unwrap();
    for range in ["nowhere..HEAD", "HEAD..nowhere", "HEAD~5.."] {
        let error = Range::new(&opened, &between(range), Options::default()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Request, "{error}");
    }
    for range in ["HEAD", "a...b"] {
        assert_eq!(
            Selection::between(range).unwrap_err().kind(),
            ErrorKind::Request
        );
    }
}

#[test]
fn objects_that_are_gone_are_issues_and_the_rest_is_scanned() {
    let project = Project::new();
    project.write("lost/x", "lost\n");
    project.write("kept/y", &format!("{}\n", key('a')));
    project.git(&["commit", "--quiet", "--message=both"]);
    let commit = project.head();
    let remove = |name: &str| {
        let id = project.git(&["rev-parse", name]);
        let object = project
            .root
            .join(".git/objects")
            .join(&id[..2])
            .join(&id[2..]);
        fs::remove_file(object).unwrap();
        id
    };
    let blob = remove("HEAD:lost/x");
    let outcome = scan(&project.root, &between("base..HEAD"));
    assert_eq!(outcome.new, [format!("{commit}:kept/y:1 a")]);
    assert_eq!(outcome.issues.len(), 1);
    assert!(
        outcome.issues[0].message.contains(&blob),
        "{:?}",
        outcome.issues
    );
    let tree = remove("HEAD:lost");
    let outcome = scan(&project.root, &between("base..HEAD"));
    assert_eq!(outcome.new, [format!("{commit}:kept/y:1 a")]);
    assert!(
        outcome.issues[0].message.contains(&tree),
        "{:?}",
        outcome.issues
    );
}

/// A thousand folders in each of a thousand folders, five times over, all the same ones: five trees, 10^15 paths.
#[test]
fn a_tree_of_endless_paths_comes_to_an_end() {
    let project = Project::new();
    let mut tree = project.git(&["hash-object", "-t", "tree", "-w", "/dev/null"]);
    for _ in 0..5 {
        let entry = |i| format!("040000 tree {tree}\t{i:03}\n");
        let entries: String = (0..1000).map(entry).collect();
        fs::write(project.root.join("entries"), entries).unwrap();
        let mut mktree = Command::new("sh");
        mktree
            .args(["-c", "git mktree < entries"])
            .current_dir(&project.root);
        tree = String::from_utf8(mktree.output().unwrap().stdout)
            .unwrap()
            .trim()
            .to_owned();
    }
    let commit = project.git(&["commit-tree", "-m", "bomb", "-p", "HEAD", &tree]);
    let outcome = scan(&project.root, &between(&format!("base..{commit}")));
    let messages: Vec<_> = outcome.issues.iter().map(|issue| &*issue.message).collect();
    assert!(
        messages.iter().any(|m| m.contains("too many or too deep")),
        "{messages:?}"
    );
}
