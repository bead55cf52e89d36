# SPDX-License-Identifier: MIT
"""The words of `ringbolt run` -> Options."""

import argparse
import sys

from host.base import values
from host.base.errors import UsageError
from host.base.texts import read_text
from host.guest.disk import DEFAULT_SPEC, parse_disk
from host.guest.options import GUESTS, QEMU, make_options
from host.guest.settings import settings_text

_RUN_NOTES = """\
disk SPEC: backend=null|file|nbd|vhost-user[,key=value]...
  path=FILE|URL|SOCKET  size=8G  queues=N  queue-size=256  vectors=N  iothread=on|off  ro=on
  format=raw|qcow2|... (of a file; QEMU's names; without it, what is not raw by its magic is
  refused, since writing would destroy it)
  socket=PATH (of a vhost-user daemon that runs already; without it, one is started)
  serial=TEXT  logical=512|4096  packed=on  event-idx=off  indirect=off  discard=off
  write-zeroes=off  latency-ns=N (null)  aio=threads|io_uring (file)
  bus=root|pcie-root-port|pci-bridge
  The n-th disk is /dev/vda, /dev/vdb, ... A file is created only if it does not exist and
  size= is given.
@FILE stands for options kept in a file, one "option=value" per line (configs/machines).

%s
settings of the kernel, for --set:
%s
exit status: 0 all jobs ran without an error; 1 a job reported an error that
continue_on_error= does not let pass; 2 bad usage, configuration or job file, or a file that
cannot be written; 3 the guest crashed, hung past the timeout or broke off.
"""
_RUN_EXAMPLES = """\
examples:
  bench/ringbolt run configs/jobs/qd32.fio
  bench/ringbolt run --set completion=poll --json result.json configs/jobs/qd1.fio
  bench/ringbolt run --boot uefi --smp 4 --disk backend=file,path=disk.img,queues=4 my.fio
"""


class _FileWord(str):
    """An option that stands in a file."""

    source = ""  # "FILE:LINE"


class Parser(argparse.ArgumentParser):
    """One line per error, which names the file that the option is in; no abbreviations."""

    def __init__(self, **keywords):
        super().__init__(allow_abbrev=False, **keywords)

    def error(self, message):
        raise UsageError(message.removeprefix("argument "))

    def print_help(self, file=None):
        """argparse's own says nothing where it cannot write all of it."""
        (file or sys.stdout).write(self.format_help())

    def parse_known_args(self, args, namespace=None):
        for word in args:
            if isinstance(word, _FileWord):
                self._try_line(word)
        return super().parse_known_args(args, namespace)

    def _try_line(self, word):
        try:
            super().parse_known_args([word])
        except UsageError as error:
            raise UsageError(f"{word.source}: {str(error).removeprefix('--')}") from None

    def parse_args(self, args, namespace=None):
        parsed, rest = self.parse_known_args(args, namespace)
        for word in rest:
            if isinstance(word, _FileWord):
                key = word.removeprefix("--").partition("=")[0]
                hint = "; a file of kernel settings goes with --set"
                raise UsageError(f"{word.source}: {key}: no option of {self.prog}"
                                 + (hint if "--set" in self.format_usage() else ""))
        if rest:
            raise UsageError(f"unrecognized arguments: {' '.join(rest)}")
        return parsed


def typed(read):
    """A reader of values.py as an argparse type."""

    def convert(word):
        try:
            return read(word)
        except ValueError as error:
            raise argparse.ArgumentTypeError(f"{word}: {error}") from None

    return convert


def _disk(spec):
    """As typed: what it stands for needs the other disks, too."""
    parse_disk(spec)
    return spec


class _RunParser(Parser):
    """Its help ends with notes: disks, examples, settings, exit status."""

    examples = _RUN_EXAMPLES

    def format_help(self):
        self.epilog = _RUN_NOTES % (self.examples, settings_text())
        return super().format_help()


