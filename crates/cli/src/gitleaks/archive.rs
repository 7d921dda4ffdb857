//! What is in archives.
//!
//! gitleaks tells an archive by its name, opens `--max-archive-depth` of them within each other, and calls what it finds
//! there by the names of all: `a.zip!b/c.tar.gz!d`. A compressed tar is one archive. A file that is only compressed keeps its
//! name, and what is in it is text.

use std::cell::Cell;
use std::io::Read;
use std::sync::Arc;

use keysieve_engine::{Budget, Flow};
use keysieve_gitleaks::source::{Chunks, FileChange, Packing, packing};
use keysieve_gitleaks::{Commit, Finding, Fragment};
use keysieve_unpack::archive::{Fault, Format, Input};

use super::git::git;
use super::log::Level;
use super::run::{Run, Worker};

/// What a file may always become, in bytes of all layers.
const FLOOR: u64 = 64 << 20;

/// How many times longer than the file its content may be beyond that: text of any use stays below 100.
const RATIO: u64 = 128;

/// How many levels are entered at most, whatever is asked for; a compressed tar has two.
const LEVELS: u32 = 64;

/// Where text stands.
#[derive(Clone, Copy, Default)]
pub(super) struct Place<'a> {
    /// The path, behind those of the archives that it is in.
    pub(super) path: &'a str,
    /// The link that led to it, or to the outermost archive.
    pub(super) symlink: &'a str,
    pub(super) commit: Option<&'a Arc<Commit>>,
}

impl<'a> Place<'a> {
    /// A piece of what stands here.
    pub(super) fn fragment(self, text: &'a [u8], first_line: u64) -> Fragment<'a> {
        Fragment {
            text,
            path: self.path,
            symlink: self.symlink,
            first_line,
            commit: self.commit,
        }
    }
}

impl Run<'_> {
    /// Whether an archive within `level` others is opened; says so where it is not.
    pub(super) fn opens(&self, path: &str, level: i64) -> bool {
        let most = self.args.max_archive_depth;
        if level < most {
            return true;
        }
        if most == 0 {
            self.log
                .say(Level::Debug, format_args!("{path}: left out: an archive"));
        } else {
            self.log.say(
                Level::Warn,
                format_args!(
                    "{path}: left out: an archive, deeper than {most} (--max-archive-depth)"
                ),
            );
        }
        false
    }

    /// Scans what is in an archive or a compressed file of `len` bytes.
    pub(super) fn archive(
        &self,
        packing: Packing,
        input: Input<'_>,
        len: u64,
        place: &Place<'_>,
        worker: &mut Worker<'_>,
        findings: &mut Vec<Finding>,
    ) {
        let budget = Budget {
            bytes: FLOOR.saturating_add(RATIO.saturating_mul(len)),
            depth: LEVELS,
            // Each stands in bytes of its own.
            children: u32::MAX,
        };
        let mut opened = Opened {
            run: self,
            budget: &Cell::new(budget),
            worker,
            findings,
        };
        opened.enter(packing, input, place, 0);
    }

    /// Whether a change brings an archive that is to be opened: git shows nothing of it.
    pub(super) fn is_archive(&self, change: &FileChange) -> bool {
        change.binary && packing(&change.path).is_some() && self.opens(&change.path, 0)
    }

    /// Scans what is in the archive that a change brings.
    pub(super) fn changed_archive(
        &self,
        change: &FileChange,
        worker: &mut Worker<'_>,
        findings: &mut Vec<Finding>,
    ) {
        let path = &change.path;
        let Some(packing) = packing(path) else {
            return;
        };
        // Without a commit it is what the index has, of what differs from the index too: as in gitleaks.
        let commit = change.commit.as_ref();
        let name = format!("{}:{path}", commit.map_or("", |commit| &commit.id));
        let blob = git(self.source).args(["cat-file", "blob", &name]).output();
        match blob {
            Ok(blob) if blob.status.success() => {
                let place = Place {
                    path,
                    symlink: "",
                    commit,
                };
                let bytes = &blob.stdout;
                self.archive(
                    packing,
                    Input::Bytes(bytes),
                    bytes.len() as u64,
                    &place,
                    worker,
                    findings,
                );
            }
            _ => self.log.say(
                Level::Warn,
                format_args!("{path}: git does not show the archive {name}"),
            ),
        }
    }

