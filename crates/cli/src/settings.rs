//! What is in force: flags over environment over `keysieve.toml` over defaults. (clap reads the environment into the
//! flags that name a variable.)

use std::path::{Path, PathBuf};
use std::sync::Arc;

use keysieve_engine::policy::exception::{Exception, ExceptionTerms};
use keysieve_engine::policy::{Attributes, Day, IgnoredPaths, InlineComments, KindPolicy, Policy};
use keysieve_engine::rule::{Rule, RuleFile, RuleSet, RuleSpec, compile};
use keysieve_engine::scan::{Scanner, ScannerBuilder};
use keysieve_engine::{Budget, Confidence, Severity};

use crate::args::{LimitArgs, SelectArgs};
use crate::config::{Config, FILE_NAME, with_suggestion};
use crate::exit::usage;

/// The variable that holds the key of fingerprints.
const FINGERPRINT_KEY: &str = "KEYSIEVE_FINGERPRINT_KEY";

/// The name of the file of known findings at the root of a repository.
pub(crate) const BASELINE_NAME: &str = "keysieve.baseline";

/// A resolved configuration.
#[derive(Debug)]
pub(crate) struct Settings {
    config: Config,
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
    /// Reads the configuration that `args` name, or that stands at `root`.
    pub(crate) fn resolve(args: &SelectArgs, root: &Path) -> anyhow::Result<Self> {
        let repository = root.join(FILE_NAME);
        let path = match &args.config {
            Some(path) => Some(path.clone()),
            None if args.no_repo_config => None,
            None => repository.is_file().then_some(repository),
        };
        let (config, folder) = match &path {
            Some(path) => (
                Config::read(path)?,
                path.parent().unwrap_or(Path::new("")).to_owned(),
            ),
            None => (Config::default(), root.to_owned()),
        };
        let attributes_text = match args.no_repo_config {
            true => None,
            false => read_small(&root.join(".gitattributes")),
        };
        let attributes = attributes_text.as_deref().map(Attributes::parse);
        Ok(Self {
            config,
            root: root.to_owned(),
            folder,
            attributes: attributes.unwrap_or_default(),
            attributes_text,
            no_repo_config: args.no_repo_config,
        })
    }

    /// The rules that run.
    pub(crate) fn rules(&self, args: &SelectArgs) -> anyhow::Result<Arc<RuleSet>> {
        let mut user = user_rules(&args.rules)?;
        let files: Vec<PathBuf> = self
            .config
            .rules
            .files
            .iter()
            .map(|file| self.folder.join(file))
            .collect();
        user.extend(user_rules(&files)?);
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
        let mut budget = Budget::default();
        budget.depth = limits
            .decode_depth
            .or(self.config.scan.decode_depth)
            .unwrap_or(budget.depth);
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
        let scan = &self.config.scan;
        let ignore = self.config.paths.ignore.iter().map(String::as_str);
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
            min_confidence: args
                .min_confidence
                .map(Into::into)
                .or(scan.min_confidence)
                .unwrap_or(Confidence::Medium),
            min_severity: args
                .min_severity
                .map(Into::into)
                .or(scan.min_severity)
                .unwrap_or(Severity::Low),
            inline: if forbid {
                InlineComments::Forbid
            } else {
                InlineComments::Honour
            },
            kinds: kinds.collect(),
            ignored: IgnoredPaths::new(ignore)
                .map_err(|e| usage(format!("{FILE_NAME}: `paths.ignore`: {e}")))?,
            attributes: self.attributes.clone(),
            today: today().to_string(),
        })
    }

    /// The exceptions, each held against the terms.
    pub(crate) fn exceptions(&self) -> anyhow::Result<Vec<Exception>> {
        let config = &self.config.exceptions;
        let terms = ExceptionTerms {
            max_days: config.max_days,
            require_approval: config.require_approval,
            require_ticket: config.require_ticket,
        };
        let mut exceptions: Vec<Exception> = Vec::new();
        for spec in &self.config.exception {
            let exception = Exception::new(spec.clone(), &terms)
                .map_err(|e| usage(format!("{FILE_NAME}: {e}")))?;
            if exceptions.iter().any(|e| e.spec().id == spec.id) {
                let id = &spec.id;
                return Err(usage(format!("{FILE_NAME}: two exceptions are `{id}`")));
            }
            exceptions.push(exception);
        }
        Ok(exceptions)
    }

    /// How many days before its last one an exception is told.
    pub(crate) fn warn_days(&self) -> i64 {
        self.config.exceptions.warn_days.map_or(14, i64::from)
    }

    /// The file of known findings: the one that is asked for, or the repository's if it has one.
    pub(crate) fn baseline(&self, args: &SelectArgs) -> Option<PathBuf> {
        if args.no_baseline {
            return None;
        }
        let path = self.baseline_target(args);
        let is_asked_for = args.baseline.is_some() || self.config.baseline.file.is_some();
        let is_there = || !self.no_repo_config && path.is_file();
        (is_asked_for || is_there()).then_some(path)
    }

    /// Where a baseline is to be written.
    pub(crate) fn baseline_target(&self, args: &SelectArgs) -> PathBuf {
        let configured = self.config.baseline.file.as_ref();
        let configured = configured.map(|file| self.folder.join(file));
        let usual = || self.root.join(BASELINE_NAME);
        let chosen = args.baseline.clone().or(configured);
        chosen.unwrap_or_else(usual)
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
        let name = path.display();
        let text = std::fs::read_to_string(path)
            .map_err(|e| usage(format!("the rule file {name} cannot be read: {e}")))?;
        let file = RuleFile::parse(&text)
            .map_err(|e| usage(format!("{name}: {}", with_suggestion(&e.to_string()))))?;
        for spec in file.rules {
            rules.push(compile_from(spec, &name)?);
        }
    }
    Ok(rules)
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
