# SPDX-License-Identifier: MIT
"""The guest's memory as a vhost-user device sees it: regions of files that QEMU hands over.

Fields of rings are read and written whole, as one access of their size: another CPU looks at them
meanwhile. struct would do that byte by byte.
"""

import mmap
import os
import threading

_barrier = threading.Lock()


def fence():
    """What is stored before it is seen before what is loaded after it is: by a locked access."""
    with _barrier:
        pass


class Region:
    def __init__(self, guest, size_bytes, user, offset_bytes, fd):
        self.guest, self.size_bytes = guest, size_bytes
        self.user, self.offset_bytes = user, offset_bytes
        self.map = mmap.mmap(fd, offset_bytes + size_bytes)
        os.close(fd)
        whole = memoryview(self.map)
        self.bytes = whole
        self.sized = {size: whole[:len(whole) // size * size].cast(code)
                      for size, code in ((2, "H"), (4, "I"), (8, "Q"))}


class Memory:
    """Addresses are the guest's, or QEMU's own where a name says `user`."""

    def __init__(self):
        self.regions = []

    def set_regions(self, regions):
        """Old maps stay until nobody refers to them: a device that writes late needs them."""
        self.regions = regions

    def user_place(self, address):
        for region in self.regions:
            if 0 <= address - region.user < region.size_bytes:
                return Place(region, region.offset_bytes + address - region.user)
        raise LookupError(f"QEMU's address {address:#x} is in no region")

    def place(self, address, length_bytes):
        for region in self.regions:
            begin = address - region.guest
            if 0 <= begin and begin + length_bytes <= region.size_bytes:
                return Place(region, region.offset_bytes + begin)
        raise LookupError(f"the guest's {length_bytes} bytes at {address:#x} are in no region")


class Place:
    """Somewhere in the guest's memory."""

    def __init__(self, region, offset_bytes):
        self.region, self.offset_bytes = region, offset_bytes

    def load(self, size, at=0):
        return self.region.sized[size][(self.offset_bytes + at) // size]

    def store(self, size, value, at=0):
        self.region.sized[size][(self.offset_bytes + at) // size] = value % (1 << 8 * size)

    def store_byte(self, at, value):
        self.region.bytes[self.offset_bytes + at] = value % 256

    def read(self, length_bytes):
        return bytes(self.region.bytes[self.offset_bytes:self.offset_bytes + length_bytes])

    def write(self, data):
        self.region.bytes[self.offset_bytes:self.offset_bytes + len(data)] = data
