"""The kernel and the real fio issue the same I/Os: one job file, run by both.

fio says with --debug=io what it issues; from that the test computes the digest that the kernel
reports of each job. Counts and bytes must agree, too.
"""

import re
import subprocess

import pytest
from guests import Guest

DISK_KIB = 1024

# One line, one job. All of one section of fio's manual: what decides the sequence.
JOBS = """
rw=randread
rw=randread loops=3
rw=randread loops=3 norandommap
rw=randrw size=256k loops=20 norandommap
rw=randread size=256k io_size=384k loops=2 norandommap
rw=randwrite size=256k io_size=384k loops=2 norandommap
rw=randread size=256k io_size=96k loops=3 norandommap
rw=randwrite size=100k io_size=333k
rw=randread size=100k io_size=50%
rw=randread size=100k io_size=333k randseed=4
rw=randwrite size=100k io_size=333k do_verify=0
rw=randwrite size=100k io_size=333k do_verify=0 loops=2
rw=write size=100k io_size=333k do_verify=0
rw=randread size=100k io_size=333k bs=12k do_verify=0
rw=randrw size=256k io_size=1000k norandommap do_verify=0
rw=randrw size=256k io_size=1000k loops=2 randseed=3
rw=randread size=256k loops=3 randrepeat=0 randseed=5
rw=randrw size=400k loops=2
rw=rw size=400k loops=2 rwmixread=70
rw=read bs=12k size=1000k loops=2
rw=write bs=3k size=1000k offset=12k
rw=randrw bsrange=4k-16k
rw=randread bssplit=4k/20:8k/30:16k/50
rw=randread percentage_random=50 loops=2
rw=randread:8
rw=write:16k size=800k
rw=read:-8k size=512k
rw=randread ba=8k
rw=randread random_generator=lfsr loops=2
rw=randread random_generator=tausworthe64
rw=randread random_distribution=zoned:50/5:30/15:20/80
rw=randread random_distribution=zipf:1.2:0.5 randrepeat=0 randseed=7
rw=randread randseed=99 numjobs=3
rw=randwrite offset_increment=10% size=30% numjobs=3
rw=read zonemode=strided zonesize=64k zonerange=64k zoneskip=28k
rw=read number_ios=20 loops=2
""".split("\n")[1:-1]
TWO_DISKS = ["rw=randrw size=800k", "rw=read", "rw=randread:5 loops=2"]

FILL = re.compile(r"^io +(\d+) +fill: io_u \w+: off=0x(\w+),len=0x(\w+),ddir=(\d)", re.MULTILINE)


def job_file(jobs, disks, header):
    sections = "".join(f"[job{number}]\n" + options.replace(" ", "\n") + "\n"
                       for number, options in enumerate(jobs))
    return f"[global]\nfilename={disks}\nstonewall\nbs=4k\n{header}\n{sections}"


def digest(ios):
    """FNV-1a over one 64-bit word per I/O, as the kernel computes it."""
    value = 0xcbf29ce484222325
    for offset, length, direction in ios:
        value = ((value ^ offset ^ length << 32 ^ direction) * 0x100000001b3) % 2**64
    return f"{value:016x}"


def issued_by_fio(directory, jobs, names, engine):
    """Per job, clones in order: (digest, I/Os, bytes). Processes start one after the other."""
    for name in names:
        with open(directory / name, "wb") as file:
            file.truncate(DISK_KIB * 1024)
    (directory / "fio.fio").write_text(job_file(jobs, ":".join(names), f"ioengine={engine}"))
    done = subprocess.run(["fio", "--debug=io", "fio.fio"], cwd=directory, capture_output=True,
                          text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    processes = {}
    for process, offset, length, direction in FILL.findall(done.stdout):
        if int(direction) < 3:
            processes.setdefault(int(process), []).append(
                (int(offset, 16), int(length, 16), int(direction)))
    return [(digest(ios), len(ios), sum(io[1] for io in ios))
            for _, ios in sorted(processes.items())]


def issued_by_the_kernel(run):
    jobs = []
    for measured, own in zip(run.result["jobs"], run.result["ringbolt"]["jobs"]):
        directions = [measured[name] for name in ("read", "write", "trim")]
        jobs.append((own["sequence_digest"], sum(d["total_ios"] for d in directions),
                     sum(d["io_bytes"] for d in directions)))
    return jobs


# Engines that queue end their passes otherwise than those that do not.
@pytest.mark.parametrize("engine, depth", [("psync", "iodepth=1"), ("libaio", "iodepth=1"),
                                           ("libaio", "iodepth=32\niodepth_batch=8")])
@pytest.mark.parametrize("jobs, disks", [(JOBS, 1), (TWO_DISKS, 2)], ids=["one disk", "two disks"])
def test_the_kernel_issues_what_fio_issues(jobs, disks, engine, depth, tmp_path):
    names = "abc"[:disks]
    run = Guest(tmp_path).good(
        *[f"--disk=backend=null,size={DISK_KIB}k"] * disks,
        job=job_file(jobs, ":".join(f"/dev/vd{name}" for name in names),
                     f"ioengine={engine}\n{depth}"))
    ours = issued_by_the_kernel(run)
    theirs = issued_by_fio(tmp_path, jobs, names, engine)
    assert len(ours) == len(theirs)
    names = [f"{job['jobname']}: {job['job options']}" for job in run.result["jobs"]]
    assert dict(zip(names, ours)) == dict(zip(names, theirs))


def taus88(seed):
    """The random numbers that fio draws blocks with."""
    words = []
    previous = 53
    for least in (1, 7, 15):
        previous = (previous * 69069 & 0xffffffff) ^ seed
        previous += least if previous < least else 0
        words.append(previous)
    a, b, c = words
    drawn = -6  # the first six are thrown away
    while True:
        a = (a & ~1) << 12 & 0xffffffff ^ (a << 13 & 0xffffffff ^ a) >> 19
        b = (b & ~7) << 4 & 0xffffffff ^ (b << 2 & 0xffffffff ^ b) >> 25
        c = (c & ~15) << 17 & 0xffffffff ^ (c << 3 & 0xffffffff ^ c) >> 11
        if drawn >= 0:
            yield a ^ b ^ c
        drawn += 1


def blocks_by_time(blocks, count):
    """Random blocks with a map, going on after each pass: the draw that finds no free block is
    lost, nothing is seeded anew."""
    numbers, taken = taus88(0xb1899bed), set()
    while count:
        block = next(numbers) * blocks >> 32
        if len(taken) == blocks:
            taken = set()
            continue
        while block in taken:
            block = (block + 1) % blocks
        taken.add(block)
        yield block
        count -= 1


def test_a_job_that_goes_by_time_draws_on_from_pass_to_pass(guest):
    run = guest.good(f"--disk=backend=null,size={DISK_KIB}k",
                     job=job_file(["rw=randread time_based runtime=1 size=400k"], "/dev/vda",
                                  "ioengine=libaio\niodepth=32"))
    (ours, count, _), = issued_by_the_kernel(run)
    assert count > 1000
    assert ours == digest((block * 4096, 4096, 0) for block in blocks_by_time(100, count))
