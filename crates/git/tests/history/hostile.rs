//! What is damaged or forged: the rest is walked, what is lost is said, and nothing panics or takes memory without end.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use keysieve_engine::source::Source;
use keysieve_engine::{IssueKind, ObjectId};
use keysieve_git::HistoryBuilder;

use super::forged::{Entry, Kind, delta, number, write};
use super::recorder::{Recorder, Seen, walk, walk_with};
use super::repository::{Folder, git, git_with, objects};

/// An empty bare repository.
fn bare() -> Folder {
    let folder = Folder::new();
    git(&folder.path, &["init", "--quiet", "--bare", "."]);
    folder
}

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

fn id(byte: u8) -> ObjectId {
    ObjectId::new(&[byte; 20]).unwrap()
}

/// What was seen besides the wrong checksums that forged packs have.
fn issues(seen: &Seen) -> Vec<(IssueKind, Option<ObjectId>)> {
    let issues = seen
        .issues
        .iter()
        .filter(|issue| !issue.message.contains("checksum"));
    issues
        .map(|issue| {
            (
                issue.kind,
                issue.origin.as_ref().and_then(|origin| origin.object()),
            )
        })
        .collect()
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
    let attribution = &history.attribute(&[id(1)])[0];
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
    git_with(&folder.path, &["unpack-objects", "-q"], b"PACK\0\0\0\x02\0\0\0\0\x02\x9d\x08\x82\x3b\xd8\xa8\xea\xb5\x10\xad\x6a\xc7\x5c\x82\x3c\xfd\x3e\xd3\x1e");
    for (id, bytes) in &expected {
        if git(&folder.path, &["cat-file", "-t", &id.to_string()]) == "blob" {
            let hash = git_with(&folder.path, &["hash-object", "--stdin"], bytes);
            assert_eq!(String::from_utf8(hash).unwrap().trim_end(), id.to_string());
        }
    }
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
fn an_index_without_its_pack_and_a_pack_without_its_index() {
    let folder = packed();
    fs::remove_file(pack_file(&folder.path, "pack")).unwrap();
    let (_, seen) = walk(&folder.path);
    assert!(seen.objects.is_empty() && seen.says("has no pack"));
    let folder = packed();
    fs::remove_file(pack_file(&folder.path, "idx")).unwrap();
    let (_, seen) = walk(&folder.path);
    assert!(seen.objects.is_empty() && seen.says("has no index"));
}

#[test]
fn missing_objects_are_counted() {
    let folder = bare();
    let tree: Vec<u8> = (0..50u8)
        .flat_map(|n| [format!("100644 {n:02}\0").as_bytes(), &[n + 1; 20]].concat())
        .collect();
    write(
        &folder.path,
        "pack-a",
        &[
            Entry::new(200, Kind::Tree, tree),
            Entry::new(1, Kind::Blob, "there"),
        ],
    );
    let (_, seen) = walk(&folder.path);
    assert_eq!(seen.objects.len(), 1);
    assert!(
        seen.says("29 more objects: the object is not there"),
        "{:?}",
        seen.issues
    );
    assert_eq!(issues(&seen).len(), 21);
}

#[test]
fn deltas_that_rest_on_themselves_end() {
    let folder = bare();
    let text = delta(3, 3, b"x");
    write(
        &folder.path,
        "pack-a",
        &[
            Entry::new(1, Kind::Delta([2; 20]), text.clone()),
            Entry::new(2, Kind::Delta([1; 20]), text.clone()),
            Entry::new(3, Kind::Delta([3; 20]), text.clone()),
            Entry::new(4, Kind::Delta([9; 20]), text.clone()),
            Entry::new(5, Kind::Delta([4; 20]), text.clone()),
            Entry::new(6, Kind::Before(0), text.clone()),
            Entry::new(7, Kind::Before(5), text.clone()),
            Entry::new(8, Kind::Before(u64::MAX >> 1), text),
            Entry::new(10, Kind::Blob, "abc"),
        ],
    );
    let (_, seen) = walk(&folder.path);
    assert_eq!(seen.objects.keys().copied().collect::<Vec<_>>(), [id(10)]);
    assert_eq!(
        issues(&seen),
        (1..=8)
            .map(|n| (IssueKind::Undecodable, Some(id(n))))
            .collect::<Vec<_>>()
    );
}

#[test]
fn a_delta_may_rest_on_an_object_of_another_pack() {
    let folder = bare();
    write(
        &folder.path,
        "pack-a",
        &[
            Entry::new(1, Kind::Blob, "abc"),
            Entry::new(5, Kind::Blob, "longer".repeat(99)),
        ],
    );
    write(
        &folder.path,
        "pack-b",
        &[
            Entry::new(2, Kind::Delta([1; 20]), delta(3, 3, b"d")),
            Entry::new(3, Kind::Delta([2; 20]), delta(4, 4, b"e")),
        ],
    );
    let (_, seen) = walk(&folder.path);
    assert_eq!(issues(&seen), []);
    let contents = seen.contents();
    assert_eq!(
        (&*contents[&id(2)], &*contents[&id(3)]),
        (&b"abcd"[..], &b"abcde"[..])
    );
}

#[test]
fn sizes_are_not_believed() {
    let folder = bare();
    let mut huge = Entry::new(1, Kind::Blob, "abc");
    huge.claimed = u64::MAX >> 4;
    let mut longer = Entry::new(2, Kind::Blob, "abc");
    longer.claimed = 4;
    let mut shorter = Entry::new(3, Kind::Blob, "abc");
    shorter.claimed = 2;
    let claims = [number(3), number(u64::MAX >> 2)].concat();
    write(
        &folder.path,
        "pack-a",
        &[
            huge,
            longer,
            shorter,
            Entry::new(4, Kind::Blob, "abc"),
            Entry::new(5, Kind::Delta([4; 20]), claims),
            Entry::new(6, Kind::Delta([5; 20]), delta(3, 3, b"x")),
            Entry::new(7, Kind::Delta([4; 20]), delta(4, 3, b"x")),
            Entry::new(8, Kind::Delta([4; 20]), delta(3, 3, b"x")),
            Entry::new(9, Kind::Delta([1; 20]), delta(3, 3, b"x")),
        ],
    );
    let (_, seen) = walk(&folder.path);
    assert_eq!(
        seen.objects.keys().copied().collect::<Vec<_>>(),
        [id(4), id(8)]
    );
    let mut found = issues(&seen);
    found.sort_unstable();
    let (limit, broken) = (IssueKind::Limit, IssueKind::Undecodable);
    let expected = [
        (broken, 2),
        (broken, 3),
        (broken, 7),
        (limit, 1),
        (limit, 5),
        (limit, 6),
        (limit, 9),
    ];
    assert_eq!(found, expected.map(|(kind, n)| (kind, Some(id(n)))));
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

/// A base of 8 MiB with a binary tree of 2,000 deltas on it: 16 GiB out of some KiB. Bases on the way are many, too.
#[test]
fn a_pack_that_unpacks_to_anything_ends_with_an_issue() {
    let folder = bare();
    let size = 8 << 20;
    let name = |n: u32| {
        let mut id = [7; 20];
        id[..4].copy_from_slice(&n.to_be_bytes());
        id
    };
    let mut entries = vec![Entry::new(0, Kind::Blob, vec![0; size])];
    entries[0].id = name(0);
    for n in 1..2000 {
        let mut entry = Entry::new(
            0,
            Kind::Delta(name((n - 1) / 2)),
            delta(size as u64, size as u32, b""),
        );
        entry.id = name(n);
        entries.push(entry);
    }
    write(&folder.path, "pack-a", &entries);
    let count = Mutex::new(0);
    let history = HistoryBuilder::new()
        .max_total_size(1 << 30)
        .threads(2)
        .build(&folder.path)
        .unwrap();
    let counter = Counter {
        count: &count,
        limits: &Mutex::new(0),
    };
    history.walk(&counter).unwrap();
    let count = *count.lock().unwrap();
    assert!((120..140).contains(&count), "{count}");
    assert_eq!(*counter.limits.lock().unwrap(), 1);
    assert!(history.progress().bytes < 2 << 30);
}

/// Counts blobs and forgets them.
struct Counter<'c> {
    count: &'c Mutex<u32>,
    limits: &'c Mutex<u32>,
}

impl keysieve_engine::source::VisitorBuilder for Counter<'_> {
    fn visitor(&self) -> Box<dyn keysieve_engine::source::Visitor + '_> {
        Box::new(Counter {
            count: self.count,
            limits: self.limits,
        })
    }
}

