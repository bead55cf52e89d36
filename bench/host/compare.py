"""`ringbolt bench`: one workload under every completion mode, beside the machine's ceiling.

One boot by UEFI shows the product as a user meets it. Every measurement is then a PVH boot
of its own, so that counters and idle share belong to it alone. engine=floor is the same
disk, mode and placement under a bare loop, measured right before; a result's share of it is
the figure that carries over from one machine to another. The host drifts, so the modes take
turns, several rounds of them, and a row is the round whose share is the median.
"""

import json
import sys
import time
from dataclasses import dataclass

from . import table
from .arguments import parse_run
from .errors import GuestError
from .guest import run_guest
from .options import ROOT, build_directory
from .result import idle_share, queue_counters, write_result

MACHINE = ROOT / "configs" / "machines" / "everyday.conf"
SHOW_LIMIT = "time_based\nruntime=1"
LIMIT = "time_based\nruntime=400ms"
ROUNDS = 3
DISK = "vda"
TIMEOUT_S = 60
PERCENTILES = (("p50_ns", "50.000000"), ("p99_ns", "99.000000"), ("p999_ns", "99.900000"))


@dataclass(frozen=True)
class Mode:
    name: str
    completion: str
    placement: str


MODES = (Mode("polled", "poll", "split"), Mode("adaptive", "adaptive", "split"),
         Mode("interrupt", "irq", "split"), Mode("interrupt", "irq", "one"))
DEPTHS = ((1, 1), (32, 16), (128, 32))  # depth, batch

HEAD = ["completion", "placement", "depth", "IOPS", "p50 us", "p99 us", "p99.9 us",
        "doorbells/IO", "interrupts/IO", "CPU idle", "floor IOPS", "of floor"]


def job_text(depth, batch, limit):
    """4 KiB random reads; `limit`: the option line that ends them."""
    return (f"[randread-qd{depth}]\nfilename=/dev/{DISK}\nioengine=io_uring\nrw=randread\n"
            f"bs=4k\nnorandommap\niodepth={depth}\niodepth_batch={batch}\n"
            f"iodepth_batch_complete_max={batch}\n{limit}\n").encode()


def figures(document):
    """What a row needs of a result."""
    read = document["jobs"][0]["read"]
    if not read["total_ios"]:
        raise GuestError("the guest's result has no reads")
    percentile = read["clat_ns"].get("percentile", {})
    counters = queue_counters(document, DISK)
    row = {"iops": float(read["iops"]), "ios": read["total_ios"],
           "idle_share": float(idle_share(document)), "counters": counters}
    row.update({name: percentile.get(key, 0) for name, key in PERCENTILES})
    done = counters.get("completions") or read["total_ios"]
    row["doorbells_per_io"] = counters.get("doorbells", 0) / done
    row["interrupts_per_io"] = counters.get("interrupts", 0) / done
    return row


def measure(words, name, job):
    """One guest that has to end well; its result."""
    options = parse_run(words)
    options.job_path, options.job_text = name, job
    outcome = run_guest(options)
    if outcome.status != 0:
        raise GuestError(f"{name}: {'; '.join(outcome.messages) or 'the job failed'}")
    return outcome.result


def _measure_mode(mode, engine, depth, batch):
    words = [f"@{MACHINE}", f"--placement={mode.placement}", f"--timeout={TIMEOUT_S}",
             f"--set=completion={mode.completion}", f"--set=engine={engine}",
             "--set=status_interval_ms=0"]
    name = f"{mode.name} {engine} depth {depth}"
    document = measure(words, name, job_text(depth, batch, LIMIT))
    return figures(document), document["ringbolt"]["host"]


def _row_words(row):
    return [row["completion"], row["placement"], str(row["depth"]), table.count(row["iops"]),
            *(table.microseconds(row[name]) for name, _ in PERCENTILES),
            f"{row['doorbells_per_io']:.3f}", f"{row['interrupts_per_io']:.3f}",
            table.share(row["idle_share"]), table.count(row["floor"]["iops"]),
            table.share(row["share_of_floor"])]


def _show_boot(show, is_terminal):
    """The whole way of the product: firmware, loader, disks found, a short run."""
    options = parse_run([f"@{MACHINE}", "--boot=uefi", "--smp=2", f"--timeout={TIMEOUT_S}"])
    options.job_path = "everyday"
    options.job_text = job_text(32, 16, SHOW_LIMIT)
    outcome = run_guest(options, show, is_terminal)
    if outcome.status != 0:
        raise GuestError(f"boot by UEFI: {'; '.join(outcome.messages) or 'the job failed'}")


def _progress(done, total, words):
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K[{done}/{total}] {words}" if words else "\r\x1b[K")
        sys.stderr.flush()


def _measure_pair(mode, depth, batch):
    """One round of one row, and where it ran."""
    floor, _ = _measure_mode(mode, "floor", depth, batch)
    row, host = _measure_mode(mode, "blk", depth, batch)
    row.update(completion=mode.name, placement=mode.placement, depth=depth, batch=batch,
               floor=floor, share_of_floor=row["iops"] / floor["iops"])
    return row, host


def _measure_all():
    """Every row's median round, all shares beside it; and the host."""
    plan = [(mode, depth, batch) for _ in range(ROUNDS) for depth, batch in DEPTHS
            for mode in MODES]
    rounds, host = {}, {}
    for done, (mode, depth, batch) in enumerate(plan):
        _progress(done, len(plan), f"{mode.name}, {mode.placement}, depth {depth}")
        row, host = _measure_pair(mode, depth, batch)
        rounds.setdefault((mode, depth), []).append(row)
    _progress(0, 0, "")
    rows = []
    for pairs in rounds.values():
        pairs.sort(key=lambda row: row["share_of_floor"])
        middle = pairs[len(pairs) // 2]
        rows.append(dict(middle, shares=[row["share_of_floor"] for row in pairs]))
    return rows, host


def bench(show, is_terminal):
    """Prints the table; writes build/bench.json and build/bench.md. Returns the status."""
    began = time.monotonic()
    _show_boot(show, is_terminal)
    rows, host = _measure_all()
    words = [_row_words(row) for row in rows]
    title = (f"4 KiB random reads, null-co, one vCPU, {host['accel'].upper()}, "
             f"{host['qemu'].split(' (')[0]}, {host['cores']} host cores")
    print(f"\n{title}\n\n{table.plain(HEAD, words, 2)}")
    build = build_directory()
    write_result(str(build / "bench.md"), f"{title}\n\n{table.markdown(HEAD, words, 2)}")
    write_result(str(build / "bench.json"),
                 json.dumps({"title": title, "host": host, "rows": rows}, indent=1) + "\n")
    print(f"written to {build}/bench.md and bench.json; {time.monotonic() - began:.0f} s")
    return 0
