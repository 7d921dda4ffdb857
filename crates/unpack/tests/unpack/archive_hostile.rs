//! Every format takes any bytes: it never panics, ends, and stays in its budget.

use std::cell::Cell;

use flate2::Crc;
use keysieve_engine::{Budget, Flow};
use keysieve_unpack::archive::{Fault, Format, Input, formats};
use rawzip::CompressionMethod;

use super::archive::{budget, unpack};
use super::gzip::lines;
use super::packed::{made, pack, tar, zip};
use super::random;

/// Unpacks with every format, what is in it too, and compares what came out with what the budget lost.
fn run(bytes: &[u8]) {
    const LEFT: u64 = 1 << 20;
    for format in formats() {
        let _ = Format::of(bytes);
        let budget = Cell::new(Budget {
            bytes: LEFT,
            depth: 4,
            children: 50,
        });
        let (unpacked, _) = unpack(format, Input::Bytes(bytes), &budget);
        let read: u64 = unpacked
            .iter()
            .map(|(_, content, _)| content.len() as u64)
            .sum();
        let left = budget.get();
        assert!(
            read + left.bytes <= LEFT,
            "{} put out what it did not take",
            format.name()
        );
        assert_eq!(left.depth, 4);
        assert_eq!(unpacked.len() as u32 + left.children, 50);
    }
}

/// How often each format is broken.
const TIMES: usize = 600;

#[test]
fn broken_archives_neither_panic_nor_run_away() {
    let mut seed = 42;
    for format in made() {
        let whole = pack(format.name(), &lines(20));
        for _ in 0..TIMES {
            let mut bytes = whole.clone();
            for _ in 0..=random(&mut seed) % 4 {
                let at = random(&mut seed) % bytes.len();
                match random(&mut seed) % 6 {
                    0 => bytes.truncate(at.max(1)),
                    1 => bytes[at] = 0xff,
                    2 => bytes[at] = 0,
                    3 => bytes.insert(at, random(&mut seed) as u8),
                    4 => {
                        let from = random(&mut seed) % bytes.len();
                        let piece = bytes[from..(from + 16).min(bytes.len())].to_vec();
                        bytes.splice(at..at, piece);
                    }
                    _ => bytes[at] ^= 1 << (random(&mut seed) % 8),
                }
            }
            run_one(format, &bytes);
        }
    }
}

/// The directory of 7z is believed once its checksums are right: here they are, whatever else is not.
#[test]
fn a_broken_directory_of_7z_with_right_checksums() {
    let crc = |bytes: &[u8]| {
        let mut crc = Crc::new();
        crc.update(bytes);
        crc.sum().to_le_bytes()
    };
    let number = |bytes: &[u8], at: usize| {
        u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap()) as usize
    };
    let sevenz = Format::named("7z").unwrap();
    let whole = pack("7z", &lines(20));
    let start = 32 + number(&whole, 12);
    assert_eq!(whole.len(), start + number(&whole, 20));
    assert_eq!(
        whole[28..32],
        crc(&whole[start..]),
        "that is where it stands"
    );
    let mut seed = 7;
    let mut read = 0;
    for _ in 0..10 * TIMES {
        let mut bytes = whole.clone();
        for _ in 0..=random(&mut seed) % 3 {
            let at = start + random(&mut seed) % (whole.len() - start);
            bytes[at] = match random(&mut seed) % 3 {
                0 => random(&mut seed) as u8,
                1 => bytes[at] ^ (1 << (random(&mut seed) % 8)),
                _ => 0xff,
            };
        }
        let sum = crc(&bytes[start..]);
        bytes[28..32].copy_from_slice(&sum);
        let sum = crc(&bytes[12..32]);
        bytes[8..12].copy_from_slice(&sum);
        read += usize::from(run_one(sevenz, &bytes) > 0);
    }
    assert!(
        read > TIMES,
        "only {read} were read as far as their contents"
    );
}

/// Unpacks with one format within a budget; how many entries came out.
fn run_one(format: &Format, bytes: &[u8]) -> usize {
    const LEFT: u64 = 1 << 20;
    let budget = Cell::new(Budget {
        bytes: LEFT,
        children: 50,
        ..Budget::default()
    });
    let (unpacked, _) = unpack(format, Input::Stream(&mut &*bytes), &budget);
    let read: u64 = unpacked
        .iter()
        .map(|(_, content, _)| content.len() as u64)
        .sum();
    assert!(read + budget.get().bytes <= LEFT);
    unpacked.len()
}

#[test]
fn every_cut_is_said() {
    for format in made() {
        let whole = pack(format.name(), &lines(20));
        for cut in 1..whole.len() {
            let (unpacked, end) = unpack(format, Input::Bytes(&whole[..cut]), &budget());
            let is_said = end.is_err() || unpacked.iter().any(|(_, _, fault)| fault.is_some());
            // A tar may end behind any entry, and Snappy behind any chunk, the first of which is a mark of ten bytes.
            let may_end = match format.name() {
                "tar" => {
                    cut % 512 == 0
                        || unpacked
                            .last()
                            .is_some_and(|(_, content, _)| content == b"three")
                }
                "sz" => cut == 10,
                _ => false,
            };
            assert!(is_said || may_end, "{} of {cut} bytes", format.name());
        }
    }
}

