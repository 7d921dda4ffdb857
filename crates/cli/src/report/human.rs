//! For people: findings by file, then what to do about them, then what was and was not scanned.
//!
//! ```text
//! config/prod.env
//!   3:14  critical  Example access token (example-token), high confidence
//!         exa_************
//!         | TOKEN=exa_************
//!         config file: its checksum holds; is the value of `TOKEN`
//! ```

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Display;
use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use keysieve_engine::policy::Verdict;
use keysieve_engine::{Finding, Fingerprint, Severity};

use super::{Commit, Options, Provenance, Report, Reported, Reveal, escape, place};

/// Writes the report.
pub(super) fn write(
    report: &Report,
    options: &Options<'_>,
    out: &mut dyn Write,
) -> io::Result<u64> {
    let mut page = Page {
        report,
        options,
        colors: Colors::new(options.color),
        out,
    };
    page.findings()?;
    if !options.quiet {
        page.remedies()?;
        page.summary()?;
    }
    page.issues()?;
    Ok(0)
}

/// Who brought what stands here, who took it away, and what still has it.
fn past_lines(past: &Provenance) -> Vec<String> {
    let by = |commit: &Commit| {
        let (day, author, email) = (commit.day(), &commit.author, &commit.email);
        let (id, subject) = (place::short(commit.id), &commit.subject);
        format!("{day} by {author} <{email}> in {id} \"{subject}\"")
    };
    let mut lines = Vec::new();
    lines.extend(past.introduced.as_ref().map(|c| format!("since {}", by(c))));
    lines.extend(past.removed.as_ref().map(|c| format!("gone {}", by(c))));
    // A branch tells more than `HEAD`, which is on one.
    let named = past.refs.iter().find(|name| *name != "HEAD");
    lines.push(match (past.in_head, named.or(past.refs.first())) {
        (true, _) => "HEAD has it".to_owned(),
        (false, Some(name)) => {
            let others = past.refs.len() - 1 + past.more_refs;
            let more = match others {
                0 => String::new(),
                others => format!(" and {others} more"),
            };
            format!("not in HEAD, but in the history of {name}{more}")
        }
        (false, None) => format!("no ref has it ({})", past.reach),
    });
    if past.paths.len() > 1 {
        let paths = past.paths.len() - 1;
        let rest = if past.has_more_paths {
            "at more than 32 other paths, too".to_owned()
        } else {
            format!("at {}, too", count(paths as u64, "other path"))
        };
        lines.push(rest);
    }
    lines
}

/// The styles in use; without colours all are empty.
#[derive(Clone, Copy)]
struct Colors {
    path: Style,
    bold: Style,
    dim: Style,
    alarm: Style,
    warning: Style,
    good: Style,
}

impl Colors {
    fn new(color: bool) -> Self {
        let style = |style: Style| if color { style } else { Style::new() };
        Self {
            path: style(AnsiColor::Magenta.on_default()),
            bold: style(Style::new().bold()),
            dim: style(Style::new().dimmed()),
            alarm: style(AnsiColor::Red.on_default().bold()),
            warning: style(AnsiColor::Yellow.on_default()),
            good: style(AnsiColor::Green.on_default()),
        }
    }

    fn severity(self, severity: Severity) -> Style {
        match severity {
            Severity::Critical | Severity::High => self.alarm,
            Severity::Medium => self.warning,
            Severity::Low => self.dim,
        }
    }
}

struct Page<'a> {
    report: &'a Report,
    options: &'a Options<'a>,
    colors: Colors,
    out: &'a mut dyn Write,
}

/// A line under a finding begins here, below the severity.
const INDENT: &str = "        ";

