//! The file of the log: appended to under a lock, and put right where a writer was killed.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use jiff::Timestamp;

use super::chain::{self, Link, MAX_LINE};
use super::events::{Event, Kind, Line};
use super::{AuditFormat, ocsf};
use crate::exit::usage;

/// How long to wait for other writers. Each of them holds the lock for one write.
const PATIENCE: Duration = Duration::from_secs(60);

/// A log that is there, or can be made.
#[derive(Debug)]
pub(crate) struct Log {
    path: PathBuf,
    format: AuditFormat,
}

/// What the log ends with.
struct Tail {
    last: Option<(Link, String)>,
    /// What comes behind the last line end: what a writer was stopped in.
    torn: Vec<u8>,
}

impl Log {
    /// Looks at the file, and makes it if it is not there, so that what is wrong with it is said before any work.
    pub(crate) fn open(path: &Path, format: AuditFormat) -> anyhow::Result<Self> {
        let log = Self {
            path: path.to_owned(),
            format,
        };
        let mut file = log.locked()?;
        log.tail(&mut file)?;
        Ok(log)
    }

    /// Adds events: one write, on the disk when this returns. What was there stays as it was if that fails.
    pub(crate) fn append(&self, events: &[Event]) -> anyhow::Result<()> {
        if events.is_empty() {
            return Ok(());
        }
        let cannot = || format!("the audit log {} cannot be written", self.path.display());
        let mut file = self.locked()?;
        let Tail { last, torn } = self.tail(&mut file)?;
        let mut length = file.metadata().with_context(cannot)?.len();
        let mut repair = None;
        if !torn.is_empty() {
            length -= torn.len() as u64;
            repair = Some(self.put_aside(&torn, length)?);
        }
        let lines = self.lines(last, repair.iter().chain(events));
        let written = file.write_all(&lines).and_then(|()| file.sync_all());
        if let Err(error) = written {
            // A part of a line would be found and put aside by the next writer; better that there is none.
            let _ = self.cut(length);
            return Err(error).with_context(cannot);
        }
        Ok(())
    }

    /// The lines of events that follow on the last one of the file.
    fn lines<'a>(
        &self,
        last: Option<(Link, String)>,
        events: impl Iterator<Item = &'a Event>,
    ) -> Vec<u8> {
        let now = Timestamp::now();
        let now = Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now);
        let (mut seq, mut prev, mut before) = match last {
            Some((link, hash)) => (link.seq, hash, link.time),
            None => (0, chain::first(), now),
        };
        let mut lines = Vec::new();
        for event in events {
            seq += 1;
            let line = Line {
                v: chain::VERSION,
                seq,
                time: now.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string(),
                clock: (now < before).then_some(chain::CLOCK),
                event,
                prev,
            };
            let text = match self.format {
                AuditFormat::Jsonl => serde_json::to_vec(&line),
                AuditFormat::Ocsf => serde_json::to_vec(&ocsf::Finding::new(&line, now)),
            };
            let text = text.expect("texts and numbers can be written");
            prev = chain::hash(&text);
            before = now;
            lines.extend(text);
            lines.push(b'\n');
        }
        lines
    }

    /// The file, for this process alone.
    fn locked(&self) -> anyhow::Result<File> {
        let name = self.path.display();
        // A pipe would make the program wait for a reader.
        if fs::metadata(&self.path).is_ok_and(|m| !m.is_file()) {
            return Err(usage(format!("the audit log {name} is no regular file")));
        }
        let mut options = OpenOptions::new();
        let file = options
            .read(true)
            .append(true)
            .create(true)
            .open(&self.path)
            .with_context(|| format!("the audit log {name} cannot be opened"))?;
        let started = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::WouldBlock) if started.elapsed() < PATIENCE => {
                    thread::sleep(Duration::from_millis(5));
                }
                Err(error) => {
                    return Err(io::Error::from(error))
                        .with_context(|| format!("the audit log {name} cannot be locked"));
                }
            }
        }
    }

    /// Reads the end of the file, which must be one of a log.
    fn tail(&self, file: &mut File) -> anyhow::Result<Tail> {
        let name = self.path.display();
        let cannot = || format!("the audit log {name} cannot be read");
        let no_log = |why: &str| usage(format!("{name} is no audit log: {why}"));
        let length = file.seek(SeekFrom::End(0)).with_context(cannot)?;
        // A torn line, the last whole one, and the line end before that.
        let from = length.saturating_sub(2 * MAX_LINE as u64 + 1);
        file.seek(SeekFrom::Start(from)).with_context(cannot)?;
        let mut end = Vec::new();
        file.take(2 * MAX_LINE as u64 + 1)
            .read_to_end(&mut end)
            .with_context(cannot)?;
        let whole = end.iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
        let torn = end.split_off(whole);
        let Some(lines) = end.strip_suffix(b"\n") else {
            if !may_begin_a_log(&torn) || from > 0 {
                return Err(no_log("it does not begin with an event"));
            }
            return Ok(Tail { last: None, torn });
        };
        let start = lines.iter().rposition(|b| *b == b'\n');
        let line = &lines[start.map_or(0, |at| at + 1)..];
        if start.is_none() && from > 0 {
            return Err(no_log("its last line is too long"));
        }
        let Some(link) = Link::parse(line) else {
            return Err(no_log("its last line is no event"));
        };
        let last = Some((link, chain::hash(line)));
        Ok(Tail { last, torn })
    }

    /// Moves what a writer was stopped in to a file of its own, and gives the event that tells of it. `at` is where it
    /// began.
    fn put_aside(&self, torn: &[u8], at: u64) -> anyhow::Result<Event> {
        let mut name = self.path.file_name().unwrap_or_default().to_owned();
        let hash = chain::hash(torn);
        name.push(format!(".torn-{at}-{}", &hash[..12]));
        let aside = self.path.with_file_name(&name);
        let cannot = || {
            let (log, aside) = (self.path.display(), aside.display());
            format!("the audit log {log} ends within a line, which cannot be put aside as {aside}")
        };
        let mut file = File::create(&aside).with_context(cannot)?;
        file.write_all(torn).with_context(cannot)?;
        file.sync_all().with_context(cannot)?;
        self.cut(at).with_context(cannot)?;
        anstream::eprintln!(
            "keysieve: the audit log {} ended within a line, for its writer was stopped: the line is now in {}",
            self.path.display(),
            aside.display()
        );
        Ok(Event {
            torn_file: Some(name.to_string_lossy().into_owned()),
            torn_bytes: Some(torn.len() as u64),
            torn_sha256: Some(hash),
            ..Event::new(Kind::Repair)
        })
    }

    fn cut(&self, length: u64) -> io::Result<()> {
        let file = OpenOptions::new().write(true).open(&self.path)?;
        file.set_len(length)?;
        file.sync_all()
    }
}

/// Whether a file without a line end can be a log whose first line is torn, and not somebody's text.
fn may_begin_a_log(torn: &[u8]) -> bool {
    [&br#"{"v":1,"#[..], br#"{"class_uid":2004,"#]
        .iter()
        .any(|start| torn.starts_with(start) || start.starts_with(torn))
}
