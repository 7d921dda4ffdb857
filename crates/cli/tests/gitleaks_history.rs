//! `keysieve gitleaks git` asks git only about commits in which something may be found. With `--log-opts` git is asked about
//! all of them, so the same findings must come both ways, from histories of all that a diff can be hard to foretell of.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use fastrand::Rng;

/// What gitleaks runs git with where nothing else is asked for.
const ALL: &str = "--log-opts=--full-history --all --diff-filter=tuxdb";

/// Rules over one line and over several, with bounds and without, at the ends of lines and of texts, by the name of a file.
const RULES: &str = r#"
[[rules]]
id = "assigned"
regex = '''(?i)[\w.-]{0,20}?(?:acme|key)[ \t\w.-]{0,10}\s{0,3}=\s{0,3}['"]?([a-z0-9]{10,20})(?:['"\s;]|$)'''
keywords = ["acme", "key"]
[[rules]]
id = "prefixed"
regex = '''\b(kst_[a-z0-9]{12})\b'''
entropy = 2
keywords = ["kst_"]
[[rules]]
id = "block"
regex = '''-----BEGIN ACME-----[\s\S]{4,}?-----END ACME-----'''
keywords = ["-----begin acme"]
[[rules]]
id = "line"
regex = '''(?m)^secret: (\w{4,})$'''
[[rules]]
id = "text"
regex = '''\Atop: (\w{4,})\s+[a-z]'''
keywords = ["top"]
[[rules]]
id = "last"
regex = '''end-of-it: (\w{4,})\s*\z'''
[[rules]]
id = "store"
path = '''\.p12$'''
[[rules]]
id = "elsewhere"
regex = '''kst_([a-z0-9]{4})'''
path = '''deep/'''
[[rules.allowlists]]
regexes = ['''^a''']
[[allowlists]]
paths = ['''^vendor/''']
"#;

const FILES: [&str; 9] = [
    "one.txt",
    "two.txt",
    "a folder/ä three.txt",
    "deep/er/four.yml",
    "deep/er/five.yml",
    "vendor/six.txt",
    "seven.p12",
    "eight.bin",
    "nine.raw",
];

/// A line of a file: most are the same as others.
fn line(random: &mut Rng) -> String {
    let letters = |random: &mut Rng, count: usize| -> String {
        let mut letter = || char::from(b"abcdefghij0123456789"[random.usize(..20)]);
        (0..count).map(|_| letter()).collect()
    };
    match random.u8(..24) {
        0 => format!("key = {}", letters(random, 12)),
        1 => "acme.name =".into(),
        2 => format!("  '{}'", letters(random, 12)),
        3 => format!("token kst_{} here", letters(random, 12)),
        4 => "-----BEGIN ACME-----".into(),
        5 => "-----END ACME-----".into(),
        6 => format!("secret: {}", letters(random, 6)),
        7 => format!("top: {}", letters(random, 6)),
        8 => format!("end-of-it: {}", letters(random, 6)),
        9 => {
            let plain = format!("key = kst_{};", letters(random, 12));
            data_encoding::BASE64.encode(plain.as_bytes())
        }
        10 => {
            let plain = format!("kst_{}", letters(random, 12));
            plain.bytes().fold(String::new(), |mut coded, byte| {
                write!(coded, "%{byte:02X}").unwrap();
                coded
            })
        }
        11 => format!("é \u{212A}ey = {}", letters(random, 12)),
        12 => "KEY =\r".into(),
        13 => format!("x {}", letters(random, 2)),
        14..17 => "}".into(),
        17..20 => String::new(),
        20 => "    return;".into(),
        21 => "{".into(),
        22 => "kst_abcabcabcabc".into(),
        _ => "# text".into(),
    }
}

type Content = Vec<String>;

