//! The shell scripts of the action for GitHub (`action.yml`), run as the runner runs them, in repositories of all the
//! shapes that events have.
#![cfg(unix)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

use crate::program::git::{Repository, git, hook};
use crate::program::{parse, token};

const ZEROS: &str = "0000000000000000000000000000000000000000";

/// A run of one of the action's scripts.
struct Step {
    command: Command,
    temp: TempDir,
}

/// What a step did.
struct Done {
    code: Option<i32>,
    log: String,
    outputs: String,
    summary: String,
    temp: TempDir,
}

impl Step {
    fn new(script: &str, folder: &Path) -> Self {
        let temp = TempDir::new().unwrap();
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let program = Path::new(env!("CARGO_BIN_EXE_keysieve")).parent().unwrap();
        let path = std::env::var("PATH").unwrap();
        let mut command = Command::new("bash");
        command
            .arg(root.join(".github/action").join(script))
            .env_clear()
            .env("PATH", format!("{}:{path}", program.display()))
            .env("HOME", temp.path())
            .env("RUNNER_TEMP", temp.path())
            .current_dir(folder);
        for file in ["OUTPUT", "STEP_SUMMARY", "PATH"] {
            let path = temp.path().join(file);
            fs::write(&path, "").unwrap();
            command.env(format!("GITHUB_{file}"), path);
        }
        Self { command, temp }
    }

    fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    fn run(mut self) -> Done {
        let Output {
            status,
            stdout,
            stderr,
        } = self.command.output().unwrap();
        let read = |file: &str| fs::read_to_string(self.temp.path().join(file)).unwrap();
        Done {
            code: status.code(),
            log: String::from_utf8([stdout, stderr].concat()).unwrap(),
            outputs: read("OUTPUT"),
            summary: read("STEP_SUMMARY"),
            temp: self.temp,
        }
    }
}

fn scan(repository: &Repository, event: &str) -> Step {
    Step::new("scan", &repository.root)
        .env("GITHUB_EVENT_NAME", event)
        .env("EVENT_DEFAULT_BRANCH", "main")
}

impl Done {
    /// The files that have a result in the SARIF file, and that the step ended well.
    fn files(&self) -> Vec<String> {
        assert_eq!(self.code, Some(0), "{}", self.log);
        let sarif = self.temp.path().join("keysieve/keysieve.sarif");
        assert!(
            self.outputs
                .contains(&format!("sarif={}\n", sarif.display()))
        );
        let log = parse(&fs::read(sarif).unwrap());
        let results = log["runs"][0]["results"].as_array().unwrap();
        let uri = |result: &serde_json::Value| {
            let place = &result["locations"][0]["physicalLocation"];
            place["artifactLocation"]["uri"]
                .as_str()
                .unwrap()
                .to_owned()
        };
        results.iter().map(uri).collect()
    }

    fn result(&self) -> &str {
        let line = self.outputs.lines().find_map(|l| l.strip_prefix("result="));
        line.unwrap_or_else(|| panic!("no result: {} {}", self.outputs, self.log))
    }

    /// The step failed, and told why in an annotation.
    fn refused(&self, why: &str) {
        assert_eq!(self.code, Some(2), "{}", self.log);
        let line = self
            .log
            .lines()
            .find(|l| l.starts_with("::error title=keysieve::"));
        assert!(line.is_some_and(|l| l.contains(why)), "{}", self.log);
    }
}

/// A repository with a secret in its first commit on `main`, and on the branch `topic` one that is added and taken out
/// again.
fn repository() -> (Repository, [String; 4]) {
    let repository = Repository::with_commit();
    repository.git(&["branch", "-M", "main"]);
    let first = repository.head();
    let old = repository.commit("old.txt", &token(1));
    repository.git(&["checkout", "--quiet", "-b", "topic"]);
    let added = repository.commit("new.txt", &token(2));
    repository.commit("new.txt", "gone");
    let last = repository.commit("clean.txt", "clean");
    (repository, [first, old, added, last])
}

#[test]
fn a_pull_request_is_what_its_commits_add() {
    let (repository, [_, base, _, head]) = repository();
    for event in ["pull_request", "merge_group"] {
        let done = scan(&repository, event)
            .env("EVENT_BASE", &base)
            .env("EVENT_HEAD", &head)
            .run();
        assert_eq!(done.files(), ["new.txt"]);
        assert_eq!(done.result(), "1");
        assert!(done.outputs.contains("findings=1\n"));
        assert!(
            done.summary
                .starts_with("## keysieve: 1 finding of 1 secret")
        );
        assert!(
            done.log.contains("::error file=new.txt,line=1,"),
            "{}",
            done.log
        );
        assert!(!done.log.contains(&token(2)) && !done.summary.contains(&token(2)));
    }
}

