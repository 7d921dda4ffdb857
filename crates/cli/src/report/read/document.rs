//! The schema `keysieve/1` as it is read; `json.rs` says what each field means.

use std::fmt;
use std::marker::PhantomData;
use std::path::PathBuf;

use keysieve_engine::{Confidence, FileKind, Severity};
use serde::Deserialize;
use serde::de::{
    DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor,
};

use super::super::json::SCHEMA;
use super::{MAX_WORD, Parts};

/// What of a document is left when its lists were taken up.
#[derive(Debug)]
pub(super) struct Document {
    pub(super) tool: ToolOf,
    pub(super) summary: SummaryOf,
}

impl Document {
    /// Reads a document; what it lists goes to `parts`, each as it is read.
    pub(super) fn read<'de, D: Deserializer<'de>>(
        deserializer: D,
        parts: &mut Parts,
    ) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Members { parts })
    }
}

/// The members of a document.
struct Members<'p> {
    parts: &'p mut Parts,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Member {
    Schema,
    Tool,
    Summary,
    Rules,
    Findings,
    Issues,
    #[serde(other)]
    Other,
}

impl<'de> Visitor<'de> for Members<'_> {
    type Value = Document;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a report")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Document, A::Error> {
        let parts = self.parts;
        let (mut schema, mut tool, mut summary) = (None, None, None);
        let (mut rules, mut findings, mut issues) = (None, None, None);
        while let Some(member) = map.next_key()? {
            match member {
                Member::Schema => once(&mut schema, "schema", map.next_value::<Schema>()?)?,
                Member::Tool => once(&mut tool, "tool", map.next_value()?)?,
                Member::Summary => once(&mut summary, "summary", map.next_value()?)?,
                Member::Rules => {
                    let add = |rule| {
                        parts.rules.add(rule);
                        Ok(())
                    };
                    once(&mut rules, "rules", map.next_value_seed(each(add))?)?;
                }
                Member::Findings => {
                    let add = |finding| parts.add_finding(finding);
                    once(&mut findings, "findings", map.next_value_seed(each(add))?)?;
                }
                Member::Issues => {
                    let add = |issue| parts.add_issue(issue);
                    once(&mut issues, "issues", map.next_value_seed(each(add))?)?;
                }
                Member::Other => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        let lacks = A::Error::missing_field;
        schema.ok_or_else(|| lacks("schema"))?;
        rules.ok_or_else(|| lacks("rules"))?;
        findings.ok_or_else(|| lacks("findings"))?;
        issues.ok_or_else(|| lacks("issues"))?;
        Ok(Document {
            tool: tool.ok_or_else(|| lacks("tool"))?,
            summary: summary.ok_or_else(|| lacks("summary"))?,
        })
    }
}

/// Takes the value of a member, which a document has once.
fn once<T, E: serde::de::Error>(
    member: &mut Option<T>,
    name: &'static str,
    value: T,
) -> Result<(), E> {
    match member.replace(value) {
        None => Ok(()),
        Some(_) => Err(E::duplicate_field(name)),
    }
}

/// A list whose items are taken up one by one.
struct Each<T, F>(F, PhantomData<T>);

fn each<T, F: FnMut(T) -> Result<(), String>>(take: F) -> Each<T, F> {
    Each(take, PhantomData)
}

impl<'de, T: Deserialize<'de>, F: FnMut(T) -> Result<(), String>> DeserializeSeed<'de>
    for Each<T, F>
{
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, T: Deserialize<'de>, F: FnMut(T) -> Result<(), String>> Visitor<'de> for Each<T, F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<(), A::Error> {
        while let Some(item) = list.next_element()? {
            (self.0)(item).map_err(A::Error::custom)?;
        }
        Ok(())
    }
}

/// The name of the schema, which is [`SCHEMA`].
struct Schema;

