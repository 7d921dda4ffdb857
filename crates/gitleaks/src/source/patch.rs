//! What commits added, from the text of `git log -p -U0` or `git diff -U0`.

use std::io::{self, BufRead};
use std::sync::Arc;

use crate::finding::Commit;

/// What a commit, or the index, changes in a file.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct FileChange {
    /// The file, as it is called afterwards.
    pub path: String,
    /// The commit; for a plain diff one without an id.
    pub commit: Option<Arc<Commit>>,
    /// What it adds, one run of lines each; a hunk that only removes has no text.
    pub hunks: Vec<Hunk>,
    /// Whether git has no lines to show of it.
    pub binary: bool,
    deleted: bool,
}

/// Lines that a change adds next to each other.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Hunk {
    /// The number of the first.
    pub first_line: u64,
    /// All of them, with their line breaks.
    pub added: Vec<u8>,
}

/// The date of what no commit has, in gitleaks' reports.
const NO_DATE: &str = "0001-01-01T00:00:00Z";

/// The changes of files in the text that git writes.
pub struct Patches<R> {
    reader: R,
    line: Vec<u8>,
    /// Whether `line` was read and not yet used.
    waiting: bool,
    commit: Option<Arc<Commit>>,
}

impl<R: BufRead> Patches<R> {
    /// Reads what git writes.
    pub fn new(reader: R) -> Self {
        Self {
            reader,
            line: Vec::new(),
            waiting: false,
            commit: Some(Arc::new(Commit {
                date: NO_DATE.to_owned(),
                ..Commit::default()
            })),
        }
    }

    /// The next file that was not deleted.
    pub fn next_file(&mut self) -> io::Result<Option<FileChange>> {
        while self.advance()? {
            if let Some(rest) = self.line.strip_prefix(b"commit ") {
                let id = rest
                    .split(|byte| byte.is_ascii_whitespace())
                    .next()
                    .unwrap_or_default();
                let id = text(id);
                self.commit = Some(Arc::new(self.header(id)?));
            } else if let Some(rest) = self.line.strip_prefix(b"diff --git ") {
                let path = name_of_both(rest);
                let change = self.file(path)?;
                if !change.deleted {
                    return Ok(Some(change));
                }
            }
        }
        Ok(None)
    }

    /// The next line, without its break, into `line`; `false` at the end.
    fn advance(&mut self) -> io::Result<bool> {
        if std::mem::take(&mut self.waiting) {
            return Ok(true);
        }
        let more = self.advance_raw()?;
        if self.line.last() == Some(&b'\n') {
            self.line.pop();
        }
        Ok(more)
    }

    fn advance_raw(&mut self) -> io::Result<bool> {
        self.line.clear();
        Ok(self.reader.read_until(b'\n', &mut self.line)? > 0)
    }

    /// A commit's fields and message, up to the first line that is not of them.
    fn header(&mut self, id: String) -> io::Result<Commit> {
        let mut commit = Commit {
            id,
            ..Commit::default()
        };
        loop {
            if !self.advance()? || self.line.is_empty() {
                break;
            }
            if self.line.starts_with(b"diff --git ") || self.line.starts_with(b"commit ") {
                self.waiting = true;
                return Ok(commit);
            }
            let line = text(&self.line);
            if let Some(author) = line.strip_prefix("Author:") {
                let (name, email) = author.split_once('<').unwrap_or((author, ""));
                commit.author = name.trim().to_owned();
                commit.email = email.split('>').next().unwrap_or("").trim().to_owned();
            } else if let Some(date) = line
                .strip_prefix("Date:")
                .or(line.strip_prefix("AuthorDate:"))
            {
                commit.date = utc(date.trim()).unwrap_or_default();
            }
        }
        commit.message = self.message()?;
        Ok(commit)
    }

    /// A message: the lines of its first paragraph are one, and further empty lines are one each.
    fn message(&mut self) -> io::Result<String> {
        let (mut title, mut body) = (String::new(), String::new());
        let (mut in_title, mut gap) = (true, false);
        let mut indent = 0;
        while self.advance()? {
            if self.line.starts_with(b"diff --git ") || self.line.starts_with(b"commit ") {
                self.waiting = true;
                break;
            }
            let line = text(&self.line);
            if in_title {
                if line.trim().is_empty() {
                    in_title = false;
                    continue;
                }
                if title.is_empty() {
                    indent = line.len() - line.trim_start().len();
                } else {
                    title.push(' ');
                }
                title.push_str(line.trim());
                continue;
            }
            let line = line.trim_end();
            if line.is_empty() {
                gap = true;
                continue;
            }
            if !body.is_empty() {
                body.push_str(if gap { "\n\n" } else { "\n" });
            }
            gap = false;
            let indented = line
                .get(..indent)
                .is_some_and(|start| start.trim().is_empty());
            body.push_str(if indented { &line[indent..] } else { line });
        }
        if !body.is_empty() {
            title.push_str("\n\n");
            title.push_str(&body);
        }
        Ok(title)
    }

