//! History, and what is staged or changed, as the user's git tells it.
//!
//! What gitleaks scans is what `git log -p -U0` says was added, hunk by hunk. git's own diff and its detection of renames
//! decide what that is, so git itself is run, with the arguments that gitleaks runs it with.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::path::Path;
use std::process::{Child, ChildStderr, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread;

use keysieve_gitleaks::source::{FileChange, Patches};
use keysieve_gitleaks::{Finding, Fragment, Platform, Remote};

use super::Failure;
use super::args::LogArgs;
use super::doubt::Request;
use super::log::{Level, Log};
use super::run::{Ended, Run, Worker, parallel};

/// What of the user's git configuration would change the form of its output, and not what is in it.
const FORM: [&str; 10] = [
    "-c",
    "color.ui=never",
    "-c",
    "diff.noprefix=false",
    "-c",
    "diff.mnemonicPrefix=false",
    "-c",
    "log.showSignature=false",
    "-c",
    "core.pager=cat",
];

/// What git says on standard error without anything being wrong.
const HARMLESS: [&str; 5] = [
    "exhaustive rename detection was skipped",
    "inexact rename detection was skipped",
    "you may want to set your diff.renameLimit",
    "See \"git help gc\" for manual housekeeping",
    "Auto packing the repository in background for optimum performance",
];

/// Changes that go to a thread together: enough bytes of added text to be worth it.
const BATCH: usize = 256 << 10;

impl Run<'_> {
    /// Scans what the commits of a repository added.
    pub(super) fn history(&self, args: &LogArgs) -> Result<u8, Failure> {
        let LogArgs { log_opts, platform } = args;
        let given = match platform.to_lowercase().as_str() {
            "" | "unknown" | "none" => None,
            name => Some(
                Platform::named(name)
                    .ok_or_else(|| format!("invalid scm platform value: {name}"))?,
            ),
        };
        let remote = if platform.eq_ignore_ascii_case("none") {
            None
        } else {
            remote(self.source, given)
        };
        if log_opts.is_empty()
            && let Some(requests) = self.doubts()
        {
            return self.answers(&requests, remote.as_ref());
        }
        let mut git = log(self.source);
        if log_opts.is_empty() {
            self.log.say(Level::Debug, "git is asked about all commits");
            git.args(["--full-history", "--all", "--diff-filter=tuxdb"]);
        } else {
            git.args(log_opts.split(' '));
        }
        self.changes(git, remote.as_ref())
    }

    /// Scans what is staged, or what differs from the index.
    pub(super) fn diff(&self, staged: bool) -> Result<u8, Failure> {
        let mut git = git(self.source);
        git.args(["diff", "-U0", "--no-ext-diff"]);
        if staged {
            git.arg("--staged");
        }
        git.arg(".");
        self.changes(git, None)
    }

    /// Scans what git answers.
    fn answers(&self, requests: &[Request], remote: Option<&Remote>) -> Result<u8, Failure> {
        let commits = requests.iter().map(|request| request.commits.len());
        let commits: usize = commits.sum();
        let what = format_args!("git is asked about {commits} commits");
        self.log.say(Level::Debug, what);
        let answers = parallel(self, requests.len(), |at, worker| {
            let mut git = log(self.source);
            git.args(["--full-history", "--diff-filter=tuxdb"]);
            git.args(["--no-walk=unsorted", "--stdin"]);
            let mut findings = Vec::new();
            let error = self.show(git, requests[at].to_input(), |stdout| {
                let mut patches = Patches::new(BufReader::with_capacity(1 << 20, stdout));
                while !self.is_over()
                    && let Some(change) = patches.next_file()?
                {
                    if !change.binary {
                        self.scan_change(&change, worker, remote, &mut findings);
                    }
                }
                Ok(())
            });
            (findings, error)
        });
        let (mut findings, mut error) = (Vec::new(), None);
        for (found, failed) in answers {
            findings.extend(found);
            error = error.or(failed?);
        }
        let commits = requests.iter().flat_map(|request| &request.commits);
        let order: HashMap<String, usize> = commits.map(ToString::to_string).zip(0..).collect();
        findings.sort_by_key(|finding: &Finding| order.get(finding.commit_id()).copied());
        self.end(Ended { findings, error })
    }

    fn changes(&self, git: Command, remote: Option<&Remote>) -> Result<u8, Failure> {
        let (send, receive) = sync_channel::<(usize, Vec<FileChange>)>(2 * Self::threads());
        let receive = Mutex::new(receive);
        let found = Mutex::new(Vec::new());
        let error = thread::scope(|scope| {
            for _ in 0..Self::threads() {
                scope.spawn(|| self.scan_changes(&receive, remote, &found));
            }
            // The threads end when nothing more can come.
            let give = |batch| send.send(batch).is_ok();
            let error = self.show(git, Vec::new(), |stdout| self.read(stdout, give));
            drop(send);
            error
        })?;
        let mut found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
        found.sort_by_key(|(at, _)| *at);
        let findings = found
            .into_iter()
            .flat_map(|(_, findings)| findings)
            .collect();
        self.end(Ended { findings, error })
    }

    /// Runs `git` on `input` and has what it writes read; says why that was not all.
    fn show(
        &self,
        mut git: Command,
        input: Vec<u8>,
        read: impl FnOnce(ChildStdout) -> std::io::Result<()>,
    ) -> Result<Option<String>, Failure> {
        if !input.is_empty() {
            git.stdin(Stdio::piped());
        }
        let mut child = Running(git.spawn().map_err(|e| format!("git cannot be run: {e}"))?);
        let (stdout, stderr) = child.pipes();
        let stdin = child.0.stdin.take();
        let log = self.log;
        let (read, complained) = thread::scope(|scope| {
            let complaints = scope.spawn(move || complaints(stderr, log));
            // If git does not take it, it says why.
            scope.spawn(move || stdin.map(|mut stdin| stdin.write_all(&input)));
            let read = read(stdout);
            if read.is_err() || self.is_over() {
                child.stop();
            }
            (read, complaints.join().unwrap_or(true))
        });
        let status = child.0.wait()?;
        Ok(match read {
            Err(error) => Some(format!("what git writes cannot be read: {error}")),
            Ok(()) if complained || !status.success() && !self.is_over() => {
                Some("git did not show everything".to_owned())
            }
            Ok(()) => None,
        })
    }

    /// Reads changes and hands them on in batches until there are no more or nobody takes them.
    fn read(
        &self,
        stdout: ChildStdout,
        mut give: impl FnMut((usize, Vec<FileChange>)) -> bool,
    ) -> std::io::Result<()> {
        let mut patches = Patches::new(BufReader::with_capacity(1 << 20, stdout));
        let (mut batch, mut size) = (Vec::new(), 0);
        for at in 0.. {
            while size < BATCH
                && let Some(change) = patches.next_file()?
            {
                if self.is_archive(&change) {
                    size += BATCH;
                    batch.push(change);
                } else if !change.binary {
                    size += 64
                        + change
                            .hunks
                            .iter()
                            .map(|hunk| hunk.added.len())
                            .sum::<usize>();
                    batch.push(change);
                }
            }
            if batch.is_empty() || self.is_over() || !give((at, std::mem::take(&mut batch))) {
                break;
            }
            size = 0;
        }
        Ok(())
    }

    fn scan_changes(
        &self,
        receive: &Mutex<Receiver<(usize, Vec<FileChange>)>>,
        remote: Option<&Remote>,
        found: &Mutex<Vec<(usize, Vec<Finding>)>>,
    ) {
        let mut worker = self.worker();
        loop {
            let next = receive
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .recv();
            let Ok((at, batch)) = next else {
                return;
            };
            let mut findings = Vec::new();
            for change in &batch {
                self.scan_change(change, &mut worker, remote, &mut findings);
            }
            if !findings.is_empty() {
                found
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push((at, findings));
            }
        }
    }

    fn scan_change(
        &self,
        change: &FileChange,
        worker: &mut Worker<'_>,
        remote: Option<&Remote>,
        findings: &mut Vec<Finding>,
    ) {
        let first = findings.len();
        if change.binary && !self.is_over() {
            self.changed_archive(change, worker, findings);
        }
        for hunk in &change.hunks {
            let fragment = Fragment {
                text: &hunk.added,
                path: &change.path,
                symlink: "",
                first_line: hunk.first_line,
                commit: change.commit.as_ref(),
            };
            if !self.is_over() {
                worker.scan(&fragment, findings);
            }
        }
        if let Some(remote) = remote {
            for finding in &mut findings[first..] {
                finding.link = remote.link(finding);
            }
        }
    }
}

