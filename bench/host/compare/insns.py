# SPDX-License-Identifier: MIT
"""`ringbolt insns`, and what the gate counts: cases, each two jobs of one boot.

icount.py says what is counted and how; the time stamps of the stages count the same way.

What is left to chance is whether the device answers before the guest sleeps. Where a batch
is awaited as a whole (depth = batch), the device has a thread of its own and answers later
than any guest needs to fall asleep, by the host's clock: then all repeats to 0.1 %. A deeper
queue runs freely beside the device, without that latency; of it the sum repeats, how it
divides does not.

While a guest polls, instructions pass that do no work; they end in one stage, the device's.
`busy instructions/IO` is the rest; at depth 1, where no two I/Os overlap, it repeats.
"""

import json
import tempfile
from dataclasses import dataclass

from host.base import table
from host.base.errors import UsageError
from host.compare.icount import COUNTS, ICOUNT, NO_TIMER, per_io, spent_by_linux
from host.guest.arguments import parse_run
from host.guest.granted import refusal
from host.guest.guest import run_well
from host.guest.options import build_directory
from host.guest.peer import NEXT_JOB
from host.guest.result import member, queue_counters, write_result

DISK = "vda"
LATENCY_NS = 100_000
TIMEOUT_S = 120
TOTAL, BUSY = "instructions/IO", "busy instructions/IO"
DOORBELLS, INTERRUPTS = "doorbells/IO", "interrupts/IO"
WAITING = "doorbell_to_signal"  # the stage that holds a polling guest's waiting
_MACHINE = (*ICOUNT, NO_TIMER, f"--timeout={TIMEOUT_S}", "--set=status_interval_ms=0")


@dataclass(frozen=True)
class Case:
    name: str
    depth: int = 1
    batch: int = 1
    rw: str = "randread"
    disk: str = ""  # more words of --disk
    sets: tuple = ("completion=irq",)

    def awaits(self):
        """Nothing is submitted before all is back."""
        return self.depth == self.batch

    def ios(self):
        """Of the short job and of the long one."""
        if not self.awaits():
            return 6_400, 64_000
        return (320, 3_200) if self.batch > 1 else (200, 1_200)

    def words(self):
        device = f",iothread=on,latency-ns={LATENCY_NS}" if self.awaits() else ",iothread=off"
        waits = any(word == "completion=irq" for word in self.sets)
        return [*_MACHINE, f"--disk=backend=null,size=8G,queues=1{device}{self.disk}",
                f"--placement={'one' if waits else 'auto'}",
                *(f"--set={word}" for word in self.sets)]

    def section(self, ios):
        return (f"[{ios}]\nstonewall\nfilename=/dev/{DISK}\nioengine=io_uring\nrw={self.rw}\n"
                f"bs=4k\nnorandommap\niodepth={self.depth}\niodepth_batch={self.batch}\n"
                f"iodepth_batch_complete_max={self.batch}\nnumber_ios={ios}\n")

    def job_text(self):
        return "".join(map(self.section, self.ios())).encode()


def _boot(words, name, job):
    options = parse_run(words)
    options.job_path, options.job_text = name, job
    outcome = run_well(options, name)
    for why in filter(None, map(refusal, outcome.documents())):
        raise UsageError(f"{name}: {why}: it is not what was to be counted")
    return outcome


def boot(words, name, job):
    """The result of one guest, which has to end well."""
    return _boot(words, name, job).result


def _jobs(document, *path):
    """A figure of both jobs."""
    return [float(member(document, "ringbolt", "jobs", index, *path)) for index in (0, 1)]


def count(case, words=()):
    """{figure: per I/O} of one boot; `words`: more of `ringbolt run`."""
    document = boot([*case.words(), *words], case.name, case.job_text())
    few, many = case.ios()
    short, long = _jobs(document, "elapsed_ns")
    figures = {TOTAL: per_io((short, few), (long, many))}
    # The bare loops take no time stamps.
    for stage in member(document, "ringbolt", "jobs", 0).get("stages_ns", {}):
        short, long = _jobs(document, "stages_ns", stage, "mean")
        figures[stage] = (long * many - short * few) / (many - few)
    figures[BUSY] = figures[TOTAL] - figures.get(WAITING, 0)
    counters = queue_counters(document, DISK)
    for name, counter in ((DOORBELLS, "doorbells"), (INTERRUPTS, "interrupts")):
        figures[name] = counters.get(counter, 0) / (few + many)
    return figures


