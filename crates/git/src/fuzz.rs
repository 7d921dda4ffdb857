//! What fuzzers call: each takes bytes from nowhere and must neither panic nor run away.
//!
//! `crates/git/fuzz` hands them to libFuzzer; the tests below drive them with mutations of good inputs on any toolchain.

use std::io;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use sirocco::Format;
use sirocco::deflate::Level;

use crate::graph::{Build, parse_all};
use crate::push::Push;
use crate::store::kind::{self, Kind};
use crate::store::{Faults, Progress, Receive, Store, Walk, apply_delta};

/// No object is larger here, and no walk ten times as large.
const MOST: u64 = 1 << 20;

/// Walks a pack, which is written into `folder`. The first byte says what the others are: the file as it is, or entries
/// that are compressed as they should be. Either way the pack has no index.
///
/// # Errors
///
/// The folder cannot be written.
pub fn pack(folder: &Path, bytes: &[u8]) -> io::Result<()> {
    let Some((form, bytes)) = bytes.split_first() else {
        return Ok(());
    };
    let objects = folder.join("pack");
    std::fs::create_dir_all(&objects)?;
    let file = if form & 1 == 0 {
        bytes.to_vec()
    } else {
        entries(bytes)
    };
    std::fs::write(objects.join("pack-fuzz.pack"), file)?;
    let store = Store::open(folder, gix::hash::Kind::Sha1, MOST);
    let (faults, progress) = (Faults::default(), Progress::default());
    let shallow = Default::default();
    let build = Build::new(&store, &shallow, &faults);
    let interrupt = AtomicBool::new(false);
    let walk = |kinds| Walk {
        store: &store,
        kinds,
        wanted: None,
        threads: 1,
        faults: &faults,
        progress: &progress,
        most: 10 * MOST,
        most_held: MOST,
        interrupt: &interrupt,
    };
    let ended = walk(kind::ALL ^ Kind::Blob as u8).run(|| build.receiver(None));
    let graph = build.finish(ended.receivers);
    for number in 0..store.len() as u32 {
        let origin = graph.origin(number, &store);
        assert!(origin.is_some(), "every object has an origin");
    }
    let ended = walk(Kind::Blob as u8).run(Names::default);
    let seen = ended.receivers.into_iter().flat_map(|names| names.0);
    for (number, name) in seen {
        assert_eq!(
            store.id(number),
            name.as_bytes(),
            "an object has its own id"
        );
    }
    Ok(())
}

/// Names what it gets.
#[derive(Default)]
struct Names(Vec<(u32, gix::ObjectId)>);

impl Receive for Names {
    fn object(&mut self, number: u32, kind: Kind, bytes: &[u8]) -> keysieve_engine::Flow {
        let name = gix::objs::compute_hash(gix::hash::Kind::Sha1, kind.into(), bytes);
        self.0.extend(name.ok().map(|name| (number, name)));
        keysieve_engine::Flow::Continue
    }
}

/// A pack of well-compressed entries. Each takes a byte for its kind, one for its base, one for how the claimed length
/// is wrong, one for the length of its text, and that text.
fn entries(mut bytes: &[u8]) -> Vec<u8> {
    let mut pack = b"PACK\0\0\0\x02".to_vec();
    pack.extend([0; 4]);
    let mut starts: Vec<usize> = Vec::new();
    while let Some(&[kind, base, wrong, len]) = bytes.split_off(..4).and_then(|b| b.as_array()) {
        let text = bytes.split_off(..usize::from(len).min(bytes.len()));
        let text = text.unwrap_or_default();
        let start = pack.len();
        let kind = [1, 2, 3, 4, 6, 7, 6, 3][usize::from(kind & 7)];
        let claimed = text.len() as u64 ^ if wrong < 240 { 0 } else { 1 << (wrong & 63) };
        let mut size = claimed >> 4;
        pack.push(kind << 4 | (claimed & 15) as u8);
        while size > 0 {
            *pack.last_mut().expect("a byte was pushed") |= 0x80;
            pack.push((size & 0x7f) as u8);
            size >>= 7;
        }
        match kind {
            6 => {
                let before = usize::from(base) % (starts.len() + 1);
                let base = starts.iter().rev().nth(before);
                let mut distance = start - base.copied().unwrap_or(start);
                let mut groups = vec![(distance & 0x7f) as u8];
                while distance >> 7 > 0 {
                    distance = (distance >> 7) - 1;
                    groups.push(0x80 | (distance & 0x7f) as u8);
                }
                pack.extend(groups.iter().rev());
            }
            7 => pack.extend([base; 20]),
            _ => {}
        }
        pack.extend(sirocco::compress(Format::Zlib, Level::DEFAULT, text));
        starts.push(start);
    }
    pack[8..12].copy_from_slice(&(starts.len() as u32).to_be_bytes());
    pack.extend([0; 20]);
    pack
}

