//! The texts of trees, commits and tags, as far as they name other objects or people.
//!
//! Forged objects hold anything: what is not understood is `None`, and what comes before it counts.

use crate::store::Id;
use crate::store::kind::Kind;

/// An entry of a tree.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Entry<'t> {
    /// What the mode says that it is.
    pub(super) mode: Mode,
    pub(super) name: &'t [u8],
    pub(super) id: &'t [u8],
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Mode {
    /// A file or a symbolic link.
    Blob,
    Tree,
    /// A commit of another repository.
    Submodule,
}

/// Takes the first entry off a tree whose ids have `id_len` bytes: `MODE NAME\0ID`. `None` where it is malformed.
pub(super) fn entry<'t>(tree: &mut &'t [u8], id_len: usize) -> Option<Entry<'t>> {
    // Modes have five or six octal digits, old programs wrote zeros in front.
    let space = tree.iter().take(12).position(|&byte| byte == b' ')?;
    let mode = tree[..space].iter().try_fold(0u32, |mode, &digit| {
        matches!(digit, b'0'..=b'7').then(|| mode << 3 | u32::from(digit - b'0'))
    })?;
    let mode = match mode >> 12 {
        0o04 => Mode::Tree,
        0o16 => Mode::Submodule,
        _ => Mode::Blob,
    };
    let rest = &tree[space + 1..];
    let nul = memchr::memchr(0, rest)?;
    let id = rest.get(nul + 1..)?.get(..id_len)?;
    *tree = &rest[nul + 1 + id_len..];
    Some(Entry {
        mode,
        name: &rest[..nul],
        id,
    })
}

/// Takes these bytes for a tree, a commit and a tag, for fuzzers; how many bytes the entries of the tree have.
#[cfg(any(test, feature = "fuzz"))]
pub(crate) fn parse_all(bytes: &[u8], id_len: usize) -> usize {
    let mut rest = bytes;
    while !rest.is_empty() && entry(&mut rest, id_len).is_some() {}
    let _ = (commit(bytes), tag(bytes), author_and_subject(bytes));
    bytes.len() - rest.len()
}

/// What a commit says of the history.
#[derive(PartialEq, Eq, Debug)]
pub(super) struct Commit {
    pub(super) tree: Id,
    pub(super) parents: Vec<Id>,
    /// When it was committed, in seconds since 1970; 0 where that cannot be read.
    pub(super) time: i64,
}

pub(super) fn commit(text: &[u8]) -> Option<Commit> {
    let mut lines = text.split(|&byte| byte == b'\n');
    let tree = Id::from_hex(lines.next()?.strip_prefix(b"tree ")?).ok()?;
    let mut parents = Vec::new();
    let mut time = 0;
    for line in lines.take_while(|line| !line.is_empty()) {
        if let Some(parent) = line.strip_prefix(b"parent ") {
            parents.push(Id::from_hex(parent).ok()?);
        } else if let Some(committer) = line.strip_prefix(b"committer ") {
            time = Person::parse(committer).seconds;
            break;
        }
    }
    Some(Commit {
        tree,
        parents,
        time,
    })
}

/// What an annotated tag points at.
pub(super) fn tag(text: &[u8]) -> Option<(Id, Kind)> {
    let mut lines = text.split(|&byte| byte == b'\n');
    let id = Id::from_hex(lines.next()?.strip_prefix(b"object ")?).ok()?;
    let kind = Kind::from_name(lines.next()?.strip_prefix(b"type ")?)?;
    Some((id, kind))
}

/// Who did something, and when. The text is as it stands in the object, without what is no UTF-8.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Person {
    /// The name.
    pub name: String,
    /// The address of mail.
    pub email: String,
    /// When, in seconds since 1970; 0 where that cannot be read.
    pub seconds: i64,
    /// The time zone, in minutes east of Greenwich.
    pub offset: i16,
}

