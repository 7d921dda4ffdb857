//! What all commands have in common: the configuration, what is left out, the report, the exit code.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use keysieve_gitleaks::source::Buffers;
use keysieve_gitleaks::{Baseline, Config, Detector, Finding, Fragment, Ignores, Options, Scratch};

use super::args::CommonArgs;
use super::builtin::{self, Builtin};
use super::log::{Level, Log};
use super::report::Format;
use super::{Failure, UNKNOWN_FLAG, verbose};

/// A scan that is ready to run.
pub(super) struct Run<'a> {
    pub(super) args: &'a CommonArgs,
    pub(super) log: Log,
    pub(super) source: &'a Path,
    detector: Detector,
    builtin: Option<Builtin>,
    ignores: Ignores,
    baseline: Option<Baseline>,
    /// Paths of the configuration and of the baseline, which are not scanned.
    own: Vec<String>,
    report: Option<(PathBuf, Format)>,
    started: Instant,
    bytes: AtomicU64,
}

/// A thread's part of a scan.
pub(super) struct Worker<'r> {
    run: &'r Run<'r>,
    scratch: Scratch,
    /// For files; taken while one is read.
    pub(super) buffers: Option<Buffers>,
}

/// How a scan ended.
pub(super) struct Ended {
    pub(super) findings: Vec<Finding>,
    /// Why it did not see everything.
    pub(super) error: Option<String>,
}

impl<'a> Run<'a> {
    /// Reads all that a scan of `source` depends on.
    pub(super) fn new(args: &'a CommonArgs, log: Log, source: &'a Path) -> Result<Self, Failure> {
        let started = Instant::now();
        if args.report_template.is_some()
            || args.report_format.trim().eq_ignore_ascii_case("template")
        {
            return Err(Failure {
                message: "report templates are templates of Go, which this program does not run: use json, csv, \
                          junit or sarif"
                    .into(),
                code: UNKNOWN_FLAG,
            });
        }
        if args.diagnostics.is_some() {
            log.say(Level::Warn, "--diagnostics has no effect");
        }
        let config = config(args, source)?;
        for warning in &config.warnings {
            log.say(Level::Warn, warning);
        }
        for id in &args.enable_rule {
            let known = config.rules.iter().any(|rule| rule.id == *id)
                || config.use_default && builtin::exists(id);
            if !known {
                return Err(format!("Requested rule {id} not found in rules").into());
            }
        }
        let own_config = match &args.config {
            Some(path) => path.clone(),
            None => source
                .components()
                .collect::<PathBuf>()
                .join(".gitleaks.toml"),
        };
        let own_config = own_config.strip_prefix(".").unwrap_or(&own_config);
        let mut own = vec![own_config.to_string_lossy().into_owned()];
        let baseline = args.baseline_path.as_ref().and_then(|path| {
            own.push(relative(source, path));
            match read_baseline(path) {
                Ok(baseline) => Some(baseline),
                Err(error) => {
                    log.say(
                        Level::Error,
                        format_args!("could not load baseline: {error}"),
                    );
                    None
                }
            }
        });
        let options = Options {
            max_decode_depth: args.max_decode_depth.max(0) as usize,
            ignore_allow: args.ignore_gitleaks_allow,
            max_megabytes: args.max_target_megabytes,
            enabled: args.enable_rule.clone(),
        };
        let builtin = config
            .use_default
            .then(|| Builtin::new(&config, args))
            .transpose()?;
        Ok(Self {
            builtin,
            detector: Detector::new(config, options)?,
            ignores: ignores(args, source, log)?,
            baseline,
            own,
            report: report(args)?,
            args,
            log,
            source,
            started,
            bytes: AtomicU64::new(0),
        })
    }

    /// The configuration.
    pub(super) fn config(&self) -> &Config {
        self.detector.config()
    }

    /// What scans, if that is nothing but the rules of a configuration.
    pub(super) fn only_detector(&self) -> Option<&Detector> {
        self.builtin.is_none().then_some(&self.detector)
    }

