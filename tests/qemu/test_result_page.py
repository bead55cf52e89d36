# SPDX-License-Identifier: MIT
"""docs/result.md and docs/counters.md describe each key of a result, and no others."""

import re
from pathlib import Path

import pytest
from guests import Guest

ROOT = Path(__file__).resolve().parents[2]
ROW = re.compile(r"^\| `([\w.\[\]*]+)` \|", re.MULTILINE)
DISK = "--disk=backend=null,size=1G"
JOB = ("[rated]\nfilename=/dev/vda\nioengine=io_uring\nrw=randread\nbs=4k\niodepth=4\n"
       "rate_iops=1000\nnumber_ios=50\n")
QUEUE = "devices[].queues[]."


def described():
    """Every path of both pages; what is below one that ends in .* is described with it."""
    result = ROW.findall((ROOT / "docs" / "result.md").read_text(encoding="utf-8"))
    counters = ROW.findall((ROOT / "docs" / "counters.md").read_text(encoding="utf-8"))
    paths = result + [QUEUE + counter for counter in counters]
    assert len(paths) == len(set(paths))
    return set(paths)


def found_in(value, path=""):
    """The paths of all leaves; an empty array or object is one."""
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from found_in(inner, f"{path}.{key}" if path else key)
    elif isinstance(value, list) and value:
        for inner in value:
            yield from found_in(inner, path + "[]")
    else:
        yield path + ("[]" if value == [] else "")


def rows_of(path, rows):
    """Those that describe it: itself, or one above it that ends in .*"""
    return {row for row in rows
            if row == path or (row.endswith(".*") and path.startswith(row[:-1]))}


def is_described(path, rows):
    """So is an array without elements by the rows of what it may hold."""
    return rows_of(path, rows) or (path.endswith("[]") and
                                   any(row.startswith(path) for row in rows))


@pytest.fixture(scope="module")
def paths(tmp_path_factory):
    guest = Guest(tmp_path_factory.mktemp("results"))
    peer = JOB.replace("rate_iops=1000\n", "") + "direct=1\n"
    runs = [guest.good(DISK, "--set=stages=full", "--set=ring=split", job=JOB),
            guest.good(DISK, job=JOB),
            guest.good(DISK, "--guest=linux", job=peer)]
    assert runs[0].result["ringbolt"]["format"] == 2
    return {path for run in runs for path in found_in(run.result["ringbolt"])}


def test_each_key_of_a_result_is_described(paths):
    rows = described()
    assert not [path for path in sorted(paths) if not is_described(path, rows)]


def test_each_key_that_is_described_is_in_some_result(paths):
    rows = described()
    used = set().union(*(rows_of(path, rows) for path in paths))
    assert not sorted(rows - used)


def test_the_page_names_the_format_that_results_have(paths):
    page = (ROOT / "docs" / "result.md").read_text(encoding="utf-8")
    assert "\n`format` is 2." in page and "format" in paths


def test_a_key_without_a_row_is_found():
    assert not rows_of("devices[].queues[].requested", described())
    assert not rows_of("settingsx", described()) and rows_of("settings.log", described())
