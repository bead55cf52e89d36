# SPDX-License-Identifier: MIT
"""Our parser's and report's programs are compared with the fio that is installed."""

import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]

sys.dont_write_bytecode = True
sys.path[:0] = [str(TESTS), str(TESTS / "host"), str(TESTS.parent / "bench")]
