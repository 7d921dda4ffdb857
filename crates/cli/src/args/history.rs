//! `keysieve history`.

use std::path::PathBuf;

use clap::Args;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::CommonArgs;

#[derive(Debug, Args)]
pub(crate) struct HistoryArgs {
    /// The repository, or a folder in it
    #[arg(value_name = "REPO", default_value = ".")]
    pub(crate) repository: PathBuf,

    /// Only what these commits add, as git writes ranges: `main..HEAD`
    #[arg(long, value_name = "BASE..HEAD", conflicts_with_all = ["branch", "reachable_only", "submodules"], help_heading = "History")]
    pub(crate) range: Option<String>,
    /// Only the history of this branch or other ref; can be given several times
    #[arg(long, value_name = "REF", help_heading = "History")]
    pub(crate) branch: Vec<String>,
    /// Only what branches, tags and other refs contain: what a clone would have
    #[arg(long, help_heading = "History")]
    pub(crate) reachable_only: bool,
    /// Only commits from this day on (2026-01-31, or 90d for as many days ago)
    #[arg(long, value_name = "DATE", value_parser = since, help_heading = "History")]
    pub(crate) since: Option<i64>,
    /// Only so many commits, the newest
    #[arg(long, value_name = "N", help_heading = "History")]
    pub(crate) max_commits: Option<usize>,
    /// The histories of submodules that were fetched, too
    #[arg(long, help_heading = "History")]
    pub(crate) submodules: bool,
    /// With --range: report all findings in the files that change, not only those that a commit adds
    #[arg(long, requires = "range", help_heading = "History")]
    pub(crate) all_lines: bool,
    /// Scan everything anew, and remember nothing
    #[arg(long, help_heading = "History")]
    pub(crate) no_cache: bool,
    /// Remember in this folder, instead of git's, what earlier runs came to; one folder for each repository
    #[arg(long, value_name = "DIR", conflicts_with_all = ["no_cache", "range"], help_heading = "History")]
    pub(crate) cache_dir: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) common: CommonArgs,
}

/// A day, in UTC, or a number of days before now, as seconds since 1970.
fn since(text: &str) -> Result<i64, String> {
    let wrong = || "a date is written 2026-01-31, a number of days 90d".to_owned();
    if let Some(days) = text.strip_suffix('d') {
        let days: u32 = days.parse().map_err(|_| wrong())?;
        return Ok(Timestamp::now().as_second() - i64::from(days) * 86_400);
    }
    let day: Date = text.parse().map_err(|_| wrong())?;
    let start = TimeZone::UTC.to_timestamp(day.at(0, 0, 0, 0));
    Ok(start.map_err(|_| wrong())?.as_second())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_read() {
        assert_eq!(since("1970-01-02"), Ok(86_400));
        let now = Timestamp::now().as_second();
        assert!((now - since("2d").unwrap() - 2 * 86_400).abs() < 60);
        for wrong in ["yesterday", "2026-13-01", "d", "-1d"] {
            assert!(since(wrong).is_err(), "{wrong}");
        }
    }
}
