#!/bin/sh
# SPDX-License-Identifier: MIT
# A PCIe root port of q35 says "no card present" although a working disk is behind it.
#
# With ACPI hot-plug, which is q35's default, the Slot Status of pcie-root-port reads Presence Detect
# State 0 and Data Link Layer Link Active 0 with a virtio-blk device in the slot that answers to
# configuration cycles. With native hot-plug both read 1. So code that looks at presence or link
# before it scans the bus below, as the PCI Express specification lets it, finds no disk on a default
# machine; the bus has to be scanned regardless.
#
# Seen, 7.2.22 and 10.0.13:
#   acpi hot-plug    device behind the port 10421af4, presence 0, link active 0
#   native hot-plug  device behind the port 10421af4, presence 1, link active 1
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$here/unpack" "$work/7.2" bookworm qemu-system-x86=1:7.2+dfsg-7+deb12u18+b3
"$here/unpack" "$work/10.0" trixie qemu-system-x86=1:10.0.13+ds-0+deb13u1

PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$here python3 - "$work" <<'PYTHON'
import sys
from qtest import Machine

NATIVE = ("-global", "ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off")


def look(folder, *more):
    """(IDs of the function behind the port, presence, link active)"""
    with Machine(folder, "-device", "pcie-root-port,id=rp,addr=4,chassis=1,slot=1", "-blockdev",
                 "null-co,node-name=d,size=1048576", "-device",
                 "virtio-blk-pci,drive=d,bus=rp,disable-legacy=on", *more) as machine:
        port = 4 << 3
        machine.set_config(port, 0x18, 0x00010100)  # buses: primary 0, secondary 1, last 1
        at = machine.config(port, 0x34) & 0xFC
        while machine.config(port, at) & 0xFF != 0x10:  # PCI Express capability
            at = machine.config(port, at) >> 8 & 0xFC
        behind = machine.config(0, 0, bus=1)
        link, slot = (machine.config(port, at + offset) >> 16 for offset in (0x10, 0x18))
        return behind, slot >> 6 & 1, link >> 13 & 1


good = True
for name in ("7.2", "10.0"):
    for kind, more, wanted in (("acpi", (), 0), ("native", NATIVE, 1)):
        behind, presence, active = look(f"{sys.argv[1]}/{name}", *more)
        print(f"{name}, {kind} hot-plug: device behind the port {behind:08x}, "
              f"presence {presence}, link active {active}")
        good &= (behind, presence, active) == (0x10421AF4, wanted, wanted)
sys.exit(not good)
PYTHON
