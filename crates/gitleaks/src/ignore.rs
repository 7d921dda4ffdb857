//! `.gitleaksignore`: findings by their fingerprints.

use std::collections::HashSet;

use crate::finding::Finding;

/// Fingerprints of findings that are not reported.
#[derive(Clone, Debug, Default)]
pub struct Ignores {
    fingerprints: HashSet<String>,
}

impl Ignores {
    /// Adds the lines of a file, and returns those that are no fingerprints. A line is `file:rule:line`, or that with a
    /// commit before it; `#` begins a comment.
    pub fn add(&mut self, text: &str) -> Vec<String> {
        let mut invalid = Vec::new();
        for line in text.lines().map(str::trim) {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let mut parts: Vec<String> = line.split(':').map(str::to_owned).collect();
            match parts.len() {
                3 => parts[0] = parts[0].replace('\\', "/"),
                4 => parts[1] = parts[1].replace('\\', "/"),
                _ => invalid.push(line.to_owned()),
            }
            self.fingerprints.insert(parts.join(":"));
        }
        invalid
    }

    /// Whether a finding is not to be reported. It is known under the id of its rule and those of `aliases`.
    pub fn contains(&self, finding: &Finding, aliases: &[&str]) -> bool {
        if self.fingerprints.is_empty() {
            return false;
        }
        [finding.rule.as_str()].iter().chain(aliases).any(|rule| {
            let global = format!("{}:{rule}:{}", finding.file, finding.start_line);
            let commit = finding.commit_id();
            self.fingerprints.contains(&format!("{commit}:{global}")) && !commit.is_empty()
                || self.fingerprints.contains(&global)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Commit;
    use std::sync::Arc;

    #[test]
    fn both_forms_count() {
        let mut finding = Finding {
            rule: "jwt".into(),
            file: "a/b".into(),
            start_line: 7,
            ..Finding::default()
        };
        let ignored = |finding: &Finding, text: &str, aliases: &[&str]| {
            let mut ignores = Ignores::default();
            ignores.add(text);
            ignores.contains(finding, aliases)
        };
        assert!(ignored(&finding, "# why\n a\\b:jwt:7 \n", &[]));
        assert!(!ignored(&finding, "a/b:jwt:8", &[]));
        assert!(ignored(&finding, "a/b:other:7", &["other"]));
        assert!(!ignored(&finding, ":a/b:jwt:7", &[]));
        finding.commit = Some(Arc::new(Commit {
            id: "c0ffee".into(),
            ..Commit::default()
        }));
        assert!(ignored(&finding, "c0ffee:a/b:jwt:7", &[]));
        assert!(ignored(&finding, "a/b:jwt:7", &[]));
        assert!(!ignored(&finding, "decaf:a/b:jwt:7", &[]));
    }
}
