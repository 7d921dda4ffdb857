//! What every scanning command does: settings, scan, reports, exit code.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

use clap::ColorChoice;
use keysieve_engine::policy::baseline::{Baseline, Entry};
use keysieve_engine::scan::{Scanner, Session};
use keysieve_engine::source::{Source, SourceError};
use keysieve_engine::{Counts, Issue, IssueKind, Origin, Sink as _};
use keysieve_git::{Earlier, Fate, Stand, suppress_known};

use crate::args::{CommonArgs, OutputArgs, OutputSpec};
use crate::audit::{Log, of_report};
use crate::collect::Collector;
use crate::exceptions::Exceptions;
use crate::exit::{Exit, usage};
use crate::gate::{Gate, Heads, Passed, Reached};
use crate::input::Place;
use crate::output::Output;
use crate::report::{
    Format, Options, Past, Report, Reported, Reveal, Summary, Texts, key_of_path, key_of_place,
    path_of_key,
};
use crate::settings::Settings;
use crate::{clock, interrupt, progress};

/// A scan that is ready to run: all that could be wrong with its command line and its configuration was looked at.
pub(crate) struct Job<'a> {
    command: Command,
    args: &'a CommonArgs,
    place: Place,
    settings: Settings,
    scanner: Scanner,
    gate: Gate,
    outputs: Vec<(Format, Output)>,
    log: Option<Log>,
    interrupt: Arc<AtomicBool>,
}

/// Which command scans.
#[derive(Clone, Copy)]
pub(crate) struct Command {
    /// Its name, for the report.
    pub(crate) name: &'static str,
    /// The category of its run in SARIF.
    pub(crate) category: &'static str,
    /// Whether it comes to every file of what it scans, also when it runs again and remembers the run before.
    pub(crate) comes_to_all: bool,
}

/// What a command does to findings before they are reported; what it knows of where they come from.
pub(crate) type Judge<'a> = &'a dyn Fn(&Scanner, &mut [Reported]) -> Past;

/// Hands what there is to the visitors of a session.
pub(crate) type Drive<'a> = &'a dyn Fn(&Session<'_>) -> Result<(), SourceError>;

/// Says how far a scan has come, for people.
pub(crate) type HowFar<'a> = &'a (dyn Fn(Duration) -> String + Sync);

impl<'a> Job<'a> {
    /// Resolves the settings and opens the reports.
    pub(crate) fn new(
        command: Command,
        place: Place,
        args: &'a CommonArgs,
    ) -> anyhow::Result<Self> {
        let settings = Settings::resolve(&args.select, &place.root)?;
        let scanner = settings.scanner(&args.select, &args.limits)?;
        let gate = Gate::new(&settings, &args.select, &scanner.key_id())?;
        let log = settings.audit(&args.output.audit);
        let log = log.map(|(path, format)| Log::open(&path, format));
        Ok(Self {
            command,
            args,
            place,
            settings,
            scanner,
            gate,
            outputs: outputs(&args.output)?,
            log: log.transpose()?,
            interrupt: interrupt::flag()?,
        })
    }

    /// Without a baseline, or with the one that `old` reads, to bring it up to date. Gives its place, too.
    pub(crate) fn for_baseline(
        mut self,
        old: Option<fn(&Path, &str) -> anyhow::Result<Baseline>>,
    ) -> anyhow::Result<(Self, PathBuf)> {
        let path = self.settings.baseline_target(&self.args.select);
        if let Some(read) = old {
            let baseline = read(&path, &self.key())?;
            self.gate = self.gate.updating(baseline);
        }
        Ok((self, path))
    }

    /// Names the key of the fingerprints.
    pub(crate) fn key(&self) -> String {
        self.scanner.key_id()
    }

    /// The exceptions in force.
    pub(crate) fn exceptions(&self) -> &Arc<Exceptions> {
        self.gate.exceptions()
    }

    /// Where the scan stands.
    pub(crate) fn place(&self) -> &Place {
        &self.place
    }

    /// The flag that Ctrl-C sets.
    pub(crate) fn interrupt(&self) -> &Arc<AtomicBool> {
        &self.interrupt
    }

    /// How many threads scan; 0 for one a core.
    pub(crate) fn threads(&self) -> usize {
        self.settings.threads(&self.args.limits)
    }

    /// The largest content that is scanned, in bytes.
    pub(crate) fn max_file_size(&self) -> Option<u64> {
        self.settings.max_file_size(&self.args.limits)
    }

    /// What decides whether something is found in a content, as a text to compare.
    pub(crate) fn basis(&self) -> String {
        self.settings.basis(&self.scanner, &self.args.limits)
    }

    /// Scans `source` and reports; `texts` gives the contents again.
    pub(crate) fn run(
        self,
        source: &dyn Source,
        texts: &dyn Texts,
        judge: Judge<'_>,
    ) -> anyhow::Result<Exit> {
        self.run_with(&|session| source.walk(session), texts, None, judge)
    }

    /// As [`Job::run`]; `drive` walks, and `how_far` says how far the source has come.
    pub(crate) fn run_with(
        mut self,
        drive: Drive<'_>,
        texts: &dyn Texts,
        how_far: Option<HowFar<'_>>,
        judge: Judge<'_>,
    ) -> anyhow::Result<Exit> {
        let (output, category) = (&self.args.output, self.command.category);
        let outputs = std::mem::take(&mut self.outputs);
        let (log, exceptions) = (self.log.take(), self.exceptions().clone());
        let (report, _) = self.report(drive, texts, how_far, judge)?;
        let exit = exit(&report, output);
        // The reports are written also where the log cannot be, and the run fails then.
        let logged = match log {
            Some(log) => log.append(&of_report(&report, &exceptions, exit)),
            None => Ok(()),
        };
        write(outputs, &report, output, category, texts)?;
        logged?;
        Ok(exit)
    }

    /// Scans, and gives the report instead of writing it, and what is left of the baseline if there is one.
    pub(crate) fn report(
        self,
        drive: Drive<'_>,
        texts: &dyn Texts,
        how_far: Option<HowFar<'_>>,
        judge: Judge<'_>,
    ) -> anyhow::Result<(Report, Option<Baseline>)> {
        let Self {
            scanner,
            place,
            interrupt,
            ..
        } = self;
        let output = &self.args.output;
        let collector = Collector::default();
        if let Some(problem) = &place.problem {
            let message = format!("the git repository cannot be opened: {problem}");
            collector.issue(Issue::general(IssueKind::Unreadable, message));
        }
        let started = clock::now();
        let mut summary = Summary {
            command: self.command.name,
            counts: Counts::default(),
            interrupted: false,
            complete: false,
            directory: place.root,
            repository: place.repository,
            time: (started, started),
        };
        let reached = Reached::default();
        let see = |origin: &Origin| reached.add(&self.gate, key_of_place(origin, &summary));
        let mut session = scanner.session(&collector, &interrupt);
        if self.gate.has_baseline() && self.command.comes_to_all {
            session = session.seen_by(&see);
        }
        let scanned = |elapsed| progress::scanned(session.stats(), elapsed);
        let how_far = how_far.unwrap_or(&scanned);
        thread::scope(|scope| {
            let _line = progress::start(scope, how_far, output.progress);
            drive(&session)
        })?;
        let counts = session.stats().counts();

        let (mut findings, issues) = collector.into_parts();
        let past = judge(&scanner, &mut findings);
        for issue in &issues {
            if let Some(origin) = &issue.origin {
                reached.remove(&key_of_place(origin, &summary));
            }
        }
        let interrupted = interrupt.load(Relaxed);
        summary.counts = counts;
        summary.time.1 = clock::now();
        summary.interrupted = interrupted;
        summary.complete = issues.is_empty() && !interrupted;
        let rules = scanner.rules().clone();
        let newest = Newest {
            texts,
            gate: &self.gate,
            reached: &reached,
            summary: &summary,
        };
        let Passed { notes, left } =
            self.gate
                .apply(&rules, &mut findings, &summary, &past, &newest);
        let report = Report::new(rules, findings, issues, summary, past, notes);
        Ok((report, left))
    }
}

/// The newest states of what was scanned.
struct Newest<'a> {
    texts: &'a dyn Texts,
    gate: &'a Gate,
    reached: &'a Reached,
    summary: &'a Summary,
}

