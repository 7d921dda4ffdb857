//! The built-in rules of keysieve, and the means to test rules.
//!
//! The rules are TOML in `builtin/`, one file a provider; the build script compiles them into [`builtin`]. No rule file
//! holds a token: a rule's samples are templates ([`sample`]) that expand to as many correct values as [`trial`] wants.

pub mod sample;
pub mod trial;

use keysieve_engine::rule::Builtin;

mod tables {
    use keysieve_engine::checks::checksum::Scheme;
    use keysieve_engine::rule::{
        Boundary, Builtin, ByteSet, CheckName, KindRank, Lazy, Literal, Missing, Op, Requires,
        Role, Rule, RuleIndex, Shape, Take, Text, Tier, Use, Why,
    };
    use keysieve_engine::{Confidence, FileKind, Severity};

    include!(concat!(env!("OUT_DIR"), "/builtin.rs"));
}

/// The built-in rules, sorted by id, as a set that was made when the program was built.
pub fn builtin() -> &'static Builtin {
    &tables::BUILTIN
}

/// The provider of a built-in rule: its file is `builtin/<provider>.toml`. `None` for any other id.
pub fn provider(id: &str) -> Option<&'static str> {
    let at = builtin().rules.binary_search_by(|rule| (*rule.id).cmp(id));
    Some(tables::PROVIDERS[at.ok()?])
}
