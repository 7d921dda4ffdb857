//! The audit log: what was found, stopped, allowed and taken back, one event a line, in a file that only grows.
//!
//! It holds no value of a secret, only fingerprints. Each line names the SHA-256 of the line before ([`chain`]), so that
//! whoever changes, takes out or moves a line breaks what follows. [`log`] writes it, also beside other writers and after
//! one that was killed; [`events`] says what of a scan is an event; [`ocsf`] is another dress for the same events.
//! `docs/audit.md` documents the fields.

use clap::ValueEnum;
use serde::Deserialize;

mod chain;
mod events;
mod log;
mod ocsf;

pub(crate) use chain::{Verified, verify};
pub(crate) use events::{Kind, of_exception, of_report};
pub(crate) use log::Log;

/// How an event is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum AuditFormat {
    /// An object of the fields that `docs/audit.md` lists.
    #[default]
    Jsonl,
    /// A Detection Finding (class 2004) of the Open Cybersecurity Schema Framework, with those fields as `unmapped`.
    Ocsf,
}

impl AuditFormat {
    /// The name in settings.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Jsonl => "jsonl",
            Self::Ocsf => "ocsf",
        }
    }
}
