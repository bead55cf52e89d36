# SPDX-License-Identifier: MIT
"""Rounds -> cells, ratios, goals, tables."""

import re

import pytest
from canned import HOST, document

from host.base import table
from host.compare import goals, present
from host.compare.measure import Plan, figures
from host.compare.points import Point
from host.compare.sides import ab_sides, mode_sides
from host.compare.summary import cell_of, ratio_of, spread, summarize
from host.guest.facts import software

POINTS = [Point("QD1", ()), Point("QD32", ())]
DEPTHS = {"QD1": 1, "QD32": 32}

# mode -> (IOPS of each round, factor of its latencies, what its guest leaves out)
ROUNDS = {
    "irq": ([900.0, 1000.0, 500.0, 1000.0, 1000.0, 1100.0], 1, {}),
    "floor-irq": ([1000.0, 1000.0, 500.0, 1000.0, 1100.0, 1000.0], 1, {}),
    "linux-irq": ([100.0, 100.0, 50.0, 100.0, 100.0, 100.0], 5, {"devices": [], "jobs": []}),
}


def rounds_of(modes):
    rounds = {}
    for side in modes:
        iops, slower, members = ROUNDS[side.mode]
        for point in POINTS:
            rounds[side.key, point.name] = [
                figures(document(iops=value, depth=DEPTHS[point.name], slower=slower, **members))
                for value in iops]
    return rounds


@pytest.fixture(scope="module")
def found():
    plan = Plan("a.fio", mode_sides(",".join(ROUNDS), ["one"]), POINTS, 6)
    return summarize(plan, rounds_of(plan.sides), {("irq@one", "QD1"): [(10, 5)]}, HOST)


def test_a_cell_is_the_median_round_with_its_range(found):
    cell = cell_of(found, "irq@one", "QD32")
    assert cell["iops"] == {"median": 1000.0, "low": 500.0, "high": 1100.0,
                            "rounds": ROUNDS["irq"][0]}
    assert cell["percentiles_ns"]["99"]["median"] == 2500
    assert set(cell["percentiles_ns"]) == {"50", "90", "99", "99.9"}
    assert cell["stages_ns"]["doorbell_to_signal"] == 1000.0
    assert cell_of(found, "irq@one", "QD1")["timeline"] == [(10, 5)]
    assert found["points"] == [{"name": "QD1", "depth": 1}, {"name": "QD32", "depth": 32}]


def test_a_figure_that_a_round_lacks_is_none():
    assert spread([1, None, 2]) is spread([]) is None


def test_what_linux_does_not_count_stays_empty(found):
    cell = cell_of(found, "linux-irq@one", "QD1")
    assert cell["doorbells_per_io"] is None and cell["stages_ns"] == {"slat": 100.0,
                                                                      "clat": 1600.0}


def test_ratios_are_of_paired_rounds(found):
    ratio = ratio_of(found, "irq@one", "QD1", "linux")
    assert ratio["against"] == "linux-irq@one"
    assert ratio["estimate"] == pytest.approx(10.0) and ratio["confidence"] == 1 - 2 / 64
    assert (ratio["low"], ratio["high"]) == pytest.approx((9.0, 11.0))
    assert ratio_of(found, "irq@one", "QD1", "linux", "p99_ns")["estimate"] == pytest.approx(0.2)
    assert ratio_of(found, "irq@one", "QD1", "floor")["estimate"] == pytest.approx(1.0)
    assert ratio_of(found, "irq@one", "QD1", "base") is None
    assert ratio_of(found, "linux-irq@one", "QD1", "floor") is None


def test_goals_are_judged_where_they_apply(found):
    verdicts = {(goal["goal"], goal["point"]): goal["verdict"] for goal in found["goals"]}
    assert verdicts == {
        ("at least 85 % of the floor", "QD1"): "met",
        ("at least 85 % of the floor", "QD32"): "met",
        ("interrupt: 8 x Linux at depth 1", "QD1"): "met",
        ("interrupt: 15 x Linux at depth", "QD32"): "missed",
        ("mean latency no worse than Linux", "QD1"): "met",
        ("mean latency no worse than Linux", "QD32"): "met",
        ("p99 no worse than Linux", "QD1"): "met",
        ("p99 no worse than Linux", "QD32"): "met"}


LIMIT_INSIDE = "the limit is inside the interval"


@pytest.mark.parametrize("estimate, low, high, at_least, expected, why", [
    (9, 8.5, 10, True, "met", ""), (9, 7, 10, True, "not decided", LIMIT_INSIDE),
    (7, 6, 7.5, True, "missed", ""), (7, 6, 9, True, "not decided", LIMIT_INSIDE),
    (8, 8, 8, True, "met", ""), (9, 8.5, 10, False, "missed", ""), (7, 6, 7.5, False, "met", ""),
    (7, 6, 9, False, "not decided", LIMIT_INSIDE),
    (252, 22.6, 3760, True, "not decided", "the interval spans a factor of 166"),
    (20, 9, 36, True, "met", ""), (20, 9, 36.1, True, "not decided",
                                   "the interval spans a factor of 4.01")])
