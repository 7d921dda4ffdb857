"""Times scanners as whole processes, side by side on the same files, and prints Markdown tables.

    benches/compare.sh TREE...                 trees of files
    benches/compare.sh --history REPO...       whole histories of git repositories, bare or not
    benches/compare.sh --startup               one tiny file
    benches/compare.sh --hostile [BYTES]       each hostile input as a file (default 32 MiB), by keysieve
    benches/compare.sh --memory                1 GiB as a file and by a pipe, a million empty files, 100,000 small ones

`walk+read` walks the same tree with the same number of threads and reads every file, and does nothing else: the floor.
Peers run at their default settings, except that nothing goes to the network; a peer is the program that KINGFISHER,
BETTERLEAKS, GITLEAKS or RIPSECRETS names, or the one of that name on PATH, and is left out where there is none. It must
be the native program: the script that a Python package puts on PATH starts an interpreter first.

The runs of the tools are interleaved, so that what else the machine does hits all of them. Wall is elapsed time, CPU is
user and system time of all threads, RSS the peak of resident memory. The least of the runs disturbs least; the median
says how steady they were. Ratios are of the least CPU time. Standard library only.
"""

import argparse
import dataclasses
import datetime
import json
import os
import pathlib
import platform
import resource
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time

MIB = 1 << 20
FLOOR, OURS, GIT = "walk+read", "keysieve", "git cat-file"
# A peer's arguments around the target, and the exit codes with which it says that it did its work.
PEERS = {
    "kingfisher": (["scan", "--no-validate", "--no-update-check"], [0, 200]),
    "betterleaks": (["--no-banner", "--exit-code", "0", "-s"], [0]),
    "gitleaks": (["dir", "--no-banner", "--exit-code", "0"], [0]),
    "ripsecrets": ([], [0, 1]),
}
# The same for histories: git prints every object, which is the floor; what keysieve has to stay below.
HISTORY_PEERS = {
    "kingfisher": (["scan", "--no-validate", "--no-update-check"], [0, 200]),
    "betterleaks": (["git", "--no-banner", "--exit-code", "0"], [0]),
    "gitleaks": (["git", "--no-banner", "--exit-code", "0"], [0]),
}
EVERY_OBJECT = 'exec git -C "$0" cat-file --batch-all-objects --batch --unordered --buffer'


@dataclasses.dataclass
class Tool:
    name: str
    command: list  # the target comes last
    codes: list


@dataclasses.dataclass
class Run:
    """What one process took, in seconds and bytes."""

    wall: float
    cpu: float
    rss: int


class TooLong(Exception):
    """A process did not end within the time that it had."""


def tools(wanted, threads):
    """The tools that are there, as a table by name; those that are wanted but not there end the program."""
    limit = ["--threads", str(threads)] if threads else []
    scan = [program("keysieve", required=True), "scan", *limit, "--progress", "never"]
    found = [
        Tool(FLOOR, [program("walkread", required=True), *limit], [0]),
        Tool(OURS, scan, [0, 1, 4]),
    ]
    for name, (arguments, codes) in PEERS.items():
        path = program(name, required=name in (wanted or []))
        if path:
            found.append(Tool(name, [path, *arguments], codes))
    if wanted:
        unknown = set(wanted) - {tool.name for tool in found}
        if unknown:
            sys.exit(f"no tool is called {', '.join(sorted(unknown))}")
        found = [tool for tool in found if tool.name in wanted]
    if threads and any(tool.name in PEERS for tool in found):
        sys.exit("--threads bounds only walk+read and keysieve: name them with --tools")
    return found


def history_tools(wanted, threads):
    """As tools(), for histories."""
    limit = ["--threads", str(threads)] if threads else []
    ours = [program("keysieve", required=True), "history", "--no-cache", *limit, "--progress", "never"]
    found = [
        Tool(GIT, [shutil.which("sh"), "-c", EVERY_OBJECT], [0]),
        Tool(OURS, ours, [0, 1, 4]),
    ]
    for name, (arguments, codes) in HISTORY_PEERS.items():
        path = program(name, required=name in (wanted or []))
        if path:
            found.append(Tool(name, [path, *arguments], codes))
    return [tool for tool in found if not wanted or tool.name in wanted]


