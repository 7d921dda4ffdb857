//! What every format owes, held against all rows of [`FORMATS`], and what the formats for programs say.

use serde_json::{Value, json};

use super::*;

fn bytes(format: Format, report: &Report, options: &Options<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    format.write(report, options, &mut out).unwrap();
    out
}

fn text(format: Format, report: &Report, options: &Options<'_>) -> String {
    String::from_utf8(bytes(format, report, options)).expect("every format is UTF-8")
}

fn parsed(format: Format, report: &Report, options: &Options<'_>) -> Value {
    serde_json::from_slice(&bytes(format, report, options)).unwrap()
}

/// Every option that shows more, but for `reveal`.
fn everything() -> Options<'static> {
    Options {
        color: true,
        verbose: true,
        sarif_suppressed: true,
        ..sample::options()
    }
}

#[test]
fn the_table_has_every_format_once_in_order() {
    for (i, (format, name, _)) in FORMATS.iter().enumerate() {
        assert_eq!(*format as usize, i);
        assert_eq!(name.parse(), Ok(*format));
    }
    assert_eq!(FORMATS.len(), Format::Html as usize + 1);
    let error = "xml".parse::<Format>().unwrap_err();
    assert_eq!(
        error,
        "unknown format `xml`: use one of human, json, jsonl, sarif, gitlab, junit, csv, markdown, github, html"
    );
}

#[test]
fn no_format_shows_a_secret_unless_asked() {
    let (report, token) = (sample::report(), sample::token());
    // The part of the password that is text, and the token's end, which a careless mask would show.
    let parts = [&token[4..], &token[token.len() - 9..], "ppp", "qqqq"];
    for (format, name, _) in FORMATS {
        let masked = text(*format, &report, &everything());
        for part in parts {
            assert!(!masked.contains(part), "{name} shows {part}");
        }
        let plain = text(
            *format,
            &report,
            &Options {
                reveal: Reveal::Plain,
                ..everything()
            },
        );
        let reveals = ["human", "json", "jsonl", "sarif"].contains(name);
        assert_eq!(plain.contains(&token), reveals, "{name}");
        assert!(reveals || plain == masked, "{name}");
    }
}

#[test]
fn every_format_gives_the_same_bytes_whatever_the_order_of_findings() {
    let mut shuffled = sample::report();
    shuffled.findings.rotate_left(3);
    shuffled.issues.reverse();
    let Report {
        rules,
        findings,
        issues,
        summary,
        past,
        notes,
    } = shuffled;
    let again = Report::new(rules, findings, issues, summary, past, notes);
    for (format, name, _) in FORMATS {
        let (a, b) = (sample::report(), &again);
        assert_eq!(
            text(*format, &a, &everything()),
            text(*format, b, &everything()),
            "{name}"
        );
    }
}

#[test]
fn every_format_writes_a_report_without_findings() {
    for (format, name, _) in FORMATS {
        let text = text(*format, &sample::empty(), &sample::options());
        assert!(text.ends_with('\n'), "{name}");
    }
}

#[test]
fn every_format_says_when_the_scan_is_partial() {
    let mut report = sample::empty();
    (report.summary.complete, report.summary.interrupted) = (false, true);
    for (format, name, _) in FORMATS {
        assert!(
            text(*format, &report, &sample::options()).contains("interrupted"),
            "{name}"
        );
    }
}

#[test]
fn what_the_reader_refuses_is_an_error() {
    struct Closed;
    impl Write for Closed {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    for (format, name, _) in FORMATS {
        let error = format
            .write(&sample::report(), &sample::options(), &mut Closed)
            .unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::BrokenPipe, "{name}");
    }
}