def test_a_verdict_is_given_where_the_interval_allows_one(estimate, low, high, at_least, expected,
                                                          why):
    goal = goals.Goal("x", "linux", "iops", 8, at_least=at_least)
    ratio = {"estimate": estimate, "low": low, "high": high, "confidence": 0.96}
    assert goals.verdict(goal, ratio) == {"verdict": expected, "why": why}


@pytest.mark.parametrize("confidence, busy, why", [
    (0.75, 0, ""), (0.5, 0, "too few rounds, the interval has 50 % confidence"),
    (0.96, 0.25, ""), (0.96, 0.5, "the host was busy in 50 % of the rounds")])
def test_few_rounds_and_a_busy_host_allow_no_verdict(confidence, busy, why):
    ratio = {"estimate": 9, "low": 8.5, "high": 10, "confidence": confidence}
    assert goals.verdict(goals.Goal("x", "linux", "iops", 8), ratio, busy) == {
        "verdict": "not decided" if why else "met", "why": why}


@pytest.mark.parametrize("busy_side", ["irq", "linux-irq"])
def test_a_host_that_was_busy_with_either_side_decides_nothing(busy_side):
    plan = Plan("a.fio", mode_sides("irq,linux-irq", ["one"]), POINTS, 6)
    rounds = rounds_of(plan.sides)
    for number, figure in enumerate(rounds[f"{busy_side}@one", "QD1"]):
        figure["lost_share"] = 0.3 if number % 2 else None
    document = summarize(plan, rounds, {}, HOST)
    assert {goal["verdict"] for goal in document["goals"] if goal["point"] == "QD1"} == {
        "not decided"}
    assert {goal["why"] for goal in document["goals"] if goal["point"] == "QD32"} == {""}
    text = present.console(document)
    assert "the host was busy in 3 of 24 measurements: others took 30 % of a guest's time" in text
    assert "3 of 6 goals" not in text and "3 not decided" in text


def test_the_console_has_a_table_per_placement_and_the_goals(found):
    text = present.console(found)
    assert text.startswith("TCG, QEMU emulator version 7.2, 2 host cores; 6 rounds in turns")
    assert "placement one: all of QEMU on one core\nmode " in text
    row = next(line for line in text.splitlines() if line.startswith("interrupt "))
    assert row.split() == [
        "interrupt", "QD1", "1,000", "500-1,100", "1.5", "2.5", "123.5", "0.250", "0.100",
        "25.0", "%", "0.4", "%", "100.0", "%", "[90.0,", "110.0]", "10.0", "[9.00,", "11.0]"]
    assert "in brackets: 96.9 % confidence intervals" in text
    assert "7 of 8 goals met, 1 missed, 0 not decided" in text


def test_what_percentiles_leave_out_is_said_of_both_sides(found):
    assert present.notes(found)[-3:] == [
        "percentiles are of fio's clat, which begins when submitting (slat) is over: that favours "
        "Linux; mean latency is whole",
        "mean latency, of which submitting: interrupt: QD1 1.7 us, of which 0.1; "
        "QD32 1.7 us, of which 0.1",
        "mean latency, of which submitting: Linux, interrupt: QD1 8.5 us, of which 0.1; "
        "QD32 8.5 us, of which 0.1"]
    assert ratio_of(found, "irq@one", "QD1", "linux", "lat_ns")["estimate"] == pytest.approx(0.2)


def test_markdown_has_the_headline_first(found):
    lines = present.markdown(found).splitlines()
    head = next(index for index, line in enumerate(lines) if line.startswith("| IOPS"))
    cells = [[word.strip() for word in line.strip("|").split("|")] for line in lines[head:head + 7]]
    assert cells[0] == ["IOPS", "placement", "QD1", "QD32"]
    assert cells[2] == ["interrupt", "one", "1,000", "1,000"]
    assert cells[3][0] == "- of floor" and cells[3][2].startswith("100.0 % [")
    assert cells[4][0] == "- x Linux" and cells[4][2].startswith("10.0 [")
    for row, name in ((5, "- mean latency / Linux's"), (6, "- p99 / Linux's")):
        assert cells[row][0] == name and cells[row][2].startswith("0.200 [")


def test_a_single_side_is_a_table_without_ratios():
    plan = Plan("a.fio", mode_sides("linux-irq", ["one"]), POINTS, 6)
    text = present.console(summarize(plan, rounds_of(plan.sides), {}, HOST))
    assert "confidence" not in text and "goal" not in text and "x Linux" not in text


@pytest.mark.parametrize("value, word", [
    (0.000423, "0.0004"), (0.12345, "0.123"), (1.234, "1.23"), (12.34, "12.3"), (123.4, "123")])
