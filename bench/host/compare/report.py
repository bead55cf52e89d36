# SPDX-License-Identifier: MIT
"""report.html: a comparison as one page that needs nothing else, not even a script.

Colours live in the style sheet alone, so that one drawing does for light, dark and paper. They
are Okabe and Ito's, which colour-blind readers can tell apart; shapes and labels say it again.
Below each plot stand its figures.
"""

import os
import re
from html import escape

from host.compare import charts, charts_rows, present

_COLOURS = """
:root { --page: #fff; --ink: #1b1f24; --soft: #57606a; --rule: #d0d7de; --grid: #e8ebef;
  --panel: #fbfcfd; --good: #116b3a; --bad: #b3261e;
  --poll: #0072b2; --adaptive: #007d5a; --irq: #c24e00; --linux-poll: #9a4f86;
  --linux-irq: #8a6500; --a: #0072b2; --b: #c24e00;
  --s1: #56b4e9; --s2: #dfe3e8; --s3: #f0a202; --s4: #009e73; --s5: #cc79a7; --s6: #c4b7d4; }
@media (prefers-color-scheme: dark) { :root { --page: #12161c; --ink: #e6eaef; --soft: #9aa6b2;
  --rule: #3a434e; --grid: #262d36; --panel: #171c23; --good: #56d38a; --bad: #ff8a80;
  --poll: #56b4e9; --adaptive: #2fc79a; --irq: #f28e4b; --linux-poll: #dd9bc6;
  --linux-irq: #e3bd4f; --a: #56b4e9; --b: #f28e4b;
  --s1: #3d8fc0; --s2: #3b4552; --s3: #d9930a; --s4: #12946d; --s5: #b0628d; --s6: #5b4e72; } }
@media print { :root { --page: #fff; --ink: #000; --soft: #333; --rule: #888; --grid: #ddd;
  --panel: #fff; --good: #064; --bad: #900; --poll: #0072b2; --adaptive: #007d5a;
  --irq: #c24e00; --linux-poll: #9a4f86; --linux-irq: #8a6500; --a: #0072b2; --b: #c24e00;
  --s1: #56b4e9; --s2: #dfe3e8; --s3: #f0a202; --s4: #009e73; --s5: #cc79a7; --s6: #c4b7d4; } }
"""
_DRAWING = """
svg text { font: 11px system-ui, "Segoe UI", "DejaVu Sans", sans-serif; fill: var(--ink); }
svg .head { font-size: 12px; font-weight: 600; }
svg .tick, svg .axis { fill: var(--soft); font-size: 10px; }
svg .figure { font-size: 10px; font-variant-numeric: tabular-nums; }
svg .end { text-anchor: end; } svg .middle { text-anchor: middle; }
svg .grid { stroke: var(--grid); } svg .rule { stroke: var(--rule); }
svg .line { fill: none; stroke: var(--c); stroke-width: 1.8; stroke-linejoin: round; }
svg .line.thin { stroke-width: 1.3; }
svg .bar, svg .lead { stroke: var(--c); } svg .bar { stroke-width: 1.2; }
svg .lead { stroke-width: .8; opacity: .7; }
svg .band { fill: var(--c); stroke: none; opacity: .13; }
svg .mark { fill: var(--c); stroke: var(--panel); stroke-width: .25; }
svg .fill { fill: var(--c); } svg .label { fill: var(--c); font-size: 10.5px; }
svg .line.ref { stroke-dasharray: 4 3; stroke-width: 1.2; }
svg .mark.ref { fill: var(--panel); stroke: var(--c); stroke-width: .4; }
svg .fill.ref { fill-opacity: .45; } svg .bar.ref { stroke-dasharray: 2 2; }
svg .span { stroke: var(--soft); stroke-dasharray: 1.5 2.5; }
svg .ratio { font-weight: 600; paint-order: stroke; stroke: var(--panel); stroke-width: 4px; }
svg .range { stroke: var(--ink); stroke-width: 1.4; }
svg .stage { stroke: var(--panel); stroke-width: 1; }
"""
_PAGE = """
* { box-sizing: border-box; }
html { color-scheme: light dark; background: var(--page); color: var(--ink);
  font: 15px/1.5 system-ui, "Segoe UI", "DejaVu Sans", sans-serif; }
body { margin: 0; padding: 2rem 1.25rem 4rem; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 .4rem; overflow-wrap: anywhere; }
h2 { font-size: 1.2rem; margin: 2.6rem 0 .2rem; }
h3 { font-size: .85rem; font-weight: 600; color: var(--soft); margin: .9rem 0 .1rem; }
p { margin: .2rem 0; max-width: 48rem; } .soft { color: var(--soft); }
.panels { display: grid; gap: .5rem 1rem;
  grid-template-columns: repeat(var(--columns), minmax(0, 1fr)); }
svg { width: 100%; height: auto; background: var(--panel); border-radius: 4px; }
.legend { display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; padding: 0; margin: .4rem 0 0;
  list-style: none; font-size: .85rem; }
.legend i { display: inline-block; width: .9em; height: .9em; margin-right: .4em;
  vertical-align: -.08em; background: var(--f); border-radius: 2px; }
table { border-collapse: collapse; font-size: .82rem; font-variant-numeric: tabular-nums;
  margin: .5rem 0; }
th, td { padding: .18rem .7rem .18rem 0; text-align: left; white-space: nowrap;
  border-bottom: 1px solid var(--grid); }
th { color: var(--soft); font-weight: 600; border-bottom-color: var(--rule); }
tr.ratio td { color: var(--soft); font-style: italic; }
tr.ratio td:first-child { padding-left: 1.2rem; }
tr.value td { font-weight: 600; border-bottom-color: var(--rule); }
.n { text-align: right; } .scroll { overflow-x: auto; }
dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .1rem 1rem;
  font-size: .85rem; margin: .8rem 0 0; }
dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
.met { color: var(--good); } .missed { color: var(--bad); font-weight: 600; }
summary { cursor: pointer; color: var(--soft); font-size: .85rem; margin-top: .4rem; }
@media screen and (max-width: 760px) { .panels, dl { grid-template-columns: minmax(0, 1fr); }
  body { padding: 1rem .75rem 2rem; } h1 { font-size: 1.3rem; } dd { margin: 0 0 .3rem; } }
@page { size: A4 landscape; margin: 12mm; }
@media print { body { max-width: none; padding: 0; } html { font-size: 12px; }
  h2, h2 + p, h3, .legend { break-after: avoid; } p, .panels, tr { break-inside: avoid; }
  details::details-content { content-visibility: visible; block-size: auto; }
  summary { display: none; } .scroll { overflow: visible; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; } }
"""
_MODES = ("poll", "adaptive", "irq", "linux-poll", "linux-irq", "a", "b")
_VIEW_BOX = re.compile(r'viewBox="0 0 (\d+) (\d+)"')
_PICTURES = ("iops", "latency")
_GAP, _HEADING = 12, 20  # of a picture: between panels; above a row of them
_STAGE_COLOURS = {"submit_to_doorbell": 1, "doorbell_to_signal": 2, "signal_to_discovery": 3,
                  "signal_to_delivery": 4, "discovery_to_delivery": 4, "slat": 5, "clat": 6}


