//! What may go wrong with a source: nothing hangs, nothing is lost in silence, the rest is still scanned.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};

use keysieve_engine::source::{FilesBuilder, Stdin, TEMPORARY_PREFIX};
use keysieve_engine::{Flow, IssueKind, Origin};
use tempfile::TempDir;

use crate::recorder::{Seen, try_walk, walk, walk_watching, walk_with};

fn files(dir: &Path, roots: &[&str]) -> FilesBuilder {
    let mut files = FilesBuilder::new();
    files.report_root(dir).threads(1);
    for root in roots {
        files.root(dir.join(root));
    }
    files
}

#[test]
fn a_missing_root_is_an_issue_unless_all_are_missing() {
    let dir = TempDir::new().unwrap();
    fs::write(dir.path().join("a"), "a").unwrap();
    let seen = walk(
        &files(dir.path(), &["none", "a", "a/below"])
            .build()
            .unwrap(),
    );
    assert_eq!(seen.paths(), ["a"]);
    let unreadable = IssueKind::Unreadable;
    assert_eq!(
        seen.issues(),
        [
            (Path::new("a/below"), unreadable),
            (Path::new("none"), unreadable)
        ]
    );

    let none = files(dir.path(), &["none", "a/below"]).build().unwrap();
    let error = try_walk(&none, |_| Flow::Continue).unwrap_err().to_string();
    assert!(
        error.contains("none\": ") && error.contains("; ") && error.contains("below\": "),
        "{error}"
    );
}

#[test]
fn a_file_that_vanishes_is_said() {
    let dir = TempDir::new().unwrap();
    for name in ["a", "b", "c"] {
        fs::write(dir.path().join(name), name).unwrap();
    }
    // The directory was read to its end when the first file comes.
    let seen = walk_with(&files(dir.path(), &["."]).build().unwrap(), |blob| {
        for name in ["a", "b", "c"] {
            if blob.origin.root_path() != Some(Path::new(name)) {
                let _ = fs::remove_file(dir.path().join(name));
            }
        }
        Flow::Continue
    });
    assert_eq!(seen.contents.len(), 1);
    assert_eq!(seen.issues.len(), 2);
    assert!(
        seen.issues
            .iter()
            .all(|issue| issue.kind == IssueKind::Vanished)
    );
}

#[test]
fn a_temporary_file_of_another_run_may_vanish_and_is_scanned_where_it_stays() {
    let dir = TempDir::new().unwrap();
    let names = ["1", "2", "3"].map(|n| format!("{TEMPORARY_PREFIX}{n}"));
    for name in &names {
        fs::write(dir.path().join(name), name).unwrap();
    }
    let files = files(dir.path(), &["."]).build().unwrap();
    assert_eq!(walk(&files).paths().len(), 3);
    let seen = walk_with(&files, |blob| {
        for name in &names {
            if blob.origin.root_path() != Some(Path::new(name)) {
                let _ = fs::remove_file(dir.path().join(name));
            }
        }
        Flow::Continue
    });
    assert_eq!(seen.contents.len(), 1);
    assert!(seen.issues.is_empty(), "{:?}", seen.issues);
}

/// Writes `length` bytes to `path` and scans it, while `act` changes the file at each window.
fn scan_changing(length: u64, act: impl Fn(&File) + Sync) -> Seen {
    let dir = TempDir::new().unwrap();
    let file = File::create(dir.path().join("a")).unwrap();
    file.set_len(length).unwrap();
    let handle = &file;
    walk_with(&files(dir.path(), &["."]).build().unwrap(), |_| {
        act(handle);
        Flow::Continue
    })
}

#[test]
fn a_file_that_shrinks_is_said_and_scanned_as_far_as_it_goes() {
    let seen = scan_changing(8 << 20, |file| file.set_len(100).unwrap());
    assert_eq!(seen.issues(), [(Path::new("a"), IssueKind::Changed)]);
    assert!(seen.file("a").len() < 8 << 20);
}

