//! What `keysieve history` remembers, in repositories made by git itself.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use sha2::{Digest as _, Sha256};

use crate::program::git::{Repository, places};
use crate::program::{FORMATS, array, files, keysieve, parse, text, token, write};

const CACHE: &str = ".git/keysieve/history";

/// With commits, a tag, a moved file and candidates that are no secrets, but without findings.
fn clean() -> Repository {
    let repository = Repository::with_commit();
    repository.commit("src/app.py", "password = 'changeme'\nname = 'example'\n");
    repository.commit("docs/a.md", "token: <your token here>\n");
    repository.git(&["mv", "docs/a.md", "docs/b.md"]);
    repository.git(&["commit", "--quiet", "--message", "Move"]);
    repository.git(&["tag", "--annotate", "--message", "First", "v1"]);
    repository
}

/// As [`clean`], and with two findings: one in a file that is gone, one in a message.
fn leaky() -> Repository {
    let repository = clean();
    repository.commit("key.txt", &format!("{}\n", token(1)));
    repository.git(&["rm", "--quiet", "key.txt"]);
    let message = format!("Remove {}", token(2));
    repository.git(&["commit", "--quiet", "--message", &message]);
    repository
}

fn run(repository: &Repository, args: &[&str]) -> Output {
    let mut command = keysieve(&repository.root);
    command.arg("history").args(args).output().unwrap()
}

fn report(repository: &Repository, args: &[&str]) -> serde_json::Value {
    parse(&run(repository, &[&["-f", "json"], args].concat()).stdout)
}

