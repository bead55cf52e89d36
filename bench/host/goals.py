"""What the kernel is meant to reach, as data, and whether a comparison shows it.

Shares of the floor hold for every mode and point; factors over Linux depend on the mode and on
whether one request at a time is in flight or many. A goal is judged by the estimate; where the
interval has the limit inside, the rounds could not tell, and the verdict says so.
"""

from dataclasses import dataclass


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


def verdict(goal, ratio):
    """met, missed; with a question mark where the interval reaches over the limit."""
    met = ratio["estimate"] >= goal.limit if goal.at_least else ratio["estimate"] <= goal.limit
    sure = not ratio["low"] < goal.limit < ratio["high"]
    return ("met" if met else "missed") + ("" if sure else "?")


def _instruction_goals(document):
    """The counts come in pairs, ours before Linux's. They repeat: there is no interval."""
    for ours, linux in zip(document["instructions"][::2], document["instructions"][1::2]):
        times = linux["per_io"] / ours["per_io"]
        yield {"goal": f"{FEWER_INSTRUCTIONS} x fewer guest instructions/IO than Linux",
               "kind": "instructions", "side": ours["side"], "against": linux["side"],
               "point": ours["point"], "limit": FEWER_INSTRUCTIONS, "estimate": times,
               "low": times, "high": times,
               "verdict": "met" if times >= FEWER_INSTRUCTIONS else "missed"}


def judge(document):
    """One entry per goal and ratio that it concerns, in the order of the goals."""
    modes = {side["key"]: side["mode"] for side in document["sides"]}
    depths = {point["name"]: point["depth"] for point in document["points"]}
    return [{"goal": goal.text, "kind": goal.kind, "side": ratio["side"],
             "against": ratio["against"], "point": ratio["point"], "limit": goal.limit,
             "estimate": ratio["estimate"], "low": ratio["low"], "high": ratio["high"],
             "verdict": verdict(goal, ratio)}
            for goal in GOALS for ratio in document["ratios"]
            if goal.concerns(ratio, modes[ratio["side"]], depths[ratio["point"]])] \
        + list(_instruction_goals(document))
