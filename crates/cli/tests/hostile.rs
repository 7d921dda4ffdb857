//! Bad input, as the program meets it: a clear message, the right exit code, nothing lost, nothing hangs. What the
//! source of files does by itself is tested with it, in the engine's `tests/source`.

use std::fs::{self, File};
use std::path::Path;
use std::process::Output;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::program::{FORMATS, array, files, keysieve, parse, report, scan, text, token, write};

fn stdout(output: &Output) -> &str {
    str::from_utf8(&output.stdout).unwrap()
}

fn stderr(output: &Output) -> &str {
    str::from_utf8(&output.stderr).unwrap()
}

#[test]
fn a_missing_path_is_said() {
    let folder = TempDir::new().unwrap();
    write(&folder.path().join("a"), b"nothing");
    let output = scan(folder.path(), &["none"]);
    assert_eq!(output.status.code(), Some(3));
    assert!(
        stderr(&output).contains("none") && stdout(&output).is_empty(),
        "{output:?}"
    );

    // With another path beside it, that one is scanned, and the report says what is missing.
    let report = report(folder.path(), &["a", "none"], 4);
    assert_eq!(report["summary"]["files"], 1);
    assert_eq!(report["summary"]["complete"], false);
    assert_eq!(text(&report, "/issues/0/path"), "none");
    assert_eq!(text(&report, "/issues/0/kind"), "unreadable");
    let output = scan(folder.path(), &["-q", "a", "none"]);
    assert_eq!(output.status.code(), Some(4));
    assert!(
        stdout(&output).contains("none") && stdout(&output).contains("incomplete"),
        "{output:?}"
    );
}