    /// A file after its `diff --git`, up to the first line that is not of it.
    fn file(&mut self, path: Option<String>) -> io::Result<FileChange> {
        let mut change = FileChange {
            path: path.unwrap_or_default(),
            commit: self.commit.clone(),
            ..FileChange::default()
        };
        while self.advance()? {
            let line = &self.line;
            if line.starts_with(b"diff --git ") || line.starts_with(b"commit ") || line.is_empty() {
                self.waiting = true;
                break;
            }
            if let Some(rest) = line.strip_prefix(b"@@ -") {
                let Some(range) = range(rest) else {
                    continue;
                };
                change.hunks.push(self.hunk(range)?);
            } else if line.starts_with(b"deleted file mode") {
                change.deleted = true;
            } else if line.starts_with(b"Binary files ") || line.starts_with(b"GIT binary patch") {
                change.binary = true;
            } else if let Some(name) = line.strip_prefix(b"+++ ") {
                if name != b"/dev/null" {
                    change.path = strip(&unquote(name));
                }
            } else if let Some(name) = line
                .strip_prefix(b"rename to ")
                .or(line.strip_prefix(b"copy to "))
            {
                change.path = unquote(name);
            }
        }
        Ok(change)
    }

    /// As many lines as a hunk announces.
    fn hunk(&mut self, range: Range) -> io::Result<Hunk> {
        let mut hunk = Hunk {
            first_line: range.first,
            added: Vec::new(),
        };
        let (mut old, mut new) = (range.old, range.new);
        let mut last_added = false;
        while old > 0 || new > 0 {
            if !self.advance_raw()? {
                return Ok(hunk);
            }
            last_added = false;
            match self.line.first() {
                Some(b'+') => {
                    hunk.added.extend_from_slice(&self.line[1..]);
                    new = new.saturating_sub(1);
                    last_added = true;
                }
                Some(b'-') => old = old.saturating_sub(1),
                Some(b'\\') => {}
                _ => {
                    old = old.saturating_sub(1);
                    new = new.saturating_sub(1);
                }
            }
        }
        // "\ No newline at end of file", of the last line.
        if self.advance()? {
            if !self.line.starts_with(b"\\") {
                self.waiting = true;
            } else if last_added && hunk.added.last() == Some(&b'\n') {
                hunk.added.pop();
            }
        }
        Ok(hunk)
    }
}

/// What `@@ -a,b +c,d @@` says.
struct Range {
    old: u64,
    first: u64,
    new: u64,
}

/// After `@@ -`.
fn range(rest: &[u8]) -> Option<Range> {
    let rest = std::str::from_utf8(&rest[..memchr::memmem::find(rest, b" @@")?]).ok()?;
    let (old, new) = rest.split_once(" +")?;
    let numbers = |side: &str| -> Option<(u64, u64)> {
        let (first, count) = side.split_once(',').unwrap_or((side, "1"));
        Some((first.parse().ok()?, count.parse().ok()?))
    };
    let ((_, old), (first, new)) = (numbers(old)?, numbers(new)?);
    Some(Range { old, first, new })
}

/// The name in `a/name b/name`, where both are the same.
fn name_of_both(rest: &[u8]) -> Option<String> {
    if rest.starts_with(b"\"") {
        let end = 1
            + rest[1..]
                .windows(2)
                .position(|two| two[0] != b'\\' && two[1] == b'"')?
            + 1;
        return Some(strip(&unquote(&rest[..=end])));
    }
    let half = rest.len() / 2;
    let (a, b) = (rest.get(..half)?, rest.get(half + 1..)?);
    let name = |side: &[u8]| strip(&text(side));
    (name(a) == name(b)).then(|| name(b))
}

/// A name without the side that it is of.
fn strip(name: &str) -> String {
    name.split_once('/')
        .map_or(name, |(_, name)| name)
        .to_owned()
}

