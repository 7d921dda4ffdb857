//! A report made by hand, with something of everything that a format must cope with. Its secrets are put together at
//! run time.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use keysieve_engine::policy::{SuppressedBy, Suppression, Verdict};
use keysieve_engine::rule::{Builtin, RuleFile, RuleSet, compile};
use keysieve_engine::{
    Confidence, Context, Counts, Evidence, FileKind, Finding, Fingerprinter, Issue, IssueKind,
    LineIndex, ObjectId, Origin, Pair, Position, Reason, Secret, Severity, Skip, Span,
};

use keysieve_git::Fate;
use sha2::{Digest, Sha512};

use super::{
    Commit, Options, Past, Provenance, Report, Reported, Repository, Reveal, Summary, Texts,
};

/// Two rules: a token with everything a rule can say, and a plain one.
const RULES: &str = r#"
[[rule]]
id = "example-token"
name = "Example access token"
description = "Gives access to an account at Example."
severity = "critical"
confidence = "high"
prefixes = ["exa_"]
pattern = 'exa_[0-9a-z]{32}'
docs = "https://docs.example/tokens"
remediation = "Revoke it at the example console."
tags = ["cwe-321", "example"]
samples = ["exa_{hex:32}"]

[[rule]]
id = "example-password"
name = "Example password"
description = "Opens a database."
severity = "medium"
confidence = "low"
keywords = ["password"]
pattern = 'password=[0-9a-z]{8}'
remediation = "Change it."
samples = ["password={hex:8}"]
"#;

/// The secret of `example-token`.
pub(super) fn token() -> String {
    ["exa", "_"].concat() + &"0f4k7t9z".repeat(4)
}

/// The secret of `example-password`, which is no UTF-8.
pub(super) fn password() -> Vec<u8> {
    [b"p".repeat(3), vec![0xff], b"q".repeat(4)].concat()
}

/// The files of the report by their paths.
struct Files;

impl Files {
    fn bytes(path: &str) -> Vec<u8> {
        let token = token();
        match path {
            "config/prod.env" => format!("TOKEN={token} and {token}\nother\n").into_bytes(),
            "src/\u{1f600} b.py" => [
                b"pair\n# \xf0\x9f\x98\x80 '".to_vec(),
                password(),
                b"'\r\n".to_vec(),
            ]
            .concat(),
            "utf16.txt" => [0xff, 0xfe]
                .into_iter()
                .chain(
                    format!("x {token}")
                        .encode_utf16()
                        .flat_map(u16::to_le_bytes),
                )
                .collect(),
            "logs.gz" => b"\x1f\x8b\x08\x00 compressed".to_vec(),
            _ => Vec::new(),
        }
    }
}

impl Texts for Files {
    fn text(&self, origin: &Origin) -> Option<Vec<u8>> {
        let path = origin.root_path()?.to_str()?;
        Some(Self::bytes(path)).filter(|bytes| !bytes.is_empty())
    }

    fn fate(&self, _: usize, _: &Path) -> Fate {
        Fate::Stays
    }
}

/// Masked, plain, without suppressed findings.
pub(super) fn options() -> Options<'static> {
    Options {
        reveal: Reveal::Masked,
        color: false,
        verbose: false,
        quiet: false,
        sarif_suppressed: false,
        category: "keysieve/tree/".to_owned(),
        texts: &Files,
    }
}

/// A complete scan of nothing.
pub(super) fn summary() -> Summary {
    Summary {
        command: "scan",
        counts: Counts::default(),
        interrupted: false,
        complete: true,
        directory: std::env::temp_dir().join("project"),
        repository: None,
        time: (Timestamp::UNIX_EPOCH, Timestamp::UNIX_EPOCH),
    }
}

