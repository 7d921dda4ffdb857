//! The files of a directory in the order of their names, as gitleaks visits them.

use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};

/// A file to scan.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Target {
    /// Where it is.
    pub path: PathBuf,
    /// The link that led to it.
    pub symlink: Option<PathBuf>,
}

/// How a directory is walked.
pub struct Walk<'a> {
    /// Whether links to files are followed. Links to directories never are.
    pub follow_symlinks: bool,
    /// The largest file to scan in bytes; 0 for no limit.
    pub max_size: u64,
    /// Whether a file or a whole directory is left out.
    pub skips: &'a (dyn Fn(&str) -> bool + 'a),
    /// Is told what could not be looked at, and why.
    pub warn: &'a mut dyn FnMut(&Path, &str),
}

impl Walk<'_> {
    /// All files under `root`, or `root` itself.
    pub fn targets(&mut self, root: &Path) -> Vec<Target> {
        let mut targets = Vec::new();
        // What is still to be visited, the next one last: depth is bounded by memory and not by the stack.
        let mut pending = vec![root.to_owned()];
        while let Some(path) = pending.pop() {
            match fs::symlink_metadata(&path) {
                Err(error) => (self.warn)(&path, &error.to_string()),
                Ok(data) if data.is_dir() => {
                    if !(self.skips)(&path.to_string_lossy()) {
                        self.enter(&path, &mut pending);
                    }
                }
                Ok(data) => targets.extend(self.target(path, &data)),
            }
        }
        targets
    }

    fn enter(&mut self, directory: &Path, pending: &mut Vec<PathBuf>) {
        let entries = match fs::read_dir(directory) {
            Ok(entries) => entries,
            Err(error) => return (self.warn)(directory, &error.to_string()),
        };
        let mut names = Vec::new();
        for entry in entries {
            match entry {
                Ok(entry) => names.push(entry.file_name()),
                Err(error) => (self.warn)(directory, &error.to_string()),
            }
        }
        names.sort();
        pending.extend(names.iter().rev().map(|name| clean(directory).join(name)));
    }

    fn target(&mut self, path: PathBuf, data: &Metadata) -> Option<Target> {
        if data.len() == 0 {
            return None;
        }
        if self.max_size > 0 && data.len() > self.max_size {
            (self.warn)(&path, "left out: too large");
            return None;
        }
        let mut target = Target {
            path,
            symlink: None,
        };
        if data.is_symlink() {
            if !self.follow_symlinks {
                return None;
            }
            match fs::canonicalize(&target.path).and_then(|real| Ok((fs::metadata(&real)?, real))) {
                Ok((data, _)) if data.is_dir() => return None,
                Ok((_, real)) => target.symlink = Some(std::mem::replace(&mut target.path, real)),
                Err(error) => {
                    (self.warn)(&target.path, &error.to_string());
                    return None;
                }
            }
        }
        let name = target.symlink.as_ref().unwrap_or(&target.path);
        (!(self.skips)(&name.to_string_lossy())).then_some(target)
    }
}

/// A path without `.` and `..` where that can be told from the path alone; `.` itself is nothing before a name.
fn clean(path: &Path) -> PathBuf {
    use std::path::Component;
    let mut clean = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => match clean.components().next_back() {
                Some(Component::Normal(_)) => {
                    clean.pop();
                }
                Some(Component::RootDir) => {}
                _ => clean.push(".."),
            },
            component => clean.push(component),
        }
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_order_and_links_only_when_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        fs::create_dir(root.join("b")).unwrap();
        for name in ["b/x", "a", "c", "b.txt"] {
            fs::write(root.join(name), "text").unwrap();
        }
        fs::write(root.join("empty"), "").unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink(root.join("a"), root.join("link")).unwrap();
        let names = |follow_symlinks| -> Vec<String> {
            let mut walk = Walk {
                follow_symlinks,
                max_size: 0,
                skips: &|path| path.ends_with("/c"),
                warn: &mut |_, _| {},
            };
            let targets = walk.targets(root);
            let name = |target: Target| target.symlink.unwrap_or(target.path);
            let relative = |path: PathBuf| path.strip_prefix(root).unwrap().display().to_string();
            targets.into_iter().map(name).map(relative).collect()
        };
        assert_eq!(names(false), ["a", "b/x", "b.txt"]);
        #[cfg(unix)]
        assert_eq!(names(true), ["a", "b/x", "b.txt", "link"]);
    }

    #[test]
    fn paths_are_clean() {
        for (path, expected) in [
            (".", ""),
            ("./a/./b", "a/b"),
            ("a/../b", "b"),
            ("../a", "../a"),
            ("/../a", "/a"),
        ] {
            assert_eq!(clean(Path::new(path)), Path::new(expected), "{path}");
        }
    }
}
