//! Where a finding stands, in the words of reports.

use std::cmp::Ordering;
use std::path::{Component, Path, PathBuf};

use keysieve_engine::{Finding, ObjectId, Origin};

use super::{Summary, escape, uri};

/// One container or encoding on the way from the outermost file to a content.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Step<'a> {
    /// The decoder's name.
    pub(super) via: &'a str,
    /// The bytes of the entry's name; empty where the format has none.
    pub(super) name: &'a [u8],
}

impl Step<'_> {
    /// Whether this is only another encoding of the same text, so that lines and columns hold on both sides.
    fn is_text(self) -> bool {
        self.via.starts_with("utf-") && self.name.is_empty()
    }
}

/// The bytes of a path as the system gave them.
pub(super) fn path_bytes(path: &Path) -> &[u8] {
    path.as_os_str().as_encoded_bytes()
}

/// The way into a content, outermost step first.
pub(super) fn steps(origin: &Origin) -> Vec<Step<'_>> {
    let mut steps = Vec::new();
    let mut at = origin;
    while let Origin::Inside { outer, via, name } = at {
        steps.push(Step {
            via,
            name: path_bytes(name),
        });
        at = outer;
    }
    steps.reverse();
    steps
}

/// Whether a line and a column of this content are a line and a column of its outermost file.
pub(super) fn is_outside(origin: &Origin) -> bool {
    steps(origin).into_iter().all(Step::is_text)
}

/// The lines of its outermost file at which a finding is shown: its first and its last, or the first line of a file that
/// it was unpacked from.
pub(crate) fn outer_lines(finding: &Finding) -> (u64, u64) {
    if is_outside(&finding.origin) {
        (finding.location.start.line, finding.location.end.line)
    } else {
        (1, 1)
    }
}

/// The order of reports: by the bytes of the path, then by commit and blob, then by the way inside. What has no path,
/// such as standard input, comes first.
pub(super) fn order(a: &Origin, b: &Origin) -> Ordering {
    let path = |origin| Origin::root_path(origin).map(path_bytes);
    path(a)
        .cmp(&path(b))
        .then_with(|| a.root().cmp(b.root()))
        .then_with(|| steps(a).cmp(&steps(b)))
}

/// The path from the root of the repository, or from the folder of the scan where there is none; `None` for what lies
/// outside. `..` is resolved in the text of the path, not through symbolic links.
pub(crate) fn in_repository(path: &Path, summary: &Summary) -> Option<PathBuf> {
    let root = summary
        .repository
        .as_ref()
        .map_or(&summary.directory, |repository| &repository.root);
    let mut resolved = PathBuf::new();
    for component in summary.directory.join(path).components() {
        match component {
            Component::ParentDir => drop(resolved.pop()),
            Component::CurDir => {}
            other => resolved.push(other),
        }
    }
    resolved.strip_prefix(root).ok().map(Path::to_owned)
}

/// The place of a content as baselines name it: the path as in SARIF, or what kind of text it is that has none.
pub(crate) fn key_of_place(origin: &Origin, summary: &Summary) -> String {
    match origin.root() {
        Origin::Message { of, .. } => format!(":{}", of.as_str().replace(' ', "-")),
        root => match (root.root_path(), root.object()) {
            (Some(path), _) => key_of_path(path, summary),
            (None, Some(_)) => ":object".to_owned(),
            (None, None) => ":stdin".to_owned(),
        },
    }
}

/// As [`key_of_place`], of a file.
pub(crate) fn key_of_path(path: &Path, summary: &Summary) -> String {
    uri::of_path(path, summary)
}

/// The path that [`key_of_place`] named, from the folder that paths of the report start from. `None` for what has no path
/// and, where paths are Unicode, for names that are none.
pub(crate) fn path_of_key(key: &str, summary: &Summary) -> Option<PathBuf> {
    if key.starts_with(':') {
        return None;
    }
    let path = path_of_bytes(uri::decode(key))?;
    Some(match &summary.repository {
        Some(repository) => repository.root.join(path),
        None => summary.directory.join(path),
    })
}

#[cfg(unix)]
fn path_of_bytes(bytes: Vec<u8>) -> Option<PathBuf> {
    use std::os::unix::ffi::OsStringExt as _;
    Some(std::ffi::OsString::from_vec(bytes).into())
}

