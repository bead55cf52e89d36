# SPDX-License-Identifier: MIT
"""qemu-storage-daemon, the other end of a vhost-user disk."""

import os
import re
import subprocess
import time
from pathlib import Path

from host.base.errors import GuestError, UsageError
from host.base.process import end, spawn
from host.guest.command import escape
from host.guest.disk import DEFAULT_SIZE

START_TIMEOUT_S = 10
_NAME = "qemu-storage-daemon"
_ARGUMENT = re.compile(rf"^{_NAME}: (?:--\w+ \S+: )?")  # ours, that it speaks of
_STOP_TIMEOUT_S = 10


def _command(disk, queues, socket):
    if disk.path:
        node = (f"driver={disk.format or 'raw'},node-name=disk,discard=unmap,"
                f"read-only={'on' if disk.read_only else 'off'},"
                f"file.driver=file,file.filename={escape(disk.path)}")
    else:
        node = f"driver=null-co,node-name=disk,read-zeroes=off,size={disk.size or DEFAULT_SIZE}"
    return [_NAME, "--blockdev", node, "--export",
            "type=vhost-user-blk,id=export,node-name=disk,addr.type=unix,"
            f"addr.path={escape(socket)},writable={'off' if disk.read_only else 'on'},"
            f"num-queues={queues},logical-block-size={disk.logical}"]


def _refusal(disk, log):
    """What a daemon said of the image that it did not open."""
    lines = Path(log.name).read_text("utf-8", "replace").strip().splitlines()
    said = _ARGUMENT.sub("", lines[-1]) if lines else "it does not say why"
    return UsageError(f"--disk {disk.spec}: {_NAME} does not start: {said}")


def start(disk, queues, socket, log):
    """Starts a daemon and waits until it listens; `log`, a file, takes its messages."""
    process = spawn(_command(disk, queues, socket), stdout=log, stderr=log)
    deadline = time.monotonic() + START_TIMEOUT_S
    while not os.path.exists(socket):
        if process.poll() is not None:
            raise _refusal(disk, log)
        if time.monotonic() > deadline:
            end(process)
            raise GuestError(f"--disk {disk.spec}: {_NAME} did not start within "
                             f"{START_TIMEOUT_S} s")
        time.sleep(0.01)
    return process


def stop(process):
    """Lets a daemon close its image: it holds back what says where data lies."""
    process.terminate()
    try:
        process.wait(_STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        end(process)