#[test]
fn findings_outrank_an_incomplete_scan() {
    let folder = TempDir::new().unwrap();
    write(&folder.path().join("a"), token(1).as_bytes());
    let report = report(folder.path(), &["a", "none"], 1);
    assert_eq!(report["summary"]["complete"], false);
    let output = scan(folder.path(), &["--exit-zero", "none", "a"]);
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn what_cannot_be_decoded_is_said_and_the_rest_is_scanned() {
    let folder = TempDir::new().unwrap();
    write(
        &folder.path().join("broken.gz"),
        b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03garbage",
    );
    write(&folder.path().join("fine"), b"text");
    let report = report(folder.path(), &[], 4);
    assert_eq!(report["summary"]["files"], 2);
    assert_eq!(text(&report, "/issues/0/path"), "broken.gz");
    assert_eq!(text(&report, "/issues/0/kind"), "undecodable");
    let log = parse(&scan(folder.path(), &["-f", "sarif"]).stdout);
    let [invocation] = array(&log, "/runs/0/invocations") else {
        panic!("one invocation in {log:#}")
    };
    assert_eq!(invocation["executionSuccessful"], false);
    assert_eq!(array(invocation, "/toolExecutionNotifications").len(), 1);
}

#[test]
fn empty_files_and_folders_are_clean() {
    let folder = TempDir::new().unwrap();
    assert_eq!(report(folder.path(), &[], 0)["summary"]["files"], 0);
    write(&folder.path().join("empty"), b"");
    assert_eq!(report(folder.path(), &[], 0)["summary"]["files"], 1);
}

#[test]
fn nul_bytes_and_broken_utf8_hide_nothing() {
    let folder = TempDir::new().unwrap();
    let token = token(1);
    let around = [
        b"\0\0\xff\xfe\n\xc3\x28 key=",
        token.as_bytes(),
        b"\0\xf0\x9f\n\0",
    ]
    .concat();
    write(&folder.path().join("a"), &around);
    let report = report(folder.path(), &[], 1);
    let finding = &array(&report, "/findings")[0];
    let end = 8 + token.len();
    assert_eq!(
        finding["start"],
        json!({ "line": 2, "column": 8, "byte": 12 })
    );
    assert_eq!(
        finding["end"],
        json!({ "line": 2, "column": end, "byte": end + 4 })
    );
}

#[test]
fn a_repository_that_cannot_be_opened_is_said() {
    let folder = TempDir::new().unwrap();
    write(&folder.path().join(".git/HEAD"), b"\xff\xff no head");
    write(&folder.path().join(".git/config"), b"[core\nbroken");
    fs::create_dir_all(folder.path().join(".git/objects")).unwrap();
    fs::create_dir_all(folder.path().join(".git/refs")).unwrap();
    write(&folder.path().join("a"), token(1).as_bytes());
    let report = report(folder.path(), &[], 1);
    assert_eq!(array(&report, "/findings").len(), 1);
    assert_eq!(report["summary"]["complete"], false);
    assert!(
        text(&report, "/issues/0/message").contains("git"),
        "{report:#}"
    );
}

/// The names of files in `folder`, hidden ones too.
fn names(folder: &Path) -> Vec<String> {
    files(folder)
        .iter()
        .map(|file| file.to_str().unwrap().to_owned())
        .collect()
}

#[test]
fn a_report_that_cannot_be_written_fails_and_leaves_the_old_one() {
    let folder = TempDir::new().unwrap();
    write(&folder.path().join("a"), token(1).as_bytes());
    fs::create_dir(folder.path().join("folder")).unwrap();
    for path in ["none/report.json", "a/report.json", "folder"] {
        let output = scan(folder.path(), &["-f", "json", "-o", path]);
        assert_eq!(output.status.code(), Some(3), "{path}");
        assert!(stderr(&output).contains(path), "{output:?}");
        assert_eq!(names(folder.path()), ["a"]);
    }

    let old = folder.path().join("report.json");
    write(&old, b"old");
    let specs = ["-f", "json=report.json", "-f", "sarif=none/report.sarif"];
    let output = scan(folder.path(), &specs);
    assert_eq!(output.status.code(), Some(3));
    let output = scan(folder.path(), &["-f", "json", "-o", "report.json", "none"]);
    assert_eq!(output.status.code(), Some(3));
    assert_eq!(fs::read(&old).unwrap(), b"old");
    assert_eq!(names(folder.path()), ["a", "report.json"]);

    let output = scan(folder.path(), &["-f", "json", "-o", "report.json", "a"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        text(&parse(&fs::read(&old).unwrap()), "/schema"),
        "keysieve/1"
    );
    assert_eq!(names(folder.path()), ["a", "report.json"]);
}

/// The most memory that a scan of one file may hold, in MiB, whatever its length.
const MOST_MEMORY: u64 = 100;

/// Scans a file with findings, within bounds.
fn scan_watched(folder: &Path, name: &str) -> Value {
    let mut command = keysieve(folder);
    // With one thread, so that the bound does not depend on the machine.
    command.args(["scan", "-j", "1", "-f", "json=report.json", name]);
    let mut child = command.spawn().unwrap();
    let mut peak = None;
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        peak = high_water(child.id()).or(peak);
        std::thread::sleep(std::time::Duration::from_millis(2));
    };
    assert_eq!(status.code(), Some(1));
    assert!(peak.is_some() || !cfg!(target_os = "linux"));
    assert!(
        peak.is_none_or(|peak| (1..=MOST_MEMORY).contains(&peak)),
        "{peak:?} MiB"
    );
    parse(&fs::read(folder.join("report.json")).unwrap())
}

/// The most memory that a process has held so far, in MiB, where the system tells.
fn high_water(process: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kib >> 10)
}

#[test]
fn a_sparse_gibibyte_is_read_to_its_end_in_little_memory() {
    use std::io::{Seek as _, SeekFrom, Write as _};

    let folder = TempDir::new().unwrap();
    let mut file = File::create(folder.path().join("sparse")).unwrap();
    let token = token(1);
    let start = (1 << 30) - token.len() as u64;
    file.seek(SeekFrom::Start(start)).unwrap();
    file.write_all(token.as_bytes()).unwrap();
    let report = scan_watched(folder.path(), "sparse");
    assert_eq!(report["summary"]["bytes"], 1 << 30);
    assert_eq!(
        report["findings"][0]["start"],
        json!({ "line": 1, "column": start + 1, "byte": start })
    );
}