#[cfg(not(unix))]
fn path_of_bytes(bytes: Vec<u8>) -> Option<PathBuf> {
    String::from_utf8(bytes).ok().map(PathBuf::from)
}

/// The first digits of an object's id: enough to tell it in any repository that there is.
pub(super) fn short(id: ObjectId) -> String {
    id.to_string()[..12].to_owned()
}

/// As [`order`]; what has no place comes first.
pub(super) fn order_opt(a: Option<&Origin>, b: Option<&Origin>) -> Ordering {
    match (a, b) {
        (Some(a), Some(b)) => order(a, b),
        _ => a.is_some().cmp(&b.is_some()),
    }
}

/// The place for people: the escaped path, after the commit as git writes it (`0123456789ab:path`) where one brought
/// the file; then `!name` for each container, or `!(gzip)` where it names no entry.
pub(super) fn show(origin: &Origin) -> String {
    let root = origin.root();
    let mut text = match (root.root_path(), root.object(), root.object_kind()) {
        (Some(path), ..) => escape::bytes(path_bytes(path)),
        (None, Some(id), Some(kind)) => format!("{} ({kind})", short(id)),
        (None, ..) => "(standard input)".to_owned(),
    };
    if let Some(commit) = root.commit() {
        text.insert_str(0, &format!("{}:", short(commit)));
    }
    for step in steps(origin).into_iter().filter(|step| !step.is_text()) {
        text.push('!');
        if step.name.is_empty() {
            text.extend(["(", step.via, ")"]);
        } else {
            text.push_str(&escape::bytes(step.name));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::sync::Arc;

    use keysieve_engine::MessageOf;

    use super::*;

    fn file(path: &str) -> Origin {
        Origin::File(path.into())
    }

    fn inside(outer: Origin, via: &'static str, name: &str) -> Origin {
        Origin::Inside {
            outer: Arc::new(outer),
            via,
            name: PathBuf::from(name),
        }
    }

    #[test]
    fn paths_sort_by_their_bytes() {
        // By components `a/b` would come before `a-b`; by bytes `-` comes before `/`.
        let mut origins = [
            file("a/b"),
            inside(file("a-b"), "zip", "x"),
            Origin::Stdin,
            file("a-b"),
            file("B"),
        ];
        origins.sort_by(order);
        let shown: Vec<_> = origins.iter().map(show).collect();
        assert_eq!(shown, ["(standard input)", "B", "a-b", "a-b!x", "a/b"]);
    }

    #[test]
    fn the_way_inside_is_shown() {
        let nested = inside(inside(file("a\n.gz"), "gzip", ""), "tar", "etc/x\u{1b}");
        assert_eq!(show(&nested), r"a\n.gz!(gzip)!etc/x\u{1b}");
    }

    #[test]
    fn commits_and_objects_are_named_as_git_does() {
        let id = ObjectId::new(&[0x1a; 20]).expect("20 bytes");
        let commit = Origin::Commit {
            commit: id,
            path: "a b".into(),
            blob: id,
        };
        assert_eq!(show(&commit), "1a1a1a1a1a1a:a b");
        assert_eq!(show(&inside(commit, "zip", "x")), "1a1a1a1a1a1a:a b!x");
        let of = MessageOf::Commit;
        let message = Origin::Message { of, id };
        assert_eq!(show(&message), "1a1a1a1a1a1a (commit message)");
        let staged = Origin::Staged {
            path: "a".into(),
            blob: id,
        };
        assert_eq!(show(&staged), "a");
    }

    #[test]
    fn positions_hold_outside_only_through_text_encodings() {
        let text = inside(file("a.txt"), "utf-16le", "");
        assert!(is_outside(&file("a")) && is_outside(&text));
        assert_eq!(show(&text), "a.txt");
        assert!(!is_outside(&inside(file("a.gz"), "gzip", "")));
        assert!(!is_outside(&inside(
            inside(file("a.gz"), "gzip", ""),
            "utf-16le",
            ""
        )));
        assert!(!is_outside(&inside(file("a"), "utf-16", "entry")));
    }
}
