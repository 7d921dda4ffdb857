//! `rules/CATALOG.md` is what the program prints of its rules.

use std::path::Path;

use crate::program::keysieve;

/// What `rules list` prints.
fn list(format: &str) -> String {
    let mut command = keysieve(Path::new("."));
    let output = command.args(["rules", "list", "--format", format]).output();
    String::from_utf8(output.unwrap().stdout).unwrap()
}

#[test]
fn the_catalogue_is_that_of_the_rules() {
    let printed = list("markdown");
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules/CATALOG.md");
    let written = std::fs::read_to_string(file).unwrap().replace("\r\n", "\n");
    let first = printed
        .lines()
        .zip(written.lines())
        .position(|(a, b)| a != b);
    assert!(
        printed == written,
        "rules/CATALOG.md is out of date (first other line: {first:?}). Write it anew:\n\
         cargo run -p keysieve -- rules list --format markdown > rules/CATALOG.md"
    );
}

/// What the catalogue says of rules is one row each.
#[test]
fn each_rule_has_one_row() {
    let markdown = list("markdown");
    let mut rows: Vec<&str> = markdown
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.split(" | ").nth(1))
        .filter_map(|cell| cell.strip_prefix('`')?.strip_suffix('`'))
        .collect();
    rows.sort_unstable();
    let text = list("text");
    let ids: Vec<&str> = text
        .lines()
        .filter_map(|line| line.split(' ').next())
        .collect();
    assert!(!ids.is_empty());
    assert_eq!(rows, ids);
}
