//! What is in force: flags over environment over `keysieve.toml` over defaults. (clap reads the environment into the
//! flags that name a variable.)

use std::path::{Path, PathBuf};
use std::sync::Arc;

use keysieve_engine::policy::exception::{Exception, ExceptionTerms};
use keysieve_engine::policy::{Attributes, Day, IgnoredPaths, InlineComments, KindPolicy, Policy};
use keysieve_engine::rule::{Rule, RuleFile, RuleSet, RuleSpec, compile};
use keysieve_engine::scan::{Scanner, ScannerBuilder};
use keysieve_engine::{Budget, Confidence, Severity};

use crate::args::{AuditArgs, LimitArgs, SelectArgs};
use crate::audit::AuditFormat;
use crate::base::Base;
use crate::config::{Config, FILE_NAME, with_suggestion};
use crate::exit::usage;
use crate::peers::Peers;

/// The variable that holds the key of fingerprints.
const FINGERPRINT_KEY: &str = "KEYSIEVE_FINGERPRINT_KEY";

/// The name of the file of known findings at the root of a repository.
pub(crate) const BASELINE_NAME: &str = "keysieve.baseline";

/// A resolved configuration.
#[derive(Debug)]
pub(crate) struct Settings {
    config: Config,
    /// What the configuration was read from, for people.
    file: Option<String>,
    /// The commit that judges, where one was named.
    base: Option<Base>,
    /// The root of the repository, or of the scan.
    root: PathBuf,
    /// The folder that paths in the configuration start from.
    folder: PathBuf,
    /// What `.gitattributes` says of the kinds of files; also as it is written.
    attributes: Attributes,
    attributes_text: Option<String>,
    no_repo_config: bool,
}

impl Settings {
    /// Reads the configuration that `args` name, or that stands at `root`, in its files or in the commit that judges.
    pub(crate) fn resolve(args: &SelectArgs, root: &Path) -> anyhow::Result<Self> {
        let base = args.policy_from.as_deref();
        let base = base
            .map(|revision| Base::open(revision, root))
            .transpose()?;
        let repository = root.join(FILE_NAME);
        let is_none = |path: &Path| !path.is_file();
        let (config, folder, file) = match (&args.config, &base) {
            (Some(path), _) => {
                let folder = path.parent().unwrap_or(Path::new("")).to_owned();
                let name = path.display().to_string();
                (Config::read(path)?, folder, Some(name))
            }
            (None, Some(base)) => match base.read(&repository)? {
                Some(text) => {
                    let name = base.name(&repository);
                    let config = Config::parse_named(&text, &name)?;
                    (config, root.to_owned(), Some(name))
                }
                None => (Config::default(), root.to_owned(), None),
            },
            (None, None) if args.no_repo_config || is_none(&repository) => {
                (Config::default(), root.to_owned(), None)
            }
            (None, None) => {
                let name = repository.display().to_string();
                (Config::read(&repository)?, root.to_owned(), Some(name))
            }
        };
        let attributes = root.join(".gitattributes");
        let attributes_text = match &base {
            _ if args.no_repo_config => None,
            Some(base) => base.read(&attributes)?,
            None => read_small(&attributes),
        };
        let attributes = attributes_text.as_deref().map(Attributes::parse);
        Ok(Self {
            config,
            file,
            base,
            root: root.to_owned(),
            folder,
            attributes: attributes.unwrap_or_default(),
            attributes_text,
            no_repo_config: args.no_repo_config,
        })
    }

    /// The configuration as it is written.
    pub(crate) fn config(&self) -> &Config {
        &self.config
    }

    /// The file that the configuration was read from, if there is one.
    pub(crate) fn file(&self) -> Option<&str> {
        self.file.as_deref()
    }

