# SPDX-License-Identifier: MIT
"""What the kernel says that measuring costs, against what leaving it out saves.

Under icount a nanosecond is an instruction, and the difference of two runs that differ only
in their number of I/Os is what the I/Os cost.
"""

import pytest

FEW, MANY = 5_000, 25_000
WORDS = ("--disk=backend=null,size=8G,queues=1,iothread=off", "--set=request_timeout_ms=0",
         "--qemu-arg=-icount", "--qemu-arg=shift=0,sleep=off")
DEEP = "iodepth=128\niodepth_batch=32\niodepth_batch_complete_max=32\n"
BATCH = 32
# Stamps that are taken all the same, and what is noted of a batch.
LEFT_MAX = 12


def run(guest, options, ios, *words, before="", behind=""):
    return guest.good(*WORDS, *words,
                      job=f"{before}[a]\nstonewall\nfilename=/dev/vda\nioengine=io_uring\n"
                          f"rw=randread\nbs=4k\nnorandommap\nnumber_ios={ios}\n{options}{behind}")


def cost(guest, options, *words, before="", behind=""):
    """Instructions per I/O, and what the job says about itself."""
    few, many = (run(guest, options, ios, *words, before=before, behind=behind)
                 .result["ringbolt"]["jobs"][before.count("[")] for ios in (FEW, MANY))
    return (many["elapsed_ns"] - few["elapsed_ns"]) / (MANY - FEW), many


def claimed(own):
    return own["measuring_ns"]["per_io"] + own["measuring_ns"]["per_batch"] / BATCH


def test_the_plain_way_measures_within_what_jobs_cost(guest):
    bare, _ = cost(guest, DEEP, "--set=engine=layer")
    whole, own = cost(guest, DEEP)
    # Between the two lie the generator and the job's own business, too.
    assert 30 < claimed(own) < whole - bare
    assert whole - bare - claimed(own) <= 40


@pytest.mark.parametrize("options", ["slat_percentiles=1\n", "rw=randrw\n"])
def test_what_is_claimed_is_what_leaving_it_out_saves(guest, options):
    bare, _ = cost(guest, DEEP + options + "gtod_reduce=1\n")
    whole, own = cost(guest, DEEP + options)
    assert whole - bare < claimed(own) < whole - bare + LEFT_MAX


def test_full_stages_say_what_they_cost(guest):
    mean, few = cost(guest, DEEP + "slat_percentiles=1\n")
    full, many = cost(guest, DEEP + "slat_percentiles=1\n", "--set=stages=full")
    assert claimed(many) - claimed(few) == pytest.approx(full - mean, rel=0.2)


@pytest.mark.parametrize("options", [DEEP, "", "ioengine=psync\n"])
def test_the_share_is_of_the_jobs_time(guest, options):
    done = run(guest, options, MANY)
    own = done.result["ringbolt"]["jobs"][0]
    spent = (own["measuring_ns"]["per_io"] * MANY +
             own["measuring_ns"]["per_batch"] * done.total("batches"))
    assert own["measuring_share"] == pytest.approx(spent / own["elapsed_ns"], rel=0.01)
    assert 0 < own["measuring_share"] < 0.5


def test_what_is_not_measured_costs_nothing(guest):
    own = run(guest, "gtod_reduce=1\n", FEW).result["ringbolt"]["jobs"][0]
    assert "measuring_share" not in own and "stages_ns" not in own


@pytest.mark.parametrize("options, most", [("", 20), (DEEP, 1)])
def test_jobs_that_are_over_or_wait_cost_the_one_that_runs_nothing(guest, options, most):
    """Nor do their disks' queues, which have nothing in flight."""
    others = "".join(f"[{name}]\nstonewall\nfilename=/dev/{disk}\nrw=read\nbs=4k\nnumber_ios=1\n"
                     for name, disk in (("x", "vdb"), ("y", "vdc"), ("z", "vda")))
    alone, _ = cost(guest, options)
    among, _ = cost(guest, options, *["--disk=backend=null,size=1G"] * 2, before=others,
                    behind=others.replace("[", "[late "))
    assert among == pytest.approx(alone, abs=most)
