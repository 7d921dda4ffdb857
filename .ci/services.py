"""The parts of .ci/services that read reports and run recipes. In the folder that it is given it makes a repository with
findings, an issue and hard names; the program on PATH scans it."""

import csv
import json
import os
import pathlib
import random
import re
import shutil
import string
import subprocess
import sys
import zlib

import jsonschema
import junitparser
import yaml

TOP = pathlib.Path(__file__).resolve().parent.parent
DIGITS = string.digits + string.ascii_uppercase + string.ascii_lowercase


def token():
    """A GitHub token with the checksum that belongs to it, made here so that none stands in the repository."""
    body = "".join(random.choices(DIGITS, k=30))
    check, left = "", zlib.crc32(body.encode())
    for _ in range(6):
        left, digit = divmod(left, 62)
        check = DIGITS[digit] + check
    return "gh" + "p_" + body + check


class Repository:
    """A repository with its first commit on main; `around` is the folder that it stands in."""

    def __init__(self, around):
        self.around = around
        self.root = around / "project"
        self.root.mkdir(parents=True)
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(around),
            "GIT_CONFIG_NOSYSTEM": "1",
            **{f"GIT_{who}_NAME": "ci" for who in ("AUTHOR", "COMMITTER")},
            **{f"GIT_{who}_EMAIL": "ci@example.com" for who in ("AUTHOR", "COMMITTER")},
        }
        self.git("init", "--quiet", "--initial-branch=main")
        self.commit("README", "An example.\n")

    def git(self, *arguments):
        command = ["git", *arguments]
        return subprocess.check_output(command, cwd=self.root, env=self.environment, text=True).strip()

    def commit(self, name, text):
        (self.root / name).write_text(text)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", f"Change, \"{name}\"")
        return self.git("rev-parse", "HEAD")

    def run(self, command, **environment):
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        done = subprocess.run(command, cwd=self.root, env=self.environment | environment, text=True, **pipes)
        return done.returncode, done.stdout


def load(path):
    return json.loads(path.read_text())


def check_reports(folder, schema):
    """What all services are told of one scan is the same."""
    report = load(folder / "json")
    findings = [f for f in report["findings"] if "suppressed" not in f]
    suppressed = len(report["findings"]) - len(findings)
    rules = sorted(f["rule"] for f in findings)

    gitlab = load(folder / "gitlab")
    jsonschema.Draft7Validator(schema).validate(gitlab)
    found = gitlab["vulnerabilities"]
    assert sorted(v["identifiers"][0]["value"] for v in found) == rules
    assert len({v["id"] for v in found}) == len(found), "ids are of one finding each"
    assert (gitlab["scan"]["status"] == "success") == report["summary"]["complete"]

    junit = junitparser.JUnitXml.fromfile(str(folder / "junit"))
    cases = [case for suite in junit for case in suite]
    of = lambda kind: [c for c in cases if any(isinstance(r, kind) for r in c.result)]
    assert sorted(c.classname for c in of(junitparser.Failure)) == rules
    errors = len(report["issues"]) + (not report["summary"]["complete"])
    assert len(of(junitparser.Error)) == errors
    assert (junit.tests, junit.failures, junit.errors) == (len(cases), len(rules), errors)
    assert len({(c.classname, c.name) for c in cases}) == len(cases), "services merge cases of one name"

    with open(folder / "csv", newline="") as file:
        rows = list(csv.DictReader(file, strict=True))
    assert all(None not in row and None not in row.values() for row in rows), "a row is ragged"
    assert not any(cell[:1] in tuple("=+-@\t\r") and cell for row in rows for cell in row.values())
    of = lambda kind: [row for row in rows if row["type"] == kind]
    assert sorted(row["rule"] for row in of("finding")) == rules
    assert (len(of("suppressed")), len(of("issue"))) == (suppressed, len(report["issues"]))
    assert [f["fingerprint"] for f in report["findings"]] == [
        row["fingerprint"] for row in rows if row["fingerprint"]
    ]
    return len(findings)


