//! JUnit's XML, for services that show results of tests and know nothing of findings.
//!
//! Each reported finding is a failed test case of the class that its rule names, each thing that went wrong a case with
//! an error. A clean scan is one case that passed: services take a file without cases for a mistake. The name of a case
//! holds the place, so that no two cases are the same. There are no durations.

use std::fmt::Write as _;
use std::io;

use super::human::position;
use super::{Options, Report, escape, place, uri};

/// Writes the document.
pub(super) fn write(report: &Report, _: &Options<'_>, out: &mut dyn io::Write) -> io::Result<u64> {
    let shortfall = report.shortfall();
    let failures = report.reported().count();
    let errors = report.issues.len() + usize::from(shortfall.is_some());
    let passed = usize::from(failures + errors == 0);
    let counts = format!(
        "name=\"keysieve\" tests=\"{}\" failures=\"{failures}\" errors=\"{errors}\"",
        failures + errors + passed
    );
    writeln!(
        out,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites {counts}>\n<testsuite {counts} skipped=\"0\">"
    )?;
    for finding in report.reported() {
        let rule = report.rule(finding);
        let place = format!("{}:{}", place::show(&finding.origin), position(finding));
        let severity = finding.severity.as_str();
        let (line, _) = place::outer_lines(finding);
        let text = format!(
            "{place}\n{}, {severity} severity, {} confidence, in a file of kind {}\nmasked: {}\n{}",
            rule.name,
            finding.confidence.as_str(),
            finding.kind.as_str(),
            finding.secret.masked(),
            rule.remediation
        );
        let what = Outcome {
            element: "failure",
            kind: severity,
            message: &format!("{} in {place}", rule.name),
            text: &text,
        };
        let file = uri::file_name(&finding.origin, &report.summary);
        let attributes = format!(" file=\"{}\" line=\"{line}\"", xml(&file));
        case(out, &rule.id, &place, &attributes, Some(&what))?;
    }
    for (i, issue) in report.issues.iter().enumerate() {
        let place = issue
            .origin
            .as_deref()
            .map(|origin| place::show(origin) + ": ")
            .unwrap_or_default();
        let text = format!("{place}{}", issue.message);
        let what = Outcome {
            element: "error",
            kind: issue.kind.as_str(),
            message: &text,
            text: &text,
        };
        let name = format!("issue {}: {text}", i + 1);
        case(out, "keysieve", &name, "", Some(&what))?;
    }
    if let Some(text) = shortfall {
        let what = Outcome {
            element: "error",
            kind: "incomplete",
            message: text,
            text,
        };
        case(
            out,
            "keysieve",
            "the scan comes to its end",
            "",
            Some(&what),
        )?;
    }
    if passed > 0 {
        case(out, "keysieve", "no secrets", "", None)?;
    }
    out.write_all(b"</testsuite>\n</testsuites>\n")?;
    Ok(0)
}

/// What is wrong with a case.
struct Outcome<'a> {
    element: &'static str,
    kind: &'static str,
    message: &'a str,
    text: &'a str,
}

/// `attributes` are XML already, all else is not.
fn case(
    out: &mut dyn io::Write,
    class: &str,
    name: &str,
    attributes: &str,
    outcome: Option<&Outcome<'_>>,
) -> io::Result<()> {
    let (class, name) = (xml(class), xml(name));
    write!(
        out,
        "<testcase classname=\"{class}\" name=\"{name}\"{attributes}"
    )?;
    let Some(Outcome {
        element,
        kind,
        message,
        text,
    }) = outcome
    else {
        return writeln!(out, "/>");
    };
    let (message, text) = (xml(message), xml(text));
    writeln!(
        out,
        "><{element} type=\"{kind}\" message=\"{message}\">{text}</{element}></testcase>"
    )
}

/// A text as XML. Control characters and others that XML cannot hold, in any spelling, are escaped as in the form for
/// people first; only a line break stays what it is.
fn xml(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (i, line) in text.split('\n').enumerate() {
        if i > 0 {
            out.push_str("&#10;");
        }
        for c in escape::text(line).chars() {
            match c {
                '&' => out.push_str("&amp;"),
                '<' => out.push_str("&lt;"),
                '>' => out.push_str("&gt;"),
                '"' => out.push_str("&quot;"),
                '\'' => out.push_str("&#39;"),
                '\u{fffe}' | '\u{ffff}' => {
                    write!(out, "{}", c.escape_unicode()).expect("a String takes any text");
                }
                _ => out.push(c),
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_is_xml() {
        assert_eq!(
            xml("a<b>&'\"\n]]>"),
            "a&lt;b&gt;&amp;&#39;&quot;&#10;]]&gt;"
        );
        assert_eq!(
            xml("\0\u{1b}\r\u{ffff}\u{85}"),
            r"\u{0}\u{1b}\r\u{ffff}\u{85}"
        );
        assert_eq!(xml("\u{e9}\u{1f511}"), "\u{e9}\u{1f511}");
    }
}
