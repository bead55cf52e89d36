# SPDX-License-Identifier: MIT
"""What a disk was told, in order: QEMU writes it down (blklogwrites, the format of Linux's
dm-log-writes)."""

import struct

SECTOR = 512
FLUSH, FUA, DISCARD = 1, 2, 4


def node(image, log):
    """A -blockdev without its name: the image, and behind it the log, which is made anew."""
    log.write_bytes(b"")
    return (f"driver=blklogwrites,file.driver=file,file.filename={image},"
            f"log.driver=file,log.filename={log}")


def entries(log):
    """(offset, length, flags) of each write, discard and flush.

    How many there are stands in the first sector, which QEMU writes with a flush only; so they
    are read on to the end of the file."""
    data = log.read_bytes()
    found, at = [], SECTOR
    while at < len(data):
        sector, sectors, flags = struct.unpack_from("<3Q", data, at)
        found.append((sector * SECTOR, sectors * SECTOR, flags))
        at += SECTOR + (0 if flags & DISCARD else sectors * SECTOR)
    assert not found or at == len(data), "cut off"
    return found


def letters(log):
    """The same as a word: w, d, and F for a flush. QEMU keeps a flush to itself when nothing was
    written since the one before."""
    return "".join("F" if flags & FLUSH else "d" if flags & DISCARD else "w"
                   for _, _, flags in entries(log))