def check_schema(schema, folder):
    """A schema that takes everything proves nothing."""
    def broken(change):
        document = load(folder / "gitlab")
        change(document)
        return any(jsonschema.Draft7Validator(schema).iter_errors(document))

    for change in (
        lambda d: d["scan"].pop("start_time"),
        lambda d: d["scan"].update(end_time="2026-01-01T00:00:00Z"),
        lambda d: d["vulnerabilities"][0]["location"].pop("commit"),
        lambda d: d["vulnerabilities"][0].update(identifiers=[]),
        lambda d: d["vulnerabilities"][0].update(severity="high"),
        lambda d: d["vulnerabilities"][0].update(raw_source_code_extract="x"),
    ):
        assert broken(change)


def reports(work):
    schema = load(TOP / "fixtures/gitlab/secret-detection.schema.json")
    jsonschema.Draft7Validator.check_schema(schema)
    repository = Repository(work / "reports")
    values = [token() for _ in range(8)]
    names = ["=1+1,\"x\".env", "@a|b`c.txt", "-rf", "a<b>&'c.xml", "%0A::error ::x", "line\nbreak", "\x1b[2J\u202e", "\u00fc\U0001f511"]
    for name, value in zip(names, values):
        repository.commit(name, f"# {name!r}\nkey = {value}\n")
    repository.commit("allowed.py", f"key = '{token()}'  # keysieve:allow\n")
    repository.commit("cut-off.gz", "\x1f")
    (repository.root / "cut-off.gz").write_bytes(b"\x1f\x8b\x08\x00\x00")
    formats = ["json", "gitlab", "junit", "csv", "markdown", "github"]
    clean = repository.around / "clean"
    clean.mkdir()
    for name, command, expected in [
        ("tree", ["scan"], len(names)),
        ("revealed", ["scan", "--reveal"], len(names)),
        ("history", ["history"], len(names)),
        ("clean", ["scan", str(clean)], 0),
    ]:
        folder = work / f"out-{name}"
        folder.mkdir()
        arguments = [a for f in formats for a in ("-f", f"{f}={folder / f}")]
        code, said = repository.run(["keysieve", *command, *arguments])
        assert code == (1 if expected else 0), f"{name}: {code}\n{said}"
        found = check_reports(folder, schema)
        assert found == expected, f"{name}: {found} findings"
        for format in formats[1:]:
            text = (folder / format).read_text()
            assert not any(value in text for value in values), f"{name}: {format} shows a value"
        print(f"reports of {name}: {found} findings")
    shas = {v["location"]["commit"]["sha"] for v in load(work / "out-tree/gitlab")["vulnerabilities"]}
    assert shas == {"0000000"}
    shas = {v["location"]["commit"]["sha"] for v in load(work / "out-history/gitlab")["vulnerabilities"]}
    assert shas <= set(repository.git("rev-list", "--all").split()) and len(shas) == len(names)
    check_schema(schema, work / "out-tree")


def project(work, name):
    """A clone with a secret on main, and another on the branch `topic`, which is checked out; and both commits."""
    origin = Repository(work / name / "origin")
    base = origin.commit("old.txt", token())
    origin.git("checkout", "--quiet", "-b", "topic")
    head = origin.commit("new.txt", token())
    clone = Repository(work / name / "clone")
    shutil.rmtree(clone.root)
    subprocess.check_call(["git", "clone", "--quiet", "--branch=topic", str(origin.root), str(clone.root)])
    return clone, base, head


def places(xml):
    """The files that a JUnit report has failures in."""
    cases = [case for suite in junitparser.JUnitXml.fromfile(str(xml)) for case in suite]
    return sorted(case._elem.get("file") for case in cases if case.result)


def block(language, containing):
    """The block of docs/ci.md in this language with these words."""
    blocks = re.findall(rf"```{language}\n(.*?)```", (TOP / "docs/ci.md").read_text(), re.DOTALL)
    [found] = [text for text in blocks if containing in text]
    return found


