//! A secret is found in whatever dress it stands, at its exact place, and is the same secret.

use std::collections::BTreeMap;
use std::path::Path;

use keysieve_rules::sample::{Random, Template};
use serde_json::Value;
use tempfile::TempDir;

use crate::program::{array, report, text, token, write};

/// What stands around a value and the value, in plain text.
struct Setting {
    name: &'static str,
    before: &'static str,
    value: String,
    after: &'static str,
}

/// A way to write a text within another one; gives the text around as well.
struct Dress {
    name: &'static str,
    before: &'static str,
    undress: fn(&str) -> String,
    after: &'static str,
}

fn expand(template: &str, seed: u64) -> String {
    let template = Template::parse(template).unwrap();
    template.expand(&mut Random::with_seed(seed), &[])
}

fn settings() -> Vec<Setting> {
    let setting = |name, before, value, after| Setting {
        name,
        before,
        value,
        after,
    };
    vec![
        setting("prefix", "GITHUB_TOKEN=\"", token(1), "\"\n"),
        setting(
            "vendor",
            "datadog_api_key: \"",
            expand("{hex:32}", 2),
            "\"\n",
        ),
        setting(
            "generic",
            "client_secret = \"",
            expand("{base62:18}/{base62:9}+{base62:9}==", 3),
            "\"\n",
        ),
        setting(
            "password",
            "db_password = \"",
            expand("{base62:9}/{digits:2}=&{base62:8}", 4),
            "\"\n",
        ),
        setting(
            "url",
            "postgres://shop:",
            expand("{base62:18}", 5),
            "@db.shop.internal:5432/orders\n",
        ),
    ]
}

