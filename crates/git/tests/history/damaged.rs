//! Repositories that git made and something damaged: the rest is walked, and what is lost is said.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use keysieve_engine::source::Source;
use keysieve_engine::{IssueKind, ObjectId};
use keysieve_git::HistoryBuilder;

use super::recorder::{Recorder, walk, walk_with};
use super::repository::{Folder, bare, git, git_with, objects};

/// A bare repository of some versions of two files, in one pack.
fn packed() -> Folder {
    let folder = bare();
    let mut stream = String::new();
    for version in 0..30 {
        let text: String = (0..300)
            .map(|line| format!("{} {line}\n", if line == version { version } else { 0 }))
            .collect();
        stream += &format!(
            "commit refs/heads/main\ncommitter A <a@example.com> {version} +0000\ndata 1\nx\n"
        );
        stream += &format!(
            "M 100644 inline a/f\ndata {}\n{text}\nM 100644 inline g\ndata 3\n{version:03}\n",
            text.len()
        );
    }
    git_with(&folder.path, &["fast-import", "--quiet"], stream.as_bytes());
    git(
        &folder.path,
        &[
            "repack",
            "-q",
            "-a",
            "-d",
            "-f",
            "--depth=40",
            "--window=40",
        ],
    );
    folder
}

/// The file of this ending in the folder of packs.
fn pack_file(repository: &Path, ending: &str) -> PathBuf {
    let files = fs::read_dir(repository.join("objects/pack")).unwrap();
    let file = files
        .map(|file| file.unwrap().path())
        .find(|file| file.extension().unwrap() == ending)
        .unwrap();
    let mut permissions = fs::metadata(&file).unwrap().permissions();
    #[expect(
        clippy::permissions_set_readonly_false,
        reason = "a file in a temporary folder"
    )]
    permissions.set_readonly(false);
    fs::set_permissions(&file, permissions).unwrap();
    file
}

#[test]
fn nothing_to_walk_is_no_error() {
    let (history, seen) = walk(&bare().path);
    assert!(seen.objects.is_empty() && seen.issues.is_empty() && !history.is_shallow());
    assert_eq!(history.attribute(&[]), []);
    let folder = Folder::new();
    let error = HistoryBuilder::new()
        .build(&folder.path)
        .unwrap_err()
        .to_string();
    assert!(error.contains("no git repository"), "{error}");
}

#[test]
fn ids_that_are_not_there_are_dangling() {
    let (history, _) = walk(&packed().path);
    let attribution = &history.attribute(&[ObjectId::new(&[1; 20]).unwrap()])[0];
    assert_eq!(
        (attribution.reach, attribution.paths.len()),
        (keysieve_git::Reach::Dangling, 0)
    );
}

#[test]
fn a_pack_cut_anywhere_loses_what_is_behind() {
    let folder = packed();
    let expected = objects(&folder.path);
    let file = pack_file(&folder.path, "pack");
    let whole = fs::read(&file).unwrap();
    for length in (0..whole.len()).step_by(whole.len() / 23) {
        fs::write(&file, &whole[..length]).unwrap();
        let (_, seen) = walk(&folder.path);
        assert!(!seen.issues.is_empty(), "{length}");
        assert!(
            seen.contents()
                .iter()
                .all(|(id, bytes)| expected[id] == *bytes),
            "{length}"
        );
        assert!(length < whole.len() / 2 || !seen.objects.is_empty());
    }
}

#[test]
fn a_flipped_bit_in_a_pack_is_never_silent() {
    let folder = packed();
    let expected = objects(&folder.path);
    let file = pack_file(&folder.path, "pack");
    let whole = fs::read(&file).unwrap();
    for at in (12..whole.len() - 20).step_by(7) {
        let mut broken = whole.clone();
        broken[at] ^= 1 << (at % 8);
        fs::write(&file, &broken).unwrap();
        let (_, seen) = walk(&folder.path);
        assert!(
            seen.contents() == expected || !seen.issues.is_empty(),
            "{at}"
        );
    }
}

#[test]
fn a_flipped_bit_in_an_index_is_said() {
    let folder = packed();
    let file = pack_file(&folder.path, "idx");
    let whole = fs::read(&file).unwrap();
    for at in (0..whole.len()).step_by(37) {
        let mut broken = whole.clone();
        broken[at] ^= 1 << (at % 8);
        fs::write(&file, &broken).unwrap();
        let (_, seen) = walk(&folder.path);
        assert!(!seen.issues.is_empty(), "{at}");
    }
}

#[test]
fn a_damaged_copy_is_read_from_elsewhere() {
    let folder = packed();
    let expected = objects(&folder.path);
    let file = pack_file(&folder.path, "pack");
    let mut whole = fs::read(&file).unwrap();
    // An alternate that holds the same objects, each in a file of its own.
    let other = bare();
    git_with(&other.path, &["unpack-objects", "-q"], &whole);
    let alternates = format!("{}\n", other.join("objects").display());
    fs::write(folder.join("objects/info/alternates"), alternates).unwrap();
    for at in (100..whole.len() - 20).step_by(50) {
        whole[at] ^= 0x55;
    }
    fs::write(&file, &whole).unwrap();
    let (_, seen) = walk(&folder.path);
    assert!(seen.contents() == expected);
}

