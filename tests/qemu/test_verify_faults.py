# SPDX-License-Identifier: MIT
"""Every fault of verified data is found and named, and nothing else is called one."""

import errno
from dataclasses import dataclass

import installed_fio
import pytest
from guests import Guest
from lying_disk import LyingDisk
from verified import BLOCK, CRC, DISK_BYTES, blank, boot, disk_name, fio, job_file, outcomes_of

# --- corruption ----------------------------------------------------------------------

@dataclass
class Fault:
    what: str
    verify: str
    byte: int  # of block FAULTY
    message: str
    looks_like: str
    length: int = 1
    zero: bool = False  # else a bit is flipped


FAULTY = 5
# Where the header of the installed fio has what, and the message about a first bit of its type.
if installed_fio.is_since("3.41"):
    HEADER, THREAD, NUMBER, WRONG_TYPE = 48, 40, 32, "bad header version"
else:
    HEADER, THREAD, NUMBER, WRONG_TYPE = 40, 32, 34, "bad header crc"
FAULTS = [
    Fault("magic", "crc32c", 0, "bad magic header", "header corrupted"),
    Fault("type or version", "crc32c", 2, WRONG_TYPE, "header corrupted"),
    Fault("type", "crc32c", 3, "bad header crc", "header corrupted"),
    Fault("len", "crc32c", 4, "bad header length", "header corrupted"),
    Fault("rand_seed", "crc32c", 8, "bad header crc", "header corrupted"),
    Fault("offset", "crc32c", 16, "bad header offset", "header corrupted"),
    Fault("time_sec", "crc32c", 24, "bad header crc", "header corrupted"),
    Fault("time_nsec", "crc32c", 28, "bad header crc", "header corrupted"),
    Fault("thread", "crc32c", THREAD, "bad header crc", "header corrupted"),
    Fault("numberio", "crc32c", NUMBER, "bad header crc", "header corrupted"),
    Fault("crc32", "crc32c", HEADER - 4, "bad header crc", "header corrupted"),
    Fault("checksum", "crc32c", HEADER, "crc32c: verify failed", "checksum corrupted"),
    Fault("first payload byte", "crc32c", HEADER + 4, "crc32c: verify failed",
          f"payload corrupted, first at byte {HEADER + 4}, 1 in all"),
    Fault("last payload byte", "crc32c", 4095, "crc32c: verify failed",
          "payload corrupted, first at byte 4095, 1 in all"),
    Fault("never written", "crc32c", 0, "bad magic header", "never written", 4096, True),
    Fault("torn", "crc32c", 2048, "crc32c: verify failed", "torn: partly never written", 2048,
          True),
    Fault("md5 payload", "md5", 3000, "md5: verify failed", "payload corrupted"),
    Fault("sha1 checksum", "sha1", HEADER + 19, "sha1: verify failed", "checksum corrupted"),
    Fault("crc64 payload", "crc64", HEADER + 8, "crc64: verify failed", "payload corrupted"),
    Fault("crc32 payload", "crc32", HEADER + 4, "crc32: verify failed", "payload corrupted"),
    Fault("crc16 payload", "crc16", HEADER + 2, "crc16: verify failed", "payload corrupted"),
    Fault("crc7 payload", "crc7", HEADER + 1, "crc7: verify failed", "payload corrupted"),
    Fault("xxhash payload", "xxhash", 4000, "xxhash: verify failed", "payload corrupted"),
    Fault("meta header", "meta", HEADER - 1, "bad header crc", "header corrupted"),
    Fault("pattern", "pattern verify_pattern=0x12", 700, "pattern: verify failed",
          "payload corrupted, first at byte 700, 1 in all"),
]


@pytest.fixture(scope="module")
def faults_found(tmp_path_factory):
    directory = tmp_path_factory.mktemp("faults")
    images = [blank(directory / f"{i}.img") for i in range(len(FAULTS))]
    jobs = [f"verify={fault.verify} bs=4k size=64k" for fault in FAULTS]
    wrote = fio(directory, images, [f"rw=write do_verify=0 {job}" for job in jobs])
    assert wrote[0].status == 0, wrote[0].out
    for image, fault in zip(images, FAULTS):
        data = bytearray(image.read_bytes())
        for at in range(FAULTY * BLOCK + fault.byte, FAULTY * BLOCK + fault.byte + fault.length):
            data[at] = 0 if fault.zero else data[at] ^ 0x10
        image.write_bytes(data)
    outcomes = boot(directory, images, [f"rw=randread iodepth=4 {job}" for job in jobs])
    return {fault.what: (index, outcome)
            for index, (fault, outcome) in enumerate(zip(FAULTS, outcomes))}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.what)
