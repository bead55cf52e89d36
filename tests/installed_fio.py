# SPDX-License-Identifier: MIT
"""The fio that is installed: its release has to be one of those that we follow, and what it does
is held against what we do when we follow that one (fio_version=)."""

import functools
import re
import subprocess
from pathlib import Path

import pytest

TABLE = Path(__file__).resolve().parents[1] / "bench" / "job" / "fio_version.c"
# As in fio_version=, oldest first.
RELEASES = re.findall(r'\.name = "([0-9.]+)"', TABLE.read_text())


@functools.cache
def release():
    """Of the installed fio, which the package list of `make deps` names: without it, or with one
    that we know nothing of, whoever asks fails."""
    try:
        said = subprocess.run(["fio", "--version"], capture_output=True, text=True, check=True,
                              timeout=60).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        pytest.fail("fio is not installed", pytrace=False)
    found = said.removeprefix("fio-")
    if found not in RELEASES:
        pytest.fail(f"{said} is installed, and {TABLE.name} knows only {', '.join(RELEASES)}",
                    pytrace=False)
    return found


def is_since(name):
    """Whether the installed fio is that release or a later one."""
    return RELEASES.index(release()) >= RELEASES.index(name)


def is_of(releases):
    """Whether the installed fio is meant by "from 3.39", "before 3.39" or ""."""
    if not releases:
        return True
    which, name = releases.split()
    return is_since(name) == {"from": True, "before": False}[which]


def followed():
    """What `ringbolt run` is told in order to do what the installed fio does."""
    return f"--set=fio_version={release()}"
