# SPDX-License-Identifier: MIT
"""Job files cut into points."""

import pytest

from host.base.errors import UsageError
from host.compare.points import added_lines, read_points
from host.guest.jobfile import text_of

JOB = """\
; everyday
[global]
rw=randread
stonewall

[qd1]
iodepth=1
[pair]
iodepth=2
[beside]   ; runs with pair
stonewall=0
[late]
"""


@pytest.fixture
def points(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def read(text):
        (tmp_path / "a.fio").write_text(text)
        return read_points("a.fio")

    return read


def test_a_stonewall_begins_a_point(points):
    assert [point.name for point in points(JOB)] == ["qd1", "pair+beside", "late"]


def test_a_point_is_the_defaults_and_its_own_jobs(points):
    _, pair, late = points(JOB)
    assert text_of(late.lines()) == b"[global]\nrw=randread\nstonewall\n[late]"
    assert text_of(pair.lines(added_lines("--runtime 1", "runtime=1"))).decode().splitlines() == [
        "[global]", "rw=randread", "stonewall", "[pair]", "iodepth=2", "runtime=1",
        "[beside]   ; runs with pair", "stonewall=0", "runtime=1"]


def test_every_line_knows_where_it_came_from(points):
    sources = [line.source for line in
               points(JOB)[1].lines(added_lines("--runtime 1", "runtime=1"))]
    assert sources == ["a.fio:2", "a.fio:3", "a.fio:4", "a.fio:8", "a.fio:9", "--runtime 1",
                       "a.fio:10", "a.fio:11", "--runtime 1"]


@pytest.mark.parametrize("text, names", [
    ("[a]\n[b]\n", ["a+b"]), ("[a]\n[b]\nstonewall\n", ["a", "b"]),
    ("[a]\n[b]\nwait_for_previous=1\n[c]\n", ["a", "b+c"]),
    ("[a]\n[b]\n#stonewall\n", ["a+b"]),
    ("[a]\n[global]\nstonewall\n[b]\n", ["a", "b"]),
    ("[global]\nstonewall\n[global]\nrw=read\n[a]\n[b]\n", ["a", "b"])])
def test_waiting_is_said_by_a_section_or_by_its_defaults(points, text, names):
    assert [point.name for point in points(text)] == names


@pytest.mark.parametrize("text, complaint", [
    ("", "a.fio:1: a job is missing"), ("[global]\nrw=read\n", "a.fio:1: a job is missing"),
    ("; x\nrw=read\n[a]\n", "a.fio:2: rw=read: not in a section"),
    ("[a]\n[a]\nstonewall\n", "a.fio:1: two points are called a")])
def test_files_without_points_are_refused(points, text, complaint):
    with pytest.raises(UsageError, match="^" + complaint):
        points(text)


def test_an_unreadable_file_is_named():
    with pytest.raises(UsageError, match="^nowhere.fio: No such file"):
        read_points("nowhere.fio")
