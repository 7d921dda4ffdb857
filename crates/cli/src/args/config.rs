//! `keysieve config`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{AuditArgs, LimitArgs, SelectArgs};

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Say all that is wrong with a configuration, with line and column; exit code 2 where something is
    Check {
        /// The configuration [default: the keysieve.toml of the repository around the current folder]
        #[arg(value_name = "FILE")]
        file: Option<PathBuf>,
    },
    /// Print what is in force, and where each value comes from: default, file, environment or flag
    Show(ShowArgs),
    /// Write a `.gitleaks.toml` as a `keysieve.toml`
    ///
    /// What cannot be carried over is said in comments. The result is read before it is written.
    Migrate(MigrateArgs),
    /// Print the JSON schema of keysieve.toml, for editors
    Schema,
}

#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    /// As a JSON document
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) limits: LimitArgs,
    #[command(flatten)]
    pub(crate) select: SelectArgs,
    #[command(flatten)]
    pub(crate) audit: AuditArgs,
}

#[derive(Debug, Args)]
pub(crate) struct MigrateArgs {
    /// The configuration of gitleaks
    #[arg(value_name = "FILE", default_value = ".gitleaks.toml")]
    pub(crate) file: PathBuf,
    /// Where the result goes; by default standard output. A file that is there is not overwritten.
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}
