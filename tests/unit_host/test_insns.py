"""Guest instructions per I/O."""

import json

import pytest
from canned import document

from host import insns
from host.guest import Outcome


def test_instructions_are_the_difference_of_two_runs(bench, monkeypatch, capsys):
    monkeypatch.setenv("RINGBOLT_BUILD", str(bench.build))

    def run(options):
        assert options.qemu_args == ["-icount", "shift=0,sleep=off"]
        assert options.settings.value("request_timeout_ms", "") == "0"
        assert options.settings.value("status_interval_ms", "") == "0"
        ios = int(options.job_text.split(b"number_ios=")[1])
        return Outcome(0, [], result=document(
            ios=ios, jobs=[{"elapsed_ns": 77_777 + ios * 50}]))

    monkeypatch.setattr(insns, "run_guest", run)
    assert insns.insns() == 0
    rows = json.loads((bench.build / "insns.json").read_text())["rows"]
    assert [(row["engine"], row["depth"]) for row in rows] == [
        (engine, depth) for depth in (1, 128) for engine in ("floor", "layer", "blk")]
    for row in rows:
        assert row["instructions_per_io"] == pytest.approx(50)
        assert row["doorbells_per_io"] == pytest.approx(0.25)
    assert "instructions/IO" in capsys.readouterr().out
