//! `keysieve exception`.

use std::collections::HashSet;
use std::io::Write as _;
use std::path::PathBuf;

use anyhow::Context as _;
use jiff::Span;
use jiff::civil::Date;
use keysieve_engine::policy::Day;
use keysieve_engine::policy::exception::{Exception, ExceptionSpec, Term};

use super::scan;
use crate::args::{
    AddArgs, AuditArgs, CheckArgs, CommonArgs, ExceptionCommand, LimitArgs, OutputArgs, RevokeArgs,
    SelectArgs, WhereArgs,
};
use crate::audit::{Kind, Log, of_exception};
use crate::config::FILE_NAME;
use crate::config_check::Pointer;
use crate::config_text::{ConfigText, Step, with_exception, without_exception};
use crate::exceptions::state;
use crate::exit::{Exit, usage};
use crate::input::Place;
use crate::job::{Command, Job};
use crate::report::Past;
use crate::settings::{Settings, today, unknown_rule};

use Step::{Item, Key};

const COMMAND: Command = Command {
    name: "exception",
    category: "keysieve/exception/",
    comes_to_all: true,
};

/// Runs a subcommand.
pub(crate) fn run(command: &ExceptionCommand) -> anyhow::Result<Exit> {
    match command {
        ExceptionCommand::Add(args) => add(args),
        ExceptionCommand::List(args) => list(args),
        ExceptionCommand::Check(args) => check(args),
        ExceptionCommand::Revoke(args) => revoke(args),
    }
}

/// The configuration that the arguments name, open for a change, and what is in force by it.
fn opened(args: &WhereArgs) -> anyhow::Result<(ConfigText, Settings, SelectArgs)> {
    let root = Place::of(&[PathBuf::from(".")])?.root;
    let path = args.config.clone().unwrap_or_else(|| root.join(FILE_NAME));
    let text = ConfigText::open(&path)?;
    text.config()?;
    let select = SelectArgs {
        config: path.is_file().then_some(path),
        no_repo_config: false,
        ..SelectArgs::default()
    };
    let settings = Settings::resolve(&select, &root)?;
    Ok((text, settings, select))
}

fn log(settings: &Settings, args: &AuditArgs) -> anyhow::Result<Option<Log>> {
    let audit = settings.audit(args);
    audit
        .map(|(path, format)| Log::open(&path, format))
        .transpose()
}

fn add(args: &AddArgs) -> anyhow::Result<Exit> {
    let (text, settings, select) = opened(&args.place)?;
    let log = log(&settings, &args.audit)?;
    let old = &settings.config().exception;
    if let Some(rule) = &args.rule {
        let rules = settings.rules(&select)?;
        let ids: Vec<&str> = rules.rules().map(|rule| &*rule.id).collect();
        if !ids.contains(&rule.as_str()) {
            return Err(usage(unknown_rule(rule, &ids)));
        }
    }
    let spec = ExceptionSpec {
        id: args.id.clone().unwrap_or_else(|| free_id(old)),
        rule: args.rule.clone(),
        path: args.path.clone(),
        fingerprint: args.fingerprint.clone(),
        reason: args.reason.clone(),
        owner: args.owner.clone(),
        created: Some(today().to_string()),
        expires: expires(&args.expires)?.to_string(),
        ticket: args.ticket.clone(),
        approved_by: args.approved_by.clone(),
    };
    if old.iter().any(|e| e.id == spec.id) {
        return Err(usage(format!(
            "there is an exception `{}` already",
            spec.id
        )));
    }
    let exception = Exception::new(spec.clone(), &settings.terms()).map_err(usage)?;
    let path = text.path().display();
    let new = with_exception(text.text(), &spec).map_err(|e| usage(format!("{path}: {e}")))?;
    text.replace(&new, || match &log {
        Some(log) => log.append(&[of_exception(Kind::Approval, "exception add", &spec)]),
        None => Ok(()),
    })?;
    anstream::println!("{path}: {exception}");
    Ok(Exit::Clean)
}

fn revoke(args: &RevokeArgs) -> anyhow::Result<Exit> {
    let (text, settings, _) = opened(&args.place)?;
    let log = log(&settings, &args.audit)?;
    let (id, path) = (&args.id, text.path().display());
    let all = &settings.config().exception;
    let mut of_id = all.iter().enumerate().filter(|(_, e)| e.id == *id);
    let (at, spec) = match (of_id.next(), of_id.next()) {
        (Some(found), None) => found,
        (None, _) => return Err(usage(format!("{path}: no exception is `{id}`"))),
        (Some(_), Some(_)) => return Err(usage(format!("{path}: two exceptions are `{id}`"))),
    };
    let new = without_exception(text.text(), at).map_err(|e| usage(format!("{path}: {e}")))?;
    text.replace(&new, || match &log {
        Some(log) => log.append(&[of_exception(Kind::Revocation, "exception revoke", spec)]),
        None => Ok(()),
    })?;
    anstream::println!("{path}: exception {id} is taken back");
    Ok(Exit::Clean)
}

