"""A job file as points: what runs at the same time is one, what waits behind a stonewall the next.

Each point is measured in a boot of its own, so that counters and idle shares belong to it alone.
Its job text is the file with the other points' lines left empty, so that a complaint about its
line 7 is one about line 7 of the file; where lines were added, `relocate` counts them out again.
"""

import re
from dataclasses import dataclass

from .errors import UsageError
from .texts import read_text

_WAITS = re.compile(r"(?:stonewall|wait_for_previous)\s*(?:=\s*(.*))?$")


@dataclass(frozen=True)
class Point:
    name: str
    path: str
    lines: tuple  # (text, is it the last of a section that is no [global])

    def _numbered(self, added):
        """(text, number in the file, None for added lines)"""
        for number, (text, is_last) in enumerate(self.lines, 1):
            yield text, number
            if is_last:
                yield from ((text, None) for text in added)

    def text(self, added=()):
        """The job file of this point alone; `added` lines end each of its sections."""
        whole = "".join(text + "\n" for text, _ in self._numbered(added))
        return whole.encode("utf-8", "surrogateescape")

    def relocate(self, message, added=()):
        """What was said of text(added), as if said of the file."""
        numbers = [number for _, number in self._numbered(added)]

        def replace(match):
            line = int(match[1])
            known = numbers[line - 1] if 0 < line <= len(numbers) else None
            return f"{self.path}:{known}: " if known else ""

        return re.sub(re.escape(self.path) + r":(\d+): ", replace, message)


@dataclass
class _Section:
    name: str
    first: int  # lines of the file, from 0
    last: int
    waits: bool = None  # None: it does not say

    def is_global(self):
        return self.name.startswith("global")


def _bare(line):
    return re.split("[;#]", line, maxsplit=1)[0].strip()


def _sections(path, lines):
    sections = []
    for number, line in enumerate(lines):
        word = _bare(line)
        waits = _WAITS.match(word)
        if word.startswith("["):
            sections.append(_Section(word[1:].removesuffix("]"), number, number))
        elif sections:
            sections[-1].last = number
            if waits:
                sections[-1].waits = waits[1] != "0"
        elif word:
            raise UsageError(f"{path}:{number + 1}: {word}: not in a section")
    return sections


def _groups(sections):
    """The sections that are jobs, those together that run together."""
    groups, default = [], False
    for section in sections:
        waits = default if section.waits is None else section.waits
        if section.is_global():
            default = waits
        elif groups and not waits:
            groups[-1].append(section)
        else:
            groups.append([section])
    return groups


def _point(path, lines, defaults, group):
    kept = {number for section in [*defaults, *group]
            for number in range(section.first, section.last + 1)}
    ends = {section.last for section in group}
    return Point("+".join(section.name for section in group), path, tuple(
        (line if number in kept else "", number in ends) for number, line in enumerate(lines)))


def read_points(path):
    """The points of a job file, in order; UsageError when there is none."""
    lines = read_text(path, "").decode("utf-8", "surrogateescape").splitlines()
    sections = _sections(path, lines)
    defaults = [section for section in sections if section.is_global()]
    groups = _groups(sections)
    if not groups:
        raise UsageError(f"{path}:1: a job is missing: a section such as [randread]")
    points = [_point(path, lines, defaults, group) for group in groups]
    names = [point.name for point in points]
    for name in names:
        if names.count(name) > 1:
            raise UsageError(f"{path}:1: two points are called {name}")
    return points
