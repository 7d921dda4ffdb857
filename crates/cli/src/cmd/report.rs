//! `keysieve report`.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use keysieve_engine::Origin;
use keysieve_git::Fate;

use crate::args::{DiffArgs, OutputArgs, ReportCommand, WriteArgs};
use crate::exit::{Exit, usage};
use crate::output::Output;
use crate::report::read::{ReadError, Reader, Setting};
use crate::report::{Diff, Report, Texts};
use crate::{clock, job};

/// Runs one of the commands.
pub(crate) fn run(command: &ReportCommand) -> anyhow::Result<Exit> {
    match command {
        ReportCommand::Convert(args) => write(std::slice::from_ref(&args.input), &args.write),
        ReportCommand::Merge(args) => write(&args.inputs, &args.write),
        ReportCommand::Diff(args) => diff(args),
    }
}

/// The texts of the scanned files are not asked for: they may have changed since.
struct NoTexts;

impl Texts for NoTexts {
    fn text(&self, _: &Origin) -> Option<Vec<u8>> {
        None
    }

    fn fate(&self, _: usize, _: &Path) -> Fate {
        Fate::Stays
    }
}

fn write(inputs: &[PathBuf], args: &WriteArgs) -> anyhow::Result<Exit> {
    let args = OutputArgs {
        format: args.format.clone(),
        output: args.output.clone(),
        sarif_suppressed: args.sarif_suppressed,
        sarif_category: args.sarif_category.clone(),
        ..OutputArgs::default()
    };
    let outputs = job::outputs(&args)?;
    let report = report(inputs)?;
    let category = match report.summary.command {
        "scan" => "keysieve/tree/".to_owned(),
        command => format!("keysieve/{command}/"),
    };
    job::write(outputs, &report, &args, &category, &NoTexts)?;
    Ok(Exit::Clean)
}

fn diff(args: &DiffArgs) -> anyhow::Result<Exit> {
    let output = Output::open(args.output.as_deref())?;
    let old = report(std::slice::from_ref(&args.old))?;
    let new = report(std::slice::from_ref(&args.new))?;
    let diff = Diff::new(&old, &new);
    output.write(|out| diff.write(args.format, out))?;
    Ok(match (diff.has_new(), diff.is_complete()) {
        (true, _) => Exit::Findings,
        (false, true) => Exit::Clean,
        (false, false) => Exit::Incomplete,
    })
}

/// The report of all these documents.
fn report(inputs: &[PathBuf]) -> anyhow::Result<Report> {
    if inputs.iter().filter(|path| is_stdin(path)).count() > 1 {
        return Err(usage("standard input can be read only once"));
    }
    let mut reader = Reader::new(Setting {
        directory: std::env::current_dir().context("the current folder is gone")?,
        time: clock::now(),
    });
    for path in inputs {
        let name = path.display();
        let read = if is_stdin(path) {
            reader.add(io::stdin().lock())
        } else {
            File::open(path)
                .map_err(ReadError::Io)
                .and_then(|file| reader.add(file))
        };
        read.map_err(|e| usage(format!("{name}: {e}")))?;
    }
    let names: Vec<_> = inputs
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    reader
        .finish()
        .map_err(|e| usage(format!("{}: {e}", names.join(", "))))
}

fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}
