//! The built-in rules of keysieve, and the means to test rules.
//!
//! The rules are TOML in `builtin/`, one file a provider; the build script compiles them into [`builtin`]. No rule file
//! holds a token: a rule's samples are templates ([`sample`]) that expand to as many correct values as [`trial`] wants.

pub mod sample;
pub mod trial;

use keysieve_engine::rule::Rule;

mod tables {
    use keysieve_engine::checks::checksum::Scheme;
    use keysieve_engine::rule::{
        Boundary, ByteSet, CheckName, KindRank, Lazy, Missing, Requires, Rule, Shape, Text, Tier,
        Why,
    };
    use keysieve_engine::{Confidence, FileKind, Severity};

    include!(concat!(env!("OUT_DIR"), "/builtin.rs"));
}

/// Every built-in rule, sorted by id.
pub fn builtin() -> &'static [Rule] {
    &tables::RULES
}