def test_every_corruption_is_found_and_named(faults_found, fault):
    index, outcome = faults_found[fault.what]
    assert outcome.status == 1
    assert outcome.jobs[0]["error"] == 84
    said = [line for line in outcome.out.splitlines() if "requested block" in line]
    assert len(said) == 1, outcome.out
    assert fault.message in said[0]
    assert f"file {disk_name(index)} offset {FAULTY * BLOCK}, length {BLOCK}" in said[0]
    assert said[0].endswith(fault.looks_like) or f"{fault.looks_like}," in said[0], said[0]


# --- what reading back means -----------------------------------------------------------

@dataclass
class Behaviour:
    what: str
    options: str
    error: int
    reads: int
    lines: int = 0  # about bad blocks
    bad: tuple = ()  # blocks of a written disk that are not as they were
    is_written: bool = False  # the disk; else it is new, unless some are bad
    total_errors: int = -1


ANY = -1  # reads, where they are not foreseeable
# Seeds of a verify_only run: what fio has to be asked for from 3.39 on.
SEEDS_CHECKED = "verify_header_seed=1" if installed_fio.is_since("3.39") else ""
BEHAVIOURS = [
    Behaviour("all bad intervals of an I/O count, not only the last",
              "rw=read bs=64k verify_interval=4k size=64k verify=crc32c", 84, 1, 2, (1, 2)),
    Behaviour("verify_fatal stops at the first", "rw=read bs=64k verify_interval=4k size=128k"
              " verify=crc32c verify_fatal=1", 84, 1, 1, (1, 2, 20)),
    Behaviour("an error ends the job", "rw=read bs=4k size=64k verify=crc32c", 84, 3, 1, (2, 8)),
    Behaviour("continue_on_error=verify goes on", "rw=read bs=4k size=64k verify=crc32c"
              " continue_on_error=verify", 84, 16, 2, (2, 8), total_errors=2),
    Behaviour("verify_fatal stops in spite of it", "rw=read bs=4k size=64k verify=crc32c"
              " continue_on_error=verify verify_fatal=1", 84, 3, 1, (2, 8), total_errors=1),
    Behaviour("printed failures are limited", "rw=read bs=4k size=192k verify=crc32c"
              " continue_on_error=verify", 84, 48, 8, tuple(range(10)), total_errors=10),
    Behaviour("verify_only checks what another run wrote", "rw=write bs=4k size=64k"
              " verify=crc32c verify_only", 84, 4, 1, (3,)),
    Behaviour("verify_only writes nothing", "rw=randwrite bs=4k size=64k verify=crc32c"
              " verify_only", 84, 1, 1),
    Behaviour("verify_only of a mixed job knows the seeds", "rw=randrw bs=4k size=64k"
              f" verify=crc32c verify_only {SEEDS_CHECKED}", 84, ANY, 1, is_written=True),
    Behaviour("verify_only of a mixed job ignores seeds from 3.39 on", "rw=randrw bs=4k size=64k"
              " verify=crc32c verify_only", *((0, ANY) if SEEDS_CHECKED else (84, ANY, 1)),
              is_written=True),
    Behaviour("do_verify=0 checks nothing", "rw=write bs=4k size=64k verify=crc32c do_verify=0",
              0, 0),
    Behaviour("time_based reads back what it wrote", "rw=randwrite bs=4k size=64k verify=crc32c"
              " iodepth=8 time_based runtime=200ms", 0, 16),
    Behaviour("time_based without a map", "rw=randwrite bs=4k size=32k verify=crc32c iodepth=32"
              " norandommap time_based runtime=200ms", 0, 8),
    Behaviour("the end of its time does not end the check", "rw=write bs=4k size=64k"
              " verify=crc32c rate_iops=100 runtime=100ms", 0, ANY),
    Behaviour("many writes of few blocks in flight", "rw=randwrite bs=4k size=64k"
              " io_size=4m verify=crc32c iodepth=64 random_distribution=zipf:1.4", 0, ANY),
    Behaviour("overlapping writes of several sizes", "rw=randwrite bsrange=4k-16k size=192k"
              " io_size=2m verify=crc32c iodepth=16 norandommap", 0, ANY),
    Behaviour("the rests of what was overwritten keep their place in the pattern",
              "rw=randwrite bsrange=4k-16k size=192k io_size=2m verify=pattern iodepth=8"
              " verify_pattern=%o\"abc\" norandommap", 0, ANY),
    Behaviour("overlaps within a backlog", "rw=randwrite bsrange=4k-16k size=64k io_size=1m"
              " verify=crc32c iodepth=8 norandommap verify_backlog=16", 0, ANY),
    Behaviour("trims before writes", "rw=trimwrite bs=4k size=64k verify=crc32c", 0, 16),
    Behaviour("many trims before writes", "rw=randtrimwrite bs=4k size=192k verify=crc32c"
              " iodepth=32", 0, 48),
]


