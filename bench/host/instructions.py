"""Guest instructions per I/O of ours and of Linux, for a comparison in which both interrupt.

Under -icount QEMU's virtual nanosecond is an instruction (insns.py says more). Two jobs that
differ in their number of I/Os share start and end; the difference of their times over that of
their I/Os is what one I/O costs. Linux has a tick: what it slept through is taken off.
"""

from dataclasses import replace

from .measure import figures, run_at_once, run_lines
from .points import added_lines
from .result import member

COUNTS = 1_000, 6_000  # I/Os
_ICOUNT = ("--accel=tcg", "--qemu-arg=-icount", "--qemu-arg=shift=0,sleep=off")
_NO_TIMER = "--set=request_timeout_ms=0"  # an idle guest would skip to it


def pair(sides):
    """(ours, Linux) whose instructions can be counted, or None."""
    found = {side.key: side for side in sides}
    wanted = found.get("irq@one"), found.get("linux-irq@one")
    return wanted if all(wanted) else None


def _parts(points):
    """Each point with few and with many I/Os."""
    return [(point, added_lines("guest instructions", "time_based=0", "runtime=0",
                                f"number_ios={ios}")) for point in points for ios in COUNTS]


def _spent_ours(plan, side, points):
    """(instructions, I/Os) of each part."""
    for point, added in _parts(points):
        document = run_lines(plan, side, point.lines(added)).result
        jobs = member(document, "ringbolt", "jobs")
        yield max(job["elapsed_ns"] for job in jobs), figures(document)["ios"]


def _spent_linux(plan, side, points):
    for document in run_at_once(plan, side, _parts(points))[0]:
        peer = member(document, "ringbolt", "peer")
        yield peer["elapsed_ns"] - peer["idle_ns"], figures(document)["ios"]


def count_instructions(plan, progress):
    """[{"side", "point", "per_io"}] of the shallowest and the deepest point, Linux's after ours."""
    sides = pair(plan.sides)
    if not sides:
        return []
    counted = replace(plan, machine=[*plan.machine, *_ICOUNT],
                      settings=[*plan.settings, _NO_TIMER])
    points = plan.points[:1] + plan.points[1:][-1:]
    per_io = []
    for side, spend in zip(sides, (_spent_ours, _spent_linux)):
        progress("guest instructions", side, points)
        spent = list(spend(counted, side, points))
        per_io.append([(many - few) / (many_ios - few_ios) for (few, few_ios), (many, many_ios)
                       in zip(spent[::2], spent[1::2])])
    return [{"side": side.key, "point": point.name, "per_io": values[index]}
            for index, point in enumerate(points) for side, values in zip(sides, per_io)]
