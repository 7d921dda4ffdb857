"""Checks the stated oldest Rust: at most the compiler in use, and at least what every dependency states."""

import json
import subprocess
import sys


def version(text):
    return tuple(int(part) for part in text.split("-")[0].split("."))[:3]


rustc = version(subprocess.check_output(["rustc", "--version"], text=True).split()[1])
metadata = json.loads(subprocess.check_output(["cargo", "metadata", "--format-version=1", "--locked"]))
members = set(metadata["workspace_members"])
stated = {p["rust_version"] for p in metadata["packages"] if p["id"] in members}
if len(stated) != 1 or None in stated:
    sys.exit(f"the crates do not state one rust-version: {stated}")
ours = version(stated.pop())
if ours > rustc:
    sys.exit(f"rust-version {ours} is newer than the compiler {rustc}")
newer = [p["name"] for p in metadata["packages"] if p["rust_version"] and version(p["rust_version"]) > ours]
if newer:
    sys.exit(f"these dependencies need a newer Rust than {ours}: {newer}")
print(f"rust-version {'.'.join(map(str, ours))}, {len(metadata['packages'])} packages")
