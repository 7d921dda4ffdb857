//! `keysieve baseline`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{LimitArgs, SelectArgs};
use crate::import::Tool;

#[derive(Debug, Subcommand)]
pub(crate) enum BaselineCommand {
    /// Scan, and take all that is found for known
    ///
    /// Writes the file that `--baseline` names, or keysieve.baseline at the root of the repository. It holds no value of
    /// a secret: commit it.
    Create(CreateArgs),
    /// Scan, and drop what is gone; secrets that moved to another file keep their entry, and nothing is added
    ///
    /// Also resolves what a merge left in the file, by taking both sides.
    Update(BaselineArgs),
    /// Scan, and take for known what another tool's report or baseline names
    ///
    /// The findings are added to the baseline, if there is one. Run it from the top of the repository, as that tool was.
    /// No value of the report is kept.
    Import(ImportArgs),
    /// Print what is known, by file
    Show(ShowArgs),
}

#[derive(Debug, Args)]
pub(crate) struct BaselineArgs {
    /// Folders and files to scan
    #[arg(value_name = "PATH", default_value = ".")]
    pub(crate) paths: Vec<PathBuf>,
    /// Scan the history of the repository at PATH instead: what was committed, and what only old commits hold
    #[arg(long, help_heading = "Input")]
    pub(crate) history: bool,
    /// Scan what .gitignore leaves out, too
    #[arg(long, help_heading = "Input")]
    pub(crate) no_ignore: bool,
    #[command(flatten)]
    pub(crate) limits: LimitArgs,
    #[command(flatten)]
    pub(crate) select: SelectArgs,
}

#[derive(Debug, Args)]
pub(crate) struct CreateArgs {
    /// Replace a baseline that is there
    #[arg(long)]
    pub(crate) force: bool,

    #[command(flatten)]
    pub(crate) scan: BaselineArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ImportArgs {
    /// Whose report it is: gitleaks (JSON), detect-secrets (.secrets.baseline), kingfisher (YAML baseline or JSON) or
    /// trufflehog (JSON lines)
    #[arg(long, value_name = "TOOL")]
    pub(crate) from: Tool,
    /// The report
    pub(crate) report: PathBuf,

    #[command(flatten)]
    pub(crate) scan: BaselineArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    /// The baseline
    #[arg(value_name = "FILE", default_value = crate::settings::BASELINE_NAME)]
    pub(crate) file: PathBuf,
}
