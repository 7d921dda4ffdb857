use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};

use tempfile::TempDir;

use crate::policy::Verdict;
use crate::rule::{Builtin, RuleFile, RuleSet, compile};
use crate::scan::{Scanner, ScannerBuilder};
use crate::source::contents::Sizes;
use crate::source::{Files, FilesBuilder, Source, Visitor, VisitorBuilder};
use crate::{FileKind, Finding, Issue, IssueKind, Location, Position, Sink, Skip, Window};

use super::*;

/// The files below `dir`, of which those that have `sizes.huge` bytes are huge.
fn files(dir: &Path, threads: usize, sizes: Sizes) -> Files {
    let mut builder = FilesBuilder::new();
    builder.root(dir).report_root(dir).threads(threads);
    Files {
        sizes,
        ..builder.build().unwrap()
    }
}

/// Lengths with which everything but an empty file is huge.
fn small(own: usize, left: usize, right: usize) -> Sizes {
    Sizes {
        whole: 0,
        most: 1000,
        huge: 1,
        own,
        left,
        right,
    }
}

/// What blobs have but their origin: window, bytes, head.
type Part = (Option<Window>, Vec<u8>, Vec<u8>);

/// Keeps the blobs of all threads.
#[derive(Default)]
struct Recorder {
    parts: Mutex<BTreeMap<(Origin, u64), Part>>,
    issues: Mutex<Vec<Issue>>,
    wants_whole: bool,
    /// The blob from which on visitors want to stop.
    most: Option<usize>,
    blobs: AtomicUsize,
}

impl VisitorBuilder for Recorder {
    fn visitor(&self) -> Box<dyn Visitor + '_> {
        Box::new(self)
    }
}

impl Visitor for &Recorder {
    fn blob(&mut self, blob: Blob<'_>) -> Flow {
        let offset = blob.window.map_or(0, |w| w.offset + w.own.0 as u64);
        let part = (blob.window, blob.bytes.to_vec(), blob.head.to_vec());
        let place = (Origin::clone(&blob.origin), offset);
        let twice = self.parts.lock().unwrap().insert(place, part);
        assert!(twice.is_none(), "a part came twice");
        let blobs = self.blobs.fetch_add(1, Relaxed) + 1;
        if self.most.is_some_and(|most| blobs >= most) {
            Flow::Stop
        } else {
            Flow::Continue
        }
    }

    fn wants_whole(&self, _: &Blob<'_>) -> bool {
        self.wants_whole
    }

    fn issue(&mut self, issue: Issue) -> Flow {
        self.issues.lock().unwrap().push(issue);
        Flow::Continue
    }

    fn skip(&mut self, skip: Skip) {
        panic!("nothing is skipped here: {skip:?}");
    }
}

/// A text of `length` bytes with lines, long lines and wide characters.
fn text(random: &mut fastrand::Rng, length: usize) -> Vec<u8> {
    const PIECES: [&str; 6] = ["a", "word ", "\n", "\r\n", "\u{e9}", "\u{1f511}"];
    let mut text = String::new();
    while text.len() < length {
        text.push_str(PIECES[random.usize(..PIECES.len())]);
    }
    let mut text = text.into_bytes();
    text.truncate(length);
    text
}

#[test]
fn threads_share_the_windows_that_one_would_make() {
    let mut random = fastrand::Rng::with_seed(1);
    for _ in 0..40 {
        let dir = TempDir::new().unwrap();
        for name in ["a", "b", "c", "d"] {
            let length = [0, 1, 100, 5000, 20_000][random.usize(..5)];
            fs::write(dir.path().join(name), text(&mut random, length)).unwrap();
        }
        let sizes = small(
            1 + random.usize(..700),
            random.usize(..100),
            random.usize(..100),
        );
        let walk = |threads| {
            let recorder = Recorder::default();
            files(dir.path(), threads, sizes).walk(&recorder).unwrap();
            assert!(recorder.issues.into_inner().unwrap().is_empty());
            recorder.parts.into_inner().unwrap()
        };
        let alone = walk(1);
        assert!(alone.len() >= 4);
        for threads in [2, 8] {
            assert!(walk(threads) == alone, "{threads} threads, {sizes:?}");
        }
    }
}

