"""Tables and the figures in them."""

import json

import pytest

from host import compare, insns, table
from host.errors import GuestError
from host.guest import Outcome


def document(iops=1000.0, ios=500, elapsed_ns=500):
    queue = {"index": 0, "cpu": 0, "completions": ios, "doorbells": ios // 4,
             "interrupts": ios // 10}
    other = {"index": 0, "cpu": 0, "doorbells": 9999}
    percentile = {"50.000000": 1500, "99.000000": 2500, "99.900000": 123456}
    return {
        "jobs": [{"jobname": "a", "error": 0, "read": {
            "iops": iops, "total_ios": ios, "clat_ns": {"percentile": percentile}}}],
        "ringbolt": {
            "jobs": [{"elapsed_ns": elapsed_ns}], "cpus": [{"idle_share": 0.25}],
            "devices": [{"name": "vda", "queues": [queue]}, {"name": "vdb", "queues": [other]}],
            "host": {"accel": "tcg", "qemu": "QEMU 7.2 (Debian)", "cores": 2}}}


def test_figures_are_of_the_measured_disk_alone():
    row = compare.figures(document())
    assert (row["iops"], row["p50_ns"], row["p99_ns"], row["p999_ns"]) == \
        (1000.0, 1500, 2500, 123456)
    assert (row["doorbells_per_io"], row["interrupts_per_io"]) == (0.25, 0.1)
    assert row["idle_share"] == 0.25


def test_a_run_without_reads_is_no_measurement():
    with pytest.raises(GuestError, match="no reads"):
        compare.figures(document(ios=0))


def test_tables_align_names_left_and_figures_right():
    head, rows = ["name", "n"], [["a", "1"], ["bcdef", "100"]]
    assert table.plain(head, rows) == ("name     n\n-----  ---\na        1\nbcdef  100\n")
    assert table.markdown(head, rows) == ("| name  |   n |\n| ----- | --: |\n"
                                          "| a     |   1 |\n| bcdef | 100 |\n")


def test_bench_measures_every_mode_beside_its_floor(bench, monkeypatch, capsys):
    monkeypatch.setenv("RINGBOLT_BUILD", str(bench.build))
    runs = []

    def run(options, show=None, is_terminal=False):
        runs.append((options.boot, options.completion(), options.placement,
                     options.settings.value("engine", "blk")))
        floor = options.settings.value("engine", "blk") == "floor"
        return Outcome(0, [], result=document(iops=2000.0 if floor else 1500.0))

    monkeypatch.setattr(compare, "run_guest", run)
    assert compare.bench(print, False) == 0
    assert runs[0] == ("uefi", "irq", "auto", "blk")
    for completion, placement in (("poll", "split"), ("adaptive", "split"), ("irq", "split"),
                                  ("irq", "one")):
        for engine in ("floor", "blk"):
            assert runs.count(("pvh", completion, placement, engine)) == 3 * compare.ROUNDS
    assert len(runs) == 1 + 2 * 12 * compare.ROUNDS
    assert "75.0 %" in capsys.readouterr().out
    assert len(json.loads((bench.build / "bench.json").read_text())["rows"]) == 12
    assert (bench.build / "bench.md").read_text().count("\n| ") == 2 + 12


def test_a_row_is_the_median_round(bench, monkeypatch):
    monkeypatch.setenv("RINGBOLT_BUILD", str(bench.build))
    iops = {}

    def run(options, show=None, is_terminal=False):
        if options.settings.value("engine", "blk") == "floor":
            return Outcome(0, [], result=document(iops=1000.0))
        rounds = iops.setdefault((options.job_path, options.placement),
                                 iter([300.0, 900.0, 500.0]))
        return Outcome(0, [], result=document(iops=next(rounds)))

    monkeypatch.setattr(compare, "run_guest", run)
    rows, _ = compare._measure_all()
    assert [row["iops"] for row in rows] == [500.0] * 12
    assert rows[0]["shares"] == [0.3, 0.5, 0.9]


def test_a_failed_measurement_ends_the_comparison_with_its_name(bench, monkeypatch):
    monkeypatch.setenv("RINGBOLT_BUILD", str(bench.build))
    monkeypatch.setattr(compare, "run_guest", lambda options, *rest: Outcome(
        0 if options.boot == "uefi" else 3, [], messages=["the guest crashed"]))
    with pytest.raises(GuestError, match="polled floor depth 1: the guest crashed"):
        compare.bench(print, False)
    assert not (bench.build / "bench.json").exists()


def test_instructions_are_the_difference_of_two_runs(bench, monkeypatch, capsys):
    monkeypatch.setenv("RINGBOLT_BUILD", str(bench.build))

    def run(options):
        assert options.qemu_args == ["-icount", "shift=0,sleep=off"]
        assert options.settings.value("request_timeout_ms", "") == "0"
        assert options.settings.value("status_interval_ms", "") == "0"
        ios = int(options.job_text.split(b"number_ios=")[1])
        return Outcome(0, [], result=document(ios=ios, elapsed_ns=77_777 + ios * 50))

    monkeypatch.setattr(compare, "run_guest", run)
    assert insns.insns() == 0
    rows = json.loads((bench.build / "insns.json").read_text())["rows"]
    assert [(row["engine"], row["depth"]) for row in rows] == [
        ("floor", 1), ("blk", 1), ("floor", 128), ("blk", 128)]
    for row in rows:
        assert row["instructions_per_io"] == pytest.approx(50)
        assert row["doorbells_per_io"] == pytest.approx(0.25)
    assert "instructions/IO" in capsys.readouterr().out
