//! `keysieve report`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::OutputSpec;
use crate::report::DiffFormat;

#[derive(Debug, Subcommand)]
pub(crate) enum ReportCommand {
    /// Write a JSON report in other forms
    ///
    /// Gives what the scan itself would have written, but for what its report does not hold: values of secrets, the
    /// line fingerprints of SARIF, and the time that the gitlab form says (SOURCE_DATE_EPOCH, or now).
    Convert(ConvertArgs),
    /// Put several JSON reports together
    ///
    /// What stands in several of them counts once, and as reported if one of them reports it. Counts are added up.
    Merge(MergeArgs),
    /// Compare two JSON reports: what is new, fixed and unchanged
    ///
    /// A finding is told by its secret and its file, whatever its line; one more copy in the same file is new. Exits
    /// with 1 if something is new, with 4 if nothing is and one of the scans was incomplete.
    Diff(DiffArgs),
}

#[derive(Debug, Args)]
pub(crate) struct ConvertArgs {
    /// The JSON report; `-` is standard input
    #[arg(value_name = "FILE")]
    pub(crate) input: PathBuf,
    #[command(flatten)]
    pub(crate) write: WriteArgs,
}

#[derive(Debug, Args)]
pub(crate) struct MergeArgs {
    /// The JSON reports; `-` is standard input
    #[arg(value_name = "FILE", required = true)]
    pub(crate) inputs: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) write: WriteArgs,
}

#[derive(Debug, Args)]
pub(crate) struct DiffArgs {
    /// The JSON report of before
    #[arg(value_name = "OLD")]
    pub(crate) old: PathBuf,
    /// The JSON report of now
    #[arg(value_name = "NEW")]
    pub(crate) new: PathBuf,
    /// How it is told
    #[arg(long, short, value_name = "FORMAT", default_value = "human")]
    pub(crate) format: DiffFormat,
    /// Write to this file instead of standard output
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

/// What is written of a report that was read.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct WriteArgs {
    /// A form as `keysieve scan` writes it; `sarif=FILE` writes that form to a file; may be given several times
    #[arg(long, short, value_name = "FORMAT[=FILE]")]
    pub(crate) format: Vec<OutputSpec>,
    /// Write to this file what would go to standard output
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Put suppressed findings into SARIF, marked as such (GitHub opens alerts for them all the same)
    #[arg(long)]
    pub(crate) sarif_suppressed: bool,
    /// Category of the SARIF run [default: that of the command that scanned]
    #[arg(long, value_name = "NAME")]
    pub(crate) sarif_category: Option<String>,
}
