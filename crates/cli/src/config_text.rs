//! The text of `keysieve.toml`: where its exceptions stand, and how one is put in or taken out with every other byte
//! left as it is.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use keysieve_engine::policy::exception::ExceptionSpec;
use toml::de::{DeTable, DeValue};

use crate::config::Config;
use crate::exit::usage;
use crate::output::Output;

/// A configuration file that is being changed. Two who go this way wait for each other where folders can be locked, as
/// on Unix; what an editor or, elsewhere, another of us wrote meanwhile is noticed, and stays.
///
/// The lock is the folder's. One on the file would be a lock on the old one, for the file is replaced, and a file that
/// is not there yet has none. A file for the lock alone would be left behind by whoever is killed, or, if it is deleted
/// after use, let in two of three that come at once unless each compares files by what std does not tell on every
/// system.
#[derive(Debug)]
pub(crate) struct ConfigText {
    /// The file itself, where the path that was given is a link.
    path: PathBuf,
    /// `None` where there is no file yet.
    text: Option<String>,
    _lock: Option<File>,
}

/// A line and a column, 1-based, columns in characters.
pub(crate) type Position = (usize, usize);

impl ConfigText {
    /// Opens the file for a change.
    pub(crate) fn open(path: &Path) -> anyhow::Result<Self> {
        let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let folder = path.parent().filter(|p| !p.as_os_str().is_empty());
        // Where folders cannot be locked `replace` still compares.
        let lock = File::open(folder.unwrap_or(Path::new(".")));
        let lock = lock.and_then(|folder| folder.lock().map(|()| folder)).ok();
        Ok(Self {
            text: read(&path)?,
            path,
            _lock: lock,
        })
    }

    /// Its text; empty where there is no file yet.
    pub(crate) fn text(&self) -> &str {
        self.text.as_deref().unwrap_or_default()
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// What is written in it.
    pub(crate) fn config(&self) -> anyhow::Result<Config> {
        Config::parse_named(self.text(), &self.path.display().to_string())
    }

    /// Replaces the file, whole or not at all, and then does what belongs to it; if that fails, the old file is back. A
    /// file that is not as it was when it was opened is left as it is.
    pub(crate) fn replace(
        &self,
        text: &str,
        then: impl FnOnce() -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        if read(&self.path)? != self.text {
            let name = self.path.display();
            bail!("{name} was changed by somebody else meanwhile, and is left so: try again");
        }
        write(&self.path, text)?;
        let Err(error) = then() else { return Ok(()) };
        let restored = match &self.text {
            Some(old) => write(&self.path, old),
            None => std::fs::remove_file(&self.path).map_err(Into::into),
        };
        restored.with_context(|| {
            let name = self.path.display();
            format!("{error:#}; {name} was changed, and cannot be changed back")
        })?;
        Err(error)
    }
}

/// The text of the file; `None` where there is none.
fn read(path: &Path) -> anyhow::Result<Option<String>> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => {
            let name = path.display();
            Err(usage(format!(
                "the configuration {name} cannot be read: {error}"
            )))
        }
    }
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    Output::open(Some(path))?.write(|out| out.write_all(text.as_bytes()))
}

/// The text with one more exception at its end.
pub(crate) fn with_exception(text: &str, spec: &ExceptionSpec) -> Result<String, String> {
    let line_end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let mut new = text.to_owned();
    if !new.is_empty() {
        if !new.ends_with('\n') {
            new.push_str(line_end);
        }
        new.push_str(line_end);
    }
    new.push_str("[[exception]]");
    new.push_str(line_end);
    let fields = [
        ("id", Some(&spec.id)),
        ("rule", spec.rule.as_ref()),
        ("path", spec.path.as_ref()),
        ("fingerprint", spec.fingerprint.as_ref()),
        ("reason", Some(&spec.reason)),
        ("owner", Some(&spec.owner)),
        ("created", spec.created.as_ref()),
        ("expires", Some(&spec.expires)),
        ("ticket", spec.ticket.as_ref()),
        ("approved_by", spec.approved_by.as_ref()),
    ];
    for (name, value) in fields {
        let Some(value) = value else { continue };
        if value.chars().any(char::is_control) {
            return Err(format!("`{name}` must be one line of text"));
        }
        let value = toml::Value::String(value.clone());
        new.push_str(&format!("{name} = {value}{line_end}"));
    }
    let config = Config::parse(&new);
    let is_in = config.is_ok_and(|config| config.exception.last() == Some(spec));
    is_in.then_some(new).ok_or_else(|| {
        "`exception` is not written as `[[exception]]` tables there: add this one by hand"
            .to_owned()
    })
}

