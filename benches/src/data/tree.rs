//! Real text that lies on this machine. What is read differs from machine to machine: for timing only.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use super::{Corpus, FILES, Kind};
use crate::Random;

/// Files that are longer are not ordinary source code, in bytes.
const LONGEST_SOURCE: u64 = 256 << 10;

/// Bundles are longer than source files; this bounds what is read to choose from.
const LONGEST_BUNDLE: u64 = 8 << 20;

/// Text whose lines are longer than this on average, in bytes, was not written by hand.
const MINIFIED_LINE: usize = 500;

/// Extensions of source code.
const SOURCES: &[&str] = &[
    "c", "cc", "cpp", "cs", "css", "go", "h", "html", "java", "js", "json", "kt", "md", "mjs",
    "php", "py", "rb", "rs", "sh", "sql", "swift", "toml", "ts", "tsx", "xml", "yaml", "yml",
];

/// The files below some folders, in an order that is random but always the same for the same files.
#[derive(Debug)]
pub(super) struct Tree {
    files: Vec<PathBuf>,
}

impl Tree {
    /// What there is on this machine, possibly nothing.
    pub(super) fn find() -> Self {
        let mut files = roots()
            .iter()
            .flat_map(|root| files(root))
            .collect::<Vec<_>>();
        files.sort();
        let mut random = Random::new(3);
        for i in (1..files.len()).rev() {
            files.swap(i, random.below(i + 1));
        }
        Self { files }
    }

    /// At least `length` bytes of source files.
    pub(super) fn source_files(&self, length: usize) -> Option<Corpus> {
        let texts = self.texts(SOURCES, LONGEST_SOURCE, |text| !is_minified(text));
        Some(Corpus {
            name: FILES,
            path: Kind::Code.path(),
            real: true,
            pieces: take(texts, length)?,
        })
    }

    /// At least `length` bytes of minified JavaScript.
    pub(super) fn minified(&self, length: usize) -> Option<Vec<u8>> {
        let texts = self.texts(&["js", "mjs", "cjs"], LONGEST_BUNDLE, is_minified);
        Some(take(texts, length)?.concat())
    }

    fn texts(
        &self,
        extensions: &[&str],
        longest: u64,
        keep: fn(&[u8]) -> bool,
    ) -> impl Iterator<Item = Vec<u8>> {
        let wanted = move |path: &&PathBuf| {
            path.extension()
                .is_some_and(|have| extensions.iter().any(|e| have == *e))
                && fs::metadata(path).is_ok_and(|file| file.len() <= longest)
        };
        self.files
            .iter()
            .filter(wanted)
            .filter_map(|path| fs::read(path).ok())
            .filter(move |text| !text.is_empty() && !text.contains(&0) && keep(text))
    }
}

fn is_minified(text: &[u8]) -> bool {
    let lines = 1 + text.iter().filter(|&&byte| byte == b'\n').count();
    text.len() / lines > MINIFIED_LINE
}

/// The first texts that have `length` bytes together; `None` where all have less.
fn take(texts: impl Iterator<Item = Vec<u8>>, length: usize) -> Option<Vec<Vec<u8>>> {
    let (mut taken, mut bytes) = (Vec::new(), 0);
    for text in texts {
        bytes += text.len();
        taken.push(text);
        if bytes >= length {
            return Some(taken);
        }
    }
    None
}

fn roots() -> Vec<PathBuf> {
    if let Some(roots) = std::env::var_os("KEYSIEVE_BENCH_TREE") {
        return std::env::split_paths(&roots).collect();
    }
    let set = |name| std::env::var_os(name).filter(|value: &OsString| !value.is_empty());
    let cargo = set("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(Path::new(&set("HOME")?).join(".cargo")));
    cargo
        .map(|cargo| cargo.join("registry/src"))
        .into_iter()
        .collect()
}

/// Every file below `root`. Links are not followed; what cannot be read is left out.
fn files(root: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = VecDeque::from([root.to_owned()]);
    while let Some(folder) = folders.pop_front() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => folders.push_back(entry.path()),
                Ok(kind) if kind.is_file() => files.push(entry.path()),
                _ => {}
            }
        }
    }
    files
}
