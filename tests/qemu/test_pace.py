# SPDX-License-Identifier: MIT
"""Rates, pauses, ramps, ends and targets: what paces a job, or stops it."""

import pytest

# Time is the number of the guest's instructions (8 ns each), and the disk answers as it is called:
# how busy the host is shows in nothing.
COUNTED = ("--qemu-arg=-icount", "--qemu-arg=shift=3,sleep=off",
           "--qemu-arg=-global", "--qemu-arg=virtio-blk-pci.ioeventfd=off")
NULL = "--disk=backend=null,size=1G,iothread=off"
HEAD = """
[global]
filename=/dev/vda
ioengine=libaio
rw=randread
bs=4k
"""


def jobs_of(guest, text, *words, status=0):
    run = guest.run(NULL, *COUNTED, *words, job=HEAD + text)
    assert run.status == status, f"{run.err}\n{run.out}"
    return run.result["jobs"], run.result["ringbolt"]["jobs"], run


def near(value, wanted):
    return abs(value - wanted) <= wanted / 50


@pytest.mark.parametrize("process", ["linear", "poisson"])
def test_rate_in_ios_is_kept_and_its_schedule_measured(guest, process):
    (job,), (own,), _ = jobs_of(guest, f"""
[a]
iodepth=8
rate_iops=2000
rate_process={process}
runtime=1
time_based
""")
    assert near(job["read"]["iops"], 2000)
    assert own["scheduled_lat_ns"]["N"] == job["read"]["total_ios"]
    assert own["scheduled_lat_ns"]["mean"] >= job["read"]["lat_ns"]["mean"]


@pytest.mark.parametrize("mix", [67, 50, 10])
@pytest.mark.parametrize("rw", ["rw", "randrw"])
def test_rates_are_of_each_direction_whatever_the_mix(guest, rw, mix):
    (job,), _, _ = jobs_of(guest, f"""
[a]
rw={rw}
rwmixread={mix}
iodepth=4
rate=4m,2m
runtime=1
time_based
""")
    assert near(job["read"]["bw_bytes"], 4 << 20)
    assert near(job["write"]["bw_bytes"], 2 << 20)


def test_a_direction_without_a_share_gets_no_turn(guest):
    (job,), _, _ = jobs_of(guest, """
[a]
rw=randrw
rwmixread=100
rate_iops=500,500
runtime=1
time_based
""")
    assert near(job["read"]["iops"], 500)
    assert job["write"]["total_ios"] == 0


def test_one_rated_direction_leaves_the_other_alone(guest):
    (job,), (own,), _ = jobs_of(guest, """
[a]
rw=randrw
iodepth=4
rate_iops=100,
runtime=1
time_based
""")
    assert near(job["read"]["iops"], 100)
    assert job["write"]["iops"] > 2 * job["read"]["iops"]
    assert own["scheduled_lat_ns"]["N"] == job["read"]["total_ios"]


def test_what_a_slow_disk_makes_wait_shows_in_the_schedule(guest):
    """10 ms a read, one after the other, where 1000 a second are due: each is later."""
    run = guest.good("--disk=backend=null,size=1G,latency-ns=10000000", job=HEAD + """
[a]
rate_iops=1000
number_ios=50
""")
    (job,), (own,) = run.result["jobs"], run.result["ringbolt"]["jobs"]
    assert 10e6 <= job["read"]["lat_ns"]["mean"]
    # The last is due after 49 ms and issued after 490 at the earliest.
    assert own["scheduled_lat_ns"]["max"] >= 441e6 + job["read"]["lat_ns"]["min"]
    assert own["scheduled_lat_ns"]["mean"] > 10 * 10e6


def test_a_paced_job_issues_the_sequence_of_any_other(guest):
    job = """
stonewall
rw=randrw
number_ios=300
iodepth=4
"""
    paces = ("", "thinktime=1ms\nthinktime_blocks=20",
             "serialize_overlap=1", "iodepth_low=1")
    digests = set()
    for pace in paces:
        _, own, _ = jobs_of(guest, f"[a]{job}{pace}\n")
        digests.add(own[0]["sequence_digest"])
    assert len(digests) == 1


def test_a_ramp_is_not_measured(guest):
    (job,), _, _ = jobs_of(guest, """
[a]
iodepth=4
rate_iops=1000
ramp_time=1
runtime=2
time_based
""")
    assert near(job["read"]["total_ios"], 2000)
    assert near(job["read"]["runtime"], 2000)
    assert near(job["read"]["lat_ns"]["N"], 2000)


def test_thinking_takes_its_time(guest):
    (job,), _, _ = jobs_of(guest, """
[a]
thinktime=20ms
thinktime_spin=5ms
thinktime_blocks=10
number_ios=200
""")
    assert job["read"]["total_ios"] == 200
    assert 19 * 20 <= job["read"]["runtime"] < 2 * 19 * 20


def test_flows_share_by_weight(guest):
    (heavy, light), _, _ = jobs_of(guest, """
[heavy]
flow=8
iodepth=4
number_ios=20000
exitall
[light]
flow=1
iodepth=4
""", "--smp=2")
    assert near(heavy["read"]["total_ios"], 8 * light["read"]["total_ios"])


def test_a_job_ends_others(guest):
    jobs, _, _ = jobs_of(guest, """
[ends]
number_ios=10
exitall
[running]
time_based
runtime=30
[waiting]
startdelay=30
[other]
new_group
number_ios=20
""")
    assert [job["error"] for job in jobs] == [0] * 4
    assert jobs[1]["read"]["total_ios"] > 0
    assert jobs[2]["read"]["total_ios"] == 0
    assert jobs[3]["read"]["total_ios"] == 20


