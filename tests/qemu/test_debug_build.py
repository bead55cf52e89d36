# SPDX-License-Identifier: MIT
"""The debug build, which asserts who owns what, finds nothing to complain of.

That its assertions do fire is blk_owner_test.c's.
"""

import subprocess

import pytest
from guests import ROOT

JOB = """
[global]
filename=/dev/vda
ioengine=io_uring
rw=randrw
bs=4k
iodepth=16
number_ios=2000
[first]
cpus_allowed=0
[second]
cpus_allowed=1
"""
DURABLE = JOB.replace("bs=4k", "bs=4k\nfsync=16\nsync=dsync")


@pytest.fixture(scope="module")
def kernel():
    subprocess.run(["make", "-s", "-C", ROOT, "DEBUG=1", "build/debug/kernel.elf"], check=True)
    return ROOT / "build" / "debug" / "kernel.elf"


@pytest.mark.parametrize("words", [
    pytest.param(["--disk=backend=null,queues=2"], id="a queue for each CPU"),
    pytest.param(["--disk=backend=null,queues=1"], id="a queue for both"),
    pytest.param(["--disk=backend=null,queues=2", "--set=sched=deadline"], id="a scheduler"),
    pytest.param(["--disk=backend=null,queues=2", "--set=completion=adaptive"], id="adaptive")])
@pytest.mark.parametrize("job", [JOB, DURABLE], ids=["plain", "durable"])
def test_nobody_touches_what_another_cpu_owns(guest, kernel, words, job):
    run = guest.good(f"--kernel={kernel}", "--smp=2", *words, job=job)
    assert ", debug build): block I/O on bare metal\n" in run.out.replace("\r", "")