#[test]
fn an_index_without_its_pack() {
    let folder = packed();
    fs::remove_file(pack_file(&folder.path, "pack")).unwrap();
    let (_, seen) = walk(&folder.path);
    assert!(seen.objects.is_empty() && seen.says("has no pack"));
}

#[test]
fn malformed_trees_and_loose_files_are_said() {
    let folder = bare();
    let good = String::from_utf8(git_with(
        &folder.path,
        &["hash-object", "-w", "--stdin"],
        b"good",
    ))
    .unwrap();
    let path = |hex: &str| folder.join("objects").join(&hex[..2]).join(&hex[2..]);
    for (n, bytes) in [
        &b""[..],
        b"not zlib",
        &deflated(b"blob 9\0abc"),
        &deflated(b"blub 3\0abc"),
        &deflated(b"tree 3\0abc"),
    ]
    .into_iter()
    .enumerate()
    {
        let hex = format!("{n:02x}").repeat(20);
        fs::create_dir_all(path(&hex).parent().unwrap()).unwrap();
        fs::write(path(&hex), bytes).unwrap();
    }
    fs::create_dir_all(path(&"ee".repeat(20))).unwrap();
    let (_, seen) = walk(&folder.path);
    assert_eq!(seen.objects.len(), 1, "{good}");
    assert_eq!(
        (
            seen.count(IssueKind::Undecodable),
            seen.count(IssueKind::Unreadable)
        ),
        (5, 1),
        "{:?}",
        seen.issues
    );
}

#[test]
fn objects_above_the_limit_are_said() {
    let folder = bare();
    git_with(
        &folder.path,
        &["hash-object", "-w", "--stdin"],
        &[b'a'; 100_000],
    );
    git_with(&folder.path, &["hash-object", "-w", "--stdin"], b"short");
    let (_, seen) = walk_with(&folder.path, HistoryBuilder::new().max_object_size(99_999));
    assert_eq!((seen.objects.len(), seen.count(IssueKind::Limit)), (1, 1));
    let (_, seen) = walk_with(&folder.path, HistoryBuilder::new().max_object_size(100_000));
    assert_eq!((seen.objects.len(), seen.issues.len()), (2, 0));
}

#[test]
fn bases_that_are_not_held_are_read_anew() {
    let folder = packed();
    let expected = objects(&folder.path);
    let (_, seen) = walk_with(&folder.path, HistoryBuilder::new().max_held_size(0));
    assert!(seen.contents() == expected && seen.issues.is_empty());
}

#[test]
fn a_walk_stops_when_told() {
    let folder = packed();
    let flag = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(true));
    let history = HistoryBuilder::new()
        .interrupt(flag)
        .build(&folder.path)
        .unwrap();
    let recorder = Recorder(Mutex::default());
    history.walk(&recorder).unwrap();
    assert!(recorder.0.into_inner().unwrap().objects.is_empty());
}

#[test]
fn submodules_are_named() {
    let folder = bare();
    let inner = folder.join("modules/libs/one");
    fs::create_dir_all(&inner).unwrap();
    git(&inner, &["init", "--quiet", "--bare", "."]);
    let (history, _) = walk(&folder.path);
    assert_eq!(history.submodules(), [inner]);
}

fn deflated(bytes: &[u8]) -> Vec<u8> {
    sirocco::compress(
        sirocco::Format::Zlib,
        sirocco::deflate::Level::DEFAULT,
        bytes,
    )
}

#[test]
fn a_loose_object_that_goes_meanwhile_is_said() {
    let folder = bare();
    let hex = git_with(
        &folder.path,
        &["hash-object", "-w", "--stdin"],
        b"short-lived",
    );
    let hex = String::from_utf8(hex).unwrap();
    let history = HistoryBuilder::new().build(&folder.path).unwrap();
    fs::remove_file(
        folder
            .join("objects")
            .join(&hex[..2])
            .join(hex[2..].trim_end()),
    )
    .unwrap();
    let recorder = Recorder(Mutex::default());
    history.walk(&recorder).unwrap();
    let seen = recorder.0.into_inner().unwrap();
    assert_eq!(
        (seen.objects.len(), seen.count(IssueKind::Vanished)),
        (0, 1)
    );
}

/// As when git packs everything anew while a scan runs: what was mapped stays.
#[test]
#[cfg(unix)]
fn a_pack_that_goes_meanwhile_is_walked_all_the_same() {
    let folder = packed();
    let expected = objects(&folder.path);
    let history = HistoryBuilder::new().build(&folder.path).unwrap();
    fs::remove_dir_all(folder.join("objects/pack")).unwrap();
    let recorder = Recorder(Mutex::default());
    history.walk(&recorder).unwrap();
    assert!(recorder.0.into_inner().unwrap().contents() == expected);
}