#[test]
fn a_line_of_200_megabytes_is_scanned_in_little_memory() {
    use std::io::Write as _;

    let folder = TempDir::new().unwrap();
    let mut file = File::create(folder.path().join("line")).unwrap();
    let piece = b"lorem ipsum=\"dolor\",".repeat(50_000);
    let (first, last) = (token(1), token(2));
    for half in [&first, &last] {
        for _ in 0..100 {
            file.write_all(&piece).unwrap();
        }
        file.write_all(half.as_bytes()).unwrap();
        file.write_all(b" ").unwrap();
    }
    let report = scan_watched(folder.path(), "line");
    let columns: Vec<_> = array(&report, "/findings")
        .iter()
        .map(|f| f["start"]["column"].as_u64())
        .collect();
    let second = 200_000_000 + first.len() as u64 + 2;
    assert_eq!(columns, [Some(100_000_001), Some(second)]);
    assert!(text(&report, "/findings/0/context").len() < 1000);
}

#[cfg(unix)]
mod unix {
    use std::io::Write as _;
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    use std::os::unix::process::CommandExt as _;
    use std::process::{Child, Command, Stdio};
    use std::time::{Duration, Instant};

    use super::*;

    /// How long to wait for what happens at once where the machine has nothing else to do.
    const PATIENCE: Duration = Duration::from_secs(30);

    fn mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    /// Runs the program as somebody for whom permissions count. For root they do not, so root runs it as nobody; `None`
    /// where nobody may not run it.
    fn unprivileged(folder: &Path, args: &[&str]) -> Option<Output> {
        const NOBODY: u32 = 65534;

        let mut command = keysieve(folder);
        if Command::new("id").arg("-u").output().unwrap().stdout == b"0\n" {
            command.uid(NOBODY).gid(NOBODY);
        }
        let output = command.args(args).output();
        if output.is_err() {
            eprintln!("skipped: these tests run as root, and nobody else may run the program");
        }
        output.ok()
    }

    #[test]
    fn what_may_not_be_read_is_said_and_the_rest_is_scanned() {
        let folder = TempDir::new().unwrap();
        let path = |name: &str| folder.path().join(name);
        mode(folder.path(), 0o755);
        write(&path("closed/inside"), b"x");
        write(&path("file"), b"x");
        write(&path("open"), token(1).as_bytes());
        mode(&path("file"), 0);
        mode(&path("closed"), 0);
        let all = unprivileged(folder.path(), &["scan", "-f", "json"]);
        let rest = unprivileged(folder.path(), &["scan", "-f", "human", "file", "closed"]);
        mode(&path("closed"), 0o755);
        let (Some(all), Some(rest)) = (all, rest) else {
            return;
        };
        assert_eq!(all.status.code(), Some(1));
        let report = parse(&all.stdout);
        assert_eq!(text(&report, "/findings/0/path"), "open");
        let issues: Vec<_> = array(&report, "/issues")
            .iter()
            .map(|issue| (text(issue, "/path"), text(issue, "/kind")))
            .collect();
        assert_eq!(issues, [("closed", "unreadable"), ("file", "unreadable")]);

        assert_eq!(rest.status.code(), Some(4));
        let said = stdout(&rest);
        assert!(
            said.contains("  closed: unreadable: ") && said.contains("  file: unreadable: "),
            "{said}"
        );
        assert!(
            said.ends_with("The scan is incomplete: not everything could be scanned.\n"),
            "{said}"
        );
    }

    #[test]
    fn a_report_in_a_folder_that_may_not_be_written_leaves_the_old_one() {
        let folder = TempDir::new().unwrap();
        let closed = folder.path().join("closed");
        mode(folder.path(), 0o755);
        write(&closed.join("report.json"), b"old");
        mode(&closed, 0o555);
        let args = ["scan", "-f", "json", "-o", "closed/report.json"];
        let Some(output) = unprivileged(folder.path(), &args) else {
            return;
        };
        mode(&closed, 0o755);
        assert_eq!(output.status.code(), Some(3));
        assert!(stderr(&output).contains("closed/report.json"), "{output:?}");
        assert_eq!(fs::read(closed.join("report.json")).unwrap(), b"old");
    }

