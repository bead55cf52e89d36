# SPDX-License-Identifier: MIT
"""How a guest ended, and what there is to say of it.

A guest that crashed or hung explains itself with its console's last lines, one whose job failed
with what it said before its report. In the report fio and our kernel agree: it begins with a
line "NAME: (g=0): rw=..." or "NAME: (groupid=0, jobs=1): ...".
"""

import os
import re
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Optional

from host.base.errors import STATUS_JOB_ERROR, STATUS_OK, STATUS_USAGE, GuestError, UsageError

_REPORT = re.compile(r".*: \(g(?:roupid)?=\d+[,)]")
_TAIL_LINES = 20


@dataclass
class Outcome:
    """How a guest ended; `messages` are for the user, one line each."""

    status: int
    console: list
    result: Optional[dict] = None
    messages: list = field(default_factory=list)
    logs: dict = field(default_factory=dict)  # file name: bytes
    more: list = field(default_factory=list)  # (result, logs) of the peer's other job files
    tail: bool = False  # the console's end explains more than the message

    def documents(self):
        return [self.result, *(document for document, _ in self.more)] if self.result else []

    def last_words(self):
        """Lines of the console that explain more than the messages."""
        if self.tail:
            return self.console[-_TAIL_LINES:]
        if self.status != STATUS_JOB_ERROR:
            return []
        before = takewhile(lambda line: not _REPORT.match(line), self.console)
        return [line for line in before if line][-_TAIL_LINES:]


def quoted(lines):
    """A guest's words among ours."""
    return "\n".join(f"  | {line}" for line in lines)


def _failed_jobs(outcome):
    jobs = [job for document in outcome.documents() for job in document["jobs"]
            if job.get("error")]
    return [f"job {job['jobname']}: {os.strerror(job['error'])} (error {job['error']})"
            for job in jobs]


def check_well(outcome, name):
    """Raises what a guest that did not end well has to say; a complaint begins with its `name`."""
    if outcome.status == STATUS_USAGE:
        raise UsageError("; ".join(outcome.messages))
    if outcome.status != STATUS_OK:
        why = "; ".join([*_failed_jobs(outcome), *outcome.messages])
        raise GuestError(f"{name}: {why or 'a job reported an error'}", outcome.last_words())
