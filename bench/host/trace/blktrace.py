# SPDX-License-Identifier: MIT
"""Lifecycles in blktrace's binary format, for blkparse, btt and what else reads it.

    Q  a submitter had its I/O ready          D  the device was shown a request
    X  an I/O was cut here                    C  an I/O was delivered; a piece: discovered
    M  (F) an I/O joined another behind (before) it

Q and C of most I/Os thus bound what fio calls lat, D and C what it calls clat. X and M carry the
moment of their Q: nobody takes the moment of cutting or joining. A write with FUA is cut,
too: into the write and a flush. There is no G and no I, as a request is not allocated, and
nothing is said of what a scheduler held.

The process that a record names is the job, by its number from 1.
"""

import struct

from host.trace.lifecycle import FUA, SECTOR_BYTES

# struct blk_io_trace: magic, sequence, time, sector, bytes, action, pid, device, cpu, error,
# length of what follows. As the kernel's, in the byte order of the machine: little endian.
_RECORD = struct.Struct("<IIQQIIIIIHH")
_MAGIC = 0x65617400 | 7  # version 7
_SPLIT_TO = struct.Struct(">Q")  # behind X, for ever big endian
_COMM_BYTES = 16

# blktrace_api.h: actions, and above them what kind of action on what kind of request.
_QUEUE, _BACKMERGE, _FRONTMERGE, _ISSUE, _COMPLETE, _SPLIT = 1, 2, 3, 7, 8, 13
_PROCESS = 0x400 << 16  # a notice, not an action
_WRITES, _FLUSHES, _OF_QUEUE, _OF_ISSUE, _OF_COMPLETE, _OF_FS, _DISCARDS, _FUAS = (
    bit << 16 for bit in (2, 4, 0x10, 0x40, 0x80, 0x100, 0x2000, 0x8000))
_READS = 1 << 16
# At one moment: what ends goes before what begins, and that in the order of a request's life.
_RANKS = {_COMPLETE: 0, _QUEUE: 1, _SPLIT: 2, _BACKMERGE: 3, _FRONTMERGE: 3, _ISSUE: 4}

_READ, _FLUSH, _DISCARD, _SECURE_ERASE = 0, 2, 3, 5  # ops
_ERRNOS = (0, 5, 95, 22, 30, 5, 5)  # of enum blk_status
_DEVICE_MAJOR, _MINORS, _MINOR_BITS = 252, 16, 20


def _kind(request):
    if request.op == _READ:
        kind = _READS
    else:
        kind = _WRITES
        kind |= _FLUSHES if request.op == _FLUSH else 0
        kind |= _DISCARDS if request.op in (_DISCARD, _SECURE_ERASE) else 0
    return kind | (_FUAS if request.flags & FUA else 0)


class _Actions:
    """(time, rank, cpu, fields, payload) of one disk."""

    def __init__(self):
        self.list = []

    def add(self, at, action, request, pid, category=0, payload=b""):
        error = -_ERRNOS[request.status] & 0xffff if action == _COMPLETE else 0
        fields = (request.sector, request.sectors * SECTOR_BYTES,
                  action | category | _kind(request), pid, error)
        self.list.append((at, _RANKS[action], request.cpu, fields, payload))

    def issue_and_complete(self, request, completion, pid):
        self.add(request.doorbell, _ISSUE, request, pid, _OF_ISSUE | _OF_FS)
        self.add(completion, _COMPLETE, request, pid, _OF_COMPLETE | _OF_FS)


def _take_members(piece, candidates):
    """The I/Os that a merged group consists of, side by side, in the order of sectors; [] when
    it is not made of those."""
    members, position = [], piece.sector
    for io in sorted(candidates, key=lambda io: io.sector):
        if io.sector == position and position < piece.sector + piece.sectors:
            members.append(io)
            position += io.sectors
    if position != piece.sector + piece.sectors:
        return []
    for io in members:
        candidates.remove(io)
    return members


