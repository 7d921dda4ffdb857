//! What speaks for and against a match.
//!
//! Each file holds one pure check: bytes in, an opinion out; none knows of files on disk, policy or output. [`judge`]
//! asks them, cheapest first, and weighs the answers. The pattern has matched already when these run.

use std::borrow::Cow;

use crate::rule::{CheckName, Rule, Shape};
use crate::verify::{Match, Operator};
use crate::{Confidence, Evidence, FileKind, Reason, Severity, Span};

pub mod basic_auth;
pub mod checksum;
pub mod entropy;
pub mod generic;
pub mod jwt;
pub mod pem;
pub mod place;
pub mod placeholder;
pub mod reference;
pub mod score;
pub mod shape;
pub mod url_password;
pub mod words;

use shape::Filling;

/// What is judged.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// The text around.
    pub text: &'a [u8],
    /// The match in it.
    pub matched: Match,
    /// What kind of file the text is.
    pub kind: FileKind,
}

impl<'a> Subject<'a> {
    /// The bytes of the value.
    pub fn value(&self) -> &'a [u8] {
        &self.text[self.matched.secret.range()]
    }
}

/// What a check says.
#[derive(Clone, PartialEq, Debug)]
pub enum Opinion {
    /// It is one beyond the confidence of its rule.
    Sure(Evidence),
    /// It is one.
    For(Evidence),
    /// It may be none: low confidence.
    Doubt(Reason),
    /// It is none.
    Against(Reason),
}

/// A match that is taken for a secret.
#[derive(Clone, PartialEq, Debug)]
pub struct Judgement<'a> {
    /// The value, where a check made it longer than the match (a whole PEM block).
    pub secret: Span,
    /// What the fingerprint is made of: the value without what depends on where it stands (indentation, escapes).
    pub identity: Cow<'a, [u8]>,
    /// How sure.
    pub confidence: Confidence,
    /// How bad.
    pub severity: Severity,
    /// Why.
    pub evidence: Vec<Evidence>,
}

/// Takes a match of `rule` for a secret, or says why not.
///
/// # Errors
///
/// The strongest reason against it.
pub fn judge<'a>(rule: &Rule, subject: Subject<'a>) -> Result<Judgement<'a>, Reason> {
    let value = subject.value();
    let prefix = rule
        .prefixes
        .iter()
        .filter(|p| value.starts_with(p.as_bytes()))
        .max_by_key(|p| p.len());
    let prefix_len = prefix.map_or(0, |p| p.len());
    let (severity, confidence) = rule.rank(subject.kind);
    let mut judgement = Judgement {
        secret: subject.matched.secret,
        identity: Cow::Borrowed(value),
        confidence,
        severity,
        evidence: Vec::new(),
    };

    // What is published opens nothing, though its checksum may well hold.
    if placeholder::is_published(value) || placeholder::is_published(&value[prefix_len..]) {
        return Err(Reason::DocumentedExample);
    }
    // A checksum that holds ends all other doubt: one value in four billion has it by chance.
    let checksum = rule.checks.iter().find_map(|check| match check {
        CheckName::Checksum(scheme) => scheme.verify(value, prefix_len),
        _ => None,
    });
    match checksum {
        Some(true) => {
            judgement.confidence = Confidence::High;
            judgement.evidence.push(Evidence::ChecksumHolds);
            return Ok(judgement);
        }
        Some(false) => {
            judgement.confidence = judgement.confidence.lower();
            judgement.evidence.push(Evidence::ChecksumFails);
        }
        None => {}
    }

    if rule.checks(CheckName::PemBody) {
        let block = pem::block(subject.text, judgement.secret).ok_or(Reason::Malformed)?;
        judgement.secret = block.span;
        judgement.identity = Cow::Owned(block.body);
        judgement
            .evidence
            .push(Evidence::Structure("has the body of a key"));
        if block.encrypted {
            judgement.severity = judgement.severity.min(Severity::Medium);
            judgement
                .evidence
                .push(Evidence::Structure("is encrypted with a passphrase"));
        }
        return Ok(judgement);
    }

    for opinion in opinions(rule, subject, &value[prefix_len..]) {
        match opinion {
            Opinion::Sure(evidence) => {
                // What the kind of file made less certain stays so.
                if judgement.confidence == rule.confidence {
                    judgement.confidence = Confidence::High;
                }
                judgement.evidence.push(evidence);
            }
            Opinion::For(evidence) => judgement.evidence.push(evidence),
            Opinion::Doubt(reason) => {
                judgement.confidence = Confidence::Low;
                judgement.evidence.push(Evidence::Doubt(reason));
            }
            Opinion::Against(reason) => return Err(reason),
        }
    }
    if let Some(assignment) = subject.matched.assignment {
        let name = String::from_utf8_lossy(&subject.text[assignment.name.range()]).into_owned();
        if assignment.operator == Operator::Beside {
            judgement.confidence = Confidence::Low;
            judgement.evidence.insert(0, Evidence::Beside(name));
        } else {
            judgement.evidence.insert(0, Evidence::Key(name));
        }
    }
    if prefix_len > 0 {
        judgement
            .evidence
            .insert(0, Evidence::Form(rule.name.to_string()));
    }
    Ok(judgement)
}

