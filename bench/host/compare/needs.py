# SPDX-License-Identifier: MIT
"""What settings need of the disks that they are tried on: `compare` gives it to them.

A ring is packed only where the device has packed rings, none is larger and no queue more than it
has. A SPEC that already says otherwise is the user's: then the two contradict each other.
"""

from host.base.errors import UsageError
from host.guest.disk import parse_disk, queue_size_default

_QUEUE_SIZE_MAX = 1024
# setting's value -> key of a SPEC and its value
_SWITCHES = {("ring", "packed"): ("packed", "on"), ("chain", "indirect"): ("indirect", "on"),
             ("indirect", "on"): ("indirect", "on"), ("event_idx", "on"): ("event-idx", "on")}


def _number(settings, key):
    """The setting's value; 0 where it is not set, or wrong, which the kernel will say."""
    value = settings.value(key, "0")
    return int(value) if value.isdecimal() else 0


def _sizes(settings, disk, smp):
    """(setting, key of a SPEC, what the disk has, what it has to have)"""
    queues, entries = _number(settings, "queues"), _number(settings, "queue_size")
    if entries > _QUEUE_SIZE_MAX:
        raise UsageError(f"queue_size={entries}: a ring of QEMU's disks has {_QUEUE_SIZE_MAX} "
                         "entries at most")
    yield "queues", "queues", disk.queues or smp, queues
    yield ("queue_size", "queue-size", disk.queue_size or queue_size_default(disk),
           1 << max(0, entries - 1).bit_length())


def _needed(settings, disk, smp):
    """[(setting, key of a SPEC, its value)]"""
    found = [(setting, *need) for (setting, value), need in _SWITCHES.items()
             if settings.value(setting, "") == value]
    return found + [(setting, key, str(need)) for setting, key, has, need
                    in _sizes(settings, disk, smp) if need > has]


def needs(spec, settings, smp):
    """Words of a SPEC that the settings need and it has not."""
    disk = parse_disk(spec)
    said = dict(word.split("=", 1) for word in spec.split(","))
    found = {}
    for setting, key, value in _needed(settings, disk, smp):
        if said.get(key, value) != value:
            raise UsageError(f"--disk {spec}: {key}={said[key]} contradicts "
                             f"{setting}={settings.value(setting, '')}")
        if key not in said:
            found[key] = f"{key}={value}"
    return [*found.values()]


def check_cpus(settings, smp):
    if _number(settings, "cpus") > smp:
        raise UsageError(f"cpus={settings.value('cpus', '')}: the machine has {smp}; use --smp")
