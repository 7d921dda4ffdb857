//! What comes out of archives of every format.

use std::cell::Cell;
use std::io::Write;

use keysieve_engine::{Budget, Flow};
use keysieve_unpack::archive::{Fault, Format, Input, formats};
use rawzip::CompressionMethod;
use sevenz_rust2::EncoderMethod;

use super::gzip::lines;
use super::packed::{NAMES, entries, made, pack, sevenz, zip};

fn is_container(format: &Format) -> bool {
    ["zip", "tar", "7z"].contains(&format.name())
}

/// Names, contents and what ended them.
pub(super) type Unpacked = Vec<(String, Vec<u8>, Option<Fault>)>;

pub(super) fn unpack(
    format: &Format,
    input: Input<'_>,
    budget: &Cell<Budget>,
) -> (Unpacked, Result<(), Fault>) {
    let mut all = Vec::new();
    let end = format.unpack(input, budget, &mut |entry| {
        let mut content = Vec::new();
        let end = entry.content.read_to_end(&mut content);
        all.push((entry.name.to_owned(), content, end.err().map(Fault::from)));
        Flow::Continue
    });
    (all, end)
}

pub(super) fn budget() -> Cell<Budget> {
    Cell::new(Budget::default())
}

fn all(format: &str, bytes: &[u8]) -> (Unpacked, Result<(), Fault>) {
    unpack(
        Format::named(format).unwrap(),
        Input::Bytes(bytes),
        &budget(),
    )
}

/// What is expected of a file that [`pack`] made.
fn expected(format: &Format, content: &[u8]) -> Unpacked {
    let whole = |(name, content): (&str, &[u8])| (name.to_owned(), content.to_vec(), None);
    if is_container(format) {
        entries(content).into_iter().map(whole).collect()
    } else {
        vec![whole(("", content))]
    }
}

#[test]
fn names_of_formats_are_unique() {
    let mut names: Vec<_> = formats().iter().map(Format::name).collect();
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count);
}

#[test]
fn every_format_gives_what_was_packed() {
    for format in made() {
        // 2.5 MB are several blocks, windows or chunks of each.
        for content in [Vec::new(), b"a".to_vec(), lines(60_000)] {
            let bytes = pack(format.name(), &content);
            let mut expected = expected(format, &content);
            let mut file = tempfile::tempfile().unwrap();
            file.write_all(&bytes).unwrap();
            std::io::Seek::rewind(&mut file).unwrap();
            for input in [
                Input::Bytes(&bytes),
                Input::Stream(&mut bytes.as_slice()),
                Input::File(&file),
            ] {
                let budget = budget();
                let (mut unpacked, end) = unpack(format, input, &budget);
                assert_eq!(end, Ok(()), "{}", format.name());
                let count = unpacked.len();
                if format.name() == "7z" {
                    // What has no bytes has no place in a block, and need not be told.
                    expected.retain(|(_, content, _)| !content.is_empty());
                    unpacked.retain(|(_, content, _)| !content.is_empty());
                }
                assert!(unpacked == expected, "{}", format.name());
                let all: usize = unpacked.iter().map(|(_, content, _)| content.len()).sum();
                let left = budget.get();
                assert_eq!(left.bytes, Budget::default().bytes - all as u64);
                assert_eq!(left.depth, Budget::default().depth);
                assert_eq!(
                    left.children as usize,
                    Budget::default().children as usize - count
                );
            }
        }
    }
}

#[test]
fn formats_are_told_by_their_first_bytes() {
    for format in made() {
        let bytes = pack(format.name(), &lines(100));
        let told = Format::of(&bytes[..512]).map(Format::name);
        let expected = (!["zz", "br"].contains(&format.name())).then_some(format.name());
        assert_eq!(told, expected);
    }
    assert_eq!(
        Format::of(b"Rar!\x1a\x07\x01\0").map(Format::name),
        Some("rar")
    );
    for other in [&b""[..], b"text", &[0; 512], &lines(100)] {
        assert!(Format::of(other).is_none());
    }
}

#[test]
fn what_is_of_another_format_is_said() {
    // Brotli cannot tell, and fails later.
    for format in made().filter(|format| format.name() != "br") {
        for other in [
            lines(100),
            b"PK".to_vec(),
            pack(if format.name() == "tar" { "7z" } else { "tar" }, b"x"),
        ] {
            let (unpacked, end) = all(format.name(), &other);
            assert!(unpacked.is_empty());
            assert_eq!(end, Err(Fault::Other), "{}", format.name());
        }
    }
    let (unpacked, _) = all("br", &lines(100));
    assert!(unpacked[0].2.is_some());
    assert_eq!(all("br", b"").1, Err(Fault::Other));
    assert_eq!(all("rar", b"Rar!\x1a\x07\x01\0").1, Err(Fault::Unsupported));
}

