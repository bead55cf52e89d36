#!/bin/sh
# SPDX-License-Identifier: MIT
# The vhost-user-blk export of qemu-storage-daemon says that its cache writes through; it does not.
#
# It offers VIRTIO_BLK_F_FLUSH and VIRTIO_BLK_F_CONFIG_WCE, and its byte "writeback" (virtio 1.2, 5.2.4)
# is 0, which means write-through, whether the export was made with writethrough=on or with
# writethrough=off, the default, where nothing but a flush makes a write durable. A driver that goes by
# the byte, as the standard lets it, flushes never: Linux's virtio_blk shows "write through" in
# queue/write_cache, and its fsync() sends nothing. The disks of QEMU itself show 1.
#
# Seen, 7.2 and 10.0 alike (and 11.1.3):
#   writethrough=off: offers FLUSH and CONFIG_WCE, writeback 0
#   writethrough=on: offers FLUSH and CONFIG_WCE, writeback 0
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$here/unpack" "$work/old" bookworm qemu-system-common=1:7.2+dfsg-7+deb12u18+b3
"$here/unpack" "$work/new" trixie qemu-utils=1:10.0.13+ds-0+deb13u1

python3 - "$here" "$work" <<'PYTHON'
import os, socket, struct, subprocess, sys, time

FLUSH, CONFIG_WCE, WRITEBACK_AT = 1 << 9, 1 << 11, 32
GET_FEATURES, SET_OWNER, GET_PROTOCOL, SET_PROTOCOL, GET_CONFIG = 1, 3, 15, 16, 24
PROTOCOL_FEATURES, PROTOCOL_CONFIG = 1 << 30, 1 << 9


def say(channel, request, payload=b""):
    channel.sendall(struct.pack("<3I", request, 1, len(payload)) + payload)


def ask(channel, request, payload=b""):
    say(channel, request, payload)
    _, _, length = struct.unpack("<3I", channel.recv(12, socket.MSG_WAITALL))
    return channel.recv(length, socket.MSG_WAITALL)


def shown(here, folder, writethrough):
    daemon = subprocess.Popen([
        f"{here}/inside", folder, "/usr/bin/qemu-storage-daemon", "--blockdev",
        "null-co,node-name=d,size=1048576", "--export", "vhost-user-blk,id=e,node-name=d,"
        f"writable=on,writethrough={writethrough},addr.type=unix,addr.path=/tmp/s"])
    try:
        while not os.path.exists(f"{folder}/tmp/s"):
            assert daemon.poll() is None
            time.sleep(.05)
        with socket.socket(socket.AF_UNIX) as channel:
            channel.connect(f"{folder}/tmp/s")
            say(channel, SET_OWNER)
            features, = struct.unpack("<Q", ask(channel, GET_FEATURES))
            protocol, = struct.unpack("<Q", ask(channel, GET_PROTOCOL))
            assert features & PROTOCOL_FEATURES and protocol & PROTOCOL_CONFIG
            say(channel, SET_PROTOCOL, struct.pack("<Q", PROTOCOL_CONFIG))
            config = ask(channel, GET_CONFIG, struct.pack("<3I", 0, 60, 0) + bytes(60))[12:]
    finally:
        daemon.terminate()
        daemon.wait()
    return bool(features & FLUSH), bool(features & CONFIG_WCE), config[WRITEBACK_AT]


here, work = sys.argv[1:]
seen = {(name, mode): shown(here, f"{work}/{name}", mode)
        for name in ("old", "new") for mode in ("off", "on")}
for (name, mode), (flush, wce, writeback) in seen.items():
    print(f"{name}: writethrough={mode}: FLUSH {flush}, CONFIG_WCE {wce}, writeback {writeback}")
sys.exit(set(seen.values()) != {(True, True, 0)})
PYTHON
