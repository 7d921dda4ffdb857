//! What a path tells about the kind of its file.
//!
//! The path is folded into a buffer on the stack (lower case, `/` for `\`), so that every table is plain lower-case
//! bytes and a look-up is a comparison of slices. [`classify`] collects every kind that a directory, the name or the
//! extension stands for; [`PRECEDENCE`] decides between them.

use std::path::Path;

use super::table::Tables;
use crate::FileKind::{
    self, AgentConfig, Config, Dependency, Documentation, Generated, Log, Notebook, TestFixture,
    Transcript,
};

/// What a path says.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Named {
    /// The kind; `None` leaves it to the content.
    pub(super) kind: Option<FileKind>,
    /// What the content may be, to know what to look for in it.
    pub(super) form: Form,
}

/// Forms of content.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) enum Form {
    /// A program, and whatever else has an extension.
    Program,
    /// JavaScript or CSS, which is minified at times.
    Script,
    /// JSON.
    Json,
    /// A JSON value on each line.
    Lines,
    /// Anything: there is no extension, or one like `.txt`.
    #[default]
    Text,
}

/// The order in which kinds win over each other; [`FileKind::classify`] says why.
const PRECEDENCE: [FileKind; 9] = [
    Transcript,
    Dependency,
    TestFixture,
    AgentConfig,
    Notebook,
    Generated,
    Log,
    Documentation,
    Config,
];

/// How much of a path is looked at, in bytes: the last directories count most.
const MAX_PATH: usize = 512;

/// What `path` says.
pub(super) fn classify(path: &Path) -> Named {
    // The encoding is WTF-8 on Windows and any bytes on Unix: ASCII stands for itself in both.
    let path = path.as_os_str().as_encoded_bytes();
    let path = &path[path.len().saturating_sub(MAX_PATH)..];
    let mut folded = [0; MAX_PATH];
    let folded = &mut folded[..path.len()];
    for (to, from) in folded.iter_mut().zip(path) {
        *to = if *from == b'\\' {
            b'/'
        } else {
            from.to_ascii_lowercase()
        };
    }
    let start = folded
        .iter()
        .rposition(|&b| b == b'/')
        .map_or(0, |slash| slash + 1);
    let (directories, name) = folded.split_at(start);

    let mut kinds = Kinds::default();
    let place = look_through(directories, &mut kinds);
    let extension = extension(name);
    let form = form(extension);
    kinds.add(by_name(folded, start));
    kinds.add(Tables::get().extensions.find(extension));
    if kinds.is_empty() {
        // What is left has no name of its own: programs and plain text.
        kinds.add(match form {
            Form::Text | Form::Lines => by_text_name(name, extension).or(place.text),
            _ => by_program_name(name, &path[start..]),
        });
    }
    if place.bundles && form == Form::Script {
        kinds.add(Some(Generated));
    }
    Named {
        kind: kinds.first(),
        form,
    }
}

/// A set of kinds.
#[derive(Default)]
struct Kinds(u16);

impl Kinds {
    fn add(&mut self, kind: Option<FileKind>) {
        self.0 |= kind.map_or(0, |kind| 1 << kind as u16);
    }

    fn is_empty(&self) -> bool {
        self.0 == 0
    }

    fn first(&self) -> Option<FileKind> {
        PRECEDENCE
            .into_iter()
            .find(|&kind| self.0 >> kind as u16 & 1 == 1)
    }
}

/// What directories say about some of the files below them.
#[derive(Default)]
struct Place {
    /// The kind of plain text.
    text: Option<FileKind>,
    /// Whether scripts are bundles.
    bundles: bool,
}

/// Looks at every directory of `directories`, which ends in a slash or is empty, and at every pair of them.
fn look_through(directories: &[u8], kinds: &mut Kinds) -> Place {
    let mut place = Place::default();
    let (mut before, mut start) = (0, 0);
    for (end, _) in directories.iter().enumerate().filter(|(_, b)| **b == b'/') {
        let directory = &directories[start..end];
        let tables = Tables::get();
        kinds.add(tables.directories.find(directory));
        if before < start {
            kinds.add(tables.directories.find(&directories[before..end]));
        }
        match directory {
            b"log" | b"logs" => place.text = Some(Log),
            b"doc" | b"docs" | b"documentation" | b"man" => place.text = Some(Documentation),
            [b'm', b'a', b'n', b'1'..=b'9'] => place.text = Some(Documentation),
            b"dist" => place.bundles = true,
            _ => match last_token(directory) {
                // App.Tests, api-tests; x.dist-info
                Some((_, b"test" | b"tests")) => kinds.add(Some(TestFixture)),
                Some((b'-', b"info"))
                    if directory.ends_with(b".egg-info") || directory.ends_with(b".dist-info") =>
                {
                    kinds.add(Some(Dependency));
                }
                _ => {}
            },
        }
        (before, start) = (start, end + 1);
    }
    place
}

