//! `keysieve history`.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use indicatif::{HumanBytes, HumanCount, HumanDuration};
use keysieve_engine::policy::baseline::Baseline;
use keysieve_engine::scan::{Scanner, Session};
use keysieve_engine::source::{SourceError, VisitorBuilder};
use keysieve_engine::{Confidence, Issue, IssueKind, ObjectId, Origin};
use keysieve_git::{
    Attribution, CommitInfo, Head, History, HistoryBuilder, Opened, Options, Part, Range, Reach,
    Selection,
};

use crate::args::HistoryArgs;
use crate::cache::{self, Attributed, Cache, Digest, Refused, Replay, Watch};
use crate::exit::Exit;
use crate::input::{Blobs, Place, git_environment, git_error};
use crate::job::{Command, Job, added};
use crate::report::{Commit, Past, Report, Reported};

const COMMAND: Command = Command {
    name: "history",
    category: "keysieve/history/",
    comes_to_all: false,
};

/// Scans what a repository ever held, or what a range of commits added, and reports.
pub(crate) fn run(args: &HistoryArgs) -> anyhow::Result<Exit> {
    let opened = Opened::at(Some(&args.repository), &git_environment()?).map_err(git_error)?;
    let place = Place::in_repository(opened.describe().map_err(git_error)?);
    let command = Command {
        // What is remembered is of the whole store.
        comes_to_all: args.range.is_some(),
        ..COMMAND
    };
    let job = Job::new(command, place, &args.common)?;
    match &args.range {
        Some(range) => of_range(args, range, &opened, job),
        None => of_store(args, &opened, job),
    }
}

fn of_range(
    args: &HistoryArgs,
    range: &str,
    opened: &Opened,
    job: Job<'_>,
) -> anyhow::Result<Exit> {
    let selection = Selection {
        since: args.since,
        max_commits: args.max_commits,
        ..Selection::between(range).map_err(git_error)?
    };
    let options = Options {
        threads: job.threads(),
        max_file_size: job.max_file_size(),
        interrupt: job.interrupt().clone(),
    };
    let range = Range::new(opened, &selection, options).map_err(git_error)?;
    if args.all_lines {
        job.run(&range, &Blobs(opened, &range), &|_, _| Past::default())
    } else {
        job.run(&range, &Blobs(opened, &range), &added(&range))
    }
}

fn of_store(args: &HistoryArgs, opened: &Opened, job: Job<'_>) -> anyhow::Result<Exit> {
    let head = opened.head_files().map_err(git_error)?;
    let mut part = Part::default();
    if args.reachable_only || !args.branch.is_empty() {
        part.refs = Some(args.branch.clone());
    }
    part.since = args.since;
    part.max_commits = args.max_commits;
    let mut builder = HistoryBuilder::new();
    builder
        .threads(job.threads())
        .part(part)
        .interrupt(job.interrupt().clone());
    if let Some(most) = job.max_file_size() {
        builder.max_object_size(most);
    }
    let mut cached = remembered(args, opened, &builder, &job)?;
    let answer = cached.as_mut().and_then(|(cache, _)| cache.take_answer());
    let replay = answer.and_then(|answer| Replay::read(answer, opened, job.threads()));
    if let Some(replay) = replay {
        let drive = |session: &Session<'_>| {
            replay.scan(session);
            Ok(())
        };
        let judge = |_: &Scanner, findings: &mut [Reported]| tell(findings, replay.past(), &head);
        return job.run_with(&drive, &Blobs(opened, &head), None, &judge);
    }
    let histories = Histories::open(args, &builder)?;
    let interrupt = job.interrupt().clone();
    let learned = RefCell::new(None);
    let drive = |session: &Session<'_>| {
        let Some((cache, state)) = &cached else {
            return histories.walk(session, None);
        };
        let watch = Watch::new(session, cache);
        let passes = |origin: &Origin| watch.passes(origin);
        let passed = watch
            .remembers()
            .then_some(&passes as &dyn Fn(&Origin) -> bool);
        histories.walk(&watch, passed)?;
        if interrupt.load(Relaxed) {
            return Ok(());
        }
        // What came or went meanwhile may have been scanned or not.
        let now = state_of(args, &builder).ok().flatten();
        let state = state.filter(|state| now.as_ref() == Some(state));
        let can_replay = histories.0.len() == 1;
        let missing = histories.0[0].missing();
        *learned.borrow_mut() = Some(watch.learned(state, missing, can_replay));
        Ok(())
    };
    let progress = |elapsed| histories.progress(elapsed);
    let judge = |_: &Scanner, findings: &mut [Reported]| {
        let past = histories.attribute(findings);
        if let (Some((cache, _)), Some(mut learned)) = (&cached, learned.take()) {
            if let Some(answer) = &mut learned.answer {
                answer.past = past.values().map(Attributed::new).collect();
                answer.past.sort_unstable_by_key(Attributed::id);
            }
            // A guess such as `secret` stands in many a path.
            let is_sure = |r: &&Reported| r.finding.confidence > Confidence::Low;
            let values = findings.iter().filter(is_sure);
            let values = values.map(|r| r.finding.secret.expose());
            if let Err(refused) = cache.save(learned, values)
                && args.common.output.verbose
            {
                note(&format!("what was scanned cannot be remembered: {refused}"));
            }
        }
        tell(findings, past, &head)
    };
    job.run_with(&drive, &Blobs(opened, &head), Some(&progress), &judge)
}

