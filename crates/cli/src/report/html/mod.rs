//! One page for an audit: charts, every secret with all its places, what to do, what could not be scanned.
//!
//! The file needs nothing beside it and asks for nothing: its policy (`Content-Security-Policy`) forbids every request
//! and runs no script and no style but those that stand in it, by their hashes. Without JavaScript it is a plain table;
//! with it the table is filtered and searched, and the screen has as many rows at once as a browser lays out quickly. All that comes from outside (paths, people, subjects, texts of
//! rules) goes through [`markup`]. Values are never written, and no time of day is.
//!
//! A browser bears some 25,000 rows, so no more are written: the findings of every report, by severity, confidence and
//! place, reported ones first. The charts count all reported findings, also those that had no room.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::{self, Write};

use data_encoding::BASE64;
use keysieve_engine::Fingerprint;
use keysieve_engine::policy::Verdict;
use sha2::{Digest, Sha256};

use super::human::{count, position};
use super::{Options, Provenance, Report, Reported, place, uri};
use chart::Bar;
use markup::{code, link, text};

mod chart;
mod markup;

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");
/// Tells the style that scripts run here, before there is a table: where they do not, all of it must be seen.
const START: &str = "document.documentElement.classList.add(\"runs\")";

/// The most rows of places, and of issues.
const ROWS: usize = 25_000;
const ISSUES: usize = 5_000;

/// Writes the page.
pub(super) fn write(report: &Report, _: &Options<'_>, out: &mut dyn Write) -> io::Result<u64> {
    let ranked = report.ranked();
    let shown = &ranked[..ranked.len().min(ROWS)];
    let left_out = (ranked.len() - shown.len()) as u64;
    let rules = Rules::new(report);
    head(report, out)?;
    charts(report, out)?;
    table(report, &rules, shown, left_out, out)?;
    rules.remedies(report, out)?;
    issues(report, out)?;
    counts(report, out)?;
    // The bytes of the element are what the policy has the hash of.
    write!(out, "<script>{SCRIPT}</script>\n</body>\n</html>\n")?;
    Ok(left_out)
}

/// What a policy allows an element's text by.
fn hash(content: &str) -> String {
    format!("'sha256-{}'", BASE64.encode(&Sha256::digest(content)))
}

fn head(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let (style, start, script) = (hash(STYLE), hash(START), hash(SCRIPT));
    write!(
        out,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; script-src {start} {script}; \
         style-src {style}; base-uri 'none'; form-action 'none'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n\
         <title>keysieve report</title>\n<script>{START}</script>\n<style>{STYLE}</style>\n</head>\n<body>\n"
    )?;
    let (found, secrets) = (report.reported().count() as u64, report.secrets() as u64);
    let title = match (found, report.shortfall()) {
        (0, None) => "no secrets found".to_owned(),
        (0, Some(_)) => "no secrets found in what was scanned".to_owned(),
        (n, _) => format!("{} of {}", count(n, "finding"), count(secrets, "secret")),
    };
    writeln!(out, "<h1>keysieve: {title}</h1>")?;
    let warnings = report.shortfall().into_iter();
    for warning in warnings.chain(report.notes.iter().map(String::as_str)) {
        writeln!(out, "<p class=\"warning\">{}</p>", text(warning))?;
    }
    let summary = &report.summary;
    let repository = summary.repository.as_ref();
    let remote = repository.and_then(|r| uri::of_remote(r.remote.as_deref()?));
    let head = repository.and_then(|r| r.head.as_deref());
    let suppressed: u64 = report.suppressions().iter().map(|(_, n)| n).sum();
    let facts = [
        ("Repository", remote.as_deref().map(code)),
        ("Commit", head.map(code)),
        (
            "Scanned",
            Some(format!(
                "{} with {}, {} unpacked, by <code>keysieve {}</code> {}",
                count(summary.counts.files, "file"),
                count(summary.counts.bytes, "byte"),
                count(summary.counts.decoded, "content"),
                text(summary.command),
                env!("CARGO_PKG_VERSION")
            )),
        ),
        ("Suppressed", Some(count(suppressed, "finding"))),
        (
            "Not scanned",
            Some(count(report.issues.len() as u64, "issue")),
        ),
    ];
    writeln!(out, "<dl>")?;
    for (name, fact) in facts {
        if let Some(fact) = fact {
            writeln!(out, "<dt>{name}</dt><dd>{fact}</dd>")?;
        }
    }
    writeln!(out, "</dl>")
}

