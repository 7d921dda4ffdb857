//! The audit log, and `keysieve audit verify`.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::thread;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use crate::program::{keysieve, parse, token, write};

struct Place {
    around: TempDir,
}

impl Place {
    /// A folder with two secrets, and one beside it for the log.
    fn new() -> Self {
        let around = TempDir::new().unwrap();
        for (n, name) in ["a.py", "b.py"].into_iter().enumerate() {
            let text = format!("key = '{}'\n", token(n as u64));
            write(&around.path().join("tree").join(name), text.as_bytes());
        }
        Self { around }
    }

    fn tree(&self) -> PathBuf {
        self.around.path().join("tree")
    }

    fn log(&self) -> PathBuf {
        self.around.path().join("audit.jsonl")
    }

    fn run(&self, args: &[&str]) -> Output {
        let mut command = keysieve(&self.tree());
        command.env("KEYSIEVE_AUDIT_LOG", self.log()).args(args);
        command.output().unwrap()
    }

    /// Scans, which ends with `code`.
    fn scan(&self, code: i32) {
        let output = self.run(&["scan", "-q"]);
        assert_eq!(output.status.code(), Some(code), "{output:?}");
    }

    fn text(&self) -> String {
        fs::read_to_string(self.log()).unwrap()
    }

    fn events(&self) -> Vec<Value> {
        let text = self.text();
        text.lines().map(|line| parse(line.as_bytes())).collect()
    }

    fn kinds(&self) -> Vec<String> {
        let kind = |event: &Value| event["event"].as_str().unwrap().to_owned();
        self.events().iter().map(kind).collect()
    }

    /// What `audit verify` prints when it ends with `code`.
    fn verify(&self, code: i32) -> String {
        verify(&self.log(), &[], code)
    }

    /// The files beside the log that hold torn lines.
    fn torn(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.around.path()).unwrap();
        let paths = entries.map(|entry| entry.unwrap().path());
        paths
            .filter(|path| path.to_str().unwrap().contains(".torn-"))
            .collect()
    }

    fn append(&self, bytes: &[u8]) {
        let file = OpenOptions::new().append(true).open(self.log());
        file.unwrap().write_all(bytes).unwrap();
    }
}

fn verify(log: &Path, more: &[&str], code: i32) -> String {
    let mut command = keysieve(Path::new("/"));
    command.args(["audit", "verify"]).arg(log).args(more);
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(code), "{output:?}");
    String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
}

#[test]
fn each_thing_that_happens_is_an_event_without_values() {
    let place = Place::new();
    place.scan(1);
    assert_eq!(place.kinds(), ["detection", "detection", "block"]);
    let add = [
        "exception",
        "add",
        "--path",
        "a.py",
        "--reason",
        "r",
        "--owner",
        "@a",
        "--expires",
        "9d",
    ];
    assert!(place.run(&add).status.success());
    place.scan(1);
    let comment = ["keysieve", "allow"].join(":");
    let b = format!("key = '{}' # {comment} reason=\"{}\"\n", token(1), token(1));
    write(&place.tree().join("b.py"), b.as_bytes());
    place.scan(0);
    assert!(place.run(&["exception", "revoke", "E1"]).status.success());
    write(
        &place.tree().join("keysieve.toml"),
        b"[[exception]]\nid='E2'\nreason='r'\nowner='@a'\npath='a.py'\nexpires='2020-01-01'\n",
    );
    let until = format!("key = '{}' # {comment} until=2020-01-01\n", token(1));
    write(&place.tree().join("b.py"), until.as_bytes());
    place.scan(1);
    assert_eq!(
        place.kinds()[3..],
        [
            "approval",
            "use",
            "detection",
            "block",
            "use",
            "use",
            "use",
            "revocation",
            "detection",
            "expiry",
            "detection",
            "expiry",
            "block"
        ]
    );
    let events = place.events();
    assert_eq!(events[2]["findings"], 2);
    assert_eq!(events[2]["exit_code"], 1);
    assert_eq!(events[3]["exception"], "E1");
    assert_eq!(events[4]["fingerprint"], events[0]["fingerprint"]);
    assert_eq!(events[8]["by"], "inline");
    let text = place.text();
    assert!(
        !text.contains(&token(0)) && !text.contains(&token(1)),
        "{text}"
    );
    assert!(place.verify(0).contains("16 events"));
}

