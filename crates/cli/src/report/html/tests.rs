//! The page as a program sees it; `.ci/html` looks at it in a browser.

use std::sync::Arc;

use keysieve_engine::{ObjectId, Origin};

use super::*;
use crate::report::{Commit, Past, sample};

fn page(report: &Report) -> String {
    let mut out = Vec::new();
    write(report, &sample::options(), &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// A report of a history whose paths and people try to become markup.
fn hostile() -> Report {
    let id = ObjectId::new(&[7; 20]).unwrap();
    let script = "</script></style><img src=x onerror=alert(1)>";
    let mut report = sample::report();
    let commit = Commit {
        id,
        author: format!("\"'{script}"),
        email: script.to_owned(),
        seconds: 1_700_000_000,
        subject: format!("{script}-->"),
    };
    let provenance = Provenance {
        paths: Vec::new(),
        has_more_paths: false,
        introduced: Some(commit.clone()),
        removed: Some(commit),
        head_paths: Vec::new(),
        in_head: false,
        refs: Vec::new(),
        more_refs: 0,
        reach: "ref".to_owned(),
    };
    for reported in &mut report.findings {
        reported.finding.origin = Arc::new(Origin::Blob {
            id,
            path: Some(script.into()),
            moved: false,
        });
        reported.finding.context.line = script.to_owned();
    }
    report.issues[0].message = script.to_owned();
    report.notes = vec![script.to_owned()];
    report.past = Past::new([(id, provenance)]);
    report
}

#[test]
fn nothing_from_outside_becomes_markup() {
    let page = page(&hostile());
    assert!(!page.contains("<img") && !page.contains("-->"), "{page}");
    let open = |tag: &str| page.matches(&format!("<{tag}>")).count();
    let close = |tag: &str| page.matches(&format!("</{tag}>")).count();
    for (tag, times) in [("script", 2), ("style", 1)] {
        assert_eq!((open(tag), close(tag)), (times, times), "{tag}");
    }
    assert!(page.contains("&lt;/script&gt;&lt;/style&gt;&lt;img src=x onerror=alert(1)&gt;"));
    assert!(page.contains("<title>2023-11-14: 8</title>"), "{page}");
}

#[test]
fn the_policy_allows_what_is_in_the_page_and_nothing_else() {
    // A browser reads CRLF as LF, and would find another hash.
    assert!(!STYLE.contains('\r') && !SCRIPT.contains('\r'));
    let page = page(&sample::report());
    let hashes = |start: &str, end: &str| {
        let parts = page.split(start).skip(1);
        let hashes = parts.map(|part| hash(part.split(end).next().unwrap()));
        hashes.collect::<Vec<_>>().join(" ")
    };
    let policy = format!(
        "default-src 'none'; script-src {}; style-src {}; base-uri 'none'; form-action 'none'",
        hashes("<script>", "</script>"),
        hashes("<style>", "</style>")
    );
    assert!(page.contains(&format!("content=\"{policy}\"")));
    for needs in [
        " src=",
        " style=",
        "url(",
        "@import",
        "<link",
        "innerHTML",
        " onclick",
    ] {
        assert!(!page.contains(needs), "{needs}");
    }
}

#[test]
fn each_secret_stands_once_with_all_its_places() {
    let page = page(&sample::report());
    assert_eq!(page.matches("<tbody class=\"secret\"").count(), 2);
    assert_eq!(page.matches("<tr class=\"reported\">").count(), 8);
    assert_eq!(page.matches("<tr class=\"suppressed\">").count(), 1);
    assert!(page.contains("<h1>keysieve: 8 findings of 2 secrets</h1>"));
    assert!(page.contains("</code> in 8 places</small>"));
    for title in [
        "critical: 6",
        "high: 1",
        "medium: 1",
        "example-token: 7",
        "log: 1",
    ] {
        assert!(page.contains(&format!("<title>{title}</title>")), "{title}");
    }
    for said in [
        "Revoke it at the example console.",
        "<a href=\"https://docs.example/tokens\"",
        "permission denied",
        "<th scope=\"row\">placeholder</th><td>7</td>",
        "inline: keysieve:allow",
        "git.example/owner/name.git",
    ] {
        assert!(page.contains(said), "{said}");
    }
}

#[test]
fn the_least_important_of_very_many_has_no_room() {
    let report = sample::many(ROWS + 10);
    let mut out = Vec::new();
    let left_out = write(&report, &sample::options(), &mut out).unwrap();
    let page = String::from_utf8(out).unwrap();
    assert_eq!(left_out, 10);
    assert_eq!(page.matches("<tr class=\"reported\">").count(), ROWS);
    assert!(page.contains("10 more findings, the least important, had no room."));
    let total = (ROWS + 10) as u64;
    assert!(page.contains(&format!("<title>example-token: {total}</title>")));
}
