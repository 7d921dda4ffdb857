//! The JUnit report.

use std::io::{self, Write};

use keysieve_gitleaks::Finding;

use super::{Shown, go_json};

pub(super) fn write(findings: &[Finding], out: &mut dyn Write) -> io::Result<()> {
    let count = findings.len();
    writeln!(
        out,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>"
    )?;
    write!(
        out,
        "\t<testsuite failures=\"{count}\" name=\"gitleaks\" tests=\"{count}\" time=\"\">"
    )?;
    for finding in findings {
        let shown = Shown::of(finding);
        let mut message = format!(
            "{} has detected a secret in file {}, line {}",
            shown.rule, shown.file, shown.start_line
        );
        if !shown.commit.is_empty() {
            message.push_str(&format!(", at commit {}", shown.commit));
        }
        message.push('.');
        let (description, file, message) = (
            escape(shown.description),
            escape(shown.file),
            escape(&message),
        );
        let data = escape(&go_json(&shown, b"\t"));
        write!(
            out,
            "\n\t\t<testcase classname=\"{description}\" file=\"{file}\" name=\"{message}\" time=\"\">\
             \n\t\t\t<failure message=\"{message}\" type=\"{description}\">{data}</failure>\
             \n\t\t</testcase>"
        )?;
    }
    if count > 0 {
        out.write_all(b"\n\t")?;
    }
    out.write_all(b"</testsuite>\n</testsuites>")
}

/// As Go escapes text and attributes alike.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' => escaped.push_str("&#34;"),
            '\'' => escaped.push_str("&#39;"),
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '\t' => escaped.push_str("&#x9;"),
            '\n' => escaped.push_str("&#xA;"),
            '\r' => escaped.push_str("&#xD;"),
            // Not a character of XML.
            '\0'..='\x1F' | '\u{FFFE}' | '\u{FFFF}' => escaped.push(char::REPLACEMENT_CHARACTER),
            c => escaped.push(c),
        }
    }
    escaped
}
