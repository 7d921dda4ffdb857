//! One JSON object a line, for streams and tables.
//!
//! The objects are those of the [`json`](super::json) format with a `type` before them: each finding (`"finding"`),
//! each issue (`"issue"`), and at last one `"summary"` with `schema` and `tool`. A text without that last line was cut
//! off.

use std::io;

use serde::Serialize;

use super::json::{Finding, Issue, SCHEMA, Summary, Tool};
use super::{Options, Report};

/// Writes the lines.
pub(super) fn write(
    report: &Report,
    options: &Options<'_>,
    out: &mut dyn io::Write,
) -> io::Result<u64> {
    for reported in &report.findings {
        let finding = Finding::new(report, reported, options.reveal);
        line(out, &Line::Finding(Box::new(finding)))?;
    }
    for issue in &report.issues {
        line(out, &Line::Issue(Issue::new(issue)))?;
    }
    line(
        out,
        &Line::Summary {
            schema: SCHEMA,
            tool: Tool::new(report),
            summary: Summary::new(report),
        },
    )?;
    Ok(0)
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Line<'a> {
    Finding(Box<Finding<'a>>),
    Issue(Issue<'a>),
    Summary {
        schema: &'static str,
        tool: Tool,
        #[serde(flatten)]
        summary: Summary,
    },
}

fn line(out: &mut dyn io::Write, line: &Line<'_>) -> io::Result<()> {
    serde_json::to_writer(&mut *out, line)?;
    out.write_all(b"\n")
}