/// The text without an exception, nor the comment that stands right above it.
pub(crate) fn without_exception(text: &str, at: usize) -> Result<String, String> {
    let other_form = || {
        "`exception` is not written as `[[exception]]` tables there: take this one out by hand"
            .to_owned()
    };
    let table = spans(text).into_iter().nth(at).ok_or_else(other_form)?;
    let line_start = |at: usize| text[..at].rfind('\n').map_or(0, |at| at + 1);
    let mut start = line_start(table.start);
    if !text[start..].trim_start().starts_with("[[") {
        return Err(other_form());
    }
    while start > 0 {
        let above = line_start(start - 1);
        if !text[above..start].trim_start().starts_with('#') {
            break;
        }
        start = above;
    }
    let end = text[table.end..].find('\n');
    let mut end = end.map_or(text.len(), |at| table.end + at + 1);
    // The empty line that parted it from what follows, or else the one from what stood before.
    let rest = &text[end..];
    let next = rest.find('\n').map_or(rest.len(), |at| at + 1);
    if !rest.is_empty() && rest[..next].trim().is_empty() {
        end += next;
    } else if rest.is_empty() && start > 0 {
        let above = line_start(start - 1);
        if text[above..start].trim().is_empty() {
            start = above;
        }
    }
    Ok([&text[..start], &text[end..]].concat())
}

/// Where the values of a configuration stand.
pub(crate) struct Places<'t> {
    text: &'t str,
    /// Empty where the text is no TOML.
    document: DeTable<'t>,
}

/// A step on the way to a value.
#[derive(Clone, Copy)]
pub(crate) enum Step<'a> {
    /// To the value of a key.
    Key(&'a str),
    /// To the item of a list that has so many before it.
    Item(usize),
}

impl<'t> Places<'t> {
    /// Of the values in a text.
    pub(crate) fn new(text: &'t str) -> Self {
        let document = DeTable::parse(text).map(toml::Spanned::into_inner);
        Self {
            text,
            document: document.unwrap_or_default(),
        }
    }

    /// Where the value is that `steps` lead to, or the last one on the way there that is written.
    pub(crate) fn of(&self, steps: &[Step<'_>]) -> Option<Position> {
        let mut found: Option<&toml::Spanned<DeValue<'t>>> = None;
        for step in steps {
            let next = match (step, found.map(toml::Spanned::get_ref)) {
                (Step::Key(key), None) => self.document.get(*key),
                (Step::Key(key), Some(DeValue::Table(table))) => table.get(*key),
                (Step::Item(n), Some(DeValue::Array(items))) => items.get(*n),
                _ => None,
            };
            let Some(next) = next else { break };
            found = Some(next);
        }
        found.map(|value| position(self.text, value.span().start))
    }
}

/// The line and the column of a byte.
pub(crate) fn position(text: &str, at: usize) -> Position {
    let before = &text[..text.floor_char_boundary(at)];
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    let line = before.bytes().filter(|b| *b == b'\n').count() + 1;
    (line, before[line_start..].chars().count() + 1)
}

/// From the header of each exception to the end of its last value.
fn spans(text: &str) -> Vec<Range<usize>> {
    let Ok(document) = DeTable::parse(text) else {
        return Vec::new();
    };
    let Some(DeValue::Array(tables)) = document.get_ref().get("exception").map(|v| v.get_ref())
    else {
        return Vec::new();
    };
    let span = |table: &toml::Spanned<DeValue<'_>>| {
        let values = table.get_ref().as_table().into_iter().flatten();
        let ends = values.map(|(_, value)| value.span().end);
        let own = table.span();
        own.start..ends.max().unwrap_or(own.end).max(own.end)
    };
    tables.iter().map(span).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(id: &str) -> ExceptionSpec {
        ExceptionSpec {
            id: id.to_owned(),
            rule: Some("acme-key".to_owned()),
            reason: "a \"quoted\" \\ reason ' of # them".to_owned(),
            owner: "@a".to_owned(),
            expires: "2027-01-31".to_owned(),
            ..ExceptionSpec::default()
        }
    }

