//! The CSV report: nothing at all without findings.

use std::io::{self, Write};

use keysieve_gitleaks::Finding;

use super::{Shown, shown};

const COLUMNS: [&str; 16] = [
    "RuleID",
    "Commit",
    "File",
    "SymlinkFile",
    "Secret",
    "Match",
    "StartLine",
    "EndLine",
    "StartColumn",
    "EndColumn",
    "Author",
    "Message",
    "Date",
    "Email",
    "Fingerprint",
    "Tags",
];

pub(super) fn write(findings: &[Finding], out: &mut dyn Write) -> io::Result<()> {
    // Whether there are links is decided by the first finding.
    let Some(first) = findings.first() else {
        return Ok(());
    };
    let linked = !first.link.is_empty();
    let mut header = COLUMNS.map(str::to_owned).to_vec();
    if linked {
        header.push("Link".to_owned());
    }
    row(&header, out)?;
    for finding in findings {
        let s = Shown::of(finding);
        let mut fields = vec![
            s.rule.to_owned(),
            s.commit.to_owned(),
            s.file.to_owned(),
            s.symlink_file.to_owned(),
            shown(&finding.secret).into_owned(),
            shown(&finding.matched).into_owned(),
            s.start_line.to_string(),
            s.end_line.to_string(),
            s.start_column.to_string(),
            s.end_column.to_string(),
            s.author.to_owned(),
            s.message.to_owned(),
            s.date.to_owned(),
            s.email.to_owned(),
            s.fingerprint,
            s.tags.join(" "),
        ];
        if linked {
            fields.push(s.link.to_owned());
        }
        row(&fields, out)?;
    }
    Ok(())
}

fn row(fields: &[String], out: &mut dyn Write) -> io::Result<()> {
    let fields: Vec<String> = fields.iter().map(|field| quote(field)).collect();
    writeln!(out, "{}", fields.join(","))
}

/// Quotes a field that has a separator or a quote in it, or that begins with a space.
fn quote(field: &str) -> String {
    let needs = field == "\\."
        || field.contains([',', '"', '\r', '\n'])
        || field.starts_with(char::is_whitespace);
    if needs {
        format!("\"{}\"", field.replace('"', "\"\""))
    } else {
        field.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_quoted_where_they_must_be() {
        let finding = Finding {
            rule: "r".into(),
            secret: b"a,\"b\"".to_vec(),
            matched: b" x".to_vec(),
            tags: vec!["t".into(), "u".into()],
            ..Finding::default()
        };
        let mut out = Vec::new();
        write(&[finding], &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert_eq!(
            text.lines().nth(1),
            Some("r,,,,\"a,\"\"b\"\"\",\" x\",0,0,0,0,,,,,:r:0,t u")
        );
    }
}
