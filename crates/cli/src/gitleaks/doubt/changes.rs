//! What commits change that may have something to be found, and what git is to be asked of it.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::thread;

use keysieve_engine::ObjectId;
use keysieve_git::{Changed, History, HistoryObjects};
use keysieve_gitleaks::source::{Added, added, middle, whole_lines};
use keysieve_gitleaks::{Fragment, Glance, GlanceScratch, Prospect, REACH, Scratch};

use super::Request;
use super::contents::Contents;

/// Pairs that go to a thread together.
const TOGETHER: usize = 64;

/// Commits, and paths, that git is asked about at a time: starting it costs as much as a few commits, and each path
/// costs with each commit.
const COMMITS: usize = 64;
const PATHS: usize = 256;

/// Changes that are worth a look.
pub(super) struct Changes<'g> {
    glance: &'g Glance<'g>,
    contents: Contents,
    /// What can be found at a path, and its number.
    prospects: HashMap<Vec<u8>, (Prospect, u32)>,
    /// In the order of the history.
    commits: Vec<CommitChanges>,
    /// The last commit of which it was told that it removes something.
    removing: Option<ObjectId>,
    pairs: Vec<Pair>,
    numbers: HashMap<Pair, u32>,
}

/// What a commit changes.
struct CommitChanges {
    id: ObjectId,
    /// Whether it removes files, one of which another one may have been.
    removes: bool,
    changes: Vec<Change>,
}

/// A change of one file.
struct Change {
    path: u32,
    is_addition: bool,
    what: What,
}

/// On what it depends whether something may be found.
enum What {
    /// Nothing: for the name of the file it may be.
    Path,
    /// Whether git takes the file for text.
    Binary,
    /// What is added, by the number of the pair.
    Pair(u32),
}

/// Two contents, one after the other.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Pair {
    path: u32,
    old: Option<ObjectId>,
    new: ObjectId,
}

impl<'g> Changes<'g> {
    pub(super) fn new(glance: &'g Glance<'g>, contents: Contents) -> Self {
        Self {
            glance,
            contents,
            prospects: HashMap::new(),
            commits: Vec::new(),
            removing: None,
            pairs: Vec::new(),
            numbers: HashMap::new(),
        }
    }

    /// Takes in a change. Those of one commit come together.
    pub(super) fn add(&mut self, changed: &Changed<'_>) {
        let id = changed.commit;
        let Some(new) = changed.new else {
            self.removing = Some(id);
            if let Some(last) = self.commits.last_mut().filter(|last| last.id == id) {
                last.removes = true;
            }
            return;
        };
        let is_text = self.contents.texts.contains(&new);
        let is_binary = self.contents.binaries.contains(&new);
        if !is_text && !is_binary && !self.glance.looks_at_paths() {
            return;
        }
        let (prospect, path) = self.prospect(changed.path);
        let what = match prospect {
            Prospect::ByPlace => What::Path,
            Prospect::ByText if is_binary => What::Binary,
            Prospect::ByText if is_text => {
                let old = changed.old;
                What::Pair(self.pair(Pair { path, old, new }))
            }
            Prospect::ByText | Prospect::Nothing => return,
        };
        if self.commits.last().is_none_or(|last| last.id != id) {
            self.commits.push(CommitChanges {
                id,
                removes: self.removing == Some(id),
                changes: Vec::new(),
            });
        }
        if let Some(last) = self.commits.last_mut() {
            last.changes.push(Change {
                path,
                is_addition: changed.old.is_none(),
                what,
            });
        }
    }

    fn prospect(&mut self, path: &[u8]) -> (Prospect, u32) {
        if let Some(&known) = self.prospects.get(path) {
            return known;
        }
        let prospect = self.glance.prospect(&String::from_utf8_lossy(path));
        let known = (prospect, self.prospects.len() as u32);
        self.prospects.insert(path.to_owned(), known);
        known
    }

    fn pair(&mut self, pair: Pair) -> u32 {
        *self.numbers.entry(pair).or_insert_with(|| {
            self.pairs.push(pair);
            self.pairs.len() as u32 - 1
        })
    }