#[test]
fn a_file_that_grows_is_read_to_its_end() {
    let grown = AtomicBool::new(false);
    let seen = scan_changing(5 << 20, |mut file| {
        if !grown.swap(true, Relaxed) {
            file.set_len(7 << 20).unwrap();
            file.write_all(b"x").unwrap();
        }
    });
    assert!(seen.issues.is_empty());
    assert_eq!(seen.file("a").len(), 7 << 20);
}

#[test]
fn a_file_that_grows_without_end_is_left_and_said() {
    let seen = scan_changing(5 << 20, |file| {
        let length = file.metadata().unwrap().len();
        file.set_len(length + (8 << 20)).unwrap();
    });
    assert_eq!(seen.issues(), [(Path::new("a"), IssueKind::Changed)]);
    assert_eq!(seen.file("a").len(), 69 << 20);
}

#[test]
fn a_sparse_gibibyte_and_one_long_line_come_in_windows() {
    let dir = TempDir::new().unwrap();
    File::create(dir.path().join("sparse"))
        .unwrap()
        .set_len(1 << 30)
        .unwrap();
    fs::write(dir.path().join("line"), vec![b'x'; 20 << 20]).unwrap();
    let (lengths, longest) = (Mutex::new(BTreeMap::new()), AtomicUsize::new(0));
    let seen = walk_watching(&files(dir.path(), &["."]).build().unwrap(), |blob| {
        let window = blob.window.expect("long files come in windows");
        assert_eq!(
            (window.position.line, window.position.column),
            (1, window.offset + 1)
        );
        let name = blob.origin.root_path().unwrap().to_owned();
        *lengths.lock().unwrap().entry(name).or_insert(0) += window.own.1 - window.own.0;
        longest.fetch_max(blob.bytes.len(), Relaxed);
    });
    assert!(seen.issues.is_empty());
    let lengths: Vec<_> = lengths.into_inner().unwrap().into_values().collect();
    assert_eq!(lengths, [20 << 20, 1 << 30]);
    assert!(longest.load(Relaxed) < 2 << 20);
}

#[test]
fn a_failing_standard_input_is_said() {
    struct Failing(usize);
    impl Read for Failing {
        fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
            self.0 = self
                .0
                .checked_sub(1)
                .ok_or_else(|| io::Error::other("broken"))?;
            buf[0] = b'x';
            Ok(1)
        }
    }
    let seen = walk(&Stdin::new(Failing(3), Arc::default()));
    assert_eq!(seen.contents[&Origin::Stdin].0, b"xxx");
    assert_eq!(
        (seen.issues[0].kind, seen.issues[0].message.as_str()),
        (IssueKind::Unreadable, "broken")
    );
}

#[cfg(unix)]
mod unix {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::os::unix::net::UnixListener;
    use std::process::Command;
    use std::time::{Duration, Instant};

    use keysieve_engine::Skip;

    use super::*;

    fn scan(dir: &Path) -> Seen {
        walk(&files(dir, &["."]).build().unwrap())
    }

    fn mkfifo(path: &Path) {
        assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
    }

