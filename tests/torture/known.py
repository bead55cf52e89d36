# SPDX-License-Identifier: MIT
"""Differences that are known, each with its reason: fio's own faults, or what a disk and the file
that stands for it do not share. What is met again and again, or ends fio, is not drawn at all
(packs.py, values.py); what is rare enough is drawn, and told apart here.
"""

import re
from dataclasses import dataclass, field
from typing import Callable

import packs
import values


@dataclass
class Known:
    reason: str
    applies: Callable  # to (what of it: a function from an option's name to its value, or None)
    only: tuple = ()  # what differs; (): anything
    ours: str = ""  # part of what we say
    fios: str = ""  # part of what fio says, or does
    hits: int = field(default=0, compare=False)


def moved(of):
    return any(of(name) is not None for name in ("offset", "offset_increment"))


def queues(of):
    depth = int(of("iodepth") or "1", 0)
    return of("ioengine") in ("libaio", "io_uring", "posixaio", "null") and depth > 1


def is_mixed(of):
    return str(of("rw")).partition(":")[0] in ("rw", "readwrite", "randrw")


def leaves_a_rest(of):
    """Whether the size is no multiple of a block; of lists, of each of them."""
    if of("bssplit") or of("bsrange"):
        return True
    size_bytes = values.bytes_of(of("size") or "0", 0)
    blocks = (of("bs") or "4k").split(",")
    return any(size_bytes % (values.bytes_of(block, 0) or 1) for block in blocks if block)


KNOWN = [
    Known("what leaves the disk's blocks is refused, as a disk refuses it with direct=1",
          lambda of: True, only=("set-up",), ours="is not a multiple of", fios=packs.OFF_SECTOR),
    Known("a job that has no room for one block, or begins beyond its end, is refused; fio fails",
          lambda of: True, only=("set-up",), fios=packs.NOTHING),
    Known("a job that has no room for one block on any of its disks is refused; fio ends at once",
          lambda of: ":" in of("filename"), only=("we refuse",)),
    Known("one lfsr in as many as it has states cannot start, which fio finds out as it runs",
          lambda of: of("random_generator") == "lfsr", only=("set-up",), ours="cannot start"),
    Known("randrepeat=0 draws anew each time", lambda of: of("randrepeat") == "0"),
    Known("the directions of a rated mixed job follow the clock",
          lambda of: is_mixed(of) and (of("rate") or of("rate_iops")) is not None),
    Known("fsync=N of fio's engines that queue flushes whenever the writes issued are a multiple",
          lambda of: queues(of) and (of("fsync") or of("fdatasync")) is not None,
          only=("sync",)),
    Known("and each of those flushes takes a file's turn, and counts for number_ios",
          lambda of: queues(of) and (of("fsync") or of("fdatasync")) is not None
          and (":" in of("filename") or of("number_ios") is not None)),
    Known("fio 3.33 flushes again as a pass begins, if the one before ended with a flush",
          lambda of: (of("fsync") or of("fdatasync")) is not None
          and (of("io_size") or of("loops")) is not None, only=("sync",)),
    Known("where a rated job is late, what is in flight as its blocks run out goes by the clock",
          lambda of: (of("rate") or of("rate_iops")) is not None
          and of("random_distribution") is not None),
    Known("where blocks leave a rest, rw=rand*:N asks fio's map of blocks that are beyond it",
          lambda of: re.match("rand.*:", str(of("rw"))) and leaves_a_rest(of),
          only=("sequence", *packs.sides.DIRECTIONS, "mixed")),
    Known("zones of a distribution beyond the region are refused; fio cuts them off",
          lambda of: str(of("random_distribution")).startswith("zoned_abs"), only=("set-up",)),
    Known("a block size off the blocks is refused even where fio rounds it to the smallest",
          lambda of: of("bssplit") is not None, only=("set-up",), ours="bs: "),
    Known("zones, and ends that steps go by, are refused off the blocks even where none is met",
          lambda of: of("zonemode") == "strided" or ":" in str(of("rw")), only=("set-up",),
          ours="is not a multiple of"),
    Known("clones of fio 3.33 count otherwise what several strided files have had",
          lambda of: of("zonemode") == "strided" and of("numjobs") is not None
          and ":" in of("filename")),
    Known("the last of the queued trims before writes may lack its write in fio",
          lambda of: "trimwrite" in str(of("rw")) and queues(of)),
    Known("the writes of a strided trimwrite are not where its trims are, and not as many",
          lambda of: "trimwrite" in str(of("rw")) and of("zonemode") == "strided"),
    Known("fio 3.33 looks for the write of a randtrimwrite at twice the offset, and trims no more",
          lambda of: str(of("rw")).startswith("randtrimwrite") and moved(of)),
]


def explained(table, difference, job, head):
    def of(name):
        option = table[name]
        for options in (job.options, head.options):
            for written in (option.name, option.alias):
                if written in options:
                    return options[written] if options[written] is not None else "1"
        return None
    for known in KNOWN:
        if known.only and difference.what not in known.only:
            continue
        if known.ours in str(difference.ours) and known.fios in str(difference.fios) \
                and known.applies(of):
            return known
    return None


def find(table, difference, head):
    """What explains a difference, or None; one of a merged entry, if any of its jobs has one."""
    for job in difference.together or [difference.job]:
        known = explained(table, difference, job, head)
        if known:
            known.hits += 1
            return known
    return None