impl keysieve_engine::source::Visitor for Counter<'_> {
    fn blob(&mut self, _: keysieve_engine::Blob<'_>) -> keysieve_engine::Flow {
        *self.count.lock().unwrap() += 1;
        keysieve_engine::Flow::Continue
    }

    fn wants_whole(&self, _: &keysieve_engine::Blob<'_>) -> bool {
        false
    }

    fn issue(&mut self, issue: keysieve_engine::Issue) -> keysieve_engine::Flow {
        *self.limits.lock().unwrap() += u32::from(issue.kind == IssueKind::Limit);
        keysieve_engine::Flow::Continue
    }

    fn skip(&mut self, _: keysieve_engine::Skip) {}
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
        &sirocco_of(b"blob 9\0abc"),
        &sirocco_of(b"blub 3\0abc"),
        &sirocco_of(b"tree 3\0abc"),
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

fn sirocco_of(bytes: &[u8]) -> Vec<u8> {
    sirocco::compress(
        sirocco::Format::Zlib,
        sirocco::deflate::Level::DEFAULT,
        bytes,
    )
}

/// A tree that holds itself, and a chain of ten thousand folders, each twice in the one above.
#[test]
fn trees_without_end_have_paths_with_an_end() {
    let folder = bare();
    let name = |n: u32| {
        let mut id = [7; 20];
        id[..4].copy_from_slice(&n.to_be_bytes());
        id
    };
    let mut entries: Vec<Entry> = (0..10_000)
        .map(|n| {
            let tree = [b"40000 a\0", &name(n + 1)[..], b"40000 b\0", &name(n + 1)].concat();
            Entry {
                id: name(n),
                ..Entry::new(0, Kind::Tree, tree)
            }
        })
        .collect();
    entries.push(Entry {
        id: name(10_000),
        ..Entry::new(0, Kind::Blob, "deep")
    });
    let own = [b"40000 x\0", &[9; 20][..], b"100644 y\0", &[10; 20]].concat();
    entries.push(Entry::new(9, Kind::Tree, own));
    entries.push(Entry::new(10, Kind::Blob, "in itself"));
    write(&folder.path, "pack-a", &entries);
    let (history, seen) = walk(&folder.path);
    assert_eq!(seen.objects.len(), 2);
    let deep = ObjectId::new(&name(10_000)).unwrap();
    let attributions = history.attribute(&[deep, id(10)]);
    assert!(attributions[0].has_more_paths && attributions[0].paths.len() == 32);
    assert!(
        attributions[0]
            .paths
            .iter()
            .all(|path| path.as_os_str().len() < 1 << 16)
    );
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
fn bases_that_are_not_held_are_read_anew() {
    let folder = packed();
    let expected = objects(&folder.path);
    let (_, seen) = walk_with(&folder.path, HistoryBuilder::new().max_held_size(0));
    assert!(seen.contents() == expected && seen.issues.is_empty());
}

/// One object under many names in one tree, and many objects under two names: forged trees cost no more than their
/// length.
#[test]
fn many_names_are_looked_up_in_linear_time() {
    let folder = bare();
    let count = 40_000u32;
    let name = |n: u32| {
        let mut id = [7; 20];
        id[..4].copy_from_slice(&n.to_be_bytes());
        id
    };
    let tree = |text: &str, target: &dyn Fn(u32) -> [u8; 20]| -> Vec<u8> {
        let entry = |n| [format!("100644 {text}{n}\0").as_bytes(), &target(n)].concat();
        (0..count).flat_map(entry).collect()
    };
    let mut entries: Vec<Entry> = (0..count)
        .map(|n| Entry {
            id: name(n),
            ..Entry::new(0, Kind::Blob, "")
        })
        .collect();
    entries.push(Entry::new(200, Kind::Tree, tree("a", &name)));
    entries.push(Entry::new(201, Kind::Tree, tree("b", &name)));
    entries.push(Entry::new(202, Kind::Tree, tree("c", &|_| name(1))));
    write(&folder.path, "pack-a", &entries);
    let (history, seen) = walk(&folder.path);
    assert_eq!(seen.objects.len(), count as usize);
    let ids = [name(1), name(2)].map(|id| ObjectId::new(&id).unwrap());
    let attributions = history.attribute(&ids);
    assert!(attributions[0].has_more_paths && attributions[0].paths.len() == 32);
    assert_eq!(attributions[1].paths, [PathBuf::from("a2"), "b2".into()]);
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
