# SPDX-License-Identifier: MIT
"""Verified data against the real fio, both ways: the same image, and each passes the other's."""

import itertools
from dataclasses import dataclass, field, replace
from pathlib import Path

import installed_fio
import pytest
from guests import Guest
from verified import BLOCK, CRC, DISK_BYTES, Outcome, blank, boot, fio

HEADER_MAGIC = b"\xca\xac"
# fio's own headers carry these; all else is equal. (from, to)
TIME = (24, 32)
HEADER_CRC = (44, 48) if installed_fio.is_since("3.41") else (36, 40)


def option(options, name, default=None):
    values = [word.split("=", 1)[1] for word in options.split() if word.startswith(f"{name}=")]
    return values[-1] if values else default


@dataclass
class Row:
    options: str
    # fio reports errors where there are none, or counts otherwise: why, and the release that
    # does not any more
    fio_errs: str = ""
    mended: str = ""
    # the release from which on there is such a thing
    since: str = "3.33"
    # the options that check the image that the other one wrote
    check: str = field(default="")
    # Writes of one block may be in flight at once, and which of them is the last is then up to
    # the host's threads: fio makes one at a time, and we serialize those of one block. fio's own
    # serializing gives a write that had to wait another seed.
    races: bool = False

    def __post_init__(self):
        self.check = self.check or f"{self.options} verify_only"
        if self.mended and installed_fio.is_since(self.mended):
            self.fio_errs = ""

    def for_us(self):
        return self.options + self.races * " serialize_overlap=1"

    def for_fio(self):
        return self.options + self.races * " iodepth=1"


ROWS = [
    # types
    Row("rw=randwrite iodepth=16 verify=crc32c bs=4k size=192k"),
    Row("rw=write verify=crc32c-intel bs=4k size=64k"),
    Row("rw=write verify=crc32 bs=4k size=64k"),
    Row("rw=write verify=crc16 bs=4k size=64k"),
    Row("rw=write verify=crc7 bs=4k size=64k"),
    Row("rw=write verify=crc64 bs=4k size=64k"),
    Row("rw=write verify=md5 bs=4k size=64k"),
    Row("rw=write verify=sha1 bs=4k size=64k"),
    Row("rw=write verify=xxhash bs=4k size=64k"),
    Row("rw=write verify=sha512 bs=4k size=64k", since="3.39"),
    Row("rw=randwrite verify=sha512 bs=4k size=64k verify_interval=512", since="3.39"),
    Row("rw=write verify=pattern_hdr verify_pattern=0xab12%o bs=8k size=64k", since="3.41"),
    Row("rw=write verify=meta bs=4k size=64k"),
    Row("rw=write verify=null bs=4k size=64k", check=f"rw=read {CRC} verify=null"),
    Row("rw=write verify=pattern verify_pattern=0xab12%o\"x\" bs=16k verify_interval=4k size=64k"),
    Row("rw=write verify_pattern=0xab12%o\"x\" bs=16k verify_interval=4k size=64k"),
    Row("rw=write verify=meta verify_pattern=305419896 bs=8k size=64k"),
    Row("rw=write verify=crc32c verify_pattern=\"abc\" bs=8k size=64k"),
    Row("rw=write verify=pattern verify_pattern=\"abcd\"-120xdeadface bs=8k size=64k"),
    # where headers lie
    Row("rw=write verify=crc32c bs=64k size=128k verify_interval=4k"),
    Row("rw=randwrite verify=md5 bs=8k size=64k verify_interval=512 iodepth=4"),
    Row("rw=write verify=sha1 bs=4k size=64k verify_offset=1000"),
    Row("rw=randwrite verify=crc32c bsrange=4k-16k size=192k iodepth=8"),
    Row("rw=write verify=crc32c bsrange=4k-16k size=192k verify_interval=1k"),
    Row("rw=randwrite verify=crc32c bssplit=4k/30:8k/30:16k/40 size=192k iodepth=8"),
    # orders
    Row(f"rw=write:8k {CRC}"),
    Row(f"rw=write:-8k {CRC}"),
    Row("rw=randwrite verify=crc32c bsrange=4k-16k size=192k norandommap",
        fio_errs="fio drops older writes as a whole"),
    Row("rw=randwrite verify=crc32c bs=8k ba=4k size=64k"),
    Row(f"rw=randwrite:4 {CRC}", fio_errs="fio forgets that blocks were written again",
        mended="3.39"),
    Row(f"rw=randwrite {CRC} percentage_random=50",
        fio_errs="fio forgets that blocks were written again"),
    Row(f"rw=randwrite {CRC} random_generator=lfsr"),
    Row(f"rw=randwrite {CRC} random_generator=tausworthe64"),
    Row(f"rw=rw {CRC} iodepth=4"),
    Row(f"rw=randwrite {CRC} offset=64k iodepth=8"),
    Row("rw=write verify=crc32c bs=4k size=32k numjobs=4 offset_increment=32k"),
    # plain data
    Row("rw=write bs=4k size=64k zero_buffers=1", check=f"rw=read {CRC} verify=null"),
    Row("rw=write bs=4k size=64k scramble_buffers=0", check=f"rw=read {CRC} verify=null"),
    Row("rw=randwrite bs=4k size=64k refill_buffers=1 loops=2 iodepth=4", races=True,
        check=f"rw=read {CRC} verify=null"),
    Row("rw=write bs=4k size=64k buffer_pattern=0xabcdef", check=f"rw=read {CRC} verify=null"),
    Row("rw=write bs=4k size=64k buffer_pattern=10x20", check=f"rw=read {CRC} verify=null"),
    Row("rw=rw bs=4k size=64k buffer_pattern=0xabcdef iodepth=4",
        check=f"rw=read {CRC} verify=null"),
    Row("rw=write bs=4k size=64k zero_buffers buffer_pattern=0xab zero_buffers",
        check=f"rw=read {CRC} verify=null"),
    Row("rw=write bs=4k size=64k verify=0 verify_pattern=0xff scramble_buffers=0",
        check=f"rw=read {CRC} verify=null"),
    Row("rw=write bs=4k size=64k refill_buffers=1 buffer_pattern=\"xyz\" iodepth=4",
        check=f"rw=read {CRC} verify=null"),
]

