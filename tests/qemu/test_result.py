"""The result document as a whole: what does not belong to one job."""

import time

import pytest

JOB = "[a]\nfilename=/dev/vda\nrw=randread\nbs=4k\nnumber_ios=10\n"
DISK = "--disk=backend=null,size=1G"
BASES = ("2026-11-21T02:21:58", "2032-02-28T23:59:59", "1999-12-31T23:59:58")


@pytest.mark.parametrize("base", BASES)
def test_the_result_is_dated_by_the_machines_clock(guest, base):
    result = guest.good(DISK, "--qemu-arg=-rtc", f"--qemu-arg=base={base}", job=JOB).result
    start = time.mktime(time.strptime(base + " UTC", "%Y-%m-%dT%H:%M:%S %Z")) - time.timezone
    assert start <= result["timestamp"] <= start + 90
    assert result["timestamp_ms"] == result["timestamp"] * 1000
    assert result["time"] == time.asctime(time.gmtime(result["timestamp"]))