/// What follows the last dot, dash or underscore of `name`, and that separator.
fn last_token(name: &[u8]) -> Option<(u8, &[u8])> {
    let at = name.iter().rposition(|b| matches!(b, b'.' | b'-' | b'_'))?;
    Some((name[at], &name[at + 1..]))
}

/// What is put behind the extension of a file that is kept, shown or filled in as another: `config.yml.example`.
const WRAPPERS: [&[u8]; 18] = [
    b"backup",
    b"bak",
    b"default",
    b"dist",
    b"enc",
    b"erb",
    b"example",
    b"gotmpl",
    b"in",
    b"j2",
    b"jinja",
    b"old",
    b"orig",
    b"sample",
    b"save",
    b"template",
    b"tmpl",
    b"tpl",
];

/// The extension of `name`, without the dot and below wrappers; empty where there is none. A dot in front makes none.
fn extension(name: &[u8]) -> &[u8] {
    let mut name = name.strip_suffix(b"~").unwrap_or(name);
    loop {
        let Some(dot) = name.iter().rposition(|&b| b == b'.').filter(|&dot| dot > 0) else {
            return b"";
        };
        let extension = &name[dot + 1..];
        if !WRAPPERS.contains(&extension) {
            return extension;
        }
        name = &name[..dot];
    }
}

fn form(extension: &[u8]) -> Form {
    match extension {
        b"" | b"txt" | b"text" | b"out" | b"err" | b"trace" | b"lst" | b"dump" => Form::Text,
        // Rotated logs and manual pages.
        [b'0'..=b'9'] | [b'0'..=b'9', b'0'..=b'9'] => Form::Text,
        b"jsonl" | b"ndjson" | b"jsonlines" => Form::Lines,
        b"json" => Form::Json,
        b"js" | b"mjs" | b"cjs" | b"css" => Form::Script,
        _ => Form::Program,
    }
}

/// The kind of a file of this very name. `start` is where the name starts in `path`.
fn by_name(path: &[u8], start: usize) -> Option<FileKind> {
    let names = &Tables::get().names;
    let name = &path[start..];
    let parent = path[..start.saturating_sub(1)]
        .iter()
        .rposition(|&b| b == b'/')
        .map_or(0, |slash| slash + 1);
    let below = if start > 0 {
        names.find(&path[parent..])
    } else {
        None
    };
    let stem_len = name
        .iter()
        .position(|b| matches!(b, b'.' | b'-' | b'_'))
        .unwrap_or(name.len());
    below.or_else(|| names.find(name)).or_else(|| match name {
        [b'.', b'e', b'n', b'v', rest @ ..]
            if rest.first().is_none_or(|b| matches!(b, b'.' | b'-' | b'_')) =>
        {
            Some(Config)
        }
        // .npmrc, .pypirc, .bashrc
        [b'.', stem @ .., b'r', b'c'] if !stem.contains(&b'.') => Some(Config),
        _ if matches!(
            &name[..stem_len],
            b"dockerfile" | b"containerfile" | b"jenkinsfile"
        ) =>
        {
            Some(Config)
        }
        _ if &name[..stem_len] == b"readme" => Some(Documentation),
        _ if name.starts_with(b"rollout-") && name.ends_with(b".jsonl") => Some(Transcript),
        // app.log.1, app.log-20260131
        _ => {
            let log = name.windows(4).position(|window| window == b".log")?;
            let rest = &name[log + 4..];
            let rotated = rest
                .iter()
                .all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'_'));
            rotated.then_some(Log)
        }
    })
}

/// The kind of plain text by its name: `LICENSE-MIT`, `INSTALL.txt`; not `install-sh`.
fn by_text_name(name: &[u8], extension: &[u8]) -> Option<FileKind> {
    let stem = name.split(|&b| b == b'.').next().unwrap_or_default();
    let is_licence = [&b"license-"[..], b"licence-", b"copying-"]
        .iter()
        .any(|start| name.starts_with(start));
    let is_document = is_licence || Tables::get().documents.find(stem).is_some();
    (matches!(extension, b"" | b"txt") && is_document).then_some(Documentation)
}

