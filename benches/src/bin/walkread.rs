//! Walks trees and reads every file, and does nothing with what it reads: the floor under any scan of the same files.
//!
//! ```text
//! walkread [--threads N] [--no-ignore] PATH...      prints the number of files and of bytes
//! ```
//!
//! The walk is that of `keysieve scan`: the parallel walk of the `ignore` crate, hidden files included, `.git` and what
//! is ignored by git left out, one thread for each core. A file costs open, one status call, one read and close; the
//! buffer of a thread is reused.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use ignore::{WalkBuilder, WalkState};

/// What is read at once, in bytes: the longest file that keysieve holds whole, and one more to see its end.
const BUFFER: usize = (4 << 20) + 1;

fn main() -> ExitCode {
    let (mut threads, mut ignore, mut paths) = (0, true, Vec::new());
    let mut args = std::env::args_os().skip(1);
    while let Some(arg) = args.next() {
        match arg.to_str() {
            Some("--threads") => {
                let count = args.next().and_then(|n| n.to_str()?.parse().ok());
                let Some(count) = count else { return usage() };
                threads = count;
            }
            Some("--no-ignore") => ignore = false,
            Some(flag) if flag.starts_with("--") => return usage(),
            _ => paths.push(arg),
        }
    }
    if paths.is_empty() {
        return usage();
    }
    let mut walk = WalkBuilder::from_iter(paths);
    walk.standard_filters(false).threads(threads);
    if ignore {
        walk.parents(true)
            .git_ignore(true)
            .git_global(true)
            .git_exclude(true)
            .require_git(true);
    }
    walk.filter_entry(|entry| entry.file_name() != ".git");

    let (files, bytes, failed) = (AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0));
    walk.build_parallel().run(|| {
        let mut buffer = vec![0; BUFFER];
        let (files, bytes, failed) = (&files, &bytes, &failed);
        Box::new(move |entry| {
            match entry {
                Ok(entry) if entry.file_type().is_some_and(|kind| kind.is_file()) => {
                    match read(entry.path(), &mut buffer) {
                        Ok(length) => {
                            files.fetch_add(1, Relaxed);
                            bytes.fetch_add(length, Relaxed);
                        }
                        Err(_) => drop(failed.fetch_add(1, Relaxed)),
                    }
                }
                Ok(_) => {}
                Err(_) => drop(failed.fetch_add(1, Relaxed)),
            }
            WalkState::Continue
        })
    });
    println!("{} {}", files.into_inner(), bytes.into_inner());
    match failed.into_inner() {
        0 => ExitCode::SUCCESS,
        count => {
            eprintln!("{count} files or folders could not be read");
            ExitCode::FAILURE
        }
    }
}

/// Reads a file to its end and returns its length. A read that ends at the length that the status told is the last one.
fn read(path: &Path, buffer: &mut [u8]) -> io::Result<u64> {
    let mut file = File::open(path)?;
    let expected = file.metadata()?.len();
    let mut length = 0;
    loop {
        match file.read(buffer) {
            Ok(0) => return Ok(length),
            Ok(count) => {
                length += count as u64;
                if count < buffer.len() && length == expected {
                    return Ok(length);
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

fn usage() -> ExitCode {
    eprintln!("usage: walkread [--threads N] [--no-ignore] PATH...");
    ExitCode::from(2)
}
