# SPDX-License-Identifier: MIT
"""Figures of a result, and rounds in turns."""

import pytest
from canned import document

from host.base.errors import GuestError, UsageError
from host.compare import icount, measure
from host.compare.points import Point, added_lines
from host.compare.sides import mode_sides
from host.guest import guest
from host.guest.guest import Outcome
from host.guest.jobfile import Line

POINTS = [Point(name, (((Line(f"[{name}]", f"a.fio:{number}"),), False),))
          for number, name in enumerate(("x", "y"), 1)]


def test_figures_are_the_jobs_and_its_disks():
    found = measure.figures(document(depth=32))
    assert (found["iops"], found["ios"], found["depth"]) == (1000.0, 500, 32)
    assert found["percentiles_ns"] == {"50": 1500, "90": 1800, "99": 2500, "99.9": 123456}
    assert (found["doorbells_per_io"], found["interrupts_per_io"]) == (0.25, 0.1)
    assert (found["lat_ns"], found["slat_ns"]) == (1700.0, 100.0)
    assert found["idle_share"] == 0.25
    assert found["stages_ns"] == {"submit_to_doorbell": 100.0, "doorbell_to_signal": 1000.0,
                                  "signal_to_delivery": 600.0}


def test_what_a_guest_does_not_count_is_not_zero():
    found = measure.figures(document(jobs=[], cpus=[], devices=[]))
    assert found["idle_share"] is found["doorbells_per_io"] is found["interrupts_per_io"] is None
    assert found["stages_ns"] == {"slat": 100.0, "clat": 1600.0}


def test_jobs_at_once_have_their_iops_together_and_the_slowests_latencies():
    one, other = document(iops=10.0, depth=2), document(iops=5.0, slower=3)
    one["jobs"] += other["jobs"]
    found = measure.figures(one)
    assert (found["iops"], found["ios"], found["depth"]) == (15.0, 1000, 3)
    assert (found["percentiles_ns"]["99"], found["lat_ns"]) == (7500, 5100.0)


def test_a_mixed_jobs_latencies_are_those_of_its_busier_direction():
    both = document()
    both["jobs"][0]["write"] = {"iops": 7.0, "total_ios": 2,
                                "clat_ns": {"percentile": {"99.000000": 1}}}
    found = measure.figures(both)
    assert (found["iops"], found["percentiles_ns"]["99"]) == (1007.0, 2500)


def test_depth_may_be_a_default():
    linux = document()
    linux["jobs"][0]["job options"] = {}
    assert measure.figures(linux)["depth"] == 1
    linux["global options"] = {"iodepth": "8"}
    assert measure.figures(linux)["depth"] == 8


def test_a_run_without_io_is_no_measurement():
    with pytest.raises(GuestError, match="without I/O"):
        measure.figures(document(ios=0))


def test_every_order_is_followed_by_its_reverse_and_another_side_begins():
    sides = mode_sides("poll,irq,adaptive", ["one"])
    plan = measure.Plan("a.fio", sides, POINTS[:1], 7)
    orders = ["".join(side.mode[0] for side, _ in measure.tasks(plan, number))
              for number in range(7)]
    assert orders == ["pia", "aip", "iap", "pai", "api", "ipa", "pia"]


def test_linux_runs_all_points_in_one_boot():
    plan = measure.Plan("a.fio", mode_sides("linux-irq,irq", ["one"]), POINTS, 2)
    order = [[(side.mode, [point.name for point in points]) for side, points in
              measure.tasks(plan, number)] for number in (0, 1)]
    assert order[0] == [("linux-irq", ["x", "y"]), ("irq", ["x"]), ("irq", ["y"])]
    assert order[1] == order[0][::-1]


def linux_outcome():
    """Two job files, of one job and of two."""
    found = []
    for number, (jobs, count, share) in enumerate((([1.0], 250, 0.1), ([2.0, 3.0], 100, 0.2)), 1):
        result = document(cpus=[{"idle_share": share}], devices=[
            {"name": "vda", "queues": [{"index": 0, "interrupts": count}]}])
        result["jobs"] = [document(iops=iops)["jobs"][0] for iops in jobs]
        found.append((result, {"timeline_clat.1.log": b"%d, 5, 0, 0, 0\n" % number}))
    (result, logs), *more = found
    return Outcome(0, [], result=result, logs=logs, more=more)


