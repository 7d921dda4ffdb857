//! A rule as it is written, before anything is proven of it.

use std::borrow::Cow;

use serde::Deserialize;

use crate::checks::checksum::Scheme;
use crate::{Confidence, FileKind, Severity};

/// A file of rules: `[[rule]]` tables.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleFile {
    /// The rules, in the order of the file.
    #[serde(default, rename = "rule")]
    pub rules: Vec<RuleSpec>,
}

/// One rule. Exactly one of `pattern` and `value` is set.
///
/// * `pattern` matches the token with whatever must stand around it; the group named `secret`, or else the whole
///   match, is the value. It needs `prefixes` (the match begins with one of them) or `keywords` (each match holds one).
/// * `value` matches the whole of a value that is assigned to a name in which one of `keywords` stands, in any
///   language or configuration format: the engine finds the assignment, the rule only says what the value looks like.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleSpec {
    /// `provider-kind`, lower case with dashes, stable for ever.
    pub id: String,
    /// What the credential is called.
    pub name: String,
    /// What it gives access to, in a sentence or two.
    pub description: String,
    /// How bad a leak is.
    pub severity: Severity,
    /// How sure a match is before the checks raise or lower it.
    pub confidence: Confidence,
    /// Literals, case-sensitive, one of which every match of `pattern` begins with.
    #[serde(default)]
    pub prefixes: Vec<String>,
    /// Literals, in any ASCII case, one of which stands in every match of `pattern`, or in the name that a `value` is
    /// assigned to.
    #[serde(default)]
    pub keywords: Vec<String>,
    /// Regular expression with ASCII classes.
    #[serde(default)]
    pub pattern: Option<String>,
    /// Regular expression with ASCII classes, for the whole assigned value.
    #[serde(default)]
    pub value: Option<String>,
    /// Whether a match must begin and end where a token does (see [`Boundary`]).
    #[serde(default)]
    pub boundary: Boundary,
    /// Globs; where given, the rule looks only at files whose path one of them matches.
    #[serde(default)]
    pub path: Vec<String>,
    /// Least Shannon entropy of the value in bits a character.
    #[serde(default)]
    pub min_entropy: f64,
    /// Named checks of the value beside those that every rule gets.
    #[serde(default)]
    pub checks: Vec<CheckName>,
    /// The other half of a two-part credential.
    #[serde(default)]
    pub requires: Option<Requires>,
    /// Severity and confidence by kind of file, where it differs.
    #[serde(default)]
    pub kinds: Vec<KindRank>,
    /// The vendor's page about the credential.
    #[serde(default)]
    pub docs: Option<String>,
    /// What to do now: where to revoke, how to rotate.
    pub remediation: String,
    /// Further tags, such as `cwe-321`.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Other programs' ids for the same credential: `gitleaks:jwt`.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// Templates that expand to texts in which the rule finds its secret.
    pub samples: Vec<String>,
    /// Templates that expand to texts in which it must find nothing.
    #[serde(default)]
    pub near_misses: Vec<String>,
}

/// Where a match may begin and end.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Boundary {
    /// Not within a longer word: no letter or digit before (an escape such as `\n` or `%3D` counts as none), and after
    /// it neither a letter, digit or `_` nor another character of the class that the pattern ends in.
    #[default]
    Token,
    /// Anywhere.
    None,
}

/// A check that a rule asks for by name.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum CheckName {
    /// The value is a header of a PEM-like block; the finding grows to the whole block, which must have a body.
    PemBody,
    /// The value is a JWT: its header and claims decode to JSON objects.
    Jwt,
    /// The value is base64 of `user:password`.
    BasicAuth,
    /// The value is a password in a URL or a connection string.
    UrlPassword,
    /// The value is of no known format and must stand up to the generic model.
    Generic,
    /// The value is a human password: as `Generic`, but words are no reason against it.
    Password,
    /// A checksum in the value: see the scheme.
    #[serde(untagged)]
    Checksum(Scheme),
}

impl CheckName {
    /// The name in rules.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PemBody => "pem-body",
            Self::Jwt => "jwt",
            Self::BasicAuth => "basic-auth",
            Self::UrlPassword => "url-password",
            Self::Generic => "generic",
            Self::Password => "password",
            Self::Checksum(scheme) => scheme.as_str(),
        }
    }
}

/// The other half of a credential.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Requires {
    /// Id of the rule that finds the other half.
    pub rule: Cow<'static, str>,
    /// How many lines away it may stand.
    pub lines: u32,
    /// What becomes of a finding without it.
    #[serde(default)]
    pub missing: Missing,
}

/// What becomes of a half alone.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Missing {
    /// Nothing: the pair only adds evidence.
    Keep,
    /// One step less confidence.
    #[default]
    Lower,
    /// No finding.
    Drop,
}

/// Ranks of one kind of file.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KindRank {
    /// The kind.
    pub kind: FileKind,
    /// Severity there.
    #[serde(default)]
    pub severity: Option<Severity>,
    /// Confidence there.
    #[serde(default)]
    pub confidence: Option<Confidence>,
}
