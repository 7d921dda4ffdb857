//! Why a candidate is thought a secret, and why not.

use std::fmt;

/// One thing that speaks for a finding, or a doubt that lowered its confidence. Holds nothing of the value.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub enum Evidence {
    /// The value has the fixed form of this credential.
    Form(String),
    /// The value is assigned to this name.
    Key(String),
    /// The value stands near this name, but is not assigned to it; the confidence was lowered to low.
    Beside(String),
    /// The checksum in the value holds.
    ChecksumHolds,
    /// The checksum in the value does not hold; the confidence was lowered.
    ChecksumFails,
    /// The value decodes or parses as its format demands.
    Structure(&'static str),
    /// Shannon entropy of the value, in bits a character.
    Entropy(f64),
    /// What the model of values without a format makes of it, in nats, where its bands begin, and the features that weighed
    /// most, each with what it added.
    Score {
        /// The sum over all features.
        score: f64,
        /// The least score of medium confidence.
        medium: f64,
        /// The least score of high confidence.
        high: f64,
        /// The heaviest features, in words.
        features: Vec<(&'static str, f64)>,
    },
    /// The other half of the credential stands near: rule id and line.
    Paired(String, u64),
    /// The other half of the credential was not found near; the confidence was lowered.
    Unpaired(String),
    /// A comment allowed it until this day, which is past.
    CommentExpired(String),
    /// A comment would allow it, but lacks what the policy requires of one.
    CommentLacks(String),
    /// An exception of the configuration, which expired, allowed it.
    ExceptionExpired(String),
    /// A doubt; the confidence was lowered to low.
    Doubt(Reason),
    /// In the words of an earlier report.
    Told(String),
}

/// What the text of a score begins with.
const SCORES: &str = "scores ";

impl Evidence {
    /// Whether only who asks for detail wants to read it.
    pub fn is_detail(&self) -> bool {
        match self {
            Self::Score { .. } => true,
            Self::Told(text) => text.starts_with(SCORES),
            _ => false,
        }
    }
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Form(name) => write!(f, "is of the form of a credential of its own: {name}"),
            Self::Key(key) => write!(f, "is the value of `{}`", key.escape_debug()),
            Self::Beside(key) => write!(
                f,
                "stands beside `{}`, which nothing assigns it to",
                key.escape_debug()
            ),
            Self::ChecksumHolds => f.write_str("its checksum holds"),
            Self::ChecksumFails => f.write_str("its checksum does not hold"),
            Self::Structure(what) => f.write_str(what),
            Self::Entropy(bits) => write!(f, "{bits:.1} bits of entropy a character"),
            Self::Score {
                score,
                medium,
                high,
                features,
            } => {
                write!(
                    f,
                    "{SCORES}{score:.2} (medium from {medium:.2}, high from {high:.2})"
                )?;
                for (i, (feature, share)) in features.iter().enumerate() {
                    let joint = if i == 0 { ", most for " } else { ", " };
                    write!(f, "{joint}{feature} ({share:+.2})")?;
                }
                Ok(())
            }
            Self::Paired(rule, line) => {
                write!(f, "stands near its other half, `{rule}` in line {line}")
            }
            Self::Unpaired(rule) => write!(f, "its other half, `{rule}`, is not near"),
            Self::CommentExpired(day) => {
                write!(
                    f,
                    "the comment that allowed it expired on {}",
                    day.escape_debug()
                )
            }
            Self::CommentLacks(what) => {
                write!(f, "the comment beside it does not count: it lacks {what}")
            }
            Self::ExceptionExpired(exception) => write!(f, "expired: {}", exception.escape_debug()),
            Self::Doubt(reason) => write!(f, "in doubt: {reason}"),
            Self::Told(text) => f.write_str(text),
        }
    }
}

/// Why a candidate is no secret, or perhaps none.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[non_exhaustive]
pub enum Reason {
    /// A stand-in: `changeme`, `<your-key>`, `xxxx`.
    Placeholder,
    /// A value that documentation publishes as its example.
    DocumentedExample,
    /// Refers to a secret kept elsewhere: `${VAR}`, `op://`, `os.environ[...]`.
    Reference,
    /// Is encrypted: SOPS, ansible-vault, a sealed secret.
    Encrypted,
    /// Too regular: one character repeated, a run of the alphabet.
    Regular,
    /// Fewer bits of entropy than the rule asks for.
    LowEntropy,
    /// Reads like words of a language or an identifier.
    Wordlike,
    /// Is code: a call, a type, an expression.
    Code,
    /// A hash, a digest or an object id.
    Digest,
    /// An identifier such as a UUID.
    Identifier,
    /// Is not what the format says: does not decode, has impossible parts.
    Malformed,
    /// Text for people: a label, a translation, a sentence.
    Prose,
    /// A public key or certificate.
    PublicKey,
}

impl Reason {
    /// All, in the order of reports.
    pub const ALL: [Self; 13] = [
        Self::Placeholder,
        Self::DocumentedExample,
        Self::Reference,
        Self::Encrypted,
        Self::Regular,
        Self::LowEntropy,
        Self::Wordlike,
        Self::Code,
        Self::Digest,
        Self::Identifier,
        Self::Malformed,
        Self::Prose,
        Self::PublicKey,
    ];

    /// The name in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Placeholder => "placeholder",
            Self::DocumentedExample => "documented-example",
            Self::Reference => "reference",
            Self::Encrypted => "encrypted",
            Self::Regular => "regular",
            Self::LowEntropy => "low-entropy",
            Self::Wordlike => "wordlike",
            Self::Code => "code",
            Self::Digest => "digest",
            Self::Identifier => "identifier",
            Self::Malformed => "malformed",
            Self::Prose => "prose",
            Self::PublicKey => "public-key",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
