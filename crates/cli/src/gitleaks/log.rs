//! What is said on standard error while a scan runs.

/// How much is said.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Level {
    Trace,
    Debug,
    Info,
    Warn,
    Error,
    Fatal,
}

/// Writes messages of a level and above.
#[derive(Clone, Copy, Debug)]
pub(super) struct Log {
    least: Level,
}

impl Log {
    /// A name as `--log-level` takes it; one that is unknown is told of, and is `info`.
    pub(super) fn new(name: &str) -> Self {
        let least = match name.to_lowercase().as_str() {
            "trace" => Level::Trace,
            "debug" => Level::Debug,
            "info" => Level::Info,
            "warn" => Level::Warn,
            "err" | "error" => Level::Error,
            "fatal" => Level::Fatal,
            _ => {
                let log = Self { least: Level::Info };
                log.say(Level::Warn, format_args!("unknown log level: {name}"));
                return log;
            }
        };
        Self { least }
    }

    /// Writes one line.
    pub(super) fn say(self, level: Level, message: impl std::fmt::Display) {
        if level < self.least {
            return;
        }
        let name = match level {
            Level::Trace => "TRC",
            Level::Debug => "DBG",
            Level::Info => "INF",
            Level::Warn => "WRN",
            Level::Error => "ERR",
            Level::Fatal => "FTL",
        };
        anstream::eprintln!("{name} {message}");
    }
}
