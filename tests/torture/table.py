# SPDX-License-Identifier: MIT
"""The options that jobs are drawn from: our own table, as its program prints it."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ["tests/differential/job_program.c", "tests/unit/host_support.c", "kernel/lib/fmt.c"]
# The bits of an option's engines, in their order.
ENGINES = ("sync", "psync", "vsync", "pvsync", "pvsync2", "null", "libaio", "io_uring",
           "posixaio")


@dataclass(frozen=True)
class Option:
    name: str
    alias: str
    type: str
    accept: str
    values: int  # how many it stores: 1, or one per direction
    minimum: int
    maximum: int  # 0: as large as may be
    engines: int  # bits; 0: all
    choices: tuple

    def is_of(self, engine):
        return not self.engines or engine in ENGINES and self.engines >> ENGINES.index(engine) & 1


def build_program(directory):
    """The kernel's parser, on the host, under ASan and UBSan."""
    program = Path(directory) / "job"
    parser = sorted(str(path) for path in (ROOT / "bench" / "job").glob("*.c"))
    subprocess.run(["gcc", "-std=gnu17", "-O1", "-g", "-I.", "-DRINGBOLT_HOST", "-DRINGBOLT_FUZZ",
                    "-fsanitize=address,undefined", "-fno-sanitize-recover=all", *SOURCES,
                    *parser, "-o", program], cwd=ROOT, check=True)
    return program


def read_table(program, release):
    done = subprocess.run([program, release, "--options"], capture_output=True, text=True,
                          check=True)
    table = {}
    for line in done.stdout.splitlines():
        name, alias, kind, accept, *numbers = line.split("\t")[1:]
        values, minimum, maximum, engines = map(int, numbers[:4])
        table[name] = Option(name, alias, kind, accept, values, minimum, maximum, engines,
                             tuple(numbers[4:]))
    return table


def accepted(program, release, texts, directory):
    """Of each job file whether our parser takes it, and what it says."""
    paths = [Path(directory) / f"{index}.fio" for index in range(len(texts))]
    for path, text in zip(paths, texts):
        path.write_text(text)
    done = subprocess.run([program, release, *paths], capture_output=True, text=True, check=False,
                          timeout=120)
    assert done.returncode == 0, done.stderr
    verdicts = {}
    said = []
    for line in done.stdout.splitlines():
        kind, _, rest = line.partition("\t")
        if kind == "error":
            said.append(rest)
        elif kind == "file":
            path, _, refused = rest.rpartition("\t")
            verdicts[path] = (refused == "0", said)
            said = []
    return [verdicts[str(path)] for path in paths]
