"""The host tool's modules, and a place to run it with a QEMU that only pretends."""

import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent

sys.dont_write_bytecode = True
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "bench")]

from fakes import Bench  # noqa: E402  (needs the path above)


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path)
