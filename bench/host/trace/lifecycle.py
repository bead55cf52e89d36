# SPDX-License-Identifier: MIT
"""The lifecycle events that the guest recorded: text (bench/run/recording.h) -> Queues.

All moments are nanoseconds since the run began.
"""

import re
from dataclasses import dataclass, field
from typing import NamedTuple

from host.base.errors import GuestError

SUFFIX = ".lifecycle"
SECTOR_BYTES = 512

OPS = ("read", "write", "flush", "discard", "write zeroes", "secure erase", "get id",
       "get lifetime")
STATUSES = ("ok", "io error", "unsupported", "out of range", "read only", "short", "broken")
FUA = 1  # of flags

_RUNG, _INTERRUPTED, _WHOLE, _UNSEEN, _PART = 1, 2, 4, 8, 16  # marks
_HEAD = re.compile(r"lifecycle 1((?: [a-z_]+=\S+)+)")


class Delivery(NamedTuple):
    """An I/O, back with its submitter."""

    cpu: int
    submit: int
    doorbell: int
    signal: int  # interrupt entry, or polling found it
    discovery: int  # the CPU looked
    delivery: int
    op: int
    flags: int
    status: int
    job: int
    sector: int
    sectors: int
    interrupted: bool  # the signal was an interrupt
    whole: bool  # the device saw it as it was submitted
    unseen: bool  # the device never saw it


class Piece(NamedTuple):
    """A request of the layer's own making, or with a scheduler any that the device saw."""

    cpu: int
    submit: int
    doorbell: int
    discovery: int
    op: int
    flags: int
    status: int
    sector: int
    sectors: int
    part: bool  # of one I/O that was cut; else a group of them, or one


class Batch(NamedTuple):
    """Requests shown to the device together."""

    cpu: int
    begin: int
    doorbell: int
    end: int
    rung: bool  # else the device had asked not to be told
    requests: int


class Interrupt(NamedTuple):
    cpu: int
    at: int
    count: int  # of which this is the last


class Span(NamedTuple):
    cpu: int
    name: str  # "poll" or "sleep"
    begin: int
    end: int


@dataclass
class Queue:
    disk: str
    index: int
    cpu: int
    counters: dict  # what the kernel counted meanwhile
    lost: int  # events that newer ones took the place of
    deliveries: list = field(default_factory=list)
    pieces: list = field(default_factory=list)
    batches: list = field(default_factory=list)
    interrupts: list = field(default_factory=list)
    spans: list = field(default_factory=list)

    @property
    def name(self):
        return f"{self.disk} queue {self.index}"

    def device_requests(self):
        """What the device saw and completed: whole I/Os and pieces."""
        return [io for io in self.deliveries if io.whole] + self.pieces


def _delivery(queue, cpu, stamps, rest):
    marks, sectors, op, flags, status, job, sector = rest
    queue.deliveries.append(Delivery(
        cpu, *stamps, op, flags, status, job, sector, sectors, bool(marks & _INTERRUPTED),
        bool(marks & _WHOLE), bool(marks & _UNSEEN)))


def _piece(queue, cpu, stamps, rest):
    marks, sectors, op, flags, status, _, sector = rest
    queue.pieces.append(Piece(cpu, *stamps, op, flags, status, sector, sectors,
                              bool(marks & _PART)))


def _batch(queue, cpu, stamps, rest):
    marks, requests = rest
    queue.batches.append(Batch(cpu, *stamps, bool(marks & _RUNG), requests))


def _interrupt(queue, cpu, stamps, rest):
    queue.interrupts.append(Interrupt(cpu, *stamps, rest[1]))


def _span(name):
    def add(queue, cpu, stamps, _rest):
        queue.spans.append(Span(cpu, name, *stamps))

    return add


# Letter: stamps, numbers behind them, what it becomes.
_KINDS = {"D": (5, 7, _delivery), "P": (3, 7, _piece), "B": (3, 2, _batch),
          "I": (1, 2, _interrupt), "L": (2, 2, _span("poll")), "S": (2, 2, _span("sleep"))}


def _parse_event(queue, line):
    letter, *words = line.split(" ")
    stamp_count, rest_count, add = _KINDS[letter]
    cpu, *numbers = map(int, words)
    if len(numbers) != stamp_count + rest_count:
        raise ValueError
    stamps = numbers[:1]
    for distance in numbers[1:stamp_count]:
        if distance < 0:
            raise ValueError
        stamps.append(stamps[-1] + distance)
    add(queue, cpu, stamps, numbers[stamp_count:])


def _parse_head(line):
    match = _HEAD.fullmatch(line)
    if not match:
        raise ValueError
    words = dict(word.split("=") for word in match[1].split())
    disk = words.pop("disk")
    numbers = {key: int(value) for key, value in words.items()}
    return Queue(disk, numbers.pop("queue"), numbers.pop("cpu"),
                 lost=numbers.pop("recorded") - numbers["kept"],
                 counters=numbers), numbers.pop("kept")


def _check(queue):
    """With nothing lost, the events are what the kernel counted."""
    if queue.lost:
        return
    found = {"requests": sum(batch.requests for batch in queue.batches),
             "completions": len(queue.device_requests()),
             "doorbells": sum(batch.rung for batch in queue.batches),
             "doorbells_suppressed": sum(not batch.rung for batch in queue.batches),
             "interrupts": sum(interrupt.count for interrupt in queue.interrupts)}
    for key, value in found.items():
        if queue.counters[key] != value:
            raise GuestError(f"the guest's trace of {queue.name} holds {value} {key}, "
                             f"but it counted {queue.counters[key]}")


def parse_queue(name, data):
    """One frame -> Queue, its events in order of time. GuestError: it is not one."""
    lines = data.decode("ascii", "replace").splitlines()
    number = 1
    try:
        queue, kept = _parse_head(lines[0])
        for number, line in enumerate(lines[1:], 2):
            _parse_event(queue, line)
        if kept != len(lines) - 1:
            raise ValueError
    except (ValueError, KeyError, IndexError, TypeError):
        raise GuestError(f"the guest's trace {name} is damaged at line {number}") from None
    _check(queue)
    queue.deliveries.sort(key=lambda io: io.submit)
    queue.pieces.sort(key=lambda piece: piece.doorbell)
    queue.spans.sort(key=lambda span: span.begin)
    return queue


def take_queues(logs):
    """Takes the lifecycles out of {file name: bytes}."""
    names = sorted(name for name in logs if name.endswith(SUFFIX))
    queues = [parse_queue(name, logs.pop(name)) for name in names]
    return sorted(queues, key=lambda queue: (queue.disk, queue.index))