fn charts(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    if report.reported().next().is_none() {
        return Ok(());
    }
    let mut of_rules: BTreeMap<&str, u64> = BTreeMap::new();
    let mut of_kinds: BTreeMap<&str, u64> = BTreeMap::new();
    for finding in report.reported() {
        *of_rules.entry(&report.rule(finding).id).or_default() += 1;
        *of_kinds.entry(finding.kind.as_str()).or_default() += 1;
    }
    let severities = report.severities();
    let severities = severities.iter().map(|(s, n)| (s.as_str(), *n, s.as_str()));
    writeln!(out, "<h2>Where they are</h2>\n<div class=\"charts\">")?;
    for (caption, bars) in [
        ("Findings by severity", severities.collect()),
        ("Findings by kind of file", most_first(&of_kinds)),
        ("Findings by rule", most_first(&of_rules)),
    ] {
        out.write_all(chart::of_names(caption, &bars).as_bytes())?;
    }
    let brought = report
        .reported()
        .filter_map(|f| report.past.of(f)?.introduced.as_ref());
    let caption = "Findings by the day of the commit that brought them (UTC)";
    if let Some(chart) = chart::over_time(caption, brought.map(|commit| commit.seconds)) {
        out.write_all(chart.as_bytes())?;
    }
    writeln!(out, "</div>")
}

fn most_first<'a>(counts: &BTreeMap<&'a str, u64>) -> Vec<Bar<'a>> {
    let mut bars: Vec<_> = counts.iter().map(|(name, n)| (*name, *n, "")).collect();
    bars.sort_by_key(|(_, n, _)| std::cmp::Reverse(*n));
    bars
}

/// The rules of the findings in the order of their ids, by which places refer to what is said of them.
struct Rules<'a>(Vec<&'a str>);

impl<'a> Rules<'a> {
    fn new(report: &'a Report) -> Self {
        let ids = report.findings.iter().map(|r| &*report.rule(&r.finding).id);
        Self(ids.collect::<BTreeSet<_>>().into_iter().collect())
    }

    /// The name of what the page says of a rule.
    fn anchor(&self, id: &str) -> String {
        let at = self
            .0
            .binary_search(&id)
            .expect("every finding's rule is here");
        format!("rule-{at}")
    }

    fn remedies(&self, report: &Report, out: &mut dyn Write) -> io::Result<()> {
        if self.0.is_empty() {
            return Ok(());
        }
        let of_id: HashMap<_, _> = report
            .findings
            .iter()
            .map(|r| report.rule(&r.finding))
            .map(|rule| (&*rule.id, rule))
            .collect();
        writeln!(out, "<h2>What to do</h2>")?;
        for id in &self.0 {
            let rule = of_id[id];
            let (name, anchor) = (text(&rule.name), self.anchor(id));
            writeln!(out, "<h3 id=\"{anchor}\">{name} {}</h3>", code(id))?;
            let (description, remediation) = (text(&rule.description), text(&rule.remediation));
            writeln!(out, "<p>{description}</p>\n<p>{remediation}</p>")?;
            if let Some(docs) = rule.docs.as_deref() {
                writeln!(out, "<p>{}</p>", link(docs))?;
            }
        }
        Ok(())
    }
}

