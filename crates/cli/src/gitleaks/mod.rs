//! `keysieve gitleaks`, and this program where it is called `gitleaks`.
//!
//! What is scanned how is `keysieve-gitleaks`' part. Here are the flags, the environment, the reports and the exit codes,
//! which are gitleaks' and not ours: 0 clean, 1 an error, 126 an unknown flag, and what `--exit-code` says (1) for
//! findings.

mod archive;
mod args;
mod builtin;
mod dir;
mod doubt;
mod git;
mod log;
mod report;
mod run;
mod verbose;

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

use clap::error::ErrorKind;

pub(crate) use builtin::ids as builtin_ids;

use args::{Cli, Command};
use log::{Level, Log};
use run::Run;

/// The version of gitleaks that this behaves as.
const VERSION: &str = "8.30.1";

/// Exit code for what went wrong.
const FAILED: u8 = 1;

/// Exit code for a flag that is unknown or that this program has not.
const UNKNOWN_FLAG: u8 = 126;

/// What went wrong, and the exit code for it.
#[derive(Debug)]
struct Failure {
    message: String,
    code: u8,
}

impl<E: std::fmt::Display> From<E> for Failure {
    fn from(error: E) -> Self {
        Self {
            message: error.to_string(),
            code: FAILED,
        }
    }
}

/// The words of a command line of gitleaks, the first being its name, if this is one.
pub(crate) fn command_line(words: &[OsString]) -> Option<Vec<OsString>> {
    let stem = Path::new(words.first()?).file_stem()?;
    if stem == "gitleaks" {
        return Some(words.to_vec());
    }
    (words.get(1)? == "gitleaks").then(|| words[1..].to_vec())
}

/// Runs a command line of gitleaks.
pub(crate) fn main(words: Vec<OsString>) -> ExitCode {
    let cli = match Cli::read(words) {
        Ok(cli) => cli,
        Err(error) => {
            // A closed pipe is the reader's choice.
            let _ = error.print();
            return ExitCode::from(match error.kind() {
                ErrorKind::DisplayHelp
                | ErrorKind::DisplayVersion
                | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => 0,
                ErrorKind::UnknownArgument => UNKNOWN_FLAG,
                _ => FAILED,
            });
        }
    };
    let log = Log::new(&cli.common.log_level);
    match dispatch(&cli, log) {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            log.say(Level::Fatal, &failure.message);
            ExitCode::from(failure.code)
        }
    }
}

fn dispatch(cli: &Cli, log: Log) -> Result<u8, Failure> {
    let here = Path::new(".");
    let Some(command) = cli.command.as_ref().filter(|_| !cli.version) else {
        return version(if cli.version { "gitleaks version " } else { "" });
    };
    let source = |path: &Option<std::path::PathBuf>| match path {
        Some(path) if !path.as_os_str().is_empty() => path.clone(),
        _ => here.to_owned(),
    };
    match command {
        Command::Version => version(""),
        Command::Dir(args) => {
            let source = source(&args.source);
            Run::new(&cli.common, log, &source)?.files(args.files.follow_symlinks)
        }
        Command::Stdin => Run::new(&cli.common, log, here)?.stdin(),
        Command::Git(args) => {
            let source = source(&args.source);
            let run = Run::new(&cli.common, log, &source)?;
            if args.pre_commit || args.staged {
                run.diff(args.staged)
            } else {
                run.history(&args.log)
            }
        }
        Command::Protect(args) => Run::new(&cli.common, log, &args.source)?.diff(args.staged),
        Command::Detect(args) => {
            let run = Run::new(&cli.common, log, &args.source)?;
            if args.no_git {
                run.files(args.files.follow_symlinks)
            } else if args.pipe {
                run.stdin()
            } else {
                run.history(&args.log)
            }
        }
    }
}

fn version(before: &str) -> Result<u8, Failure> {
    anstream::println!("{before}{VERSION}");
    Ok(0)
}
