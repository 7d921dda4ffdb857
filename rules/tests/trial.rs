//! Every built-in rule on trial. `keysieve rules test` does the same with more expansions.

use std::sync::Arc;

use keysieve_engine::rule::RuleSet;
use keysieve_rules::{builtin, trial};

#[test]
fn every_rule_finds_its_samples_and_no_near_miss() {
    let all = RuleSet::new(builtin(), Vec::new()).expect("the rules make one set");
    let mut failures = Vec::new();
    for rule in builtin().rules {
        let alone = trial::alone(builtin(), Vec::new(), &all, &rule.id).expect("it is there");
        let outcome = trial::try_rule(Arc::new(alone), 8);
        let failed = outcome.failures.into_iter();
        failures.extend(failed.map(|f| format!("{}: {} in {}", rule.id, f.problem, f.template)));
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn the_rules_make_one_set() {
    let rules = RuleSet::new(builtin(), Vec::new())
        .expect("no id stands twice and each other half is there");
    assert_eq!(rules.rules().count(), builtin().rules.len());
}

#[test]
fn every_rule_tells_what_to_do_and_where_to_read_on() {
    for rule in builtin().rules {
        assert!(
            rule.remediation.len() > 20,
            "{}: the remediation is too short to help",
            rule.id
        );
        assert!(!rule.near_misses.is_empty(), "{}: no near miss", rule.id);
        let docs = rule.docs.as_deref().unwrap_or("https://");
        assert!(docs.starts_with("https://"), "{}: {docs}", rule.id);
    }
}
