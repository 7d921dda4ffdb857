//! What a push brings, as git tells its hooks on standard input.
//!
//! | hook | one line for each reference | new is what is not reachable from |
//! |---|---|---|
//! | pre-push | `<local ref> <local id> <remote ref> <remote id>` | the remote ids, and what is known of the remote (`refs/remotes/<name>/`) |
//! | pre-receive | `<old id> <new id> <ref>` | the old ids, and every reference of the receiving repository |
//!
//! An id of zeros stands for a reference that is not there: one that is new, or that is deleted. A remote id that is not
//! here (somebody else has pushed, and is about to be overruled) says nothing. On the side that receives, the objects
//! lie in quarantine until all hooks have agreed: see [`crate::Environment`].

use gix::ObjectId;
use gix::bstr::ByteSlice as _;

use crate::change::Options;
use crate::range::{Range, Selection, Tips};
use crate::{Error, ErrorKind, Opened};

/// A push that is about to happen.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Push {
    side: Side,
    updates: Vec<Update>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Side {
    Sends,
    Receives,
}

/// What becomes of one reference; null where it is not there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Update {
    old: ObjectId,
    new: ObjectId,
}

impl Push {
    /// Reads what git wrote to a hook; which one is told by its form. Nothing at all is a push of nothing.
    ///
    /// # Errors
    ///
    /// A line is in neither form, or the lines are not all in the same.
    pub fn parse(text: &[u8]) -> Result<Self, Error> {
        let mut push = Self {
            side: Side::Sends,
            updates: Vec::new(),
        };
        for (number, line) in text.lines().enumerate() {
            match update(line) {
                Some((side, update)) if push.updates.is_empty() || push.side == side => {
                    push.side = side;
                    push.updates.push(update);
                }
                _ => {
                    let number = number + 1;
                    let message = format!(
                        "line {number} of standard input is not what git writes to a pre-push hook (`<local ref> \
                         <local id> <remote ref> <remote id>`) or a pre-receive hook (`<old id> <new id> <ref>`)"
                    );
                    return Err(Error::of(ErrorKind::Request, message));
                }
            }
        }
        Ok(push)
    }

    /// The commits that the push brings. `remote` is the name of the remote, as git tells a pre-push hook: without it,
    /// or with an address in its place, nothing but the remote ids is known to be there.
    ///
    /// # Errors
    ///
    /// What is pushed cannot be read, as [`Range::new`] has it.
    pub fn range(
        &self,
        opened: &Opened,
        remote: Option<&str>,
        options: Options,
    ) -> Result<Range, Error> {
        let objects = &opened.objects;
        let mut tips = Tips::default();
        let mut known = Vec::new();
        for Update { old, new } in &self.updates {
            if !new.is_null() {
                let read = tips.add(objects, *new);
                read.map_err(|fault| opened.error(&fault.message))?;
            }
            known.push(*old);
        }
        if !tips.is_empty() {
            known.extend(self.references(opened, remote)?);
        }
        for id in known.iter().filter(|id| !id.is_null()) {
            // What cannot be read hides nothing: more is new then.
            let _ = tips.hide(objects, *id);
        }
        Range::of(opened, &Selection::default(), tips, options)
    }

    /// What references say is on the other side already.
    fn references(&self, opened: &Opened, remote: Option<&str>) -> Result<Vec<ObjectId>, Error> {
        let failed = |error: gix::Error| {
            Error::caused(&opened.root, "the references cannot be read", &error)
        };
        let prefix = match (self.side, remote) {
            (Side::Receives, _) => "refs/".to_owned(),
            (Side::Sends, Some(remote)) if is_name(remote) => format!("refs/remotes/{remote}/"),
            (Side::Sends, _) => return Ok(Vec::new()),
        };
        let references = opened.repository.references().map_err(failed)?;
        let references = references.prefixed(prefix.as_str()).map_err(failed)?;
        // A reference that cannot be read is as one that is not there: more is new then.
        let ids = references.filter_map(Result::ok);
        Ok(ids
            .filter_map(|r| r.try_id().map(gix::Id::detach))
            .collect())
    }
}

/// Whether this can be the name of a remote. An address, which git gives where there is no name, cannot.
fn is_name(remote: &str) -> bool {
    let is_plain = |part: &str| !part.is_empty() && !part.starts_with('.');
    remote.split('/').all(is_plain) && !remote.contains([':', '\\', '*', '?', '[', ' '])
}

fn update(line: &[u8]) -> Option<(Side, Update)> {
    let id = |text: &[u8]| ObjectId::from_hex(text).ok();
    let fields: Vec<_> = line.splitn(3, |b| *b == b' ').collect();
    if let [old, new, name] = fields[..]
        && let (Some(old), Some(new)) = (id(old), id(new))
        && !name.contains(&b' ')
    {
        return Some((Side::Receives, Update { old, new }));
    }
    // From the right: what is pushed can be named by any revision, `HEAD^{/some words}` too.
    let mut fields = line.rsplitn(4, |b| *b == b' ');
    let (old, _name, new) = (id(fields.next()?)?, fields.next()?, id(fields.next()?)?);
    fields.next()?;
    Some((Side::Sends, Update { old, new }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(digit: char) -> String {
        digit.to_string().repeat(40)
    }

    fn updates(text: &str) -> Option<(Side, usize)> {
        let push = Push::parse(text.as_bytes()).ok()?;
        Some((push.side, push.updates.len()))
    }

    #[test]
    fn both_hooks_are_told_apart() {
        let (a, b, zero) = (id('a'), id('b'), id('0'));
        let sends =
            format!("refs/heads/x {a} refs/heads/x {b}\n(delete) {zero} refs/heads/y {b}\n");
        assert_eq!(updates(&sends), Some((Side::Sends, 2)));
        let receives = format!("{zero} {a} refs/heads/x\n{a} {zero} refs/tags/y\n");
        assert_eq!(updates(&receives), Some((Side::Receives, 2)));
        let revision = format!("HEAD^{{/some words}} {a} refs/heads/x {zero}\n");
        assert_eq!(updates(&revision), Some((Side::Sends, 1)));
        let push = Push::parse(revision.as_bytes()).unwrap();
        assert!(push.updates[0].old.is_null() && !push.updates[0].new.is_null());
        assert_eq!(updates(""), Some((Side::Sends, 0)));
        let long = "c".repeat(64);
        assert_eq!(
            updates(&format!("{long} {long} refs/heads/x")),
            Some((Side::Receives, 1))
        );
    }

    #[test]
    fn other_lines_are_refused() {
        let (a, b) = (id('a'), id('b'));
        for text in [
            "\n".to_owned(),
            "refs/heads/x".to_owned(),
            format!("{a} {b}"),
            format!("{a} {b}\n"),
            format!("refs/heads/x {a} refs/heads/x"),
            format!("refs/heads/x {a} refs/heads/x {b}x"),
            format!("{a} {b} refs/heads/x\nrefs/heads/x {a} refs/heads/x {b}\n"),
        ] {
            assert_eq!(updates(&text), None, "{text:?}");
        }
    }

    #[test]
    fn an_address_is_no_name() {
        assert!(is_name("origin") && is_name("team/fork"));
        for address in [
            "",
            "../x",
            "https://git.example.com/x",
            "git@git.example.com:x",
            "/srv/x",
        ] {
            assert!(!is_name(address), "{address}");
        }
    }
}
