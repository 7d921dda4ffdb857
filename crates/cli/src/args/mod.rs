//! What can be typed: one file a group of flags. Nothing is resolved here; that is `settings`.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Parser, Subcommand};

mod audit;
mod baseline;
mod config;
mod exception;
mod history;
mod install;
mod output;
mod push;
mod report;
mod rules;
mod select;
mod staged;

pub(crate) use output::{OutputArgs, OutputSpec, ProgressArg};

pub(crate) use audit::{AuditArgs, AuditCommand};
pub(crate) use baseline::{BaselineArgs, BaselineCommand, CreateArgs, ImportArgs};
pub(crate) use config::{ConfigCommand, MigrateArgs, ShowArgs as ConfigShowArgs};
pub(crate) use exception::{AddArgs, CheckArgs, ExceptionCommand, RevokeArgs, WhereArgs};
pub(crate) use history::HistoryArgs;
pub(crate) use install::InstallArgs;
pub(crate) use push::PushArgs;
pub(crate) use report::{DiffArgs, ReportCommand, WriteArgs};
pub(crate) use rules::{ListFormat, RulesCommand};
pub(crate) use select::SelectArgs;
pub(crate) use staged::StagedArgs;

/// Finds secrets in files, and keeps them out.
#[derive(Debug, Parser)]
#[command(
    name = "keysieve",
    version,
    max_term_width = 110,
    after_help = "Exit codes: 0 clean, 1 findings, 2 usage or configuration, 3 could not do the job,\n\
                  4 no findings but the scan was incomplete."
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Scan a working tree, files, or standard input
    ///
    /// `keysieve PATH` is short for `keysieve scan PATH`.
    Scan(ScanArgs),
    /// Scan everything that a repository ever held
    ///
    /// Every object of the store is scanned once, whether a branch still has it or not, and each finding is told with
    /// the commit that brought it.
    History(HistoryArgs),
    /// Scan what the next commit adds: git's index against HEAD
    ///
    /// For a pre-commit hook. Reads the blobs of the index, never the files of the work tree, and the index that git
    /// names in GIT_INDEX_FILE.
    Staged(StagedArgs),
    /// Scan what a push brings: as a pre-push or pre-receive hook, with references on standard input
    ///
    /// Both hooks are told apart by what git writes to them. Commits that the other side has already are not scanned.
    Push(PushArgs),
    /// Make this program a git hook of a repository, or take that back
    ///
    /// A hook that is there already is kept, and runs first.
    Install(InstallArgs),
    /// Keep a file of known findings, so that only new ones are reported
    #[command(subcommand)]
    Baseline(BaselineCommand),
    /// Scan as gitleaks 8 does: its flags, configuration, ignore files, baselines, reports and exit codes
    ///
    /// The same as this program where it is called `gitleaks`. `keysieve gitleaks --help` has its commands.
    #[command(disable_help_flag = true)]
    Gitleaks {
        /// gitleaks' command line
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        words: Vec<std::ffi::OsString>,
    },
    /// Allow findings for a time, with a reason and an owner
    #[command(subcommand)]
    Exception(ExceptionCommand),
    /// Check the log of what was found, allowed and taken back
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Check keysieve.toml, and see what is in force and where it comes from
    #[command(subcommand)]
    Config(ConfigCommand),
    /// List, show, test and start rules
    #[command(subcommand)]
    Rules(RulesCommand),
    /// Convert, put together and compare JSON reports of earlier scans
    #[command(subcommand)]
    Report(ReportCommand),
}

/// The names of the subcommands.
const COMMANDS: [&str; 13] = [
    "scan",
    "history",
    "staged",
    "push",
    "install",
    "baseline",
    "gitleaks",
    "rules",
    "config",
    "exception",
    "audit",
    "report",
    "help",
];

/// Whether a word is the name of a subcommand, or what else may stand in their place: anything other is a path to scan.
pub(crate) fn is_command(word: &std::ffi::OsStr) -> bool {
    word.to_str()
        .is_some_and(|w| w.starts_with('-') && w != "-" || COMMANDS.contains(&w))
}