fn table(
    report: &Report,
    rules: &Rules<'_>,
    shown: &[&Reported],
    left_out: u64,
    out: &mut dyn Write,
) -> io::Result<()> {
    if shown.is_empty() {
        return Ok(());
    }
    writeln!(out, "<h2>Secrets and their places</h2>")?;
    if left_out > 0 {
        let more = count(left_out, "more finding");
        writeln!(
            out,
            "<p class=\"warning\">{more}, the least important, had no room.</p>"
        )?;
    }
    filter(report, rules, shown, out)?;
    writeln!(
        out,
        "<table id=\"secrets\">\n<thead><tr><th>Severity</th><th>Confidence</th><th>Place</th><th>Kind of file</th>\
         <th>Why</th><th>State</th></tr></thead>"
    )?;
    for places in secrets(shown) {
        secret(report, rules, &places, out)?;
    }
    writeln!(
        out,
        "</table>\n<p class=\"screen\"><button type=\"button\" id=\"more\" hidden>Show more</button></p>"
    )
}

/// The places of each secret, the most important first.
fn secrets<'a>(shown: &[&'a Reported]) -> Vec<Vec<&'a Reported>> {
    let mut secrets: Vec<Vec<&Reported>> = Vec::new();
    let mut known: HashMap<Fingerprint, usize> = HashMap::new();
    for reported in shown {
        let next = secrets.len();
        let at = *known.entry(*reported.finding.fingerprint).or_insert(next);
        if at == next {
            secrets.push(Vec::new());
        }
        secrets[at].push(reported);
    }
    secrets
}

/// The controls of the script, which shows them. Only what occurs can be chosen.
fn filter(
    report: &Report,
    rules: &Rules<'_>,
    shown: &[&Reported],
    out: &mut dyn Write,
) -> io::Result<()> {
    let findings = || shown.iter().map(|r| &r.finding);
    let severities: BTreeSet<_> = findings().map(|f| f.severity).collect();
    let confidences: BTreeSet<_> = findings().map(|f| f.confidence).collect();
    let kinds: BTreeSet<_> = findings().map(|f| f.kind.as_str()).collect();
    let states = shown.iter().map(|r| state(r)).collect::<BTreeSet<_>>();
    writeln!(
        out,
        "<form id=\"filter\" hidden>\n\
         <label>Search<input type=\"search\" name=\"search\" autocomplete=\"off\"></label>"
    )?;
    for (label, name, values) in [
        (
            "Severity",
            "severity",
            severities.iter().rev().map(|s| s.as_str()).collect(),
        ),
        (
            "Confidence",
            "confidence",
            confidences.iter().rev().map(|c| c.as_str()).collect(),
        ),
        ("Rule", "rule", rules.0.clone()),
        ("Kind of file", "kind", kinds.into_iter().collect()),
        ("State", "state", states.into_iter().collect::<Vec<_>>()),
    ] {
        write!(
            out,
            "<label>{label}<select name=\"{name}\"><option value=\"\">all</option>"
        )?;
        for value in values {
            let chosen = name == "state" && value == "reported";
            let chosen = if chosen { " selected" } else { "" };
            let value = text(value);
            write!(out, "<option value=\"{value}\"{chosen}>{value}</option>")?;
        }
        writeln!(out, "</select></label>")?;
    }
    let places = count(report.findings.len() as u64, "place");
    writeln!(
        out,
        "<button type=\"reset\">Reset</button>\n<output id=\"shown\">{places}</output>\n</form>"
    )
}

fn state(reported: &Reported) -> &'static str {
    match reported.verdict {
        Verdict::Report => "reported",
        Verdict::Suppressed(_) => "suppressed",
    }
}

