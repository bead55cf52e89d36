# SPDX-License-Identifier: MIT
"""Lifecycles as a trace that ui.perfetto.dev opens (Trace Event Format).

A process per queue: its I/Os as nested asynchronous slices, one row per I/O of a kind in flight,
so that rows are few and slices never overlap; doorbells and interrupts as instants; requests in
flight as a counter. One more process has a thread per CPU: what it did between looking for
work and finding it.
"""

import bisect
import heapq
import itertools
import json

from host.trace.lifecycle import FUA, OPS, SECTOR_BYTES, STATUSES

# Numbers of processes and threads: never 0, which is Linux' idle thread, and no two alike.
_CPUS = 1  # CPU n is thread n + 1
_QUEUES = 1000  # from there on, as far apart
_DOORBELLS, _INTERRUPTS = 1, 2  # threads of a queue, counted from its process
_STAGES = ("submit to doorbell", "doorbell to signal", "signal to discovery",
           "discovery to delivery")


def _us(ns):
    return ns / 1000


def _named(kind, name, pid, thread=0):
    return {"ph": "M", "name": kind, "pid": pid, "tid": pid + thread, "args": {"name": name}}


def _instant(name, at, pid, thread, **args):
    return {"ph": "i", "s": "t", "name": name, "ts": _us(at), "pid": pid, "tid": pid + thread,
            "args": args}


def _complete(name, begin, end, cpu, **args):
    return {"ph": "X", "name": name, "ts": _us(begin), "dur": _us(end - begin), "pid": _CPUS,
            "tid": _CPUS + cpu, "args": args}


# --- rows of I/Os ---

def _rows_of_kind(items, begin_of, end_of):
    """(row, item): the lowest row that is free at the item's begin. Ordered by begin."""
    free, busy, rows = [], [], 0
    for item in sorted(items, key=begin_of):
        while busy and busy[0][0] <= begin_of(item):
            heapq.heappush(free, heapq.heappop(busy)[1])
        if not free:
            heapq.heappush(free, rows)
            rows += 1
        row = heapq.heappop(free)
        heapq.heappush(busy, (end_of(item), row))
        yield row, item


def _rows(requests, begin_of, end_of):
    """(name of its row, request). Viewers call a row by what comes first in it: hence a row is
    for requests of one kind."""
    for op in sorted({request.op for request in requests}):
        mine = [request for request in requests if request.op == op]
        for row, request in _rows_of_kind(mine, begin_of, end_of):
            yield f"{OPS[op]} {row}", request


def _slice(category, row, pid, name, begin, end, inner=(), **args):
    """A slice around inner ones, in the order in which they nest."""
    common = {"cat": category, "id2": {"local": row}, "pid": pid, "tid": pid}
    first = {"ph": "b", "name": name, "ts": _us(begin), **common}
    if args:
        first["args"] = args
    last = {"ph": "e", "name": name, "ts": _us(end), **common}
    return [first, *inner, last]


def _about(request):
    about = {"sector": request.sector, "bytes": request.sectors * SECTOR_BYTES,
             "status": STATUSES[request.status]}
    if request.flags & FUA:
        about["fua"] = True
    return about


def _io(row, io, pid, jobs):
    stamps = (io.submit, io.doorbell, io.signal, io.discovery, io.delivery)
    stages = []
    for name, begin, end in zip(_STAGES, stamps, stamps[1:]):
        if not io.unseen:
            stages += _slice("io", row, pid, name, begin, end)
    seen = "no, the layer answered" if io.unseen else "whole" if io.whole else "otherwise"
    return _slice("io", row, pid, OPS[io.op], io.submit, io.delivery, stages, job=jobs[io.job],
                  cpu=io.cpu, signal="interrupt" if io.interrupted else "polling",
                  device_saw=seen, **_about(io))


def _ios(queue, pid, jobs):
    for row, io in _rows(queue.deliveries, lambda io: io.submit, lambda io: io.delivery):
        yield from _io(row, io, pid, jobs)
    for row, piece in _rows(queue.pieces, lambda p: p.doorbell, lambda p: p.discovery):
        yield from _slice("device", row, pid, f"{OPS[piece.op]} at the device", piece.doorbell,
                          piece.discovery, **_about(piece))


