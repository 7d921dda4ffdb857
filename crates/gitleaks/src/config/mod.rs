//! A `.gitleaks.toml`: rules, allowlists, and what it extends.
//!
//! gitleaks reads its configuration leniently (names in any case, a string where a list should be, unknown names
//! ignored), and so does this. What it refuses is refused here too.

mod allowlist;
mod read;

use std::path::{Path, PathBuf};

pub use allowlist::{Allowlist, Target};
pub(crate) use allowlist::{Place, lower, lower_bytes};

use crate::finding::Finding;
use crate::pattern::Pattern;
use std::sync::Arc;

/// How many files deep a configuration may extend others.
const DEEPEST: usize = 2;

/// What is wrong with a configuration.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Error(pub(crate) String);

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Error {}

/// A rule of a configuration.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Its id.
    pub id: String,
    /// What it finds.
    pub description: String,
    /// What matches.
    pub regex: Option<Arc<Pattern>>,
    /// Which files it looks at, or is about.
    pub path: Option<Arc<Pattern>>,
    /// Which group is the secret; 0 for the first that is not empty.
    pub secret_group: usize,
    /// The entropy that a secret must exceed, in bits a character; 0 for none.
    pub entropy: f64,
    /// One of these must stand in the text, in lower case; none for no such condition.
    pub keywords: Vec<String>,
    /// Tags for the report.
    pub tags: Vec<String>,
    /// What it must not report.
    pub allowlists: Vec<Arc<Allowlist>>,
    /// What must be found beside it.
    pub required: Vec<Required>,
    /// Whether it only serves other rules.
    pub skip_report: bool,
}

/// Another rule that must find something near.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Required {
    /// The id of the other rule.
    pub rule: String,
    /// At most so many lines away.
    pub within_lines: Option<i64>,
    /// At most so many columns away.
    pub within_columns: Option<i64>,
}

/// A configuration, with all that it extends.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// Its title.
    pub title: String,
    /// The rules in the order of reports.
    pub rules: Vec<Rule>,
    /// What no rule must report.
    pub allowlists: Vec<Arc<Allowlist>>,
    /// Whether the built-in rules apply too.
    pub use_default: bool,
    /// Ids of rules that are not taken from what is extended.
    pub disabled: Vec<String>,
    /// What a user should know of it.
    pub warnings: Vec<String>,
}

impl Config {
    /// What is in force without any configuration: the built-in rules.
    pub fn builtin() -> Self {
        Self {
            use_default: true,
            ..Self::default()
        }
    }

    /// Reads the file at `path`, and what it extends (relative to the working directory, as gitleaks does).
    pub fn load(path: &Path) -> Result<Self, Error> {
        let text =
            std::fs::read_to_string(path).map_err(|e| Error(format!("{}: {e}", path.display())))?;
        Self::at_depth(&text, 0).map_err(|e| Error(format!("{}: {e}", path.display())))
    }

    /// Reads a configuration from text.
    pub fn parse(text: &str) -> Result<Self, Error> {
        Self::at_depth(text, 0)
    }

    fn at_depth(text: &str, depth: usize) -> Result<Self, Error> {
        let written = read::Written::parse(text)?;
        let mut config = Self {
            title: written.title,
            ..Self::default()
        };
        for rule in written.rules {
            // A later rule of the same id replaces the earlier one.
            config.rules.retain(|known| known.id != rule.id);
            config.rules.push(rule);
        }
        for rule in &config.rules {
            for required in &rule.required {
                if !config.rules.iter().any(|known| known.id == required.rule) {
                    return Err(Error(format!(
                        "rule `{}`: the required rule `{}` does not exist",
                        rule.id, required.rule
                    )));
                }
            }
        }
        let mut targeted = Vec::new();
        for (targets, allowlist) in written.allowlists {
            let allowlist = Arc::new(allowlist);
            if targets.is_empty() {
                config.allowlists.push(allowlist);
            } else {
                targeted.extend(targets.into_iter().map(|id| (id, Arc::clone(&allowlist))));
            }
        }
        if depth < DEEPEST {
            config.extend(written.extend, depth)?;
        }
        if depth > 0 {
            return Ok(config);
        }
        for rule in &config.rules {
            config.check(rule)?;
        }
        for (id, allowlist) in targeted {
            config.target(&id, allowlist)?;
        }
        Ok(config)
    }

