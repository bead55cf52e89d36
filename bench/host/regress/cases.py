# SPDX-License-Identifier: MIT
"""What the gate looks at, as data.

Counted cases run under icount and are held against configs/baseline.json, figure by figure;
a figure is listed where it repeats (insns.py says which do). Timed cases run by the clock in
turns with another kernel or device; those of one mode share a boot.
"""

from dataclasses import dataclass, replace

from host.base import values
from host.base.errors import UsageError
from host.compare.insns import BUSY, DOORBELLS, INTERRUPTS, TOTAL, Case

STAGES = ("submit_to_doorbell", "doorbell_to_signal", "signal_to_delivery")
# A lone I/O: each stage is a path of its own, walked once.
LONE = (TOTAL, *STAGES, DOORBELLS, INTERRUPTS)
# A batch: when the device is done with its first I/O decides how the later stages divide.
BATCH = (TOTAL, STAGES[0], DOORBELLS, INTERRUPTS)
POLLED = (BUSY, STAGES[0], STAGES[2], DOORBELLS, INTERRUPTS)
POLLED_BATCH = (STAGES[0], DOORBELLS, INTERRUPTS)

_POLL = ("completion=poll",)
# Without busy waiting, so that it repeats; and no timer to hold an interrupt back.
_ADAPTIVE = ("completion=adaptive", "spin_max_us=0", "coalesce_max_us=0")

COUNTED = (
    (Case("irq qd1"), LONE),
    (Case("irq qd32", 32, 32), BATCH),
    (Case("irq qd128", 128, 32), (TOTAL, DOORBELLS, INTERRUPTS)),
    (Case("irq qd1 packed", disk=",packed=on"), LONE),
    (Case("irq qd32 packed", 32, 32, disk=",packed=on"), BATCH),
    (Case("irq qd1 packed direct", disk=",packed=on,indirect=off"), LONE),
    (Case("irq qd1 write", rw="randwrite"), LONE),
    (Case("irq qd32 write", 32, 32, rw="randwrite"), BATCH),
    (Case("poll qd1", sets=_POLL), POLLED),
    (Case("poll qd32", 32, 32, sets=_POLL), POLLED_BATCH),
    (Case("adaptive qd1", sets=_ADAPTIVE), LONE),
    (Case("adaptive qd32", 32, 32, sets=_ADAPTIVE), BATCH),
)


@dataclass(frozen=True)
class Timed:
    """One boot: a job per depth, one after the other."""

    mode: str
    placement: str
    depths: tuple  # (depth, batch)

    def case_name(self, depth):
        return f"{self.mode} qd{depth}"


DEPTHS = ((1, 1), (32, 16), (128, 32))
TIMED = (Timed("irq", "one", DEPTHS), Timed("poll", "auto", DEPTHS))


def case_names():
    """Of both parts, in order."""
    return list(dict.fromkeys(
        [case.name for case, _ in COUNTED]
        + [timed.case_name(depth) for timed in TIMED for depth, _ in timed.depths]))


def select(names):
    """(counted, timed) cases of these names; all of them for None."""
    for name in names or ():
        if name not in case_names():
            raise UsageError(f"--case {name}: no such case"
                             + values.suggestion(name, case_names()))
    counted = tuple(pair for pair in COUNTED if not names or pair[0].name in names)
    timed = [replace(timed, depths=tuple(
        (depth, batch) for depth, batch in timed.depths
        if not names or timed.case_name(depth) in names)) for timed in TIMED]
    return counted, tuple(timed for timed in timed if timed.depths)
