//! Repositories for tests, and what git says of them.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use keysieve_engine::ObjectId;
use tempfile::TempDir;

/// A folder that goes when the test ends, by its real path.
pub(crate) struct Folder {
    _dir: TempDir,
    pub(crate) path: PathBuf,
}

impl Folder {
    pub(crate) fn new() -> Self {
        let dir = TempDir::new().unwrap();
        let path = dir.path().canonicalize().unwrap();
        Self { _dir: dir, path }
    }

    pub(crate) fn join(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }
}

/// A command that sees no setting of whoever runs the test.
fn command(program: &str, dir: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .current_dir(dir)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", dir)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_NO_REPLACE_OBJECTS", "1")
        .envs(["GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"].map(|name| (name, "1600000000 +0000")))
        .envs(["GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME"].map(|name| (name, "A")))
        .envs(["GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL"].map(|name| (name, "a@example.com")));
    command
}

/// Runs git with an input, and gives what it prints.
pub(crate) fn git_with<S: AsRef<OsStr>>(dir: &Path, args: &[S], input: &[u8]) -> Vec<u8> {
    let mut child = command("git", dir)
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("git is installed");
    let mut stdin = child.stdin.take().unwrap();
    let output = std::thread::scope(|scope| {
        scope.spawn(move || {
            let _ = stdin.write_all(input); // git may not want all of it
        });
        child.wait_with_output().unwrap()
    });
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    output.stdout
}

/// Runs git, and gives the text that it prints.
pub(crate) fn git(dir: &Path, args: &[&str]) -> String {
    String::from_utf8(git_with(dir, args, b""))
        .unwrap()
        .trim_end()
        .to_owned()
}

/// An empty bare repository.
pub(crate) fn bare() -> Folder {
    let folder = Folder::new();
    git(&folder.path, &["init", "--quiet", "--bare", "."]);
    folder
}

/// Runs a script of `fixtures/git` that makes the repository `to`.
pub(crate) fn script(name: &str, to: &Path, variables: &[(&str, &str)]) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../fixtures/git")
        .join(name);
    let output = command("bash", to.parent().unwrap())
        .arg(path)
        .arg(to)
        .envs(variables.iter().copied())
        .output()
        .expect("bash is installed");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// Every object of a repository that is no tree, as git reads it.
pub(crate) fn objects(dir: &Path) -> BTreeMap<ObjectId, Vec<u8>> {
    let output = git_with(dir, &["cat-file", "--batch-all-objects", "--batch"], b"");
    let mut rest = &output[..];
    let mut objects = BTreeMap::new();
    while !rest.is_empty() {
        let end = rest.iter().position(|&byte| byte == b'\n').unwrap();
        let header = std::str::from_utf8(&rest[..end]).unwrap();
        let [hex, kind, size] = header.split(' ').collect::<Vec<_>>()[..] else {
            panic!("{header}");
        };
        let content = &rest[end + 1..][..size.parse().unwrap()];
        if kind != "tree" {
            objects.insert(id(hex), content.to_vec());
        }
        rest = &rest[end + 1 + content.len() + 1..];
    }
    objects
}

/// An id from hexadecimal digits.
pub(crate) fn id(hex: &str) -> ObjectId {
    let digit = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
    let bytes: Vec<u8> = (0..hex.len()).step_by(2).map(digit).collect();
    ObjectId::new(&bytes).unwrap()
}
