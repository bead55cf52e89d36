# SPDX-License-Identifier: MIT
"""The guest's console on its way to the user.

The kernel ends a progress line with a carriage return and overwrites it with the next.
A terminal gets it as it comes; anything else gets finished lines only. Firmware clears the
screen and moves the cursor: those sequences are dropped for everyone.
"""

import re

# Control sequences but "erase to the end of the line", which progress lines use.
_ESCAPES = re.compile(rb"\x1b(?:\[(?!0?K)[0-9;?=]*[A-Za-z]|[=>cM78])")
_UNFINISHED = re.compile(rb"\x1b(?:\[[0-9;?=]*)?$")
_ERASE = re.compile(rb"\x1b\[0?K")
_WIPED = re.compile(rb"\r\x1b\[0?K")


def clean_line(raw):
    """What stays visible of one line: text after the last return, unless erased."""
    kept = _WIPED.split(raw)[-1]
    line = _ERASE.sub(b"", kept).removesuffix(b"\r")
    return line.rpartition(b"\r")[2].rstrip().decode("utf-8", "replace")


class Console:
    """Feeds `show(bytes)`; keeps every finished line in `lines`."""

    def __init__(self, show, is_terminal):
        self.lines = []
        self._show = show
        self._is_terminal = is_terminal
        self._escape = b""  # a control sequence not yet complete
        self._line = b""

    def feed(self, data):
        data = _ESCAPES.sub(b"", self._escape + data)
        match = _UNFINISHED.search(data)
        self._escape = match[0] if match else b""
        if match:
            data = data[:match.start()]
        if self._is_terminal:
            self._show(data)
        *finished, self._line = (self._line + data).split(b"\n")
        for raw in finished:
            self._finish(raw)

    def close(self):
        """The guest is gone: what it had begun counts as a line."""
        if clean_line(self._line):
            self._finish(self._line)
            if self._is_terminal:
                self._show(b"\n")
        self._line = b""

    def _finish(self, raw):
        line = clean_line(raw)
        overwritten = b"\r" in raw.removesuffix(b"\r")
        if not line and overwritten:
            return
        self.lines.append(line)
        if not self._is_terminal:
            self._show(line.encode() + b"\n")
