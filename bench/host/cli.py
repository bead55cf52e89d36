# SPDX-License-Identifier: MIT
"""The command line of bench/ringbolt and its exit status."""

import contextlib
import os
import signal
import sys

from host.base.errors import (STATUS_CRASH, STATUS_OK, STATUS_USAGE, OutputError, RingboltError,
                              UsageError)
from host.compare.compare import bench, compare
from host.compare.insns import insns
from host.guest.arguments import parse_insns, parse_run, parse_settings_command
from host.guest.guest import run_guest
from host.guest.logs import write_logs
from host.guest.outcome import quoted
from host.guest.result import format_result, write_result
from host.guest.settings import settings_text
from host.guest.version import version
from host.regress.regress import baseline, regress
from host.trace.trace import export, parse_trace

_HELP = """\
usage: bench/ringbolt run [OPTION]... [JOBFILE]   one boot, one job file; run --help
       bench/ringbolt trace [OPTION]... [JOBFILE]   the same, every I/O recorded; trace --help
       bench/ringbolt compare [OPTION]... [JOBFILE]   sides in turns; compare --help
       bench/ringbolt bench    polled, adaptive and interrupt-driven compared (1 min)
       bench/ringbolt insns [--guest linux]   guest instructions per I/O
       bench/ringbolt regress [OPTION]...   fails when I/O got slower; regress --help
       bench/ringbolt baseline    renews what regress holds counts against
       bench/ringbolt settings    of the kernel: values, defaults, what they do
       bench/ringbolt --version
"""
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def _shower(stream):
    def show(data):
        stream.buffer.write(data)
        stream.flush()

    return show


def _say(message):
    """One line, whatever a file is called or a guest printed; where nobody listens, nothing."""
    words = "".join(c if c.isprintable() else c.encode("unicode_escape").decode()
                    for c in str(message))
    with contextlib.suppress(OSError):
        print(f"ringbolt: {words}", file=sys.stderr, flush=True)


def _quote(lines):
    """What a guest said, below what is said of it."""
    with contextlib.suppress(OSError):
        if lines:
            print(quoted(lines), file=sys.stderr, flush=True)


def _stream(options):
    """For people: the result has standard output for itself when it goes there."""
    return sys.stderr if options.json == "-" else sys.stdout


def _run_and_tell(options):
    """Runs the guest and says what went wrong."""
    stream = _stream(options)
    outcome = run_guest(options, _shower(stream), stream.isatty())
    for message in outcome.messages:
        _say(message)
    if outcome.tail:
        _quote(outcome.last_words())
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
        _say("the job's log files are kept only with --json")


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


def _settings(words):
    parse_settings_command(words)
    print(settings_text(), end="")
    return STATUS_OK


_COMMANDS = {"run": _run, "trace": _trace, "compare": compare, "bench": _bench, "insns": _insns,
             "regress": regress, "baseline": baseline, "settings": _settings}


def _dispatch(words):
    if not words or words[0] in ("-h", "--help", "help"):
        print(_HELP, end="")
        return STATUS_OK if words else STATUS_USAGE
    if words[0] == "--version":
        print("ringbolt {} ({})".format(*version()))
        return STATUS_OK
    if words[0] not in _COMMANDS:
        raise UsageError(f"{words[0]}: no such command ({', '.join(_COMMANDS)})")
    return _COMMANDS[words[0]](words[1:])


def _interrupted(_signal, _frame):
    for number in _SIGNALS:
        signal.signal(number, lambda *_: None)  # once is enough: what runs is being ended
    raise KeyboardInterrupt


def _prepare():
    """Signals end what runs; what is printed need not be text of the terminal's character set."""
    for number in _SIGNALS:
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, _interrupted)
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))
        getattr(sys, name).reconfigure(errors="backslashreplace")


def _abandon(stream):
    """Nothing may be flushed to it any more."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _carry_out(words):
    """A command's status, once all that it printed is out."""
    try:
        try:
            status = _dispatch(words)
        except SystemExit as done:  # argparse after --help
            status = done.code
        sys.stdout.flush()
        return status
    except BrokenPipeError:  # whoever read the console is gone
        _abandon(sys.stdout)
        return STATUS_CRASH
    except OSError as error:
        _abandon(sys.stdout)
        raise OutputError(f"{error.filename or 'standard output'}: {error.strerror}") from None


def _give_up_on_complaints():
    """Python would try once more to print what could not be, and end with a status of its own."""
    try:
        sys.stderr.flush()
    except OSError:
        _abandon(sys.stderr)


def main(words):
    _prepare()
    try:
        return _carry_out(words)
    except RingboltError as error:
        _say(error)
        _quote(error.guest_said)
        return error.status
    except KeyboardInterrupt:
        _say("interrupted")
        return STATUS_CRASH
    finally:
        _give_up_on_complaints()
