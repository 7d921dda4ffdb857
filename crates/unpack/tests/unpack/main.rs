//! Decoders, through the table.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::PathBuf;
use std::sync::Arc;

use keysieve_engine::{Blob, Budget, Decoder, Flow, Issue, Origin};

mod archive;
mod archive_hostile;
mod gzip;
mod hostile;
mod packed;
mod utf;

/// The decoder of this name.
fn decoder(name: &str) -> Box<dyn Decoder> {
    keysieve_unpack::decoders()
        .into_iter()
        .find(|decoder| decoder.name() == name)
        .expect("it is in the table")
}

fn file(name: &str) -> Arc<Origin> {
    Arc::new(Origin::File(PathBuf::from(name)))
}

/// Whether the decoder would take these bytes.
fn applies(name: &str, bytes: &[u8]) -> bool {
    decoder(name).applies(&Blob::whole(bytes, file("a")))
}

/// Where a child came from, and its bytes.
type Child = (Origin, Vec<u8>);

/// The children and how it ended.
fn decode(
    decoder: &dyn Decoder,
    blob: &Blob<'_>,
    budget: &mut Budget,
) -> (Vec<Child>, Result<(), Issue>) {
    let mut children = Vec::new();
    let result = decoder.decode(blob, budget, &mut |child, _| {
        assert!(child.window.is_none());
        children.push((Origin::clone(&child.origin), child.bytes.to_vec()));
        Flow::Continue
    });
    (children, result)
}

/// The only child, of a content that decodes without an issue.
fn content(name: &str, bytes: &[u8]) -> Vec<u8> {
    let blob = Blob::whole(bytes, file("a"));
    let decoder = decoder(name);
    assert!(decoder.applies(&blob));
    let (mut children, result) = decode(&*decoder, &blob, &mut Budget::default());
    assert_eq!((children.len(), result), (1, Ok(())));
    children.remove(0).1
}

/// splitmix64.
fn random(seed: &mut u64) -> usize {
    *seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *seed;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (z ^ (z >> 31)) as usize
}

#[test]
fn names_in_the_table_are_unique() {
    let mut names: Vec<_> = keysieve_unpack::decoders()
        .iter()
        .map(|decoder| decoder.name())
        .collect();
    let all = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), all);
}
