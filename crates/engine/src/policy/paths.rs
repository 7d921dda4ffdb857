//! Paths that the configuration leaves out of the scan.

use std::path::Path;

use globset::{Error, Glob, GlobBuilder, GlobSet, GlobSetBuilder};

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

fn compile(glob: &str) -> Result<Glob, Error> {
    GlobBuilder::new(glob).literal_separator(true).build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stays_in_its_folder() {
        let paths = IgnoredPaths::new(["third_party/**", "*.snap"]).unwrap();
        assert!(paths.contains(Path::new("third_party/a/b.c")));
        assert!(paths.contains(Path::new("a.snap")));
        assert!(!paths.contains(Path::new("a/b.snap")));
        assert!(!IgnoredPaths::default().contains(Path::new("a")));
    }
}
