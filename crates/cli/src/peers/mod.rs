//! What other scanners were told to leave out, in the files that they read without being asked to.
//!
//! | file | scanner | lines |
//! |---|---|---|
//! | `.gitleaksignore` | gitleaks, betterleaks 1 | `file:rule:line`, `commit:file:rule:line` |
//! | `.betterleaksignore` | betterleaks | these, or the SHA-256 of a value |
//! | `.secretsignore` | ripsecrets | paths as git ignores them; values below `[secrets]` |
//! | `.secretlintignore` | secretlint | paths as git ignores them |
//! | `.gitguardian.yaml`, `.gitguardian.yml` | ggshield | globs and values |
//!
//! A line that means nothing here suppresses nothing. trufflehog, kingfisher and detect-secrets read such files only
//! where a flag names them. ggshield also knows findings by a hash of the value and of its own name for what the value
//! is; that name is not known here, so such an entry suppresses nothing either.

use std::collections::HashSet;
use std::path::Path;

use data_encoding::HEXLOWER_PERMISSIVE;
use keysieve_engine::policy::{IgnoreLines, IgnoredPaths, SuppressedBy, Suppression, Verdict};
use keysieve_engine::rule::RuleSet;
use keysieve_engine::{Finding, Origin};
use sha2::{Digest as _, Sha256};

use crate::report::{Reported, Summary, in_repository};

mod ggshield;

/// The texts of the files that a repository has. What they say is read once something is found: most scans find nothing,
/// and a hostile file of patterns takes a second.
#[derive(Debug, Default)]
pub(crate) struct Peers(Vec<(&'static str, Read, String)>);

/// How the lines of a file are read.
type Read = fn(&str) -> Entries;

/// Every file, by its place in the repository.
const FILES: [(&str, Read); 6] = [
    (".gitleaksignore", Entries::of_gitleaks),
    (".betterleaksignore", Entries::of_gitleaks),
    (".secretsignore", Entries::of_ripsecrets),
    (".secretlintignore", Entries::of_paths),
    (".gitguardian.yaml", ggshield::read),
    (".gitguardian.yml", ggshield::read),
];

/// What a file leaves out.
#[derive(Debug, Default)]
struct Entries {
    /// `file:rule:line` or `commit:file:rule:line`.
    places: HashSet<String>,
    values: HashSet<Vec<u8>>,
    /// SHA-256 of values.
    digests: HashSet<Vec<u8>>,
    lines: Option<IgnoreLines>,
    globs: IgnoredPaths,
}

impl Peers {
    /// Takes the files; `text` gives that of one of this name, if there is one.
    pub(crate) fn read(
        text: impl Fn(&str) -> anyhow::Result<Option<String>>,
    ) -> anyhow::Result<Self> {
        let mut files = Vec::new();
        for (name, read) in FILES {
            files.extend(text(name)?.map(|text| (name, read, text)));
        }
        Ok(Self(files))
    }

    /// Suppresses what one of the files leaves out.
    pub(crate) fn apply(&self, rules: &RuleSet, findings: &mut [Reported], summary: &Summary) {
        let open = |reported: &&mut Reported| reported.verdict == Verdict::Report;
        let mut open = findings.iter_mut().filter(open).peekable();
        if open.peek().is_none() {
            return;
        }
        let files = self.0.iter().map(|(name, read, text)| {
            let text = text.trim_start_matches('\u{feff}');
            (name, read(text))
        });
        let files: Vec<_> = files.collect();
        for Reported { finding, verdict } in open {
            let path = finding.origin.root_path();
            let path = path.and_then(|path| in_repository(path, summary));
            let mut files = files.iter();
            let file = files.find(|(_, entries)| entries.has(rules, finding, path.as_deref()));
            if let Some((name, _)) = file {
                *verdict = Verdict::Suppressed(Suppression {
                    by: SuppressedBy::IgnoreFile,
                    note: format!("left out in {name}"),
                });
            }
        }
    }
}

impl Entries {
    fn of_gitleaks(text: &str) -> Self {
        let mut entries = Self::default();
        for line in lines(text).filter(|line| !line.starts_with('#')) {
            match HEXLOWER_PERMISSIVE.decode(line.as_bytes()) {
                Ok(digest) if digest.len() == 32 => drop(entries.digests.insert(digest)),
                _ => drop(entries.places.insert(line.replace('\\', "/"))),
            }
        }
        entries
    }

    fn of_ripsecrets(text: &str) -> Self {
        let (paths, values) = text.split_once("[secrets]\n").unwrap_or((text, ""));
        let values = values.lines().filter(|line| !line.starts_with('#'));
        Self {
            values: values.map(|line| line.as_bytes().to_vec()).collect(),
            ..Self::of_paths(paths)
        }
    }

    fn of_paths(text: &str) -> Self {
        Self {
            lines: Some(IgnoreLines::new(text.lines())),
            ..Self::default()
        }
    }

    /// Whether they speak of a finding in the file at `path` of the repository.
    fn has(&self, rules: &RuleSet, finding: &Finding, path: Option<&Path>) -> bool {
        let value = finding.secret.expose();
        let ignores = |path: &Path| {
            let lines = self.lines.as_ref();
            lines.is_some_and(|lines| lines.contains(path)) || self.globs.contains(path)
        };
        self.values.contains(value)
            || !self.digests.is_empty() && self.digests.contains(Sha256::digest(value).as_slice())
            || path.is_some_and(|path| ignores(path) || self.has_place(rules, finding, path))
    }

    fn has_place(&self, rules: &RuleSet, finding: &Finding, path: &Path) -> bool {
        // What lies in an archive has another name there.
        if self.places.is_empty() || matches!(*finding.origin, Origin::Inside { .. }) {
            return false;
        }
        let (Some(path), line) = (path.to_str(), finding.location.start.line) else {
            return false;
        };
        let path = path.replace('\\', "/");
        let rule = rules.rule(finding.rule);
        let theirs = rule.aliases.iter();
        let theirs = theirs.filter_map(|name| name.strip_prefix("gitleaks:"));
        let mut names = std::iter::once(&*rule.id).chain(theirs);
        names.any(|name| {
            let place = format!("{path}:{name}:{line}");
            let in_commit = || match finding.origin.root() {
                Origin::Commit { commit, .. } => self.places.contains(&format!("{commit}:{place}")),
                _ => false,
            };
            self.places.contains(&place) || in_commit()
        })
    }
}

/// The lines that are not empty, without the spaces around them.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty())
}
