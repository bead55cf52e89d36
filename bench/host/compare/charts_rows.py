# SPDX-License-Identifier: MIT
"""The plots with a row per side: signals per I/O, stages of a latency, idle share."""

from host.base import table
from host.base.svg import Linear, Log, Panel, fitted, time
from host.compare.charts import (HEAD_SIZE, WIDTH, Figure, class_of, figure_rows, grid, marked,
                                 short, x_ticks)

ROW = 24
STAGE_ROW = 38  # a second bar stands below the first
LEFT, RIGHT, TOP, BOTTOM = 116, 74, 26, 22
STAGES = {"submit_to_doorbell": "submission to doorbell", "doorbell_to_signal": "the device",
          "signal_to_discovery": "waking up", "signal_to_delivery": "signal to delivery",
          "discovery_to_delivery": "delivery", "slat": "Linux: submitting (slat)",
          "clat": "Linux: until completed (clat)"}
_DEVICES = ("doorbell_to_signal", "clat")  # the stages that are not the guest's own
_LEAST_SIGNALS = 0.001  # left end of the axis; fewer are drawn there


def _row_panel(key, title, text, heading, cells, height=ROW):
    """A panel with a name per row; and the rows' y."""
    panel = Panel(key, title, text, WIDTH, _base(cells, height) + BOTTOM)
    panel.text(LEFT, 14, fitted(heading, WIDTH - LEFT, HEAD_SIZE), class_="head")
    places = [TOP + height * index + ROW / 2 for index in range(len(cells))]
    for (side, _), y in zip(cells, places):
        panel.text(LEFT - 8, y + 3.5, short(side, LEFT - 12), class_=class_of(side, "label end"))
    return panel, places


def _base(cells, height=ROW):
    """The y of the axis."""
    return TOP + height * len(cells)


def _x_axis(panel, ticks, base):
    x_ticks(panel, ticks, TOP, base, "grid", base + 14)


def _share_axis(panel, base):
    """0 to 100 %; the scale."""
    scale = Linear(0, 100, LEFT, WIDTH - RIGHT - 4)
    _x_axis(panel, [(scale(tick), f"{tick:g} %") for tick in (0, 50, 100)], base)
    return scale


def _figure_words(panel, y, words):
    panel.text(WIDTH - RIGHT + 2, y + 3.5, words, class_="figure")


def _signal_panel(placement, point, cells):
    panel, places = _row_panel(
        f"signals-{placement}-{point}",
        f"Doorbells and interrupts per I/O of {point}, placement {placement}",
        "Two marks per side on a logarithmic axis whose left end stands for none", point, cells)
    scale = Log(_LEAST_SIGNALS, 1, LEFT + 30, WIDTH - RIGHT - 8)
    _x_axis(panel, [(LEFT + 6, "0"), *((scale(tick), f"{tick:g}") for tick in scale.ticks())],
            _base(cells))

    def place(value):
        return scale(min(value, 1.5)) if value >= _LEAST_SIGNALS else LEFT + 6

    for (side, cell), y in zip(cells, places):
        found = [(kind, cell[f"{kind}_per_io"]) for kind in ("doorbells", "interrupts")]
        for shape, offset, (kind, spread) in zip(("circle", "diamond"), (-4, 4), found):
            if spread:
                panel.mark(shape, place(spread["median"]), y + offset, 3.6,
                           class_=class_of(side, "mark"), data_side=side["key"],
                           data_point=point, data_kind=kind, data_value=spread["median"])
        _figure_words(panel, y, " · ".join(f"{spread['median']:.3f}" if spread else "–"
                                           for _, spread in found))
    return panel.svg()


def signals(document):
    return Figure(
        "signals", "Doorbells and interrupts per I/O",
        "Circles are doorbells, diamonds interrupts; the figures to the right are in this order. "
        "Linux counts no doorbells.",
        grid(document, _signal_panel,
             lambda cell: cell["doorbells_per_io"] or cell["interrupts_per_io"]),
        ["side", "placement", "point", "doorbells/IO", "interrupts/IO"],
        figure_rows(document, lambda cell: True, lambda cell: [
            f"{cell[key]['median']:.4f}" if cell[key] else "-"
            for key in ("doorbells_per_io", "interrupts_per_io")]),
        columns=len(document["points"]))


