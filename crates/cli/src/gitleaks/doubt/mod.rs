//! Which commits git has to be asked about.
//!
//! gitleaks scans what `git log -p` says that each commit added. To say that of all commits is most of its work, and
//! nearly all of it for nothing: one commit in fifty adds anything that a rule would so much as look at twice. Which ones
//! those are is told without git's help, by reading each content once, as `keysieve history` does, with a
//! [`Glance`]: of a content that is made from another one only what is not from there.
//!
//! ```text
//! contents in which something may be found                 (each content once)
//! -> commits that bring one of them to a path              (no merges: git shows none of these)
//! -> of these, where it is not in lines that both the old and the new content begin or end with
//! -> `git log -p --no-walk` of these commits, as ever
//! ```
//!
//! git's diff never has the lines that both begin and end with, but where it moves what was added up or down between
//! equal lines: it is other text then only where it crosses from the last added line to the first one, which it does
//! beside the rest too. So some text to either side is looked at with the rest.
//!
//! Where git may be set up so that this is not so, it is asked about all commits.

mod changes;
mod contents;

use std::collections::{BTreeSet, HashSet};
use std::io::Write as _;
use std::process::{Command, Stdio};

use data_encoding::HEXLOWER;
use keysieve_engine::ObjectId;
use keysieve_git::HistoryBuilder;
use keysieve_gitleaks::Glance;

use self::changes::Changes;
use self::contents::Contents;
use super::git::git;
use super::run::Run;

/// What git is asked at a time.
#[derive(Default)]
pub(super) struct Request {
    /// In these commits, the newest first,
    pub(super) commits: Vec<ObjectId>,
    /// these files; all if there are none.
    pub(super) paths: BTreeSet<Vec<u8>>,
}

impl Request {
    /// As `git log --stdin` reads it.
    pub(super) fn to_input(&self) -> Vec<u8> {
        let mut input = Vec::new();
        for commit in &self.commits {
            input.extend(format!("{commit}\n").bytes());
        }
        if !self.paths.is_empty() {
            input.extend(b"--\n");
        }
        for path in &self.paths {
            input.extend([b":(top,literal)", &path[..], b"\n"].concat());
        }
        input
    }
}

/// Variables that tell git of another repository, or to look at this one otherwise.
const VARIABLES: [&str; 13] = [
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_ATTR_SOURCE",
    "GIT_COMMON_DIR",
    "GIT_DIFF_OPTS",
    "GIT_DIR",
    "GIT_EXTERNAL_DIFF",
    "GIT_GRAFT_FILE",
    "GIT_NAMESPACE",
    "GIT_NO_REPLACE_OBJECTS",
    "GIT_OBJECT_DIRECTORY",
    "GIT_REPLACE_REF_BASE",
    "GIT_SHALLOW_FILE",
    "GIT_WORK_TREE",
];

/// Settings `diff.NAME` that do not change which lines git shows as added, or let it show fewer.
const HARMLESS: [&str; 22] = [
    "autorefreshindex",
    "colormoved",
    "colormovedws",
    "context",
    "dirstat",
    "dstprefix",
    "external",
    "guitool",
    "ignoresubmodules",
    "indentheuristic",
    "mnemonicprefix",
    "noprefix",
    "orderfile",
    "relative",
    "renamelimit",
    "renames",
    "srcprefix",
    "statgraphwidth",
    "statnamewidth",
    "suppressblankempty",
    "tool",
    "wserrorhighlight",
];

/// The same of `diff.DRIVER.NAME`.
const HARMLESS_OF_DRIVER: [&str; 6] = [
    "binary",
    "cachetextconv",
    "command",
    "funcname",
    "wordregex",
    "xfuncname",
];

