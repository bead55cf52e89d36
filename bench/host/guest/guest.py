# SPDX-License-Identifier: MIT
"""One guest from start to result.

    temp dir -> storage daemons -> QEMU, stopped -> QMP: threads pinned -> cont
             -> console pumped until QEMU ends or time is over -> status -> result

Whatever happens, Ctrl-C included, QEMU and the daemons are ended and the directory goes.
A usage error comes before QEMU runs a single instruction; after that every end has one of
the guest's own statuses.
"""

import contextlib
import math
import os
import re
import selectors
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from host.base.errors import STATUS_CRASH, STATUS_JOB_ERROR, STATUS_USAGE, GuestError, UsageError
from host.base.process import end, spawn
from host.base.texts import relocate
from host.guest import accel, load, placement, storage
from host.guest.command import Files, guest_command
from host.guest.console import Console
from host.guest.facts import host_facts
from host.guest.granted import grants, refusal
from host.guest.images import check_images, create_images
from host.guest.logs import split_logs
from host.guest.options import image_path
from host.guest.outcome import Outcome, check_well
from host.guest.peer import peer_complaint, peer_files, peer_job, peer_results
from host.guest.qmp import Qmp, QmpClosed
from host.guest.result import parse_result
from host.guest.settings import suggested

FIRMWARE = (("OVMF_CODE_4M.fd", "OVMF_VARS_4M.fd"), ("OVMF_CODE.fd", "OVMF_VARS.fd"))
FIRMWARE_DIRECTORY = Path("/usr/share/OVMF")
# What QEMU has to end in after the guest's last word. 10.0 waits for a request that hangs.
QEMU_END_S = 5
_LAST_WORDS = re.compile(r"ringbolt: exit status ([0-3])$")
_LOG_PREFIX = re.compile(r"^\[ *\d+\.\d+\] ")
_COMPLAINT = re.compile(r"(?:opt/ringbolt/(?:config|job)|ringbolt\.conf|job\.fio):\d+: |"
                        r"command line: ")
_REASON = re.compile(r"\S+: error: |panic on CPU \d+: ")  # the kernel's, of its end
_DISK_ARGUMENT = re.compile(r"-(?:blockdev|device) \S*\b(?:node-name=disk|id=vd)(\d+),\S*: (.+)")
_OF_THE_KERNEL = re.compile(r"qemu: .*\bkernel\b|Error while loading elf kernel")
_QEMU_SAYS = re.compile(r"qemu-system-\w+: ")
_TERMINATING = "terminating on signal"  # what QEMU says of a kill
_COMPLAINTS_MAX = 10


def _firmware():
    for code, variables in FIRMWARE:
        pair = FIRMWARE_DIRECTORY / code, FIRMWARE_DIRECTORY / variables
        if all(path.exists() for path in pair):
            return pair
    raise UsageError(f"{FIRMWARE_DIRECTORY}: no OVMF firmware; install it (make deps)")


def _check_built(options):
    if options.is_peer():
        needed, hint = peer_files(), "not built yet; run make peer"
    else:
        needed = [options.kernel_path() if options.boot == "pvh" else image_path()]
        hint = "not built yet; run make"
    for path in needed:
        if not path.exists():
            raise UsageError(f"--kernel {path}: no such file" if options.kernel else
                             f"{path}: {hint}")


def _check_files(options):
    """All that must exist does, and nothing that exists would be harmed."""
    _check_built(options)
    for disk in options.disks:
        if disk.socket and not Path(disk.socket).is_socket():
            raise UsageError(f"--disk {disk.spec}: {disk.socket}: not a socket")
    check_images(options.disks)


def _write(directory, name, data):
    path = os.path.join(directory, name)
    with open(path, "wb") as file:
        file.write(data)
    return path