    /// The part of one thread.
    pub(super) fn worker(&self) -> Worker<'_> {
        Worker {
            run: self,
            scratch: Scratch::default(),
            buffers: None,
        }
    }

    /// Whether the time that was given is over.
    pub(super) fn is_over(&self) -> bool {
        let seconds = u64::try_from(self.args.timeout).unwrap_or(0);
        seconds > 0 && self.started.elapsed() >= Duration::from_secs(seconds)
    }

    /// How many threads scan.
    pub(super) fn threads() -> usize {
        std::thread::available_parallelism().map_or(1, Into::into)
    }

    /// Says and writes what was found.
    pub(super) fn end(&self, ended: Ended) -> Result<u8, Failure> {
        let Ended {
            mut findings,
            mut error,
        } = ended;
        if self.is_over() {
            error.get_or_insert_with(|| "the time is over (--timeout)".into());
        }
        for finding in &mut findings {
            finding.redact(self.args.redact);
        }
        if self.args.verbose {
            let mut out = io::stdout().lock();
            for finding in &findings {
                verbose::print(finding, self.args.no_color, &mut out)?;
            }
        }
        let elapsed = self.started.elapsed().as_millis();
        let bytes = self.bytes.load(Relaxed);
        let count = findings.len();
        if let Some(error) = &error {
            self.log.say(Level::Error, error);
            self.log.say(
                Level::Warn,
                format_args!("partial scan: {bytes} bytes in {elapsed} ms"),
            );
        } else {
            self.log.say(
                Level::Info,
                format_args!("scanned ~{bytes} bytes in {elapsed} ms"),
            );
        }
        if count > 0 {
            self.log
                .say(Level::Warn, format_args!("leaks found: {count}"));
        } else {
            self.log.say(Level::Info, "no leaks found");
        }
        if let Some((path, format)) = &self.report {
            self.write(path, *format, &findings)
                .map_err(|e| format!("failed to write report {}: {e}", path.display()))?;
        }
        Ok(match (error, count) {
            (Some(_), _) => super::FAILED,
            (None, 0) => 0,
            // As the shell sees the code: its last byte.
            (None, _) => self.args.exit_code as u8,
        })
    }

    fn write(&self, path: &Path, format: Format, findings: &[Finding]) -> io::Result<()> {
        let own = self.config().rules.iter();
        let mut rules: Vec<_> = own
            .map(|rule| (rule.id.clone(), rule.description.clone()))
            .collect();
        if let Some(builtin) = &self.builtin {
            rules.extend(builtin.lines());
            rules.sort();
            rules.dedup_by(|a, b| a.0 == b.0);
        }
        let mut text = Vec::new();
        format.write(findings, &rules, &mut text)?;
        if path == Path::new("-") {
            let mut out = io::stdout().lock();
            out.write_all(&text)?;
            return out.flush();
        }
        fs::write(path, text)
    }
}

impl Worker<'_> {
    /// Scans a fragment, and adds what is to be reported.
    pub(super) fn scan(&mut self, fragment: &Fragment<'_>, findings: &mut Vec<Finding>) {
        let run = self.run;
        run.bytes.fetch_add(fragment.text.len() as u64, Relaxed);
        if run.own.iter().any(|own| own == fragment.path) {
            return;
        }
        let found = run.detector.detect(fragment, &mut self.scratch);
        let beside = run
            .builtin
            .as_ref()
            .map_or_else(Vec::new, |builtin| builtin.scan(fragment));
        let beside: Vec<_> = beside
            .into_iter()
            .filter(|(finding, names)| {
                // A rule of the configuration says more of the secret that it finds too.
                let same = |own: &Finding| {
                    own.start_line == finding.start_line && own.secret == finding.secret
                };
                !run.config().allows(finding, names) && !found.iter().any(same)
            })
            .collect();
        let found = found.into_iter().map(|finding| (finding, Vec::new()));
        for (finding, names) in found.chain(beside) {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let known =
                |baseline: &Baseline| baseline.contains(&finding, &names, run.args.redact > 0);
            if !run.ignores.contains(&finding, &names) && !run.baseline.as_ref().is_some_and(known)
            {
                findings.push(finding);
            }
        }
    }
}