def _in_flight(queue, pid):
    steps = {}
    for request in queue.device_requests():
        steps[request.doorbell] = steps.get(request.doorbell, 0) + 1
        steps[request.discovery] = steps.get(request.discovery, 0) - 1
    level = 0
    for at in sorted(steps):
        level += steps[at]
        yield {"ph": "C", "name": "in flight", "ts": _us(at), "pid": pid, "tid": pid,
               "args": {"requests": level}}


def _queue(queue, pid, jobs):
    yield _named("process_name", queue.name, pid)
    yield _named("thread_name", "doorbells", pid, _DOORBELLS)
    yield _named("thread_name", "interrupts", pid, _INTERRUPTS)
    for batch in queue.batches:
        yield _instant("doorbell" if batch.rung else "doorbell suppressed", batch.doorbell, pid,
                       _DOORBELLS, requests=batch.requests)
    for interrupt in queue.interrupts:
        yield _instant("interrupt", interrupt.at, pid, _INTERRUPTS, count=interrupt.count)
    yield from _in_flight(queue, pid)
    yield from _ios(queue, pid, jobs)


# --- CPUs ---

def _waits(queues, cpu):
    """Spans of a CPU's waiting: over, at the latest, when what it delivers then was discovered. The
    kernel notes an end as the CPU calls the driver next, which one of a shared queue does later."""
    found = sorted((io.delivery, io.discovery) for queue in queues for io in queue.deliveries
                   if io.cpu == cpu)
    for queue in queues:
        for span in queue.spans:
            if span.cpu == cpu:
                at = bisect.bisect_right(found, (span.begin, span.end))
                if at < len(found) and found[at][0] < span.end:
                    span = span._replace(end=max(span.begin, found[at][1]))
                yield span


def _own_spans(queues, cpu):
    for span in _waits(queues, cpu):
        if span.end > span.begin:
            yield _complete(span.name, span.begin, span.end, cpu)
    for queue in queues:
        for batch in queue.batches:
            if batch.cpu == cpu:
                yield _complete("submit", batch.begin, batch.end, cpu, queue=queue.name,
                                requests=batch.requests)
                yield _complete("publish", batch.doorbell, batch.end, cpu, doorbell=batch.rung)


def _deliveries(queues, cpu):
    """What each look at a ring found, one I/O after the other, from the look on. On a shared
    queue another CPU may have looked: then from when this one was free, and not across what it
    did meanwhile."""
    batches = [batch for queue in queues for batch in queue.batches if batch.cpu == cpu]
    ends = sorted(own.end for own in itertools.chain(batches, _waits(queues, cpu)))
    ios = sorted(((io.delivery, queue.name, io.discovery) for queue in queues
                  for io in queue.deliveries if io.cpu == cpu), key=lambda io: io[0])
    free = 0
    for (name, discovery, done), run in itertools.groupby(
            ios, lambda io: (io[1], io[2], bisect.bisect_right(ends, io[0]))):
        run = [delivery for delivery, _, _ in run]
        free = max(free, ends[done - 1] if done else 0)
        yield _complete("deliver", max(discovery, free), run[-1], cpu, queue=name, ios=len(run))
        free = run[-1]


def _cpus(queues, count):
    yield _named("process_name", "CPUs", _CPUS)
    for cpu in range(count):
        yield _named("thread_name", f"CPU {cpu}", _CPUS, cpu)
        yield from _own_spans(queues, cpu)
        yield from _deliveries(queues, cpu)
    for queue in queues:
        for interrupt in queue.interrupts:
            yield _instant("interrupt", interrupt.at, _CPUS, interrupt.cpu, queue=queue.name,
                           count=interrupt.count)


def perfetto(queues, jobs, cpu_count):
    """The document's text. jobs: their names, by number."""
    events = list(_cpus(queues, cpu_count))
    for index, queue in enumerate(queues):
        events += _queue(queue, _QUEUES * (index + 1), jobs)
    # At equal moments the longer slice holds the shorter one; the rest are in order already.
    events.sort(key=lambda event: (event.get("ts", -1), -event.get("dur", 0)))
    head = json.dumps({"lost": {queue.name: queue.lost for queue in queues}})
    return ('{"displayTimeUnit": "ns", "otherData": ' + head + ', "traceEvents": [\n'
            + ",\n".join(json.dumps(event, separators=(",", ":")) for event in events)
            + "\n]}\n")
