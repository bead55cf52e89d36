# SPDX-License-Identifier: MIT
"""The gate as a command: what it compares with what, and how it ends."""

import json
import xml.etree.ElementTree as xml

import pytest

from host.base.errors import GuestError, OutputError, UsageError
from host.compare import revision
from host.regress import counted, regress, stored, timed
from host.regress.cases import COUNTED, TIMED
from host.regress.counted import expected_names

HERE = {"compiler": "gcc 1", "qemu": "7.2"}
FIGURES = dict.fromkeys(expected_names(), 100.0)


class Gate:
    """A tree with a baseline; guests that count and take as long as they are told."""

    def __init__(self, directory, monkeypatch):
        self.directory = directory
        self.build = directory / "build"
        self.build.mkdir()
        self.other = directory / "other.elf"
        self.path = directory / "baseline.json"
        (self.build / "kernel.elf").write_text("new")
        self.other.write_text("old")
        stored.write_baseline(self.path, FIGURES, HERE)
        self.counts, self.times = {}, {}  # by kernel or QEMU: figure, latency
        self.booted = []
        self.built = []
        self.commit = "c0ffee" * 6
        for module, name, value in [
                (stored, "PATH", self.path), (counted, "count", self._count),
                (timed, "boot", self._boot), (regress, "check_fresh", lambda: None),
                (regress, "build_revision", self._build_revision),
                (regress, "last_change", lambda path: self.commit),
                (stored, "made_with", lambda qemu="": HERE)]:
            monkeypatch.setattr(module, name, value)
        monkeypatch.setenv("RINGBOLT_BUILD", str(self.build))

    def _build_revision(self, ref):
        self.built.append(ref)
        if ref == "nowhere":
            raise UsageError("nowhere: no such commit")
        return ref, self.other

    def _side(self, words):
        self.booted.append(tuple(words))
        for name in (str(self.other), "old-qemu", "new-qemu", "slow.img"):
            if any(name in word for word in words):
                return name
        return ""

    def _count(self, case, words):
        value = self.counts.get(self._side(words), 100.0)
        if isinstance(value, Exception):
            raise value
        return dict.fromkeys(dict(COUNTED)[case], value)

    def _boot(self, words, name, job):
        latency = self.times.get(self._side(words), 1000)
        if isinstance(latency, Exception):
            raise latency
        job = {"read": {"iops": 1e9 / latency, "total_ios": 9, "clat_ns": {
            "percentile": {"50.000000": latency, "99.000000": latency}}}}
        return {"jobs": [job] * len(TIMED[0].depths)}

    def run(self, *words):
        return regress.regress(["--rounds=12", *words])


@pytest.fixture
def gate(tmp_path, monkeypatch):
    return Gate(tmp_path, monkeypatch)


# Counts and latencies of this side and of the kernel before; words; status
ENDS = [
    ("equal", {}, {}, [], 0),
    ("counts grew", {"": 102.0}, {}, [], 1),
    ("counts shrank", {"": 98.0}, {}, [], 0),
    ("times grew", {}, {"": 1100}, [], 1),
    ("times grew a little", {}, {"": 1030}, [], 0),
    ("times shrank", {}, {"": 900}, [], 0),
    ("only counted", {}, {"": 1100}, ["--only=counted"], 0),
    ("only timed", {"": 102.0}, {}, ["--only=timed"], 0),
    ("old QEMU counts less", {"old-qemu": 90.0}, {}, ["--baseline-qemu=old-qemu"], 1),
    ("new QEMU is slower", {}, {"new-qemu": 1100},
     ["--baseline-qemu=old-qemu", "--qemu=new-qemu"], 1),
    ("two equal QEMUs", {}, {}, ["--baseline-qemu=old-qemu", "--qemu=new-qemu"], 0),
    ("a slower disk", {}, {"slow.img": 1100},
     ["--disk=backend=file,path=slow.img", "--baseline-disk=backend=file,path=a.img"], 1),
]


@pytest.mark.parametrize("counts, times, words, status", [case[1:] for case in ENDS],
                         ids=[case[0] for case in ENDS])
def test_status(gate, counts, times, words, status):
    gate.counts, gate.times = counts, times
    assert gate.run(*words) == status


def test_a_device_is_gated_without_another_kernel(gate):
    gate.run("--baseline-qemu=old-qemu")
    assert gate.built == []
    assert not any("--kernel" in word for words in gate.booted for word in words)


def test_the_other_side_is_the_commit_of_the_baseline_unless_named(gate):
    gate.run("--only=timed")
    gate.run("--only=timed", "--baseline=HEAD~3")
    assert gate.built == [gate.commit, "HEAD~3"]


def test_a_named_commit_is_what_counts_are_held_against_too(gate):
    gate.counts = {str(gate.other): 90.0}
    assert gate.run("--only=counted") == 0
    assert gate.run("--only=counted", "--baseline=HEAD~3") == 1


def test_a_baseline_of_other_tools_is_counted_anew(gate):
    stored.write_baseline(gate.path, FIGURES, {**HERE, "compiler": "gcc 2"})
    gate.counts = {"": 80.0, str(gate.other): 80.0}
    assert gate.run("--only=counted") == 0
    assert gate.built == [gate.commit]
    gate.commit = None
    with pytest.raises(UsageError, match="made with gcc 2, 7.2, here is gcc 1, 7.2"):
        gate.run("--only=counted")


