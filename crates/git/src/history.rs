//! All objects of a repository as a source of blobs.

use std::fs;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};
use std::thread;

use keysieve_engine::scan::{Derivation, Residue};
use keysieve_engine::source::{Source, SourceError, Visitor, VisitorBuilder};
use keysieve_engine::{Blob, Flow, Issue, IssueKind, ObjectId, Origin};

use crate::Error;
use crate::bits::Bits;
use crate::graph::{Attributing, Attribution, Build, Changed, Changes, Graph, Part};
use crate::refs::Refs;
use crate::store::kind::Kind;
use crate::store::{CachedReader, Ended, Fault, Faults, Progress, Receive, Store, Walk};

/// The kinds whose text is scanned as it is.
const DOCUMENTS: u8 = Kind::Commit as u8 | Kind::Tag as u8;

/// Puts a [`History`] together.
#[derive(Clone, Debug)]
pub struct HistoryBuilder {
    threads: usize,
    max_object_size: u64,
    max_total_size: u64,
    max_held_size: u64,
    part: Part,
    interrupt: Arc<AtomicBool>,
}

impl Default for HistoryBuilder {
    fn default() -> Self {
        Self::new()
    }
}

impl HistoryBuilder {
    /// Everything, in as many threads as the machine runs at once; objects of up to 256 MiB, 4 TiB of them.
    pub fn new() -> Self {
        Self {
            threads: 0,
            max_object_size: 256 << 20,
            max_total_size: 4 << 40,
            max_held_size: 512 << 20,
            part: Part::default(),
            interrupt: Arc::default(),
        }
    }

    /// How many threads read and scan; 0 for as many as the machine runs at once.
    pub fn threads(&mut self, threads: usize) -> &mut Self {
        self.threads = threads;
        self
    }

    /// Objects of more bytes are not read: each is an issue. Memory for a few of them is taken at a time. At most 4 GiB.
    pub fn max_object_size(&mut self, bytes: u64) -> &mut Self {
        self.max_object_size = bytes.min(u64::from(u32::MAX));
        self
    }

    /// The walk ends with an issue when the objects come to more bytes than this. A pack of a few KiB can unpack to any
    /// amount, so there must be an end.
    pub fn max_total_size(&mut self, bytes: u64) -> &mut Self {
        self.max_total_size = bytes;
        self
    }

    /// So many bytes are held of objects that others are stored as deltas of. Of more the walk reads some again and
    /// again: real packs need far less than the 512 MiB that are the default.
    pub fn max_held_size(&mut self, bytes: u64) -> &mut Self {
        self.max_held_size = bytes;
        self
    }

    /// Which part of the history is walked.
    pub fn part(&mut self, part: Part) -> &mut Self {
        self.part = part;
        self
    }

    /// A flag that stops the walk when it is set.
    pub fn interrupt(&mut self, flag: Arc<AtomicBool>) -> &mut Self {
        self.interrupt = flag;
        self
    }

    /// Opens the repository that holds `path` and lists its objects.
    ///
    /// # Errors
    ///
    /// There is no repository, or it cannot be opened.
    pub fn build(&self, path: &Path) -> Result<History, Error> {
        let opened = crate::open_around(path)?;
        let (repository, _) = opened.ok_or_else(|| Error::new(path, "no git repository"))?;
        let objects = repository.objects.store_ref().path();
        let store = Store::open(objects, repository.object_hash(), self.max_object_size);
        Ok(History {
            store,
            refs: Refs::read(&repository),
            submodules: submodules(&repository.common_dir().join("modules")),
            options: self.clone(),
            progress: Progress::default(),
            graph: OnceLock::new(),
            missing: OnceLock::new(),
        })
    }
}

/// The history of a repository: every object of its store, whether something refers to it or not, each once.
///
/// A walk has two parts. The first reads commits, trees and tags, and hands out the texts of commits and tags. Then the
/// path of every content is known, and the second part hands out the blobs under the path that each had first.
///
/// ```no_run
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let visitors: &dyn keysieve_engine::source::VisitorBuilder = todo!();
/// # let found: Vec<keysieve_engine::ObjectId> = vec![];
/// use keysieve_engine::source::Source;
///
/// let history = keysieve_git::HistoryBuilder::new().build(".".as_ref())?;
/// history.walk(visitors)?;
/// for attribution in history.attribute(&found) {
///     println!("{}: {:?}", attribution.id, attribution.introduced);
/// }
/// # Ok(())
/// # }
/// ```
pub struct History {
    store: Store,
    refs: Refs,
    options: HistoryBuilder,
    submodules: Vec<PathBuf>,
    progress: Progress,
    /// Made by the first walk.
    graph: OnceLock<Graph>,
    /// Found by the first walk.
    missing: OnceLock<Vec<ObjectId>>,
}

