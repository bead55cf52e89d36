"""`ringbolt insns`: guest instructions per I/O, counted and not timed.

With icount and no sleeping, QEMU's virtual nanosecond is one guest instruction, and an
idle guest skips to the next event. Two runs that differ only in their number of I/Os share
boot, set-up and tear-down; the difference of their job times over the difference of their
I/Os is what one I/O costs, everything included: generator, block layer, driver, interrupt.
Interrupt mode without any timer armed and the device in the main loop repeat to 0.1 %.
"""

import json

from . import table
from .arguments import parse_run
from .errors import GuestError
from .guest import run_guest
from .options import build_directory
from .result import member, queue_counters, write_result

DISK = "vda"
CASES = ((1, 1), (128, 32))  # depth, batch
ENGINES = ("floor", "layer", "blk")
FEW, MANY = 10_000, 60_000
TIMEOUT_S = 120
HEAD = ["engine", "depth", "batch", "instructions/IO", "doorbells/IO", "interrupts/IO"]


WORDS = ["--disk=backend=null,size=8G,queues=1,iothread=off", "--accel=tcg",
         "--placement=one", f"--timeout={TIMEOUT_S}", "--set=completion=irq",
         "--set=request_timeout_ms=0", "--set=status_interval_ms=0",
         "--qemu-arg=-icount", "--qemu-arg=shift=0,sleep=off"]


def job_text(depth, batch, limit):
    """4 KiB random reads; `limit`: the option line that ends them."""
    return (f"[randread-qd{depth}]\nfilename=/dev/{DISK}\nioengine=io_uring\nrw=randread\n"
            f"bs=4k\nnorandommap\niodepth={depth}\niodepth_batch={batch}\n"
            f"iodepth_batch_complete_max={batch}\n{limit}\n").encode()


def measure(words, name, job):
    """One guest that has to end well; its result."""
    options = parse_run(words)
    options.job_path, options.job_text = name, job
    outcome = run_guest(options)
    if outcome.status != 0:
        raise GuestError(f"{name}: {'; '.join(outcome.messages) or 'the job failed'}")
    return outcome.result


def _run(engine, depth, batch, ios):
    return measure(WORDS + [f"--set=engine={engine}"], f"{engine} depth {depth}",
                   job_text(depth, batch, f"number_ios={ios}"))


def _instructions(document):
    """Of the job, from its first submission to its last completion."""
    return member(document, "ringbolt", "jobs", 0, "elapsed_ns")


def _measure(engine, depth, batch):
    few, many = (_run(engine, depth, batch, ios) for ios in (FEW, MANY))
    before, after = queue_counters(few, DISK), queue_counters(many, DISK)
    ios = MANY - FEW
    return {"engine": engine, "depth": depth, "batch": batch,
            "instructions_per_io": (_instructions(many) - _instructions(few)) / ios,
            "doorbells_per_io": (after.get("doorbells", 0) - before.get("doorbells", 0)) / ios,
            "interrupts_per_io": (after.get("interrupts", 0) - before.get("interrupts", 0)) / ios}


def insns():
    """Prints the table; writes build/insns.json. Returns the status."""
    rows = [_measure(engine, depth, batch) for depth, batch in CASES for engine in ENGINES]
    words = [[row["engine"], str(row["depth"]), str(row["batch"]),
              f"{row['instructions_per_io']:.1f}", f"{row['doorbells_per_io']:.3f}",
              f"{row['interrupts_per_io']:.3f}"] for row in rows]
    print(table.plain(HEAD, words))
    path = build_directory() / "insns.json"
    write_result(str(path), json.dumps({"rows": rows}, indent=1) + "\n")
    return 0
