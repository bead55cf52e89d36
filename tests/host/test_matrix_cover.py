# SPDX-License-Identifier: MIT
"""The rows of the QEMU matrix leave no combination of three values out."""

import itertools
import sys
from dataclasses import fields

import pytest
from fakes import ROOT

sys.path.insert(0, str(ROOT / "tests" / "qemu" / "lib"))

from matrix import CASES, Case  # noqa: E402  (needs the path above)

VALUES = {
    "machine": ["q35", "pc"], "ring": ["split", "packed"], "indirect": ["on", "off"],
    "event_idx": ["on", "off"], "queues": [1, 2, 4, 8], "smp": [1, 2, 4],
    "vectors": ["all", "short", "none"], "completion": ["irq", "poll", "adaptive"],
    "iothread": ["on", "off"], "logical": [512, 4096], "sched": ["none", "deadline"],
    "queue_size": [16, 256, 1024],
}


NAMES = [field.name for field in fields(Case)]
RINGS_AND_INTERRUPTS = ["ring", "indirect", "event_idx", "queues", "vectors", "completion"]


@pytest.mark.parametrize("count, among", [(3, NAMES), (4, RINGS_AND_INTERRUPTS)])
def test_columns_meet_in_every_combination(count, among):
    assert NAMES == list(VALUES)
    for columns in itertools.combinations(among, count):
        met = {tuple(getattr(case, column) for column in columns) for case in CASES}
        assert met == set(itertools.product(*(VALUES[column] for column in columns))), columns


def test_rows_differ():
    assert len(set(CASES)) == len(CASES)
