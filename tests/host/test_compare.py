# SPDX-License-Identifier: MIT
"""The commands compare and bench: words, what is run, what is written."""

import json
import os
import signal
import subprocess

import pytest
from canned import document
from fakes import HANG_S

from host import cli
from host.base.errors import GuestError, RingboltError, UsageError
from host.compare import compare, revision
from host.compare.measure import side_options
from host.guest import guest
from host.guest.guest import Outcome

JOB = "[global]\nrw=randread\nstonewall\n[QD1]\n[QD32]\niodepth=32\n"


@pytest.fixture
def place(bench, monkeypatch):
    """A directory with a job file and a built kernel."""
    monkeypatch.setenv("RINGBOLT_BUILD", str(bench.build))
    monkeypatch.chdir(bench.directory)
    (bench.directory / "a.fio").write_text(JOB)
    return bench


@pytest.fixture
def guests(place, monkeypatch):
    """Guests that answer at once; a list of what each was asked for."""
    seen = []

    def run(options, show=None, is_terminal=False):
        seen.append(options)
        floor = options.settings.value("engine", "blk") == "floor"
        return Outcome(0, [], result=document(iops=2000.0 if floor else 1500.0))

    monkeypatch.setattr(guest, "run_guest", run)
    return seen


def test_compare_prints_and_writes_everything(place, guests, capsys):
    words = ["--modes=irq@one,floor-irq@one", "--rounds=2", "--runtime=100ms",
             "--set=ring=packed", "--smp=2", "a.fio"]
    assert compare.compare(words) == 0
    assert len(guests) == 2 * (1 + 2 * 2)
    for options in guests:
        assert options.smp == 2 and options.settings.value("ring", "") == "packed"
        assert b"time_based\nruntime=100ms\n" in options.job_text
    said = capsys.readouterr()
    assert "75.0 % [75.0, 75.0]" in said.out
    assert said.err.splitlines() == ["latencies over time", "round 1 of 2", "round 2 of 2"]
    written = json.loads((place.build / "compare.json").read_text())
    assert [point["name"] for point in written["points"]] == ["QD1", "QD32"]
    assert "| interrupt" in (place.build / "compare.md").read_text()
    assert (place.build / "report.html").exists()


def test_results_go_where_they_are_wanted(place, guests):
    compare.compare(["--modes=irq@one", "--rounds=1", "--json=my.json", "--report=my.html",
                     "a.fio"])
    assert (place.directory / "my.json").exists() and (place.directory / "my.html").exists()
    assert not (place.build / "compare.json").exists()


def test_bench_measures_every_mode_beside_its_floor(place, guests, capsys):
    assert compare.bench(["--rounds=2"], print, False) == 0
    assert (guests[0].boot, guests[0].completion(), guests[0].smp) == ("uefi", "irq", 2)
    runs = [(options.completion(), options.placement, options.settings.value("engine", ""))
            for options in guests[1:]]
    assert len(runs) == 2 * 3 * 8
    for completion, placement in (("poll", "split"), ("adaptive", "split"), ("irq", "split"),
                                  ("irq", "one")):
        for engine in ("floor", "blk"):
            assert runs.count((completion, placement, engine)) == 2 * 3
    assert b"runtime=400ms" in guests[1].job_text and len(guests[1].disks) == 3
    assert "75.0 %" in capsys.readouterr().out
    assert len(json.loads((place.build / "bench.json").read_text())["cells"]) == 3 * 8
    assert (place.build / "bench.md").exists()


def test_the_default_is_everything_where_it_does_best(place):
    plan, _ = compare.parse_compare([])
    assert plan.rounds == 6 and plan.timeline
    assert [point.name for point in plan.points] == ["QD1", "QD32", "QD128"]
    assert {side.key for side in plan.sides} == {
        "poll@split", "floor-poll@split", "adaptive@split", "floor-adaptive@split",
        "linux-poll@split", "irq@one", "floor-irq@one", "linux-irq@one"}


