//! `keysieve scan`.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use keysieve_engine::Origin;
use keysieve_engine::source::Source;
use keysieve_git::Fate;

use crate::args::ScanArgs;
use crate::exit::Exit;
use crate::input::{self, Place, WalkOptions};
use crate::job::{Command, Job};
use crate::report::{Past, Texts};

const COMMAND: Command = Command {
    name: "scan",
    category: "keysieve/tree/",
    comes_to_all: true,
};

/// Scans and reports.
pub(crate) fn run(args: &ScanArgs) -> anyhow::Result<Exit> {
    if let Some(line) = &args.explain {
        return super::explain::run(args, line);
    }
    let job = Job::new(COMMAND, Place::of(&args.paths)?, &args.common)?;
    let (source, files) = source(&job, &args.paths, args.no_ignore)?;
    job.run(&*source, &files, &|_, _| Past::default())
}

/// What the paths of a command line name, and the way to read it again.
pub(super) fn source(
    job: &Job<'_>,
    paths: &[PathBuf],
    no_ignore: bool,
) -> anyhow::Result<(Box<dyn Source>, Files)> {
    let walk = WalkOptions {
        threads: job.threads(),
        honour_ignore_files: !no_ignore,
        max_file_size: job.max_file_size(),
    };
    let root = job.place().root.clone();
    let source = input::source(paths, &root, &walk, job.interrupt())?;
    Ok((source, Files { root }))
}

/// Reads scanned files again, for the fingerprints of their lines.
#[derive(Debug)]
pub(super) struct Files {
    root: PathBuf,
}

/// Files that are longer are not read again.
const MAX_TEXT: u64 = 64 << 20;

impl Texts for Files {
    fn text(&self, origin: &Origin) -> Option<Vec<u8>> {
        let Origin::File(path) = origin.root() else {
            return None;
        };
        let file = File::open(self.root.join(path)).ok()?;
        let metadata = file.metadata().ok()?;
        if !metadata.is_file() || metadata.len() > MAX_TEXT {
            return None;
        }
        let mut text = Vec::new();
        file.take(MAX_TEXT).read_to_end(&mut text).ok()?;
        Some(text)
    }

    fn fate(&self, _: usize, path: &Path) -> Fate {
        match self.root.join(path).symlink_metadata() {
            Ok(_) => Fate::Stays,
            Err(_) => Fate::Gone,
        }
    }
}
