//! Walks the history of a repository with a visitor that only counts, which shows what the walk itself costs, and
//! attributes some of the blobs: `cargo run --release -p keysieve-git --example history -- REPOSITORY [COUNT]`.

use std::process::ExitCode;
use std::sync::Mutex;
use std::time::Instant;

use keysieve_engine::source::{Source, Visitor, VisitorBuilder};
use keysieve_engine::{Blob, Flow, Issue, ObjectId, Skip};
use keysieve_git::HistoryBuilder;

/// What all visitors counted.
#[derive(Default)]
struct Totals(Mutex<Counts>);

#[derive(Default)]
struct Counts {
    blobs: u64,
    bytes: u64,
    with_path: u64,
    issues: Vec<Issue>,
    ids: Vec<ObjectId>,
}

/// One thread's counts, added when it is done.
struct Counter<'t> {
    own: Counts,
    totals: &'t Totals,
}

impl VisitorBuilder for Totals {
    fn visitor(&self) -> Box<dyn Visitor + '_> {
        Box::new(Counter {
            own: Counts::default(),
            totals: self,
        })
    }
}

impl Visitor for Counter<'_> {
    fn blob(&mut self, blob: Blob<'_>) -> Flow {
        self.own.blobs += 1;
        self.own.bytes += blob.bytes.len() as u64;
        self.own.with_path += u64::from(blob.origin.root_path().is_some());
        self.own.ids.extend(blob.origin.object());
        Flow::Continue
    }

    fn wants_whole(&self, _: &Blob<'_>) -> bool {
        false
    }

    fn issue(&mut self, issue: Issue) -> Flow {
        self.own.issues.push(issue);
        Flow::Continue
    }

    fn skip(&mut self, _: Skip) {}
}

impl Drop for Counter<'_> {
    fn drop(&mut self) {
        if let Ok(mut totals) = self.totals.0.lock() {
            totals.blobs += self.own.blobs;
            totals.bytes += self.own.bytes;
            totals.with_path += self.own.with_path;
            totals.issues.append(&mut self.own.issues);
            totals.ids.append(&mut self.own.ids);
        }
    }
}

fn main() -> ExitCode {
    let mut args = std::env::args_os().skip(1);
    let Some(repository) = args.next() else {
        eprintln!("which repository?");
        return ExitCode::from(2);
    };
    let count = args
        .next()
        .and_then(|count| count.to_str()?.parse().ok())
        .unwrap_or(0);
    match run(repository.as_ref(), count) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(3)
        }
    }
}

fn run(repository: &std::path::Path, count: usize) -> Result<(), Box<dyn std::error::Error>> {
    let start = Instant::now();
    let history = HistoryBuilder::new().build(repository)?;
    println!("opened in {:.3} s", start.elapsed().as_secs_f64());
    let totals = Totals::default();
    history.walk(&totals)?;
    let mut counts = totals
        .0
        .into_inner()
        .map_err(|_| "a visitor failed on the way")?;
    println!(
        "{} blobs, commits and tags, {} of them with a path, {:.1} MB; {:.3} s",
        counts.blobs,
        counts.with_path,
        counts.bytes as f64 / 1e6,
        start.elapsed().as_secs_f64()
    );
    for issue in &counts.issues {
        println!("{}: {} {:?}", issue.kind, issue.message, issue.origin);
    }
    counts.ids.sort_unstable();
    let step = (counts.ids.len() / count.max(1)).max(1);
    let some: Vec<ObjectId> = counts.ids.into_iter().step_by(step).take(count).collect();
    let start = Instant::now();
    let attributions = history.attribute(&some);
    for attribution in &attributions {
        println!(
            "{} {:?} {} {:?} {:?} {:?}",
            attribution.id,
            attribution.paths.first(),
            attribution
                .introduced
                .as_ref()
                .map_or(String::new(), |c| c.id.to_string()),
            attribution.removed.as_ref().map(|c| c.id.to_string()),
            attribution.in_head,
            attribution.reach
        );
    }
    println!("attributed in {:.3} s", start.elapsed().as_secs_f64());
    Ok(())
}
