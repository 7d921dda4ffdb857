//! How files are named in reports.

use std::path::{Component, Path, PathBuf};

/// Turns paths of the walk into paths of reports.
#[derive(Debug)]
pub(super) struct Names {
    /// The working directory; empty where it is not known, and then only absolute paths come to lie under the root.
    here: PathBuf,
    root: Option<PathBuf>,
}

impl Names {
    pub(super) fn new(root: Option<&Path>) -> Self {
        let here = std::env::current_dir().unwrap_or_default();
        let root = root.map(|root| normal(&here.join(root)));
        Self { here, root }
    }

    /// The name of the file at `path`.
    pub(super) fn report(&self, path: &Path) -> PathBuf {
        let below = self.root.as_ref().and_then(|root| {
            let path = normal(&self.here.join(path));
            path.strip_prefix(root)
                .ok()
                .filter(|below| !below.as_os_str().is_empty())
                .map(Path::to_owned)
        });
        below.unwrap_or_else(|| path.to_owned())
    }
}

/// Takes `.` and `..` out of an absolute path, by its text alone.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::with_capacity(path.as_os_str().len());
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                normal.pop();
            }
            component => normal.push(component),
        }
    }
    normal
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn names_are_relative_to_the_report_root() {
        let names = Names {
            here: "/home/me/project".into(),
            root: Some("/home/me/project".into()),
        };
        for (path, name) in [
            ("./a", "a"),
            ("a/b", "a/b"),
            ("a/./b//c", "a/b/c"),
            ("a/../b", "b"),
            ("../project/a", "a"),
            ("/home/me/project/a", "a"),
            ("/home/me/./project/x/../a", "a"),
            ("../other/a", "../other/a"),
            ("/home/me/projects/a", "/home/me/projects/a"),
            ("/", "/"),
            (".", "."),
        ] {
            assert_eq!(names.report(Path::new(path)), Path::new(name), "{path}");
        }
    }

    #[test]
    fn names_are_as_given_without_a_report_root_or_outside_of_it() {
        let nowhere = Names {
            here: PathBuf::new(),
            root: Some("/project".into()),
        };
        assert_eq!(nowhere.report(Path::new("./a")), Path::new("./a"));
        assert_eq!(nowhere.report(Path::new("/project/a")), Path::new("a"));
        let rootless = Names::new(None);
        assert_eq!(
            rootless.report(Path::new("./a/../b")),
            Path::new("./a/../b")
        );
    }
}