def _stage_panel(placement, point, cells):
    panel, places = _row_panel(
        f"stages-{placement}-{point}", f"Stages of a latency of {point}, placement {placement}",
        "Two bars per side: one divided as the mean latency is, its length always the whole; a "
        "thin one of the guest's own stages alone, the longest of this panel as long as the axis",
        point, cells, STAGE_ROW)
    scale = _share_axis(panel, _base(cells, STAGE_ROW))
    longest = max(sum(own_stages(cell).values()) for _, cell in cells)
    for (side, cell), y in zip(cells, places):
        whole, own = cell["stages_ns"], own_stages(cell)
        _stage_bar(panel, scale, whole, sum(whole.values()), y - 8.0, 14, data_side=side["key"],
                   data_point=point)
        _stage_bar(panel, scale, own, longest, y + 8.0, 8, data_own=side["key"])
        _figure_words(panel, y, time(sum(whole.values())))
        _figure_words(panel, y + 12, f"{time(sum(own.values()))} own")
    return panel.svg()


def own_stages(cell):
    """Those that are not the device's."""
    return {stage: value for stage, value in cell["stages_ns"].items() if stage not in _DEVICES}


def _stage_bar(panel, scale, stages_ns, full_ns, y, height, **data):
    """The stages behind each other; full_ns is as long as the axis."""
    done = 0.0
    for stage, value in stages_ns.items():
        left, right = (scale(100 * part / full_ns) if full_ns else scale(0)
                       for part in (done, done + value))
        panel.add("rect", x=left, y=y, width=max(0.0, right - left), height=height,
                  class_=f"stage s-{stage}", data_stage=stage, data_value=f"{value:.1f}", **data)
        done += value


def stages(document):
    names = {name for _, _, cell in marked(document) for name in cell["stages_ns"]}
    order = [name for name in STAGES if name in names]
    if not order:
        return None
    return Figure(
        "stages", "Where the time of one I/O goes",
        "Shares of the mean latency, from submission to delivery; to the right the whole. The thin "
        "bar zooms in on what is not the device's, on one scale for all sides of a panel. At "
        "depth, what waits for the device waits for the requests before it.",
        grid(document, _stage_panel, lambda cell: cell["stages_ns"]),
        ["side", "placement", "point", *(f"{STAGES[name]} µs" for name in order)],
        figure_rows(document, lambda cell: cell["stages_ns"], lambda cell: [
            f"{cell['stages_ns'][name] / 1000:,.2f}" if name in cell["stages_ns"] else "-"
            for name in order]),
        legend=[(f"s-{name}", STAGES[name]) for name in order],
        columns=len(document["points"]))


def _idle_panel(placement, point, cells):
    panel, places = _row_panel(
        f"idle-{placement}-{point}", f"Idle share of {point}, placement {placement}",
        "A bar per side from 0 to 100 % of the CPU's time, with the range of the rounds",
        point, cells)
    scale = _share_axis(panel, _base(cells))
    for (side, cell), y in zip(cells, places):
        idle_share = cell["idle_share"]
        if not idle_share:
            continue
        panel.add("rect", x=LEFT, y=y - 7.0, width=scale(100 * idle_share["median"]) - LEFT,
                  height=14, class_=class_of(side, "fill"), data_side=side["key"],
                  data_point=point, data_value=f"{idle_share['median']:.4f}")
        panel.line(scale(100 * idle_share["low"]), y, scale(100 * idle_share["high"]), y,
                   class_="range")
        _figure_words(panel, y, table.share(idle_share["median"]))
    return panel.svg()


def idle(document):
    return Figure(
        "idle", "Idle share of the CPU",
        "What is left for others while the disk is kept busy; the thin line is the range of the "
        "rounds.",
        grid(document, _idle_panel, lambda cell: cell["idle_share"]),
        ["side", "placement", "point", "idle"],
        figure_rows(document, lambda cell: cell["idle_share"],
                    lambda cell: [table.share(cell["idle_share"]["median"])]),
        columns=len(document["points"]))
