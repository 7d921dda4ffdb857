//! Markdown for the summary of a step on GitHub: counts, a table of findings, what to do, what could not be scanned.
//!
//! GitHub takes 1 MiB a step and refuses the whole text above that. Each part has its share and says how much more there
//! is: of the findings, which come by severity, then confidence, then place, the last ones are left out.
//!
//! Names from the scanned content cannot become markup: all ASCII punctuation but `/` and `-` is written as an entity,
//! within `<code>`, where GitHub links neither addresses nor names of people.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;

use keysieve_engine::Finding;

use super::human::{count, position};
use super::{Options, Report, escape, place};

/// The shares of 1 MiB, in bytes. The rest is for headings and counts, whose length is bounded.
const FINDINGS: usize = 640 << 10;
const REMEDIES: usize = 192 << 10;
const ISSUES: usize = 128 << 10;

/// Writes the text.
pub(super) fn write(report: &Report, _: &Options<'_>, out: &mut dyn io::Write) -> io::Result<u64> {
    let found = report.reported().count();
    let secrets = count(report.secrets() as u64, "secret");
    match (found, report.shortfall()) {
        (0, None) => writeln!(out, "## keysieve: no secrets found\n")?,
        (0, Some(_)) => writeln!(out, "## keysieve: no secrets found in what was scanned\n")?,
        (n, _) => writeln!(
            out,
            "## keysieve: {} of {secrets}\n",
            count(n as u64, "finding")
        )?,
    }
    if let Some(text) = report.shortfall() {
        writeln!(out, "**{text}**\n")?;
    }
    let left_out = if found > 0 { findings(report, out)? } else { 0 };
    if found > 0 {
        remedies(report, out)?;
    }
    issues(report, out)?;
    let files = count(report.summary.counts.files, "file");
    let suppressed: u64 = report.suppressions().iter().map(|(_, n)| n).sum();
    writeln!(
        out,
        "{files} scanned, {} suppressed.",
        count(suppressed, "finding")
    )?;
    Ok(left_out as u64)
}

fn findings(report: &Report, out: &mut dyn io::Write) -> io::Result<usize> {
    let (names, counts): (Vec<_>, Vec<_>) = report
        .severities()
        .into_iter()
        .map(|(severity, n)| (severity.as_str(), n.to_string()))
        .unzip();
    let rule = "---:|".repeat(names.len());
    writeln!(
        out,
        "| {} |\n|{rule}\n| {} |\n",
        names.join(" | "),
        counts.join(" | ")
    )?;

    let found = report.reported().count();
    let ranked = report.ranked().into_iter().take(found);
    let rows = ranked.map(|reported| row(report, &reported.finding));
    let (rows, written) = fit(rows, FINDINGS);
    writeln!(out, "{HEADER}{rows}")?;
    let left_out = found - written;
    if left_out > 0 {
        writeln!(
            out,
            "{}, the least important, had no room.\n",
            count(left_out as u64, "more finding")
        )?;
    }
    Ok(left_out)
}

/// The head of a table of findings.
pub(super) const HEADER: &str =
    "| severity | confidence | place | what | masked |\n|---|---|---|---|---|\n";

/// A finding in such a table.
pub(super) fn row(report: &Report, finding: &Finding) -> String {
    let rule = report.rule(finding);
    format!(
        "| {} | {} | {}:{} | {} {} | {} |\n",
        finding.severity.as_str(),
        finding.confidence.as_str(),
        code(&place::show(&finding.origin)),
        position(finding),
        entities(&rule.name),
        code(&rule.id),
        code(&finding.secret.masked()),
    )
}

fn remedies(report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
    let rules: BTreeMap<_, _> = report
        .reported()
        .map(|finding| report.rule(finding))
        .map(|rule| (&*rule.id, rule))
        .collect();
    let lines = rules.values().map(|rule| {
        let (name, id) = (entities(&rule.name), code(&rule.id));
        format!("- {name} {id}: {}\n", entities(&rule.remediation))
    });
    let (lines, written) = fit(lines, REMEDIES);
    writeln!(out, "### What to do\n\n{lines}")?;
    match rules.len() - written {
        0 => Ok(()),
        more => writeln!(out, "{} had no room.\n", count(more as u64, "more rule")),
    }
}

fn issues(report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
    if report.issues.is_empty() {
        return Ok(());
    }
    let lines = report.issues.iter().map(|issue| {
        let place = issue.origin.as_deref().map(place::show).unwrap_or_default();
        let colon = if place.is_empty() { "" } else { ": " };
        let message = entities(&issue.message);
        format!("- {}{colon}{}: {message}\n", code(&place), issue.kind)
    });
    let (lines, written) = fit(lines, ISSUES);
    writeln!(out, "### What could not be scanned\n\n{lines}")?;
    match report.issues.len() - written {
        0 => Ok(()),
        more => writeln!(out, "{} had no room.\n", count(more as u64, "more issue")),
    }
}

/// The first of the lines, as many as have room in so many bytes, and how many these are.
pub(super) fn fit(lines: impl Iterator<Item = String>, bytes: usize) -> (String, usize) {
    let (mut text, mut written) = (String::new(), 0);
    for line in lines {
        if text.len() + line.len() > bytes {
            break;
        }
        text += &line;
        written += 1;
    }
    (text, written)
}

/// A text in the font of code; nothing for an empty one.
pub(super) fn code(text: &str) -> String {
    match text {
        "" => String::new(),
        text => format!("<code>{}</code>", entities(text)),
    }
}

/// A text that means nothing to Markdown or HTML.
pub(super) fn entities(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in escape::text(text).chars() {
        if c.is_ascii_punctuation() && c != '/' && c != '-' {
            write!(out, "&#{};", u32::from(c)).expect("a String takes any text");
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn nothing_becomes_markup() {
        assert_eq!(
            code("a|b`*<i>@me #1"),
            "<code>a&#124;b&#96;&#42;&#60;i&#62;&#64;me &#35;1</code>"
        );
        let mut out = Vec::new();
        write(&sample::report(), &sample::options(), &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        let rows = text
            .lines()
            .filter(|l| l.starts_with("| critical | high |"));
        let rows: Vec<_> = rows.collect();
        assert_eq!(
            rows.len(),
            1 + 6,
            "the header of the counts, and six rows:\n{text}"
        );
        assert!(
            rows.iter()
                .all(|row| row.matches('|').count() == 6 || row.ends_with("low |"))
        );
        assert!(
            text.starts_with("## keysieve: 8 findings of 2 secrets\n"),
            "{text}"
        );
        assert!(text.contains("### What could not be scanned"), "{text}");
    }

    #[test]
    fn lines_fit() {
        let lines = || ["aaa\n", "bb\n", "c\n"].map(str::to_owned).into_iter();
        assert_eq!(fit(lines(), 100), ("aaa\nbb\nc\n".to_owned(), 3));
        assert_eq!(fit(lines(), 6), ("aaa\n".to_owned(), 1));
    }
}