/// `keysieve scan`.
#[derive(Debug, Args)]
pub(crate) struct ScanArgs {
    /// Folders and files to scan; `-` is standard input
    #[arg(value_name = "PATH", default_value = ".")]
    pub(crate) paths: Vec<PathBuf>,

    /// Scan what .gitignore leaves out, too
    #[arg(long, help_heading = "Input")]
    pub(crate) no_ignore: bool,

    /// Tell for each candidate in this line which rule was considered, and why it is reported or not
    #[arg(long, value_name = "FILE:LINE", conflicts_with_all = ["paths", "format", "output"], help_heading = "Output")]
    pub(crate) explain: Option<LineOf>,

    #[command(flatten)]
    pub(crate) common: CommonArgs,
}

/// A line of a file: `FILE:LINE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LineOf {
    pub(crate) file: PathBuf,
    /// 1-based.
    pub(crate) line: u64,
}

impl FromStr for LineOf {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (file, line) = text
            .rsplit_once(':')
            .filter(|(file, _)| !file.is_empty())
            .ok_or_else(|| "write FILE:LINE".to_owned())?;
        match line.parse() {
            Ok(line @ 1..) => Ok(Self {
                file: file.into(),
                line,
            }),
            _ => Err(format!("`{line}` is no line: lines count from 1")),
        }
    }
}

/// What every command that scans understands.
#[derive(Debug, Args)]
pub(crate) struct CommonArgs {
    #[command(flatten)]
    pub(crate) limits: LimitArgs,
    #[command(flatten)]
    pub(crate) select: SelectArgs,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

/// How much is read, and how far.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Input")]
pub(crate) struct LimitArgs {
    /// Pass over files larger than this (bytes, or 10k, 5M, 1G); they are counted in the summary
    #[arg(long, value_name = "SIZE", value_parser = size, env = "KEYSIEVE_MAX_FILE_SIZE")]
    pub(crate) max_file_size: Option<u64>,
    /// How many encodings and compressions are opened inside each other
    #[arg(long, value_name = "N", env = "KEYSIEVE_DECODE_DEPTH")]
    pub(crate) decode_depth: Option<u32>,
    /// Threads; the default is one for each core
    #[arg(long, short = 'j', value_name = "N", value_parser = clap::value_parser!(u16).range(1..), env = "KEYSIEVE_THREADS")]
    pub(crate) threads: Option<u16>,
}

/// `10`, `10k`, `10M`, `10G`: binary units.
fn size(text: &str) -> Result<u64, String> {
    let (digits, unit) = match text.char_indices().find(|(_, c)| !c.is_ascii_digit()) {
        Some((at, _)) => text.split_at(at),
        None => (text, ""),
    };
    let shift = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 0,
        "k" | "kb" | "kib" => 10,
        "m" | "mb" | "mib" => 20,
        "g" | "gb" | "gib" => 30,
        _ => return Err(format!("`{unit}` is no unit: use k, M or G")),
    };
    let number: u64 = digits
        .parse()
        .map_err(|_| "a size is a number with an optional unit, such as 10M".to_owned())?;
    number
        .checked_mul(1 << shift)
        .ok_or_else(|| "the size is too large".to_owned())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_subcommand_is_known_to_the_short_form() {
        for command in Cli::command().get_subcommands() {
            assert!(
                is_command(command.get_name().as_ref()),
                "{}",
                command.get_name()
            );
        }
        assert!(
            is_command("--help".as_ref())
                && !is_command("-".as_ref())
                && !is_command("src".as_ref())
        );
    }

    #[test]
    fn sizes_have_units() {
        assert_eq!(size("10"), Ok(10));
        assert_eq!(size("2M"), Ok(2 << 20));
        assert!(size("2X").is_err() && size("").is_err() && size("99999999999G").is_err());
    }
}
