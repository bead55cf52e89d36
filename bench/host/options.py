"""Everything one run is made of, checked, before anything is started."""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Optional

from .errors import UsageError
from .texts import Settings, parse_settings, read_text
from .disk import DEFAULT_SPEC, parse_disks

ROOT = Path(__file__).resolve().parents[2]
DEFAULT_JOB = ROOT / "configs" / "jobs" / "bench.fio"


def build_directory():
    """Where make puts the kernel; RINGBOLT_BUILD names another place."""
    return Path(os.environ.get("RINGBOLT_BUILD") or ROOT / "build")


def image_path():
    return build_directory() / "ringbolt.img"


@dataclass
class Options:
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
    kernel: Optional[str] = None  # instead of the one that make built
    job_path: Optional[str] = None
    job_text: Optional[bytes] = None

    def completion(self):
        return self.settings.value("completion", "irq")

    def kernel_path(self):
        return Path(self.kernel) if self.kernel else build_directory() / "kernel.elf"


def make_options(specs=(), sets=(), job=None, **fields):
    """Options from words as typed. No disk named: one null disk. No job named: the boot
    image brings its own; without an image it is DEFAULT_JOB."""
    options = Options(**fields)
    if job is None and options.boot == "pvh":
        job = DEFAULT_JOB
    if options.kernel and options.boot != "pvh":
        raise UsageError(f"--kernel {options.kernel}: needs --boot pvh; an image has its own")
    options.settings = parse_settings(sets)
    options.disks = parse_disks(specs or [DEFAULT_SPEC], options.machine)
    if job is not None:
        options.job_path = str(job)
        options.job_text = read_text(job, "")
    _check_json(options.json)
    return options


def _check_json(path):
    """A result that could not be written shall not cost a run first."""
    if path is None or path == "-":
        return
    directory = os.path.dirname(path) or "."
    if os.path.isdir(path):
        raise UsageError(f"--json {path}: is a directory")
    if not os.path.isdir(directory):
        raise UsageError(f"--json {path}: no such directory: {directory}")
    if not os.access(path if os.path.exists(path) else directory, os.W_OK):
        raise UsageError(f"--json {path}: not writable")