fn edit(random: &mut Rng, content: &mut Content) {
    for _ in 0..random.usize(1..4) {
        let at = random.usize(..=content.len());
        let end = content.len().min(at + random.usize(..8));
        match random.u8(..6) {
            0 => drop(content.drain(at..end)),
            1 => {
                let block: Content = content.drain(at..end).collect();
                let to = random.usize(..=content.len());
                content.splice(to..to, block);
            }
            2 => {
                let block = content[at..end].to_vec();
                content.splice(at..at, block);
            }
            _ => {
                let block: Content = (0..random.usize(1..6)).map(|_| line(random)).collect();
                content.splice(at..at, block);
            }
        }
    }
}

fn bytes(path: &str, content: &Content) -> Vec<u8> {
    let mut bytes = content.join("\n").into_bytes();
    if !bytes.len().is_multiple_of(5) {
        bytes.push(b'\n');
    }
    if path.ends_with(".bin") || path.ends_with(".raw") {
        bytes.splice(0..0, [0, b'\n']);
    }
    bytes
}

/// A history of some commits, for `git fast-import`.
fn stream(random: &mut Rng) -> Vec<u8> {
    let mut stream = Vec::new();
    let mut states: Vec<BTreeMap<String, Content>> = Vec::new();
    for mark in 1..=40 {
        let parent = match random.u8(..10) {
            _ if mark == 1 => None,
            0 => Some(random.usize(1..mark)),
            1 if mark > 20 => None,
            _ => Some(mark - 1),
        };
        let merged = parent.map(|_| random.usize(1..mark));
        let merged = merged.filter(|merged| random.u8(..8) == 0 && parent != Some(*merged));
        let mut state = parent.map_or_else(BTreeMap::new, |parent| states[parent - 1].clone());
        for _ in 0..random.usize(1..5) {
            let path = FILES[random.usize(..FILES.len())].to_owned();
            let other = FILES[random.usize(..FILES.len())].to_owned();
            match random.u8(..8) {
                0 => drop(state.remove(&path)),
                1 => {
                    // A file moves, often with changes.
                    if let Some(mut content) = state.remove(&path) {
                        if random.bool() {
                            edit(random, &mut content);
                        }
                        state.insert(other, content);
                    }
                }
                2 => {
                    if let Some(content) = state.get(&path).cloned() {
                        state.insert(other, content);
                    }
                }
                3 if mark > 1 => {
                    // Back to what it was.
                    let earlier = &states[random.usize(..mark - 1)];
                    if let Some(content) = earlier.get(&path) {
                        state.insert(path, content.clone());
                    }
                }
                _ => {
                    let fresh = || Content::from(["# a file".to_owned()]);
                    edit(random, state.entry(path).or_insert_with(fresh));
                }
            }
        }
        let branch = if random.u8(..6) == 0 { "side" } else { "main" };
        let message = format!("commit {mark}");
        let head = format!(
            "commit refs/heads/{branch}{}\nmark :{mark}\ncommitter A <a@example.com> {} +0000\ndata {}\n{message}\n",
            if parent.is_none() { mark } else { 0 },
            1_700_000_000 + mark * 60,
            message.len(),
        );
        stream.extend(head.bytes());
        if let Some(parent) = parent {
            stream.extend(format!("from :{parent}\n").bytes());
        }
        if let Some(merged) = merged {
            stream.extend(format!("merge :{merged}\n").bytes());
        }
        stream.extend(b"deleteall\n");
        for (path, content) in &state {
            let bytes = bytes(path, content);
            let head = format!("M 100644 inline {path}\ndata {}\n", bytes.len());
            stream.extend([head.as_bytes(), &bytes, b"\n"].concat());
        }
        states.push(state);
    }
    stream
}

fn command(program: &str, folder: &Path) -> Command {
    let mut command = Command::new(program);
    let empty = folder.join("no-configuration");
    command
        .current_dir(folder)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", empty);
    command
}