/// What the whole history of a repository holds, as a report; what is left of a baseline.
pub(super) fn report(
    job: Job<'_>,
    opened: &Opened,
    path: &Path,
) -> anyhow::Result<(Report, Option<Baseline>)> {
    let head = opened.head_files().map_err(git_error)?;
    let mut builder = HistoryBuilder::new();
    builder
        .threads(job.threads())
        .interrupt(job.interrupt().clone());
    if let Some(most) = job.max_file_size() {
        builder.max_object_size(most);
    }
    let histories = Histories(vec![builder.build(path).map_err(git_error)?]);
    let progress = |elapsed| histories.progress(elapsed);
    let judge = |_: &Scanner, findings: &mut [Reported]| {
        let past = histories.attribute(findings);
        tell(findings, past, &head)
    };
    let drive = |session: &Session<'_>| histories.walk(session, None);
    job.report(&drive, &Blobs(opened, &head), Some(&progress), &judge)
}

/// The memory of earlier runs, with the state of the repository now if that can be told; `None` without a cache.
fn remembered(
    args: &HistoryArgs,
    opened: &Opened,
    builder: &HistoryBuilder,
    job: &Job<'_>,
) -> anyhow::Result<Option<(Cache, Option<Digest>)>> {
    if args.no_cache {
        return Ok(None);
    }
    let place = match &args.cache_dir {
        Some(folder) => cache::Place::chosen(folder),
        None => cache::Place::in_git(opened.common_dir()),
    };
    let output = &args.common.output;
    let key = match cache::key::of(&job.basis()) {
        Ok(key) => key,
        Err(error) => {
            if output.verbose {
                note(&format!(
                    "nothing is remembered, for the program cannot be read: {error}"
                ));
            }
            return Ok(None);
        }
    };
    let state = state_of(args, builder)?;
    let path = place.path();
    let (cache, refused) = Cache::open(place, key, state.as_ref());
    if let Some(refused) = refused {
        // A permission is no reason to worry; a file that somebody changed is.
        let is_worth = matches!(refused, Refused::Damaged | Refused::Foreign) && !output.quiet;
        if is_worth || output.verbose {
            note(&format!(
                "the cache {} is not used: {refused}",
                path.display()
            ));
        }
    }
    Ok(Some((cache, state)))
}

/// What the repository and its submodules hold, and which part of it was asked for; `None` where that cannot be told.
fn state_of(args: &HistoryArgs, builder: &HistoryBuilder) -> anyhow::Result<Option<Digest>> {
    let part = format!(
        "{:?}",
        (
            &args.branch,
            args.reachable_only,
            args.since,
            args.max_commits,
            args.submodules
        )
    );
    let mut parts = vec![part.into_bytes()];
    let mut next = vec![args.repository.clone()];
    while let Some(path) = next.pop() {
        let Some(state) = builder.state(&path).map_err(git_error)? else {
            return Ok(None);
        };
        parts.push(state.description);
        if args.submodules {
            next.extend(state.submodules);
        }
    }
    Ok(Some(cache::digest(parts.iter().map(Vec::as_slice))))
}

/// Says something that is no part of a report and changes no exit code.
fn note(text: &str) {
    anstream::eprintln!("keysieve: {text}");
}

/// A repository and its submodules, one after the other.
struct Histories(Vec<History>);

