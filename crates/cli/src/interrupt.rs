//! Ctrl-C: the first asks the scan to stop and report what it has, the second ends the program.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

use anyhow::Context as _;

/// A flag that SIGINT, SIGTERM and SIGHUP set.
pub(crate) fn flag() -> anyhow::Result<Arc<AtomicBool>> {
    let flag = Arc::new(AtomicBool::new(false));
    let set = flag.clone();
    ctrlc::set_handler(move || {
        if set.swap(true, SeqCst) {
            // The scan did not stop soon enough for whoever asks twice. 130 is what shells expect of SIGINT.
            #[expect(
                clippy::exit,
                reason = "there is nothing left to unwind to from a signal handler's thread"
            )]
            std::process::exit(130);
        }
    })
    .context("signals cannot be caught")?;
    Ok(flag)
}
