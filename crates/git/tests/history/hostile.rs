//! Forged packs: what is sound in them is walked, what is not is said, and nothing panics or takes memory or time
//! without end.

use std::path::PathBuf;
use std::sync::Mutex;

use keysieve_engine::source::{Source, Visitor, VisitorBuilder};
use keysieve_engine::{Blob, Flow, Issue, IssueKind, ObjectId, Skip};
use keysieve_git::HistoryBuilder;

use super::forged::{Entry, Kind, delta, number, write};
use super::recorder::{Seen, walk};
use super::repository::bare;

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

impl VisitorBuilder for Counter<'_> {
    fn visitor(&self) -> Box<dyn Visitor + '_> {
        Box::new(Counter {
            count: self.count,
            limits: self.limits,
        })
    }
}

impl Visitor for Counter<'_> {
    fn blob(&mut self, _: Blob<'_>) -> Flow {
        *self.count.lock().unwrap() += 1;
        Flow::Continue
    }

    fn wants_whole(&self, _: &Blob<'_>) -> bool {
        false
    }

    fn issue(&mut self, issue: Issue) -> Flow {
        *self.limits.lock().unwrap() += u32::from(issue.kind == IssueKind::Limit);
        Flow::Continue
    }

    fn skip(&mut self, _: Skip) {}
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