    fn extend(&mut self, extend: read::Extend, depth: usize) -> Result<(), Error> {
        if extend.use_default && extend.path.is_some() {
            return Err(Error(
                "extend.path and extend.useDefault cannot both be set".into(),
            ));
        }
        self.disabled = extend.disabled;
        self.use_default = extend.use_default;
        let Some(path) = extend.path else {
            return Ok(());
        };
        let path = PathBuf::from(path);
        let failed = |e: String| Error(format!("extended configuration {}: {e}", path.display()));
        let text = std::fs::read_to_string(&path).map_err(|e| failed(e.to_string()))?;
        let base = Self::at_depth(&text, depth + 1).map_err(|e| failed(e.to_string()))?;
        for id in &self.disabled {
            if !base.use_default && !base.rules.iter().any(|rule| rule.id == *id) {
                self.warnings
                    .push(format!("disabled rule `{id}` is not in {}", path.display()));
            }
        }
        for rule in base.rules {
            if self.disabled.contains(&rule.id) {
                continue;
            }
            match self.rules.iter_mut().find(|known| known.id == rule.id) {
                Some(known) => known.complete(rule),
                None => self.rules.push(rule),
            }
        }
        self.allowlists.extend(base.allowlists);
        self.warnings.extend(base.warnings);
        self.use_default |= base.use_default;
        self.disabled.extend(base.disabled);
        self.rules.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(())
    }

    /// Refuses a rule that could never work.
    fn check(&self, rule: &Rule) -> Result<(), Error> {
        if rule.id.trim().is_empty() {
            return Err(Error(format!(
                "a rule has no id (description `{}`)",
                rule.description
            )));
        }
        // With the built-in rules a table may only amend one of them.
        if rule.regex.is_none() && rule.path.is_none() && !self.use_default {
            return Err(Error(format!(
                "rule `{}` has neither regex nor path",
                rule.id
            )));
        }
        if let Some(regex) = &rule.regex
            && rule.secret_group > regex.groups()
        {
            return Err(Error(format!(
                "rule `{}`: secretGroup {} of an expression with {} groups",
                rule.id,
                rule.secret_group,
                regex.groups()
            )));
        }
        Ok(())
    }

    fn target(&mut self, id: &str, allowlist: Arc<Allowlist>) -> Result<(), Error> {
        match self.rules.iter_mut().find(|rule| rule.id == id) {
            Some(rule) => rule.allowlists.push(allowlist),
            None if self.use_default => {
                let mut rule = Rule::amending(id);
                rule.allowlists.push(allowlist);
                self.rules.push(rule);
            }
            None => {
                return Err(Error(format!(
                    "[[allowlists]]: the target rule `{id}` does not exist"
                )));
            }
        }
        Ok(())
    }

    /// Whether a file is allowed whole, wherever it stands in history.
    pub fn allows_path(&self, path: &str) -> bool {
        self.allowlists
            .iter()
            .any(|allowlist| allowlist.has_path(path))
    }
}

impl Config {
    /// Whether what another program's rule found is allowed: by the global allowlists, and by the tables that amend a rule
    /// of one of these `names`.
    pub fn allows(&self, finding: &Finding, names: &[String]) -> bool {
        let amending = || self.rules.iter().filter(|rule| names.contains(&rule.id));
        let place = Place {
            path: &finding.file,
            commit: finding.commit_id(),
        };
        let own = amending().flat_map(|rule| &rule.allowlists);
        amending().any(|rule| rule.entropy != 0.0 && f64::from(finding.entropy) <= rule.entropy)
            || self.allowlists.iter().chain(own).any(|list| {
                list.allows_place(place)
                    || list.allows(place, &finding.secret, &finding.matched, &finding.line)
            })
    }
}

impl Rule {
    /// A table that says nothing but which rule it is about.
    fn amending(id: &str) -> Self {
        Self {
            id: id.to_owned(),
            description: String::new(),
            regex: None,
            path: None,
            secret_group: 0,
            entropy: 0.0,
            keywords: Vec::new(),
            tags: Vec::new(),
            allowlists: Vec::new(),
            required: Vec::new(),
            skip_report: false,
        }
    }

    /// Takes from the rule of the extended configuration what this one leaves open, and adds to its lists.
    fn complete(&mut self, base: Self) {
        let own = std::mem::replace(self, base);
        if !own.description.is_empty() {
            self.description = own.description;
        }
        if own.entropy != 0.0 {
            self.entropy = own.entropy;
        }
        if own.secret_group != 0 {
            self.secret_group = own.secret_group;
        }
        self.regex = own.regex.or(self.regex.take());
        self.path = own.path.or(self.path.take());
        self.tags.extend(own.tags);
        self.keywords.extend(own.keywords);
        self.allowlists.extend(own.allowlists);
    }
}