_PEER_WORDS = ("--guest=linux", *ICOUNT, f"--timeout={TIMEOUT_S}", "--placement=one",
               "--disk=backend=null,size=8G,queues=1,iothread=off",
               # An event file would swallow doorbells that QEMU could not tell of.
               "--qemu-arg=-global", "--qemu-arg=virtio-blk-pci.ioeventfd=off")


def count_peer(case):
    """{figure: per I/O} of Linux and fio for the case's job; the doorbells are those that QEMU
    saw. Its device answers within the store to the doorbell: Linux hardly ever sleeps for a lone
    I/O and needs 4 % less for it than in a comparison."""
    job = f"{NEXT_JOB}\n".join(map(case.section, COUNTS)).encode()
    with tempfile.NamedTemporaryFile(prefix="ringbolt-") as trace:
        outcome = _boot([*_PEER_WORDS, "--qemu-arg=-trace",
                         f"--qemu-arg=enable=virtio_queue_notify,file={trace.name}"],
                        f"Linux, {case.name}", job)
        doorbells = trace.read().count(b"virtio_queue_notify ")
    interrupts = sum(queue_counters(document, DISK).get("interrupts", 0)
                     for document in outcome.documents())
    return {TOTAL: per_io(*map(spent_by_linux, outcome.documents())),
            DOORBELLS: doorbells / sum(COUNTS), INTERRUPTS: interrupts / sum(COUNTS)}


_HEAD = ["what", "depth", "batch", "instructions/IO", "doorbells/IO", "interrupts/IO"]
_CASES = ((1, 1), (128, 32))  # depth, batch
_BARE = ("floor", "layer")
# What one change costs: from random reads by interrupt on a split ring, as the settings are.
_CHANGES = {"packed ring": {"disk": ",packed=on"}, "event_idx=off": {"sets": ("event_idx=off",)},
            "chain=direct": {"sets": ("chain=direct",)},
            "interrupts=intx": {"sets": ("interrupts=intx",)},
            "sched=deadline": {"sets": ("sched=deadline",)},
            "stages=full": {"sets": ("stages=full",)}, "writes": {"rw": "randwrite"}}
_SIDES = {**{name: {"sets": (f"engine={name}",)} for name in _BARE}, "blk": {},
          **{f"blk, {name}": change for name, change in _CHANGES.items()}}


def _row(what, depth, batch):
    if what == "linux":
        figures = count_peer(Case(what, depth, batch))
    else:
        words = dict(_SIDES[what])
        words["sets"] = ("completion=irq", *words.get("sets", ()))
        figures = count(Case(f"{what}, depth {depth}", depth, batch, **words))
    return {"what": what, "depth": depth, "batch": batch,
            "instructions_per_io": figures[TOTAL], "doorbells_per_io": figures[DOORBELLS],
            "interrupts_per_io": figures[INTERRUPTS]}


def insns(guest="ringbolt"):
    """Prints the table, with a peer's rows if it is the guest; writes build/insns.json.
    Returns the status."""
    sides = [*_SIDES, guest] if guest != "ringbolt" else _SIDES
    rows = [_row(what, depth, batch) for depth, batch in _CASES for what in sides]
    words = [[row["what"], str(row["depth"]), str(row["batch"]),
              f"{row['instructions_per_io']:.1f}", f"{row['doorbells_per_io']:.3f}",
              f"{row['interrupts_per_io']:.3f}"] for row in rows]
    print(table.plain(_HEAD, words))
    path = build_directory() / "insns.json"
    write_result(str(path), json.dumps({"rows": rows}, indent=1) + "\n")
    return 0
