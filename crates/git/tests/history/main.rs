//! Histories, made by git itself in temporary folders and then by hand, walked and attributed.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod changes;
mod damaged;
mod forged;
mod generated;
mod hostile;
mod places;
mod recorder;
mod repository;
mod selection;
mod single;
mod unindexed;

/// Objects as git reads them, by their ids.
type Contents = std::collections::BTreeMap<keysieve_engine::ObjectId, Vec<u8>>;
