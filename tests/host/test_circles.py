# SPDX-License-Identifier: MIT
"""tests/check_circles: which files need each other, by what they call."""

import importlib.machinery
import importlib.util
import subprocess
from pathlib import Path

import pytest

CHECK = next(path for path in Path(__file__).resolve().parents
             if path.name == "tests") / "check_circles"


@pytest.fixture
def check():
    loader = importlib.machinery.SourceFileLoader("check_circles", str(CHECK))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("check_circles",
                                                                             loader))
    loader.exec_module(module)
    return module


def test_a_circle_is_found_whole_and_a_line_is_none(check):
    assert check.circles({"a": {"b"}, "b": {"c"}, "c": set()}) == []
    assert check.circles({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}) == [["a", "b", "c"]]
    assert check.circles({"a": {"b", "c"}, "b": {"a"}, "c": {"d"}, "d": {"c"}}) == \
        [["c", "d"], ["a", "b"]]


def test_what_a_file_defines_and_needs_is_read_from_its_object(check, tmp_path):
    (tmp_path / "a.c").write_text("int there(void); int table[3];\n"
                                  "static int own(void) { return there(); }\n"
                                  "int here(void) { return own() + table[0]; }\n")
    subprocess.run(["gcc", "-O2", "-c", "a.c"], cwd=tmp_path, check=True)
    defined, needed = check.symbols(tmp_path / "a.o")
    assert {"here", "table"} <= defined and "there" in needed and "own" not in defined | needed
