//! The commands: each wires the parts together and decides the exit code. A loop that computes belongs a crate lower.

pub(crate) mod audit;
pub(crate) mod baseline;
pub(crate) mod config;
pub(crate) mod exception;
mod explain;
pub(crate) mod history;
pub(crate) mod install;
mod migrate;
pub(crate) mod push;
pub(crate) mod report;
pub(crate) mod rules;
pub(crate) mod scan;
pub(crate) mod staged;
