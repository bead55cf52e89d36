# SPDX-License-Identifier: MIT
"""What the kernel is meant to reach, as data, and whether a comparison shows it.

Shares of the floor hold for every mode and point; factors over Linux depend on the mode and on
whether one request at a time is in flight or many. A goal is met or missed where the whole
interval is on one side of the limit and can be believed; else it is not decided, and `why` says
what there was against a verdict.
"""

from dataclasses import dataclass

from host.guest.load import busy_count


@dataclass(frozen=True)
class Goal:
    text: str
    kind: str  # of reference
    metric: str
    limit: float
    at_least: bool = True
    mode: str = ""  # any
    depths: tuple = (1, 1 << 30)

    def concerns(self, ratio, mode, depth):
        return ((ratio["kind"], ratio["metric"]) == (self.kind, self.metric)
                and self.mode in ("", mode) and self.depths[0] <= depth <= self.depths[1])


_ALONE, _DEEP = (1, 1), (2, 1 << 30)
GOALS = (
    Goal("at least 85 % of the floor", "floor", "iops", 0.85),
    Goal("interrupt: 8 x Linux at depth 1", "linux", "iops", 8, mode="irq", depths=_ALONE),
    Goal("interrupt: 15 x Linux at depth", "linux", "iops", 15, mode="irq", depths=_DEEP),
    Goal("polled: 50 x Linux at depth 1", "linux", "iops", 50, mode="poll", depths=_ALONE),
    Goal("polled: 15 x Linux at depth", "linux", "iops", 15, mode="poll", depths=_DEEP),
    Goal("mean latency no worse than Linux", "linux", "lat_ns", 1, at_least=False),
    Goal("p99 no worse than Linux", "linux", "p99_ns", 1, at_least=False),
)
FEWER_INSTRUCTIONS = 40  # times, than Linux


# What estimate and interval are made of bears no more than 29 % of rounds that are anything.
_BUSY_ROUNDS = 0.25
_CONFIDENCE = 0.75  # three rounds
# The limits differ by less: of an interval this wide it is chance which of them it contains.
_SPAN = 4
_INSIDE = "the limit is inside the interval"


def _doubt(goal, ratio, busy):
    """Why there is no verdict; "" where there is. `busy`: share of the rounds of one of the two
    in which others on the host took its time."""
    if busy > _BUSY_ROUNDS:
        return f"the host was busy in {100 * busy:.0f} % of the rounds"
    if ratio["confidence"] < _CONFIDENCE:
        return f"too few rounds, the interval has {100 * ratio['confidence']:.0f} % confidence"
    if ratio["high"] > _SPAN * ratio["low"]:
        return f"the interval spans a factor of {ratio['high'] / ratio['low']:.3g}"
    if ratio["low"] < goal.limit < ratio["high"]:
        return _INSIDE
    return ""


def verdict(goal, ratio, busy=0.0):
    """{"verdict": met, missed or not decided, "why"}"""
    why = _doubt(goal, ratio, busy)
    met = ratio["estimate"] >= goal.limit if goal.at_least else ratio["estimate"] <= goal.limit
    return {"verdict": "not decided" if why else "met" if met else "missed", "why": why}


def _instruction_goals(document):
    """The counts come in pairs, ours before Linux's. They repeat: there is no interval."""
    for ours, linux in zip(document["instructions"][::2], document["instructions"][1::2]):
        times = linux["per_io"] / ours["per_io"]
        yield {"goal": f"{FEWER_INSTRUCTIONS} x fewer guest instructions/IO than Linux",
               "kind": "instructions", "side": ours["side"], "against": linux["side"],
               "point": ours["point"], "limit": FEWER_INSTRUCTIONS, "estimate": times,
               "low": times, "high": times, "why": "",
               "verdict": "met" if times >= FEWER_INSTRUCTIONS else "missed"}


def _busy(document):
    """{(side, point): share of its rounds in which the host was busy}"""
    return {(cell["side"], cell["point"]): busy_count(cell["lost_shares"]) / document["rounds"]
            for cell in document["cells"]}


_SAME = Goal("", "base", "iops", 1)


def _faster(ratio, busy):
    """{"verdict": faster, slower, no difference shown, or not decided, "why"}"""
    why = _doubt(_SAME, ratio, busy)
    if why not in ("", _INSIDE):
        return {"verdict": "not decided", "why": why}
    if ratio["low"] <= 1 <= ratio["high"]:
        return {"verdict": "no difference shown", "why": ""}
    return {"verdict": "faster" if ratio["estimate"] > 1 else "slower", "why": ""}


def compare_bases(document):
    """[{"side", "against", "point", "verdict", "why"}] of sides of ours held against another."""
    busy = _busy(document)
    return [{"side": ratio["side"], "against": ratio["against"], "point": ratio["point"],
             **_faster(ratio, max(busy[ratio[which], ratio["point"]]
                                  for which in ("side", "against")))}
            for ratio in document["ratios"] if _SAME.concerns(ratio, "", 1)]


def judge(document):
    """One entry per goal and ratio that it concerns, in the order of the goals."""
    modes = {side["key"]: side["mode"] for side in document["sides"]}
    depths = {point["name"]: point["depth"] for point in document["points"]}
    busy = _busy(document)
    return [{"goal": goal.text, "kind": goal.kind, "side": ratio["side"],
             "against": ratio["against"], "point": ratio["point"], "limit": goal.limit,
             "estimate": ratio["estimate"], "low": ratio["low"], "high": ratio["high"],
             **verdict(goal, ratio, max(busy[ratio[which], ratio["point"]]
                                        for which in ("side", "against")))}
            for goal in GOALS for ratio in document["ratios"]
            if goal.concerns(ratio, modes[ratio["side"]], depths[ratio["point"]])] \
        + list(_instruction_goals(document))
