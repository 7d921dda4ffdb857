//! `keysieve config`.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::parser::ValueSource;
use clap::{ArgMatches, CommandFactory as _};
use serde_json::{Map, Value, json};

use crate::args::{Cli, ConfigCommand, ConfigShowArgs, SelectArgs};
use crate::config::{Config, FILE_NAME};
use crate::config_check::problems;
use crate::config_schema::schema;
use crate::exit::{Exit, usage};
use crate::input::Place;
use crate::settings::Settings;

/// Runs a subcommand.
pub(crate) fn run(command: &ConfigCommand) -> anyhow::Result<Exit> {
    match command {
        ConfigCommand::Check { file } => check(file.as_deref()),
        ConfigCommand::Migrate(args) => super::migrate::run(args),
        ConfigCommand::Show(args) => show(args),
        ConfigCommand::Schema => {
            let text = serde_json::to_string_pretty(&schema()).expect("it is a JSON value");
            print(&format!("{text}\n"))
        }
    }
}

fn print(text: &str) -> anyhow::Result<Exit> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes()).context("standard output")?;
    Ok(Exit::Clean)
}

fn here() -> anyhow::Result<PathBuf> {
    Ok(Place::of(&[PathBuf::from(".")])?.root)
}

fn check(file: Option<&Path>) -> anyhow::Result<Exit> {
    let root = here()?;
    let path = file.map_or_else(|| root.join(FILE_NAME), Path::to_owned);
    let name = path.display();
    let text = std::fs::read_to_string(&path)
        .map_err(|e| usage(format!("the configuration {name} cannot be read: {e}")))?;
    let problems = match Config::parse(&text) {
        Err(problem) => vec![format!("{name}: {problem}")],
        Ok(_) => {
            let select = SelectArgs {
                config: Some(path.clone()),
                ..SelectArgs::default()
            };
            let settings = Settings::resolve(&select, &root)?;
            problems(&settings, &select, &text, &path.display().to_string())
        }
    };
    for problem in &problems {
        anstream::println!("{problem}");
    }
    if problems.is_empty() {
        anstream::println!("{name}: in order");
        Ok(Exit::Clean)
    } else {
        Ok(Exit::Usage)
    }
}

