//! What ordinary files look like: source code, minified code, JSON, logs, base64, binary.

use crate::Random;

pub(crate) mod synthetic;
mod tree;

pub use synthetic::Kind;
use tree::Tree;

/// How much there is of each corpus, in bytes: more than the second-level cache of a core, less than the third level.
const LENGTH: usize = 4 << 20;

/// Pieces of a joined corpus, in bytes. They fit the second-level cache, as does a file that was just read.
const PIECE: usize = 256 << 10;

/// Texts of one kind.
#[derive(Clone, Debug)]
pub struct Corpus {
    /// The name in results.
    pub name: &'static str,
    /// The name of the file that each piece claims to be.
    pub path: &'static str,
    /// Whether it is real text or made here.
    pub real: bool,
    /// Contents, each scanned as a file of its own.
    pub pieces: Vec<Vec<u8>>,
}

impl Corpus {
    /// The length of all pieces.
    pub fn bytes(&self) -> u64 {
        self.pieces.iter().map(|piece| piece.len() as u64).sum()
    }

    fn joined(kind: Kind, real: bool, text: &[u8]) -> Self {
        Self {
            name: kind.name(),
            path: kind.path(),
            real,
            pieces: text.chunks(PIECE).map(<[u8]>::to_vec).collect(),
        }
    }

    /// A corpus that is the same on every machine.
    pub fn synthetic(kind: Kind, length: usize) -> Self {
        Self::joined(kind, false, &kind.text(&mut Random::new(1), length))
    }
}

/// All corpora, for timing. Code and minified code are real where this machine has some: in the folders of
/// `KEYSIEVE_BENCH_TREE` (separated as in `PATH`), or else the sources of packages that Cargo has unpacked.
pub fn corpora() -> Vec<Corpus> {
    let tree = Tree::find();
    let files = tree.source_files(LENGTH).unwrap_or_else(small_files);
    let real = files.real;
    let mut corpora = vec![Corpus::joined(Kind::Code, real, &files.pieces.concat())];
    corpora.push(files);
    for kind in Kind::ALL {
        match kind {
            Kind::Code => {}
            Kind::Minified => corpora.push(tree.minified(LENGTH).map_or_else(
                || Corpus::synthetic(kind, LENGTH),
                |text| Corpus::joined(kind, true, &text),
            )),
            _ => corpora.push(Corpus::synthetic(kind, LENGTH)),
        }
    }
    corpora
}

/// The name of the corpus of whole source files.
const FILES: &str = "code-files";

/// Source files of the usual lengths: 6 KB on average, most of them shorter.
fn small_files() -> Corpus {
    let mut random = Random::new(2);
    let mut pieces = Vec::new();
    let mut length = 0;
    while length < LENGTH {
        let size = 200 << random.below(8);
        pieces.push(Kind::Code.text(&mut random, size));
        length += size;
    }
    Corpus {
        name: FILES,
        path: Kind::Code.path(),
        real: false,
        pieces,
    }
}
