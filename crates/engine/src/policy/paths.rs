//! Paths that the configuration leaves out of the scan.

use std::path::Path;

use globset::{Error, Glob, GlobBuilder, GlobSet, GlobSetBuilder};
use ignore::gitignore::{Gitignore, GitignoreBuilder};

/// Globs over the path in the report, such as `third_party/**`.
#[derive(Clone, Debug)]
pub struct IgnoredPaths(GlobSet);

impl Default for IgnoredPaths {
    fn default() -> Self {
        Self(GlobSet::empty())
    }
}

impl IgnoredPaths {
    /// Compiles the globs: `*` stays within a folder, `**` does not.
    ///
    /// # Errors
    ///
    /// The first glob that does not parse, named in the message.
    pub fn new<'a>(globs: impl IntoIterator<Item = &'a str>) -> Result<Self, Error> {
        let mut set = GlobSetBuilder::new();
        for glob in globs {
            set.add(compile(glob)?);
        }
        Ok(Self(set.build()?))
    }

    /// Whether the path is left out.
    pub fn contains(&self, path: &Path) -> bool {
        !self.0.is_empty() && self.0.is_match(path)
    }
}

/// The lines of an ignore file that is written as git's are.
#[derive(Clone, Debug)]
pub struct IgnoreLines(Gitignore);

impl IgnoreLines {
    /// Reads lines; a pattern that does not parse ignores nothing.
    pub fn new<'a>(lines: impl IntoIterator<Item = &'a str>) -> Self {
        let mut builder = GitignoreBuilder::new("");
        for line in lines {
            let _ = builder.add_line(None, line); // ignores nothing
        }
        Self(builder.build().unwrap_or_else(|_| Gitignore::empty()))
    }

    /// Whether the file at the path, which starts where the ignore file stands, or a folder above it is ignored.
    pub fn contains(&self, path: &Path) -> bool {
        path.is_relative() && self.0.matched_path_or_any_parents(path, false).is_ignore()
    }
}

fn compile(glob: &str) -> Result<Glob, Error> {
    GlobBuilder::new(glob).literal_separator(true).build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_as_git_reads_them() {
        let lines = IgnoreLines::new([
            "# a comment",
            "*.snap",
            "/top",
            "folder/",
            "!keep.snap",
            "[z-a",
        ]);
        for (path, is_ignored) in [
            ("a/b.snap", true),
            ("a/keep.snap", false),
            ("top", true),
            ("a/top", false),
            ("a/folder/b", true),
            ("folder", false),
            ("/top", false),
        ] {
            assert_eq!(lines.contains(Path::new(path)), is_ignored, "{path}");
        }
    }

    #[test]
    fn a_star_stays_in_its_folder() {
        let paths = IgnoredPaths::new(["third_party/**", "*.snap"]).unwrap();
        assert!(paths.contains(Path::new("third_party/a/b.c")));
        assert!(paths.contains(Path::new("a.snap")));
        assert!(!paths.contains(Path::new("a/b.snap")));
        assert!(!IgnoredPaths::default().contains(Path::new("a")));
    }
}
