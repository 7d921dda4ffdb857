//! `keysieve install`.

use std::path::PathBuf;

use clap::Args;

use crate::hook::Hook;

#[derive(Debug, Args)]
pub(crate) struct InstallArgs {
    /// The hook: pre-commit runs `keysieve staged`, pre-push and pre-receive run `keysieve push`
    #[arg(value_name = "HOOK")]
    pub(crate) hook: Hook,
    /// The repository, or a folder in it
    #[arg(value_name = "REPO", default_value = ".")]
    pub(crate) repository: PathBuf,

    /// Take the hook away, and put back what was there before
    #[arg(long)]
    pub(crate) uninstall: bool,
    /// Also where core.hooksPath names a folder that other repositories may share
    #[arg(long)]
    pub(crate) shared: bool,
}
