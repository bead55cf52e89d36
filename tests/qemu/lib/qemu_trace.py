# SPDX-License-Identifier: MIT
"""What QEMU saw of a virtio disk: doorbells and interrupts per queue, from its trace."""

import re
from collections import Counter

EVENTS = ("virtio_queue_notify", "virtio_notify", "virtio_set_status")
_DOORBELL = re.compile(r"virtio_queue_notify vdev (\S+) n (\d+) vq (\S+)")
_INTERRUPT = re.compile(r"virtio_notify vdev (\S+) vq (\S+)")
_STATUS = re.compile(r"virtio_set_status vdev (\S+) val (\d+)")


def arguments(directory):
    """QEMU's arguments for a trace of one disk without ioeventfd: an event file swallows
    doorbells that arrive while it is being looked at, and they would not be counted."""
    events = directory / "events"
    events.write_text("".join(f"{event}\n" for event in EVENTS))
    return [f"--qemu-arg={word}" for word in (
        "-trace", f"events={events},file={directory / 'trace'}",
        "-global", "virtio-blk-pci.ioeventfd=off")]


def count(directory):
    """(doorbells, interrupts), each queue index -> count, since the driver's last reset."""
    doorbells, interrupts, index_of = Counter(), Counter(), {}
    for line in (directory / "trace").read_text().splitlines():
        status = _STATUS.search(line)
        if status and int(status[2]) == 0:
            # Firmware used the disk before; the last reset of all is the end of the run.
            if doorbells:
                ended = doorbells, interrupts
            doorbells, interrupts = Counter(), Counter()
        doorbell = _DOORBELL.search(line)
        if doorbell:
            index_of[doorbell[3]] = int(doorbell[2])
            doorbells[int(doorbell[2])] += 1
        interrupt = _INTERRUPT.search(line)
        if interrupt:
            interrupts[index_of[interrupt[2]]] += 1
    if not doorbells:
        doorbells, interrupts = ended
    return doorbells, interrupts