def program(name, required):
    path = os.environ.get(name.upper()) or shutil.which(name)
    if path is None or not os.path.isfile(path):
        if required or path:
            sys.exit(f"{path or name} is not there; {name.upper()} can name it")
        return None
    with open(path, "rb") as file:
        if file.read(2) == b"#!":
            sys.exit(f"{path} is a script; {name.upper()} must name the native program")
    return os.path.abspath(path)


def run(tool, target, timeout, log, stdin=os.devnull):
    """Runs a tool on a target and measures it."""
    command = [*tool.command, str(target)]
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, stdin, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
        (os.POSIX_SPAWN_OPEN, 2, str(log), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600),
    ]
    environment = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    start = time.perf_counter()
    pid = os.posix_spawn(command[0], command, environment, file_actions=actions, setpgroup=0)
    late = threading.Event()
    timer = threading.Timer(timeout, lambda: (late.set(), os.killpg(pid, signal.SIGKILL)))
    timer.start()
    _, status, used = os.wait4(pid, 0)
    wall = time.perf_counter() - start
    timer.cancel()
    if late.is_set():
        raise TooLong
    if os.waitstatus_to_exitcode(status) not in tool.codes:
        tail = pathlib.Path(log).read_text(errors="replace")[-2000:]
        sys.exit(f"{' '.join(command)} ended with {os.waitstatus_to_exitcode(status)}:\n{tail}")
    return Run(wall, used.ru_utime + used.ru_stime, memory(command, used.ru_maxrss * 1024, log, stdin))


def memory(command, seen, log, stdin):
    """The peak memory of a process, in bytes; `seen` is what the system said of it.

    Between its birth and the start of its program a process is a copy of this one, and the system counts that: what is
    no more than our own peak says nothing. Such a process is small and quick, and runs once more below GNU time, which
    is smaller than anything that is measured here.
    """
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    gnu_time = shutil.which("time")
    if seen > own or gnu_time is None or stdin != os.devnull:
        return seen
    with tempfile.NamedTemporaryFile("r") as out, open(log, "wb") as errors:
        subprocess.run([gnu_time, "-q", "-f", "%M", "-o", out.name, *command], stdin=subprocess.DEVNULL,
                       stdout=subprocess.DEVNULL, stderr=errors, check=False)
        return int(out.read().split()[-1]) * 1024


def compare(title, chosen, target, args, log, stdin=os.devnull):
    """Runs of each tool on one target, interleaved; None for a tool that took too long."""
    runs = {tool.name: [] for tool in chosen}
    for turn in range(max(args.runs, args.peer_runs)):
        for tool in chosen[turn % len(chosen):] + chosen[:turn % len(chosen)]:
            most = args.peer_runs if tool.name in PEERS else args.runs
            if turn >= most or runs[tool.name] is None:
                continue
            try:
                runs[tool.name].append(run(tool, target, args.timeout, log, stdin))
            except TooLong:
                runs[tool.name] = None
    if args.raw:
        with open(args.raw, "a") as raw:
            for name, measured in runs.items():
                rows = None if measured is None else [dataclasses.asdict(r) for r in measured]
                print(json.dumps({"case": title, "tool": name, "runs": rows}), file=raw)
    return runs


def table(runs, args, size=None):
    """The rows of one comparison; with the rate if there is a size in bytes."""
    def best(name):
        return min(r.cpu for r in runs[name]) if runs.get(name) else None

    floor = GIT if GIT in runs else FLOOR
    head = ["tool", "wall min", "wall median", "CPU min", "CPU median", "peak RSS", f"CPU / {floor}", f"CPU / {OURS}"]
    rows = [head + (["MB/s of CPU"] if size else [])]
    for name, measured in runs.items():
        if not measured:
            rows.append([name, f"> {args.timeout} s"] + [""] * (len(rows[0]) - 2))
            continue
        walls, cpus = [r.wall for r in measured], [r.cpu for r in measured]
        row = [name, seconds(min(walls)), seconds(statistics.median(walls))]
        row += [seconds(min(cpus)), seconds(statistics.median(cpus)), mib(measured)]
        row += [f"{min(cpus) / base:.2f}" if base else "" for base in (best(floor), best(OURS))]
        rows.append(row + ([f"{size / 1e6 / min(cpus):.0f}"] if size else []))
    return rows


def mib(measured):
    return f"{max(r.rss for r in measured) / MIB:.1f} MiB"


def seconds(value):
    return f"{value * 1000:.1f} ms" if value < 1 else f"{value:.2f} s"