@pytest.mark.parametrize("words, followed", [
    ([], "3.39"), (["--set=fio_version=3.33"], "3.33"), (["--modes=poll,irq"], "")])
def test_beside_linux_jobs_are_what_its_fio_makes_of_them(place, words, followed):
    (place.build / "peer" / "versions").write_text("busybox 1\nfio 3.39-1\nlibc6 2\n")
    plan, _ = compare.parse_compare([*words, "a.fio"])
    options = side_options(plan, plan.sides[0])
    assert options.settings.value("fio_version", "") == followed


def test_a_commit_is_built_and_takes_part(place, monkeypatch):
    monkeypatch.setattr(compare, "build_revision", lambda ref: ("1234", f"/{ref}.elf"))
    plan, _ = compare.parse_compare(["--baseline=old", "--placement=one", "a.fio"])
    assert [side.key for side in plan.sides] == ["poll@one", "poll:old@one", "irq@one",
                                                 "irq:old@one", "adaptive@one",
                                                 "adaptive:old@one"]
    assert "--kernel=/old.elf" in plan.sides[1].words


def test_a_stale_kernel_is_not_measured(place, monkeypatch):
    monkeypatch.setattr(revision, "is_stale", lambda: True)
    with pytest.raises(UsageError, match="kernel.elf: older than its sources; run make"):
        compare.parse_compare(["a.fio"])


def test_nothing_is_written_unless_all_went_well(place, monkeypatch):
    outcomes = iter([0, 0, 3])
    monkeypatch.setattr(guest, "run_guest", lambda *words: Outcome(
        next(outcomes), [], result=document(), messages=["the guest crashed"]))
    with pytest.raises(RingboltError, match="irq@one, QD1: the guest crashed"):
        compare.compare(["--modes=irq@one", "a.fio"])
    assert not (place.build / "compare.json").exists()


def test_figures_that_cannot_be_summed_up_are_kept(place, guests, monkeypatch):
    def fail(*_):
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr(compare, "summarize", fail)
    with pytest.raises(RingboltError, match=r"^the figures cannot be summed up "
                       r"\(ZeroDivisionError: division by zero\); all .* is in .*compare.json$"):
        compare.compare(["--modes=irq@one,floor-irq@one", "--rounds=2", "a.fio"])
    kept = json.loads((place.build / "compare.json").read_text())["figures"]
    assert [(one["side"], one["point"], len(one["rounds"])) for one in kept] == [
        ("irq@one", "QD1", 2), ("floor-irq@one", "QD1", 2),
        ("irq@one", "QD32", 2), ("floor-irq@one", "QD32", 2)]
    assert kept[0]["rounds"][0]["iops"] == 1500.0
    assert not (place.build / "compare.md").exists()


def test_rounds_are_kept_when_a_later_one_did_nothing(place, monkeypatch):
    outcomes = iter([500, 500, 500, 500, 0])  # I/Os; two are for the latencies over time
    monkeypatch.setattr(guest, "run_guest", lambda *_: Outcome(
        0, [], result=document(ios=next(outcomes))))
    with pytest.raises(RingboltError, match=r"summed up \(irq@one, QD32: the guest's result has a "
                       r"job without I/O\); all .* is in .*compare.json$"):
        compare.compare(["--modes=irq@one", "--rounds=2", "a.fio"])
    kept = json.loads((place.build / "compare.json").read_text())["figures"]
    assert [(one["point"], len(one["rounds"])) for one in kept] == [("QD1", 1), ("QD32", 1)]


def test_a_guest_that_fails_under_counting_costs_no_figure(place, guests, monkeypatch, capsys):
    def fail(*_):
        raise GuestError("irq@one, QD1: the guest crashed", ["its last words"])

    monkeypatch.setattr(compare, "count_instructions", fail)
    assert cli.main(["compare", "--modes=irq@one", "--rounds=2", "a.fio"]) == 3
    said = capsys.readouterr()
    assert "guest instructions: not counted, a guest failed" in said.out
    assert said.err.splitlines()[-2:] == ["ringbolt: irq@one, QD1: the guest crashed",
                                          "  | its last words"]
    assert len(json.loads((place.build / "compare.json").read_text())["cells"]) == 2


