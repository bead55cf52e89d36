# SPDX-License-Identifier: MIT
"""The plots of a comparison: document -> figures, each of some panels and a table.

Panels that belong together share their axes, so that they can be read across. Whose a mark is,
is told by colour, shape and a label beside it; references (floors, the other commit) are drawn
hollow and dashed in the colour of the mode that they are the reference of.
"""

from dataclasses import dataclass
from functools import partial
from math import log10
from statistics import mean, median

from host.base import table
from host.base.svg import Linear, Panel, fitted, log_scale, number, spread_apart, time
from host.compare import present
from host.compare.summary import PERCENTILES, cell_of

WIDTH, HEIGHT = 344, 262
WIDE = 526  # as tall, two beside each other
LEFT, RIGHT, TOP, BOTTOM = 48, 116, 26, 36
HEAD_SIZE = 13  # bold letters of 12 are as wide
WINDOWS_MAX = 60  # of a timeline
SHAPES = {"poll": "circle", "adaptive": "diamond", "irq": "square", "linux-poll": "up",
          "linux-irq": "down", "a": "circle", "b": "square"}


@dataclass
class Figure:
    key: str
    title: str
    text: str  # what is to be seen, and how it is drawn
    panels: list  # rows of (heading, [svg]); a row is a placement
    head: list
    rows: list
    legend: list = ()  # (class, words)
    columns: int = 1


def base_mode(side):
    """The mode whose colour and shape a side has."""
    return side["mode"].partition(":")[2] or side["mode"].removeprefix("floor-")


def is_reference(side):
    return side["mode"].startswith(("floor-", "base:"))


def class_of(side, kind):
    return f"{kind} m-{base_mode(side)}{' ref' if is_reference(side) else ''}"


def short(side, room):
    """A label that fits beside a line."""
    return fitted(side["label"], room)


def _sides(document, placement):
    return [side for side in document["sides"] if side["placement"] == placement]


def marked(document):
    """(side, point, cell) of everything measured."""
    for side in document["sides"]:
        for point in document["points"]:
            yield side, point, cell_of(document, side["key"], point["name"])


def _frame(panel, title, y_scale, y_words, y_title=""):
    panel.text(LEFT, 14, fitted(title, panel.width - LEFT, HEAD_SIZE), class_="head")
    panel.text(4, 14, y_title, class_="axis")
    for tick in y_scale.ticks():
        panel.line(LEFT, y_scale(tick), panel.width - RIGHT, y_scale(tick), class_="grid")
        panel.text(LEFT - 5, y_scale(tick) + 3.5, y_words(tick), class_="tick end",
                   data_tick=tick)


def x_ticks(panel, ticks, top, bottom, class_, words_y):
    """ticks: (x, words); a line from top to bottom at each, words below."""
    for x, words in ticks:
        panel.line(x, top, x, bottom, class_=class_)
        panel.text(x, words_y, words, class_="tick middle")


def _x_axis(panel, ticks, title):
    base = HEIGHT - BOTTOM
    x_ticks(panel, ticks, base, base + 4, "rule", base + 15)
    panel.line(LEFT, HEIGHT - BOTTOM, panel.width - RIGHT, HEIGHT - BOTTOM, class_="rule")
    panel.text((LEFT + panel.width - RIGHT) / 2, HEIGHT - 6, title, class_="axis middle")


def _end_labels(panel, ends):
    """ends: (side, y of its line); labels beside them that do not overlap."""
    places = spread_apart([y for _, y in ends], TOP + 4, HEIGHT - BOTTOM)
    for (side, y), place in zip(ends, places):
        x = panel.width - RIGHT
        panel.line(x + 5, y, x + 12, place, class_=class_of(side, "lead"))
        panel.text(x + 14, place + 3.5, short(side, RIGHT - 16), class_=class_of(side, "label"))


def _x_of_points(document):
    """Pixels per point: by depth where depths tell the points apart, else side by side."""
    points = document["points"]
    depths = [point["depth"] for point in points]
    inner = Linear(0, 1, LEFT + 20, WIDE - RIGHT - 20)
    if len(points) > 1 and len(set(depths)) == len(points) and depths == sorted(depths):
        scale = log_scale([depths[0], depths[-1]], 0, 1)
        first, last = scale(depths[0]), scale(depths[-1])
        return {point["name"]: inner((scale(point["depth"]) - first) / (last - first))
                for point in points}, "queue depth", [str(depth) for depth in depths]
    steps = max(1, len(points) - 1)
    return ({point["name"]: inner(index / steps) for index, point in enumerate(points)}, "",
            [fitted(point["name"], (inner.end - inner.start) / len(points)) for point in points])