def run_parser(prog="ringbolt run", description="Boots the kernel once and runs a job file."):
    run = _RunParser(prog=prog, description=description,
                     formatter_class=argparse.RawDescriptionHelpFormatter)
    run.add_argument("--guest", choices=GUESTS, default="ringbolt",
                     help="linux: Debian's kernel and fio instead of ours, which make peer "
                          "builds; linux-poll: the same with poll queues and hipri "
                          "(default: %(default)s)")
    run.add_argument("--boot", choices=("uefi", "pvh"), default="pvh",
                     help="uefi: the boot image by its firmware; pvh: the kernel at once "
                          "(default: %(default)s)")
    run.add_argument("--kernel", metavar="FILE", type=typed(values.text),
                     help="another kernel.elf (default: build/kernel.elf)")
    run.add_argument("--machine", choices=("q35", "pc"), default="q35",
                     help="QEMU's (default: %(default)s)")
    run.add_argument("--smp", metavar="N", type=typed(values.integer(1, 255)), default=1,
                     help="CPUs (default: %(default)s)")
    run.add_argument("--memory", metavar="MIB", type=typed(values.integer(16, 1 << 20, " of MiB")),
                     default=256, help="the guest's (default: %(default)s)")
    run.add_argument("--disk", metavar="SPEC", action="append", default=[], type=_disk,
                     help=f"a disk, see below; may be repeated (default: {DEFAULT_SPEC})")
    run.add_argument("--set", metavar="key=value", action="append", default=[],
                     help="a kernel setting, see below, or the name of a file of them; may be "
                          "repeated (default: none)")
    run.add_argument("--json", metavar="FILE|-", type=typed(values.text),
                     help="where the result goes (default: nowhere)")
    run.add_argument("--accel", choices=("auto", "tcg", "kvm"), default="auto",
                     help="auto: KVM where it works (default: %(default)s)")
    run.add_argument("--placement", choices=("auto", "split", "one", "none"), default="auto",
                     help="host cores of QEMU's threads: one for each, one for all, any; auto: by "
                          "the completion mode (default: %(default)s)")
    run.add_argument("--timeout", metavar="S", type=typed(values.integer(0, 10**6, " of seconds")),
                     default=600, help="seconds until the guest counts as hung; 0: never (default: "
                          "%(default)s)")
    run.add_argument("--qemu", metavar="FILE", type=typed(values.text), default=QEMU,
                     help="another QEMU than PATH's (default: %(default)s)")
    run.add_argument("--qemu-arg", metavar="ARG", action="append", default=[],
                     help="one more argument for QEMU; may be repeated (default: none)")
    run.add_argument("--section", metavar="NAME", action="append", default=[],
                     help="of the job file only this job, and what is global; may be repeated "
                          "(default: all jobs)")
    run.add_argument("job", metavar="JOBFILE", nargs="?",
                     help="-: standard input; default: configs/jobs/bench.fio, or what the boot "
                          "image holds")
    return run


def _file_arguments(path):
    """@FILE: one option per line, without its dashes."""
    if not path:
        raise UsageError("@: the name of a file is missing")
    arguments = []
    for number, line in enumerate(read_text(path, "@").splitlines(), 1):
        text = line.decode(errors="surrogateescape").strip()
        if not text or text.startswith("#"):
            continue
        if text.startswith("-") or "=" not in text:
            raise UsageError(f"{path}:{number}: not option=value: {text}")
        word = _FileWord("--" + text)
        word.source = f"{path}:{number}"
        arguments.append(word)
    return arguments


def expand(arguments):
    """@FILE into its options; `--qemu-arg -x` into `--qemu-arg=-x`, as it was meant."""
    expanded = []
    words = iter(arguments)
    for word in words:
        if word.startswith("@"):
            expanded += _file_arguments(word[1:])
        elif word.startswith("--") and "=" not in word and word not in ("--help", "--"):
            value = next(words, None)
            expanded.append(word if value is None else f"{word}={value}")
        else:
            expanded.append(word)
    return expanded


def parsed_options(parsed):
    """What run_parser() parsed -> Options."""
    return make_options(
        specs=parsed.disk, sets=parsed.set, job=parsed.job,
        sections=parsed.section, guest=parsed.guest,
        boot=parsed.boot, kernel=parsed.kernel, machine=parsed.machine, smp=parsed.smp,
        memory_mib=parsed.memory, json=parsed.json, accel=parsed.accel,
        placement=parsed.placement, timeout_s=parsed.timeout, qemu=parsed.qemu,
        qemu_args=parsed.qemu_arg)


def parse_run(words):
    """Everything checked that can be checked before anything is started."""
    return parsed_options(run_parser().parse_args(expand(words)))


def parse_insns(words):
    """The guest whose rows are wanted beside our kernel's."""
    parser = Parser(prog="ringbolt insns", description="Guest instructions per I/O.")
    parser.add_argument("--guest", choices=("ringbolt", "linux"), default="ringbolt",
                        help="linux: its rows, too")
    return parser.parse_args(expand(words)).guest


def parse_settings_command(words):
    """It takes no options."""
    Parser(prog="ringbolt settings", description="The kernel's settings, for --set.").parse_args(
        expand(words))
