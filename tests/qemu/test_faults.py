# SPDX-License-Identifier: MIT
"""What happens to a running machine: a disk that grows, a device that does not answer, a
user who loses patience."""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from guests import TIMEOUT_S, TOOL, nbd_server, wait_for

STEADY = "[steady]\nfilename=/dev/vda\nioengine=io_uring\nrw=randread\nbs=4k\nsize=1m\niodepth=4\n"


def qmp_command(path, name, **arguments):
    """One command over a monitor of the test's own."""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(20)
        sock.connect(str(path))
        stream = sock.makefile("rwb")
        answers = []
        for command in ({"execute": "qmp_capabilities"},
                        {"execute": name, "arguments": arguments}):
            stream.write(json.dumps(command).encode() + b"\n")
            stream.flush()
            while not answers or not {"return", "error"} & answers[-1].keys():
                answers.append(json.loads(stream.readline()))
            assert "return" in answers.pop(), name


def test_a_disk_that_grows_is_noticed(guest):
    image = guest.zeroes("disk.img", 1 << 20)
    monitor = guest.directory / "monitor"
    (guest.directory / "job.fio").write_text(STEADY + "time_based\nruntime=3\n")
    process = subprocess.Popen(
        [sys.executable, str(TOOL), "run", "--accel=tcg", "--placement=none",
         f"--disk=backend=file,path={image}", "--qemu-arg=-qmp",
         f"--qemu-arg=unix:{monitor},server=on,wait=off", "job.fio"],
        cwd=guest.directory, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    wait_for(monitor)
    lines = iter(process.stdout.readline, "")
    assert any("interrupts:" in line for line in lines), "the disk was never up"
    time.sleep(0.5)
    qmp_command(monitor, "block_resize", **{"node-name": "disk0", "size": 4 << 20})
    rest, _ = process.communicate(timeout=TIMEOUT_S)
    assert process.returncode == 0, rest
    assert "vda: resized from 2048 to 8192 sectors" in rest


@contextlib.contextmanager
def frozen_disk(guest, *words):
    """The tool with a job on an NBD disk whose server stops answering in the middle."""
    guest.zeroes("disk.img", 1 << 20)
    (guest.directory / "job.fio").write_text(STEADY + "time_based\nruntime=60\n")
    with nbd_server(guest.directory / "disk.img", guest.directory / "nbd") as server:
        process = subprocess.Popen(
            [sys.executable, str(TOOL), "run", "--accel=tcg", "--placement=none",
             "--disk=backend=nbd,path=nbd", *words, "job.fio"], cwd=guest.directory,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            assert any("interrupts:" in line for line in iter(process.stdout.readline, ""))
            time.sleep(0.5)
            server.send_signal(signal.SIGSTOP)
            yield process
        finally:
            server.send_signal(signal.SIGCONT)
            process.kill()
            process.communicate()


def test_a_request_past_its_deadline_ends_the_run_with_a_dump(guest):
    with frozen_disk(guest, "--set=request_timeout_ms=500") as process:
        out, err = process.communicate(timeout=TIMEOUT_S)
    assert process.returncode == 3
    assert re.search(r"vda: .*request on queue 0 is \d+ ms old", out), out
    assert re.search(r"in.flight", out), "the dump says what is in flight"
    assert re.match(r"ringbolt: vda: error: a request on queue 0 is \d+ ms old, "
                    "request_timeout_ms=500 allows no more; all jobs end here\n", err)


@pytest.mark.parametrize("completion", ["irq", "poll"])
def test_a_floor_on_a_disk_that_stops_ends_as_well(guest, completion):
    """Long after the first deadline, which passed with all well."""
    with frozen_disk(guest, "--set=engine=floor", f"--set=completion={completion}",
                     "--set=request_timeout_ms=100") as process:
        out, _ = process.communicate(timeout=TIMEOUT_S)
    assert process.returncode == 3
    assert "steady: error: engine=floor: nothing came back for longer" in out
    assert re.search(r"in.flight", out), "the dump says what is in flight"


def test_without_a_deadline_the_timeout_of_the_tool_ends_it(guest):
    with frozen_disk(guest, "--set=request_timeout_ms=0", "--timeout=5") as process:
        _, err = process.communicate(timeout=TIMEOUT_S)
    assert process.returncode == 3
    assert err.startswith("ringbolt: the guest did not end within 5 s\n")


def bad_sector(image, event, sector):
    """/dev/vdb: `event` fails at one sector of it."""
    return ("--qemu-arg=-blockdev", "--qemu-arg=driver=raw,node-name=bad,"
            f"file.driver=blkdebug,file.image.driver=file,file.image.filename={image},"
            f"file.inject-error.0.event={event},file.inject-error.0.sector={sector}",
            "--qemu-arg=-device", "--qemu-arg=virtio-blk-pci,drive=bad,addr=0x10",
            "--disk=backend=null")


def test_io_errors_are_job_errors(guest):
    image = guest.zeroes("disk.img", 1 << 20)
    run = guest.run(*bad_sector(image, "read_aio", 512), job=STEADY.replace("vda", "vdb"))
    assert run.status == 1, run.out + run.err
    assert run.result["jobs"][0]["error"] == 5
    assert run.total("errors", "vdb") >= 1


# Each comes to the bad sector once at least; the first six go the fast way.
MEETINGS = ["rw=randread iodepth=8 ioengine=io_uring", "rw=randread ioengine=io_uring",
            "rw=randread ioengine=psync", "rw=randread norandommap io_size=16m randseed=2 iodepth=8"
            " ioengine=io_uring", "rw=read iodepth=4 ioengine=libaio", "rw=read ioengine=psync",
            "rw=randread bsrange=4k-4k iodepth=8 ioengine=libaio",
            "rw=read rate_iops=100k ioengine=io_uring", "rw=write iodepth=4 ioengine=libaio",
            "rw=randwrite ioengine=psync",
            "rw=write verify=crc32c do_verify=0 ioengine=psync"]


@pytest.mark.parametrize("options", MEETINGS)
def test_an_error_is_told_with_its_place(guest, options):
    image = guest.zeroes("disk.img", 2 << 20)
    operation = "write" if "write" in options else "read"
    run = guest.run(*bad_sector(image, f"{operation}_aio", 2048), job="\n".join([
        "[a]", "filename=/dev/vdb", "bs=4k", "size=2m", *options.split()]))
    assert run.status == 1, run.out + run.err
    said = f"a: error: {operation} on /dev/vdb failed: io error (offset 1048576, 4096 bytes)"
    assert said in run.out, run.out


def children_of(parent):
    """Process ids; from /proc, since a bare Debian has no pgrep."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has ended
            state = (process / "stat").read_text()
            if int(state.rpartition(")")[2].split()[1]) == parent:
                found.append(int(process.name))
    return found


def test_ctrl_c_ends_the_guest(guest):
    (guest.directory / "job.fio").write_text(STEADY + "time_based\nruntime=60\n")
    process = subprocess.Popen(
        [sys.executable, str(TOOL), "run", "--accel=tcg", "--placement=none", "job.fio"],
        cwd=guest.directory, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert "Ringbolt" in process.stdout.readline()
    children = children_of(process.pid)
    assert children
    process.send_signal(signal.SIGINT)
    _, complaint = process.communicate(timeout=TIMEOUT_S)
    assert (process.returncode, complaint) == (3, "ringbolt: interrupted\n")
    for child in children:
        with pytest.raises(ProcessLookupError):
            os.kill(child, 0)
