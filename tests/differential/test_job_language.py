# SPDX-License-Identifier: MIT
"""The job file's language against the real fio: the lines of tests/data/fio_language.txt are taken
or refused by both, or by the one that the list says, and both read the same numbers.

fio tells with --debug=parse what it reads. Ours is what the host tool makes of the file and then
the kernel's parser, as a program (job_program.c), which follows the release of fio that is
installed.
"""

import os
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import installed_fio
import pytest

from fakes import HANG_S
from host.base.errors import UsageError
from host.guest.jobfile import read_job, text_of

ROOT = Path(__file__).resolve().parents[2]
LIST = ROOT / "tests" / "data" / "fio_language.txt"
OPTIONS = ROOT / "tests" / "data" / "fio_options.txt"
# Those that we play.
ENGINES = ("psync", "sync", "vsync", "pvsync", "pvsync2", "null", "libaio", "io_uring", "posixaio")
SOURCES = ["tests/differential/job_program.c", "tests/unit/host_support.c", "kernel/lib/fmt.c",
           *sorted(str(path) for path in (ROOT / "bench" / "job").glob("*.c"))]
# Stands for something else once all options are known: depths and batches bound each other.
SETTLED = {"loops", "iodepth", "iodepth_batch", "iodepth_low", "time_based", "filename"}
DISK = "[a]\nfilename=/dev/vda\nsize=1m\n"
ENVIRONMENT = {"BS": "4k", "K": "k", "NAME": "bs"}
FILES = {"part.inc": "bs=8k\n; no more\n", "section.inc": "[b]\n",
         "nested.inc": "filename=/dev/vda\ninclude part.inc\nsize=1m\n"}
# What fio calls a size in percent: -1 - percent.
PERCENT = {(1 << 64) - 1 - percent: percent for percent in range(101)}


@dataclass
class Case:
    line: str
    verdict: str  # accepted, refused, we refuse, fio refuses

    def text(self):
        text = self.line.replace("\\\\", "\0").replace("\\n", "\n").replace("\\t", "\t")
        text = text.replace("\\r", "\r").replace("\0", "\\")
        return text + "\n" if "[" in text or text.startswith("a]") else DISK + with_engine(text)

    def is_one_section(self):
        return "[" not in self.line

    def ours(self):
        return self.verdict in ("accepted", "fio refuses")

    def fios(self):
        return self.verdict in ("accepted", "we refuse")


def with_engine(text):
    """One that queues, unless the line names its own."""
    return text + "\n" if "ioengine" in text else f"ioengine=libaio\n{text}\n"


def cases():
    verdict = None
    for line in LIST.read_text().split("\n"):
        if line.startswith("=="):
            verdict, _, releases = line[3:].partition(":")[0].partition(", ")
            verdict = verdict if installed_fio.is_of(releases) else None
        elif line.strip() and not line.startswith("# "):
            if verdict:
                yield Case(line, verdict)


CASES = list(cases())


@pytest.fixture(scope="session")
def program(tmp_path_factory):
    path = tmp_path_factory.mktemp("job") / "job"
    subprocess.run(["gcc", "-std=gnu17", "-O1", "-g", "-I.", "-DRINGBOLT_HOST", "-DRINGBOLT_FUZZ",
                    "-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-Wall",
                    "-Wextra", "-Werror", *SOURCES, "-o", path], cwd=ROOT, check=True)
    return path


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    return tmp_path


@dataclass
class Parsed:
    accepted: bool
    said: str
    numbers: list  # per job: {option: numbers}


def run_ours(program):
    return subprocess.run([program, installed_fio.release(), "ours.fio"], capture_output=True,
                          text=True, check=True, timeout=HANG_S)


def parsed_by_us(program, text):
    Path("job.fio").write_text(text, newline="")
    try:
        Path("ours.fio").write_bytes(text_of(read_job("job.fio", (), ENVIRONMENT)))
    except UsageError as error:
        return Parsed(False, str(error), [])
    done = run_ours(program)
    jobs, refused = [], None
    for kind, *words in (line.split("\t") for line in done.stdout.splitlines()):
        if kind == "file":
            refused = words[1] == "1"
        elif kind == "job":
            jobs.append({})
        elif kind == "value":
            jobs[-1][words[0]] = [int(word) for word in words[1:]]
    return Parsed(not refused, done.stdout, jobs)


def run_fio(path):
    environment = {name: value for name, value in os.environ.items() if name != "UNSET"}
    done = subprocess.run(["fio", "--debug=parse", "--parse-only", path.name], cwd=path.parent,
                          text=True, capture_output=True, timeout=HANG_S, check=False,
                          env={**environment, **ENVIRONMENT})
    jobs, option = [], None
    for line in done.stdout.splitlines():
        found = re.search(r"(Parsing section \[(?!global))|__handle_option=(\w+),|"
                          r"  ret=0, out=(\d+)", line)
        if found and found[1]:
            jobs.append({})
        elif found and found[2]:
            option = found[2]
        elif found and jobs:
            jobs[-1].setdefault(option, []).append(int(found[3]))
    return Parsed(done.returncode == 0, done.stdout + done.stderr, jobs)


