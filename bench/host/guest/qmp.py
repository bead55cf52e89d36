# SPDX-License-Identifier: MIT
"""QEMU's monitor protocol: one JSON object per line over a connected socket."""

import json
import socket

from host.base.errors import GuestError

ANSWER_TIMEOUT_S = 20


class QmpClosed(GuestError):
    """QEMU went away; before the guest ran, this is how a bad argument shows."""


class Qmp:
    def __init__(self, sock):
        sock.settimeout(ANSWER_TIMEOUT_S)
        self._file = sock.makefile("rwb")

    def handshake(self):
        self._read()  # the greeting
        return self.command("qmp_capabilities")

    def send(self, name):
        """A command without arguments whose answer nobody waits for."""
        try:
            self._file.write(json.dumps({"execute": name}).encode() + b"\n")
            self._file.flush()
        except OSError:
            raise QmpClosed("QEMU closed its monitor") from None

    def command(self, name):
        """Runs a command without arguments and returns what it returns."""
        self.send(name)
        while True:
            answer = self._read()
            if "return" in answer:
                return answer["return"]
            if "error" in answer:
                raise GuestError(f"QEMU refuses {name}: {answer['error'].get('desc')}")

    def close(self):
        try:
            self._file.close()
        except OSError:
            pass

    def _read(self):
        try:
            line = self._file.readline()
        except socket.timeout:
            raise GuestError("QEMU does not answer on its monitor") from None
        except OSError:
            line = b""
        if not line:
            raise QmpClosed("QEMU closed its monitor")
        return json.loads(line)
