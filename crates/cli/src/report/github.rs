//! Commands to GitHub's runner, which shows them as annotations of lines: `::error file=..,line=..::message`.
//!
//! The runner shows 10 errors, 10 warnings and 10 notices of a step and drops the rest, so no more are written: the
//! most severe findings, by confidence and place among equals. Critical and high findings are errors, medium ones
//! warnings, low ones notices. A scan that did not come to its end takes the first error, and what was left out the
//! first notice.
//!
//! Whatever the scanned content brings along stands in a message or a property, where it is escaped as the runner
//! demands; no line begins with it.

use std::io;

use keysieve_engine::{Finding, Severity};

use super::human::count;
use super::{Options, Report, escape, place, uri};

/// How many annotations of one level GitHub shows of a step.
const MAX_ANNOTATIONS: usize = 10;

/// The commands by their level, in the order of importance.
const LEVELS: [&str; 3] = ["error", "warning", "notice"];

/// Writes the commands.
pub(super) fn write(report: &Report, _: &Options<'_>, out: &mut dyn io::Write) -> io::Result<u64> {
    let mut levels: [Vec<&Finding>; LEVELS.len()] = Default::default();
    let ranked = report.ranked().into_iter();
    // Suppressed ones come last.
    for reported in ranked.take(report.reported().count()) {
        levels[level(reported.finding.severity)].push(&reported.finding);
    }
    let shortfall = report.shortfall();
    let mut room = [
        MAX_ANNOTATIONS - usize::from(shortfall.is_some()),
        MAX_ANNOTATIONS,
        MAX_ANNOTATIONS,
    ];
    if levels
        .iter()
        .zip(room)
        .any(|(level, room)| level.len() > room)
    {
        room[2] -= 1;
    }
    let left_out: usize = levels
        .iter()
        .zip(room)
        .map(|(level, room)| level.len().saturating_sub(room))
        .sum();

    if let Some(text) = shortfall {
        let issues = count(report.issues.len() as u64, "issue");
        command(
            out,
            LEVELS[0],
            &[("title", "keysieve")],
            &format!("{text} {issues}."),
        )?;
    }
    if left_out > 0 {
        let text = format!(
            "{}, the least important, had no room among the annotations of this step.",
            count(left_out as u64, "more finding")
        );
        command(out, LEVELS[2], &[("title", "keysieve")], &text)?;
    }
    for ((name, findings), room) in LEVELS.into_iter().zip(&levels).zip(room) {
        for finding in findings.iter().take(room) {
            annotate(report, finding, name, out)?;
        }
    }
    let found = report.reported().count() as u64;
    writeln!(out, "keysieve: {}", count(found, "finding"))?;
    Ok(left_out as u64)
}

/// The index in [`LEVELS`].
fn level(severity: Severity) -> usize {
    match severity {
        Severity::Critical | Severity::High => 0,
        Severity::Medium => 1,
        Severity::Low => 2,
    }
}

fn annotate(
    report: &Report,
    finding: &Finding,
    level: &str,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let rule = report.rule(finding);
    let file = uri::file_name(&finding.origin, &report.summary);
    let (line, end_line) = place::outer_lines(finding);
    let (line_text, end_text) = (line.to_string(), end_line.to_string());
    let title = format!("{} ({})", rule.name, rule.id);
    let mut properties = vec![
        ("file", file.as_str()),
        ("line", &line_text),
        ("endLine", &end_text),
        ("title", &title),
    ];
    // GitHub takes columns only within one line.
    let columns = [finding.location.start, finding.location.end].map(|at| at.utf16.to_string());
    if place::is_outside(&finding.origin) && line == end_line {
        properties.extend([("col", &*columns[0]), ("endColumn", &*columns[1])]);
    }
    let mut message = format!(
        "{}, masked {}, {} confidence.",
        rule.name,
        finding.secret.masked(),
        finding.confidence.as_str()
    );
    if !place::is_outside(&finding.origin) {
        let (inner, start) = (place::show(&finding.origin), finding.location.start);
        message += &format!(
            " It stands in {inner}, line {}, column {}.",
            start.line, start.column
        );
    }
    message += " ";
    message += &rule.remediation;
    command(out, level, &properties, &message)
}

/// Writes one command. The runner reads a line, and within it a property up to `,` and the properties up to `::`.
fn command(
    out: &mut dyn io::Write,
    name: &str,
    properties: &[(&str, &str)],
    message: &str,
) -> io::Result<()> {
    let properties: Vec<_> = properties
        .iter()
        .map(|(name, value)| format!("{name}={}", property(value)))
        .collect();
    let (properties, message) = (properties.join(","), data(&escape::text(message)));
    writeln!(out, "::{name} {properties}::{message}")
}

/// As the runner decodes the text after `::`.
fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// As the runner decodes the value of a property.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    fn written(report: &Report) -> (Vec<String>, u64) {
        let mut out = Vec::new();
        let left_out = write(report, &sample::options(), &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        (text.lines().map(str::to_owned).collect(), left_out)
    }

    fn with(severities: &[(Severity, usize)]) -> Report {
        let mut report = sample::empty();
        let finding = sample::report().findings.remove(0);
        for (severity, n) in severities {
            for _ in 0..*n {
                let mut finding = finding.clone();
                finding.finding.severity = *severity;
                report.findings.push(finding);
            }
        }
        report
    }

    fn of(lines: &[String], level: &str) -> usize {
        let start = format!("::{level} ");
        lines.iter().filter(|line| line.starts_with(&start)).count()
    }

    #[test]
    fn nothing_breaks_out_of_a_command() {
        assert_eq!(property("a:b,c%0A\r\n::x"), "a%3Ab%2Cc%250A%0D%0A%3A%3Ax");
        let (lines, _) = written(&sample::report());
        let hard = lines.iter().find(|line| line.contains("a \"%25")).unwrap();
        let file = "::error file=a \"%25%0A\u{1b}[1m'.env,line=1,endLine=1,title=Example access token (example-token),col=1,endColumn=";
        assert!(hard.starts_with(file), "{hard}");
        let (last, commands) = lines.split_last().unwrap();
        assert!(
            commands.iter().all(|line| line.starts_with("::")),
            "{lines:#?}"
        );
        assert_eq!(last, "keysieve: 8 findings");
    }

    #[test]
    fn a_step_has_ten_of_each_level_the_most_severe_first() {
        let (lines, left_out) = written(&with(&[
            (Severity::High, 7),
            (Severity::Critical, 8),
            (Severity::Medium, 10),
            (Severity::Low, 10),
        ]));
        assert_eq!(
            (
                of(&lines, "error"),
                of(&lines, "warning"),
                of(&lines, "notice")
            ),
            (10, 10, 10)
        );
        assert_eq!(left_out, 5 + 1);
        assert_eq!(
            lines[0],
            "::notice title=keysieve::6 more findings, the least important, had no room among the annotations of this step."
        );

        let (lines, left_out) = written(&with(&[(Severity::Low, 10)]));
        assert_eq!((of(&lines, "notice"), left_out), (10, 0));
    }

    #[test]
    fn a_partial_scan_takes_an_error() {
        let mut report = with(&[(Severity::High, 10)]);
        report.summary.complete = false;
        let (lines, left_out) = written(&report);
        assert!(
            lines[0].starts_with("::error title=keysieve::The scan is incomplete"),
            "{lines:#?}"
        );
        assert_eq!((of(&lines, "error"), left_out), (10, 1));
    }
}