BAD = [
    (["--modes=spin", "a.fio"], "--modes spin: spin: no such mode"),
    (["--rounds=0", "a.fio"], "--rounds: 0: must be a whole number from 1 to 1000"),
    (["--rounds=two", "a.fio"], "--rounds: two: must be"),
    (["--runtime=soon", "a.fio"], "--runtime: soon: not a time such as 400ms"),
    (["--placement=none", "a.fio"], "--placement none: none: must be one of split, one"),
    (["none.fio"], "none.fio: No such file"),
    (["empty.fio"], "empty.fio:1: a job is missing"),
    (["--baseline=nowhere", "a.fio"], "--baseline nowhere: no such commit"),
    (["--baseline=HEAD", "--modes=linux-irq", "a.fio"], "--baseline HEAD: says nothing to linux"),
    (["--a=x=1", "a.fio"], "--a and --b: both are needed"),
    (["--a=x=1", "--b=x", "a.fio"], "--b x: not key=value"),
    (["--a=placement=one", "--b=placement=split", "a.fio"], "--a placement=one: both sides get"),
    (["--a=x=1", "--b=x=2", "--modes=irq", "a.fio"], "--modes: does not go with --a and --b"),
    (["--json=nowhere/x", "a.fio"], "--json nowhere/x: no such directory"),
    (["--report=.", "a.fio"], "--report .: is a directory"),
    (["--json=-", "a.fio"], "--json -: has to be a file"),
    (["--json=a.fio", "a.fio"], "--json a.fio: would overwrite what is read"),
    (["--json=x", "--report=./x", "a.fio"], "--report ./x: would overwrite what --json writes"),
    (["--guest=linux", "a.fio"], "--guest=linux: not for a comparison"),
    (["--boot=uefi", "a.fio"], "--boot=uefi: not for a comparison"),
    (["--disk=backend=vax", "a.fio"], "--disk backend=vax: backend=vax: must be one of"),
    (["--frob", "a.fio", "b.fio"], "unrecognized arguments: --frob"),
    (["a.fio", "b.fio"], "unrecognized arguments: b.fio"),
]


@pytest.mark.parametrize("words, complaint", BAD, ids=[" ".join(row[0]) for row in BAD])
def test_bad_usage_is_one_line_and_starts_nothing(place, words, complaint):
    (place.directory / "empty.fio").write_text("")
    done = subprocess.run(place.command("compare", *words), env=place.environment,
                          cwd=place.directory, capture_output=True, text=True, timeout=HANG_S,
                          check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith(f"ringbolt: {complaint}")
    assert place.starts() == [] and list(place.build.glob("compare*")) == []


def test_interrupting_leaves_no_guest_and_no_result(place):
    place.plan(hang=True)
    process = subprocess.Popen(
        place.command("compare", "--accel=tcg", "--modes=irq@one", "a.fio"),
        env=place.environment, cwd=place.directory, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True)
    assert process.stderr.readline() == "latencies over time\n"
    while not place.starts():
        pass
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=HANG_S)
    assert (process.returncode, out, err) == (3, "", "ringbolt: interrupted\n")
    assert not os.path.exists(f"/proc/{place.starts()[0]['pid']}")
    assert list(place.build.glob("compare*")) == [] and list(place.temporary.iterdir()) == []


@pytest.mark.parametrize("disk, said", [
    ("backend=file,path=nowhere.img", "no such file"),
    ("backend=file,path=empty.img", "is empty")])
def test_a_disk_that_cannot_be_used_is_refused_before_anything_is_printed(place, disk, said):
    (place.directory / "empty.img").touch()
    run = place.run("--rounds=1", "--modes=irq@one", f"--disk={disk}", "a.fio", command="compare")
    assert (run.returncode, run.stdout, place.starts()) == (2, "", [])
    assert run.stderr.count("\n") == 1 and said in run.stderr
