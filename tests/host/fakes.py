# SPDX-License-Identifier: MIT
"""The tool as a user runs it, with a QEMU that only pretends."""

import json
import os
import re
import stat
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TOOL = ROOT / "bench" / "ringbolt"

GOOD_RESULT = {"fio version": "fio-3.33", "jobs": [{"jobname": "a", "error": 0}],
               "ringbolt": {"devices": [], "cpus": []}}


# What hangs is ended after this; what a busy host runs slowly is not.
HANG_S = 300


def quiet(said):
    """Without the warning that a busy host adds to what any run says (test_load.py)."""
    return re.sub(r"^ringbolt: warning: the host was busy: .*\n", "", said, flags=re.MULTILINE)


class Bench:
    """A directory with a built kernel, a fake QEMU on PATH and its plan."""

    def __init__(self, directory):
        self.directory = directory
        self.build = directory / "build"
        self.build.mkdir()
        (self.build / "kernel.elf").write_bytes(b"\x7fELF")
        (self.build / "ringbolt.img").write_bytes(b"\0" * 4096)
        (self.build / "peer").mkdir()
        for name in ("vmlinuz", "initramfs"):
            (self.build / "peer" / name).write_bytes(b"\0")
        programs = directory / "bin"
        programs.mkdir()
        program = programs / "qemu-system-x86_64"
        program.write_text(f"#!{sys.executable}\n"
                           + (Path(__file__).parent / "fake_qemu.py").read_text())
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        self.temporary = directory / "t"
        self.temporary.mkdir()
        self.log = directory / "log"
        self.environment = dict(
            os.environ, PATH=f"{programs}:{os.environ['PATH']}", TMPDIR=str(self.temporary),
            RINGBOLT_BUILD=str(self.build), FAKE_QEMU=str(directory / "plan"),
            FAKE_QEMU_LOG=str(self.log))
        self.plan()

    def plan(self, **plan):
        """What the fake does; a good run unless said otherwise."""
        full = {"console": "[    0.001] boot: hello\nringbolt: exit status 0\n",
                "result": json.dumps(GOOD_RESULT), "code": 1}
        full.update(plan)
        (self.directory / "plan").write_text(json.dumps(full))

    def command(self, *arguments):
        return [sys.executable, str(TOOL), *map(str, arguments)]

    def run(self, *arguments, command="run"):
        done = subprocess.run(self.command(command, "--accel=tcg", *arguments),
                              env=self.environment, cwd=self.directory, capture_output=True,
                              text=True, timeout=HANG_S, check=False)
        done.stderr = quiet(done.stderr)
        return done

    def starts(self):
        """What each fake QEMU was started with."""
        if not self.log.exists():
            return []
        return [json.loads(line) for line in self.log.read_text().splitlines()]
