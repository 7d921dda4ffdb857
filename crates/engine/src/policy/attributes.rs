//! Kinds of files that the repository itself names: the linguist attributes of `.gitattributes`.

use std::path::Path;

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use crate::FileKind;

/// The attributes that say what kind a file is.
const ATTRIBUTES: [(&str, FileKind); 3] = [
    ("linguist-generated", FileKind::Generated),
    ("linguist-vendored", FileKind::Dependency),
    ("linguist-documentation", FileKind::Documentation),
];

/// Which paths have which of the attributes. The last line of a file that speaks of a path and an attribute counts.
#[derive(Clone, Debug)]
pub struct Attributes {
    patterns: GlobSet,
    /// For each pattern, the attribute's place in the table and whether it is set or unset.
    says: Vec<(usize, bool)>,
}

impl Default for Attributes {
    fn default() -> Self {
        Self {
            patterns: GlobSet::empty(),
            says: Vec::new(),
        }
    }
}

impl Attributes {
    /// Reads the text of a `.gitattributes` file at the root of the tree. Lines that do not parse say nothing, as in git.
    pub fn parse(text: &str) -> Self {
        let (mut patterns, mut says) = (GlobSetBuilder::new(), Vec::new());
        for line in text
            .lines()
            .map(str::trim)
            .filter(|line| !line.starts_with('#'))
        {
            let mut words = line.split_ascii_whitespace();
            let Some(pattern) = words.next() else {
                continue;
            };
            // As in gitignore: a pattern without a slash is one for names in any folder.
            let anchored = pattern.trim_start_matches('/');
            let glob = if pattern.contains('/') {
                anchored.to_owned()
            } else {
                format!("**/{pattern}")
            };
            let Ok(glob) = GlobBuilder::new(&glob).literal_separator(true).build() else {
                continue;
            };
            for word in words {
                let unset =
                    word.starts_with('-') || word.starts_with('!') || word.ends_with("=false");
                let name = word
                    .trim_start_matches(['-', '!'])
                    .split('=')
                    .next()
                    .unwrap_or_default();
                if let Some(attribute) = ATTRIBUTES.iter().position(|(known, _)| *known == name) {
                    patterns.add(glob.clone());
                    says.push((attribute, !unset));
                }
            }
        }
        match patterns.build() {
            Ok(patterns) => Self { patterns, says },
            Err(_) => Self::default(),
        }
    }

    /// The kind of the file at `path`, if an attribute says so.
    pub fn kind(&self, path: &Path) -> Option<FileKind> {
        if self.says.is_empty() {
            return None;
        }
        let mut set = [false; ATTRIBUTES.len()];
        for pattern in self.patterns.matches(path) {
            let (attribute, value) = self.says[pattern];
            set[attribute] = value;
        }
        set.iter().position(|set| *set).map(|i| ATTRIBUTES[i].1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_that_speaks_of_a_path_counts() {
        let attributes = Attributes::parse(
            "# comment\n*.pb.go linguist-generated=true\n/lib/** linguist-vendored\nlib/own.js -linguist-vendored\n\
             docs/* text linguist-documentation\nbroken[ linguist-generated\n",
        );
        let kind = |path: &str| attributes.kind(Path::new(path));
        assert_eq!(kind("a/b/x.pb.go"), Some(FileKind::Generated));
        assert_eq!(kind("lib/a/b.js"), Some(FileKind::Dependency));
        assert_eq!(kind("lib/own.js"), None);
        assert_eq!(kind("docs/a.txt"), Some(FileKind::Documentation));
        assert_eq!(kind("docs/a/b.txt"), None);
        assert_eq!(kind("src/main.rs"), None);
    }
}
