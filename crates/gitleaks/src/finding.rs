//! What a report says of a secret.

use std::sync::Arc;

/// A piece of text to scan, and where it is from.
#[derive(Clone, Debug, Default)]
pub struct Fragment<'a> {
    /// The text.
    pub text: &'a [u8],
    /// The file it is of, with `/`; empty for standard input.
    pub path: &'a str,
    /// The link that led to the file, if one did.
    pub symlink: &'a str,
    /// The number of its first line.
    pub first_line: u64,
    /// The commit that added it.
    pub commit: Option<&'a Arc<Commit>>,
}

/// A commit.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Commit {
    /// Its id in hexadecimal.
    pub id: String,
    /// The author's name.
    pub author: String,
    /// The author's address.
    pub email: String,
    /// When it was written, in UTC, as RFC 3339 has it.
    pub date: String,
    /// What it says.
    pub message: String,
}

/// A secret that was found.
///
/// Secret, match and line are bytes of the scanned text, and nothing of them is masked: see [`Finding::redact`].
#[derive(Clone, Debug, Default)]
pub struct Finding {
    /// The id of the rule, which is gitleaks' own where it has such a rule.
    pub rule: String,
    /// What the rule finds.
    pub description: String,
    /// The line that the match begins in.
    pub start_line: u64,
    /// The line that the match ends in.
    pub end_line: u64,
    /// The column that the match begins in; one more than one would count in all lines but the first of a fragment.
    pub start_column: i64,
    /// The column of its last byte, likewise; 0 where the last line of a fragment has no line break.
    pub end_column: i64,
    /// The lines of the match.
    pub line: Vec<u8>,
    /// The whole match.
    pub matched: Vec<u8>,
    /// The secret in it.
    pub secret: Vec<u8>,
    /// The file.
    pub file: String,
    /// The link that led to it.
    pub symlink: String,
    /// The commit that added it.
    pub commit: Option<Arc<Commit>>,
    /// A page that shows it.
    pub link: String,
    /// The entropy of the secret in bits a character.
    pub entropy: f32,
    /// Tags of the rule, and what was decoded.
    pub tags: Vec<String>,
    /// What was found beside it because the rule requires that.
    pub required: Vec<Self>,
    /// Whether a built-in rule found it, so that positions are not gitleaks' to the byte.
    pub builtin: bool,
}

impl Finding {
    /// The id of the commit, or nothing.
    pub fn commit_id(&self) -> &str {
        self.commit.as_ref().map_or("", |commit| &commit.id)
    }

    /// `file:rule:line`.
    pub fn global_fingerprint(&self) -> String {
        format!("{}:{}:{}", self.file, self.rule, self.start_line)
    }

    /// The same with the commit before it, if there is one.
    pub fn fingerprint(&self) -> String {
        let global = self.global_fingerprint();
        match self.commit_id() {
            "" => global,
            commit => format!("{commit}:{global}"),
        }
    }

    /// Takes `percent` of the secret out of all that the finding says; nothing for 0.
    pub fn redact(&mut self, percent: u64) {
        if percent == 0 {
            return;
        }
        let masked = if percent >= 100 {
            b"REDACTED".to_vec()
        } else if self.secret.is_empty() {
            Vec::new()
        } else {
            let kept =
                (self.secret.len() as f64 * (100 - percent) as f64 / 100.0).round_ties_even();
            [&self.secret[..kept as usize], b"..."].concat()
        };
        self.line = replace(&self.line, &self.secret, &masked);
        self.matched = replace(&self.matched, &self.secret, &masked);
        self.secret = masked;
        for required in &mut self.required {
            required.redact(percent);
        }
    }
}

fn replace(text: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    if from.is_empty() {
        return text.to_vec();
    }
    let mut replaced = Vec::with_capacity(text.len());
    let mut rest = 0;
    for at in memchr::memmem::find_iter(text, from) {
        replaced.extend_from_slice(&text[rest..at]);
        replaced.extend_from_slice(to);
        rest = at + from.len();
    }
    replaced.extend_from_slice(&text[rest..]);
    replaced
}

/// Shannon's entropy: characters are counted, and the length is that in bytes.
pub fn entropy(text: &[u8]) -> f64 {
    if text.is_empty() {
        return 0.0;
    }
    let mut counts = std::collections::BTreeMap::<char, usize>::new();
    if text.is_ascii() {
        for &byte in text {
            *counts.entry(char::from(byte)).or_default() += 1;
        }
    } else {
        for chunk in text.utf8_chunks() {
            for c in chunk.valid().chars() {
                *counts.entry(c).or_default() += 1;
            }
            if !chunk.invalid().is_empty() {
                *counts.entry(char::REPLACEMENT_CHARACTER).or_default() += chunk.invalid().len();
            }
        }
    }
    let share = 1.0 / text.len() as f64;
    counts.values().fold(0.0, |sum, &count| {
        let frequency = count as f64 * share;
        sum - frequency * frequency.log2()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entropy_is_in_bits() {
        assert_eq!(entropy(b""), 0.0);
        assert_eq!(entropy(b"aaaa"), 0.0);
        assert_eq!(entropy(b"abcd"), 2.0);
        // Two characters in four bytes.
        assert_eq!(entropy("éè".as_bytes()), 1.0);
        assert_eq!(entropy(b"\xFF\xFE"), 0.0);
    }

    #[test]
    fn redaction_reaches_line_and_match() {
        let finding = Finding {
            line: b"key = hunter22".to_vec(),
            matched: b"hunter22".to_vec(),
            secret: b"hunter22".to_vec(),
            ..Finding::default()
        };
        let redacted = |percent| {
            let mut finding = finding.clone();
            finding.redact(percent);
            String::from_utf8([finding.line, b"|".to_vec(), finding.secret].concat()).unwrap()
        };
        assert_eq!(redacted(0), "key = hunter22|hunter22");
        assert_eq!(redacted(100), "key = REDACTED|REDACTED");
        assert_eq!(redacted(25), "key = hunter...|hunter...");
    }
}
