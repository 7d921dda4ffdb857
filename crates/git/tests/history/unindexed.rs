//! Packs without an index: their objects are found all the same, and what is lost is said.

use std::fs;
use std::path::{Path, PathBuf};

use super::forged::{Entry, Kind, delta, write};
use super::recorder::walk;
use super::repository::{Folder, bare, git, git_with, objects};

/// The only file of this ending in the folder of packs, writable.
fn pack_file(repository: &Path, ending: &str) -> PathBuf {
    let files = fs::read_dir(repository.join("objects/pack")).unwrap();
    let mut files = files.map(|file| file.unwrap().path());
    let file = files.find(|file| file.extension().is_some_and(|e| e == ending));
    let file = file.unwrap();
    fs::write(file.with_extension("copy"), fs::read(&file).unwrap()).unwrap();
    fs::rename(file.with_extension("copy"), &file).unwrap();
    file
}

/// Versions of three files, for `git fast-import`.
fn stream() -> String {
    let mut stream = String::new();
    for version in 0..40 {
        let text: String = (0..200)
            .map(|line| {
                format!(
                    "{} {line}\n",
                    if line % 40 == version { version } else { 0 }
                )
            })
            .collect();
        stream += &format!(
            "commit refs/heads/main\ncommitter A <a@example.com> {version} +0000\ndata 1\nx\n\
             M 100644 inline a/f{}\ndata {}\n{text}\n",
            version % 3,
            text.len()
        );
    }
    stream
}

/// Versions of a file in one pack without an index, with what git read before.
fn without_index(format: &str, setting: &str) -> (Folder, Vec<u8>, super::Contents) {
    let folder = Folder::new();
    let object_format = format!("--object-format={format}");
    git(
        &folder.path,
        &["init", "--quiet", "--bare", &object_format, "."],
    );
    let stream = stream();
    git_with(&folder.path, &["fast-import", "--quiet"], stream.as_bytes());
    let repack = [
        "-c",
        setting,
        "repack",
        "-q",
        "-a",
        "-d",
        "-f",
        "--depth=20",
        "--window=40",
    ];
    git(&folder.path, &repack);
    let expected = objects(&folder.path);
    fs::remove_file(pack_file(&folder.path, "idx")).unwrap();
    let pack = fs::read(pack_file(&folder.path, "pack")).unwrap();
    (folder, pack, expected)
}

#[test]
fn all_objects_are_found() {
    for format in ["sha1", "sha256"] {
        for offsets in ["true", "false"] {
            let setting = format!("repack.useDeltaBaseOffset={offsets}");
            let (folder, _, expected) = without_index(format, &setting);
            let (history, seen) = walk(&folder.path);
            assert_eq!(seen.issues, [], "{format} {setting}");
            assert!(seen.contents() == expected, "{format} {setting}");
            let blob = *expected.keys().next().unwrap();
            assert_eq!(history.attribute(&[blob])[0].id, blob);
        }
    }
}

#[test]
fn a_pack_cut_anywhere_gives_what_is_before() {
    let (folder, pack, expected) = without_index("sha1", "pack.threads=1");
    let file = pack_file(&folder.path, "pack");
    let mut most = 0;
    for length in (0..pack.len()).step_by(pack.len() / 29) {
        fs::write(&file, &pack[..length]).unwrap();
        let (_, seen) = walk(&folder.path);
        assert!(!seen.issues.is_empty(), "{length}");
        let found = seen.contents();
        assert!(
            found
                .iter()
                .all(|(id, bytes)| expected.get(id) == Some(bytes)),
            "{length}"
        );
        most = most.max(found.len());
    }
    assert!(most > expected.len() / 2, "{most} of {}", expected.len());
}

#[test]
fn a_flipped_bit_is_never_silent() {
    let (folder, pack, expected) = without_index("sha1", "pack.threads=1");
    let file = pack_file(&folder.path, "pack");
    let mut heard = 0;
    // Not in the checksum at the end, which only an index could be compared with.
    for at in (8..pack.len() - 20).step_by(pack.len() / 61) {
        let mut broken = pack.clone();
        broken[at] ^= 1 << (at % 8);
        fs::write(&file, &broken).unwrap();
        let (_, seen) = walk(&folder.path);
        assert!(
            !seen.issues.is_empty() || seen.contents() == expected,
            "{at}"
        );
        heard += usize::from(!seen.issues.is_empty());
    }
    assert!(heard > 40, "{heard}");
}

#[test]
fn a_number_of_objects_is_not_believed() {
    let (folder, mut pack, expected) = without_index("sha1", "pack.threads=1");
    let file = pack_file(&folder.path, "pack");
    pack[8..12].fill(0xff);
    fs::write(&file, &pack).unwrap();
    let (_, seen) = walk(&folder.path);
    assert!(seen.contents() == expected && seen.says("cut off or corrupt"));
    pack[8..12].copy_from_slice(&[0, 0, 0, 3]);
    fs::write(&file, &pack).unwrap();
    let (_, seen) = walk(&folder.path);
    assert!(seen.says("cut off or corrupt"), "{:?}", seen.issues);
}

#[test]
fn what_rests_on_another_pack_is_counted() {
    let (whole, thin) = (bare(), bare());
    // Loose objects have no deltas yet: the newest become deltas of what the other side is said to have.
    let import = [
        "-c",
        "fastimport.unpackLimit=10000",
        "fast-import",
        "--quiet",
    ];
    git_with(&whole.path, &import, stream().as_bytes());
    let args = ["pack-objects", "--thin", "--stdout", "--revs", "-q"];
    let pack = git_with(&whole.path, &args, b"main\n^main~1\n");
    fs::create_dir_all(thin.join("objects/pack")).unwrap();
    fs::write(thin.join("objects/pack/pack-thin.pack"), pack).unwrap();
    let (_, seen) = walk(&thin.path);
    assert!(
        seen.says("of its objects rest on what is not in it"),
        "{:?}",
        seen.issues
    );
    assert!(!seen.objects.is_empty());
}

#[test]
fn sizes_and_bases_are_not_believed() {
    let folder = bare();
    let huge = Entry {
        claimed: u64::MAX >> 8,
        ..Entry::new(1, Kind::Blob, *b"small")
    };
    let nothing = Entry::new(2, Kind::Delta([9; 20]), delta(5, 5, b"x"));
    for (entries, says) in [
        (
            vec![Entry::new(0, Kind::Blob, *b"first"), huge],
            "cut off or corrupt",
        ),
        (
            vec![Entry::new(0, Kind::Blob, *b"first"), nothing],
            "rest on what is not in it",
        ),
    ] {
        write(&folder.path, "pack-x", &entries);
        fs::remove_file(folder.join("objects/pack/pack-x.idx")).unwrap();
        let (_, seen) = walk(&folder.path);
        let contents: Vec<_> = seen.contents().into_values().collect();
        assert_eq!(contents, [b"first"], "{says}");
        assert!(seen.says(says), "{says}: {:?}", seen.issues);
    }
}