    /// What git is to be asked. `taken_for_text` says of paths of binary files which ones git takes for text.
    pub(super) fn requests(
        mut self,
        history: &History,
        threads: usize,
        taken_for_text: impl FnOnce(&[&[u8]]) -> HashSet<Vec<u8>>,
    ) -> Vec<Request> {
        let prospects = std::mem::take(&mut self.prospects);
        let mut paths: Vec<&[u8]> = vec![b""; prospects.len()];
        for (path, (_, number)) in &prospects {
            paths[*number as usize] = path;
        }
        let doubts = self.compare(&paths, history, threads);
        let all = self.commits.iter().flat_map(|commit| &commit.changes);
        let of_binaries = all.filter(|change| matches!(change.what, What::Binary));
        let of_binaries: BTreeSet<&[u8]> = of_binaries.map(|c| paths[c.path as usize]).collect();
        let texts = taken_for_text(&Vec::from_iter(of_binaries));
        let is_doubtful = |change: &&Change| match change.what {
            What::Path => true,
            What::Binary => texts.contains(paths[change.path as usize]),
            What::Pair(pair) => doubts[pair as usize].load(Relaxed),
        };
        let (mut requests, mut next) = (Vec::new(), Request::default());
        for commit in &self.commits {
            let changes: Vec<&Change> = commit.changes.iter().filter(is_doubtful).collect();
            if changes.is_empty() {
                continue;
            }
            let of_commit = changes
                .iter()
                .map(|change| paths[change.path as usize].to_owned());
            let of_commit: BTreeSet<Vec<u8>> = of_commit.collect();
            // To tell what a file was before, git must see all of a commit.
            let may_be_moved = commit.removes && changes.iter().any(|change| change.is_addition);
            if may_be_moved
                || !of_commit.iter().all(|path| can_be_asked(path))
                || of_commit.len() > PATHS
            {
                let (commits, paths) = (vec![commit.id], BTreeSet::new());
                requests.push(Request { commits, paths });
                continue;
            }
            if next.commits.len() == COMMITS || next.paths.len() + of_commit.len() > PATHS {
                requests.push(std::mem::take(&mut next));
            }
            next.commits.push(commit.id);
            next.paths.extend(of_commit);
        }
        if !next.commits.is_empty() {
            requests.push(next);
        }
        requests
    }

    /// By pair: whether something may be found in what is added.
    fn compare(&self, paths: &[&[u8]], history: &History, threads: usize) -> Vec<AtomicBool> {
        let doubts: Vec<AtomicBool> = self.pairs.iter().map(|_| AtomicBool::new(false)).collect();
        // The versions of a file together, in the order of the history.
        let mut order: Vec<usize> = (0..self.pairs.len()).collect();
        order.sort_by_key(|&at| self.pairs[at].path);
        let parts: Vec<&[usize]> = order.chunks(TOGETHER).collect();
        let next = AtomicUsize::new(0);
        thread::scope(|scope| {
            for _ in 0..threads.min(parts.len()) {
                scope.spawn(|| {
                    let mut comparison = Comparison {
                        glance: self.glance,
                        paths,
                        objects: history.objects(),
                        scratch: GlanceScratch::default(),
                        detection: Scratch::default(),
                    };
                    while let Some(part) = parts.get(next.fetch_add(1, Relaxed)) {
                        for &at in *part {
                            doubts[at].store(comparison.doubts(&self.pairs[at]), Relaxed);
                        }
                    }
                });
            }
        });
        doubts
    }
}

/// Whether git can be given a path as a line.
fn can_be_asked(path: &[u8]) -> bool {
    !path.contains(&b'\n') && !path.contains(&b'\r')
}

/// Compares contents, on one thread.
struct Comparison<'h> {
    glance: &'h Glance<'h>,
    paths: &'h [&'h [u8]],
    objects: HistoryObjects<'h>,
    scratch: GlanceScratch,
    detection: Scratch,
}

impl Comparison<'_> {
    /// Whether something may be found in what the diff from one content to another adds.
    fn doubts(&mut self, pair: &Pair) -> bool {
        let old = match pair.old {
            Some(id) => self.objects.read(id),
            None => Some([].into()),
        };
        let (Some(old), Some(new)) = (old, self.objects.read(pair.new)) else {
            return true;
        };
        let middle = middle(&old, &new);
        if middle.is_empty() {
            return false;
        }
        // What is added may stand some lines further up or down.
        let end = new.len().min(middle.end + REACH);
        let around = whole_lines(&new, middle.start.saturating_sub(REACH), end);
        if !self.sees(&new, around) {
            return false;
        }
        let path = String::from_utf8_lossy(self.paths[pair.path as usize]);
        added(&old, &new).into_iter().any(|added| match added {
            Added::Run(lines) => self.sees(&new, lines.clone()) && self.finds(&path, &new[lines]),
            Added::Within(lines) => self.sees(&new, lines),
        })
    }

    fn sees(&mut self, text: &[u8], lines: Range<usize>) -> bool {
        let is_part = lines.len() < text.len();
        self.glance.sees(&text[lines], is_part, &mut self.scratch)
    }

    /// Whether something is found in what is added, if nothing speaks for the commit.
    fn finds(&mut self, path: &str, text: &[u8]) -> bool {
        let fragment = Fragment {
            text,
            path,
            ..Fragment::default()
        };
        let detector = self.glance.detector();
        !detector.detect(&fragment, &mut self.detection).is_empty()
    }
}
