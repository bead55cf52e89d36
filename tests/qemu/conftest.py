# SPDX-License-Identifier: MIT
"""Fixtures: a place to boot guests in, and an image whose content is known."""

import signal
import sys
from pathlib import Path

import pytest

sys.dont_write_bytecode = True
HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE / "lib"), str(HERE.parent)]

import pattern  # noqa: E402  (needs the path above)
from guests import PATTERN_BYTES, Guest  # noqa: E402

# Started in the background, we would have inherited that Ctrl-C is ignored, and pass it on.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def guest(tmp_path):
    return Guest(tmp_path)


@pytest.fixture(scope="session")
def pattern_image():
    """PATTERN_BYTES of blocks of 4096, pass 7."""
    return pattern.image(PATTERN_BYTES, 4096, 7)
