# SPDX-License-Identifier: MIT
"""A user's job file, as the kernel gets it.

The kernel has no files and no environment. So here the lines of an included file take the
place of `include NAME`, and the environment's value that of ${NAME}; --section leaves of the
jobs those that are named. All else of the language is the kernel's matter. Every line knows
where it came from: what the kernel says of line 7 is told of the line that the user wrote.
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from host.base.errors import UsageError
from host.base.texts import STANDARD_INPUT, read_standard_input, read_text

_DEPTH_MAX = 8
_VARIABLE = re.compile(r"\$\{(\w+)\}")
# One character stands between the word and the name, in fio any one at all.
_INCLUDE = re.compile(r"include(?:[\s=](.*))?$")
_SECTION = re.compile(r"\[(.*)\]")


@dataclass
class Line:
    text: str
    source: str  # "FILE:LINE"


def _words(text):
    """The line without its comment, as the kernel reads it."""
    return re.split("[;#]", text, maxsplit=1)[0].strip()


def _lines(path, depth=0):
    """All lines, those of included files in the place of the include."""
    piped = path == "-" and not depth
    data, name = (read_standard_input(), STANDARD_INPUT) if piped else (read_text(path, ""), path)
    for number, text in enumerate(data.decode(errors="surrogateescape").split("\n"), 1):
        line = Line(text, f"{name}:{number}")
        included = _INCLUDE.match(_words(text))
        if depth and _SECTION.match(_words(text)):
            raise UsageError(f"{line.source}: an included file may not contain sections")
        if included:
            yield from _included(line, included[1], Path(path).parent, depth)
        else:
            yield line


def _included(line, name, directory, depth):
    """As fio: the name as it is given, else beside the including file."""
    name = (name or "").strip()
    if not name:
        raise UsageError(f"{line.source}: include: a file name is missing")
    if depth == _DEPTH_MAX:
        raise UsageError(f"{line.source}: include: files include each other too deeply")
    path = name if os.path.exists(name) else str(directory / name)
    if not os.path.exists(path):
        raise UsageError(f"{line.source}: include: cannot read {name}")
    return _lines(path, depth + 1)


def _selected(lines, names):
    """The named jobs and whatever is global. Other lines are empty then."""
    missing, keep = set(names), True
    for line in lines:
        header = _SECTION.match(_words(line.text))
        if header:
            keep = header[1] in names or header[1].startswith("global")
            missing.discard(header[1])
        yield line if keep else Line("", line.source)
    if missing:
        raise UsageError(f"--section {min(missing)}: no such section in the job file")


def _expanded(line, environment):
    """With values for variables; one that is not set is left for the kernel to complain of."""
    words = _words(line.text)
    if words.startswith("[") or "${" not in words:
        return line

    def value(match):
        found = environment.get(match[1], match[0])
        if re.search("[;#\r\n\0]", found):
            raise UsageError(f"{line.source}: ${{{match[1]}}}: its value cannot stand in a job "
                             "file")
        return found

    return Line(_VARIABLE.sub(value, words), line.source)


def read_job(path, sections, environment):
    """The job file's lines; "-" is standard input."""
    lines = _lines(str(path))
    if sections:
        lines = _selected(lines, sections)
    return [_expanded(line, environment) for line in lines]


def text_of(lines):
    return "\n".join(line.text for line in lines).encode(errors="surrogateescape")
