# SPDX-License-Identifier: MIT
"""The kernel and the real fio issue the same I/Os: one job file, run by both.

fio says with --debug=io what it issues; from that the test computes the digest that the kernel
reports of each job. Counts, bytes and flushes must agree, too.
"""

import re
import subprocess

import installed_fio
import pytest
from guests import TIMEOUT_S, Guest

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
rw=randrw bs=16k size=100k offset=16k io_size=50% loops=5 norandommap
rw=read size=512k io_size=50% loops=5
rw=randread size=50% io_size=75% loops=3
rw=randwrite size=50% io_size=25% loops=3 norandommap
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
rw=write:8k bs=3k size=640k io_size=333k
rw=read:12k size=640k io_size=50%
rw=randread:8 ba=16k size=320k io_size=256k
rw=read:-8k size=512k
rw=randread ba=8k
rw=randread random_generator=lfsr loops=2
rw=randread random_generator=tausworthe64
rw=randread random_distribution=zoned:50/5:30/15:20/80
rw=randread randseed=99 numjobs=3
rw=randwrite offset_increment=10% size=30% numjobs=3
rw=read zonemode=strided zonesize=64k zonerange=64k zoneskip=28k
rw=read number_ios=20 loops=2
rw=randread size=50%
rw=randread size=37% bs=12k
rw=read offset=10%
rw=read offset=33% offset_align=16k
rw=randread offset=33% size=20%
rw=randwrite offset_increment=10% size=100k numjobs=4
rw=randread io_size=25%
rw=randread io_size=7% bs=12k
rw=randread filesize=512k
rw=write filesize=300k size=200k
rw=read filesize=300k size=600k
rw=randread filesize=512k size=64k loops=2
rw=read filesize=88k size=236k offset=9k
rw=read filesize=300k size=50%
rw=read filesize=64k size=40k io_size=100k
rw=randread filesize=64k size=32k io_size=50%
rw=randrw size=300k bssplit=4k/50:12k/50 loops=2
rw=randread bs=4k size=30k
rw=read bs=16k size=100k loops=3
rw=randread bs=16k size=100k loops=3
rw=randrw bs=8k,4k size=100k loops=2 number_ios=30
rw=randwrite percentage_random=20 size=256k io_size=512k
rw=randread:5 size=256k loops=2
rw=rw:8k size=256k
rw=randread bsrange=4k-64k size=1000k
rw=read bsrange=4k-64k size=1000k loops=2
rw=randread random_distribution=zoned:30/10:30/20:40/70 loops=2
rw=randread bssplit=4k/10:64k/90 size=1000k loops=2
rw=randwrite fsync=3 size=64k loops=3
rw=rw fsync=2 size=64k
rw=randrw fsync=3 size=64k loops=2
rw=rw size=16k io_size=64k
rw=rw size=16k io_size=64k offset=8k loops=2
rw=rw:8k size=32k io_size=64k
rw=rw size=16k io_size=40k verify=null do_verify=0
rw=randrw percentage_random=30 size=16k io_size=64k
rw=randread randseed=0
rw=randread randseed=0 randrepeat=0
rw=randread allrandrepeat=0 randseed=6
rw=readwrite rwmixread=0 size=64k
rw=randrw rwmixread=100 size=64k
rw=randread numjobs=3 size=128k randseed=4
rw=randread numjobs=3 size=128k allrandrepeat=1
rw=randread norandommap number_ios=50 loops=2
rw=randread iodepth_low=1 size=256k
rw=read number_ios=1000
rw=write bs=16k,4k bs_is_seq_rand=1
rw=write bs=16k,4k bs_is_seq_rand=1 verify=crc32c do_verify=0
rw=randrw bs=4k,64k bs_is_seq_rand=1 percentage_random=50
rw=randwrite bs=4k,64k bs_is_seq_rand=1 percentage_random=50 norandommap
rw=randread:4 bs=64k,4k bs_is_seq_rand=1
""".split("\n")[1:-1]
# In its first pass fio asks its map of blocks beyond the region, which holds what memory held.
# With the seeds of 3.33 this one does not come there.
if not installed_fio.is_since("3.39"):
    JOBS += ["rw=randread bs=512,256k bs_is_seq_rand=1 size=640k io_size=2m"]
# The same by ioengine=null, which trims, and whose files are called alike on both sides: their
# names seed distributions.
WITHOUT_A_DISK = """
rw=trim loops=2
rw=randtrim io_size=2m
rw=trimwrite size=800k loops=2
rw=randtrimwrite number_ios=100
rw=trimwrite io_size=13k
rw=randtrimwrite io_size=13k loops=3
rw=randtrimwrite bs=4k,8k,16k io_size=100k
rw=trimwrite bs=4k,8k,8k io_size=100k loops=2
rw=trimwrite size=100k io_size=333k
rw=trimwrite size=100k io_size=333k loops=2
rw=randtrimwrite size=100k io_size=333k
rw=randtrimwrite norandommap size=256k loops=3
rw=randtrimwrite norandommap size=256k io_size=1000k
rw=trimwrite number_ios=7 loops=2
rw=randtrimwrite number_ios=300 loops=3
rw=randtrim norandommap size=256k loops=2
rw=randtrim norandommap size=256k io_size=1000k
rw=trimwrite io_size=50% loops=2
rw=read bs=4k,64k size=100k io_size=120k
rw=read bs=4k,64k size=100k io_size=120k do_verify=0
rw=randread bs=8k,4k,32k size=100k io_size=333k
rw=randtrimwrite bsrange=4k-16k loops=2
rw=trimwrite bs=4k,8k,16k
rw=randrw bs=4k,16k
rw=randrw bs=12k,4k rwmixread=30 loops=2
rw=randread random_distribution=zipf:1.2
rw=randread random_distribution=zipf:0.8 randrepeat=0 randseed=9 io_size=3m
rw=randrw random_distribution=pareto:0.3
rw=randwrite random_distribution=pareto:0.1:0.5 loops=2
rw=randread random_distribution=normal:10
rw=randrw random_distribution=normal:30:0.7
rw=randread random_distribution=zoned_abs:60/200k:30/400k:10/424k
rw=randread random_distribution=zoned:50/10:50/90 bsrange=4k-16k
rw=randrw percentage_random=30,80 loops=2
rw=randread:8 rw_sequencer=identical
rw=randread:3 norandommap
rw=randwrite:6 bsrange=4k-12k
rw=randrw:4 rwmixread=80
rw=randread bsrange=4k-64k bs_is_seq_rand=0
rw=randread bs=4k,16k bs_is_seq_rand=1 percentage_random=60
rw=randrw bsrange=4k-8k,8k-32k
rw=randrw bssplit=4k/50:8k/,16k/10:4k/90
rw=randread bssplit=4k/10:8k/20:64k/70 norandommap io_size=4m
rw=randread bssplit=512/33:3k/33:7k
rw=randread bs=8k ba=4k
rw=randread bs=4k ba=12k io_size=2m
rw=randread bs=4k ba=64k,8k
rw=randread allrandrepeat=1 numjobs=2
rw=randrw allrandrepeat=1 randseed=12 bsrange=4k-8k
rw=randrw randrepeat=0 randseed=77 loops=2 rwmixread=10
rw=randread random_generator=lfsr randseed=3
rw=randrw random_generator=lfsr loops=3
rw=randread random_generator=lfsr zonemode=strided zonesize=256k numjobs=4
rw=randread random_generator=lfsr zonemode=strided zonesize=128k zoneskip=32k loops=3 numjobs=2
rw=randread random_generator=lfsr zonemode=strided zonesize=256k zonerange=128k randseed=3
rw=randrw random_generator=lfsr zonemode=strided zonesize=32k zonerange=512k numjobs=3 loops=2
rw=randread random_generator=lfsr zonemode=strided zonesize=200k randrepeat=0 randseed=5 numjobs=2
rw=randread random_generator=lfsr numjobs=5 loops=2 size=400k
rw=randread random_generator=tausworthe64 bssplit=4k/50:8k/50
rw=randrw random_generator=tausworthe64 percentage_random=50
rw=randread random_generator=tausworthe64 random_distribution=zipf:1.1
rw=read zonemode=strided zonesize=32k zonerange=64k zoneskip=16k loops=2
rw=randread zonemode=strided zonesize=64k zonerange=32k zoneskip=64k io_size=2m
rw=randrw zonemode=strided zonesize=16k zoneskip=16k
rw=read:4k
rw=read:12k size=100k io_size=1m
rw=write:-16k size=640k
rw=rw:4k
rw=randread offset=20k size=500k
rw=randwrite offset_increment=100k size=100k numjobs=3 loops=2
rw=read size=1000k bs=3k loops=2
rw=randread size=1000k bs=3k loops=2
rw=randread size=1000k bs=24k io_size=50%
rw=rw number_ios=30 rwmixwrite=20
rw=randread number_ios=20 loops=3
rw=randwrite fsync=4 io_size=2m
rw=read filesize=64k size=40k offset=8k
rw=write filesize=65k
rw=write filesize=65k size=80k
rw=randtrim:7 norandommap size=230k filesize=280064 io_size=1m
rw=randwrite bs=4k,4k,512 random_distribution=zipf:1.2
rw=randtrim bs=4k,5k,512 random_distribution=pareto:0.1:0.7
rw=randwrite bs=4k,512,8k random_distribution=normal:20
rw=trim:-1k size=68k loops=2
rw=trimwrite fsync=2 size=64k
rw=randtrimwrite fsync=3 size=64k loops=2
rw=randread random_distribution=zipf:1.2:0.5 randrepeat=0 randseed=7
rw=randread random_distribution=zipf:1.2 randseed=5
rw=randread random_distribution=normal:20 randseed=5 numjobs=2
rw=randread random_distribution=pareto:0.4 allrandrepeat=1
""".split("\n")[1:-1]
TWO_DISKS = ["rw=randrw size=800k", "rw=read", "rw=randread:5 loops=2",
             "rw=rw size=16k io_size=64k"]

FILL = re.compile(r"^io +(\d+) +fill: io_u \w+: off=0x(\w+),len=0x(\w+),ddir=(\d)", re.MULTILINE)


def job_file(jobs, disks, header):
    sections = "".join(f"[job{number}]\n" + options.replace(" ", "\n") + "\n"
                       for number, options in enumerate(jobs))
    return f"[global]\nfilename={disks}\nbs=4k\n{header}\n{sections}"


def digest(ios):
    """FNV-1a over one 64-bit word per I/O, as the kernel computes it."""
    value = 0xcbf29ce484222325
    for offset, length, direction in ios:
        value = ((value ^ offset ^ length << 32 ^ direction) * 0x100000001b3) % 2**64
    return f"{value:016x}"


def issued_by_fio(directory, jobs, files, header):
    """Per job, clones in order: (digest, I/Os, bytes, flushes). All jobs run at once, or each
    would cost a third of a second's waiting; processes are numbered in the order of their jobs."""
    for name in files.split(":"):
        with open(directory / name, "wb") as file:
            file.truncate(DISK_KIB * 1024)
    (directory / "fio.fio").write_text(job_file(jobs, files, header))
    done = subprocess.run(["fio", "--debug=io", "fio.fio"], cwd=directory, capture_output=True,
                          text=True, timeout=TIMEOUT_S, check=False)
    assert done.returncode == 0, done.stderr
    processes = {}
    for process, offset, length, direction in FILL.findall(done.stdout):
        ios, flushes = processes.setdefault(int(process), ([], []))
        (ios if int(direction) < 3 else flushes).append(
            (int(offset, 16), int(length, 16), int(direction)))
    # The parent speaks first; numbers of processes may begin anew.
    parent = int(re.search(r"^io +(\d+) ", done.stdout, re.MULTILINE)[1])
    return [(digest(ios), len(ios), sum(io[1] for io in ios), len(flushes))
            for _, (ios, flushes) in sorted(processes.items(),
                                            key=lambda entry: (entry[0] < parent, entry[0]))]


