//! Repositories made by git itself, the same on every machine.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

use super::{keysieve, parse, write};
use serde_json::Value;

/// A repository in a folder that goes with it. The folder around the work tree is for clones, remotes and hooks.
pub(crate) struct Repository {
    around: TempDir,
    pub(crate) root: PathBuf,
}

impl Repository {
    /// Without a commit.
    pub(crate) fn new() -> Self {
        let around = TempDir::new().unwrap();
        // The system's temporary folder may be a link.
        let root = around.path().canonicalize().unwrap().join("project");
        std::fs::create_dir(&root).unwrap();
        let repository = Self { around, root };
        repository.git(&["init", "--quiet", "--initial-branch=main"]);
        repository
    }

    /// With one commit of one file.
    pub(crate) fn with_commit() -> Self {
        let repository = Self::new();
        repository.commit("README", "An example.\n");
        repository
    }

    /// The folder around the work tree.
    pub(crate) fn around(&self) -> PathBuf {
        self.around.path().canonicalize().unwrap()
    }

    /// Runs git in the work tree, and gives what it prints.
    pub(crate) fn git(&self, args: &[&str]) -> String {
        git(&self.root, args)
    }

    /// Writes a file of the work tree.
    pub(crate) fn write(&self, path: &str, content: &str) {
        write(&self.root.join(path), content.as_bytes());
    }

    /// Writes a file and stages it.
    pub(crate) fn stage(&self, path: &str, content: &str) {
        self.write(path, content);
        self.git(&["add", "--", path]);
    }

    /// Writes, stages and commits a file; gives the id of the commit.
    pub(crate) fn commit(&self, path: &str, content: &str) -> String {
        self.stage(path, content);
        self.git(&["commit", "--quiet", "--message", &format!("Change {path}")]);
        self.head()
    }

    /// The id of the commit that is checked out.
    pub(crate) fn head(&self) -> String {
        self.git(&["rev-parse", "HEAD"])
    }

    /// The report in JSON of a command that ended with `code`, in the top of the work tree.
    pub(crate) fn report(&self, args: &[&str], code: i32) -> Value {
        let mut command = keysieve(&self.root);
        command.args(args).args(["-f", "json"]);
        report(&mut command, code)
    }
}

/// The report in JSON of a command that ends with `code`.
pub(crate) fn report(command: &mut Command, code: i32) -> Value {
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(code), "{output:?}");
    parse(&output.stdout)
}

/// Runs git, and gives what it prints.
pub(crate) fn git(folder: &Path, args: &[&str]) -> String {
    let output = try_git(folder, args, &[]);
    assert!(output.status.success(), "git {args:?}: {output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    text.trim_end().to_owned()
}

/// Runs git, deaf to the settings of whoever runs the test, with more variables.
pub(crate) fn try_git(folder: &Path, args: &[&str], variables: &[(&str, &str)]) -> Output {
    Command::new("git")
        .args(args)
        .current_dir(folder)
        .stdin(Stdio::null())
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", folder)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_ALLOW_PROTOCOL", "file")
        .envs(["GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"].map(|n| (n, "2020-01-01T00:00:00Z")))
        .envs(["GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME"].map(|n| (n, "A")))
        .envs(["GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL"].map(|n| (n, "a@example.com")))
        .envs(variables.iter().copied())
        .output()
        .expect("git is installed")
}

/// Writes a hook that runs `script` with the program under test as `$KEYSIEVE`.
pub(crate) fn hook(path: &Path, script: &str) {
    let program = env!("CARGO_BIN_EXE_keysieve");
    write(
        path,
        format!("#!/bin/sh\nKEYSIEVE='{program}'\n{script}\n").as_bytes(),
    );
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
}

/// The findings of a report as `path:line rule`.
pub(crate) fn places(report: &Value) -> Vec<String> {
    let place = |finding: &Value| {
        let (path, line) = (&finding["path"], &finding["start"]["line"]);
        format!("{}:{line}", path.as_str().unwrap_or("-"))
    };
    let findings = super::array(report, "/findings").iter();
    findings
        .filter(|f| f.get("suppressed").is_none())
        .map(place)
        .collect()
}
