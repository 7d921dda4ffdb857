//! What holds for every scan: the same report whatever the threads, no network, fingerprints that stay.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use crate::program::planted::expand;
use crate::program::{FORMATS, array, copy_clean, keysieve, parse, scan, text, token, write};

#[test]
fn reports_do_not_depend_on_the_threads() {
    let folder = TempDir::new().unwrap();
    expand(&folder.path().join("planted"));
    copy_clean(&folder.path().join("clean"));
    // An issue as well: they come from all threads too.
    write(&folder.path().join("a/broken.gz"), b"\x1f\x8b\x08\x00\x00");
    write(&folder.path().join("z/broken.gz"), b"\x1f\x8b\x08\x00\x00");
    for format in FORMATS {
        let report = |threads| scan(folder.path(), &["-v", "-f", format, "-j", threads]);
        let one = report("1");
        assert_eq!(one.status.code(), Some(1));
        for threads in ["2", "8", "8"] {
            assert!(
                report(threads) == one,
                "{format} differs with {threads} threads"
            );
        }
    }
}

#[test]
fn a_content_that_is_all_findings_is_cut_and_says_so() {
    let folder = TempDir::new().unwrap();
    let lines: Vec<String> = (0..2_100).map(|i| token(i) + "\n").collect();
    write(&folder.path().join("many.txt"), lines.concat().as_bytes());
    let report = parse(&scan(folder.path(), &["-f", "json"]).stdout);
    assert_eq!(array(&report, "/findings").len(), 2_000);
    let issues = array(&report, "/issues");
    let message = text(&issues[0], "/message");
    assert!(
        issues.len() == 1 && message.starts_with("2000 findings of github-"),
        "{message}"
    );
}

#[test]
fn paths_may_come_in_any_order() {
    let folder = TempDir::new().unwrap();
    for (i, name) in ["a/one", "b/two", "three"].into_iter().enumerate() {
        write(&folder.path().join(name), token(i as u64).as_bytes());
    }
    let all = scan(folder.path(), &["-f", "json", "."]).stdout;
    for paths in [["a", "b", "three"], ["three", "./b", "a/one"]] {
        let some = scan(folder.path(), &[&["-f", "json"][..], &paths].concat()).stdout;
        assert!(some == all, "{paths:?}: {}", String::from_utf8_lossy(&some));
    }
}

#[test]
fn one_scan_writes_all_formats_each_as_if_it_were_the_only_one() {
    let folder = TempDir::new().unwrap();
    let (tree, out) = (folder.path().join("tree"), folder.path().join("out"));
    expand(&tree);
    write(&tree.join("broken.gz"), b"\x1f\x8b\x08\x00\x00");
    std::fs::create_dir(&out).unwrap();
    let files: Vec<_> = FORMATS
        .iter()
        .map(|format| format!("{format}={}", out.join(format).display()))
        .collect();
    let mut args: Vec<_> = files.iter().flat_map(|file| ["-f", file]).collect();
    args.extend(["-f", "human"]);
    let all = scan(&tree, &args);
    assert_eq!(all.status.code(), Some(1));
    for format in FORMATS {
        let alone = scan(&tree, &["-f", format]);
        let beside = std::fs::read(out.join(format)).unwrap();
        assert!(!beside.is_empty() && beside == alone.stdout, "{format}");
    }
    assert_eq!(all.stdout, std::fs::read(out.join("human")).unwrap());

    let two = scan(&tree, &["-f", "csv", "-f", "junit"]);
    assert_eq!(two.status.code(), Some(2), "standard output is one report");
}

#[test]
fn what_a_report_has_no_room_for_is_said() {
    let folder = TempDir::new().unwrap();
    for i in 0..12 {
        write(&folder.path().join(format!("{i}.txt")), token(i).as_bytes());
    }
    let output = scan(folder.path(), &["-f", "github", "-f", "csv=all.csv"]);
    let annotations = String::from_utf8(output.stdout).unwrap();
    assert_eq!(annotations.matches("::error file=").count(), 10);
    assert_eq!(
        String::from_utf8(output.stderr).unwrap(),
        "keysieve: the github report has no room for 2 findings, the least important\n"
    );
    let all = std::fs::read_to_string(folder.path().join("all.csv")).unwrap();
    assert_eq!(all.matches("\nfinding,").count(), 12);
}

