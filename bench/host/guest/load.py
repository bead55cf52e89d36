# SPDX-License-Identifier: MIT
"""What others on the host took from a guest's threads: ringbolt.host.load of a result.

    {"elapsed_ns": 1100000000, "lost_share": 0.23, "busy": true,
     "places": [{"cores": [1], "steal_share": 0.01, "others_share": 0.25, "threads": [
         {"name": "vcpu0", "run_share": 0.72, "wait_share": 0.24, "lost_share": 0.23}]}]}

All shares are of the time from the guest's start to the last look at it. A thread waits (the
kernel's schedstat) when it could run and its core runs another. It lost what of this the
guest's own threads cannot have used, and what a hypervisor stole from its cores; a guest's
lost_share is that of the thread that lost most. Where the kernel does not tell how long threads
wait, or a run was too short to say, it is null, and `busy` false.

A figure loses at least what its slowest thread lost, and more than twice that where two threads
lose in turns: others who used a fifth of both cores took 55 % of a polled guest's IOPS. On a
quiet host threads lose less than 1 %. From BUSY_SHARE on, 5 %, which is also the least that the
gate calls an effect, a run is `busy` and warned of.

Of a result: lost_share(document) is a number or None; warning(document) a line or None.
Of results that are one figure together: busy_count([lost_share(document), ...]).
"""

import os
import time
from typing import NamedTuple

BUSY_SHARE = 0.05
LOOK_S = 1.0  # between looks at a guest that says nothing
_BREATH_NS = 20_000_000  # between looks at one that speaks letter by letter
SHORTEST_NS = 100_000_000  # /proc/stat counts by 10 ms
_TICK_NS = 1_000_000_000 // os.sysconf("SC_CLK_TCK")
_IDLE, _IOWAIT, _STEAL, _COLUMNS = 3, 4, 7, 8  # of /proc/stat; the columns behind count twice


class _Look(NamedTuple):
    at_ns: int
    cores: dict  # core: (ns it ran something, ns stolen)
    threads: dict  # thread: (ns it ran, ns it waited)


def _cores():
    found = {}
    with open("/proc/stat", encoding="ascii") as file:
        for line in file:
            name, *words = line.split()
            if name.startswith("cpu") and name != "cpu":
                ns = [int(word) * _TICK_NS for word in words[:_COLUMNS]]
                found[int(name[3:])] = (sum(ns) - ns[_IDLE] - ns[_IOWAIT] - ns[_STEAL],
                                        ns[_STEAL])
    return found


def _threads(pid):
    """Of a process that is ending, some or none."""
    found = {}
    try:
        for name in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{name}/schedstat", encoding="ascii") as file:
                ran, waited, _ = file.read().split()
            found[int(name)] = int(ran), int(waited)
    except OSError:
        pass
    return found


class Watch:
    """Processes of a guest from now on. look() when it speaks, as its end follows its last words,
    and now and then; report() at last. `names`: of the threads that are told apart."""

    def __init__(self, pids, names):
        self._pids, self._names = pids, names
        self._places = {}  # thread: cores
        self._first = self._last = self._look()

    def _look(self):
        threads = {}
        for pid in self._pids:
            threads.update(_threads(pid))
        for thread in threads.keys() - self._places.keys():
            try:
                self._places[thread] = tuple(sorted(os.sched_getaffinity(thread)))
            except OSError:
                del threads[thread]  # gone meanwhile
        return _Look(time.monotonic_ns(), _cores(), threads)

    def look(self):
        if time.monotonic_ns() - self._last.at_ns < _BREATH_NS:
            return
        look = self._look()
        if self._names.keys() <= look.threads.keys():  # else it is ending
            self._last = look._replace(threads={**self._last.threads, **look.threads})

    def _spent(self):
        """{cores: {name: (ns it ran, ns it waited)}}"""
        found = {}
        for thread, (ran, waited) in self._last.threads.items():
            before = self._first.threads.get(thread, (0, 0))
            place = found.setdefault(self._places[thread], {})
            name = self._names.get(thread, "workers")
            sums = place.get(name, (0, 0))
            place[name] = sums[0] + ran - before[0], sums[1] + waited - before[1]
        return found

    def _core_ns(self, cores, column):
        return sum(self._last.cores[core][column] - self._first.cores[core][column]
                   for core in cores if core in self._last.cores and core in self._first.cores)

    def report(self):
        elapsed = self._last.at_ns - self._first.at_ns
        if elapsed < SHORTEST_NS or not any(ran for ran, _ in self._last.threads.values()):
            return {"elapsed_ns": elapsed, "lost_share": None, "busy": False, "places": []}
        places = [_place(cores, threads, self._core_ns(cores, 0), self._core_ns(cores, 1), elapsed)
                  for cores, threads in sorted(self._spent().items())]
        lost = max(thread["lost_share"] for place in places for thread in place["threads"])
        return {"elapsed_ns": elapsed, "lost_share": lost, "busy": lost >= BUSY_SHARE,
                "places": places}


def _place(cores, threads, busy_ns, stolen_ns, elapsed_ns):
    """What happened on some cores. What the guest's own threads ran there is exact, what all ran
    is counted in ticks, and a quota stops threads on an idle core: so a thread lost what it waited
    while others ran, and surely that which its fellows were too short for."""
    own_ns = sum(ran for ran, _ in threads.values())
    others_ns = max(0, busy_ns - own_ns)
    steal_share = stolen_ns / elapsed_ns / len(cores)
    rows = []
    for name, (ran, waited) in threads.items():
        lost_ns = max(min(waited, others_ns), waited - (own_ns - ran) / len(cores))
        rows.append({"name": name, "run_share": ran / elapsed_ns,
                     "wait_share": waited / elapsed_ns,
                     "lost_share": min(1.0, lost_ns / elapsed_ns + steal_share)})
    return {"cores": list(cores), "steal_share": steal_share,
            "others_share": others_ns / elapsed_ns / len(cores), "threads": rows}


def lost_share(document):
    return document.get("ringbolt", {}).get("host", {}).get("load", {}).get("lost_share")


def warning(document):
    """What to say of a result whose host was busy."""
    load = document["ringbolt"]["host"]["load"]
    if not load["busy"]:
        return None
    place, thread = max(((place, thread) for place in load["places"]
                         for thread in place["threads"]),
                        key=lambda found: found[1]["lost_share"])
    return (f"warning: the host was busy: {thread['name']} lost {100 * thread['lost_share']:.0f} % "
            f"of its time to others, of which {100 * place['steal_share']:.0f} % to a hypervisor; "
            "the figures lost that much or more")


def busy_count(shares):
    """How many runs of several the host was busy in."""
    return sum(share is not None and share >= BUSY_SHARE for share in shares)
