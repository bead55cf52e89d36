# SPDX-License-Identifier: MIT
"""The peer does the same work in the same machine, and its result says what happened."""

import re
import sys

import installed_fio
import pytest
from guests import ROOT

sys.path.insert(0, str(ROOT / "bench"))

from host.compare import insns  # noqa: E402  (needs the path above)

# Most blocks are read again and again: a page cache would keep that from the disk.
READS = 500
JOB = ("[read]\nfilename=/dev/vda\nrw=randread\nbs=4k\nsize=256k\nnorandommap\nio_size={size}\n"
       "randseed=5\nioengine={engine}\niodepth={depth}\nwrite_bw_log=x\n")
DISK = "--disk=backend=null,size=1G"
_READ = re.compile(r"virtio_blk_handle_read vdev \S+ req \S+ sector (\d+) nsectors (\d+)")


def reads_of(guest, *words, job):
    """A good run, and what QEMU was asked to read: [(sector, sectors)] in order."""
    trace = guest.directory / "trace"
    run = guest.good(*words, "--qemu-arg=-trace",
                     f"--qemu-arg=enable=virtio_blk_handle_read,file={trace}", job=job)
    return run, _READ.findall(trace.read_text())


# guest, engine, depth, does it interrupt?
CASES = [
    ("linux", "psync", 1, True),
    ("linux", "libaio", 8, True),
    ("linux", "io_uring", 8, True),
    ("linux-poll", "io_uring", 8, False),
]


@pytest.mark.parametrize("kind, engine, depth, interrupts", CASES)
def test_linux_asks_the_disk_for_what_we_ask(guest, kind, engine, depth, interrupts):
    job = JOB.format(size=READS * 4096, engine=engine, depth=depth)
    ours, wanted = reads_of(guest, DISK, installed_fio.followed(), job=job)
    run, asked = reads_of(guest, f"--guest={kind}", DISK, job=job)
    assert len(wanted) == READS
    assert asked[-READS:] == wanted  # before that Linux looks for partitions
    assert run.result["jobs"][0]["read"]["io_bytes"] == \
        ours.result["jobs"][0]["read"]["io_bytes"] == READS * 4096
    facts = run.result["ringbolt"]
    assert facts["host"]["guest"] == kind
    assert facts["host"]["placement"] == ours.result["ringbolt"]["host"]["placement"]
    assert 0 <= facts["peer"]["idle_ns"] < facts["peer"]["elapsed_ns"]
    # Synchronous reads interrupt once each.
    assert run.total("interrupts") <= READS
    assert (run.total("interrupts") > 0) is interrupts
    assert engine != "psync" or run.total("interrupts") == READS
    assert (guest.directory / "x_bw.1.log").exists()


def test_linux_uses_all_disks_and_cpus(guest):
    """One disk with a vector per queue, one with a line. What fio writes beside its logs, as it
    does of verified data, stays there."""
    run = guest.good("--guest=linux", "--smp=2", "--disk=backend=null,size=1G,queues=2",
                     f"--disk=backend=file,path={guest.zeroes('vdb', 1 << 20)},vectors=0",
                     job="[global]\nnumber_ios=200\n[a]\nfilename=/dev/vda\nrw=randread\n"
                         "[b]\nfilename=/dev/vdb\nrw=randwrite\nverify=crc32c\ndo_verify=0\n")
    assert [(job["read"]["total_ios"], job["write"]["total_ios"])
            for job in run.result["jobs"]] == [(200, 0), (0, 200)]
    assert len(run.queues("vda")) == 2
    for disk in ("vda", "vdb"):  # an interrupt may find that the next one is done, too
        assert 150 < run.total("interrupts", disk) <= 200
    assert len(run.result["ringbolt"]["cpus"]) == 2
    assert all(0 <= cpu["idle_share"] <= 1 for cpu in run.result["ringbolt"]["cpus"])


# job's lines, more words -> status, what is said of it
BAD = [
    ("rw=randread\nfoo=1\n", (), 2, "job.fio: fio: Bad option <foo=1>"),
    ("rw=sideways\n", (), 2, "job.fio: fio: failed parsing rw=sideways"),
    ("rw=read\nbs=1000\n", (), 1, "Invalid argument"),
    # No file takes the place of a disk that is not there.
    ("rw=read\nfilename=/dev/vdb\nsize=1M\n", (), 1, "file creation disallowed"),
    ("rw=read\n", ("--qemu-arg=-append", "--qemu-arg=rdinit=/nowhere panic=-1"), 3,
     "the guest reset or broke off"),
]


@pytest.mark.parametrize("lines, words, status, complaint", BAD)
def test_linux_ends_with_our_statuses(guest, lines, words, status, complaint):
    run = guest.run("--guest=linux", DISK, *words,
                    job="[a]\nfilename=/dev/vda\nnumber_ios=9\n" + lines)
    assert run.status == status
    assert complaint in (run.out if status == 1 else run.err)
    assert (run.result is not None) is (status == 1)


def test_a_linux_without_queues_to_poll_is_said_to_be_none(guest):
    run = guest.run("--guest=linux-poll", DISK, "--qemu-arg=-append",
                    "--qemu-arg=console=ttyS0 quiet panic=-1 rootfstype=ramfs",
                    job="[a]\nfilename=/dev/vda\nrw=read\nnumber_ios=9\n")
    assert run.status == 2 and run.result is None
    assert "poll_queues=on was asked for, vda has off: Linux cannot poll it" in run.err


def test_linuxs_instructions_are_counted_with_its_doorbells():
    figures = insns.count_peer(insns.Case("lone"))
    assert figures[insns.DOORBELLS] == pytest.approx(1, abs=0.002)
    assert figures[insns.INTERRUPTS] == pytest.approx(1, abs=0.002)
    # 11,000 of Linux 6.1 under QEMU 7.2, 13,400 of 6.12 under 10.0. A scheduler before the disk
    # would add two thirds.
    assert 9_000 < figures[insns.TOTAL] < 15_000