def _drawing_style():
    modes = "".join(f".m-{mode} {{ --c: var(--{mode}); }}\n" for mode in _MODES)
    stages = "".join(f"svg .s-{stage} {{ fill: var(--s{colour}); }}\n"
                     f".legend .s-{stage} {{ --f: var(--s{colour}); }}\n"
                     for stage, colour in _STAGE_COLOURS.items())
    return _COLOURS + _DRAWING + modes + stages


def _table(head, rows, left=3, classes=lambda words: ""):
    def row(words, tag, name=""):
        cells = "".join(f"<{tag}{'' if column < left else ' class=n'}>{escape(word)}</{tag}>"
                        for column, word in enumerate(words))
        return f"<tr{name}>{cells}</tr>"

    return (f"<div class=scroll><table><thead>{row(head, 'th')}</thead><tbody>"
            + "".join(row(words, "td", classes(words)) for words in rows)
            + "</tbody></table></div>")


def _figure(figure):
    legend = "".join(f"<li><i class={name}></i>{escape(words)}</li>"
                     for name, words in figure.legend)
    rows = "".join((f"<h3>{escape(heading)}</h3>" if heading else "")
                   + f'<div class=panels style="--columns:{figure.columns}">{"".join(panels)}</div>'
                   for heading, panels in figure.panels)
    return (f"<section id={figure.key}><h2>{escape(figure.title)}</h2>"
            f"<p class=soft>{escape(figure.text)}</p>"
            + (f"<ul class=legend>{legend}</ul>" if legend else "") + rows
            + f"<details><summary>Figures</summary>{_table(figure.head, figure.rows)}</details>"
            "</section>")