    /// The rules that run.
    pub(crate) fn rules(&self, args: &SelectArgs) -> anyhow::Result<Arc<RuleSet>> {
        let mut user = user_rules(&args.rules)?;
        for file in &self.config.rules.files {
            user.extend(self.rule_file(file)?);
        }
        for spec in &self.config.rule {
            user.push(compile(spec.clone()).map_err(|e| usage(format!("{FILE_NAME}: {e}")))?);
        }

        let only: Vec<&str> = if args.rule.is_empty() {
            &self.config.rules.only
        } else {
            &args.rule
        }
        .iter()
        .map(String::as_str)
        .collect();
        let exclude: Vec<&str> = args
            .exclude_rule
            .iter()
            .chain(&self.config.rules.exclude)
            .map(String::as_str)
            .collect();
        let ids: Vec<&str> = keysieve_rules::builtin()
            .rules
            .iter()
            .map(|r| &*r.id)
            .chain(user.iter().map(|r| &*r.id))
            .collect();
        if let Some(unknown) = only.iter().chain(&exclude).find(|id| !ids.contains(*id)) {
            return Err(usage(unknown_rule(unknown, &ids)));
        }
        let keep = |rule: &Rule| {
            (only.is_empty() || only.contains(&&*rule.id)) && !exclude.contains(&&*rule.id)
        };
        let rules = RuleSet::select(keysieve_rules::builtin(), user, keep).map_err(usage)?;
        Ok(Arc::new(rules))
    }

    /// The rules of a file that the configuration names.
    pub(crate) fn rule_file(&self, file: &str) -> anyhow::Result<Vec<Rule>> {
        let path = self.folder.join(file);
        let Some(base) = &self.base else {
            return user_rules(&[path]);
        };
        let name = base.name(&path);
        let text = base.read(&path)?;
        let text = text.ok_or_else(|| usage(format!("{name} is not there")))?;
        rules_of(&text, &name)
    }

    /// The scanner.
    pub(crate) fn scanner(&self, args: &SelectArgs, limits: &LimitArgs) -> anyhow::Result<Scanner> {
        let rules = self.rules(args)?;
        Ok(self.builder(args, limits)?.build(rules))
    }

    /// All of the scanner but its rules.
    pub(crate) fn builder(
        &self,
        args: &SelectArgs,
        limits: &LimitArgs,
    ) -> anyhow::Result<ScannerBuilder> {
        let budget = Budget {
            depth: self.decode_depth(limits),
            ..Budget::default()
        };
        let key = std::env::var_os(FINGERPRINT_KEY).filter(|key| !key.is_empty());
        let mut builder = ScannerBuilder::new();
        builder
            .decoders(keysieve_unpack::decoders())
            .dresses(keysieve_unpack::dresses())
            .policy(self.policy(args)?)
            .fingerprint_key(key.as_ref().map(|key| key.as_encoded_bytes()))
            .budget(budget);
        Ok(builder)
    }

    fn policy(&self, args: &SelectArgs) -> anyhow::Result<Policy> {
        let (min_confidence, min_severity) = self.ranks(args);
        let kinds = self.config.kinds.iter().map(|(kind, config)| {
            let (severity, confidence, silence) =
                (config.severity, config.confidence, config.silence);
            (
                *kind,
                KindPolicy {
                    severity,
                    confidence,
                    silence,
                },
            )
        });
        let forbid = self.config.inline.forbid || self.no_repo_config;
        Ok(Policy {
            min_confidence,
            min_severity,
            inline: if forbid {
                InlineComments::Forbid
            } else {
                InlineComments::Honour
            },
            inline_requires: self.config.inline.require.clone(),
            kinds: kinds.collect(),
            ignored: self.ignored_paths()?,
            attributes: self.attributes.clone(),
            today: today().to_string(),
        })
    }

    /// The least confidence and the least severity that are reported.
    pub(crate) fn ranks(&self, args: &SelectArgs) -> (Confidence, Severity) {
        let scan = &self.config.scan;
        let confidence = args.min_confidence.map(Into::into).or(scan.min_confidence);
        let severity = args.min_severity.map(Into::into).or(scan.min_severity);
        (
            confidence.unwrap_or(Confidence::Medium),
            severity.unwrap_or(Severity::Low),
        )
    }

