# SPDX-License-Identifier: MIT
"""Guest instructions per I/O, counted and not timed; of ours and of Linux where a comparison has
both interrupt.

With icount and no sleeping, QEMU's virtual nanosecond is one guest instruction, and an idle
guest skips to the next event. Two jobs that differ only in their number of I/Os share start and
end; the difference of their times over the difference of their I/Os is what one I/O costs,
everything included: generator, block layer, driver, interrupt.

Linux always has a timer armed, so the virtual clock runs on while it idles; Linux says how long
it did, and that is taken off. Its figure repeats to 1 %, and is 1 % short: the way into sleep
passes as sleep.
"""

from dataclasses import replace

from host.compare.measure import figures, run_parts
from host.compare.points import added_lines
from host.guest.result import member

COUNTS = 1_000, 6_000  # I/Os of the two jobs
LEAST_IOS = 1_000  # more in the long one: Linux's figure of fewer is its timers'
ICOUNT = ("--accel=tcg", "--qemu-arg=-icount", "--qemu-arg=shift=0,sleep=off")
NO_TIMER = "--set=request_timeout_ms=0"  # an idle guest would skip to it


def per_io(few, many):
    """What one I/O costs, of (instructions, I/Os) of the two jobs."""
    return (many[0] - few[0]) / (many[1] - few[1])


def spent_by_linux(document):
    """(instructions, I/Os) of one job file."""
    peer = member(document, "ringbolt", "peer")
    return peer["elapsed_ns"] - peer["idle_ns"], figures(document)["ios"]


def pair(sides):
    """(ours, Linux) whose instructions can be counted, or None."""
    found = {side.key: side for side in sides}
    wanted = found.get("irq@one"), found.get("linux-irq@one")
    return wanted if all(wanted) else None


def _parts(points):
    """Each point with few and with many I/Os."""
    return [(point, added_lines("guest instructions", "time_based=0", "runtime=0",
                                f"number_ios={ios}")) for point in points for ios in COUNTS]


def _spent_by_ours(document):
    jobs = member(document, "ringbolt", "jobs")
    return max(job["elapsed_ns"] for job in jobs), figures(document)["ios"]


def _too_few(spent):
    """Of (few, many) of each side: jobs that end before their number of I/Os is reached."""
    return any(many[1] - few[1] < LEAST_IOS for few, many in spent)


def count_instructions(plan, progress):
    """([{"side", "point", "per_io"}] of the shallowest and the deepest point, Linux's after ours;
    notes on points that could not be counted)."""
    sides = pair(plan.sides)
    if not sides:
        return [], []
    counted = replace(plan, machine=[*plan.machine, *ICOUNT],
                      settings=[*plan.settings, NO_TIMER])
    points = plan.points[:1] + plan.points[1:][-1:]
    spent = []  # by side: (few, many) of each point
    for side, spent_by in zip(sides, (_spent_by_ours, spent_by_linux)):
        progress("guest instructions", side, points)
        found = [spent_by(document) for document, _ in run_parts(counted, side, _parts(points))]
        spent.append([*zip(found[::2], found[1::2])])
    counts, notes = [], []
    for point, both in zip(points, zip(*spent)):
        if _too_few(both):
            notes.append(f"guest instructions of {point.name}: not counted, its job has too few "
                         f"I/Os ({COUNTS[0] + LEAST_IOS:,} are needed)")
            continue
        counts += [{"side": side.key, "point": point.name, "per_io": per_io(*one)}
                   for side, one in zip(sides, both)]
    return counts, notes
