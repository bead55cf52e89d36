# SPDX-License-Identifier: MIT
"""docs/lifting.md's table of what another kernel takes and supplies: each row builds by itself."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FLAGS = ("-std=gnu17", "-O2", "-ffreestanding", "-mgeneral-regs-only", "-mno-red-zone", "-fno-pic",
         "-Wall", "-Wextra", "-Werror", "-I.")


def rows():
    """(what, globs, symbols), each with those of the rows above."""
    table = (ROOT / "docs" / "lifting.md").read_text(encoding="utf-8")
    globs, symbols, found = [], [], []
    for line in table.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| ") and "`" in line:
            globs = globs + re.findall(r"`(.*?)`", cells[1])
            symbols = symbols + re.findall(r"`(.*?)`", cells[2])
            found.append((cells[0], globs, symbols))
    return found


def test_there_are_rows():
    assert [what for what, _, _ in rows()] == ["rings", "block layer", "virtio-blk by PCI"]


@pytest.mark.parametrize("what, globs, symbols", rows(), ids=[row[0] for row in rows()])
def test_what_is_taken_needs_what_is_named_and_nothing_else(tmp_path, what, globs, symbols):
    for glob in globs:
        files = list(ROOT.glob(glob))
        assert files, f"{what}: {glob}"
        for file in files:
            copy = tmp_path / file.relative_to(ROOT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, copy)
    objects = []
    for source in sorted(tmp_path.rglob("*.c")):
        objects.append(source.with_suffix(".o"))
        subprocess.run(["gcc", *FLAGS, "-c", source, "-o", objects[-1]], cwd=tmp_path, check=True)
    subprocess.run(["ld", "-r", "-o", "all.o", *objects], cwd=tmp_path, check=True)
    missing = subprocess.run(["nm", "--undefined-only", "--format=just-symbols", "all.o"],
                             cwd=tmp_path, check=True, capture_output=True, text=True).stdout
    assert sorted(missing.split()) == sorted(symbols)
