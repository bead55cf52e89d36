# SPDX-License-Identifier: MIT
"""Guest instructions per I/O."""

import json
import re

import pytest
from canned import document

from host.base.errors import UsageError
from host.compare import insns
from host.guest import guest
from host.guest.guest import Outcome

START, STAGES = 77_777, {"submit_to_doorbell": 10, "doorbell_to_signal": 25,
                         "signal_to_delivery": 12}


def pretend(monkeypatch, per_io=50, tax=0):
    """Guests whose I/Os cost `per_io`; the first of each job costs `tax` more, in all stages."""
    seen = []

    def run(options, *_):
        seen.append(options)
        jobs = [{"elapsed_ns": START + ios * per_io,
                 "stages_ns": {name: {"mean": cost + tax / ios} for name, cost in STAGES.items()}}
                for ios in map(int, re.findall(rb"number_ios=(\d+)", options.job_text))]
        ios = sum(int(ios) for ios in re.findall(rb"number_ios=(\d+)", options.job_text))
        return Outcome(0, [], result=document(ios=ios, jobs=jobs))

    monkeypatch.setattr(guest, "run_guest", run)
    return seen


def test_what_jobs_cost_once_is_in_no_figure(monkeypatch):
    pretend(monkeypatch, tax=1000)
    figures = insns.count(insns.Case("a"))
    assert figures[insns.TOTAL] == pytest.approx(50)
    assert {name: figures[name] for name in STAGES} == pytest.approx(STAGES)
    assert figures[insns.BUSY] == pytest.approx(50 - 25)
    assert figures[insns.DOORBELLS] == pytest.approx(0.25)
    assert figures[insns.INTERRUPTS] == pytest.approx(0.1)


# A case, whether the device answers late
SHAPES = [(insns.Case("lone"), True), (insns.Case("batch", 32, 32), True),
          (insns.Case("deep", 128, 32), False)]


@pytest.mark.parametrize("case, late", SHAPES, ids=[case.name for case, _ in SHAPES])
def test_no_timer_is_armed_and_awaited_devices_are_late(monkeypatch, case, late):
    seen = pretend(monkeypatch)
    insns.count(case, ["--kernel=x"])
    (options,) = seen
    assert options.qemu_args == ["-icount", "shift=0,sleep=off"]
    assert options.settings.value("request_timeout_ms", "") == "0"
    assert options.settings.value("status_interval_ms", "") == "0"
    (disk,) = options.disks
    assert (disk.iothread, disk.latency_ns > 0) == (late, late)
    assert options.kernel == "x"


def test_linuxs_idle_time_and_start_are_in_no_figure(monkeypatch):
    """A Linux that idles, and rings the doorbell once an I/O as QEMU's trace tells."""
    per_io, start, idle, seen = 9_000, 123_456, 77, []

    def run(options, *_):
        seen.append(options)
        ios = list(map(int, re.findall(rb"number_ios=(\d+)", options.job_text)))
        trace = next(word for word in options.qemu_args if word.startswith("enable="))
        with open(trace.partition("file=")[2], "w", encoding="ascii") as file:
            file.write("virtio_queue_notify vdev 0x1 n 0 vq 0x2\n" * sum(ios))
        result, *more = (document(ios=each, peer={
            "elapsed_ns": start + each * (per_io + idle), "idle_ns": each * idle})
            for each in ios)
        return Outcome(0, [], result=result, more=[(document, {}) for document in more])

    monkeypatch.setattr(guest, "run_guest", run)
    figures = insns.count_peer(insns.Case("a", 128, 32))
    assert figures == pytest.approx({insns.TOTAL: 9_000, insns.DOORBELLS: 1,
                                     insns.INTERRUPTS: 0.1})
    (options,) = seen
    assert options.guest == "linux" and options.qemu_args[:2] == ["-icount", "shift=0,sleep=off"]
    assert options.job_text.count(b"iodepth=128\niodepth_batch=32\n") == 2


def test_what_the_disk_did_not_grant_is_not_counted(monkeypatch):
    found = document(granted=[{"disk": "vda", "setting": "chain", "asked": "direct",
                               "granted": "indirect"}])
    monkeypatch.setattr(guest, "run_guest", lambda *_: Outcome(0, [], result=found))
    with pytest.raises(UsageError, match="^a: chain=direct was asked for, vda has indirect: "):
        insns.count(insns.Case("a", sets=("chain=direct",)))


def test_the_table_has_a_row_for_each_side_and_depth(bench, monkeypatch, capsys):
    monkeypatch.setenv("RINGBOLT_BUILD", str(bench.build))
    seen = pretend(monkeypatch)
    assert insns.insns() == 0
    rows = json.loads((bench.build / "insns.json").read_text())["rows"]
    sides = [row["what"] for row in rows if row["depth"] == 1]
    assert sides == [row["what"] for row in rows if row["depth"] == 128]
    assert sides[:4] == ["floor", "layer", "blk", "blk, packed ring"]
    asked = dict(zip(sides, seen))
    assert asked["floor"].settings.value("engine", "") == "floor"
    assert asked["blk, stages=full"].settings.value("stages", "") == "full"
    assert all(options.settings.value("completion", "") == "irq" for options in seen)
    assert b"rw=randwrite" in asked["blk, writes"].job_text
    for row in rows:
        assert row["instructions_per_io"] == pytest.approx(50)
    assert "instructions/IO" in capsys.readouterr().out