    #[test]
    fn an_unreadable_file_or_directory_is_said() {
        let dir = TempDir::new().unwrap();
        for path in ["closed/a", "b", "c"] {
            let path = dir.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "x").unwrap();
        }
        let mode = |path: &str, mode| {
            fs::set_permissions(dir.path().join(path), fs::Permissions::from_mode(mode)).unwrap();
        };
        mode("b", 0o000);
        mode("closed", 0o000);
        let seen = scan(dir.path());
        mode("closed", 0o700);
        if seen.contents.len() == 3 {
            return; // as root, for whom permission bits do not count; the tests below fail for root as well
        }
        assert_eq!(seen.paths(), ["c"]);
        let unreadable = IssueKind::Unreadable;
        assert_eq!(
            seen.issues(),
            [
                (Path::new("b"), unreadable),
                (Path::new("closed"), unreadable)
            ]
        );
    }

    /// Nobody can read a directory by a path that is longer than the system takes.
    #[test]
    fn a_directory_that_lies_too_deep_is_said() {
        let dir = TempDir::new().unwrap();
        let long = "d".repeat(200);
        let branch: std::path::PathBuf = (0..14).map(|_| long.as_str()).collect();
        for name in ["one", "two"] {
            fs::create_dir_all(dir.path().join(name).join(&branch)).unwrap();
        }
        fs::rename(
            dir.path().join("two"),
            dir.path().join("one").join(&branch).join("two"),
        )
        .unwrap();
        fs::write(dir.path().join("a"), "a").unwrap();
        let seen = scan(dir.path());
        assert_eq!(seen.paths(), ["a"]);
        assert_eq!(seen.issues.len(), 1);
        assert_eq!(seen.issues[0].kind, IssueKind::Unreadable);
    }

    /// A file that opens and cannot be read, not even by root: the memory of a process, where nothing is mapped.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_file_that_fails_while_it_is_read_is_said() {
        let memory = "/proc/self/mem";
        let seen = walk(&FilesBuilder::new().root(memory).build().unwrap());
        assert!(seen.contents.is_empty());
        assert_eq!(seen.issues(), [(Path::new(memory), IssueKind::Unreadable)]);
    }

    /// Files of /proc say that they are empty.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_file_without_a_length_is_read_to_its_end() {
        let seen = walk(
            &FilesBuilder::new()
                .root("/proc/self/limits")
                .build()
                .unwrap(),
        );
        assert!(seen.file("/proc/self/limits").starts_with(b"Limit"));
        assert!(seen.issues.is_empty());
    }

    #[test]
    fn links_are_followed_as_roots_only() {
        let outside = TempDir::new().unwrap();
        fs::write(outside.path().join("b"), "b").unwrap();
        let dir = TempDir::new().unwrap();
        fs::write(dir.path().join("a"), "a").unwrap();
        symlink(".", dir.path().join("loop")).unwrap();
        symlink("turn", dir.path().join("turn")).unwrap();
        symlink(outside.path(), dir.path().join("out")).unwrap();
        symlink(outside.path().join("b"), dir.path().join("file")).unwrap();
        symlink("nowhere", dir.path().join("broken")).unwrap();
        let seen = scan(dir.path());
        assert_eq!(seen.paths(), ["a"]);
        assert_eq!(seen.skipped(Skip::Symlink), 5);
        assert!(seen.issues.is_empty());

        let seen = walk(&files(dir.path(), &["out", "file"]).build().unwrap());
        assert_eq!(seen.paths(), ["file", "out/b"]);
        let seen = walk(&files(dir.path(), &["a", "broken", "turn"]).build().unwrap());
        let unreadable = IssueKind::Unreadable;
        assert_eq!(
            seen.issues(),
            [
                (Path::new("broken"), unreadable),
                (Path::new("turn"), unreadable)
            ]
        );
    }

    #[test]
    fn a_file_that_became_a_link_is_not_followed() {
        let dir = TempDir::new().unwrap();
        for name in ["a", "b"] {
            fs::write(dir.path().join(name), name).unwrap();
        }
        let seen = walk_with(&files(dir.path(), &["."]).build().unwrap(), |blob| {
            let other = if blob.bytes == b"a" { "b" } else { "a" };
            fs::remove_file(dir.path().join(other)).unwrap();
            symlink("/etc/passwd", dir.path().join(other)).unwrap();
            Flow::Continue
        });
        assert_eq!((seen.contents.len(), seen.skipped(Skip::Symlink)), (1, 1));
    }

    #[test]
    fn a_file_that_became_a_fifo_does_not_hang() {
        let dir = TempDir::new().unwrap();
        for name in ["a", "b"] {
            fs::write(dir.path().join(name), name).unwrap();
        }
        let seen = walk_with(&files(dir.path(), &["."]).build().unwrap(), |blob| {
            let other = dir.path().join(if blob.bytes == b"a" { "b" } else { "a" });
            fs::remove_file(&other).unwrap();
            mkfifo(&other);
            Flow::Continue
        });
        assert_eq!((seen.contents.len(), seen.skipped(Skip::Special)), (1, 1));
    }

    #[test]
    fn special_files_in_a_tree_are_skipped() {
        let dir = TempDir::new().unwrap();
        fs::write(dir.path().join("a"), "a").unwrap();
        mkfifo(&dir.path().join("fifo"));
        let _socket = UnixListener::bind(dir.path().join("socket")).unwrap();
        let seen = scan(dir.path());
        assert_eq!(seen.paths(), ["a"]);
        assert_eq!(seen.skipped(Skip::Special), 2);
        assert!(seen.issues.is_empty());
    }

    #[test]
    fn devices_and_sockets_as_roots_are_refused() {
        let dir = TempDir::new().unwrap();
        let socket = dir.path().join("socket");
        let _listener = UnixListener::bind(&socket).unwrap();
        let mut builder = FilesBuilder::new();
        let seen = walk(&builder.root("/dev/zero").root(&socket).build().unwrap());
        assert!(seen.contents.is_empty());
        let unreadable = IssueKind::Unreadable;
        assert_eq!(
            seen.issues(),
            [(Path::new("/dev/zero"), unreadable), (&socket, unreadable)]
        );
        assert_eq!(seen.issues[0].message, "not a regular file");
    }

    #[test]
    fn a_fifo_as_root_is_read_as_a_stream() {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("fifo");
        mkfifo(&path);
        let writer = {
            let path = path.clone();
            std::thread::spawn(move || {
                let mut fifo = File::options().write(true).open(path).unwrap();
                for _ in 0..3 {
                    fifo.write_all(b"piece ").unwrap();
                    std::thread::sleep(Duration::from_millis(5));
                }
            })
        };
        let seen = walk(&files(dir.path(), &["fifo"]).build().unwrap());
        writer.join().unwrap();
        assert_eq!(seen.contents[&Origin::Stdin].0, b"piece piece piece ");
    }

    #[test]
    fn waiting_for_a_fifo_can_be_interrupted() {
        let dir = TempDir::new().unwrap();
        mkfifo(&dir.path().join("fifo"));
        let flag = Arc::new(AtomicBool::new(false));
        let source = files(dir.path(), &["fifo"])
            .interrupt(flag.clone())
            .build()
            .unwrap();
        std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(100));
            flag.store(true, Relaxed);
        });
        let start = Instant::now();
        assert!(walk(&source).contents.is_empty());
        assert!(start.elapsed() < Duration::from_secs(5));
    }

    #[test]
    fn ignore_files_that_never_end_are_not_read() {
        let dir = TempDir::new().unwrap();
        for path in [
            ".git/HEAD",
            "a",
            "one/b",
            "two/c",
            "two/deep/d",
            "long/e",
            "fine/f",
        ] {
            let path = dir.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "x").unwrap();
        }
        mkfifo(&dir.path().join("one/.gitignore"));
        symlink("/dev/zero", dir.path().join("two/.gitignore")).unwrap();
        fs::write(dir.path().join("long/.gitignore"), "e\n".repeat(1 << 18)).unwrap();
        fs::write(dir.path().join("fine/.gitignore"), "f\n").unwrap();
        let seen = scan(dir.path());
        let found = [
            "a",
            "fine/.gitignore",
            "long/.gitignore",
            "long/e",
            "one/b",
            "two/c",
            "two/deep/d",
        ];
        assert_eq!(seen.paths(), found);
        assert_eq!(
            (seen.skipped(Skip::Special), seen.skipped(Skip::Symlink)),
            (1, 1)
        );
        assert!(seen.issues.is_empty());

        // Above a root, and as a root.
        let seen = walk(
            &files(dir.path(), &["two/deep", "one", "a"])
                .build()
                .unwrap(),
        );
        assert_eq!(seen.paths(), ["a", "one/b", "two/deep/d"]);
    }

    #[test]
    fn names_that_are_no_text_are_kept() {
        let dir = TempDir::new().unwrap();
        let names: [&[u8]; 5] = [
            b"new\nline",
            b"quote\"'",
            b"100%20",
            b"bytes\xff\xfe",
            b" -rf",
        ];
        for name in names {
            fs::write(dir.path().join(OsStr::from_bytes(name)), name).unwrap();
        }
        let seen = scan(dir.path());
        assert_eq!(seen.contents.len(), names.len());
        for name in names {
            assert_eq!(seen.file(OsStr::from_bytes(name)), name);
        }
    }
}
