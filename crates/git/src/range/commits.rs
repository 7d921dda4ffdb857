//! Which commits a range has.

use std::collections::HashSet;

use gix::ObjectId;
use gix::objs::Kind;
use gix::traverse::commit::Simple;
use gix::traverse::commit::simple::{CommitTimeOrder, Sorting};

use crate::change::{Fault, FaultKind, Objects};
use crate::{Error, ErrorKind, Opened};

/// Tags that point to tags that point to tags: more than anybody needs.
const MAX_TAGS: usize = 64;

/// Which commits are looked at.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// What they are reachable from, as git names revisions: `HEAD`, a branch, an id.
    pub tips: Vec<String>,
    /// What they are not reachable from.
    pub hidden: Vec<String>,
    /// When the oldest of them was committed, in seconds since 1970.
    pub since: Option<i64>,
    /// How many at most; the newest ones.
    pub max_commits: Option<usize>,
}

/// Where a walk begins and ends.
#[derive(Debug, Default)]
pub(crate) struct Tips {
    pub(crate) commits: Vec<ObjectId>,
    pub(crate) hidden: Vec<ObjectId>,
    /// Annotated tags on the way from a tip to its commit.
    pub(crate) tags: Vec<ObjectId>,
    /// Tips that are no commits.
    pub(crate) trees: Vec<ObjectId>,
    pub(crate) blobs: Vec<ObjectId>,
    /// What hidden names lead to, and the tags on the way.
    known: HashSet<ObjectId>,
}

impl Selection {
    /// What `base..head` means to git: commits reachable from `head` and not from `base`. A side that is left out is
    /// `HEAD`.
    ///
    /// # Errors
    ///
    /// There are not two dots in it, or three: `a...b` would also mean what only `a` has.
    pub fn between(range: &str) -> Result<Self, Error> {
        let wrong = |why: &str| Err(Error::of(ErrorKind::Request, format!("`{range}`: {why}")));
        let Some((base, head)) = range.split_once("..") else {
            return wrong("a range is written `base..head`");
        };
        if head.starts_with('.') {
            return wrong("use two dots: `base..head` is what head adds");
        }
        let or_head = |name: &str| if name.is_empty() { "HEAD" } else { name }.to_owned();
        Ok(Self {
            tips: vec![or_head(head)],
            hidden: vec![or_head(base)],
            ..Self::default()
        })
    }

    /// What the names mean in a repository.
    pub(super) fn resolve(&self, opened: &Opened) -> Result<Tips, Error> {
        let id = |name: &String| resolve(opened, name).map(|id| (name.clone(), id));
        let tips = self.tips.iter().map(id).collect::<Result<Vec<_>, _>>()?;
        let hidden = self.hidden.iter().map(id).collect::<Result<Vec<_>, _>>()?;
        let mut all = Tips::default();
        for (name, id) in &tips {
            all.add(&opened.objects, *id)
                .map_err(|fault| unreadable(opened, name, &fault))?;
        }
        for (name, id) in &hidden {
            all.hide(&opened.objects, *id)
                .map_err(|fault| unreadable(opened, name, &fault))?;
        }
        Ok(all)
    }

    /// The commits, oldest first.
    pub(super) fn commits(&self, opened: &Opened, tips: &Tips) -> Result<Vec<ObjectId>, Error> {
        let objects = &opened.objects;
        let failed =
            |error: gix::Error| Error::caused(&opened.root, "the history cannot be read", &error);
        let newest_first = Sorting::ByCommitTime(CommitTimeOrder::NewestFirst);
        let walk = Simple::new(tips.commits.iter().copied(), objects)
            .sorting(newest_first)
            .map_err(failed)?
            .hide(tips.hidden.iter().copied())
            .map_err(failed)?;
        let mut commits = Vec::new();
        for commit in walk {
            let commit = commit.map_err(failed)?;
            if self
                .since
                .is_some_and(|since| commit.commit_time.is_some_and(|at| at < since))
            {
                continue;
            }
            if self.max_commits.is_some_and(|most| commits.len() >= most) {
                break;
            }
            if objects.is_cut_at(&commit.id) {
                let id = commit.id;
                return Err(shallow(&format!("what comes before {id} is not here")));
            }
            commits.push(commit.id);
        }
        commits.reverse();
        Ok(commits)
    }
}

