# SPDX-License-Identifier: MIT
"""Verified jobs, many at once: a boot takes longer than what is asked of it, so a table of
options is one boot, and each row has a disk and a job of its own. fio does the same on a file
each.
"""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

import installed_fio
from guests import TIMEOUT_S, Guest

DISK_BYTES = 192 << 10
BLOCK = 4096
CRC = "verify=crc32c bs=4k size=64k"
# Of both sides, where a row names no other: what queues ends passes otherwise than what does not.
ENGINE = "libaio"


def disk_name(index):
    return f"/dev/vd{chr(ord('a') + index)}"


@dataclass
class Outcome:
    """What became of one row: fio's and ours look alike."""

    status: int  # of the whole run
    jobs: list
    out: str

    def errors(self):
        return [job["error"] for job in self.jobs]

    def counts(self):
        return [(job["read"]["total_ios"], job["write"]["total_ios"]) for job in self.jobs]


def job_file(filenames, rows, *more):
    """Options per row: numbers of threads are those of the rows."""
    lines = ["[global]", *more]
    for index, options in enumerate(rows):
        lines += [f"[row{index}]", f"filename={filenames[index]}", *options.split()]
    return "\n".join(lines) + "\n"


def outcomes_of(rows, status, result, texts):
    return [Outcome(status, [job for job in result["jobs"] if job["jobname"] == f"row{index}"],
                    texts[index]) for index in range(len(rows))]


def boot(directory, images, rows, follows=None):
    """All rows in one boot; Outcome each. `follows`: the release of fio, by default that which
    is installed."""
    names = [disk_name(index) for index in range(len(rows))]
    follows = f"--set=fio_version={follows}" if follows else installed_fio.followed()
    run = Guest(directory).run(follows,
                               *(f"--disk=backend=file,path={image}" for image in images),
                               job=job_file(names, rows, f"ioengine={ENGINE}", "stonewall"))
    assert run.result, run.out + run.err
    texts = ["\n".join(line for line in run.out.splitlines() if name in line) for name in names]
    return outcomes_of(rows, run.status, run.result, texts)


def fio(directory, images, rows):
    """The same by the real fio, on the files, all rows at once: one after the other it would
    wait a third of a second for each."""
    text = job_file([Path(image).name for image in images], rows, f"ioengine={ENGINE}",
                    "verify_state_save=0")
    (directory / "fio.fio").write_text(text)
    done = subprocess.run(["fio", "--output-format=json", "fio.fio"], cwd=directory,
                          capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    messages, brace, document = done.stdout.partition("{\n")
    assert brace, done.stdout + done.stderr
    return outcomes_of(rows, done.returncode, json.loads(brace + document),
                       [messages + done.stderr] * len(rows))


def blank(path):
    with open(path, "wb") as file:
        file.truncate(DISK_BYTES)
    return path
