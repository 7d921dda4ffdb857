//! ggshield's `.gitguardian.yaml`, without a YAML parser: of the form that ggshield writes and its manual shows.
//!
//! ```text
//! version: 2                      the first version has the two lists at the top, with hyphens in their names
//! secret:
//!   ignored_paths:
//!     - '**/README.md'            a glob that is true of the end of a path
//!   ignored_matches:
//!     - name: sandbox
//!       match: a value
//! ```

use keysieve_engine::policy::IgnoredPaths;

use super::Entries;

/// Which list a line is in.
#[derive(Clone, Copy)]
enum List {
    Paths,
    Values,
}

pub(super) fn read(text: &str) -> Entries {
    let (mut entries, mut globs) = (Entries::default(), Vec::new());
    // The keys that a line lies below, and the list that is open, each with its indentation.
    let mut section: Option<&str> = None;
    let mut list: Option<(List, usize)> = None;
    for line in text.lines() {
        let content = line.trim_start();
        let indent = line.len() - content.len();
        let content = content.trim_end();
        if content.is_empty() || content.starts_with('#') || content == "---" {
            continue;
        }
        let item = content.strip_prefix("- ").map(str::trim_start);
        if let Some((kind, depth)) = list
            && (indent > depth || item.is_some() && indent == depth)
        {
            match kind {
                List::Paths => globs.extend(item.map(scalar)),
                List::Values => {
                    let entry = item.unwrap_or(content);
                    let value = match entry.split_once(':').filter(|(key, _)| is_key(key)) {
                        Some(("match", value)) => Some(scalar(value.trim())),
                        Some(_) => None,
                        // The first version has bare values, too.
                        None => item.map(scalar),
                    };
                    let value = value.filter(|value| !value.is_empty());
                    entries.values.extend(value.map(String::into_bytes));
                }
            }
            continue;
        }
        list = None;
        let Some((key, rest)) = content.split_once(':') else {
            continue;
        };
        if indent == 0 {
            section = Some(key);
        }
        list = match (section, key) {
            _ if !rest.trim().is_empty() && !rest.trim_start().starts_with('#') => None,
            (Some("secret"), "ignored_paths" | "ignored-paths") if indent > 0 => Some(List::Paths),
            (Some("secret"), "ignored_matches" | "ignored-matches") if indent > 0 => {
                Some(List::Values)
            }
            (_, "paths-ignore" | "paths_ignore") if indent == 0 => Some(List::Paths),
            (_, "matches-ignore" | "matches_ignore") if indent == 0 => Some(List::Values),
            _ => None,
        }
        .map(|kind| (kind, indent));
    }
    let globs: Vec<String> = globs.iter().filter_map(|glob| anchored(glob)).collect();
    // One that cannot be read ignores nothing, and the others still do.
    let globs = globs.iter().map(String::as_str);
    let good = globs.filter(|glob| IgnoredPaths::new([*glob]).is_ok());
    entries.globs = IgnoredPaths::new(good).unwrap_or_default();
    entries
}

fn is_key(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
}

/// A scalar without its quotes and the comment behind it.
fn scalar(text: &str) -> String {
    match text.as_bytes().first() {
        Some(b'\'') => {
            let inner = text[1..].split("' ").next().unwrap_or_default();
            inner.strip_suffix('\'').unwrap_or(inner).replace("''", "'")
        }
        Some(b'"') => {
            let inner = text[1..].split("\" ").next().unwrap_or_default();
            inner.strip_suffix('"').unwrap_or(inner).to_owned()
        }
        _ => text
            .split(" #")
            .next()
            .unwrap_or_default()
            .trim()
            .to_owned(),
    }
}

/// A glob of ggshield's over whole paths: it starts anywhere unless at a slash, and one that ends in a slash is true of
/// all below.
fn anchored(glob: &str) -> Option<String> {
    let below = if glob.ends_with('/') { "**" } else { "" };
    match glob.strip_prefix('/') {
        _ if glob.is_empty() => None,
        Some(glob) => Some(format!("{glob}{below}")),
        None => Some(format!("**/{glob}{below}")),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn both_versions_are_read() {
        let new = "version: 2\nexit_zero: false # a comment\nsecret:\n  ignored_paths:\n  - '**/README.md'\n  \
                   - doc/* # all\n  - /top/\n  ignored_matches:\n    - name: it's one\n      match: 'one: 1'\n    \
                   - match: two\n      name:\n  show_secrets: false\niac:\n  ignored_paths:\n    - other\n";
        let old = "# old\npaths-ignore:\n  - '**/README.md'\n  - doc/*\n  - \"/top/\"\nmatches-ignore:\n- name: x\n  \
                   match: \"one: 1\"\n- two\n";
        for text in [new, old] {
            let entries = read(text);
            for (path, is_in) in [
                ("README.md", true),
                ("a/README.md", true),
                ("a/doc/b", true),
                ("a/doc/b/c", false),
                ("top/a/b", true),
                ("a/top/b", false),
                ("other", false),
            ] {
                assert_eq!(
                    entries.globs.contains(Path::new(path)),
                    is_in,
                    "{path} {text}"
                );
            }
            let mut values: Vec<_> = entries.values.into_iter().collect();
            values.sort();
            assert_eq!(values, [b"one: 1".to_vec(), b"two".to_vec()], "{text}");
        }
    }

    #[test]
    fn what_is_no_list_ignores_nothing() {
        for text in [
            "secret:\n  ignored_paths: ['**']\n",
            "secret:\n- a\n",
            ":",
            "- - -\n",
            "\t- x",
        ] {
            let entries = read(text);
            assert!(
                entries.values.is_empty() && !entries.globs.contains(Path::new("a")),
                "{text}"
            );
        }
    }
}
