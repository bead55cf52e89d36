# SPDX-License-Identifier: MIT
"""A request that misses its deadline ends the run: with a dump, a message that names the setting,
and the figures of what was done until then."""

import pytest

SLOW_READ = """
[slow]
filename=/dev/vda
ioengine=libaio
iodepth=4
rw=randread
bs=4k
number_ios=8
"""


@pytest.mark.parametrize("completion", ["irq", "poll", "adaptive"])
def test_missed_deadline_ends_the_run_with_a_dump(guest, completion):
    run = guest.run(f"--set=completion={completion}", "--set=request_timeout_ms=300",
                    "--disk=backend=null,latency-ns=2000000000", job=SLOW_READ)
    assert run.status == 3
    console = run.out or run.err
    assert "request_timeout_ms=300 allows no more" in console
    assert "in flight 4" in console
    assert "avail index" in console
    assert console.count("status byte 0xff") == 4


def test_slow_disk_within_its_deadline_is_waited_for(guest):
    run = guest.good("--set=request_timeout_ms=5000",
                     "--disk=backend=null,latency-ns=700000000", job=SLOW_READ)
    assert run.result["jobs"][0]["read"]["clat_ns"]["min"] >= 700000000
    assert run.total("timeouts") == 0


# A disk that is well and lets so many requests through in a second; /dev/vda is there besides.
def throttled_disk(per_second):
    return ("--disk=backend=null,size=1G", "--qemu-arg=-object",
            f"--qemu-arg=throttle-group,id=group,x-iops-total={per_second}",
            "--qemu-arg=-blockdev", "--qemu-arg=node-name=slow,driver=throttle,"
            f"throttle-group=group,file.driver=null-co,file.size={1 << 30}",
            "--qemu-arg=-device", "--qemu-arg=virtio-blk-pci,drive=slow,addr=0x10,"
            "request-merging=off")


# All but the first two go the full way.
THROTTLED = ["rw=randread ioengine=libaio", "rw=read ioengine=io_uring",
             "rw=randrw ioengine=libaio", "rw=write fsync=8 ioengine=libaio",
             "rw=randread rate_iops=1000 write_lat_log=slow ioengine=libaio",
             "rw=randread stages=full ioengine=libaio"]


def of(run, name):
    return next(job for job in run.result["jobs"] if job["jobname"] == name)


@pytest.mark.parametrize("options", THROTTLED)
def test_a_missed_deadline_keeps_the_figures_of_all_jobs(guest, options):
    words = [f"--set={word}" for word in options.split() if word.startswith("stages=")]
    options = [word for word in options.split() if not word.startswith("stages=")]
    run = guest.run(*throttled_disk(5), "--set=request_timeout_ms=1000", *words, job="\n".join([
        "[global]", "bs=4k", "size=1g", "stonewall",
        "[before]", "filename=/dev/vda", "rw=randread", "number_ios=50",
        "[slow]", "filename=/dev/vdb", "iodepth=64", "time_based", "runtime=60", *options,
        "[behind]", "filename=/dev/vda", "rw=randread", "number_ios=50"]))
    assert run.status == 3, run.out + run.err
    said = [line for line in run.err.splitlines() if line.startswith("ringbolt: vdb: error: ")]
    assert len(said) == 1 and "request_timeout_ms=1000" in said[0], run.err
    assert "crashed" not in run.err
    assert run.result["ringbolt"]["exit_status"] == 3
    assert [job["error"] for job in run.result["jobs"]] == [0, 110, 0]
    assert of(run, "before")["read"]["total_ios"] == 50
    assert of(run, "behind")["read"]["total_ios"] == 0
    slow = of(run, "slow")
    done = sum(slow[direction]["total_ios"] for direction in ("read", "write"))
    assert 0 < done == sum(slow[direction]["io_bytes"]
                           for direction in ("read", "write")) // 4096
    assert done + slow["sync"]["total_ios"] == run.total("completions", "vdb")
    assert run.total("completions", "vdb") < run.total("requests", "vdb")
    assert run.total("timeouts", "vdb") == 1
    for name in ("before", "slow", "behind"):
        assert f"\n{name}: (groupid=" in run.out, "the report for people is there, too"


def test_a_missed_deadline_ends_the_jobs_of_every_cpu(guest):
    run = guest.run(*throttled_disk(5), "--smp=3", "--set=request_timeout_ms=1000", job="""
[global]
rw=randread
bs=4k
ioengine=libaio
size=1g
time_based
runtime=60
[well]
filename=/dev/vda
cpus_allowed=1
iodepth=8
[slow]
filename=/dev/vdb
cpus_allowed=2
iodepth=64
[later]
filename=/dev/vda
cpus_allowed=0
startdelay=60
""")
    assert run.status == 3, run.out + run.err
    assert [(job["jobname"], job["error"]) for job in run.result["jobs"]] == \
        [("well", 0), ("slow", 110), ("later", 0)]
    well = of(run, "well")["read"]
    assert well["total_ios"] == run.total("completions", "vda") > 100
    assert well["io_bytes"] == 4096 * well["total_ios"] and well["runtime"] >= 1000
    assert of(run, "later")["read"]["total_ios"] == 0


@pytest.mark.parametrize("completion", ["irq", "poll"])
def test_a_bare_loop_past_its_deadline_keeps_its_figures(guest, completion):
    run = guest.run("--disk=backend=null,latency-ns=1500000000", "--set=engine=floor",
                    f"--set=completion={completion}", "--set=request_timeout_ms=300",
                    job=SLOW_READ)
    assert run.status == 3
    assert "slow: error: engine=floor: " in run.err and "request_timeout_ms=300" in run.err
    assert run.result["jobs"][0]["error"] == 110
    assert run.result["jobs"][0]["read"]["total_ios"] == 0