def _merge(actions, piece, members):
    """Whoever was not the first of a group joined it."""
    first, *others = sorted(members, key=lambda io: io.submit)
    begin = first.sector
    for io in others:
        action = _FRONTMERGE if io.sector < begin else _BACKMERGE
        begin = min(begin, io.sector)
        actions.add(io.submit, action, io, io.job + 1, _OF_QUEUE)
    actions.issue_and_complete(piece, max(io.delivery for io in members), first.job + 1)


def _cut(actions, parent, parts):
    """An I/O in parts: one more than there were cuts."""
    parts.sort(key=lambda part: (part.op == _FLUSH, part.sector))
    for part in parts:
        actions.issue_and_complete(part, part.discovery, parent.job + 1)
    for part, rest in zip(parts, parts[1:]):
        actions.add(parent.submit, _SPLIT, part, parent.job + 1,
                    payload=_SPLIT_TO.pack(rest.sector))


def _parent_of(part, candidates):
    for io in candidates:
        if part.op == _FLUSH or (io.sector <= part.sector and
                                 part.sector + part.sectors <= io.sector + io.sectors):
            return io
    return None


def _pieces(actions, queue):
    """What the device saw differently: a merged group shares its doorbell with its I/Os, a part
    its submission with the I/O that was cut."""
    by_doorbell, by_submit, parts = {}, {}, {}
    for io in queue.deliveries:
        if not io.whole and not io.unseen:
            by_doorbell.setdefault((io.op, io.doorbell), []).append(io)
            by_submit.setdefault(io.submit, []).append(io)
    for piece in queue.pieces:
        members, parent = [], None
        if piece.part:
            parent = _parent_of(piece, by_submit.get(piece.submit, ()))
        else:
            members = _take_members(piece, by_doorbell.get((piece.op, piece.doorbell), []))
        if members:
            _merge(actions, piece, members)
        elif parent:
            parts.setdefault(parent, []).append(piece)
        else:  # of I/Os that are lost, or a group of parts
            actions.issue_and_complete(piece, piece.discovery, 0)
    for parent, of_parent in parts.items():
        _cut(actions, parent, of_parent)


def _actions(queues):
    actions = _Actions()
    for queue in queues:
        for io in queue.deliveries:
            actions.add(io.submit, _QUEUE, io, io.job + 1, _OF_QUEUE)
            if io.whole:
                actions.issue_and_complete(io, io.delivery, io.job + 1)
            elif io.unseen:
                actions.add(io.delivery, _COMPLETE, io, io.job + 1, _OF_COMPLETE | _OF_FS)
        _pieces(actions, queue)
    return sorted(actions.list, key=lambda action: action[:2])


def _processes(jobs, device):
    """The names of the jobs, as CPU 0's first records."""
    for number, name in enumerate(jobs, 1):
        comm = name.encode()[:_COMM_BYTES - 1].ljust(_COMM_BYTES, b"\0")
        yield _RECORD.pack(_MAGIC, 0, 0, 0, 0, _PROCESS, number, device, 0, 0, len(comm)) + comm


def _disk_files(queues, jobs, cpu_count, device):
    """One disk's records per CPU, and how many actions they are."""
    files = [[] for _ in range(cpu_count)]
    actions = _actions(queues)
    for at, _, cpu, (sector, length, action, pid, error), payload in actions:
        files[cpu].append(_RECORD.pack(_MAGIC, len(files[cpu]) + 1, at, sector, length, action,
                                       pid, device, cpu, error, len(payload)) + payload)
    files[0][:0] = _processes(jobs, device)
    return [b"".join(file) for file in files], len(actions)


def blktrace(queues, jobs, cpu_count):
    """{disk: (bytes per CPU, number of actions)}. jobs: their names, by number."""
    disks = {}
    for queue in queues:
        disks.setdefault(queue.disk, []).append(queue)
    return {disk: _disk_files(of_disk, jobs, cpu_count,
                              _DEVICE_MAJOR << _MINOR_BITS | index * _MINORS)
            for index, (disk, of_disk) in enumerate(disks.items())}
