//! Where findings go.

use std::io;

use crate::policy::Verdict;
use crate::{Finding, Issue};

/// Receives what a scan produces, from many threads and in no order. A reporter sorts: the same input gives the same
/// report whatever the number of threads.
pub trait Sink: Sync {
    /// One finding with what the policy says of it.
    ///
    /// # Errors
    ///
    /// When it could not be kept or written; the scan stops.
    fn finding(&self, finding: Finding, verdict: Verdict) -> io::Result<()>;

    /// Something went wrong; the scan goes on.
    fn issue(&self, issue: Issue);
}
