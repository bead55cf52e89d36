# SPDX-License-Identifier: MIT
"""A block device behind vhost-user that does wrong what a script says (script.py), with a book.

One thread: it waits for messages of QEMU, for doorbells and for the moments of what it holds back.
"""

import heapq
import os
import selectors
import struct
import time
from dataclasses import dataclass

import rings
from vhost_user import BackEnd

SECTOR = 512
F_SEG_MAX, F_BLK_SIZE, F_FLUSH, F_MQ = 1 << 2, 1 << 6, 1 << 9, 1 << 12
F_DISCARD, F_WRITE_ZEROES = 1 << 13, 1 << 14
F_INDIRECT_DESC, F_EVENT_IDX, F_VERSION_1, F_RING_PACKED = 1 << 28, 1 << 29, 1 << 32, 1 << 34
T_IN, T_OUT, T_FLUSH, T_GET_ID, T_DISCARD, T_WRITE_ZEROES = 0, 1, 4, 8, 11, 13
S_OK, S_IOERR, S_UNSUPP = 0, 1, 2
TYPES = {T_IN: "read", T_OUT: "write", T_FLUSH: "flush", T_GET_ID: "id", T_DISCARD: "discard",
         T_WRITE_ZEROES: "zeroes"}
SEGMENTS_MOST = 126
RANGE = struct.Struct("<QII")  # of a discard or of zeroes, 5.2.6
AFTER_STOP_S = 0.02  # by then a driver that resets has set its rings up again


class Vring:
    """A queue as QEMU set it up; `ring` while it runs."""

    def __init__(self, number):
        self.number, self.size, self.base, self.user = number, 0, 0, (0, 0, 0)
        self.kick = self.call = self.ring = None
        self.enabled = self.deaf = False
        self.taken = self.kicks = self.signals = 0
        self.reversed, self.reverse_left = [], 0

    def replace_call(self, fd):
        if self.call is not None:
            os.close(self.call)
        self.call = fd

    def signal(self):
        self.signals += 1
        if self.call is not None:
            os.eventfd_write(self.call, 1)


@dataclass
class Request:
    number: int
    vring: Vring
    ring: object  # the ring that it came by, which may have been stopped since
    chain: rings.Chain
    type: int
    sector: int
    entry: dict  # of the book

    def writable_bytes(self):
        return sum(length for _, length in self.chain.writable)