fn errors(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn cache(repository: &Repository) -> PathBuf {
    repository.root.join(CACHE)
}

/// Whether a run says what one without a cache does, in all forms.
fn assert_right(repository: &Repository, why: &str) {
    for format in FORMATS {
        let args = ["-f", format, "-v"];
        let plain = run(repository, &[&args[..], &["--no-cache"]].concat());
        let cached = run(repository, &args);
        assert_eq!(plain.status.code(), cached.status.code(), "{why}: {format}");
        let [plain, cached] = [plain, cached].map(|o| String::from_utf8(o.stdout).unwrap());
        assert_eq!(plain, cached, "{why}: {format}");
    }
}

#[test]
fn a_rerun_gives_the_same_report() {
    for repository in [clean(), leaky()] {
        assert_right(&repository, "first");
        let file = fs::read(cache(&repository)).unwrap();
        assert_right(&repository, "again");
        assert_eq!(
            fs::read(cache(&repository)).unwrap(),
            file,
            "nothing is new"
        );
        repository.git(&["gc", "--quiet"]);
        assert_right(&repository, "packed");
        assert_right(&repository, "packed, again");
    }
}

#[test]
fn counters_are_those_of_a_whole_scan() {
    let repository = clean();
    let first = report(&repository, &[]);
    assert!(first["summary"]["files"].as_u64().unwrap() > 5, "{first:#}");
    assert_eq!(report(&repository, &[]), first);
    repository.commit("more.txt", "nothing\n");
    let more = report(&repository, &[]);
    assert_eq!(more, report(&repository, &["--no-cache"]));
    assert_ne!(more["summary"], first["summary"]);
}

/// The rerun that is told from the cache reads nothing else of the store: as if all else were gone.
#[test]
fn a_rerun_reads_only_what_has_findings() {
    let repository = leaky();
    assert_right(&repository, "first");
    let first = report(&repository, &[]);
    assert!(first["summary"]["files"].as_u64().unwrap() > 5, "{first:#}");
    // Bytes that change in place do not change the state: whoever reads them complains.
    let readme = repository.git(&["rev-parse", "HEAD:README"]);
    let (folder, name) = readme.split_at(2);
    let object = repository.root.join(".git/objects").join(folder).join(name);
    fs::remove_file(&object).unwrap();
    write(&object, b"rotten");
    assert_eq!(report(&repository, &[]), first);
    let anew = report(&repository, &["--no-cache"]);
    assert_ne!(anew, first);
    assert_eq!(anew["summary"]["complete"], false);
}

#[test]
fn whatever_refers_to_findings_counts() {
    let repository = leaky();
    let log = repository.root.join(".git/logs/HEAD");
    let same = |why: &str| {
        assert_right(&repository, why);
        assert_right(&repository, why);
    };
    same("first");
    repository.git(&["branch", "more", "HEAD~2"]);
    same("a branch");
    repository.git(&["checkout", "--quiet", "--detach", "HEAD~2"]);
    same("another HEAD");
    repository.git(&["checkout", "--quiet", "main"]);
    repository.git(&["branch", "--quiet", "-D", "more"]);
    same("a branch less");
    repository.git(&["reset", "--quiet", "--hard", "HEAD~3"]);
    repository.git(&["update-ref", "-d", "ORIG_HEAD"]);
    same("only the reflog has it");
    let reach = |reflog: bool| {
        let report = report(&repository, &[]);
        let texts = array(&report, "/findings").iter();
        let reach: Vec<_> = texts.map(|f| text(f, "/past/reach").to_owned()).collect();
        assert!(!reach.is_empty());
        let is_reflog = |text: &String| text == "reflog";
        assert_eq!(reach.iter().all(is_reflog), reflog, "{reach:?}");
    };
    reach(true);
    fs::remove_file(repository.root.join(".git/logs/refs/heads/main")).unwrap();
    fs::remove_file(log).unwrap();
    reach(false);
    same("nothing has it");
}

#[test]
fn a_finding_that_is_gone_is_not_said_again() {
    let repository = leaky();
    let blob = repository.git(&["rev-parse", "HEAD~1:key.txt"]);
    assert_right(&repository, "first");
    let (folder, name) = blob.split_at(2);
    let object = repository.root.join(".git/objects").join(folder).join(name);
    fs::remove_file(object).unwrap();
    assert_right(&repository, "missing");
    assert_right(&repository, "missing, again");
    let report = report(&repository, &[]);
    assert_eq!(report["summary"]["complete"], false);
}

#[test]
fn a_value_in_a_path_or_a_ref_is_not_remembered() {
    let repository = leaky();
    repository.git(&["branch", &token(1)]);
    assert_right(&repository, "a ref");
    assert_right(&repository, "a ref, again");
    let file = fs::read(cache(&repository)).unwrap();
    let value = token(1);
    assert!(!file.windows(value.len()).any(|w| w == value.as_bytes()));
    repository.git(&["branch", "--quiet", "-D", &value]);
    assert_right(&repository, "without");
    repository.commit(&format!("{value}.txt"), &format!("{value}\n"));
    assert_right(&repository, "a path");
    assert_right(&repository, "a path, again");
    let file = fs::read(cache(&repository)).unwrap();
    assert!(!file.windows(value.len()).any(|w| w == value.as_bytes()));
}

#[test]
fn what_is_new_is_found() {
    let repository = clean();
    assert!(places(&report(&repository, &[])).is_empty());
    repository.commit("new.txt", &format!("key = {}\n", token(3)));
    assert_eq!(places(&report(&repository, &[])), ["new.txt:1"]);
    assert_eq!(
        places(&report(&repository, &[])),
        ["new.txt:1"],
        "not remembered"
    );
    let message = format!("With {}", token(4));
    repository.git(&["commit", "--quiet", "--allow-empty", "--message", &message]);
    assert_eq!(places(&report(&repository, &[])).len(), 2);
    assert_right(&repository, "two findings");
}

#[test]
fn a_ref_that_comes_or_goes_changes_what_a_part_holds() {
    let repository = clean();
    repository.git(&["checkout", "--quiet", "-b", "other"]);
    repository.commit("other.txt", &format!("{}\n", token(5)));
    repository.git(&["checkout", "--quiet", "main"]);
    let part = ["--branch", "main"];
    assert!(places(&report(&repository, &part)).is_empty());
    assert!(places(&report(&repository, &part)).is_empty());
    assert_eq!(places(&report(&repository, &[])).len(), 1, "another part");
    assert!(places(&report(&repository, &part)).is_empty());
    repository.git(&["merge", "--quiet", "--ff-only", "other"]);
    assert_eq!(places(&report(&repository, &part)).len(), 1);
}

#[test]
fn other_rules_and_options_are_another_question() {
    let repository = clean();
    let rule = "[[rule]]\nid = 'acme-token'\nname = 'Acme'\ndescription = 'An example.'\nseverity = 'low'\n\
                confidence = 'high'\nprefixes = ['acme_']\npattern = 'acme_[a-z0-9]{24}'\n\
                remediation = 'None.'\nsamples = ['acme_{lower-digits:24}']\n";
    run(&repository, &[]);
    let remembered = fs::read(cache(&repository)).unwrap();
    for args in [
        &["--rule", "github-personal-access-token"][..],
        &["--decode-depth", "1"],
        &["--max-file-size", "5k"],
        &["--exclude-rule", "github-personal-access-token"],
        // What only stands beside a name is looked for where it may be reported.
        &["--min-confidence", "low"],
    ] {
        run(&repository, &[]);
        assert_eq!(fs::read(cache(&repository)).unwrap(), remembered);
        let output = run(&repository, args);
        assert!(output.status.code() == Some(0), "{args:?}: {output:?}");
        assert_ne!(
            fs::read(cache(&repository)).unwrap(),
            remembered,
            "{args:?}"
        );
    }
    run(&repository, &[]);
    run(&repository, &["--min-confidence", "high"]);
    assert_eq!(
        fs::read(cache(&repository)).unwrap(),
        remembered,
        "is of the report only"
    );
    write(&repository.root.join("keysieve.toml"), rule.as_bytes());
    let with_rule = run(&repository, &[]);
    assert_ne!(
        fs::read(cache(&repository)).unwrap(),
        remembered,
        "{with_rule:?}"
    );
    assert_eq!(with_rule.status.code(), Some(0), "{with_rule:?}");
    assert_right(&repository, "a rule of the user's");
    write(
        &repository.root.join(".gitattributes"),
        b"* linguist-generated\n",
    );
    assert_right(&repository, "attributes");
}

#[test]
fn a_file_that_cannot_be_trusted_is_dropped() {
    let repository = leaky();
    run(&repository, &[]);
    let path = cache(&repository);
    let whole = fs::read(&path).unwrap();
    let mut changed = whole.clone();
    changed[100] ^= 1;
    for broken in [&whole[..100], &whole[..3], b"", b"something else", &changed] {
        fs::write(&path, broken).unwrap();
        let output = run(&repository, &[]);
        assert_eq!(output.status.code(), Some(1));
        assert!(errors(&output).contains("damaged"), "{output:?}");
        assert!(errors(&run(&repository, &[])).is_empty(), "it was replaced");
        fs::write(&path, broken).unwrap();
        assert!(errors(&run(&repository, &["--quiet"])).is_empty());
        fs::write(&path, broken).unwrap();
        assert_right(&repository, "damaged");
    }
    // The end of the file is read when something is new, and not before.
    let mut changed = whole;
    *changed.last_mut().unwrap() ^= 1;
    fs::write(&path, &changed).unwrap();
    assert_eq!(errors(&run(&repository, &[])), "");
    repository.commit("more.txt", "nothing\n");
    let output = run(&repository, &[]);
    assert!(errors(&output).contains("damaged"), "{output:?}");
}

#[cfg(unix)]
#[test]
fn links_and_files_of_others_are_not_followed() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let repository = leaky();
    run(&repository, &[]);
    let (path, target) = (cache(&repository), repository.around().join("target"));

    fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
    let output = run(&repository, &[]);
    assert!(errors(&output).contains("another user"), "{output:?}");
    assert!(errors(&run(&repository, &[])).is_empty(), "it was replaced");

    fs::rename(&path, &target).unwrap();
    let before = fs::read(&target).unwrap();
    symlink(&target, &path).unwrap();
    repository.commit("more.txt", "nothing\n");
    let output = run(&repository, &[]);
    assert!(errors(&output).contains("another user"), "{output:?}");
    assert_eq!(fs::read(&target).unwrap(), before);
    assert!(fs::symlink_metadata(&path).unwrap().is_file());

    let elsewhere = repository.around().join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    fs::remove_dir_all(path.parent().unwrap()).unwrap();
    symlink(&elsewhere, path.parent().unwrap()).unwrap();
    assert_eq!(run(&repository, &[]).status.code(), Some(1));
    assert!(files(&elsewhere).is_empty());
}

