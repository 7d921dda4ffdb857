//! The engine of keysieve: bytes in, findings out.
//!
//! It knows rules, candidates, checks and policy. It must not know git, containers, terminals or flags: those live in
//! `keysieve-git`, `keysieve-unpack` and the `keysieve` program. The pass of the data is in [`scan`], to be read from
//! top to bottom.
//!
//! ```
//! use std::sync::{Arc, Mutex, atomic::AtomicBool};
//!
//! use keysieve_engine::policy::Verdict;
//! use keysieve_engine::rule::{Builtin, RuleFile, RuleSet, compile};
//! use keysieve_engine::scan::ScannerBuilder;
//! use keysieve_engine::source::Visitor;
//! use keysieve_engine::{Blob, Finding, Issue, Origin, Sink};
//!
//! /// Keeps the line of each finding.
//! #[derive(Default)]
//! struct Lines(Mutex<Vec<u64>>);
//!
//! impl Sink for Lines {
//!     fn finding(&self, finding: Finding, _: Verdict) -> std::io::Result<()> {
//!         self.0.lock().unwrap().push(finding.location.start.line);
//!         Ok(())
//!     }
//!     fn issue(&self, issue: Issue) {
//!         panic!("{}", issue.message);
//!     }
//! }
//!
//! let mut file = RuleFile::parse(r#"
//!     [[rule]]
//!     id = "acme-key"
//!     name = "ACME key"
//!     description = "Opens the ACME interface."
//!     severity = "high"
//!     confidence = "high"
//!     prefixes = ["acme_"]
//!     pattern = "acme_[a-z]{20}"
//!     remediation = "Revoke it in the ACME console."
//!     samples = ["acme_{lower:20}"]
//! "#)?;
//! let rules = RuleSet::new(&Builtin::NONE, vec![compile(file.rules.remove(0))?])?;
//! let scanner = ScannerBuilder::new().build(Arc::new(rules));
//!
//! let (lines, interrupt) = (Lines::default(), AtomicBool::new(false));
//! let session = scanner.session(&lines, &interrupt);
//! let text = format!("first line\nkey = acme_{}\n", "kqxvbzjwpfmyhgtdnrls");
//! let _ = session.scan().blob(Blob::whole(text.as_bytes(), Arc::new(Origin::Stdin)));
//! assert_eq!(*lines.0.lock().unwrap(), [2]);
//! # Ok::<(), keysieve_engine::rule::Error>(())
//! ```

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
mod dress;
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
mod view;

pub use blob::{Blob, Flow, Window};
pub use context::Context;
pub use decode::{Budget, Decoder};
pub use dress::{Dress, MAX_PIECE, Piece};
pub use evidence::{Evidence, Reason};
pub use finding::{Finding, Pair};
pub use fingerprint::{Fingerprint, Fingerprinter, LazyFingerprint, NoFingerprint};
pub use issue::{Issue, IssueKind};
pub use kind::FileKind;
pub use location::{LineIndex, Location, Position};
pub use origin::{MessageOf, ObjectId, Origin};
pub use rank::{Confidence, Severity};
pub use secret::Secret;
pub use sink::Sink;
pub use span::Span;
pub use stats::{Counts, Skip, Stats, Tally};