/// Applies a delta. The first byte is the length of its base, in bytes of what follows.
pub fn delta(bytes: &[u8]) {
    let Some((&len, rest)) = bytes.split_first() else {
        return;
    };
    let (base, delta) = rest.split_at(usize::from(len).min(rest.len()));
    if let Some(made) = apply_delta(base, delta, MOST) {
        assert!(made.len() as u64 <= MOST);
    }
}

/// Reads a tree, a commit and a tag.
pub fn texts(bytes: &[u8]) {
    for id_len in [20, 32] {
        assert!(parse_all(bytes, id_len) <= bytes.len());
    }
}

/// Reads what git writes to a hook.
pub fn push(bytes: &[u8]) {
    if Push::parse(bytes).is_ok() {
        // The same lines once more are as good as once.
        let twice = [bytes, b"\n", bytes].concat();
        let is_closed = bytes.is_empty() || bytes.ends_with(b"\n");
        assert!(is_closed || Push::parse(&twice).is_ok());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rounds for each seed; `KEYSIEVE_FUZZ_ROUNDS` asks for more.
    fn rounds(most: usize) -> usize {
        let asked = std::env::var("KEYSIEVE_FUZZ_ROUNDS");
        asked.map_or(most, |text| text.parse().expect("a number"))
    }

    /// Calls `target` with the seeds and with what becomes of them.
    fn drive(seeds: &[Vec<u8>], most: usize, target: impl Fn(&[u8])) {
        let mut random = fastrand::Rng::with_seed(7);
        for seed in seeds {
            target(seed);
            for _ in 0..rounds(most) {
                let mut bytes = seed.clone();
                for _ in 0..random.usize(1..6) {
                    mutate(&mut bytes, &mut random, seeds);
                }
                target(&bytes);
            }
        }
    }

    fn mutate(bytes: &mut Vec<u8>, random: &mut fastrand::Rng, seeds: &[Vec<u8>]) {
        if bytes.is_empty() {
            return bytes.push(random.u8(..));
        }
        let at = random.usize(..bytes.len());
        let end = random.usize(at..=bytes.len().min(at + 40));
        match random.u8(..7) {
            0 => bytes[at] ^= 1 << random.u8(..8),
            1 => bytes[at] = [0, 0x7f, 0x80, 0xff, b' ', b'\n'][random.usize(..6)],
            2 => bytes.truncate(at),
            3 => drop(bytes.drain(at..end)),
            4 => bytes.insert(at, random.u8(..)),
            5 => {
                let part = bytes[at..end].to_vec();
                bytes.splice(at..at, part);
            }
            _ => {
                let other = &seeds[random.usize(..seeds.len())];
                bytes.extend(&other[random.usize(..=other.len())..]);
            }
        }
    }

    fn commit(tree: char) -> Vec<u8> {
        let tree = tree.to_string().repeat(40);
        let who = "A <a@example.com> 7 +0100";
        format!("tree {tree}\nparent {tree}\nauthor {who}\ncommitter {who}\n\nsubject\n")
            .into_bytes()
    }

    /// `abcdef` becomes `cdexyab`.
    const DELTA: [u8; 10] = [6, 7, 0x91, 2, 3, 2, b'x', b'y', 0x90, 2];

    #[test]
    fn deltas() {
        let small = [&b"\x06abcdef"[..], &DELTA].concat();
        let long = [&[200][..], &[b'a'; 200], &[200, 1, 0xc8, 1, 0x90, 200]].concat();
        drive(&[small, long], 5000, delta);
    }

    #[test]
    fn trees_commits_and_tags() {
        let tree = [&b"100644 a\0"[..], &[1; 20], b"40000 b\0", &[2; 20]].concat();
        let tag = format!("object {}\ntype commit\ntag v1\n\nx\n", "a".repeat(40));
        drive(&[tree, commit('a'), tag.into_bytes()], 3000, texts);
    }

    #[test]
    fn lines_of_hooks() {
        let (a, b) = ("a".repeat(40), "b".repeat(40));
        let sends = format!("refs/heads/x {a} refs/heads/y {b}\n").into_bytes();
        let receives = format!("{a} {b} refs/heads/x\n").into_bytes();
        drive(&[sends, receives], 3000, push);
    }

    #[test]
    fn packs() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let entry = |kind: u8, text: &[u8]| [&[kind, 0, 0, text.len() as u8][..], text].concat();
        let tree = [&b"100644 a\0"[..], &[1; 20]].concat();
        let all = [
            vec![1],
            entry(2, b"abcdef"),
            entry(4, &DELTA),
            entry(1, &tree),
            entry(0, &commit('b')),
            entry(5, &DELTA),
        ];
        let forged = all.concat();
        let mut whole = entries(&forged[1..]);
        whole.insert(0, 0);
        drive(&[forged, whole], 400, |bytes| {
            pack(folder.path(), bytes).expect("the folder can be written");
        });
    }
}
