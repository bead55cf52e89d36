# SPDX-License-Identifier: MIT
"""What others took from a guest's threads, of canned counters and of real hogs."""

import json
import os

import pytest

from host.guest import load

S = 1_000_000_000

# name, cores, {thread: (its cores, run share, wait share)}, (busy, stolen) of all cores together,
# what the guest lost
CASES = [
    ("a quiet host", [0], {"vcpu0": (.99, .004)}, (1.0, 0), .004),
    ("a spinning guest beside a hog", [0], {"vcpu0": (.5, .5)}, (1.0, 0), .5),
    ("own threads wait for each other", [0], {"main": (.57, .34), "vcpu0": (.42, .02)},
     (.99, 0), 0),
    ("they do, and others ran meanwhile", [0], {"main": (.5, .37), "vcpu0": (.4, .08)},
     (1.0, 0), .1),
    ("others ran while nobody waited", [0], {"vcpu0": (.2, .001)}, (.9, 0), .001),
    ("a quota stops threads on an idle core", [0], {"vcpu0": (.4, .6)}, (.4, 0), .6),
    ("a hypervisor took the core", [0], {"vcpu0": (.9, 0)}, (.9, .1), .1),
    ("four vCPUs share a core", [0], {f"vcpu{n}": (.25, .75) for n in range(4)}, (1.0, 0), 0),
    ("anywhere on cores that others fill", [0, 1], {"main": (.5, .5), "vcpu0": (.5, .5)}, (2.0, 0),
     .5),
]


class Host:
    """Its counters, as they are before and after one second."""

    def __init__(self, monkeypatch, cores):
        self.now, self.busy, self.threads = 5 * S, {core: (7 * S, 3 * S) for core in cores}, {}
        monkeypatch.setattr(load, "_cores", lambda: dict(self.busy))
        monkeypatch.setattr(load, "_threads", lambda pid: dict(self.threads))
        monkeypatch.setattr(load.time, "monotonic_ns", lambda: self.now)
        monkeypatch.setattr(load.os, "sched_getaffinity", lambda thread: set(cores))

    def passes(self, threads, busy, stolen, seconds=1):
        self.now += round(seconds * S)
        self.threads = {thread: (self.threads[thread][0] + round(ran * S),
                                 self.threads[thread][1] + round(waited * S))
                        for thread, (ran, waited) in enumerate(threads.values())}
        for core, (ran, gone) in self.busy.items():
            self.busy[core] = (ran + round(busy * S / len(self.busy)),
                               gone + round(stolen * S / len(self.busy)))


def watched(monkeypatch, cores, threads, busy, stolen, seconds=1):
    host = Host(monkeypatch, cores)
    host.threads = {thread: (S, 2 * S) for thread in range(len(threads))}
    watch = load.Watch([1], dict(enumerate(threads)))
    host.passes(threads, busy, stolen, seconds)
    watch.look()
    return watch.report()


@pytest.mark.parametrize("cores, threads, core, lost", [case[1:] for case in CASES],
                         ids=[case[0] for case in CASES])
def test_what_others_took_is_told_from_what_the_guest_took_itself(monkeypatch, cores, threads,
                                                                  core, lost):
    found = watched(monkeypatch, cores, threads, *core)
    assert found["lost_share"] == pytest.approx(lost, abs=1e-6)
    assert found["busy"] is (lost >= load.BUSY_SHARE)
    place, = found["places"]
    assert place["cores"] == cores
    assert {row["name"]: (row["run_share"], row["wait_share"]) for row in place["threads"]} == \
        {name: pytest.approx(spent) for name, spent in threads.items()}


def test_what_is_too_short_or_not_told_is_not_known(monkeypatch):
    unknown = {"lost_share": None, "busy": False, "places": []}
    spent = {"vcpu0": (.05, .05)}
    assert watched(monkeypatch, [0], spent, .1, 0, seconds=.09) == {"elapsed_ns": 90_000_000,
                                                                   **unknown}
    nothing = {"vcpu0": (-1, -2)}  # a kernel without schedstat says 0
    assert watched(monkeypatch, [0], nothing, 1, 0) == {"elapsed_ns": S, **unknown}
    monkeypatch.undo()
    monkeypatch.setattr(load, "_threads", lambda pid: {})
    assert load.Watch([1], {1: "main"}).report()["lost_share"] is None


def test_threads_that_ended_count_and_a_guest_that_is_ending_does_not(monkeypatch):
    host = Host(monkeypatch, [0])
    host.threads = {0: (0, 0)}
    watch = load.Watch([1], {0: "vcpu0"})
    for threads in ({0: (S // 4, 0), 8: (S // 4, S // 4)}, {0: (S // 2, 0), 9: (S // 4, 0)}):
        host.now += S // 2
        host.threads = threads
        watch.look()
    host.now, host.threads = host.now + S, {9: (S, 0)}
    watch.look()
    found = watch.report()
    assert found["elapsed_ns"] == S
    rows = {row["name"]: (row["run_share"], row["wait_share"])
            for row in found["places"][0]["threads"]}
    assert rows == {"vcpu0": (.5, 0), "workers": (.5, .25)}


def test_a_guest_that_speaks_letter_by_letter_is_not_looked_at_for_each(monkeypatch):
    host = Host(monkeypatch, [0])
    host.threads = {0: (0, 0)}
    watch = load.Watch([1], {0: "vcpu0"})
    looks = []
    monkeypatch.setattr(load, "_cores", lambda: looks.append(1) or {})
    for _ in range(1000):
        host.now += S // 1000
        watch.look()
    assert 40 <= len(looks) <= 50


def result_of(lost, steal=0.0):
    threads = [{"name": "main", "lost_share": 0.0}, {"name": "iothread0", "lost_share": lost}]
    return {"ringbolt": {"host": {"load": {
        "lost_share": lost, "busy": lost >= load.BUSY_SHARE,
        "places": [{"steal_share": steal, "threads": threads}]}}}}


def test_a_busy_host_is_said_and_a_quiet_one_is_not():
    assert load.warning(result_of(0.0499)) is None
    assert load.warning(result_of(0.31, 0.02)) == (
        "warning: the host was busy: iothread0 lost 31 % of its time to others, of which 2 % to a "
        "hypervisor; the figures lost that much or more")
    assert load.lost_share(result_of(0.31)) == 0.31
    assert load.busy_count([None, 0.01, 0.05, 0.5]) == 2


def test_real_counters_are_read():
    cores, threads = load._cores(), load._threads(os.getpid())
    assert os.sched_getaffinity(0) <= cores.keys() and os.getpid() in threads
    assert all(busy > 0 <= stolen for busy, stolen in cores.values())
    assert load._threads(1 << 30) == {}


def test_each_result_tells_of_its_host(bench):
    bench.run("--json=r.json")
    found = json.loads((bench.directory / "r.json").read_text())["ringbolt"]["host"]["load"]
    assert found["lost_share"] is None and not found["busy"] and found["elapsed_ns"] >= 0
