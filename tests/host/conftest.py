# SPDX-License-Identifier: MIT
"""The host tool's modules, and a place to run it with a QEMU that only pretends."""

import signal
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent

sys.dont_write_bytecode = True
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parents[1] / "bench")]

from fakes import Bench  # noqa: E402  (needs the path above)

# Started in the background, we would have inherited that Ctrl-C is ignored, and pass it on.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path)
