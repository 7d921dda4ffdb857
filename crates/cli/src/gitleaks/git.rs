//! History, and what is staged or changed.

use super::Failure;
use super::run::Run;

impl Run<'_> {
    /// Scans what the commits of a repository added.
    pub(super) fn history(&self, _log_opts: &str, _platform: &str) -> Result<u8, Failure> {
        Err("not yet".into())
    }

    /// Scans what is staged, or what differs from the index.
    pub(super) fn diff(&self, _staged: bool) -> Result<u8, Failure> {
        Err("not yet".into())
    }
}
