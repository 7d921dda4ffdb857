//! Every candidate has an explanation, and it is that of the scan.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use keysieve_engine::policy::{SuppressedBy, Verdict};
use keysieve_engine::prefilter::Oracle;
use keysieve_engine::rule::{Builtin, RuleFile, RuleSet, compile};
use keysieve_engine::scan::{Considered, Explainer, Outcome, ScannerBuilder};
use keysieve_engine::source::Visitor;
use keysieve_engine::{Blob, Confidence, Finding, Issue, Origin, Reason, Sink};

const RULES: &str = r#"
[[rule]]
id = "acme-token"
name = "n"
description = "d"
severity = "high"
confidence = "high"
prefixes = ["acme_"]
pattern = "acme_[a-z0-9]{20}"
remediation = "r"
samples = ["s"]

[[rule]]
id = "acme-key"
name = "n"
description = "d"
severity = "high"
confidence = "medium"
keywords = ["acme_key"]
value = "[A-Za-z0-9_]{20,40}"
remediation = "r"
samples = ["s"]

[[rule]]
id = "acme-pair"
name = "n"
description = "d"
severity = "high"
confidence = "medium"
keywords = ["acme_half"]
value = "[a-z0-9]{20}"
requires = { rule = "acme-token", lines = 1, missing = "drop" }
remediation = "r"
samples = ["s"]

[[rule]]
id = "acme-file"
name = "n"
description = "d"
severity = "high"
confidence = "medium"
keywords = ["acme_file"]
value = "[a-z0-9]{20}"
path = ["*.conf"]
remediation = "r"
samples = ["s"]
"#;

/// Drops everything: what is asked about is in the explanation.
struct Nowhere;

impl Sink for Nowhere {
    fn finding(&self, _: Finding, _: Verdict) -> io::Result<()> {
        Ok(())
    }
    fn issue(&self, issue: Issue) {
        panic!("{}", issue.message);
    }
}

/// Rule and candidate, in the order of the text.
fn explain(text: &str, explainer: Explainer) -> Vec<(String, Considered)> {
    let specs = RuleFile::parse(RULES).unwrap().rules.into_iter();
    let rules = RuleSet::new(&Builtin::NONE, specs.map(|s| compile(s).unwrap()).collect()).unwrap();
    let scanner = ScannerBuilder::new().build_with::<Oracle>(Arc::new(rules));
    let interrupt = AtomicBool::new(false);
    let session = scanner.session(&Nowhere, &interrupt).explained(&explainer);
    let blob = Blob::whole(text.as_bytes(), Arc::new(Origin::Stdin));
    let _ = session.scan().blob(blob);
    let (considered, left_out) = explainer.into_considered();
    assert_eq!(left_out, 0);
    let named = |c: Considered| (scanner.rules().rule(c.rule).id.to_string(), c);
    considered.into_iter().map(named).collect()
}

/// Twenty characters as random as they come.
const VALUE: &str = "k3v8z1x9b2r7q5w4m6t0";

fn only(text: &str) -> (String, Considered) {
    let mut all = explain(text, Explainer::new());
    assert_eq!(all.len(), 1, "{all:?}");
    all.remove(0)
}

#[test]
fn a_finding_comes_with_its_verdict() {
    let (rule, found) = only(&format!("x = acme_{VALUE}\n"));
    assert_eq!((&*rule, &*found.literal), ("acme-token", "acme_"));
    let Outcome::Finding(finding, Verdict::Report) = found.outcome else {
        panic!("{found:?}")
    };
    assert_eq!(finding.confidence, Confidence::High);
    assert_eq!(finding.location, found.location);
    let (_, found) = only(&format!("x = acme_{VALUE} # keysieve:allow\n"));
    let Outcome::Finding(_, Verdict::Suppressed(suppression)) = found.outcome else {
        panic!("{found:?}")
    };
    assert_eq!(suppression.by, SuppressedBy::Inline);
}

#[test]
fn what_was_not_found_says_why() {
    let (rule, found) = only("x = acme_tooshort\n");
    assert!(
        matches!(found.outcome, Outcome::NoMatch),
        "{rule} {found:?}"
    );
    assert_eq!((found.location.start_byte, found.location.end_byte), (4, 9));

    let (rule, found) = only(&format!("acme_file = {VALUE}\n").replace("acme_file", "ACME_FILE"));
    assert_eq!(rule, "acme-file");
    assert!(matches!(found.outcome, Outcome::OtherPath), "{found:?}");

    let stars = "a".repeat(20);
    let (rule, found) = only(&format!("ACME_KEY = {stars}\n"));
    assert_eq!(rule, "acme-key");
    assert!(
        matches!(found.outcome, Outcome::Rejected(_, Reason::Regular)),
        "{found:?}"
    );
    assert!(!format!("{found:?}").contains(&stars));

    let (rule, found) = only(&format!("ACME_HALF = {VALUE}\n"));
    assert_eq!(rule, "acme-pair");
    assert!(matches!(found.outcome, Outcome::HalfAlone(_)), "{found:?}");
}

#[test]
fn the_more_specific_rule_is_named() {
    let all = explain(&format!("ACME_KEY = acme_{VALUE}\n"), Explainer::new());
    let ids: Vec<&str> = all.iter().map(|(rule, _)| &**rule).collect();
    assert_eq!(ids.len(), 2, "{all:?}");
    let of = |id: &str| &all.iter().find(|(rule, _)| rule == id).unwrap().1;
    let Outcome::Overlapped(_, by) = of("acme-key").outcome else {
        panic!("{all:?}")
    };
    assert_eq!(by, of("acme-token").rule);
    assert!(matches!(of("acme-token").outcome, Outcome::Finding(..)));
}

#[test]
fn one_line_can_be_asked_about() {
    let text = format!("acme_a\nx = acme_{VALUE}\nacme_b\nACME_KEY =\\\n  {VALUE}\n");
    let lines = |line| -> Vec<u64> {
        let all = explain(&text, Explainer::of_line(line));
        all.iter().map(|(_, c)| c.location.start.line).collect()
    };
    assert_eq!(lines(2), [2]);
    assert_eq!(lines(3), [3]);
    assert_eq!(lines(9), [0u64; 0]);
}
