//! Every place where git keeps content: visited once, and attributed.

use std::path::PathBuf;

use keysieve_engine::{MessageOf, ObjectId, Origin};
use keysieve_git::{Attribution, History, Reach};

use super::recorder::{Seen, walk};
use super::repository::{Folder, git, id, objects, script};

/// A repository of `odd-places.sh`, walked.
struct Odd {
    folder: Folder,
    seed: String,
    history: History,
    seen: Seen,
}

impl Odd {
    fn new(hash: &str) -> Self {
        let folder = Folder::new();
        let seed = format!("planted{:016x}", fastrand::u64(..));
        script(
            "odd-places.sh",
            &folder.join("repo"),
            &[("SEED", &seed), ("HASH", hash)],
        );
        let (history, seen) = walk(&folder.join("repo"));
        Self {
            folder,
            seed,
            history,
            seen,
        }
    }

    fn repo(&self) -> PathBuf {
        self.folder.join("repo")
    }

    /// The one object that has the value of `place`.
    fn object(&self, place: &str) -> ObjectId {
        let value = format!("{}_{place}", self.seed);
        let has = |bytes: &[u8]| {
            String::from_utf8_lossy(bytes)
                .split_whitespace()
                .any(|word| word == value)
        };
        let holders: Vec<ObjectId> = self
            .seen
            .objects
            .iter()
            .filter(|(_, (_, bytes))| has(bytes))
            .map(|(id, _)| *id)
            .collect();
        assert_eq!(holders.len(), 1, "{place}");
        holders[0]
    }

    fn attribution(&self, place: &str) -> Attribution {
        let mut attributions = self.history.attribute(&[self.object(place)]);
        assert_eq!(attributions.len(), 1);
        attributions.remove(0)
    }
}

#[test]
fn every_object_comes_once_as_git_reads_it() {
    for hash in ["sha1", "sha256"] {
        let odd = Odd::new(hash);
        assert_eq!(odd.seen.issues, []);
        assert!(odd.seen.contents() == objects(&odd.repo()));
    }
}

#[test]
fn every_place_is_attributed() {
    let odd = Odd::new("sha1");
    let rev = |rev: &str| id(&git(&odd.repo(), &["rev-parse", rev]));
    let reach = [
        ("evil-merge", "merged.env", Reach::Ref, "refs/heads/main"),
        ("second-pack", "deep/er/config.env", Reach::Ref, "HEAD"),
        ("stash-untracked", "untracked.env", Reach::Ref, "refs/stash"),
        ("custom-ref", "custom.env", Reach::Ref, "refs/custom/place"),
        (
            "worktree",
            "worktree.env",
            Reach::Ref,
            "worktrees/repo.worktree/HEAD",
        ),
        ("removed", "gone.env", Reach::Ref, "refs/heads/side"),
        ("replaced", "replaced.env", Reach::Ref, "HEAD"),
        (
            "replacement",
            "replaced.env",
            Reach::Ref,
            &format!("refs/replace/{}", git(&odd.repo(), &["replace", "--list"])),
        ),
        ("reflog", "amended.env", Reach::Reflog, ""),
        (
            "unreachable",
            "lost.env",
            Reach::Unreachable(object_in(&odd, "unreachable")),
            "",
        ),
        ("dangling-tree", "in-a-tree.env", Reach::Dangling, ""),
        (
            "note",
            &rev("v1^{commit}").to_string(),
            Reach::Ref,
            "refs/notes/commits",
        ),
        ("symlink", "link", Reach::Ref, "HEAD"),
    ];
    for (place, path, reach, name) in reach {
        let attribution = odd.attribution(place);
        assert_eq!(attribution.paths, [PathBuf::from(path)], "{place}");
        assert_eq!(attribution.reach, reach, "{place}");
        assert!(
            name.is_empty() == attribution.refs.is_empty(),
            "{place}: {:?}",
            attribution.refs
        );
        assert!(
            name.is_empty() || attribution.refs.iter().any(|r| r == name),
            "{place}: {:?}",
            attribution.refs
        );
        let Origin::Blob {
            path: first, moved, ..
        } = &odd.seen.objects[&attribution.id].0
        else {
            panic!("{place}");
        };
        assert_eq!((first.as_deref(), *moved), (Some(path.as_ref()), false));
    }
    for (place, reach) in [
        ("alternate", Reach::Dangling),
        ("dangling", Reach::Dangling),
        ("staged", Reach::Staged),
    ] {
        let attribution = odd.attribution(place);
        assert_eq!(
            (attribution.reach, attribution.paths.len()),
            (reach, 0),
            "{place}"
        );
        assert_eq!((attribution.introduced, attribution.in_head), (None, false));
    }
    let tagged = odd.attribution("tagged-blob");
    assert_eq!(
        (tagged.reach, &*tagged.refs),
        (Reach::Ref, &["refs/tags/blob-tag".to_owned()][..])
    );
}

