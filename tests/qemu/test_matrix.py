# SPDX-License-Identifier: MIT
"""The matrix: data that a host wrote is read and checked, data that the guest wrote is
checked on the host, and the counters add up, on every row."""

import pattern
import pytest
from guests import PATTERN_BYTES, digest
from matrix import CASES
from qemu_facts import facts

WRITTEN_BYTES = 256 << 10  # per job
DISKS = ("vda", "vdb", "vdc")
SINGLES = 16  # reads of which the CPU has to await each
# So late that no host, however busy, lets the device finish before the CPU waits for it.
SLOW_DISK = "backend=null,size=1M,latency-ns=5000000"


def job_text(case):
    """Every CPU reads all of vda twice; then every CPU writes its part of vdb; at last one
    reads the slow vdc with nothing else to do meanwhile."""
    return f"""
[global]
ioengine=io_uring
bs=4k
iodepth=16
iodepth_batch=8
iodepth_batch_complete_max=8
verify_fatal=1
numjobs={case.smp}

[read]
verify=crc32c
filename=/dev/vda
rw=randread
size={PATTERN_BYTES}
loops=2

[write]
stonewall
verify=crc32c
filename=/dev/vdb
rw=randwrite
size={WRITTEN_BYTES}
offset_increment={WRITTEN_BYTES}

[single]
stonewall
filename=/dev/vdc
rw=randread
iodepth=1
numjobs=1
number_ios={SINGLES}
"""


def assert_counters_add_up(run, name):
    for queue in run.queues(name):
        assert queue["completions"] == queue["requests"]
        assert queue["doorbells"] + queue["doorbells_suppressed"] == queue["batches"]
        assert queue["errors"] == queue["timeouts"] == 0


def assert_queues_are_used(case, run, name):
    used = [queue for queue in run.queues(name) if queue["requests"] > 1]
    assert len(used) == min(case.queues, case.smp), "every queue there is a CPU for is used"


def assert_interrupts_follow_the_mode(case, run):
    # One interrupt per queue is the proof, at start, that interrupts work.
    if case.completion == "poll":
        for name in DISKS:
            assert run.total("interrupts", name) <= len(run.queues(name))
    if case.completion == "irq":
        assert run.total("interrupts", "vdc") > SINGLES / 2


def assert_negotiated(case, run, name):
    device = run.device(name)
    features = device["features"].split()
    assert device["ring"] == case.ring
    assert device["queue_size"] == case.queue_size
    assert ("EVENT_IDX" in features) == (case.event_idx == "on")
    assert ("INDIRECT_DESC" in features) == (case.indirect == "on")
    assert ("RING_PACKED" in features) == (case.ring == "packed")
    assert device["limits"]["block_bytes"] == case.logical
    if case.vectors == "none":
        assert device["interrupts"] == "intx"
    elif case.vector_count() > len(device["queues"]):
        assert device["interrupts"] == "msix"
    else:
        assert device["interrupts"] == "msix-shared"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name())
def test_row(guest, pattern_image, case):
    source = guest.file("source.img", pattern_image)
    target = guest.zeroes("target.img", WRITTEN_BYTES * case.smp)
    before = digest(source)
    words = case.disk_words()
    run = guest.good(
        f"--machine={case.machine}", f"--smp={case.smp}",
        f"--set=completion={case.completion}", f"--set=sched={case.sched}",
        f"--disk=backend=file,path={source},{words}",
        f"--disk=backend=file,path={target},{words}", f"--disk={SLOW_DISK},{words}",
        job=job_text(case))

    assert f"irq: {'x2APIC' if facts().x2apic else 'xAPIC'}, timer" in run.out
    jobs = run.result["jobs"]
    assert [job["jobname"] for job in jobs] == \
        ["read"] * case.smp + ["write"] * case.smp + ["single"]
    for job in jobs[:case.smp]:
        assert job["read"]["io_bytes"] == 2 * PATTERN_BYTES and job["write"]["io_bytes"] == 0
    for job in jobs[case.smp:-1]:
        assert job["write"]["io_bytes"] == WRITTEN_BYTES == job["read"]["io_bytes"]
    assert jobs[-1]["read"]["total_ios"] == SINGLES
    assert digest(source) == before, "reading changed the disk"
    assert pattern.faults(target.read_bytes()) == []
    for name in DISKS:
        assert_negotiated(case, run, name)
        assert_counters_add_up(run, name)
    for name in ("vda", "vdb"):
        assert_queues_are_used(case, run, name)
    assert_interrupts_follow_the_mode(case, run)