/// A git that does not outlive this program's interest in it.
struct Running(Child);

impl Running {
    fn pipes(&mut self) -> (ChildStdout, ChildStderr) {
        let piped = "both were asked to be pipes";
        (
            self.0.stdout.take().expect(piped),
            self.0.stderr.take().expect(piped),
        )
    }

    fn stop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop();
        let _ = self.0.wait();
    }
}

fn log(source: &Path) -> Command {
    let mut git = git(source);
    git.args(["-c", "log.follow=false", "log", "-p", "-U0"]);
    git
}

pub(super) fn git(source: &Path) -> Command {
    let mut git = Command::new("git");
    git.args(FORM)
        .arg("-C")
        .arg(source)
        .env("GIT_OPTIONAL_LOCKS", "0")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    git
}

/// Tells what git complains about; whether it was more than harmless.
fn complaints(stderr: ChildStderr, log: Log) -> bool {
    let mut serious = false;
    for line in BufReader::new(stderr.take(1 << 20))
        .split(b'\n')
        .map_while(Result::ok)
    {
        let line = String::from_utf8_lossy(&line);
        if HARMLESS.iter().any(|harmless| line.contains(harmless)) {
            log.say(Level::Warn, &line);
        } else {
            log.say(Level::Error, format_args!("[git] {line}"));
            serious = true;
        }
    }
    serious
}

/// The first remote of a repository, if pages of it can be named.
fn remote(source: &Path, platform: Option<Platform>) -> Option<Remote> {
    let output = git(source)
        .args(["ls-remote", "--quiet", "--get-url"])
        .output()
        .ok()?;
    Remote::new(&String::from_utf8_lossy(&output.stdout), platform)
}