impl Opened {
    /// The id, in hexadecimal, of what a revision such as `HEAD` or `origin/main~3` names.
    ///
    /// # Errors
    ///
    /// It names nothing; in a shallow clone that may be because the clone is shallow.
    pub fn id(&self, revision: &str) -> Result<String, Error> {
        resolve(self, revision).map(|id| id.to_string())
    }
}

fn resolve(opened: &Opened, name: &str) -> Result<ObjectId, Error> {
    let found = opened.repository.rev_parse_single(name);
    found.map(gix::Id::detach).map_err(|_| absent(opened, name))
}

/// What a name that means nothing is to the user.
fn absent(opened: &Opened, name: &str) -> Error {
    if opened.objects.is_shallow() {
        return shallow(&format!("`{name}` is not here"));
    }
    let message = format!("`{name}` names nothing in this repository");
    Error::of(ErrorKind::Request, message)
}

fn unreadable(opened: &Opened, name: &str, fault: &Fault) -> Error {
    match fault.what {
        FaultKind::Missing => absent(opened, name),
        FaultKind::Damaged | FaultKind::TooLong => opened.error(&fault.message),
    }
}

fn shallow(what: &str) -> Error {
    let message = format!(
        "this clone is shallow, and {what}: fetch the whole history (`git fetch --unshallow`; `fetch-depth: 0` for \
         actions/checkout, `GIT_DEPTH: 0` on GitLab)"
    );
    Error::of(ErrorKind::Shallow, message)
}

impl Tips {
    /// Takes what `id` leads to as a tip.
    pub(crate) fn add(&mut self, objects: &Objects, id: ObjectId) -> Result<(), Fault> {
        match peel(objects, id, &mut self.tags)? {
            (Kind::Tree, id) => self.trees.push(id),
            (Kind::Blob, id) => self.blobs.push(id),
            (_, id) => self.commits.push(id),
        }
        Ok(())
    }

    /// Takes what `id` leads to as known.
    pub(crate) fn hide(&mut self, objects: &Objects, id: ObjectId) -> Result<(), Fault> {
        let mut known = Vec::new();
        let (kind, id) = peel(objects, id, &mut known)?;
        if kind == Kind::Commit {
            self.hidden.push(id);
        }
        self.known.extend(known);
        self.known.insert(id);
        Ok(())
    }

    /// Whether there is nothing to walk from.
    pub(crate) fn is_empty(&self) -> bool {
        let lists = [&self.commits, &self.tags, &self.trees, &self.blobs];
        lists.into_iter().all(Vec::is_empty)
    }

    /// Takes out what is known, and what is there twice.
    pub(super) fn settle(&mut self) {
        let lists = [&mut self.tags, &mut self.trees, &mut self.blobs];
        for list in lists {
            list.retain(|id| self.known.insert(*id));
        }
        for list in [&mut self.commits, &mut self.hidden] {
            list.sort();
            list.dedup();
        }
    }
}

/// What a chain of tags leads to; the tags go to `tags`.
fn peel(
    objects: &Objects,
    id: ObjectId,
    tags: &mut Vec<ObjectId>,
) -> Result<(Kind, ObjectId), Fault> {
    let mut at = id;
    for _ in 0..MAX_TAGS {
        match objects.header(&at)?.0 {
            Kind::Tag => {
                tags.push(at);
                at = objects.tag(&at)?.0;
            }
            kind => return Ok((kind, at)),
        }
    }
    Err(Fault::damaged(&id))
}
