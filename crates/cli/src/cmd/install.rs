//! `keysieve install`.

use std::io::{self, Write as _};

use anyhow::Context as _;
use keysieve_git::{Hooks, HooksOwner};

use crate::args::InstallArgs;
use crate::exit::{Exit, usage};
use crate::hook::{Done, Place};
use crate::input::git_error;

/// Puts a git hook in its place, or takes it away.
pub(crate) fn run(args: &InstallArgs) -> anyhow::Result<Exit> {
    let hooks = Hooks::of(&args.repository).map_err(git_error)?;
    let folder = &hooks.folder;
    let shared = match hooks.owner {
        HooksOwner::Repository | HooksOwner::WorkTree => None,
        HooksOwner::User => Some("core.hooksPath is set outside of the repository, and names"),
        HooksOwner::Elsewhere => Some("the repository keeps its hooks in another place,"),
    };
    if let Some(why) = shared
        && !args.shared
    {
        return Err(usage(format!(
            "{why} {folder:?}: other repositories may run the hooks in there, too; --shared changes them all the same"
        )));
    }

    let place = Place::new(args.hook, folder);
    let done = if args.uninstall {
        place.uninstall()?
    } else {
        let program = std::env::current_exe().context("the path of this program is not known")?;
        place.install(&program)?
    };
    let (hook, kept) = (&place.hook, &place.kept);
    let mut text = match done {
        Done::Wrote => format!("wrote {hook:?}\n"),
        Done::Chained => {
            format!("wrote {hook:?}; what was there is {kept:?} now, and runs first\n")
        }
        Done::Nothing => format!("{hook:?} is up to date\n"),
        Done::Removed => format!("removed {hook:?}\n"),
        Done::Restored => format!("put {hook:?} back as it was\n"),
        Done::Absent => format!("there is no {hook:?}\n"),
    };
    if hooks.owner == HooksOwner::WorkTree && matches!(done, Done::Wrote | Done::Chained) {
        text += "note: it lies in the work tree, and names where keysieve is on this machine; elsewhere, PATH counts\n";
    }
    // Who reads has seen enough.
    match io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(error).context("standard output")
        }
        _ => Ok(Exit::Clean),
    }
}
