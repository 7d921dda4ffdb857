//! The cases of `fixtures/cli`: a command line, its files, and what it must print. No Rust is needed to add one.

use crate::program::{files, fixtures};

#[test]
fn cases() {
    trycmd::TestCases::new()
        .default_bin_path(env!("CARGO_BIN_EXE_keysieve"))
        .case(fixtures("cli/*.toml"));
}

/// A case must not see the environment of whoever runs it, nor this repository around its files.
#[test]
fn every_case_runs_apart() {
    let folder = fixtures("cli");
    let cases: Vec<_> = files(&folder)
        .into_iter()
        .filter(|file| file.parent().is_some_and(|p| p.as_os_str().is_empty()))
        .collect();
    assert!(!cases.is_empty());
    for case in cases {
        let text = std::fs::read_to_string(folder.join(&case)).unwrap();
        let apart = text.contains("fs.sandbox = true") && text.contains("env.inherit = false");
        assert!(
            apart,
            "{case:?} must say `fs.sandbox = true` and `env.inherit = false`"
        );
    }
}
