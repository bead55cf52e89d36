# SPDX-License-Identifier: MIT
"""The machines that every change has to work on, one row each.

Chosen so that any three of the columns meet in every combination of their values, and any
four of those that decide how rings and interrupts work (tests/host checks that).
`vectors`: all is one per queue and one for the configuration; short is fewer than queues;
none leaves the legacy interrupt line.
"""

from dataclasses import dataclass, fields

_ROWS = """
# machine, ring, indirect, event_idx, queues, smp, vectors, completion, iothread, logical,
# sched, queue_size
q35  split   on   on   1  1  all    irq       on   512   deadline  256
q35  split   on   on   2  1  all    irq       off  4096  deadline  16
q35  split   on   on   2  2  all    poll      off  4096  deadline  256
q35  split   on   on   2  4  all    adaptive  off  512   none      1024
q35  split   on   on   4  1  none   poll      off  512   none      1024
q35  split   on   on   8  4  all    adaptive  off  512   deadline  256
q35  split   on   off  1  1  short  adaptive  on   4096  none      16
q35  split   on   off  1  4  none   poll      off  512   none      16
q35  split   on   off  2  1  short  poll      on   4096  none      16
q35  split   on   off  2  2  none   adaptive  off  512   deadline  16
q35  split   on   off  4  1  short  poll      on   512   none      1024
q35  split   on   off  8  1  short  irq       off  512   deadline  256
q35  split   on   off  8  4  none   poll      on   4096  none      256
q35  split   off  on   1  1  none   poll      on   4096  deadline  16
q35  split   off  on   1  2  none   irq       on   4096  deadline  256
q35  split   off  on   1  4  all    adaptive  off  4096  none      1024
q35  split   off  on   2  1  none   irq       on   4096  deadline  16
q35  split   off  on   8  1  none   irq       off  4096  deadline  256
q35  split   off  off  1  2  short  irq       on   4096  none      1024
q35  split   off  off  2  1  short  adaptive  off  512   deadline  256
q35  split   off  off  4  1  short  irq       off  4096  none      256
q35  split   off  off  4  4  all    poll      on   4096  none      256
q35  split   off  off  4  4  none   adaptive  off  512   deadline  256
q35  split   off  off  8  2  all    irq       on   512   none      16
q35  split   off  off  8  2  all    poll      on   512   deadline  256
q35  split   off  off  8  4  short  adaptive  on   4096  none      16
q35  packed  on   on   1  2  none   poll      off  4096  deadline  1024
q35  packed  on   on   4  1  all    poll      on   512   deadline  1024
q35  packed  on   on   4  2  none   adaptive  on   4096  none      256
q35  packed  on   on   8  1  short  adaptive  on   512   none      1024
q35  packed  on   on   8  1  none   adaptive  off  4096  deadline  16
q35  packed  on   off  1  4  all    adaptive  on   4096  deadline  16
q35  packed  on   off  2  1  all    adaptive  on   512   deadline  16
q35  packed  on   off  2  4  short  irq       on   4096  none      256
q35  packed  on   off  4  1  short  adaptive  on   4096  deadline  16
q35  packed  on   off  4  2  all    irq       off  512   deadline  1024
q35  packed  off  on   1  2  short  adaptive  off  512   none      256
q35  packed  off  on   2  4  short  poll      off  512   deadline  16
q35  packed  off  on   4  1  all    adaptive  off  4096  deadline  1024
q35  packed  off  on   4  1  short  poll      on   512   deadline  16
q35  packed  off  on   4  4  none   irq       on   4096  deadline  16
q35  packed  off  on   8  4  short  irq       on   512   none      1024
q35  packed  off  off  1  2  all    irq       off  512   none      1024
q35  packed  off  off  1  4  none   irq       off  4096  deadline  1024
q35  packed  off  off  2  1  all    irq       off  4096  none      1024
q35  packed  off  off  2  1  all    poll      on   512   none      1024
pc   split   on   on   1  1  none   adaptive  on   512   none      1024
pc   split   on   on   1  2  short  poll      off  4096  none      1024
pc   split   on   on   4  4  short  poll      on   4096  deadline  1024
pc   split   on   on   8  2  none   irq       on   512   none      16
pc   split   on   off  1  1  all    poll      off  4096  deadline  1024
pc   split   on   off  2  1  all    irq       off  512   none      1024
pc   split   on   off  4  1  none   irq       on   512   none      256
pc   split   on   off  4  4  all    adaptive  on   512   none      256
pc   split   on   off  8  1  none   adaptive  off  4096  deadline  16
pc   split   on   off  8  4  all    poll      on   512   none      16
pc   split   off  on   2  2  short  irq       off  512   none      256
pc   split   off  on   4  2  short  adaptive  off  512   none      16
pc   split   off  on   4  4  all    irq       off  4096  deadline  16
pc   split   off  on   8  1  all    adaptive  on   512   deadline  16
pc   split   off  on   8  1  none   poll      off  4096  deadline  1024
pc   split   off  on   8  2  short  poll      off  4096  none      16
pc   split   off  off  1  4  all    adaptive  off  4096  none      256
pc   split   off  off  2  4  all    adaptive  off  4096  none      1024
pc   split   off  off  2  4  none   poll      off  4096  deadline  1024
pc   packed  on   on   1  4  short  irq       off  4096  deadline  16
pc   packed  on   on   2  2  short  adaptive  on   512   deadline  1024
pc   packed  on   on   2  4  none   poll      off  512   none      16
pc   packed  on   on   4  4  short  irq       off  512   deadline  16
pc   packed  on   on   8  1  all    irq       off  4096  none      16
pc   packed  on   on   8  4  none   poll      off  4096  deadline  1024
pc   packed  on   off  1  2  none   irq       on   512   deadline  1024
pc   packed  on   off  2  4  none   irq       off  512   none      16
pc   packed  on   off  8  2  all    adaptive  off  4096  none      1024
pc   packed  on   off  8  2  short  poll      on   512   none      256
pc   packed  on   off  8  2  none   irq       off  4096  deadline  16
pc   packed  off  on   1  2  all    poll      on   512   deadline  16
pc   packed  off  on   2  1  all    irq       on   512   deadline  256
pc   packed  off  on   2  1  none   adaptive  off  512   none      256
pc   packed  off  on   8  2  all    poll      on   4096  deadline  16
pc   packed  off  off  1  1  short  poll      off  4096  deadline  256
pc   packed  off  off  1  1  none   adaptive  on   4096  deadline  16
pc   packed  off  off  4  2  none   poll      off  512   none      1024
pc   packed  off  off  8  4  none   adaptive  on   512   deadline  256
"""