def test_a_boot_of_linux_is_taken_apart_by_its_job_files(monkeypatch):
    guests = Guests(monkeypatch, linux_outcome())
    plan = measure.Plan("a.fio", mode_sides("linux-irq", ["one"]), POINTS, 1, timeline=True)
    rounds, timelines, _ = measure.run_rounds(plan, lambda *what: None)
    (x,), (y,) = rounds["linux-irq@one", "x"], rounds["linux-irq@one", "y"]
    assert (x["iops"], x["interrupts_per_io"], x["idle_share"]) == (1.0, 0.5, 0.1)
    assert (y["iops"], y["interrupts_per_io"], y["idle_share"]) == (5.0, 0.1, 0.2)
    assert timelines == {("linux-irq@one", "x"): [(1, 5)], ("linux-irq@one", "y"): [(2, 5)]}
    assert guests.seen[-1].job_text == b"[x]\n; ringbolt: the next job file\n[y]\n"
    assert guests.seen[-1].job_sources == ["a.fio:1", "compare", "a.fio:2"]


def test_a_boot_of_linux_that_lacks_a_point_is_an_error(monkeypatch):
    Guests(monkeypatch, linux_outcome())
    plan = measure.Plan("a.fio", mode_sides("linux-irq", ["one"]), POINTS + POINTS[:1], 1)
    with pytest.raises(GuestError, match="of 3 job files, Linux ran 2"):
        measure.run_rounds(plan, lambda *what: None)


def test_the_timeline_is_the_first_jobs_log_of_completions():
    logs = {"timeline_lat.1.log": b"1, 2, 0, 0, 0\n", "timeline_clat.2.log": b"1, 9, 0, 0, 0\n",
            "timeline_clat.1.log": b"10, 700, 0, 0, 0\n21, 800, 0, 0, 0\n"}
    assert measure.timeline(logs) == [(10, 700), (21, 800)]
    assert measure.timeline({}) == []


class Guests:
    """Stands for run_guest(): notes what it is asked for."""

    def __init__(self, monkeypatch, outcome=None):
        self.seen = []
        self._outcome = outcome
        monkeypatch.setattr(guest, "run_guest", self._run)

    def _run(self, options, *_):
        self.seen.append(options)
        logs = {"timeline_clat.1.log": b"10, 5, 0, 0, 0\n"} if b"_log" in options.job_text else {}
        return self._outcome or Outcome(0, [], result=document(), logs=logs)


def test_rounds_are_interleaved_and_the_one_with_logs_does_not_count(monkeypatch):
    guests = Guests(monkeypatch)
    sides = mode_sides("irq,floor-irq", ["one"])
    said = []
    plan = measure.Plan("a.fio", sides, POINTS, 2, settings=["--set=ring=packed"], timeline=True)
    rounds, timelines, host = measure.run_rounds(plan, lambda *what: said.append(what))
    assert [(what, side.key, point.name) for what, side, (point,) in said] == [
        ("latencies over time", "irq@one", "x"), ("latencies over time", "irq@one", "y"),
        ("round 1 of 2", "irq@one", "x"), ("round 1 of 2", "floor-irq@one", "x"),
        ("round 1 of 2", "irq@one", "y"), ("round 1 of 2", "floor-irq@one", "y"),
        ("round 2 of 2", "floor-irq@one", "y"), ("round 2 of 2", "irq@one", "y"),
        ("round 2 of 2", "floor-irq@one", "x"), ("round 2 of 2", "irq@one", "x")]
    assert {len(found) for found in rounds.values()} == {2} and len(rounds) == 4
    assert timelines == {("irq@one", "x"): [(10, 5)], ("irq@one", "y"): [(10, 5)]}
    assert host["accel"] == "tcg"
    assert all(options.settings.value("ring", "") == "packed" for options in guests.seen)


@pytest.mark.parametrize("placement, own_thread", [("split", True), ("one", False)])
def test_the_machine_depends_on_the_placement_and_not_on_the_mode(monkeypatch, placement,
                                                                  own_thread):
    guests = Guests(monkeypatch)
    for mode in ("poll", "irq", "floor-poll"):
        plan = measure.Plan("a.fio", mode_sides(mode, [placement]), POINTS[:1], 1)
        measure.run_rounds(plan, lambda *what: None)
    assert [options.disks[0].iothread for options in guests.seen] == [own_thread] * 3
    named = measure.Plan("a.fio", plan.sides, POINTS[:1], 1,
                         machine=["--disk=backend=null,iothread=on"])
    measure.run_rounds(named, lambda *what: None)
    assert guests.seen[-1].disks[0].iothread is True


def test_lines_know_where_they_came_from(monkeypatch):
    guests = Guests(monkeypatch)
    plan = measure.Plan("a.fio", mode_sides("irq", ["one"]), POINTS, 1,
                        added=added_lines("--runtime 1", "runtime=1"))
    measure.run_rounds(plan, lambda *what: None)
    assert guests.seen[1].job_text == b"[y]\nruntime=1\n"
    assert guests.seen[1].job_sources == ["a.fio:2", "--runtime 1"]