def _ratio_marks(panel, document, placement, x_of, y_of):
    """Between a Linux and the first side held against it: how many times."""
    first = {}
    for side in _sides(document, placement):
        for ratio in document["ratios"]:
            if (ratio["side"], ratio["kind"], ratio["metric"]) == (side["key"], "linux", "iops"):
                if first.setdefault(ratio["against"], side["key"]) == side["key"]:
                    x = x_of[ratio["point"]]
                    ends = [y_of(cell_of(document, key, ratio["point"])["iops"]["median"])
                            for key in (ratio["side"], ratio["against"])]
                    panel.line(x, ends[0] + 6, x, ends[1] - 6, class_="span")
                    panel.text(x, sum(ends) / 2 + 4, f"×{present.factor(ratio['estimate'])}",
                               class_="ratio middle")


def _iops_panel(document, placement, y_of):
    x_of, x_title, x_words = _x_of_points(document)
    panel = Panel(f"iops-{placement}", f"IOPS, placement {placement}",
                  f"IOPS of every side over {x_title or 'the points'}, logarithmic, with the "
                  "range of the rounds; the table below has the figures", WIDE, HEIGHT)
    _frame(panel, f"placement {placement}", y_of, number, "IOPS")
    _x_axis(panel, zip(x_of.values(), x_words), x_title)
    ends = []
    for side in _sides(document, placement):
        marks = []
        for point in document["points"]:
            iops = cell_of(document, side["key"], point["name"])["iops"]
            x = x_of[point["name"]]
            panel.line(x, y_of(iops["low"]), x, y_of(iops["high"]), class_=class_of(side, "bar"))
            marks.append((x, y_of(iops["median"]), point["name"], iops["median"]))
        panel.path([mark[:2] for mark in marks], class_=class_of(side, "line"))
        for x, y, name, value in marks:
            panel.mark(SHAPES[base_mode(side)], x, y, class_=class_of(side, "mark"),
                       data_side=side["key"], data_point=name, data_value=f"{value:.1f}")
        ends.append((side, marks[-1][1]))
    _ratio_marks(panel, document, placement, x_of, y_of)
    _end_labels(panel, ends)
    return panel.svg()


def iops(document):
    values = [cell["iops"][end] for _, _, cell in marked(document) for end in ("low", "high")]
    y_of = log_scale(values, HEIGHT - BOTTOM, TOP)
    placements = present.placements(document)
    return Figure(
        "iops", "IOPS over queue depth",
        "Medians; bars are the range of the rounds. Hollow and dashed: the floor of the same "
        "colour. ×N: how many times Linux.",
        [("", [_iops_panel(document, placement, y_of) for placement in placements])],
        ["side", "placement", "point", "IOPS", "lowest", "highest"],
        figure_rows(document, lambda cell: cell["iops"], lambda cell: [
            table.count(cell["iops"][key]) for key in ("median", "low", "high")]),
        columns=max(2, len(placements)))


def figure_rows(document, has, write):
    """The table below the panels, of the cells that have something."""
    return [[side["label"], side["placement"], point["name"], *write(cell)]
            for side, point, cell in marked(document) if has(cell)]


def grid(document, draw, has):
    """Rows of panels: a placement each, its points beside each other.

    draw(placement, name of the point, [(side, cell)]), of the sides that have something somewhere.
    """
    rows = []
    names = [point["name"] for point in document["points"]]
    for placement in present.placements(document):
        cells = [[(side, cell_of(document, side["key"], name)) for name in names]
                 for side in _sides(document, placement)]
        cells = [of_side for of_side in cells if any(has(cell) for _, cell in of_side)]
        if cells:
            rows.append((f"placement {placement}",
                         [draw(placement, name, of_point)
                          for name, of_point in zip(names, zip(*cells))]))
    return rows


def _nines(percentile):
    """p90, p99, p99.9, ... at equal distances."""
    return -log10(1 - float(percentile) / 100)