/// In a network namespace of its own, where there is no network at all, not even the machine's own address.
#[cfg(target_os = "linux")]
#[test]
fn a_scan_needs_no_network() {
    let apart = |program: &str, args: &[&str]| {
        let mut command = Command::new("unshare");
        command
            .args(["--net", "--map-root-user", program])
            .args(args);
        command.output()
    };
    if !apart("true", &[]).is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: this machine cannot make network namespaces");
        return;
    }
    let folder = TempDir::new().unwrap();
    write(&folder.path().join("a"), token(1).as_bytes());
    let path = folder.path().to_str().unwrap();
    let with = keysieve(folder.path())
        .args(["scan", path])
        .output()
        .unwrap();
    let without = apart(env!("CARGO_BIN_EXE_keysieve"), &["scan", path]).unwrap();
    assert_eq!(without.status.code(), Some(1));
    assert!(!without.stdout.is_empty() && with.stderr == without.stderr);
}

fn in_json(report: &Value) -> BTreeSet<String> {
    let reported = |finding: &&Value| finding.get("suppressed").is_none();
    let findings = array(report, "/findings").iter().filter(reported);
    findings
        .map(|finding| text(finding, "/fingerprint").to_owned())
        .collect()
}

fn in_sarif(log: &Value) -> BTreeSet<String> {
    let results = array(log, "/runs/0/results").iter();
    let fingerprint = |result| text(result, "/partialFingerprints/keysieve~1v1").to_owned();
    results.map(fingerprint).collect()
}

#[test]
fn fingerprints_stay_in_all_formats_and_change_with_the_key() {
    let folder = TempDir::new().unwrap();
    expand(folder.path());
    let with_key = |format: &str, key: &str| {
        let mut command = keysieve(folder.path());
        command
            .args(["scan", "-f", format])
            .env("KEYSIEVE_FINGERPRINT_KEY", key);
        parse(&command.output().unwrap().stdout)
    };
    let public = parse(&scan(folder.path(), &["-f", "json"]).stdout);
    let fingerprints = in_json(&public);
    assert!(fingerprints.len() > 100);
    assert!(
        fingerprints
            .iter()
            .all(|f| f.len() == 36 && f.starts_with("ks1:"))
    );
    assert_eq!(
        in_json(&with_key("json", "")),
        fingerprints,
        "an empty key is none"
    );

    let sarif = parse(&scan(folder.path(), &["-f", "sarif"]).stdout);
    assert_eq!(in_sarif(&sarif), fingerprints);
    let jsonl = scan(folder.path(), &["-f", "jsonl"]).stdout;
    let lines = jsonl
        .split(|&byte| byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(parse);
    let findings: Vec<Value> = lines.filter(|line| line["type"] == "finding").collect();
    assert_eq!(
        in_json(&serde_json::json!({ "findings": findings })),
        fingerprints
    );

    let ours = in_json(&with_key("json", "ours"));
    assert_eq!(ours.len(), fingerprints.len());
    assert!(ours.is_disjoint(&fingerprints));
    assert_eq!(in_sarif(&with_key("sarif", "ours")), ours);
    assert!(in_json(&with_key("json", "theirs")).is_disjoint(&ours));
}

#[test]
fn a_fingerprint_survives_a_move_and_tells_of_a_rotation() {
    let folder = TempDir::new().unwrap();
    let at = |name: &str, before: &str, seed| {
        write(
            &folder.path().join(name),
            format!("{before}{}\n", token(seed)).as_bytes(),
        );
    };
    at("old/a.env", "TOKEN=", 1);
    at("new/b.yml", "# moved\n\n  token: ", 1);
    at("rotated.env", "TOKEN=", 2);
    let report = parse(&scan(folder.path(), &["-f", "json"]).stdout);
    let [moved, old, rotated] = array(&report, "/findings") else {
        panic!("three findings in {report:#}")
    };
    assert_eq!(moved["fingerprint"], old["fingerprint"]);
    assert_ne!(rotated["fingerprint"], old["fingerprint"]);
    assert_eq!(report["summary"]["secrets"], 2);
}
