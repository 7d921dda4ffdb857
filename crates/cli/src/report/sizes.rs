//! How each format bears a report that is larger than its readers take: 30,000 findings that do not compress well.

use std::io::Read as _;

use flate2::Compression;
use flate2::read::GzEncoder;
use serde_json::Value;
use sha2::{Digest as _, Sha512};

use super::*;

const MANY: usize = 30_000;

/// A format's text, and how many findings it left out.
fn written(format: Format, report: &Report) -> (String, usize) {
    let mut out = Vec::new();
    let left_out = format.write(report, &sample::options(), &mut out).unwrap();
    (String::from_utf8(out).unwrap(), left_out as usize)
}

fn compressed(text: &str) -> usize {
    let mut out = Vec::new();
    GzEncoder::new(text.as_bytes(), Compression::default())
        .read_to_end(&mut out)
        .unwrap();
    out.len()
}

#[test]
fn sarif_stays_below_what_github_takes() {
    let (text, left_out) = written(Format::Sarif, &sample::many(MANY));
    assert!(compressed(&text) < 10_000_000, "{}", compressed(&text));
    let log: Value = serde_json::from_str(&text).unwrap();
    let run = &log["runs"][0];
    let results = run["results"].as_array().unwrap();
    assert!(results.len() <= 25_000 && results.len() + left_out == MANY);
    assert!(
        results.len() > 15_000,
        "the room is used: {}",
        results.len()
    );
    // The most severe are all there, and of the others none before a more severe one.
    let of = |severity: &str| {
        let is = |result: &&Value| result["properties"]["severity"] == severity;
        results.iter().filter(is).count()
    };
    assert_eq!((of("critical"), of("high")), (MANY / 4, MANY / 4));
    assert!(of("medium") == MANY / 4 || of("low") == 0);
    let notification = &run["invocations"][0]["toolExecutionNotifications"][0];
    assert_eq!(notification["descriptor"]["id"], "left-out");
    let message = notification["message"]["text"].as_str().unwrap();
    assert!(
        message.contains(&format!(" {left_out} findings")),
        "{message}"
    );
}

#[test]
fn sarif_has_25000_results_where_they_are_small() {
    let mut report = sample::many(MANY);
    for reported in &mut report.findings {
        reported.finding.context.line.clear();
    }
    let (text, left_out) = written(Format::Sarif, &report);
    assert_eq!(left_out, MANY - 25_000);
    assert!(compressed(&text) < 10_000_000);
}

#[test]
fn sarif_has_room_for_findings_beside_many_issues() {
    let mut report = sample::many(10);
    let issue = |i: usize| {
        let name = data_encoding::BASE32.encode(&Sha512::digest(i.to_le_bytes()));
        let origin = Arc::new(Origin::File(name.repeat(3).into()));
        Issue::at(origin, keysieve_engine::IssueKind::Unreadable, "no")
    };
    report.issues = (0..MANY).map(issue).collect();
    let (text, left_out) = written(Format::Sarif, &report);
    assert!(left_out == 0 && compressed(&text) < 3_000_000);
    let log: Value = serde_json::from_str(&text).unwrap();
    let notifications = &log["runs"][0]["invocations"][0]["toolExecutionNotifications"];
    let said = notifications.as_array().unwrap().len() - 1;
    let first = notifications[0]["message"]["text"].as_str().unwrap();
    assert_eq!(
        first,
        format!("There was no room for {} more issues.", MANY - said)
    );
}

#[test]
fn markdown_stays_below_a_mebibyte() {
    let mut report = sample::many(MANY);
    let issues = sample::report().issues;
    report.issues = issues.iter().cycle().take(MANY).cloned().collect();
    let (text, left_out) = written(Format::Markdown, &report);
    assert!(text.len() < 1 << 20, "{}", text.len());
    let rows = |severity: &str| {
        let start = format!("| {severity} | high | <code>");
        text.lines().filter(|line| line.starts_with(&start)).count()
    };
    assert!(rows("critical") > 1_000 && rows("low") == 0);
    assert!(rows("critical") == MANY / 4 || rows("high") == 0);
    let rows = rows("critical") + rows("high") + rows("medium");
    assert_eq!(rows + left_out, MANY);
    let more = format!("{left_out} more findings, the least important, had no room.");
    assert!(text.contains(&more) && text.contains(" more issues had no room."));
}

#[test]
fn what_has_no_such_bound_is_complete() {
    let report = sample::many(MANY);
    for (format, needle) in [
        (Format::Csv, "\r\nfinding,"),
        (Format::Junit, "<failure "),
        (Format::Gitlab, "\"keysieve_rule_id\""),
        (Format::Jsonl, "{\"type\":\"finding\""),
    ] {
        let (text, left_out) = written(format, &report);
        assert_eq!(
            (text.matches(needle).count(), left_out),
            (MANY, 0),
            "{format:?}"
        );
        if format == Format::Csv {
            assert!(text.len() < 50 << 20);
        }
    }
    let (text, left_out) = written(Format::Github, &report);
    assert_eq!(text.matches("\n::").count() + 1, 10 + 10 + 10);
    assert_eq!(left_out, MANY - 29);
}