def issued_by_the_kernel(run):
    jobs = []
    for measured, own in zip(run.result["jobs"], run.result["ringbolt"]["jobs"]):
        directions = [measured[name] for name in ("read", "write", "trim")]
        jobs.append((own["sequence_digest"], sum(d["total_ios"] for d in directions),
                     sum(d["io_bytes"] for d in directions), measured["sync"]["total_ios"]))
    return jobs


def assert_alike(run, theirs):
    ours = issued_by_the_kernel(run)
    assert len(ours) == len(theirs)
    different = []
    for number, (job, our, their) in enumerate(zip(run.result["jobs"], ours, theirs)):
        options = job["job options"]
        # fio 3.33 may flush twice before another pass, or once for each I/O of a queue's end.
        last = 3 if not installed_fio.is_since("3.39") and {"loops", "io_size"} & {*options} else 4
        if our[:last] != their[:last]:
            different.append(f"{number} {job['jobname']}: {options}: {our}, fio {their}")
    assert not different, "\n".join(different)


# Engines that queue end their passes otherwise than those that do not.
@pytest.mark.parametrize("engine, depth", [("psync", "iodepth=1"), ("libaio", "iodepth=1"),
                                           ("libaio", "iodepth=32\niodepth_batch=8")])
@pytest.mark.parametrize("jobs, disks", [(JOBS, 1), (TWO_DISKS, 2)], ids=["one disk", "two disks"])
def test_the_kernel_issues_what_fio_issues(jobs, disks, engine, depth, tmp_path):
    names = "abc"[:disks]
    run = Guest(tmp_path).good(
        installed_fio.followed(), *[f"--disk=backend=null,size={DISK_KIB}k"] * disks,
        job=job_file(jobs, ":".join(f"/dev/vd{name}" for name in names),
                     f"stonewall\nioengine={engine}\n{depth}"))
    assert_alike(run, issued_by_fio(tmp_path, jobs, ":".join(names), f"ioengine={engine}"))


