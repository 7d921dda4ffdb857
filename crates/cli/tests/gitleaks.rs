//! `keysieve gitleaks` where gitleaks itself cannot be the measure: with our own rules, and in what we refuse.
//! (`.ci/gitleaks` compares the rest with gitleaks.)

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

/// The id of a key of AWS, made here so that none stands in the repository.
fn key(seed: usize) -> String {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let letters = (0..16).map(|i| char::from(alphabet[(seed + 11 * i + i * i) % 32]));
    format!("AK{}{}", "IA", letters.collect::<String>())
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(
        folder.path().join("a.txt"),
        format!("first\naws = {}\n", key(3)),
    )
    .unwrap();
    folder
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_keysieve"))
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .output()
        .unwrap()
}

/// The ids of the rules in a JSON report of a scan of the folder.
fn found(folder: &Path, more: &[&str]) -> Vec<String> {
    let arguments = [
        &["gitleaks", "dir", "-f", "json", "-r", "-", "-l", "fatal"],
        more,
    ]
    .concat();
    let output = run(folder, &arguments);
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let ids = report
        .as_array()
        .unwrap()
        .iter()
        .map(|f| f["RuleID"].as_str().unwrap().to_owned());
    let ids: Vec<String> = ids.collect();
    assert_eq!(output.status.code(), Some(i32::from(!ids.is_empty())));
    ids
}

#[test]
fn our_rules_go_by_the_ids_of_gitleaks() {
    let folder = folder();
    let path = folder.path();
    assert_eq!(found(path, &[]), ["aws-access-token"]);
    assert_eq!(
        found(path, &["--enable-rule", "aws-access-token"]),
        ["aws-access-token"]
    );
    assert_eq!(
        found(path, &["--enable-rule=aws-access-key-id"]),
        ["aws-access-token"]
    );
    assert_eq!(found(path, &["--enable-rule=jwt"]), [""; 0]);
    assert_eq!(
        run(path, &["gitleaks", "dir", "--enable-rule=no-such-rule"])
            .status
            .code(),
        Some(1)
    );

    fs::write(path.join(".gitleaksignore"), "a.txt:aws-access-token:2\n").unwrap();
    assert_eq!(found(path, &[]), [""; 0]);
    fs::write(path.join(".gitleaksignore"), "a.txt:aws-access-key-id:2\n").unwrap();
    assert_eq!(found(path, &[]), [""; 0]);
    fs::write(path.join(".gitleaksignore"), "a.txt:aws-access-token:3\n").unwrap();
    assert_eq!(found(path, &[]).len(), 1);
}

#[test]
fn a_finding_in_decoded_text_is_in_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let text = format!("first\nsecond\naws = {}\n", key(3));
    let wide: Vec<u8> = format!("\u{FEFF}{text}")
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    fs::write(path.join("wide.txt"), wide).unwrap();
    let arguments = ["gitleaks", "dir", "-f", "json", "-r", "-", "-l", "fatal"];
    let output = run(path, &arguments);
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let finding = &report[0];
    assert_eq!(
        (&finding["StartLine"], &finding["EndLine"]),
        (&3.into(), &3.into())
    );
    assert_eq!(finding["Secret"], key(3));
    assert_eq!(found(path, &["--max-decode-depth=0"]), [""; 0]);
}

#[test]
fn a_configuration_that_extends_the_default_amends_our_rules() {
    let folder = folder();
    let with = |config: &str| {
        fs::write(folder.path().join(".gitleaks.toml"), config).unwrap();
        found(folder.path(), &[])
    };
    let extend = "[extend]\nuseDefault = true\n";
    assert_eq!(with(extend), ["aws-access-token"]);
    assert_eq!(
        with(&format!("{extend}disabledRules = ['aws-access-token']")),
        [""; 0]
    );
    assert_eq!(
        with(&format!("{extend}[allowlist]\npaths = ['a[.]txt']")),
        [""; 0]
    );
    let amending = "[[rules]]\nid = 'aws-access-token'\n[[rules.allowlists]]\nregexes = ['^AKI']";
    assert_eq!(with(&format!("{extend}{amending}")), [""; 0]);
    let targeted = "[[allowlists]]\ntargetRules = ['aws-access-token']\nregexTarget = 'line'\nregexes = ['aws =']";
    assert_eq!(with(&format!("{extend}{targeted}")), [""; 0]);
    let replacing = "[[rules]]\nid = 'aws-access-token'\nregex = 'first'";
    assert_eq!(with(&format!("{extend}{replacing}")), ["aws-access-token"]);
    assert_eq!(with("[[rules]]\nid = 'own'\nregex = 'first'"), ["own"]);
}

#[test]
fn a_baseline_of_gitleaks_knows_what_our_rules_find() {
    let folder = folder();
    let baseline = |secret: &str| {
        // As gitleaks has it: other words, and the match wider than the secret.
        let json = serde_json::json!([{
            "RuleID": "aws-access-token", "Description": "d", "StartLine": 2, "EndLine": 2, "StartColumn": 7,
            "EndColumn": 27, "Match": secret, "Secret": secret, "File": "a.txt", "SymlinkFile": "", "Commit": "",
            "Entropy": 3.1, "Author": "", "Email": "", "Date": "", "Message": "", "Tags": [], "Fingerprint": "x",
        }]);
        fs::write(folder.path().join("b.json"), json.to_string()).unwrap();
        found(folder.path(), &["-b", "b.json"])
    };
    assert_eq!(baseline(&key(3)), [""; 0]);
    assert_eq!(baseline(&key(4)).len(), 1);
}

