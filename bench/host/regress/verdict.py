# SPDX-License-Identifier: MIT
"""Verdicts and what they are written as: a table for people, JUnit XML, TAP and JSON.

Every figure that was judged is one verdict and one test case of the reports. Only SLOWER and
CRASHED fail; FASTER passes and asks for a new baseline, because a gate that turns red over an
improvement teaches people to overrule it.
"""

import json
import xml.etree.ElementTree as xml
from dataclasses import asdict, dataclass

from host.base import table
from host.guest.result import write_result

PASS, FASTER, SLOWER, SKIPPED, CRASHED = "pass", "faster", "SLOWER", "skipped", "CRASHED"
BUSY = "busy"  # of the host: what was timed on it says less
FAILURES = (SLOWER, CRASHED)
_HEAD = ["case", "figure", "before", "now", "change", "verdict"]


@dataclass(frozen=True)
class Verdict:
    part: str  # counted, timed
    case: str
    figure: str
    state: str
    before: float = 0.0
    now: float = 0.0
    note: str = ""

    def name(self):
        return f"{self.case}: {self.figure}" if self.figure else self.case

    def words(self):
        """The figures as one line says them."""
        if self.state in (SKIPPED, CRASHED):
            return self.note
        change = f"{number(self.before)} -> {number(self.now)} ({self.change()})"
        return f"{change}; {self.note}" if self.note else change

    def change(self):
        if not self.before:
            return "" if self.now == self.before else "from 0"
        return f"{100 * (self.now / self.before - 1):+.1f} %"


def failed(verdicts):
    return any(verdict.state in FAILURES for verdict in verdicts)


def number(value):
    """Enough digits to see 1 % of it."""
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.3f}"


def console(verdicts):
    """Every figure, then a line for each that needs attention, then the sum."""
    rows = [[verdict.case, verdict.figure, number(verdict.before), number(verdict.now),
             verdict.change(), verdict.state]
            for verdict in verdicts if verdict.state not in (SKIPPED, CRASHED)]
    text = table.plain(_HEAD, rows, 2) + "\n" if rows else ""
    for verdict in verdicts:
        if verdict.state != PASS:
            text += f"{verdict.state}: {verdict.name()}: {verdict.words()}\n"
    count = {state: sum(verdict.state == state for verdict in verdicts)
             for state in (PASS, FASTER, SLOWER, BUSY, SKIPPED, CRASHED)}
    if any(verdict.state == FASTER and verdict.part == "counted" for verdict in verdicts):
        text += "The baseline is stale; renew it with: make baseline\n"
    return text + ", ".join(f"{found} {state}" for state, found in count.items() if found) + "\n"


def junit(verdicts, seconds):
    """JUnit XML as CI systems read it: a suite per part, a case per figure."""
    root = xml.Element("testsuites", name="ringbolt regress")
    for part in dict.fromkeys(verdict.part for verdict in verdicts):
        mine = [verdict for verdict in verdicts if verdict.part == part]
        suite = xml.SubElement(
            root, "testsuite", name=f"regress.{part}", tests=str(len(mine)),
            failures=str(sum(verdict.state == SLOWER for verdict in mine)),
            errors=str(sum(verdict.state == CRASHED for verdict in mine)),
            skipped=str(sum(verdict.state == SKIPPED for verdict in mine)),
            time=f"{seconds.get(part, 0):.3f}")
        for verdict in mine:
            case = xml.SubElement(suite, "testcase", classname=f"regress.{part}",
                                  name=verdict.name(), time="0")
            element = {SLOWER: "failure", CRASHED: "error", SKIPPED: "skipped"}.get(verdict.state)
            if element:
                xml.SubElement(case, element, message=verdict.words())
            else:
                xml.SubElement(case, "system-out").text = verdict.words()
    xml.indent(root)
    return xml.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _tap_words(text):
    """TAP reads # as the begin of a directive."""
    return text.replace("\\", "\\\\").replace("#", "\\#").replace("\n", " ")


def tap(verdicts):
    """TAP version 13, which prove and most harnesses read."""
    lines = ["TAP version 13", f"1..{len(verdicts)}"]
    for index, verdict in enumerate(verdicts, 1):
        line = "not ok" if verdict.state in FAILURES else "ok"
        line += f" {index} - {_tap_words(f'{verdict.part}: {verdict.name()}')}"
        if verdict.state == SKIPPED:
            line += f" # SKIP {_tap_words(verdict.note)}"
        lines += [line, f"# {verdict.words()}"]
    return "\n".join(lines) + "\n"


def document(verdicts, about):
    """JSON: what was compared with what, and every verdict."""
    return json.dumps({**about, "verdicts": [asdict(verdict) for verdict in verdicts]},
                      indent=1) + "\n"


def write_reports(verdicts, seconds, about, paths):
    """`paths`: {"junit": FILE or None, "tap": ..., "json": ...}"""
    texts = {"junit": lambda: junit(verdicts, seconds), "tap": lambda: tap(verdicts),
             "json": lambda: document(verdicts, about)}
    for kind, path in paths.items():
        if path:
            write_result(path, texts[kind]())