impl std::fmt::Debug for History {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("History")
            .field("objects", &self.store.len())
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

/// How far a walk has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct HistoryProgress {
    /// Objects that were read.
    pub objects: u64,
    /// Objects that there are.
    pub of: u64,
    /// Bytes that were read, inflated.
    pub bytes: u64,
}

/// Reads objects of a [`History`], for one thread. It keeps what it read last: versions of one file, read one after the
/// other, cost little.
pub struct HistoryObjects<'h> {
    store: &'h Store,
    reader: CachedReader<'h>,
}

impl HistoryObjects<'_> {
    /// The bytes of an object; `None` if it is not there, cannot be read, or is larger than is read.
    pub fn read(&mut self, id: ObjectId) -> Option<Arc<[u8]>> {
        let number = self.store.number(id.as_bytes())?;
        self.reader.read(number).ok()
    }
}

impl std::fmt::Debug for HistoryObjects<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HistoryObjects").finish_non_exhaustive()
    }
}

impl History {
    /// What the history says of these objects, in this order. After the walk, and empty before: call it with the
    /// [`Origin::object`] of each finding.
    ///
    /// The cost is that of looking through all links between trees once for every 64 objects.
    pub fn attribute(&self, objects: &[ObjectId]) -> Vec<Attribution> {
        let Some(graph) = self.graph.get() else {
            return Vec::new();
        };
        let of = Attributing {
            graph,
            store: &self.store,
            refs: &self.refs,
        };
        of.attribute(objects)
    }

    /// Tells of the changes of all commits that `tips` contain, the newest first; merges have none. After the walk.
    ///
    /// `None` if there was no walk, a tip is no commit of the store, or all is more than can be looked at: then not all
    /// was told of. What a fault of the walk hides is not known either.
    pub fn changes(&self, tips: &[ObjectId], each: &mut dyn FnMut(&Changed<'_>)) -> Option<()> {
        Changes::new(self.graph.get()?, &self.store).all(tips, each)
    }

    /// Reads objects one by one.
    pub fn objects(&self) -> HistoryObjects<'_> {
        HistoryObjects {
            store: &self.store,
            reader: CachedReader::new(&self.store),
        }
    }

    /// The objects that others name and that are not there, sorted; known after the walk. What it says of them is
    /// [`missing_issues`].
    pub fn missing(&self) -> &[ObjectId] {
        self.missing.get().map_or(&[], Vec::as_slice)
    }

    /// How far the walk has come; from any thread.
    pub fn progress(&self) -> HistoryProgress {
        HistoryProgress {
            objects: self.progress.objects.load(Relaxed),
            of: self.store.count(crate::store::kind::ALL),
            bytes: self.progress.bytes.load(Relaxed),
        }
    }

    /// Whether commits are missing on purpose: the clone is shallow, and what came before was not fetched.
    pub fn is_shallow(&self) -> bool {
        !self.refs.shallow.is_empty()
    }

    /// The repositories of submodules that lie inside of this one, sorted, also of those that the work tree no longer
    /// has. Each is a history of its own, and may have such again.
    pub fn submodules(&self) -> &[PathBuf] {
        &self.submodules
    }

    fn pass<'h>(&'h self, kinds: u8, wanted: Option<&'h Bits>, faults: &'h Faults) -> Walk<'h> {
        let available = || thread::available_parallelism().map_or(1, NonZero::get);
        Walk {
            store: &self.store,
            kinds,
            wanted,
            threads: if self.options.threads == 0 {
                available()
            } else {
                self.options.threads
            },
            faults,
            progress: &self.progress,
            most: self.options.max_total_size,
            most_held: self.options.max_held_size,
            interrupt: &self.options.interrupt,
        }
    }

    /// Reads commits, trees and tags, and keeps what they say.
    fn read_graph(&self, visitors: &dyn VisitorBuilder, faults: &Faults) -> Flow {
        let everything = self.options.part.is_everything();
        let build = Build::new(&self.store, &self.refs.shallow, faults);
        let walk = self.pass(DOCUMENTS | Kind::Tree as u8, None, faults);
        let mut ended = walk.run(|| build.receiver(everything.then(|| visitors.visitor())));
        let graph = build.finish(std::mem::take(&mut ended.receivers));
        let _ = self.graph.set(graph); // a second walk reads the same
        after(&ended, visitors)
    }

    /// What of `wanted`, or of everything, is left when the blobs that are passed over are taken out.
    fn without(
        &self,
        graph: &Graph,
        wanted: Option<&Bits>,
        passed: &dyn Fn(&Origin) -> bool,
    ) -> Bits {
        let mut left = Bits::new(self.store.len());
        for number in 0..self.store.len() as u32 {
            let is_passed = |origin: Origin| passed(&origin);
            if wanted.is_none_or(|wanted| wanted.contains(number))
                && !(self.store.kind(number) == Some(Kind::Blob)
                    && graph.origin(number, &self.store).is_some_and(is_passed))
            {
                left.insert(number);
            }
        }
        left
    }

    /// Hands out the objects of these kinds that are `wanted`.
    fn read_contents(
        &self,
        graph: &Graph,
        (kinds, wanted): (u8, Option<&Bits>),
        visitors: &dyn VisitorBuilder,
        faults: &Faults,
    ) -> Flow {
        let walk = self.pass(kinds, wanted, faults);
        let ended = walk.run(|| Contents {
            store: &self.store,
            graph,
            visitor: visitors.visitor(),
        });
        after(&ended, visitors)
    }
}

