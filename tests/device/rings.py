# SPDX-License-Identifier: MIT
"""The device's side of virtqueues (virtio 1.2, 2.7 split, 2.8 packed).

take() returns the next chain that the driver made available, or None; put() gives a used element
back. Both work on memory alone: whom to call, and when, is device.py's.
"""

from dataclasses import dataclass, field

from memory import fence

DESC_NEXT, DESC_WRITE, DESC_INDIRECT = 1, 2, 4
PACKED_AVAIL, PACKED_USED = 1 << 7, 1 << 15
EVENT_DISABLE, EVENT_DESC = 1, 2  # packed, 2.8.14
CHAIN_MOST = 1024


@dataclass
class Chain:
    """What a driver asks for. Segments: (place, length in bytes)."""

    id: int  # split: of the first descriptor; packed: the buffer's
    readable: list = field(default_factory=list)
    writable: list = field(default_factory=list)
    slots: int = 1  # packed: descriptors of the ring that it takes

    def add(self, memory, address, length_bytes, flags):
        side = self.writable if flags & DESC_WRITE else self.readable
        side.append((memory.place(address, length_bytes), length_bytes))


def descriptor(place, at):
    """(address, length in bytes, 16 bits, 16 bits)"""
    return place.load(8, at), place.load(4, at + 8), place.load(2, at + 12), place.load(2, at + 14)


class Split:
    """Where: Place of the descriptors, the available ring, the used ring."""

    def __init__(self, memory, size, descriptors, available, used, event_idx):
        self.memory, self.size, self.event_idx = memory, size, event_idx
        self.descriptors, self.available, self.used = descriptors, available, used
        self.next_available = self.used_index = 0

    def base(self):
        return self.next_available

    def set_base(self, base):
        self.next_available = self.used_index = base & 0xffff

    def is_empty(self):
        return self.available.load(2, 2) == self.next_available & 0xffff

    def ask_for_kicks(self):
        if self.event_idx:
            self.used.store(2, self.next_available, 4 + 8 * self.size)  # avail_event
        fence()

    def take(self):
        if self.is_empty():
            return None
        head = self.available.load(2, 4 + 2 * (self.next_available % self.size))
        self.next_available = (self.next_available + 1) & 0xffff
        chain, table, at = Chain(head), self.descriptors, head
        for _ in range(CHAIN_MOST):
            address, length_bytes, flags, following = descriptor(table, 16 * at)
            if flags & DESC_INDIRECT:
                table, at = self.memory.place(address, length_bytes), 0
                continue
            chain.add(self.memory, address, length_bytes, flags)
            if not flags & DESC_NEXT:
                return chain
            at = following
        raise ValueError(f"the chain that begins at descriptor {head} does not end")

    def put(self, chain, written_bytes, jump=0, times=1):
        """jump: how much further than it should the index goes. times: seen all at once."""
        before = self.used_index
        for index in range(before, before + times):
            at = 4 + 8 * (index % self.size)
            self.used.store(4, chain.id, at)
            self.used.store(4, written_bytes, at + 4)
        self.used_index = (before + times + jump) & 0xffff
        self.used.store(2, self.used_index, 2)
        fence()
        return self._wants_signal(before)

    def _wants_signal(self, before):
        if not self.event_idx:
            return not self.available.load(2) & 1
        event = self.available.load(2, 4 + 2 * self.size)  # used_event
        return (self.used_index - event - 1) & 0xffff < (self.used_index - before) & 0xffff


class Packed:
    """Where: Place of the ring, the driver's and the device's event suppression."""

    def __init__(self, memory, size, ring, driver_event, device_event, event_idx):
        self.memory, self.size, self.event_idx = memory, size, event_idx
        self.ring, self.driver_event, self.device_event = ring, driver_event, device_event
        self.set_base(1 << 15)

    def base(self):
        return self.next_available | self.wrap << 15

    def set_base(self, base):
        self.next_available = self.next_used = base & 0x7fff
        self.wrap = self.used_wrap = base >> 15 & 1

    def is_empty(self):
        flags = self.ring.load(2, 16 * self.next_available + 14)
        available, used = bool(flags & PACKED_AVAIL), bool(flags & PACKED_USED)
        return available == used or available != bool(self.wrap)

    def ask_for_kicks(self):
        self.device_event.store(2, 0, 2)  # enabled
        fence()

    def _step(self):
        self.next_available += 1
        if self.next_available == self.size:
            self.next_available, self.wrap = 0, self.wrap ^ 1

    def take(self):
        if self.is_empty():
            return None
        chain = Chain(0, slots=0)
        while chain.slots < self.size:
            address, length_bytes, chain.id, flags = descriptor(self.ring,
                                                                16 * self.next_available)
            chain.slots += 1
            self._step()
            if flags & DESC_INDIRECT:
                table = self.memory.place(address, length_bytes)
                for at in range(0, length_bytes, 16):
                    address, length, _, inner = descriptor(table, at)
                    chain.add(self.memory, address, length, inner)
            else:
                chain.add(self.memory, address, length_bytes, flags)
            if not flags & DESC_NEXT:
                return chain
        raise ValueError("a chain takes more than the ring")

    def put(self, chain, written_bytes, jump=0, times=1):
        """jump: how many descriptors further the element is than it should be. times: seen all at
        once, as the first is written last."""
        before, wrap, places = self.next_used, self.used_wrap, []
        for _ in range(times):
            places.append((self.next_used + jump, self.used_wrap))
            self.next_used += chain.slots
            if self.next_used >= self.size:
                self.next_used, self.used_wrap = self.next_used - self.size, self.used_wrap ^ 1
        for place, used_wrap in reversed(places):
            at, flags = 16 * (place % self.size), PACKED_AVAIL | PACKED_USED if used_wrap else 0
            self.ring.store(4, written_bytes, at + 8)
            self.ring.store(2, chain.id, at + 12)
            self.ring.store(2, flags | (DESC_WRITE if written_bytes else 0), at + 14)
        fence()
        return self._wants_signal(before, wrap, chain.slots * times)

    def _wants_signal(self, before, wrap, slots):
        flags = self.driver_event.load(2, 2) & 3
        if flags != EVENT_DESC:
            return flags != EVENT_DISABLE
        offset = self.driver_event.load(2, 0)
        ahead = (offset & 0x7fff) - before + (self.size if offset >> 15 != wrap else 0)
        return 0 <= ahead < slots
