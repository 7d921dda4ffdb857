//! Scans as gitleaks 8 does, for teams whose configuration, ignore files, baselines and reports are gitleaks'.
//!
//! It knows gitleaks' configuration ([`Config`]), what text it sees ([`source`]), what it finds there ([`Detector`]) and
//! what it leaves out ([`Ignores`], [`Baseline`]). It must not know flags, terminals or report formats, which are the
//! program's. The rules that are built into keysieve are not here either; the program runs them beside a [`Detector`].
//!
//! gitleaks runs each expression over all text, in Go. The same result is had here for a small part of the work: the
//! expressions are analysed, and run only where they can match (`pattern`).
//!
//! ```
//! use keysieve_gitleaks::{Config, Detector, Fragment, Options, Scratch};
//!
//! let config = Config::parse(r#"
//!     [[rules]]
//!     id = "acme"
//!     regex = '''acme_([a-z]{8})\b'''
//!     keywords = ["acme_"]
//! "#)?;
//! let detector = Detector::new(config, Options::default())?;
//! let fragment = Fragment { text: b"one\nkey = acme_kqxvbzjw\n", first_line: 1, ..Fragment::default() };
//! let findings = detector.detect(&fragment, &mut Scratch::default());
//! assert_eq!((findings[0].start_line, &findings[0].secret[..]), (2, &b"kqxvbzjw"[..]));
//! # Ok::<(), keysieve_gitleaks::Error>(())
//! ```

mod baseline;
mod config;
mod decode;
mod detector;
mod finding;
mod glance;
mod ignore;
mod keyword;
mod link;
mod location;
mod pattern;
pub mod source;
mod words;

pub use baseline::Baseline;
pub use config::{Allowlist, Config, Error, Required, Rule, Target};
pub use detector::{Detector, Options, Scratch};
pub use finding::{Commit, Finding, Fragment, entropy};
pub use glance::{Glance, GlanceScratch, Prospect, REACH};
pub use ignore::Ignores;
pub use link::{Platform, Remote};
pub use pattern::{Error as PatternError, Native, Pattern};