#[test]
fn a_push_is_what_came_since_the_one_before() {
    let (repository, [_, _, added, last]) = repository();
    let push = |before: &str| {
        scan(&repository, "push")
            .env("GITHUB_REF", "refs/heads/topic")
            .env("EVENT_BEFORE", before)
            .env("EVENT_AFTER", &last)
            .run()
    };
    let done = push(&added);
    assert_eq!((done.files().len(), done.result()), (0, "0"));
    assert!(done.summary.starts_with("## keysieve: no secrets found"));

    // The first push of a branch, and one after which the commit before is gone, are compared with the default branch.
    repository.git(&["update-ref", "refs/remotes/origin/main", "main"]);
    for before in [ZEROS, &"1".repeat(40)] {
        assert_eq!(push(before).files(), ["new.txt"]);
    }
}

#[test]
fn the_first_push_of_all_is_everything() {
    let (repository, [.., last]) = repository();
    let done = scan(&repository, "push")
        .env("GITHUB_REF", "refs/heads/main")
        .env("EVENT_BEFORE", ZEROS)
        .env("EVENT_AFTER", &last)
        .run();
    assert_eq!(done.files(), ["new.txt", "old.txt"]);
}

#[test]
fn a_deleted_branch_has_nothing_to_scan() {
    let (repository, [first, ..]) = repository();
    let done = scan(&repository, "push")
        .env("EVENT_BEFORE", &first)
        .env("EVENT_AFTER", ZEROS)
        .run();
    assert_eq!((done.code, done.result()), (Some(0), "0"));
}

#[test]
fn other_events_are_about_the_tree() {
    let (repository, _) = repository();
    for event in ["schedule", "workflow_dispatch"] {
        assert_eq!(scan(&repository, event).run().files(), ["old.txt"]);
    }
    let done = scan(&repository, "schedule")
        .env("KEYSIEVE_RANGE", "history")
        .run();
    assert_eq!(done.files(), ["new.txt", "old.txt"]);
    let done = scan(&repository, "push")
        .env("KEYSIEVE_RANGE", "main..HEAD")
        .run();
    assert_eq!(done.files(), ["new.txt"]);
    scan(&repository, "push")
        .env("KEYSIEVE_RANGE", "everything")
        .run()
        .refused("range is auto, tree, history or BASE..HEAD");
}

#[test]
fn a_shallow_clone_is_told_what_it_lacks() {
    let (repository, [_, base, _, head]) = repository();
    let folder = TempDir::new().unwrap();
    let address = format!("file://{}", repository.root.display());
    git(
        folder.path(),
        &["clone", "--quiet", "--depth", "1", &address, "shallow"],
    );
    let shallow = folder.path().join("shallow");
    let step = |event: &str| {
        Step::new("scan", &shallow)
            .env("GITHUB_EVENT_NAME", event)
            .env("EVENT_BASE", &base)
            .env("EVENT_HEAD", &head)
            .env("EVENT_BEFORE", &base)
            .env("EVENT_AFTER", &head)
    };
    for event in ["pull_request", "push"] {
        step(event).run().refused("fetch-depth: 0");
    }
    step("schedule")
        .env("KEYSIEVE_RANGE", "history")
        .run()
        .refused("fetch-depth: 0");
    assert_eq!(
        step("schedule").run().files(),
        ["old.txt"],
        "a tree needs no history"
    );
    // A complete clone of something else.
    scan(&repository, "pull_request")
        .env("EVENT_BASE", &"1".repeat(40))
        .env("EVENT_HEAD", &head)
        .run()
        .refused("does not have the commit 1111");
}

/// A repository whose tree has one finding, of high severity, by a rule of its own.
fn of_high_severity() -> Repository {
    let rule = r#"
[[rule]]
id = "acme-token"
name = "Acme token"
description = "Opens the doors of a company that does not exist."
severity = "high"
confidence = "high"
prefixes = ["acme_"]
pattern = 'acme_[a-z0-9]{24}'
remediation = "Tell the coyote."
samples = ['acme_{lower-digits:24}']
"#;
    let repository = Repository::with_commit();
    repository.commit("keysieve.toml", rule);
    let value = ["acme_", "n0t4r34l53cr3t", "ju5t4f1xtu"].concat();
    repository.commit("app.env", &format!("DOOR={value}\n"));
    repository
}

#[test]
fn the_severity_that_fails_is_chosen() {
    let repository = of_high_severity();
    let run = |fail_on: &str| {
        let step = scan(&repository, "schedule");
        step.env("KEYSIEVE_FAIL_ON", fail_on).run()
    };
    let result = |fail_on| {
        let done = run(fail_on);
        assert_eq!(done.files(), ["app.env"]);
        done.result().to_owned()
    };
    let levels = ["never", "critical", "high", "medium", "low"];
    assert_eq!(levels.map(result), ["0", "0", "1", "1", "1"]);

    // What could not be scanned fails as well, whether or not there are findings that do not.
    fs::write(repository.root.join("broken.gz"), b"\x1f\x8b\x08\x00\x00").unwrap();
    assert_eq!(levels.map(result), ["0", "4", "1", "1", "1"]);
    repository.write("app.env", "clean");
    assert_eq!(
        ["never", "critical"].map(|l| run(l).result().to_owned()),
        ["0", "4"]
    );
    run("severe").refused("fail-on is");
}