impl Person {
    /// `NAME <EMAIL> SECONDS +HHMM`
    pub(super) fn parse(line: &[u8]) -> Self {
        let text = String::from_utf8_lossy(line);
        let (who, when) = text.rsplit_once('>').unwrap_or((&text, ""));
        let (name, email) = who.split_once('<').unwrap_or((who, ""));
        let mut when = when.split_ascii_whitespace();
        let seconds = when
            .next()
            .and_then(|seconds| seconds.parse().ok())
            .unwrap_or(0);
        let zone: i16 = when.next().and_then(|zone| zone.parse().ok()).unwrap_or(0);
        Self {
            name: name.trim().to_owned(),
            email: email.trim().to_owned(),
            seconds,
            offset: zone / 100 * 60 + zone % 100,
        }
    }
}

/// The author of a commit, and the first line of its message.
pub(crate) fn author_and_subject(text: &[u8]) -> (Person, String) {
    let mut lines = text.split(|&byte| byte == b'\n');
    let author = lines
        .by_ref()
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.strip_prefix(b"author "))
        .next()
        .map(Person::parse)
        .unwrap_or_default();
    let message = text
        .windows(2)
        .position(|pair| pair == b"\n\n")
        .map_or(&b""[..], |at| &text[at + 2..]);
    let subject = message
        .split(|&byte| byte == b'\n')
        .find(|line| !line.trim_ascii().is_empty());
    (
        author,
        String::from_utf8_lossy(subject.unwrap_or_default().trim_ascii()).into_owned(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(digit: &str) -> Id {
        Id::from_hex(digit.repeat(40).as_bytes()).expect("hexadecimal")
    }

    #[test]
    fn trees_end_where_they_are_malformed() {
        let tree = [
            &b"100644 a\0"[..],
            &[1; 20],
            b"040000 b\0",
            &[2; 20],
            b"160000 c\0",
            &[3; 20],
        ]
        .concat();
        let modes = |mut tree: &[u8]| {
            let mut modes = Vec::new();
            while !tree.is_empty() && modes.last() != Some(&None) {
                modes.push(entry(&mut tree, 20).map(|entry| entry.mode));
            }
            modes
        };
        let all = [Some(Mode::Blob), Some(Mode::Tree), Some(Mode::Submodule)];
        assert_eq!(modes(&tree), all);
        assert_eq!(modes(&tree[..tree.len() - 1]), [all[0], all[1], None]);
        assert_eq!(modes(b"9 a\0"), [None]);
        assert_eq!(modes(b"100644 a"), [None]);
        assert_eq!(modes(b" "), [None]);
        let cut = (0..tree.len())
            .filter(|&at| modes(&tree[..at]).contains(&None))
            .count();
        assert_eq!(cut, tree.len() - 3);
    }

    #[test]
    fn commits_name_tree_parents_and_time() {
        let (a, b) = ("a".repeat(40), "b".repeat(40));
        let text = format!(
            "tree {a}\nparent {b}\nparent {a}\nauthor A <a@example.com> 5 +0130\ncommitter B <b@example.com> 7 -0800\n\n  \nparent x\n"
        );
        let parsed = commit(text.as_bytes()).expect("valid");
        assert_eq!(
            (parsed.tree, parsed.parents, parsed.time),
            (id("a"), vec![id("b"), id("a")], 7)
        );
        let (author, subject) = author_and_subject(text.as_bytes());
        assert_eq!(
            (&*author.name, &*author.email, author.seconds, author.offset),
            ("A", "a@example.com", 5, 90)
        );
        assert_eq!(subject, "parent x");
        assert_eq!(commit(b"tree 12"), None);
        assert_eq!(commit(b""), None);
        for at in 0..text.len() {
            let _ = (
                commit(&text.as_bytes()[..at]),
                author_and_subject(&text.as_bytes()[..at]),
            );
        }
    }

    #[test]
    fn people_may_be_odd() {
        let person = Person::parse(b"A < B <b> > 9 +0000");
        assert_eq!(
            (person.name, person.email, person.seconds),
            ("A".into(), "B <b>".into(), 9)
        );
        assert_eq!(Person::parse(b"").seconds, 0);
        assert_eq!(
            Person::parse(b"x> 99999999999999999999 +99999999").offset,
            0
        );
    }

    #[test]
    fn tags_point_at_one_object() {
        let text = format!("object {}\ntype commit\ntag v1\n", "a".repeat(40));
        assert_eq!(tag(text.as_bytes()), Some((id("a"), Kind::Commit)));
        assert_eq!(tag(b"object x"), None);
    }
}
