//! `keysieve config check`, `show` and `schema`.

use tempfile::TempDir;

use crate::program::{keysieve, parse, text, write};

fn folder(config: &str) -> TempDir {
    let folder = TempDir::new().unwrap();
    write(&folder.path().join("keysieve.toml"), config.as_bytes());
    folder
}

#[test]
fn check_says_all_that_is_wrong_and_where() {
    let check = |config: &str, code: i32| {
        let folder = folder(config);
        let mut command = keysieve(folder.path());
        let output = command.args(["config", "check"]).output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(check("[scan]\nthreads = 2\n", 0).contains("in order"));
    let said = check("[scan]\nthreds = 2\n", 2);
    assert!(said.contains("line 2, column 1"), "{said}");
    assert!(said.contains("did you mean `threads`?"), "{said}");
    let said = check("[scan]\nmin_severity = 'hihg'\n", 2);
    assert!(
        said.contains("line 2") && said.contains("did you mean `high`?"),
        "{said}"
    );
    let said = check("x = [\n", 2);
    assert!(said.contains("line "), "{said}");
    let entry =
        "[[exception]]\nid = 'a'\nreason = 'r'\nowner = 'o'\nexpires = 'x'\nrule = 'no-such'\n";
    let said = check(
        &format!(
            "[paths]\nignore = ['[']\n[rules]\nexclude = ['github-personal-access-tokn']\n{entry}{entry}"
        ),
        2,
    );
    for expected in [
        "keysieve.toml:2:11: `paths.ignore`",
        "keysieve.toml:4:12: no rule has the id `github-personal-access-tokn`; did you mean \
         `github-personal-access-token`?",
        "keysieve.toml:9:11: exception `a`: `expires`",
        "keysieve.toml:12:6: two exceptions",
    ] {
        assert!(said.contains(expected), "{expected}: {said}");
    }
    let said = check(&entry.replace("'x'", "'2999-01-01'"), 2);
    assert!(
        said.contains("keysieve.toml:6:8: exception `a`: no rule that runs is `no-such`"),
        "{said}"
    );
}

#[test]
fn check_gives_every_problem_a_line_and_a_column() {
    let rule = "[[rule]]\nid = 'x-y'\nname = 'X'\ndescription = 'x'\nseverity = 'low'\nconfidence = 'low'\n\
                remediation = 'x'\nprefixes = ['xyz_']\nsamples = ['xyz_{hex:32}']\n";
    let pattern = "pattern = 'xyz_[0-9a-f]{32}'\n";
    let folder = folder("");
    let config = folder.path().join("keysieve.toml");
    write(&folder.path().join("bad.toml"), b"[[rule]]\nid = 1\n");
    let entry = "[[exception]]\nid = 'a'\nreason = 'r'\nowner = 'o'\n";
    for (text, place, problem) in [
        (
            "[scan]\nthreads = -1\n".to_owned(),
            "line 2, column 11",
            "u16",
        ),
        (
            "[exceptions]\nmax_days = 5000000000\n".to_owned(),
            "line 2, column 12",
            "u32",
        ),
        (
            "[scan]\nmax_file_size = 'x'\n".to_owned(),
            "line 2, column 17",
            "u64",
        ),
        (
            "[paths]\nignore = ['a/**',\n  'b[']\n".to_owned(),
            ":3:3: ",
            "unclosed character class",
        ),
        (
            "[rules]\nonly = ['no-such']\n".to_owned(),
            ":2:9: ",
            "no rule has the id `no-such`",
        ),
        (
            "[rules]\nfiles = ['none.toml']\n".to_owned(),
            ":2:10: ",
            "cannot be read",
        ),
        (
            "[rules]\nfiles = ['bad.toml']\n".to_owned(),
            ":2:10: ",
            "bad.toml: ",
        ),
        (
            "[baseline]\nfile = 'none'\n".to_owned(),
            ":2:8: ",
            "is not there",
        ),
        (
            format!("{rule}pattern = 'xyz_('\n"),
            ":10:11: ",
            "unclosed group",
        ),
        (format!("{rule}{pattern}{rule}{pattern}"), ":12:6: ", "x-y"),
        (
            format!("{entry}expires = '2026-02-30'\nrule = 'x'\n"),
            ":5:11: ",
            "`expires`",
        ),
        (
            format!("{entry}path = 'a['\nexpires = '2999-01-01'\n"),
            ":5:8: ",
            "`path`",
        ),
        (
            format!("{entry}fingerprint = 'x'\nexpires = '2999-01-01'\n"),
            ":5:15: ",
            "`fingerprint`",
        ),
        (
            format!("{entry}expires = '2999-01-01'\n"),
            ":1:1: ",
            "it must name a",
        ),
    ] {
        write(&config, text.as_bytes());
        let output = keysieve(folder.path()).args(["config", "check"]).output();
        let output = output.unwrap();
        assert_eq!(output.status.code(), Some(2), "{text}{output:?}");
        let said = String::from_utf8(output.stdout).unwrap();
        let first = said.lines().find(|line| line.contains(place));
        assert!(first.is_some() && said.contains(problem), "{text}{said}");
    }
    write(&config, format!("{rule}{pattern}").as_bytes());
    let output = keysieve(folder.path()).args(["config", "check"]).output();
    assert_eq!(output.unwrap().status.code(), Some(0));
}

#[test]
fn show_says_what_is_in_force_and_where_from() {
    let folder = folder("[scan]\nmin_severity = 'high'\nthreads = 2\n[audit]\nformat = 'ocsf'\n");
    let mut command = keysieve(folder.path());
    command
        .env("KEYSIEVE_THREADS", "3")
        .env("KEYSIEVE_DECODE_DEPTH", "4");
    command.args(["config", "show", "--json", "--decode-depth", "5"]);
    let shown = parse(&command.output().unwrap().stdout);
    for (key, value, from) in [
        ("scan.min_confidence", "\"medium\"", "default"),
        ("scan.min_severity", "\"high\"", "keysieve.toml"),
        ("scan.threads", "3", "environment"),
        ("scan.decode_depth", "5", "flag"),
        ("audit.format", "\"ocsf\"", "keysieve.toml"),
        ("audit.file", "null", "default"),
    ] {
        let setting = &shown["settings"][key];
        assert_eq!(setting["value"].to_string(), value, "{shown:#}");
        assert!(text(setting, "/from").ends_with(from), "{setting}");
    }
    let mut command = keysieve(folder.path());
    let output = command.args(["config", "show"]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("= \"medium\"  # default\n"), "{text}");
}

#[test]
fn the_schema_is_one() {
    let folder = folder("");
    let output = keysieve(folder.path()).args(["config", "schema"]).output();
    let schema = parse(&output.unwrap().stdout);
    assert_eq!(
        text(&schema, "/$schema"),
        "http://json-schema.org/draft-07/schema#"
    );
    assert_eq!(text(&schema, "/properties/scan/type"), "object");
}
