# SPDX-License-Identifier: MIT
"""Counts against a baseline: what fails, what passes, and what is counted twice."""

import pytest

from host.base.errors import UsageError
from host.compare.insns import DOORBELLS, INTERRUPTS, TOTAL, Case
from host.regress import counted
from host.regress.cases import COUNTED, TIMED, case_names, select
from host.regress.verdict import FASTER, PASS, SLOWER

LONE, DEEP = Case("lone"), Case("deep", 128, 32)

# case, figure, before, now, state
JUDGED = [
    (LONE, TOTAL, 1000.0, 1009.9, PASS),
    (LONE, TOTAL, 1000.0, 1010.1, SLOWER),
    (LONE, TOTAL, 1000.0, 990.1, PASS),
    (LONE, TOTAL, 1000.0, 989.9, FASTER),
    (LONE, TOTAL, 0.0, 0.1, SLOWER),
    (LONE, "signal_to_delivery", 19.0, 20.0, SLOWER),
    (LONE, DOORBELLS, 0.0312, 0.0334, PASS),
    (LONE, DOORBELLS, 0.0312, 0.0345, SLOWER),
    (LONE, INTERRUPTS, 1.0, 1.013, SLOWER),
    (DEEP, DOORBELLS, 0.008, 0.017, PASS),
    (DEEP, DOORBELLS, 0.008, 0.019, SLOWER),
    (DEEP, TOTAL, 200.0, 203.0, SLOWER),
]


@pytest.mark.parametrize("case, figure, before, now, state", JUDGED)
def test_a_figure_fails_when_it_grew_beyond_the_tolerance(case, figure, before, now, state):
    assert counted.state_of(case, figure, before, now) == state


def judge(monkeypatch, runs, reference):
    """The states of a case whose boots count `runs`, one after the other; boots made."""
    left = list(runs)
    monkeypatch.setattr(counted, "count", lambda case, words: left.pop(0))
    verdicts = counted.judge_counted([(LONE, list(reference))],
                                     {f"lone: {name}": value for name, value in reference.items()},
                                     (), lambda words: None)
    return {verdict.figure: verdict.state for verdict in verdicts}, len(runs) - len(left)


REFERENCE = {"x": 100.0, "y": 10.0}


@pytest.mark.parametrize("runs, states, boots", [
    ([{"x": 100.0, "y": 10.0}] * 2, {"x": PASS, "y": PASS}, 1),
    ([{"x": 130.0, "y": 10.0}] * 2, {"x": SLOWER, "y": PASS}, 2),
    ([{"x": 130.0, "y": 10.0}, {"x": 100.0, "y": 20.0}], {"x": PASS, "y": PASS}, 2),
    ([{"x": 50.0, "y": 10.0}] * 2, {"x": FASTER, "y": PASS}, 2),
    ([{"x": 50.0, "y": 10.0}, {"x": 100.0, "y": 10.0}], {"x": PASS, "y": PASS}, 2)])
def test_only_what_moved_twice_counts(monkeypatch, runs, states, boots):
    assert judge(monkeypatch, runs, REFERENCE) == (states, boots)


# Total and a stage of it, from 100 and 20; their states
MOVED = [(95.0, 25.0, FASTER, FASTER), (100.0, 25.0, PASS, SLOWER), (101.5, 25.0, SLOWER, SLOWER),
         (95.0, 20.0, FASTER, PASS)]


@pytest.mark.parametrize("total, stage, whole, part", MOVED)
def test_a_stage_may_grow_only_where_the_whole_shrank(monkeypatch, total, stage, whole, part):
    run = {TOTAL: total, "signal_to_delivery": stage}
    states, _ = judge(monkeypatch, [run, run], {TOTAL: 100.0, "signal_to_delivery": 20.0})
    assert states == {TOTAL: whole, "signal_to_delivery": part}


def test_a_baseline_is_the_median_of_its_boots(monkeypatch):
    runs = iter([{"x": 1.0}, {"x": 900.0}, {"x": 2.0}])
    monkeypatch.setattr(counted, "count", lambda case, words: next(runs))
    assert counted.count_all([(LONE, ["x"])], (), lambda words: None, 3) == {"lone: x": 2.0}


def test_every_mode_ring_and_direction_is_counted():
    cases = [case for case, _ in COUNTED]
    assert {word for case in cases for word in case.sets} >= {
        f"completion={mode}" for mode in ("irq", "poll", "adaptive")}
    assert {case.disk for case in cases} >= {"", ",packed=on", ",packed=on,indirect=off"}
    assert {case.rw for case in cases} == {"randread", "randwrite"}
    assert {(case.depth, case.batch) for case in cases} == {(1, 1), (32, 32), (128, 32)}
    assert len({case.name for case in cases}) == len(cases)


def test_cases_can_be_picked_by_name():
    assert select(None) == (COUNTED, TIMED)
    picked, timed = select(["irq qd1", "poll qd128"])
    assert [case.name for case, _ in picked] == ["irq qd1"]
    assert [(boot.mode, boot.depths) for boot in timed] == [("irq", ((1, 1),)),
                                                           ("poll", ((128, 32),))]
    assert select(["irq qd1 packed"])[1] == ()
    assert set(case_names()) >= {"irq qd1", "poll qd128", "irq qd1 packed"}
    with pytest.raises(UsageError, match=r'--case irq qd7: no such case \(did you mean "irq qd'):
        select(["irq qd7"])
