//! Every way to suppress a finding or to rank it anew, one file each. A suppressed finding flows on with its
//! [`Suppression`]: it is the reporters that leave it out, and they count it.

use crate::rule::Rule;
use crate::{Confidence, Evidence, FileKind, Finding, Severity};

mod attributes;
pub mod baseline;
mod day;
pub mod exception;
pub mod inline;
mod paths;

pub use attributes::Attributes;
pub use day::{Day, NoDay};
pub use paths::{IgnoreLines, IgnoredPaths};

/// What the policy says of a finding.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// Report it.
    Report,
    /// Do not report it, and this is why.
    Suppressed(Suppression),
}

/// Why a finding is not reported.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Suppression {
    /// Which way it was suppressed.
    pub by: SuppressedBy,
    /// For a person: the comment, the reason given, the setting.
    pub note: String,
}

/// The ways to suppress.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[non_exhaustive]
pub enum SuppressedBy {
    /// A comment in the scanned text.
    Inline,
    /// A file that tells another scanner what to leave out.
    IgnoreFile,
    /// The kind of file is silenced in the configuration.
    Kind,
    /// Below `--min-confidence` or `--min-severity`.
    Floor,
    /// Not of the change that was asked about: it stood there before.
    Unchanged,
    /// An exception of the configuration.
    Exception,
    /// Known from the baseline.
    Baseline,
}

impl SuppressedBy {
    /// All, in the order of reports.
    pub const ALL: [Self; 7] = [
        Self::Inline,
        Self::IgnoreFile,
        Self::Kind,
        Self::Floor,
        Self::Unchanged,
        Self::Exception,
        Self::Baseline,
    ];

    /// The name in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Inline => "inline",
            Self::IgnoreFile => "ignore-file",
            Self::Kind => "kind",
            Self::Floor => "floor",
            Self::Unchanged => "unchanged",
            Self::Exception => "exception",
            Self::Baseline => "baseline",
        }
    }
}

/// Whether comments in the scanned text can suppress.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum InlineComments {
    /// Yes, ours and the peers'.
    #[default]
    Honour,
    /// No: what a change brings along must not judge the change.
    Forbid,
}

/// What the configuration says of one kind of file.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct KindPolicy {
    /// Findings there have this severity.
    pub severity: Option<Severity>,
    /// Findings there have this confidence.
    pub confidence: Option<Confidence>,
    /// Findings there are suppressed.
    pub silence: bool,
}

/// What is reported, and how it is ranked.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Findings below are suppressed.
    pub min_confidence: Confidence,
    /// Findings below are suppressed.
    pub min_severity: Severity,
    /// Comments in the scanned text.
    pub inline: InlineComments,
    /// What a comment must say to count.
    pub inline_requires: Vec<inline::Field>,
    /// Settings by kind of file.
    pub kinds: Vec<(FileKind, KindPolicy)>,
    /// Paths that are not scanned.
    pub ignored: IgnoredPaths,
    /// Kinds of files that the repository names.
    pub attributes: Attributes,
    /// Today in UTC as `YYYY-MM-DD`: what is allowed until a day before it, is not any more.
    pub today: String,
}

impl Default for Policy {
    /// Medium confidence, any severity, comments honoured, no settings; no date, so that nothing expires.
    fn default() -> Self {
        Self {
            min_confidence: Confidence::Medium,
            min_severity: Severity::Low,
            inline: InlineComments::Honour,
            inline_requires: Vec::new(),
            kinds: Vec::new(),
            ignored: IgnoredPaths::default(),
            attributes: Attributes::default(),
            today: String::new(),
        }
    }
}

impl Policy {
    /// Whether a finding that is of low confidence, whatever else is known of it, can be reported.
    pub fn reports_low(&self) -> bool {
        self.min_confidence == Confidence::Low
            || self.kinds.iter().any(|(_, kind)| kind.confidence.is_some())
    }

    /// Ranks a finding by its kind of file and says whether it is reported. `lines` are the lines that it stands in and
    /// the one before.
    pub(crate) fn judge(
        &self,
        finding: &mut Finding,
        rule: &Rule,
        lines: inline::Lines<'_>,
    ) -> Verdict {
        let kind = self
            .kinds
            .iter()
            .find(|(kind, _)| *kind == finding.kind)
            .map(|(_, policy)| *policy);
        if let Some(kind) = kind {
            finding.severity = kind.severity.unwrap_or(finding.severity);
            finding.confidence = kind.confidence.unwrap_or(finding.confidence);
        }
        if finding.confidence < self.min_confidence || finding.severity < self.min_severity {
            return suppressed(
                SuppressedBy::Floor,
                "below the least confidence or severity",
            );
        }
        if kind.is_some_and(|k| k.silence) {
            return suppressed(
                SuppressedBy::Kind,
                format!("files of kind `{}` are silenced", finding.kind.as_str()),
            );
        }
        if self.inline == InlineComments::Honour {
            match inline::find(lines, &rule.id, &self.today, &self.inline_requires) {
                Some(inline::Comment::Allows(note)) => {
                    return suppressed(SuppressedBy::Inline, note);
                }
                Some(inline::Comment::Expired(until)) => {
                    finding.evidence.push(Evidence::CommentExpired(until));
                }
                Some(inline::Comment::Lacks(fields)) => {
                    finding.evidence.push(Evidence::CommentLacks(fields));
                }
                None => {}
            }
        }
        Verdict::Report
    }
}

fn suppressed(by: SuppressedBy, note: impl Into<String>) -> Verdict {
    Verdict::Suppressed(Suppression {
        by,
        note: note.into(),
    })
}
