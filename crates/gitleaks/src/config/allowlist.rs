//! What is allowed to stand in the open.

use aho_corasick::AhoCorasick;

use crate::pattern::Pattern;

/// An `[[allowlists]]` table, global or of a rule.
#[derive(Debug)]
pub struct Allowlist {
    /// What the author says of it.
    pub description: String,
    /// Whether all kinds of conditions that it has must hold, and not only one of them.
    pub all: bool,
    /// What the expressions look at.
    pub target: Target,
    /// In lower case and trimmed.
    pub commits: Vec<String>,
    /// As written.
    pub paths: Vec<String>,
    /// As written.
    pub regexes: Vec<String>,
    /// In lower case.
    pub stop_words: Vec<String>,
    path: Option<Pattern>,
    regex: Option<Pattern>,
    stop_word: Option<AhoCorasick>,
}

/// What an allowlist's expressions look at.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Target {
    /// The secret.
    #[default]
    Secret,
    /// The whole match.
    Match,
    /// The line, or the lines, of the match.
    Line,
}

/// An allowlist as it is written.
#[derive(Clone, Debug, Default)]
pub(crate) struct Written {
    pub(crate) description: String,
    pub(crate) condition: String,
    pub(crate) commits: Vec<String>,
    pub(crate) paths: Vec<String>,
    pub(crate) target: String,
    pub(crate) regexes: Vec<String>,
    pub(crate) stop_words: Vec<String>,
}

/// What an allowlist is asked about beside the secret.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) path: &'a str,
    pub(crate) commit: &'a str,
}

impl Allowlist {
    pub(crate) fn new(written: Written) -> Result<Self, String> {
        let all = match written.condition.to_uppercase().as_str() {
            "AND" | "&&" => true,
            "" | "OR" | "||" => false,
            _ => {
                return Err(format!(
                    "unknown condition `{}`: `and` or `or`",
                    written.condition
                ));
            }
        };
        let target = match written.target.as_str() {
            "" | "secret" => Target::Secret,
            "match" => Target::Match,
            "line" => Target::Line,
            other => return Err(format!("unknown regexTarget `{other}`: `match` or `line`")),
        };
        let Written {
            description,
            commits,
            paths,
            regexes,
            stop_words,
            ..
        } = written;
        if commits.is_empty() && paths.is_empty() && regexes.is_empty() && stop_words.is_empty() {
            return Err("it has neither commits nor paths, regexes or stopwords".into());
        }
        let any = |patterns: &[String]| match patterns {
            [] => Ok(None),
            patterns => Pattern::any(patterns).map(Some).map_err(|e| e.to_string()),
        };
        let stop_words: Vec<String> = stop_words.iter().map(|word| lower(word)).collect();
        let stop_word = (!stop_words.is_empty())
            .then(|| AhoCorasick::new(stop_words.iter().filter(|word| !word.is_empty())))
            .transpose()
            .map_err(|e| e.to_string())?;
        Ok(Self {
            description,
            all,
            target,
            commits: commits
                .iter()
                .map(|commit| lower(commit).trim().to_owned())
                .collect(),
            path: any(&paths)?,
            regex: any(&regexes)?,
            paths,
            regexes,
            stop_words,
            stop_word,
        })
    }

    /// Whether it allows all of a file in a commit.
    pub(crate) fn allows_place(&self, place: Place<'_>) -> bool {
        if !self.all {
            return self.has_commit(place.commit) || self.has_path(place.path);
        }
        self.regexes.is_empty()
            && self.stop_words.is_empty()
            && (self.commits.is_empty() || self.has_commit(place.commit))
            && (self.paths.is_empty() || self.has_path(place.path))
    }

    /// Whether it allows a secret.
    pub(crate) fn allows(
        &self,
        place: Place<'_>,
        secret: &[u8],
        matched: &[u8],
        line: &[u8],
    ) -> bool {
        let target = match self.target {
            Target::Secret => secret,
            Target::Match => matched,
            Target::Line => line,
        };
        let regex =
            || !target.is_empty() && self.regex.as_ref().is_some_and(|p| p.is_match(target));
        let word = || {
            !secret.is_empty()
                && self
                    .stop_word
                    .as_ref()
                    .is_some_and(|words| words.is_match(&lower_bytes(secret)))
        };
        if !self.all {
            return regex() || word();
        }
        (self.commits.is_empty() || self.has_commit(place.commit))
            && (self.paths.is_empty() || self.has_path(place.path))
            && (self.regexes.is_empty() || regex())
            && (self.stop_words.is_empty() || word())
    }

    pub(crate) fn has_path(&self, path: &str) -> bool {
        !path.is_empty()
            && self
                .path
                .as_ref()
                .is_some_and(|p| p.is_match(path.as_bytes()))
    }

    fn has_commit(&self, commit: &str) -> bool {
        !commit.is_empty() && self.commits.iter().any(|known| *known == lower(commit))
    }
}

/// In lower case as Go has it: character by character.
pub(crate) fn lower(text: &str) -> String {
    text.chars().map(lower_char).collect()
}

/// The same of text that may not be valid.
pub(crate) fn lower_bytes(text: &[u8]) -> Vec<u8> {
    if text.is_ascii() {
        text.to_ascii_lowercase()
    } else {
        lower(&String::from_utf8_lossy(text)).into_bytes()
    }
}

fn lower_char(c: char) -> char {
    let mut lower = c.to_lowercase();
    // Only U+0130 has two: `i` and a dot above. Go knows the first.
    lower.next().unwrap_or(c)
}
