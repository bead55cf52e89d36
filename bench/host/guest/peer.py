# SPDX-License-Identifier: MIT
"""The peer: Debian's Linux and fio in place of our kernel, everything else equal.

Same QEMU line, disks, placement, job file, statuses and form of the result; only what QEMU
boots differs (tests/peer builds it). The guest's side is tests/peer/init: it takes the job
from fw_cfg, says its status in the console's last words, and sends fio's document and, in
frames behind it, what Linux counted right before and right after the jobs.

A text may be several job files, NEXT_JOB between them: fio is started anew for each, and each has
a result of its own. As one they would be another job: a [global] section that is read again adds
its filename= to those that are known, and random sequences follow from a job's number.

What is added to each job file stands in a [global] section before it, so that the job has the
last word: direct=1, because no page cache shall lie between fio and the disk; no files, which
fio would make in memory for disks that are not there; the two calls that count; and for polling
fio's hipri=1, which only io_uring (then the default engine) knows.
"""

import re
from itertools import takewhile

from host.base.errors import GuestError, UsageError
from host.guest.logs import split_logs
from host.guest.options import build_directory
from host.guest.result import parse_document

_GLOBAL = (b"[global]\ndirect=1\nallow_file_create=0\n"
           b"exec_prerun=snapshot before\nexec_postrun=snapshot after\n")
_POLLED = b"ioengine=io_uring\nhipri=1\n"
_ENGINE = re.compile(rb"\s*ioengine\s*=\s*([^;#\s]+)")
_LOG_IN_FOLDER = re.compile(rb"\s*(write_(?:bw|lat|iops|hist)_log)\s*="
                            rb"\s*([^;#/]*/[^;#]*?)\s*(?:[;#]|$)")
_FRAME = "peer."
NEXT_JOB = "; ringbolt: the next job file"
_NEXT_RESULT = re.compile(rb"^-----NEXT RINGBOLT RESULT-----\r?\n", re.MULTILINE)
_KERNEL_WORDS = (
    "console=ttyS0", "quiet", "panic=-1",
    "rootfstype=ramfs",  # tmpfs takes no more than half of the memory
    "mitigations=off",  # our kernel has none either
    "cryptomgr.notests",  # they take half a second
    # On a busy host a tick comes late, which is nobody's fault: neither the timer nor the TSC
    # shall be given up for it.
    "no_timer_check", "tsc=reliable",
)
_IDLE_COLUMNS = slice(3, 5)  # of /proc/stat behind the CPU's name: idle, iowait
_CPU = re.compile(r"^cpu\d+ (.*)$", re.MULTILINE)
_NOW = re.compile(r"^now at (\d+) nsecs", re.MULTILINE)
_IDLE_NS = re.compile(r"^ *\.(?:idle|iowait)_sleeptime *: (\d+) nsecs", re.MULTILINE)
_INTERRUPTS = re.compile(r"^ *(\w+):((?: +\d+)+)(?: +(\D.*\S|\S+))? *$", re.MULTILINE)
# A vector per queue, one for all of them, or a line for the device.
_IRQ_OF_QUEUE = re.compile(r"(virtio\d+)(?:-req\.(\d+)|-virtqueues)?$")


def peer_files():
    """Kernel and root file system."""
    directory = build_directory() / "peer"
    return directory / "vmlinuz", directory / "initramfs"


def fio_release():
    """Of the peer's fio, as fio_version= has it; None where no peer is built."""
    try:
        versions = (build_directory() / "peer" / "versions").read_text(encoding="utf-8")
    except OSError:
        return None
    found = re.search(r"^fio (?:\d+:)?(\d+\.\d+)", versions, re.MULTILINE)
    return found[1] if found else None


def processors(options):
    """How many the machine has. Linux uses no more queues of a disk than there may ever be CPUs,
    polls only those that it keeps apart, and believes in no CPU that could still be plugged in:
    to poll it gets as many again, which it does not start."""
    return options.smp * (2 if options.guest == "linux-poll" else 1)


def peer_arguments(options):
    """QEMU's arguments in place of -kernel build/kernel.elf."""
    kernel, initramfs = peer_files()
    words = list(_KERNEL_WORDS)
    if options.guest == "linux-poll":
        words += [f"maxcpus={options.smp}", f"virtio_blk.poll_queues={options.smp}"]
    return ["-kernel", str(kernel), "-initrd", str(initramfs), "-append", " ".join(words)]


def peer_job(options):
    """What fio is given."""
    preset = _GLOBAL
    _check_logs(options)
    if options.guest == "linux-poll":
        _check_engines(options)
        preset += _POLLED
    following = NEXT_JOB.encode() + b"\n"
    return following.join(preset + text for text in options.job_text.split(following))


def _matches(options, pattern):
    """(match, place) of each line of the job file that begins so."""
    places = dict(enumerate(options.job_sources, 1))
    for number, line in enumerate(options.job_text.splitlines(), 1):
        match = pattern.match(line)
        if match:
            yield match, places.get(number, f"{options.job_path}:{number}")


