# SPDX-License-Identifier: MIT
"""What reads fio's results reads ours: fio's own tools, and a typed decoder.

The same job file is run by the real fio, on a file: that the decoder takes its document proves
the decoder.
"""

import gzip
import math
import re
import subprocess
import sys
from pathlib import Path

import installed_fio
import pytest
from guests import TIMEOUT_S, Guest
from typed_json import DOCUMENT, misfits, read

DISK_BYTES = 16 << 20
DIRECTIONS = ("read", "write", "trim")
PERCENTILE_TOOL = Path("/usr/share/doc/fio/fio-histo-log-pctiles.py.gz")

JOB = """\
[global]
bs=4k
ioengine=libaio
iodepth=16
stonewall
write_lat_log=p
write_hist_log=h
log_hist_msec=50
percentile_list=1:25:50:90:99:99.9:100
[reader]
rw=randread
lat_percentiles=1
slat_percentiles=1
[mixed]
rw=randrw
size=4m
description=a mix of both
[writers]
rw=write
size=2m
fsync=8
ioengine=psync
numjobs=2
group_reporting
[rated]
rw=read
rate_iops=500
size=400k
latency_target=2s
latency_window=1s
continue_on_error=all
[both]
rw=randrw
size=1m
unified_rw_reporting=both
[reduced]
rw=read
size=1m
gtod_reduce=1
[steady]
rw=randread
time_based
runtime=10
rate_iops=2000
steadystate=iops:1000%
steadystate_duration=2
write_lat_log=s
"""


class Ran:
    """A result, its text, and the log files beside it."""

    def __init__(self, directory, text):
        self.directory, self.text = directory, text
        self.document = read(text)

    def job(self, name):
        return next(job for job in self.document["jobs"] if job["jobname"] == name)

    def log(self, name):
        return [[int(field) for field in line.split(",")]
                for line in (self.directory / name).read_text().splitlines()]


@pytest.fixture(scope="module")
def ours(tmp_path_factory):
    directory = tmp_path_factory.mktemp("ours")
    guest = Guest(directory)
    guest.good(f"--disk=backend=null,size={DISK_BYTES}", "--set=json_plus=on",
               installed_fio.followed(), job=JOB.replace("[global]", "[global]\nfilename=/dev/vda"))
    return Ran(directory, (directory / "result.json").read_text())


@pytest.fixture(scope="module")
def theirs(tmp_path_factory):
    directory = tmp_path_factory.mktemp("theirs")
    with open(directory / "disk", "wb") as file:
        file.truncate(DISK_BYTES)
    (directory / "job.fio").write_text(JOB.replace("[global]", "[global]\nfilename=disk"))
    done = subprocess.run(["fio", "--output-format=json+", "job.fio"], cwd=directory,
                          capture_output=True, text=True, timeout=TIMEOUT_S, check=True)
    return Ran(directory, done.stdout[done.stdout.index("{"):])


@pytest.mark.parametrize("side", ["theirs", "ours"])
def test_a_typed_decoder_takes_the_document(side, request):
    document = request.getfixturevalue(side).document
    document = {key: value for key, value in document.items() if key != "ringbolt"}
    assert list(misfits(document, DOCUMENT)) == []


def test_every_job_has_the_keys_that_fio_gives_it(ours, theirs):
    for our, their in zip(ours.document["jobs"], theirs.document["jobs"]):
        assert list(our) == list(their), our["jobname"]
        assert {name for name in their if isinstance(their[name], dict)} == \
            {name for name in our if isinstance(our[name], dict)}


@pytest.mark.parametrize("change, complaint", [
    (('"groupid" : 0', '"groupid" : 0.0'), "/jobs[0]/groupid: 0.0 is no int32"),
    (('"error" : 0', '"error" : 4294967296'), "/jobs[0]/error: 4294967296 is no int32"),
    (('"jobname" : "reader"', '"jobname" : 1'), "/jobs[0]/jobname: 1 is no string"),
    (('"usr_cpu"', '"user_cpu"'), "/jobs[0]/usr_cpu: missing")])
def test_the_typed_decoder_stops_at_what_does_not_fit(theirs, change, complaint):
    document = read(theirs.text.replace(*change, 1))
    assert complaint in list(misfits(document, DOCUMENT))


