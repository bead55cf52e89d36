# SPDX-License-Identifier: MIT
"""Log files behind the result."""

import pytest

from host.base.errors import GuestError
from host.guest.logs import split_logs, write_logs

DOCUMENT = b'{\n  "a" : 1\n}\n'


def framed(name, text):
    return b"-----BEGIN RINGBOLT LOG %s-----\n%s-----END RINGBOLT LOG-----\n" % (name, text)


def test_a_result_without_logs_is_left_alone():
    assert split_logs(DOCUMENT) == (DOCUMENT, {})


def test_logs_are_parted_from_the_document():
    data = DOCUMENT + framed(b"a_bw.1.log", b"0, 1, 0, 4096, 0\n") + framed(b"a_iops.1.log", b"")
    assert split_logs(data) == (DOCUMENT, {"a_bw.1.log": b"0, 1, 0, 4096, 0\n",
                                           "a_iops.1.log": b""})


def test_equal_names_become_one_file():
    data = DOCUMENT + framed(b"a_bw.log", b"1\n") + framed(b"a_bw.log", b"2\n")
    assert split_logs(data)[1] == {"a_bw.log": b"1\n2\n"}


@pytest.mark.parametrize("name", [b"../../etc/passwd", b"/etc/passwd", b"..", b".", b"a/b c"])
def test_a_name_never_leaves_the_directory(name, tmp_path):
    _, logs = split_logs(DOCUMENT + framed(name, b"x\n"))
    (name,) = logs
    assert "/" not in name and not name.startswith(".")
    write_logs(logs, str(tmp_path / "result.json"))
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_log_that_breaks_off_is_told():
    with pytest.raises(GuestError, match="a_bw.1.log"):
        split_logs(DOCUMENT + framed(b"a_bw.1.log", b"1\n")[:-5])