def show(title, rows):
    print(f"\n### {title}\n")
    print("| " + " | ".join(rows[0]) + " |")
    print("|---|" + "---:|" * (len(rows[0]) - 1))
    for row in rows[1:]:
        print("| " + " | ".join(row) + " |", flush=True)


def machine(chosen):
    """What a reader must know of this run."""
    model = next((line.split(":")[1].strip() for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines()
                  if line.startswith("model name")), platform.processor())
    print(f"{datetime.date.today()}, {model}, {os.cpu_count()} cores, Linux {platform.release()}, "
          f"load {os.getloadavg()[0]:.1f} at the start.\n")
    for tool in chosen:
        if tool.name not in (FLOOR, GIT):
            said = subprocess.run([tool.command[0], "--version"], stdout=subprocess.PIPE, text=True).stdout
            print(f"* {(said.split() or ['?'])[-1]}: `{tool.name} {' '.join(tool.command[1:])}`")


def trees(chosen, args, log):
    for tree in args.tree:
        if any((parent / ".git").exists() for parent in [tree, *tree.parents]):
            sys.exit(f"{tree} is in a git repository, which tools treat differently: copy the files elsewhere")
        floor = subprocess.run([program("walkread", True), tree], stdout=subprocess.PIPE, text=True, check=True)
        files, size = map(int, floor.stdout.split())  # this first walk also fills the page cache
        if not files:
            sys.exit(f"{tree} has no files")
        title = f"{tree.name}: {files:,} files, {size / 1e6:.1f} MB"
        show(title, table(compare(title, chosen, tree, args, log), args, size))


def histories(chosen, args, log):
    for repository in args.tree:
        counted = subprocess.run(["git", "-C", repository, "cat-file", "--batch-all-objects", "--batch-check",
                                  "--unordered"], stdout=subprocess.PIPE, text=True, check=True)
        lines = [line.split() for line in counted.stdout.splitlines()]
        size = sum(int(line[2]) for line in lines if len(line) == 3)
        name = repository.name if repository.name not in ("repo", ".git") else repository.parent.name
        title = f"{name}: {len(lines):,} objects, {size / 1e6:.0f} MB"
        show(title, table(compare(title, chosen, repository, args, log), args, size))


def startup(chosen, args, log):
    file = pathlib.Path("tiny.txt").absolute()
    file.write_text("let answer = 42;\n" * 12)
    title = f"one file of {file.stat().st_size} bytes"
    show(title, table(compare(title, chosen, file, args, log), args))


def hostile(chosen, args, log):
    """One table for all inputs: the rates of all tools, and our memory. A run that takes too long ends in a bound."""
    inputs, folder = program("inputs", required=True), args.work / f"hostile-{args.hostile}"
    lines = subprocess.check_output([inputs], text=True).splitlines()
    rows = [["input", *(tool.name for tool in chosen), f"RSS of {OURS}"]]
    for name in (line.split()[0] for line in lines):
        file = folder / f"{name}.txt"
        subprocess.run([inputs, folder, str(args.hostile), name], check=True)
        runs = compare(name, chosen, file, args, log)
        file.unlink()

        def rate(measured):
            if not measured:
                return f"< {args.hostile / 1e6 / args.timeout:.1f} (stopped after {args.timeout} s)"
            megabytes = args.hostile / 1e6 / min(r.wall for r in measured)
            return f"{megabytes:.0f}" if megabytes >= 10 else f"{megabytes:.1f}"

        rows.append([name, *map(rate, runs.values()), mib(runs[OURS]) if runs.get(OURS) else ""])
        print(" ".join(rows[-1]), file=sys.stderr, flush=True)  # it takes long: something to look at
    show(f"MB/s of wall, files of {args.hostile / MIB:g} MiB", rows)


def memory_cases(chosen, args, log):
    big = args.work / "big" / "code.txt"
    if not big.exists():
        subprocess.run([program("inputs", True), big.parent, str(1 << 30), "code"], check=True)
    show("one file of 1 GiB", table(compare("1 GiB", chosen, big, args, log), args, 1 << 30))
    ours = [tool for tool in chosen if tool.name == OURS]
    fifo = args.work / "pipe"
    if not fifo.exists():
        os.mkfifo(fifo)
    runs = {OURS: []}
    for _ in range(args.runs if ours else 0):
        with subprocess.Popen(["sh", "-c", f"cat '{big}' >'{fifo}'"]):
            runs[OURS].append(run(ours[0], "-", args.timeout, log, stdin=str(fifo)))
    show("the same by a pipe", table(runs, args, 1 << 30))
    if not args.keep:
        big.unlink()
    for count, text in (args.empty_files, b""), (100_000, (b"let answer = 42;\n" * 128)[:2048]):
        title, folder = f"{count:,} files of {len(text)} bytes", args.work / f"{count}-files-of-{len(text)}-bytes"
        if not folder.exists():
            make_files(folder, count, text)
        show(title, table(compare(title, chosen, folder, args, log), args))
        if not args.keep:
            shutil.rmtree(folder)


