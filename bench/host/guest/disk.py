# SPDX-License-Identifier: MIT
"""The language of --disk: `key=value,...` into a Disk, everything checked.

Nothing here touches the file system: images.py looks at the files and creates them.
"""

from dataclasses import dataclass
from typing import Optional

from host.base import values
from host.base.errors import UsageError

DISKS_MAX = 26  # /dev/vda to /dev/vdz
DEFAULT_SIZE = 8 << 30
DEFAULT_SPEC = "backend=null"
# By QEMU's names, what it opens without a key or other words.
FORMATS = ("raw", "qcow2", "vmdk", "vhdx", "vpc", "vdi", "qed", "parallels", "qcow", "bochs",
           "cloop", "dmg")


@dataclass(frozen=True)
class Disk:
    """One disk as asked for; None stands for "as the machine chooses"."""

    spec: str
    backend: str
    path: Optional[str] = None
    format: Optional[str] = None  # of the file; None: raw, if nothing in it says otherwise
    socket: Optional[str] = None  # of a vhost-user daemon that runs already
    size: Optional[int] = None  # bytes
    queues: Optional[int] = None
    queue_size: Optional[int] = None
    vectors: Optional[int] = None
    iothread: Optional[bool] = None
    read_only: bool = False
    serial: Optional[str] = None
    logical: int = 512  # bytes per logical block
    packed: bool = False
    event_idx: bool = True
    indirect: bool = True
    discard: bool = True
    write_zeroes: bool = True
    latency_ns: int = 0
    aio: str = "threads"
    bus: str = "root"

    def is_image(self):
        """QEMU has to be ended in order: it holds back what says where data lies."""
        return self.format not in (None, "raw")


def queue_size_default(disk):
    """Entries of a ring where the SPEC does not say, as QEMU has them."""
    return 128 if disk.backend == "vhost-user" else 256


def _serial(word):
    if not 1 <= len(word) <= 20 or not word.isascii() or not word.isprintable():
        raise ValueError("must be 1 to 20 printable ASCII characters")
    return word


# SPEC key -> (field of Disk, reader)
_KEYS = {
    "backend": ("backend", values.choice("null", "file", "nbd", "vhost-user")),
    "path": ("path", values.text),
    "format": ("format", values.choice(*FORMATS)),
    "socket": ("socket", values.text),
    "size": ("size", values.size),
    "queues": ("queues", values.integer(1, 256)),
    "queue-size": ("queue_size", values.power_of_two(4, 1024)),
    "vectors": ("vectors", values.integer(0, 2048)),
    "iothread": ("iothread", values.switch),
    "ro": ("read_only", values.switch),
    "serial": ("serial", _serial),
    "logical": ("logical", lambda word: int(values.choice("512", "4096")(word))),
    "packed": ("packed", values.switch),
    "event-idx": ("event_idx", values.switch),
    "indirect": ("indirect", values.switch),
    "discard": ("discard", values.switch),
    "write-zeroes": ("write_zeroes", values.switch),
    "latency-ns": ("latency_ns", values.integer(0, 10**12)),
    "aio": ("aio", values.choice("threads", "io_uring")),
    "bus": ("bus", values.choice("root", "pcie-root-port", "pci-bridge")),
}

# Keys that say nothing to a backend are refused there rather than dropped.
_NOT_FOR = {
    "null": {"path", "format", "aio", "socket"},
    "file": {"latency-ns", "socket"},
    "nbd": {"format", "size", "latency-ns", "aio", "socket"},
    "vhost-user": {"iothread", "serial", "latency-ns", "aio", "discard", "write-zeroes"},
}
# Keys that our own vhost-user daemon is started with, and another one was.
_NOT_FOR_SOCKET = {"path", "format", "size", "logical", "ro"}


def _split(spec):
    """The words of a SPEC as a dict; each key known and given once."""
    words = {}
    for word in spec.split(","):
        key, equals, value = word.partition("=")
        if not equals:
            raise UsageError(f'--disk {spec}: "{word}" is not key=value')
        if key not in _KEYS:
            raise UsageError(f'--disk {spec}: unknown key "{key}"'
                             + values.suggestion(key, _KEYS))
        if key in words:
            raise UsageError(f'--disk {spec}: key "{key}" is given twice')
        words[key] = value
    return words


def parse_disk(spec):
    """SPEC -> Disk, or UsageError naming the key."""
    words = _split(spec)
    fields = {}
    for key, word in words.items():
        field, read = _KEYS[key]
        try:
            fields[field] = read(word)
        except ValueError as error:
            raise UsageError(f"--disk {spec}: {key}={word}: {error}") from None
    if "backend" not in fields:
        raise UsageError(f"--disk {spec}: backend= is missing (null, file, nbd, vhost-user)")
    backend = fields["backend"]
    for key in words:
        if key in _NOT_FOR[backend]:
            raise UsageError(f"--disk {spec}: {key}= does not apply to backend={backend}")
        if "socket" in words and key in _NOT_FOR_SOCKET:
            raise UsageError(f"--disk {spec}: {key}= does not apply to a daemon at socket=")
    if backend in ("file", "nbd") and "path" not in fields:
        raise UsageError(f"--disk {spec}: backend={backend} needs path=")
    if "format" in fields and "path" not in fields:
        raise UsageError(f"--disk {spec}: format= needs path=")
    if fields.get("format", "raw") != "raw" and "size" in fields:
        raise UsageError(f"--disk {spec}: size= is of raw files; an image knows its own")
    if backend == "vhost-user" and "path" in fields and "size" in fields:
        raise UsageError(f"--disk {spec}: size= does not apply to an existing path=")
    if backend != "nbd" and fields.get("size", 0) % fields.get("logical", 512):
        raise UsageError(f"--disk {spec}: size={words['size']}: not a multiple of logical=")
    return Disk(spec=spec, **fields)


def _check_order(disks):
    """The guest walks bus by bus, so it would name a later disk of the root bus first."""
    bridged = None
    for disk in disks:
        if disk.bus != "root":
            bridged = disk
        elif bridged:
            raise UsageError(f"--disk {disk.spec}: disks on the root bus have to be named "
                             f"before --disk {bridged.spec}")


def parse_disks(specs, machine):
    """All --disk options of a run; what they need of each other and of the machine."""
    disks = [parse_disk(spec) for spec in specs]
    if len(disks) > DISKS_MAX:
        raise UsageError(f"--disk: {len(disks)} disks, at most {DISKS_MAX} are possible")
    for disk in disks:
        if disk.bus == "pcie-root-port" and machine != "q35":
            raise UsageError(f"--disk {disk.spec}: bus=pcie-root-port needs --machine q35")
    _check_order(disks)
    return disks
