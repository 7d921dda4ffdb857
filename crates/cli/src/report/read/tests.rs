//! Reports come back from JSON as they were, and nothing else comes back.

use std::path::Path;

use keysieve_git::Fate;

use super::super::{Diff, DiffFormat, FORMATS, Format, Options, Texts, sample};
use super::*;

/// As `keysieve report` converts: without the texts of files.
struct NoTexts;

impl Texts for NoTexts {
    fn text(&self, _: &Origin) -> Option<Vec<u8>> {
        None
    }

    fn fate(&self, _: usize, _: &Path) -> Fate {
        Fate::Stays
    }
}

fn bytes(format: Format, report: &Report) -> Vec<u8> {
    let options = Options {
        verbose: true,
        sarif_suppressed: true,
        texts: &NoTexts,
        ..sample::options()
    };
    let mut out = Vec::new();
    format.write(report, &options, &mut out).unwrap();
    out
}

fn setting() -> Setting {
    Setting {
        directory: sample::summary().directory,
        time: Timestamp::UNIX_EPOCH,
    }
}

fn read(json: &[u8]) -> Result<Report, String> {
    read_all(&[json])
}

fn read_all(documents: &[impl AsRef<[u8]>]) -> Result<Report, String> {
    let mut reader = Reader::new(setting());
    for json in documents {
        reader.add(json.as_ref()).map_err(|e| e.to_string())?;
    }
    reader.finish()
}

/// The hand-made report, as of a scan of files.
fn of_files() -> Report {
    Report {
        past: Past::default(),
        ..sample::report()
    }
}

/// The same as of a history: half of it committed once and gone, the rest still there, one of it a message.
fn of_history() -> Report {
    let mut report = of_files();
    let id = |i: usize| ObjectId::new(&[i as u8; 32]).unwrap();
    let mut past = Vec::new();
    for (i, reported) in report.findings.iter_mut().enumerate() {
        reported.finding.origin = Arc::new(match i {
            0 => Origin::Message {
                of: MessageOf::Tag,
                id: id(i),
            },
            1 => Origin::Commit {
                commit: id(100),
                path: "a b".into(),
                blob: id(i),
            },
            _ => Origin::Blob {
                id: id(i),
                path: Some(format!("{i}.env").into()).filter(|_| i != 2),
                moved: false,
            },
        });
        let commit = |byte, seconds| Commit {
            id: id(byte),
            author: "Ann \u{1b}[31m".to_owned(),
            email: "ann@example.com".to_owned(),
            seconds,
            subject: "</script><img onerror>".to_owned(),
        };
        let provenance = Provenance {
            paths: vec![format!("{i}.env").into()],
            has_more_paths: i == 3,
            introduced: Some(commit(50 + i, 1_700_000_000 + i as i64)),
            removed: (i % 2 == 0).then(|| commit(70, -5)),
            head_paths: Vec::new(),
            in_head: i % 2 == 1,
            refs: vec!["refs/heads/main".to_owned()],
            more_refs: i,
            reach: "ref".to_owned(),
        };
        past.push((id(i), provenance));
    }
    report.past = Past::new(past);
    let Report {
        rules,
        findings,
        issues,
        summary,
        past,
        notes,
    } = report;
    Report::new(rules, findings, issues, summary, past, notes)
}

#[test]
fn every_format_says_the_same_of_a_report_that_was_read() {
    for report in [sample::empty(), of_files(), of_history()] {
        let again = read(&bytes(Format::Json, &report)).unwrap();
        for (format, name, _) in FORMATS {
            let (a, b) = (bytes(*format, &report), bytes(*format, &again));
            let text = |bytes| String::from_utf8(bytes).unwrap();
            assert!(a == b, "{name}:\n{}\n\n{}", text(a), text(b));
        }
    }
}