/// The commit that `odd-places.sh` left a note of.
fn object_in(odd: &Odd, file: &str) -> ObjectId {
    id(std::fs::read_to_string(odd.repo().join(".git").join(file))
        .unwrap()
        .trim())
}

fn message(of: MessageOf, id: ObjectId) -> Origin {
    Origin::Message { of, id }
}

#[test]
fn texts_of_commits_and_tags_are_attributed() {
    let odd = Odd::new("sha1");
    for place in ["commit-message", "author", "committer"] {
        let attribution = odd.attribution(place);
        assert_eq!(
            odd.seen.objects[&attribution.id].0,
            message(MessageOf::Commit, attribution.id)
        );
        assert_eq!(attribution.introduced.as_ref().unwrap().id, attribution.id);
        assert_eq!(
            (attribution.removed, attribution.reach),
            (None, Reach::Ref),
            "{place}"
        );
        assert!(attribution.refs.contains(&"refs/heads/main".to_owned()));
    }
    let tag = odd.attribution("tag-message");
    assert_eq!(odd.seen.objects[&tag.id].0, message(MessageOf::Tag, tag.id));
    assert_eq!(tag.refs, ["refs/tags/v1"]);
    let tagger = odd.attribution("tagger");
    let origin = &odd.seen.objects[&tagger.id].0;
    assert_eq!(*origin, message(MessageOf::Tag, tagger.id));
    assert_eq!(tagger.refs, ["refs/tags/v2"]);
    assert!(matches!(
        odd.attribution("unreachable-message").reach,
        Reach::Unreachable(_)
    ));
}

#[test]
fn who_introduced_and_who_removed() {
    let odd = Odd::new("sha1");
    let removed = odd.attribution("removed");
    let (introduced, by) = (removed.introduced.unwrap(), removed.removed.unwrap());
    assert_eq!(
        (&*introduced.subject, &*by.subject),
        ("add removed", "remove the key")
    );
    assert_eq!(
        (&*by.author.name, &*by.author.email, by.author.offset),
        ("Ann", "ann@example.com", 60)
    );
    assert!(by.author.seconds == introduced.author.seconds + 60 && !removed.in_head);
    assert_eq!(removed.last.unwrap().id, introduced.id);

    let merged = odd.attribution("evil-merge");
    assert_eq!(merged.introduced.unwrap().subject, "merge side");
    assert!(merged.removed.is_none() && merged.in_head);

    let third = odd.attribution("delta3");
    assert_eq!(third.introduced.unwrap().subject, "version 3");
    assert_eq!(third.removed.unwrap().subject, "version 4");

    let moved = odd.attribution("moved");
    assert_eq!(
        moved.paths,
        [PathBuf::from("new-name.env"), "old-name.env".into()]
    );
    assert!(!moved.has_more_paths && moved.in_head && moved.removed.is_none());
    let Origin::Blob { path, moved, .. } = &odd.seen.objects[&moved.id].0 else {
        panic!("a blob");
    };
    assert!(path.as_deref() == Some("old-name.env".as_ref()) && *moved);
}
