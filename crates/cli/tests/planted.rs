//! Every secret of `fixtures/planted` is found, at its exact place, and nothing else is.

use std::path::Path;

use tempfile::TempDir;

use crate::program::planted::{assert_same, expand, found_in_json, found_in_sarif};
use crate::program::{FORMATS, REVEALING, parse, report, scan};

#[test]
fn all_is_found_where_it_stands_and_nothing_beside() {
    let folder = TempDir::new().unwrap();
    let planted = expand(folder.path());
    let report = report(folder.path(), &[], 1);
    assert_same(&planted.places, &found_in_json(&report));
    assert_eq!(report["issues"], serde_json::json!([]));
    assert_eq!(report["summary"]["complete"], true);
}

#[test]
fn sarif_has_the_same_places() {
    let folder = TempDir::new().unwrap();
    let planted = expand(folder.path());
    let log = parse(&scan(folder.path(), &["-f", "sarif"]).stdout);
    assert_same(&planted.utf16_places, &found_in_sarif(&log));
}

#[test]
fn no_report_holds_a_value_unless_asked_to() {
    let folder = TempDir::new().unwrap();
    let planted = expand(folder.path());
    for format in FORMATS {
        // Suppressed findings and those of low confidence are in reports as well.
        let args = [
            "-v",
            "-f",
            format,
            "--sarif-suppressed",
            "--min-confidence",
            "low",
        ];
        let output = scan(folder.path(), &args);
        assert_eq!(output.status.code(), Some(1), "{format}");
        let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        let leaked = planted
            .values
            .iter()
            .filter(|value| holds(&text, value))
            .count();
        assert_eq!(leaked, 0, "{format} holds values");

        let revealed = scan(folder.path(), &[&args[..], &["--reveal"]].concat());
        let text = String::from_utf8(revealed.stdout).unwrap();
        let hidden: Vec<_> = planted
            .values
            .iter()
            .filter(|value| !holds(&text, value))
            .collect();
        let shown = planted.values.len() - hidden.len();
        let all = if REVEALING.contains(&format) {
            planted.values.len()
        } else {
            0
        };
        assert_eq!(shown, all, "{format} with --reveal: {hidden:?}");
    }
}

/// Whether `text` holds a value as it was planted, or what it stands for.
fn holds(text: &str, value: &str) -> bool {
    text.contains(value) || text.contains(&value.replace("%3A", ":"))
}

/// Not a test: `.ci/sarif` expands the fixtures by it, into the folder that `KEYSIEVE_PLANTED` names.
#[test]
#[ignore = "writes to the folder KEYSIEVE_PLANTED"]
fn expand_into_a_folder() {
    let folder = std::env::var_os("KEYSIEVE_PLANTED").expect("KEYSIEVE_PLANTED names a folder");
    let planted = expand(Path::new(&folder));
    assert!(!planted.places.is_empty());
}
