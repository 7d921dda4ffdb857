//! Ignore files of other scanners.

use sha2::{Digest as _, Sha256};

use crate::program::git::{Repository, places};
use crate::program::{array, keysieve, parse, text, token};

/// A repository with a secret in each of two files.
fn repository() -> Repository {
    let repository = Repository::with_commit();
    repository.commit("src/a.ini", &format!("[x]\nkey = {}\n", token(1)));
    repository.commit("src/b.ini", &format!("key = {}\n", token(2)));
    repository
}

fn found(repository: &Repository, args: &[&str]) -> Vec<String> {
    let mut command = keysieve(&repository.root);
    let output = command.args(args).args(["-f", "json"]).output().unwrap();
    places(&parse(&output.stdout))
}

#[test]
fn each_file_is_honoured_and_can_be_forbidden() {
    let digest = Sha256::digest(token(1));
    let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    for (name, content) in [
        (
            ".gitleaksignore",
            "# old\nsrc/a.ini:github-pat:2\n".to_owned(),
        ),
        (
            ".gitleaksignore",
            "src\\a.ini:github-personal-access-token:2\r\n".to_owned(),
        ),
        (".betterleaksignore", "src/a.ini:github-pat:2\n".to_owned()),
        (".betterleaksignore", format!("{digest}\n")),
        (".secretsignore", "*a.ini\n".to_owned()),
        (".secretsignore", format!("docs\n[secrets]\n{}\n", token(1))),
        (".secretlintignore", "src/*\n!src/b.ini\n".to_owned()),
        (
            ".gitguardian.yaml",
            "version: 2\nsecret:\n  ignored_paths:\n    - 'a.ini'\n".to_owned(),
        ),
        (
            ".gitguardian.yml",
            format!(
                "secret:\n  ignored_matches:\n    - name: x\n      match: {}\n",
                token(1)
            ),
        ),
    ] {
        let repository = repository();
        repository.write(name, &content);
        let tree = |args: &[&str]| {
            let mut found = found(&repository, &[&["scan", "src"], args].concat());
            found.sort();
            found
        };
        let both = ["src/a.ini:2", "src/b.ini:1"];
        assert_eq!(tree(&[]), ["src/b.ini:1"], "{name}: {content}");
        assert_eq!(
            found(&repository, &["history", "--no-cache"]),
            ["src/b.ini:1"],
            "{name}"
        );
        assert_eq!(tree(&["--no-repo-config"]), both, "{name}");
        assert_eq!(tree(&["--policy-from", "HEAD"]), both, "{name}");
        let report = repository.report(&["scan", "src"], 1);
        let why = array(&report, "/findings")
            .iter()
            .find_map(|f| f.get("suppressed"));
        assert_eq!(text(why.unwrap(), "/by"), "ignore-file");
        assert_eq!(text(why.unwrap(), "/note"), format!("left out in {name}"));
        let log = repository.around().join("audit");
        found(
            &repository,
            &["scan", "src", "--audit-log", log.to_str().unwrap()],
        );
        assert!(
            std::fs::read_to_string(log)
                .unwrap()
                .contains("\"by\":\"ignore-file\"")
        );
        for policy in [
            "[peers]\nforbid = true\n",
            "[inline]\nforbid = true\n",
            "[inline]\nrequire = ['owner']\n",
        ] {
            repository.write("keysieve.toml", policy);
            assert_eq!(tree(&[]), both, "{name}: {policy}");
        }
    }
}

#[test]
fn a_line_of_gitleaks_can_be_true_of_one_commit() {
    let repository = repository();
    let commit = repository.git(&["rev-parse", "HEAD~1"]);
    repository.write(
        ".gitleaksignore",
        &format!("{commit}:src/a.ini:github-pat:2\n"),
    );
    assert_eq!(
        found(&repository, &["history", "--no-cache"]),
        ["src/b.ini:1"]
    );
    repository.write(
        ".gitleaksignore",
        &format!("{}:src/a.ini:github-pat:2\n", repository.head()),
    );
    assert_eq!(found(&repository, &["history", "--no-cache"]).len(), 2);
}

#[cfg(unix)]
#[test]
fn a_link_or_a_pipe_in_its_place_is_not_read() {
    let repository = repository();
    repository.write("elsewhere", "*\n");
    std::os::unix::fs::symlink("elsewhere", repository.root.join(".secretsignore")).unwrap();
    let made = std::process::Command::new("mkfifo")
        .arg(repository.root.join(".secretlintignore"))
        .status();
    assert!(made.unwrap().success());
    assert_eq!(found(&repository, &["scan", "src"]).len(), 2);
}
