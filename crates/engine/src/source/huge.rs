//! Huge files, scanned by all threads together.
//!
//! In the walk, one thread reads a file from its start to its end; a file of 1 GiB would keep it busy when the others
//! have long run out of files. So the walk leaves huge files, unless a decoder wants them whole. When it is over, each
//! thread takes the next window into a buffer of its own, and scans it while others take theirs.
//!
//! Windows are taken in turn, so that they are those that one thread would make, with the same positions, and the file
//! is read once and in order. Taking one costs about a tenth of what scanning it does: read it from the page cache,
//! count its lines, keep what the next one shares with it.

use std::fs::File;
use std::io::Take;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::contents::Outcome;
use super::files::{Pass, lock};
use super::reader::{Links, Reader};
use super::windows::{Stream, Windows};
use crate::{Blob, Flow, Origin};

/// The huge files of a walk.
#[derive(Default)]
pub(super) struct Huge<'a> {
    waiting: Vec<(PathBuf, Links)>,
    current: Option<Current<'a>>,
}

/// The one whose windows are being taken.
struct Current<'a> {
    path: PathBuf,
    length: u64,
    origin: Arc<Origin>,
    windows: Windows<'a, Take<File>>,
}

impl Huge<'_> {
    /// Adds a file that was found to be huge. It is opened again in its turn: no handle is kept.
    pub(super) fn add(&mut self, path: &Path, links: Links) {
        self.waiting.push((path.to_owned(), links));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }
}

impl Pass<'_> {
    /// Scans windows of huge files until there are no more: what each thread does.
    pub(super) fn scan_huge(self) {
        let mut reader = Reader::new(self);
        let mut text = Vec::new();
        while !self.is_over()
            && let Some(flow) = self.scan_window(&mut reader, &mut text)
        {
            if flow == Flow::Stop {
                self.stop();
            }
        }
    }

    /// Scans the next window, or opens or closes a file; `None` when all are done.
    fn scan_window(self, reader: &mut Reader<'_>, text: &mut Vec<u8>) -> Option<Flow> {
        let (files, mut huge) = (self.files, lock(self.huge));
        let Some(current) = &mut huge.current else {
            let (path, links) = huge.waiting.pop()?;
            return Some(match reader.open(&path, links) {
                Ok((file, length)) => {
                    let stream = Stream::new(file, length, &files.config.interrupt);
                    huge.current = Some(Current {
                        length,
                        origin: files.origin(&path),
                        path,
                        windows: Windows::new(stream, Vec::new(), files.sizes),
                    });
                    Flow::Continue
                }
                Err(flow) => flow,
            });
        };
        if let Some((window, length)) = current.windows.next(text) {
            let (head, origin) = (current.windows.head().clone(), current.origin.clone());
            drop(huge);
            return Some(reader.visitor.blob(Blob {
                bytes: &text[..length],
                head: &head,
                origin,
                window: Some(window),
            }));
        }
        let ended = huge.current.take()?;
        drop(huge);
        let outcome = Outcome::of(ended.windows.into_stream(), Flow::Continue);
        Some(reader.ended(&ended.path, ended.length, &outcome))
    }
}

#[cfg(test)]
mod tests;
