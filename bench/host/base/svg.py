# SPDX-License-Identifier: MIT
"""Just enough SVG: scales with round ticks, and a panel that collects shapes.

Colours are left to the page's style sheet: a shape says whose it is by a class, so the same
drawing serves light, dark and paper. Marks carry their figures as data-* attributes.
"""

import math
import re
import unicodedata
from dataclasses import dataclass
from html import escape

_LABEL_GAP = 13  # between the base lines of two labels


@dataclass(frozen=True)
class Linear:
    low: float
    high: float
    start: float  # pixels
    end: float

    def __call__(self, value):
        share = (value - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)

    def ticks(self):
        step = 10 ** math.floor(math.log10((self.high - self.low) / 2))
        step = next(step * times for times in (1, 2, 5, 10)
                    if (self.high - self.low) / (step * times) <= 6)
        first = math.ceil(self.low / step - 1e-9)
        return [step * i for i in range(first, math.floor(self.high / step + 1e-9) + 1)]


@dataclass(frozen=True)
class Log:
    """From a power of ten to another."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value):
        share = math.log(value / self.low) / math.log(self.high / self.low)
        return self.start + share * (self.end - self.start)

    def ticks(self):
        decades = round(math.log10(self.high / self.low))
        return [self.low * 10 ** i for i in range(decades + 1)]


def log_scale(values, start, end):
    """Over whole decades around positive values."""
    low = math.floor(math.log10(min(values)) + 1e-9)
    high = max(low + 1, math.ceil(math.log10(max(values)) - 1e-9))
    return Log(10.0 ** low, 10.0 ** high, start, end)


def number(value):
    """10000 -> 10 k"""
    for unit, name in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if value >= unit:
            return f"{value / unit:g}{name}"
    return f"{value:g}"


def time(value_ns):
    """1500 -> 1.5 µs"""
    for unit, name in ((1e9, "s"), (1e6, "ms"), (1e3, "µs")):
        if value_ns >= unit:
            return f"{value_ns / unit:.3g} {name}"
    return f"{value_ns:.3g} ns"


def spread_apart(positions, low, high, gap=_LABEL_GAP):
    """Positions of labels, moved no further than it takes to keep them apart."""
    order = sorted(range(len(positions)), key=lambda index: positions[index])
    placed = [min(max(positions[index], low), high) for index in order]
    for _ in range(100):
        moved = False
        for i in range(len(placed) - 1):
            overlap = gap - (placed[i + 1] - placed[i])
            if overlap > 0.01:
                placed[i] = max(low, placed[i] - overlap / 2)
                placed[i + 1] = min(high, max(placed[i + 1] + overlap / 2, placed[i] + gap))
                moved = True
        if not moved:
            break
    result = [0.0] * len(positions)
    for index, position in zip(order, placed):
        result[index] = position
    return result


def _attributes(words):
    return "".join(f' {key.rstrip("_").replace("_", "-")}="{escape(_text(value))}"'
                   for key, value in words.items())


def _text(value):
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


def _width_em(letter):
    """Of a letter of the widest font that the page names, or a little more."""
    if letter in "fijlrtI.,:;|!'()[] ":
        return 0.38
    if unicodedata.east_asian_width(letter) in "WF" or letter in "mwMW%@":
        return 1
    return 0.78 if letter.isupper() or not letter.isascii() else 0.64


def fitted(words, room, size=10.5):
    """As much of a text as `room` pixels hold in letters of `size`."""
    ends, whole = [], 0.0
    for letter in words:
        whole += size * _width_em(letter)
        ends.append(whole)
    if whole <= room:
        return words
    return words[:sum(end <= room - size for end in ends)].rstrip() + "…"


def identifier(words):
    """An id for HTML, which names of jobs are not: as they are but for what is no letter of ASCII,
    digit, point or dash, and another one for each."""
    return re.sub(r"[^A-Za-z0-9.-]", lambda match: f"_{ord(match[0]):x}_", words)


_MARKS = {  # within a square of 2 by 2
    "circle": "M-1,0a1,1 0 1,0 2,0a1,1 0 1,0 -2,0z",
    "square": "M-.9,-.9h1.8v1.8h-1.8z",
    "diamond": "M0,-1.25L1.25,0L0,1.25L-1.25,0z",
    "up": "M0,-1.2L1.15,.9H-1.15z",
    "down": "M0,1.2L1.15,-.9H-1.15z",
}


class Panel:
    """One drawing. `title` and `text` are what a screen reader says of it."""

    def __init__(self, key, title, text, width, height):
        self.width = width
        key = identifier(key)
        self._head = (f'<svg viewBox="0 0 {width} {height}" role="img" '
                      f'aria-labelledby="{key}-t {key}-d" id="{key}">'
                      f'<title id="{key}-t">{escape(title)}</title>'
                      f'<desc id="{key}-d">{escape(text)}</desc>')
        self._parts = []

    def add(self, name, content=None, **attributes):
        inner = "/>" if content is None else f">{escape(content)}</{name}>"
        self._parts.append(f"<{name}{_attributes(attributes)}{inner}")

    def line(self, x1, y1, x2, y2, **attributes):
        self.add("line", x1=x1, y1=y1, x2=x2, y2=y2, **attributes)

    def text(self, x, y, words, **attributes):
        self.add("text", words, x=float(x), y=float(y), **attributes)

    def path(self, points, **attributes):
        self.add("polyline", points=" ".join(f"{x:.1f},{y:.1f}" for x, y in points), **attributes)

    def mark(self, shape, x, y, radius=3.6, **attributes):
        self.add("path", d=_MARKS[shape], transform=f"translate({x:.2f},{y:.2f}) "
                 f"scale({radius})", **attributes)

    def svg(self):
        return self._head + "".join(self._parts) + "</svg>"
