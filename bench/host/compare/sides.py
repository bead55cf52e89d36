# SPDX-License-Identifier: MIT
"""Who takes part in a comparison.

A side is a name, a placement, and the words of `ringbolt run` that make it what it is. Placement
decides more than the mode does, so sides are compared with sides of the same placement only:
those of one placement are a group. Within it a side is held against its references: the floor
of its mode, Linux in the mode like it, and where there is neither, the group's first side.
"""

import re
from dataclasses import dataclass

from host.base import values
from host.base.errors import UsageError

PLACEMENTS = ("split", "one")


@dataclass(frozen=True)
class Mode:
    name: str  # as people call it
    words: tuple
    floor: str = ""  # the modes it is held against, the first of them that takes part
    linux: tuple = ()


def _ours(completion, engine="blk"):
    return ("--set=status_interval_ms=0", f"--set=completion={completion}",
            f"--set=engine={engine}")


MODES = {
    "poll": Mode("polled", _ours("poll"), "floor-poll", ("linux-poll", "linux-irq")),
    "adaptive": Mode("adaptive", _ours("adaptive"), "floor-adaptive",
                     ("linux-poll", "linux-irq")),
    "irq": Mode("interrupt", _ours("irq"), "floor-irq", ("linux-irq", "linux-poll")),
    "floor-poll": Mode("floor, polled", _ours("poll", "floor")),
    "floor-adaptive": Mode("floor, adaptive", _ours("adaptive", "floor")),
    "floor-irq": Mode("floor, interrupt", _ours("irq", "floor")),
    "linux-poll": Mode("Linux, polled", ("--guest=linux-poll",)),
    "linux-irq": Mode("Linux, interrupt", ("--guest=linux",)),
}


@dataclass(frozen=True)
class Side:
    key: str  # unique in a comparison
    label: str
    mode: str  # of MODES; which of --a and --b otherwise
    placement: str
    words: tuple

    def is_ours(self):
        return not (self.is_floor() or self.is_linux())

    def is_linux(self):
        return self.mode.startswith("linux")

    def is_floor(self):
        return self.mode.startswith("floor")


def _placed(key, label, mode, placement, words):
    return Side(f"{key}@{placement}", label, mode, placement,
                (*words, f"--placement={placement}"))


def _check_placement(option, name):
    if name not in PLACEMENTS:
        raise UsageError(f"{option}: {name}: must be one of {', '.join(PLACEMENTS)}")


def parse_placements(text):
    """--placement one,split -> names; each is a comparison of its own."""
    names = text.split(",")
    for name in names:
        _check_placement(f"--placement {text}", name)
    return names


def _parse_mode(text, word, placements):
    """MODE or MODE@PLACEMENT -> (mode, placements)"""
    name, at, place = word.partition("@")
    if name not in MODES:
        raise UsageError(f"--modes {text}: {name}: no such mode" + values.suggestion(name, MODES))
    if at:
        _check_placement(f"--modes {text}", place)
        placements = [place]
    return name, placements


def mode_sides(text, placements):
    """--modes -> sides in the order named, placement by placement."""
    named = [_parse_mode(text, word, placements) for word in text.split(",")]
    sides = [_placed(name, MODES[name].name, name, place, MODES[name].words)
             for place in PLACEMENTS for name, places in named if place in places]
    for side in sides:
        if sides.count(side) > 1:
            raise UsageError(f"--modes {text}: {side.key} is named twice")
    return sides


def baseline_sides(sides, ref, kernel):
    """Each side of this tree, then the same of another commit's kernel."""
    for side in sides:
        if side.is_linux():
            raise UsageError(f"--baseline {ref}: says nothing to {side.key}: "
                             "a commit is compared in our own modes")
    both = []
    for side in sides:
        key = side.key.partition("@")[0]
        base = _placed(f"{key}:{ref}", f"{side.label}, {ref}", f"base:{side.mode}",
                       side.placement, (*side.words[:-1], f"--kernel={kernel}"))
        both += [side, base]
    return both


def _ab_words(option, pairs):
    words = []
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not re.fullmatch(r"[a-z0-9_]+", key):
            raise UsageError(f"{option} {pair}: not key=value")
        if key == "placement":
            raise UsageError(f"{option} {pair}: both sides get the same; use --placement")
        words.append(f"--kernel={value}" if key == "kernel" else f"--set={pair}")
    return words


def ab_sides(first, second, placements):
    """--a and --b: a setting each, or several, or kernel=FILE."""
    return [_placed(key, " ".join(pairs), key, place,
                    ("--set=status_interval_ms=0", *_ab_words(f"--{key}", pairs)))
            for place in PLACEMENTS if place in placements
            for key, pairs in (("a", first), ("b", second))]


def references(side, sides):
    """[(kind, other side)] that a side's figures are divided by; kinds: floor, linux, base."""
    group = {other.mode: other for other in sides if other.placement == side.placement}
    base = group.get(f"base:{side.mode}") or (group.get("b") if side.mode == "a" else None)
    if base:
        return [("base", base)]
    if side.mode not in MODES or not side.is_ours():
        return []
    mode = MODES[side.mode]
    found = [("floor", group[mode.floor])] if mode.floor in group else []
    found += [("linux", group[name]) for name in mode.linux if name in group][:1]
    first = next(iter(group.values()))
    if not found and first is not side and first.is_ours():
        found = [("base", first)]
    return found