/// The kind of a program by its name: generated code and tests. `original` is `name` in its own case.
fn by_program_name(name: &[u8], original: &[u8]) -> Option<FileKind> {
    let len = name.iter().rposition(|&b| b == b'.').unwrap_or(name.len());
    let (stem, extension) = name.split_at(len);
    // FooTest.java, FooTests.swift: the capital tells it from `latest`.
    if let [.., b'a'..=b'z' | b'0'..=b'9', b'T', b'e', b's', b't']
    | [.., b'a'..=b'z' | b'0'..=b'9', b'T', b'e', b's', b't', b's']
    | [.., b'a'..=b'z' | b'0'..=b'9', b'S', b'p', b'e', b'c']
    | [.., b'a'..=b'z' | b'0'..=b'9', b'I', b'T'] = &original[..len]
    {
        return Some(TestFixture);
    }
    let first = stem
        .iter()
        .position(|b| matches!(b, b'.' | b'-' | b'_'))
        .map_or(stem, |at| &stem[..at]);
    let Some((separator, last)) = last_token(stem) else {
        return matches!(stem, b"test" | b"tests" | b"conftest").then_some(TestFixture);
    };
    let before = last_token(&stem[..stem.len() - last.len() - 1]).map(|(_, token)| token);
    match (separator, last) {
        (
            _,
            b"test" | b"tests" | b"spec" | b"unittest" | b"mock" | b"mocks" | b"fixture"
            | b"fixtures" | b"testdata",
        )
        | (b'.', b"e2e" | b"cy") => Some(TestFixture),
        // Protocol buffers: x.pb.go, x_pb2.py, x_pb2_grpc.py, x.pb.gw.go, x_pb.d.ts.
        (b'.' | b'_', b"pb" | b"pb2" | b"pbenum" | b"pbjson") => Some(Generated),
        (_, b"grpc" | b"gw" | b"d") if matches!(before, Some(b"pb" | b"pb2")) => Some(Generated),
        (b'.', b"g" | b"designer" | b"freezed" | b"gen" | b"bundle" | b"chunk") => Some(Generated),
        (b'.', b"i") if before == Some(b"g") => Some(Generated),
        (b'.' | b'-', b"min") | (_, b"generated") => Some(Generated),
        (b'.', b"js" | b"mjs" | b"cjs" | b"css" | b"ts") if extension == b".map" => Some(Generated),
        _ => match first {
            b"test" | b"tests" | b"mock" => Some(TestFixture),
            b"spec" if stem == b"spec_helper" => Some(TestFixture),
            b"zz" if stem.starts_with(b"zz_generated.") => Some(Generated),
            _ => None,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn all(kind: Option<FileKind>, paths: &[&str]) {
        for path in paths {
            for path in [
                (*path).to_owned(),
                path.to_uppercase(),
                path.replace('/', "\\"),
                format!("a/b/{path}"),
            ] {
                assert_eq!(classify(Path::new(&path)).kind, kind, "{path}");
            }
        }
    }

    #[test]
    fn dependencies() {
        all(
            Some(Dependency),
            &[
                "Cargo.lock",
                "web/package-lock.json",
                "node_modules/x/test/a.test.js",
                "vendor/github.com/x/y/README.md",
                "home/.cargo/registry/src/index/x/src/lib.rs",
                "go/pkg/mod/x/y.go",
                "lib/python3.11/site-packages/x.py",
                "x.dist-info/METADATA",
            ],
        );
    }

    #[test]
    fn tests_and_fixtures() {
        all(
            Some(TestFixture),
            &[
                "tests/config.yaml",
                "src/__tests__/a.ts",
                "spec/fixtures/vcr_cassettes/x.yml",
                "pkg/x/testdata/key.pem",
                "pkg/x/x_test.go",
                "test_app.py",
                "conftest.py",
                "src/app.spec.ts",
                "src/app.e2e.ts",
                "__snapshots__/a.snap",
                "mock_store.go",
                "App.Tests/Startup.cs",
                "test/vendor.go",
                "tests/run.log",
            ],
        );
        for path in [
            "src/UserTest.java",
            "UserTests.swift",
            "UserSpec.scala",
            "UserIT.java",
        ] {
            assert_eq!(classify(Path::new(path)).kind, Some(TestFixture), "{path}");
        }
        all(
            None,
            &[
                "src/latest.rs",
                "src/contest.java",
                "src/attestation.go",
                "inspect.py",
                "src/audit.java",
            ],
        );
    }

    #[test]
    fn settings() {
        all(
            Some(Config),
            &[
                ".env",
                ".env.local",
                ".env.test",
                "prod.env",
                "config.yml.example",
                "settings.json.bak",
                "app.properties",
                "main.tf",
                "terraform.tfstate.backup",
                "Dockerfile",
                "Dockerfile.dev",
                "docker-compose.override.yml",
                ".gitlab-ci.yml",
                "Jenkinsfile",
                ".npmrc",
                ".netrc",
                ".pypirc",
                ".bashrc",
                ".aws/credentials",
                ".kube/config",
                "docs/mkdocs.yml",
                "logs/logback.xml",
                "id_rsa",
                "requirements.txt",
            ],
        );
    }

    #[test]
    fn transcripts_and_settings_of_agents() {
        all(
            Some(Transcript),
            &[
                ".claude/projects/-home-me-app/1.jsonl",
                ".claude/projects/x/subagents/agent-1.jsonl",
                ".claude/history.jsonl",
                ".codex/sessions/2026/01/31/rollout-x.jsonl",
                "rollout-2026.jsonl",
                ".aider.chat.history.md",
                "globalStorage/ext/tasks/1/api_conversation_history.json",
                "User/workspaceStorage/1/chatSessions/1.json",
                ".gemini/tmp/app/chats/session-1.json",
                ".specstory/history/1.md",
            ],
        );
        all(
            Some(AgentConfig),
            &[
                ".mcp.json",
                ".claude/settings.local.json",
                ".claude/commands/deploy.md",
                "Claude/claude_desktop_config.json",
                ".cursor/mcp.json",
                ".vscode/mcp.json",
                ".codex/config.toml",
                ".gemini/settings.json",
                ".codeium/windsurf/mcp_config.json",
                ".zed/settings.json",
                "AGENTS.md",
                "CLAUDE.md",
                ".cursorrules",
                ".github/copilot-instructions.md",
            ],
        );
    }

    #[test]
    fn logs_documents_notebooks_and_generated_files() {
        all(
            Some(Log),
            &[
                "app.log",
                "app.log.1",
                "app.log-20260131",
                "logs/today.txt",
                "log/output",
                ".bash_history",
            ],
        );
        all(
            None,
            &["src/log/mod.rs", "src/logs.rs", "catalog", "my.logger"],
        );
        all(
            Some(Documentation),
            &[
                "README",
                "README.ja.md",
                "readme.txt",
                "LICENSE-MIT",
                "docs/notes.txt",
                "guide.rst",
                "man/man1/app.1",
                "CHANGELOG",
            ],
        );
        all(
            None,
            &[
                "docs/conf.py",
                "install.sh",
                "install-sh",
                "notes.txt",
                "security.go",
                "app.1",
            ],
        );
        all(Some(Notebook), &["a.ipynb", "docs/a.Rmd"]);
        all(
            Some(Generated),
            &[
                "jquery.min.js",
                "app.css.map",
                "api.pb.go",
                "api_pb2.py",
                "Form.Designer.cs",
                "zz_generated.deepcopy.go",
                "schema.generated.ts",
                "dist/app.js",
                "src/__generated__/a.ts",
            ],
        );
        all(
            None,
            &["src/distance.js", "src/generator.rs", "dist.js", "mini.js"],
        );
    }

    #[test]
    fn any_path_has_an_answer() {
        for path in [
            "",
            ".",
            "..",
            "/",
            "\\",
            "//",
            "a//b",
            "~",
            ".~",
            "...",
            "a.",
            ".env/",
            "x/.bak.bak",
        ] {
            let _ = classify(Path::new(path));
        }
        let deep = "d/".repeat(2000) + "x.rs";
        assert_eq!(
            classify(Path::new(&deep)),
            Named {
                kind: None,
                form: Form::Program
            }
        );
        let long = "x".repeat(4000) + ".yml";
        assert_eq!(classify(Path::new(&long)).kind, Some(Config));
    }

    #[cfg(unix)]
    #[test]
    fn names_need_not_be_unicode() {
        use std::ffi::OsStr;
        use std::os::unix::ffi::OsStrExt;
        assert_eq!(
            classify(Path::new(OsStr::from_bytes(b"\xff\xfe/tests/\xe9.rs"))).kind,
            Some(TestFixture)
        );
        assert_eq!(
            classify(Path::new(OsStr::from_bytes(b"\xff.yml"))).kind,
            Some(Config)
        );
    }
}
