#!/bin/sh
# SPDX-License-Identifier: MIT
# block_resize to the size that a virtio-blk disk already has counts as a change of configuration.
#
# config_generation is there to tell a driver that fields changed between two of its reads (virtio
# 1.2, 2.5.1). QEMU raises it, and sends a configuration interrupt, for each block_resize, also for
# one to the present size, in which no field changes. A driver that reports "resized" at each
# notification, or a test that waits for "no change", is wrong about such a device.
#
# Seen, 7.2.22 and 10.0.13: resize to 1 MiB of a disk of 1 MiB: capacity 2048 -> 2048, generation +1
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$here/unpack" "$work/7.2" bookworm qemu-system-x86=1:7.2+dfsg-7+deb12u18+b3
"$here/unpack" "$work/10.0" trixie qemu-system-x86=1:10.0.13+ds-0+deb13u1

PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$here python3 - "$work" <<'PYTHON'
import sys
from qtest import Machine

COMMON, DEVICE, DRIVER_OK = 1, 4, 4


def resized(folder):
    """(capacity, generation) before and after."""
    with open(f"{folder}/tmp/disk", "wb") as file:
        file.truncate(1 << 20)
    with Machine(folder, "-blockdev", "file,node-name=d,filename=/tmp/disk", "-device",
                 "virtio-blk-pci,drive=d,disable-legacy=on") as machine:
        at = machine.virtio(machine.find(0x1042_1AF4))
        for status in (1, 3):
            machine.write(at[COMMON] + 0x14, 1, status)
        machine.write(at[COMMON] + 0x08, 4, 1)
        machine.write(at[COMMON] + 0x0C, 4, 1)  # VIRTIO_F_VERSION_1
        machine.write(at[COMMON] + 0x14, 1, 11)
        machine.write(at[COMMON] + 0x14, 1, 15)

        def state():
            return machine.read(at[DEVICE], 8), machine.read(at[COMMON] + 0x15, 1)

        before = state()
        answer = machine.qmp("block_resize", **{"node-name": "d", "size": 1 << 20})
        assert "return" in answer, answer
        return before, state()


good = True
for name in ("7.2", "10.0"):
    (capacity, generation), (capacity_after, generation_after) = resized(f"{sys.argv[1]}/{name}")
    print(f"{name}: capacity {capacity} -> {capacity_after}, "
          f"generation {generation} -> {generation_after}")
    good &= capacity == capacity_after == 2048
    good &= (generation_after - generation) % 256 == 1
sys.exit(not good)
PYTHON
