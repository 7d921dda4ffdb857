//! A git hook that runs this program: its script, and how it gets beside one that is there already, and away again.
//!
//! What was there is never changed. It is renamed, so that its bytes, its mode and, if it is a link, the link stay as
//! they are, and the script runs it first. The old name is back once the script is taken away.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::ValueEnum;
use keysieve_engine::source::TEMPORARY_PREFIX;
use tempfile::NamedTempFile;

use crate::exit::usage;

/// A hook that this program can be.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
#[expect(clippy::enum_variant_names, reason = "git gives them these names")]
pub(crate) enum Hook {
    PreCommit,
    PrePush,
    PreReceive,
}

/// The name of what was there before is that of the hook and this.
const KEPT: &str = ".before-keysieve";

/// The longest file that is read to see whose it is, in bytes; ours has some hundred, and the path of the program.
const MAX_SCRIPT: u64 = 1 << 16;

impl Hook {
    /// As git calls it.
    fn name(self) -> &'static str {
        match self {
            Self::PreCommit => "pre-commit",
            Self::PrePush => "pre-push",
            Self::PreReceive => "pre-receive",
        }
    }

    /// The script up to the path of the program.
    fn head(self) -> String {
        let name = self.name();
        format!(
            "#!/bin/sh\n\
             # Written by `keysieve install {name}`; `keysieve install {name} --uninstall` takes it away.\n\
             program="
        )
    }

    /// What the script gives to the program.
    fn arguments(self) -> &'static str {
        match self {
            Self::PreCommit => "staged",
            Self::PrePush => "push -- \"$@\"",
            // Whoever pushes must not be able to switch it off.
            Self::PreReceive => "push --no-repo-config",
        }
    }

    /// The script from the path of the program on.
    ///
    /// A hook that cannot do its work fails: what it should have looked at would go on unseen. The list of references
    /// is read once and given to both; the point behind it keeps the shell from taking off its last line end.
    fn tail(self) -> String {
        let (name, arguments) = (self.name(), self.arguments());
        let start = format!(
            r#"
kept=$(dirname "$0")/{name}{KEPT}
if ! [ -x "$program" ] && ! program=$(command -v keysieve); then
    echo "keysieve is neither where it was when this hook was written nor on PATH." >&2
    echo "Install it again, or take away the hook $0" >&2
    exit 1
fi
"#
        );
        let run = match self {
            Self::PreCommit => format!(
                r#"if [ -x "$kept" ]; then
    "$kept" "$@" || exit
fi
exec "$program" {arguments}
"#
            ),
            Self::PrePush | Self::PreReceive => format!(
                r#"[ -x "$kept" ] || exec "$program" {arguments}
list=$(cat && echo .) || exit
list=${{list%.}}
printf %s "$list" | "$kept" "$@" || exit
printf %s "$list" | "$program" {arguments}
"#
            ),
        };
        start + &run
    }

    /// The script, for this program at `program`.
    fn script(self, program: &Path) -> Vec<u8> {
        let program = shell_path(program);
        [self.head().as_bytes(), &program, self.tail().as_bytes()].concat()
    }

    /// Whether `script` is what [`Hook::script`] gives for a program wherever.
    fn wrote(self, script: &[u8]) -> bool {
        script
            .strip_prefix(self.head().as_bytes())
            .and_then(|rest| rest.strip_suffix(self.tail().as_bytes()))
            .is_some_and(|path| path.starts_with(b"'") && path.ends_with(b"'"))
    }
}

/// A path as one word of the shell. The shells that come with git for Windows know both kinds of slashes.
fn shell_path(path: &Path) -> Vec<u8> {
    let mut word = vec![b'\''];
    for &byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'\'' => word.extend(br"'\''"),
            _ => word.push(byte),
        }
    }
    word.push(b'\'');
    word
}

/// Where a hook stands, and what was there before.
#[derive(Debug)]
pub(crate) struct Place {
    kind: Hook,
    folder: PathBuf,
    /// Where git looks for the hook.
    pub(crate) hook: PathBuf,
    /// Where what was there before is kept.
    pub(crate) kept: PathBuf,
}

/// What was done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Done {
    /// The hook was written, and no other one runs before it.
    Wrote,
    /// The hook was written, and what was there before was kept.
    Chained,
    /// The hook was as it should be.
    Nothing,
    /// The hook was taken away.
    Removed,
    /// The hook was taken away, and what was there before put back.
    Restored,
    /// There was no hook to take away.
    Absent,
}

/// What stands in the place of a hook.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Found {
    Nothing,
    /// Our script, with this very program in it or with another one.
    Ours,
    /// A file or a link that is not ours.
    Other,
}

impl Place {
    pub(crate) fn new(kind: Hook, folder: &Path) -> Self {
        let name = kind.name();
        Self {
            kind,
            folder: folder.to_owned(),
            hook: folder.join(name),
            kept: folder.join(format!("{name}{KEPT}")),
        }
    }