/// Where the blob that one of the findings stands in comes from.
fn past() -> Past {
    let commit = |byte: u8, seconds| Commit {
        id: id(byte),
        author: "Ann \u{1b}[31mExample".to_owned(),
        email: "ann@example.com".to_owned(),
        seconds,
        subject: "Add <b>keys</b>".to_owned(),
    };
    let provenance = Provenance {
        paths: vec!["old.env".into(), "deploy/old.env".into()],
        has_more_paths: false,
        head_paths: Vec::new(),
        introduced: Some(commit(1, 1_700_000_000)),
        removed: Some(commit(2, i64::MAX)),
        in_head: false,
        refs: vec!["refs/tags/v1".to_owned()],
        more_refs: 2,
        reach: "ref".to_owned(),
    };
    Past::new([(id(3), provenance)])
}

fn id(byte: u8) -> ObjectId {
    ObjectId::new(&[byte; 20]).expect("20 bytes")
}

fn rules() -> Arc<RuleSet> {
    let rules = RuleFile::parse(RULES)
        .unwrap()
        .rules
        .into_iter()
        .map(|spec| compile(spec).unwrap())
        .collect();
    Arc::new(RuleSet::new(&Builtin::NONE, rules).unwrap())
}

/// A report without findings.
pub(super) fn empty() -> Report {
    Report::new(
        rules(),
        Vec::new(),
        Vec::new(),
        summary(),
        Past::default(),
        Vec::new(),
    )
}

fn file(path: impl Into<PathBuf>) -> Arc<Origin> {
    Arc::new(Origin::File(path.into()))
}

fn inside(outer: Arc<Origin>, via: &'static str, name: &str) -> Arc<Origin> {
    Arc::new(Origin::Inside {
        outer,
        via,
        name: name.into(),
    })
}

/// A finding of `rule` for the `nth` time that `value` stands in `text`.
fn finding(
    rules: &RuleSet,
    rule: &str,
    origin: Arc<Origin>,
    text: &[u8],
    value: &[u8],
    nth: usize,
) -> Finding {
    let spans: Vec<_> = (0..text.len())
        .filter(|i| text[*i..].starts_with(value))
        .map(|i| Span::new(i, i + value.len()))
        .collect();
    let secret = Secret::new(value, if rule == "example-token" { 4 } else { 0 });
    let masks: Vec<_> = spans.iter().map(|span| (*span, secret.masked())).collect();
    Finding {
        rule: rules.by_id(rule).unwrap(),
        origin,
        location: LineIndex::new(text, 0, Position::START).locate(spans[nth]),
        fingerprint: Fingerprinter::default().fingerprint(rule, value).into(),
        context: Context::cut(text, spans[nth], &masks),
        secret,
        kind: FileKind::Config,
        confidence: Confidence::High,
        severity: Severity::Critical,
        evidence: vec![Evidence::ChecksumHolds, Evidence::Entropy(3.0)],
        pair: None,
    }
}