# More than one pass, or reads between the writes: by engines of both kinds.
READ_16K = "rw=read verify=crc32c bs=4k size=16k"
PASSES = [
    Row(f"rw=write {CRC} loops=3 iodepth=8"),
    Row(f"rw=randwrite {CRC} loops=2 randseed=77"),
    Row(f"rw=randwrite {CRC} loops=3 randseed=77"),
    Row(f"rw=randwrite {CRC} randrepeat=0 randseed=5"),
    Row("rw=write verify=crc32c bs=4k size=16k io_size=40k"),
    Row("rw=write verify=crc32c bs=4k size=16k io_size=40k loops=2 do_verify=0", check=READ_16K),
    Row("rw=write verify=crc32c bs=12k size=40k io_size=100k do_verify=0",
        check="rw=read verify=crc32c bs=12k size=36k"),
    Row("rw=randwrite verify=crc32c bs=4k size=16k io_size=40k do_verify=0", check=READ_16K),
    Row("rw=randwrite verify=crc32c bs=4k size=16k io_size=40k randseed=9 do_verify=0",
        check=READ_16K),
    Row("rw=randwrite verify=crc32c bs=12k size=40k io_size=100k do_verify=0",
        check="rw=read verify=crc32c bs=12k size=36k"),
    Row("rw=randwrite verify=crc32c bs=4k size=16k io_size=8k loops=3"),
    Row("rw=randwrite verify=crc32c bs=4k size=16k number_ios=5 loops=2", check=READ_16K),
    Row(f"rw=randwrite {CRC} norandommap io_size=128k"),
    Row(f"rw=randwrite {CRC} norandommap io_size=128k do_verify=0 iodepth=8", races=True,
        check=f"rw=randwrite {CRC} norandommap io_size=128k verify_only"),
    # Read back is what the first 64k of I/Os wrote: only an engine that queues ends a pass there.
    Row(f"rw=randwrite {CRC} norandommap loops=2",
        check=f"rw=randwrite {CRC} norandommap verify_only"),
    Row(f"rw=randwrite {CRC} norandommap loops=2 randseed=3",
        check=f"rw=randwrite {CRC} norandommap randseed=3 verify_only"),
    # The dry run of fio ends a pass otherwise than its run does.
    Row(f"rw=randrw {CRC} loops=2", check=f"rw=read {CRC} verify=null"),
    # backlogs
    Row(f"rw=write {CRC} verify_backlog=4"),
    Row(f"rw=randwrite {CRC} verify_backlog=4 verify_backlog_batch=2"),
    Row(f"rw=randwrite {CRC} verify_backlog=4 verify_backlog_batch=6 loops=2"),
    # fio keeps one piece per block, and reads the lowest first
    Row(f"rw=randwrite {CRC} size=192k norandommap verify_backlog=6"),
    Row(f"rw=randwrite {CRC} size=192k norandommap verify_backlog=6 verify_backlog_batch=3"),
    Row(f"rw=randwrite {CRC} size=192k norandommap verify_backlog=7 verify_backlog_batch=1"),
    Row(f"rw=randwrite {CRC} random_generator=lfsr verify_backlog=4 verify_backlog_batch=1"),
    Row(f"rw=write:-8k {CRC} verify_backlog=4 verify_backlog_batch=2"),
]