#[test]
fn a_huge_file_that_a_decoder_wants_comes_whole_up_to_a_bound() {
    let dir = TempDir::new().unwrap();
    fs::write(dir.path().join("fits"), [b'x'; 1000]).unwrap();
    fs::write(dir.path().join("long"), [b'x'; 1001]).unwrap();
    let recorder = Recorder {
        wants_whole: true,
        ..Recorder::default()
    };
    let sizes = small(100, 10, 10);
    files(dir.path(), 3, sizes).walk(&recorder).unwrap();
    let parts = recorder.parts.into_inner().unwrap();
    let windows = |name: &str| {
        let of = |place: &&(Origin, u64)| place.0 == Origin::File(name.into());
        let windows = parts.keys().filter(of).map(|place| parts[place].0);
        windows.collect::<Vec<_>>()
    };
    assert_eq!(windows("fits"), [None]);
    assert!(windows("long").len() > 8 && windows("long").iter().all(Option::is_some));
    let issues = recorder.issues.into_inner().unwrap();
    assert_eq!(
        issues.len(),
        1,
        "said once, though the file is opened twice"
    );
    assert_eq!(issues[0].kind, IssueKind::Limit);
}

#[test]
fn a_stop_ends_the_work_of_all_threads() {
    let dir = TempDir::new().unwrap();
    fs::write(dir.path().join("a"), vec![b'x'; 100_000]).unwrap();
    let recorder = Recorder {
        most: Some(10),
        ..Recorder::default()
    };
    let sizes = small(10, 0, 0);
    files(dir.path(), 4, sizes).walk(&recorder).unwrap();
    let blobs = recorder.blobs.into_inner();
    assert!(
        (10..=9 + 4).contains(&blobs),
        "each thread stops at its next window: {blobs}"
    );
}

/// Changes the file when its first window comes.
struct Changing<'a> {
    recorder: Recorder,
    change: &'a (dyn Fn() + Sync),
}

impl VisitorBuilder for Changing<'_> {
    fn visitor(&self) -> Box<dyn Visitor + '_> {
        Box::new(self)
    }
}

impl Visitor for &Changing<'_> {
    fn blob(&mut self, blob: Blob<'_>) -> Flow {
        if blob.is_first() {
            (self.change)();
        }
        (&self.recorder).blob(blob)
    }

    fn wants_whole(&self, _: &Blob<'_>) -> bool {
        false
    }

    fn issue(&mut self, issue: Issue) -> Flow {
        (&self.recorder).issue(issue)
    }

    fn skip(&mut self, skip: Skip) {
        (&self.recorder).skip(skip);
    }
}

#[test]
fn what_happens_to_a_huge_file_is_said() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("a");
    let scan = |change: &(dyn Fn(&File) + Sync)| {
        let file = File::create(&path).unwrap();
        file.set_len(40 << 20).unwrap();
        let changing = Changing {
            recorder: Recorder::default(),
            change: &|| change(&file),
        };
        files(dir.path(), 2, Sizes::DEFAULT)
            .walk(&changing)
            .unwrap();
        let issues = changing.recorder.issues.into_inner().unwrap();
        issues.iter().map(|issue| issue.kind).collect::<Vec<_>>()
    };
    assert_eq!(scan(&|_| {}), []);
    assert_eq!(
        scan(&|file| file.set_len(100).unwrap()),
        [IssueKind::Changed],
        "it shrank"
    );
    assert_eq!(scan(&|file| file.set_len(50 << 20).unwrap()), []);
    assert_eq!(
        scan(&|file| file.set_len(200 << 20).unwrap()),
        [IssueKind::Changed],
        "it grew beyond the bound"
    );

    // Found to be huge by the walk, and gone when its turn comes.
    let recorder = Recorder::default();
    let files = files(dir.path(), 2, Sizes::DEFAULT);
    let (missing, huge, stopped) = (Mutex::default(), Mutex::default(), AtomicBool::new(false));
    let pass = Pass {
        files: &files,
        visitors: &recorder,
        missing: &missing,
        huge: &huge,
        stopped: &stopped,
    };
    lock(&huge).add(&dir.path().join("b"), Links::Refuse);
    pass.scan_huge();
    let issues = recorder.issues.into_inner().unwrap();
    assert_eq!(issues.len(), 1);
    assert_eq!(issues[0].kind, IssueKind::Vanished);
}

