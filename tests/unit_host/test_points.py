"""Job files cut into points."""

import pytest

from host.errors import UsageError
from host.points import read_points

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


def test_a_point_is_the_file_without_the_others_and_keeps_its_line_numbers(points):
    _, pair, late = points(JOB)
    assert late.text().decode() == "\n[global]\nrw=randread\nstonewall\n\n" + "\n" * 6 + "[late]\n"
    lines = pair.text(["runtime=1"]).decode().splitlines()
    assert lines[7:] == ["[pair]", "iodepth=2", "runtime=1", "[beside]   ; runs with pair",
                         "stonewall=0", "runtime=1", ""]
    assert "qd1" not in pair.text().decode()


def test_complaints_are_about_the_users_file(points):
    pair = points(JOB)[1]
    assert pair.relocate("a.fio:9: x", ["runtime=1"]) == "a.fio:9: x"
    assert pair.relocate("a.fio:12: x", ["runtime=1"]) == "a.fio:11: x"
    assert pair.relocate("a.fio:10: runtime: no", ["runtime=1"]) == "runtime: no"


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
