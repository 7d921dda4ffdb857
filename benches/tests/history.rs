//! The proof of a history, over repositories that are made here: git has the last word on every finding.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use keysieve_benches::Random;
use keysieve_benches::proof::prove;
use keysieve_engine::rule::{Builtin, RuleFile, RuleSet, compile};
use keysieve_engine::scan::{Scanner, ScannerBuilder};
use tempfile::TempDir;

/// What `odd-places.sh` plants, in 30 places: a token. And a value that is assigned to a name.
const RULES: &str = "[[rule]]\nid = 'planted'\nname = 'Planted'\ndescription = 'What the script plants.'\n\
    severity = 'low'\nconfidence = 'high'\nprefixes = ['planted_']\npattern = 'planted_[a-z0-9_-]{16,48}'\n\
    remediation = 'None.'\nsamples = ['planted_{lower-digits:24}']\n\
    [[rule]]\nid = 'planted-value'\nname = 'Planted'\ndescription = 'What the test plants.'\n\
    severity = 'low'\nconfidence = 'high'\nkeywords = ['plantedkey']\nvalue = '[a-z0-9]{24}'\n\
    remediation = 'None.'\nsamples = ['plantedkey = {lower-digits:24}']\n";

fn scanner() -> Scanner {
    let rules = RuleFile::parse(RULES).unwrap().rules;
    let rules = rules.into_iter().map(|rule| compile(rule).unwrap());
    let rules = RuleSet::new(&Builtin::NONE, rules.collect()).unwrap();
    ScannerBuilder::new().build(Arc::new(rules))
}

fn odd_places(folder: &Path, hash: &str) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/git/odd-places.sh");
    let output = Command::new("bash")
        .arg(script)
        .arg(folder)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .envs([("SEED", "planted_0123456789abcdef"), ("HASH", hash)])
        .output()
        .expect("bash is installed");
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn a_history_finds_and_says_what_git_does() {
    for hash in ["sha1", "sha256"] {
        let around = TempDir::new().unwrap();
        let folder = around.path().join("repository");
        odd_places(&folder, hash);
        let proof = prove(&folder, &scanner(), 0).unwrap();
        assert_eq!(proof.differences, Vec::<String>::new(), "{hash}");
        assert!(proof.findings >= 30, "{hash}: {proof:?}");
        assert_eq!(proof.attributed, proof.holders, "{hash}");
    }
}

fn git(folder: &Path, args: &[&str], input: &str) {
    let mut child = Command::new("git")
        .current_dir(folder)
        .args(args)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .envs([
            ("HOME", "."),
            ("GIT_CONFIG_NOSYSTEM", "1"),
            ("GIT_CONFIG_GLOBAL", "/dev/null"),
        ])
        .stdin(Stdio::piped())
        .spawn()
        .expect("git is installed");
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(input.as_bytes()).unwrap();
    drop(stdin);
    assert!(child.wait().unwrap().success(), "git {args:?}");
}

/// A line of the file; now and then one that holds something, or nearly.
fn line(random: &mut Random) -> String {
    const ALPHABET: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";
    let (token, value) = (random.word(ALPHABET, 24), random.word(ALPHABET, 24));
    match random.below(30) {
        0 => format!("token: 'planted_{token}'"),
        1 => format!("plantedkey = \"{value}\""),
        2 => format!("plantedkey ={}\"{value}\"", " ".repeat(random.below(80))),
        3 => "planted_".to_owned() + &token[..8],
        4 => "plantedkey".to_owned(),
        5 => " ".repeat(random.below(900)),
        _ => format!("let number{} = {};", random.below(256), random.bits()),
    }
}

/// A stream for `git fast-import`: a long file in many versions, each with a few lines changed, moved or cut in two.
fn stream(random: &mut Random, versions: usize) -> String {
    let mut stream = String::new();
    let mut lines: Vec<String> = (0..600).map(|_| line(random)).collect();
    for version in 1..=versions {
        for _ in 0..1 + random.below(3) {
            let at = random.below(lines.len());
            match random.below(6) {
                0 => lines.insert(at, line(random)),
                1 => drop(lines.remove(at)),
                2 => {
                    let moved = lines.remove(at);
                    lines.insert(random.below(lines.len()), moved);
                }
                3 => {
                    let cut = lines[at].len() / 2;
                    let rest = lines[at].split_off(cut);
                    lines.insert(at + 1, rest);
                }
                4 => {
                    let next = lines.remove((at + 1) % lines.len());
                    let at = at % lines.len();
                    lines[at] += &next;
                }
                _ => lines[at] = line(random),
            }
        }
        let (text, time) = (lines.join("\n"), 1000 + version);
        write!(
            stream,
            "commit refs/heads/main\ncommitter A <a@example.com> {time} +0000\ndata 1\nm\n\
             M 100644 inline file\ndata {}\n{text}\n",
            text.len()
        )
        .unwrap();
    }
    stream
}

#[test]
fn what_is_found_in_deltas_is_what_is_found_in_each_object_by_itself() {
    for seed in 0..3 {
        let around = TempDir::new().unwrap();
        let folder = around.path();
        git(folder, &["init", "--quiet", "--bare", "."], "");
        let stream = stream(&mut Random::new(seed), 150);
        git(folder, &["fast-import", "--quiet"], &stream);
        let deep = ["--depth=50", "--window=20"];
        git(
            folder,
            &[&["repack", "-q", "-a", "-d", "-f"], &deep[..]].concat(),
            "",
        );
        for threads in [1, 3] {
            let proof = prove(folder, &scanner(), threads).unwrap();
            assert_eq!(
                proof.differences,
                Vec::<String>::new(),
                "{seed}, {threads} threads"
            );
            assert!(proof.holders >= 150, "{proof:?}");
            assert!(proof.derived >= 100, "{proof:?}");
        }
    }
}
