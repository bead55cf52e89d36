# SPDX-License-Identifier: MIT
"""A job file, run by both sides.

The real fio has a file for each disk, called as the disk is without /dev/: never a device of the
host. All of its jobs run at once, or each stonewall would cost a third of a second: a stonewall
becomes new_group, which numbers the groups alike.
"""

import functools
import json
import os
import re
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DIRECTIONS = ("read", "write", "trim")
TIMEOUT_S = 120
FIO_TIMEOUT_S = 30
FILL = re.compile(r"^io +(\d+) +fill: io_u \w+: off=0x(\w+),len=0x(\w+),ddir=(\d)", re.MULTILINE)
PARENT = re.compile(r"^process +(\d+) ", re.MULTILINE)
PIDS = 1 << 22  # Linux has no more; behind the last one it begins anew
STARTED = re.compile(r"^process +(\d+) +jobs pid=\1 started", re.MULTILINE)
REAPED = re.compile(r" pid=(\d+): runstate EXITED -> REAPED", re.MULTILINE)
SET_UP = re.compile(r" pid=0: runstate (?:(NOT_CREATED -> SETTING_UP)|(NOT_CREATED -> REAPED))")
DEBUG = re.compile(r"^(io|process) .*\n", re.MULTILINE)
SECTION = re.compile(r"^(?=\[)", re.MULTILINE)
STONEWALL = re.compile(r"^(?:stonewall|wait_for_previous)(?:=(.*))?\n", re.MULTILINE)
NEW_GROUP = re.compile(r"^new_group\b.*\n", re.MULTILINE)


@dataclass
class Thread:
    """What one clone of one job issued."""

    digest: str
    ios: int
    length_bytes: int
    off_sector: int = 0  # how many I/Os began or ended within a sector


@dataclass
class Side:
    status: int  # None: it did not end
    said: str
    entries: list = field(default_factory=list)  # jobs of the JSON document
    threads: list = field(default_factory=list)
    stuck: list = field(default_factory=list)  # the indices of threads that did not end


def digest(ios):
    """FNV-1a over one 64-bit word per I/O, as the kernel computes it."""
    value = 0xcbf29ce484222325
    for offset, length, direction in ios:
        value = ((value ^ offset ^ length << 32 ^ direction) * 0x100000001b3) % 2**64
    return f"{value:016x}"


def thread_of(ios):
    return Thread(digest(ios), len(ios), sum(io[1] for io in ios),
                  sum(io[0] % 512 != 0 or io[1] % 512 != 0 for io in ios))


def pids_of(text):
    """Of each thread in the order of the jobs, None if it was not started. The parent sets all up
    first, one after the other; processes are numbered as they are made, from its own number on."""
    fate = []
    for begun, failed in SET_UP.findall(text):
        if begun:
            fate.append(True)
        elif failed:
            fate[-1] = False
    parent = int(PARENT.search(text)[1]) if fate else 0
    pids = iter(sorted(map(int, STARTED.findall(text)), key=lambda pid: (pid - parent) % PIDS))
    return [next(pids, None) if started else None for started in fate]


def threads_of(text):
    issued = {pid: [] for pid in pids_of(text)}
    for pid, offset, length, direction in FILL.findall(text):
        if int(direction) < len(DIRECTIONS) and int(pid) in issued:
            issued[int(pid)].append((int(offset, 16), int(length, 16), int(direction)))
    return [thread_of(issued[pid] if pid else []) for pid in pids_of(text)]


def output_of(command, directory, timeout_s):
    """(exit status, stdout, stderr); the status of what did not end in time is None."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          errors="replace", cwd=directory, start_new_session=True) as process:
        try:
            said = process.communicate(timeout=timeout_s)
            return process.returncode, *said
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            return None, *process.communicate()


def without_stonewalls(text):
    """Each job that has one begins a group, whatever its own new_group says."""
    parts = SECTION.split(text)
    for at, part in enumerate(parts):
        values = STONEWALL.findall(part)
        parts[at] = STONEWALL.sub("", part)
        if values and int(values[-1] or "1", 0):
            parts[at] = NEW_GROUP.sub("", parts[at]).rstrip("\n") + "\nnew_group\n"
    return "".join(parts)


@functools.cache
def release():
    """Of the installed fio."""
    done = subprocess.run(["fio", "--version"], capture_output=True, text=True, check=True)
    return done.stdout.strip().removeprefix("fio-")


def run_fio(directory, text, disks):
    """disks: {name below /dev: bytes}. The files stay, as what was written."""
    for name, length_bytes in disks.items():
        with open(directory / name, "wb") as file:
            file.truncate(length_bytes)
    (directory / "fio.fio").write_text(without_stonewalls(text.replace("/dev/", "")))
    status, out, err = output_of(["fio", "--debug=io,process", "--output-format=json", "fio.fio"],
                                 directory, FIO_TIMEOUT_S)
    if status is None:
        reaped = set(map(int, REAPED.findall(out)))
        return Side(None, DEBUG.sub("", out) + err,
                    stuck=[at for at, pid in enumerate(pids_of(out)) if pid and pid not in reaped])
    said, brace, document = out.partition("\n{\n")
    said = DEBUG.sub("", said) + err
    if not brace:
        return Side(status, said)
    document, _, after = ("{\n" + document).rpartition("\n}")
    # Of a job that does not report in a group that does, an entry without a name remains.
    entries = [entry for entry in json.loads(document + "\n}")["jobs"] if "jobname" in entry]
    return Side(status, said + after, entries, threads_of(out))


def run_ours(directory, text, disks, words=(), timeout_s=TIMEOUT_S):
    """disks: the words of --disk of each."""
    result = directory / "result.json"
    result.unlink(missing_ok=True)
    (directory / "job.fio").write_text(text)
    done = subprocess.run([sys.executable, str(ROOT / "bench" / "ringbolt"), "run", "--accel=tcg",
                           "--placement=none", f"--timeout={timeout_s}", f"--json={result}",
                           "--set=status_interval_ms=0", f"--set=fio_version={release()}", *words,
                           *(f"--disk={disk}" for disk in disks), "job.fio"],
                          cwd=directory, capture_output=True, text=True, errors="replace",
                          timeout=timeout_s + 60, check=False)
    said = done.stderr + done.stdout
    if not result.exists():
        return Side(done.returncode, said)
    document = json.loads(result.read_text())
    threads = [Thread(own["sequence_digest"], 0, 0) for own in document["ringbolt"]["jobs"]]
    return Side(done.returncode, said, document["jobs"], threads)


def fio_accepts(directory, text):
    (directory / "one.fio").write_text(text)
    done = subprocess.run(["fio", "--parse-only", "one.fio"], cwd=directory, capture_output=True,
                          timeout=TIMEOUT_S, check=False)
    return done.returncode == 0
