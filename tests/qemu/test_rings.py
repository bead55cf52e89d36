# SPDX-License-Identifier: MIT
"""Rings are as asked for, and a larger one is never the lesser."""

import pytest
from qemu_facts import facts

LATENCY_NS = 200_000_000
DEPTH = 512
SEQUENTIAL = ("[read]\nfilename=/dev/vda\nioengine=libaio\nrw=read\nbs=4k\niodepth=64\n"
              "number_ios=20000\n")


def quick(*disks):
    return "".join(f"[{disk}]\nfilename=/dev/{disk}\nioengine=io_uring\nrw=randread\nbs=4k\n"
                   "iodepth=8\nnumber_ios=200\n" for disk in disks)


def sizes(run, name="vda"):
    device = run.device(name)
    return device["queue_size"], device["queue_size_wanted"]


@pytest.mark.parametrize("packed", ["on", "off"])
@pytest.mark.parametrize("size", [4, 64, 256, 1024])
def test_a_ring_is_of_the_queue_size_that_its_disk_was_given(guest, size, packed):
    run = guest.good(f"--disk=backend=null,queue-size={size},packed={packed}", job=quick("vda"))
    assert sizes(run) == (size, size)
    assert run.device()["queue_size_shown"] == (size if facts().shows_queue_size else 1024)
    assert run.queues()[0]["depth"] == size
    assert "entries, not of" not in run.out


def test_each_disk_has_rings_of_its_own_size(guest):
    run = guest.good("--disk=backend=null,queue-size=64", "--disk=backend=null",
                     "--disk=backend=null,queue-size=16", job=quick("vda", "vdb", "vdc"))
    shown = run.device("vdb")["queue_size_shown"]
    assert [sizes(run, name)[0] for name in ("vda", "vdb", "vdc")] == [64, shown, 16]


@pytest.mark.parametrize("given, wanted, packed, size, why", [
    (256, 1024, "off", 256, "the device has no more"),
    (1024, 100, "off", 64, "a power of two is needed"),
    (1024, 100, "on", 100, None),
    (1024, 16, "off", 16, None)])
def test_a_ring_other_than_asked_for_is_said(guest, given, wanted, packed, size, why):
    run = guest.good(f"--disk=backend=null,queue-size={given},packed={packed}",
                     f"--set=queue_size={wanted}", job=quick("vda"))
    assert sizes(run) == (size, wanted)
    line = f"vda: warning: rings of {size} entries, not of {wanted}: {why}"
    assert (line in run.out) == (why is not None)
    assert ("entries, not of" in run.out) == (why is not None)


def test_more_memory_than_there_is_makes_rings_smaller(guest):
    run = guest.good("--memory=64", "--smp=2", "--set=queues=64",
                     "--disk=backend=null,queues=64,queue-size=1024", job=quick("vda"))
    size, wanted = sizes(run)
    assert size < wanted == 1024
    assert (f"vda: warning: rings of {size} entries, not of 1024: there is no memory for more"
            in run.out)


@pytest.mark.parametrize("size", [256, 512, 1024])
def test_a_larger_ring_merges_no_less(guest, size):
    run = guest.good("--set=sched=deadline", f"--disk=backend=null,queue-size={size}",
                     job=SEQUENTIAL)
    assert run.device()["limits"]["max_segments"] == 64
    assert run.total("requests") - run.total("splits") <= 20_000 / 64 + 1


def test_as_many_requests_as_the_ring_has_entries_are_in_flight(guest):
    run = guest.good(f"--disk=backend=null,queue-size=1024,latency-ns={LATENCY_NS}",
                     job=f"[read]\nfilename=/dev/vda\nioengine=io_uring\nrw=randread\nbs=4k\n"
                         f"iodepth={DEPTH}\nnumber_ios={4 * DEPTH}\n")
    # A quarter of them at a time would take four times as long.
    mean_ns = run.result["jobs"][0]["read"]["lat_ns"]["mean"]
    assert LATENCY_NS <= mean_ns < 2 * LATENCY_NS
