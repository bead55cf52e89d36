# SPDX-License-Identifier: MIT
"""The page: what is drawn is what the document says."""

import math
import re
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser

import pytest
from canned import HOST, document

from host.compare import charts, charts_rows, report
from host.compare.measure import Plan, figures
from host.compare.points import Point
from host.compare.sides import ab_sides, baseline_sides, mode_sides
from host.compare.summary import cell_of, summarize

POINTS = [Point("QD1", ()), Point("QD32", ())]
IOPS = {"poll": 5e5, "floor-poll": 6e5, "irq": 3e4, "linux-irq": 3e3, "a": 10.0, "b": 20.0,
        "base:poll": 4e5}
EVERYTHING = mode_sides("poll@split,floor-poll@split,irq@one,linux-irq@one", ["one"])


def compared(sides, points=POINTS, timeline=((10, 1500), (20, 2500))):
    rounds, timelines = {}, {}
    for side in sides:
        floor = {"jobs": []} if side.is_floor() else {}
        for depth, point in zip((1, 32), points):
            results = [document(iops=IOPS[side.mode] * turn, depth=depth, **floor)
                       for turn in (0.9, 1.0, 1.1)]
            for result in results if side.is_floor() else []:
                result["jobs"][0]["read"].update(clat_ns={}, slat_ns={}, lat_ns={})
            rounds[side.key, point.name] = [figures(result) for result in results]
            if not side.is_floor():
                timelines[side.key, point.name] = list(timeline)
    return summarize(Plan("a.fio", sides, points, 3), rounds, timelines, HOST)


class Page(HTMLParser):
    """Panels by id; whatever else the page would load."""

    def __init__(self, text):
        super().__init__()
        self.sections, self.outside = [], []
        self.feed(text)
        self.panels = {root.get("id"): root for root in map(
            ElementTree.fromstring, re.findall(r"<svg.*?</svg>", text, re.S))}

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag == "section":
            self.sections.append(attrs["id"])
        if tag in ("script", "link", "img", "iframe") or "src" in attrs or "href" in attrs:
            self.outside.append(tag)

    def marks(self, panel, **wanted):
        return [node for node in self.panels[panel].iter() if node.get("data-side") and all(
            node.get(f"data-{key}") == value for key, value in wanted.items())]


@pytest.fixture(scope="module")
def everything():
    found = compared(EVERYTHING)
    return found, Page(report.html(found, "my <job>"))


def test_the_page_holds_all_plots_and_loads_nothing(everything):
    _, page = everything
    assert page.sections == ["goals", "submitting", "iops", "latency", "timeline", "signals",
                             "stages", "idle", "figures"]
    assert page.outside == []
    text = report.html(everything[0], "my <job>")
    assert "url(" not in text and "@import" not in text
    assert "<h1>polled · interrupt · Linux, interrupt: my &lt;job&gt;</h1>" in text


