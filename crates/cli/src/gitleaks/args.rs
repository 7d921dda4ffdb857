//! gitleaks' command line.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{ArgAction, Args, CommandFactory, FromArgMatches, Parser, Subcommand};

/// Scans as gitleaks 8 does: its flags, configuration, ignore files, baselines, reports and exit codes
#[derive(Debug, Parser)]
#[command(
    name = "gitleaks",
    bin_name = "keysieve gitleaks",
    disable_version_flag = true,
    arg_required_else_help = true,
    max_term_width = 110
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(super) command: Option<Command>,

    #[command(flatten)]
    pub(super) common: CommonArgs,

    /// Print the version of gitleaks whose behaviour this is
    #[arg(long)]
    pub(super) version: bool,
}

impl Cli {
    /// Reads a command line, the first word of which is the program's name.
    pub(super) fn read(words: Vec<OsString>) -> Result<Self, clap::Error> {
        let command = with_values(<Self as CommandFactory>::command());
        Self::from_arg_matches(&command.try_get_matches_from(words)?)
    }
}

/// The command with switches that may be given a value, as all of gitleaks' may: `--staged=false`.
fn with_values(command: clap::Command) -> clap::Command {
    let command = command.mut_args(|arg| match arg.get_action() {
        ArgAction::SetTrue => arg
            .action(ArgAction::Set)
            .value_parser(clap::value_parser!(bool))
            .num_args(0..=1)
            .require_equals(true)
            .default_missing_value("true")
            .default_value("false")
            .hide_possible_values(true)
            .hide_default_value(true),
        _ => arg,
    });
    command.mut_subcommands(with_values)
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Scan the history of a repository, or what is staged or changed in it
    Git(GitArgs),
    /// Scan files
    #[command(visible_aliases = ["file", "directory"])]
    Dir(DirArgs),
    /// Scan standard input
    Stdin,
    /// Scan history, files or standard input (the old form of `git`, `dir` and `stdin`)
    #[command(hide = true)]
    Detect(DetectArgs),
    /// Scan what is changed or staged (the old form of `git --pre-commit`)
    #[command(hide = true)]
    Protect(ProtectArgs),
    /// Print the version of gitleaks whose behaviour this is
    Version,
}

#[derive(Debug, Args)]
pub(super) struct GitArgs {
    /// The repository
    #[arg(value_name = "REPO")]
    pub(super) source: Option<PathBuf>,
    #[command(flatten)]
    pub(super) log: LogArgs,
    /// Scan what differs between the work tree and the index
    #[arg(long)]
    pub(super) pre_commit: bool,
    /// Scan what is staged
    #[arg(long)]
    pub(super) staged: bool,
}

/// What of a history is scanned.
#[derive(Debug, Args)]
pub(super) struct LogArgs {
    /// Arguments for `git log`, separated by spaces
    #[arg(
        long,
        value_name = "OPTIONS",
        default_value = "",
        allow_hyphen_values = true
    )]
    pub(super) log_opts: String,
    /// Where links lead to: github, gitlab, azuredevops, gitea, bitbucket or none
    #[arg(long, value_name = "NAME", default_value = "")]
    pub(super) platform: String,
}

#[derive(Debug, Args)]
pub(super) struct DirArgs {
    /// A folder or a file
    #[arg(value_name = "PATH")]
    pub(super) source: Option<PathBuf>,
    #[command(flatten)]
    pub(super) files: FileArgs,
}

/// Which files are scanned.
#[derive(Debug, Args)]
pub(super) struct FileArgs {
    /// Scan files that links lead to
    #[arg(long)]
    pub(super) follow_symlinks: bool,
}

#[derive(Debug, Args)]
pub(super) struct DetectArgs {
    /// What to scan
    #[arg(long, short, value_name = "PATH", default_value = ".")]
    pub(super) source: PathBuf,
    /// Scan files, and no history
    #[arg(long)]
    pub(super) no_git: bool,
    /// Scan standard input
    #[arg(long)]
    pub(super) pipe: bool,
    #[command(flatten)]
    pub(super) files: FileArgs,
    #[command(flatten)]
    pub(super) log: LogArgs,
}

