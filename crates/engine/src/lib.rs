//! The engine of keysieve: bytes in, findings out.
//!
//! It knows rules, candidates, checks and policy. It must not know git, containers, terminals or flags: those live in
//! `keysieve-git`, `keysieve-unpack` and the `keysieve` program. The pass of the data is in [`scan`], to be read from
//! top to bottom.

pub mod checks;
pub mod policy;
pub mod prefilter;
pub mod rule;
pub mod scan;
pub mod source;
pub mod verify;

mod blob;
mod context;
mod decode;
mod evidence;
mod finding;
mod fingerprint;
mod issue;
mod kind;
mod location;
mod origin;
mod rank;
mod secret;
mod sink;
mod span;
mod stats;

pub use blob::{Blob, Flow, Window};
pub use context::Context;
pub use decode::{Budget, Decoder};
pub use evidence::{Evidence, Reason};
pub use finding::{Finding, Pair};
pub use fingerprint::{Fingerprint, Fingerprinter};
pub use issue::{Issue, IssueKind};
pub use kind::FileKind;
pub use location::{LineIndex, Location, Position};
pub use origin::Origin;
pub use rank::{Confidence, Severity};
pub use secret::Secret;
pub use sink::Sink;
pub use span::Span;
pub use stats::{Counts, Skip, Stats};
