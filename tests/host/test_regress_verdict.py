# SPDX-License-Identifier: MIT
"""What verdicts are written as, read back by those who read them."""

import json
import subprocess
import xml.etree.ElementTree as xml

import pytest

from fakes import HANG_S
from host.regress import verdict as report
from host.regress.verdict import Verdict

VERDICTS = [
    Verdict("counted", "irq qd1", "instructions/IO", report.PASS, 100.0, 100.5),
    Verdict("counted", "irq qd1", 'odd <&"> #1', report.SLOWER, 100.0, 130.0),
    Verdict("counted", "irq qd32", "doorbells/IO", report.FASTER, 1.0, 0.5),
    Verdict("timed", "all cases", "", report.SKIPPED, note="no history # here"),
]
CRASH = Verdict("timed", "guest", "", report.CRASHED, note="the guest crashed")


def test_junit_counts_what_it_holds():
    root = xml.fromstring(report.junit([*VERDICTS, CRASH], {"counted": 1.5}))
    suites = {suite.get("name"): suite for suite in root.findall("testsuite")}
    counted, timed = suites["regress.counted"], suites["regress.timed"]
    assert [counted.get(key) for key in ("tests", "failures", "errors", "skipped", "time")] == \
        ["3", "1", "0", "0", "1.500"]
    assert [timed.get(key) for key in ("tests", "failures", "errors", "skipped")] == \
        ["2", "0", "1", "1"]
    failed = [case.get("name") for case in root.iter("testcase")
              if case.find("failure") is not None]
    assert failed == ['irq qd1: odd <&"> #1']
    message = root.find(".//failure").get("message")
    assert message == "100.0 -> 130.0 (+30.0 %)"


@pytest.mark.parametrize("verdicts, status, said", [
    ([VERDICTS[0], VERDICTS[2]], 0, "Result: PASS"),
    ([VERDICTS[0], VERDICTS[3]], 0, "# SKIP no history"),
    (VERDICTS, 1, "Failed 1/4"),
    ([VERDICTS[0], CRASH], 1, "Failed 1/2")])
def test_prove_reads_our_tap(tmp_path, verdicts, status, said):
    path = tmp_path / "gate.tap"
    path.write_text(report.tap(verdicts))
    done = subprocess.run(["prove", "--verbose", "--exec", "cat", str(path)], capture_output=True,
                          text=True, timeout=HANG_S, check=False)
    assert (done.returncode != 0) == bool(status), done.stdout
    assert said in done.stdout + done.stderr
    assert "Parse errors" not in done.stdout + done.stderr


def test_json_holds_every_verdict():
    found = json.loads(report.document(VERDICTS, {"baseline": {"counted": "x"}}))
    assert found["baseline"] == {"counted": "x"}
    assert [row["state"] for row in found["verdicts"]] == ["pass", "SLOWER", "faster", "skipped"]


def test_the_console_names_what_needs_attention():
    text = report.console(VERDICTS)
    assert 'SLOWER: irq qd1: odd <&"> #1: 100.0 -> 130.0 (+30.0 %)' in text
    assert "faster: irq qd32: doorbells/IO: 1.000 -> 0.500 (-50.0 %)" in text
    assert "skipped: all cases: no history # here" in text
    assert "make baseline" in text
    assert text.endswith("1 pass, 1 faster, 1 SLOWER, 1 skipped\n")
    assert "make baseline" not in report.console(VERDICTS[:1])


@pytest.mark.parametrize("state, fails", [
    (report.PASS, False), (report.FASTER, False), (report.SKIPPED, False),
    (report.SLOWER, True), (report.CRASHED, True)])
def test_only_losses_and_crashes_fail(state, fails):
    assert report.failed([VERDICTS[0], Verdict("timed", "a", "b", state)]) == fails


def test_only_reports_that_were_asked_for_are_written(tmp_path):
    paths = {"junit": str(tmp_path / "a.xml"), "tap": None, "json": str(tmp_path / "a.json")}
    report.write_reports(VERDICTS, {}, {}, paths)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.json", "a.xml"]


@pytest.mark.parametrize("before, now, words", [
    (100.0, 101.0, "+1.0 %"), (0.0, 0.0, ""), (0.0, 1.0, "from 0")])
def test_changes_from_nothing_have_no_share(before, now, words):
    assert Verdict("counted", "a", "b", report.PASS, before, now).change() == words