def by_engine(row, engine):
    return replace(row, options=f"{row.options} ioengine={engine}",
                   check=f"{row.check} ioengine={engine}")


ROWS += [by_engine(row, engine) for engine in ("libaio", "psync") for row in PASSES]
ROWS = [row for row in ROWS if installed_fio.is_since(row.since)]
PER_BOOT = 25


def row_name(row):
    return row.options.replace("=", "").replace(" ", "-")


@dataclass
class Written:
    """Both images of a row, as they were written."""

    ours_image: Path
    fio_image: Path
    ours: Outcome
    fio: Outcome


def by_boot():
    return [ROWS[start:start + PER_BOOT] for start in range(0, len(ROWS), PER_BOOT)]


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Every row written by both."""
    directory = tmp_path_factory.mktemp("written")
    found = {}
    for number, rows in enumerate(by_boot()):
        ours_images = [blank(directory / f"ours{number}-{i}.img") for i in range(len(rows))]
        fio_images = [blank(directory / f"fio{number}-{i}.img") for i in range(len(rows))]
        ours = boot(directory, ours_images, [row.for_us() for row in rows])
        theirs = fio(directory, fio_images, [row.for_fio() for row in rows])
        found.update((row.options, Written(*rest))
                     for row, *rest in zip(rows, ours_images, fio_images, ours, theirs))
    return found


def masked(image, verify_offset):
    """Without what differs from run to run: the time in each header, and its checksum."""
    data = bytearray(image.read_bytes())
    for at in range(verify_offset % 512, len(data), 512):
        if data[at:at + 2] == HEADER_MAGIC:
            for begin, end in (TIME, HEADER_CRC):
                data[at + begin:at + end] = bytes(end - begin)
    return bytes(data)


@pytest.mark.parametrize("row", ROWS, ids=row_name)
def test_image_and_counts_are_those_of_fio(written, row):
    both = written[row.options]
    assert set(both.ours.errors()) == {0}, both.ours.out
    if not row.fio_errs:
        assert set(both.fio.errors()) == {0}, both.fio.out
        assert both.ours.counts() == both.fio.counts()
    verify_offset = int(option(row.options, "verify_offset", "0"))
    ours, theirs = (masked(image, verify_offset)
                    for image in (both.ours_image, both.fio_image))
    different = [at for at in range(0, DISK_BYTES, 512)
                 if ours[at:at + 512] != theirs[at:at + 512]]
    assert different == []


def check_all(checker, directory, written, image_of):
    found = {}
    for rows in by_boot():
        outcomes = checker(directory, [image_of(written[row.options]) for row in rows],
                           [row.check for row in rows])
        found.update((row.options, outcome) for row, outcome in zip(rows, outcomes))
    return found


@pytest.fixture(scope="module")
def checked_by_fio(written):
    directory = next(iter(written.values())).ours_image.parent
    return check_all(fio, directory, written, lambda both: both.ours_image)


@pytest.mark.parametrize("row", [row for row in ROWS if not row.fio_errs], ids=row_name)
def test_fio_passes_what_we_wrote(checked_by_fio, row):
    outcome = checked_by_fio[row.options]
    assert set(outcome.errors()) == {0}, outcome.out
    assert sum(reads for reads, _ in outcome.counts()) > 0


@pytest.fixture(scope="module")
def checked_by_us(written, tmp_path_factory):
    directory = tmp_path_factory.mktemp("checked")
    return check_all(boot, directory, written, lambda both: both.fio_image)


@pytest.mark.parametrize("row", ROWS, ids=row_name)
def test_we_pass_what_fio_wrote(checked_by_us, row):
    outcome = checked_by_us[row.options]
    assert set(outcome.errors()) == {0}, outcome.out
    assert sum(reads for reads, _ in outcome.counts()) > 0


# Written by one, read by the other, where the image need not be the same: the sequence goes by
# time, or follows from the file's name, or writes of one block overtake each other. Blocks that
# were never written are told as such.
UNEQUAL = [f"rw=randwrite time_based runtime=300ms iodepth=8 {CRC}",
           f"rw=randwrite norandommap time_based runtime=300ms iodepth=8 {CRC}",
           f"rw=randwrite norandommap io_size=128k do_verify=0 iodepth=8 {CRC}",
           f"rw=randwrite random_distribution=zipf:1.2 iodepth=8 {CRC}",
           f"rw=randwrite random_distribution=pareto:0.2 randseed=5 {CRC}"]
NEVER_WRITTEN = "verify: bad magic header 0, wanted acca"
UNEQUAL_CHECK = f"rw=read continue_on_error=verify {CRC}"


def never_written(image):
    data = image.read_bytes()
    return sum(data[at:at + BLOCK] == bytes(BLOCK) for at in range(0, 64 << 10, BLOCK))


@pytest.mark.parametrize("writer, reader", [(boot, fio), (fio, boot)], ids=["to fio", "from fio"])
def test_whatever_was_written_passes(tmp_path, writer, reader):
    images = [blank(tmp_path / f"{i}.img") for i in range(len(UNEQUAL))]
    # fio from 3.39 on forgets that distributions write blocks again, and reads none of them back.
    dry = " do_verify=0" if writer is fio and installed_fio.is_since("3.39") else ""
    wrote = writer(tmp_path, images, [options + dry for options in UNEQUAL])
    assert [outcome.errors() for outcome in wrote] == [[0]] * len(UNEQUAL), wrote[0].out
    read = reader(tmp_path, images, [UNEQUAL_CHECK] * len(UNEQUAL))
    for image, outcome in zip(images, read):
        assert outcome.counts() == [(16, 0)]
        assert outcome.jobs[0]["total_err"] == never_written(image) < 16
        # Not by lines: fio's jobs are processes, and print theirs in pieces.
        assert outcome.out.count("verify: ") == outcome.out.count(NEVER_WRITTEN), outcome.out
        assert "verify failed" not in outcome.out


# Of ioengine=null, which moves no data: fio believes that it did.
WITHOUT_A_DISK = ["rw=write verify=crc32c", "rw=randwrite verify=md5 iodepth=16",
                  "rw=read verify=sha1", "rw=randrw verify=crc32c",
                  "rw=write verify_only verify=crc32c",
                  "rw=write verify=pattern verify_pattern=0xff", "rw=randwrite verify=meta loops=3",
                  "rw=write verify=crc32c verify_backlog=4 verify_fatal=1"]


def test_what_moves_no_data_passes_as_in_fio(tmp_path):
    options = [f"{row} ioengine=null size=64k bs=4k" for row in WITHOUT_A_DISK]
    ours = boot(tmp_path, [], options)
    theirs = fio(tmp_path, [f"{index}" for index in range(len(options))], options)
    assert [outcome.errors() for outcome in ours] == [[0]] * len(options), ours[0].out
    assert [outcome.counts() for outcome in ours] == [outcome.counts() for outcome in theirs]


HEADERS = ["rw=write verify=crc32c bs=4k size=64k", "rw=write verify=md5 bs=8k size=64k",
           "rw=write verify=sha1 bs=4k size=64k verify_offset=1000",
           "rw=write verify=pattern verify_pattern=0xab12%o bs=16k verify_interval=4k size=64k",
           "rw=write verify_pattern=0xab12%o bs=16k verify_interval=4k size=64k",
           "rw=write verify=meta bs=4k size=64k"]
WITHOUT_HEADERS = 3  # verify=pattern


@pytest.mark.parametrize("writer, reader", itertools.permutations(installed_fio.RELEASES, 2))
def test_headers_of_every_release_pass_and_others_are_told(tmp_path, writer, reader):
    """For bits that are wrong it is told as well: the last image has one."""
    images = [blank(tmp_path / f"{i}.img") for i in range(len(HEADERS))]
    wrote = boot(tmp_path, images, HEADERS, follows=writer)
    assert [outcome.errors() for outcome in wrote] == [[0]] * len(HEADERS), wrote[0].out
    with open(images[-1], "r+b") as file:
        file.seek(12288 + 16)
        file.write(b"\xff")
    checks = [f"{options} verify_only" for options in HEADERS]
    read = boot(tmp_path, images, checks, follows=reader)
    assert [outcome.errors() for outcome in read] == [[0]] * (len(HEADERS) - 1) + [[84]]
    kind = {True: "fio 3.41 or later", False: "fio before 3.41"}
    versioned, wanted = (release == "3.41" for release in (writer, reader))
    for index, outcome in enumerate(read):
        told = f"has the headers of {kind[versioned]}; fio_version={reader} writes others"
        assert (told in outcome.out) == (versioned != wanted and index != WITHOUT_HEADERS)
    assert f"verify: bad header offset {12288 ^ 0xff}, wanted 12288" in read[-1].out
    assert (f"header of {kind[versioned]}" in read[-1].out) == (versioned != wanted)


def test_several_files_and_several_jobs(tmp_path):
    """Two disks in one job; two jobs on one region, of which neither knows the other's writes.
    Both write the same bytes behind their headers: Linux may let a read of a file see half of a
    write, and this is not the disk's fault."""
    images = [blank(tmp_path / f"{i}.img") for i in range(2)]
    run = Guest(tmp_path).good(installed_fio.followed(),
                               *(f"--disk=backend=file,path={image}" for image in images), job="""
[global]
ioengine=io_uring
verify=crc32c
bs=4k
iodepth=8
[two]
filename=/dev/vda:/dev/vdb
rw=randwrite
size=128k
loops=2
[both]
stonewall
filename=/dev/vda
rw=randwrite
size=64k
loops=4
numjobs=2
verify_pattern=0x5a
""")
    jobs = run.result["jobs"]
    assert jobs[0]["read"]["total_ios"] == jobs[0]["write"]["total_ios"] == 64
    assert [job["read"]["total_ios"] for job in jobs[1:]] == [64, 64]
    checked = fio(tmp_path, images, ["rw=read verify=crc32c bs=4k size=64k"] * 2)
    assert checked[0].status == 0, checked[0].out