    /// What not even root can read: the memory of a process, where nothing is mapped.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_file_that_fails_while_it_is_read_is_said() {
        let folder = TempDir::new().unwrap();
        let report = report(folder.path(), &["/proc/self/mem"], 4);
        assert_eq!(text(&report, "/issues/0/path"), "/proc/self/mem");
        assert_eq!(text(&report, "/issues/0/kind"), "unreadable");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_a_failure() {
        let folder = TempDir::new().unwrap();
        let output = scan(folder.path(), &["-f", "json", "-o", "/dev/full"]);
        assert_eq!(output.status.code(), Some(3));
        assert!(stderr(&output).contains("/dev/full"), "{output:?}");
        let full = File::options().write(true).open("/dev/full").unwrap();
        let output = keysieve(folder.path())
            .arg("scan")
            .stdout(full)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(3));
        assert!(!output.stderr.is_empty());
    }

    #[test]
    fn links_and_special_files_are_counted_and_do_not_hang() {
        let folder = TempDir::new().unwrap();
        let outside = TempDir::new().unwrap();
        write(&outside.path().join("b"), token(1).as_bytes());
        symlink(".", folder.path().join("loop")).unwrap();
        symlink("turn", folder.path().join("turn")).unwrap();
        symlink(outside.path(), folder.path().join("out")).unwrap();
        mkfifo(&folder.path().join("fifo"));
        let report = report(folder.path(), &[], 0);
        assert_eq!(report["summary"]["skipped"]["symlink"], 3);
        assert_eq!(report["summary"]["skipped"]["special-file"], 1);

        // As roots: links are followed, and what can be no input is said.
        for (path, code) in [("turn", 4), ("/dev/zero", 4), ("out", 1), ("loop", 0)] {
            let output = scan(folder.path(), &[path]);
            assert_eq!(output.status.code(), Some(code), "{path}");
            let said = stdout(&output).contains(&format!("  {path}: unreadable: "));
            assert_eq!(said, code == 4, "{output:?}");
        }
    }

    fn mkfifo(path: &Path) {
        assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
    }

    #[test]
    fn a_fifo_is_scanned_as_a_stream() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("fifo");
        mkfifo(&path);
        let mut scan = keysieve(folder.path());
        let scan = scan
            .args(["scan", "-f", "json", "fifo"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut fifo = File::options().write(true).open(&path).unwrap();
        let token = token(1);
        let (first, last) = token.split_at(20);
        fifo.write_all(first.as_bytes()).unwrap();
        std::thread::sleep(Duration::from_millis(10));
        fifo.write_all(last.as_bytes()).unwrap();
        drop(fifo);
        let output = scan.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        let report = parse(&output.stdout);
        assert_eq!(array(&report, "/findings").len(), 1);
        assert_eq!(report["findings"][0]["path"], Value::Null);
    }

    /// More findings than a pipe holds.
    fn with_much_to_say() -> TempDir {
        let folder = TempDir::new().unwrap();
        for i in 0..300 {
            write(
                &folder.path().join(format!("file-{i}")),
                token(i).as_bytes(),
            );
        }
        folder
    }

    #[test]
    fn a_closed_pipe_ends_the_program_quietly() {
        let folder = with_much_to_say();
        for format in FORMATS {
            let mut scan = keysieve(folder.path());
            scan.args(["scan", "-f", format])
                .stdout(Stdio::piped())
                .stderr(Stdio::piped());
            let mut scan = scan.spawn().unwrap();
            drop(scan.stdout.take());
            let output = scan.wait_with_output().unwrap();
            assert_eq!(stderr(&output), "", "{format}");
            assert_eq!(output.status.code(), Some(1), "{format}");
        }
    }

    #[test]
    fn a_closed_pipe_does_not_cost_the_other_reports() {
        let folder = with_much_to_say();
        let mut scan = keysieve(folder.path());
        scan.args(["scan", "-f", "human", "-f", "sarif=report.sarif"])
            .stdout(Stdio::piped());
        let mut scan = scan.spawn().unwrap();
        drop(scan.stdout.take());
        assert_eq!(scan.wait().unwrap().code(), Some(1));
        let log = parse(&fs::read(folder.path().join("report.sarif")).unwrap());
        assert_eq!(array(&log, "/runs/0/results").len(), 300);
    }

    #[test]
    fn the_list_of_rules_ends_quietly_in_a_closed_pipe() {
        let folder = TempDir::new().unwrap();
        let mut list = keysieve(folder.path());
        list.args(["rules", "list"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut list = list.spawn().unwrap();
        drop(list.stdout.take());
        let output = list.wait_with_output().unwrap();
        assert_eq!((output.status.code(), stderr(&output)), (Some(0), ""));
    }

    /// Starts a scan of an input that does not end, and lets go on once the program catches signals.
    fn endless(folder: &Path, args: &[&str], stdin: Stdio) -> Child {
        let mut scan = keysieve(folder);
        scan.arg("scan")
            .args(args)
            .stdin(stdin)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let scan = scan.spawn().unwrap();
        let start = Instant::now();
        while cfg!(target_os = "linux") && !catches_interrupt(scan.id()) {
            assert!(start.elapsed() < PATIENCE, "it does not catch SIGINT");
            std::thread::sleep(Duration::from_millis(2));
        }
        // Where the system does not tell, and until the scan waits for input.
        std::thread::sleep(Duration::from_millis(200));
        scan
    }

    fn catches_interrupt(process: u32) -> bool {
        let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
        let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
        let caught = u64::from_str_radix(caught.unwrap().trim(), 16).unwrap();
        caught & (1 << (2 - 1)) != 0 // SIGINT is 2
    }

    fn signal(process: u32, name: &str) {
        let mut kill = Command::new("kill");
        assert!(
            kill.args(["-s", name, &process.to_string()])
                .status()
                .unwrap()
                .success()
        );
    }

    #[test]
    fn an_interrupted_scan_reports_what_it_has_and_that_it_is_partial() {
        let folder = TempDir::new().unwrap();
        mkfifo(&folder.path().join("fifo"));
        write(&folder.path().join("a"), token(1).as_bytes());
        for (args, name) in [
            (&["-"][..], "INT"),
            (&["fifo"], "INT"),
            (&["a", "fifo"], "TERM"),
        ] {
            let mut scan = endless(folder.path(), args, Stdio::piped());
            let _open = scan.stdin.take();
            signal(scan.id(), name);
            let start = Instant::now();
            let output = scan.wait_with_output().unwrap();
            assert!(start.elapsed() < PATIENCE);
            assert_eq!(output.status.code(), Some(3), "{args:?} {output:?}");
            let said = stdout(&output);
            assert!(
                said.ends_with("The scan was interrupted: this report is partial.\n"),
                "{said}"
            );
            assert_eq!(
                said.contains("github-personal-access-token"),
                args.len() == 2,
                "{said}"
            );
        }
    }

    #[test]
    fn every_format_says_that_a_scan_was_interrupted() {
        let folder = TempDir::new().unwrap();
        let partial = |format: &str| {
            let mut scan = endless(folder.path(), &["-f", format, "-"], Stdio::piped());
            let mut stdin = scan.stdin.take().unwrap();
            // More than a pipe holds, so that some of it is read.
            let flood = std::thread::spawn(move || while stdin.write_all(&[b'x'; 4096]).is_ok() {});
            std::thread::sleep(Duration::from_millis(50));
            signal(scan.id(), "INT");
            let output = scan.wait_with_output().unwrap();
            flood.join().unwrap();
            assert_eq!(output.status.code(), Some(3), "{format} {output:?}");
            output.stdout
        };
        let json = parse(&partial("json"));
        assert_eq!(json["summary"]["interrupted"], true);
        assert_eq!(json["summary"]["complete"], false);
        let jsonl = partial("jsonl");
        let last = jsonl
            .trim_ascii_end()
            .split(|&byte| byte == b'\n')
            .next_back()
            .unwrap();
        assert_eq!(parse(last)["interrupted"], true);
        let sarif = parse(&partial("sarif"));
        let invocation = &array(&sarif, "/runs/0/invocations")[0];
        assert_eq!(invocation["executionSuccessful"], false);
        assert!(text(invocation, "/toolExecutionNotifications/0/message/text").contains("partial"));
    }
}