fn list(args: &WhereArgs) -> anyhow::Result<Exit> {
    let (_, settings, _) = opened(args)?;
    let terms = settings.terms();
    let mut out = std::io::stdout().lock();
    for spec in &settings.config().exception {
        let state = match Exception::new(spec.clone(), &terms) {
            Ok(exception) => state(exception.term(today())),
            Err(error) => error.message,
        };
        let (id, expires) = (&spec.id, &spec.expires);
        let mut text = format!("{id}  until {expires} ({state})\n");
        let fields = [
            ("rule", spec.rule.as_ref()),
            ("path", spec.path.as_ref()),
            ("fingerprint", spec.fingerprint.as_ref()),
            ("reason", Some(&spec.reason)),
            ("owner", Some(&spec.owner)),
            ("ticket", spec.ticket.as_ref()),
            ("approved by", spec.approved_by.as_ref()),
        ];
        for (name, value) in fields {
            if let Some(value) = value {
                text += &format!("  {name}: {}\n", value.escape_debug());
            }
        }
        out.write_all(text.as_bytes()).context("standard output")?;
    }
    Ok(Exit::Clean)
}

fn check(args: &CheckArgs) -> anyhow::Result<Exit> {
    let (text, settings, select) = opened(&args.place)?;
    let name = text.path().display().to_string();
    let pointer = Pointer::new(text.text(), &name);
    let terms = settings.terms();
    let (mut bad, mut invalid) = (0, false);
    let mut ids = HashSet::new();
    for (at, spec) in settings.config().exception.iter().enumerate() {
        let exception = match pointer.exception(at, spec, &terms, &mut ids) {
            Ok(exception) => exception,
            Err(wrong) => {
                bad += 1;
                invalid = true;
                wrong.iter().for_each(|line| anstream::println!("{line}"));
                continue;
            }
        };
        let term = exception.term(today());
        let (is_bad, key) = match term {
            Term::Holds(left) if left > settings.warn_days() => continue,
            Term::Holds(_) => (false, "expires"),
            Term::Expired(_) => (true, "expires"),
            Term::Future => (true, "created"),
        };
        bad += usize::from(is_bad);
        let steps = [Key("exception"), Item(at), Key(key)];
        let said = format!("{exception} ({})", state(term));
        anstream::println!("{}", pointer.say(&steps, said));
    }
    if args.scan {
        if invalid {
            anstream::eprintln!(
                "keysieve: nothing was scanned, for the exceptions are not in order"
            );
        } else {
            for (at, exception) in unused(&select)? {
                let said = format!("{exception} (suppresses nothing)");
                let steps = [Key("exception"), Item(at)];
                anstream::println!("{}", pointer.say(&steps, said));
            }
        }
    }
    Ok(if bad > 0 { Exit::Findings } else { Exit::Clean })
}

/// The exceptions that cover nothing in the current folder.
fn unused(select: &SelectArgs) -> anyhow::Result<Vec<(usize, String)>> {
    let common = CommonArgs {
        limits: LimitArgs::default(),
        select: select.clone(),
        output: OutputArgs::default(),
    };
    let paths = [PathBuf::from(".")];
    let job = Job::new(COMMAND, Place::of(&paths)?, &common)?;
    let exceptions = job.exceptions().clone();
    let (source, files) = scan::source(&job, &paths, false)?;
    let judge = |_: &_, _: &mut [_]| Past::default();
    let (report, _) = job.report(&|session| source.walk(session), &files, None, &judge)?;
    if !report.summary.complete {
        anstream::eprintln!("keysieve: not everything could be scanned: `keysieve scan` says what");
    }
    let used = exceptions.used(&report.rules, &report.findings, &report.summary);
    let named = exceptions.iter().map(ToString::to_string).enumerate();
    let unused = named.zip(used).filter(|(_, used)| !used);
    Ok(unused.map(|(named, _)| named).collect())
}

/// The next of E1, E2 ... behind all that are there.
fn free_id(all: &[ExceptionSpec]) -> String {
    let number = |e: &ExceptionSpec| e.id.strip_prefix('E')?.parse::<u64>().ok();
    let last = all.iter().filter_map(number).max().unwrap_or(0);
    format!("E{}", last.saturating_add(1))
}

/// A day, or a number of days from today.
fn expires(text: &str) -> anyhow::Result<Day> {
    let wrong = || {
        usage(format!(
            "--expires {text}: write a day as 2027-01-31, or days from now as 30d"
        ))
    };
    let Some(days) = text.strip_suffix('d') else {
        return text.parse().map_err(|_| wrong());
    };
    let days: u32 = days.parse().map_err(|_| wrong())?;
    let today: Date = today().to_string().parse().expect("a day is a date");
    let days = Span::new().try_days(days).map_err(|_| wrong())?;
    let day = today.checked_add(days).map_err(|_| wrong())?;
    day.strftime("%Y-%m-%d")
        .to_string()
        .parse()
        .map_err(|_| wrong())
}
