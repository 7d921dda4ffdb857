//! gzip: members, names, and every way to break it.

use std::io::Write;
use std::path::{Path, PathBuf};

use flate2::write::GzEncoder;
use flate2::{Compression, GzBuilder};
use keysieve_engine::{IssueKind, Window};

use super::*;

pub(super) fn compress(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

/// A text that does not compress to nothing.
pub(super) fn lines(count: usize) -> Vec<u8> {
    let mut seed = 7;
    (0..count)
        .flat_map(|i| format!("line {i}: {:x}\n", random(&mut seed)).into_bytes())
        .collect()
}

/// The content and the issue of bytes that do not decode as they should.
fn broken(bytes: &[u8]) -> (Vec<u8>, IssueKind) {
    let (children, result) = decode(
        &*decoder("gzip"),
        &Blob::whole(bytes, file("a.gz")),
        &mut Budget::default(),
    );
    assert!(children.len() <= 1);
    let content = children
        .into_iter()
        .map(|(_, content)| content)
        .next()
        .unwrap_or_default();
    (content, result.expect_err("the data is broken").kind)
}

#[test]
fn contents_come_back() {
    for content in [Vec::new(), b"a".to_vec(), lines(1), lines(50_000)] {
        assert!(super::content("gzip", &compress(&content)) == content);
    }
}

#[test]
fn optional_header_fields_are_skipped() {
    let mut encoder = GzBuilder::new()
        .filename("inner name")
        .comment("a comment")
        .extra(vec![0, 1, 2])
        .mtime(1)
        .write(Vec::new(), Compression::fast());
    encoder.write_all(b"content").unwrap();
    let bytes = encoder.finish().unwrap();
    assert_eq!(content("gzip", &bytes), b"content");

    // A header checksum, which the encoder above cannot write.
    let mut bytes = compress(b"content");
    bytes[3] |= 2;
    bytes.splice(10..10, [0, 0]);
    assert_eq!(content("gzip", &bytes), b"content");
}

#[test]
fn members_follow_each_other() {
    let mut bytes = Vec::new();
    for part in [&b"one "[..], b"", b"two ", b"three"] {
        bytes.extend(compress(part));
    }
    assert_eq!(content("gzip", &bytes), b"one two three");
    bytes.extend([0; 600]); // padding, as tapes have it
    assert_eq!(content("gzip", &bytes), b"one two three");
}

#[test]
fn many_empty_members_cost_little() {
    let empty = compress(b"");
    let bytes = empty.repeat((1 << 20) / empty.len());
    assert_eq!(content("gzip", &bytes), b"");
}

#[test]
fn children_are_named_after_the_file() {
    let bytes = compress(b"x");
    for (outer, name) in [
        ("logs/app.log.gz", "app.log"),
        ("a.TGZ", "a.tar"),
        ("a.tar.GZ", "a.tar"),
        (".gz", ""),
        ("a.bin", ""),
    ] {
        let blob = Blob::whole(&bytes, file(outer));
        let (children, _) = decode(&*decoder("gzip"), &blob, &mut Budget::default());
        let expected = Origin::Inside {
            outer: file(outer),
            via: "gzip",
            name: PathBuf::from(name),
        };
        assert_eq!(children[0].0, expected);
    }
    let blob = Blob::whole(&bytes, Arc::new(Origin::Stdin));
    let (children, _) = decode(&*decoder("gzip"), &blob, &mut Budget::default());
    assert_eq!(children[0].0.name(), None::<&Path>);
}

#[test]
fn what_came_out_of_truncated_data_is_handed_out() {
    let content = lines(20_000);
    let bytes = compress(&content);
    for length in [bytes.len() / 2, bytes.len() - 9, bytes.len() - 1] {
        let (partial, kind) = broken(&bytes[..length]);
        assert_eq!(kind, IssueKind::Undecodable);
        assert!(partial.len() > content.len() / 3 && content.starts_with(&partial));
    }
    // Not even the header is whole: nothing was decoded, so the bytes themselves are left to be scanned.
    assert_eq!(broken(&bytes[..9]), (Vec::new(), IssueKind::Undecodable));
}

#[test]
fn damage_and_a_wrong_checksum_are_said() {
    let content = lines(20_000);
    let bytes = compress(&content);
    let mut damaged = bytes.clone();
    let middle = damaged.len() / 2;
    damaged[middle..middle + 64].fill(0xff);
    let (partial, kind) = broken(&damaged);
    assert_eq!(kind, IssueKind::Undecodable);
    assert!(partial.len() > content.len() / 3);

    let mut unchecked = bytes;
    let checksum = unchecked.len() - 8;
    unchecked[checksum] ^= 1;
    unchecked.extend(compress(b"and more"));
    assert!(broken(&unchecked) == ([&content[..], b"and more"].concat(), IssueKind::Undecodable));
}

#[test]
fn trailing_garbage_is_said() {
    let mut bytes = compress(b"content");
    bytes.extend(b"\0\0garbage");
    assert_eq!(
        broken(&bytes),
        (b"content".to_vec(), IssueKind::Undecodable)
    );
}

#[test]
fn a_bomb_stops_at_a_bound_that_grows_with_the_file() {
    let bomb = compress(&vec![0; 64 << 20]);
    let mut budget = Budget::default();
    let before = budget.bytes;
    let (children, result) = decode(
        &*decoder("gzip"),
        &Blob::whole(&bomb, file("a.gz")),
        &mut budget,
    );
    assert_eq!(result.unwrap_err().kind, IssueKind::Limit);
    let length = children[0].1.len();
    assert!((32 << 20..44 << 20).contains(&length));
    assert_eq!(before - budget.bytes, length as u64);
}

#[test]
fn the_budget_is_kept_to_the_byte() {
    let content = lines(1000);
    let bytes = compress(&content);
    let blob = Blob::whole(&bytes, file("a.gz"));
    let length = content.len() as u64;
    for (left, fits) in [(length, true), (length - 1, false), (1, false), (0, false)] {
        let mut budget = Budget {
            bytes: left,
            ..Budget::default()
        };
        let (children, result) = decode(&*decoder("gzip"), &blob, &mut budget);
        assert_eq!(result.is_ok(), fits);
        assert_eq!(
            children.iter().map(|child| child.1.len()).sum::<usize>() as u64,
            left
        );
        assert_eq!(budget.bytes, 0);
    }
    let mut budget = Budget {
        children: 0,
        ..Budget::default()
    };
    let (children, result) = decode(&*decoder("gzip"), &blob, &mut budget);
    assert_eq!(
        (children.len(), result.unwrap_err().kind),
        (0, IssueKind::Limit)
    );
}

#[test]
fn only_the_start_of_a_content_is_a_member() {
    let bytes = compress(b"content");
    let mut window = Window {
        offset: 0,
        position: keysieve_engine::Position::START,
        own: (0, bytes.len()),
        first: true,
        last: false,
    };
    let gzip = decoder("gzip");
    assert!(gzip.applies(&Blob {
        bytes: &bytes,
        head: &bytes,
        origin: file("a"),
        window: Some(window)
    }));
    window.first = false;
    assert!(!gzip.applies(&Blob {
        bytes: &bytes,
        head: &bytes,
        origin: file("a"),
        window: Some(window)
    }));
    for other in [
        &b""[..],
        b"\x1f\x8b",
        b"\x1f\x8b\x07\0",
        b"\x1f\x8b\x08\x80",
        b"text",
    ] {
        assert!(!applies("gzip", other));
    }
}
