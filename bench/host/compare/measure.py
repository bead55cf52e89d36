# SPDX-License-Identifier: MIT
"""Rounds: every side runs every point once a round.

The host drifts, so sides take turns point by point: within a round all sides of a point run one
after the other. The next round goes backwards, which evens out a steady drift (A B C, C B A), and
after these two another side begins. Each measurement of ours is a boot of its own, so that counters
and idle shares belong to it alone; Linux's belong to the job file.
Sides of one placement get the same machine: also the same answer to whether the device has a
thread of its own, which it has when the vCPUs and the device have a core each. Only what a setting
needs of the disk it is given to that side alone; a side that does not get what it is called after
ends the comparison.
"""

from dataclasses import dataclass, field, replace

from host.base.errors import GuestError, UsageError
from host.base.texts import parse_settings
from host.compare.needs import check_cpus, needs
from host.compare.points import added_lines
from host.guest.arguments import parse_run
from host.guest.disk import DEFAULT_SPEC
from host.guest.facts import software
from host.guest.granted import refusal
from host.guest.guest import run_well
from host.guest.jobfile import text_of
from host.guest.load import lost_share
from host.guest.peer import NEXT_JOB
from host.guest.result import idle_share, member, queue_counters

LOG_WINDOW_MS = 10
_LOG_LINES = added_lines("latencies over time", "write_lat_log=timeline",
                         f"log_avg_msec={LOG_WINDOW_MS}")
_DIRECTIONS = ("read", "write", "trim", "mixed")


class Unsummed(GuestError):
    """There are figures that nothing can be made of; `rounds` are those that were had before, by
    (side key, point name)."""

    def __init__(self, message, rounds):
        super().__init__(message)
        self.rounds = rounds


@dataclass
class Plan:
    """What is measured; `machine`: words of `ringbolt run` for all, `settings`: for ours."""

    path: str  # of the job file
    sides: list
    points: list
    rounds: int
    machine: list = field(default_factory=list)
    settings: list = field(default_factory=list)
    added: list = field(default_factory=list)  # Lines at the end of each job
    timeline: bool = False  # one round before, with logs, that does not count


def _disks(plan, side):
    """[(SPEC of --disk, words that it needs for the settings of all sides and of this one)]"""
    words = [*plan.settings, *side.words]
    settings = parse_settings([word.removeprefix("--set=") for word in words
                               if word.startswith("--set=")])
    smp = parse_run(plan.machine).smp
    check_cpus(settings, smp)
    specs = [word.removeprefix("--disk=") for word in plan.machine if word.startswith("--disk=")]
    return [(spec, needs(spec, settings, smp)) for spec in specs or [DEFAULT_SPEC]]


def disks_with(plan, side):
    """What the disks were given for a side's sake, in words of a SPEC."""
    return [*dict.fromkeys(word for _, words in _disks(plan, side) for word in words)]


def side_options(plan, side):
    """Of a run, but for the job. UsageError: it cannot be what it is called."""
    ours = [] if side.is_linux() else plan.settings
    disks = [f"--disk={','.join([spec, *words])}" for spec, words in _disks(plan, side)]
    others = [word for word in plan.machine if not word.startswith("--disk=")]
    return parse_run([*others, *disks, *ours, *side.words])


def _options(plan, side, lines):
    options = side_options(plan, side)
    own_thread = side.placement == "split"
    options.disks = [
        disk if disk.iothread is not None or disk.backend == "vhost-user"
        else replace(disk, iothread=own_thread) for disk in options.disks]
    options.job_path, options.job_text = plan.path, text_of(lines) + b"\n"
    options.job_sources = [line.source for line in lines]
    return options


def _run_lines(plan, side, points, lines):
    """One guest that has to end well; its Outcome."""
    names = ", ".join(dict.fromkeys(point.name for point in points))
    outcome = run_well(_options(plan, side, lines), f"{side.key}, {names}")
    for why in filter(None, map(refusal, outcome.documents())):
        raise UsageError(f"{side.key}: {why}: it is not the side that was to be compared")
    return outcome


def run_parts(plan, side, parts):
    """[(document, logs)] of [(point, added lines)]: of ours each in a boot of its own, Linux takes
    one for all."""
    texts = [point.lines(added) for point, added in parts]
    points = [point for point, _ in parts]
    if not side.is_linux():
        outcomes = [_run_lines(plan, side, [point], lines) for point, lines in zip(points, texts)]
        return [(outcome.result, outcome.logs) for outcome in outcomes]
    outcome = _run_lines(plan, side, points, joined(texts))
    if len(outcome.documents()) != len(parts):
        raise GuestError(f"of {len(parts)} job files, Linux ran {len(outcome.documents())}")
    return [(outcome.result, outcome.logs), *outcome.more]


def joined(texts):
    """Lines of several job files as those of one text for Linux."""
    return [line for text in texts for line in [*added_lines("compare", NEXT_JOB), *text]][1:]


