# SPDX-License-Identifier: MIT
"""The kernel's settings as people read them: `ringbolt settings`, and below `run --help`.

The table is kernel/lib/settings.c's. docs/settings.md is made of it, a test holds the two
together, and the page goes wherever the tool is installed; here it is read.
"""

import difflib
import re
import textwrap
from dataclasses import dataclass

from host.base.errors import UsageError
from host.base.texts import read_text
from host.guest.options import ROOT

PAGE = ROOT / "docs" / "settings.md"
_ROW = re.compile(r"\| `(\w+)` \| ([^|]+) \| ([^|]+) \| (.+) \|")
_UNKNOWN = re.compile(r"opt/ringbolt/config:\d+: (.+): unknown key")
_COLUMNS = 96


@dataclass
class Setting:
    key: str
    values: str
    default: str
    help: str

    def told(self):
        head = f"  {self.key}: {self.values} (default: {self.default})\n"
        return head + textwrap.indent(textwrap.fill(self.help, _COLUMNS), " " * 6) + "\n"


def all_settings():
    rows = map(_ROW.fullmatch, read_text(PAGE, "").decode().splitlines())
    found = [Setting(*row.groups()) for row in rows if row]
    if not found:
        raise UsageError(f"{PAGE}: has no table of settings")
    return found


def settings_text():
    return "".join(setting.told() for setting in all_settings())


def suggested(complaint):
    """What the kernel says of a key that it does not know, with the key that may be meant. The
    kernel has the word: another build of it can have other settings."""
    unknown = _UNKNOWN.fullmatch(complaint)
    close = unknown and difflib.get_close_matches(
        unknown[1], [setting.key for setting in all_settings()], 1)
    return f'{complaint} (did you mean "{close[0]}"?)' if close else complaint
