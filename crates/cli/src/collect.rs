//! Gathers what the threads of a scan produce, for the report at its end.

use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

use keysieve_engine::policy::Verdict;
use keysieve_engine::{Finding, Issue, Sink};

use crate::report::Reported;

/// A sink that keeps everything.
#[derive(Debug, Default)]
pub(crate) struct Collector {
    findings: Mutex<Vec<Reported>>,
    issues: Mutex<Vec<Issue>>,
}

impl Collector {
    /// What was gathered.
    pub(crate) fn into_parts(self) -> (Vec<Reported>, Vec<Issue>) {
        let findings = self
            .findings
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        let issues = self
            .issues
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        (findings, issues)
    }
}

impl Sink for Collector {
    fn finding(&self, finding: Finding, verdict: Verdict) -> io::Result<()> {
        lock(&self.findings).push(Reported { finding, verdict });
        Ok(())
    }

    fn issue(&self, issue: Issue) {
        lock(&self.issues).push(issue);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
