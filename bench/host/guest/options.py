# SPDX-License-Identifier: MIT
"""Everything one run is made of, checked, before anything is started."""

import os
import stat
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Optional

from host.base.errors import UsageError
from host.base.texts import STANDARD_INPUT, Settings, parse_settings
from host.guest.disk import DEFAULT_SPEC, parse_disks
from host.guest.jobfile import read_job, text_of

QEMU = "qemu-system-x86_64"
ROOT = Path(__file__).resolve().parents[3]
DEFAULT_JOB = ROOT / "configs" / "jobs" / "bench.fio"
PEER_MEMORY_MIB = 256
UEFI_MEMORY_MIB = 64  # with less OVMF hangs or dies before we are there
GUESTS = ("ringbolt", "linux", "linux-poll")  # our kernel, or its peer (peer.py)


def build_directory():
    """Where make puts the kernel; RINGBOLT_BUILD names another place."""
    return Path(os.environ.get("RINGBOLT_BUILD") or ROOT / "build")


def image_path():
    return build_directory() / "ringbolt.img"


@dataclass
class Options:
    guest: str = "ringbolt"
    boot: str = "pvh"
    machine: str = "q35"
    smp: int = 1
    memory_mib: int = 256
    disks: list = field(default_factory=list)
    settings: Settings = field(default_factory=Settings)
    json: Optional[str] = None  # path, or "-" for standard output
    accel: str = "auto"
    placement: str = "auto"
    timeout_s: float = 600
    qemu_args: list = field(default_factory=list)
    qemu: str = QEMU
    kernel: Optional[str] = None  # instead of the one that make built
    job_path: Optional[str] = None
    job_text: Optional[bytes] = None
    job_sources: list = field(default_factory=list)  # "FILE:LINE" of each line of job_text

    def completion(self):
        """How the guest learns of completions: irq, poll, adaptive."""
        if self.is_peer():
            return "poll" if self.guest == "linux-poll" else "irq"
        return self.settings.value("completion", "irq")

    def is_peer(self):
        """Linux runs in place of our kernel (peer.py)."""
        return self.guest != "ringbolt"

    def kernel_path(self):
        return Path(self.kernel) if self.kernel else build_directory() / "kernel.elf"

    def inputs(self):
        """Files that a run reads or tests."""
        lines = [*self.job_sources, *(source for _, source in self.settings.lines)]
        return [*filter(None, (self.kernel, self.job_path, *(disk.path for disk in self.disks))),
                *{source.rpartition(":")[0] for source in lines}]

    def queues(self, disk):
        """One per CPU unless the disk says more. Linux polls only queues that it keeps apart,
        beside at least one that interrupts: there the default is a pair per CPU."""
        return disk.queues or self.smp * (2 if self.guest == "linux-poll" else 1)


def make_options(specs=(), sets=(), job=None, sections=(), **fields):
    """Options from words as typed. No disk named: one null disk. No job named: the boot
    image brings its own; without an image it is DEFAULT_JOB. `sections`: only these jobs."""
    options = Options(**fields)
    if job is None and options.boot == "pvh":
        job = DEFAULT_JOB
    if options.kernel and options.boot != "pvh":
        raise UsageError(f"--kernel {options.kernel}: needs --boot pvh; an image has its own")
    if options.boot == "uefi" and options.memory_mib < UEFI_MEMORY_MIB:
        raise UsageError(f"--memory {options.memory_mib}: --boot uefi needs {UEFI_MEMORY_MIB} or "
                         "more: its firmware does")
    options.settings = parse_settings(sets)
    options.disks = parse_disks(specs or [DEFAULT_SPEC], options.machine)
    if job is not None:
        options.job_path = STANDARD_INPUT if job == "-" else str(job)
        lines = read_job(job, sections, os.environ)
        options.job_text = text_of(lines)
        options.job_sources = [line.source for line in lines]
    elif sections:
        raise UsageError(f"--section {sections[0]}: needs a job file")
    if options.json not in (None, "-"):
        check_outputs([("--json", options.json)], options.inputs())
    if options.is_peer():
        _check_peer(options)
    else:
        _tell_queue_sizes(options)
    return options


def _tell_queue_sizes(options):
    """QEMU 10.0 shows rings of 1,024 entries, whatever queue-size= gave them."""
    sizes = [disk.queue_size or 0 for disk in options.disks]
    if any(sizes):
        line = f"disk_queue_size={','.join(map(str, [*sizes, 0]))}"
        options.settings.lines.insert(0, (line, "--disk"))


def _check_peer(options):
    """What only our kernel could obey is refused to the peer, not dropped."""
    if options.boot != "pvh":
        raise UsageError(f"--boot {options.boot}: --guest {options.guest} boots by pvh only")
    if options.kernel:
        raise UsageError(f"--kernel {options.kernel}: --guest {options.guest} has its own")
    if options.memory_mib < PEER_MEMORY_MIB:
        raise UsageError(f"--memory {options.memory_mib}: --guest {options.guest} needs "
                         f"{PEER_MEMORY_MIB} or more: its files lie in memory")
    for line, source in options.settings.lines:
        if line.partition("#")[0].strip():
            raise UsageError(f"{source}: a setting of our kernel, means nothing to "
                             f"--guest {options.guest}")
    for disk in options.disks:
        if options.guest == "linux-poll" and disk.queues == 1:
            raise UsageError(f"--disk {disk.spec}: --guest linux-poll needs queues=2 or more: "
                             "Linux keeps one for interrupts")


def _check_output(option, path):
    if path == "-":
        raise UsageError(f"{option} -: has to be a file")
    try:
        found = os.stat(path)
    except FileNotFoundError:
        found = None
    except OSError as error:
        raise UsageError(f"{option} {path}: {error.strerror}") from None
    try:
        directory = os.path.dirname(os.path.realpath(path))
    except OSError:
        raise UsageError(f"{option} {path}: the working directory is gone") from None
    if found and stat.S_ISDIR(found.st_mode):
        raise UsageError(f"{option} {path}: is a directory")
    if not os.path.isdir(directory):
        where = directory if os.path.islink(path) else os.path.dirname(path)
        raise UsageError(f"{option} {path}: no such directory: {where}")
    # A file is replaced by another one; anything else is written where it is.
    is_file = found is None or stat.S_ISREG(found.st_mode)
    try:
        if is_file:
            tempfile.TemporaryFile(dir=directory).close()
    except OSError as error:
        raise UsageError(f"{option} {path}: not writable: {error.strerror}") from None
    if not is_file and not os.access(path, os.W_OK):
        raise UsageError(f"{option} {path}: not writable")
    return is_file


def check_outputs(outputs, inputs=()):
    """A result that could not be written shall not cost a run first, nor take the place of
    another or of what the run was made of. `outputs`: (option, path)."""
    taken = {os.path.realpath(path): "what is read" for path in inputs}
    for option, path in outputs:
        if _check_output(option, path):
            place = os.path.realpath(path)
            if place in taken:
                raise UsageError(f"{option} {path}: would overwrite {taken[place]}")
            taken[place] = f"what {option} writes"
