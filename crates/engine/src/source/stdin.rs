//! Standard input, and whatever else can only be read once, from front to back.

use std::fmt;
use std::io::{self, Read};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use super::contents::{Contents, Input, Sizes, Who};
use super::{Source, SourceError, VisitorBuilder};
use crate::{Flow, Issue, IssueKind, Origin};

/// One stream as a source: standard input, or any reader in its place. Its length does not matter, an endless one is
/// scanned in bounded memory. All of it is one content with the origin [`Origin::Stdin`].
pub struct Stdin {
    reader: Mutex<Option<Box<dyn Read + Send>>>,
    interrupt: Arc<AtomicBool>,
}

impl Stdin {
    /// Reads `reader`. Once `interrupt` is set the walk stops within a fraction of a second, also while it waits for
    /// input.
    pub fn new(reader: impl Read + Send + 'static, interrupt: Arc<AtomicBool>) -> Self {
        Self {
            reader: Mutex::new(Some(Box::new(reader))),
            interrupt,
        }
    }
}

impl fmt::Debug for Stdin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stdin").finish_non_exhaustive()
    }
}

impl Source for Stdin {
    /// # Errors
    ///
    /// A second walk: a stream can be read once.
    fn walk(&self, visitors: &dyn VisitorBuilder) -> Result<(), SourceError> {
        let reader = self
            .reader
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let reader = reader.ok_or_else(|| SourceError::new("standard input was read already"))?;
        let mut visitor = visitors.visitor();
        let origin = Arc::new(Origin::Stdin);
        let mut pipe = Pipe::new(move || Ok(reader), self.interrupt.clone());
        let input = Input {
            reader: &mut pipe,
            expected: 0,
            origin: &origin,
            interrupt: &self.interrupt,
            windows: Who::Visitor,
        };
        let outcome = Contents::new(Sizes::DEFAULT).read(input, visitor.as_mut());
        if outcome.flow == Flow::Continue
            && let Some(error) = outcome.error
        {
            let _ = visitor.issue(Issue::at(origin, IssueKind::Unreadable, error.to_string())); // nothing left to stop
        }
        Ok(())
    }
}

/// Bytes that a thread of its own reads ahead, so that whoever waits for them can be interrupted: neither opening a
/// FIFO nor reading from a pipe returns before the other side does something, and a signal does not break them off.
/// An interrupted read fails with [`io::ErrorKind::Interrupted`]; the thread stays in its call until the process ends.
pub(super) struct Pipe {
    chunks: Receiver<io::Result<Vec<u8>>>,
    chunk: Vec<u8>,
    at: usize,
    ended: bool,
    interrupt: Arc<AtomicBool>,
}

impl Pipe {
    /// Length of what is read ahead at a time; a pipe of Linux holds as much.
    const CHUNK: usize = 64 << 10;

    /// How often a waiting reader looks whether it was interrupted.
    const PATIENCE: Duration = Duration::from_millis(50);

    /// Opens and reads on a new thread.
    pub(super) fn new<R: Read>(
        open: impl FnOnce() -> io::Result<R> + Send + 'static,
        interrupt: Arc<AtomicBool>,
    ) -> Self {
        let (sender, chunks) = mpsc::sync_channel(1);
        let failed = sender.clone();
        let thread = thread::Builder::new()
            .name("pipe".to_owned())
            .spawn(move || send(open, &sender));
        if let Err(error) = thread {
            let _ = failed.send(Err(error)); // the channel has room for one
        }
        Self {
            chunks,
            chunk: Vec::new(),
            at: 0,
            ended: false,
            interrupt,
        }
    }
}

/// Sends chunks until the end, which is an empty one, or an error. A receiver that is gone ends it quietly.
fn send<R: Read>(open: impl FnOnce() -> io::Result<R>, chunks: &SyncSender<io::Result<Vec<u8>>>) {
    let mut reader = match open() {
        Ok(reader) => reader,
        Err(error) => {
            let _ = chunks.send(Err(error));
            return;
        }
    };
    loop {
        let mut chunk = vec![0; Pipe::CHUNK];
        let sent = match reader.read(&mut chunk) {
            Ok(n) => {
                chunk.truncate(n);
                let more = n > 0;
                chunks.send(Ok(chunk)).is_ok() && more
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => true,
            Err(error) => {
                let _ = chunks.send(Err(error));
                false
            }
        };
        if !sent {
            return;
        }
    }
}

impl Read for Pipe {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        while self.at == self.chunk.len() && !self.ended {
            match self.chunks.recv_timeout(Self::PATIENCE) {
                Ok(chunk) => {
                    (self.chunk, self.at) = (chunk?, 0);
                    self.ended = self.chunk.is_empty();
                }
                Err(RecvTimeoutError::Timeout) if self.interrupt.load(Relaxed) => {
                    return Err(io::ErrorKind::Interrupted.into());
                }
                Err(RecvTimeoutError::Timeout) => {}
                // The end is said, so silence is a reader that panicked, and no end.
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(io::Error::other("the reader failed"));
                }
            }
        }
        let n = buf.len().min(self.chunk.len() - self.at);
        buf[..n].copy_from_slice(&self.chunk[self.at..self.at + n]);
        self.at += n;
        Ok(n)
    }
}