#[test]
fn values_are_not_taken_over() {
    let options = Options {
        reveal: super::super::Reveal::Plain,
        ..sample::options()
    };
    let mut json = Vec::new();
    Format::Json
        .write(&of_files(), &options, &mut json)
        .unwrap();
    let again = read(&json).unwrap();
    let mut out = Vec::new();
    Format::Json.write(&again, &options, &mut out).unwrap();
    let has_token = |json: Vec<u8>| String::from_utf8(json).unwrap().contains(&sample::token());
    assert!(has_token(json) && !has_token(out));
}

#[test]
fn what_is_cut_off_or_changed_is_an_error_or_a_report() {
    let json = bytes(Format::Json, &of_history());
    for end in (0..json.len() - 2).step_by(97) {
        assert!(read(&json[..end]).is_err(), "{end}");
    }
    // A changed byte may give another report, but nothing that cannot be written.
    let mut reports = 0;
    for at in (0..json.len()).step_by(131) {
        let mut changed = json.clone();
        changed[at] = b"0\"-z}\\"[at % 6];
        if let Ok(report) = read(&changed) {
            reports += 1;
            for (format, ..) in FORMATS {
                bytes(*format, &report);
            }
        }
    }
    assert!(reports > 0);
}

#[test]
fn errors_say_what_is_wrong() {
    let json = String::from_utf8(bytes(Format::Json, &of_files())).unwrap();
    let deep = format!(
        "\"inside\": [{}",
        r#"{"via": "gzip", "name": ""},"#.repeat(100)
    );
    for (from, to, says) in [
        ("keysieve/1", "keysieve/2", "its schema is \"keysieve/2\""),
        (
            "\"by\": \"inline\"",
            "\"by\": \"magic\"",
            "`magic` means nothing",
        ),
        ("\"symlink\"", "\"wormhole\"", "`wormhole` means nothing"),
        ("\"via\": \"tar\"", "\"via\": \"<b>\"", "`<b>` is no name"),
        (
            "\"kind\": \"config\"",
            "\"kind\": \"soup\"",
            "unknown variant `soup`",
        ),
        (
            "\"masked\": \"exa_",
            "\"masked\": \"\\u001bexa_",
            "is no mask",
        ),
        (
            "\"fingerprint\": \"ks1:",
            "\"fingerprint\": \"ks9:",
            "a fingerprint is",
        ),
        (
            "\"rule\": \"example-token\",\n      \"name\"",
            "\"rule\": \"x\",\n      \"name\"",
            "rule `x`",
        ),
        ("\"inside\": [", &deep, "more than 64 containers"),
        ("\"path\": null,", "", "has no `path`"),
        ("\"files\": 8", "\"files\": -8", "line"),
    ] {
        assert!(json.contains(from), "{from}");
        let error = read(json.replace(from, to).as_bytes()).unwrap_err();
        assert!(error.contains(says), "{error}");
    }
    let error = read(&b"[".repeat(100_000)).unwrap_err();
    assert!(error.contains("no JSON report"), "{error}");
}

#[test]
fn what_a_document_says_of_a_finding_can_stand_before_its_rules() {
    let json = bytes(Format::Json, &of_files());
    let value = |json: &[u8]| serde_json::from_slice::<serde_json::Value>(json).unwrap();
    let mut sorted = value(&json);
    sorted.sort_all_objects();
    let text = sorted.to_string();
    assert!(text.find("\"findings\"").unwrap() < text.find("\"rules\"").unwrap());
    let again = read(text.as_bytes()).unwrap();
    assert_eq!(value(&bytes(Format::Json, &again)), value(&json));
    // Each member once, and all of them.
    for (from, to, says) in [
        (
            "{\"findings\":",
            "{\"issues\":[],\"findings\":",
            "duplicate field `issues`",
        ),
        ("\"rules\":", "\"rulers\":", "missing field `rules`"),
        (
            "\"issues\":[",
            "\"issues\":7,\"x\":[",
            "expected a list at line 1 column",
        ),
    ] {
        let error = read(text.replacen(from, to, 1).as_bytes()).unwrap_err();
        assert!(error.contains(says), "{error}");
    }
}