    #[test]
    fn what_is_put_in_leaves_the_rest_and_comes_out_again() {
        for text in [
            "",
            "# top\n[scan]\nthreads = 2 # two\n\n\n# end",
            "[paths]\r\nignore = [\r\n 'a', # a\r\n]\r\n",
            "[[exception]]\nid='x'\nreason='r'\nowner='o'\nexpires='2027-01-01'\npath='a' # why\n",
        ] {
            let one = with_exception(text, &spec("E1")).unwrap();
            assert!(one.starts_with(text), "{one}");
            let two = with_exception(&one, &spec("E2")).unwrap();
            let first = Config::parse(&two).unwrap().exception.len() - 2;
            assert_eq!(without_exception(&two, first + 1).unwrap(), one);
            let only_two = without_exception(&two, first).unwrap();
            let ids = Config::parse(&only_two).unwrap().exception;
            assert_eq!(ids.last().unwrap(), &spec("E2"), "{only_two}");
            assert_eq!(ids.len(), first + 1);
            assert!(only_two.starts_with(text), "{only_two}");
        }
    }

    #[test]
    fn what_somebody_else_wrote_meanwhile_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keysieve.toml");
        for theirs in ["# theirs\n", "# again\n"] {
            let ours = ConfigText::open(&path).unwrap();
            std::fs::write(&path, theirs).unwrap();
            let said = ours.replace("# ours\n", || panic!("nothing was replaced"));
            assert!(said.unwrap_err().to_string().contains("somebody else"));
            assert_eq!(std::fs::read_to_string(&path).unwrap(), theirs);
        }
        let ours = ConfigText::open(&path).unwrap();
        ours.replace("# ours\n", || Ok(())).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "# ours\n");
        assert_eq!(folder.path().read_dir().unwrap().count(), 1);
    }

    #[test]
    fn only_the_comment_right_above_goes_along() {
        let entry = |id: &str| {
            format!(
                "[[exception]]\nid='{id}'\nreason='r'\nowner='o'\npath='a'\nexpires='x' # day\n"
            )
        };
        let (a, b) = (entry("a"), entry("b"));
        let text = format!("# all\n\n# of a\n# more\n{a}# after\n\n# of b\n{b}");
        assert_eq!(
            without_exception(&text, 0).unwrap(),
            format!("# all\n\n# after\n\n# of b\n{b}")
        );
        let places = Places::new(&text);
        let of = |at| places.of(&[Step::Key("exception"), Step::Item(at)]);
        assert_eq!([of(0), of(1), of(2)], [(5, 1), (14, 1), (5, 1)].map(Some));
    }

    #[test]
    fn other_ways_to_write_them_are_left_alone() {
        let text = "exception = [{ id='a', reason='r', owner='o', path='a', expires='x' }]\n";
        assert!(Config::parse(text).is_ok());
        assert!(with_exception(text, &spec("E1")).is_err());
        assert!(without_exception(text, 0).is_err());
        let mut lines = spec("E1");
        lines.owner = "a\nb".to_owned();
        assert!(with_exception("", &lines).unwrap_err().contains("`owner`"));
    }
}
