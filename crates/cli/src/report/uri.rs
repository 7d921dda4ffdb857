//! URIs of what was scanned. Paths and remotes are bytes that strangers chose.

use std::fmt::Write;
use std::path::{Component, Path};

use keysieve_engine::Origin;

use super::Summary;
use super::place::path_bytes;

/// The reference to a file, as code scanning services want it: relative to the root of the repository (or to the
/// directory of the scan, where there is no repository), with every byte encoded that is neither unreserved nor `/`.
/// So it has no scheme, no leading slash, no `.` or `..`, and gives back the exact bytes of the name. A file outside of
/// the root is named by an absolute `file:` URI.
///
/// `..` is resolved in the text of the path, not through symbolic links.
pub(super) fn of_path(path: &Path, summary: &Summary) -> String {
    from_root(path, summary, "file:///", |name| encode(name, b""))
}

/// The file that a content is or stands in, as services name it: as [`of_path`], but with its characters as they are.
/// What has no path, such as standard input, gets a [`stand_in`].
pub(super) fn file_name(origin: &Origin, summary: &Summary) -> String {
    let plain = |name: &[u8]| String::from_utf8_lossy(name).into_owned();
    match origin.root_path() {
        Some(path) => from_root(path, summary, "/", plain),
        None => stand_in(origin),
    }
}

/// A name for what has no path, where a service demands one.
pub(super) fn stand_in(origin: &Origin) -> String {
    match (origin.object_kind(), origin.object()) {
        (Some(kind), Some(id)) => format!("git/{}/{id}", kind.replace(' ', "-")),
        _ => "stdin".to_owned(),
    }
}

/// The way to `path` from the root of the repository, or `outside` and the way from that of the file system.
fn from_root(
    path: &Path,
    summary: &Summary,
    outside: &str,
    name: impl Fn(&[u8]) -> String,
) -> String {
    let root = summary
        .repository
        .as_ref()
        .map_or(&summary.directory, |repository| &repository.root);
    let path = summary.directory.join(path);
    let (path, root) = (segments(&path), segments(root));
    let join = |names: &[&[u8]]| names.iter().map(|n| name(n)).collect::<Vec<_>>().join("/");
    match path.strip_prefix(&*root) {
        Some([]) => ".".to_owned(),
        Some(inside) => join(inside),
        None => format!("{outside}{}", join(&path)),
    }
}

/// The public address of a remote: without user, password, query and fragment, for any of them may hold a credential.
/// An address of the form `user@host:path` becomes an `ssh:` URI. `None` for a place on this machine.
pub(super) fn of_remote(remote: &str) -> Option<String> {
    let (scheme, host, path) = match remote.split_once("://") {
        Some((scheme, rest)) => {
            let rest = rest.split(['?', '#']).next()?;
            let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
            (scheme, host, path)
        }
        None => {
            let (host, path) = remote
                .split_once(':')
                .filter(|(host, _)| !host.contains('/'))?;
            ("ssh", host, path)
        }
    };
    let host = host.rsplit('@').next()?;
    let is_word = |text: &str, more: &[u8]| {
        text.len() > 1
            && text
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || more.contains(&b))
    };
    if scheme == "file" || !is_word(scheme, b"+") || !is_word(host, b".-_:[]") {
        return None;
    }
    Some(format!(
        "{scheme}://{host}/{}",
        encode(path.trim_start_matches('/').as_bytes(), b"/%")
    ))
}

/// The names on the way to `path`, from the root of the file system.
fn segments(path: &Path) -> Vec<&[u8]> {
    let mut segments = Vec::new();
    for component in path.components() {
        match component {
            Component::Normal(name) => segments.push(name.as_encoded_bytes()),
            Component::Prefix(drive) => segments.push(path_bytes(Path::new(drive.as_os_str()))),
            Component::ParentDir => drop(segments.pop()),
            Component::RootDir | Component::CurDir => {}
        }
    }
    segments
}

