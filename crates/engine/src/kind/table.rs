//! The names that stand for a kind: directories, files, extensions. All lower case, with `/` between the two parts of a
//! pair. Sources: the documentation of each tool, and the names that GitHub's linguist knows as vendored or generated.

use std::sync::OnceLock;

use crate::FileKind::{
    self, AgentConfig, Config, Dependency, Documentation, Generated, Log, Notebook, TestFixture,
    Transcript,
};

/// Directories below which everything is of one kind, and pairs of a directory and one in it.
const DIRECTORIES: [(FileKind, &str); 5] = [
    (
        Transcript,
        "chatsessions emptywindowchatsessions command-history-state .claude/projects .claude/file-history \
         .claude/paste-cache .claude/session-env .claude/shell-snapshots .claude/debug .claude/todos \
         .codex/sessions .codex/archived_sessions .cursor/projects .cursor/chats .gemini/tmp .qwen/tmp \
         .copilot/session-state .copilot/history-session-state .copilot/logs .continue/sessions .junie/sessions \
         .kiro/sessions .specstory/history github.copilot-chat/transcripts goose/sessions opencode/storage",
    ),
    (
        Dependency,
        "node_modules bower_components jspm_packages web_modules vendor vendored _vendor godeps third_party \
         third-party thirdparty 3rdparty 3rd_party site-packages dist-packages pods carthage .venv venv virtualenv \
         .virtualenv .tox .nox .eggs .pnpm .pnpm-store .bundle elm-stuff .terraform .pub-cache .cargo/registry \
         .cargo/git .m2/repository .gradle/caches pkg/mod .yarn/cache .yarn/releases .yarn/plugins .yarn/unplugged \
         .npm/_cacache",
    ),
    (
        TestFixture,
        "test tests __test__ __tests__ testing spec specs __specs__ fixture fixtures __fixtures__ testdata testcases \
         test-data test-cases test-fixtures test-resources test_data test_cases test_fixtures test_resources \
         testfixtures testresources mock mocks __mocks__ cassette cassettes vcr_cassettes snapshots __snapshots__ e2e \
         cypress unittest unittests androidtest commontest jvmtest",
    ),
    (
        AgentConfig,
        ".claude .cursor .codex .gemini .qwen .windsurf .codeium .clinerules .roo .kilocode .kiro .continue .junie \
         .copilot .opencode .trae .augment .amazonq .goose .vibe .github/agents .github/chatmodes .github/hooks \
         .github/instructions .github/prompts",
    ),
    (
        Generated,
        "__generated__ generated .next .nuxt .output .svelte-kit storybook-static",
    ),
];

/// File names, and pairs of a directory and a name in it.
const NAMES: [(FileKind, &str); 6] = [
    (
        Transcript,
        ".aider.chat.history.md .aider.input.history .aider.llm.history api_conversation_history.json \
         ui_messages.json claude_messages.json history.jsonl",
    ),
    (
        Dependency,
        "package-lock.json npm-shrinkwrap.json yarn.lock pnpm-lock.yaml bun.lock bun.lockb deno.lock cargo.lock \
         poetry.lock pdm.lock uv.lock pipfile.lock conda-lock.yml pixi.lock pylock.toml composer.lock gemfile.lock \
         gems.locked go.sum go.work.sum gopkg.lock glide.lock mix.lock rebar.lock packages.lock.json \
         packages-lock.json paket.lock project.assets.json podfile.lock cartfile.resolved package.resolved \
         pubspec.lock gradle.lockfile buildscript-gradle.lockfile flake.lock .terraform.lock.hcl chart.lock \
         requirements.lock stack.yaml.lock cabal.project.freeze module.bazel.lock conan.lock vcpkg-lock.json \
         shard.lock spago.lock dub.selections.json berksfile.lock renv.lock .pnp.cjs .pnp.js",
    ),
    (
        AgentConfig,
        ".mcp.json mcp.json mcp_config.json mcp-config.json mcp_settings.json mcp_servers.json \
         cline_mcp_settings.json claude_desktop_config.json .claude.json agents.md agents.override.md claude.md \
         claude.local.md gemini.md qwen.md copilot-instructions.md .cursorrules .windsurfrules .clinerules \
         .roorules .roomodes .kilocodemodes .goosehints .aider.conf.yml opencode.json opencode.jsonc .cursorignore \
         .aiexclude .aiignore .geminiignore .zed/settings.json",
    ),
    (
        Generated,
        "project.pbxproj bindata.go parser.out y.tab.c y.tab.h lex.yy.c",
    ),
    (
        Log,
        "nohup.out catalina.out syslog .bash_history .zsh_history .sh_history .history .python_history \
         .node_repl_history .psql_history .mysql_history .sqlite_history .rediscli_history .mongosh_history \
         .irb_history .pry_history consolehost_history.txt fish_history",
    ),
    (
        Config,
        "dockerfile containerfile jenkinsfile vagrantfile procfile caddyfile makefile gnumakefile justfile brewfile \
         pipfile cmakelists.txt requirements.txt constraints.txt build.gradle build.gradle.kts settings.gradle \
         settings.gradle.kts build.sbt go.mod go.work credentials kubeconfig config .netrc _netrc .pgpass \
         .git-credentials .gitconfig .gitmodules .dockercfg .dockerconfigjson .htpasswd .htaccess .s3cfg .boto \
         .profile .bash_profile .bash_aliases .bash_login .zprofile .zshenv .zlogin .envrc .flaskenv .editorconfig \
         .my.cnf .tool-versions .erlang.cookie .smbcredentials wp-config.php id_rsa id_dsa id_ecdsa id_ed25519",
    ),
];

