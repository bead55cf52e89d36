# SPDX-License-Identifier: MIT
"""Data, both ways, against fio and against corruption."""

import shutil
import subprocess

import installed_fio
import pattern
import pytest
from guests import PATTERN_BYTES, TIMEOUT_S, digest

READ_JOB = f"""
[read]
filename=/dev/vda
ioengine=io_uring
rw=randread
bs=4k
size={PATTERN_BYTES}
iodepth=32
iodepth_batch=8
iodepth_batch_complete_max=8
verify=crc32c
"""

WRITE_JOB = READ_JOB.replace("[read]", "[write]").replace("rw=randread", "rw=randwrite")


def fio(*words):
    """Debian's fio is a package that `make deps` installs: without it this is a failure."""
    assert shutil.which("fio"), "fio is not installed"
    return subprocess.run(["fio", *words], capture_output=True, text=True, timeout=TIMEOUT_S,
                          check=False)


def test_fio_accepts_what_the_kernel_wrote(guest):
    image = guest.zeroes("disk.img", PATTERN_BYTES)
    guest.good(f"--disk=backend=file,path={image}", installed_fio.followed(), job=WRITE_JOB)
    assert pattern.faults(image.read_bytes()) == []
    words = [f"--filename={image}", "--bs=4k", f"--size={PATTERN_BYTES}", "--verify=crc32c",
             "--ioengine=psync", "--verify_state_save=0"]
    read = fio("--name=v", "--readonly", "--rw=read", *words)
    assert read.returncode == 0, read.stdout + read.stderr
    same_job = fio("--name=v", "--rw=randwrite", "--verify_only", *words)
    assert same_job.returncode == 0, same_job.stdout + same_job.stderr


def test_kernel_accepts_what_fio_wrote(guest):
    image = guest.directory / "disk.img"
    wrote = fio("--name=w", f"--filename={image}", "--rw=randwrite", "--bs=4k",
                f"--size={PATTERN_BYTES}", "--verify=crc32c", "--do_verify=0",
                "--ioengine=psync", "--verify_state_save=0")
    assert wrote.returncode == 0, wrote.stderr
    before = digest(image)
    run = guest.good(f"--disk=backend=file,path={image}", job=READ_JOB)
    assert run.result["jobs"][0]["read"]["total_ios"] == PATTERN_BYTES // 4096
    assert digest(image) == before


# byte of the block that is flipped; what it belongs to
CORRUPTIONS = [(0, "magic"), (4, "length"), (8, "seed"), (16, "offset"), (24, "time"),
               (34, "number"), (36, "header checksum"), (40, "payload checksum"),
               (44, "first payload byte"), (4095, "last payload byte")]


@pytest.mark.parametrize("byte, what", CORRUPTIONS, ids=[what for _, what in CORRUPTIONS])
def test_every_corrupt_byte_is_found(guest, pattern_image, byte, what):
    data = bytearray(pattern_image)
    at = 41 * 4096
    data[at + byte] ^= 0x10
    image = guest.file("disk.img", bytes(data))
    run = guest.run(f"--disk=backend=file,path={image}", job=READ_JOB)
    assert run.status == 1, run.out
    assert run.result["jobs"][0]["error"] == 84
    assert f"offset {at}" in run.out or f"offset={at}" in run.out, run.out


def test_two_passes_overwrite_each_other(guest, pattern_image):
    image = guest.file("disk.img", pattern_image)
    guest.good(f"--disk=backend=file,path={image}", job=WRITE_JOB)
    data = image.read_bytes()
    assert pattern.faults(data) == []
    assert all(data[at + 44:at + 60] != pattern_image[at + 44:at + 60]
               for at in range(0, len(data), 4096)), "a block of the old pass is left"


@pytest.mark.parametrize("words", ["logical=4096", "queue-size=4", "queue-size=1024",
                                   "discard=off,write-zeroes=off"])
def test_large_blocks_are_split_and_whole(guest, words):
    size = 4 << 20
    image = guest.zeroes("disk.img", size)
    run = guest.good(f"--disk=backend=file,path={image},{words}", job=f"""
[write]
filename=/dev/vda
ioengine=io_uring
rw=write
bs=1m
size={size}
iodepth=4
verify=crc32c
verify_interval=4k
""")
    assert pattern.faults(image.read_bytes()) == []
    assert run.result["jobs"][0]["write"]["total_ios"] == 4


def test_writes_stay_inside_the_named_range(guest):
    image = guest.file("disk.img", b"\xa5" * (1 << 20))
    guest.good(f"--disk=backend=file,path={image}", job="""
[write]
filename=/dev/vda
ioengine=io_uring
rw=randwrite
bs=4k
offset=256k
size=256k
iodepth=16
verify=crc32c
""")
    data = image.read_bytes()
    assert data[:256 << 10] == b"\xa5" * (256 << 10)
    assert data[512 << 10:] == b"\xa5" * (512 << 10)
    assert pattern.faults(data[256 << 10:512 << 10], start=256 << 10) == []


def test_only_the_named_disk_is_written(guest, pattern_image):
    first, second = (guest.file(name, pattern_image) for name in ("a.img", "b.img"))
    before = digest(first)
    guest.good(f"--disk=backend=file,path={first}", f"--disk=backend=file,path={second}",
               job=WRITE_JOB.replace("/dev/vda", "/dev/vdb"))
    assert digest(first) == before != digest(second)


def test_discard_reaches_the_backend(guest):
    image = guest.file("disk.img", b"\x5a" * (1 << 20))
    run = guest.good(f"--disk=backend=file,path={image}", job="""
[trim]
filename=/dev/vda
ioengine=io_uring
rw=trim
bs=64k
size=512k
iodepth=4
""")
    assert run.result["jobs"][0]["trim"]["io_bytes"] == 512 << 10
    data = image.read_bytes()
    assert data[:512 << 10] == bytes(512 << 10), "discarded blocks read as zeroes here"
    assert data[512 << 10:] == b"\x5a" * (512 << 10)
