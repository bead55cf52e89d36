"""qemu-storage-daemon, the other end of a vhost-user disk."""

import os
import subprocess
import time

from .command import escape
from .disk import DEFAULT_SIZE
from .errors import GuestError
from .process import end, spawn

START_TIMEOUT_S = 10
_STOP_TIMEOUT_S = 10


def _command(disk, queues, socket):
    if disk.path:
        node = (f"driver={disk.format or 'raw'},node-name=disk,discard=unmap,"
                f"read-only={'on' if disk.read_only else 'off'},"
                f"file.driver=file,file.filename={escape(disk.path)}")
    else:
        node = f"driver=null-co,node-name=disk,read-zeroes=off,size={disk.size or DEFAULT_SIZE}"
    return ["qemu-storage-daemon", "--blockdev", node, "--export",
            "type=vhost-user-blk,id=export,node-name=disk,addr.type=unix,"
            f"addr.path={escape(socket)},writable={'off' if disk.read_only else 'on'},"
            f"num-queues={queues},logical-block-size={disk.logical}"]


def start(disk, queues, socket, log):
    """Starts a daemon and waits until it listens; `log` takes its messages."""
    process = spawn(_command(disk, queues, socket), stdout=log, stderr=log)
    deadline = time.monotonic() + START_TIMEOUT_S
    while not os.path.exists(socket):
        if process.poll() is not None or time.monotonic() > deadline:
            end(process)
            raise GuestError(f"--disk {disk.spec}: qemu-storage-daemon did not start")
        time.sleep(0.01)
    return process


def stop(process):
    """Lets a daemon close its image: it holds back what says where data lies."""
    process.terminate()
    try:
        process.wait(_STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        end(process)