class Device:
    def __init__(self, size_bytes, queue_count, rules, packed, disk=None):
        """disk: a writable buffer of size_bytes, zeroes if None."""
        self.disk = memoryview(disk if disk is not None else bytearray(size_bytes))
        self.queue_count, self.rules = queue_count, rules
        self.vrings = [Vring(number) for number in range(queue_count)]
        self.features = (F_VERSION_1 | F_EVENT_IDX | F_INDIRECT_DESC | F_SEG_MAX | F_BLK_SIZE
                         | F_FLUSH | F_MQ | F_DISCARD | F_WRITE_ZEROES
                         | (F_RING_PACKED if packed else 0))
        self.selector = selectors.DefaultSelector()
        self.due, self.order = [], 0  # (when, order, what to do)
        self.after_stop = []  # (ring, what to do)
        self.book, self.stops = [], 0
        self.back_end = None

    def config(self):
        """struct virtio_blk_config, 5.2.4"""
        sectors = len(self.disk) // SECTOR
        return struct.pack("<QIIHBBIBBHIBBHIIIIIB3x", sectors, 0, SEGMENTS_MOST, 0, 0, 0, SECTOR,
                           0, 0, 0, 0, 0, 0, self.queue_count, sectors, 1, 1, sectors, 1, 1)

    # What QEMU says of the queues.

    def vring_start(self, vring, kick):
        packed = self.back_end.features & F_RING_PACKED
        event_idx = bool(self.back_end.features & F_EVENT_IDX)
        kind = rings.Packed if packed else rings.Split
        places = [self.back_end.memory.user_place(address) for address in vring.user]
        vring.ring = kind(self.back_end.memory, vring.size, *places, event_idx)
        vring.ring.set_base(vring.base)
        vring.deaf, vring.kick = False, kick
        if kick is not None:
            self.selector.register(kick, selectors.EVENT_READ, lambda: self.kicked(vring))
        self.look(vring)

    def vring_enable(self, index, value):
        self.vrings[index].enabled = bool(value)
        self.look(self.vrings[index])

    def vring_stop(self, index):
        """The base to go on from."""
        vring = self.vrings[index]
        ring, vring.ring = vring.ring, None
        if vring.kick is not None:
            self.selector.unregister(vring.kick)
            os.close(vring.kick)
            vring.kick = None
        if ring is None:
            return vring.base
        self.stops += 1
        for act in [act for of, act in self.after_stop if of is ring]:
            self.later(AFTER_STOP_S, act)
        self.after_stop = [(of, act) for of, act in self.after_stop if of is not ring]
        return ring.base()

    def status(self, value):
        """Reset is what vring_stop() makes of it."""

    # What the driver says.

    def kicked(self, vring):
        os.eventfd_read(vring.kick)
        vring.kicks += 1
        vring.deaf = False
        self.look(vring)

    def look(self, vring):
        while vring.ring and vring.enabled and not vring.deaf:
            chain = vring.ring.take()
            if chain:
                self.taken(vring, chain)
                continue
            vring.ring.ask_for_kicks()
            if vring.ring.is_empty():
                return

    def taken(self, vring, chain):
        head = b"".join(place.read(length) for place, length in chain.readable)[:16]
        kind, _, sector = struct.unpack("<IIQ", head.ljust(16, b"\0"))
        vring.taken += 1
        entry = {"number": len(self.book) + 1, "queue": vring.number,
                 "type": TYPES.get(kind, str(kind)), "sector": sector, "answers": 0,
                 "wrong": []}
        self.book.append(entry)
        request = Request(entry["number"], vring, vring.ring, chain, kind, sector, entry)
        rules = {rule.action: rule.number for rule in self.rules
                 if rule.is_met(vring.number, request.number, vring.taken)}
        entry["wrong"] = sorted(rules)
        self.misbehave(request, rules)

    def misbehave(self, request, rules):
        vring = request.vring
        if "die" in rules:
            os._exit(0)
        if "lose doorbell" in rules:
            vring.deaf = True
        if "write after reset" in rules:
            self.after_stop.append((request.ring, lambda: self.transfer(request)))
        if "reverse" in rules:
            vring.reverse_left = rules["reverse"]
        if "swallow" in rules:
            return
        if "hold until reset" in rules:
            self.after_stop.append((request.ring, lambda: self.answer(request, rules)))
        elif "hold" in rules:
            self.later(rules["hold"] / 1000, lambda: self.answer(request, rules))
        elif vring.reverse_left:
            vring.reversed.append((request, rules))
            vring.reverse_left -= 1
            while not vring.reverse_left and vring.reversed:
                self.answer(*vring.reversed.pop())
        else:
            self.answer(request, rules)

    # What it does and answers.

    def answer(self, request, rules):
        written = 1
        status = rules.get("status")
        if status is None:
            status, written = self.transfer(request)
        place, length = request.chain.writable[-1]
        place.store_byte(length - 1, status)
        written = rules.get("length", written)
        request.chain.id += rules.get("wrong id", 0)
        times = 2 if "twice" in rules else 1
        due = request.ring.put(request.chain, written, rules.get("jump", 0), times)
        request.entry["answers"] += times
        request.entry["status"] = status
        if due and "lose interrupt" not in rules:
            request.vring.signal()
        if "extra interrupt" in rules:
            request.vring.signal()

    def transfer(self, request):
        """(status, bytes written into the guest's memory)"""
        begin = request.sector * SECTOR
        if request.type == T_IN:
            length = request.writable_bytes() - 1
            if begin + length > len(self.disk):
                return S_IOERR, 1
            self.scatter(request.chain.writable, self.disk[begin:begin + length])
            return S_OK, length + 1
        data = b"".join(place.read(length) for place, length in request.chain.readable)[16:]
        if request.type == T_OUT:
            if begin + len(data) > len(self.disk):
                return S_IOERR, 1
            self.disk[begin:begin + len(data)] = data
            return S_OK, 1
        if request.type in (T_DISCARD, T_WRITE_ZEROES):
            for sector, count, _ in RANGE.iter_unpack(data[:len(data) // 16 * 16]):
                first, end = sector * SECTOR, (sector + count) * SECTOR
                if end > len(self.disk):
                    return S_IOERR, 1
                self.disk[first:end] = bytes(end - first)
            return S_OK, 1
        if request.type == T_GET_ID:
            self.scatter(request.chain.writable, b"faulty".ljust(20, b"\0"))
            return S_OK, 21
        return (S_OK if request.type == T_FLUSH else S_UNSUPP), 1

    @staticmethod
    def scatter(segments, data):
        at = 0
        for place, length in segments:
            place.write(data[at:at + length])
            at += length

    # Time.

    def later(self, seconds, act):
        self.order += 1
        heapq.heappush(self.due, (time.monotonic() + seconds, self.order, act))

    def serve(self, connection):
        """Until QEMU closes the connection."""
        self.back_end = BackEnd(connection, self)
        self.selector.register(connection, selectors.EVENT_READ, self.back_end.message)
        while True:
            wait_s = max(0, self.due[0][0] - time.monotonic()) if self.due else None
            for key, _ in self.selector.select(wait_s):
                if key.data() is False:
                    self.selector.unregister(connection)
                    return
            while self.due and self.due[0][0] <= time.monotonic():
                heapq.heappop(self.due)[2]()
