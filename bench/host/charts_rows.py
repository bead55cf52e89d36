"""The plots with a row per side: signals per I/O, stages of a latency, idle share."""

from . import table
from .charts import WIDTH, Figure, class_of, grid, marked, short
from .svg import Linear, Log, Panel, time

ROW = 24
LEFT, RIGHT, TOP, BOTTOM = 98, 74, 26, 22
STAGES = {"submit_to_doorbell": "submission to doorbell", "doorbell_to_signal": "the device",
          "signal_to_discovery": "waking up", "signal_to_delivery": "signal to delivery",
          "discovery_to_delivery": "delivery", "slat": "Linux: submitting (slat)",
          "clat": "Linux: until completed (clat)"}
_LEAST_SIGNALS = 0.001  # left end of the axis; fewer are drawn there


def _row_panel(key, title, text, heading, sides):
    """A panel with a name per row; and the rows' y."""
    height = TOP + ROW * len(sides) + BOTTOM
    panel = Panel(key, title, text, WIDTH, height)
    panel.text(LEFT, 14, heading, class_="head")
    places = [TOP + ROW * index + ROW / 2 for index in range(len(sides))]
    for side, y in zip(sides, places):
        panel.text(LEFT - 8, y + 3.5, short(side), class_=class_of(side, "label end"))
    return panel, places, height


def _axis(panel, ticks, height):
    """ticks: (x, words)"""
    for x, words in ticks:
        panel.line(x, TOP, x, height - BOTTOM, class_="grid")
        panel.text(x, height - BOTTOM + 14, words, class_="tick middle")


def _signal_panel(document, placement, point, sides, cell):
    name = point["name"]
    panel, places, height = _row_panel(
        f"signals-{placement}-{name}",
        f"Doorbells and interrupts per I/O of {name}, placement {placement}",
        "Two marks per side on a logarithmic axis whose left end stands for none", name, sides)
    scale = Log(_LEAST_SIGNALS, 1, LEFT + 30, WIDTH - RIGHT - 8)
    _axis(panel, [(LEFT + 6, "0"), *((scale(tick), f"{tick:g}") for tick in scale.ticks())],
          height)

    def place(value):
        return scale(min(value, 1.5)) if value >= _LEAST_SIGNALS else LEFT + 6

    for side, y in zip(sides, places):
        found = [(kind, cell(side, point)[f"{kind}_per_io"]) for kind in
                 ("doorbells", "interrupts")]
        for shape, offset, (kind, spread) in zip(("circle", "diamond"), (-4, 4), found):
            if spread:
                panel.mark(shape, place(spread["median"]), y + offset, 3.6,
                           class_=class_of(side, "mark"), data_side=side["key"],
                           data_point=name, data_kind=kind, data_value=spread["median"])
        words = [f"{spread['median']:.3f}" if spread else "–" for _, spread in found]
        panel.text(WIDTH - RIGHT + 2, y + 3.5, " · ".join(words), class_="figure")
    return panel.svg()


def signals(document, cell):
    def draw(placement, point, sides):
        return _signal_panel(document, placement, point, sides, cell)

    return Figure(
        "signals", "Doorbells and interrupts per I/O",
        "Circles are doorbells, diamonds interrupts; the figures to the right are in this order. "
        "Linux counts no doorbells.",
        grid(document, draw, lambda found: found["doorbells_per_io"] or found["interrupts_per_io"]),
        ["side", "placement", "point", "doorbells/IO", "interrupts/IO"],
        [[side["label"], side["placement"], point["name"],
          *(f"{found[key]['median']:.4f}" if found[key] else "-"
            for key in ("doorbells_per_io", "interrupts_per_io"))]
         for side, point, found in marked(document)], columns=len(document["points"]))


def _stage_panel(document, placement, point, sides, cell):
    name = point["name"]
    panel, places, height = _row_panel(
        f"stages-{placement}-{name}", f"Stages of a latency of {name}, placement {placement}",
        "A bar per side, divided as the mean latency is; its length is always the whole",
        name, sides)
    scale = Linear(0, 100, LEFT, WIDTH - RIGHT - 4)
    _axis(panel, [(scale(tick), f"{tick:g} %") for tick in (0, 50, 100)], height)
    for side, y in zip(sides, places):
        stages = cell(side, point)["stages_ns"]
        total, done = sum(stages.values()), 0.0
        for stage, value in stages.items():
            left, right = (scale(100 * part / total) for part in (done, done + value))
            panel.add("rect", x=left, y=y - 8.0, width=max(0.0, right - left), height=16,
                      class_=f"stage s-{stage}", data_side=side["key"], data_point=name,
                      data_stage=stage, data_value=f"{value:.1f}")
            done += value
        panel.text(WIDTH - RIGHT + 2, y + 3.5, time(total), class_="figure")
    return panel.svg()


def stages(document, cell):
    names = list(dict.fromkeys(name for _, _, found in marked(document)
                               for name in found["stages_ns"]))
    order = [name for name in STAGES if name in names]
    if not order:
        return None

    def draw(placement, point, sides):
        return _stage_panel(document, placement, point, sides, cell)

    return Figure(
        "stages", "Where the time of one I/O goes",
        "Shares of the mean latency, from submission to delivery; to the right the whole. At "
        "depth, what waits for the device waits for the requests before it.",
        grid(document, draw, lambda found: found["stages_ns"]),
        ["side", "placement", "point", *(f"{STAGES[name]} µs" for name in order)],
        [[side["label"], side["placement"], point["name"],
          *(f"{found['stages_ns'][name] / 1000:,.2f}" if name in found["stages_ns"] else "-"
            for name in order)]
         for side, point, found in marked(document) if found["stages_ns"]],
        legend=[(f"s-{name}", STAGES[name]) for name in order],
        columns=len(document["points"]))


def _idle_panel(document, placement, point, sides, cell):
    name = point["name"]
    panel, places, height = _row_panel(
        f"idle-{placement}-{name}", f"Idle share of {name}, placement {placement}",
        "A bar per side from 0 to 100 % of the CPU's time, with the range of the rounds",
        name, sides)
    scale = Linear(0, 100, LEFT, WIDTH - RIGHT - 4)
    _axis(panel, [(scale(tick), f"{tick:g} %") for tick in (0, 50, 100)], height)
    for side, y in zip(sides, places):
        idle = cell(side, point)["idle_share"]
        if not idle:
            continue
        panel.add("rect", x=LEFT, y=y - 7.0, width=scale(100 * idle["median"]) - LEFT, height=14,
                  class_=class_of(side, "fill"), data_side=side["key"], data_point=name,
                  data_value=f"{idle['median']:.4f}")
        panel.line(scale(100 * idle["low"]), y, scale(100 * idle["high"]), y, class_="range")
        panel.text(WIDTH - RIGHT + 2, y + 3.5, table.share(idle["median"]), class_="figure")
    return panel.svg()


def idle(document, cell):
    def draw(placement, point, sides):
        return _idle_panel(document, placement, point, sides, cell)

    return Figure(
        "idle", "Idle share of the CPU",
        "What is left for others while the disk is kept busy; the thin line is the range of the "
        "rounds.",
        grid(document, draw, lambda found: found["idle_share"]),
        ["side", "placement", "point", "idle"],
        [[side["label"], side["placement"], point["name"],
          table.share(found["idle_share"]["median"])]
         for side, point, found in marked(document) if found["idle_share"]],
        columns=len(document["points"]))
