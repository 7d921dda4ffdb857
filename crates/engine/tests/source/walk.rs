//! What a walk over files reads, what it passes over, and how it names what it read.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use keysieve_engine::source::{FilesBuilder, Stdin};
use keysieve_engine::{Flow, Origin, Skip};
use tempfile::TempDir;

use crate::recorder::{try_walk, walk, walk_with};

/// A directory with these files; each holds its own path.
fn tree(paths: &[&str]) -> TempDir {
    let dir = TempDir::new().unwrap();
    for path in paths {
        let file = dir.path().join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, path).unwrap();
    }
    dir
}

/// A walk of `roots` below `dir`, with paths relative to it.
fn files(dir: &Path, roots: &[&str]) -> FilesBuilder {
    let mut files = FilesBuilder::new();
    files.report_root(dir).threads(2);
    for root in roots {
        files.root(dir.join(root));
    }
    files
}

#[test]
fn hidden_files_are_scanned_and_git_directories_are_not() {
    let dir = tree(&[
        "a",
        ".env",
        ".config/b",
        ".git/config",
        "sub/.git",
        "sub/c",
        ".github/d",
        "x.git/e",
    ]);
    for ignore_files in [true, false] {
        let seen = walk(
            &files(dir.path(), &["."])
                .ignore_files(ignore_files)
                .build()
                .unwrap(),
        );
        assert_eq!(
            seen.paths(),
            [".config/b", ".env", ".github/d", "a", "sub/c", "x.git/e"]
        );
        assert_eq!(seen.file("sub/c"), b"sub/c");
        assert!(seen.issues.is_empty());
    }
}

#[test]
fn ignore_files_count_inside_git_repositories_only() {
    let dir = tree(&[
        "repo/a",
        "repo/b",
        "repo/sub/a",
        "repo/sub/c",
        "repo/.ignore",
        "plain/a",
    ]);
    let repo = dir.path().join("repo");
    fs::create_dir_all(repo.join(".git/info")).unwrap();
    fs::write(repo.join(".git/info/exclude"), "c\n").unwrap();
    fs::write(repo.join(".gitignore"), "a\n").unwrap();
    fs::write(repo.join(".ignore"), "b\n").unwrap();
    fs::write(repo.join("sub/.gitignore"), "!/a\n").unwrap();
    fs::write(dir.path().join("plain/.gitignore"), "a\n").unwrap();

    let seen = walk(&files(dir.path(), &["."]).build().unwrap());
    let kept = [
        "plain/.gitignore",
        "plain/a",
        "repo/.gitignore",
        "repo/.ignore",
        "repo/b",
    ];
    assert_eq!(
        seen.paths(),
        [&kept[..], &["repo/sub/.gitignore", "repo/sub/a"]].concat()
    );
    let all = walk(
        &files(dir.path(), &["."])
            .ignore_files(false)
            .build()
            .unwrap(),
    );
    assert_eq!(all.contents.len(), kept.len() + 4);

    // From within, the rules above still hold; what is named itself is scanned though it is ignored.
    let seen = walk(&files(dir.path(), &["repo/sub"]).build().unwrap());
    assert_eq!(seen.paths(), ["repo/sub/.gitignore", "repo/sub/a"]);
    let seen = walk(&files(dir.path(), &["repo/a"]).build().unwrap());
    assert_eq!(seen.paths(), ["repo/a"]);
}

#[test]
fn a_broken_ignore_pattern_ignores_nothing() {
    let dir = tree(&[".git/HEAD", "a", "b"]);
    fs::write(dir.path().join(".gitignore"), "{a\na\n").unwrap();
    let seen = walk(&files(dir.path(), &["."]).build().unwrap());
    assert_eq!(seen.paths(), [".gitignore", "b"]);
    assert!(seen.issues.is_empty());
}

#[test]
fn roots_come_in_any_form_and_number() {
    let dir = tree(&["a", "sub/b", "sub/deep/c"]);
    let roots = ["./a", "sub/../sub/deep", "sub/b"];
    let seen = walk(&files(dir.path(), &roots).build().unwrap());
    assert_eq!(seen.paths(), ["a", "sub/b", "sub/deep/c"]);

    // Through two roots: once for each.
    let seen = walk(&files(dir.path(), &["sub", "sub/b"]).build().unwrap());
    assert_eq!(seen.contents[&Origin::File("sub/b".into())].1, 2);

    // Outside of the report root: as given.
    let mut outside = FilesBuilder::new();
    let seen = walk(
        &outside
            .root(dir.path().join("sub"))
            .report_root(dir.path().join("else"))
            .build()
            .unwrap(),
    );
    assert_eq!(seen.paths().len(), 2);
    assert_eq!(seen.file(dir.path().join("sub/b")), b"sub/b");

    // The report root may lie below the root.
    let seen = walk(&files(&dir.path().join("sub"), &[".."]).build().unwrap());
    assert_eq!(seen.file("b"), b"sub/b");
    assert_eq!(seen.file("deep/c"), b"sub/deep/c");
    assert_eq!(seen.file(dir.path().join("sub/../a")), b"a");

    assert!(FilesBuilder::new().build().is_err());
}