def test_the_page_says_where_and_when_and_what_was_measured(everything):
    text = report.html(everything[0], "/some/where/my.fio")
    assert ": my.fio</h1>" in text and "/some/where" not in text
    facts = dict(re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", text))
    assert facts == {
        "date": "2026-11-30 21:16:38 UTC", "Ringbolt": "0.9.0 0123456789ab",
        "host CPU": "A &lt;Fast&gt; CPU @ 3 GHz", "host kernel": "Linux 6.1",
        "QEMU": "QEMU emulator version 7.2 (Debian)", "machine": "q35",
        "firmware": "SeaBIOS of this QEMU", "measured": "Ringbolt 0.9.0 (0123456789ab)",
        "load": "others took 0.4 % of a guest&#x27;s time (median), 0.4 % at worst"}


def test_pictures_stand_alone_and_show_what_the_page_shows(everything):
    document, page = everything
    pictures = report.pictures(document)
    assert sorted(pictures) == ["iops", "latency"]
    for key, text in pictures.items():
        root = ElementTree.fromstring(text)
        panels = [name for name in page.panels if name.startswith(f"{key}-")]
        shown = [node.get("data-value") for node in root.iter() if node.get("data-side")]
        assert panels and shown == [mark.get("data-value") for panel in panels
                                    for mark in page.marks(panel)]
        places = [(node.get("x"), node.get("y")) for node in root
                  if node.tag.endswith("}svg")]
        assert len(places) == len(set(places)) == len(panels)
        assert "url(" not in text and "@import" not in text and "prefers-color-scheme" in text


def test_every_panel_speaks_to_those_who_do_not_see_it(everything):
    _, page = everything
    for root in page.panels.values():
        assert root.get("role") == "img" and root.find("title").text and root.find("desc").text


def y_of(panel, value):
    """Where a logarithmic axis has a value, by its own ticks."""
    ticks = [(float(node.get("data-tick")), float(node.get("y")) - 3.5)
             for node in panel.iter("text") if node.get("data-tick")]
    (low, bottom), (high, top) = min(ticks), max(ticks)
    return bottom + (top - bottom) * math.log(value / low) / math.log(high / low)


def test_iops_are_drawn_where_the_axis_says(everything):
    found, page = everything
    drawn = 0
    for side in found["sides"]:
        panel = f"iops-{side['placement']}"
        for point in found["points"]:
            mark, = page.marks(panel, side=side["key"], point=point["name"])
            median = cell_of(found, side["key"], point["name"])["iops"]["median"]
            assert float(mark.get("data-value")) == pytest.approx(median, abs=0.05)
            y = float(re.search(r",([\d.]+)\)", mark.get("transform"))[1])
            assert y == pytest.approx(y_of(page.panels[panel], median), abs=0.02)
            drawn += 1
    assert drawn == 8


def test_how_many_times_linux_is_written_between_the_two(everything):
    _, page = everything
    words = [node.text for node in page.panels["iops-one"].iter("text")]
    assert words.count("×10.0") == 2
    assert not any("×" in node.text for node in page.panels["iops-split"].iter("text"))


def test_stages_fill_the_bar_in_the_measure_of_their_means(everything):
    found, page = everything
    marks = page.marks("stages-one-QD1", side="irq@one")
    stages = cell_of(found, "irq@one", "QD1")["stages_ns"]
    assert {mark.get("data-stage"): float(mark.get("data-value")) for mark in marks} == stages
    widths = [float(mark.get("width")) for mark in marks]
    for mark, width in zip(marks, widths):
        assert width / sum(widths) == pytest.approx(
            stages[mark.get("data-stage")] / sum(stages.values()), abs=1e-3)
    assert page.marks("stages-split-QD1", side="floor-poll@split") == []


def test_percentiles_signals_and_idle_shares_are_the_cells(everything):
    found, page = everything
    for key, spread in cell_of(found, "irq@one", "QD1")["percentiles_ns"].items():
        mark, = page.marks("latency-one-QD1", side="irq@one", percentile=key)
        assert float(mark.get("data-value")) == spread["median"]
    for kind, value in (("doorbells", "0.25"), ("interrupts", "0.1")):
        mark, = page.marks("signals-one-QD32", side="irq@one", kind=kind)
        assert mark.get("data-value") == value
    mark, = page.marks("idle-one-QD32", side="irq@one")
    assert mark.get("data-value") == "0.2500"
    assert len(page.marks("timeline-one-QD1")) == 2


def test_verdicts_come_first_then_where_and_when_then_figures(everything):
    text = report.html(everything[0], "my.fio")
    order = [text.index(words) for words in ("</h1>", "goals met", "<dt>date</dt>", "<table>",
                                             "<section id=goals>", "<section id=iops>")]
    assert order == sorted(order)


def test_of_two_sides_the_title_holds_one_against_the_other():
    text = report.html(compared(ab_sides(["x=1"], ["x=2"], ["one"])), "my.fio")
    assert "<h1>x=1 against x=2: my.fio</h1>" in text and "<title>x=1 against x=2: my.fio" in text


def test_ratios_are_rows_that_look_different_from_values(everything):
    text = report.html(everything[0], "my.fio")
    rows = re.findall(r"<tr class=(\w+)><td>(.*?)</td>", text)
    assert ("value", "interrupt") in rows and ("ratio", "- x Linux") in rows
    assert all((kind == "ratio") == name.startswith("- ")
               for kind, name in rows if kind in ("ratio", "value"))
    style = report._PAGE
    assert "tr.ratio td {" in style and "tr.value td {" in style


def test_what_is_submitting_is_a_table_and_no_note(everything):
    text = report.html(everything[0], "my.fio")
    table = text.partition("<section id=submitting>")[2].partition("</section>")[0]
    rows = [re.findall(r"<td.*?>(.*?)</td>", row) for row in re.findall(r"<tr>(.*?)</tr>", table)]
    cell = cell_of(everything[0], "linux-irq@one", "QD32")
    assert ["Linux, interrupt", "QD32", f"{cell['lat_ns']['median'] / 1000:.1f}",
            f"{cell['slat_ns']['median'] / 1000:.1f}"] in rows
    assert "mean latency, of which submitting" not in text


def test_plots_call_a_side_what_the_tables_call_it():
    sides = mode_sides("poll,adaptive,irq,floor-poll,floor-irq,linux-poll,linux-irq", ["one"])
    found = compared([side for side in sides if side.mode in IOPS])
    page = Page(report.html(found, "x"))
    labels = {side["label"] for side in found["sides"]}
    for panel in ("iops-one", "latency-one-QD1", "signals-one-QD1", "idle-one-QD1"):
        words = {node.text for node in page.panels[panel].iter("text")
                 if " m-" in (node.get("class") or "")}
        assert words and words <= labels, panel
    assert {charts.short(vars(side), charts.RIGHT - 16) for side in sides} == {
        side.label for side in sides}


def test_the_guests_own_stages_have_a_bar_of_their_own(everything):
    found, page = everything
    longest = max(sum(charts_rows.own_stages(cell_of(found, side["key"], "QD1")).values())
                  for side in found["sides"] if side["placement"] == "one")
    bars = [node for node in page.panels["stages-one-QD1"].iter() if node.get("data-own")]
    assert bars and not {bar.get("data-stage") for bar in bars} & {"doorbell_to_signal", "clat"}
    full = charts_rows.WIDTH - charts_rows.RIGHT - 4 - charts_rows.LEFT
    for bar in bars:
        share = float(bar.get("data-value")) / longest
        assert float(bar.get("width")) == pytest.approx(share * full, abs=0.1)


def test_the_page_takes_the_whole_width_and_suits_a_phone_and_paper():
    body, = re.findall(r"^body \{(.*?)\}", report._PAGE, re.MULTILINE)
    assert "max-width" not in body
    before, _, phone = report._PAGE.partition("@media screen and (max-width: 760px)")
    assert phone.startswith(" { .panels, dl { grid-template-columns: minmax(0, 1fr); }")
    # What comes later wins.
    assert all(f"\n{what} {{" in before for what in ("body", "h1", ".panels", "dl"))
    assert "@page" in report._PAGE and "@media print" in report._PAGE


OTHERS = {
    "one side": mode_sides("irq", ["one"]),
    "settings": ab_sides(["x=1"], ["x=2"], ["one", "split"]),
    "commits": baseline_sides(mode_sides("poll", ["one"]), "HEAD~1", "/k"),
    "floors": mode_sides("floor-poll", ["one"]),
}


@pytest.mark.parametrize("sides", OTHERS.values(), ids=OTHERS)
@pytest.mark.parametrize("points", [POINTS[:1], POINTS])
def test_whatever_was_compared_can_be_drawn(sides, points):
    page = Page(report.html(compared(sides, points, timeline=()), "x"))
    assert "iops" in page.sections and "timeline" not in page.sections
    colours = set(re.findall(r"\bm-([\w-]+)", report._drawing_style()))
    for root in page.panels.values():
        for node in root.iter():
            assert set(re.findall(r"\bm-([\w-]+)", node.get("class") or "")) <= colours


def test_every_colour_has_a_value_in_light_dark_and_print():
    style = report._drawing_style() + report._PAGE
    used = set(re.findall(r"var\((--[\w-]+)\)", style)) - {"--columns", "--c", "--f"}
    for block in (style.partition("@media")[0], style.partition("(prefers-color-scheme: dark)")[2]
                  .partition("@media")[0], style.partition("@media print")[2].partition("}")[0]):
        assert used <= set(re.findall(r"(--[\w-]+):", block))
