# SPDX-License-Identifier: MIT
"""Doorbells and interrupts as the kernel counts them equal what QEMU saw."""

import re

import pytest
import qemu_trace

RING_ENTRIES = 1024
MERGED_MAX = 2
CHAIN_ENTRIES = 3  # of a direct chain: header, data, status

# ring, event index, queues, CPUs, depth, batch
CASES = [
    ("split", "on", 1, 1, 1, 1),
    ("split", "on", 1, 1, 32, 8),
    ("packed", "on", 1, 1, 1, 1),
    ("packed", "on", 1, 1, 128, 32),
    ("split", "on", 4, 2, 16, 4),
    ("packed", "on", 2, 2, 64, 16),
    ("split", "off", 1, 1, 1, 1),
    ("packed", "off", 1, 1, 32, 8),
]


@pytest.mark.parametrize("completion", ["irq", "poll", "adaptive"])
@pytest.mark.parametrize("ring, event_idx, queues, cpus, depth, batch", CASES)
def test_outside_observer_agrees(guest, completion, ring, event_idx, queues, cpus, depth,
                                 batch):
    run = guest.good(
        f"--smp={cpus}", f"--set=completion={completion}", *qemu_trace.arguments(guest.directory),
        f"--disk=backend=null,size=1G,queues={queues},queue-size={RING_ENTRIES},"
        f"event-idx={event_idx},iothread=off,"
        f"packed={'on' if ring == 'packed' else 'off'}",
        job=f"[read]\nfilename=/dev/vda\nioengine=io_uring\nrw=randread\nbs=4k\n"
            f"numjobs={cpus}\nnumber_ios=3000\niodepth={depth}\niodepth_batch={batch}\n"
            f"iodepth_batch_complete_max={batch}\n")
    doorbells, interrupts = qemu_trace.count(guest.directory)
    for queue in run.queues():
        seen = interrupts[queue["index"]]
        assert queue["doorbells"] == doorbells[queue["index"]]
        # A CPU may find a completion by itself, and arm for the next, before the call for the
        # first reaches its local APIC; the APIC then merges two calls into one interrupt.
        merged = 0 if depth == 1 else MERGED_MAX
        if event_idx == "off":
            # The device calls for everything until it sees the flag.
            merged = seen
        elif ring == "packed":
            # QEMU 7.2 compares indices across the packed ring's wrap as if it had not
            # wrapped: when the index that it called at lies before the wrap, it calls again
            # right behind.
            merged += queue["requests"] * CHAIN_ENTRIES // RING_ENTRIES + 1
        assert queue["interrupts"] <= seen <= queue["interrupts"] + merged
    assert run.total("requests") >= 3000 * cpus


def test_batches_share_doorbells_and_interrupts(guest):
    run = guest.good("--set=completion=irq", "--disk=backend=null,size=1G,iothread=off",
                     job="[read]\nfilename=/dev/vda\nioengine=io_uring\nrw=randread\nbs=4k\n"
                         "number_ios=64000\niodepth=128\niodepth_batch=32\n"
                         "iodepth_batch_complete_max=32\n")
    assert run.total("doorbells") <= run.total("requests") / 32 + 8
    assert run.total("interrupts") <= run.total("requests") / 16
    read = run.result["jobs"][0]["read"]
    assert read["lat_ns"]["N"] == read["clat_ns"]["N"] == read["total_ios"] == 64000


@pytest.mark.parametrize("wishes, polls", [(["hipri=0"], False), (["hipri=1"], True),
                                           (["hipri=1", "hipri=1"], True),
                                           (["hipri=1", "hipri=0"], False)])
def test_jobs_that_all_ask_for_hipri_are_polled(guest, wishes, polls):
    # The disk takes its time: what is there before a guest sleeps needs no interrupt.
    run = guest.good("--set=completion=irq", "--disk=backend=null,size=1G,latency-ns=1000000",
                     job="[global]\nfilename=/dev/vda\nioengine=io_uring\nrw=randread\n"
                         "number_ios=200\n" +
                         "".join(f"[job{n}]\n{wish}\n" for n, wish in enumerate(wishes)))
    if polls:
        assert run.total("interrupts") == 1  # by which starting proved that they arrive
    else:
        assert run.total("interrupts") > 100
    ignored = not polls and "hipri=1" in wishes
    assert ("hipri: no effect" in run.out + run.err) == ignored


MEANWHILE = re.compile(r"^  (\w+): per I/O: doorbells=([\d.]+), interrupts=([\d.]+); "
                       r"CPU idle=([\d.]+)%$", re.MULTILINE)
READS = "filename=/dev/vda\nioengine=io_uring\nrw=randread\nbs=4k\nnumber_ios=6400\nstonewall\n"
IN_BATCHES = "iodepth=32\niodepth_batch=32\niodepth_batch_complete_min=32\n"


def meanwhile(run):
    """Of each job in order, as the console shows it: name, doorbells, interrupts, idle share."""
    return [(name, *map(float, figures)) for name, *figures in MEANWHILE.findall(run.out)]


def test_the_console_shows_what_one_job_did_as_the_result_has_it(guest):
    run = guest.good("--set=completion=irq", "--disk=backend=null,size=1G,iothread=off",
                     job="[only]\n" + READS)
    (name, doorbells, interrupts, idle), = meanwhile(run)
    assert name == "only"
    # The result's counters have what was read while the disks were found, too.
    assert doorbells == pytest.approx(run.total("doorbells") / run.total("requests"), abs=0.01)
    assert interrupts == pytest.approx(run.total("interrupts") / run.total("requests"), abs=0.01)
    assert idle == pytest.approx(100 * run.result["ringbolt"]["cpus"][0]["idle_share"], abs=2)


def test_each_jobs_figures_are_its_own(guest):
    run = guest.good("--set=completion=irq", "--disk=backend=null,size=1G,iothread=off",
                     job=f"[alone]\n{READS}[batch]\n{READS}{IN_BATCHES}[again]\n{READS}")
    alone, batch, again = meanwhile(run)
    assert [alone[0], batch[0], again[0]] == ["alone", "batch", "again"]
    for one in (alone, again):
        assert one[1] > 8 * batch[1] and one[2] > 8 * batch[2]
    assert batch[1] <= 0.05 and batch[2] <= 0.05


def test_what_polls_neither_sleeps_nor_is_interrupted(guest):
    run = guest.good("--set=completion=poll", "--disk=backend=null,size=1G,iothread=off",
                     job="[polled]\n" + READS)
    (_, _, interrupts, idle), = meanwhile(run)
    assert (interrupts, idle) == (0, 0)


def test_a_job_that_did_no_io_has_no_line(guest):
    run = guest.good(job="[nothing]\nioengine=io_uring\nfilename=/dev/vda\nrw=randread\n"
                         "startdelay=60\n[first]\n" + READS.replace("stonewall", "exitall"))
    assert [name for name, *_ in meanwhile(run)] == ["first"]