def _headline(document):
    """Values and, indented below them, the ratios made of them."""
    head, rows = present.headline(document)
    return _table(head, rows, left=2, classes=lambda words: " class=" + (
        "ratio" if words[0].startswith("- ") else "value"))


def _submitting(document):
    head, rows = present.submitting_rows(document)
    if not rows:
        return ""
    return ("<section id=submitting><h2>Mean latency, of which submitting</h2>"
            + _table(head, rows, left=2) + "</section>")


def _goals(document):
    head, rows = present.goal_rows(document)
    if not rows:
        return ""
    return (f"<section id=goals><h2>Goals</h2><p>{escape(present.goal_sum(document))}</p>"
            + _table(head, rows, classes=lambda words: f" class={words[-1].partition(' ')[0]}")
            + "</section>")


def _facts(document):
    """What a figure has to carry: where it was measured, when, and what was."""
    rows = "".join(f"<dt>{escape(name)}</dt><dd>{escape(words)}</dd>"
                   for name, words in present.facts(document))
    return f"<dl>{rows}</dl>"


def _all_figures(document):
    parts = [f"<h3>{escape(present.placement_words(placement))}</h3>"
             + _table(*present.rows(document, placement), left=2)
             for placement in present.placements(document)]
    return ("<section id=figures><h2>All figures</h2><details open><summary>Figures</summary>"
            f"{''.join(parts)}</details></section>")


def _figures(document):
    drawn = (draw(document) for draw in (charts.iops, charts.latencies, charts.timelines,
                                         charts_rows.signals, charts_rows.stages,
                                         charts_rows.idle))
    return [figure for figure in drawn if figure]


def _placed(rows):
    """(drawing, width, height) of panels beside each other, their rows below each other."""
    parts, bottom, right = [], 0, 0
    for heading, panels in rows:
        if heading:
            parts.append(f'<text class="axis" x="4" y="{bottom + _HEADING - 6}">'
                         f"{escape(heading)}</text>")
            bottom += _HEADING
        x = 0
        for svg in panels:
            width, height = map(int, _VIEW_BOX.search(svg).groups())
            parts.append(svg.replace("<svg ", f'<svg x="{x}" y="{bottom}" width="{width}" '
                                     f'height="{height}" ', 1))
            x += width + _GAP
        right = max(right, x - _GAP)
        bottom += height + _GAP
    return "".join(parts), right, bottom - _GAP


def _picture(figure):
    """A figure's panels as one drawing that needs nothing else."""
    drawing, width, height = _placed(figure.panels)
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
            f'width="{width}" height="{height}" role="img">'
            f"<title>{escape(figure.title)}</title><style>{_drawing_style()}</style>"
            f'<rect width="{width}" height="{height}" fill="var(--panel)"/>{drawing}</svg>\n')


def pictures(document):
    """{name: SVG}: the figures that are worth showing by themselves, for light and dark pages."""
    return {figure.key: _picture(figure) for figure in _figures(document)
            if figure.key in _PICTURES}


def html(document, name):
    """`name`: the job file, or what the comparison is called."""
    name = f"{present.subject(document)}: {os.path.basename(name)}"
    verdicts = "".join(f"<p><strong>{escape(line)}</strong></p>"
                       for line in present.verdicts(document))
    notes = "".join(f"<p class=soft>{escape(note)}</p>" for note in present.short_notes(document))
    body = (f"<h1>{escape(name)}</h1>" + verdicts
            + f"<p>{escape(present.title(document))}</p>" + _facts(document)
            + _headline(document) + notes + _goals(document) + _submitting(document)
            + "".join(_figure(figure) for figure in _figures(document)) + _all_figures(document))
    return ('<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            '<meta name="color-scheme" content="light dark">'
            f"<title>{escape(name)}: comparison</title>"
            f"<style>{_drawing_style()}{_PAGE}</style></head><body>"
            f"<main>{body}</main></body></html>\n")
