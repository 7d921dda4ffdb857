//! A visitor that keeps what a history gave it.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;

use keysieve_engine::source::{Source, Visitor, VisitorBuilder};
use keysieve_engine::{Blob, Flow, Issue, IssueKind, ObjectId, Origin, Skip};
use keysieve_git::{History, HistoryBuilder};

/// Everything that came in one walk.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// What came of each object, and from where. Nothing came twice.
    pub(crate) objects: BTreeMap<ObjectId, (Origin, Vec<u8>)>,
    pub(crate) issues: Vec<Issue>,
}

impl Seen {
    /// The contents alone.
    pub(crate) fn contents(&self) -> BTreeMap<ObjectId, Vec<u8>> {
        let objects = self.objects.iter();
        objects
            .map(|(id, (_, bytes))| (*id, bytes.clone()))
            .collect()
    }

    /// How many issues are of this kind.
    pub(crate) fn count(&self, kind: IssueKind) -> usize {
        self.issues
            .iter()
            .filter(|issue| issue.kind == kind)
            .count()
    }

    /// Whether an issue says this.
    pub(crate) fn says(&self, what: &str) -> bool {
        self.issues.iter().any(|issue| issue.message.contains(what))
    }
}

/// Walks everything.
pub(crate) fn walk(path: &Path) -> (History, Seen) {
    walk_with(path, &mut HistoryBuilder::new())
}

/// Walks what the builder says.
pub(crate) fn walk_with(path: &Path, builder: &mut HistoryBuilder) -> (History, Seen) {
    let history = builder.threads(3).build(path).unwrap();
    let recorder = Recorder(Mutex::default());
    history.walk(&recorder).unwrap();
    (history, recorder.0.into_inner().unwrap())
}

/// Keeps what comes on all threads.
pub(crate) struct Recorder(pub(crate) Mutex<Seen>);

impl VisitorBuilder for Recorder {
    fn visitor(&self) -> Box<dyn Visitor + '_> {
        Box::new(Thread(self))
    }
}

struct Thread<'r>(&'r Recorder);

impl Visitor for Thread<'_> {
    fn blob(&mut self, blob: Blob<'_>) -> Flow {
        assert!(blob.window.is_none(), "objects come whole");
        let id = blob.origin.object().expect("every blob is an object");
        let mut seen = self.0.0.lock().unwrap();
        let content = (Origin::clone(&blob.origin), blob.bytes.to_vec());
        assert!(
            seen.objects.insert(id, content).is_none(),
            "{id} came twice"
        );
        Flow::Continue
    }

    fn wants_whole(&self, _: &Blob<'_>) -> bool {
        false
    }

    fn issue(&mut self, issue: Issue) -> Flow {
        self.0.0.lock().unwrap().issues.push(issue);
        Flow::Continue
    }

    fn skip(&mut self, skip: Skip) {
        panic!("nothing is skipped, but {skip:?}");
    }
}
