//! `keysieve push`.

use clap::Args;

use super::CommonArgs;

#[derive(Debug, Args)]
pub(crate) struct PushArgs {
    /// Name of the remote, as git gives it to a pre-push hook
    #[arg(value_name = "REMOTE")]
    pub(crate) remote: Option<String>,
    /// Address of the remote, as git gives it to a pre-push hook; not used
    #[arg(value_name = "URL")]
    pub(crate) url: Option<String>,

    /// Report all findings in the files that change, not only those that a commit adds
    #[arg(long, help_heading = "Input")]
    pub(crate) all_lines: bool,

    #[command(flatten)]
    pub(crate) common: CommonArgs,
}
