//! `keysieve baseline`.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use keysieve_engine::policy::baseline::Baseline;
use keysieve_git::Opened;

use super::{history, scan};
use crate::args::{BaselineArgs, BaselineCommand, CommonArgs, OutputArgs};
use crate::exit::{Exit, usage};
use crate::gate::{known_from_now, read_merged};
use crate::input::{Place, git_environment, git_error};
use crate::job::{Command, Job};
use crate::output::Output;
use crate::report::{Past, Report};

const COMMAND: Command = Command {
    name: "baseline",
    category: "keysieve/baseline/",
    comes_to_all: true,
};

/// Runs one of the commands.
pub(crate) fn run(command: &BaselineCommand) -> anyhow::Result<Exit> {
    match command {
        BaselineCommand::Create(args) => create(args),
        BaselineCommand::Update(args) => update(args),
        BaselineCommand::Show(args) => show(&args.file),
    }
}

fn create(args: &BaselineArgs) -> anyhow::Result<Exit> {
    let common = common(args);
    let (key, scanned) = scanned(args, &common, false)?;
    let baseline = known_from_now(&scanned.report, &key);
    save(&scanned.path, &baseline)?;
    Ok(tell(&scanned, &baseline))
}

fn update(args: &BaselineArgs) -> anyhow::Result<Exit> {
    let common = common(args);
    let (_, scanned) = scanned(args, &common, true)?;
    let left = scanned.left.as_ref();
    let baseline = left.expect("the gate was given a baseline");
    save(&scanned.path, baseline)?;
    Ok(tell(&scanned, baseline))
}

/// What a scan for a baseline gave.
struct Scanned {
    report: Report,
    left: Option<Baseline>,
    /// Where the baseline is.
    path: PathBuf,
}

/// Without a baseline in force: what it knows is to be found as well.
fn common(args: &BaselineArgs) -> CommonArgs {
    let mut select = args.select.clone();
    select.no_baseline = true;
    CommonArgs {
        limits: args.limits.clone(),
        select,
        output: OutputArgs::default(),
    }
}

fn scanned(
    args: &BaselineArgs,
    common: &CommonArgs,
    updates: bool,
) -> anyhow::Result<(String, Scanned)> {
    let opened = match (args.history, &args.paths[..]) {
        (false, _) => None,
        (true, [path]) => {
            let environment = git_environment()?;
            let opened = Opened::at(Some(path), &environment).map_err(git_error)?;
            Some((opened, path))
        }
        (true, _) => return Err(usage("`--history` takes one repository")),
    };
    let place = match &opened {
        Some((opened, _)) => Place::in_repository(opened.describe().map_err(git_error)?),
        None => Place::of(&args.paths)?,
    };
    let job = Job::new(COMMAND, place, common)?;
    let read = updates.then_some(read_merged as fn(&Path, &str) -> _);
    let (job, path) = job.for_baseline(read)?;
    if !updates && !args.force && path.exists() {
        return Err(usage(format!(
            "{} is there: `keysieve baseline update` drops what is gone, `--force` replaces it",
            path.display()
        )));
    }
    let key = job.key();
    let (report, left) = match opened {
        Some((opened, repository)) => history::report(job, &opened, repository)?,
        None => {
            let (source, files) = scan::source(&job, &args.paths, args.no_ignore)?;
            let judge = |_: &_, _: &mut [_]| Past::default();
            job.report(&|session| source.walk(session), &files, None, &judge)?
        }
    };
    Ok((key, Scanned { report, left, path }))
}

/// Writes the file whole, or leaves the old one as it is.
fn save(path: &Path, baseline: &Baseline) -> anyhow::Result<()> {
    Output::open(Some(path))?.write(|out| write!(out, "{baseline}"))
}

/// Says what came of it. What could not be scanned may hold more, or be gone.
fn tell(scanned: &Scanned, baseline: &Baseline) -> Exit {
    let (path, report) = (scanned.path.display(), &scanned.report);
    let secrets = baseline.len();
    let files = baseline.entries().count();
    anstream::println!("{path}: {secrets} known secrets in {files} places");
    if !report.summary.complete {
        anstream::eprintln!("keysieve: not everything could be scanned: `keysieve scan` says what");
    }
    match report.summary.complete {
        true => Exit::Clean,
        false => Exit::Incomplete,
    }
}

fn show(path: &Path) -> anyhow::Result<Exit> {
    let name = path.display();
    let text = fs::read_to_string(path)
        .map_err(|e| usage(format!("the baseline {name} cannot be read: {e}")))?;
    let baseline = Baseline::parse(&text).map_err(|e| usage(format!("{name}: {e}")))?;
    let mut entries: Vec<_> = baseline.entries().collect();
    entries.sort_by_key(|entry| (entry.path, entry.rule, entry.fingerprint));
    let mut out = std::io::stdout().lock();
    let mut file = "";
    for entry in entries {
        if entry.path != file {
            file = entry.path;
            writeln!(out, "{file}").context("standard output")?;
        }
        let copies = match entry.count {
            0 => "only in its history".to_owned(),
            1 => "1 copy".to_owned(),
            n => format!("{n} copies"),
        };
        let (rule, fingerprint) = (entry.rule, entry.fingerprint);
        writeln!(out, "  {rule}  {copies}  {fingerprint}").context("standard output")?;
    }
    Ok(Exit::Clean)
}
