# SPDX-License-Identifier: MIT
"""What of the guest's console a user sees."""

import pytest

from host.guest.console import Console

TEXT = (b"\x1b[2J\x1b[01;01H\x1b[=3hBdsDxe: starting\r\n[ 0.1] boot: up\n"
        b"\rjobs: 10%\rjobs: 50%\x1b[K\r[ 0.9] done\nlast")
LINES = ["BdsDxe: starting", "[ 0.1] boot: up", "[ 0.9] done", "last"]


@pytest.mark.parametrize("step", [1, 2, 7, 1000])
def test_pipe_gets_finished_lines_without_progress(step):
    shown = []
    console = Console(shown.append, is_terminal=False)
    for start in range(0, len(TEXT), step):
        console.feed(TEXT[start:start + step])
    console.close()
    assert console.lines == LINES
    assert b"".join(shown).decode() == "".join(line + "\n" for line in LINES)


def test_terminal_gets_progress_but_is_never_cleared():
    shown = []
    console = Console(shown.append, is_terminal=True)
    for byte in TEXT:
        console.feed(bytes([byte]))
    console.close()
    text = b"".join(shown)
    assert b"\rjobs: 10%\rjobs: 50%\x1b[K" in text
    assert b"\x1b[2J" not in text and b"\x1b[01;01H" not in text
    assert console.lines == LINES


def test_empty_lines_stay_and_progress_alone_vanishes():
    console = Console(lambda data: None, is_terminal=False)
    console.feed(b"a\n\nb\n\rjobs: 1%\r\x1b[K\nc\r\n")
    console.close()
    assert console.lines == ["a", "", "b", "c"]