#[test]
fn inputs_are_arguments_and_no_script() {
    let repository = of_high_severity();
    let with = |args: &str| scan(&repository, "schedule").env("KEYSIEVE_ARGS", args);
    let done = with("--min-severity\n  critical ")
        .env("KEYSIEVE_CATEGORY", "a b/")
        .run();
    assert!(done.files().is_empty());
    let sarif = fs::read_to_string(done.temp.path().join("keysieve/keysieve.sarif")).unwrap();
    assert!(sarif.contains("\"id\": \"a b/\""));

    let done = with("$(touch${IFS}ran) `touch${IFS}ran`;touch${IFS}ran").run();
    assert!(!repository.root.join("ran").exists());
    assert_ne!(done.code, Some(0), "no such paths");
    let commands = done.log.lines().filter(|l| l.starts_with("::"));
    assert!(
        commands.count() == 1 && done.log.contains("\nstderr: "),
        "{}",
        done.log
    );
}

#[test]
fn the_baseline_is_handed_on() {
    let (repository, _) = repository();
    let folder = TempDir::new().unwrap();
    hook(
        &folder.path().join("keysieve"),
        "printf '%s\\n' \"$@\" >\"$RUNNER_TEMP/arguments\"; exit 2",
    );
    let path = format!(
        "{}:{}",
        folder.path().display(),
        std::env::var("PATH").unwrap()
    );
    let done = scan(&repository, "schedule")
        .env("PATH", &path)
        .env("KEYSIEVE_BASELINE", "known file.txt")
        .run();
    done.refused("keysieve ended with 2");
    let arguments = fs::read_to_string(done.temp.path().join("arguments")).unwrap();
    assert!(
        arguments.contains("\n--baseline\nknown file.txt\n"),
        "{arguments}"
    );
}

/// An archive as a release has it, in a folder that stands for the releases. In it is a script: the program of a test is
/// of hundreds of megabytes.
fn release() -> (TempDir, PathBuf) {
    let folder = TempDir::new().unwrap();
    let version = folder.path().join(concat!("v", env!("CARGO_PKG_VERSION")));
    fs::create_dir(&version).unwrap();
    let machine = Command::new("uname").arg("-m").output().unwrap().stdout;
    let machine = String::from_utf8(machine)
        .unwrap()
        .trim()
        .replace("arm64", "aarch64");
    let system = if cfg!(target_os = "macos") {
        "apple-darwin"
    } else {
        "unknown-linux-musl"
    };
    let program = folder.path().join("keysieve");
    hook(&program, "echo keysieve of the archive");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let status = Command::new("bash")
        .arg(root.join(".ci/package"))
        .arg(&program)
        .arg(format!("{machine}-{system}"))
        .arg(&version)
        .status();
    assert!(status.unwrap().success());
    (folder, version)
}

#[test]
fn a_release_is_installed_if_its_sum_holds() {
    let (folder, version) = release();
    let install = || {
        Step::new("install", folder.path())
            .env("KEYSIEVE_VERSION", env!("CARGO_PKG_VERSION"))
            .env(
                "KEYSIEVE_RELEASES",
                &format!("file://{}", folder.path().display()),
            )
    };
    let done = install().run();
    assert_eq!(done.code, Some(0), "{}", done.log);
    assert!(done.log.contains("keysieve of the archive"), "{}", done.log);
    let path = fs::read_to_string(done.temp.path().join("PATH")).unwrap();
    assert!(Path::new(path.trim()).join("keysieve").is_file(), "{path}");

    install()
        .env("KEYSIEVE_SHA256", &"0".repeat(64))
        .run()
        .refused("does not have the SHA-256");
    for file in version.read_dir().unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_some_and(|e| e == "sha256") {
            fs::write(&path, format!("{}  x\n", "0".repeat(64))).unwrap();
        }
    }
    install().run().refused("does not have the SHA-256");
    install()
        .env("KEYSIEVE_VERSION", "9.9.9")
        .run()
        .refused("of version 9.9.9 cannot be downloaded");
    install()
        .env("KEYSIEVE_VERSION", "1/../../x")
        .run()
        .refused("not of the form");
    let done = install().env("KEYSIEVE_VERSION", "installed").run();
    assert_eq!(done.code, Some(0), "{}", done.log);
}

/// What users copy names the version that this is.
#[test]
fn the_version_to_install_is_this_one() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let version = env!("CARGO_PKG_VERSION");
    for (file, line) in [
        ("action.yml", format!("    default: \"{version}\"\n")),
        (
            ".gitlab/keysieve.gitlab-ci.yml",
            format!("  KEYSIEVE_VERSION: \"{version}\"\n"),
        ),
    ] {
        let text = fs::read_to_string(root.join(file)).unwrap();
        assert!(text.contains(&line), "{file} has no {line}");
    }
}
