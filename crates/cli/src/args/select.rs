//! Which rules run, what is reported, and which configuration says so.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use keysieve_engine::{Confidence, Severity};

#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Selection")]
pub(crate) struct SelectArgs {
    /// Read this configuration instead of the repository's keysieve.toml
    #[arg(long, value_name = "FILE", env = "KEYSIEVE_CONFIG")]
    pub(crate) config: Option<PathBuf>,
    /// Ignore the repository's keysieve.toml and the comments in its files
    #[arg(long)]
    pub(crate) no_repo_config: bool,
    /// Read keysieve.toml, its rule files, the baseline and .gitattributes from this commit, such as origin/main, and not
    /// from the work tree: a pull request cannot approve itself
    #[arg(long, value_name = "REF", env = "KEYSIEVE_POLICY_FROM", conflicts_with_all = ["config", "no_repo_config"])]
    pub(crate) policy_from: Option<String>,
    /// Known findings are not reported: those of this file [default: keysieve.baseline of the repository]
    #[arg(long, value_name = "FILE", env = "KEYSIEVE_BASELINE")]
    pub(crate) baseline: Option<PathBuf>,
    /// Report known findings, too
    #[arg(long, conflicts_with = "baseline")]
    pub(crate) no_baseline: bool,
    /// Add the rules of this file; may be given several times
    #[arg(long, value_name = "FILE")]
    pub(crate) rules: Vec<PathBuf>,
    /// Run only this rule; may be given several times
    #[arg(long, value_name = "ID")]
    pub(crate) rule: Vec<String>,
    /// Do not run this rule; may be given several times
    #[arg(long, value_name = "ID")]
    pub(crate) exclude_rule: Vec<String>,
    /// Report findings of at least this confidence [default: medium]
    #[arg(long, value_name = "LEVEL", env = "KEYSIEVE_MIN_CONFIDENCE")]
    pub(crate) min_confidence: Option<ConfidenceArg>,
    /// Report findings of at least this severity [default: low]
    #[arg(long, value_name = "LEVEL", env = "KEYSIEVE_MIN_SEVERITY")]
    pub(crate) min_severity: Option<SeverityArg>,
}

/// [`Confidence`] as a flag.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum ConfidenceArg {
    Low,
    Medium,
    High,
}

impl From<ConfidenceArg> for Confidence {
    fn from(arg: ConfidenceArg) -> Self {
        match arg {
            ConfidenceArg::Low => Self::Low,
            ConfidenceArg::Medium => Self::Medium,
            ConfidenceArg::High => Self::High,
        }
    }
}

/// [`Severity`] as a flag.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum SeverityArg {
    Low,
    Medium,
    High,
    Critical,
}

impl From<SeverityArg> for Severity {
    fn from(arg: SeverityArg) -> Self {
        match arg {
            SeverityArg::Low => Self::Low,
            SeverityArg::Medium => Self::Medium,
            SeverityArg::High => Self::High,
            SeverityArg::Critical => Self::Critical,
        }
    }
}
