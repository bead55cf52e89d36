# SPDX-License-Identifier: MIT
"""The committed baseline: configs/baseline.json, one line per figure, so that a diff reads.

    {"made_with": {"compiler": ..., "qemu": ...}, "figures": {"CASE: FIGURE": number, ...}}

The figures are those of a compiler and a device; made with others they say nothing.
"""

import json
import re
import subprocess

from host.base.errors import UsageError
from host.base.texts import read_text
from host.guest.accel import qemu_version
from host.guest.options import QEMU, ROOT
from host.guest.result import write_result

PATH = ROOT / "configs" / "baseline.json"
# How far apart two counts of one kernel usually lie.
REPEATS, REPEATS_SLACK = 0.003, 0.001
_COMPILER = "gcc"  # the Makefile's
_RELEASE = re.compile(r"version (\d+\.\d+)")


def made_with(qemu=QEMU):
    """What the figures depend on besides the sources."""
    version = qemu_version(qemu)
    release = _RELEASE.search(version)
    try:
        compiler = subprocess.run([_COMPILER, "-dumpfullversion"], capture_output=True, text=True,
                                  stdin=subprocess.DEVNULL, check=True).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        compiler = "unknown"
    return {"compiler": f"{_COMPILER} {compiler}", "qemu": release[1] if release else version}


def _old_figures(path, tools):
    """Of the file as it is, whatever it is."""
    try:
        found = json.loads(read_text(path, ""))
        return found["figures"] if found["made_with"] == tools else {}
    except (UsageError, ValueError, KeyError, TypeError):
        return {}


def _repeats(old, new):
    return isinstance(old, (int, float)) and abs(new - old) <= REPEATS * old + REPEATS_SLACK


def format_baseline(figures, tools):
    ordered = {name: float(f"{figures[name]:.4f}") for name in sorted(figures)}
    return json.dumps({"made_with": tools, "figures": ordered}, indent=1) + "\n"


def write_baseline(path, figures, tools):
    """Writes it; returns how many of its figures stayed as they were."""
    old = _old_figures(path, tools)
    kept = {name: old[name] for name, value in figures.items() if _repeats(old.get(name), value)}
    write_result(str(path), format_baseline({**figures, **kept}, tools))
    return len(kept)


def _once(pairs):
    """An object in which no key stands twice."""
    found = {}
    for key, value in pairs:
        if key in found:
            raise KeyError(key)
        found[key] = value
    return found


def _parse(path, text):
    """The document; UsageError when it is none."""
    try:
        return json.loads(text, object_pairs_hook=_once)
    except json.JSONDecodeError as error:
        raise UsageError(f"{path}:{error.lineno}: not JSON: {error.msg}") from None
    except KeyError as error:
        raise UsageError(f"{path}:{_line(text, error.args[0], last=True)}: "
                         f'"{error.args[0]}" stands twice') from None


def _line(text, key, last=False):
    """Where a key stands; 1 when nowhere."""
    lines = [number for number, line in enumerate(text.splitlines(), 1)
             if json.dumps(key) + ":" in line]
    return (lines or [1])[-1 if last else 0]


def _check_names(path, text, figures, expected):
    for name in figures:
        if name not in expected:
            raise UsageError(f'{path}:{_line(text, name)}: "{name}": nothing counts that; '
                             "make baseline")
    for name in expected:
        if name not in figures:
            raise UsageError(f'{path}:{_line(text, "figures")}: "{name}" is missing; '
                             "make baseline")


def read_baseline(path, expected):
    """(figures, made with); `expected`: the names of all figures that are counted."""
    text = read_text(path, "").decode("utf-8", "replace")
    found = _parse(path, text)
    parts = ("made_with", "figures")
    if not isinstance(found, dict) or not all(isinstance(found.get(part), dict)
                                              for part in parts):
        raise UsageError(f'{path}:1: not an object of "made_with" and "figures"')
    for name, value in found["figures"].items():
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < 1e12:
            raise UsageError(f'{path}:{_line(text, name)}: "{name}": {json.dumps(value)}: '
                             "must be a number, not negative")
    _check_names(path, text, found["figures"], expected)
    return found["figures"], found["made_with"]
