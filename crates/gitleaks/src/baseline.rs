//! An earlier report, whose findings are not reported again.

use serde::Deserialize;

use crate::config::Error;
use crate::finding::Finding;

/// The findings of a JSON report.
#[derive(Clone, Debug, Default)]
pub struct Baseline {
    known: Vec<Known>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Known {
    #[serde(rename = "RuleID")]
    rule: String,
    description: String,
    start_line: u64,
    end_line: u64,
    start_column: i64,
    end_column: i64,
    r#match: String,
    secret: String,
    file: String,
    commit: String,
    author: String,
    email: String,
    date: String,
    message: String,
    entropy: f32,
}

impl Baseline {
    /// Reads a JSON report of gitleaks.
    pub fn parse(json: &[u8]) -> Result<Self, Error> {
        serde_json::from_slice::<Option<Vec<Known>>>(json)
            .map(|known| Self {
                known: known.unwrap_or_default(),
            })
            .map_err(|e| Error(format!("not a JSON report of gitleaks: {e}")))
    }

    /// Whether the report has a finding, which has not been redacted.
    ///
    /// All that it says must be the same, but for match and secret if the run is `redacted`. What a built-in rule found
    /// is compared by rule (or one of its `aliases`), file, line and secret.
    pub fn contains(&self, finding: &Finding, aliases: &[&str], redacted: bool) -> bool {
        self.known.iter().any(|known| {
            let same_rule = known.rule == finding.rule || aliases.contains(&known.rule.as_str());
            let same_secret = redacted || same(&known.secret, &finding.secret);
            let same_place = known.file == finding.file
                && known.start_line == finding.start_line
                && known.commit == finding.commit_id();
            same_rule
                && same_secret
                && same_place
                && (finding.builtin || known.is(finding, redacted))
        })
    }
}

impl Known {
    fn is(&self, finding: &Finding, redacted: bool) -> bool {
        let nobody = crate::Commit::default();
        let commit = finding.commit.as_deref().unwrap_or(&nobody);
        self.description == finding.description
            && self.end_line == finding.end_line
            && self.start_column == finding.start_column
            && self.end_column == finding.end_column
            && (redacted || same(&self.r#match, &finding.matched))
            && self.author == commit.author
            && self.email == commit.email
            && self.date == commit.date
            && self.message == commit.message
            // The last bit depends on the order in which the characters were counted.
            && (self.entropy - finding.entropy).abs() < 1e-5
    }
}

/// JSON has U+FFFD where the text had a byte that is no UTF-8.
fn same(json: &str, text: &[u8]) -> bool {
    json.as_bytes() == text || {
        let mut shown = String::new();
        for chunk in text.utf8_chunks() {
            shown.push_str(chunk.valid());
            shown.extend(chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER));
        }
        json == shown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_is_known_by_all_it_says() {
        let json = br#"[{"RuleID":"jwt","Description":"d","StartLine":1,"EndLine":1,"StartColumn":1,"EndColumn":4,
            "Match":"abcd","Secret":"abcd","File":"f","SymlinkFile":"","Commit":"","Entropy":2,"Author":"","Email":"",
            "Date":"","Message":"","Tags":[],"Fingerprint":"f:jwt:1"}]"#;
        let baseline = Baseline::parse(json).unwrap();
        let finding = Finding {
            rule: "jwt".into(),
            description: "d".into(),
            start_line: 1,
            end_line: 1,
            start_column: 1,
            end_column: 4,
            matched: b"abcd".to_vec(),
            secret: b"abcd".to_vec(),
            file: "f".into(),
            entropy: 2.0,
            ..Finding::default()
        };
        assert!(baseline.contains(&finding, &[], false));
        let moved = Finding {
            end_column: 5,
            ..finding.clone()
        };
        assert!(!baseline.contains(&moved, &[], false));
        assert!(baseline.contains(
            &Finding {
                builtin: true,
                ..moved
            },
            &[],
            false
        ));
        let other = Finding {
            secret: b"efgh".to_vec(),
            ..finding
        };
        assert!(!baseline.contains(&other, &[], false));
        assert!(Baseline::parse(b"{}").is_err());
    }
}