#[test]
fn streams_behind_each_other_are_one_content() {
    for format in ["gz", "bz2", "xz", "lz", "zst", "lz4", "sz"] {
        let mut bytes = [
            pack(format, b"one"),
            pack(format, b""),
            pack(format, b"two"),
        ]
        .concat();
        if format == "zst" {
            // A frame to be skipped.
            bytes.extend_from_slice(b"\x50\x2a\x4d\x18\x03\0\0\0abc");
            bytes.extend(pack(format, b"three"));
        }
        let (unpacked, end) = all(format, &bytes);
        assert_eq!(end, Ok(()));
        let content = if format == "zst" {
            &b"onetwothree"[..]
        } else {
            b"onetwo"
        };
        assert_eq!(
            unpacked,
            [(String::new(), content.to_vec(), None)],
            "{format}"
        );
    }
}

#[test]
fn zip_has_methods() {
    let content = lines(3000);
    for method in [
        CompressionMethod::STORE,
        CompressionMethod::BZIP2,
        CompressionMethod::XZ,
        CompressionMethod::ZSTD,
    ] {
        let (unpacked, end) = all("zip", &zip(method, &[("a", &content)]));
        assert_eq!(end, Ok(()));
        assert!(
            unpacked == [("a".to_owned(), content.clone(), None)],
            "{method}"
        );
    }
    let (unpacked, end) = all(
        "zip",
        &zip(CompressionMethod::PPMD, &[("a", b"x"), ("b", b"y")]),
    );
    assert_eq!(end, Ok(()));
    let unsupported = |name: &str| (name.to_owned(), Vec::new(), Some(Fault::Unsupported));
    assert_eq!(unpacked, [unsupported("a"), unsupported("b")]);
}

#[test]
fn encrypted_entries_are_said() {
    // The middle entry says that it is encrypted, and is not what it was.
    let content = lines(100);
    let mut bytes = zip(CompressionMethod::STORE, &entries(&content));
    let header = memmem(&bytes, b"PK\x01\x02", 1);
    bytes[header + 8] |= 1;
    let (unpacked, end) = all("zip", &bytes);
    assert_eq!(end, Ok(()));
    assert_eq!(unpacked[1].2, None, "whoever sets the bit hides nothing");
    let start = memmem(&bytes, &content, 0);
    for byte in &mut bytes[start..start + content.len()] {
        *byte ^= 0x5a;
    }
    let (unpacked, end) = all("zip", &bytes);
    assert_eq!(end, Ok(()));
    let faults: Vec<_> = unpacked.iter().map(|(_, _, fault)| *fault).collect();
    assert_eq!(faults, [None, Some(Fault::Encrypted), None]);

    let options = sevenz_rust2::encoder_options::AesEncoderOptions::new("password".into());
    let bytes = sevenz(options.into(), false, &entries(b"two"));
    let (unpacked, end) = all("7z", &bytes);
    assert_eq!(end, Ok(()));
    let names: Vec<_> = unpacked.iter().map(|(name, ..)| name.as_str()).collect();
    assert_eq!(names, NAMES);
    assert!(
        unpacked
            .iter()
            .all(|(_, content, fault)| content.is_empty() && *fault == Some(Fault::Encrypted))
    );
}

/// Where the `nth` of some bytes stand.
fn memmem(bytes: &[u8], part: &[u8], nth: usize) -> usize {
    let mut places = bytes.windows(part.len()).enumerate();
    let found = places.by_ref().filter(|(_, window)| *window == part);
    found.map(|(at, _)| at).nth(nth).unwrap()
}

#[test]
fn a_broken_block_of_7z_keeps_the_others() {
    let content = lines(2000);
    let bytes = sevenz(EncoderMethod::LZMA2.into(), false, &entries(&content));
    let (whole, _) = all("7z", &bytes);
    assert_eq!(whole.len(), 3);
    let mut broken = bytes.clone();
    // In the middle of the longest block.
    broken[bytes.len() / 2] ^= 0x55;
    let (unpacked, end) = all("7z", &broken);
    assert_eq!(end, Ok(()));
    assert_eq!((&unpacked[0], &unpacked[2]), (&whole[0], &whole[2]));
    assert!(unpacked[1].2.is_some());
}

