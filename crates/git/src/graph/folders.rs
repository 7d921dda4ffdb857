//! The paths of trees.

use std::collections::HashMap;
use std::path::PathBuf;

use super::names::{NameHash, Names};

/// Paths of more parts are cut: what lies deeper stands in the last folder. Git itself stops at 2048, systems before.
const DEPTH: u16 = 1024;
/// Paths of more bytes are cut too.
const LENGTH: usize = 32 << 10;

/// All folders, each by its number. Folder 0 is the top.
pub(super) struct Folders {
    list: Vec<Folder>,
    numbers: HashMap<(u32, NameHash), u32>,
}

struct Folder {
    above: u32,
    name: NameHash,
    depth: u16,
}

impl Folders {
    /// The number of the top.
    pub(super) const TOP: u32 = 0;

    pub(super) fn new() -> Self {
        let top = Folder {
            above: 0,
            name: 0,
            depth: 0,
        };
        Self {
            list: vec![top],
            numbers: HashMap::new(),
        }
    }

    /// The folder `name` in `above`.
    pub(super) fn enter(&mut self, above: u32, name: NameHash) -> u32 {
        let depth = self.list[above as usize].depth + 1;
        if depth > DEPTH {
            return above;
        }
        *self.numbers.entry((above, name)).or_insert_with(|| {
            self.list.push(Folder { above, name, depth });
            self.list.len() as u32 - 1
        })
    }

    /// Whether `folder` is what [`Folders::enter`] gives for these.
    pub(super) fn is(&self, folder: u32, above: u32, name: NameHash) -> bool {
        let is = &self.list[folder as usize];
        folder != Self::TOP && is.above == above && is.name == name
            || folder == above && self.list[above as usize].depth == DEPTH
    }

    /// The path of `name` in `folder`.
    pub(super) fn path(&self, mut folder: u32, name: NameHash, names: &Names) -> PathBuf {
        let text = |name| names.get(&name).map_or(&b"?"[..], |name| name);
        let mut parts = vec![text(name)];
        let mut length = parts[0].len();
        while folder != Self::TOP {
            let Folder { above, name, .. } = self.list[folder as usize];
            let part = text(name);
            length += 1 + part.len();
            if length > LENGTH {
                break;
            }
            parts.push(part);
            folder = above;
        }
        parts.reverse();
        let path = parts.join(&b'/');
        gix::path::from_byte_slice(&path).map_or_else(
            |_| PathBuf::from(String::from_utf8_lossy(&path).into_owned()),
            PathBuf::from,
        )
    }
}