fn git(folder: &Path, arguments: &[&str], input: Vec<u8>) {
    let mut git = command("git", folder);
    let mut child = git.args(arguments).stdin(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    std::io::Write::write_all(&mut stdin, &input).unwrap();
    drop(stdin);
    assert!(child.wait().unwrap().success(), "git {arguments:?}");
}

/// All findings, and about how many commits git was asked; `None` for all.
fn findings(folder: &Path, more: &[&str]) -> (Vec<String>, Option<usize>) {
    let mut program = command(env!("CARGO_BIN_EXE_keysieve"), folder);
    program.args([
        "gitleaks",
        "git",
        "-c",
        "rules.toml",
        "-f",
        "json",
        "-r",
        "-",
    ]);
    let output = program
        .args(["-l", "debug", "--exit-code=0"])
        .args(more)
        .output()
        .unwrap();
    let log = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{log}");
    let report: Vec<serde_json::Value> = serde_json::from_slice(&output.stdout).unwrap();
    let mut findings: Vec<String> = report.iter().map(ToString::to_string).collect();
    findings.sort();
    let asked = log.split("git is asked about ").nth(1);
    let asked = asked.and_then(|asked| asked.split(' ').next());
    (findings, asked.and_then(|asked| asked.parse().ok()))
}

#[test]
fn asking_git_about_some_commits_finds_what_asking_about_all_does() {
    let rounds =
        std::env::var("KEYSIEVE_MODEL_ROUNDS").map_or(12, |rounds| rounds.parse().unwrap());
    let (mut total, mut asked_about) = (0, 0);
    for seed in 0..rounds {
        let mut random = Rng::with_seed(seed);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        git(path, &["init", "-q", "-b", "main0"], Vec::new());
        git(
            path,
            &["fast-import", "--quiet", "--force"],
            stream(&mut random),
        );
        fs::write(path.join("rules.toml"), RULES).unwrap();
        if random.bool() {
            fs::write(
                path.join(".git/info/attributes"),
                "*.raw diff\n*.yml -diff\n",
            )
            .unwrap();
        }
        if random.bool() {
            git(path, &["repack", "-adfq", "--depth=50"], Vec::new());
        }
        let (some, asked) = findings(path, &[]);
        let (all, asked_all) = findings(path, &[ALL]);
        assert_eq!(some, all, "seed {seed}");
        assert_eq!(asked_all, None, "seed {seed}");
        total += all.len();
        asked_about += asked.expect("nothing here needs all");
    }
    let rounds = rounds as usize;
    assert!(total > 10 * rounds, "only {total} findings");
    assert!(asked_about > 2 * rounds, "only {asked_about} commits");
    println!("{rounds} histories, {total} findings, git was asked about {asked_about} commits");
}

/// Git may be set up to show other lines than those that are foretold.
#[test]
fn where_git_is_set_up_otherwise_it_is_asked_about_all() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    git(path, &["init", "-q", "-b", "main0"], Vec::new());
    git(
        path,
        &["fast-import", "--quiet", "--force"],
        stream(&mut Rng::with_seed(1)),
    );
    fs::write(path.join("rules.toml"), RULES).unwrap();
    let is_asked_about_all = || findings(path, &[]).1.is_none();
    assert!(!is_asked_about_all());
    for (name, value, all) in [
        ("diff.algorithm", "histogram", true),
        ("diff.algorithm", "myers", false),
        ("diff.interHunkContext", "3", true),
        ("diff.words.textconv", "cat", true),
        ("diff.words.xfuncname", "^a", false),
        ("diff.renames", "copies", false),
        ("diff.noprefix", "true", false),
    ] {
        git(path, &["config", name, value], Vec::new());
        assert_eq!(is_asked_about_all(), all, "{name} = {value}");
        git(path, &["config", "--unset", name], Vec::new());
    }
    let all = ["rev-parse", "HEAD"];
    let head = command("git", path).args(all).output().unwrap().stdout;
    let head = String::from_utf8(head).unwrap().trim().to_owned();
    git(path, &["replace", &head, &format!("{head}~1")], Vec::new());
    assert!(is_asked_about_all(), "a commit is replaced");
    git(path, &["replace", "-d", &head], Vec::new());
    assert!(!is_asked_about_all());
    git(
        path,
        &["config", "advice.graftFileDeprecated", "false"],
        Vec::new(),
    );
    fs::write(path.join(".git/info/grafts"), format!("{head}\n")).unwrap();
    assert!(is_asked_about_all(), "a commit is grafted");
}
