# SPDX-License-Identifier: MIT
"""Rows of words as an aligned table, for the console and as Markdown."""

import re


def _widths(head, rows):
    return [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]


def _aligned(row, widths, left):
    return [word.ljust(width) if column < left else word.rjust(width)
            for column, (word, width) in enumerate(zip(row, widths))]


# What Markdown, or HTML within it, would take for its own: _ only at the end of a word, ] only
# where a link goes on.
_MARKUP = re.compile(r"[\\`*<>&|~#]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|\](?=[(\[:])")


def _shown(words):
    """Names that people gave: nothing that moves a cursor."""
    return "".join(c if c.isprintable() else "?" for c in words)


def marked(words):
    """A text that Markdown shows as it is."""
    return _MARKUP.sub(r"\\\g<0>", _shown(words))


def plain(head, rows, left=1):
    """The first `left` columns are names, the rest figures."""
    head, *rows = [[*map(_shown, row)] for row in [head, *rows]]
    widths = _widths(head, rows)
    lines = ["  ".join(_aligned(row, widths, left)).rstrip() for row in [head, *rows]]
    lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(lines) + "\n"


def markdown(head, rows, left=1):
    head, *rows = [[*map(marked, row)] for row in [head, *rows]]
    widths = [max(width, 3) for width in _widths(head, rows)]
    rule = ["-" * width if column < left else "-" * (width - 1) + ":"
            for column, width in enumerate(widths)]
    lines = [_aligned(head, widths, left), rule]
    lines += [_aligned(row, widths, left) for row in rows]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


def count(value):
    """1234567 -> '1,234,567'."""
    return f"{value:,.0f}"


def microseconds(value_ns):
    return f"{value_ns / 1000:,.1f}"


def share(value):
    return f"{100 * value:.1f} %"
