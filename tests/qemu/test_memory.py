# SPDX-License-Identifier: MIT
"""What jobs need of a machine's memory: no more than they use, and no more at once than runs at
once."""

import subprocess

import installed_fio
import verified
from guests import TIMEOUT_S
from test_sequences import FILL, digest

MEMORY_MIB = 64
SMALL = (f"--memory={MEMORY_MIB}", "--disk=backend=null,size=64G")


def job_file(*jobs, common="filename=/dev/vda"):
    text = f"[global]\nioengine=libaio\n{common}\n"
    return text + "".join(f"[job{index}]\n" + job.replace(" ", "\n") + "\n"
                          for index, job in enumerate(jobs))


def test_trims_need_no_buffers(guest):
    run = guest.good(*SMALL, job=job_file("rw=trim bs=1g iodepth=64", "rw=randtrim bs=512m"))
    assert [job["trim"]["io_bytes"] for job in run.result["jobs"]] == [64 << 30] * 2


def test_only_one_group_at_a_time_needs_its_buffers(guest):
    """168 jobs of 8 MiB or 2 MiB of buffers each, and none has what another left in them."""
    jobs = ["stonewall rw=randwrite bs=1m iodepth=8 number_ios=9",
            "stonewall rw=randread bs=256k iodepth=8 number_ios=20"] * 84
    run = guest.good(*SMALL, job=job_file(*jobs))
    assert [(job["read"]["total_ios"], job["write"]["total_ios"])
            for job in run.result["jobs"]] == [(0, 9), (20, 0)] * 84


def test_only_one_group_at_a_time_needs_its_random_map(guest):
    """32 MiB each. So few of so many blocks are never one twice."""
    digests = []
    for norandommap in (0, 1):
        job = f"stonewall rw=randread number_ios=20 norandommap={norandommap}"
        run = guest.good(f"--memory={MEMORY_MIB}", "--disk=backend=null,size=1T",
                         job=job_file(*[job] * 5))
        digests.append([job["sequence_digest"] for job in run.result["ringbolt"]["jobs"]])
    assert digests[0] == digests[1]


def test_what_a_job_before_read_does_not_pass_for_read(guest):
    """A disk that says "done" and transfers nothing."""
    image = guest.zeroes("disk.img", 64 << 10)
    run = guest.run("--disk=backend=null", f"--disk=backend=file,path={image}", job=job_file(
        "filename=/dev/vdb rw=write verify=crc32c do_verify=0",
        "stonewall filename=/dev/vdb rw=read",
        "stonewall filename=/dev/vda rw=read verify=crc32c", common="size=4k\noffset=60k"))
    assert run.result and [job["error"] for job in run.result["jobs"]] == [0, 0, 84], run.err


def test_softrandommap_goes_on_without_a_map_that_does_not_fit(guest):
    """As fio, which tells so in the same words and goes through the same blocks."""
    job = ("[a]\nioengine=null\nsize=64t\nrw=randread\nnumber_ios=200\nthread\n"
           "softrandommap=1\n")
    run = guest.good(f"--memory={MEMORY_MIB}", installed_fio.followed(), job=job)
    theirs = subprocess.run(["prlimit", f"--as={2 << 30}", "fio", "--debug=io", "job.fio"],
                            cwd=guest.directory, capture_output=True, text=True, timeout=TIMEOUT_S,
                            check=True).stdout
    said = [line for line in theirs.splitlines() if line.startswith("fio: file")]
    assert any("failed allocating random map" in line for line in said)
    assert [line for line in run.out.splitlines() if line.startswith("fio: file")] == said
    assert run.result["ringbolt"]["jobs"][0]["sequence_digest"] == digest(
        [(int(offset, 16), int(length, 16), int(direction))
         for _, offset, length, direction in FILL.findall(theirs)])


def test_a_map_that_does_not_fit_is_refused_with_the_ways_out(guest):
    run = guest.run(f"--memory={MEMORY_MIB}",
                    job="[a]\nioengine=null\nsize=4t\nrw=randread\nnumber_ios=20\n")
    assert run.status == 2
    assert run.err.splitlines() == [
        "ringbolt: job.fio:1: size: [a] not enough memory for a random map of 131 MiB: "
        "norandommap or softrandommap=1 do without, a smaller size= needs less, "
        "--memory gives more"]


# Of a terabyte: with a random map and without, of blocks of several sizes, by passes, by backlogs.
FEW_WRITES = ["rw=randwrite bs=4k number_ios=256", "rw=randwrite bs=4k io_size=1m norandommap",
              "rw=randwrite bsrange=4k-64k verify_interval=4k io_size=1m",
              "rw=randrw bs=4k number_ios=100 loops=3", "rw=write:4g bs=64k io_size=1m",
              "rw=randwrite bs=4k number_ios=300 verify_backlog=16"]


def test_notes_need_what_is_written_and_not_what_could_be(guest):
    """Each beside fio, with the memory that one job's random map needs."""
    rows = [f"{options} size=1t verify=crc32c" for options in FEW_WRITES]
    images = [guest.zeroes(f"{index}.img", 1 << 40) for index in range(len(rows))]
    names = [verified.disk_name(index) for index in range(len(rows))]
    run = guest.good(f"--memory={MEMORY_MIB + 32}",
                     *(f"--disk=backend=file,path={image}" for image in images),
                     job=verified.job_file(names, rows, "ioengine=libaio", "stonewall"))
    ours = verified.outcomes_of(rows, run.status, run.result, rows)
    theirs = verified.fio(guest.directory, images, rows)
    assert [row.errors() for row in theirs] == [[0]] * len(rows)
    assert [row.counts() for row in ours] == [row.counts() for row in theirs]


def test_notes_that_do_not_fit_are_refused_with_the_ways_out(guest):
    run = guest.run(*SMALL, job=job_file("rw=randwrite bs=4k verify=crc32c norandommap"))
    assert run.status == 2
    assert run.err.splitlines() == [
        "ringbolt: job.fio:4: verify: [job0] not enough memory to note what is written: "
        "a smaller size= or a larger verify_interval= needs less, do_verify=0 none, "
        "--memory gives more"]


def test_jobs_of_one_group_need_their_buffers_at_once(guest):
    run = guest.run(*SMALL, job=job_file(*["rw=randread bs=1m iodepth=32"] * 2))
    assert run.status == 2
    assert run.err.splitlines() == [
        "ringbolt: job.fio:8: iodepth: [job1] not enough memory for 32 buffers of 1048576 bytes: "
        "--memory gives more"]