def test_fios_converter_takes_the_bins_of_every_job(ours, tmp_path):
    """fio_jsonplus_clat2csv writes a table per job, and --validate compares it with the bins."""
    converter = ["fio_jsonplus_clat2csv", ours.directory / "result.json", tmp_path / "table.csv"]
    subprocess.run(converter, check=True, timeout=TIMEOUT_S)
    done = subprocess.run([*converter, "--validate"], check=True, timeout=TIMEOUT_S,
                          capture_output=True, text=True)
    for index in range(len(ours.document["jobs"])):
        assert f"table_job{index}.csv validated" in done.stdout


def bin_of(ns):
    """The number of fio's histogram bin."""
    shift = max(0, ns.bit_length() - 7)
    return shift * 64 + (ns >> shift)


def test_bins_are_numbered_as_in_fio():
    assert [bin_of(ns) for ns in (0, 127, 128, 255, 256, 1000, 100000, 2**33)] == \
        [0, 127, 128, 191, 192, 317, 737, 1792]


def ranked(latencies, percent):
    return sorted(latencies)[max(1, math.ceil(len(latencies) * percent / 100)) - 1]


def assert_is_of(latencies, reported):
    """What the report says of these latencies."""
    assert len(latencies) == reported["N"]
    # What is rounded apart, sums and parts, may differ by a nanosecond.
    assert abs(min(latencies) - reported["min"]) <= 1 >= abs(max(latencies) - reported["max"])
    assert abs(sum(latencies) / len(latencies) - reported["mean"]) < 2
    for percent, ns in reported.get("percentile", {}).items():
        assert abs(bin_of(ranked(latencies, float(percent))) - bin_of(ns)) <= 1, percent


# name of the job, its threads, kinds of latency of which it has percentiles
LOGGED = [("reader", [1], ["slat", "clat", "lat"]), ("mixed", [2], ["clat"]),
          ("writers", [3, 4], ["clat"]), ("rated", [5], ["clat"])]


@pytest.mark.parametrize("name, threads, with_percentiles", LOGGED, ids=[row[0] for row in LOGGED])
def test_percentiles_follow_from_the_latency_log(ours, name, threads, with_percentiles):
    job = ours.job(name)
    for kind in ("slat", "clat", "lat"):
        for number, direction in enumerate(DIRECTIONS):
            reported = job[direction][f"{kind}_ns"]
            assert ("percentile" in reported) == (kind in with_percentiles and reported["N"] > 0)
            rows = [row for thread in threads for row in ours.log(f"p_{kind}.{thread}.log")
                    if row[2] == number] if reported["N"] else []
            if rows:
                assert_is_of([row[1] for row in rows], reported)
            assert len(rows) == reported["N"]


def test_percentiles_of_the_steady_job_follow_from_its_log(ours):
    steady = ours.job("steady")
    assert steady["steadystate"]["attained"] == 1
    assert_is_of([row[1] for row in ours.log("s_clat.8.log")], steady["read"]["clat_ns"])


@pytest.fixture(scope="module")
def percentile_tool(tmp_path_factory):
    """The package holds it packed, among its documents."""
    path = tmp_path_factory.mktemp("tool") / "percentiles.py"
    path.write_bytes(gzip.decompress(PERCENTILE_TOOL.read_bytes()))
    return [sys.executable, path, "--time-quantum=600", "--log-hist-msec=50"]


@pytest.mark.parametrize("name, threads, direction", [
    ("reader", [1], "read"), ("writers", [3, 4], "write"), ("steady", [8], "read")])
def test_fios_histogram_tool_finds_our_percentiles(ours, percentile_tool, name, threads,
                                                   direction):
    reported = ours.job(name)[direction]["clat_ns"]
    wanted = ["50", "90", "99"]
    done = subprocess.run(
        [*percentile_tool, "--percentiles", *wanted, "--",
         *(ours.directory / f"h_clat_hist.{thread}.log" for thread in threads)],
        capture_output=True, text=True, timeout=TIMEOUT_S, check=True)
    samples, *found = re.findall(r"[0-9.]+", done.stdout.splitlines()[-1])[1:]
    assert int(samples) == reported["N"]
    for percent, us in zip(wanted, found, strict=True):
        ns = reported["percentile"][f"{percent}.000000"]
        assert abs(bin_of(round(float(us) * 1000)) - bin_of(ns)) <= 1, percent