/// The text that [`encode`] made `encoded` of; `None` where it is no UTF-8.
pub(super) fn decode(encoded: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(encoded.len());
    let mut rest = encoded.as_bytes();
    while let [first, after @ ..] = rest {
        let digit = |at: usize| after.get(at).and_then(|b| char::from(*b).to_digit(16));
        let (byte, len) = match (first, digit(0), digit(1)) {
            (b'%', Some(high), Some(low)) => ((high << 4 | low) as u8, 2),
            _ => (*first, 0),
        };
        bytes.push(byte);
        rest = &after[len..];
    }
    bytes
}

/// Percent-encodes all but the unreserved characters of RFC 3986 and those to `keep`.
fn encode(bytes: &[u8], keep: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for &byte in bytes {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) || keep.contains(&byte) {
            out.push(char::from(byte));
        } else {
            write!(out, "%{byte:02X}").expect("a String takes any text");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Repository, sample};

    fn path(path: &str) -> String {
        of_path(Path::new(path), &sample::summary())
    }

    #[test]
    fn a_path_becomes_a_relative_reference() {
        assert_eq!(path("src/main.rs"), "src/main.rs");
        assert_eq!(path("./src/./a//b/../c"), "src/a/c");
        assert_eq!(
            path("a b%c#d?e:f+g&h\n\"'[]"),
            "a%20b%25c%23d%3Fe%3Af%2Bg%26h%0A%22%27%5B%5D"
        );
        assert_eq!(path("c:/\u{e9}"), "c%3A/%C3%A9");
        assert_eq!(path("."), ".");
    }

    #[cfg(unix)]
    #[test]
    fn a_name_that_is_no_utf8_keeps_its_bytes() {
        use std::os::unix::ffi::OsStrExt;

        let name = Path::new(std::ffi::OsStr::from_bytes(b"caf\xe9.env"));
        assert_eq!(of_path(name, &sample::summary()), "caf%E9.env");
    }

    #[test]
    fn a_path_is_relative_to_the_repository() {
        let mut summary = sample::summary();
        let root = summary.directory.clone();
        summary.directory = root.join("sub dir");
        summary.repository = Some(Repository {
            root: root.clone(),
            head: None,
            remote: None,
        });
        let path = |path: &Path| of_path(path, &summary);
        assert_eq!(path(Path::new("a.rs")), "sub%20dir/a.rs");
        assert_eq!(path(Path::new("../a.rs")), "a.rs");
        assert_eq!(path(&root.join("b/c")), "b/c");
    }

    #[test]
    fn a_service_reads_the_name_as_it_is() {
        let name = |origin| file_name(&origin, &sample::summary());
        assert_eq!(
            name(Origin::File("./src/../a b,\u{e9}.rs".into())),
            "a b,\u{e9}.rs"
        );
        assert_eq!(name(Origin::File("/etc/a%b".into())), "/etc/a%b");
        assert_eq!(name(Origin::Stdin), "stdin");
    }

    #[test]
    fn a_path_outside_is_absolute() {
        let mut summary = sample::summary();
        summary.directory = "/top/project".into();
        let path = |path: &str| of_path(Path::new(path), &summary);
        assert_eq!(path("/etc/a b"), "file:///etc/a%20b");
        assert_eq!(path("../project-2/a"), "file:///top/project-2/a");
        assert_eq!(path("../../../../x"), "file:///x");
        assert_eq!(path("/top/project/x"), "x");
    }

    #[test]
    fn a_remote_loses_its_credentials() {
        let of = |remote: &str| of_remote(remote).unwrap_or_default();
        assert_eq!(
            of("https://git.example/a/b.git"),
            "https://git.example/a/b.git"
        );
        assert_eq!(
            of("https://user:pass@git.example:8443/a/b"),
            "https://git.example:8443/a/b"
        );
        assert_eq!(
            of("https://a@b:c@git.example/a?access=x#y"),
            "https://git.example/a"
        );
        assert_eq!(
            of("git@git.example:owner/name.git"),
            "ssh://git.example/owner/name.git"
        );
        assert_eq!(
            of("ssh://git@git.example/~me/x y"),
            "ssh://git.example/~me/x%20y"
        );
        for local in [
            "/srv/git/x.git",
            "../x",
            "./a:b",
            "C:\\x",
            "file:///srv/x",
            "",
            "https://",
        ] {
            assert_eq!(of_remote(local), None, "{local}");
        }
    }
}
