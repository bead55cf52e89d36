# SPDX-License-Identifier: MIT
"""The counted part of the gate: instructions, doorbells and interrupts per I/O.

A figure that grew by more than the tolerance fails; one that shrank makes the baseline stale.
Both are believed only of a second boot, too: what is left to chance (insns.py) shows on a host
that stalls. A stage may grow
where the whole shrank: then work has moved, and a new baseline says where to.
"""

from statistics import median

from host.compare.insns import BUSY, DOORBELLS, INTERRUPTS, TOTAL, count
from host.regress.cases import COUNTED, STAGES
from host.regress.verdict import FASTER, PASS, SLOWER, Verdict

TOLERANCE = 0.01
# Added to it, per I/O: when a device is done with a batch is a race that it may run again.
SLACK_AWAITED, SLACK_FREE = 0.002, 0.01
BASELINE_BOOTS = 3


def figure_name(case, figure):
    return f"{case.name}: {figure}"


def expected_names(cases=COUNTED):
    return [figure_name(case, figure) for case, figures in cases for figure in figures]


def tolerance(case, figure, before):
    """How far apart two counts of one kernel may lie."""
    slack = 0
    if figure in (DOORBELLS, INTERRUPTS):
        slack = SLACK_AWAITED if case.awaits() else SLACK_FREE
    return TOLERANCE * before + slack


def state_of(case, figure, before, now):
    allowed = tolerance(case, figure, before)
    if now > before + allowed:
        return SLOWER
    return FASTER if now < before - allowed else PASS


def count_all(cases, words, progress, boots=1):
    """{name: figure} of all cases, each the median of its boots."""
    found = {}
    for case, figures in cases:
        runs = []
        for _ in range(boots):
            progress(case.name)
            runs.append(count(case, words))
        found.update({figure_name(case, figure): median(run[figure] for run in runs)
                      for figure in figures})
    return found


def _states(case, before, now):
    states = {figure: state_of(case, figure, value, now[figure])
              for figure, value in before.items()}
    if FASTER in (states.get(TOTAL), states.get(BUSY)):
        states.update({stage: FASTER for stage in STAGES if states.get(stage) == SLOWER})
    return states


def _judge_case(case, figures, reference, words):
    now = count(case, words)
    before = {figure: reference[figure_name(case, figure)] for figure in figures}
    if {SLOWER, FASTER} & set(_states(case, before, now).values()):
        again = count(case, words)
        now = {figure: min(now[figure], again[figure], key=lambda value, was=before[figure]:
                           abs(value - was)) for figure in figures}
    states = _states(case, before, now)
    return [Verdict("counted", case.name, figure, states[figure], before[figure], now[figure],
                    "moved here from elsewhere" if states[figure] == FASTER
                    and now[figure] > before[figure] else "") for figure in figures]


def judge_counted(cases, reference, words, progress):
    """Verdicts on all figures; `reference`: {name: figure} of what it is held against."""
    verdicts = []
    for case, figures in cases:
        progress(case.name)
        verdicts += _judge_case(case, figures, reference, words)
    return verdicts
