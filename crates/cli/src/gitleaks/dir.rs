//! Files and standard input.

use std::fs::File;
use std::io::{self, Read};

use keysieve_gitleaks::Finding;
use keysieve_gitleaks::source::{Chunks, Target, Walk, is_application, packing};
use keysieve_unpack::archive::Input;

use super::Failure;
use super::archive::Place;
use super::log::Level;
use super::run::{Ended, Run, Worker, parallel};

impl<'a> Run<'a> {
    /// Scans the files under the source.
    pub(super) fn files(&self, follow_symlinks: bool) -> Result<u8, Failure> {
        let log = self.log;
        let mut walk = Walk {
            follow_symlinks,
            max_size: self.args.max_target_megabytes * 1_000_000,
            skips: &|path| self.config().allows_path(path),
            warn: &mut |path, why| log.say(Level::Warn, format_args!("{}: {why}", path.display())),
        };
        let targets = walk.targets(self.source);
        let found = parallel(self, targets.len(), |at, worker| {
            let mut findings = Vec::new();
            let target = &targets[at];
            if let Err(error) = self.file(target, worker, &mut findings) {
                log.say(
                    Level::Warn,
                    format_args!("{}: {error}", target.path.display()),
                );
            }
            findings
        });
        self.end(Ended {
            findings: found.into_iter().flatten().collect(),
            error: None,
        })
    }

    /// Scans standard input.
    pub(super) fn stdin(&self) -> Result<u8, Failure> {
        let mut findings = Vec::new();
        let mut worker = self.worker();
        let mut buffers = worker.buffers.take().unwrap_or_default();
        let chunks = Chunks::new(io::stdin().lock(), &mut buffers);
        self.pieces(chunks, &Place::default(), &mut worker, &mut findings)
            .map_err(|e| format!("standard input: {e}"))?;
        self.end(Ended {
            findings,
            error: None,
        })
    }

    fn file(
        &self,
        target: &Target,
        worker: &mut Worker<'_>,
        findings: &mut Vec<Finding>,
    ) -> io::Result<()> {
        let path = target.path.to_string_lossy();
        let path = if cfg!(windows) {
            path.replace('\\', "/").into()
        } else {
            path
        };
        let symlink = target
            .symlink
            .as_ref()
            .map_or("".into(), |link| link.to_string_lossy());
        let place = Place {
            path: &path,
            symlink: &symlink,
            commit: None,
        };
        if let Some(packing) = packing(&path) {
            if self.opens(&path, 0) {
                let file = File::open(&target.path)?;
                let len = file.metadata()?.len();
                self.archive(packing, Input::File(&file), len, &place, worker, findings);
            }
            return Ok(());
        }
        let file = File::open(&target.path)?;
        let mut buffers = worker.buffers.take().unwrap_or_default();
        let read = self.pieces(Chunks::new(file, &mut buffers), &place, worker, findings);
        worker.buffers = Some(buffers);
        read
    }

    /// Scans what stands at a place, piece by piece.
    pub(super) fn pieces<R: Read>(
        &self,
        mut chunks: Chunks<'_, R>,
        place: &Place<'_>,
        worker: &mut Worker<'_>,
        findings: &mut Vec<Finding>,
    ) -> io::Result<()> {
        while let Some(chunk) = chunks.next_chunk()? {
            // The type of the file is told by the piece it begins with, and by each further one until a line has ended.
            if chunk.first_line == 1 && is_application(&chunk.text[..chunk.at_once]) {
                self.not_text(place.path, chunk.text);
                return Ok(());
            }
            worker.scan(&place.fragment(chunk.text, chunk.first_line), findings);
            if self.is_over() {
                break;
            }
        }
        Ok(())
    }
}