def test_latency_target_finds_a_depth(guest):
    (job,), _, _ = jobs_of(guest, """
[a]
iodepth=16
latency_target=2s
latency_window=50ms
""")
    assert job["latency_depth"] == 16
    assert near(job["read"]["runtime"], 50) or job["read"]["runtime"] < 200


@pytest.mark.parametrize("option, error", [("max_latency=1us", 110),
                                           ("latency_target=1us\nlatency_window=20ms", 110),
                                           ("rate_iops=100\nrate_iops_min=100\n"
                                            "thinktime=1s\nrate_cycle=500", 5),
                                           ("rate=400k\nrate_min=400k\n"
                                            "thinktime=1s\nrate_cycle=500", 5)])
def test_missed_limits_are_errors(guest, option, error):
    (job,), _, _ = jobs_of(guest, f"""
[a]
time_based
runtime=20
{option}
""", status=1)
    assert job["error"] == error


def test_steady_state_ends_a_job(guest):
    (job,), _, _ = jobs_of(guest, """
[a]
rate_iops=1000
steadystate=iops:10%
steadystate_duration=2
time_based
runtime=30
""")
    found = job["steadystate"]
    assert found["attained"] == 1 and len(found["data"]["iops"]) == 2
    assert near(found["data"]["iops_mean"], 1000)
    assert job["read"]["runtime"] < 10000


def test_what_is_disabled_is_not_told(guest):
    (job, reduced), _, _ = jobs_of(guest, """
[a]
number_ios=100
disable_slat=1
disable_clat=1
[b]
number_ios=100
gtod_reduce=1
""")
    assert [job["read"][key]["N"] for key in ("slat_ns", "clat_ns", "lat_ns")] == [0, 0, 100]
    assert [reduced["read"][key]["N"] for key in ("slat_ns", "clat_ns", "lat_ns")] == [0, 0, 0]
    assert job["read"]["total_ios"] == reduced["read"]["total_ios"] == 100


def test_log_files_lie_next_to_the_result(guest):
    (job,), _, _ = jobs_of(guest, """
[a]
number_ios=300
iodepth=4
write_bw_log
write_lat_log=p
write_hist_log=h
log_hist_msec=10
log_offset=1
""")
    files = {path.name: path.read_text().splitlines() for path in guest.directory.glob("*.log")}
    assert sorted(files) == ["a_bw.1.log", "h_clat_hist.1.log", "p_clat.1.log", "p_lat.1.log",
                             "p_slat.1.log"]
    assert all(len(files[name]) == 300 for name in files if "hist" not in name)
    latencies = [int(line.split(",")[1]) for line in files["p_lat.1.log"]]
    assert abs(sum(latencies) / 300 - job["read"]["lat_ns"]["mean"]) < 2
    assert max(latencies) == job["read"]["lat_ns"]["max"]
    rows = [[int(field) for field in line.split(",")] for line in files["h_clat_hist.1.log"]]
    assert all(len(row) == 3 + 1856 for row in rows)
    assert sum(sum(row[3:]) for row in rows) == 300


def test_the_null_engine_needs_no_disk(guest):
    (job,), _, run = jobs_of(guest, """
[a]
ioengine=null
filename=nothing
size=1m
iodepth=4
""")
    assert job["read"]["total_ios"] == 256
    assert run.total("requests") == 0


@pytest.mark.parametrize("cpu", [0, 1])
def test_a_delay_is_over_when_it_is_though_nothing_else_wakes_the_cpu(guest, cpu):
    """No status lines, no deadlines: only the delay's own timer."""
    run = guest.good(NULL, "--smp=2", "--set=status_interval_ms=0",
                     "--set=request_timeout_ms=0", "--timeout=20", job=HEAD + f"""
[late]
cpus_allowed={cpu}
startdelay=250ms
number_ios=20
""")
    assert run.result["jobs"][0]["read"]["total_ios"] == 20


@pytest.mark.parametrize("depth", [1, 8])
def test_a_delay_is_over_when_it_is_though_the_cpu_is_busy(guest, depth):
    _, (beside, _), run = jobs_of(guest, f"""
[beside]
iodepth={depth}
time_based
runtime=15
[late]
startdelay=250ms
number_ios=20
exitall
""", "--set=status_interval_ms=0", "--set=request_timeout_ms=0")
    assert run.result["jobs"][1]["read"]["total_ios"] == 20
    assert 250_000_000 <= beside["elapsed_ns"] < 10_000_000_000


def test_a_chain_of_jobs_waits(guest):
    jobs, _, _ = jobs_of(guest, """
[first]
numjobs=2
number_ios=20
rate_iops=100
[second]
wait_for=first
number_ios=20
[third]
stonewall
startdelay=100ms-200ms
number_ios=20
""")
    assert [job["read"]["total_ios"] for job in jobs] == [20] * 4
    assert [job["groupid"] for job in jobs] == [0, 0, 0, 1]


def test_a_job_waits_for_another(guest):
    image = guest.zeroes("disk.img", 256 << 10)
    guest.good(f"--disk=backend=file,path={image}", job="""
[global]
filename=/dev/vda
bs=4k
verify=crc32c
[early]
rw=write
rate_iops=100
do_verify=0
[late]
wait_for=early
rw=read
""")
