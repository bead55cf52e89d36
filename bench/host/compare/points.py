# SPDX-License-Identifier: MIT
"""A job file as points: what runs at the same time is one, what waits behind a stonewall the next.

A point can be run alone: its text has the file's [global] sections and its own, and every line
knows where it came from (jobfile.py), so that a complaint names the user's line.
"""

import os
import re
from dataclasses import dataclass

from host.base.errors import UsageError
from host.guest.jobfile import Line, read_job

_WAITS = re.compile(r"(?:stonewall|wait_for_previous)\s*(?:=\s*(.*))?$")


@dataclass(frozen=True)
class Point:
    name: str
    sections: tuple  # each (lines, is it [global])

    def lines(self, added=()):
        """The job file of this point alone; `added` lines end each of its jobs."""
        found = []
        for lines, is_global in self.sections:
            found += lines if is_global else [*lines, *added]
        return found


@dataclass
class _Section:
    name: str
    lines: list
    waits: bool = None  # None: it does not say

    def is_global(self):
        return self.name.startswith("global")


def _bare(line):
    return re.split("[;#]", line.text, maxsplit=1)[0].strip()


def _sections(lines):
    sections = []
    for line in lines:
        word = _bare(line)
        waits = _WAITS.match(word)
        if word.startswith("["):
            sections.append(_Section(word[1:].removesuffix("]"), []))
        elif word and not sections:
            raise UsageError(f"{line.source}: {word}: not in a section")
        if word:
            sections[-1].lines.append(line)
        if waits:
            sections[-1].waits = waits[1] != "0"
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


def _point(sections, group):
    kept = [section for section in sections if section.is_global() or section in group]
    return Point("+".join(section.name for section in group), tuple(
        (tuple(section.lines), section.is_global()) for section in kept))


def read_points(path):
    """The points of a job file, in order; UsageError when there is none."""
    sections = _sections(read_job(path, (), os.environ))
    groups = _groups(sections)
    if not groups:
        raise UsageError(f"{path}:1: a job is missing: a section such as [randread]")
    points = [_point(sections, group) for group in groups]
    names = [point.name for point in points]
    for name in names:
        if names.count(name) > 1:
            raise UsageError(f"{path}:1: two points are called {name}")
    return points


def added_lines(source, *texts):
    """Lines for Point.lines(); `source`: what they are there for, in a complaint."""
    return [Line(text, source) for text in texts]
