# SPDX-License-Identifier: MIT
"""The status line: every shape that it takes here is one that the real fio's takes."""

import os
import pty
import re
import subprocess
import sys

import pytest
from guests import TIMEOUT_S, TOOL

DISK_BYTES = 64 << 20
TIMED = "runtime=3\ntime_based\n"
# name: options of all jobs, the jobs, the states that are seen
JOBS = {
    "mixed and rated": (TIMED, "[a]\nrw=randrw\n[b]\nrw=write\nrate_iops=1000\n", "mW"),
    "one after the other": (TIMED, "[a]\nrw=read\n[b]\nstonewall\nrw=randwrite\n", "RPw_"),
    "rates in bytes": (TIMED, "[a]\nrw=rw\nrate=4m,2m\nrate_min=100k\n", "M"),
    "ramp and pause": ("thinktime=1s\nthinktime_blocks=2000\nramp_time=1\n" + TIMED,
                       "[a]\nrw=randread\n", "/r"),
    # Long enough for fio to look at the writing, and for us at the checking: the slowest sum.
    "verify": ("verify=sha1\nbs=64k\nrate_iops=200\n", "[a]\nrw=write\n", "WV"),
    "clones": (TIMED, "[a]\nrw=randread\nnumjobs=3\nrate_iops=500\n", "r"),
}


def start(command, cwd):
    """In a terminal, as both want one; returns the process and its output's end."""
    master, slave = pty.openpty()
    process = subprocess.Popen(command, cwd=cwd, stdout=slave, stderr=subprocess.DEVNULL,
                               stdin=subprocess.DEVNULL)
    os.close(slave)
    return process, master


def finish(process, master):
    output = b""
    while True:
        try:
            piece = os.read(master, 65536)
        except OSError:  # the other side is closed
            break
        if not piece:
            break
        output += piece
    os.close(master)
    assert process.wait(timeout=TIMEOUT_S) == 0, output
    return output.decode()


def status_lines(output):
    lines = {line.strip() for line in re.split(r"[\r\n]", output) if line.startswith("Jobs:")}
    return {line for line in lines if "[" in line}  # fio's first has no more than the count


def shape(line):
    """Numbers and units become their kind."""
    line = re.sub(r"\d+(\.\d+)?(k|M|G|Ki|Mi|Gi)?B/s", "BW", line)
    line = re.sub(r"=\d+(\.\d+)?[kM]?\b", "=N", line)
    line = re.sub(r"\[(\d+\.\d|-\.-)%\]", "[PERCENT]", line)
    line = re.sub(r"\[eta ([\dhmsd:]+|--)\]", "[ETA]", line)
    return re.sub(r"\b\d+-\d+ IOPS", "LIMIT IOPS", line)


def parts(line):
    """What it is made of, in order: the counts and limits, then each bracket."""
    return re.findall(r"^[^\[]*|\[[^\]]*\]", shape(line))


def states(line):
    return set(re.findall(r"([A-Za-z_/])\(\d+\)", line))


def write_job(path, name, disk):
    head, jobs, _ = JOBS[name]
    with open(path.parent / "disk", "wb") as file:
        file.truncate(DISK_BYTES)
    path.write_text(f"[global]\nfilename={disk}\nbs=4k\nioengine=libaio\n{head}{jobs}")


@pytest.fixture(scope="module")
def known(tmp_path_factory):
    """The parts of all of fio's lines; its runs are side by side."""
    runs = []
    for name in JOBS:
        directory = tmp_path_factory.mktemp("fio")
        write_job(directory / "job.fio", name, "disk")
        runs.append(start(["fio", "--eta=always", "--eta-newline=250ms", "job.fio"], directory))
    lines = set().union(*(status_lines(finish(*run)) for run in runs))
    assert lines
    return {part for line in lines for part in parts(line)}


# Which jobs are in what state, and which directions move, when it is looked is chance.
CHANCE = re.compile(r"\[([PCIRrWwMmDdV_/]\(\d+\),?)+\]|\[[rwt]=(BW|N)(,[rwt]=(BW|N))*( IOPS)?\]|"
                    r"Jobs: \d+ \(f=N\)(, (BW-BW|LIMIT IOPS))?: ")


@pytest.mark.parametrize("name", JOBS)
def test_status_lines_have_fios_shapes(tmp_path, known, name):
    write_job(tmp_path / "job.fio", name, "/dev/vda")
    ours = status_lines(finish(*start(
        [sys.executable, str(TOOL), "run", "--accel=tcg", "--placement=none",
         "--set=status_interval_ms=250", f"--disk=backend=file,path=disk,size={DISK_BYTES}",
         "job.fio"], tmp_path)))
    assert len(ours) >= 3
    for line in ours:
        assert all(part in known or CHANCE.fullmatch(part) for part in parts(line)), (line, known)
        assert [part[0] for part in parts(line)][:3] == ["J", "[", "["]
    assert set().union(*map(states, ours)) >= set(JOBS[name][2])


@pytest.mark.parametrize("part", ["Jobs: 1 (f=N): ", "[PERCENT]", "[ETA]", "[r=BW]", "[r=N IOPS]",
                                  "[W(1)]"])
def test_fio_has_what_is_looked_for(known, part):
    assert part in known
