//! `keysieve config`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Write a `.gitleaks.toml` as a `keysieve.toml`
    ///
    /// What cannot be carried over is said in comments. The result is read before it is written.
    Migrate(MigrateArgs),
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
