//! `keysieve rules`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

#[derive(Debug, Subcommand)]
pub(crate) enum RulesCommand {
    /// One line a rule: id, severity, confidence, name
    List {
        /// text, or markdown: the catalogue in rules/CATALOG.md
        #[arg(long, short, value_name = "FORMAT", default_value = "text")]
        format: ListFormat,
        #[command(flatten)]
        source: RuleSourceArgs,
    },
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

/// How rules are listed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum ListFormat {
    Text,
    Markdown,
}

/// Where rules come from beside the built-in ones.
#[derive(Debug, Args)]
pub(crate) struct RuleSourceArgs {
    /// Add the rules of this file; may be given several times
    #[arg(long, value_name = "FILE")]
    pub(crate) rules: Vec<PathBuf>,
}
