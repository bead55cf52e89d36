# SPDX-License-Identifier: MIT
"""The committed baseline: written line by line, read with distrust."""

import json

import pytest

from host.base.errors import UsageError
from host.regress import stored
from host.regress.counted import expected_names

TOOLS = {"compiler": "gcc 1.2.3", "qemu": "7.2"}
FIGURES = {"b: y": 2.0, "a: x": 1.25}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "baseline.json"


def test_what_is_written_is_read_and_has_a_line_per_figure(path):
    assert stored.write_baseline(path, FIGURES, TOOLS) == 0
    assert stored.read_baseline(path, list(FIGURES)) == (FIGURES, TOOLS)
    lines = [line.strip() for line in path.read_text().splitlines()]
    assert lines[-5:] == ['"figures": {', '"a: x": 1.25,', '"b: y": 2.0', "}", "}"]


# old, new, what the file says then
RENEWED = [(100.0, 100.2, 100.0), (100.0, 100.4, 100.4), (100.0, 99.0, 99.0),
           (0.031, 0.0315, 0.031), (0.0, 0.0007, 0.0)]


@pytest.mark.parametrize("old, new, kept", RENEWED)
def test_what_did_not_move_keeps_its_line(path, old, new, kept):
    stored.write_baseline(path, {"a: x": old, "b: y": 1.0}, TOOLS)
    changed = stored.write_baseline(path, {"a: x": new, "b: y": 1.0}, TOOLS)
    assert changed == (2 if kept == old else 1)
    assert json.loads(path.read_text())["figures"]["a: x"] == kept


def test_figures_of_other_tools_are_not_kept(path):
    stored.write_baseline(path, {"a: x": 100.0}, TOOLS)
    assert stored.write_baseline(path, {"a: x": 100.1}, {**TOOLS, "qemu": "8"}) == 0


@pytest.mark.parametrize("text", ["", "{", "[]", '{"figures": 3, "made_with": {}}'])
def test_a_broken_file_is_replaced(path, text):
    path.write_text(text)
    assert stored.write_baseline(path, FIGURES, TOOLS) == 0
    assert stored.read_baseline(path, list(FIGURES))[0] == FIGURES


def text_with(lines):
    return '{\n "made_with": {},\n "figures": {\n' + lines + "\n }\n}\n"


# text, what is said behind the path
BROKEN = [
    ("", ":1: not JSON"),
    ('{\n "made_with": {},\n oops', ":3: not JSON"),
    ("[]", ':1: not an object of "made_with" and "figures"'),
    ('{"figures": {}}', ':1: not an object of "made_with" and "figures"'),
    (text_with('  "a: x": 1,\n  "b: y": "fast"'), ':5: "b: y": "fast": must be a number'),
    (text_with('  "a: x": 1,\n  "b: y": -1'), ':5: "b: y": -1: must be a number, not negative'),
    (text_with('  "a: x": true,\n  "b: y": 1'), ':4: "a: x": true: must be a number'),
    (text_with('  "a: x": NaN,\n  "b: y": 1'), ':4: "a: x": NaN: must be a number'),
    (text_with('  "a: x": 1,\n  "a: x": 2'), ':5: "a: x" stands twice'),
    (text_with('  "a: x": 1,\n  "c: z": 2,\n  "b: y": 2'), ':5: "c: z": nothing counts that'),
    (text_with('  "a: x": 1'), ':3: "b: y" is missing; make baseline'),
]


@pytest.mark.parametrize("text, complaint", BROKEN)
def test_a_broken_file_is_refused_with_line_and_key(path, text, complaint):
    path.write_text(text)
    with pytest.raises(UsageError) as caught:
        stored.read_baseline(path, ["a: x", "b: y"])
    message = str(caught.value)
    assert message.startswith(f"{path}{complaint}") and "\n" not in message


def test_a_missing_file_is_named(path):
    with pytest.raises(UsageError, match="baseline.json: No such file"):
        stored.read_baseline(path, [])


def test_the_committed_baseline_has_every_figure():
    figures, tools = stored.read_baseline(stored.PATH,
                                                    expected_names())
    assert list(figures) == sorted(figures) and set(tools) == {"compiler", "qemu"}
