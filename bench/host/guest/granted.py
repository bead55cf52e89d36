# SPDX-License-Identifier: MIT
"""What a run asked of its disks beside what they granted: ringbolt.granted of a result.

    [{"disk": "vda", "setting": "ring", "asked": "packed", "granted": "split"}]

One entry for each setting that the user gave a value and that is not the kernel's alone to obey,
and each disk of virtio's. Of the peer, whether the queues to poll are there.
"""


def _feature(name):
    return lambda disk: "on" if name in disk.get("features", "").split() else "off"


def _completion(disk):
    return "+".join(sorted({queue["completion"] for queue in disk["queues"]}))


# setting -> what a disk of the result made of it
_DISKS = {
    "ring": lambda disk: disk["ring"],
    "chain": lambda disk: disk["chain"],
    "interrupts": lambda disk: disk["interrupts"],
    "indirect": _feature("INDIRECT_DESC"),
    "event_idx": _feature("EVENT_IDX"),
    "queues": lambda disk: str(len(disk["queues"])),
    "queue_size": lambda disk: str(disk["queue_size"]),
    "completion": _completion,
}
_ANY = ("", "auto", "0")  # left to the device


def _of_peer(options, document):
    if options.guest == "linux-poll":
        for disk in document["ringbolt"]["devices"]:
            yield {"disk": disk["name"], "setting": "poll_queues", "asked": "on",
                   "granted": "on" if disk["polls"] else "off"}


def _of_ours(options, document):
    disks = [disk for disk in document["ringbolt"].get("devices", []) if "ring" in disk]
    for setting, read in _DISKS.items():
        asked = options.settings.value(setting, "")
        for disk in disks if asked not in _ANY else []:
            try:
                yield {"disk": disk["name"], "setting": setting, "asked": asked,
                       "granted": read(disk)}
            except KeyError:
                pass  # a kernel older than the question


def grants(options, document):
    return [*(_of_peer if options.is_peer() else _of_ours)(options, document)]


def refusal(document):
    """A line on what was not granted first, or None."""
    return next((f"{one['setting']}={one['asked']} was asked for, {one['disk']} has "
                 f"{one['granted']}" for one in document["ringbolt"]["granted"]
                 if one["asked"] != one["granted"]), None)
