# SPDX-License-Identifier: MIT
"""Log files beside the result: names, columns and lines as the real fio writes them.

The same job runs on both. Times and values differ by nature; which files there are, how many
lines, and all else that a line says must not.
"""

import subprocess
from collections import Counter

import installed_fio
import pytest
from guests import TIMEOUT_S

DISK_BYTES = 4 << 20
ALL = "write_bw_log=b\nwrite_lat_log=l\nwrite_iops_log=i\n"
TIME, VALUE, DIRECTION, BYTES = range(4)

# name: global options, jobs. Every I/O is a line.
EACH_IO = {
    "synchronous": (ALL + "rw=randrw\nnumber_ios=60\n", "[a]\n"),
    "queued": (ALL + "ioengine=libaio\niodepth=4\nrw=randrw\nnumber_ios=60\n", "[a]\n"),
    "offsets": (ALL + "ioengine=libaio\niodepth=4\nrw=randread\nlog_offset=1\nsize=1m\n", "[a]\n"),
    "block sizes": (ALL + "ioengine=libaio\nrw=randwrite\nbssplit=4k/50:8k/50\nnumber_ios=60\n",
                    "[a]\n"),
    "two jobs": (ALL + "rw=read\nnumber_ios=30\n", "[a]\n[b]\nrw=write\n"),
    "clones": (ALL + "rw=read\nnumber_ios=30\nnumjobs=3\n", "[a]\n"),
    "common files": (ALL + "rw=read\nnumber_ios=30\nper_job_logs=0\n", "[a]\n[b]\nrw=write\n"),
    "named after the job": ("write_bw_log\nwrite_lat_log\nwrite_iops_log\nrw=read\nnumber_ios=9\n",
                            "[a]\n[b]\n"),
    "flushes": (ALL + "rw=write\nfsync=8\nnumber_ios=60\n", "[a]\n"),
    "no lat": (ALL + "rw=read\nnumber_ios=30\ndisable_lat=1\n", "[a]\n"),
    "no clat": (ALL + "rw=read\nnumber_ios=30\ndisable_clat=1\n", "[a]\n"),
    "no slat": (ALL + "rw=read\nnumber_ios=30\nioengine=libaio\ndisable_slat=1\n", "[a]\n"),
    "no bw": (ALL + "rw=read\nnumber_ios=30\ndisable_bw=1\n", "[a]\n"),
    "no clocks": (ALL + "rw=read\nnumber_ios=30\ngtod_reduce=1\n", "[a]\n"),
    "only slat and clat": ("write_lat_log=l\nioengine=libaio\nrw=read\nnumber_ios=30\n", "[a]\n"),
    "none": ("rw=read\nnumber_ios=30\n", "[a]\n"),
}
# A line is a window of time.
WINDOWS = {
    "means": ALL + "rw=randrw\nlog_avg_msec=100\n",
    "greatest": ALL + "rw=randread\nlog_avg_msec=100\nlog_max_value=1\n",
    "with offsets": ALL + "rw=randread\nlog_avg_msec=100\nlog_offset=1\n",
    "histograms": "write_hist_log=h\nlog_hist_msec=100\nrw=randrw\n",
    "coarse": "write_hist_log=h\nlog_hist_msec=100\nlog_hist_coarseness=3\nrw=randread\n",
    "histograms of nothing": "write_hist_log=h\nlog_hist_msec=100\nrw=read\ndisable_clat=1\n",
    "common histograms": "write_hist_log=h\nlog_hist_msec=100\nrw=read\nnumjobs=2\n"
                         "per_job_logs=0\n",
}


def logs(directory):
    return {path.name: [[int(field) for field in line.split(",")]
                        for line in path.read_text().splitlines()]
            for path in sorted(directory.glob("*.log"))}


def both(guest, head, jobs):
    """The files of ours and of fio's."""
    text = f"[global]\nfilename={{}}\nbs=4k\n{head}{jobs}"
    guest.good(f"--disk=backend=null,size={DISK_BYTES}", installed_fio.followed(),
               job=text.format("/dev/vda"))
    there = guest.directory / "fio"
    there.mkdir()
    with open(there / "disk", "wb") as file:
        file.truncate(DISK_BYTES)
    (there / "job.fio").write_text(text.format("disk"))
    subprocess.run(["fio", "job.fio"], cwd=there, check=True, timeout=TIMEOUT_S,
                   stdout=subprocess.DEVNULL)
    return logs(guest.directory), logs(there)


def what_repeats(rows):
    """All of the lines but time and value, in no order."""
    return Counter(tuple(row[DIRECTION:]) for row in rows)


@pytest.mark.parametrize("name", EACH_IO)
def test_every_io_is_a_line_as_in_fio(guest, name):
    ours, theirs = both(guest, *EACH_IO[name])
    assert list(ours) == list(theirs)
    for file, rows in ours.items():
        assert what_repeats(rows) == what_repeats(theirs[file]), file
        assert all(row[VALUE] == 1 for row in rows if file.startswith("i_"))
        assert [row[TIME] for row in rows] == sorted(row[TIME] for row in rows) or \
            "per_job_logs=0" in EACH_IO[name][0]


@pytest.mark.parametrize("name", WINDOWS)
def test_windows_of_time_look_as_in_fio(guest, name):
    ours, theirs = both(guest, WINDOWS[name] + "rate_iops=2000\nruntime=1\ntime_based\n", "[a]\n")
    assert list(ours) == list(theirs)
    for file, rows in ours.items():
        assert {len(row) for row in rows} == {len(row) for row in theirs[file]}, file
        shape = slice(DIRECTION, None) if "hist" not in file else slice(1, 3)
        assert {tuple(row[shape]) for row in rows} == \
            {tuple(row[shape]) for row in theirs[file]}, file
        # Some ten a second and direction, whichever host is slow.
        directions = len({row[1 if "hist" in file else DIRECTION] for row in rows})
        assert len(rows) <= 12 * directions * max(1, WINDOWS[name].count("numjobs=2") * 2)