impl Histories {
    fn open(args: &HistoryArgs, builder: &HistoryBuilder) -> anyhow::Result<Self> {
        let mut histories = vec![builder.build(&args.repository).map_err(git_error)?];
        if args.submodules {
            let mut next = 0;
            while let Some(history) = histories.get(next) {
                let inside = history.submodules().to_vec();
                for path in inside {
                    histories.push(builder.build(&path).map_err(git_error)?);
                }
                next += 1;
            }
        }
        Ok(Self(histories))
    }

    /// Walks each, without the blobs of which `passed` says so.
    fn walk(
        &self,
        visitors: &dyn VisitorBuilder,
        passed: Option<&dyn Fn(&Origin) -> bool>,
    ) -> Result<(), SourceError> {
        for history in &self.0 {
            if history.is_shallow() {
                let message = "the clone is shallow: the commits before its oldest ones are not \
                               here (git fetch --unshallow, or fetch-depth: 0 in CI)";
                let issue = Issue::general(IssueKind::Unreadable, message);
                let _ = visitors.visitor().issue(issue); // the walk asks again whether to stop
            }
            history.walk_unless(visitors, passed)?;
        }
        Ok(())
    }

    /// How far the walk has come, for people.
    fn progress(&self, elapsed: Duration) -> String {
        let (mut objects, mut of, mut bytes) = (0, 0, 0);
        for history in &self.0 {
            let progress = history.progress();
            objects += progress.objects;
            of += progress.of;
            bytes += progress.bytes;
        }
        let rate = bytes as f64 / elapsed.as_secs_f64();
        let left = elapsed.mul_f64(of.saturating_sub(objects) as f64 / objects.max(1) as f64);
        format!(
            "{} of {} objects, {}, {}/s, {} left",
            HumanCount(objects),
            HumanCount(of),
            HumanBytes(bytes),
            HumanBytes(rate as u64),
            HumanDuration(left)
        )
    }

    /// What the histories say of the objects that findings stand in.
    fn attribute(&self, findings: &[Reported]) -> HashMap<ObjectId, Attribution> {
        let mut ids: Vec<ObjectId> = findings
            .iter()
            .filter_map(|reported| reported.finding.origin.object())
            .collect();
        ids.sort_unstable();
        ids.dedup();
        let mut past: HashMap<ObjectId, Attribution> = HashMap::new();
        for history in &self.0 {
            // What another repository does not hold is dangling to it.
            for attribution in history.attribute(&ids) {
                if attribution.reach != Reach::Dangling || !past.contains_key(&attribution.id) {
                    past.insert(attribution.id, attribution);
                }
            }
        }
        past
    }
}

/// Says of every finding where it comes from, and names its commit and path as its place.
fn tell(findings: &mut [Reported], past: HashMap<ObjectId, Attribution>, head: &Head) -> Past {
    for Reported { finding, .. } in findings {
        let Some(found) = finding.origin.object().and_then(|id| past.get(&id)) else {
            continue;
        };
        if let (Origin::Blob { id, path, .. }, Some(commit)) =
            (finding.origin.root(), &found.introduced)
            && let Some(path) = path
        {
            let root = Origin::Commit {
                commit: commit.id,
                path: path.clone(),
                blob: *id,
            };
            finding.origin = finding.origin.moved_to(&Arc::new(root));
        }
    }
    Past::new(past.into_iter().map(|(id, found)| (id, of(found, head))))
}

/// An attribution, in the words of reports.
fn of(found: Attribution, head: &Head) -> crate::report::Provenance {
    let in_head = |path: &&PathBuf| found.in_head && head.holds(path, found.id);
    let commit = |commit: CommitInfo| Commit {
        id: commit.id,
        author: commit.author.name,
        email: commit.author.email,
        seconds: commit.author.seconds,
        subject: commit.subject,
    };
    crate::report::Provenance {
        head_paths: found.paths.iter().filter(in_head).cloned().collect(),
        paths: found.paths,
        has_more_paths: found.has_more_paths,
        introduced: found.introduced.map(commit),
        removed: found.removed.map(commit),
        in_head: found.in_head,
        refs: found.refs,
        more_refs: found.more_refs,
        reach: match found.reach {
            Reach::Ref => "ref".to_owned(),
            Reach::Reflog => "reflog".to_owned(),
            Reach::Unreachable(id) => format!("unreachable commit {id}"),
            Reach::Staged => "staged".to_owned(),
            Reach::Dangling => "dangling".to_owned(),
        },
    }
}