def _run(plan, side, points, added=()):
    """[(point, document, logs)]"""
    found = run_parts(plan, side, [(point, [*plan.added, *added]) for point in points])
    return [(point, *one) for point, one in zip(points, found)]


def turns(sides, number):
    """The order of round `number`, from 0."""
    first = number // 2 % len(sides)
    order = [*sides[first:], *sides[:first]]
    return order[::-1] if number % 2 else order


def tasks(plan, number):
    """[(side, points)] of round `number`, in order. Linux takes seconds to boot and counts by
    the job file: it runs all points in one boot, at the first of them."""
    found = []
    for point in plan.points[::-1] if number % 2 else plan.points:
        for side in turns(plan.sides, number):
            if not side.is_linux():
                found.append((side, [point]))
            elif point is plan.points[0]:
                found.append((side, plan.points))
    return found


def run_rounds(plan, progress):
    """({(side key, point name): figures of each round}, {same: timeline}, host)

    progress(what, side, points) is called before each guest.
    """
    timelines, rounds, host = {}, {}, {}
    for side, points in tasks(plan, 0) if plan.timeline else []:
        if not side.is_floor():  # it takes no time stamps
            progress("latencies over time", side, points)
            for point, _, logs in _run(plan, side, points, _LOG_LINES):
                timelines[side.key, point.name] = timeline(logs)
    for number in range(plan.rounds):
        for side, points in tasks(plan, number):
            progress(f"round {number + 1} of {plan.rounds}", side, points)
            for point, document, _ in _run(plan, side, points):
                found = _figures_or_kept(document, f"{side.key}, {point.name}", rounds)
                rounds.setdefault((side.key, point.name), []).append(found)
                host = document["ringbolt"]["host"]
    return rounds, timelines, host


def _figures_or_kept(document, name, rounds):
    try:
        return figures(document)
    except Exception as error:
        raise Unsummed(f"{name}: {error}", rounds) from error


def timeline(logs):
    """[(ms, mean ns)] from fio's log of completion latencies; of several jobs, the first's."""
    name = min((name for name in logs if "_clat." in name), default=None)
    rows = [line.split(b",") for line in logs.get(name, b"").splitlines()]
    return [(int(row[0]), int(row[1])) for row in rows]


def _directions(job):
    return [job[name] for name in _DIRECTIONS if job.get(name, {}).get("total_ios")]


def _busiest(job):
    """The direction with most I/Os."""
    return max(_directions(job), key=lambda direction: direction["total_ios"])


def _percentiles(job):
    """{percentile as typed: ns}; {} when none were kept."""
    busiest = _busiest(job)
    for kind in ("clat_ns", "lat_ns"):
        found = busiest.get(kind, {}).get("percentile")
        if found:
            return {f"{float(key):g}": value for key, value in found.items()}
    return {}


def _stages(document):
    """{stage: mean ns}, of the first job; fio's own two where there are no finer ones."""
    jobs = document["ringbolt"].get("jobs", [])
    if jobs and jobs[0].get("stages_ns"):
        return {name: float(stage["mean"]) for name, stage in jobs[0]["stages_ns"].items()}
    means = {kind: _mean(document["jobs"][0], kind) for kind in ("slat", "clat")}
    return {kind: mean for kind, mean in means.items() if mean}


def _mean(job, kind):
    """Of fio's slat, clat or lat; 0 where it was not measured."""
    return float(_busiest(job).get(f"{kind}_ns", {}).get("mean", 0))


def _depth(document):
    defaults = document.get("global options", {})
    return sum(int(job.get("job options", {}).get("iodepth", defaults.get("iodepth", 1)))
               for job in document["jobs"])


def figures(document):
    """What a comparison needs of a result. Of jobs that run at once: their IOPS together, the
    latencies of the slowest."""
    jobs = member(document, "jobs")
    if not all(_directions(job) for job in jobs):
        raise GuestError("the guest's result has a job without I/O")
    ios = sum(found["total_ios"] for job in jobs for found in _directions(job))
    found = {"iops": sum(float(one["iops"]) for job in jobs for one in _directions(job)),
             "ios": ios, "depth": _depth(document), "percentiles_ns": {},
             "lat_ns": max(_mean(job, "lat") for job in jobs) or None,
             "slat_ns": max(_mean(job, "slat") for job in jobs),
             "stages_ns": _stages(document), "idle_share": None,
             "doorbells_per_io": None, "interrupts_per_io": None,
             "software": software(document),
             "lost_share": lost_share(document), "granted": document["ringbolt"]["granted"],
             "warnings": document["ringbolt"].get("warnings", [])}
    for percentiles in map(_percentiles, jobs):
        for key, value in percentiles.items():
            found["percentiles_ns"][key] = max(value, found["percentiles_ns"].get(key, 0))
    counters = queue_counters(document)
    done = counters.get("completions") or ios
    for name in ("doorbells", "interrupts"):
        if name in counters:
            found[f"{name}_per_io"] = counters[name] / done
    if document["ringbolt"].get("cpus"):
        found["idle_share"] = float(idle_share(document))
    return found