    /// The paths that are not scanned.
    pub(crate) fn ignored_paths(&self) -> anyhow::Result<IgnoredPaths> {
        let name = self.file().unwrap_or(FILE_NAME);
        IgnoredPaths::new(self.config.paths.ignore.iter().map(String::as_str))
            .map_err(|e| usage(format!("{name}: `paths.ignore`: {e}")))
    }

    /// How many encodings are opened inside each other.
    pub(crate) fn decode_depth(&self, limits: &LimitArgs) -> u32 {
        let depth = limits.decode_depth.or(self.config.scan.decode_depth);
        depth.unwrap_or(Budget::default().depth)
    }

    /// What other scanners were told to leave out. Such files lie in the repository as comments do, and say no more of
    /// who answers for what: where those do not count, or must say who does, these do not either.
    pub(crate) fn peers(&self) -> anyhow::Result<Peers> {
        let Config { inline, peers, .. } = &self.config;
        let is_policy = peers.forbid || inline.forbid || !inline.require.is_empty();
        if is_policy || self.no_repo_config {
            return Ok(Peers::default());
        }
        Peers::read(|name| {
            let path = self.root.join(name);
            match &self.base {
                Some(base) => base.read(&path),
                None => Ok(read_small(&path)),
            }
        })
    }

    /// What every exception must keep to.
    pub(crate) fn terms(&self) -> ExceptionTerms {
        let config = &self.config.exceptions;
        ExceptionTerms {
            max_days: config.max_days,
            require_approval: config.require_approval,
            require_ticket: config.require_ticket,
        }
    }

    /// The exceptions, each held against the terms.
    pub(crate) fn exceptions(&self) -> anyhow::Result<Vec<Exception>> {
        let terms = self.terms();
        let name = self.file().unwrap_or(FILE_NAME);
        let mut exceptions: Vec<Exception> = Vec::new();
        for spec in &self.config.exception {
            let exception =
                Exception::new(spec.clone(), &terms).map_err(|e| usage(format!("{name}: {e}")))?;
            if exceptions.iter().any(|e| e.spec().id == spec.id) {
                let id = &spec.id;
                return Err(usage(format!("{name}: two exceptions are `{id}`")));
            }
            exceptions.push(exception);
        }
        Ok(exceptions)
    }

    /// How many days before its last one an exception is told.
    pub(crate) fn warn_days(&self) -> i64 {
        self.config.exceptions.warn_days.map_or(14, i64::from)
    }

    /// The file of known findings and its text: the one that is asked for, or the repository's if it has one.
    pub(crate) fn baseline(&self, args: &SelectArgs) -> anyhow::Result<Option<(String, String)>> {
        if args.no_baseline {
            return Ok(None);
        }
        let path = self.baseline_target(args);
        if let Some(base) = self.base.as_ref().filter(|base| base.has_place_of(&path)) {
            let text = base.read(&path)?;
            return Ok(text.map(|text| (base.name(&path), text)));
        }
        let is_asked_for = args.baseline.is_some() || self.config.baseline.file.is_some();
        let is_there = || !self.no_repo_config && path.is_file();
        if !is_asked_for && !is_there() {
            return Ok(None);
        }
        let name = path.display().to_string();
        Ok(Some((name, crate::gate::text(&path)?)))
    }

    /// The baseline that the configuration names, or its path where there is no such file.
    pub(crate) fn configured_baseline(&self) -> Option<Result<PathBuf, PathBuf>> {
        let path = self.folder.join(self.config.baseline.file.as_ref()?);
        Some(if path.is_file() { Ok(path) } else { Err(path) })
    }

    /// Where a baseline is to be written.
    pub(crate) fn baseline_target(&self, args: &SelectArgs) -> PathBuf {
        let configured = self.config.baseline.file.as_ref();
        let configured = configured.map(|file| self.folder.join(file));
        let usual = || self.root.join(BASELINE_NAME);
        let chosen = args.baseline.clone().or(configured);
        chosen.unwrap_or_else(usual)
    }

