//! What is wrong with a rule as written.

use std::fmt;

/// A rule that cannot be used. The message names the rule, the field and the value.
#[derive(Debug)]
pub struct Error {
    rule: String,
    kind: ErrorKind,
}

/// What is wrong.
#[derive(Debug)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The file is no TOML of rules; the text says where.
    Syntax(String),
    /// The id is not lower-case words joined by dashes.
    Id,
    /// Two rules have this id.
    DuplicateId,
    /// A field is missing, empty or not allowed here.
    Field {
        /// Which.
        field: &'static str,
        /// Why.
        problem: String,
    },
    /// The regular expression does not parse or is too large.
    Pattern(String),
    /// The pattern can match more than [`super::MAX_MATCH`] bytes, or nothing.
    Length {
        /// Shortest match in bytes, if bounded.
        min: Option<usize>,
        /// Longest match in bytes, if bounded.
        max: Option<usize>,
    },
    /// The pattern can match a text without any of the literals.
    Literals {
        /// `prefixes` or `keywords`.
        field: &'static str,
    },
    /// `requires` names no rule of the set.
    UnknownRule(String),
}

impl Error {
    /// An error of the rule with this id.
    pub fn new(rule: impl Into<String>, kind: ErrorKind) -> Self {
        Self {
            rule: rule.into(),
            kind,
        }
    }

    /// What is wrong.
    pub fn kind(&self) -> &ErrorKind {
        &self.kind
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.rule.is_empty() {
            write!(f, "rule `{}`: ", self.rule)?;
        }
        match &self.kind {
            ErrorKind::Syntax(text) => f.write_str(text),
            ErrorKind::Id => {
                f.write_str("`id` must be lower-case words and digits joined by single dashes")
            }
            ErrorKind::DuplicateId => f.write_str("`id` is taken by another rule"),
            ErrorKind::Field { field, problem } => write!(f, "`{field}` {problem}"),
            ErrorKind::Pattern(text) => write!(f, "the pattern does not compile: {text}"),
            ErrorKind::Length { max: None, .. } => {
                f.write_str("the pattern has no longest match: bound every `*`, `+` and `{n,}`")
            }
            ErrorKind::Length {
                min: None | Some(0),
                ..
            } => f.write_str("the pattern can match nothing at all"),
            ErrorKind::Length { max: Some(max), .. } => {
                write!(
                    f,
                    "the pattern can match {max} bytes, more than {}",
                    super::MAX_MATCH
                )
            }
            ErrorKind::Literals { field: "prefixes" } => {
                f.write_str("the pattern can match a text that begins with none of `prefixes`")
            }
            ErrorKind::Literals { field } => {
                write!(
                    f,
                    "the pattern can match a text that holds none of `{field}` as a plain literal"
                )
            }
            ErrorKind::UnknownRule(id) => write!(f, "`requires` names `{id}`, which is no rule"),
        }
    }
}

impl std::error::Error for Error {}