@pytest.mark.parametrize("status, error, complaint", [
    (2, UsageError, "^a.fio:2: rw: no$"), (3, GuestError, "^irq@one, x: a.fio:2: rw: no$")])
def test_a_failed_measurement_ends_the_comparison(monkeypatch, status, error, complaint):
    Guests(monkeypatch, Outcome(status, [], messages=["a.fio:2: rw: no"]))
    plan = measure.Plan("a.fio", mode_sides("irq", ["one"]), POINTS, 1)
    with pytest.raises(error, match=complaint):
        measure.run_rounds(plan, lambda *what: None)


def test_instructions_are_counted_of_both_where_both_interrupt(monkeypatch):
    seen = []

    def counts(text):
        """I/Os of each job in the text."""
        return [int(part.split(b"\n")[0]) for part in text.split(b"number_ios=")[1:]]

    def run(options, *_):
        seen.append(options)
        if not options.is_peer():
            ios, = counts(options.job_text)
            return Outcome(0, [], result=document(
                ios=ios, jobs=[{"elapsed_ns": 50_000 + ios * 900}]))
        result, *more = (document(ios=ios, peer={"elapsed_ns": 50_000 + ios * 20_000 + 777,
                                                 "idle_ns": 777})
                         for ios in counts(options.job_text))
        return Outcome(0, [], result=result, more=[(document, {}) for document in more])

    monkeypatch.setattr(guest, "run_guest", run)
    sides = mode_sides("irq@one,linux-irq@one,poll@split", ["one"])
    plan = measure.Plan("a.fio", sides, POINTS, 1)
    found, notes = icount.count_instructions(plan, lambda *what: None)
    assert notes == []
    assert found == [{"side": side, "point": point, "per_io": per_io} for point in ("x", "y")
                     for side, per_io in (("irq@one", 900), ("linux-irq@one", 20_000))]
    assert len(seen) == 4 + 1
    for options in seen:
        assert options.qemu_args == ["-icount", "shift=0,sleep=off"]
        assert options.is_peer() or options.settings.value("request_timeout_ms", "") == "0"
        assert b"time_based=0\nruntime=0\n" in options.job_text
    other = measure.Plan("a.fio", mode_sides("irq@one,linux-irq@split", ["one"]), POINTS, 1)
    assert icount.count_instructions(other, None) == ([], [])


def test_instructions_of_jobs_that_end_early_are_not_counted(monkeypatch):
    """A region that is read through after 1,200 I/Os, whatever number is asked for."""
    def run(options, *_):
        result, *more = (document(ios=1_200, peer={"elapsed_ns": 9_000, "idle_ns": 0},
                                  jobs=[{"elapsed_ns": 9_000}])
                         for _ in range(options.job_text.count(b"number_ios=")))
        return Outcome(0, [], result=result, more=[(document, {}) for document in more])

    monkeypatch.setattr(guest, "run_guest", run)
    plan = measure.Plan("a.fio", mode_sides("irq,linux-irq", ["one"]), POINTS, 1)
    assert icount.count_instructions(plan, lambda *what: None) == ([], [
        f"guest instructions of {point}: not counted, its job has too few I/Os (2,000 are needed)"
        for point in ("x", "y")])


def test_a_failed_job_is_named_and_what_its_guest_said_is_kept(monkeypatch):
    result = document()
    result["jobs"][0].update(jobname="bad", error=5)
    console = ["booted", "", "fio: io_u error", "bad: (groupid=0, jobs=1): err= 5", "  much more"]
    Guests(monkeypatch, Outcome(1, console, result=result))
    plan = measure.Plan("a.fio", mode_sides("irq", ["one"]), POINTS, 1)
    complaint = r"^irq@one, x: job bad: Input/output error \(error 5\)$"
    with pytest.raises(GuestError, match=complaint) as caught:
        measure.run_rounds(plan, lambda *what: None)
    assert caught.value.guest_said == ["booted", "fio: io_u error"]


def test_of_a_crash_the_consoles_end_is_kept(monkeypatch):
    Guests(monkeypatch, Outcome(3, [str(line) for line in range(50)], tail=True,
                                messages=["the guest crashed"]))
    plan = measure.Plan("a.fio", mode_sides("irq", ["one"]), POINTS, 1)
    with pytest.raises(GuestError, match="^irq@one, x: the guest crashed$") as caught:
        measure.run_rounds(plan, lambda *what: None)
    assert caught.value.guest_said == [str(line) for line in range(30, 50)]