#[derive(Debug, Args)]
pub(super) struct ProtectArgs {
    /// The repository
    #[arg(long, short, value_name = "PATH", default_value = ".")]
    pub(super) source: PathBuf,
    /// Scan what is staged
    #[arg(long)]
    pub(super) staged: bool,
    /// Without effect, as in gitleaks
    #[arg(
        long,
        value_name = "OPTIONS",
        default_value = "",
        allow_hyphen_values = true
    )]
    pub(super) log_opts: String,
}

/// What all commands take, before or after their names.
#[derive(Debug, Args)]
pub(super) struct CommonArgs {
    /// Configuration; else GITLEAKS_CONFIG (a path), GITLEAKS_CONFIG_TOML (a text), .gitleaks.toml in what is scanned
    #[arg(long, short, value_name = "FILE", global = true)]
    pub(super) config: Option<PathBuf>,
    /// A JSON report; what it has is not reported
    #[arg(long, short, value_name = "FILE", global = true)]
    pub(super) baseline_path: Option<PathBuf>,
    /// A .gitleaksignore, or the folder that has one
    #[arg(
        long,
        short = 'i',
        value_name = "PATH",
        default_value = ".",
        global = true
    )]
    pub(super) gitleaks_ignore_path: PathBuf,
    /// Report gitleaks:allow lines too
    #[arg(long, global = true)]
    pub(super) ignore_gitleaks_allow: bool,
    /// Only these rules, separated by commas
    #[arg(long, value_name = "ID", value_delimiter = ',', global = true)]
    pub(super) enable_rule: Vec<String>,

    /// Where the report goes; `-` is standard output
    #[arg(long, short, value_name = "FILE", global = true)]
    pub(super) report_path: Option<PathBuf>,
    /// json, csv, junit or sarif; by default as the report's name ends
    #[arg(
        long,
        short = 'f',
        value_name = "FORMAT",
        default_value = "",
        global = true
    )]
    pub(super) report_format: String,
    /// Not supported: templates of Go
    #[arg(long, value_name = "FILE", global = true)]
    pub(super) report_template: Option<PathBuf>,
    /// Leave out N per cent of each secret, of the report too
    #[arg(long, value_name = "N", num_args = 0..=1, require_equals = true, default_missing_value = "100")]
    #[arg(default_value_t = 0, hide_default_value = true, global = true)]
    pub(super) redact: u64,
    /// Exit code where there are findings
    #[arg(
        long,
        value_name = "N",
        default_value_t = 1,
        allow_hyphen_values = true,
        global = true
    )]
    pub(super) exit_code: i64,

    /// Print findings
    #[arg(long, short, global = true)]
    pub(super) verbose: bool,
    /// trace, debug, info, warn, error or fatal
    #[arg(
        long,
        short,
        value_name = "LEVEL",
        default_value = "info",
        global = true
    )]
    pub(super) log_level: String,
    /// Without effect: there is no banner
    #[arg(long, global = true)]
    pub(super) no_banner: bool,
    /// Print findings without colour
    #[arg(long, global = true)]
    pub(super) no_color: bool,

    /// Leave out files of more millions of bytes; 0 for no limit
    #[arg(long, value_name = "N", default_value_t = 0, global = true)]
    pub(super) max_target_megabytes: u64,
    /// How many encodings are taken off text
    #[arg(
        long,
        value_name = "N",
        default_value_t = 5,
        allow_hyphen_values = true,
        global = true
    )]
    pub(super) max_decode_depth: i64,
    /// How many archives within each other are opened; 0 for none
    #[arg(
        long,
        value_name = "N",
        default_value_t = 0,
        allow_hyphen_values = true,
        global = true
    )]
    pub(super) max_archive_depth: i64,
    /// Stop after so many seconds, report what there is, and fail
    #[arg(
        long,
        value_name = "SECONDS",
        default_value_t = 0,
        allow_hyphen_values = true,
        global = true
    )]
    pub(super) timeout: i64,
    /// Without effect
    #[arg(long, value_name = "KINDS", hide = true, global = true)]
    pub(super) diagnostics: Option<String>,
    /// Without effect
    #[arg(long, value_name = "FOLDER", hide = true, global = true)]
    pub(super) diagnostics_dir: Option<String>,
}
