# SPDX-License-Identifier: MIT
"""`ringbolt compare` and `ringbolt bench`: sides taking turns, and what can be said of them.

    words -> sides (sides.py) x points of the job file (points.py) -> rounds (measure.py)
          -> document (summary.py) -> table, Markdown, JSON (present.py), report.html (report.py)

`bench` is a comparison that needs nothing but our own kernel, after one boot by UEFI that shows
the product as a user meets it. Nothing is written before everything was measured.
"""

import argparse
import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from host.base import values
from host.base.errors import GuestError, RingboltError, UsageError
from host.compare import present, report
from host.compare.icount import count_instructions, pair
from host.compare.measure import Plan, Unsummed, run_rounds, side_options, tasks
from host.compare.points import added_lines, read_points
from host.compare.revision import build_revision, check_fresh
from host.compare.sides import PLACEMENTS, ab_sides, baseline_sides, mode_sides, parse_placements
from host.compare.summary import summarize, unsummed
from host.guest.arguments import Parser, expand, parse_run, typed
from host.guest.guest import run_well
from host.guest.images import check_images
from host.guest.jobfile import text_of
from host.guest.options import ROOT, build_directory, check_outputs
from host.guest.peer import fio_release
from host.guest.result import write_result

JOB = ROOT / "configs" / "jobs" / "compare.fio"
MACHINE = ROOT / "configs" / "machines" / "everyday.conf"
_OURS = "poll@split,floor-poll@split,adaptive@split,floor-adaptive@split,irq@one,floor-irq@one"
MODES = f"{_OURS},linux-poll@split,linux-irq@one"
BENCH_MODES = f"{_OURS},irq@split,floor-irq@split"
BASELINE_MODES = "poll,irq,adaptive"
ROUNDS = 6  # the fewest whose interval reaches 95 %
BENCH_ROUNDS = 3
BENCH_RUNTIME = "400ms"
SHOW_RUNTIME = "1"
GUEST_TIMEOUT_S = 60

_NOTES = """\
A mode is poll, irq, adaptive, floor-poll, floor-irq, floor-adaptive (a bare loop over the ring),
linux-irq or linux-poll (make peer). MODE@one and MODE@split say where it runs; a mode without
runs under each --placement. Only sides of the same placement are compared with each other.
Machine and disks are equal for all: --machine, --smp, --memory, --disk, --accel, --timeout,
--qemu-arg and @FILE as in ringbolt run; --set for our kernel in all of its modes.
"""


@dataclass
class Outputs:
    json: Path
    markdown: Path
    html: Path = None


def _rounds_and_runtime(parser, rounds, runtime):
    parser.add_argument("--rounds", metavar="N", type=typed(values.integer(1, 1000)),
                        default=rounds, help=f"default {rounds}")
    parser.add_argument("--runtime", metavar="TIME", type=typed(values.duration),
                        default=runtime, help="of each job, such as 400ms; default: "
                        + (runtime or "as the job file says"))


def _compare_parser():
    parser = Parser(prog="ringbolt compare", epilog=_NOTES,
                    description="Runs a job file on several sides in turns and compares them.",
                    formatter_class=argparse.RawDescriptionHelpFormatter)
    _rounds_and_runtime(parser, ROUNDS, None)
    parser.add_argument("--modes", metavar="MODE[@PLACEMENT],...",
                        help="default: everything, each where it does best")
    parser.add_argument("--placement", metavar="one|split|one,split",
                        default=",".join(PLACEMENTS))
    parser.add_argument("--baseline", metavar="REF",
                        help="this tree's kernel against that commit's, which is built first")
    parser.add_argument("--a", metavar="key=value", action="append",
                        help="a setting of one side, or kernel=FILE; may be repeated")
    parser.add_argument("--b", metavar="key=value", action="append", help="the other side's")
    parser.add_argument("--json", metavar="FILE", help="default build/compare.json")
    parser.add_argument("--report", metavar="FILE", help="default build/report.html")
    parser.add_argument("job", metavar="JOBFILE", nargs="?", default=str(JOB))
    return parser


def _sides(parsed):
    placements = parse_placements(parsed.placement)
    if parsed.a or parsed.b:
        for option in ("modes", "baseline"):
            if getattr(parsed, option):
                raise UsageError(f"--{option}: does not go with --a and --b")
        if not (parsed.a and parsed.b):
            raise UsageError("--a and --b: both are needed")
        return ab_sides(parsed.a, parsed.b, placements)
    if not parsed.baseline:
        return mode_sides(parsed.modes or MODES, placements)
    sides = mode_sides(parsed.modes or BASELINE_MODES, placements)
    baseline_sides(sides, parsed.baseline, "")  # what is wrong with them, before a build
    try:
        return baseline_sides(sides, parsed.baseline, build_revision(parsed.baseline)[1])
    except UsageError as error:
        raise UsageError(f"--baseline {error}") from None


def _machine_words(rest):
    """(for every side, for our kernel alone) of what `run` shall get."""
    for word in rest:
        if not word.startswith("--"):
            raise UsageError(f"unrecognized arguments: {word}")
        option = word.partition("=")[0]
        if option in ("--boot", "--guest", "--kernel"):
            raise UsageError(f"{word}: not for a comparison (compare --help)")
    ours = [word for word in rest if word.startswith("--set=")]
    return [word for word in rest if word not in ours], ours


def _added_lines(runtime):
    if not runtime:
        return []
    return added_lines(f"--runtime {runtime}", "time_based", f"runtime={runtime}")


