# SPDX-License-Identifier: MIT
"""docs/lifting.md's examples are built by the lines that it shows, and print what it shows."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "lifting.md").read_text(encoding="utf-8")
STRICT = ("-Wall", "-Wextra", "-Werror", "-g", "-fsanitize=address,undefined",
          "-fno-sanitize-recover=all")


def shown(pattern):
    return re.findall(pattern, PAGE.replace("\\\n        ", ""), re.MULTILINE)


COMMANDS = {name: command for command, name in shown(r"^    (gcc .* -o (\w+))$")}
OUTPUTS = {name: "".join(line[4:] + "\n" for line in lines.splitlines())
           for name, lines in shown(r"^    \$ \./(\w+)\n((?:    .*\n)+)")}


def test_each_example_is_shown_with_its_output():
    files = sorted(path.stem for path in (ROOT / "docs" / "examples").glob("*.c"))
    assert sorted(COMMANDS) == sorted(OUTPUTS) == files


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_an_example_does_what_its_page_shows(tmp_path, name):
    command = COMMANDS[name].removesuffix(f" -o {name}")
    program = tmp_path / name
    subprocess.run([f"{command} {' '.join(STRICT)} -o {program}"], shell=True, cwd=ROOT, check=True)
    done = subprocess.run([program], check=True, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == (OUTPUTS[name], "")
