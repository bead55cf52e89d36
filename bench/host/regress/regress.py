# SPDX-License-Identifier: MIT
"""`ringbolt regress`: fails what makes I/O slower. `ringbolt baseline` renews what it holds by.

counted   instructions, doorbells and interrupts per I/O, against configs/baseline.json
timed     IOPS and latencies against the kernel of another commit, side by side

The commit is the one that last wrote the baseline: both parts look back equally far, and small
losses add up until they are seen. Where no commit is at hand (no repository, a clone without
its history), the timed part is left out with a word. A baseline that another compiler or QEMU
made says nothing here; that commit, built by this compiler, then stands in for it.

A device is gated the same way: one kernel on two builds of QEMU, or on two disks.
"""

import argparse
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Optional

from host.base import values
from host.base.errors import STATUS_JOB_ERROR, STATUS_OK, GuestError, UsageError
from host.compare.revision import build_revision, check_fresh, commit_of, last_change
from host.guest.arguments import Parser, expand, typed
from host.guest.disk import parse_disk
from host.guest.options import QEMU, build_directory, check_outputs
from host.guest.version import unsigned
from host.regress import stored
from host.regress.cases import COUNTED, TIMED, case_names, select
from host.regress.counted import BASELINE_BOOTS, count_all, expected_names, judge_counted
from host.regress.timed import ROUNDS, Side, judge_timed
from host.regress.verdict import CRASHED, SKIPPED, Verdict, console, failed, write_reports

_PARTS = ("counted", "timed")
_REPORTS = ("junit", "tap", "json")
_NOTES = """\
cases: {cases}

A device instead of a commit: --baseline-qemu OLD [--qemu NEW], or --baseline-disk SPEC --disk
SPEC (run --help); then both sides run this kernel. Disks are only timed: what is counted needs
one that answers late enough.

exit status: 0 nothing got worse; 1 something did; 2 bad usage or baseline file; 3 a guest
crashed, hung past its timeout or broke off.
"""


@dataclass
class Plan:
    """What is judged. `device`: the other side is this kernel on another device."""

    counted: tuple
    timed: tuple
    rounds: int
    now: Side
    before: Side
    device: bool
    ref: Optional[str]  # as typed
    reports: dict


def _parser():
    parser = Parser(prog="ringbolt regress", epilog=_NOTES.format(cases=", ".join(case_names())),
                    description="Fails when I/O got slower since the baseline.",
                    formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--baseline", metavar="REF",
                        help="a commit; default: the last that wrote configs/baseline.json")
    parser.add_argument("--only", choices=_PARTS, help="one of the two parts")
    parser.add_argument("--case", metavar="NAME", action="append", help="may be repeated")
    parser.add_argument("--rounds", metavar="N", type=typed(values.integer(8, 1000)),
                        default=ROUNDS, help=f"of the timed part; default {ROUNDS}")
    parser.add_argument("--qemu", metavar="FILE", default=QEMU, help="default: PATH's")
    parser.add_argument("--baseline-qemu", metavar="FILE", help="the other side's")
    parser.add_argument("--disk", metavar="SPEC", help="only read; default: backend=null")
    parser.add_argument("--baseline-disk", metavar="SPEC", help="the other side's")
    for kind in _REPORTS:
        parser.add_argument(f"--{kind}", metavar="FILE", help=f"the verdicts as {kind.upper()}")
    return parser


def _side(name, qemu, disk):
    return Side(name, (f"--qemu={qemu}", *([f"--disk={disk}"] if disk else [])))


def parse_regress(words):
    """A Plan, everything checked that can be before a guest is started."""
    parsed = _parser().parse_args(expand(words))
    device = bool(parsed.baseline_qemu or parsed.baseline_disk)
    if device and parsed.baseline:
        raise UsageError("--baseline: does not go with another device: both sides run this kernel")
    disks = [parse_disk(disk) for disk in (parsed.disk, parsed.baseline_disk) if disk]
    reports = {kind: getattr(parsed, kind) for kind in _REPORTS}
    check_outputs([(f"--{kind}", path) for kind, path in reports.items() if path],
                  [disk.path for disk in disks if disk.path])
    counted, timed = select(parsed.case)
    disk = parsed.disk or parsed.baseline_disk
    if disk and not parsed.disk:
        raise UsageError("--baseline-disk: needs --disk, this side's")
    if disk and parsed.only == "counted":
        raise UsageError("--only counted: does not go with --disk and --baseline-disk")
    counted = () if parsed.only == "timed" or disk else counted
    timed = () if parsed.only == "counted" else timed
    if not counted and not timed:
        raise UsageError(f"--case {', '.join(parsed.case)}: not a case of the part to be judged")
    check_fresh()
    return Plan(counted, timed, parsed.rounds,
                _side("now", parsed.qemu, parsed.disk),
                _side("before", parsed.baseline_qemu or parsed.qemu,
                      parsed.baseline_disk or parsed.disk), device, parsed.baseline, reports)