#[test]
fn links_folders_and_devices_of_a_tar_have_no_content() {
    let mut builder = tar::Builder::new(Vec::new());
    for kind in [
        tar::EntryType::Directory,
        tar::EntryType::Link,
        tar::EntryType::Symlink,
        tar::EntryType::Char,
        tar::EntryType::Block,
        tar::EntryType::Fifo,
        tar::EntryType::Regular,
    ] {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_path("entry").unwrap();
        header.set_size(0);
        header.set_cksum();
        builder.append(&header, &b""[..]).unwrap();
    }
    let (unpacked, end) = all("tar", &builder.into_inner().unwrap());
    assert_eq!(end, Ok(()));
    assert_eq!(unpacked, [("entry".to_owned(), Vec::new(), None)]);
}

#[test]
fn what_comes_before_damage_is_valid() {
    let content = lines(60_000);
    for format in made() {
        let bytes = pack(format.name(), &content);
        let (unpacked, end) = all(format.name(), &bytes[..bytes.len() / 2]);
        let faults = unpacked
            .iter()
            .filter_map(|(_, _, fault)| *fault)
            .chain(end.err());
        assert_ne!(faults.count(), 0, "{} was cut in silence", format.name());
        if ["zip", "7z"].contains(&format.name()) {
            // Nothing is known without the directory at the end.
            assert!(unpacked.is_empty());
            continue;
        }
        let expected = expected(format, &content);
        let read = unpacked
            .iter()
            .map(|(_, content, _)| content.len())
            .sum::<usize>();
        assert!(read > content.len() / 4, "{}: {read}", format.name());
        for ((_, content, _), (_, expected, _)) in unpacked.iter().zip(&expected) {
            assert!(expected.starts_with(content), "{}", format.name());
        }
    }
}

#[test]
fn checksums_are_compared() {
    for (format, from_end) in [("gz", 8), ("zst", 1)] {
        let mut bytes = pack(format, b"some content");
        let at = bytes.len() - from_end;
        bytes[at] ^= 1;
        let (unpacked, _) = all(format, &bytes);
        assert_eq!(unpacked[0].1, b"some content", "{format}");
        assert!(unpacked[0].2.is_some(), "{format}");
    }
    let mut bytes = zip(CompressionMethod::STORE, &[("a", b"some content")]);
    let at = memmem(&bytes, b"some content", 0);
    bytes[at] ^= 1;
    let (unpacked, _) = all("zip", &bytes);
    assert_eq!(unpacked[0].2, Some(Fault::Checksum));
}

#[test]
fn the_budget_bounds_everything() {
    let content = lines(1000);
    for format in made() {
        let bytes = pack(format.name(), &content);
        let spent = |budget: Budget| unpack(format, Input::Bytes(&bytes), &Cell::new(budget));
        let (unpacked, end) = spent(Budget {
            depth: 0,
            ..Budget::default()
        });
        assert_eq!((unpacked.len(), end), (0, Err(Fault::Bound)));
        let (unpacked, end) = spent(Budget {
            children: 0,
            ..Budget::default()
        });
        assert_eq!((unpacked.len(), end), (0, Err(Fault::Bound)));

        let (unpacked, end) = spent(Budget {
            bytes: 1000,
            ..Budget::default()
        });
        let read = unpacked
            .iter()
            .map(|(_, content, _)| content.len())
            .sum::<usize>();
        assert_eq!(read, 1000, "{}", format.name());
        assert!(
            unpacked
                .iter()
                .any(|(_, _, fault)| *fault == Some(Fault::Bound)),
            "{} {end:?}",
            format.name()
        );

        // Exactly enough is enough.
        let all: usize = expected(format, &content)
            .iter()
            .map(|(_, content, _)| content.len())
            .sum();
        let (unpacked, end) = spent(Budget {
            bytes: all as u64,
            ..Budget::default()
        });
        assert_eq!(end, Ok(()));
        assert!(unpacked == expected(format, &content));
    }
}

#[test]
fn each_may_stop_it() {
    for format in made() {
        let bytes = pack(format.name(), b"two");
        let mut count = 0;
        let end = format.unpack(Input::Bytes(&bytes), &budget(), &mut |_| {
            count += 1;
            Flow::Stop
        });
        assert_eq!((count, end), (1, Ok(())), "{}", format.name());
    }
}