def make_files(folder, count, text):
    for i in range(count):
        if i % 1000 == 0:
            directory = folder / f"{i // 1000:04}"
            directory.mkdir(parents=True)
        path = f"{directory}/{i % 1000:03}.txt"
        if not text:
            os.mknod(path)  # one system call for a million of them, not two
            continue
        with open(path, "wb") as file:
            file.write(text)


def quick_folder(files, size):
    """A folder in memory, where a million files are made and removed in seconds, or None where there is none."""
    folder = "/dev/shm"
    if not os.access(folder, os.W_OK):
        return None
    room = os.statvfs(folder)
    # Each file takes about 1 KiB of memory besides its text; a machine that has no more to spare uses the disk.
    enough = room.f_bavail * room.f_frsize > 2 * (size + files * 1024)
    return folder if enough and (room.f_files == 0 or room.f_favail > files) else None


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tree", nargs="*", type=lambda path: pathlib.Path(path).resolve())
    parser.add_argument("--history", action="store_true", help="the trees are repositories: their histories")
    parser.add_argument("--startup", action="store_true")
    parser.add_argument("--hostile", nargs="?", type=int, const=32 * MIB, metavar="BYTES")
    parser.add_argument("--memory", action="store_true")
    parser.add_argument("--runs", type=int, help="of walk+read and keysieve (5; 20 for --startup, 3 for --hostile)")
    parser.add_argument("--peer-runs", type=int, help="of each peer (as --runs)")
    parser.add_argument("--tools", type=lambda names: names.split(","), help="only these, separated by commas")
    parser.add_argument("--threads", type=int, help="of walk+read and keysieve (one for each core)")
    parser.add_argument("--timeout", type=int, metavar="SECONDS", help="for one run (600; 30 for --hostile)")
    parser.add_argument("--empty-files", type=int, default=1_000_000, metavar="COUNT", help="for --memory (1,000,000)")
    parser.add_argument("--work", type=lambda path: pathlib.Path(path).resolve(),
                        help="where inputs are made and kept (a temporary folder that is removed; for --memory in "
                             "/dev/shm if there is room)")
    parser.add_argument("--raw", type=lambda path: pathlib.Path(path).resolve(),
                        help="append the runs to this file, a line of JSON for each case and tool")
    args = parser.parse_args()
    modes = [bool(args.tree), args.startup, args.hostile is not None, args.memory]
    if sum(modes) != 1 or args.history and not args.tree:
        parser.error("either trees or repositories, or one of --startup, --hostile and --memory")
    args.runs = args.runs or (20 if args.startup else 3 if args.hostile else 5)
    args.peer_runs = args.runs if args.peer_runs is None else args.peer_runs
    args.timeout = args.timeout or (30 if args.hostile else 600)
    if (args.memory or args.hostile) and not args.tools:
        args.tools = [FLOOR, OURS]  # a peer could take the machine down, or hours
    return args


def main():
    args = arguments()
    chosen = (history_tools if args.history else tools)(args.tools, args.threads)
    mode = histories if args.history else startup if args.startup else hostile if args.hostile else memory_cases if args.memory else trees
    args.keep = args.work is not None
    quick = quick_folder(args.empty_files + 100_000, 1 << 30) if args.memory and not args.keep else None
    with tempfile.TemporaryDirectory(dir=quick) as scratch:
        os.chdir(scratch)  # no configuration of any tool lies here
        args.work = args.work or pathlib.Path(scratch)
        args.work.mkdir(parents=True, exist_ok=True)
        machine(chosen)
        mode(chosen, args, pathlib.Path(scratch, "log"))
        print(f"\nLoad at the end: {os.getloadavg()[0]:.1f}.")
        os.chdir("/")


if __name__ == "__main__":
    main()