class _Progress:
    """What is being measured, on one line of a terminal."""

    def __call__(self, words):
        if sys.stderr.isatty():
            sys.stderr.write(f"\r\x1b[K{words}")
            sys.stderr.flush()

    def end(self):
        self("")


def _no_history(plan):
    """Why there is no commit to compare with, or None when there is one."""
    if plan.device or plan.ref or last_change(stored.PATH):
        return None
    return "no history of configs/baseline.json here: no commit to compare with"


def _before(plan):
    """The other side, built if it is a commit; its name."""
    if plan.device:
        return plan.before, " ".join(plan.before.words)
    try:
        commit, kernel = build_revision(plan.ref or last_change(stored.PATH))
    except UsageError as error:
        raise UsageError(f"--baseline {error}") from None
    return replace(plan.before, words=(*plan.before.words, f"--kernel={kernel}")), commit


def _is_this_kernel(plan, before):
    kernel = [word.partition("=")[2] for word in before.words if word.startswith("--kernel=")]
    ours = build_directory() / "kernel.elf"
    return not plan.device and unsigned(Path(kernel[0])) == unsigned(ours)


def _reference(plan, other, progress):
    """(figures to hold the counts against, what they are of); `other()`: _before()."""
    qemu = plan.now.words[0].partition("=")[2]
    if not plan.device and not plan.ref:
        figures, tools = stored.read_baseline(stored.PATH,
                                                        expected_names())
        here = stored.made_with(qemu)
        if tools == here:
            return figures, "configs/baseline.json"
        if _no_history(plan):
            raise UsageError(f"{stored.PATH}: made with {_tools(tools)}, here is "
                             f"{_tools(here)}: make baseline of a tree that is good")
    before, name = other()
    return count_all(plan.counted, before.words, lambda words: progress(f"before: {words}"),
                     BASELINE_BOOTS), name


def _tools(tools):
    return ", ".join(map(str, tools.values()))


class _Judgement:
    """The verdicts so far; what the reports are made of, also when a guest broke off."""

    def __init__(self, plan, progress):
        self._plan = plan
        self._progress = progress
        self._built = None
        self.verdicts = []
        self.seconds = {}
        self.about = {"baseline": {}}

    def _other(self):
        if self._built is None:
            self._progress("building the baseline")
            self._built = _before(self._plan)
        return self._built

    def _counted(self):
        plan = self._plan
        reference, name = _reference(plan, self._other, self._progress)
        self.about["baseline"]["counted"] = name
        return judge_counted(plan.counted, reference, plan.now.words, self._progress)

    def _timed(self):
        plan = self._plan
        missing = _no_history(plan)
        if missing:
            return [Verdict("timed", "all cases", "", SKIPPED, note=missing)]
        before, name = self._other()
        self.about["baseline"]["timed"] = name
        if _is_this_kernel(plan, before):
            return [Verdict("timed", "all cases", "", SKIPPED,
                            note=f"the kernel of {name[:12]} is this one, but for its name")]
        return judge_timed(plan.timed, [before, plan.now], plan.rounds, self._progress)

    def carry_out(self):
        for part, judge, cases in (("counted", self._counted, self._plan.counted),
                                   ("timed", self._timed, self._plan.timed)):
            if not cases:
                continue
            began = time.monotonic()
            try:
                self.verdicts += judge()
            except GuestError as error:
                self.verdicts.append(Verdict(part, "guest", "", CRASHED, note=str(error)))
                raise
            finally:
                self.seconds[part] = time.monotonic() - began

    def write_reports(self):
        write_reports(self.verdicts, self.seconds, self.about, self._plan.reports)


def regress(words):
    """Prints the verdicts, writes the reports. Returns the status."""
    plan = parse_regress(words)
    progress = _Progress()
    judgement = _Judgement(plan, progress)
    try:
        judgement.carry_out()
    except GuestError:
        judgement.write_reports()
        raise
    finally:
        progress.end()
    print(console(judgement.verdicts) + ", ".join(
        f"{part}: {seconds:.0f} s" for part, seconds in judgement.seconds.items()))
    judgement.write_reports()
    return STATUS_JOB_ERROR if failed(judgement.verdicts) else STATUS_OK


def baseline(words):
    """Counts everything and writes configs/baseline.json.

    What did not move keeps its line, so that the diff shows what did; and so that losses too
    small to see add up against the old figure.
    """
    parser = Parser(prog="ringbolt baseline", description="Counts everything anew and writes "
                    "configs/baseline.json, which regress holds counts against.")
    _, rest = parser.parse_known_args(expand(words))
    if rest:
        raise UsageError(f"baseline {rest[0]}: baseline takes no arguments")
    check_fresh()
    progress = _Progress()
    try:
        figures = count_all(COUNTED, (), progress, BASELINE_BOOTS)
    finally:
        progress.end()
    tools = stored.made_with()
    kept = stored.write_baseline(stored.PATH, figures, tools)
    print(f"written to {stored.PATH}: {len(figures) - kept} of {len(figures)} figures "
          "changed")
    return STATUS_OK
