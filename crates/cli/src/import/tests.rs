use super::*;

fn read(tool: &str, text: &str) -> Result<Vec<Claim>, String> {
    let Tool(_, read) = tool.parse().expect("a tool");
    read(text)
}

fn places(tool: &str, text: &str) -> Vec<(String, Option<u64>)> {
    let claims = read(tool, text).unwrap_or_else(|e| panic!("{tool}: {e}"));
    claims.into_iter().map(|c| (c.path, c.line)).collect()
}

#[test]
fn a_baseline_in_yaml_is_read_by_its_lines() {
    let text = "version: 2\nfingerprint_algorithm: kingfisher-v1\nrepositories:\n- id: local:///x\n  findings:\n  \
                - path: 'it''s: a.env'\n    fingerprint: '1'\n    line: 4\n    first_seen_at: 2026-01-01T00:00:00Z\n  \
                - path: \"b\\tc\"\n    fingerprint: '2'\n    line: 5\n";
    let expected = [
        ("it's: a.env".to_owned(), Some(4)),
        ("b\tc".to_owned(), Some(5)),
    ];
    assert_eq!(places("kingfisher", text), expected);
    let first =
        "ExactFindings:\n  matches:\n  - filepath: a\n    fingerprint: '1'\n    linenum: 7\n";
    assert_eq!(places("kingfisher", first), [("a".to_owned(), Some(7))]);
}

#[test]
fn trufflehogs_log_is_passed_over() {
    let text = "{\"level\":\"info\",\"msg\":\"running\"}\n\n{\"SourceMetadata\":{\"Data\":{\"Git\":{\"commit\":\"c\",\
                \"file\":\"a.py\",\"line\":3}}},\"DetectorName\":\"Acme\",\"Raw\":\"x\",\"RawV2\":\"\"}\n";
    assert_eq!(places("trufflehog", text), [("a.py".to_owned(), Some(3))]);
}

#[test]
fn what_stands_in_an_archive_is_named_by_the_archive() {
    let text = "[{\"File\":\"a.zip!b/c\",\"StartLine\":9,\"Secret\":\"REDACTED\"}]";
    assert_eq!(places("gitleaks", text), [("a.zip".to_owned(), Some(1))]);
    assert!(places("gitleaks", "[]").is_empty());
}

#[test]
fn an_error_quotes_nothing() {
    let word = "hush";
    for (tool, _) in TOOLS {
        for text in [
            format!("\"{word}\""),
            format!("{{\"results\":\"{word}\",\"findings\":\"{word}\"}} {word}"),
            format!("version: 2\nline: {word}\n"),
            format!(
                "{{\"results\":{{\"a\":[{{\"hashed_secret\":\"{word}\"}}]}}, \"findings\": 1}}"
            ),
        ] {
            if let Err(error) = read(tool, &text) {
                assert!(!error.contains(word), "{tool}: {error}");
            } else {
                assert_eq!(*tool, "trufflehog", "{text}");
            }
        }
    }
}

#[test]
fn a_part_of_a_value_is_the_value_if_it_is_long() {
    let long = b"0123456789abcdefghij";
    assert!(is_same(long, long) && is_same(&long[2..18], long) && is_same(long, &long[2..18]));
    assert!(!is_same(&long[..15], long) && !is_same(b"", long));
    assert!(is_same(b"short", b"short"));
}
