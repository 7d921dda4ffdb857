//! The proof of a history, over repositories that a script makes: git has the last word on every finding.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use keysieve_benches::proof::prove;
use keysieve_engine::rule::{Builtin, RuleFile, RuleSet, compile};
use keysieve_engine::scan::{Scanner, ScannerBuilder};
use tempfile::TempDir;

/// What `odd-places.sh` plants: 30 places.
const RULE: &str = "[[rule]]\nid = 'planted'\nname = 'Planted'\ndescription = 'What the script plants.'\n\
    severity = 'low'\nconfidence = 'high'\nprefixes = ['planted_']\npattern = 'planted_[a-z0-9_-]{16,48}'\n\
    remediation = 'None.'\nsamples = ['planted_{lower-digits:24}']\n";

fn scanner() -> Scanner {
    let rules = RuleFile::parse(RULE).unwrap().rules;
    let rules = rules.into_iter().map(|rule| compile(rule).unwrap());
    let rules = RuleSet::new(&Builtin::NONE, rules.collect()).unwrap();
    ScannerBuilder::new().build(Arc::new(rules))
}

fn odd_places(folder: &Path, hash: &str) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/git/odd-places.sh");
    let output = Command::new("bash")
        .arg(script)
        .arg(folder)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .envs([("SEED", "planted_0123456789abcdef"), ("HASH", hash)])
        .output()
        .expect("bash is installed");
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn a_history_finds_and_says_what_git_does() {
    for hash in ["sha1", "sha256"] {
        let around = TempDir::new().unwrap();
        let folder = around.path().join("repository");
        odd_places(&folder, hash);
        let proof = prove(&folder, &scanner()).unwrap();
        assert_eq!(proof.differences, Vec::<String>::new(), "{hash}");
        assert!(proof.findings >= 30, "{hash}: {proof:?}");
        assert_eq!(proof.attributed, proof.holders, "{hash}");
    }
}