#[test]
fn events_can_be_findings_of_the_open_schema() {
    let place = Place::new();
    place.scan(1);
    let output = place.run(&["scan", "-q", "--audit-format", "ocsf"]);
    assert_eq!(output.status.code(), Some(1));
    let events = place.events();
    let detection = &events[3];
    for (field, value) in [
        ("class_uid", 2004),
        ("category_uid", 2),
        ("type_uid", 200_401),
    ] {
        assert_eq!(detection[field], value, "{detection:#}");
    }
    assert_eq!(detection["finding_info"]["uid"], events[0]["fingerprint"]);
    assert_eq!(detection["unmapped"]["event"], "detection");
    assert_eq!(events[5]["disposition_id"], 2);
    // Both forms follow from one another.
    assert!(place.verify(0).contains("6 events"));
    place.scan(1);
    assert!(place.verify(0).contains("9 events"));
}

#[test]
fn whoever_tampers_is_found_out() {
    let place = Place::new();
    place.scan(1);
    place.scan(1);
    let whole = place.text();
    let said = place.verify(0);
    let head = said.lines().nth(1).unwrap().to_owned();
    let lines: Vec<&str> = whole.lines().collect();
    let without = |at: usize| [&lines[..at], &lines[at + 1..]].concat().join("\n") + "\n";
    let mut swapped = lines.clone();
    swapped.swap(3, 4);
    for (text, line) in [
        (whole.replacen("a.py", "c.py", 1), 2),
        (without(0), 1),
        (without(3), 4),
        (swapped.join("\n") + "\n", 4),
        (format!("{whole}{}\n", lines[5]), 7),
        (format!("{whole}\n"), 7),
        (whole.replacen("\"v\":1", "\"v\":2", 1), 1),
        (whole.trim_end().to_owned(), 6),
    ] {
        fs::write(place.log(), text).unwrap();
        let said = place.verify(1);
        assert!(said.contains(&format!("line {line}:")), "{line}: {said}");
    }
    // What was cut at its end holds together, but for whoever noted the head.
    fs::write(place.log(), without(5)).unwrap();
    place.verify(0);
    verify(&place.log(), &["--head", &head], 1);
    fs::write(place.log(), &whole).unwrap();
    verify(&place.log(), &["--head", &head], 0);
    place.scan(1);
    verify(&place.log(), &["--head", &head], 0);
    verify(&place.log(), &["--head", "x"], 2);
}

#[test]
fn many_writers_at_once_make_one_chain() {
    let place = Place::new();
    let one = || {
        for _ in 0..3 {
            place.scan(1);
        }
    };
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(one);
        }
    });
    assert!(place.verify(0).contains(&format!("{} events", 8 * 3 * 3)));
    assert!(place.torn().is_empty());
}

#[test]
fn writers_that_are_killed_break_nothing() {
    let place = Place::new();
    for n in 0..40 {
        let mut command = keysieve(&place.tree());
        command.env("KEYSIEVE_AUDIT_LOG", place.log());
        command.stdout(std::process::Stdio::null());
        command.stderr(std::process::Stdio::null());
        let mut child = command.args(["scan", "-q"]).spawn().unwrap();
        thread::sleep(Duration::from_millis(n * 3));
        let _ = child.kill();
        child.wait().unwrap();
    }
    place.scan(1);
    place.verify(0);
}

