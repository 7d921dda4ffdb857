//! The progress line on a terminal: what was scanned so far, and how fast.

use std::io::{IsTerminal as _, stderr};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{Scope, ScopedJoinHandle};
use std::time::{Duration, Instant};

use indicatif::{HumanBytes, HumanCount, ProgressBar, ProgressDrawTarget, ProgressStyle};
use keysieve_engine::Stats;

use crate::args::ProgressArg;

/// Nothing is shown for what is done before this.
const PATIENCE: Duration = Duration::from_millis(500);
/// Time between two updates.
const TICK: Duration = Duration::from_millis(100);

/// A progress line that runs beside a scan until it is dropped.
pub(crate) struct Progress<'scope> {
    _stop: Sender<()>,
    _thread: ScopedJoinHandle<'scope, ()>,
}

/// Starts the line if it is wanted. The thread ends when the returned value is dropped.
pub(crate) fn start<'scope, 'env>(
    scope: &'scope Scope<'scope, 'env>,
    how_far: &'env (dyn Fn(Duration) -> String + Sync),
    when: ProgressArg,
) -> Option<Progress<'scope>> {
    let wanted = match when {
        ProgressArg::Always => true,
        ProgressArg::Never => false,
        ProgressArg::Auto => stderr().is_terminal(),
    };
    wanted.then(|| {
        let (stop, stopped) = mpsc::channel();
        let thread = scope.spawn(move || {
            let start = Instant::now();
            if stopped.recv_timeout(PATIENCE) != Err(RecvTimeoutError::Timeout) {
                return;
            }
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
            bar.set_style(
                ProgressStyle::with_template("{spinner} {msg}")
                    .expect("the template is a constant"),
            );
            while stopped.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) {
                bar.set_message(how_far(start.elapsed()));
                bar.tick();
            }
            bar.finish_and_clear();
        });
        Progress {
            _stop: stop,
            _thread: thread,
        }
    })
}

/// What was scanned so far.
pub(crate) fn scanned(stats: &Stats, elapsed: Duration) -> String {
    let (files, bytes) = stats.progress();
    let rate = bytes as f64 / elapsed.as_secs_f64();
    format!(
        "{} files, {}, {}/s",
        HumanCount(files),
        HumanBytes(bytes),
        HumanBytes(rate as u64)
    )
}
