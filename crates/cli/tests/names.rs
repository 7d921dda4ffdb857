//! Names of files that are hard on the formats of reports, on terminals and on command lines.

#![cfg(unix)]

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;

use data_encoding::BASE64;
use serde_json::Value;
use tempfile::TempDir;

use crate::program::{array, keysieve, parse, report, scan, text, token, write};

/// Names that are hard on each of the formats.
fn odd_names() -> Vec<&'static [u8]> {
    let mut names: Vec<&[u8]> = vec![
        b" space ",
        b"#hash?query&more",
        b"%41%",
        b"-rf",
        b"<script>`$(id)`",
        b"\"quote'",
        b"back\\slash",
        b"c:colon",
        b"esc\x1b[2J\x07",
        b"new\nline",
        b"tab\tand\rreturn",
        "\u{202e}txt.exe".as_bytes(),
        "\u{fc}\u{1f511}".as_bytes(),
    ];
    if cfg!(target_os = "linux") {
        names.push(b"caf\xe9\xff"); // no UTF-8: other systems do not take it
    }
    names
}

fn with_odd_names() -> TempDir {
    let folder = TempDir::new().unwrap();
    for (i, name) in odd_names().into_iter().enumerate() {
        let content = token(i as u64);
        write(
            &folder.path().join(OsStr::from_bytes(name)),
            content.as_bytes(),
        );
        write(
            &folder.path().join("sub dir").join(OsStr::from_bytes(name)),
            content.as_bytes(),
        );
    }
    folder
}

/// What must be in a report of [`with_odd_names`].
fn odd_paths() -> BTreeSet<Vec<u8>> {
    let names = odd_names();
    let below = names.iter().map(|name| [b"sub dir/", *name].concat());
    below
        .chain(names.iter().map(|name| name.to_vec()))
        .collect()
}

#[test]
fn odd_names_survive_in_json() {
    let folder = with_odd_names();
    let path = |finding: &Value| match finding.get("path_base64") {
        Some(base64) => BASE64.decode(base64.as_str().unwrap().as_bytes()).unwrap(),
        None => text(finding, "/path").as_bytes().to_vec(),
    };
    let json = report(folder.path(), &[], 1);
    let paths: BTreeSet<_> = array(&json, "/findings").iter().map(path).collect();
    assert_eq!(paths, odd_paths());
    let jsonl = scan(folder.path(), &["-f", "jsonl"]).stdout;
    let lines = jsonl
        .split(|&byte| byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(parse);
    let paths: BTreeSet<_> = lines
        .filter(|line| line["type"] == "finding")
        .map(|line| path(&line))
        .collect();
    assert_eq!(paths, odd_paths());
}

#[test]
fn odd_names_survive_in_sarif() {
    let folder = with_odd_names();
    let log = parse(&scan(folder.path(), &["-f", "sarif"]).stdout);
    let mut paths = BTreeSet::new();
    for result in array(&log, "/runs/0/results") {
        let uri = text(result, "/locations/0/physicalLocation/artifactLocation/uri");
        let plain = |c: char| c.is_ascii_alphanumeric() || "-._~/%".contains(c);
        assert!(uri.chars().all(plain) && !uri.starts_with('/'), "{uri}");
        paths.insert(percent_decoded(uri));
    }
    assert_eq!(paths, odd_paths());
}

fn percent_decoded(uri: &str) -> Vec<u8> {
    let mut pieces = uri.split('%');
    let mut bytes = pieces.next().unwrap().as_bytes().to_vec();
    for piece in pieces {
        bytes.push(u8::from_str_radix(&piece[..2], 16).unwrap());
        bytes.extend(&piece.as_bytes()[2..]);
    }
    bytes
}

#[test]
fn odd_names_steer_no_terminal() {
    let folder = with_odd_names();
    let output = scan(folder.path(), &["--color", "never"]);
    let said = str::from_utf8(&output.stdout).unwrap();
    let steers = |c: char| c.is_control() && c != '\n' || c == '\u{202e}';
    assert!(!said.contains(steers), "{said:?}");
    let mut shown = vec![
        " space ",
        "#hash?query&more",
        "%41%",
        "-rf",
        "<script>`$(id)`",
        r#"\"quote\'"#,
        r"back\\slash",
        "c:colon",
        r"esc\u{1b}[2J\u{7}",
        r"new\nline",
        r"tab\tand\rreturn",
        r"\u{202e}txt.exe",
        "\u{fc}\u{1f511}",
    ];
    if cfg!(target_os = "linux") {
        shown.push(r"caf\xe9\xff");
    }
    for name in shown {
        for line in [name, &format!("sub dir/{name}")] {
            assert_eq!(
                said.lines().filter(|l| *l == line).count(),
                1,
                "{line} in {said}"
            );
        }
    }
}

#[test]
fn odd_names_are_taken_as_arguments() {
    let folder = with_odd_names();
    for name in odd_names() {
        let path = folder.path().join(OsStr::from_bytes(name));
        let output = keysieve(folder.path())
            .arg("scan")
            .arg(path)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(1), "{}", name.escape_ascii());
    }
    let output = scan(folder.path(), &["--", "-rf"]);
    assert_eq!(output.status.code(), Some(1));
}