/// A setting: its key, what is in force, where that comes from.
type Setting = (&'static str, Value, String);

fn show(args: &ConfigShowArgs) -> anyhow::Result<Exit> {
    let settings = Settings::resolve(&args.select, &here()?)?;
    let matches = Cli::command().get_matches_from(std::env::args_os());
    let matches = innermost(&matches);
    let all = in_force(&settings, args, matches);
    if args.json {
        let field =
            |(key, value, from): Setting| (key.to_owned(), json!({ "value": value, "from": from }));
        let document = json!({
            "file": settings.file(),
            "settings": all.into_iter().map(field).collect::<Map<_, _>>(),
        });
        let text = serde_json::to_string_pretty(&document).expect("it is a JSON value");
        return print(&format!("{text}\n"));
    }
    let width = all.iter().map(|(key, ..)| key.len()).max().unwrap_or(0);
    let mut text = String::new();
    for (key, value, from) in all {
        text += &format!("{key:width$} = {value}  # {from}\n");
    }
    print(&text)
}

fn innermost(matches: &ArgMatches) -> &ArgMatches {
    matches.subcommand().map_or(matches, |(_, m)| innermost(m))
}

fn in_force(settings: &Settings, args: &ConfigShowArgs, matches: &ArgMatches) -> Vec<Setting> {
    let config = settings.config();
    let (scan, terms) = (&config.scan, &config.exceptions);
    let file = settings.file().unwrap_or(FILE_NAME);
    let of_file = |is_set: bool| if is_set { file } else { "default" }.to_owned();
    let from = |flag: &str, is_set: bool| match matches.value_source(flag) {
        Some(ValueSource::CommandLine) => "flag".to_owned(),
        Some(ValueSource::EnvVariable) => "environment".to_owned(),
        _ => of_file(is_set),
    };
    let (limits, select) = (&args.limits, &args.select);
    let policy = settings.ranks(select);
    let list = |texts: &[String]| json!(texts);
    let audit = settings.audit(&args.audit);
    let baseline = settings.baseline_target(select);
    let baseline = (!select.no_baseline).then(|| baseline.display().to_string());
    let baseline_from = if select.no_baseline {
        "flag".to_owned()
    } else {
        from("baseline", config.baseline.file.is_some())
    };
    let exclude = [&select.exclude_rule[..], &config.rules.exclude].concat();
    let only = if select.rule.is_empty() {
        &config.rules.only
    } else {
        &select.rule
    };
    let mut files: Vec<String> = select
        .rules
        .iter()
        .map(|p| p.display().to_string())
        .collect();
    files.extend(config.rules.files.iter().cloned());
    let required = config.inline.require.iter().map(|field| field.as_str());
    let required: Vec<&str> = required.collect();
    let mut all = vec![
        (
            "scan.min_confidence",
            json!(policy.0.as_str()),
            from("min_confidence", scan.min_confidence.is_some()),
        ),
        (
            "scan.min_severity",
            json!(policy.1.as_str()),
            from("min_severity", scan.min_severity.is_some()),
        ),
        (
            "scan.max_file_size",
            json!(settings.max_file_size(limits)),
            from("max_file_size", scan.max_file_size.is_some()),
        ),
        (
            "scan.decode_depth",
            json!(settings.decode_depth(limits)),
            from("decode_depth", scan.decode_depth.is_some()),
        ),
        (
            "scan.threads",
            json!(settings.threads(limits)),
            from("threads", scan.threads.is_some()),
        ),
        (
            "paths.ignore",
            list(&config.paths.ignore),
            of_file(!config.paths.ignore.is_empty()),
        ),
        (
            "rules.files",
            list(&files),
            from("rules", !config.rules.files.is_empty()),
        ),
        (
            "rules.only",
            list(only),
            from("rule", !config.rules.only.is_empty()),
        ),
        (
            "rules.exclude",
            list(&exclude),
            from("exclude_rule", !config.rules.exclude.is_empty()),
        ),
        (
            "rule",
            json!(config.rule.len()),
            of_file(!config.rule.is_empty()),
        ),
        (
            "inline.forbid",
            json!(config.inline.forbid || select.no_repo_config),
            from_inline(select, of_file(config.inline.forbid)),
        ),
        (
            "peers.forbid",
            json!(config.peers.forbid || select.no_repo_config),
            from_inline(select, of_file(config.peers.forbid)),
        ),
        (
            "inline.require",
            json!(required),
            of_file(!required.is_empty()),
        ),
        ("baseline.file", json!(baseline), baseline_from),
        (
            "exceptions.max_days",
            json!(terms.max_days),
            of_file(terms.max_days.is_some()),
        ),
        (
            "exceptions.require_approval",
            json!(terms.require_approval),
            of_file(terms.require_approval),
        ),
        (
            "exceptions.require_ticket",
            json!(terms.require_ticket),
            of_file(terms.require_ticket),
        ),
        (
            "exceptions.warn_days",
            json!(settings.warn_days()),
            of_file(terms.warn_days.is_some()),
        ),
        (
            "exception",
            json!(config.exception.len()),
            of_file(!config.exception.is_empty()),
        ),
        (
            "audit.file",
            json!(audit.as_ref().map(|(path, _)| path.display().to_string())),
            from("audit_log", config.audit.file.is_some()),
        ),
        (
            "audit.format",
            json!(
                args.audit
                    .audit_format
                    .or(config.audit.format)
                    .unwrap_or_default()
                    .as_str()
            ),
            from("audit_format", config.audit.format.is_some()),
        ),
    ];
    let mut kinds = Map::new();
    for (kind, of_kind) in &config.kinds {
        let value = json!({
            "severity": of_kind.severity.map(|s| s.as_str()),
            "confidence": of_kind.confidence.map(|c| c.as_str()),
            "silence": of_kind.silence,
        });
        kinds.insert(kind.as_str().to_owned(), value);
    }
    all.push(("kinds", json!(kinds), of_file(!config.kinds.is_empty())));
    all
}

fn from_inline(select: &SelectArgs, file: String) -> String {
    if select.no_repo_config {
        return "flag".to_owned();
    }
    file
}
