# SPDX-License-Identifier: MIT
"""What becomes of a user's job file before the kernel gets it."""

import io

import pytest

from host.base.errors import UsageError
from host.base.texts import read_standard_input
from host.guest.jobfile import read_job, text_of
from host.guest.options import make_options

JOB = """\
# ${X} of a comment stays
[global]
bs=4k
[one]
filename=/dev/vda ; ${X}
size=${SIZE}m
[two words]
size=${NOWHERE}
include more.inc
[global again]
direct=1
[one]
rw=read
"""
MORE = "iodepth=2\ninclude=deep.inc\n"
DEEP = "rate=${SIZE}\n"


@pytest.fixture
def job(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "jobs").mkdir()
    for name, text in (("a.fio", JOB), ("more.inc", MORE), ("deep.inc", DEEP)):
        (tmp_path / "jobs" / name).write_text(text)
    return "jobs/a.fio"


def lines_of(job, *sections, **environment):
    return read_job(job, sections, environment)


def test_a_job_from_standard_input_is_read_once_and_told_apart(job, monkeypatch):
    read_standard_input.cache_clear()
    piped = io.BytesIO(b"[a]\nfilename=/dev/vda\ninclude jobs/deep.inc\nbs=${BS}\n")
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(piped))
    for _ in range(2):
        lines = lines_of("-", SIZE="1", BS="8k")
        assert text_of(lines) == b"[a]\nfilename=/dev/vda\nrate=1\n\nbs=8k\n"
        assert [line.source for line in lines[1:3]] == ["<stdin>:2", "jobs/deep.inc:1"]
    with pytest.raises(UsageError, match=r"^<stdin>:4: \$\{BS\}: its value cannot stand"):
        lines_of("-", BS=";")
    read_standard_input.cache_clear()
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"\0")))
    with pytest.raises(UsageError, match="^<stdin>: not a text file$"):
        lines_of("-")
    read_standard_input.cache_clear()


def test_nothing_else_is_changed(tmp_path):
    path = tmp_path / "a.fio"
    text = b"\t[a] \r\n  bs=4k ; \xff caf\xe9\n\n#include x\n includes=1\n[include x]\nlast"
    path.write_bytes(text)
    assert text_of(lines_of(path)) == text


def test_included_lines_and_values_stand_where_they_were_named(job):
    lines = lines_of(job, SIZE="16")
    assert [line.text for line in lines[4:12]] == [
        "filename=/dev/vda ; ${X}", "size=16m", "[two words]", "size=${NOWHERE}", "iodepth=2",
        "rate=16", "", ""]
    assert [line.source for line in lines[7:13]] == [
        "jobs/a.fio:8", "jobs/more.inc:1", "jobs/deep.inc:1", "jobs/deep.inc:2",
        "jobs/more.inc:3", "jobs/a.fio:10"]


@pytest.mark.parametrize("sections, kept", [
    (["one"], "[global] bs=4k [one] filename=/dev/vda ; ${X} size=1m [global again] direct=1"
              " [one] rw=read"),
    (["two words"], "[global] bs=4k [two words] size=${NOWHERE} iodepth=2 rate=1 [global again]"
                    " direct=1"),
    (["two words", "one"], None)])
def test_only_the_named_sections_and_what_is_global_are_left(job, sections, kept):
    everything = lines_of(job, SIZE="1")
    lines = lines_of(job, *sections, SIZE="1")
    assert [line.source for line in lines] == [line.source for line in everything]
    if kept is None:
        assert lines[1:] == everything[1:]
    else:
        assert " ".join(line.text for line in lines[1:] if line.text) == kept


@pytest.mark.parametrize("value", ["a;b", "#", "1\n2", "1\r"])
def test_values_that_would_break_the_line_are_refused(job, value):
    with pytest.raises(UsageError, match=r"jobs/a\.fio:6: \$\{SIZE\}: its value cannot stand"):
        lines_of(job, SIZE=value)


@pytest.mark.parametrize("text, complaint", [
    ("[a]\ninclude nowhere", "job:2: include: cannot read nowhere"),
    ("[a]\ninclude", "job:2: include: a file name is missing"),
    ("[a]\n include= ; x", "job:2: include: a file name is missing"),
    ("\n\ninclude section", "section:1: an included file may not contain sections"),
    ("include job", "job:1: include: files include each other too deeply"),
    ("include folder", "folder: Is a directory")])
def test_includes_that_cannot_be_are_told_with_their_line(tmp_path, monkeypatch, text, complaint):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "job").write_text(text)
    (tmp_path / "section").write_text("[b]")
    (tmp_path / "folder").mkdir()
    with pytest.raises(UsageError) as error:
        lines_of("job")
    assert str(error.value) == complaint


def test_a_section_that_is_not_there_is_refused(job):
    with pytest.raises(UsageError, match="--section three: no such section in the job file"):
        lines_of(job, "one", "three")
    with pytest.raises(UsageError, match="--section one: needs a job file"):
        make_options(sections=["one"], boot="uefi")


def test_the_tool_gives_the_kernel_what_is_left_and_names_the_line_of_an_included_file(bench):
    bench.environment["SIZE"] = "2"
    (bench.directory / "a.fio").write_text(JOB)
    (bench.directory / "more.inc").write_text(MORE)
    (bench.directory / "deep.inc").write_text(DEEP)
    run = bench.run("--section=one", "--section", "two words", "a.fio")
    assert run.returncode == 0, run.stderr
    text = bench.starts()[0]["texts"]["opt/ringbolt/job"]
    assert text.splitlines()[5:10] == ["size=2m", "[two words]", "size=${NOWHERE}", "iodepth=2",
                                       "rate=2"]
    bench.plan(console="opt/ringbolt/job:10: rate: no\nringbolt: exit status 2\n", code=5)
    assert bench.run("a.fio").stderr == "ringbolt: deep.inc:1: rate: no\n"
