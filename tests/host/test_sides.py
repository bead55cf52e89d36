# SPDX-License-Identifier: MIT
"""Who is compared with whom, and who never is."""

import pytest

from host.base.errors import UsageError
from host.compare.sides import ab_sides, baseline_sides, mode_sides, parse_placements, references

BOTH = ["split", "one"]


def keys(sides):
    return [side.key for side in sides]


def pairs(sides):
    return {side.key: [(kind, other.key) for kind, other in references(side, sides)]
            for side in sides}


def test_a_mode_runs_under_every_placement_unless_it_names_one():
    sides = mode_sides("poll,irq@one", BOTH)
    assert keys(sides) == ["poll@split", "poll@one", "irq@one"]
    assert keys(mode_sides("poll,irq", ["one"])) == ["poll@one", "irq@one"]
    for side in sides:
        assert f"--placement={side.placement}" in side.words


def test_modes_differ_in_words_alone():
    ours, floor, linux = mode_sides("irq,floor-irq,linux-irq", ["one"])
    assert "--set=completion=irq" in ours.words and "--set=engine=blk" in ours.words
    assert "--set=completion=irq" in floor.words and "--set=engine=floor" in floor.words
    assert linux.words == ("--guest=linux", "--placement=one")


def test_a_mode_is_held_against_its_floor_and_the_linux_like_it():
    found = pairs(mode_sides("poll,adaptive,irq,floor-poll,floor-irq,linux-irq,linux-poll",
                             ["split"]))
    assert found["poll@split"] == [("floor", "floor-poll@split"), ("linux", "linux-poll@split")]
    assert found["adaptive@split"] == [("linux", "linux-poll@split")]
    assert found["irq@split"] == [("floor", "floor-irq@split"), ("linux", "linux-irq@split")]
    assert found["floor-irq@split"] == found["linux-irq@split"] == []


def test_nobody_is_compared_across_placements():
    found = pairs(mode_sides("poll@split,floor-poll@one,irq@one,linux-irq@split", BOTH))
    assert found["irq@one"] == []
    assert found["poll@split"] == [("linux", "linux-irq@split")]


def test_without_floor_and_linux_the_first_side_is_the_measure():
    assert pairs(mode_sides("poll,irq,adaptive", ["one"])) == {
        "poll@one": [], "irq@one": [("base", "poll@one")], "adaptive@one": [("base", "poll@one")]}


def test_a_commit_is_the_same_mode_with_its_kernel():
    sides = baseline_sides(mode_sides("poll@split,floor-irq@one", BOTH), "HEAD~1", "/k.elf")
    assert keys(sides) == ["poll@split", "poll:HEAD~1@split", "floor-irq@one",
                           "floor-irq:HEAD~1@one"]
    this, base = sides[:2]
    assert base.words == (*this.words[:-1], "--kernel=/k.elf", "--placement=split")
    assert pairs(sides)["poll@split"] == [("base", "poll:HEAD~1@split")]
    assert pairs(sides)["floor-irq@one"] == [("base", "floor-irq:HEAD~1@one")]
    with pytest.raises(UsageError, match="--baseline HEAD: says nothing to linux-irq@one"):
        baseline_sides(mode_sides("linux-irq@one", BOTH), "HEAD", "/k.elf")


def test_any_two_settings_or_kernels_are_two_sides():
    sides = ab_sides(["ring=packed", "kernel=/k.elf"], ["ring=split"], ["one"])
    assert keys(sides) == ["a@one", "b@one"]
    assert sides[0].label == "ring=packed kernel=/k.elf"
    assert {"--set=ring=packed", "--kernel=/k.elf", "--placement=one"} <= set(sides[0].words)
    assert pairs(sides) == {"a@one": [("base", "b@one")], "b@one": []}


WRONG = [
    (lambda: mode_sides("pol", BOTH), '--modes pol: pol: no such mode (did you mean "poll"?)'),
    (lambda: mode_sides("poll@left", BOTH), "--modes poll@left: left: must be one of split, one"),
    (lambda: mode_sides("poll,poll@one", BOTH), "--modes poll,poll@one: poll@one is named twice"),
    (lambda: mode_sides("", BOTH), "--modes : : no such mode"),
    (lambda: parse_placements("one,none"), "--placement one,none: none: must be one of"),
    (lambda: ab_sides(["x"], ["y=1"], BOTH), "--a x: not key=value"),
    (lambda: ab_sides(["x=1"], ["placement=one"], BOTH), "--b placement=one: both sides get"),
]


@pytest.mark.parametrize("call, complaint", WRONG, ids=[row[1] for row in WRONG])
def test_what_is_wrong_is_named(call, complaint):
    with pytest.raises(UsageError) as caught:
        call()
    assert str(caught.value).startswith(complaint)