/// Keeps findings.
#[derive(Default)]
struct Findings(Mutex<Vec<(Origin, Location, FileKind, String)>>);

impl Sink for Findings {
    fn finding(&self, finding: Finding, _: Verdict) -> io::Result<()> {
        let secret = finding.secret.expose().to_vec();
        self.0.lock().unwrap().push((
            Origin::clone(&finding.origin),
            finding.location,
            finding.kind,
            String::from_utf8(secret).unwrap(),
        ));
        Ok(())
    }

    fn issue(&self, issue: Issue) {
        panic!("{}", issue.message);
    }
}

fn scanner() -> Scanner {
    let mut file = RuleFile::parse(
        r#"
        [[rule]]
        id = "acme-key"
        name = "ACME key"
        description = "Opens the ACME interface."
        severity = "high"
        confidence = "high"
        prefixes = ["acme_"]
        pattern = "acme_[a-z0-9]{20}"
        remediation = "Revoke it in the ACME console."
        samples = ["acme_{hex:20}"]
        "#,
    )
    .unwrap();
    let rule = compile(file.rules.remove(0)).unwrap();
    let rules = RuleSet::new(&Builtin::NONE, vec![rule]).unwrap();
    ScannerBuilder::new().build(Arc::new(rules))
}

/// Every border of a window, and every offset around it, comes to lie in a secret: values stand close to each other.
#[test]
fn findings_are_the_same_whatever_the_threads() {
    let mut random = fastrand::Rng::with_seed(2);
    let scanner = scanner();
    for round in 0..30 {
        let dir = TempDir::new().unwrap();
        let (mut content, mut expected) = (String::new(), Vec::new());
        if round % 2 == 0 {
            content.push_str("# Databricks notebook source\n"); // another kind of file, told from its head
        }
        for _ in 0..200 {
            let length = 1 + random.usize(..60);
            let gap = text(&mut random, length);
            content.push_str(&String::from_utf8_lossy(&gap));
            content.push(' ');
            let mut value = "acme_".to_owned();
            (0..20).for_each(|_| value.push(random.char('a'..='z')));
            let start = Position::START.after(content.as_bytes());
            expected.push((content.len() as u64, start, value.clone()));
            write!(content, "{value}{}", ["\n", " "][random.usize(..2)]).unwrap();
        }
        fs::write(dir.path().join("a"), &content).unwrap();
        // A line is context of a finding, and so is what is before it: 64 bytes hold both here.
        let sizes = small(1 + random.usize(..300), 64, 64);
        let scan = |threads| {
            let (findings, interrupt) = (Findings::default(), AtomicBool::new(false));
            let session = scanner.session(&findings, &interrupt);
            files(dir.path(), threads, sizes).walk(&session).unwrap();
            let progress = session.stats().progress();
            let mut findings = findings.0.into_inner().unwrap();
            findings.sort();
            (findings, progress)
        };
        let alone = scan(1);
        let found: Vec<_> = alone
            .0
            .iter()
            .map(|(_, at, _, value)| (at.start_byte, at.start, value.clone()))
            .collect();
        assert_eq!(found, expected);
        assert_eq!(alone.1, (1, content.len() as u64));
        let kinds: Vec<_> = alone.0.iter().map(|(_, _, kind, _)| *kind).collect();
        assert!(kinds.iter().all(|kind| *kind == kinds[0]));
        assert_eq!(kinds[0] == FileKind::Notebook, round % 2 == 0);
        for threads in [2, 8] {
            assert!(scan(threads) == alone, "{threads} threads, {sizes:?}");
        }
    }
}