def _of_peer(sides):
    """Settings of ours beside Linux: releases of fio differ in what they make of a job."""
    release = fio_release() if any(side.is_linux() for side in sides) else None
    return [f"--set=fio_version={release}"] if release else []


def parse_compare(words):
    """(Plan, Outputs), everything checked that can be before a guest is started."""
    parsed, rest = _compare_parser().parse_known_args(expand(words))
    build = build_directory()
    outputs = Outputs(Path(parsed.json or build / "compare.json"), build / "compare.md",
                      Path(parsed.report or build / "report.html"))
    machine, settings = _machine_words(rest)
    options = parse_run([*machine, *settings])
    points = read_points(parsed.job)
    check_outputs([("--json", parsed.json or str(outputs.json)),
                   ("--report", parsed.report or str(outputs.html))],
                  [*options.inputs(), parsed.job])
    check_fresh()
    sides = _sides(parsed)
    plan = Plan(parsed.job, sides, points, parsed.rounds, machine, _of_peer(sides) + settings,
                _added_lines(parsed.runtime), timeline=True)
    for side in plan.sides:
        check_images(side_options(plan, side).disks)
    return plan, outputs


def parse_bench(words):
    parser = Parser(prog="ringbolt bench", description="Compares the modes with each other and "
                    "with the floor of each; about a minute.")
    _rounds_and_runtime(parser, BENCH_ROUNDS, BENCH_RUNTIME)
    parsed = parser.parse_args(expand(words))
    check_fresh()
    build = build_directory()
    plan = Plan(str(JOB), mode_sides(BENCH_MODES, PLACEMENTS), read_points(JOB), parsed.rounds,
                expand([f"@{MACHINE}", f"--timeout={GUEST_TIMEOUT_S}"]),
                added=_added_lines(parsed.runtime))
    return plan, Outputs(build / "bench.json", build / "bench.md")


class _Progress:
    """One line that is overwritten, on a terminal; else a line per round."""

    def __init__(self, plan, stream):
        self._stream = stream
        self._done = 0
        self._last = None
        whole = tasks(plan, 0)
        timed = [side for side, _ in whole if not side.is_floor()] if plan.timeline else []
        self._total = (len(whole) * plan.rounds + len(timed)
                       + (2 if pair(plan.sides) else 0))

    def __call__(self, name, side, points):
        self._done += 1
        names = ", ".join(point.name for point in points)
        if self._stream.isatty():
            self._stream.write(f"\r\x1b[K[{self._done}/{self._total}] {name}: "
                               f"{side.key}, {names}")
        elif name != self._last:
            self._stream.write(f"{name}\n")
        self._last = name
        self._stream.flush()

    def end(self):
        if self._stream.isatty():
            self._stream.write("\r\x1b[K")
            self._stream.flush()


def _count(plan, progress):
    """As count_instructions(), and what went wrong, which is no reason to lose what was timed."""
    try:
        return *count_instructions(plan, progress), None
    except GuestError as error:
        return [], ["guest instructions: not counted, a guest failed"], error


def _texts(document, outputs, name):
    """[(path, text)] of all that is written."""
    texts = [(outputs.json, json.dumps(document, indent=1) + "\n"),
             (outputs.markdown, present.markdown(document))]
    if outputs.html:
        texts.append((outputs.html, report.html(document, name)))
        texts += [(outputs.html.with_name(f"{outputs.html.stem}-{figure}.svg"), picture)
                  for figure, picture in report.pictures(document).items()]
    return texts


def _sum_up(plan, outputs, name, measured, counted):
    """(for the console, [(path, text)])"""
    try:
        document = summarize(plan, *measured, *counted)
        return present.console(document), _texts(document, outputs, name)
    except Exception as error:
        raise Unsummed(f"{type(error).__name__}: {error}", measured[0]) from error


def _measure(plan, outputs, name):
    """As _sum_up(), and what failed that is no reason to lose it."""
    progress = _Progress(plan, sys.stderr)
    try:
        measured = run_rounds(plan, progress)
        *counted, failure = _count(plan, progress)
    finally:
        progress.end()
    return *_sum_up(plan, outputs, name, measured, counted), failure


def _keep(error, path):
    """What was measured, whatever we fail to make of it."""
    if error.rounds:
        write_result(str(path), json.dumps(unsummed(error.rounds, str(error)), indent=1) + "\n")
        raise RingboltError(f"the figures cannot be summed up ({error}); all that was measured is "
                            f"in {path}") from error
    raise error


def _carry_out(plan, outputs, name):
    """Measures, prints, writes. Returns the status."""
    began = time.monotonic()
    try:
        said, texts, failure = _measure(plan, outputs, name)
    except Unsummed as error:
        _keep(error, outputs.json)
    print("\n" + said)
    for path, text in texts:
        write_result(str(path), text)
    written = ", ".join(str(path) for path, _ in texts)
    print(f"written: {written}; {time.monotonic() - began:.0f} s")
    if failure:
        raise failure
    return 0


def compare(words):
    plan, outputs = parse_compare(words)
    return _carry_out(plan, outputs, plan.path)


def _show_boot(plan, show, is_terminal):
    """The whole way of the product: firmware, loader, disks found, a short run."""
    options = parse_run([*plan.machine, "--boot=uefi", "--smp=2"])
    point = plan.points[min(1, len(plan.points) - 1)]
    options.job_path = plan.path
    options.job_text = text_of(point.lines(_added_lines(SHOW_RUNTIME)))
    run_well(options, "boot by UEFI", show, is_terminal)


def bench(words, show, is_terminal):
    plan, outputs = parse_bench(words)
    _show_boot(plan, show, is_terminal)
    return _carry_out(plan, outputs, "bench")
