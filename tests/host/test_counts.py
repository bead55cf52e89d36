# SPDX-License-Identifier: MIT
"""What `make test` counts: every test once, and as failed whatever does not get to report."""

import importlib.machinery
import importlib.util
import re
from pathlib import Path

import pytest

RUN = Path(__file__).resolve().parents[1] / "run"


@pytest.fixture
def suites(tmp_path, monkeypatch):
    """tests/run on a tree of its own."""
    loader = importlib.machinery.SourceFileLoader("suites", str(RUN))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("suites", loader))
    loader.exec_module(module)
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(module, "REPORTS", tmp_path)
    (tmp_path / "tests" / "some").mkdir(parents=True)
    return module


PASSES = "def test_pass(): pass\n"
# name: a file of tests, (passed, failed)
FILES = {
    "two pass": (PASSES + "def test_too(): pass\n", (2, 0)),
    "one fails": (PASSES + "def test_fail(): assert 0\n", (1, 1)),
    "one is skipped": (PASSES + "import pytest\ndef test_skip(): pytest.skip()\n", (1, 1)),
    "does not load": (PASSES + "import nothing_of_that_name\n", (0, 1)),
    "holds no tests": ("\n", (0, 1)),
    "crashes": (PASSES + "import os\ndef test_crash(): os.abort()\n", (0, 1)),
    "ends as if all was well": (PASSES + "import os\ndef test_end(): os._exit(0)\n", (0, 1)),
}


def write(suites, name):
    path = suites.ROOT / "tests" / "some" / f"test_{name.replace(' ', '_')}.py"
    path.write_text(FILES[name][0])


@pytest.mark.parametrize("name", FILES)
def test_a_file_of_tests_is_counted(suites, name):
    write(suites, name)
    assert suites.pytest_suite("some") == FILES[name][1]


def test_files_are_summed_up_and_each_speaks_in_one_piece(suites, capsys):
    for name in FILES:
        write(suites, name)
    assert suites.pytest_suite("some") == (4, 6)
    pieces = re.split(r"^tests/some/test_(\w+)\.py, \d+ s$", capsys.readouterr().out,
                      flags=re.MULTILINE)
    said = dict(zip(pieces[1::2], pieces[2::2]))
    assert len(said) == len(FILES)
    assert "2 passed" in said["two_pass"] and "1 failed, 1 passed" in said["one_fails"]


def test_an_old_report_does_not_stand_in_for_a_new_one(suites):
    write(suites, "two pass")
    assert suites.pytest_suite("some") == (2, 0)
    path = suites.ROOT / "tests" / "some" / "test_two_pass.py"
    path.write_text(FILES["crashes"][0])
    assert suites.pytest_suite("some") == (0, 1)


def test_what_is_listed_as_slow_exists(suites):
    for file in suites.SLOWEST_FIRST:
        assert (RUN.parent / file).exists()
