//! The `keysieve` program: reads the command line, runs one command, sets the exit code.
//!
//! This crate is the only one that prints, exits, or reads the environment. It computes nothing about secrets: that is
//! the engine's, and the crates beside it.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser as _;
use clap::error::ErrorKind;

mod args;
mod audit;
mod base;
mod cache;
mod catalog;
mod clock;
mod cmd;
mod collect;
mod config;
mod config_check;
mod config_schema;
mod config_text;
mod exceptions;
mod exit;
mod gate;
mod gitleaks;
mod hook;
mod import;
mod input;
mod interrupt;
mod job;
mod output;
mod peers;
mod progress;
mod report;
mod settings;

use args::{Cli, Command};
use exit::{Exit, UsageError};

fn main() -> ExitCode {
    quiet_panics();
    let words: Vec<OsString> = std::env::args_os().collect();
    if let Some(words) = gitleaks::command_line(&words) {
        return gitleaks::main(words);
    }
    let cli = match Cli::try_parse_from(with_command(words)) {
        Ok(cli) => cli,
        Err(error) => {
            let exit = match error.kind() {
                ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => Exit::Clean,
                _ => Exit::Usage,
            };
            // A closed pipe is the reader's choice.
            let _ = error.print();
            return exit.into();
        }
    };
    let result = match cli.command {
        Command::Scan(args) => cmd::scan::run(&args),
        Command::History(args) => cmd::history::run(&args),
        Command::Staged(args) => cmd::staged::run(&args),
        Command::Push(args) => cmd::push::run(&args),
        Command::Install(args) => cmd::install::run(&args),
        Command::Baseline(command) => cmd::baseline::run(&command),
        // Told apart before the command line is read; this is another way to write it.
        Command::Gitleaks { words } => {
            return gitleaks::main(std::iter::once("gitleaks".into()).chain(words).collect());
        }
        Command::Exception(command) => cmd::exception::run(&command),
        Command::Audit(command) => cmd::audit::run(&command),
        Command::Config(command) => cmd::config::run(&command),
        Command::Rules(command) => cmd::rules::run(&command),
        Command::Report(command) => cmd::report::run(&command),
    };
    match result {
        Ok(exit) => exit.into(),
        Err(error) if is_closed_pipe(&error) => Exit::Clean.into(),
        Err(error) => {
            anstream::eprintln!("keysieve: {error:#}");
            let exit = if error.is::<UsageError>() {
                Exit::Usage
            } else {
                Exit::Failed
            };
            exit.into()
        }
    }
}

/// Puts `scan` before a command line that begins with a path: `keysieve PATH`.
fn with_command(mut words: Vec<OsString>) -> Vec<OsString> {
    if words.get(1).is_some_and(|word| !args::is_command(word)) {
        words.insert(1, "scan".into());
    }
    words
}

/// A panic says where it happened and nothing more: its message could hold what was being scanned.
fn quiet_panics() {
    std::panic::set_hook(Box::new(|info| {
        let place = info
            .location()
            .map_or_else(String::new, |l| format!(" at {}:{}", l.file(), l.line()));
        anstream::eprintln!("keysieve: a bug{place}; please report it");
    }));
}

fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<std::io::Error>())
        .any(|cause| cause.kind() == std::io::ErrorKind::BrokenPipe)
}
