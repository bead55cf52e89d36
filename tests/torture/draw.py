# SPDX-License-Identifier: MIT
"""Random valid jobs: options from our own table, crossed."""

import random
import re
from dataclasses import dataclass, field

import values

# What comes before all else, in this order: (option, how often).
CORE = (("rw", 0.97), ("bs", 0.7), ("bsrange", 0.12), ("bssplit", 0.12), ("size", 0.75),
        ("iodepth", 0.5), ("io_size", 0.2), ("number_ios", 0.15), ("offset", 0.25),
        ("norandommap", 0.2), ("loops", 0.15), ("numjobs", 0.12))
EXTRAS_MOST = 7
# fio refuses both rates. It draws for ever where the smallest size that fits has no share.
EXCLUSIVE = (("rate", "rate_iops"), ("bssplit", "bsrange"))
# What [global] may say without leaving other jobs little to say.
GLOBAL = ("bs", "iodepth", "norandommap", "loops", "randseed", "random_generator", "ba",
          "offset", "rwmixread", "percentage_random", "group_reporting",
          "bs_is_seq_rand", "fsync", "lat_percentiles", "iodepth_batch", "unified_rw_reporting")


@dataclass
class Job:
    name: str
    disk_bytes: int
    may_trim: bool = False
    engine: str = "psync"
    options: dict = field(default_factory=dict)  # in the order of the file; None: bare

    def text(self):
        lines = [f"[{self.name}]"]
        lines += [key if value is None else f"{key}={value}"
                  for key, value in self.options.items()]
        return "\n".join(lines) + "\n"


@dataclass
class Kind:
    """One way to put jobs together: the engines, and which options cannot be compared so."""

    engines: tuple
    excluded: dict  # option: why it is not drawn


def candidates(table, kind, engine):
    return [option for option in table.values()
            if option.accept != "never" and option.is_of(engine)
            and option.name not in kind.excluded]


def add(dice, table, job, name):
    option = table[name]
    written = option.alias if option.alias and dice.random() < 0.3 else name
    job.options[written] = values.value(dice, option, job)


def has(job, option):
    return option.name in job.options or option.alias in job.options


def option_of(table, name, *jobs):
    """What the first of the jobs that has the option says; None: no one does."""
    for job in jobs:
        for written in {table[name].name, table[name].alias} & set(job.options):
            return job.options[written]
    return None


def end_bytes(table, job, head):
    """Where the last clone's region ends, at most."""
    def of(name):
        return values.bytes_of(option_of(table, name, job, head) or "0", job.disk_bytes)
    clones = int(option_of(table, "numjobs", job, head) or "1", 0)
    return of("offset") + of("offset_increment") * (clones - 1) + of("size")


def keep_inside(table, job, head):
    """The file that stands for a disk would grow."""
    for name in ("offset_increment", "size", "offset"):
        if end_bytes(table, job, head) > job.disk_bytes:
            job.options.pop(table[name].name, None)
            job.options.pop(table[name].alias, None)


def draw_job(dice, table, kind, name, disk, disk_bytes, head):
    engine = dice.choice(kind.engines)
    job = Job(name, disk_bytes, may_trim=engine == "null", engine=engine)
    job.options["ioengine"] = engine
    job.options["filename"] = disk
    for option, chance in CORE:
        if option not in kind.excluded and dice.random() < chance:
            add(dice, table, job, option)
    pool = candidates(table, kind, engine)
    for _ in range(dice.randint(0, EXTRAS_MOST)):
        option = dice.choice(pool)
        if not has(job, option) and (option.name != "kb_base" or dice.random() < 0.2):
            add(dice, table, job, option.name)
    keep_inside(table, job, head)
    complete(dice, table, job)
    return job


def complete(dice, table, job):
    """What some options are nothing without."""
    options = job.options
    if {"zonesize", "zonerange", "zoneskip"} & set(options):
        options["zonemode"] = "strided"
    for one, other in EXCLUSIVE:
        if has(job, table[one]) and has(job, table[other]):
            options.pop(table[other].name, None)
            options.pop(table[other].alias, None)
    if re.match("rand.*:", str(options.get("rw") or options.get("readwrite"))):
        options.pop("random_distribution", None)  # fio does not always come to its end
    for name in ("zonesize", "zonerange") if options.get("zonemode") == "strided" else ():
        if name not in options:
            add(dice, table, job, name)
    if options.get("randrepeat") == "0" and "randseed" not in options:
        add(dice, table, job, "randseed")  # or no two runs are alike
    if job.engine == "null" and "size" not in options:
        options["size"] = "256k"
    order = list(options.items())
    dice.shuffle(order)
    job.options = dict(order)


def draw_global(dice, table, kind, disk_bytes):
    job = Job("global", disk_bytes)
    for _ in range(dice.choice((0, 0, 1, 2, 3))):
        name = dice.choice(GLOBAL)
        if not has(job, table[name]):
            add(dice, table, job, name)
    # fio keeps a percentage that a later value in bytes ought to replace.
    job.options = {key: value for key, value in job.options.items() if "%" not in str(value)}
    return job


def dice_of(seed, pack):
    return random.Random(f"{seed} {pack}")
