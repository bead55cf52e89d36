# SPDX-License-Identifier: MIT
"""A guest per test: the tool is run as a user runs it, its result read back."""

import contextlib
import hashlib
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

ROOT = Path(__file__).resolve().parents[3]
TOOL = ROOT / "bench" / "ringbolt"
BUILD = Path(os.environ.get("RINGBOLT_BUILD") or ROOT / "build")

# What hangs is ended after this; what a busy host runs slowly is not.
TIMEOUT_S = 300
# More than any test's data: what these files hold is chosen, not found.
PATTERN_BYTES = 1 << 20


@dataclass
class Run:
    status: int
    out: str
    err: str
    result: Optional[dict]

    def device(self, name="vda"):
        return next(entry for entry in self.result["ringbolt"]["devices"]
                    if entry["name"] == name)

    def queues(self, name="vda"):
        return self.device(name)["queues"]

    def total(self, counter, name="vda"):
        return sum(queue[counter] for queue in self.queues(name))


class Guest:
    def __init__(self, directory):
        self.directory = directory

    def run(self, *words, job=None, timeout=TIMEOUT_S):
        """One boot. Placement is left alone: these tests ask what, not how fast."""
        path = self.directory / "result.json"
        path.unlink(missing_ok=True)
        command = [sys.executable, str(TOOL), "run", "--accel=tcg", "--placement=none",
                   f"--timeout={timeout}", f"--json={path}", *map(str, words)]
        if not any(str(word).startswith("--guest=linux") for word in words):
            command.append("--set=status_interval_ms=0")
        if job is not None:
            (self.directory / "job.fio").write_text(job)
            command.append("job.fio")
        done = subprocess.run(command, cwd=self.directory, capture_output=True, text=True,
                              timeout=timeout + 30, check=False)
        result = json.loads(path.read_text()) if path.exists() else None
        return Run(done.returncode, done.stdout, done.stderr, result)

    def good(self, *words, job=None, timeout=TIMEOUT_S):
        """A run that has to end well, every job of it."""
        run = self.run(*words, job=job, timeout=timeout)
        assert run.status == 0, f"{run.err}\n{run.out}"
        assert [entry["error"] for entry in run.result["jobs"]] == \
            [0] * len(run.result["jobs"]), run.out
        return run

    def file(self, name, data):
        path = self.directory / name
        path.write_bytes(data)
        return path

    def zeroes(self, name, size):
        path = self.directory / name
        with open(path, "wb") as file:
            file.truncate(size)
        return path


def digest(path):
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def wait_for(path):
    """Until others have made it."""
    end = time.monotonic() + TIMEOUT_S
    while not path.exists():
        assert time.monotonic() < end, f"{path} does not appear"
        time.sleep(0.02)


@contextlib.contextmanager
def served(command, socket):
    """A server that runs as long as the block, from when its socket is there."""
    server = subprocess.Popen(command)
    try:
        wait_for(socket)
        yield server
    finally:
        server.terminate()
        server.wait()


def nbd_server(image, socket):
    return served(["qemu-nbd", "--format=raw", "--shared=4", "--persistent",
                   f"--socket={socket}", str(image)], socket)


def vhost_user_server(node, socket):
    """`node`: what qemu-storage-daemon serves, a -blockdev without its name."""
    return served(["qemu-storage-daemon", "--blockdev", f"node-name=disk,{node}", "--export",
                   "type=vhost-user-blk,id=export,node-name=disk,writable=on,"
                   f"addr.type=unix,addr.path={socket}"], socket)