@pytest.mark.parametrize("depth", [1, 8])
def test_jobs_without_a_disk_do_what_they_do_in_fio(depth, tmp_path):
    header = f"ioengine=null\nsize={DISK_KIB}k\niodepth={depth}"
    run = Guest(tmp_path).good(installed_fio.followed(),
                               job=job_file(WITHOUT_A_DISK, "name", f"stonewall\n{header}"))
    assert_alike(run, issued_by_fio(tmp_path, WITHOUT_A_DISK, "name", header))


def test_the_last_trim_before_a_write_has_its_write(guest):
    """What io_size= leaves over for half of a block is a block."""
    run = guest.good(f"--disk=backend=null,size={DISK_KIB}k",
                     job=job_file(["rw=trimwrite io_size=13k"], "/dev/vda", "ioengine=libaio"))
    job, = run.result["jobs"]
    assert (job["trim"]["total_ios"], job["write"]["total_ios"]) == (4, 4)


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


def seed_of_blocks(release):
    """Of the first job, as that release of fio seeds the stream of blocks."""
    if release == "3.33":
        return 0xb1899bed
    seed = 0x89
    for _ in range(4 + 6):
        seed = seed * 0x9e370001 % 2**64
    return seed + 6 & 0xffffffff


def blocks_by_time(seed, blocks, count):
    """Random blocks with a map, going on after each pass: the draw that finds no free block is
    lost, nothing is seeded anew."""
    numbers, taken = taus88(seed), set()
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


@pytest.mark.parametrize("release", installed_fio.RELEASES)
def test_a_job_that_goes_by_time_draws_on_from_pass_to_pass(guest, release):
    run = guest.good(f"--set=fio_version={release}", f"--disk=backend=null,size={DISK_KIB}k",
                     job=job_file(["rw=randread time_based runtime=1 size=400k"], "/dev/vda",
                                  "ioengine=libaio\niodepth=32"))
    (ours, count, *_), = issued_by_the_kernel(run)
    assert count > 1000
    assert ours == digest((block * 4096, 4096, 0) for block in
                          blocks_by_time(seed_of_blocks(release), 100, count))