#[test]
fn relative_roots_are_named_from_the_working_directory() {
    // Tests run in the directory of the package.
    for root in ["src/lib.rs", "./src/lib.rs", "src/../src/lib.rs"] {
        let mut files = FilesBuilder::new();
        assert_eq!(
            walk(&files.root(root).report_root(".").build().unwrap()).paths(),
            ["src/lib.rs"]
        );
        let mut files = FilesBuilder::new();
        assert_eq!(walk(&files.root(root).build().unwrap()).paths(), [root]);
    }
    let error = try_walk(&FilesBuilder::new().root("-").build().unwrap(), |_| {
        Flow::Continue
    })
    .unwrap_err();
    assert!(error.to_string().contains("\"./-\": "), "{error}");
}

#[test]
fn an_empty_file_is_a_blob_and_a_long_one_is_windows() {
    let dir = tree(&[]);
    fs::write(dir.path().join("empty"), "").unwrap();
    let long: Vec<u8> = (0..5 << 20).map(|i: u32| (i % 251) as u8).collect();
    fs::write(dir.path().join("long"), &long).unwrap();
    fs::write(dir.path().join("whole"), &long[..4 << 20]).unwrap();
    let seen = walk(&files(dir.path(), &["."]).build().unwrap());
    assert_eq!(
        seen.contents[&Origin::File("empty".into())],
        (Vec::new(), 1)
    );
    assert!(seen.file("long") == long && seen.contents[&Origin::File("long".into())].1 > 1);
    assert!(seen.file("whole") == &long[..4 << 20]);
    assert_eq!(seen.contents[&Origin::File("whole".into())].1, 1);
}

#[test]
fn longer_files_than_the_limit_are_skipped() {
    let dir = tree(&["a", "longer"]);
    let seen = walk(
        &files(dir.path(), &["."])
            .max_file_size(Some(5))
            .build()
            .unwrap(),
    );
    assert_eq!(seen.paths(), ["a"]);
    assert_eq!(seen.skipped(Skip::Size), 1);
    let seen = walk(
        &files(dir.path(), &["."])
            .max_file_size(Some(6))
            .build()
            .unwrap(),
    );
    assert_eq!(seen.paths(), ["a", "longer"]);
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let paths: Vec<String> = (0..200)
        .map(|i| format!("{}/{}/{i}", i % 7, i % 3))
        .collect();
    let dir = tree(&paths.iter().map(String::as_str).collect::<Vec<_>>());
    let one = walk(&files(dir.path(), &["."]).threads(1).build().unwrap());
    assert_eq!(one.contents.len(), 200);
    for threads in [0, 2, 8] {
        let more = walk(&files(dir.path(), &["."]).threads(threads).build().unwrap());
        assert_eq!(more.contents, one.contents);
    }
}

#[test]
fn stop_and_interrupt_end_the_walk() {
    let paths: Vec<String> = (0..100).map(|i| i.to_string()).collect();
    let dir = tree(&paths.iter().map(String::as_str).collect::<Vec<_>>());
    let seen = walk_with(
        &files(dir.path(), &["."]).threads(1).build().unwrap(),
        |_| Flow::Stop,
    );
    assert_eq!(seen.contents.len(), 1);

    let flag = Arc::new(AtomicBool::new(false));
    let source = files(dir.path(), &["."])
        .threads(1)
        .interrupt(flag.clone())
        .build()
        .unwrap();
    let seen = walk_with(&source, |_| {
        flag.store(true, Relaxed);
        Flow::Continue
    });
    assert_eq!(seen.contents.len(), 1);

    // Within one endless content.
    let flag = Arc::new(AtomicBool::new(false));
    let seen = walk_with(&Stdin::new(std::io::repeat(b'x'), flag.clone()), |_| {
        flag.store(true, Relaxed);
        Flow::Continue
    });
    assert_eq!(seen.contents.len(), 1);
}

#[test]
fn standard_input_is_one_content_and_read_once() {
    let flag = Arc::new(AtomicBool::new(false));
    for length in [0, 1, 100_000, 6 << 20] {
        let content: Vec<u8> = (0..length).map(|i: u32| (i % 253) as u8).collect();
        let source = Stdin::new(std::io::Cursor::new(content.clone()), flag.clone());
        let seen = walk(&source);
        assert!(seen.contents[&Origin::Stdin].0 == content);
        assert!(seen.issues.is_empty());
        assert!(try_walk(&source, |_| Flow::Continue).is_err());
    }
}