fn json(text: &str) -> String {
    let quoted = Value::from(text).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

fn json_of_php(text: &str) -> String {
    json(text).replace('/', "\\/")
}

fn json_of_html(text: &str) -> String {
    json(text)
        .replace('=', "\\u003d")
        .replace('&', "\\u0026")
        .replace('/', "\\u002F")
}

fn percent(text: &str) -> String {
    let each = |b: u8| {
        if b.is_ascii_alphanumeric() || b == b'_' {
            char::from(b).to_string()
        } else {
            format!("%{b:02X}")
        }
    };
    text.bytes().map(each).collect()
}

fn named(text: &str) -> String {
    text.replace('&', "&amp;").replace('"', "&quot;")
}

fn numbers(text: &str) -> String {
    text.replace('&', "&#38;")
        .replace('"', "&#34;")
        .replace('=', "&#x3d;")
        .replace('/', "&#47;")
}

fn times(count: usize, dress: fn(&str) -> String, text: &str) -> String {
    (0..count).fold(text.to_owned(), |text, _| dress(&text))
}

const DRESSES: [Dress; 13] = [
    Dress {
        name: "json",
        before: "{\"msg\":\"",
        undress: json,
        after: "\"}\n",
    },
    Dress {
        name: "json-3",
        before: "{\"msg\":\"",
        undress: |t| times(3, json, t),
        after: "\"}\n",
    },
    Dress {
        name: "json-5",
        before: "\u{e4}{\"msg\":\"",
        undress: |t| times(5, json, t),
        after: "\"}\n",
    },
    Dress {
        name: "php",
        before: "first\n{\"msg\":\"",
        undress: json_of_php,
        after: "\"}\n",
    },
    Dress {
        name: "php-2",
        before: "{\"msg\":\"",
        undress: |t| times(2, json_of_php, t),
        after: "\"}\n",
    },
    Dress {
        name: "html-json",
        before: "{\"msg\":\"",
        undress: json_of_html,
        after: "\"}\n",
    },
    Dress {
        name: "html-json-3",
        before: "{\"msg\":\"",
        undress: |t| times(3, json_of_html, t),
        after: "\"}\n",
    },
    Dress {
        name: "percent",
        before: "GET /?q=",
        undress: percent,
        after: " HTTP\n",
    },
    Dress {
        name: "percent-2",
        before: "GET /?q=",
        undress: |t| times(2, percent, t),
        after: " HTTP\n",
    },
    Dress {
        name: "entities",
        before: "<a>\n  <b>",
        undress: named,
        after: "</b>\n",
    },
    Dress {
        name: "entities-2",
        before: "<b>",
        undress: |t| times(2, named, t),
        after: "</b>\n",
    },
    Dress {
        name: "numbers",
        before: "<b>",
        undress: numbers,
        after: "</b>\n",
    },
    Dress {
        name: "percent-json",
        before: "{\"msg\":\"",
        undress: |t| percent(&json_of_php(t)),
        after: "\"}\n",
    },
];

/// What joins the halves of a quoted value.
const JOINTS: [(&str, &str); 8] = [
    ("plus", "\" +\n    \""),
    ("plus-crlf", "\" +\r\n\t\""),
    ("plus-line", "\" + \""),
    ("dot", "\" . \""),
    ("adjacent", "\"\n    \""),
    ("backslash", "\" \\\n  \""),
    ("continued", "\\\n"),
    ("indented", "\\\n      "),
];

/// Line and column (in characters) behind `text`.
fn position(text: &str) -> (u64, u64) {
    let line = text.matches('\n').count() as u64 + 1;
    let column = text.rsplit('\n').next().unwrap().chars().count() as u64 + 1;
    (line, column)
}

fn place(finding: &Value, end: &str) -> (u64, u64) {
    let number = |key: &str| finding[end][key].as_u64().unwrap();
    (number("line"), number("column"))
}

/// The findings of each file.
fn findings(folder: &Path) -> BTreeMap<String, Vec<Value>> {
    let report = report(folder, &["--min-confidence", "low", "--reveal"], 1);
    assert_eq!(report["issues"], serde_json::json!([]));
    let mut files: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    // The account beside a password is a finding of its own.
    let secrets = array(&report, "/findings")
        .iter()
        .filter(|finding| !text(finding, "/rule").ends_with("-user"));
    for finding in secrets {
        let path = text(finding, "/path").to_owned();
        files.entry(path).or_default().push(finding.clone());
    }
    files
}

#[test]
fn a_secret_is_the_same_in_every_dress_and_stands_where_it_stands() {
    let folder = TempDir::new().unwrap();
    let mut expected = Vec::new();
    for setting in settings() {
        let Setting {
            name,
            before,
            value,
            after,
        } = &setting;
        let plain = format!("{name}.plain.txt");
        write(
            &folder.path().join(&plain),
            format!("{before}{value}{after}").as_bytes(),
        );
        let mut expect = |dress: &str, before: String, value: String, after: String| {
            let path = format!("{name}.{dress}.txt");
            write(
                &folder.path().join(&path),
                format!("{before}{value}{after}").as_bytes(),
            );
            expected.push((
                path,
                plain.clone(),
                position(&before),
                position(&format!("{before}{value}")),
                setting.value.clone(),
            ));
        };
        for dress in &DRESSES {
            let u = dress.undress;
            expect(
                dress.name,
                format!("{}{}", dress.before, u(before)),
                u(value),
                format!("{}{}", u(after), dress.after),
            );
        }
        // A joint counts behind the start of a value that is long enough to be one.
        if before.ends_with('"') {
            for (dress, joint) in JOINTS {
                let half = if *name == "password" { 9 } else { 17 };
                let (left, right) = value.split_at(half);
                expect(
                    dress,
                    (*before).to_owned(),
                    format!("{left}{joint}{right}"),
                    (*after).to_owned(),
                );
            }
        }
    }
    let found = findings(folder.path());
    for (path, plain, start, end, value) in expected {
        let [plain] = &found[&plain][..] else {
            panic!("{plain} has one finding: {found:#?}")
        };
        let found = found.get(&path).map_or(&[][..], Vec::as_slice);
        let [finding] = found else {
            panic!("{path} has one finding, and not {found:#?}")
        };
        assert_eq!(text(finding, "/secret"), value, "{path}");
        assert_eq!(finding["rule"], plain["rule"], "{path}");
        assert_eq!(finding["fingerprint"], plain["fingerprint"], "{path}");
        assert_eq!(
            (place(finding, "start"), place(finding, "end")),
            (start, end),
            "{path}"
        );
    }
}

/// Dresses without end, nested ones, and joints: the scan ends, and what stands behind is found.
#[test]
fn dresses_without_end_hide_nothing_behind_them() {
    let folder = TempDir::new().unwrap();
    let long = 3 << 20;
    let inputs = [
        ("backslashes", "\\".repeat(long)),
        ("slashes", "\\/".repeat(long / 2)),
        ("percent", "%41".repeat(long / 3)),
        ("percents", "%25".repeat(long / 3)),
        ("nested-percent", format!("%{}41", "25".repeat(long / 2))),
        ("entities", "&#65;".repeat(long / 5)),
        (
            "nested-entities",
            format!("&{}quot;", "amp;".repeat(long / 4)),
        ),
        ("unicode", "\\u0041".repeat(long / 6)),
        ("joints", "\"abcdefgh\"+".repeat(long / 11)),
        ("joints-found", "password=\"abcdefgh\"+".repeat(long / 20)),
        ("continued", "password=\"a\\\n".repeat(long / 13)),
        ("marks", "\\/\n&#\n%3D\n".repeat(long / 10)),
        ("doubling", times(12, json, "key=\"v\"")),
    ];
    for (name, text) in &inputs {
        write(
            &folder.path().join(name),
            format!("{text}\nlast = {}\n", token(1)).as_bytes(),
        );
    }
    let report = report(folder.path(), &[], 1);
    for (name, _) in &inputs {
        let last = array(&report, "/findings")
            .iter()
            .filter(|f| f["path"] == *name && f["rule"] == "github-personal-access-token");
        assert_eq!(last.count(), 1, "{name}");
    }
}

/// What is hidden deeper than the limit is said.
#[test]
fn deeper_dresses_than_allowed_are_said() {
    let folder = TempDir::new().unwrap();
    let hidden = times(4, percent, &format!("key=\"{}\"", token(1)));
    write(&folder.path().join("a"), hidden.as_bytes());
    let deep = report(folder.path(), &["--decode-depth", "2"], 4);
    assert_eq!(text(&deep, "/issues/0/kind"), "limit");
    let shallow = report(folder.path(), &["--decode-depth", "6"], 1);
    assert_eq!(array(&shallow, "/findings").len(), 1);
    assert_eq!(shallow["issues"], serde_json::json!([]));
}

/// A value that stands in a later window of a long content is placed as exactly.
#[test]
fn a_dress_is_taken_off_in_every_window() {
    let folder = TempDir::new().unwrap();
    let filler = "nothing to see in this line of a log\n".repeat(800_000);
    let value = expand("{base62:18}/{base62:18}", 6);
    let line = format!(
        "{{\"msg\":\"client_secret=\\\"{}\\\"\"}}\n",
        json_of_php(&value)
    );
    let name = "log.jsonl";
    let content = format!("{filler}{line}{filler}{line}");
    write(&folder.path().join(name), content.as_bytes());
    let found = findings(folder.path());
    let starts: Vec<_> = found[name].iter().map(|f| place(f, "start")).collect();
    let column = line.find(&value[..18]).unwrap() as u64 + 1;
    assert_eq!(starts, [(800_001, column), (1_600_002, column)]);
    assert!(found[name].iter().all(|f| f["secret"] == value));
}