#[test]
fn no_more_than_the_bound_is_read() {
    let json = bytes(Format::Json, &of_files());
    let length = json.len() as u64;
    let read = |json: &mut dyn Read, most| Reader::new(setting()).add_of(json, most);
    assert!(read(&mut &json[..], length).is_ok());
    for most in [0, 100, length - 1] {
        let error = read(&mut &json[..], most).unwrap_err();
        assert!(matches!(error, ReadError::Long), "{error}");
    }
    let error = read(&mut json.chain(io::repeat(b' ')), length + 9).unwrap_err();
    assert!(matches!(error, ReadError::Long), "{error}");
}

#[test]
fn reports_are_put_together() {
    let json = bytes(Format::Json, &of_files());
    let mut suppressed = of_files();
    for reported in &mut suppressed.findings {
        reported.verdict = Verdict::Suppressed(Suppression {
            by: SuppressedBy::Baseline,
            note: "known".to_owned(),
        });
    }
    let documents = [
        bytes(Format::Json, &suppressed),
        json,
        bytes(Format::Json, &of_history()),
    ];
    let merged = read_all(&documents).unwrap();
    assert_eq!(merged.findings.len(), 9 + 9);
    assert_eq!(merged.reported().count(), 8 + 8);
    assert_eq!(merged.issues.len(), 3);
    assert_eq!(merged.summary.counts.files, 3 * 8);
    assert_eq!(merged.summary.counts.skipped[0], (Skip::Symlink, 6));
    assert_eq!(merged.notes, ["a note"]);
    assert!(!merged.summary.complete);
    assert_eq!(
        merged.summary.repository.unwrap().remote.unwrap(),
        "https://git.example/owner/name.git"
    );
}

#[test]
fn a_comparison_knows_secrets_by_file_and_number() {
    let old = of_files();
    let counts = |old: &Report, new: &Report| {
        let mut out = Vec::new();
        Diff::new(old, new)
            .write(DiffFormat::Json, &mut out)
            .unwrap();
        let diff: serde_json::Value = serde_json::from_slice(&out).unwrap();
        ["new", "fixed", "unchanged"].map(|key| {
            let n = diff["counts"][key].as_u64().unwrap();
            let listed = diff[key].as_array().map(Vec::len);
            assert!(listed.is_none_or(|listed| listed as u64 == n));
            n
        })
    };
    assert_eq!(counts(&old, &old), [0, 0, 8]);
    // Other lines of the same file.
    let mut moved = of_files();
    for reported in &mut moved.findings {
        reported.finding.location.start.line += 100;
    }
    assert_eq!(counts(&old, &moved), [0, 0, 8]);
    // Of two copies on a line one goes, and comes back.
    let mut fewer = of_files();
    let copies = |r: &Reported| r.finding.origin.root_path() == Some(Path::new("config/prod.env"));
    let at = fewer.findings.iter().position(copies).unwrap();
    fewer.findings.remove(at);
    assert_eq!(counts(&old, &fewer), [0, 1, 7]);
    assert_eq!(counts(&fewer, &old), [1, 0, 7]);
    let diff = Diff::new(&fewer, &old);
    assert_eq!((diff.has_new(), diff.is_complete()), (true, false));
    let text = |format| {
        let mut out = Vec::new();
        diff.write(format, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    };
    let column = 7 + sample::token().len() + 5;
    let human = text(DiffFormat::Human);
    assert!(
        human.starts_with(&format!("new    config/prod.env:1:{column}  high  ")),
        "{human}"
    );
    assert!(
        human.contains("\n1 new, 0 fixed, 7 unchanged\nThe new scan is incomplete"),
        "{human}"
    );
    let markdown = text(DiffFormat::Markdown);
    assert!(markdown.starts_with("## keysieve: 1 new, 0 fixed, 7 unchanged\n"));
    assert!(markdown.contains("### New\n") && !markdown.contains("### Fixed"));
    for text in [human, markdown, text(DiffFormat::Json)] {
        assert!(!text.contains(&sample::token()));
    }
    // What is suppressed is not there.
    let mut none = of_files();
    none.findings.retain(|r| r.verdict != Verdict::Report);
    assert_eq!(counts(&old, &none), [0, 8, 0]);
}
