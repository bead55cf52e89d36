# SPDX-License-Identifier: MIT
"""Which host cores QEMU's threads run on.

Under TCG placement decides more than the completion mode does: polling needs the vCPU and
the device on different cores, interrupts are faster and steadier with all of QEMU on one
core because a halted host core takes long to wake. Runs are comparable only at equal
placement, hence it is chosen by rule, applied, and written into the result.
"""

import os
from dataclasses import dataclass, field

from host.base.errors import UsageError


@dataclass
class Placement:
    name: str  # split, one, none
    vcpu_cores: list = field(default_factory=list)
    device_cores: list = field(default_factory=list)

    def describe(self):
        return {"name": self.name, "vcpu_cores": self.vcpu_cores,
                "device_cores": self.device_cores}


def choose(wanted, completion, cores):
    """`cores`: host cores this process may use. auto falls back, a name is obeyed."""
    cores = sorted(cores)
    name = wanted
    if wanted == "auto":
        polls = completion in ("poll", "adaptive")
        name = "split" if polls and len(cores) > 1 else "one"
    if name == "none":
        return Placement("none")
    if name == "one":
        return Placement("one", cores[:1], cores[:1])
    if len(cores) < 2:
        raise UsageError("--placement split: needs two host cores, this process may use one")
    return Placement("split", cores[1:2], cores[:1])


def _threads(pid):
    return [int(name) for name in os.listdir(f"/proc/{pid}/task")]


def _pin(thread, cores):
    try:
        os.sched_setaffinity(thread, cores)
    except ProcessLookupError:
        pass  # a worker thread that has ended; its successors inherit from their creator


def apply(placement, pid, vcpu_threads, helper_pids):
    """Pins a stopped guest: vCPUs to theirs, all else to the device's cores."""
    if placement.name == "none":
        return
    for process in [pid, *helper_pids]:
        for thread in _threads(process):
            if thread not in vcpu_threads:
                _pin(thread, placement.device_cores)
    for thread in vcpu_threads:
        _pin(thread, placement.vcpu_cores)
