# SPDX-License-Identifier: MIT
"""The result document as a whole: what does not belong to one job."""

import json
import subprocess
import time
from pathlib import Path

import installed_fio
import pytest
from guests import TIMEOUT_S

ROOT = Path(__file__).resolve().parents[2]
JOB = "[a]\nfilename=/dev/vda\nrw=randread\nbs=4k\nnumber_ios=10\n"
DISK = "--disk=backend=null,size=1G"
def fio_json(text, directory):
    """The same job in the real fio, on a file."""
    (directory / "fio.fio").write_text(text)
    done = subprocess.run(["fio", "--output-format=json", "fio.fio"], cwd=directory,
                          stdout=subprocess.PIPE, text=True, check=True, timeout=TIMEOUT_S)
    return json.loads(done.stdout[done.stdout.index("{\n"):])


def test_result_and_console_say_what_was_built(guest):
    outcome = guest.good(DISK, job=JOB)
    release, commit = (ROOT / "build" / "version").read_text().split()
    ours = outcome.result["ringbolt"]
    assert (ours["version"], ours["commit"]) == (release, commit)
    assert release == (ROOT / "VERSION").read_text().split()[0]
    assert f"Ringbolt {release} ({commit}): block I/O on bare metal" in outcome.out


BASES = ("2026-11-21T02:21:58", "2032-02-28T23:59:59", "1999-12-31T23:59:58")


@pytest.mark.parametrize("base", BASES)
def test_the_result_is_dated_by_the_machines_clock(guest, base):
    result = guest.good(DISK, "--qemu-arg=-rtc", f"--qemu-arg=base={base}", job=JOB).result
    start = time.mktime(time.strptime(base + " UTC", "%Y-%m-%dT%H:%M:%S %Z")) - time.timezone
    assert start <= result["timestamp"] <= start + 90
    assert result["timestamp_ms"] == result["timestamp"] * 1000
    assert result["time"] == time.asctime(time.gmtime(result["timestamp"]))


@pytest.mark.parametrize("rw", ["randread", "randrw"])
@pytest.mark.parametrize("engine, depth", [("psync", 1), ("sync", 4), ("pvsync2", 1), ("null", 1),
                                           ("null", 4), ("libaio", 1), ("io_uring", 4)])
def test_synchronous_engines_have_no_slat_as_in_fio(guest, engine, depth, rw):
    guest.zeroes("image", 1 << 20)
    text = (f"[a]\nfilename={{}}\nioengine={engine}\niodepth={depth}\nrw={rw}\nbs=4k\n"
            "size=1m\nnumber_ios=100\n")
    ours = guest.good("--disk=backend=file,path=image", installed_fio.followed(),
                      job=text.format("/dev/vda"))
    theirs = fio_json(text.format("image"), guest.directory)
    for direction in ("read", "write"):
        job, fio = ours.result["jobs"][0][direction], theirs["jobs"][0][direction]
        for kind in ("slat_ns", "clat_ns", "lat_ns"):
            assert job[kind]["N"] == fio[kind]["N"], kind
            assert list(job[kind]) == list(fio[kind]), kind
        if fio["lat_ns"]["N"] and not fio["slat_ns"]["N"]:
            assert job["clat_ns"]["mean"] == job["lat_ns"]["mean"]
            assert job["clat_ns"]["max"] == job["lat_ns"]["max"]


def test_bandwidth_is_sampled_each_period_whatever_ran_before(guest):
    """A job before, without samples and on the same CPU; nothing else is due by the clock."""
    run = guest.good("--disk=backend=null,size=1G", "--set=status_interval_ms=0",
                     "--set=request_timeout_ms=0", job="""
[before]
filename=/dev/vda
rw=randread
number_ios=9
disable_bw_measurement=1
[sampled]
stonewall
filename=/dev/vda
rw=randwrite
time_based
runtime=1
bwavgtime=100
iopsavgtime=200
""")
    write = run.result["jobs"][1]["write"]
    assert 6 <= write["bw_samples"] <= 10
    assert 3 <= write["iops_samples"] <= 5
    assert write["bw_mean"] == pytest.approx(write["bw"], rel=0.2)
    assert write["iops_mean"] == pytest.approx(write["iops"], rel=0.2)
