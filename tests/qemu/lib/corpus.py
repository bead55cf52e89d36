# SPDX-License-Identifier: MIT
"""Debian's fio examples (tests/data/fio_examples.txt) as small runs on one disk: those of class A
and what is accepted of class B.

The rule: every filename= names the disk, directory= goes, a file without filename= gets one in
front; sizes, times and rates shrink as the table says; everything else stays. The host's fio
gets the same text with a file of the disk's size instead of the disk.
"""

import json
import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Optional

import installed_fio

from guests import TIMEOUT_S

ROOT = Path(__file__).resolve().parents[3]
EXAMPLES = Path("/usr/share/doc/fio/examples")
LIST = ROOT / "tests" / "data" / "fio_examples.txt"

DISK = "/dev/vda"
HOST_DISK = "disk"
DISK_BYTES = 16 << 20
LOG = "host"

# A file of the host need not allow O_DIRECT. Buffered, libaio completes in the order of issue,
# so that fio's latency log is the sequence.
ON_A_FILE = {"filename": HOST_DISK, "direct": "0", "buffered": "1"}
# Those, and what only the host is told.
NOT_COMPARED = {*ON_A_FILE, "write_lat_log", "log_offset"}


@dataclass
class Example:
    """`changes`: option -> new value, in which {} is the old one; None drops the line.

    `uncounted`, `unordered`: why neither counts nor sequences can be equal, or only the latter;
    `host`: changes for the host's fio alone; `at_least_ms`: how long a paced job has to take;
    `verifies`: reads that check writes stand between them in the host's log.
    """
    name: str
    changes: dict = field(default_factory=dict)
    uncounted: Optional[str] = None
    unordered: Optional[str] = None
    host: dict = field(default_factory=dict)
    at_least_ms: int = 0
    verifies: bool = False
    variant: str = ""


TIME_BASED = "time_based: as much as fits"
SHORT = {"size": "8m", "runtime": "300ms"}

EXAMPLES_A = [
    Example("1mbs_clients", {"size": "32k", "rate": "125000", "ratemin": "102400",
                             "startdelay": "{}ms"}, at_least_ms=220),
    Example("aio-read", {"size": "4m"}),
    Example("backwards-read", {"size": "4m"}),
    Example("basic-verify", verifies=True),
    Example("butterfly"),
    # With loops=2 fio 3.33 mistakes the numbers of the second loop for the first's.
    Example("cross-stripe-verify", {"offset_increment": "512k", "io_size": "64k", "loops": "1"},
            verifies=True),
    Example("disk-zone-profile", {"zonesize": "1m", "zoneskip": "3m"}),
    Example("exitwhat", {"filesize": "16m", "number_ios": "100"},
            uncounted="thinktime and rates end the jobs of one another"),
    Example("fio-rand-RW", SHORT, uncounted=TIME_BASED),
    Example("fio-rand-read", SHORT, uncounted=TIME_BASED),
    Example("fio-rand-write", SHORT, uncounted=TIME_BASED),
    Example("fio-seq-RW", SHORT, uncounted=TIME_BASED),
    Example("fio-seq-read", SHORT, uncounted=TIME_BASED),
    Example("fio-seq-write", SHORT, uncounted=TIME_BASED),
    # fio hangs when it logs what it has offloaded.
    Example("fixed-rate-submission", {"size": "1m"}, at_least_ms=220,
            host={"io_submit_mode": None}),
    Example("flow", {"size": "8m", "runtime": "500ms"}, uncounted=TIME_BASED),
    Example("fsx", {"loops": "20"}),
    Example("iometer-file-access-server", {"size": "4m"}),
    Example("jesd219", uncounted="randrepeat=0: seeds by chance"),
    Example("jesd219", {"randrepeat": "1"}, variant="repeated"),
    Example("latency-profile", {"latency_window": "50000"},
            uncounted="ends when the latency search has converged"),
    Example("null", {"size": "8m"}, unordered="gtod_reduce: fio logs nothing"),
    # The host need not have two nodes.
    Example("numa", {"size": "4m"}, host={"numa_cpu_nodes": None, "numa_mem_policy": None}),
    Example("poisson-rate-submission", {"size": "64k"}, host={"io_submit_mode": None}),
    Example("rand-zones", {"size": "8m"}),
    Example("ssd-steadystate"),
    Example("ssd-test", {"size": "4m"}),
    Example("steadystate", {"size": "8m", "runtime": "10", "ss": "iops:1000%", "ss_dur": "2s",
                            "ss_ramp": "0"}, uncounted="ends when the rate is steady"),
    # fill_device would fill the file system of the host.
    Example("surface-scan", host={"fill_device": None}),
    Example("tiobench-example", {"size": "2m"}),
    Example("waitfor", {"filesize": "4m"}),
    Example("zipf", {"size": "8m"}, unordered="the distribution hashes the name of the file"),
]

