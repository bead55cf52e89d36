# SPDX-License-Identifier: MIT
"""`ringbolt trace`: one run whose I/Os are recorded, exported for tools that show them."""

import os
from dataclasses import dataclass
from typing import Optional

from host.base import table, values
from host.base.errors import UsageError
from host.guest.arguments import expand, parsed_options, run_parser, typed
from host.guest.options import Options, check_outputs
from host.guest.result import member, write_bytes
from host.trace.blktrace import blktrace
from host.trace.lifecycle import take_queues
from host.trace.perfetto import perfetto

EVENTS_DEFAULT = 65536
_EVENTS = values.integer(64, 1 << 22)  # as the kernel's setting
_HEAD = ["queue", "I/Os", "at the device", "batches", "doorbells", "interrupts", "events lost"]
_EXAMPLES = """\
examples:
  bench/ringbolt trace --perfetto trace.json configs/jobs/qd1.fio
  bench/ringbolt trace --blktrace mine --events 1000000 configs/jobs/qd32.fio
"""


@dataclass
class Plan:
    options: Options
    perfetto: Optional[str]
    blktrace: Optional[str]  # the part of the names before .blktrace.N


def _parser():
    parser = run_parser("ringbolt trace", "Runs a job file once, recording every I/O.")
    parser.examples = _EXAMPLES
    parser.add_argument("--perfetto", metavar="FILE", type=typed(values.text),
                        help="for ui.perfetto.dev (default: none)")
    parser.add_argument("--blktrace", metavar="BASENAME", type=typed(values.text),
                        help="for blkparse -i BASENAME: replaces all BASENAME.blktrace.N; of "
                             "several disks BASENAME.DISK.blktrace.N (default: none)")
    parser.add_argument("--events", metavar="N", type=typed(_EVENTS), default=EVENTS_DEFAULT,
                        help="kept per queue, the newest; an I/O by itself takes up to four: its "
                             "doorbell, the sleep, the interrupt, itself (default: %(default)s)")
    return parser


def _outputs(parsed):
    """(option, path) of what is written; blktrace's files by the first of them."""
    outputs = [("--json", parsed.json)] if parsed.json and parsed.json != "-" else []
    if parsed.perfetto:
        outputs.append(("--perfetto", parsed.perfetto))
    if parsed.blktrace:
        if not os.path.basename(parsed.blktrace):
            raise UsageError(f"--blktrace {parsed.blktrace}: not the beginning of a file's name")
        outputs.append(("--blktrace", f"{parsed.blktrace}.blktrace.0"))
    return outputs


def parse_trace(words):
    """Everything checked that can be checked before anything is started."""
    parsed = _parser().parse_args(expand(words))
    if not parsed.perfetto and not parsed.blktrace:
        raise UsageError("trace: nothing to write; give --perfetto, --blktrace or both")
    if parsed.guest != "ringbolt":
        raise UsageError(f"--guest {parsed.guest}: only our own kernel records lifecycles")
    options = parsed_options(parsed)
    if options.settings.value("trace_events", None) is not None:
        raise UsageError("--set trace_events: here it is --events")
    options.settings.add(f"trace_events={parsed.events}")
    check_outputs(_outputs(parsed), options.inputs())
    return Plan(options, parsed.perfetto, parsed.blktrace)


def _write_perfetto(path, queues, jobs, cpus):
    write_bytes(path, perfetto(queues, jobs, cpus).encode())
    return f"{path}: open it in ui.perfetto.dev"


def _remove_stale(basename, cpu):
    """Of an earlier trace with more CPUs: blkparse would read them as if they were ours."""
    while os.path.exists(f"{basename}.blktrace.{cpu}"):
        os.unlink(f"{basename}.blktrace.{cpu}")
        cpu += 1


def _write_blktrace(basename, queues, jobs, cpus):
    disks = blktrace(queues, jobs, cpus)
    for disk, (files, actions) in disks.items():
        base = basename if len(disks) == 1 else f"{basename}.{disk}"
        for cpu, data in enumerate(files):
            write_bytes(f"{base}.blktrace.{cpu}", data)
        _remove_stale(base, cpus)
        yield f"{base}.blktrace.*: {actions} actions; blkparse -i {base}"


def _summary(queues):
    rows = [[queue.name, table.count(len(queue.deliveries)),
             table.count(len(queue.device_requests())), table.count(len(queue.batches)),
             table.count(sum(batch.rung for batch in queue.batches)),
             table.count(sum(interrupt.count for interrupt in queue.interrupts)),
             table.count(queue.lost)] for queue in queues]
    return table.plain(_HEAD, rows)


def export(plan, outcome):
    """Writes what was asked for; takes the lifecycles out of the outcome's logs. Returns what
    to say."""
    queues = take_queues(outcome.logs)
    jobs = [job["jobname"] for job in member(outcome.result, "ringbolt", "jobs")]
    cpus = len(member(outcome.result, "ringbolt", "cpus"))
    lines = []
    if plan.perfetto:
        lines.append(_write_perfetto(plan.perfetto, queues, jobs, cpus))
    if plan.blktrace:
        lines += _write_blktrace(plan.blktrace, queues, jobs, cpus)
    return _summary(queues) + "".join(line + "\n" for line in lines)
