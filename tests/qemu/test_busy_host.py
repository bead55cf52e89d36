# SPDX-License-Identifier: MIT
"""A host that others use: a result says what they took, and the run warns."""

import contextlib
import os
import re
import subprocess
import sys

JOB = "[a]\nfilename=/dev/vda\nrw=randread\nbs=4k\nnorandommap\ntime_based\nruntime=1\n"
HOGS = 3


@contextlib.contextmanager
def hogs(core):
    command = [sys.executable, "-c", "while True: pass"]
    found = [subprocess.Popen(command, preexec_fn=lambda: os.sched_setaffinity(0, {core}))
             for _ in range(HOGS)]
    try:
        yield
    finally:
        for hog in found:
            hog.kill()
            hog.wait()


def test_a_guest_on_a_core_that_others_use_is_warned_of(guest):
    core = min(os.sched_getaffinity(0))
    with hogs(core):
        run = guest.good("--placement=one", "--set=completion=poll", job=JOB)
    load = run.result["ringbolt"]["host"]["load"]
    assert load["busy"] and load["lost_share"] > 0.25 and load["elapsed_ns"] > 1e9
    place, = load["places"]
    assert place["cores"] == [core] and place["others_share"] > 0.25
    assert {"main", "vcpu0"} <= {thread["name"] for thread in place["threads"]}
    assert re.search(r"^ringbolt: warning: the host was busy: \w+ lost \d\d+ % of its time to "
                     r"others, of which \d+ % to a hypervisor; the figures lost that much or "
                     r"more$", run.err, re.MULTILINE), run.err