# What they ask for beside the I/Os, priorities and compressible data, we note and ignore.
EXAMPLES_B = [
    Example("cmdprio-bssplit", {"size": "2m", "write_lat_log": None}),
    Example("cmdprio-percentage", {"size": "2m", "write_lat_log": None}),
    Example("dedupe-global", {"size": "2m"}),
]

# fio trims devices, not files.
NOT_RUN = {"enospc-pressure"}

# Of class C and the rest of B, one for each kind of reason.
REFUSED = ["cpuio", "e4defrag", "libpmem", "netio", "rbd", "sg_verify", "xnvme-compare",
           "zbd-rand-write"]


def listed():
    """name, class, outcome, jobs, reason of all examples of the installed release, from the list
    that the parser's test uses as well."""
    rows, applies = [], True
    for line in LIST.read_text().splitlines():
        if line.startswith("== "):
            applies = installed_fio.is_of(line[3:])
        elif applies and line[0] != "#":
            rows.append((line.split(maxsplit=4) + [""])[:5])
    return rows


def changed(text, changes):
    lines = []
    for line in text.splitlines():
        found = re.match(r"\s*([a-z0-9_]+)\s*=\s*([^;#]*?)\s*(?:[;#].*)?$", line)
        if found and found[1] in changes:
            value = changes[found[1]]
            if value is not None:
                lines.append(f"{found[1]}={value.format(found[2])}")
        elif line.strip() not in changes:
            lines.append(line)
    return "\n".join(lines) + "\n"


def text_of(example):
    """The job file for both sides."""
    text = (EXAMPLES / f"{example.name}.fio").read_text()
    text = changed(text, {"filename": DISK, "directory": None, **example.changes})
    if not re.search(r"^filename=", text, re.MULTILINE):
        text = f"[global]\nfilename={DISK}\n{text}"
    return text


class HostRun:
    """The real fio with the same job file, on a file of the disk's size."""

    def __init__(self, directory, example):
        self.directory = directory
        with open(directory / HOST_DISK, "wb") as file:
            file.truncate(DISK_BYTES)
        text = changed(text_of(example), {**ON_A_FILE, **example.host})
        (directory / "host.fio").write_text(
            f"[global]\nwrite_lat_log={LOG}\nlog_offset=1\n{text}")
        self.process = subprocess.Popen(
            ["fio", "--output=host.json", "--output-format=json", "host.fio"], cwd=directory,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True)

    def finish(self):
        self.output, _ = self.process.communicate(timeout=TIMEOUT_S)
        self.status = self.process.returncode
        text = (self.directory / "host.json").read_text()
        self.result = json.loads(text[text.index("{"):])
        return self

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def sequences(self):
        """Per thread the (direction, length, offset) of all I/Os in order of completion."""
        logs = sorted(self.directory.glob(f"{LOG}_lat.*.log"),
                      key=lambda path: int(path.suffixes[-2][1:]))
        return [[tuple(int(row.split(",")[column]) for column in (2, 3, 4))
                 for row in log.read_text().splitlines()] for log in logs]


def sequence_digest(sequence):
    """As the kernel computes it (bench/sequence/generator_impl.h)."""
    digest = 0xcbf29ce484222325
    for direction, length, offset in sequence:
        digest = (digest ^ length << 32 ^ direction ^ offset) * 0x100000001b3 % (1 << 64)
    return f"{digest:016x}"
