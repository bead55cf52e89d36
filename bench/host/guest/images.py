# SPDX-License-Identifier: MIT
"""The files behind disks: what is given is looked at before anything could harm it.

Written as if it were raw, an image of another format loses its header and with it all that it
holds. So a file that says what it is by its magic is taken for raw only where format=raw is
said; format=qcow2 and the like have QEMU open it as what it is.
"""

import os

from host.base.errors import UsageError
from host.guest.disk import FORMATS

_SECTOR = 512
# (what it is, where: bytes from the begin, or from the end if negative, magic)
_MAGICS = (
    ("qcow2", 0, b"QFI\xfb\0\0\0\2"), ("qcow2", 0, b"QFI\xfb\0\0\0\3"),
    ("qcow", 0, b"QFI\xfb\0\0\0\1"),
    ("vmdk", 0, b"KDMV"), ("vmdk", 0, b"COWD"), ("vmdk", 0, b"# Disk DescriptorFile"),
    ("vhdx", 0, b"vhdxfile"),
    ("vpc", 0, b"conectix"), ("vpc", -_SECTOR, b"conectix"),  # a fixed one has a footer only
    ("vdi", 64, b"\x7f\x10\xda\xbe"),
    ("qed", 0, b"QED\0"),
    ("parallels", 0, b"WithoutFreeSpace"), ("parallels", 0, b"WithouFreSpacExt"),
    ("bochs", 0, b"Bochs Virtual HD Image"),
    ("cloop", 0, b"#!/bin/sh\n#V2.0 Format\nmodprobe cloop"),
    ("dmg", -_SECTOR, b"koly"),
    ("LUKS", 0, b"LUKS\xba\xbe"),
    ("gzip", 0, b"\x1f\x8b\x08"), ("xz", 0, b"\xfd7zXZ\0"), ("zstd", 0, b"\x28\xb5\x2f\xfd"),
    ("bzip2", 0, b"BZh"), ("zip", 0, b"PK\3\4"), ("7z", 0, b"7z\xbc\xaf\x27\x1c"),
)


def _kind(path):
    """What a file says it is, None if nothing: of QEMU's formats, by QEMU's name."""
    with open(path, "rb") as file:
        head = file.read(_SECTOR)
        file.seek(max(0, os.path.getsize(path) - _SECTOR))
        tail = file.read(_SECTOR)
    for kind, place, magic in _MAGICS:
        if (head[place:] if place >= 0 else tail[place:]).startswith(magic):
            return kind
    return None


def _check_format(disk, complain):
    kind = _kind(disk.path)
    if kind in (None, disk.format) or disk.format == "raw":
        return
    if disk.format:
        complain(f"is {kind} by its magic, not {disk.format}")
    way = f"format={kind} opens it, " if kind in FORMATS else ""
    complain(f"is {kind} by its magic, not raw: {way}format=raw takes it as it is, header and all")


def _check_size(disk, complain):
    size = os.path.getsize(disk.path)
    if size == 0:
        complain("is empty" + ("; where there is no file, size= makes one"
                               if disk.backend == "file" else ""))
    if disk.size is not None and size != disk.size:
        complain(f"exists and has {size} bytes; leave size= out")
    if disk.format in (None, "raw") and size % disk.logical:
        complain(f"has {size} bytes, which is no multiple of {disk.logical}")


def _check_image(disk):
    def complain(reason):
        raise UsageError(f"--disk {disk.spec}: {disk.path}: {reason}")

    if not os.path.exists(disk.path):
        if disk.size is None or disk.backend != "file":
            complain("no such file" + (" (size= creates it)" if disk.backend == "file" else ""))
        return
    mode = os.R_OK if disk.read_only else os.R_OK | os.W_OK
    if not os.path.isfile(disk.path) or not os.access(disk.path, mode):
        complain("not a readable file" if disk.read_only else "not a writable file")
    _check_format(disk, complain)
    _check_size(disk, complain)


def check_images(disks):
    """All that must exist does, is what it is taken for, and is not to be made anew."""
    for disk in disks:
        if disk.path is not None and disk.backend != "nbd":
            _check_image(disk)


def create_images(disks, undo):
    """Sparse files for the disks that name a size and do not exist; `undo`, an ExitStack, takes
    them away again."""
    for disk in disks:
        if disk.backend != "file" or os.path.exists(disk.path):
            continue
        try:
            with open(disk.path, "xb") as file:
                undo.callback(os.unlink, disk.path)
                file.truncate(disk.size)
        except OSError as error:
            raise UsageError(f"--disk {disk.spec}: {disk.path}: {error.strerror}") from None
