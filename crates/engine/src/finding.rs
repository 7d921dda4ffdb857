//! What the scan found.

use std::sync::Arc;

use crate::rule::RuleIndex;
use crate::{
    Confidence, Context, Evidence, FileKind, LazyFingerprint, Location, Origin, Secret, Severity,
};

/// One place of one secret. Owns all that it says: nothing borrows the blob.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The rule that made it, in the [`crate::rule::RuleSet`] of the scan.
    pub rule: RuleIndex,
    /// The content it stands in.
    pub origin: Arc<Origin>,
    /// Where in the content.
    pub location: Location,
    /// The value.
    pub secret: Secret,
    /// What kind of file the content is.
    pub kind: FileKind,
    /// How sure.
    pub confidence: Confidence,
    /// How bad.
    pub severity: Severity,
    /// Names the secret (rule and value) without telling it.
    pub fingerprint: LazyFingerprint,
    /// Why it is thought a secret, strongest first.
    pub evidence: Vec<Evidence>,
    /// The line it stands in, masked.
    pub context: Context,
    /// The other half of the credential, where the rule asks for one and it stands near.
    pub pair: Option<Pair>,
}

/// The second part of a two-part credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// The rule of the other part.
    pub rule: RuleIndex,
    /// Where it stands, in the same content.
    pub location: Location,
}