@pytest.fixture(scope="module")
def behaved(tmp_path_factory):
    directory = tmp_path_factory.mktemp("behaviours")
    images = [blank(directory / f"{i}.img") for i in range(len(BEHAVIOURS))]
    old = [(image, row) for image, row in zip(images, BEHAVIOURS) if row.bad or row.is_written]
    wrote = fio(directory, [image for image, _ in old],
                ["rw=write bs=4k size=192k verify=crc32c do_verify=0"] * len(old))
    assert wrote[0].status == 0, wrote[0].out
    for image, row in old:
        data = bytearray(image.read_bytes())
        for block in row.bad:
            data[block * BLOCK + 1000] ^= 1
        image.write_bytes(data)
    outcomes = boot(directory, images, [row.options for row in BEHAVIOURS])
    return {row.what: (image, outcome)
            for row, image, outcome in zip(BEHAVIOURS, images, outcomes)}


@pytest.mark.parametrize("row", BEHAVIOURS, ids=lambda row: row.what)
def test_reading_back(behaved, row):
    image, outcome = behaved[row.what]
    job = outcome.jobs[0]
    said = [line for line in outcome.out.splitlines() if "requested block" in line]
    assert job["error"] == row.error, outcome.out
    assert len(said) == row.lines, outcome.out
    if row.reads != ANY:
        assert job["read"]["total_ios"] == row.reads
    if row.total_errors >= 0:
        assert job["total_err"] == row.total_errors
    if row.what == "verify_only writes nothing":
        assert image.read_bytes() == bytes(DISK_BYTES)


# --- a disk that lies ------------------------------------------------------------------

VICTIM, OTHER = FAULTY * BLOCK, (FAULTY + 1) * BLOCK


class Loses(LyingDisk):
    """The nth write of the victim does not arrive, or only a part of it."""

    def __init__(self, path, nth, arrives=slice(0, 0)):
        self.nth, self.arrives = nth, arrives
        super().__init__(path, DISK_BYTES)

    def store(self, offset, data, nth):
        if (offset, nth) == (VICTIM, self.nth):
            begin, end, _ = self.arrives.indices(len(data))
            offset, data = offset + begin, data[begin:end]
        super().store(offset, data, nth)


class Freezes(LyingDisk):
    """Only the victim's first write arrives."""

    def __init__(self, path):
        super().__init__(path, DISK_BYTES)

    def store(self, offset, data, nth):
        if offset != VICTIM or nth == 1:
            super().store(offset, data, nth)


class ReadsElsewhere(LyingDisk):
    def __init__(self, path):
        super().__init__(path, DISK_BYTES)

    def fetch(self, offset, length):
        return super().fetch(OTHER if offset == VICTIM else offset, length)


@dataclass
class Lie:
    what: str
    disk: type
    how: dict
    message: str
    looks_like: str
    options: str = "loops=2"  # each pass with the same seeds


NEW_SEEDS = "loops=2 randseed=7"
LIES = [
    Lie("honest", LyingDisk, {"size": DISK_BYTES}, "", ""),
    Lie("first write lost, again and again", Loses, {"nth": 1}, "bad magic header",
        "never written", "verify_fatal=1"),
    Lie("second write lost", Loses, {"nth": 2}, "bad header numberio",
        "stale: of an earlier write"),
    Lie("second write lost, other seeds", Loses, {"nth": 2}, "bad header rand_seed",
        "stale: of an earlier write", NEW_SEEDS),
    Lie("all overwriting lost", Freezes, {}, "bad header rand_seed",
        "stale: of an earlier write", "norandommap io_size=640k"),
    Lie("lost within a backlog", Loses, {"nth": 2}, "bad header numberio",
        "stale: of an earlier write", "loops=2 verify_backlog=4"),
    Lie("first half arrived", Loses, {"nth": 2, "arrives": slice(0, 2048)},
        "crc32c: verify failed", "torn: partly of another write, first at byte 2048", NEW_SEEDS),
    Lie("last half arrived", Loses, {"nth": 2, "arrives": slice(2048, 4096)},
        "bad header rand_seed", "stale: of an earlier write", NEW_SEEDS),
    Lie("first half of a new block arrived", Loses, {"nth": 1, "arrives": slice(0, 2048)},
        "crc32c: verify failed", "torn: partly never written, first at byte 2048",
        "verify_fatal=1"),
    Lie("last half of a new block arrived", Loses, {"nth": 1, "arrives": slice(2048, 4096)},
        "bad magic header", "torn: partly never written", "verify_fatal=1"),
    Lie("read elsewhere", ReadsElsewhere, {}, "bad header", "written for another offset",
        "verify_fatal=1"),
]


