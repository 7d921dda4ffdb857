//! `keysieve staged`.

use std::path::PathBuf;

use clap::Args;

use super::CommonArgs;

#[derive(Debug, Args)]
pub(crate) struct StagedArgs {
    /// A folder in the repository [default: the one that git's variables name, or the current folder]
    #[arg(value_name = "REPO")]
    pub(crate) repository: Option<PathBuf>,

    /// Report all findings in the files that change, not only those that the change adds
    #[arg(long, help_heading = "Input")]
    pub(crate) all_lines: bool,

    #[command(flatten)]
    pub(crate) common: CommonArgs,
}
