//! The program under test, and what its tests share.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use keysieve_rules::sample::{Random, Template};
use serde_json::Value;

pub(crate) mod git;
pub(crate) mod planted;

/// Every format of reports.
pub(crate) const FORMATS: [&str; 9] = [
    "human", "json", "jsonl", "sarif", "gitlab", "junit", "csv", "markdown", "github",
];
/// Those of them that show values when asked to.
pub(crate) const REVEALING: [&str; 4] = ["human", "json", "jsonl", "sarif"];

/// `keysieve`, in `folder`, with none of the variables of whoever runs the tests, and at the same second always.
pub(crate) fn keysieve(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keysieve"));
    command.env_clear().env("SOURCE_DATE_EPOCH", "1800000000");
    command.current_dir(folder).stdin(Stdio::null());
    command
}

/// Runs `keysieve scan` with these arguments in `folder`.
pub(crate) fn scan(folder: &Path, args: &[&str]) -> Output {
    keysieve(folder).arg("scan").args(args).output().unwrap()
}

/// The report in JSON of a scan that ended with `code`.
pub(crate) fn report(folder: &Path, args: &[&str], code: i32) -> Value {
    let output = scan(folder, &[&["-f", "json"], args].concat());
    assert_eq!(output.status.code(), Some(code), "{output:?}");
    parse(&output.stdout)
}

/// A JSON document.
pub(crate) fn parse(text: &[u8]) -> Value {
    serde_json::from_slice(text).unwrap_or_else(|e| panic!("{e} in {}", text.escape_ascii()))
}

/// The array in a report.
pub(crate) fn array<'a>(report: &'a Value, pointer: &str) -> &'a [Value] {
    let found = report.pointer(pointer).and_then(Value::as_array);
    found.unwrap_or_else(|| panic!("no array {pointer} in {report:#}"))
}

/// The text in a report.
pub(crate) fn text<'a>(report: &'a Value, pointer: &str) -> &'a str {
    let found = report.pointer(pointer).and_then(Value::as_str);
    found.unwrap_or_else(|| panic!("no text {pointer} in {report:#}"))
}

/// A GitHub token, another for each seed, made here so that none stands in the repository.
pub(crate) fn token(seed: u64) -> String {
    let template = Template::parse("ghp_{base62:30}{crc32-base62}").unwrap();
    template.expand(&mut Random::with_seed(seed), &["ghp_".to_owned()])
}

/// A folder of fixtures.
pub(crate) fn fixtures(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures")
        .join(name)
}

/// The files below `folder`, as paths from there, sorted.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in next.read_dir().unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files.push(path.strip_prefix(folder).unwrap().to_owned());
            }
        }
    }
    files.sort();
    files
}

/// Writes a file, and the folders that it lies in.
pub(crate) fn write(path: &Path, content: &[u8]) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, content).unwrap();
}

/// Copies `fixtures/clean` to `folder`. In its own place every file of it would be a test fixture, of this repository.
pub(crate) fn copy_clean(folder: &Path) {
    let clean = fixtures("clean");
    for file in files(&clean) {
        write(
            &folder.join(&file),
            &std::fs::read(clean.join(&file)).unwrap(),
        );
    }
}
