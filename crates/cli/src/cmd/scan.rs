//! `keysieve scan`.

use std::fs::File;
use std::io::{IsTerminal as _, Read as _};
use std::path::PathBuf;
use std::sync::atomic::Ordering::Relaxed;
use std::thread;

use clap::ColorChoice;
use keysieve_engine::{Issue, IssueKind, Origin, Sink as _};

use crate::args::{OutputArgs, OutputSpec, ScanArgs};
use crate::collect::Collector;
use crate::exit::{Exit, usage};
use crate::input::{self, Place, WalkOptions};
use crate::output::Output;
use crate::report::{Format, Options, Report, Reveal, Summary, Texts};
use crate::settings::Settings;
use crate::{interrupt, progress};

/// Scans and reports.
pub(crate) fn run(args: &ScanArgs) -> anyhow::Result<Exit> {
    let place = Place::of(&args.paths)?;
    let settings = Settings::resolve(&args.select, &place.root)?;
    let scanner = settings.scanner(&args.select, &args.walk)?;
    let outputs = outputs(&args.output)?;
    let interrupt = interrupt::flag()?;
    let walk = WalkOptions {
        threads: settings.threads(&args.walk),
        honour_ignore_files: !args.walk.no_ignore,
        max_file_size: settings.max_file_size(&args.walk),
    };
    let source = input::source(&args.paths, &place.root, &walk, &interrupt)?;

    let collector = Collector::default();
    if let Some(problem) = &place.problem {
        let message = format!("the git repository cannot be opened: {problem}");
        collector.issue(Issue::general(IssueKind::Unreadable, message));
    }
    let session = scanner.session(&collector, &interrupt);
    thread::scope(|scope| {
        let _line = progress::start(scope, session.stats(), args.output.progress);
        source.walk(&session)
    })?;
    let counts = session.stats().counts();

    let (findings, issues) = collector.into_parts();
    let interrupted = interrupt.load(Relaxed);
    let summary = Summary {
        command: "scan",
        counts,
        interrupted,
        complete: issues.is_empty() && !interrupted,
        directory: place.root.clone(),
        repository: place.repository,
    };
    let report = Report::new(scanner.rules().clone(), findings, issues, summary);
    let texts = Files { root: place.root };
    for (format, output) in outputs {
        let options = options(&args.output, &output, &texts);
        output.write(|out| format.write(&report, &options, out))?;
    }
    Ok(exit(&report, &args.output))
}

/// The reports that were asked for, each with its place.
fn outputs(args: &OutputArgs) -> anyhow::Result<Vec<(Format, Output)>> {
    let human = [OutputSpec {
        format: Format::Human,
        file: None,
    }];
    let specs = if args.format.is_empty() {
        &human[..]
    } else {
        &args.format
    };
    if specs.iter().filter(|spec| spec.file.is_none()).count() > 1 {
        return Err(usage(
            "only one format can go to standard output: give the others a file, as in `-f sarif=FILE`",
        ));
    }
    if args.output.is_some() && specs.iter().all(|spec| spec.file.is_some()) {
        return Err(usage(
            "`--output` has nothing to write: each `--format` names its own file",
        ));
    }
    let open = |spec: &OutputSpec| {
        let path = spec.file.as_deref().or(args.output.as_deref());
        Ok((spec.format, Output::open(path)?))
    };
    specs.iter().map(open).collect()
}

fn options<'a>(args: &OutputArgs, output: &Output, texts: &'a dyn Texts) -> Options<'a> {
    let terminal = matches!(output, Output::Stdout) && std::io::stdout().is_terminal();
    Options {
        reveal: if args.reveal {
            Reveal::Plain
        } else {
            Reveal::Masked
        },
        color: match args.color {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => {
                terminal
                    && anstream::AutoStream::choice(&std::io::stdout())
                        != anstream::ColorChoice::Never
            }
        },
        verbose: args.verbose,
        quiet: args.quiet,
        sarif_suppressed: args.sarif_suppressed,
        category: args.sarif_category.clone(),
        texts,
    }
}

fn exit(report: &Report, args: &OutputArgs) -> Exit {
    let found = report.reported().next().is_some();
    match (report.summary.interrupted, found, report.summary.complete) {
        (true, ..) => Exit::Failed,
        (_, true, _) if args.exit_zero => Exit::Clean,
        (_, true, _) => args.exit_code.map_or(Exit::Findings, Exit::Chosen),
        (_, false, true) => Exit::Clean,
        (_, false, false) => Exit::Incomplete,
    }
}

/// Reads scanned files again, for the fingerprints of their lines.
#[derive(Debug)]
struct Files {
    root: PathBuf,
}

/// Files that are longer are not read again.
const MAX_TEXT: u64 = 64 << 20;

impl Texts for Files {
    fn text(&self, origin: &Origin) -> Option<Vec<u8>> {
        let Origin::File(path) = origin.root() else {
            return None;
        };
        let file = File::open(self.root.join(path)).ok()?;
        let metadata = file.metadata().ok()?;
        if !metadata.is_file() || metadata.len() > MAX_TEXT {
            return None;
        }
        let mut text = Vec::new();
        file.take(MAX_TEXT).read_to_end(&mut text).ok()?;
        Some(text)
    }
}
