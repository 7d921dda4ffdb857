//! `keysieve rules`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(crate) enum RulesCommand {
    /// One line a rule: id, severity, confidence, name
    List(RuleSourceArgs),
    /// All that is known of a rule
    Show {
        /// Its id
        id: String,
        #[command(flatten)]
        source: RuleSourceArgs,
    },
    /// Expand each rule's samples and see that it finds them, and nothing in its near misses
    Test {
        /// Only these rules
        ids: Vec<String>,
        /// Expansions of each sample
        #[arg(long, value_name = "N", default_value_t = 200)]
        expansions: u32,
        /// Instead of the samples, try the rules on this text and say what each finds
        #[arg(long, value_name = "TEXT", conflicts_with = "expansions")]
        text: Option<String>,
        #[command(flatten)]
        source: RuleSourceArgs,
    },
    /// Print a rule to start from
    New {
        /// Its id: provider-kind
        id: String,
    },
}

/// Where rules come from beside the built-in ones.
#[derive(Debug, Args)]
pub(crate) struct RuleSourceArgs {
    /// Add the rules of this file; may be given several times
    #[arg(long, value_name = "FILE")]
    pub(crate) rules: Vec<PathBuf>,
}
