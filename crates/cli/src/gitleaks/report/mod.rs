//! gitleaks' reports, field by field.

use std::borrow::Cow;
use std::io::{self, Write};

use keysieve_gitleaks::Finding;
use serde::{Serialize, Serializer};

mod csv;
mod junit;
mod sarif;

/// What a report is written as.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Format {
    Json,
    Csv,
    Junit,
    Sarif,
}

/// The id and the description of a rule, for the formats that list rules.
pub(super) type RuleLine = (String, String);

impl Format {
    /// The format of that name.
    pub(super) fn named(name: &str) -> Option<Self> {
        match name.trim().to_lowercase().as_str() {
            "json" => Some(Self::Json),
            "csv" => Some(Self::Csv),
            "junit" => Some(Self::Junit),
            "sarif" => Some(Self::Sarif),
            _ => None,
        }
    }

    /// Writes a report.
    pub(super) fn write(
        self,
        findings: &[Finding],
        rules: &[RuleLine],
        out: &mut dyn Write,
    ) -> io::Result<()> {
        match self {
            Self::Json => {
                let shown: Vec<Shown<'_>> = findings.iter().map(Shown::of).collect();
                out.write_all(go_json(&shown, b" ").as_bytes())?;
                out.write_all(b"\n")
            }
            Self::Csv => csv::write(findings, out),
            Self::Junit => junit::write(findings, out),
            Self::Sarif => sarif::write(findings, rules, out),
        }
    }
}

/// A finding as the JSON report has it.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Shown<'f> {
    #[serde(rename = "RuleID")]
    rule: &'f str,
    description: &'f str,
    start_line: u64,
    end_line: u64,
    start_column: i64,
    end_column: i64,
    r#match: Cow<'f, str>,
    secret: Cow<'f, str>,
    file: &'f str,
    symlink_file: &'f str,
    commit: &'f str,
    #[serde(skip_serializing_if = "str::is_empty")]
    link: &'f str,
    #[serde(serialize_with = "whole_if_whole")]
    entropy: f32,
    author: &'f str,
    email: &'f str,
    date: &'f str,
    message: &'f str,
    tags: &'f [String],
    fingerprint: String,
}

impl<'f> Shown<'f> {
    fn of(finding: &'f Finding) -> Self {
        let commit = finding.commit.as_deref();
        Self {
            rule: &finding.rule,
            description: &finding.description,
            start_line: finding.start_line,
            end_line: finding.end_line,
            start_column: finding.start_column,
            end_column: finding.end_column,
            r#match: shown(&finding.matched),
            secret: shown(&finding.secret),
            file: &finding.file,
            symlink_file: &finding.symlink,
            commit: finding.commit_id(),
            link: &finding.link,
            entropy: finding.entropy,
            author: commit.map_or("", |commit| &commit.author),
            email: commit.map_or("", |commit| &commit.email),
            date: commit.map_or("", |commit| &commit.date),
            message: commit.map_or("", |commit| &commit.message),
            tags: &finding.tags,
            fingerprint: finding.fingerprint(),
        }
    }
}

/// Text in which each byte that is no UTF-8 is U+FFFD.
fn shown(text: &[u8]) -> Cow<'_, str> {
    if let Ok(text) = std::str::from_utf8(text) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for chunk in text.utf8_chunks() {
        shown.push_str(chunk.valid());
        shown.extend(chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER));
    }
    Cow::Owned(shown)
}

/// A whole number has no `.0`.
fn whole_if_whole<S: Serializer>(number: &f32, serializer: S) -> Result<S::Ok, S::Error> {
    if number.fract() == 0.0 {
        serializer.serialize_i64(*number as i64)
    } else {
        serializer.serialize_f32(*number)
    }
}

/// JSON as Go's encoder writes it: indented, and with escapes for what HTML or JavaScript would take for its own.
fn go_json<T: Serialize>(value: &T, indent: &[u8]) -> String {
    let mut json = Vec::new();
    let formatter = serde_json::ser::PrettyFormatter::with_indent(indent);
    let mut serializer = serde_json::Serializer::with_formatter(&mut json, formatter);
    value
        .serialize(&mut serializer)
        .expect("strings and numbers, into memory");
    let json = String::from_utf8(json).expect("a serializer of JSON writes UTF-8");
    let mut escaped = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            // These stand in strings only.
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                escaped.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_what_go_writes() {
        let finding = Finding {
            rule: "r".into(),
            matched: b"<a & \"b\">\x08\x01\xFF".to_vec(),
            entropy: 3.5,
            ..Finding::default()
        };
        let mut out = Vec::new();
        Format::Json.write(&[finding], &[], &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(
            text.starts_with("[\n {\n  \"RuleID\": \"r\",\n  \"Description\": \"\",\n"),
            "{text}"
        );
        assert!(
            text.contains(r#""Match": "\u003ca \u0026 \"b\"\u003e\b\u0001"#),
            "{text}"
        );
        assert!(text.contains("\"Entropy\": 3.5,\n"));
        assert!(
            text.ends_with("\"Tags\": [],\n  \"Fingerprint\": \":r:0\"\n }\n]\n"),
            "{text}"
        );
        assert!(!text.contains("Link"));
    }

    #[test]
    fn no_findings_are_an_empty_list() {
        let mut out = Vec::new();
        Format::Json.write(&[], &[], &mut out).unwrap();
        assert_eq!(out, b"[]\n");
    }
}
