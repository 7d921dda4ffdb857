//! Files and standard input.

use std::fs::File;
use std::io::{self, Read};

use keysieve_gitleaks::source::{Chunks, Target, Walk, is_application, is_archive_name};
use keysieve_gitleaks::{Finding, Fragment};

use super::Failure;
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
        self.pieces(
            io::stdin().lock(),
            "",
            "",
            &mut self.worker(),
            &mut findings,
        )
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
        if is_archive_name(&path) {
            self.log
                .say(Level::Debug, format_args!("{path}: left out: an archive"));
            return Ok(());
        }
        let symlink = target
            .symlink
            .as_ref()
            .map_or("".into(), |link| link.to_string_lossy());
        self.pieces(File::open(&target.path)?, &path, &symlink, worker, findings)
    }

    fn pieces<R: Read>(
        &self,
        reader: R,
        path: &str,
        symlink: &str,
        worker: &mut Worker<'_>,
        findings: &mut Vec<Finding>,
    ) -> io::Result<()> {
        let mut buffers = worker.buffers.take().unwrap_or_default();
        let chunks = Chunks::new(reader, &mut buffers);
        let read = self.each_piece(chunks, path, symlink, worker, findings);
        worker.buffers = Some(buffers);
        read
    }

    fn each_piece<R: Read>(
        &self,
        mut chunks: Chunks<'_, R>,
        path: &str,
        symlink: &str,
        worker: &mut Worker<'_>,
        findings: &mut Vec<Finding>,
    ) -> io::Result<()> {
        while let Some(chunk) = chunks.next_chunk()? {
            // The type of the file is told by the piece it begins with, and by each further one until a line has ended.
            if chunk.first_line == 1 && is_application(&chunk.text[..chunk.at_once]) {
                self.log
                    .say(Level::Debug, format_args!("{path}: left out: not text"));
                return Ok(());
            }
            let fragment = Fragment {
                text: chunk.text,
                path,
                symlink,
                first_line: chunk.first_line,
                commit: None,
            };
            worker.scan(&fragment, findings);
            if self.is_over() {
                break;
            }
        }
        Ok(())
    }
}