def _check_logs(options):
    """As our kernel: its logs lie beside the result, and the peer's do."""
    for match, place in _matches(options, _LOG_IN_FOLDER):
        raise UsageError(f'{place}: {match[1].decode()}: "{match[2].decode(errors="replace")}" '
                         "names a folder; a log lies beside the result")


def _check_engines(options):
    for engine, place in _matches(options, _ENGINE):
        if engine[1] != b"io_uring":
            raise UsageError(f"{place}: ioengine={engine[1].decode()}: "
                             "--guest linux-poll polls with io_uring only")


def peer_complaint(lines):
    """What fio says is wrong, of a console's lines."""
    said = [line for line in lines if line.startswith(("fio: ", "Bad option"))]
    return said[0].removeprefix("fio: ") if said else "refuses it"


def _interrupts(snapshot):
    """Name -> count over all CPUs, of /proc/interrupts."""
    counts = {}
    for number, each, rest in _INTERRUPTS.findall(snapshot):
        name = rest.split()[-1] if number.isdigit() and rest else number
        counts[name] = counts.get(name, 0) + sum(map(int, each.split()))
    return counts


def _cpu_times(snapshot):
    """Per CPU (idle, all) in ticks, of /proc/stat."""
    times = []
    for line in _CPU.findall(snapshot):
        ticks = [int(word) for word in line.split()]
        times.append((sum(ticks[_IDLE_COLUMNS]), sum(ticks)))
    return times


def _clock(snapshot):
    """(time, time idle) in nanoseconds of the first CPU, of /proc/timer_list."""
    return int(_NOW.search(snapshot)[1]), sum(map(int, _IDLE_NS.findall(snapshot)[:2]))


def _devices(disks, interrupts):
    """In the form of our kernel's result; Linux counts no doorbells. `polls`: has queues for it."""
    devices = []
    for name, driver, polls in (line.split() for line in disks.splitlines()):
        queues = [{"index": int(match[2] or 0), "interrupts": count}
                  for match, count in ((_IRQ_OF_QUEUE.match(irq), count)
                                       for irq, count in interrupts.items())
                  if match and match[1] == driver]
        devices.append({"name": name, "polls": polls == "1", "queues": queues})
    return devices


def _snapshots(frames):
    """(those before anything ended, those after everything began): of jobs that ran at the same
    time the first and the last, in the order of time."""
    order = sorted((_clock(text)[0], name.partition(".")[0], text)
                   for name, text in frames.items() if name.startswith(("before.", "after.")))
    befores = takewhile(lambda one: one[1] == "before", order)
    afters = takewhile(lambda one: one[1] == "after", reversed(order))
    return [text for *_, text in befores], [text for *_, text in afters][::-1]


def _most(counts):
    """{name: the most of it}"""
    return {name: max(each.get(name, 0) for each in counts) for name in counts[-1]}


def _least(counts):
    return {name: min(each.get(name, 0) for each in counts) for name in counts[0]}


def _counted(befores, afters, disks):
    """What Linux counted from the first snapshot to the last, in the form of our kernel's result.
    A snapshot takes time: where jobs run at once, the first need not be the first to have
    counted interrupts."""
    before, after = befores[0], afters[-1]
    counted = _least(list(map(_interrupts, befores)))
    interrupts = {name: count - counted.get(name, 0)
                  for name, count in _most(list(map(_interrupts, afters))).items()}
    cpus = [{"index": index, "idle_share": (idle - idle0) / max(1, total - total0)}
            for index, ((idle0, total0), (idle, total))
            in enumerate(zip(_cpu_times(before), _cpu_times(after)))]
    (now0, idle0), (now, idle) = _clock(before), _clock(after)
    return {"devices": _devices(disks, interrupts), "cpus": cpus,
            "peer": {"elapsed_ns": now - now0, "idle_ns": idle - idle0,
                     "interrupts": {name: count for name, count in interrupts.items() if count}}}


def _facts(frames):
    """The result's member "ringbolt", of what Linux said of itself."""
    facts = _counted(*_snapshots(frames), frames["disks"])
    facts["peer"]["kernel"] = frames["kernel"].strip()
    return facts


def peer_results(data):
    """What the guest sent -> for each job file (document in the form of our kernel's, fio's log
    files)."""
    return list(map(_result, _NEXT_RESULT.split(data)))


def _result(data):
    data, logs = split_logs(data)
    frames = {name.removeprefix(_FRAME): logs.pop(name).decode()
              for name in [*logs] if name.startswith(_FRAME)}
    document = parse_document(data)
    try:
        document["ringbolt"] = _facts(frames)
    except (KeyError, ValueError, IndexError, TypeError):
        raise GuestError("the peer did not say what it counted") from None
    return document, logs
