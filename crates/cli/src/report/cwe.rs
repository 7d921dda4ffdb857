//! Weaknesses by their numbers in the Common Weakness Enumeration.

use keysieve_engine::FileKind;
use keysieve_engine::rule::Rule;

/// What a hard-coded credential is where the rule says nothing narrower.
const HARD_CODED: u32 = 798;

/// The weaknesses that a finding of this rule is: those that its tags name, or that of any hard-coded credential.
pub(super) fn of_rule(rule: &Rule) -> Vec<u32> {
    let mut cwes: Vec<u32> = rule.tags.iter().filter_map(|tag| number(tag)).collect();
    if cwes.is_empty() {
        cwes.push(HARD_CODED);
    }
    cwes
}

/// The weakness that a secret in a file of this kind is beside being hard-coded.
pub(super) fn of_kind(kind: FileKind) -> Option<u32> {
    match kind {
        // Inclusion of sensitive information in source code.
        FileKind::Source | FileKind::Generated | FileKind::Notebook => Some(540),
        // Inclusion of sensitive information in test code.
        FileKind::TestFixture => Some(531),
        // Password in configuration file.
        FileKind::Config | FileKind::AgentConfig => Some(260),
        // Insertion of sensitive information into log file.
        FileKind::Log => Some(532),
        // Cleartext storage of sensitive information.
        FileKind::Transcript => Some(312),
        _ => None,
    }
}

/// The number in a tag such as `cwe-798`.
pub(super) fn number(tag: &str) -> Option<u32> {
    tag.to_ascii_lowercase().strip_prefix("cwe-")?.parse().ok()
}
