# SPDX-License-Identifier: MIT
"""QEMU's devices without a guest: registers read and written through its qtest protocol.

For findings/*.sh: Machine(FOLDER, ARGUMENT...) starts the QEMU that findings/unpack put into
FOLDER. Its processors never run; what firmware and driver would do is done from here.
"""

import json
import socket
import subprocess
import time
from pathlib import Path

INSIDE = Path(__file__).resolve().parent / "inside"
BAR_BASE = 0xE0000000


class Machine:
    def __init__(self, folder, *arguments, machine="q35"):
        self.qemu = subprocess.Popen(
            [INSIDE, folder, "/usr/bin/qemu-system-x86_64", "-machine", machine, "-S", "-m",
             "128", "-nodefaults", "-display", "none", "-qtest", "stdio",
             "-qtest-log", "none", "-qmp", "unix:/tmp/qmp,server=on,wait=off", *arguments],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.monitor = self._connect(Path(folder) / "tmp" / "qmp")
        self.qmp("qmp_capabilities")
        self.next_bar = BAR_BASE

    def _connect(self, path):
        for _ in range(300):
            try:
                link = socket.socket(socket.AF_UNIX)
                link.connect(str(path))
                lines = link.makefile("rw")
                lines.readline()  # the greeting
                return lines
            except OSError:
                time.sleep(0.1)
        raise TimeoutError("QEMU did not start within 30 s")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.qemu.kill()
        self.qemu.wait()

    def qmp(self, command, **arguments):
        self.monitor.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
        self.monitor.flush()
        while True:
            answer = json.loads(self.monitor.readline())
            if "event" not in answer:
                return answer

    def ask(self, *words):
        """One command of qtest; the number that it answers with, if any."""
        text = " ".join(word if isinstance(word, str) else hex(word) for word in words)
        self.qemu.stdin.write(text + "\n")
        self.qemu.stdin.flush()
        while True:
            answer = self.qemu.stdout.readline().split()
            if not answer or answer[0] == "FAIL":
                raise RuntimeError(f"{text}: {answer}")
            if answer[0] == "OK":
                return int(answer[1], 0) if len(answer) > 1 else None

    # Memory, by width in bytes.
    def read(self, address, width):
        return self.ask("read" + {1: "b", 2: "w", 4: "l", 8: "q"}[width], address)

    def write(self, address, width, value):
        self.ask("write" + {1: "b", 2: "w", 4: "l", 8: "q"}[width], address, value)

    # PCI configuration space of bus 0, or of one behind a bridge (mechanism 1).
    def config(self, function, register, bus=0):
        self.ask("outl", 0xCF8, 1 << 31 | bus << 16 | function << 8 | register & ~3)
        return self.ask("inl", 0xCFC)

    def set_config(self, function, register, value, bus=0):
        self.ask("outl", 0xCF8, 1 << 31 | bus << 16 | function << 8 | register & ~3)
        self.ask("outl", 0xCFC, value)

    def find(self, ids):
        """The function (device * 8) with these IDs: device << 16 | vendor."""
        for device in range(32):
            if self.config(device << 3, 0) == ids:
                return device << 3
        raise LookupError(f"no function {ids:08x}")

    def virtio(self, function):
        """Gives the function's memory BARs addresses; where its common configuration is."""
        register = 0x10
        while register < 0x28:
            register += 4 * self._assign(function, register)
        self.set_config(function, 4, self.config(function, 4) & 0xFFFF | 6)
        at = self.config(function, 0x34) & 0xFC
        found = {}
        while at:
            head = self.config(function, at)
            if head & 0xFF == 9:  # VIRTIO_PCI_CAP (virtio 1.2, 4.1.4)
                bar = self.config(function, at + 4) & 0xFF
                base = self.config(function, 0x10 + 4 * bar) & ~0xF
                found.setdefault(head >> 24, base + self.config(function, at + 8))
            at = head >> 8 & 0xFC
        return found

    def _assign(self, function, register):
        """Returns how many registers the BAR has."""
        self.set_config(function, register, 0xFFFFFFFF)
        mask = self.config(function, register)
        if not mask & ~0xF or mask & 1:
            return 1
        size = (~(mask & ~0xF) & 0xFFFFFFFF) + 1
        self.next_bar = -(-self.next_bar // size) * size
        self.set_config(function, register, self.next_bar)
        self.next_bar += size
        if mask >> 1 & 3 != 2:
            return 1
        self.set_config(function, register + 4, 0)
        return 2