#[test]
fn a_torn_line_is_put_aside_and_told() {
    let place = Place::new();
    place.scan(1);
    let whole = place.text();
    let torn = "{\"v\":1,\"seq\":4,\"time\":\"20";
    place.append(torn.as_bytes());
    assert!(place.verify(1).contains("line 4: it has no end"));
    let output = place.run(&["scan", "-q"]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("ended within a line"), "{said}");
    assert!(place.text().starts_with(&whole));
    assert_eq!(
        place.kinds()[3..],
        ["repair", "detection", "detection", "block"]
    );
    let aside = place.torn();
    assert_eq!(aside.len(), 1);
    assert_eq!(fs::read_to_string(&aside[0]).unwrap(), torn);
    let name = aside[0].file_name().unwrap().to_str().unwrap();
    assert_eq!(place.events()[3]["torn_file"], name);
    assert_eq!(place.events()[3]["torn_bytes"], torn.len());
    place.verify(0);

    // A whole event that lacks only its line end was not written to its end either.
    let event = place.text().lines().last().unwrap().to_owned();
    place.append(event.as_bytes());
    place.scan(1);
    assert_eq!(place.torn().len(), 2);
    place.verify(0);

    // The first line of all.
    fs::write(place.log(), &whole[..20]).unwrap();
    place.scan(1);
    assert_eq!(place.kinds(), ["repair", "detection", "detection", "block"]);
    place.verify(0);
}

#[test]
fn a_file_that_is_no_log_is_left_alone() {
    let place = Place::new();
    for text in [
        "notes",
        "notes\n",
        "{}\n",
        "{\"v\":1}\n{\"a\":1}\n",
        "{\"v\":1}\nx",
    ] {
        fs::write(place.log(), text).unwrap();
        let output = place.run(&["scan", "-q"]);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{text}: {said}");
        assert!(said.contains("is no audit log"), "{said}");
        assert_eq!(place.text(), text);
        place.verify(1);
    }
    for (path, expected) in [
        ("/dev/full", "no regular file"),
        ("no/such/log", "cannot be opened"),
    ] {
        let output = place.run(&["scan", "-q", "--audit-log", path]);
        assert!(matches!(output.status.code(), Some(2 | 3)), "{output:?}");
        assert!(
            String::from_utf8_lossy(&output.stderr).contains(expected),
            "{output:?}"
        );
    }
}

/// A file may have no more than 8 blocks of 512 bytes: writes beyond fail as on a full disk, after a part of them.
#[test]
#[cfg(unix)]
fn a_full_disk_leaves_the_log_as_it_was() {
    let place = Place::new();
    place.scan(1);
    let line = place.text().lines().last().unwrap().len();
    for n in 0..40 {
        let text = format!("key = '{}'\n", token(100 + n));
        write(&place.tree().join(format!("{n}.py")), text.as_bytes());
    }
    let before = place.text();
    assert!(before.len() < 4096 && 40 * line > 4096);
    let program = env!("CARGO_BIN_EXE_keysieve");
    let script = format!("trap '' XFSZ; ulimit -f 8; exec '{program}' \"$@\"");
    let run = |args: &[&str]| {
        let mut shell = std::process::Command::new("sh");
        shell.args(["-c", &script, "sh"]).args(args);
        shell.current_dir(place.tree());
        shell.env("KEYSIEVE_AUDIT_LOG", place.log());
        shell.output().unwrap()
    };
    let output = run(&["scan"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("cannot be written"), "{said}");
    assert!(
        !output.stdout.is_empty(),
        "the report is there all the same"
    );
    assert_eq!(place.text(), before);
    place.verify(0);

    // An exception that cannot be logged is none.
    let filler = "x".repeat(800);
    let add = [
        "exception",
        "add",
        "--path",
        "a.py",
        "--reason",
        &filler,
        "--owner",
        &filler,
        "--expires",
        "9d",
    ];
    assert!(place.run(&add).status.success());
    let (config, before) = (place.tree().join("keysieve.toml"), place.text());
    let old = fs::read(&config).unwrap();
    assert!(before.len() > 2500, "{}", before.len());
    assert_eq!(run(&add).status.code(), Some(3));
    assert_eq!(fs::read(&config).unwrap(), old);
    assert_eq!(place.text(), before);
}

#[test]
fn a_clock_that_was_set_back_is_told() {
    let place = Place::new();
    place.scan(1);
    let first = place.text().lines().next().unwrap().to_owned();
    let time = parse(first.as_bytes())["time"].as_str().unwrap().to_owned();
    let later = first.replace(&time, "2999-01-01T00:00:00.000Z");
    fs::write(place.log(), format!("{later}\n")).unwrap();
    place.scan(1);
    let events = place.events();
    assert_eq!(events[1]["clock"], "earlier than the last event");
    assert!(events[2].get("clock").is_none());
    place.verify(0);
}