impl Heads for Newest<'_> {
    fn count(&self) -> usize {
        self.texts.heads()
    }

    fn lost(&self, head: usize, entry: Entry<'_>) -> bool {
        let path = path_of_key(entry.path, self.summary);
        // A file is taken for there where its name cannot be told.
        let fate = path.map_or(Fate::Stays, |path| self.texts.fate(head, &path));
        match fate {
            Fate::Gone => true,
            Fate::Stays => self.reached.has(entry.path),
            Fate::Unseen => false,
            // It stands there as it did, or out of the baseline's sight.
            Fate::Moved(to) => {
                let path = &*key_of_path(&to, self.summary);
                self.gate.excepts(Entry { path, ..entry }, self.summary)
            }
        }
    }

    fn stand(&self, head: usize, origin: &Origin) -> Stand {
        self.texts.stand(head, origin)
    }
}

/// Suppresses what a change did not add.
pub(crate) fn added(change: &dyn Earlier) -> impl Fn(&Scanner, &mut [Reported]) -> Past {
    |scanner, findings| {
        let findings = findings
            .iter_mut()
            .map(|r| (&mut r.finding, &mut r.verdict));
        suppress_known(change, scanner, findings);
        Past::default()
    }
}

/// Writes a report in each form that was asked for.
pub(crate) fn write(
    outputs: Vec<(Format, Output)>,
    report: &Report,
    args: &OutputArgs,
    category: &str,
    texts: &dyn Texts,
) -> anyhow::Result<()> {
    for (format, out) in outputs {
        let options = options(args, category, &out, texts);
        let left_out = out.write(|out| format.write(report, &options, out))?;
        if left_out > 0 {
            let name = format.name();
            anstream::eprintln!(
                "keysieve: the {name} report has no room for {left_out} findings, the least important"
            );
        }
    }
    Ok(())
}

/// The reports that were asked for, each with its place.
pub(crate) fn outputs(args: &OutputArgs) -> anyhow::Result<Vec<(Format, Output)>> {
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

fn options<'a>(
    args: &OutputArgs,
    category: &str,
    output: &Output,
    texts: &'a dyn Texts,
) -> Options<'a> {
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
        category: args
            .sarif_category
            .as_deref()
            .unwrap_or(category)
            .to_owned(),
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