    /// Writes the hook, and keeps what is there.
    pub(crate) fn install(&self, program: &Path) -> anyhow::Result<Done> {
        let (hook, kept) = (&self.hook, &self.kept);
        let script = self.kind.script(program);
        let found = self.found()?;
        let has_kept = is_there(kept)?;
        match found {
            Found::Ours if fs::read(hook).is_ok_and(|old| old == script) => {
                return Ok(Done::Nothing);
            }
            Found::Other if has_kept => {
                return Err(usage(format!(
                    "{hook:?} was not written by keysieve, and {kept:?} keeps another one: take one of them away"
                )));
            }
            // It writes the files of this folder anew whenever it is run, and its script goes by its own name.
            Found::Other if self.folder.ends_with(".husky/_") => {
                return Err(usage(format!(
                    "husky looks after {:?}: put the line `keysieve {}` into the file {} of the folder above it",
                    self.folder,
                    self.kind.arguments(),
                    self.kind.name()
                )));
            }
            _ => {}
        }

        let cannot = || format!("{hook:?} cannot be written");
        fs::create_dir_all(&self.folder).with_context(cannot)?;
        let new = self.write(&script).with_context(cannot)?;
        if found == Found::Other {
            keep(hook, kept).with_context(|| format!("{hook:?} cannot be kept as {kept:?}"))?;
        }
        if let Err(error) = new.persist(hook) {
            if found == Found::Other {
                // Renaming one of two names of a file to the other one leaves both: the name that was added goes first.
                let _ = if is_there(hook)? {
                    fs::remove_file(kept)
                } else {
                    fs::rename(kept, hook)
                };
            }
            return Err(error.error).with_context(cannot);
        }
        Ok(if has_kept || found == Found::Other {
            Done::Chained
        } else {
            Done::Wrote
        })
    }

    /// Takes the hook away, and puts back what was there before.
    pub(crate) fn uninstall(&self) -> anyhow::Result<Done> {
        let (hook, kept) = (&self.hook, &self.kept);
        let found = self.found()?;
        if found == Found::Other {
            return Err(usage(format!(
                "{hook:?} was not written by keysieve, or was changed since then: it stays as it is"
            )));
        }
        let cannot = || format!("{hook:?} cannot be taken away");
        if is_there(kept)? {
            fs::rename(kept, hook).with_context(cannot)?;
            return Ok(Done::Restored);
        }
        if found == Found::Nothing {
            return Ok(Done::Absent);
        }
        fs::remove_file(hook).with_context(cannot)?;
        Ok(Done::Removed)
    }

    fn found(&self) -> anyhow::Result<Found> {
        let hook = &self.hook;
        let cannot = || format!("{hook:?} cannot be read");
        if !is_there(hook)? {
            return Ok(Found::Nothing);
        }
        let metadata = fs::symlink_metadata(hook).with_context(cannot)?;
        if metadata.is_symlink() || metadata.is_file() && metadata.len() > MAX_SCRIPT {
            return Ok(Found::Other);
        }
        if !metadata.is_file() {
            return Err(usage(format!("{hook:?} is no file")));
        }
        let script = fs::read(hook).with_context(cannot)?;
        Ok(if self.kind.wrote(&script) {
            Found::Ours
        } else {
            Found::Other
        })
    }

    /// The script, beside its place.
    fn write(&self, script: &[u8]) -> io::Result<NamedTempFile> {
        let mut builder = tempfile::Builder::new();
        builder.prefix(TEMPORARY_PREFIX);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            // The umask takes off what the user does not want to give.
            builder.permissions(fs::Permissions::from_mode(0o777));
        }
        let mut file = builder.tempfile_in(&self.folder)?;
        file.write_all(script)?;
        file.as_file().sync_all()?;
        Ok(file)
    }
}

/// Gives a hook the name under which it is kept, and no other file loses that name to it. Where there can be two names
/// the old one stays too, until the new hook takes it: git never finds none.
fn keep(hook: &Path, kept: &Path) -> io::Result<()> {
    match fs::hard_link(hook, kept) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => fs::rename(hook, kept),
        linked => linked,
    }
}

/// Whether there is anything with this name, be it a link that leads nowhere.
fn is_there(path: &Path) -> anyhow::Result<bool> {
    match fs::symlink_metadata(path) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error).with_context(|| format!("{path:?} cannot be read")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_is_known_again_and_a_changed_one_is_not() {
        let program = Path::new("/it's here/key sieve");
        for &hook in Hook::value_variants() {
            let script = hook.script(program);
            assert!(hook.wrote(&script) && hook.wrote(&hook.script("x".as_ref())));
            let text = String::from_utf8(script).unwrap();
            assert!(
                text.contains(r"program='/it'\''s here/key sieve'"),
                "{text}"
            );
            assert!(!hook.wrote(format!("{text}exit 0\n").as_bytes()));
            assert!(!hook.wrote(text.replace("exit 1", "exit 0").as_bytes()));
            assert!(!hook.wrote(b"#!/bin/sh\n"));
            for &other in Hook::value_variants() {
                assert_eq!(other.wrote(text.as_bytes()), other == hook);
            }
        }
    }
}
