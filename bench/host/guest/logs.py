# SPDX-License-Identifier: MIT
"""fio's log files: framed text behind the guest's result, one file per frame.

    -----BEGIN RINGBOLT LOG a_bw.1.log-----
    0, 81920, 0, 4096, 0
    -----END RINGBOLT LOG-----
"""

import os
import re

from host.base.errors import GuestError
from host.guest.result import write_result

_BEGIN = re.compile(rb"^-----BEGIN RINGBOLT LOG (.*)-----\r?\n", re.MULTILINE)
_END = re.compile(rb"^-----END RINGBOLT LOG-----\r?$\n?", re.MULTILINE)
_UNSAFE = re.compile(r"[^A-Za-z0-9._+-]")


def _file_name(raw):
    """A name of one component, whatever a job is called."""
    return _UNSAFE.sub("_", raw.decode("utf-8", "replace")).lstrip(".") or "_"


def split_logs(data):
    """What the guest sent -> the document's bytes, and {file name: bytes}."""
    logs = {}
    begin = _BEGIN.search(data)
    document = data[:begin.start()] if begin else data
    while begin:
        end = _END.search(data, begin.end())
        if not end:
            raise GuestError(f"the guest broke off within the log {begin[1].decode()}")
        name = _file_name(begin[1])
        text = data[begin.end():end.start()].replace(b"\r\n", b"\n")
        logs[name] = logs.get(name, b"") + text  # per_job_logs=0: one for all jobs
        begin = _BEGIN.search(data, end.end())
    return document, logs


def write_logs(logs, result_path):
    """Next to the result, or here if that has no place of its own."""
    directory = os.path.dirname(result_path) if result_path != "-" else ""
    for name, text in logs.items():
        write_result(os.path.join(directory, name), text.decode())
