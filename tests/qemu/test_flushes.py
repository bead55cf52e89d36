# SPDX-License-Identifier: MIT
"""Flushes: where fio has them, which of them it counts, and that each one reaches the disk whose
it is."""

import re
import shutil
import subprocess

import pytest
import write_log
from guests import TIMEOUT_S, vhost_user_server

IMAGE_BYTES = 1 << 20


def fio(guest, job, *words):
    """The same job on files instead of disks, /dev/vdX becoming vdX. Debian's fio is a package that
    `make deps` installs: without it this is a failure."""
    assert shutil.which("fio"), "fio is not installed"
    (guest.directory / "fio.fio").write_text(job.replace("/dev/", ""))
    for name in re.findall(r"/dev/(vd\w)", job):
        guest.zeroes(name, IMAGE_BYTES)
    done = subprocess.run(["fio", "--verify_state_save=0", *words, "fio.fio"],
                          cwd=guest.directory, capture_output=True, text=True, timeout=TIMEOUT_S,
                          check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def job_of(options, disks=("vda",)):
    names = ":".join(f"/dev/{name}" for name in disks)
    return "\n".join(["[flushes]", f"filename={names}", "ioengine=io_uring", "bs=4k", "size=64k",
                      *options.split(), ""])


# How many flushes fio's report counts, and how many there are.
FLUSHES = {
    "not after the last write": ("rw=write fsync=4", 3, 3),
    "at the end, which fio does not count": ("rw=write end_fsync=1", 0, 1),
    "of data alone, which fio does not count": ("rw=write fdatasync=3", 0, 5),
    "of both kinds": ("rw=write fsync=4 fdatasync=3", 3, 7),
    "both": ("rw=write fsync=4 end_fsync=1", 3, 4),
    "nothing written, fast way": ("rw=read end_fsync=1", 0, 0),
    "nothing written, full way": ("rw=read end_fsync=1 bsrange=4k-4k fsync=1", 0, 0),
    "before reading back": ("rw=write verify=crc32c fsync=4", 3, 4),
    "read back with it, all at once":
        ("rw=write size=16k iodepth=16 ioengine=libaio verify=crc32c", 0, 1),
    "at the end and before reading back":
        ("rw=write size=16k iodepth=16 ioengine=libaio verify=crc32c end_fsync=1", 0, 2),
    "each pass ends": ("rw=write verify=crc32c end_fsync=1 loops=2", 0, 4),
    "dry runs write nothing": ("rw=write verify=null verify_only end_fsync=1", 0, 0),
}


def issued(text):
    """What the report for people says."""
    return re.search(r"issued rwts: total=([\d,]+)", text)[1]


@pytest.mark.parametrize("options, counted, there_are", FLUSHES.values(), ids=FLUSHES)
def test_flushes_are_where_fio_has_them(guest, options, counted, there_are):
    image = guest.zeroes("disk.img", IMAGE_BYTES)
    run = guest.good(f"--disk=backend=file,path={image}", job=job_of(options))
    job = run.result["jobs"][0]
    assert job["sync"]["total_ios"] == counted
    reads, writes = (job[name]["total_ios"] for name in ("read", "write"))
    assert job["read"]["io_bytes"] + job["write"]["io_bytes"] == (reads + writes) * 4096
    made = reads if "verify_only" in options else reads + writes
    assert run.total("requests") == made + there_are
    assert issued(run.out) == issued(fio(guest, job_of(options)))


@pytest.mark.parametrize("options", ["fsync=2", "fsync=1", "fsync=3 fdatasync=3 end_fsync=1",
                                     "sync=1", "end_fsync=1", "verify=crc32c"])
def test_flushes_reach_a_disk_that_denies_having_a_cache(guest, options):
    """QEMU's storage daemon offers to flush, says that its cache writes through, and has one."""
    image, log, socket = (guest.directory / name for name in ("disk.img", "log", "socket"))
    guest.zeroes("disk.img", IMAGE_BYTES)
    with vhost_user_server(write_log.node(image, log), socket):
        run = guest.good(f"--disk=backend=vhost-user,socket={socket}",
                         job=job_of("rw=write size=32k " + options))
        seen = write_log.letters(log)
    assert run.device()["limits"]["flush"]
    assert seen == {
        "fsync=2": "wwFwwFwwFww", "fsync=1": "wFwFwFwFwFwFwFw",
        "fsync=3 fdatasync=3 end_fsync=1": "wwwFwwwFwwF", "sync=1": "wF" * 8,
        "end_fsync=1": "wwwwwwwwF", "verify=crc32c": "wwwwwwwwF"}[options]


def logged_disk(guest, name, address):
    """/dev/vdX whose writes and flushes are written down."""
    image, log = guest.zeroes(name + ".img", IMAGE_BYTES), guest.directory / (name + ".log")
    return log, ["--qemu-arg=-blockdev",
                 f"--qemu-arg=node-name={name},{write_log.node(image, log)}",
                 "--qemu-arg=-device", f"--qemu-arg=virtio-blk-pci,drive={name},addr={address},"
                 "request-merging=off"]


def fio_letters(guest, job, disks):
    """What QEMU would write down of fio's files."""
    fio(guest, job, "--write_iolog=iolog")
    words = [line.split() for line in (guest.directory / "iolog").read_text().splitlines()]
    kinds = {"write": "w", "sync": "F", "datasync": "F"}
    told = dict.fromkeys(disks, "")
    for word in words:
        if word[0].isdigit():  # the time
            told[word[1]] += kinds.get(word[2], "")
    return {name: re.sub("F+", "F", letters).removeprefix("F") for name, letters in told.items()}


def made_by_the_guest(letters, requests):
    """QEMU 10 flushes, when it ends, what was written since the last flush; QEMU 7.2 does not."""
    return letters.removesuffix("F") if len(letters) == requests + 1 else letters


@pytest.mark.parametrize("options", ["fsync=1", "fsync=3", "fsync=5", "fdatasync=4",
                                     "fsync=1 ioengine=psync"])
def test_a_flush_goes_to_the_disk_whose_turn_it_is(guest, options):
    disks = ["vdb", "vdc", "vdd"]
    logs, words = {}, []
    for index, name in enumerate(disks):
        logs[name], more = logged_disk(guest, name, 0x10 + index)
        words += more
    job = job_of("rw=write size=1m number_ios=20 " + options, disks)
    run = guest.good("--disk=backend=null", *words, job=job)
    wanted = fio_letters(guest, job, disks)
    seen = {name: made_by_the_guest(write_log.letters(logs[name]), run.total("requests", name))
            for name in disks}
    assert "F" in "".join(seen.values())
    assert seen == wanted


@pytest.mark.parametrize("options, flushes", [
    ("rw=write end_fsync=1", 1), ("rw=write verify=crc32c", 1),
    ("rw=write verify=crc32c iodepth=32", 1), ("rw=write verify=crc32c end_fsync=1", 2),
    ("rw=write iodepth=8 end_fsync=1", 1)])
def test_the_last_flush_goes_to_every_disk(guest, options, flushes):
    disks = ["vdb", "vdc"]
    logs, words = zip(*(logged_disk(guest, name, 0x10 + index)
                        for index, name in enumerate(disks)))
    run = guest.good("--disk=backend=null", *sum(words, []), job=job_of(options, disks))
    job = run.result["jobs"][0]
    assert job["sync"]["total_ios"] == 0
    for name, log in zip(disks, logs):
        assert write_log.letters(log) == "w" * 8 + "F"
        assert run.total("requests", name) == 8 + flushes + job["read"]["total_ios"] // 2
