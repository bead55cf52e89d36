# SPDX-License-Identifier: MIT
"""The Trace Event Format, as far as traces of ours use it: checks one strictly."""

import json
from collections import defaultdict

NUMBER = (int, float)
# Phase: the members that an event of it must have, and those that it may have.
COMMON = {"ph": str, "name": str, "pid": int, "tid": int}
ASYNC = {**COMMON, "ts": NUMBER, "cat": str, "id2": dict}
PHASES = {
    "M": ({**COMMON, "args": dict}, {}),
    "i": ({**COMMON, "ts": NUMBER, "s": str}, {"args": dict}),
    "X": ({**COMMON, "ts": NUMBER, "dur": NUMBER}, {"args": dict}),
    "C": ({**COMMON, "ts": NUMBER, "args": dict}, {}),
    "b": (ASYNC, {"args": dict}),
    "e": (ASYNC, {}),
}


def check_members(event):
    must, may = PHASES[event["ph"]]
    assert set(must) <= set(event) <= set(must) | set(may), event
    for key, kind in {**must, **may}.items():
        assert isinstance(event.get(key, event["name"] if kind is str else {} if kind is dict
                                    else 0), kind), event
    assert event.get("ts", 0) >= 0 and event.get("dur", 0) >= 0, event
    assert event.get("s", "t") in ("t", "p", "g"), event
    if event["ph"] == "C":
        assert all(isinstance(value, NUMBER) for value in event["args"].values()), event


def check_names(events):
    """Every process and thread that has events has a name, once."""
    processes = [e["pid"] for e in events if e["name"] == "process_name"]
    threads = [(e["pid"], e["tid"]) for e in events if e["name"] == "thread_name"]
    numbers = [tid for _, tid in threads]
    assert len(set(processes)) == len(processes) and len(set(numbers)) == len(numbers)
    assert all(event["pid"] > 0 and event["tid"] > 0 for event in events)
    for event in events:
        assert event["pid"] in processes, event
        if event["ph"] in "iX":
            assert (event["pid"], event["tid"]) in threads, event


def check_order(events):
    stamps = [event["ts"] for event in events if event["ph"] != "M"]
    assert stamps == sorted(stamps)


def check_nesting(events):
    """Every b has its e, in the order of a stack per row; no X overlaps another halfway. What is
    outermost in a row has one name: Perfetto calls the row by that of the first."""
    rows, threads, titles = defaultdict(list), defaultdict(list), {}
    for event in events:
        if event["ph"] in "be":
            row = event["pid"], event["cat"], event["id2"]["local"]
        if event["ph"] == "b":
            assert rows[row] or titles.setdefault(row, event["name"]) == event["name"]
            rows[row].append(event["name"])
        elif event["ph"] == "e":
            assert rows[row].pop() == event["name"]
        elif event["ph"] == "X":
            open_ends = threads[event["pid"], event["tid"]]
            begin, end = round(event["ts"] * 1000), round((event["ts"] + event["dur"]) * 1000)
            while open_ends and open_ends[-1] <= begin:
                open_ends.pop()
            assert not open_ends or end <= open_ends[-1], event
            open_ends.append(end)
    assert not any(rows.values())


def check_counters(events):
    """Nothing is in flight before the first request and after the last."""
    levels = defaultdict(list)
    for event in events:
        if event["ph"] == "C":
            levels[event["pid"], event["name"]].append(event["args"]["requests"])
    for values in levels.values():
        assert min(values) >= 0 and values[-1] == 0


def check(text):
    """The events of a trace that is right."""
    document = json.loads(text)
    assert set(document) == {"displayTimeUnit", "otherData", "traceEvents"}
    assert document["displayTimeUnit"] in ("ms", "ns")
    events = document["traceEvents"]
    for event in events:
        check_members(event)
    check_names(events)
    check_order(events)
    check_nesting(events)
    check_counters(events)
    return events
