//! What kind of file a content is.
//!
//! `name.rs` tells it from the path, by the tables of `table.rs`; `content.rs` tells it from the first bytes where the
//! path leaves it open. None knows of rules: a kind ranks and tags findings, and never hides one.

use std::path::Path;

use serde::{Deserialize, Serialize};

mod content;
mod encoding;
mod lines;
mod name;
mod table;

use encoding::Encoding;
use name::Form;

/// The kind of a file, by its name, its path and its first bytes. Nothing is skipped for its kind; it ranks and tags.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum FileKind {
    /// Program text that a person wrote, and whatever fits no other kind.
    Source,
    /// Program text that a program wrote: generated, bundled, minified.
    Generated,
    /// Settings: `.env`, YAML, TOML, INI, properties, JSON, credentials files, build and CI files.
    Config,
    /// Log output.
    Log,
    /// Tests, fixtures, mocks, recorded cassettes, examples for tests.
    TestFixture,
    /// Lockfiles, vendored and installed third-party code.
    Dependency,
    /// Text for people: Markdown, reStructuredText, AsciiDoc, man pages.
    Documentation,
    /// Notebooks with code and output.
    Notebook,
    /// What a coding agent or chat kept: transcripts, prompt histories.
    Transcript,
    /// Settings of a coding agent or MCP servers.
    AgentConfig,
    /// Not text.
    Binary,
}

impl FileKind {
    /// All, in the order of declaration.
    pub const ALL: [Self; 11] = [
        Self::Source,
        Self::Generated,
        Self::Config,
        Self::Log,
        Self::TestFixture,
        Self::Dependency,
        Self::Documentation,
        Self::Notebook,
        Self::Transcript,
        Self::AgentConfig,
        Self::Binary,
    ];

    /// The name in reports and settings.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Generated => "generated",
            Self::Config => "config",
            Self::Log => "log",
            Self::TestFixture => "test-fixture",
            Self::Dependency => "dependency",
            Self::Documentation => "documentation",
            Self::Notebook => "notebook",
            Self::Transcript => "transcript",
            Self::AgentConfig => "agent-config",
            Self::Binary => "binary",
        }
    }

    /// The kind of the file at `path` (`None` for standard input) that begins with `content`.
    ///
    /// At most the first 8 KiB count. `path` should be relative to what is scanned: every directory in it counts.
    ///
    /// Bytes that are no text make it [`Self::Binary`]. Of the kinds that the path stands for, the first of this list
    /// wins:
    ///
    /// 1. `Transcript`: in the store of an agent, which bears the agent's name.
    /// 2. `Dependency`: what is vendored is not ours, its tests and documents included.
    /// 3. `TestFixture`: so are logs, settings and documents for tests.
    /// 4. `AgentConfig`, 5. `Notebook`: distinctive names.
    /// 6. `Generated`, 7. `Log`, 8. `Documentation`.
    /// 9. `Config`. A header that says "generated" does not change it: the settings are as live.
    ///
    /// The content decides the rest: transcripts, logs and settings in plain text and files without an extension
    /// (transcripts also in JSON), then notebooks, generated headers, minified scripts, manual pages. What is left is
    /// `Source`.
    ///
    /// Matching ignores the case of ASCII letters, takes `/` and `\\` for separators and any bytes for names. It does
    /// not allocate; a file of source costs 0.2 to 0.4 microseconds, a nameless text 1.
    pub fn classify(path: Option<&Path>, content: &[u8]) -> Self {
        let head = &content[..content.len().min(HEAD)];
        let head = match encoding::encoding(head) {
            Encoding::Binary => return Self::Binary,
            // The marks of content.rs are ASCII; the name must do.
            Encoding::Wide => &[],
            Encoding::Narrow => head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head),
        };
        let named = path.map_or_else(name::Named::default, name::classify);
        let is_text = matches!(named.form, Form::Text | Form::Lines);
        match named.kind {
            Some(Self::Config)
                if named.form == Form::Json && content::is_transcript(head, false) =>
            {
                Self::Transcript
            }
            Some(kind) => kind,
            None if is_text && content::is_transcript(head, true) => Self::Transcript,
            None if is_text && lines::is_log(head) => Self::Log,
            None if is_text && lines::is_settings(head) => Self::Config,
            None if content::is_notebook(head) => Self::Notebook,
            None if content::is_generated(head) => Self::Generated,
            None if named.form == Form::Script && content::is_minified(head) => Self::Generated,
            None if is_text && content::is_manual(head) => Self::Documentation,
            None => Self::Source,
        }
    }
}

