//! Comma-separated values (RFC 4180: a header, CRLF, quotes where they are needed), for spreadsheets and scripts.
//!
//! The columns, which stay; new ones come after them:
//!
//! ```text
//! type         finding, suppressed, issue, or note (of the whole scan: that it is partial, what had no room)
//! severity     critical, high, medium, low
//! confidence   high, medium, low
//! rule, name   of the rule; the kind of an issue
//! path         of the outermost file, from where the scan stood; empty for what has none
//! inside       the whole place where the content was unpacked: logs.gz!(gzip)!app.log
//! line, column, end_line, end_column   from 1, of the first character and of one past the last
//! file_kind    source, config, log ...
//! masked       the masked value; values are never written
//! fingerprint  names the secret without telling it
//! commit       that added it, where a history or a range was scanned
//! date, author of that commit
//! in_head      true or false: whether the commit that is checked out has it; empty unless a history was scanned
//! message      why a finding is suppressed; what went wrong
//! ```
//!
//! Control characters are escaped as in the form for people, so a line of the file is a row. A spreadsheet would take a
//! cell that begins with `=`, `+`, `-` or `@` (or their wide forms) for a formula, and a file name could be one: such a
//! cell gets a `'` before it. A tab or line break at the start does the same, and cannot be there.
//!
//! Spreadsheets open 1,048,576 rows, and GitHub warns of a file above 50 MiB (and refuses one above 100 MiB), so no more
//! is written: first what is of the whole scan, then findings by severity, confidence and place, then issues. A note,
//! which comes before all of them, tells what is missing. Findings are in the order of every report.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::io;
use std::ptr;

use keysieve_engine::policy::Verdict;
use keysieve_engine::{Issue, Position};

use super::{Options, Report, Reported, escape, place};

const COLUMNS: [&str; 19] = [
    "type",
    "severity",
    "confidence",
    "rule",
    "name",
    "path",
    "inside",
    "line",
    "column",
    "end_line",
    "end_column",
    "file_kind",
    "masked",
    "fingerprint",
    "commit",
    "date",
    "author",
    "in_head",
    "message",
];

/// What a file may have; less the header and two notes.
#[derive(Clone, Copy)]
struct Bounds {
    rows: usize,
    bytes: usize,
}

const BOUNDS: Bounds = Bounds {
    rows: (1 << 20) - 3,
    bytes: (50 << 20) - 1024,
};

/// Writes the table.
pub(super) fn write(report: &Report, _: &Options<'_>, out: &mut dyn io::Write) -> io::Result<u64> {
    write_within(report, BOUNDS, out)
}

fn write_within(report: &Report, bounds: Bounds, out: &mut dyn io::Write) -> io::Result<u64> {
    let mut room = bounds;
    let mut takes = |row: &str| {
        let fits = room.rows > 0 && row.len() <= room.bytes;
        if fits {
            room.rows -= 1;
            room.bytes -= row.len();
        } else {
            // What is less important must not slip in because it is short.
            room.rows = 0;
        }
        fits
    };
    let shown: HashSet<_> = report
        .ranked()
        .into_iter()
        .take_while(|reported| takes(&of_finding(report, reported)))
        .map(ptr::from_ref)
        .collect();
    let issues = report
        .issues
        .iter()
        .take_while(|issue| takes(&of_issue(issue)))
        .count();
    let left_out = report.findings.len() - shown.len();

    write!(out, "{}\r\n", COLUMNS.join(","))?;
    if let Some(text) = report.shortfall() {
        out.write_all(note(text).as_bytes())?;
    }
    let more_issues = report.issues.len() - issues;
    if left_out + more_issues > 0 {
        let text = format!(
            "There was no room for {left_out} more findings, the least important, and {more_issues} more issues"
        );
        out.write_all(note(&text).as_bytes())?;
    }
    for reported in &report.findings {
        if shown.contains(&ptr::from_ref(reported)) {
            out.write_all(of_finding(report, reported).as_bytes())?;
        }
    }
    for issue in &report.issues[..issues] {
        out.write_all(of_issue(issue).as_bytes())?;
    }
    Ok(left_out as u64)
}

fn of_finding(report: &Report, Reported { finding, verdict }: &Reported) -> String {
    let rule = report.rule(finding);
    let (kind, message) = match verdict {
        Verdict::Report => ("finding", String::new()),
        Verdict::Suppressed(why) => ("suppressed", format!("{}: {}", why.by.as_str(), why.note)),
    };
    let path = finding.origin.root_path().map(place::path_bytes);
    let inside = if place::is_outside(&finding.origin) {
        String::new()
    } else {
        place::show(&finding.origin)
    };
    let number = |n: u64| n.to_string();
    let (Position { line, column, .. }, end) = (finding.location.start, finding.location.end);
    let past = report.past.of(finding);
    let brought = past.and_then(|past| past.introduced.as_ref());
    let commit = finding.origin.commit().or(brought.map(|c| c.id));
    row([
        kind,
        finding.severity.as_str(),
        finding.confidence.as_str(),
        &rule.id,
        &escape::text(&rule.name),
        &path.map(escape::bytes).unwrap_or_default(),
        &inside,
        &number(line),
        &number(column),
        &number(end.line),
        &number(end.column),
        finding.kind.as_str(),
        &escape::text(&finding.secret.masked()),
        &finding.fingerprint.to_string(),
        &commit.map(|id| id.to_string()).unwrap_or_default(),
        &brought.map(super::Commit::time).unwrap_or_default(),
        &brought
            .map(|c| escape::text(&format!("{} <{}>", c.author, c.email)))
            .unwrap_or_default(),
        past.map_or("", |past| if past.in_head { "true" } else { "false" }),
        &escape::text(&message),
    ])
}

