# SPDX-License-Identifier: MIT
"""The two texts a guest is given: settings and job file.

Settings come from --set, either key=value or the name of a file of such lines. The kernel
sees one text and complains about a line of it; `Settings.locate` says where that line
came from, so that the user reads the name of his own file.
"""

import codecs
import errno
import functools
import os
import re
import select
import stat
import sys
from dataclasses import dataclass, field

from host.base.errors import UsageError

TEXT_BYTES_MAX = 1 << 20
PIPE_TIMEOUT_S = 10
_MARKS = codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE
STANDARD_INPUT = "<stdin>"  # what it is called in a complaint

# What the kernel calls the two texts when it complains: "NAME:LINE: ...".
_COMPLAINT = re.compile(r"\bopt/ringbolt/(config|job):(\d+): ")


def _checked(name, read):
    try:
        data = read()
    except OSError as error:
        raise UsageError(f"{name}: {error.strerror}") from None
    if len(data) > TEXT_BYTES_MAX:
        raise UsageError(f"{name}: larger than {TEXT_BYTES_MAX} bytes")
    if data.startswith(_MARKS):
        raise UsageError(f"{name}:1: begins with a byte order mark; save it as UTF-8 without one")
    if b"\0" in data:
        raise UsageError(f"{name}: not a text file")
    return data


def _opened(path):
    """For reading. A pipe that nobody writes to would be waited for without an end."""
    if not stat.S_ISFIFO(os.stat(path).st_mode):
        return open(path, "rb")
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    poll = select.poll()
    poll.register(handle, select.POLLIN)
    if not poll.poll(PIPE_TIMEOUT_S * 1000):
        os.close(handle)
        raise TimeoutError(errno.ETIMEDOUT, f"nothing was written to this pipe for "
                           f"{PIPE_TIMEOUT_S} s")
    os.set_blocking(handle, True)
    return os.fdopen(handle, "rb")


def read_text(path, option):
    """A text file's content, or UsageError naming it."""

    def read():
        with _opened(path) as file:
            return file.read(TEXT_BYTES_MAX + 1)

    return _checked(f"{option}{path}", read)


@functools.cache
def read_standard_input():
    """The same of what is piped in; there to be read only once, whoever asks."""
    return _checked(STANDARD_INPUT, lambda: sys.stdin.buffer.read(TEXT_BYTES_MAX + 1))


@dataclass
class Settings:
    """Lines of key=value, each with the place it came from."""

    lines: list = field(default_factory=list)  # (text, source)

    def add(self, word):
        """One --set: key=value, or a file of settings."""
        if "=" in word:
            if not re.fullmatch(r"[a-z0-9_]+=[^\r\n]*", word):
                raise UsageError(f"--set {word}: not key=value, the key of a-z, 0-9 and _")
            self.lines.append((word, f"--set {word}"))
            return
        if not os.path.exists(word):
            raise UsageError(f"--set {word}: No such file, and not key=value")
        for number, line in enumerate(read_text(word, "--set ").splitlines(), 1):
            self.lines.append((line.decode("utf-8", "surrogateescape"), f"{word}:{number}"))

    def text(self):
        return "".join(line + "\n" for line, _ in self.lines).encode(errors="surrogateescape")

    def value(self, key, default):
        """The value that wins, as the kernel will see it."""
        for line, _ in reversed(self.lines):
            name, equals, value = line.partition("#")[0].partition("=")
            if equals and name.strip() == key:
                return value.strip()
        return default


def parse_settings(words):
    settings = Settings()
    for word in words:
        settings.add(word)
    return settings


def relocate(message, settings, job_path, job_sources=()):
    """Puts the user's file names into a complaint of the kernel's. `job_sources`: of the job
    file's lines, where they are not simply those of job_path."""

    def replace(match):
        number = int(match[2])
        if match[1] == "job" and 1 <= number <= len(job_sources):
            return job_sources[number - 1] + ": "
        if match[1] == "job":
            return f"{job_path}:{number}: "
        if 1 <= number <= len(settings.lines):
            return settings.lines[number - 1][1] + ": "
        return match[0]

    return _COMPLAINT.sub(replace, message)