/// The answers of the checks that apply, cheapest first. `random` is the value without the prefix of its format.
fn opinions<'a>(
    rule: &'a Rule,
    subject: Subject<'a>,
    random: &'a [u8],
) -> impl Iterator<Item = Opinion> + 'a {
    let value = subject.value();
    let generic = rule.is_generic();
    let distinctive = rule.shape == Shape::Token;
    let against = move |reason| {
        if distinctive {
            Opinion::Doubt(reason)
        } else {
            Opinion::Against(reason)
        }
    };
    let doubt = move |reason| {
        if generic {
            Opinion::Against(reason)
        } else {
            Opinion::Doubt(reason)
        }
    };

    let common = std::iter::once_with(move || reference::judge(value).map(against))
        .chain(std::iter::once_with(move || form(rule, value, random)))
        .chain(std::iter::once_with(move || {
            place::judge(subject.text, subject.matched.secret).map(Opinion::Against)
        }))
        .chain(std::iter::once_with(move || {
            // What stands beside a name and reads like words is a name itself, whatever the rule's alphabet.
            let wordlike = !distinctive && !generic && words::likeness(value) > 0.6;
            wordlike.then_some(Opinion::Doubt(Reason::Wordlike))
        }))
        .chain(std::iter::once_with(move || {
            let entropy = entropy::shannon(value);
            match rule.min_entropy {
                0.0 => None,
                least if entropy < least => Some(doubt(Reason::LowEntropy)),
                _ => Some(Opinion::For(Evidence::Entropy(entropy))),
            }
        }));
    let named = rule.checks.iter().map(move |check| match check {
        CheckName::Jwt => Some(jwt::judge(value)),
        CheckName::BasicAuth => Some(basic_auth::judge(value)),
        CheckName::UrlPassword => url_password::judge(subject),
        CheckName::Generic => generic::judge(subject, generic::Wanted::Token),
        CheckName::Password => generic::judge(subject, generic::Wanted::Password),
        CheckName::PemBody | CheckName::Checksum(_) => None,
    });
    let told = std::iter::once_with(move || generic::explain(rule, subject));
    common.chain(named).chain(told).flatten()
}

/// What the form of a value says, mostly that of its random part. A mask leaves no doubt, nor does one letter all over
/// where no format speaks for it. What else was typed, counted or filled up is a stand-in most times and a careless
/// person's key at others, where a format or a vendor's name speaks for it. Where a name of no vendor is all that does,
/// the words of the value speak louder.
fn form(rule: &Rule, value: &[u8], random: &[u8]) -> Option<Opinion> {
    let generic = rule.is_generic();
    let filling = shape::filling(random);
    let is_blank = match filling {
        Some(Filling::Mask) => true,
        Some(Filling::One) => rule.shape != Shape::Token,
        Some(Filling::Few) => generic,
        None => false,
    };
    if is_blank {
        return Some(Opinion::Against(Reason::Regular));
    }
    if let Some(reason) = shape::judge(random).or(filling.map(|_| Reason::Regular)) {
        let doubtful = !generic || reason == Reason::Regular;
        return Some(if doubtful {
            Opinion::Doubt(reason)
        } else {
            Opinion::Against(reason)
        });
    }
    let reason = placeholder::judge(value).or_else(|| placeholder::judge(random))?;
    Some(if generic {
        Opinion::Against(reason)
    } else {
        Opinion::Doubt(reason)
    })
}

/// Random characters: SplitMix64, so that each run draws the same.
#[cfg(test)]
pub(crate) fn draw(seed: &mut u64, alphabet: &[u8], len: usize) -> String {
    let mut next = || {
        *seed = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (*seed ^ (*seed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    };
    (0..len)
        .map(|_| char::from(alphabet[(next() % alphabet.len() as u64) as usize]))
        .collect()
}
