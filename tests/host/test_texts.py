# SPDX-License-Identifier: MIT
"""Settings from words and files; complaints that lead back to them."""

import os
import threading

import pytest

from host.base import texts
from host.base.errors import UsageError
from host.base.texts import parse_settings, read_text, relocate


def test_later_lines_win_and_comments_do_not_count(tmp_path):
    conf = tmp_path / "poll.conf"
    conf.write_text("# a comment\ncompletion = poll # why\nqueues=2\n")
    settings = parse_settings(["completion=irq", str(conf)])
    assert settings.value("completion", "irq") == "poll"
    assert settings.value("ring", "auto") == "auto"
    assert parse_settings([str(conf), "completion=irq"]).value("completion", "x") == "irq"
    assert settings.text() == b"completion=irq\n# a comment\ncompletion = poll # why\nqueues=2\n"


def test_complaints_name_the_users_file_and_line(tmp_path):
    conf = tmp_path / "a.conf"
    conf.write_text("\nfoo=1\n")
    settings = parse_settings(["queues=2", str(conf)])
    assert relocate("opt/ringbolt/config:3: foo: unknown key", settings, None) == \
        f"{conf}:2: foo: unknown key"
    assert relocate("opt/ringbolt/config:1: queues: no", settings, None) == \
        "--set queues=2: queues: no"
    assert relocate("opt/ringbolt/job:7: bs: no", settings, "my.fio") == "my.fio:7: bs: no"
    assert relocate("opt/ringbolt/config:99: x", settings, None) == "opt/ringbolt/config:99: x"
    assert relocate("something else", settings, None) == "something else"
    sources = ["a.fio:1", "b.inc:1"]
    assert relocate("opt/ringbolt/job:2: bs: no", settings, "a.fio", sources) == \
        "b.inc:1: bs: no"


@pytest.mark.parametrize("word", ["=1", "Foo=1", "a b=1", "a=1\nb=2"])
def test_words_that_are_no_setting_are_refused(word):
    with pytest.raises(UsageError, match="not key=value"):
        parse_settings([word])


def test_files_that_cannot_be_settings_are_refused(tmp_path):
    with pytest.raises(UsageError, match="--set nowhere: No such file"):
        parse_settings(["nowhere"])
    binary = tmp_path / "binary"
    binary.write_bytes(b"a\0b")
    with pytest.raises(UsageError, match="not a text file"):
        parse_settings([str(binary)])
    big = tmp_path / "big"
    big.write_bytes(b"#" * ((1 << 20) + 1))
    with pytest.raises(UsageError, match="larger than"):
        parse_settings([str(big)])


@pytest.fixture
def pipe(tmp_path, monkeypatch):
    monkeypatch.setattr(texts, "PIPE_TIMEOUT_S", 0.2)
    path = tmp_path / "job.fio"
    os.mkfifo(path)
    return path


def test_a_pipe_that_nobody_writes_to_is_given_up(pipe):
    with pytest.raises(UsageError) as refused:
        read_text(pipe, "")
    assert str(refused.value) == f"{pipe}: nothing was written to this pipe for 0.2 s"


def test_a_pipe_is_read_to_its_end_however_slow_its_writer_is(pipe, monkeypatch):
    monkeypatch.setattr(texts, "PIPE_TIMEOUT_S", 60)
    more = threading.Event()

    def write():
        with open(pipe, "wb", buffering=0) as file:
            file.write(b"[a]\n")
            more.wait(60)
            file.write(b"rw=read\n")

    writer = threading.Thread(target=write)
    writer.start()
    threading.Timer(0.3, more.set).start()
    assert read_text(pipe, "") == b"[a]\nrw=read\n"
    writer.join()