fn secret(
    report: &Report,
    rules: &Rules<'_>,
    places: &[&Reported],
    out: &mut dyn Write,
) -> io::Result<()> {
    let first = &places[0].finding;
    let rule = report.rule(first);
    writeln!(
        out,
        "<tbody class=\"secret\" data-rule=\"{}\">\n<tr><th colspan=\"6\" scope=\"rowgroup\">\
         <a href=\"#{}\">{}</a> {} {}<small>{} in {}</small></th></tr>",
        text(&rule.id),
        rules.anchor(&rule.id),
        text(&rule.name),
        code(&rule.id),
        code(&first.secret.masked()),
        code(&first.fingerprint.to_string()),
        count(places.len() as u64, "place")
    )?;
    for reported in places {
        let finding = &reported.finding;
        let state = state(reported);
        let place = format!("{}:{}", place::show(&finding.origin), position(finding));
        let past = report.past.of(finding).map(past).unwrap_or_default();
        let why = match &reported.verdict {
            Verdict::Report => String::new(),
            Verdict::Suppressed(why) => {
                format!("<small>{}: {}</small>", why.by.as_str(), text(&why.note))
            }
        };
        let evidence = finding.evidence.iter().filter(|e| !e.is_detail());
        let evidence: Vec<_> = evidence.map(ToString::to_string).collect();
        let (severity, confidence) = (finding.severity.as_str(), finding.confidence.as_str());
        writeln!(
            out,
            "<tr class=\"{state}\"><td class=\"{severity}\">{severity}</td><td>{confidence}</td>\
             <td>{}<small>{}</small>{past}</td><td>{}</td><td>{}</td><td>{state}{why}</td></tr>",
            code(&place),
            code(&finding.context.line),
            finding.kind.as_str(),
            text(&evidence.join("; ")),
        )?;
    }
    writeln!(out, "</tbody>")
}

/// Who brought what stands there, who took it away, and whether it is still there.
fn past(past: &Provenance) -> String {
    let mut lines = Vec::new();
    for (word, commit) in [("since", &past.introduced), ("gone", &past.removed)] {
        if let Some(commit) = commit {
            lines.push(format!(
                "{word} {} by {} in {}: {}",
                commit.day(),
                text(&format!("{} <{}>", commit.author, commit.email)),
                code(&place::short(commit.id)),
                text(&commit.subject)
            ));
        }
    }
    let stands = if past.in_head {
        "HEAD has it"
    } else {
        "HEAD does not have it"
    };
    lines.push(stands.to_owned());
    lines
        .iter()
        .map(|line| format!("<small>{line}</small>"))
        .collect()
}

fn issues(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    if report.issues.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "<h2>What could not be scanned</h2>\n<table>\n<thead><tr><th>Kind</th><th>Place</th><th>What</th></tr></thead>\n<tbody>"
    )?;
    for issue in report.issues.iter().take(ISSUES) {
        let place = issue.origin.as_deref().map(place::show).unwrap_or_default();
        let (kind, message) = (issue.kind.as_str(), text(&issue.message));
        writeln!(
            out,
            "<tr><td>{kind}</td><td>{}</td><td>{message}</td></tr>",
            code(&place)
        )?;
    }
    writeln!(out, "</tbody>\n</table>")?;
    match report.issues.len().saturating_sub(ISSUES) {
        0 => Ok(()),
        more => writeln!(
            out,
            "<p>{} had no room.</p>",
            count(more as u64, "more issue")
        ),
    }
}

fn counts(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let counts = &report.summary.counts;
    let skipped = counts.skipped.iter().map(|(why, n)| (why.as_str(), *n));
    let rejected = counts.rejected.iter().map(|(why, n)| (why.as_str(), *n));
    let suppressed = report.suppressions();
    let suppressed = suppressed.iter().map(|(by, n)| (by.as_str(), *n));
    for (title, all) in [
        ("Suppressed findings", suppressed.collect::<Vec<_>>()),
        ("Files passed over", skipped.collect()),
        ("Candidates that are no secrets", rejected.collect()),
    ] {
        let some: Vec<_> = all.into_iter().filter(|(_, n)| *n > 0).collect();
        if some.is_empty() {
            continue;
        }
        writeln!(out, "<h2>{title}</h2>\n<table class=\"list\">\n<tbody>")?;
        for (why, n) in some {
            writeln!(out, "<tr><th scope=\"row\">{why}</th><td>{n}</td></tr>")?;
        }
        writeln!(out, "</tbody>\n</table>")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
