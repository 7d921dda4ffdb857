//! `keysieve baseline`.

use std::cell::RefCell;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use keysieve_engine::policy::baseline::Baseline;
use keysieve_git::Opened;

use super::{history, scan};
use crate::args::{BaselineArgs, BaselineCommand, CommonArgs, CreateArgs, ImportArgs, OutputArgs};
use crate::exit::{Exit, usage};
use crate::gate::{self, known_from_now, read_merged, text};
use crate::import::Claims;
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
        BaselineCommand::Import(args) => import(args),
        BaselineCommand::Show(args) => show(&args.file),
    }
}

fn create(args: &CreateArgs) -> anyhow::Result<Exit> {
    let common = common(&args.scan);
    let (key, scanned) = scanned(&args.scan, &common, Purpose::Create(args.force))?;
    finish(&scanned, &known_from_now(&scanned.report, &key, &|_| true))
}

fn update(args: &BaselineArgs) -> anyhow::Result<Exit> {
    let common = common(args);
    let (_, scanned) = scanned(args, &common, Purpose::Update)?;
    let left = scanned.left.as_ref();
    finish(&scanned, left.expect("the gate was given a baseline"))
}

fn import(args: &ImportArgs) -> anyhow::Result<Exit> {
    let claims = args.from.read(&args.report)?;
    let common = common(&args.scan);
    let (key, scanned) = scanned(&args.scan, &common, Purpose::Import)?;
    let Scanned { report, path, .. } = &scanned;
    let mut baseline = match path.exists() {
        true => gate::read(path, &key)?,
        false => Baseline::new(&*key),
    };
    let claims = RefCell::new(Claims::new(claims, &report.summary));
    let named = known_from_now(report, &key, &|finding| {
        claims.borrow_mut().name(finding, report)
    });
    named.entries().for_each(|entry| baseline.add(entry));
    let (all, unmet) = claims.borrow().counts();
    let exit = finish(&scanned, &baseline)?;
    let name = args.report.display();
    anstream::println!(
        "{name}: {} of {all} entries name what is found",
        all - unmet
    );
    if unmet > 0 {
        anstream::eprintln!("keysieve: {unmet} entries of {name} name nothing that is found");
    }
    Ok(exit)
}

/// What a scan for a baseline is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Purpose {
    /// A new one; whether it may replace another.
    Create(bool),
    Update,
    Import,
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
    purpose: Purpose,
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
    let read = (purpose == Purpose::Update).then_some(read_merged as fn(&Path, &str) -> _);
    let (job, path) = job.for_baseline(read)?;
    if purpose == Purpose::Create(false) && path.exists() {
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

/// Writes the file whole, or leaves the old one as it is: also after half a scan.
fn finish(scanned: &Scanned, baseline: &Baseline) -> anyhow::Result<Exit> {
    if scanned.report.summary.interrupted {
        anstream::eprintln!("keysieve: interrupted: the baseline is as it was");
        return Ok(Exit::Failed);
    }
    Output::open(Some(&scanned.path))?.write(|out| {
        write!(out, "{baseline}")?;
        out.flush()
    })?;
    Ok(tell(scanned, baseline))
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
    let text = text(path)?;
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
