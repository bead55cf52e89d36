# SPDX-License-Identifier: MIT
"""The page in a browser, where the names of jobs and sides are nothing that a page expects."""

import re
import sys
from pathlib import Path

import pytest
from browser import look_at

sys.path.append(str(Path(__file__).resolve().parents[1] / "host"))
sys.path.append(str(Path(__file__).resolve().parents[2] / "bench"))

from host.compare import report  # noqa: E402  (needs the paths above)
from host.compare.points import Point  # noqa: E402
from host.compare.sides import ab_sides, mode_sides  # noqa: E402
from test_report import compared  # noqa: E402

NAMES = ["<b id=x>&amp;\"|'", "rand_read*_ü漢字 `x`", "a very long name, of a job " * 3, "M" * 120,
         "漢字" * 40]
SIDES = {"modes": mode_sides("poll@split,floor-poll@split,irq@one,linux-irq@one", ["one"]),
         "settings": ab_sides(["ring=split", "chain=direct"], ["ring=packed", "chain=direct"],
                              ["one", "split"])}


@pytest.mark.parametrize("names", [NAMES[:2], NAMES[1:3], NAMES[3:]])
@pytest.mark.parametrize("sides", SIDES.values(), ids=SIDES)
def test_any_name_is_shown_as_it_is_and_breaks_nothing(tmp_path, sides, names):
    document = compared(sides, [Point(name, ()) for name in names])
    page = tmp_path / "page.html"
    page.write_text(report.html(document, f"/somewhere/{names[0]}"))
    seen = look_at(page, tmp_path)
    assert [panel["cut"] for panel in seen["panels"]] == [[]] * len(seen["panels"])
    assert seen["overflow"] <= 0
    assert {mark["data"]["point"] for mark in seen["marks"]} == set(names)
    assert {row[2] for row in seen["tables"]["iops"][1:]} == {
        " ".join(name.split()) for name in names}
    ids = re.findall(r' id="([^"]*)"', page.read_text())
    assert len(ids) == len(set(ids)) and not any(re.search(r"[^\w.-]", key, re.A) for key in ids)
    for labels in re.findall(r'aria-labelledby="([^"]*)"', page.read_text()):
        assert set(labels.split(" ")) <= set(ids)
