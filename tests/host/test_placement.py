# SPDX-License-Identifier: MIT
"""Which cores, by completion mode."""

import pytest

from host.base.errors import UsageError
from host.guest.placement import choose

CASES = [
    # wanted, completion, cores -> name, vCPU cores, device cores
    ("auto", "poll", {0, 1}, "split", [1], [0]),
    ("auto", "adaptive", {2, 5}, "split", [5], [2]),
    ("auto", "irq", {0, 1}, "one", [0], [0]),
    ("auto", "poll", {3}, "one", [3], [3]),
    ("split", "irq", {0, 1, 2}, "split", [1], [0]),
    ("one", "poll", {0, 1}, "one", [0], [0]),
    ("none", "poll", {0, 1}, "none", [], []),
]


@pytest.mark.parametrize("wanted, completion, cores, name, vcpu, device", CASES)
def test_choice(wanted, completion, cores, name, vcpu, device):
    chosen = choose(wanted, completion, cores)
    assert (chosen.name, chosen.vcpu_cores, chosen.device_cores) == (name, vcpu, device)


def test_split_on_one_core_is_refused_when_asked_for():
    with pytest.raises(UsageError, match="--placement split"):
        choose("split", "poll", {0})
