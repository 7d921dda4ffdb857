//! The fast prefilter finds what the plain one does: over every rule's samples in random surroundings, at every alignment
//! and across every border of a window, and over real trees.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};

use keysieve_engine::policy::{InlineComments, Policy, Verdict};
use keysieve_engine::prefilter::{Fast, Oracle, Prefilter};
use keysieve_engine::rule::RuleSet;
use keysieve_engine::scan::{Scanner, ScannerBuilder};
use keysieve_engine::source::Visitor;
use keysieve_engine::{Blob, Confidence, Finding, Issue, Origin, Sink};
use keysieve_rules::builtin;
use keysieve_rules::sample::{Random, Template};

/// Bytes of a window of the fast prefilter.
const WINDOW: usize = 16 * 1024;
/// How much of the real trees is read, in bytes.
const TREES: usize = 48 << 20;

struct Pair {
    fast: Scanner,
    oracle: Scanner,
}

/// A finding without what follows from the rest: rule, start, end.
type Place = (String, u64, u64);

impl Pair {
    fn new() -> Self {
        Self {
            fast: scanner::<Fast>(),
            oracle: scanner::<Oracle>(),
        }
    }

    /// Scans with both and holds them against each other; what they found.
    fn same(&self, text: &[u8], name: &Path) -> Result<Vec<Place>, String> {
        let (fast, oracle) = (
            places(&self.fast, text, name),
            places(&self.oracle, text, name),
        );
        if fast == oracle {
            return Ok(fast);
        }
        let only = |a: &[Place], b: &[Place]| {
            a.iter()
                .filter(|p| !b.contains(p))
                .map(|p| format!("{p:?}"))
                .collect::<Vec<_>>()
                .join(", ")
        };
        Err(format!(
            "only the fast: [{}], only the plain: [{}]",
            only(&fast, &oracle),
            only(&oracle, &fast)
        ))
    }
}

fn scanner<P: Prefilter + 'static>() -> Scanner {
    let rules = RuleSet::new(builtin(), Vec::new()).expect("the built-in rules make a set");
    let policy = Policy {
        min_confidence: Confidence::Low,
        inline: InlineComments::Forbid,
        ..Policy::default()
    };
    ScannerBuilder::new()
        .policy(policy)
        .build_with::<P>(Arc::new(rules))
}

fn places(scanner: &Scanner, text: &[u8], name: &Path) -> Vec<Place> {
    let (sink, interrupt) = (Collector::default(), AtomicBool::new(false));
    let session = scanner.session(&sink, &interrupt);
    let _ = session
        .scan()
        .blob(Blob::whole(text, Arc::new(Origin::File(name.to_owned()))));
    let rules = scanner.rules();
    let findings = sink.0.into_inner().expect("no thread panicked");
    findings
        .iter()
        .map(|f| {
            (
                rules.rule(f.rule).id.to_string(),
                f.location.start_byte,
                f.location.end_byte,
            )
        })
        .collect()
}

#[derive(Default)]
struct Collector(Mutex<Vec<Finding>>);

impl Sink for Collector {
    fn finding(&self, finding: Finding, _: Verdict) -> io::Result<()> {
        self.0.lock().expect("no thread panicked").push(finding);
        Ok(())
    }

    fn issue(&self, _: Issue) {}
}

/// Text that is dense in what decides about candidates.
fn filler(random: &mut Random, len: usize) -> String {
    const PARTS: [&str; 24] = [
        "\n",
        " ",
        "\t",
        "\"",
        "'",
        "=",
        ": ",
        "://",
        "\\n",
        "%3D",
        "key",
        "token",
        "{\"a\": ",
        "}, ",
        "fn f() { x }\n",
        "2026-01-02T03:04:05Z INFO ",
        "0123456789abcdef0123",
        "some_identifier_name",
        "VALUE_1=",
        "\u{e9}\u{4e16}",
        "(",
        ";",
        "-----",
        "\\u003d",
    ];
    let mut text = String::new();
    while text.len() < len {
        text.push_str(PARTS[random.usize(..PARTS.len())]);
    }
    text
}

#[test]
fn samples_are_found_alike_at_every_alignment_and_border() {
    let pair = Pair::new();
    let mut random = Random::with_seed(1);
    let mut found = 0;
    for rule in builtin().rules {
        let prefixes: Vec<String> = rule.prefixes.iter().map(ToString::to_string).collect();
        let name = rule
            .path
            .first()
            .map_or("a.txt".into(), |g| g.replace("**/", "").replace('*', "x"));
        for (i, sample) in rule
            .samples
            .iter()
            .chain(rule.near_misses.iter())
            .enumerate()
        {
            let sample = Template::parse(sample).expect("the trial of rules parses them");
            for round in 0..8 {
                // Each round puts the sample elsewhere in a block; some across the border of a window.
                let before = match round {
                    0..4 | 6 => random.usize(0..200),
                    _ => WINDOW - random.usize(0..120),
                };
                let mut text = filler(&mut random, before);
                text.push_str(["\n", " ", "\""][random.usize(..3)]);
                let expanded = sample.expand(&mut random, &prefixes);
                // The last rounds leave values beside their names without an operator.
                text.push_str(&match round {
                    0..6 => expanded,
                    _ => expanded.replace(['=', ':'], " "),
                });
                if random.bool() {
                    text.push('\n');
                    let after = random.usize(0..150);
                    text.push_str(&filler(&mut random, after));
                }
                match pair.same(text.as_bytes(), Path::new(&name)) {
                    Ok(places) => found += places.len(),
                    Err(difference) => panic!("{} sample {i} round {round}: {difference}", rule.id),
                }
            }
        }
    }
    assert!(
        found > 5 * builtin().rules.len(),
        "only {found} findings: the samples are not in the texts"
    );
}

#[test]
fn real_trees_are_found_alike() {
    let pair = Pair::new();
    let mut files = Vec::new();
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home
        .or_else(|| std::env::home_dir().map(|h| h.join(".cargo")))
        .expect("there is a home");
    list(&home.join("registry/src"), &mut files);
    for lib in ["/usr/lib/python3", "/usr/lib/python3.11", "/usr/local/lib"] {
        list(Path::new(lib), &mut files);
    }
    files.sort();
    assert!(
        files.len() > 500,
        "cargo's registry is empty: no tree to compare on"
    );
    // Spread over all of them rather than the first ones.
    let step = 7919; // a prime: all files are met unless their number is a multiple of it
    let (mut bytes, mut at, mut found) = (0, 0, 0);
    for _ in 0..files.len() {
        let path = &files[at];
        at = (at + step) % files.len();
        let Ok(text) = std::fs::read(path) else {
            continue;
        };
        if text.len() > 2 << 20 {
            continue;
        }
        bytes += text.len();
        let name = path.file_name().map_or_else(PathBuf::new, PathBuf::from);
        match pair.same(&text, &name) {
            Ok(places) => found += places.len(),
            Err(difference) => panic!("{}: {difference}", path.display()),
        }
        if bytes > TREES {
            break;
        }
    }
    assert!(
        bytes > 1 << 20 && found > 0,
        "{bytes} bytes compared, {found} findings"
    );
}

fn list(folder: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => list(&entry.path(), files),
            Ok(kind) if kind.is_file() => files.push(entry.path()),
            _ => {}
        }
    }
}