impl<'de> Deserialize<'de> for Schema {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        if name == SCHEMA {
            return Ok(Self);
        }
        let name: String = name.chars().take(MAX_WORD).collect();
        Err(D::Error::custom(format_args!(
            "its schema is {name:?}, and only {SCHEMA:?} can be read"
        )))
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct ToolOf {
    pub(super) command: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct SummaryOf {
    pub(super) complete: bool,
    pub(super) interrupted: bool,
    pub(super) files: u64,
    pub(super) bytes: u64,
    pub(super) decoded: u64,
    pub(super) skipped: Tally,
    pub(super) rejected: Tally,
    #[serde(default)]
    pub(super) notes: Vec<String>,
    pub(super) repository: Option<RepositoryOf>,
}

#[derive(Debug, PartialEq, Eq, Deserialize)]
pub(super) struct RepositoryOf {
    pub(super) head: Option<String>,
    pub(super) remote: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct RuleOf {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) description: String,
    pub(super) severity: Severity,
    pub(super) confidence: Confidence,
    pub(super) remediation: String,
    pub(super) docs: Option<String>,
    pub(super) tags: Vec<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct FindingOf {
    pub(super) rule: String,
    #[serde(flatten)]
    pub(super) place: PlaceOf,
    pub(super) start: Point,
    pub(super) end: Point,
    pub(super) kind: FileKind,
    pub(super) severity: Severity,
    pub(super) confidence: Confidence,
    pub(super) fingerprint: String,
    pub(super) masked: String,
    pub(super) context: String,
    pub(super) evidence: Vec<String>,
    pub(super) pair: Option<PairOf>,
    pub(super) past: Option<PastOf>,
    pub(super) suppressed: Option<SuppressedOf>,
}

#[derive(Debug, Deserialize)]
pub(super) struct PairOf {
    pub(super) rule: String,
    pub(super) start: Point,
    pub(super) end: Point,
}

#[derive(Debug, Deserialize)]
pub(super) struct SuppressedOf {
    pub(super) by: String,
    pub(super) note: String,
}

#[derive(Clone, Copy, Debug, Deserialize)]
pub(super) struct Point {
    pub(super) line: u64,
    pub(super) column: u64,
    pub(super) utf16: Option<u64>,
    pub(super) byte: u64,
}

#[derive(Debug, Deserialize)]
pub(super) struct PastOf {
    pub(super) introduced: Option<CommitOf>,
    pub(super) removed: Option<CommitOf>,
    pub(super) in_head: bool,
    pub(super) paths: Vec<PathBuf>,
    #[serde(default)]
    pub(super) has_more_paths: bool,
    pub(super) refs: Vec<String>,
    #[serde(default)]
    pub(super) more_refs: usize,
    pub(super) reach: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct CommitOf {
    pub(super) id: String,
    pub(super) author: String,
    pub(super) email: String,
    pub(super) time: String,
    pub(super) subject: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct IssueOf {
    pub(super) kind: String,
    pub(super) message: String,
    #[serde(flatten)]
    pub(super) place: PlaceOf,
}

#[derive(Debug, Deserialize)]
pub(super) struct PlaceOf {
    #[serde(default, deserialize_with = "given")]
    pub(super) path: Option<Option<String>>,
    pub(super) path_base64: Option<String>,
    pub(super) commit: Option<String>,
    pub(super) object: Option<ObjectOf>,
    #[serde(default)]
    pub(super) inside: Vec<StepOf>,
}

#[derive(Debug, Deserialize)]
pub(super) struct ObjectOf {
    pub(super) kind: String,
    pub(super) id: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct StepOf {
    pub(super) via: String,
    pub(super) name: String,
    pub(super) name_base64: Option<String>,
}

/// Counts by name, in the order of the document.
#[derive(Debug)]
pub(super) struct Tally(pub(super) Vec<(String, u64)>);

impl<'de> Deserialize<'de> for Tally {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Tally;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("counts by name")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Tally, A::Error> {
                let mut counts = Vec::new();
                while let Some(count) = map.next_entry()? {
                    counts.push(count);
                }
                Ok(Tally(counts))
            }
        }
        deserializer.deserialize_map(Members)
    }
}

/// Tells a member that is null from one that is not there.
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}
