//! Findings as `--verbose` prints them.

use std::io::{self, Write};

use keysieve_gitleaks::Finding;

/// Characters of the line before and behind the match that are shown.
const AROUND: usize = 20;

/// Bytes of a secret that are shown in its line.
const LONGEST: usize = 100;

/// Prints a finding; with `plain`, its match without the line around it.
pub(super) fn print(finding: &Finding, plain: bool, out: &mut dyn Write) -> io::Result<()> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    let (line, matched, secret) = (
        text(&finding.line),
        text(&finding.matched),
        text(&finding.secret),
    );
    let mut field = |name: &str, value: &str| writeln!(out, "{name:<12} {value}");
    let of_file = matched.starts_with("file detected:");
    match line.find(&matched) {
        Some(at) if !plain && !of_file => {
            field("Finding:", &in_line(&line, at, &matched, &secret))?;
            field("Secret:", &shorten(&secret))?;
        }
        _ => {
            field("Finding:", &matched)?;
            field("Secret:", &secret)?;
        }
    }
    field("RuleID:", &finding.rule)?;
    field("Entropy:", &format!("{:.6}", finding.entropy))?;
    if !finding.file.is_empty() {
        if !finding.tags.is_empty() {
            field("Tags:", &format!("[{}]", finding.tags.join(" ")))?;
        }
        field("File:", &finding.file)?;
        field("Line:", &finding.start_line.to_string())?;
        if let Some(commit) = finding
            .commit
            .as_ref()
            .filter(|commit| !commit.id.is_empty())
        {
            field("Commit:", &commit.id)?;
            field("Author:", &commit.author)?;
            field("Email:", &commit.email)?;
            field("Date:", &commit.date)?;
        }
        field("Fingerprint:", &finding.fingerprint())?;
        if !finding.link.is_empty() {
            field("Link:", &finding.link)?;
        }
    }
    for (at, required) in finding.required.iter().enumerate() {
        let name = if at == 0 { "Required:" } else { "" };
        let secret = text(&required.secret);
        let start: String = secret.chars().take(37).collect();
        let secret = if secret.len() > 40 {
            format!("{start}...")
        } else {
            secret
        };
        field(
            name,
            &format!("{}:{}:{secret}", required.rule, required.start_line),
        )?;
    }
    writeln!(out)
}

/// The match with a little of its line.
fn in_line(line: &str, at: usize, matched: &str, secret: &str) -> String {
    let before = &line[..at];
    let before = if at > AROUND {
        let from = before
            .char_indices()
            .map(|(i, _)| i)
            .find(|&i| i >= at - AROUND);
        format!("...{}", &before[from.unwrap_or(at)..])
    } else {
        before.trim_start_matches(' ').to_owned()
    };
    let behind = &line[at + matched.len()..];
    let behind = match behind.char_indices().map(|(i, _)| i).find(|&i| i >= AROUND) {
        Some(end) => format!("{}...", &behind[..end]),
        None => behind.to_owned(),
    };
    format!(
        "{before}{}{behind}",
        matched.replacen(secret, &shorten(secret), 1)
    )
}

fn shorten(secret: &str) -> String {
    match secret
        .char_indices()
        .map(|(i, _)| i)
        .find(|&i| i >= LONGEST)
    {
        Some(end) => format!("{}...", &secret[..end]),
        None => secret.to_owned(),
    }
}