impl Page<'_> {
    fn findings(&mut self) -> io::Result<()> {
        let findings: Vec<_> = self.report.reported().collect();
        let mut seen = HashMap::new();
        for group in findings.chunk_by(|a, b| a.origin == b.origin) {
            let (Colors { path, .. }, file) = (self.colors, place::show(&group[0].origin));
            writeln!(self.out, "{path}{file}{path:#}")?;
            for finding in group {
                self.finding(finding, &file, &mut seen)?;
            }
            writeln!(self.out)?;
        }
        Ok(())
    }

    fn finding(
        &mut self,
        finding: &Finding,
        file: &str,
        seen: &mut HashMap<Fingerprint, String>,
    ) -> io::Result<()> {
        let Colors { bold, dim, .. } = self.colors;
        let rule = self.report.rule(finding);
        let at = position(finding);
        let (color, severity) = (
            self.colors.severity(finding.severity),
            finding.severity.as_str(),
        );
        let name = escape::text(&rule.name);
        let sure = finding.confidence.as_str();
        writeln!(
            self.out,
            "  {at:<5} {color}{severity:<8}{color:#}  {bold}{name}{bold:#} ({}), {sure} confidence",
            rule.id
        )?;
        let value = match self.options.reveal {
            Reveal::Masked => escape::text(&finding.secret.masked()),
            Reveal::Plain => escape::bytes(finding.secret.expose()),
        };
        writeln!(self.out, "{INDENT}{value}")?;
        if !finding.context.line.is_empty() {
            writeln!(
                self.out,
                "{INDENT}{dim}| {}{dim:#}",
                escape::text(&finding.context.line)
            )?;
        }
        let evidence: Vec<_> = finding
            .evidence
            .iter()
            .filter(|e| self.options.verbose || !e.is_detail())
            .map(|e| escape::text(&e.to_string()))
            .collect();
        let colon = if evidence.is_empty() { "" } else { ": " };
        writeln!(
            self.out,
            "{INDENT}{} file{colon}{}",
            finding.kind.as_str(),
            evidence.join("; ")
        )?;
        if let Some(past) = self.report.past.of(finding) {
            for line in past_lines(past) {
                writeln!(self.out, "{INDENT}{}", escape::text(&line))?;
            }
        }
        match seen.get(&finding.fingerprint) {
            Some(first) => writeln!(self.out, "{INDENT}the same secret as in {first}"),
            None => {
                seen.insert(*finding.fingerprint, format!("{file}:{at}"));
                Ok(())
            }
        }
    }

    /// What to do, once for each rule.
    fn remedies(&mut self) -> io::Result<()> {
        let mut rules: BTreeMap<_, (_, u64, BTreeSet<_>)> = BTreeMap::new();
        for finding in self.report.reported() {
            let rule = self.report.rule(finding);
            let (_, findings, secrets) =
                rules.entry(&rule.id).or_insert((rule, 0, BTreeSet::new()));
            *findings += 1;
            secrets.insert(*finding.fingerprint);
        }
        if rules.is_empty() {
            return Ok(());
        }
        let Colors { bold, .. } = self.colors;
        writeln!(self.out, "{bold}What to do{bold:#}")?;
        for (rule, findings, secrets) in rules.into_values() {
            let places = match (secrets.len() as u64, findings) {
                (secrets, findings) if secrets == findings => count(secrets, "secret"),
                (secrets, findings) => format!(
                    "{} in {}",
                    count(secrets, "secret"),
                    count(findings, "place")
                ),
            };
            writeln!(
                self.out,
                "  {} ({}), {places}",
                escape::text(&rule.name),
                rule.id
            )?;
            writeln!(self.out, "    {}", escape::text(&rule.remediation))?;
            if let Some(docs) = &rule.docs {
                writeln!(self.out, "    {}", escape::text(docs))?;
            }
        }
        writeln!(self.out)
    }

    fn summary(&mut self) -> io::Result<()> {
        let Colors { alarm, good, .. } = self.colors;
        let summary = &self.report.summary;
        let found = self.report.reported().count() as u64;
        if found > 0 {
            let severities = list(
                self.report
                    .severities()
                    .into_iter()
                    .map(|(s, n)| (s.as_str(), n)),
            );
            let secrets = count(self.report.secrets() as u64, "secret");
            writeln!(
                self.out,
                "{alarm}{} of {secrets}{alarm:#}: {severities}",
                count(found, "finding")
            )?;
        } else if summary.complete {
            writeln!(self.out, "{good}No secrets found.{good:#}")?;
        } else {
            writeln!(self.out, "No secrets found in what was scanned.")?;
        }

        let counts = &summary.counts;
        write!(
            self.out,
            "Scanned {}, {}",
            count(counts.files, "file"),
            size(counts.bytes)
        )?;
        if counts.decoded > 0 {
            write!(
                self.out,
                ", and {} inside of them",
                count(counts.decoded, "unpacked content")
            )?;
        }
        writeln!(self.out)?;
        self.suppressed()?;
        self.tally(
            "Skipped",
            counts.skipped.iter().map(|(skip, n)| (skip.as_str(), *n)),
        )?;
        for note in &self.report.notes {
            writeln!(self.out, "Note: {}", escape::text(note))?;
        }
        if self.options.verbose {
            let rejected = counts
                .rejected
                .iter()
                .map(|(reason, n)| (reason.as_str(), *n));
            self.tally("Rejected candidates", rejected)?;
        }
        Ok(())
    }

    fn suppressed(&mut self) -> io::Result<()> {
        self.tally(
            "Suppressed",
            self.report
                .suppressions()
                .into_iter()
                .map(|(by, n)| (by.as_str(), n)),
        )?;
        if !self.options.verbose {
            return Ok(());
        }
        for Reported { finding, verdict } in &self.report.findings {
            if let Verdict::Suppressed(why) = verdict {
                let (file, at) = (place::show(&finding.origin), position(finding));
                let (rule, by) = (&self.report.rule(finding).id, why.by.as_str());
                writeln!(
                    self.out,
                    "  {file}:{at} {rule}, {by}: {}",
                    escape::text(&why.note)
                )?;
            }
        }
        Ok(())
    }

    /// What went wrong. It is said also where nothing else is: silence means clean.
    fn issues(&mut self) -> io::Result<()> {
        let Colors { warning, alarm, .. } = self.colors;
        let issues = &self.report.issues;
        if !issues.is_empty() {
            let issues = count(issues.len() as u64, "issue");
            writeln!(self.out, "{warning}{issues}{warning:#}")?;
        }
        for issue in issues {
            let place = issue
                .origin
                .as_deref()
                .map(|origin| place::show(origin) + ": ")
                .unwrap_or_default();
            writeln!(
                self.out,
                "  {place}{}: {}",
                issue.kind,
                escape::text(&issue.message)
            )?;
        }
        match self.report.shortfall() {
            Some(problem) => writeln!(self.out, "{alarm}{problem}{alarm:#}"),
            None => Ok(()),
        }
    }

    /// A line such as `Skipped 4: 3 symlink, 1 too-large`, if there is anything to count.
    fn tally<'n>(
        &mut self,
        what: &str,
        counts: impl Iterator<Item = (&'n str, u64)> + Clone,
    ) -> io::Result<()> {
        match counts.clone().map(|(_, n)| n).sum::<u64>() {
            0 => Ok(()),
            sum => writeln!(self.out, "{what} {sum}: {}", list(counts)),
        }
    }
}