/// Findings twice on a line, in a re-encoded text, in a container, on standard input, in files with hard names, of
/// bytes that are no UTF-8, paired and suppressed; issues of several kinds.
pub(super) fn report() -> Report {
    let rules = rules();
    let (token, password) = (token(), password());
    let make = |rule: &str, origin: Arc<Origin>, text: &[u8], nth| {
        let value = if rule == "example-token" {
            token.as_bytes()
        } else {
            &password
        };
        finding(&rules, rule, origin, text, value, nth)
    };

    let twice = Files::bytes("config/prod.env");
    let first = make("example-token", file("config/prod.env"), &twice, 0);
    let second = Finding {
        severity: Severity::High,
        confidence: Confidence::Medium,
        ..make("example-token", file("config/prod.env"), &twice, 1)
    };
    let log = format!("first\nauth {token}\n");
    let container = inside(inside(file("logs.gz"), "gzip", ""), "tar", "app.log");
    let logged = Finding {
        kind: FileKind::Log,
        ..make("example-token", container, log.as_bytes(), 0)
    };
    let decoded = format!("x {token}");
    let reencoded = make(
        "example-token",
        inside(file("utf16.txt"), "utf-16", ""),
        decoded.as_bytes(),
        0,
    );
    let code = Files::bytes("src/\u{1f600} b.py");
    let paired = Finding {
        kind: FileKind::Source,
        severity: Severity::Medium,
        confidence: Confidence::Low,
        evidence: vec![
            Evidence::Key("password".to_owned()),
            Evidence::Doubt(Reason::Wordlike),
        ],
        pair: Some(Pair {
            rule: rules.by_id("example-token").unwrap(),
            location: LineIndex::new(&code, 0, Position::START).locate(Span::new(0, 4)),
        }),
        ..make("example-password", file("src/\u{1f600} b.py"), &code, 0)
    };
    let piped = make(
        "example-token",
        Arc::new(Origin::Stdin),
        token.as_bytes(),
        0,
    );
    let hard = make(
        "example-token",
        file("./a \"%\n\u{1b}[1m'.env"),
        token.as_bytes(),
        0,
    );
    let allowed = make("example-token", file("allowed.env"), token.as_bytes(), 0);

    let raw = make("example-token", file(raw_name()), token.as_bytes(), 0);

    // Backwards, for the report must sort them.
    let mut findings: Vec<_> = [paired, reencoded, logged, second, first, hard, piped, raw]
        .map(|finding| Reported {
            finding,
            verdict: Verdict::Report,
        })
        .into();
    let why = Suppression {
        by: SuppressedBy::Inline,
        note: "keysieve:allow".to_owned(),
    };
    findings.push(Reported {
        finding: allowed,
        verdict: Verdict::Suppressed(why),
    });

    let issues = vec![
        Issue::at(
            file("private/x\n\u{1b}[2J"),
            IssueKind::Unreadable,
            "permission denied",
        ),
        Issue::at(
            inside(file("b.gz"), "gzip", ""),
            IssueKind::Limit,
            "more than the budget",
        ),
        Issue::general(IssueKind::Internal, "a thread ended early"),
    ];
    let summary = Summary {
        counts: Counts {
            files: 8,
            bytes: 4321,
            decoded: 3,
            skipped: vec![(Skip::Symlink, 2), (Skip::Special, 0), (Skip::Size, 1)],
            rejected: vec![(Reason::Placeholder, 7), (Reason::Code, 0)],
        },
        complete: false,
        repository: Some(Repository {
            root: summary().directory,
            head: Some("5d".repeat(20)),
            remote: Some(format!("https://me:{token}@git.example/owner/name.git")),
        }),
        ..summary()
    };
    Report::new(
        rules,
        findings,
        issues,
        summary,
        past(),
        vec!["a note".to_owned()],
    )
}

/// A report of so many findings of all severities, in as many files, of which nothing repeats: neither names nor the
/// lines around the values.
pub(super) fn many(findings: usize) -> Report {
    let rules = rules();
    let one = report().findings.remove(0).finding;
    let severities = Severity::ALL;
    let findings = (0..findings).map(|i| {
        let noise = data_encoding::BASE64.encode(&Sha512::digest(i.to_le_bytes()));
        let finding = Finding {
            origin: file(format!("{}/{i}.env", &noise[..8])),
            fingerprint: Fingerprinter::default()
                .fingerprint("example-token", noise.as_bytes())
                .into(),
            context: Context {
                line: noise.repeat(2),
            },
            severity: severities[i % severities.len()],
            ..one.clone()
        };
        Reported {
            finding,
            verdict: Verdict::Report,
        }
    });
    let findings = findings.collect();
    Report::new(
        rules,
        findings,
        Vec::new(),
        summary(),
        Past::default(),
        Vec::new(),
    )
}

/// A name that is no UTF-8, where the system knows such names.
#[cfg(unix)]
fn raw_name() -> PathBuf {
    use std::os::unix::ffi::OsStringExt;

    std::ffi::OsString::from_vec(b"caf\xe9".to_vec()).into()
}

#[cfg(not(unix))]
fn raw_name() -> PathBuf {
    "caf\u{fffd}".into()
}
