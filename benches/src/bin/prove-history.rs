//! `prove-history REPO...`: compares the history of repositories, all rules, decoders and dresses, with git's own words.
//! Also what is of low confidence counts: more is looked for then.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use keysieve_benches::proof::prove;
use keysieve_engine::Confidence;
use keysieve_engine::policy::Policy;
use keysieve_engine::rule::RuleSet;
use keysieve_engine::scan::ScannerBuilder;

/// So many lines of each sort are printed.
const MOST: usize = 20;

fn main() -> ExitCode {
    let rules = RuleSet::new(keysieve_rules::builtin(), Vec::new());
    let rules = Arc::new(rules.expect("the built-in rules are a valid set"));
    let mut builder = ScannerBuilder::new();
    let policy = Policy {
        min_confidence: Confidence::Low,
        ..Policy::default()
    };
    let scanner = builder
        .decoders(keysieve_unpack::decoders())
        .dresses(keysieve_unpack::dresses())
        .policy(policy)
        .build(rules);
    let mut code = ExitCode::SUCCESS;
    for repository in std::env::args_os().skip(1) {
        match prove(Path::new(&repository), &scanner, 0) {
            Ok(proof) => {
                println!(
                    "{}: {} objects, {} by their deltas, {} findings in {} of them, commits of {} compared: {} differences, \
                     {} ambiguous",
                    Path::new(&repository).display(),
                    proof.objects,
                    proof.derived,
                    proof.findings,
                    proof.holders,
                    proof.attributed,
                    proof.differences.len(),
                    proof.ambiguous.len(),
                );
                for (sort, lines) in [
                    ("difference", &proof.differences),
                    ("ambiguous", &proof.ambiguous),
                ] {
                    for line in lines.iter().take(MOST) {
                        println!("  {sort}: {line}");
                    }
                }
                if !proof.differences.is_empty() {
                    code = ExitCode::FAILURE;
                }
            }
            Err(error) => {
                eprintln!("{}: {error}", Path::new(&repository).display());
                code = ExitCode::FAILURE;
            }
        }
    }
    code
}