def run_fio_for_each(directory, some):
    """fio takes its time to start, which is not ours to spend."""
    paths = [directory / f"{index}.fio" for index in range(len(some))]
    for path, case in zip(paths, some):
        path.write_text(case.text(), newline="")
    with ThreadPoolExecutor() as pool:
        return dict(zip((case.line for case in some), pool.map(run_fio, paths)))


@pytest.fixture(scope="session")
def theirs(tmp_path_factory):
    """What fio makes of each line; those that it should take are one file, if it takes that."""
    directory = tmp_path_factory.mktemp("fio")
    for name, text in FILES.items():
        (directory / name).write_text(text)
    together = [case for case in CASES if case.fios() and case.is_one_section()]
    path = directory / "together.fio"
    path.write_text("".join(case.text() for case in together), newline="")
    found = run_fio(path)
    if not found.accepted:
        return run_fio_for_each(directory, CASES)
    alone = run_fio_for_each(directory, [case for case in CASES if case not in together])
    return {**alone, **{case.line: Parsed(True, "", [numbers]) for case, numbers
                        in zip(together, found.numbers, strict=True)}}


def is_alike(fios, ours):
    """fio tells each number that is written, ours is one for each direction: unwritten ones are
    those before, or the default."""
    fios = {PERCENT.get(number, number) for number in fios}
    return bool(fios) and fios & set(ours)


@pytest.mark.parametrize("case", CASES, ids=[case.line for case in CASES])
def test_lines_are_taken_and_refused_as_in_fio(program, theirs, case):
    ours = parsed_by_us(program, case.text())
    assert ours.accepted == case.ours(), ours.said
    assert theirs[case.line].accepted == case.fios(), theirs[case.line].said


@pytest.mark.parametrize("case", [case for case in CASES if case.verdict == "accepted"],
                         ids=[case.line for case in CASES if case.verdict == "accepted"])
def test_both_read_the_same_numbers(program, theirs, case):
    ours, fios = parsed_by_us(program, case.text()).numbers, theirs[case.line].numbers
    for fios_job, our_job in zip(fios, ours):
        for option in fios_job.keys() & our_job.keys() - SETTLED:
            assert is_alike(fios_job[option], our_job[option]), \
                f"{option}: {fios_job[option]}, ours {our_job[option]}"


@pytest.mark.parametrize("names", [["a"], ["b"], ["d", "a"], ["a", "b", "d"], ["b", "b"]])
def test_the_same_sections_are_left(program, place, names):
    sections = ("global", "a", "b", "globals", "a", "d")
    (place / "job.fio").write_text("".join(f"[{name}]\n{DISK[4:]}" for name in sections))
    (place / "ours.fio").write_bytes(text_of(read_job("job.fio", names, {})))
    theirs = subprocess.run(["fio", "--showcmd", *(f"--section={name}" for name in names),
                             "job.fio"], capture_output=True, text=True, timeout=HANG_S, check=True)
    ours = run_ours(program)
    jobs = re.findall(r"^job\t(.+)\t", ours.stdout, re.MULTILINE)
    assert jobs == re.findall(r"--name=(\S+)", theirs.stdout)
    assert set(jobs) == set(names)


@dataclass
class Listed:
    """A row of tests/data/fio_options.txt."""

    name: str
    outcome: str
    value: str
    engine: str
    releases: str = ""

    def is_of_the_installed(self):
        name = self.releases.strip("-")
        return not name or installed_fio.is_since(name) == self.releases.endswith("-")

    def text(self):
        value = "" if self.value == "-" else f"={self.value}"
        return f"[a]\nioengine={self.engine}\n{self.name}{value}\n"


def listed_options():
    return [Listed(*line.split()) for line in OPTIONS.read_text().splitlines()
            if line and line[0] != "#"]


def test_fio_knows_options_of_its_release_and_not_those_of_others(tmp_path):
    rows = [row for row in listed_options() if row.releases and row.outcome != "foreign"]

    def is_known(index):
        path = tmp_path / f"{index}.fio"
        path.write_text(rows[index].text())
        done = subprocess.run(["fio", "--parse-only", path.name], cwd=tmp_path, text=True,
                              capture_output=True, timeout=HANG_S, check=False)
        return "Bad option <" not in done.stdout + done.stderr

    with ThreadPoolExecutor() as pool:
        known = list(pool.map(is_known, range(len(rows))))
    assert [row.name for row, is_so in zip(rows, known) if row.is_of_the_installed() != is_so] == []


def test_every_option_of_fio_is_listed():
    listed = {row.name for row in listed_options() if row.is_of_the_installed()}
    for words in ("--cmdhelp", *(f"--enghelp={engine}" for engine in ENGINES)):
        told = subprocess.run(["fio", words], capture_output=True, text=True, timeout=HANG_S,
                              check=False).stdout  # 1 of an engine without options
        names = set(re.findall(r"^ *([\w-]+) +: ", told, re.MULTILINE))
        assert names - listed == set(), words