def _percentile_panel(placement, point, cells, y_of):
    panel = Panel(f"latency-{placement}-{point}",
                  f"Latency percentiles of {point}, placement {placement}",
                  "Completion latency over percentiles, both logarithmic, with the range of the "
                  "rounds", WIDTH, HEIGHT)
    x_of = Linear(_nines(PERCENTILES[0]), _nines(PERCENTILES[-1]), LEFT + 6, WIDTH - RIGHT - 4)
    _frame(panel, point, y_of, time)
    _x_axis(panel, [(x_of(_nines(key)), f"p{key}") for key in PERCENTILES
                    if key in ("50", "90", "99", "99.9", "99.99")], "percentile")
    ends = []
    for side, cell in cells:
        found = cell["percentiles_ns"]
        marks = [(key, x_of(_nines(key)), found[key]) for key in PERCENTILES if key in found]
        panel.add("polygon", class_=class_of(side, "band"), points=" ".join(
            f"{x:.1f},{y_of(max(1, spread[end])):.1f}" for end, order in (("low", 1), ("high", -1))
            for _, x, spread in marks[::order]))
        panel.path([(x, y_of(max(1, spread["median"]))) for _, x, spread in marks],
                   class_=class_of(side, "line"))
        for key, x, spread in marks:
            panel.mark(SHAPES[base_mode(side)], x, y_of(max(1, spread["median"])), 2.6,
                       class_=class_of(side, "mark"), data_side=side["key"],
                       data_point=point, data_percentile=key, data_value=spread["median"])
        ends.append((side, y_of(max(1, marks[-1][2]["median"]))))
    _end_labels(panel, ends)
    return panel.svg()


def latencies(document):
    values = [max(1, spread[end]) for _, _, cell in marked(document)
              for spread in cell["percentiles_ns"].values() for end in ("low", "high")]
    if not values:
        return None
    y_of = log_scale(values, HEIGHT - BOTTOM, TOP)
    return Figure(
        "latency", "Latency percentiles",
        "fio's completion latency (clat), medians over the rounds; bands are their range. What "
        "submitting costs comes before it and is among the stages below.",
        grid(document, partial(_percentile_panel, y_of=y_of),
             lambda cell: cell["percentiles_ns"]),
        ["side", "placement", "point", *(f"p{key} µs" for key in PERCENTILES)],
        figure_rows(document, lambda cell: cell["percentiles_ns"], lambda cell: [
            table.microseconds(cell["percentiles_ns"][key]["median"])
            if key in cell["percentiles_ns"] else "-" for key in PERCENTILES]),
        columns=len(document["points"]))


def _windows(timeline):
    """At most WINDOWS_MAX means, over equally many windows each."""
    width = -(-len(timeline) // WINDOWS_MAX)
    parts = [timeline[i:i + width] for i in range(0, len(timeline), width)]
    return [(part[-1][0], mean(value for _, value in part)) for part in parts]


def _timeline_panel(placement, point, cells, y_of, end_ms):
    panel = Panel(f"timeline-{placement}-{point}",
                  f"Latency over time of {point}, placement {placement}",
                  "Mean completion latency of short windows over the time of the job",
                  WIDTH, HEIGHT)
    x_of = Linear(0, end_ms, LEFT + 2, WIDTH - RIGHT - 4)
    _frame(panel, point, y_of, time)
    _x_axis(panel, [(x_of(tick), f"{tick:g}") for tick in x_of.ticks()], "ms")
    ends = []
    for side, cell in cells:
        windows = _windows(cell["timeline"])
        if windows:
            marks = [(x_of(ms), y_of(max(1, value))) for ms, value in windows]
            panel.path(marks, class_=class_of(side, "line thin"), data_side=side["key"],
                       data_point=point)
            ends.append((side, median(y for _, y in marks)))
    _end_labels(panel, ends)
    return panel.svg()


def timelines(document):
    lines = [_windows(cell["timeline"]) for _, _, cell in marked(document) if cell["timeline"]]
    if not lines:
        return None
    y_of = log_scale([max(1, value) for line in lines for _, value in line],
                     HEIGHT - BOTTOM, TOP)
    end_ms = max(line[-1][0] for line in lines)

    def write(cell):
        values = [value for _, value in cell["timeline"]]
        return [str(len(values)), *map(table.microseconds,
                                       (min(values), mean(values), max(values)))]

    return Figure(
        "timeline", "Latency over time",
        "Means of short windows, from one round with fio's logs on, before those that count.",
        grid(document, partial(_timeline_panel, y_of=y_of, end_ms=end_ms),
             lambda cell: cell["timeline"]),
        ["side", "placement", "point", "windows", "lowest µs", "mean µs", "highest µs"],
        figure_rows(document, lambda cell: cell["timeline"], write),
        columns=len(document["points"]))
