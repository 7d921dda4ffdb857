//! What is written, in which form, and where.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, ColorChoice, ValueEnum};

use super::AuditArgs;
use crate::report::Format;

#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct OutputArgs {
    /// human, json, jsonl, sarif, gitlab, junit, csv, markdown, github or html; `sarif=FILE` writes that form to a file;
    /// may be given several times
    #[arg(long, short, value_name = "FORMAT[=FILE]")]
    pub(crate) format: Vec<OutputSpec>,
    /// Write to this file what would go to standard output
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Show the values of secrets, in the human, json, jsonl and sarif forms
    #[arg(long)]
    pub(crate) reveal: bool,
    /// Put suppressed findings into SARIF, marked as such (GitHub opens alerts for them all the same)
    #[arg(long)]
    pub(crate) sarif_suppressed: bool,
    /// Category of the SARIF run [default: keysieve/ and what was scanned, such as keysieve/tree/]
    #[arg(long, value_name = "NAME")]
    pub(crate) sarif_category: Option<String>,
    /// Exit with this code when there are findings
    #[arg(long, value_name = "N", conflicts_with = "exit_zero")]
    pub(crate) exit_code: Option<u8>,
    /// Exit with 0 when there are findings
    #[arg(long)]
    pub(crate) exit_zero: bool,
    /// Show progress on the terminal
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub(crate) progress: ProgressArg,
    /// Colour the human form
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub(crate) color: ColorChoice,
    /// Print findings only
    #[arg(long, short)]
    pub(crate) quiet: bool,
    /// Print more: what was passed over, why candidates were no secrets, how values without a format scored
    #[arg(long, short, conflicts_with = "quiet")]
    pub(crate) verbose: bool,

    #[command(flatten)]
    pub(crate) audit: AuditArgs,
}

/// When to show progress.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, ValueEnum)]
pub(crate) enum ProgressArg {
    /// On a terminal, after half a second.
    #[default]
    Auto,
    Always,
    Never,
}

/// `FORMAT` or `FORMAT=FILE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OutputSpec {
    pub(crate) format: Format,
    pub(crate) file: Option<PathBuf>,
}

impl FromStr for OutputSpec {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, file) = match text.split_once('=') {
            Some((_, "")) => return Err("a file name must follow `=`".to_owned()),
            Some((name, file)) => (name, Some(PathBuf::from(file))),
            None => (text, None),
        };
        Ok(Self {
            format: name.parse()?,
            file,
        })
    }
}