    /// Says that a file is left out because of what it is.
    pub(super) fn not_text(&self, path: &str, start: &[u8]) {
        match Format::of(start) {
            Some(format) if self.args.max_archive_depth != 0 => self.log.say(
                Level::Warn,
                format_args!(
                    "{path}: left out: an archive ({}) without the name of one",
                    format.name()
                ),
            ),
            _ => self
                .log
                .say(Level::Debug, format_args!("{path}: left out: not text")),
        }
    }
}

/// An outermost archive while it is scanned.
struct Opened<'o, 'r> {
    run: &'o Run<'o>,
    budget: &'o Cell<Budget>,
    worker: &'o mut Worker<'r>,
    findings: &'o mut Vec<Finding>,
}

impl Opened<'_, '_> {
    /// Opens what stands within `level` archives.
    fn enter(&mut self, packing: Packing, input: Input<'_>, place: &Place<'_>, level: i64) {
        match (packing.compression, packing.container) {
            (Some(compression), None) => {
                self.unpack(compression, input, place, |this, _, content| {
                    this.text(content, place);
                })
            }
            (Some(compression), Some(container)) => {
                self.unpack(compression, input, place, |this, _, content| {
                    this.entries(container, Input::Stream(content), place, level);
                });
            }
            (None, Some(container)) => self.entries(container, input, place, level),
            (None, None) => {}
        }
    }

    fn entries(&mut self, container: &str, input: Input<'_>, place: &Place<'_>, level: i64) {
        self.unpack(container, input, place, |this, name, content| {
            let name = clean(name);
            // Only what the outermost archive names is compared by that name alone.
            if level == 0 && this.run.config().allows_path(&name) {
                return;
            }
            let path = format!("{}!{name}", place.path);
            let inner = Place {
                path: &path,
                ..*place
            };
            match packing(&name) {
                None => this.text(content, &inner),
                Some(packing) if this.run.opens(&path, level + 1) => {
                    this.enter(packing, Input::Stream(content), &inner, level + 1);
                }
                Some(_) => {}
            }
        });
    }

    /// Hands `each` entry's name and content to a function, and says what could not be read.
    fn unpack(
        &mut self,
        name: &str,
        input: Input<'_>,
        place: &Place<'_>,
        mut each: impl FnMut(&mut Self, &str, &mut dyn Read),
    ) {
        let unpacked = match Format::named(name) {
            None => Err(Fault::Unsupported),
            Some(format) => format.unpack(input, self.budget, &mut |entry| {
                each(self, entry.name, entry.content);
                if self.run.is_over() {
                    Flow::Stop
                } else {
                    Flow::Continue
                }
            }),
        };
        if let Err(fault) = unpacked {
            self.run
                .log
                .say(Level::Warn, format_args!("{}: {name}: {fault}", place.path));
        }
    }

    fn text(&mut self, content: &mut dyn Read, place: &Place<'_>) {
        let mut buffers = self.worker.buffers.take().unwrap_or_default();
        let chunks = Chunks::as_given(content, &mut buffers);
        let read = self.run.pieces(chunks, place, self.worker, self.findings);
        self.worker.buffers = Some(buffers);
        if let Err(error) = read {
            self.run.log.say(
                Level::Warn,
                format_args!("{}: {}", place.path, Fault::from(error)),
            );
        }
    }
}

/// A path without empty and `.` parts, and without what `..` takes back: as Go's `filepath.Clean` has it.
fn clean(path: &str) -> String {
    let rooted = path.starts_with('/');
    let mut parts = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|&last| last != "..") => {
                parts.pop();
            }
            ".." if rooted => {}
            part => parts.push(part),
        }
    }
    let joined = parts.join("/");
    match (rooted, joined.as_str()) {
        (true, _) => format!("/{joined}"),
        (false, "") => ".".to_owned(),
        (false, _) => joined,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cleaned_as_go_does() {
        for (name, cleaned) in [
            ("", "."),
            ("./a//b/", "a/b"),
            ("a/../..", ".."),
            ("../../a/./b/../c", "../../a/c"),
            ("/../a", "/a"),
            ("/", "/"),
            ("a\\..\\b", "a\\..\\b"),
        ] {
            assert_eq!(clean(name), cleaned, "{name}");
        }
    }
}