/// `LINE:COLUMN` in the content that was scanned.
pub(super) fn position(finding: &Finding) -> String {
    let start = finding.location.start;
    format!("{}:{}", start.line, start.column)
}

/// `1 file`, `2 files`.
pub(super) fn count(n: u64, noun: &str) -> String {
    format!("{n} {noun}{}", if n == 1 { "" } else { "s" })
}

/// `3 symlink, 1 too-large`, without the zeros.
fn list<'n>(counts: impl Iterator<Item = (impl Display + 'n, u64)>) -> String {
    counts
        .filter(|(_, n)| *n > 0)
        .map(|(name, n)| format!("{n} {name}"))
        .collect::<Vec<_>>()
        .join(", ")
}

/// Bytes in decimal units, with one decimal above 1 kB.
fn size(bytes: u64) -> String {
    let unit = |(scale, unit): (u64, &str)| {
        let tenths = bytes / (scale / 10);
        format!("{}.{} {unit}", tenths / 10, tenths % 10)
    };
    let units = [(1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB")];
    units
        .into_iter()
        .find(|(scale, _)| bytes >= *scale)
        .map_or_else(|| format!("{bytes} B"), unit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    fn written(options: &Options<'_>, report: &Report) -> String {
        let mut out = Vec::new();
        write(report, options, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn says_where_what_why_and_what_to_do() {
        let text = written(&sample::options(), &sample::report());
        let head = format!(
            "config/prod.env\n  \
             1:7   critical  Example access token (example-token), high confidence\n        \
             exa_************\n        \
             | TOKEN=exa_************ and exa_************\n        \
             config file: its checksum holds; 3.0 bits of entropy a character\n        \
             the same secret as in (standard input):1:1\n  \
             1:{}  high      Example access token (example-token), medium confidence\n",
            7 + sample::token().len() + 5
        );
        assert!(text.contains(&head), "{text}");
        assert_eq!(
            text.matches("Revoke it at the example console.").count(),
            1,
            "{text}"
        );
        assert!(text.contains("logs.gz!(gzip)!app.log\n  2:6 "), "{text}");
    }

    #[test]
    fn says_what_was_not_scanned() {
        let mut report = sample::report();
        let text = written(&sample::options(), &report);
        assert!(
            text.contains("Skipped 3: 2 symlink, 1 too-large\n"),
            "{text}"
        );
        assert!(text.contains("Suppressed 1: 1 inline\n"), "{text}");
        assert!(
            text.contains("  private/x\\n\\u{1b}[2J: unreadable: permission denied\n"),
            "{text}"
        );
        assert!(
            text.ends_with("The scan is incomplete: not everything could be scanned.\n"),
            "{text}"
        );
        assert!(!text.contains("Rejected"), "{text}");

        report.summary.interrupted = true;
        let verbose = Options {
            verbose: true,
            ..sample::options()
        };
        let text = written(&verbose, &report);
        assert!(
            text.contains("Rejected candidates 7: 7 placeholder\n"),
            "{text}"
        );
        assert!(
            text.contains(" example-token, inline: keysieve:allow\n"),
            "{text}"
        );
        assert!(
            text.ends_with("The scan was interrupted: this report is partial.\n"),
            "{text}"
        );
    }

    #[test]
    fn quiet_is_silent_of_a_clean_scan_but_not_of_a_partial_one() {
        let quiet = Options {
            quiet: true,
            ..sample::options()
        };
        assert_eq!(written(&quiet, &sample::empty()), "");
        let text = written(&quiet, &sample::report());
        assert!(
            text.starts_with("(standard input)\n") && text.contains("\n3 issues\n"),
            "{text}"
        );
        assert!(
            !text.contains("What to do") && !text.contains("Scanned"),
            "{text}"
        );
        assert!(
            text.ends_with("The scan is incomplete: not everything could be scanned.\n"),
            "{text}"
        );
    }

    #[test]
    fn clean_is_said_only_of_a_complete_scan() {
        let mut report = sample::empty();
        assert!(
            written(&sample::options(), &report)
                .starts_with("No secrets found.\nScanned 0 files, 0 B\n")
        );
        report.summary.complete = false;
        assert!(
            written(&sample::options(), &report)
                .starts_with("No secrets found in what was scanned.\n")
        );
    }

    #[test]
    fn escape_sequences_are_our_own_and_only_on_demand() {
        let report = sample::report();
        assert!(!written(&sample::options(), &report).contains('\u{1b}'));
        let colored = written(
            &Options {
                color: true,
                ..sample::options()
            },
            &report,
        );
        assert!(
            colored.contains("\u{1b}[35mconfig/prod.env\u{1b}[0m\n"),
            "{colored}"
        );
        assert!(colored.contains("\\u{1b}[2J"), "{colored}");
    }

    #[test]
    fn sizes_are_readable() {
        assert_eq!(
            [0, 999, 1_000, 1_950, 65_536].map(size),
            ["0 B", "999 B", "1.0 kB", "1.9 kB", "65.5 kB"]
        );
        assert_eq!(size(2_500_000_000), "2.5 GB");
    }
}