/// A name as git quotes it: with `"` and escapes if need be, and a tab behind one with spaces.
fn unquote(name: &[u8]) -> String {
    let Some(quoted) = name.strip_prefix(b"\"") else {
        return text(name.strip_suffix(b"\t").unwrap_or(name));
    };
    let mut plain = Vec::new();
    let mut bytes = quoted.iter().copied();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => break,
            b'\\' => match bytes.next() {
                Some(b'a') => plain.push(7),
                Some(b'b') => plain.push(8),
                Some(b't') => plain.push(b'\t'),
                Some(b'n') => plain.push(b'\n'),
                Some(b'v') => plain.push(11),
                Some(b'f') => plain.push(12),
                Some(b'r') => plain.push(b'\r'),
                Some(digit @ b'0'..=b'3') => {
                    let octal = [
                        digit,
                        bytes.next().unwrap_or(b'0'),
                        bytes.next().unwrap_or(b'0'),
                    ];
                    plain.push(octal.iter().fold(0u8, |n, d| n << 3 | (d & 7)));
                }
                Some(other) => plain.push(other),
                None => break,
            },
            byte => plain.push(byte),
        }
    }
    text(&plain)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A date as `git log` writes it in one of its formats, in UTC.
fn utc(date: &str) -> Option<String> {
    use jiff::{Timestamp, fmt::strtime};
    const FORMATS: [&str; 4] = [
        "%a %b %d %H:%M:%S %Y %z",
        "%Y-%m-%d %H:%M:%S %z",
        "%Y-%m-%dT%H:%M:%S%:z",
        "%a, %d %b %Y %H:%M:%S %z",
    ];
    let parsed = FORMATS
        .iter()
        .find_map(|format| strtime::parse(format, date).ok()?.to_timestamp().ok());
    let seconds = || date.split(' ').next()?.parse::<i64>().ok();
    let timestamp = parsed.or_else(|| Timestamp::from_second(seconds()?).ok())?;
    Some(timestamp.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "\
commit 1111111111111111111111111111111111111111
Author: A. Person <a@example.com>
Date:   Mon Jan 5 10:00:00 2026 +0200

    The title
    of two lines

    And a body.


    Two paragraphs.

diff --git a/gone b/gone
deleted file mode 100644
index 1..0
--- a/gone
+++ /dev/null
@@ -1 +0,0 @@
-x
diff --git \"a/a\\303\\244 b\" \"b/a\\303\\244 b\"
index 1..2 100644
--- \"a/a\\303\\244 b\"\t
+++ \"b/a\\303\\244 b\"\t
@@ -3,0 +4,2 @@ context
+one
+diff --git a/x b/x
@@ -9 +11 @@
-old
\\ No newline at end of file
+new
\\ No newline at end of file

commit 2222222222222222222222222222222222222222
Author: B <b@example.com>
Date:   Mon Jan 5 10:00:00 2026 +0000

    second

diff --git a/i.png b/i.png
index 1..2 100644
Binary files a/i.png and b/i.png differ
";

    #[test]
    fn a_log_is_read() {
        let mut patches = Patches::new(LOG.as_bytes());
        let first = patches.next_file().unwrap().unwrap();
        assert_eq!(first.path, "aä b");
        let commit = first.commit.unwrap();
        assert_eq!(
            (&*commit.author, &*commit.email),
            ("A. Person", "a@example.com")
        );
        assert_eq!(commit.date, "2026-01-05T08:00:00Z");
        assert_eq!(
            commit.message,
            "The title of two lines\n\nAnd a body.\n\nTwo paragraphs."
        );
        assert_eq!(first.hunks[0].first_line, 4);
        assert_eq!(first.hunks[0].added, b"one\ndiff --git a/x b/x\n");
        assert_eq!(
            (first.hunks[1].first_line, &first.hunks[1].added[..]),
            (11, &b"new"[..])
        );
        let second = patches.next_file().unwrap().unwrap();
        assert!(second.binary);
        assert_eq!(second.commit.unwrap().message, "second");
        assert_eq!(patches.next_file().unwrap(), None);
    }

    #[test]
    fn a_diff_has_no_commit() {
        let diff = "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -0,0 +1 @@\n+new\n";
        let change = Patches::new(diff.as_bytes()).next_file().unwrap().unwrap();
        assert_eq!(
            (&*change.path, &change.hunks[0].added[..]),
            ("x", &b"new\n"[..])
        );
        let commit = change.commit.unwrap();
        assert_eq!((&*commit.id, &*commit.date), ("", NO_DATE));
    }

    #[test]
    fn nothing_that_git_could_write_is_a_panic() {
        let mut random = fastrand::Rng::with_seed(3);
        for _ in 0..2_000 {
            let mut log = LOG.as_bytes().to_vec();
            for _ in 0..random.usize(1..20) {
                let at = random.usize(..log.len());
                log[at] = random.u8(..);
            }
            log.truncate(random.usize(..log.len()));
            let mut patches = Patches::new(&log[..]);
            while patches.next_file().unwrap().is_some() {}
        }
    }
}
