# SPDX-License-Identifier: MIT
"""Rounds -> the document of a comparison: cells, ratios, goals. Pure.

    {"points": [{"name", "depth"}],
     "sides": [{"key", "label", "mode", "placement", "words", "disks_with", "granted", "warnings"}],
     "cells": [{"side", "point", "iops": {"median", "low", "high", "rounds"}, "lat_ns", ...,
                "lost_shares": [of each round, load.py]}],
     "ratios": [{"side", "against", "kind", "point", "metric", "estimate", "low", "high",
                 "confidence"}],
     "instructions": [{"side", "point", "per_io"}], "goals": [...],
     "verdicts": [{"side", "against", "point", "verdict", "why"}], "notes": [line]}

A cell's figure is the median of its rounds with their range beside it; what a guest does not
tell is null. lat_ns and slat_ns are means, percentiles_ns are of fio's clat. A ratio is estimated
from paired rounds (statistic.py) and never crosses placements.
"""

from statistics import median

from host.base.statistic import paired_ratio
from host.compare.goals import compare_bases, judge
from host.compare.measure import disks_with
from host.compare.sides import references

PERCENTILES = ("50", "90", "95", "99", "99.5", "99.9", "99.95", "99.99")
RATIO_METRICS = ("iops", "lat_ns", "p50_ns", "p99_ns")


def spread(values):
    """None unless every round has a value."""
    if not values or None in values:
        return None
    return {"median": median(values), "low": min(values), "high": max(values),
            "rounds": list(values)}


def _cell(side, point, rounds, timeline):
    cell = {"side": side.key, "point": point.name}
    for name in ("iops", "lat_ns", "slat_ns", "idle_share", "doorbells_per_io",
                 "interrupts_per_io"):
        cell[name] = spread([figures[name] for figures in rounds])
    cell["lost_shares"] = [figures["lost_share"] for figures in rounds]
    cell["percentiles_ns"] = {
        key: found for key in PERCENTILES
        if (found := spread([figures["percentiles_ns"].get(key) for figures in rounds]))}
    cell["stages_ns"] = {name: median(figures["stages_ns"].get(name, 0) for figures in rounds)
                         for name in rounds[0]["stages_ns"]}
    cell["timeline"] = timeline or []
    return cell


def _metric(figures, name):
    if name in figures:
        return figures[name]
    return figures["percentiles_ns"].get(name[1:-3])


def _ratio(metric, first, second):
    above, below = ([_metric(figures, metric) for figures in rounds]
                    for rounds in (first, second))
    if not all([*above, *below]):  # no latencies, or rounded to 0
        return None
    interval = paired_ratio(above, below)
    return {"metric": metric, "estimate": interval.estimate, "low": interval.low,
            "high": interval.high, "confidence": interval.confidence}


def _ratios(plan, rounds):
    ratios = []
    for point in plan.points:
        for side in plan.sides:
            for kind, against in references(side, plan.sides):
                for metric in RATIO_METRICS:
                    found = _ratio(metric, rounds[side.key, point.name],
                                   rounds[against.key, point.name])
                    if found:
                        ratios.append({"side": side.key, "against": against.key, "kind": kind,
                                       "point": point.name, **found})
    return ratios


def _side(plan, side, rounds):
    found = [one for point in plan.points for one in rounds[side.key, point.name]]
    return {"key": side.key, "label": side.label, "mode": side.mode, "placement": side.placement,
            "words": list(side.words), "software": found[-1]["software"],
            "disks_with": disks_with(plan, side),
            "granted": found[-1]["granted"],
            "warnings": [*dict.fromkeys(text for one in found for text in one["warnings"])]}


def unsummed(rounds, why):
    """What can still be kept of rounds that no document can be made of."""
    return {"failed": why,
            "figures": [{"side": side, "point": point, "rounds": found}
                        for (side, point), found in rounds.items()]}


def summarize(plan, rounds, timelines, host, instructions=(), notes=()):
    """The document; `rounds` and `timelines` as measure.run_rounds() returns them,
    `instructions` and `notes` as icount.count_instructions()."""
    points = [{"name": point.name, "depth": rounds[plan.sides[0].key, point.name][0]["depth"]}
              for point in plan.points]
    document = {
        "host": host, "rounds": plan.rounds,
        "sides": [_side(plan, side, rounds) for side in plan.sides],
        "points": points,
        "cells": [_cell(side, point, rounds[side.key, point.name],
                        timelines.get((side.key, point.name)))
                  for point in plan.points for side in plan.sides],
        "ratios": _ratios(plan, rounds), "instructions": list(instructions),
        "notes": list(notes)}
    document["goals"] = judge(document)
    document["verdicts"] = compare_bases(document)
    return document


def cell_of(document, side, point):
    return next(cell for cell in document["cells"]
                if (cell["side"], cell["point"]) == (side, point))


def instructions_of(document, side, point):
    """Per I/O; None where they were not counted."""
    return next((found["per_io"] for found in document["instructions"]
                 if (found["side"], found["point"]) == (side, point)), None)


def ratio_of(document, side, point, kind, metric="iops"):
    """None where there is none."""
    return next((ratio for ratio in document["ratios"]
                 if (ratio["side"], ratio["point"], ratio["kind"], ratio["metric"]) ==
                 (side, point, kind, metric)), None)
