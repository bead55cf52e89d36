"""The command line of bench/ringbolt and its exit status."""

import os
import signal
import sys

from .arguments import parse_insns, parse_run
from .compare import bench, compare
from .errors import STATUS_CRASH, STATUS_OK, STATUS_USAGE, RingboltError, UsageError
from .guest import run_guest, tail
from .insns import insns
from .logs import write_logs
from .regress import baseline, regress
from .result import format_result, write_result
from .trace import export, parse_trace

_HELP = """\
usage: bench/ringbolt run [OPTION]... [JOBFILE]   one boot, one job file; run --help
       bench/ringbolt trace [OPTION]... [JOBFILE]   the same, every I/O recorded; trace --help
       bench/ringbolt compare [OPTION]... [JOBFILE]   sides in turns; compare --help
       bench/ringbolt bench    polled, adaptive and interrupt-driven compared (1 min)
       bench/ringbolt insns [--guest linux]   guest instructions per I/O
       bench/ringbolt regress [OPTION]...   fails when I/O got slower; regress --help
       bench/ringbolt baseline    renews what regress holds counts against
"""


def _shower(stream):
    def show(data):
        stream.buffer.write(data)
        stream.flush()

    return show


def _stream(options):
    """For people: the result has standard output for itself when it goes there."""
    return sys.stderr if options.json == "-" else sys.stdout


def _run_and_tell(options):
    """Runs the guest and says what went wrong."""
    stream = _stream(options)
    outcome = run_guest(options, _shower(stream), stream.isatty())
    for message in outcome.messages:
        print(f"ringbolt: {message}", file=sys.stderr)
    if outcome.tail:
        print(tail(outcome.console), file=sys.stderr)
    return outcome


def _keep(options, outcome):
    """The result and the job's log files, where they were asked for."""
    if outcome.result is not None and options.json == "-":
        sys.stdout.write(format_result(outcome.result))
    elif outcome.result is not None and options.json:
        write_result(options.json, format_result(outcome.result))
    if outcome.logs and options.json:
        write_logs(outcome.logs, options.json)
    elif outcome.logs:
        print("ringbolt: the job's log files are kept only with --json", file=sys.stderr)


def _run(words):
    options = parse_run(words)
    outcome = _run_and_tell(options)
    _keep(options, outcome)
    return outcome.status


def _trace(words):
    plan = parse_trace(words)
    outcome = _run_and_tell(plan.options)
    if outcome.result is not None:
        print(export(plan, outcome), end="", file=_stream(plan.options))
    _keep(plan.options, outcome)
    return outcome.status


def _bench(words):
    return bench(words, _shower(sys.stdout), sys.stdout.isatty())


def _insns(words):
    return insns(parse_insns(words))


_COMMANDS = {"run": _run, "trace": _trace, "compare": compare, "bench": _bench, "insns": _insns,
             "regress": regress, "baseline": baseline}


def _dispatch(words):
    if not words or words[0] in ("-h", "--help", "help"):
        print(_HELP, end="")
        return STATUS_OK if words else STATUS_USAGE
    if words[0] not in _COMMANDS:
        raise UsageError(f"{words[0]}: no such command ({', '.join(_COMMANDS)})")
    return _COMMANDS[words[0]](words[1:])


def _interrupted(_signal, _frame):
    raise KeyboardInterrupt


def main(words):
    signal.signal(signal.SIGTERM, _interrupted)
    signal.signal(signal.SIGHUP, _interrupted)
    try:
        return _dispatch(words)
    except RingboltError as error:
        print(f"ringbolt: {error}", file=sys.stderr)
        return error.status
    except KeyboardInterrupt:
        print("ringbolt: interrupted", file=sys.stderr)
        return STATUS_CRASH
    except BrokenPipeError:
        # Whoever read the console is gone; nothing may be flushed to it any more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return STATUS_CRASH
    except SystemExit as done:  # argparse after --help
        return done.code
