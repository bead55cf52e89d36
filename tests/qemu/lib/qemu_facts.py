# SPDX-License-Identifier: MIT
"""What releases of QEMU do differently, as seen with each; a release between two does as the
older of them until it is tried."""

import re
import subprocess
from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True)
class Facts:
    x2apic: bool  # TCG offers it with -cpu max
    shows_queue_size: bool  # a virtio-blk ring is shown as large as queue-size= made it


_SEEN = {(7, 2): Facts(x2apic=False, shows_queue_size=True),
         (10, 0): Facts(x2apic=True, shows_queue_size=False),
         (11, 1): Facts(x2apic=True, shows_queue_size=True)}


def facts_of(version):
    return _SEEN[max(seen for seen in _SEEN if seen <= version)]


@cache
def facts():
    """Of the QEMU that the tests run."""
    said = subprocess.run(["qemu-system-x86_64", "--version"], capture_output=True, text=True,
                          check=True).stdout
    return facts_of(tuple(map(int, re.search(r"version (\d+)\.(\d+)", said).groups())))
