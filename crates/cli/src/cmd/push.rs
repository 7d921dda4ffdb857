//! `keysieve push`.

use std::io::{IsTerminal as _, Read as _};

use anyhow::Context as _;
use keysieve_git::{Opened, Options, Push};

use crate::args::PushArgs;
use crate::exit::{Exit, usage};
use crate::input::{Blobs, Place, git_environment, git_error};
use crate::job::{Command, Job, added};
use crate::report::Past;

const COMMAND: Command = Command {
    name: "push",
    category: "keysieve/push/",
    comes_to_all: true,
};

/// The longest list of references that is read, in bytes: some hundred thousand of them.
const MAX_LIST: u64 = 64 << 20;

/// Scans what a push brings, and reports.
pub(crate) fn run(args: &PushArgs) -> anyhow::Result<Exit> {
    let opened = Opened::at(None, &git_environment()?).map_err(git_error)?;
    let remote = args
        .remote
        .clone()
        .or_else(|| variable("PRE_COMMIT_REMOTE_NAME"));
    let mut list = references()?;
    if list.is_empty() {
        list = of_pre_commit(&opened)?.unwrap_or_default().into_bytes();
    }
    let push = Push::parse(&list).map_err(git_error)?;

    let place = Place::in_repository(opened.describe().map_err(git_error)?);
    let job = Job::new(COMMAND, place, &args.common)?;
    let options = Options {
        threads: job.threads(),
        max_file_size: job.max_file_size(),
        interrupt: job.interrupt().clone(),
    };
    let range = push.range(&opened, remote.as_deref(), options);
    let range = range.map_err(git_error)?;
    if args.all_lines {
        job.run(&range, &Blobs(&opened, &range), &|_, _| Past::default())
    } else {
        job.run(&range, &Blobs(&opened, &range), &added(&range))
    }
}

/// What git wrote to the hook.
fn references() -> anyhow::Result<Vec<u8>> {
    let input = std::io::stdin();
    if input.is_terminal() {
        return Err(usage(
            "`push` is for a pre-push or pre-receive hook: git writes the references to standard input",
        ));
    }
    let mut list = Vec::new();
    let read = input.take(MAX_LIST + 1).read_to_end(&mut list);
    let read = read.context("standard input")?;
    if read as u64 > MAX_LIST {
        return Err(usage("the list of references is too long"));
    }
    Ok(list)
}

/// The pre-commit framework reads the list of a pre-push hook itself, and tells of one reference by variables.
fn of_pre_commit(opened: &Opened) -> anyhow::Result<Option<String>> {
    let Some(name) = variable("PRE_COMMIT_LOCAL_BRANCH") else {
        return Ok(None);
    };
    let new = match variable("PRE_COMMIT_TO_REF") {
        Some(revision) => opened.id(&revision),
        None => opened.id(&name),
    };
    let new = new.map_err(git_error)?;
    // Not set where the remote has no such branch yet.
    let old = match variable("PRE_COMMIT_FROM_REF") {
        Some(revision) => opened.id(&revision).ok(),
        None => None,
    };
    let old = old.unwrap_or_else(|| "0".repeat(new.len()));
    Ok(Some(format!("{name} {new} {name} {old}\n")))
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
