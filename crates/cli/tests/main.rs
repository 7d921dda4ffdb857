//! The tests that run the program, in one target: they are linked once. Each file has a module here.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod program;

mod action;
mod audit;
mod baseline;
mod baseline_model;
mod catalog;
mod clean;
mod cli;
mod config;
mod exception;
mod gitleaks;
mod gitleaks_history;
mod hidden;
mod history;
mod history_cache;
mod hostile;
mod install;
mod names;
mod peers;
mod planted;
mod promises;
mod push;
mod staged;

/// A file that nobody made a module of would be left out in silence.
#[test]
fn every_file_is_a_module() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("crates/cli/tests");
    let mut names: Vec<_> = folder
        .read_dir()
        .unwrap()
        .map(|entry| entry.unwrap().path().with_extension(""))
        .map(|path| path.file_name().unwrap().to_str().unwrap().to_owned())
        .filter(|name| name != "main")
        .collect();
    names.sort();
    let mut modules: Vec<_> = include_str!("main.rs")
        .lines()
        .filter_map(|line| line.strip_prefix("mod ")?.strip_suffix(';'))
        .collect();
    modules.sort_unstable();
    assert_eq!(names, modules);
}
