# SPDX-License-Identifier: MIT
"""docs/hacking.md's session with gdb, and its case, do what they show."""

import re
import subprocess
from pathlib import Path

from guests import BUILD, TIMEOUT_S, wait_for

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "hacking.md").read_text(encoding="utf-8")
SESSION = re.findall(r"^    \(gdb\) (.+)$", PAGE, re.MULTILINE)


def debug_command(directory):
    """QEMU as `make debug` starts it, but for where it listens."""
    lines = subprocess.run(["make", "-n", "debug", f"B={BUILD}"], cwd=ROOT, capture_output=True,
                           text=True, check=True).stdout.replace("\\\n", " ")
    words = re.search(r"setsid (qemu-system-x86_64 .*?) -serial \S+ (.*?) -s -S &", lines)
    return [*words[1].split(), "-serial", f"file:{directory}/console", *words[2].split(),
            "-S", "-gdb", f"unix:{directory}/gdb,server=on,wait=off"]


def session(directory, commands):
    """What gdb prints."""
    with subprocess.Popen(debug_command(directory), cwd=ROOT) as qemu:
        try:
            wait_for(directory / "gdb")
            words = ["gdb", "-q", "-nx", "-batch", "-ex", f"target remote {directory}/gdb",
                     "-ex", "hbreak kernel_main", "-ex", "continue"]
            for command in commands:
                words += ["-ex", command]
            return subprocess.run([*words, str(BUILD / "kernel.debug.elf")], text=True,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                  timeout=TIMEOUT_S, check=False).stdout
        finally:
            qemu.kill()


def test_the_session_with_gdb_shows_what_the_page_says(tmp_path):
    assert len(SESSION) > 10
    said = session(tmp_path, SESSION)
    assert "not defined" not in said and "No symbol" not in said, said
    assert '= "vda"' in said and "capacity_sectors = 16777216" in said, said
    assert re.search(r"submit_tsc = [1-9]\d*", said), said


def test_the_case_that_the_page_shows_passes(tmp_path, guest):
    text = re.search(r"^    (def test_.*?)\n\n", PAGE, re.MULTILINE | re.DOTALL)[1]
    names = {}
    exec(text.replace("\n    ", "\n"), names)  # pylint: disable=exec-used
    test, = (value for name, value in names.items() if name.startswith("test_"))
    test(guest)
