#!/bin/sh
# SPDX-License-Identifier: MIT
# virtio-blk-pci,queue-size=N: the device of QEMU 10.0.13 shows 1024 entries whatever N is.
#
# queue_size in the common configuration (virtio 1.2, 4.1.4.3) is "the queue size" that a driver
# may only lower. QEMU 7.2 shows the option's value there. QEMU 10.0.13 shows 1024 for every value
# of the option, though query-virtio-queue-status and seg_max (queue-size - 2) still follow it: who
# compares rings by the option compares equal ones, and a driver that sizes its memory by the
# register takes up to 16 times as much.
#
# Seen:
#   7.2  queue-size=64 shows 64, seg_max 62;  queue-size=256 shows 256, seg_max 254
#   10.0 queue-size=64 shows 1024, seg_max 62;  queue-size=256 shows 1024, seg_max 254
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$here/unpack" "$work/old" bookworm qemu-system-x86=1:7.2+dfsg-7+deb12u18+b3
"$here/unpack" "$work/new" trixie qemu-system-x86=1:10.0.13+ds-0+deb13u1

PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$here python3 - "$work" <<'PYTHON'
import sys
from qtest import Machine

COMMON, DEVICE = 1, 4


def shown(folder, size):
    with Machine(folder, "-blockdev", "null-co,node-name=d,size=1048576", "-device",
                 f"virtio-blk-pci,drive=d,disable-legacy=on,queue-size={size}") as machine:
        at = machine.virtio(machine.find(0x1042_1AF4))
        machine.write(at[COMMON] + 0x16, 2, 0)
        return machine.read(at[COMMON] + 0x18, 2), machine.read(at[DEVICE] + 12, 4)


seen = {(name, size): shown(f"{sys.argv[1]}/{name}", size)
        for name in ("old", "new") for size in (64, 256)}
for (name, size), (entries, seg_max) in seen.items():
    print(f"{name}: queue-size={size} shows {entries}, seg_max {seg_max}")
sys.exit(seen != {("old", 64): (64, 62), ("old", 256): (256, 254),
                  ("new", 64): (1024, 62), ("new", 256): (1024, 254)})
PYTHON
