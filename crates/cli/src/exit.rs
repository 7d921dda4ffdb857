//! Exit codes: the one place where they are numbers.

use std::process::ExitCode;

/// How a run ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Exit {
    /// All was looked at and nothing was found.
    Clean,
    /// There are findings.
    Findings,
    /// The command line or the configuration is wrong.
    Usage,
    /// The job could not be done: input, output, interruption, an internal error.
    Failed,
    /// Nothing was found, but not all could be looked at.
    Incomplete,
    /// There are findings, and the user chose the code for that.
    Chosen(u8),
}

impl Exit {
    /// The number that the shell sees.
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Clean => 0,
            Self::Findings => 1,
            Self::Usage => 2,
            Self::Failed => 3,
            Self::Incomplete => 4,
            Self::Chosen(code) => code,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// The user's fault: ends with [`Exit::Usage`] instead of [`Exit::Failed`].
#[derive(Debug)]
pub(crate) struct UsageError(pub(crate) String);

impl std::fmt::Display for UsageError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for UsageError {}

/// Shorthand for a [`UsageError`] as `anyhow` carries it.
pub(crate) fn usage(message: impl std::fmt::Display) -> anyhow::Error {
    UsageError(message.to_string()).into()
}
