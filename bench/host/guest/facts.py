# SPDX-License-Identifier: MIT
"""What a figure has to name of the machine that it was measured on: the result's ringbolt.host."""

import hashlib
import os
import platform
import time

from host.guest.version import version


def cpu_model():
    """Of the host's first CPU."""
    with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:
        for line in file:
            key, _, value = line.partition(":")
            if key.strip() == "model name":
                return value.strip()
    return platform.machine()


def _firmware(path):
    """PVH takes what QEMU brings; OVMF's image tells its version to nobody outside."""
    if path is None:
        return "SeaBIOS of this QEMU"
    with open(path, "rb") as file:
        return f"{path}, sha256 {hashlib.file_digest(file, 'sha256').hexdigest()[:16]}"


def software(document):
    """What ran, of a result."""
    ringbolt = document["ringbolt"]
    if "peer" in ringbolt:
        return f"Linux {ringbolt['peer'].get('kernel', '?')}, {document.get('fio version', 'fio')}"
    return f"Ringbolt {ringbolt.get('version', '?')} ({ringbolt.get('commit', '?')})"


def host_facts(options, qemu, accelerator, placement, guest):
    """`qemu`: what it says of itself; `guest`: one that has ended."""
    return {
        "guest": options.guest, "placement": placement.describe(), "accel": accelerator,
        "qemu": qemu, "command": guest.command, "boot": options.boot, "machine": options.machine,
        "firmware": _firmware(guest.files.firmware),
        "cores": len(os.sched_getaffinity(0)), "cpu": cpu_model(),
        "kernel": f"{os.uname().sysname} {os.uname().release}",
        "tool": " ".join(version()), "date": time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime()),
        "load": guest.watch.report()}