def test_without_a_history_only_counts_are_judged(gate, capsys):
    gate.commit = None
    assert gate.run() == 0
    assert "skipped: all cases: no history of" in capsys.readouterr().out
    gate.counts = {"": 102.0}
    assert gate.run() == 1


def test_a_kernel_is_not_run_against_itself(gate, capsys):
    gate.other.write_text("new")
    assert gate.run("--only=timed") == 0
    assert gate.booted == [] and "is this one, but for its name" in capsys.readouterr().out


def test_reports_say_what_was_compared(gate):
    gate.counts = {"": 102.0}
    paths = {kind: gate.directory / f"r.{kind}" for kind in ("junit", "tap", "json")}
    assert gate.run("--case=irq qd1", *(f"--{kind}={path}" for kind, path in paths.items())) == 1
    found = json.loads(paths["json"].read_text())
    assert found["baseline"] == {"counted": "configs/baseline.json", "timed": gate.commit}
    states = {row["part"]: {row["state"]} for row in found["verdicts"]}
    assert states == {"counted": {"SLOWER"}, "timed": {"pass"}}
    suites = xml.parse(paths["junit"]).getroot().findall("testsuite")
    assert [suite.get("failures") for suite in suites] == ["6", "0"]
    assert paths["tap"].read_text().count("\nnot ok") == 6


def test_bad_input_overwrites_no_report(gate):
    report = gate.directory / "r.xml"
    report.write_text("old")
    gate.commit = "nowhere"
    with pytest.raises(UsageError, match="--baseline nowhere: no such commit"):
        gate.run(f"--junit={report}")
    gate.path.write_text("{")
    with pytest.raises(UsageError, match="baseline.json:1: not JSON"):
        gate.run(f"--junit={report}")
    assert report.read_text() == "old"


def test_a_crash_is_reported_and_ends_the_gate(gate):
    gate.times = {"": GuestError("now, irq: the guest crashed")}
    report = gate.directory / "r.xml"
    with pytest.raises(GuestError, match="now, irq: the guest crashed"):
        gate.run(f"--junit={report}")
    root = xml.parse(report).getroot()
    assert root.find(".//error").get("message") == "now, irq: the guest crashed"


def test_a_report_without_room_hides_no_verdict(gate, capsys):
    with pytest.raises(OutputError, match="/dev/full: No space left on device"):
        gate.run("--json=/dev/full")
    assert "pass" in capsys.readouterr().out


# words, what is said
BAD = [
    (["--case", "irq qd7"], "--case irq qd7: no such case"),
    (["--only", "guessed"], "--only: invalid choice"),
    (["--rounds", "3"], "--rounds: 3: must be a whole number from 8"),
    (["--baseline", "nowhere"], "--baseline nowhere: no such commit"),
    (["--baseline", "x", "--baseline-qemu", "y"], "--baseline: does not go with another device"),
    (["--baseline-disk", "backend=null"], "--baseline-disk: needs --disk"),
    (["--disk", "backend=tape"], "--disk backend=tape: backend=tape: must be one of"),
    (["--disk", "backend=null", "--only", "counted"], "--only counted: does not go with --disk"),
    (["--case", "irq qd1 packed", "--only", "timed"],
     "--case irq qd1 packed: not a case of the part"),
    (["--junit", "nowhere/a.xml"], "--junit nowhere/a.xml: no such directory"),
    (["--tap", "."], "--tap .: is a directory"),
    (["--tap", "x", "--json", "x"], "--json x: would overwrite what --tap writes"),
    (["extra"], "unrecognized arguments: extra"),
]


@pytest.mark.parametrize("words, complaint", BAD, ids=lambda value: " ".join(value)
                         if isinstance(value, list) else "")
def test_bad_usage_is_one_line_and_boots_nothing(gate, words, complaint):
    with pytest.raises(UsageError) as caught:
        regress.regress(words)
    assert str(caught.value).startswith(complaint) and "\n" not in str(caught.value)
    assert gate.booted == []


def test_baseline_is_written_as_counted(gate, capsys):
    gate.counts = {"": 42.0}
    assert regress.baseline([]) == 0
    assert set(stored.read_baseline(gate.path, list(FIGURES))[0].values()) == {42.0}
    assert f"{len(FIGURES)} of {len(FIGURES)} figures changed" in capsys.readouterr().out
    with pytest.raises(SystemExit) as asked:
        regress.baseline(["--help"])
    assert asked.value.code == 0 and "usage: ringbolt baseline" in capsys.readouterr().out
    with pytest.raises(UsageError, match="takes no arguments"):
        regress.baseline(["x"])


def test_the_last_change_of_a_file_is_a_commit_or_none(tmp_path, monkeypatch):
    monkeypatch.setattr(revision, "ROOT", tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    (tmp_path / "a").write_text("1")
    assert revision.last_change(tmp_path / "a") is None
    identity = ("-c", "user.name=x", "-c", "user.email=x@x")
    revision._git("init", "-q")
    assert revision.last_change(tmp_path / "a") is None
    for name in ("a", "b"):
        (tmp_path / name).write_text(name)
        revision._git("add", name)
        revision._git(*identity, "commit", "-q", "-m", name)
    assert revision.last_change(tmp_path / "a") == revision.commit_of("HEAD~1")
    assert revision.last_change(tmp_path / "b") == revision.commit_of("HEAD")
    assert revision.last_change(tmp_path / "c") is None
    monkeypatch.setenv("PATH", str(tmp_path))
    assert revision.last_change(tmp_path / "a") is None