def _prepare(options, directory, qmp_fd):
    files = Files(qmp_fd=qmp_fd, result=os.path.join(directory, "result"),
                  config=_write(directory, "config", options.settings.text()))
    if options.job_text is not None:
        text = peer_job(options) if options.is_peer() else options.job_text
        files.job = _write(directory, "job", text or b"\n")  # of no bytes is none at all
    if options.boot == "uefi":
        code, variables = _firmware()
        files.firmware = str(code)
        files.variables = os.path.join(directory, "variables")
        shutil.copyfile(variables, files.variables)
    for index, disk in enumerate(options.disks):
        if disk.backend == "vhost-user":
            files.vhost_sockets[index] = disk.socket or os.path.join(directory, f"vhost{index}")
    return files


def _translate(complaint, options):
    """QEMU names its own argument, or none; the user typed one of ours."""
    match = _DISK_ARGUMENT.match(complaint)
    if match and int(match[1]) < len(options.disks):
        return f"--disk {options.disks[int(match[1])].spec}: {match[2]}"
    if complaint.startswith("-accel "):
        return "-" + complaint
    if _OF_THE_KERNEL.match(complaint):
        return f"--kernel {options.kernel_path()}: {complaint.removeprefix('qemu: ')}"
    if complaint.startswith("cannot set up guest memory"):
        return f"--memory {options.memory_mib}: {complaint}"
    return f"QEMU does not start: {complaint or 'no reason given'}"


def _temporary_directory():
    # Unix socket paths are short: a deep TMPDIR would not do.
    base = tempfile.gettempdir()
    return tempfile.TemporaryDirectory(prefix="ringbolt-", dir=base if len(base) <= 80 else "/tmp")


class _Guest:
    """A started QEMU and its helpers, all of them ended by close()."""

    def __init__(self, options, directory, chosen, accelerator):
        self._options = options
        self._placement = chosen
        self._accelerator = accelerator
        self._stack = contextlib.ExitStack()
        self.lingers = False  # the guest said its last word, and QEMU is still there
        try:
            self._start(directory, accelerator)
        except BaseException:
            self.close()
            raise

    def _start(self, directory, accelerator):
        options = self._options
        self._log_path = os.path.join(directory, "log")
        self._log = self._stack.enter_context(open(self._log_path, "wb"))
        ours, theirs = socket.socketpair()
        self._stack.enter_context(ours)
        with theirs:
            self.files = _prepare(options, directory, theirs.fileno())
            self._helpers = [self._start_storage(options, index)
                             for index in self.files.vhost_sockets
                             if not options.disks[index].socket]
            polls = options.completion() in ("poll", "adaptive")
            self.command = guest_command(options, self.files, accelerator,
                                         polls or self._placement.name == "split")
            self.process = spawn(self.command, stdout=subprocess.PIPE, stderr=self._log,
                                 pass_fds=[theirs.fileno()])
        self._stack.callback(self.process.stdout.close)
        self._stack.callback(end, self.process)
        self._qmp = Qmp(ours)
        self._stack.callback(self._qmp.close)

    def _start_storage(self, options, index):
        process = storage.start(options.disks[index], options.queues(options.disks[index]),
                                self.files.vhost_sockets[index], self._log)
        self._stack.callback(storage.stop, process)
        return process

    def begin(self):
        """Pins the threads, then lets the guest run."""
        try:
            self._qmp.handshake()
            cpus = {cpu["thread-id"]: f"vcpu{cpu['cpu-index']}"
                    for cpu in self._qmp.command("query-cpus-fast")}
            iothreads = {thread["thread-id"]: thread["id"]
                         for thread in self._qmp.command("query-iothreads")}
            helpers = [helper.pid for helper in self._helpers]
            placement.apply(self._placement, self.process.pid, cpus, helpers)
            self.watch = load.Watch([self.process.pid, *helpers],
                                    {self.process.pid: "main", **iothreads, **cpus})
            self._qmp.command("cont")
        except QmpClosed:
            raise self._refusal() from None

    def pump(self, console, timeout_s):
        """Console until QEMU has ended, or has not QEMU_END_S after the guest's last word; False
        when the time was over first."""
        deadline = time.monotonic() + (timeout_s or math.inf)
        output = self.process.stdout
        os.set_blocking(output.fileno(), False)
        with selectors.DefaultSelector() as selector:
            selector.register(output, selectors.EVENT_READ)
            while (left := deadline - time.monotonic()) > 0:
                selector.select(min(left, load.LOOK_S))
                self.watch.look()
                data = output.read(65536)
                if data:
                    console.feed(data)
                    if not self.lingers and _last_word(console.lines[-1:]) is not None:
                        self.lingers = True
                        deadline = time.monotonic() + QEMU_END_S
                        self._dismiss()
                elif data == b"":
                    self.process.wait()
                    self.lingers = False
                    return True
        return self.lingers

    def _refusal(self):
        """Why QEMU ended before the guest ran."""
        code, said = self.process.wait(), self.complaint()
        if code >= 0:
            return UsageError(_translate(said, self._options))
        words = f"{self.death()} before the guest ran" + (f": {said}" if said else "")
        if self._accelerator == "kvm":
            return UsageError(f"--accel kvm: {words}")
        return GuestError(words)

    def _dismiss(self):
        """Has images closed in order; otherwise the guest itself has ended QEMU."""
        if any(disk.is_image() for disk in self._options.disks):
            with contextlib.suppress(QmpClosed):
                self._qmp.send("quit")

    def death(self):
        return f"QEMU died (signal {-self.process.returncode})"

    def complaint(self):
        """What QEMU said of its end: its last line, or the helpers'. An assertion only says where
        it noticed what it had said before."""
        lines = Path(self._log_path).read_text("utf-8", "replace").strip().splitlines()
        own = [line[said.end():] for line in lines if (said := _QEMU_SAYS.match(line))]
        told = [line for line in own or lines if ": Assertion " not in line]
        return (told or own or lines or [""])[-1]

    def close(self):
        self._stack.close()