fn of_issue(issue: &Issue) -> String {
    let mut cells = [""; COLUMNS.len()];
    let (origin, message) = (issue.origin.as_deref(), escape::text(&issue.message));
    let path = origin
        .and_then(|origin| origin.root_path())
        .map(|path| escape::bytes(place::path_bytes(path)))
        .unwrap_or_default();
    let inside = origin
        .filter(|origin| !place::is_outside(origin))
        .map(place::show)
        .unwrap_or_default();
    cells[0] = "issue";
    cells[3] = issue.kind.as_str();
    cells[5] = &path;
    cells[6] = &inside;
    cells[18] = &message;
    row(cells)
}

fn note(text: &str) -> String {
    let mut cells = [""; COLUMNS.len()];
    cells[0] = "note";
    cells[18] = text;
    row(cells)
}

fn row(cells: [&str; COLUMNS.len()]) -> String {
    let mut row = String::new();
    for (i, cell) in cells.into_iter().enumerate() {
        if i > 0 {
            row.push(',');
        }
        push(&mut row, cell);
    }
    row + "\r\n"
}

fn push(row: &mut String, cell: &str) {
    let formulas = [
        '=', '+', '-', '@', '\t', '\r', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}',
    ];
    let guard = if cell.starts_with(formulas) { "'" } else { "" };
    if cell.contains([',', '"', '\r', '\n']) {
        let cell = cell.replace('"', "\"\"");
        write!(row, "\"{guard}{cell}\"").expect("a String takes any text");
    } else {
        row.extend([guard, cell]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    fn written(report: &Report, bounds: Bounds) -> (String, u64) {
        let mut out = Vec::new();
        let left_out = write_within(report, bounds, &mut out).unwrap();
        (String::from_utf8(out).unwrap(), left_out)
    }

    #[test]
    fn cells_are_quoted_and_no_formula() {
        let cell = |text| {
            let mut row = String::new();
            push(&mut row, text);
            row
        };
        assert_eq!(cell("a b'c"), "a b'c");
        assert_eq!(cell("a,\"b\"\n"), "\"a,\"\"b\"\"\n\"");
        assert_eq!(cell("=1+1"), "'=1+1");
        assert_eq!(cell("@SUM(A1,B1)"), "\"'@SUM(A1,B1)\"");
        for start in ["+", "-", "\t", "\u{ff1d}"] {
            assert_eq!(cell(start), format!("'{start}"));
        }
        assert_eq!(cell("\rx"), "\"'\rx\"");
        assert_eq!(cell(""), "");
    }

    #[test]
    fn every_row_has_the_columns() {
        let (text, left_out) = written(&sample::report(), BOUNDS);
        assert_eq!(left_out, 0);
        let lines: Vec<_> = text.split_terminator("\r\n").collect();
        assert_eq!(lines.len(), 1 + 1 + 9 + 3);
        assert_eq!(lines[0], COLUMNS.join(","));
        assert!(lines[1].starts_with("note,,,"), "{}", lines[1]);
        let types = |kind: &str| lines.iter().filter(|l| l.starts_with(kind)).count();
        assert_eq!(
            (types("finding,"), types("suppressed,"), types("issue,")),
            (8, 1, 3)
        );
        let first = format!(
            "finding,critical,high,example-token,Example access token,config/prod.env,,1,7,1,{},config,exa_************,",
            7 + sample::token().len()
        );
        assert!(lines.iter().any(|line| line.starts_with(&first)), "{text}");
        assert!(
            text.contains(",logs.gz,logs.gz!(gzip)!app.log,2,6,2,"),
            "{text}"
        );
    }

    #[test]
    fn the_least_important_has_no_room() {
        let report = sample::report();
        let some = Bounds { rows: 7, ..BOUNDS };
        let (text, left_out) = written(&report, some);
        assert_eq!(left_out, 2);
        assert!(
            !text.contains("suppressed,") && !text.contains("finding,medium,"),
            "{text}"
        );
        assert!(text.contains("finding,high,"), "{text}");
        assert!(text.contains(
            "\"There was no room for 2 more findings, the least important, and 3 more issues\""
        ));

        let few = Bounds {
            bytes: 700,
            ..BOUNDS
        };
        let (text, left_out) = written(&report, few);
        let rows: usize = text.lines().filter(|l| l.starts_with("finding,")).count();
        assert!(rows > 0 && rows + left_out as usize == 9, "{text}");
        let bytes: usize = text
            .lines()
            .filter(|l| l.starts_with("finding,"))
            .map(str::len)
            .sum();
        assert!(bytes <= 700 && !text.contains("issue,"), "{text}");
    }
}
