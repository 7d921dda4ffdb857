//! Every decoder of the table takes any bytes: it never panics and stays in its budget.

use super::gzip::{compress, lines};
use super::*;

/// Runs every decoder over the bytes, whether it would take them or not.
fn run(bytes: &[u8], left: u64) {
    let blob = Blob::whole(bytes, file("a.gz"));
    for decoder in keysieve_unpack::decoders() {
        let _ = decoder.applies(&blob);
        let mut budget = Budget {
            bytes: left,
            children: 10,
            ..Budget::default()
        };
        let (children, result) = decode(&*decoder, &blob, &mut budget);
        let put_out: u64 = children
            .iter()
            .map(|(_, content)| content.len() as u64)
            .sum();
        assert_eq!(
            put_out + budget.bytes,
            left,
            "{} put out what it did not take",
            decoder.name()
        );
        assert_eq!(children.len() as u32 + budget.children, 10);
        if let Err(issue) = result {
            assert_eq!(issue.origin.as_deref(), Some(&*blob.origin));
        }
    }
}

/// What the decoders are for, in some variety.
fn seeds() -> Vec<Vec<u8>> {
    let text = String::from_utf8(lines(40)).unwrap();
    let marked = format!("\u{feff}{text}\u{1f511}");
    vec![
        compress(&lines(40)),
        [
            compress(b"one"),
            compress(&[0; 100_000]),
            compress(&lines(10)),
        ]
        .concat(),
        marked.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        marked
            .chars()
            .map(u32::from)
            .flat_map(u32::to_le_bytes)
            .collect(),
        text.chars()
            .map(u32::from)
            .flat_map(u32::to_be_bytes)
            .collect(),
    ]
}

#[test]
fn random_bytes() {
    const STARTS: [&[u8]; 7] = [
        b"",
        b"\x1f\x8b\x08\0\0\0\0\0\0\0",
        b"\x1f\x8b\x08\x1f\0\0\0\0\0\0",
        b"\xff\xfe",
        b"\xfe\xff",
        b"\xff\xfe\0\0",
        b"\0\0\xfe\xff",
    ];
    let mut seed = 1;
    for _ in 0..3000 {
        let start = STARTS[random(&mut seed) % STARTS.len()];
        let length = random(&mut seed) % 300;
        let rest = (0..length).map(|_| random(&mut seed) as u8);
        let bytes: Vec<u8> = start.iter().copied().chain(rest).collect();
        run(&bytes, (random(&mut seed) % 2000) as u64);
    }
}

#[test]
fn mutated_bytes() {
    let mut seed = 2;
    for bytes in seeds() {
        run(&bytes, 1 << 20);
        for _ in 0..500 {
            let mut bytes = bytes.clone();
            for _ in 0..1 + random(&mut seed) % 4 {
                let at = random(&mut seed) % bytes.len();
                match random(&mut seed) % 4 {
                    0 => bytes[at] = random(&mut seed) as u8,
                    1 => bytes[at] ^= 1 << (random(&mut seed) % 8),
                    2 => bytes.truncate(at.max(1)),
                    _ => {
                        let end = (at + random(&mut seed) % 20).min(bytes.len());
                        let piece = bytes[at..end].to_vec();
                        bytes.splice(at..at, piece);
                    }
                }
            }
            run(&bytes, [1 << 20, 500, 0][random(&mut seed) % 3]);
        }
    }
}

#[test]
fn every_prefix() {
    for bytes in seeds() {
        for length in 0..bytes.len().min(200) {
            run(&bytes[..length], 1 << 20);
        }
    }
}

#[test]
fn a_visitor_that_stops_is_obeyed() {
    for bytes in seeds() {
        let blob = Blob::whole(&bytes, file("a.gz"));
        let decoders = keysieve_unpack::decoders();
        let decoder = decoders
            .iter()
            .find(|decoder| decoder.applies(&blob))
            .unwrap();
        let mut calls = 0;
        let result = decoder.decode(&blob, &mut Budget::default(), &mut |_, _| {
            calls += 1;
            Flow::Stop
        });
        assert_eq!((calls, result), (1, Ok(())));
    }
}