/// Does `work` on as many threads as there are cores, and gives what each of the `count` parts found, in their order.
pub(super) fn parallel<'r, T: Send>(
    run: &'r Run<'r>,
    count: usize,
    work: impl Fn(usize, &mut Worker<'r>) -> T + Sync,
) -> Vec<T> {
    let next = std::sync::atomic::AtomicUsize::new(0);
    let done = Mutex::new(Vec::with_capacity(count));
    std::thread::scope(|scope| {
        for _ in 0..Run::threads().min(count) {
            scope.spawn(|| {
                let mut worker = run.worker();
                let mut own = Vec::new();
                loop {
                    let at = next.fetch_add(1, Relaxed);
                    if at >= count || run.is_over() {
                        break;
                    }
                    own.push((at, work(at, &mut worker)));
                }
                done.lock()
                    .expect("no thread panics with the lock")
                    .extend(own);
            });
        }
    });
    let mut done = done.into_inner().expect("all threads have ended");
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, found)| found).collect()
}

/// The configuration that is in force.
fn config(args: &CommonArgs, source: &Path) -> Result<Config, Failure> {
    let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    if let Some(path) = &args.config {
        return Ok(Config::load(path)?);
    }
    if let Some(path) = variable("GITLEAKS_CONFIG") {
        return Ok(Config::load(Path::new(&path))?);
    }
    if let Some(text) = variable("GITLEAKS_CONFIG_TOML") {
        let text = text
            .into_string()
            .map_err(|_| "GITLEAKS_CONFIG_TOML is no UTF-8".to_owned())?;
        return Config::parse(&text).map_err(|e| format!("GITLEAKS_CONFIG_TOML: {e}").into());
    }
    let data = fs::metadata(source).map_err(|e| format!("{}: {e}", source.display()))?;
    let path = source.join(".gitleaks.toml");
    if data.is_dir() && path.exists() {
        return Ok(Config::load(&path)?);
    }
    Ok(Config::builtin())
}

fn ignores(args: &CommonArgs, source: &Path, log: Log) -> Result<Ignores, Failure> {
    let mut ignores = Ignores::default();
    let given = &args.gitleaks_ignore_path;
    for path in [
        given.clone(),
        given.join(".gitleaksignore"),
        source.join(".gitleaksignore"),
    ] {
        if !path.is_file() {
            continue;
        }
        let text = fs::read(&path).map_err(|e| format!("{}: {e}", path.display()))?;
        for line in ignores.add(&String::from_utf8_lossy(&text)) {
            log.say(
                Level::Warn,
                format_args!("{}: no fingerprint: {line}", path.display()),
            );
        }
    }
    Ok(ignores)
}

fn read_baseline(path: &Path) -> Result<Baseline, String> {
    let json = fs::read(path).map_err(|e| format!("{}: {e}", path.display()))?;
    Baseline::parse(&json).map_err(|e| format!("{}: {e}", path.display()))
}

/// `path` as it is called from within `source`.
fn relative(source: &Path, path: &Path) -> String {
    let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let (source, path) = (absolute(source), absolute(path));
    path.strip_prefix(&source)
        .unwrap_or(&path)
        .to_string_lossy()
        .into_owned()
}

/// Where the report goes and how; that it can be written is tried before the scan.
fn report(args: &CommonArgs) -> Result<Option<(PathBuf, Format)>, Failure> {
    let Some(path) = args
        .report_path
        .as_ref()
        .filter(|path| !path.as_os_str().is_empty())
    else {
        return Ok(None);
    };
    if path != Path::new("-") {
        File::create(path)
            .and_then(|_| fs::remove_file(path))
            .map_err(|e| format!("Report path is not writable: {}: {e}", path.display()))?;
    }
    let name = match args.report_format.as_str() {
        "" => match path.extension().and_then(|extension| extension.to_str()) {
            Some(extension) if !extension.eq_ignore_ascii_case("junit") => extension,
            _ => "",
        },
        name => name,
    };
    let format = Format::named(name).ok_or_else(|| format!("unknown report format {name}"))?;
    Ok(Some((path.clone(), format)))
}
