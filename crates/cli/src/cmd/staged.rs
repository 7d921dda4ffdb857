//! `keysieve staged`.

use keysieve_git::{Opened, Options, Staged};

use crate::args::StagedArgs;
use crate::exit::Exit;
use crate::input::{Blobs, Place, git_environment, git_error};
use crate::job::{Command, Job, added};
use crate::report::Past;

const COMMAND: Command = Command {
    name: "staged",
    category: "keysieve/staged/",
    comes_to_all: true,
};

/// Scans what the next commit adds, and reports.
pub(crate) fn run(args: &StagedArgs) -> anyhow::Result<Exit> {
    let opened = Opened::at(args.repository.as_deref(), &git_environment()?).map_err(git_error)?;
    let place = Place::in_repository(opened.describe().map_err(git_error)?);
    let job = Job::new(COMMAND, place, &args.common)?;
    let options = Options {
        threads: job.threads(),
        max_file_size: job.max_file_size(),
        interrupt: job.interrupt().clone(),
    };
    let staged = Staged::new(&opened, options).map_err(git_error)?;
    if args.all_lines {
        job.run(&staged, &Blobs(&opened, &staged), &|_, _| Past::default())
    } else {
        job.run(&staged, &Blobs(&opened, &staged), &added(&staged))
    }
}