    /// The audit log, if there is one, and the format of its events.
    pub(crate) fn audit(&self, args: &AuditArgs) -> Option<(PathBuf, AuditFormat)> {
        let config = &self.config.audit;
        let configured = config.file.as_ref().map(|file| self.folder.join(file));
        let path = args.audit_log.clone().or(configured)?;
        let format = args.audit_format.or(config.format).unwrap_or_default();
        Some((path, format))
    }

    /// All that decides whether something is found in a content, but for the program itself, as a text to compare.
    /// How findings are ranked and which are reported is no part of it, but for whether what must be of low confidence is
    /// looked for. Ask before the scan: rules compile while it runs.
    pub(crate) fn basis(&self, scanner: &Scanner, limits: &LimitArgs) -> String {
        let rules: Vec<&Rule> = scanner.rules().rules().collect();
        let ids: Vec<&str> = rules.iter().map(|rule| &*rule.id).collect();
        let builtin = keysieve_rules::builtin().rules;
        let users = rules
            .iter()
            .filter(|rule| !builtin.iter().any(|own| std::ptr::eq(own, **rule)));
        let users: Vec<_> = users.collect();
        let depth = limits.decode_depth.or(self.config.scan.decode_depth);
        let most = self.max_file_size(limits);
        let ignored = &self.config.paths.ignore;
        let beside = scanner.looks_beside();
        let places = (ignored, &self.attributes_text);
        format!("{:?}", (ids, users, depth, most, places, beside))
    }

    /// The largest file that is read.
    pub(crate) fn max_file_size(&self, limits: &LimitArgs) -> Option<u64> {
        limits.max_file_size.or(self.config.scan.max_file_size)
    }

    /// Threads; 0 for one each core.
    pub(crate) fn threads(&self, limits: &LimitArgs) -> usize {
        limits
            .threads
            .or(self.config.scan.threads)
            .map_or(0, usize::from)
    }
}

/// Today, in UTC.
pub(crate) fn today() -> Day {
    let today = jiff::Timestamp::now().strftime("%Y-%m-%d").to_string();
    today.parse().expect("years have four digits until 9999")
}

/// The text of a small regular file that the scanned repository brings along; `None` for anything else, which could keep
/// a scan waiting or fill the memory.
fn read_small(path: &Path) -> Option<String> {
    const MAX: u64 = 1 << 20;
    let regular = std::fs::symlink_metadata(path).is_ok_and(|m| m.is_file() && m.len() <= MAX);
    regular
        .then(|| std::fs::read_to_string(path).ok())
        .flatten()
}

/// Reads and compiles rule files.
pub(crate) fn user_rules(files: &[PathBuf]) -> anyhow::Result<Vec<Rule>> {
    let mut rules = Vec::new();
    for path in files {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path)
            .map_err(|e| usage(format!("the rule file {name} cannot be read: {e}")))?;
        rules.extend(rules_of(&text, &name)?);
    }
    Ok(rules)
}

/// Compiles the rules of a file.
fn rules_of(text: &str, name: &str) -> anyhow::Result<Vec<Rule>> {
    let file = RuleFile::parse(text)
        .map_err(|e| usage(format!("{name}: {}", with_suggestion(&e.to_string()))))?;
    let specs = file.rules.into_iter();
    specs.map(|spec| compile_from(spec, &name)).collect()
}

fn compile_from(spec: RuleSpec, name: &dyn std::fmt::Display) -> anyhow::Result<Rule> {
    compile(spec).map_err(|e| usage(format!("{name}: {e}")))
}

/// The message for a rule id that no rule has.
pub(crate) fn unknown_rule(id: &str, known: &[&str]) -> String {
    let nearest = known
        .iter()
        .map(|k| (strsim::damerau_levenshtein(id, k), *k))
        .min();
    match nearest {
        Some((distance, near)) if distance <= 2 + id.len() / 4 => {
            format!("no rule has the id `{id}`; did you mean `{near}`?")
        }
        _ => format!("no rule has the id `{id}`; `keysieve rules list` has them all"),
    }
}
