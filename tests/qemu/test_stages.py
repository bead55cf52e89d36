# SPDX-License-Identifier: MIT
"""What a latency consists of: its stages are all there, in order, and add up."""

import pytest

ICOUNT = ("--qemu-arg=-icount", "--qemu-arg=shift=0,sleep=off", "--set=request_timeout_ms=0")
MEANS = ["submit_to_doorbell", "doorbell_to_signal", "signal_to_delivery"]
FULL = ["submit_to_doorbell", "doorbell_to_signal", "signal_to_discovery",
        "discovery_to_delivery"]
DIRECTIONS = ("read", "write", "trim")

# what, words for the tool, options of the job
CASES = [
    ("plain", [], "rw=randread\niodepth=32\niodepth_batch=8"),
    ("one at a time", [], "rw=randread"),
    ("synchronous", [], "ioengine=psync\nrw=randread"),
    ("synchronous, mixed", [], "ioengine=psync\nrw=randrw"),
    ("mixed", [], "rw=randrw\niodepth=16"),
    ("split", [], "rw=randrw\nbs=2m\niodepth=4\nnumber_ios=50"),
    ("merged", ["--set=sched=deadline"], "rw=read\niodepth=32\niodepth_batch=32"),
    ("waiting in the scheduler", ["--set=sched=deadline", "--set=queue_size=16"],
     "rw=randread\niodepth=64\niodepth_batch=32"),
    ("shared queue", ["--smp=2"], "rw=randread\niodepth=8\nnumjobs=2"),
]


def run(guest, words, options, disk=""):
    done = guest.good(f"--disk=backend=null,size=1G,queues=1,iothread=off{disk}", *words,
                      job=f"[a]\nfilename=/dev/vda\nioengine=libaio\nbs=4k\nnumber_ios=1000\n"
                          f"{options}\n")
    return done.result["jobs"], done.result["ringbolt"]["jobs"]


def mean_lat(job, kind="lat_ns"):
    parts = [job[direction][kind] for direction in DIRECTIONS]
    return sum(part["mean"] * part["N"] for part in parts) / sum(part["N"] for part in parts)


@pytest.mark.parametrize("completion", ["irq", "poll", "adaptive"])
@pytest.mark.parametrize("stages", ["mean", "full"])
@pytest.mark.parametrize("words, options", [case[1:] for case in CASES],
                         ids=[case[0] for case in CASES])
def test_stages_add_up_to_the_latency(guest, words, options, stages, completion):
    jobs, own = run(guest, [f"--set=completion={completion}", f"--set=stages={stages}", *words],
                    options)
    for job, stage in zip(jobs, (entry["stages_ns"] for entry in own)):
        assert list(stage) == (FULL if stages == "full" else MEANS)
        count = sum(job[direction]["lat_ns"]["N"] for direction in DIRECTIONS)
        assert all(part["N"] == count for part in stage.values())
        assert all(part["mean"] >= 0 for part in stage.values())
        assert sum(part["mean"] for part in stage.values()) == \
            pytest.approx(mean_lat(job), abs=1e-5 * len(stage))
        assert stage["submit_to_doorbell"]["mean"] > 0
        if job["read"]["slat_ns"]["N"]:
            # Each is rounded down to whole nanoseconds.
            assert stage["submit_to_doorbell"]["mean"] == pytest.approx(mean_lat(job, "slat_ns"),
                                                                        abs=1)


def test_only_interrupts_have_to_wake_a_cpu(guest):
    # The disk takes its time: what is there before a guest sleeps wakes nobody.
    (irq,), (poll,) = (run(guest, ["--set=stages=full", f"--set=completion={completion}"],
                           "rw=randread", disk=",latency-ns=500000")[1]
                       for completion in ("irq", "poll"))
    assert irq["stages_ns"]["signal_to_discovery"]["percentile"]["50.000000"] > 0
    assert poll["stages_ns"]["signal_to_discovery"]["max"] == 0


def test_stages_count_instructions_under_icount(guest):
    """A nanosecond is an instruction there: what the device has no part in is always the same."""
    ways = set()
    for _ in range(2):
        (_,), (own,) = run(guest, [*ICOUNT, "--set=stages=full"], "rw=randread")
        stage = own["stages_ns"]["submit_to_doorbell"]
        # Of the first one the block layer learns what plain requests look like.
        assert stage["mean"] * stage["N"] == pytest.approx(
            stage["min"] * (stage["N"] - 1) + stage["max"], abs=1)
        ways.add(stage["max"])
        assert all(10 < own["stages_ns"][name]["max"] < 1000
                   for name in ("submit_to_doorbell", "signal_to_discovery",
                                "discovery_to_delivery"))
    assert len(ways) == 1


def test_a_ramp_is_in_no_stage(guest):
    for stages in ("mean", "full"):
        (job,), (own,) = run(guest, [f"--set=stages={stages}"],
                             "rw=randread\niodepth=8\nramp_time=200ms\nruntime=300ms\ntime_based")
        assert {part["N"] for part in own["stages_ns"].values()} == {job["read"]["clat_ns"]["N"]}
        assert sum(part["mean"] for part in own["stages_ns"].values()) == \
            pytest.approx(job["read"]["lat_ns"]["mean"], abs=1e-4)
