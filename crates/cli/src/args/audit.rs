//! The audit log: which file, and `keysieve audit`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::audit::AuditFormat;

/// Which log a command writes.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct AuditArgs {
    /// Append what is found, stopped, allowed and taken back to this file, one event a line, without values
    #[arg(long, value_name = "FILE", env = "KEYSIEVE_AUDIT_LOG")]
    pub(crate) audit_log: Option<PathBuf>,
    /// How an event is written: jsonl, or ocsf for a Detection Finding of that schema [default: jsonl]
    #[arg(long, value_name = "FORMAT", env = "KEYSIEVE_AUDIT_FORMAT")]
    pub(crate) audit_format: Option<AuditFormat>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    /// See that each line of a log follows from the one before; names the first that does not
    Verify {
        /// The log
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// The log must have a line of this SHA-256, which an earlier `audit verify` printed: else it was cut or made anew
        #[arg(long, value_name = "SHA256")]
        head: Option<String>,
    },
}
