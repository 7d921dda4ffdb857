//! kingfisher's baseline, in YAML, and its JSON report.
//!
//! The baseline knows a secret by a number made of the value and its offsets, which cannot be made again without the
//! file as it was: path and line have to do. It is always written by the same program in the same form, one field a line,
//! and is read that way, without a YAML parser:
//!
//! ```text
//! version: 2
//! repositories:
//! - id: git://git.example.com/team/shop
//!   findings:
//!   - path: config/prod.env
//!     fingerprint: '123'
//!     line: 4
//! ```
//!
//! Version 1 has `filepath` and `linenum`.

use serde::Deserialize;

use super::{Claim, Value, json_error};

#[derive(Deserialize)]
struct Report {
    findings: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    finding: Place,
}

#[derive(Deserialize)]
struct Place {
    path: String,
    line: u64,
    #[serde(default)]
    snippet: String,
}

pub(super) fn read(text: &str) -> Result<Vec<Claim>, String> {
    if text.trim_start().starts_with('{') {
        let report: Report = serde_json::from_str(text).map_err(|e| json_error(&e))?;
        return Ok(report
            .findings
            .into_iter()
            .map(|row| row.finding.claim())
            .collect());
    }
    baseline(text)
}

impl Place {
    fn claim(self) -> Claim {
        // `--redact` leaves a hash in brackets.
        let is_redacted = self.snippet.is_empty() || self.snippet.starts_with("[REDACTED");
        Claim {
            path: self.path,
            line: Some(self.line),
            value: match is_redacted {
                true => Value::Hidden,
                false => Value::Plain(vec![self.snippet]),
            },
        }
    }
}

fn baseline(text: &str) -> Result<Vec<Claim>, String> {
    let is_baseline = |line: &str| {
        line.starts_with("version:")
            || line.starts_with("repositories:")
            || line.starts_with("ExactFindings:")
    };
    if !text.lines().any(is_baseline) {
        return Err("neither its JSON report nor its baseline".to_owned());
    }
    let mut claims = Vec::new();
    let mut path: Option<String> = None;
    for (number, line) in text.lines().enumerate() {
        let field = line.trim().trim_start_matches("- ");
        let Some((name, value)) = field.split_once(": ") else {
            continue;
        };
        let wrong = |what: &str| format!("line {}: {what}", number + 1);
        match name {
            "path" | "filepath" => {
                let value = scalar(value).ok_or_else(|| wrong("the path cannot be read"))?;
                path = Some(value);
            }
            "line" | "linenum" => {
                let path = path.take().ok_or_else(|| wrong("a line without a path"))?;
                let line = value.trim_matches(['\'', '"']).parse();
                claims.push(Claim {
                    path,
                    line: Some(line.map_err(|_| wrong("no number of a line"))?),
                    value: Value::Hidden,
                });
            }
            _ => {}
        }
    }
    Ok(claims)
}

/// The text of a plain or quoted value.
fn scalar(value: &str) -> Option<String> {
    let value = value.trim();
    if let Some(quoted) = value.strip_prefix('\'') {
        return Some(quoted.strip_suffix('\'')?.replace("''", "'"));
    }
    if value.starts_with('"') {
        return serde_json::from_str(value).ok();
    }
    Some(value.to_owned())
}
