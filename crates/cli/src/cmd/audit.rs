//! `keysieve audit`.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use anyhow::Context as _;

use crate::args::AuditCommand;
use crate::audit::{Verified, verify};
use crate::exit::{Exit, usage};

/// Runs a subcommand.
pub(crate) fn run(command: &AuditCommand) -> anyhow::Result<Exit> {
    match command {
        AuditCommand::Verify { file, head } => of_file(file, head.as_deref()),
    }
}

fn of_file(path: &Path, noted: Option<&str>) -> anyhow::Result<Exit> {
    let name = path.display();
    let is_hash = |text: &str| text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit());
    if noted.is_some_and(|noted| !is_hash(noted)) {
        return Err(usage("`--head` takes 64 hexadecimal digits"));
    }
    let noted = noted.map(str::to_ascii_lowercase);
    let file = File::open(path).map_err(|e| usage(format!("{name} cannot be read: {e}")))?;
    // A writer that is at work would look like one that was stopped.
    file.lock_shared()
        .with_context(|| format!("{name} cannot be locked"))?;
    let verified = verify(BufReader::new(file), noted.as_deref());
    match verified.with_context(|| format!("{name} cannot be read"))? {
        Err(broken) => {
            anstream::println!("{name}: {broken}");
            Ok(Exit::Findings)
        }
        Ok(Verified {
            has_noted: false, ..
        }) if noted.is_some() => {
            anstream::println!(
                "{name}: no line has the SHA-256 that --head gives: the log was cut or made anew"
            );
            Ok(Exit::Findings)
        }
        Ok(Verified { events, head, .. }) => {
            anstream::println!("{name}: {events} events, each follows from the one before\n{head}");
            Ok(Exit::Clean)
        }
    }
}