#[test]
fn findings_come_by_path_bytes_then_position() {
    let report = sample::report();
    let places: Vec<_> = report
        .findings
        .iter()
        .map(|r| {
            (
                place::show(&r.finding.origin),
                r.finding.location.start_byte,
            )
        })
        .collect();
    let expected = [
        ("(standard input)", 0),
        (r#"./a \"%\n\u{1b}[1m\'.env"#, 0),
        ("allowed.env", 0),
        (
            if cfg!(unix) {
                r"caf\xe9"
            } else {
                "caf\u{fffd}"
            },
            0,
        ),
        ("config/prod.env", 6),
        ("config/prod.env", 6 + sample::token().len() as u64 + 5),
        ("logs.gz!(gzip)!app.log", 11),
        ("src/\u{1f600} b.py", 13),
        ("utf16.txt", 2),
    ];
    assert!(
        places
            .iter()
            .map(|(place, byte)| (place.as_str(), *byte))
            .eq(expected),
        "{places:?}"
    );
}

#[test]
fn json_has_the_documented_fields() {
    let report = sample::report();
    let document = parsed(Format::Json, &report, &sample::options());
    assert_eq!(document["schema"], "keysieve/1");
    assert_eq!(document["tool"]["command"], "scan");
    assert_eq!(
        document["summary"]["findings"],
        json!({"total": 8, "critical": 6, "high": 1, "medium": 1, "low": 0})
    );
    assert_eq!(
        document["summary"]["suppressed"],
        json!({"inline": 1, "ignore-file": 0, "kind": 0, "floor": 0, "unchanged": 0, "exception": 0, "baseline": 0})
    );
    assert_eq!(
        document["summary"]["repository"],
        json!({"head": "5d".repeat(20), "remote": "https://git.example/owner/name.git"})
    );
    let ids: Vec<_> = document["rules"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| r["id"].as_str().unwrap())
        .collect();
    assert_eq!(ids, ["example-password", "example-token"]);
    assert_eq!(
        document["secrets"][0]["findings"],
        json!([0, 1, 3, 4, 5, 6, 8])
    );

    let findings = document["findings"].as_array().unwrap();
    assert_eq!(findings.len(), 9);
    assert_eq!(findings[0]["path"], Value::Null);
    assert!(findings[0].as_object().unwrap().contains_key("path"));
    assert_eq!(
        findings[2]["suppressed"],
        json!({"by": "inline", "note": "keysieve:allow"})
    );
    assert_eq!(
        findings[6]["inside"],
        json!([{"via": "gzip", "name": ""}, {"via": "tar", "name": "app.log"}])
    );
    assert_eq!(
        findings[6]["start"],
        json!({"line": 2, "column": 6, "byte": 11})
    );
    assert_eq!(findings[7]["pair"]["rule"], "example-token");
    assert_eq!(
        findings[7]["start"],
        json!({"line": 2, "column": 6, "utf16": 7, "byte": 13})
    );
    assert!(findings.iter().all(|f| f.get("secret").is_none()));
    if cfg!(unix) {
        assert_eq!(
            (&findings[3]["path"], &findings[3]["path_base64"]),
            (&json!("caf\u{fffd}"), &json!("Y2Fm6Q=="))
        );
    }
    assert_eq!(
        document["issues"][0],
        json!({"kind": "internal", "message": "a thread ended early"})
    );
    assert_eq!(
        document["issues"][1]["inside"],
        json!([{"via": "gzip", "name": ""}])
    );

    let plain = parsed(
        Format::Json,
        &report,
        &Options {
            reveal: Reveal::Plain,
            ..sample::options()
        },
    );
    assert_eq!(plain["findings"][0]["secret"], sample::token());
    let base64 = data_encoding::BASE64.encode(&sample::password());
    assert_eq!(plain["findings"][7]["secret_base64"], base64);
}

#[test]
fn jsonl_has_the_objects_of_json() {
    let report = sample::report();
    let document = parsed(Format::Json, &report, &sample::options());
    let text = text(Format::Jsonl, &report, &sample::options());
    let mut lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let types: Vec<_> = lines
        .iter_mut()
        .map(|line| line.as_object_mut().unwrap().remove("type").unwrap())
        .collect();
    assert_eq!(types[..9], vec![json!("finding"); 9]);
    assert_eq!(
        types[9..],
        [
            json!("issue"),
            json!("issue"),
            json!("issue"),
            json!("summary")
        ]
    );
    assert_eq!(lines[..9], document["findings"].as_array().unwrap()[..]);
    assert_eq!(lines[9..12], document["issues"].as_array().unwrap()[..]);
    assert_eq!(lines[12]["schema"], "keysieve/1");
    assert_eq!(lines[12]["findings"], document["summary"]["findings"]);
}

fn results(log: &Value) -> &Vec<Value> {
    log["runs"][0]["results"].as_array().unwrap()
}

#[test]
fn sarif_has_what_github_uses() {
    let log = parsed(Format::Sarif, &sample::report(), &sample::options());
    assert_eq!(
        (&log["version"], log["runs"].as_array().unwrap().len()),
        (&json!("2.1.0"), 1)
    );
    let run = &log["runs"][0];
    let driver = &run["tool"]["driver"];
    assert_eq!(
        (&driver["name"], &driver["semanticVersion"]),
        (&json!("keysieve"), &json!(env!("CARGO_PKG_VERSION")))
    );
    assert_eq!(run["automationDetails"]["id"], "keysieve/tree/");
    assert_eq!(run["columnKind"], "utf16CodeUnits");
    assert_eq!(
        run["versionControlProvenance"],
        json!([{
            "repositoryUri": "https://git.example/owner/name.git",
            "revisionId": "5d".repeat(20),
            "mappedTo": {"uriBaseId": "%SRCROOT%"},
        }])
    );

    let rule = &driver["rules"][1];
    assert_eq!(
        (&rule["id"], &rule["name"]),
        (&json!("example-token"), &json!("ExampleToken"))
    );
    assert_eq!(rule["shortDescription"]["text"], "Example access token");
    assert_eq!(
        rule["fullDescription"]["text"],
        "Gives access to an account at Example."
    );
    assert_eq!(rule["defaultConfiguration"]["level"], "error");
    assert_eq!(rule["helpUri"], "https://docs.example/tokens");
    for form in ["text", "markdown"] {
        assert!(
            rule["help"][form]
                .as_str()
                .unwrap()
                .contains("Revoke it at the example console.")
        );
    }
    assert_eq!(
        (
            &rule["properties"]["precision"],
            &rule["properties"]["security-severity"]
        ),
        (&json!("high"), &json!("9.5"))
    );

    for result in results(&log) {
        assert_eq!(
            driver["rules"][result["ruleIndex"].as_u64().unwrap() as usize]["id"],
            result["ruleId"]
        );
        assert!(
            result["partialFingerprints"]["keysieve/v1"]
                .as_str()
                .unwrap()
                .starts_with("ks1:")
        );
        assert!(result.get("suppressions").is_none() && result.get("rank").is_none());
        let region = &result["locations"][0]["physicalLocation"]["region"];
        for field in ["startLine", "startColumn", "endLine", "endColumn"] {
            assert!(region[field].as_u64().unwrap() >= 1, "{result}");
        }
    }
}

#[test]
fn sarif_results_stand_where_the_secret_does() {
    let log = parsed(Format::Sarif, &sample::report(), &sample::options());
    let len = sample::token().len();
    let place = |result: &Value| {
        let physical = &result["locations"][0]["physicalLocation"];
        let at = |field: &str| physical["region"][field].as_u64().unwrap() as usize;
        let uri = physical["artifactLocation"]["uri"]
            .as_str()
            .unwrap()
            .to_owned();
        (
            uri,
            at("startLine"),
            at("startColumn"),
            at("endLine"),
            at("endColumn"),
        )
    };
    let places: Vec<_> = results(&log).iter().map(place).collect();
    let expected = [
        ("stdin", 1, 1, 1, 1 + len),
        ("a%20%22%25%0A%1B%5B1m%27.env", 1, 1, 1, 1 + len),
        (
            if cfg!(unix) { "caf%E9" } else { "caf%EF%BF%BD" },
            1,
            1,
            1,
            1 + len,
        ),
        ("config/prod.env", 1, 7, 1, 7 + len),
        ("config/prod.env", 1, 7 + len + 5, 1, 7 + len + 5 + len),
        ("logs.gz", 1, 1, 1, 1),
        ("src/%F0%9F%98%80%20b.py", 2, 7, 2, 15),
        ("utf16.txt", 1, 3, 1, 3 + len),
    ];
    assert!(
        places
            .iter()
            .map(|(uri, a, b, c, d)| (uri.as_str(), *a, *b, *c, *d))
            .eq(expected),
        "{places:#?}"
    );

    let inner = &results(&log)[5];
    assert_eq!(
        inner["locations"][0]["logicalLocations"][0]["fullyQualifiedName"],
        "logs.gz!(gzip)!app.log"
    );
    assert_eq!(
        inner["properties"]["inside"][1],
        json!({"via": "tar", "name": "app.log"})
    );
    let message = inner["message"]["text"].as_str().unwrap();
    assert!(
        message.contains("'logs.gz!(gzip)!app.log', line 2, column 6."),
        "{message}"
    );

    let paired = &results(&log)[6];
    assert_eq!(paired["relatedLocations"][0]["id"], 1);
    assert_eq!(
        paired["relatedLocations"][0]["physicalLocation"]["region"]["startLine"],
        1
    );
    assert!(
        paired["message"]["text"]
            .as_str()
            .unwrap()
            .contains("[line 1](1)")
    );
    assert_eq!(
        paired["properties"]["tags"],
        json!(["source", "external/cwe/cwe-540"])
    );
    assert_eq!(paired["properties"]["confidence"], "low");
}

#[test]
fn sarif_line_hashes_are_those_of_the_file_and_differ_on_one_line() {
    let report = sample::report();
    let log = parsed(Format::Sarif, &report, &sample::options());
    let hash = |i: usize| {
        results(&log)[i]["partialFingerprints"]
            .get("primaryLocationLineHash")
            .cloned()
    };
    assert_eq!(
        (hash(0), hash(1), hash(2)),
        (None, None, None),
        "no text, no hash"
    );
    let of_file = |path: &str| {
        let text = sample::options()
            .texts
            .text(&Origin::File(path.into()))
            .unwrap();
        line_hash::compute(&text, &(1..=2).collect())
    };
    let first = &of_file("config/prod.env")[&1];
    assert_eq!(
        (hash(3), hash(4)),
        (Some(json!(first)), Some(json!(format!("{first}:2"))))
    );
    assert_eq!(hash(5), Some(json!(of_file("logs.gz")[&1])));
    assert_eq!(hash(6), Some(json!(of_file("src/\u{1f600} b.py")[&2])));
}

#[test]
fn sarif_names_suppressed_findings_only_for_audits() {
    let report = sample::report();
    let log = parsed(
        Format::Sarif,
        &report,
        &Options {
            sarif_suppressed: true,
            ..sample::options()
        },
    );
    assert_eq!(results(&log).len(), 9);
    let why = json!([{"kind": "inSource", "status": "accepted", "justification": "inline: keysieve:allow"}]);
    for (i, result) in results(&log).iter().enumerate() {
        assert_eq!(
            result["suppressions"],
            if i == 2 { why.clone() } else { json!([]) }
        );
    }
}

#[test]
fn sarif_reveals_in_properties_also_what_has_no_lines() {
    let plain = Options {
        reveal: Reveal::Plain,
        ..sample::options()
    };
    let log = parsed(Format::Sarif, &sample::report(), &plain);
    assert_eq!(results(&log)[5]["properties"]["secret"], sample::token());
    let base64 = data_encoding::BASE64.encode(&sample::password());
    assert_eq!(results(&log)[6]["properties"]["secretBase64"], base64);
}

#[test]
fn sarif_notifies_of_every_issue() {
    let mut report = sample::report();
    report.summary.interrupted = true;
    let log = parsed(Format::Sarif, &report, &sample::options());
    let invocation = &log["runs"][0]["invocations"][0];
    assert_eq!(invocation["executionSuccessful"], false);
    let notifications = invocation["toolExecutionNotifications"].as_array().unwrap();
    let of = |field: fn(&Value) -> &Value| notifications.iter().map(field).collect::<Vec<_>>();
    assert_eq!(
        of(|n| &n["descriptor"]["id"]),
        ["interrupted", "internal", "limit", "unreadable"]
    );
    assert_eq!(of(|n| &n["level"]), ["error", "error", "warning", "error"]);
    let uri = &notifications[3]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
    assert_eq!(uri, "private/x%0A%1B%5B2J");

    let clean = parsed(Format::Sarif, &sample::empty(), &sample::options());
    assert_eq!(
        clean["runs"][0]["invocations"][0]["executionSuccessful"],
        true
    );
    assert_eq!(
        (
            results(&clean).len(),
            &clean["runs"][0]["tool"]["driver"]["rules"]
        ),
        (0, &json!([]))
    );
}