@dataclass(frozen=True)
class Case:
    machine: str
    ring: str
    indirect: str
    event_idx: str
    queues: int  # of the device
    smp: int
    vectors: str
    completion: str
    iothread: str
    logical: int
    sched: str
    queue_size: int

    def vector_count(self):
        return {"all": self.queues + 1, "short": max(1, self.queues // 2 + 1), "none": 0}[
            self.vectors]

    def disk_words(self):
        return (f"queues={self.queues},queue-size={self.queue_size},"
                f"vectors={self.vector_count()},packed={'on' if self.ring == 'packed' else 'off'},"
                f"indirect={self.indirect},event-idx={self.event_idx},"
                f"iothread={self.iothread},logical={self.logical}")

    def name(self):
        return "-".join([
            self.machine, self.ring, f"{self.queues}q{self.queue_size}", f"{self.smp}cpu",
            f"vectors_{self.vectors}", self.completion,
            "indirect" if self.indirect == "on" else "direct",
            "event" if self.event_idx == "on" else "flags",
            "iothread" if self.iothread == "on" else "loop", str(self.logical), self.sched])


def _case(line):
    words = line.split()
    columns = fields(Case)
    assert len(words) == len(columns), line
    return Case(*(column.type(word) for column, word in zip(columns, words)))


CASES = [_case(line) for line in _ROWS.strip().splitlines() if not line.startswith("#")]
