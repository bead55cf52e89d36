#!/bin/sh
# SPDX-License-Identifier: MIT
# A guest that ends QEMU 7.2 by isa-debug-exit loses writes that its disk had completed.
#
# The device calls exit(): block nodes are not closed. A raw file has all that was written anyway;
# of qcow2 (and parallels) the tables that say where data lies are in QEMU's memory until the guest
# flushes, or the image is closed in order. A test that ends this way, and then looks at its image,
# finds nothing. QEMU 10.0 shuts down in order and keeps the data.
#
# Seen, of 65536 bytes written and completed, found in the image afterwards:
# 7.2.22: 0; 10.0.13: 65536
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

old=1:7.2+dfsg-7+deb12u18+b3 new=1:10.0.13+ds-0+deb13u1
"$here/unpack" "$work/7.2" bookworm qemu-system-x86=$old qemu-utils=$old
"$here/unpack" "$work/10.0" trixie qemu-system-x86=$new qemu-utils=$new

PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$here python3 - "$work" <<'PYTHON'
import subprocess
import sys
from qtest import INSIDE, Machine

WRITTEN = 65536


def tool(folder, *words):
    subprocess.run([INSIDE, folder, "/usr/bin/qemu-img", *words], check=True)


def found_after_exit(folder):
    """Bytes of the pattern that are in the image once QEMU has ended."""
    tool(folder, "create", "-q", "-f", "qcow2", "/tmp/disk", "1M")
    with Machine(folder, "-blockdev", "qcow2,node-name=d,file.driver=file,file.filename=/tmp/disk",
                 "-device", "virtio-blk-pci,drive=d,share-rw=on", "-device",
                 "isa-debug-exit,iobase=0xf4,iosize=4") as machine:
        answer = machine.qmp("human-monitor-command",
                             **{"command-line": f'qemu-io d "write -P 0x5a 0 {WRITTEN}"'})
        assert answer == {"return": ""}, answer
        machine.qemu.stdin.write("outl 0xf4 0\n")
        machine.qemu.stdin.flush()
        machine.qemu.wait(30)
    tool(folder, "convert", "-f", "qcow2", "-O", "raw", "/tmp/disk", "/tmp/raw")
    with open(f"{folder}/tmp/raw", "rb") as file:
        return file.read().count(0x5A)


good = True
for name, kept in (("7.2", 0), ("10.0", WRITTEN)):
    found = found_after_exit(f"{sys.argv[1]}/{name}")
    print(f"{name}: of {WRITTEN} bytes {found} found")
    good &= found == kept
sys.exit(not good)
PYTHON
