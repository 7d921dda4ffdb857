//! `keysieve.toml`, as written. Unknown keys are errors, with a suggestion.

use std::path::{Path, PathBuf};

use keysieve_engine::policy::exception::ExceptionSpec;
use keysieve_engine::policy::inline::Field;
use keysieve_engine::rule::RuleSpec;
use keysieve_engine::{Confidence, FileKind, Severity};
use serde::Deserialize;

use crate::audit::AuditFormat;
use crate::exit::usage;

/// The name of the file at the root of a repository.
pub(crate) const FILE_NAME: &str = "keysieve.toml";

/// A whole file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    #[serde(default)]
    pub(crate) scan: ScanConfig,
    #[serde(default)]
    pub(crate) paths: PathsConfig,
    #[serde(default)]
    pub(crate) rules: RulesConfig,
    #[serde(default)]
    pub(crate) inline: InlineConfig,
    #[serde(default)]
    pub(crate) peers: PeersConfig,
    #[serde(default)]
    pub(crate) baseline: BaselineConfig,
    #[serde(default)]
    pub(crate) exceptions: ExceptionsConfig,
    #[serde(default)]
    pub(crate) exception: Vec<ExceptionSpec>,
    #[serde(default)]
    pub(crate) audit: AuditConfig,
    /// By name of kind.
    #[serde(default)]
    pub(crate) kinds: std::collections::BTreeMap<FileKind, KindConfig>,
    /// Rules of the user's own, as in a rule file.
    #[serde(default)]
    pub(crate) rule: Vec<RuleSpec>,
}

/// `[scan]`: what the flags of the same names say.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ScanConfig {
    pub(crate) min_confidence: Option<Confidence>,
    pub(crate) min_severity: Option<Severity>,
    pub(crate) max_file_size: Option<u64>,
    pub(crate) decode_depth: Option<u32>,
    pub(crate) threads: Option<u16>,
}

/// `[paths]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PathsConfig {
    /// Globs over the path from the repository's root.
    #[serde(default)]
    pub(crate) ignore: Vec<String>,
}

/// `[rules]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RulesConfig {
    /// Rule files, from the folder of the configuration.
    #[serde(default)]
    pub(crate) files: Vec<String>,
    /// Run only these.
    #[serde(default)]
    pub(crate) only: Vec<String>,
    /// Do not run these.
    #[serde(default)]
    pub(crate) exclude: Vec<String>,
}

/// `[inline]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct InlineConfig {
    /// Comments in scanned files do not suppress.
    #[serde(default)]
    pub(crate) forbid: bool,
    /// What a comment must say to count.
    #[serde(default)]
    pub(crate) require: Vec<Field>,
}

/// `[peers]`: other scanners.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PeersConfig {
    /// Their ignore files do not suppress.
    #[serde(default)]
    pub(crate) forbid: bool,
}

/// `[baseline]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BaselineConfig {
    /// The file, from the folder of the configuration.
    pub(crate) file: Option<PathBuf>,
}

/// `[exceptions]`: what every `[[exception]]` must keep to.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExceptionsConfig {
    /// The most days that one may last.
    pub(crate) max_days: Option<u32>,
    /// Somebody other than the owner must have agreed.
    #[serde(default)]
    pub(crate) require_approval: bool,
    /// A ticket must be named.
    #[serde(default)]
    pub(crate) require_ticket: bool,
    /// So many days before its last one, an exception is told.
    pub(crate) warn_days: Option<u32>,
}

/// `[audit]`: the log of what was found, allowed and taken back.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AuditConfig {
    /// The file, from the folder of the configuration.
    pub(crate) file: Option<PathBuf>,
    /// How an event is written.
    pub(crate) format: Option<AuditFormat>,
}

/// `[kinds.NAME]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct KindConfig {
    pub(crate) severity: Option<Severity>,
    pub(crate) confidence: Option<Confidence>,
    #[serde(default)]
    pub(crate) silence: bool,
}

impl Config {
    /// Reads a configuration file.
    pub(crate) fn read(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(path).map_err(|e| {
            usage(format!(
                "the configuration {} cannot be read: {e}",
                path.display()
            ))
        })?;
        Self::parse_named(&text, &path.display().to_string())
    }

    /// Reads the text of a configuration file that is called `name` in messages.
    pub(crate) fn parse_named(text: &str, name: &str) -> anyhow::Result<Self> {
        Self::parse(text).map_err(|problem| usage(format!("{name}: {problem}")))
    }

    /// Reads the text of a configuration file. An error says where it is.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        toml::from_str(text).map_err(|e| with_suggestion(&e.to_string()))
    }
}

/// Adds the nearest known name to an error about an unknown one. The parser's message lists what it expected in
/// backticks, the unknown name first.
pub(crate) fn with_suggestion(message: &str) -> String {
    let message = message.trim_end();
    let Some((_, list)) = message
        .split_once("unknown field")
        .or_else(|| message.split_once("unknown variant"))
    else {
        return message.to_owned();
    };
    let mut names = list.split('`').skip(1).step_by(2);
    let Some(unknown) = names.next() else {
        return message.to_owned();
    };
    let nearest = names
        .map(|name| (strsim::damerau_levenshtein(unknown, name), name))
        .filter(|(distance, name)| *distance <= 1 + name.len() / 4)
        .min();
    match nearest {
        Some((_, name)) => format!("{message}\ndid you mean `{name}`?"),
        None => message.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_file_is_read() {
        let config = Config::parse(
            "[scan]\nmin_confidence = 'low'\n[paths]\nignore = ['a/**']\n[rules]\nexclude = ['x-y']\n\
             [inline]\nforbid = true\n[kinds.test-fixture]\nseverity = 'low'\nsilence = true\n",
        )
        .unwrap();
        assert_eq!(config.scan.min_confidence, Some(Confidence::Low));
        assert!(config.inline.forbid && config.kinds[&FileKind::TestFixture].silence);
    }

    #[test]
    fn an_unknown_key_is_an_error_with_a_suggestion() {
        let error = Config::parse("[scan]\nmin_confidance = 'low'\n").unwrap_err();
        assert!(
            error.contains("line 2") && error.contains("did you mean `min_confidence`?"),
            "{error}"
        );
        let error = Config::parse("[kinds.test-fixtures]\nsilence = true\n").unwrap_err();
        assert!(error.contains("did you mean `test-fixture`?"), "{error}");
        let error = Config::parse("[zebra]\n").unwrap_err();
        assert!(
            error.contains("unknown field `zebra`") && !error.contains("did you mean"),
            "{error}"
        );
    }
}