#[test]
fn any_bytes_are_taken() {
    let mut seed = 1;
    run(b"");
    for format in made() {
        run(&pack(format.name(), &lines(5)));
    }
    for _ in 0..200 {
        let len = random(&mut seed) % 2000;
        let bytes: Vec<u8> = (0..len).map(|_| random(&mut seed) as u8).collect();
        run(&bytes);
        for format in made() {
            // The mark of each, and noise behind it.
            let mut marked = pack(format.name(), b"x");
            marked.truncate(8);
            marked.extend_from_slice(&bytes);
            run(&marked);
        }
    }
}

#[test]
fn sizes_in_headers_are_not_believed() {
    let mut header = tar::Header::new_gnu();
    header.set_path("huge").unwrap();
    header.set_size(1 << 62);
    header.set_cksum();
    let mut bytes = header.as_bytes().to_vec();
    bytes.extend_from_slice(b"short");
    let (unpacked, end) = unpack(
        Format::named("tar").unwrap(),
        Input::Bytes(&bytes),
        &budget(),
    );
    assert_eq!(unpacked, [("huge".to_owned(), b"short".to_vec(), None)]);
    assert_eq!(end, Err(Fault::Damaged));

    // A sparse file of 4 EiB.
    let mut header = tar::Header::new_gnu();
    header.set_path("sparse").unwrap();
    header.set_entry_type(tar::EntryType::GNUSparse);
    header.set_size(0);
    let gnu = header.as_gnu_mut().unwrap();
    gnu.sparse[0]
        .offset
        .copy_from_slice(b"\x80\0\0\0\x40\0\0\0\0\0\0\0");
    gnu.sparse[0].numbytes.copy_from_slice(b"00000000000\0");
    gnu.realsize
        .copy_from_slice(b"\x80\0\0\0\x40\0\0\0\0\0\0\0");
    header.set_cksum();
    let mut bytes = header.as_bytes().to_vec();
    bytes.extend_from_slice(&[0; 1024]);
    let budget = Cell::new(Budget {
        bytes: 1 << 20,
        ..Budget::default()
    });
    let (unpacked, _) = unpack(Format::named("tar").unwrap(), Input::Bytes(&bytes), &budget);
    assert_eq!(unpacked.len(), 1);
    assert_eq!(
        (unpacked[0].1.len(), unpacked[0].2),
        (1 << 20, Some(Fault::Bound))
    );
}

#[test]
fn a_bomb_ends_with_the_budget() {
    let zeros = vec![0; 8 << 20];
    for format in ["gz", "bz2", "xz", "zst", "zip", "7z"] {
        let bomb = pack(format, &zeros);
        let budget = Cell::new(Budget {
            bytes: 1 << 20,
            ..Budget::default()
        });
        let (unpacked, _) = unpack(Format::named(format).unwrap(), Input::Bytes(&bomb), &budget);
        let read: usize = unpacked.iter().map(|(_, content, _)| content.len()).sum();
        assert_eq!(read, 1 << 20, "{format}");
    }
    // What nobody reads is not free where it has to be decoded all the same.
    let bomb = pack("7z", &zeros);
    let budget = Cell::new(Budget {
        bytes: 1 << 20,
        ..Budget::default()
    });
    let mut faults = Vec::new();
    let sevenz = Format::named("7z").unwrap();
    let end = sevenz.unpack(Input::Bytes(&bomb), &budget, &mut |entry| {
        faults.extend(entry.content.read(&mut [0; 8]).err().map(Fault::from));
        Flow::Continue
    });
    assert_eq!((budget.get().bytes, end), (0, Ok(())));
    assert_eq!(
        faults,
        [Fault::Bound],
        "the third entry stands behind the zeros"
    );
}

#[test]
fn levels_end_with_the_budget() {
    let mut bytes = b"core".to_vec();
    for _ in 0..40 {
        bytes = zip(CompressionMethod::STORE, &[("a", &tar(&[("b", &bytes)]))]);
    }
    fn depth(input: Input<'_>, format: &str, budget: &Cell<Budget>) -> (usize, Result<(), Fault>) {
        let (mut deepest, mut inner) = (0, Ok(()));
        let end = Format::named(format)
            .unwrap()
            .unpack(input, budget, &mut |entry| {
                let next = if format == "zip" { "tar" } else { "zip" };
                let (below, end) = depth(Input::Stream(entry.content), next, budget);
                deepest = below + 1;
                inner = end;
                Flow::Continue
            });
        (deepest, inner.and(end))
    }
    let left = Budget {
        depth: 64,
        ..Budget::default()
    };
    assert_eq!(
        depth(Input::Bytes(&bytes), "zip", &Cell::new(left)),
        (64, Err(Fault::Bound))
    );
    let left = Budget {
        depth: 100,
        ..Budget::default()
    };
    // The core is no zip.
    assert_eq!(
        depth(Input::Bytes(&bytes), "zip", &Cell::new(left)),
        (80, Err(Fault::Other))
    );
}