def gitlab(work):
    job = yaml.safe_load((TOP / ".gitlab/keysieve.gitlab-ci.yml").read_text())
    variables, job = job["variables"], job["keysieve"]
    [install], [script] = job["before_script"], job["script"]
    clone, base, head = project(work, "gitlab")
    machine = os.uname().machine
    releases = work / "releases"
    version = releases / f"v{variables['KEYSIEVE_VERSION']}"
    version.mkdir(parents=True)
    program = shutil.which("keysieve")
    subprocess.check_call(["bash", TOP / ".ci/package", program, f"{machine}-unknown-linux-musl", version])
    variables |= {"KEYSIEVE_RELEASES": f"file://{releases}", "CI_COMMIT_SHA": head, "CI_DEFAULT_BRANCH": "main"}
    command = ["bash", "-eo", "pipefail", "-c", install + script]
    zeros = "0" * 40
    push = {"CI_PIPELINE_SOURCE": "push", "CI_COMMIT_BRANCH": "topic"}
    for event, expected in [
        ({"CI_PIPELINE_SOURCE": "merge_request_event", "CI_MERGE_REQUEST_DIFF_BASE_SHA": base}, ["new.txt"]),
        (push | {"CI_COMMIT_BEFORE_SHA": base}, ["new.txt"]),
        (push | {"CI_COMMIT_BEFORE_SHA": zeros}, ["new.txt"]),
        (push | {"CI_COMMIT_BEFORE_SHA": zeros, "CI_COMMIT_BRANCH": "main"}, ["new.txt", "old.txt"]),
        ({"CI_PIPELINE_SOURCE": "schedule", "CI_COMMIT_BEFORE_SHA": zeros}, ["new.txt", "old.txt"]),
    ]:
        code, said = clone.run(command, **variables | event)
        assert code == 1, f"gitlab, {event}: {code}\n{said}"
        reports = job["artifacts"]["reports"]
        assert places(clone.root / reports["junit"]) == expected, f"gitlab, {event}: {said}"
        found = load(clone.root / reports["secret_detection"])["vulnerabilities"]
        assert sorted(v["location"]["file"] for v in found) == expected
        clone.git("clean", "--quiet", "--force", "-d")
    code, said = clone.run(command, **variables | {"KEYSIEVE_SHA256": "0" * 64})
    assert code == 1 and "FAILED" in said, said
    print("recipe of GitLab: 5 events")


def azure(work):
    [script] = [step["bash"] for step in yaml.safe_load(block("yaml", "checkout: self"))["steps"] if "bash" in step]
    clone, _, _ = project(work, "azure")
    staging = work / "staging"
    for event, expected in [
        ({"SYSTEM_PULLREQUEST_TARGETBRANCH": "refs/heads/main"}, ["new.txt"]),
        ({"SYSTEM_PULLREQUEST_TARGETBRANCH": "main"}, ["new.txt"]),
        ({}, ["new.txt", "old.txt"]),
    ]:
        code, said = clone.run(["bash", "-e", "-c", script], BUILD_ARTIFACTSTAGINGDIRECTORY=str(staging), **event)
        assert code == 1, f"azure, {event}: {code}\n{said}"
        assert places(staging / "keysieve.xml") == expected
        assert len(load(staging / "keysieve.sarif")["runs"][0]["results"]) == len(expected)
    print("recipe of Azure Pipelines: 3 events")


def jenkins(work):
    [script] = re.findall(r"sh '''\n(.*?)'''", block("groovy", "pipeline {"), re.DOTALL)
    clone, base, _ = project(work, "jenkins")
    for event, expected in [
        ({"CHANGE_TARGET": "main"}, ["new.txt"]),
        ({"GIT_PREVIOUS_SUCCESSFUL_COMMIT": base}, ["new.txt"]),
        ({}, ["new.txt", "old.txt"]),
    ]:
        code, said = clone.run(["sh", "-xe", "-c", script], **event)
        assert code == 1, f"jenkins, {event}: {code}\n{said}"
        assert places(clone.root / "keysieve.xml") == expected and (clone.root / "keysieve.csv").is_file()
        clone.git("clean", "--quiet", "--force", "-d")
    print("recipe of Jenkins: 3 events")


def shell(work):
    script = block("sh", "base=origin/main")
    clone, _, _ = project(work, "shell")
    code, said = clone.run(["sh", "-e", "-c", script])
    assert code == 1 and said.endswith("there are findings\n") and "new.txt" in said, f"{code}\n{said}"
    assert (clone.root / "keysieve.csv").is_file()
    clone.git("checkout", "--quiet", "main")
    code, said = clone.run(["sh", "-e", "-c", script])
    assert code == 0, f"{code}\n{said}"
    code, said = clone.run(["sh", "-e", "-c", script.replace("origin/main", "origin/none")])
    assert code == 2 and said.endswith("could not do the job\n"), f"{code}\n{said}"
    print("recipe of a shell: 3 events")


if __name__ == "__main__":
    for part in (reports, gitlab, azure, jenkins, shell):
        part(pathlib.Path(sys.argv[1]))