/// Extensions.
const EXTENSIONS: [(FileKind, &str); 6] = [
    (
        Config,
        "yaml yml toml ini cfg conf cnf config properties props json json5 jsonc hjson xml plist env tf tfvars \
         tfstate hcl nomad reg desktop service socket timer ovpn rdp csproj vbproj fsproj vcxproj sln nuspec targets \
         pubxml publishsettings settings dockerfile containerfile pem key crt cer csr ppk asc gpg p8 kdl pkrvars \
         bicepparam rc mobileconfig ldif netrc pgpass htpasswd",
    ),
    (
        Documentation,
        "md mdx markdown mdown mkd mkdn rst adoc asciidoc textile org wiki mediawiki pod rdoc tex texi texinfo typ \
         roff troff rtf",
    ),
    (AgentConfig, "mdc"),
    (Notebook, "ipynb rmd qmd zpln livemd"),
    (TestFixture, "snap feature"),
    (Log, "log"),
];

/// Names of documents in plain text, up to the first dot.
const DOCUMENTS: [(FileKind, &str); 1] = [(
    Documentation,
    "authors changelog changes code_of_conduct contributing contributors copying copyright credits faq history install \
     licence license maintainers news notice roadmap security thanks todo unlicense",
)];

/// The tables above, sorted to be searched; built once, in some 30 microseconds.
pub(super) struct Tables {
    pub(super) directories: Table,
    pub(super) names: Table,
    pub(super) extensions: Table,
    pub(super) documents: Table,
}

impl Tables {
    /// The tables.
    pub(super) fn get() -> &'static Self {
        static TABLES: OnceLock<Tables> = OnceLock::new();
        TABLES.get_or_init(|| Self {
            directories: Table::new(&DIRECTORIES),
            names: Table::new(&NAMES),
            extensions: Table::new(&EXTENSIONS),
            documents: Table::new(&DOCUMENTS),
        })
    }
}

/// Names and their kinds.
pub(super) struct Table {
    /// Sorted by name.
    rows: Vec<(&'static [u8], FileKind)>,
    /// For each first byte, the lengths of names that have it, as bits. Most look-ups end here.
    lengths: [u64; 256],
}

impl Table {
    fn new(groups: &[(FileKind, &'static str)]) -> Self {
        let names = |&(kind, names): &(FileKind, &'static str)| {
            names.split(' ').map(move |name| (name.as_bytes(), kind))
        };
        let mut rows: Vec<_> = groups.iter().flat_map(names).collect();
        rows.sort_unstable_by_key(|&(name, _)| name);
        let mut lengths = [0; 256];
        for (name, _) in &rows {
            lengths[usize::from(name[0])] |= 1 << name.len();
        }
        Self { rows, lengths }
    }

    /// The kind of `name`, which is folded.
    pub(super) fn find(&self, name: &[u8]) -> Option<FileKind> {
        let lengths = self.lengths[usize::from(*name.first()?)];
        if name.len() >= 64 || lengths >> name.len() & 1 == 0 {
            return None;
        }
        self.rows
            .binary_search_by_key(&name, |&(name, _)| name)
            .ok()
            .map(|i| self.rows[i].1)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::name::classify;
    use super::*;

    #[test]
    fn tables_hold_each_name_once_and_folded() {
        let tables = Tables::get();
        for table in [
            &tables.directories,
            &tables.names,
            &tables.extensions,
            &tables.documents,
        ] {
            assert!(table.rows.is_sorted_by(|a, b| a.0 < b.0));
            for (name, _) in &table.rows {
                assert!(
                    !name.is_empty()
                        && name
                            .iter()
                            .all(|b| b.is_ascii_graphic() && !b.is_ascii_uppercase())
                );
            }
        }
    }

    #[test]
    fn every_row_is_found() {
        for (rows, make) in [
            (
                &DIRECTORIES[..],
                (|name| format!("x/{name}/y.rs")) as fn(&str) -> String,
            ),
            (&NAMES, |name| format!("x/{name}")),
            (&EXTENSIONS, |name| format!("x/name.{name}")),
        ] {
            for (kind, names) in rows {
                for name in names.split(' ') {
                    let path = make(name);
                    let found = classify(Path::new(&path)).kind;
                    // `.claude/projects` lies in `.claude`: the stronger kind wins.
                    assert_eq!(found, Some(*kind), "{path}");
                }
            }
        }
    }
}