def _last_word(lines):
    """The status in the kernel's last words."""
    words = [match[1] for match in map(_LAST_WORDS.search, lines[-3:]) if match]
    return int(words[-1]) if words else None


def _exit_status(code, lines):
    """The guest's own status, or None when it did not get to say one.

    isa-debug-exit ends QEMU with 2N+1; 1 is also QEMU's own failure, and 0 a power-off, so
    these two count only with the kernel's last words.
    """
    said = _last_word(lines)
    if code in (3, 5, 7):
        return code // 2
    if code == 1:
        return said if said == 0 else None
    if code == 0:
        return said
    return None


def _complaints(options, lines):
    """What the guest says is wrong, in the user's words: the kernel's lines "NAME:LINE: ...",
    beside which it also says it in fio's words, or whatever its last line was."""
    if options.is_peer():
        return [f"{options.job_path}: fio: {peer_complaint(lines)}"]
    said = [_LOG_PREFIX.sub("", line) for line in lines if line and not _LAST_WORDS.search(line)]
    said = list(filter(_COMPLAINT.match, said)) or said[-1:] or ["no reason given"]
    more = [f"and {len(said) - _COMPLAINTS_MAX} more"] if len(said) > _COMPLAINTS_MAX else []
    return [relocate(suggested(line), options.settings, options.job_path, options.job_sources)
            for line in said[:_COMPLAINTS_MAX]] + more


def _reason(lines):
    """The last thing that the kernel says is wrong, or None. A dump of its state may follow."""
    said = [_LOG_PREFIX.sub("", line) for line in lines]
    return next(filter(_REASON.match, reversed(said)), None)


def _crash(options, guest, lines):
    """The guest ended itself: as its result says, with what its jobs did until then, or broken."""
    reason = _reason(lines)
    if not options.is_peer():
        outcome = _with_result(options, guest, STATUS_CRASH, lines)
        if outcome.result and outcome.result["ringbolt"].get("exit_status") == STATUS_CRASH:
            outcome.messages.append(reason or "the guest gave up")
            return outcome
    return Outcome(STATUS_CRASH, lines, tail=True, messages=[
        "the guest crashed" + (f": {reason}" if reason else "")])