#[test]
fn nothing_is_remembered_where_that_is_not_wanted() {
    let repository = clean();
    run(&repository, &["--no-cache"]);
    assert!(!cache(&repository).parent().unwrap().exists());
    run(&repository, &["--range", "HEAD~1..HEAD"]);
    assert!(!cache(&repository).parent().unwrap().exists());

    let folder = repository.around().join("a/b");
    run(&repository, &["--cache-dir", folder.to_str().unwrap()]);
    assert!(!cache(&repository).parent().unwrap().exists());
    assert_eq!(files(&folder), [Path::new("history")]);
}

#[test]
fn a_place_that_cannot_be_written_is_no_error() {
    let repository = clean();
    // A file where the folder should be: also whoever may write everywhere cannot.
    write(&repository.root.join(".git/keysieve"), b"");
    let quiet = run(&repository, &["--quiet"]);
    assert_eq!(
        (quiet.status.code(), errors(&quiet).as_str()),
        (Some(0), "")
    );
    let verbose = run(&repository, &["-v"]);
    assert_eq!(verbose.status.code(), Some(0));
    assert!(
        errors(&verbose).contains("cannot be remembered"),
        "{verbose:?}"
    );
}

#[test]
fn no_value_is_remembered() {
    let repository = leaky();
    run(&repository, &[]);
    run(&repository, &["--min-confidence", "high"]);
    let file = fs::read(cache(&repository)).unwrap();
    let holds = |bytes: &[u8]| file.windows(bytes.len()).any(|window| window == bytes);
    assert!(holds(b"keysieve cache"));
    for value in [token(1), token(2)] {
        for text in [value.clone(), format!("{value}\n")] {
            let hash = Sha256::digest(text.as_bytes());
            for len in [8, 16, 32] {
                assert!(!holds(&hash[..len]));
            }
        }
        let part = &value.as_bytes()[4..12];
        assert!(!holds(part) && !holds(value.as_bytes()));
    }
}

#[test]
fn a_run_with_an_issue_is_not_the_whole_answer() {
    let repository = clean();
    let blob = repository.git(&["rev-parse", "HEAD:README"]);
    let object = repository
        .root
        .join(format!(".git/objects/{}/{}", &blob[..2], &blob[2..]));
    let good = fs::read(&object).unwrap();
    fs::remove_file(&object).unwrap();
    let missing = run(&repository, &[]);
    assert_eq!(missing.status.code(), Some(4), "{missing:?}");
    assert_right(&repository, "missing");
    write(&object, &good);
    assert_right(&repository, "there again");
    assert_eq!(run(&repository, &[]).status.code(), Some(0));
}

#[test]
fn many_runs_at_once_leave_a_whole_file() {
    let repository = leaky();
    let runs: Vec<_> = (0..4)
        .map(|_| {
            keysieve(&repository.root)
                .arg("history")
                .stdout(std::process::Stdio::null())
                .spawn()
                .unwrap()
        })
        .collect();
    for mut run in runs {
        assert_eq!(run.wait().unwrap().code(), Some(1));
    }
    assert!(errors(&run(&repository, &[])).is_empty());
    assert_eq!(
        files(&repository.root.join(".git/keysieve")),
        [Path::new("history")]
    );
}