impl History {
    /// As the walk of a [`Source`], but without the blobs of which `passed` says so: they are not even read. It is asked
    /// once for each, on this thread.
    ///
    /// # Errors
    ///
    /// The part names a ref or a commit that is not there.
    pub fn walk_unless(
        &self,
        visitors: &dyn VisitorBuilder,
        passed: Option<&dyn Fn(&Origin) -> bool>,
    ) -> Result<(), SourceError> {
        let mut visitor = visitors.visitor();
        for issue in self.store.issues().iter().chain(&self.refs.issues) {
            if visitor.issue(issue.clone()) == Flow::Stop {
                return Ok(());
            }
        }
        let faults = Faults::default();
        let mut flow = self.read_graph(visitors, &faults);
        let graph = self.graph.get().expect("the graph was made just now");
        if flow == Flow::Continue {
            let part = &self.options.part;
            let (kinds, mut wanted) = if part.is_everything() {
                (Kind::Blob as u8, None)
            } else {
                let selected = graph.select(part, &self.refs, &self.store);
                let selected = selected.map_err(SourceError::new)?;
                (Kind::Blob as u8 | DOCUMENTS, Some(selected))
            };
            if let Some(passed) = passed {
                wanted = Some(self.without(graph, wanted.as_ref(), passed));
            }
            flow = self.read_contents(graph, (kinds, wanted.as_ref()), visitors, &faults);
        }
        let _ = self.missing.set(faults.missing()); // a second walk misses the same
        let origin = |id: ObjectId| {
            let number = self.store.number(id.as_bytes());
            let known = number.and_then(|number| graph.origin(number, &self.store));
            known.unwrap_or(nowhere(id))
        };
        if flow == Flow::Continue {
            for issue in faults.issues(origin) {
                if visitor.issue(issue) == Flow::Stop {
                    break;
                }
            }
        }
        Ok(())
    }
}

impl Source for History {
    /// # Errors
    ///
    /// The part names a ref or a commit that is not there.
    fn walk(&self, visitors: &dyn VisitorBuilder) -> Result<(), SourceError> {
        self.walk_unless(visitors, None)
    }
}

/// The issues of a walk over a repository in which these objects, sorted, are not there.
pub fn missing_issues(ids: &[ObjectId]) -> Vec<Issue> {
    let faults = Faults::default();
    faults.extend(ids.iter().map(|&id| (id, Fault::Missing)));
    faults.issues(nowhere)
}

/// The origin of an object of which nothing is known.
fn nowhere(id: ObjectId) -> Origin {
    Origin::Blob {
        id,
        path: None,
        moved: false,
    }
}

/// Whether to go on after a pass; says so if it did not reach its end.
fn after<R>(ended: &Ended<R>, visitors: &dyn VisitorBuilder) -> Flow {
    if ended.exhausted {
        let message = "the object store unpacks to more than is read: the rest was not scanned";
        let _ = visitors
            .visitor()
            .issue(Issue::general(IssueKind::Limit, message)); // it stops anyway
    }
    if ended.complete {
        Flow::Continue
    } else {
        Flow::Stop
    }
}

/// Hands blobs to the visitor of one thread.
struct Contents<'h> {
    store: &'h Store,
    graph: &'h Graph,
    visitor: Box<dyn Visitor + 'h>,
}

impl Receive for Contents<'_> {
    fn object(&mut self, number: u32, kind: Kind, bytes: &[u8]) -> Flow {
        self.derived(number, kind, bytes, None, false).0
    }

    fn derived(
        &mut self,
        number: u32,
        _: Kind,
        bytes: &[u8],
        derivation: Option<Derivation<'_>>,
        is_base: bool,
    ) -> (Flow, Option<Residue>) {
        match self.graph.origin(number, self.store) {
            Some(origin) => {
                let blob = Blob::whole(bytes, Arc::new(origin));
                self.visitor.derived(blob, derivation, is_base)
            }
            None => (Flow::Continue, None),
        }
    }
}

/// Finds the repositories below `modules`. A submodule is named after its path, so they lie at any depth.
pub(crate) fn submodules(modules: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![modules.to_owned()];
    while let Some(folder) = folders.pop() {
        if folder.join("HEAD").is_file() && folder.join("objects").is_dir() {
            found.push(folder);
            continue;
        }
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        let is_folder = |entry: &fs::DirEntry| entry.file_type().is_ok_and(|kind| kind.is_dir());
        folders.extend(entries.filter(is_folder).map(|entry| entry.path()));
    }
    found.sort();
    found
}