def test_factors_have_three_digits(value, word):
    assert present.factor(value) == word


def test_what_a_side_was_given_and_warned_of_is_told():
    plan = Plan("a.fio", ab_sides(["ring=packed"], ["ring=split"], ["one"]), POINTS[:1], 2)
    warned = [f"vda: warning: {text}" for text in ("one", "two", "three", "four", "five")]
    rounds = {("a@one", "QD1"): [figures(document(warnings=warned[:4])),
                                 figures(document(warnings=warned))],
              ("b@one", "QD1"): [figures(document()), figures(document())]}
    notes = present.notes(summarize(plan, rounds, {}, HOST))
    assert notes[1:6] == [
        "ring=packed: every disk with packed=on", "ring=packed: vda: warning: one",
        "ring=packed: vda: warning: two", "ring=packed: vda: warning: three",
        "ring=packed: and 2 warnings more"]


def test_instructions_are_a_goal_of_their_own():
    plan = Plan("a.fio", mode_sides(",".join(ROUNDS), ["one"]), POINTS, 6)
    counted = [{"side": side, "point": point, "per_io": per_io} for point, side, per_io in (
        ("QD1", "irq@one", 500.0), ("QD1", "linux-irq@one", 19_000.0),
        ("QD32", "irq@one", 200.0), ("QD32", "linux-irq@one", 9_000.0))]
    document = summarize(plan, rounds_of(plan.sides), {}, HOST, counted)
    judged = [(goal["point"], goal["estimate"], goal["verdict"]) for goal in document["goals"]
              if goal["kind"] == "instructions"]
    assert judged == [("QD1", 38, "missed"), ("QD32", 45, "met")]
    lines = present.markdown(document).splitlines()
    row = next(line for line in lines if line.startswith("| - guest instructions/IO"))
    assert [word.strip() for word in row.split("|")[2:5]] == ["", "500", "200"]
    assert "x fewer guest instructions/IO than Linux" in present.console(document)


NAMES = ["<b>&|\\x", "*a* _b_ `c` [d](e) ~~f~~", "random_read", "x\x1b[2Jy"]


def test_names_stay_names_in_markdown_and_move_no_cursor():
    head, rows = ["point", "IOPS"], [[name, "1 [2, 3]"] for name in NAMES]
    lines = table.markdown(head, rows).splitlines()
    cells = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]
    assert {len(row) for row in cells} == {2}
    assert [row[0] for row in cells[2:]] == [
        r"\<b\>\&\|\\x", r"\*a\* \_b\_ \`c\` [d\](e) \~\~f\~\~", "random_read", "x?[2Jy"]
    assert {row[1] for row in cells[2:]} == {"1 [2, 3]"}
    assert "\x1b" not in table.plain(head, rows)


def test_what_a_comparison_says_of_its_host_is_in_its_markdown(found):
    lines = present.markdown(found).splitlines()
    for key in ("date", "cpu", "kernel", "qemu", "firmware"):
        assert any(table.marked(HOST[key]) in line for line in lines)


SAME = ["Ringbolt 0.9.0 (0123456789ab)"]


@pytest.mark.parametrize("rounds, lost, words", [
    ((1000.0,) * 6, 0.0, "no difference shown"),
    ((1200.0, 1300.0, 1250.0, 1200.0, 1300.0, 1250.0), 0.0, "faster"),
    ((800.0, 810.0, 790.0, 800.0, 780.0, 800.0), 0.0, "slower"),
    ((1200.0,), 0.0, "not decided: too few rounds, the interval has 0 % confidence"),
    ((800.0,) * 6, 0.2, "not decided: the host was busy in 100 % of the rounds")])
def test_a_comparison_of_ours_says_what_it_comes_to(rounds, lost, words):
    plan = Plan("a.fio", ab_sides(["x=1"], ["x=2"], ["one"]), POINTS[:1], len(rounds))
    host = {**HOST, "load": {**HOST["load"], "lost_share": lost}}
    found = {("a@one", "QD1"): [figures(document(iops=value, host=host)) for value in rounds],
             ("b@one", "QD1"): [figures(document(host=host)) for _ in rounds]}
    summed = summarize(plan, found, {}, HOST)
    line = f"x=1 against x=2, QD1, placement one: {words}"
    assert present.verdicts(summed) == [line]
    assert line in present.console(summed).splitlines()
    assert f"- {line}" in present.markdown(summed).splitlines()
    assert [side["software"] for side in summed["sides"]] == SAME * 2


def test_what_ran_is_told_of_every_kind_of_guest():
    linux = document(peer={"kernel": "6.1.0-1 #1 SMP"})
    linux["fio version"] = "fio-3.33"
    assert software(linux) == "Linux 6.1.0-1 #1 SMP, fio-3.33"
    assert software(document()) == SAME[0]