def _break(guest, code):
    """Why a guest ended that did not say so itself."""
    said = guest.complaint()
    if code < 0:
        return guest.death() + (f": {said}" if said else "")
    if code == 0:
        return said if said.startswith(_TERMINATING) else "the guest reset or broke off"
    return f"the guest died with QEMU (status {code}): {said or 'no reason given'}"


def _judge(options, guest, finished, lines):
    """Status, messages and result of a guest that has ended or was ended."""
    if not finished:
        return Outcome(STATUS_CRASH, lines, tail=True, messages=[
            f"the guest did not end within {options.timeout_s:g} s"])
    code = guest.process.returncode
    status = _last_word(lines) if guest.lingers else _exit_status(code, lines)
    if status is None:
        return Outcome(STATUS_CRASH, lines, tail=True, messages=[_break(guest, code)])
    if status == STATUS_CRASH:
        return _crash(options, guest, lines)
    if status == STATUS_USAGE:
        return Outcome(status, lines, messages=_complaints(options, lines))
    return _with_result(options, guest, status, lines)


def _with_result(options, guest, status, lines):
    data = Path(guest.files.result).read_bytes()
    if options.boot == "uefi":
        # Firmware keeps a console on every serial port, up to the moment we take over.
        data = data[max(data.find(b"{\n"), 0):]
    try:
        if options.is_peer():
            found = peer_results(data)
        else:
            data, logs = split_logs(data)
            found = [(parse_result(data), logs)]
    except GuestError as error:
        if status == STATUS_JOB_ERROR:
            return Outcome(status, lines, messages=_complaints(options, lines))
        return Outcome(STATUS_CRASH, lines, messages=[str(error)])
    (result, logs), *more = found
    return Outcome(status, lines, result=result, logs=logs, more=more)


def _polled(options, outcome):
    """The outcome, unless Linux was to poll and could not: then it slept, or refused."""
    if options.is_peer() and any(map(refusal, outcome.documents())):
        return Outcome(STATUS_USAGE, outcome.console, messages=[
            f"--guest {options.guest}: {refusal(outcome.result)}: Linux cannot poll it"])
    return outcome


def run_guest(options, show=lambda data: None, is_terminal=False):
    """Runs a guest to its end. UsageError: nothing ran; else an Outcome."""
    _check_files(options)
    version = accel.qemu_version(options.qemu)
    accelerator = accel.resolve(options.accel, version, run_guest, options.qemu)
    chosen = placement.choose(options.placement, options.completion(), os.sched_getaffinity(0))
    console = Console(show, is_terminal)
    with _temporary_directory() as directory, contextlib.ExitStack() as stack:
        with contextlib.ExitStack() as undo:
            create_images(options.disks, undo)
            guest = _Guest(options, directory, chosen, accelerator)
            stack.callback(guest.close)
            guest.begin()
            undo.pop_all()
        finished = guest.pump(console, options.timeout_s)
        end(guest.process)
        console.close()
        outcome = _judge(options, guest, finished, console.lines)
        if guest.lingers:
            outcome.messages.append(f"QEMU did not end within {QEMU_END_S} s of the guest and was "
                                    "killed")
        if outcome.result is not None:
            host = host_facts(options, version, accelerator, chosen, guest)
            for document in outcome.documents():
                document["ringbolt"]["host"] = host
                document["ringbolt"]["granted"] = grants(options, document)
            outcome.messages += filter(None, [load.warning(outcome.result)])
    return _polled(options, outcome)


def run_well(options, name, show=lambda data: None, is_terminal=False):
    """The Outcome of a guest that has to end well; a complaint begins with its `name`."""
    outcome = run_guest(options, show, is_terminal)
    check_well(outcome, name)
    return outcome