impl Run<'_> {
    /// What of the history git is to be asked, as something may be found there; `None` where only git can tell.
    pub(super) fn doubts(&self) -> Option<Vec<Request>> {
        let glance = Glance::new(self.only_detector()?)?;
        // What is in an archive is not looked at here.
        if self.args.max_archive_depth > 0 {
            return None;
        }
        let is_set = |name: &&str| std::env::var_os(name).is_some();
        if VARIABLES.iter().any(is_set) || !self.is_plain() {
            return None;
        }
        let tips = self.tips()?;
        let history = HistoryBuilder::new().build(self.source).ok()?;
        if history.is_shallow() {
            return None;
        }
        let contents = Contents::of(&history, &glance, self)?;
        let mut changes = Changes::new(&glance, contents);
        history.changes(&tips, &mut |changed| changes.add(changed))?;
        if self.is_over() {
            return None;
        }
        Some(changes.requests(&history, Self::threads(), |paths| {
            self.taken_for_text(paths)
        }))
    }

    /// Of the paths of binary files those that attributes, or what they name, may make text.
    fn taken_for_text(&self, paths: &[&[u8]]) -> HashSet<Vec<u8>> {
        let all = || paths.iter().map(|path| path.to_vec()).collect();
        if paths.is_empty() {
            return HashSet::new();
        }
        let mut git = git(self.source);
        git.args(["check-attr", "-z", "--stdin", "diff"]);
        let Ok(mut child) = git.stdin(Stdio::piped()).spawn() else {
            return all();
        };
        let stdin = child.stdin.take();
        let input: Vec<u8> = paths
            .iter()
            .flat_map(|path| [path, &b"\0"[..]].concat())
            .collect();
        let output = std::thread::scope(|scope| {
            scope.spawn(move || stdin.map(|mut stdin| stdin.write_all(&input)));
            child.wait_with_output()
        });
        let Some(output) = output.ok().filter(|output| output.status.success()) else {
            return all();
        };
        let fields: Vec<&[u8]> = output.stdout.split(|&byte| byte == 0).collect();
        let (answers, _) = fields.as_chunks::<3>();
        if answers.len() != paths.len() {
            return all();
        }
        let is_text = |value: &[u8]| !matches!(value, b"unspecified" | b"unset");
        let texts = answers.iter().filter(|[_, _, value]| is_text(value));
        texts.map(|[path, _, _]| path.to_vec()).collect()
    }

    /// Whether git shows commits as they are, and changes as it does unless told otherwise.
    fn is_plain(&self) -> bool {
        let Some(replaced) = self.ask(&["for-each-ref", "--count=1", "refs/replace/"]) else {
            return false;
        };
        let grafts = self.ask(&[
            "rev-parse",
            "--path-format=absolute",
            "--git-path",
            "info/grafts",
        ]);
        let is_grafted = grafts.is_none_or(|path| {
            let path = String::from_utf8_lossy(&path).trim_end().to_owned();
            std::path::Path::new(&path).exists()
        });
        // It fails where nothing is set.
        let settings = self.ask(&["config", "--null", "--get-regexp", r"^diff\."]);
        let settings = settings.unwrap_or_default();
        let mut settings = settings
            .split(|&byte| byte == 0)
            .filter(|setting| !setting.is_empty());
        replaced.is_empty() && !is_grafted && settings.all(is_harmless)
    }

    /// The commits that `--all` means.
    fn tips(&self) -> Option<Vec<ObjectId>> {
        let tips = self.ask(&["rev-list", "--no-walk", "--all"])?;
        let tips: Vec<ObjectId> = std::str::from_utf8(&tips)
            .ok()?
            .lines()
            .map(|line| ObjectId::new(&HEXLOWER.decode(line.as_bytes()).ok()?))
            .collect::<Option<_>>()?;
        (!tips.is_empty()).then_some(tips)
    }

    /// What git answers; `None` if it fails.
    fn ask(&self, args: &[&str]) -> Option<Vec<u8>> {
        let mut git: Command = git(self.source);
        let output = git.args(args).output().ok()?;
        output.status.success().then_some(output.stdout)
    }
}

/// Whether a setting, with its value behind a line break, is none of those that change what is shown.
fn is_harmless(setting: &[u8]) -> bool {
    let setting = String::from_utf8_lossy(setting);
    let (name, value) = setting.split_once('\n').unwrap_or((&setting, ""));
    let Some(name) = name.strip_prefix("diff.") else {
        return true;
    };
    match name.rsplit_once('.') {
        Some((_, name)) => HARMLESS_OF_DRIVER.contains(&name),
        None if name == "algorithm" => matches!(value, "default" | "myers"),
        None => HARMLESS.contains(&name),
    }
}
