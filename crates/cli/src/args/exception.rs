//! `keysieve exception`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::AuditArgs;

#[derive(Debug, Subcommand)]
pub(crate) enum ExceptionCommand {
    /// Write an exception into keysieve.toml
    ///
    /// Comments and layout of the file stay as they are. What breaks the terms in `[exceptions]` is refused.
    Add(AddArgs),
    /// Print all exceptions, and how long each holds
    List(WhereArgs),
    /// See that all exceptions hold and keep to the terms; exit code 1 where one does not
    Check(CheckArgs),
    /// Take an exception out of keysieve.toml
    Revoke(RevokeArgs),
}

/// Which configuration.
#[derive(Clone, Debug, Args)]
pub(crate) struct WhereArgs {
    /// The configuration, instead of the keysieve.toml of the repository around the current folder
    #[arg(long, value_name = "FILE", env = "KEYSIEVE_CONFIG")]
    pub(crate) config: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct AddArgs {
    /// Findings of this rule
    #[arg(long, value_name = "ID", required_unless_present_any = ["path", "fingerprint"])]
    pub(crate) rule: Option<String>,
    /// Findings in files of this glob, from the top of the repository
    #[arg(long, value_name = "GLOB")]
    pub(crate) path: Option<String>,
    /// Findings of this secret, as reports name it
    #[arg(long, value_name = "KS1")]
    pub(crate) fingerprint: Option<String>,
    /// Why it is right not to report them
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,
    /// Who answers for it
    #[arg(long, value_name = "NAME")]
    pub(crate) owner: String,
    /// The last day when it holds (2027-01-31), or how many days from today (30d)
    #[arg(long, value_name = "DATE")]
    pub(crate) expires: String,
    /// Where it was discussed
    #[arg(long, value_name = "TICKET")]
    pub(crate) ticket: Option<String>,
    /// Who agreed
    #[arg(long, value_name = "NAME")]
    pub(crate) approved_by: Option<String>,
    /// Its name [default: the next free one of E1, E2 ...]
    #[arg(long, value_name = "ID")]
    pub(crate) id: Option<String>,

    #[command(flatten)]
    pub(crate) place: WhereArgs,
    #[command(flatten)]
    pub(crate) audit: AuditArgs,
}

#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// Scan the current folder, too, and say which exceptions suppress nothing there
    #[arg(long)]
    pub(crate) scan: bool,

    #[command(flatten)]
    pub(crate) place: WhereArgs,
}

#[derive(Debug, Args)]
pub(crate) struct RevokeArgs {
    /// The exception
    #[arg(value_name = "ID")]
    pub(crate) id: String,

    #[command(flatten)]
    pub(crate) place: WhereArgs,
    #[command(flatten)]
    pub(crate) audit: AuditArgs,
}
