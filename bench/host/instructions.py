"""Guest instructions per I/O of ours and of Linux, for a comparison in which both interrupt.

Under -icount QEMU's virtual nanosecond is an instruction (insns.py says more). Two boots that
differ in their number of I/Os share start and end; the difference of their times over that of
their I/Os is what one I/O costs. Linux has a tick: what it slept through is taken off.
"""

from dataclasses import replace

from .measure import run_point
from .result import member

FEW, MANY = 1_000, 6_000
_ICOUNT = ("--accel=tcg", "--qemu-arg=-icount")
# Under sleep=off an idle guest skips to its next timer, and Linux always has one: it would work
# off one for every I/O that it awaits.
_SKIPPING, _WAITING = "--qemu-arg=shift=0,sleep=off", "--qemu-arg=shift=0"
_NO_TIMER = "--set=request_timeout_ms=0"  # an idle guest would skip to it


def pair(sides):
    """(ours, Linux) whose instructions can be counted, or None."""
    found = {side.key: side for side in sides}
    wanted = found.get("irq@one"), found.get("linux-irq@one")
    return wanted if all(wanted) else None


def _spent(document):
    if "peer" in document["ringbolt"]:
        return (member(document, "ringbolt", "peer", "elapsed_ns")
                - member(document, "ringbolt", "peer", "idle_ns"))
    return member(document, "ringbolt", "jobs", 0, "elapsed_ns")


def _per_io(plan, side, point):
    def spent(ios):
        lines = ["time_based=0", "runtime=0", f"number_ios={ios}"]
        return _spent(run_point(plan, side, point, lines).result)

    return (spent(MANY) - spent(FEW)) / (MANY - FEW)


def count_instructions(plan, progress):
    """[{"side", "point", "per_io"}] of the shallowest and the deepest point."""
    sides = pair(plan.sides)
    if not sides:
        return []
    counted = {side: replace(plan, machine=[*plan.machine, *_ICOUNT, clock],
                             settings=[*plan.settings, _NO_TIMER])
               for side, clock in zip(sides, (_SKIPPING, _WAITING))}
    found = []
    for point in dict.fromkeys((plan.points[0], plan.points[-1])):
        for side in sides:
            progress("guest instructions", side, point)
            found.append({"side": side.key, "point": point.name,
                          "per_io": _per_io(counted[side], side, point)})
    return found