/// How much of a content is looked at, in bytes.
pub(crate) const HEAD: usize = 8192;

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(path: &str, content: &str) -> FileKind {
        FileKind::classify(Some(Path::new(path)), content.as_bytes())
    }

    #[test]
    fn the_name_decides_before_the_content() {
        let transcript = r#"{"role":"user","content":"x","sessionId":"1"}"#;
        assert_eq!(
            kind("tests/session.jsonl", transcript),
            FileKind::TestFixture
        );
        assert_eq!(kind("session.jsonl", transcript), FileKind::Transcript);
        assert_eq!(kind("export.json", transcript), FileKind::Transcript);
        assert_eq!(kind("export.json", "{\"a\": 1}"), FileKind::Config);
        assert_eq!(kind("src/session.rs", transcript), FileKind::Source);
        let generated = "# Code generated by x. DO NOT EDIT.\na: 1\n";
        assert_eq!(kind("crd.yaml", generated), FileKind::Config);
        assert_eq!(kind("crd", generated), FileKind::Config);
        assert_eq!(kind("crd.rb", generated), FileKind::Generated);
    }

    #[test]
    fn the_content_decides_where_there_is_no_name() {
        let of = |content: &[u8]| FileKind::classify(None, content);
        assert_eq!(of(b""), FileKind::Source);
        assert_eq!(of(b"fn main() {}\n"), FileKind::Source);
        assert_eq!(of(b"\x7fELF\0\0"), FileKind::Binary);
        assert_eq!(of(b"2026-01-31T10:00:00Z INFO started\n"), FileKind::Log);
        assert_eq!(of(b"\xef\xbb\xbfDB_PASS=x\n"), FileKind::Config);
        assert_eq!(of(b".TH APP 1\n"), FileKind::Documentation);
        assert_eq!(of(b"# Databricks notebook source\n"), FileKind::Notebook);
        assert_eq!(
            of(br#"{"role":"user","content":"x"}"#),
            FileKind::Transcript
        );
    }

    #[test]
    fn only_scripts_are_minified() {
        let long = "a=b;".repeat(1000);
        assert_eq!(kind("app.js", &long), FileKind::Generated);
        assert_eq!(kind("key.json", &long), FileKind::Config);
        assert_eq!(kind("app.rs", &long), FileKind::Source);
    }

    #[test]
    fn bytes_that_are_no_text_are_binary_whatever_the_name() {
        assert_eq!(kind("app.log", "\0\x01\x02"), FileKind::Binary);
        assert_eq!(kind("settings.ini", "a\0=\0x\0\n\0"), FileKind::Config);
        assert_eq!(kind("src/a.rs", "f\0n\0 \0m\0"), FileKind::Source);
    }

    #[test]
    fn only_the_first_bytes_count() {
        let late = "x\n".repeat(HEAD) + "\0";
        assert_eq!(kind("a.rs", &late), FileKind::Source);
    }

    #[test]
    fn names_of_kinds_are_those_of_the_settings() {
        for kind in FileKind::ALL {
            assert_eq!(serde_name(kind), kind.as_str());
        }
    }

    /// The name that serde gives a kind.
    fn serde_name(kind: FileKind) -> String {
        let table = toml::to_string(&std::collections::BTreeMap::from([("kind", kind)]))
            .expect("a table of one string");
        table
            .trim()
            .trim_start_matches("kind = ")
            .trim_matches('"')
            .to_owned()
    }
}