/// A tar of one file.
fn tar(name: &str, content: &[u8]) -> Vec<u8> {
    let mut header = [0; 512];
    header[..name.len()].copy_from_slice(name.as_bytes());
    header[124..136].copy_from_slice(format!("{:011o}\0", content.len()).as_bytes());
    header[148..156].fill(b' ');
    header[257..262].copy_from_slice(b"ustar");
    let sum: u32 = header.iter().map(|&byte| u32::from(byte)).sum();
    header[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
    let mut tar = [&header, content].concat();
    tar.resize(tar.len().next_multiple_of(512), 0);
    tar
}

/// Where findings are, what was said, and the exit code of a scan of the folder.
fn places(folder: &Path, depth: &str) -> (Vec<String>, String, Option<i32>) {
    let arguments = [
        "gitleaks",
        "dir",
        "-f",
        "json",
        "-r",
        "-",
        "--max-archive-depth",
        depth,
    ];
    let output = run(folder, &arguments);
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let files = report.as_array().unwrap().iter();
    (
        files
            .map(|f| f["File"].as_str().unwrap().to_owned())
            .collect(),
        String::from_utf8(output.stderr).unwrap(),
        output.status.code(),
    )
}

#[test]
fn archives_are_opened_as_deep_as_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let text = format!("aws = {}\n", key(3));
    let archive = tar("./a//b.tar", &tar("../c.txt", text.as_bytes()));
    fs::write(folder.path().join("x.tar"), archive).unwrap();
    for (depth, found, warning) in [
        ("0", None, None),
        (
            "1",
            None,
            Some("x.tar!a/b.tar: left out: an archive, deeper than 1"),
        ),
        ("2", Some("x.tar!a/b.tar!../c.txt"), None),
        ("3", Some("x.tar!a/b.tar!../c.txt"), None),
    ] {
        let (files, said, code) = places(folder.path(), depth);
        assert_eq!(files.first().map(String::as_str), found, "{said}");
        assert_eq!(code, Some(i32::from(found.is_some())));
        match warning {
            Some(warning) => assert!(said.contains(warning), "{said}"),
            None => assert!(!said.contains("x.tar"), "{said}"),
        }
    }
}

#[test]
fn what_is_not_seen_in_archives_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let text = format!("aws = {}\n", key(3));
    let filler = "x".repeat(3000);
    let broken = [
        tar("inner.zip", b"no zip"),
        tar("z.txt", text.as_bytes()),
        tar("cut.txt", format!("{text}{filler}").as_bytes())[..2000].to_vec(),
    ];
    fs::write(path.join("broken.tar"), broken.concat()).unwrap();
    fs::write(path.join("unnamed"), tar("a", text.as_bytes())).unwrap();
    fs::write(path.join("x.rar"), "whatever").unwrap();
    let mut deep = text.into_bytes();
    for _ in 0..80 {
        deep = tar("a.tar", &deep);
    }
    fs::write(path.join("deep.tar"), deep).unwrap();
    let (mut files, said, code) = places(path, "1000");
    files.sort();
    assert_eq!(files, ["broken.tar!cut.txt", "broken.tar!z.txt"]);
    assert_eq!(code, Some(1));
    for part in [
        "WRN broken.tar!inner.zip: zip: the data is of another format\n",
        "WRN broken.tar: tar: the data is damaged; what follows is lost\n",
        "WRN unnamed: left out: an archive (tar) without the name of one\n",
        "WRN x.rar: rar: the data is packed in a way that is not supported\n",
        "!a.tar!a.tar: tar: there is more than the limits allow; the rest is left out\n",
    ] {
        assert!(said.contains(part), "{part:?} is not in: {said}");
    }
}

#[test]
fn what_is_not_supported_is_refused() {
    let folder = folder();
    let code = |arguments: &[&str]| run(folder.path(), arguments).status.code();
    assert_eq!(code(&["gitleaks", "dir", "--no-such-flag"]), Some(126));
    assert_eq!(
        code(&["gitleaks", "dir", "--report-template", "x"]),
        Some(126)
    );
    assert_eq!(code(&["gitleaks", "dir", "no-such-folder"]), Some(1));
    // gitleaks says that it failed, and ends as if all were well.
    assert_eq!(code(&["gitleaks", "git", "."]), Some(1));
    assert_eq!(code(&["gitleaks", "dir", "--exit-code", "7"]), Some(7));
    assert_eq!(code(&["gitleaks", "version"]), Some(0));
}

#[cfg(unix)]
#[test]
fn its_name_makes_it_gitleaks() {
    let folder = folder();
    let link = folder.path().join("gitleaks");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_keysieve"), &link).unwrap();
    let output = Command::new(&link)
        .args(["dir", "a.txt"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("leaks found: 1"));
}

#[test]
fn a_migrated_configuration_works() {
    let folder = folder();
    let path = folder.path();
    let config = "[extend]\nuseDefault = true\ndisabledRules = ['aws-access-token']\n\
                  [[rules]]\nid = 'own_rule'\nregex = '''fir(st)+'''\nkeywords = ['first']\n";
    fs::write(path.join(".gitleaks.toml"), config).unwrap();
    let output = run(path, &["config", "migrate", "-o", "keysieve.toml"]);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = fs::read_to_string(path.join("keysieve.toml")).unwrap();
    assert!(
        text.contains("id = \"own-rule\"") && text.contains("\"aws-access-key-id\""),
        "{text}"
    );
    // A file that is there is not overwritten.
    assert_eq!(
        run(path, &["config", "migrate", "-o", "keysieve.toml"])
            .status
            .code(),
        Some(2)
    );
    let output = run(
        path,
        &[
            "scan",
            "a.txt",
            "--rule",
            "own-rule",
            "--min-confidence",
            "low",
        ],
    );
    assert!(
        String::from_utf8_lossy(&output.stdout).contains("own-rule"),
        "{text}"
    );
}