@pytest.fixture(scope="module")
def lies_found(tmp_path_factory):
    directory = tmp_path_factory.mktemp("lies")
    disks = [lie.disk(directory / f"{i}.nbd", **lie.how) for i, lie in enumerate(LIES)]
    names = [disk_name(index) for index in range(len(LIES))]
    common = "rw=randwrite iodepth=4 continue_on_error=verify " + CRC
    run = Guest(directory).run(*(f"--disk=backend=nbd,path={disk.path}" for disk in disks),
                               job=job_file(names, [f"{common} {lie.options}" for lie in LIES],
                                            "ioengine=io_uring", "stonewall"))
    for disk in disks:
        disk.close()
    assert run.result, run.out + run.err
    texts = ["\n".join(line for line in run.out.splitlines() if name in line) for name in names]
    outcomes = outcomes_of(LIES, run.status, run.result, texts)
    return {lie.what: outcome for lie, outcome in zip(LIES, outcomes)}


@pytest.mark.parametrize("lie", LIES, ids=lambda lie: lie.what)
def test_lies_of_a_disk_are_found(lies_found, lie):
    outcome = lies_found[lie.what]
    said = [line for line in outcome.out.splitlines() if "requested block" in line]
    assert outcome.jobs[0]["total_err"] == len(said) == (1 if lie.message else 0), outcome.out
    for line in said:
        assert lie.message in line
        assert f"offset {VICTIM}, length {BLOCK}" in line
        assert lie.looks_like in line


class Fails(LyingDisk):
    def store(self, offset, data, nth):
        if offset == VICTIM and nth == 2:
            return errno.EIO
        return super().store(offset, data, nth)


def test_failed_writes_are_not_read_back(tmp_path):
    """The error is one of writing; what lies there now nobody knows."""
    disk = Fails(tmp_path / "disk.nbd", DISK_BYTES)
    run = Guest(tmp_path).run(f"--disk=backend=nbd,path={disk.path}", job="""
[job]
ioengine=io_uring
filename=/dev/vda
rw=randwrite
bs=4k
size=64k
loops=2
iodepth=4
verify=crc32c
continue_on_error=all
""")
    disk.close()
    job = run.result["jobs"][0]
    # QEMU fails all that it merged with it.
    assert 1 <= job["total_err"] == 32 - job["read"]["total_ios"] <= 4, run.out
    assert job["first_error"] == job["error"] == errno.EIO and run.status == 0
    assert "requested block" not in run.out


def test_writes_wait_for_the_trim_of_their_block(tmp_path):
    disk = LyingDisk(tmp_path / "disk.nbd", DISK_BYTES)
    run = Guest(tmp_path).good(f"--disk=backend=nbd,path={disk.path}", job="""
[job]
ioengine=io_uring
filename=/dev/vda
rw=randtrimwrite
bs=4k
iodepth=16
verify=crc32c
""")
    disk.close()
    assert disk.touched_trims == 0
    assert run.result["jobs"][0]["read"]["total_ios"] == DISK_BYTES // BLOCK
    assert run.result["jobs"][0]["iodepth_level"]["1"] < 50, "not one at a time"


def test_a_disk_that_transfers_nothing_is_found_out(tmp_path):
    """QEMU's null disk says yes to everything and leaves buffers as they are."""
    run = Guest(tmp_path).run("--disk=backend=null,size=1M", job="""
[header]
filename=/dev/vda
rw=write
bs=4k
number_ios=8
verify=crc32c
continue_on_error=verify
[pattern]
stonewall
filename=/dev/vda
rw=write
bs=4k
number_ios=8
verify=pattern
verify_pattern=0x1234
continue_on_error=verify
[read]
stonewall
filename=/dev/vda
rw=read
bs=4k
number_ios=8
verify=crc32c
continue_on_error=verify
""")
    assert [job["total_err"] for job in run.result["jobs"]] == [8, 8, 8], run.out
    # Who reads only this sees it, too, on the console and in the result.
    assert [job["error"] for job in run.result["jobs"]] == [84, 84, 84]
    assert run.out.count("err=84") == 3
