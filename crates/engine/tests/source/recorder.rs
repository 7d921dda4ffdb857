//! A visitor that keeps what a source gave it.

use std::collections::BTreeMap;
use std::path::{MAIN_SEPARATOR, Path, PathBuf};
use std::sync::Mutex;

use keysieve_engine::source::{Source, SourceError, Visitor, VisitorBuilder};
use keysieve_engine::{Blob, Flow, Issue, IssueKind, Origin, Skip};

/// Everything that came in one walk.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// For each origin, the bytes that its blobs own and how many blobs there were.
    pub(crate) contents: BTreeMap<Origin, (Vec<u8>, usize)>,
    pub(crate) issues: Vec<Issue>,
    pub(crate) skips: Vec<Skip>,
}

impl Seen {
    /// The paths of the files that were scanned, sorted, with `/` between their parts on every system.
    pub(crate) fn paths(&self) -> Vec<String> {
        let paths = self.contents.keys().filter_map(Origin::root_path);
        paths
            .map(|path| path.to_string_lossy().replace(MAIN_SEPARATOR, "/"))
            .collect()
    }

    /// The content of a file.
    pub(crate) fn file(&self, path: impl Into<PathBuf>) -> &[u8] {
        &self.contents[&Origin::File(path.into())].0
    }

    /// The issues as (path, kind), sorted.
    pub(crate) fn issues(&self) -> Vec<(&Path, IssueKind)> {
        let mut issues = Vec::new();
        for issue in &self.issues {
            let origin = issue
                .origin
                .as_ref()
                .expect("an issue of a file has a place");
            issues.push((origin.root_path().expect("a file has a path"), issue.kind));
        }
        issues.sort();
        issues
    }

    /// How often something was skipped for this reason.
    pub(crate) fn skipped(&self, skip: Skip) -> usize {
        self.skips.iter().filter(|&&s| s == skip).count()
    }
}

/// Walks `source` and keeps all.
pub(crate) fn walk(source: &impl Source) -> Seen {
    walk_with(source, |_| Flow::Continue)
}

/// Walks `source` and keeps all; `act` is called with each blob while the source waits.
pub(crate) fn walk_with(source: &impl Source, act: impl Fn(&Blob<'_>) -> Flow + Sync) -> Seen {
    try_walk(source, act).expect("there is something to walk")
}

/// As [`walk_with`], with the error.
pub(crate) fn try_walk(
    source: &impl Source,
    act: impl Fn(&Blob<'_>) -> Flow + Sync,
) -> Result<Seen, SourceError> {
    record(source, &|seen, blob| {
        let mut seen = seen.lock().unwrap();
        let (content, blobs) = seen
            .contents
            .entry(Origin::clone(&blob.origin))
            .or_default();
        let own = blob
            .window
            .map_or(0..blob.bytes.len(), |w| w.own.0..w.own.1);
        content.extend_from_slice(&blob.bytes[own]);
        *blobs += 1;
        drop(seen);
        act(blob)
    })
}

/// Walks `source` without keeping its blobs: they may be of any length.
pub(crate) fn walk_watching(source: &impl Source, watch: impl Fn(&Blob<'_>) + Sync) -> Seen {
    let seen = record(source, &|_, blob| {
        watch(blob);
        Flow::Continue
    });
    seen.expect("there is something to walk")
}

type Act<'a> = &'a (dyn Fn(&Mutex<Seen>, &Blob<'_>) -> Flow + Sync);

fn record(source: &impl Source, act: Act<'_>) -> Result<Seen, SourceError> {
    let recorder = Recorder {
        seen: Mutex::default(),
        act,
    };
    source.walk(&recorder)?;
    Ok(recorder.seen.into_inner().unwrap())
}

struct Recorder<'a> {
    seen: Mutex<Seen>,
    act: Act<'a>,
}

impl VisitorBuilder for Recorder<'_> {
    fn visitor(&self) -> Box<dyn Visitor + '_> {
        Box::new(self)
    }
}

impl Visitor for &Recorder<'_> {
    fn blob(&mut self, blob: Blob<'_>) -> Flow {
        (self.act)(&self.seen, &blob)
    }

    fn wants_whole(&self, _: &Blob<'_>) -> bool {
        false
    }

    fn issue(&mut self, issue: Issue) -> Flow {
        self.seen.lock().unwrap().issues.push(issue);
        Flow::Continue
    }

    fn skip(&mut self, skip: Skip) {
        self.seen.lock().unwrap().skips.push(skip);
    }
}
