# SPDX-License-Identifier: MIT
"""`ringbolt trace`: its exports hold what the kernel counted and what fio's statistics say, and
the tools that they are for read them without complaint."""

import json
import re
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass

import pytest
from guests import TIMEOUT_S, TOOL

sys.path.insert(0, str(TOOL.parent))
from host.trace import lifecycle  # noqa: E402  (needs the path above)
from trace_event import check  # noqa: E402

IRQ, POLL, ADAPTIVE = (f"--set=completion={mode}" for mode in ("irq", "poll", "adaptive"))
NULL = "--disk=backend=null,size=1G,iothread=off"
ASYNC = "filename=/dev/vda\nioengine=libaio\nbs=4k\nnumber_ios=300\n"


@dataclass
class Traced:
    result: dict
    events: list  # of the Perfetto trace
    summary: dict  # blkparse's, of all CPUs
    actions: Counter  # blkparse's lines by action
    means: dict  # btt's, in ns
    directory: object
    out: str

    def total(self, counter):
        return sum(queue[counter] for device in self.result["ringbolt"]["devices"]
                   for queue in device["queues"])

    def ios(self, *directions):
        return sum(job[direction]["total_ios"] for job in self.result["jobs"]
                   for direction in directions)

    def named(self, phase, name):
        return [event for event in self.events if event["ph"] == phase and event["name"] == name]

    def mean(self, kind):
        """Of all reads, writes and trims, in ns."""
        parts = [job[direction][kind] for job in self.result["jobs"]
                 for direction in ("read", "write", "trim") if job[direction][kind]["N"]]
        return sum(part["mean"] * part["N"] for part in parts) / sum(part["N"] for part in parts)


def tool(directory, *words):
    """One of blktrace's tools: it ends well and complains of nothing. (blkparse 1.3.0 says of some
    I/Os that were cut that their sector is there twice, 1.2.0 does not, of the same file.)"""
    done = subprocess.run(list(words), cwd=directory, capture_output=True, text=True,
                          timeout=TIMEOUT_S, check=False)
    complaints = re.sub(r"^sector alias \(\d+\) on device 0,0!\n", "", done.stderr, flags=re.M)
    assert (done.returncode, complaints) == (0, ""), done
    return done.stdout


def parse_summary(text):
    """Of the last block, which sums up all CPUs: {"Reads Queued": (count, KiB or None)}."""
    block = text[text.rindex("\n", 0, text.index("Reads Queued", text.rindex("CPU"))):]
    return {name.strip(): (int(count), int(kib[:-3]) if kib else None) for name, count, kib in
            re.findall(r"(\w[\w ]+?):\s+(\d+)(?:,\s+(\d+KiB))?", block)}


def run_tool(guest, *words, job):
    (guest.directory / "job.fio").write_text(job)
    return subprocess.run(
        [sys.executable, str(TOOL), "trace", "--accel=tcg", "--placement=none",
         f"--timeout={TIMEOUT_S}", "--set=status_interval_ms=0", "--json=r.json", *words,
         "job.fio"], cwd=guest.directory, capture_output=True, text=True,
        timeout=TIMEOUT_S + 30, check=False)


def read_actions(directory, basename):
    lines = tool(directory, "blkparse", "-i", basename, "-q", "-f", "%a %d %S %n\n")
    return Counter(line.split()[0] for line in lines.splitlines() if " " in line and
                   re.match(r"[A-Z]+ [A-Z]+ \d+ \d+$", line))


def trace(guest, *words, job, basename="b"):
    done = run_tool(guest, "--perfetto=t.json", "--blktrace=b", *words, job=job)
    assert done.returncode == 0, done.stderr + done.stdout
    directory = guest.directory
    summary = parse_summary(tool(directory, "blkparse", "-i", basename))
    tool(directory, "blkparse", "-i", basename, "-d", "bin", "-O")
    report = tool(directory, "btt", "-i", "bin")
    means = {name: float(mean) * 1e9 for name, mean in
             re.findall(r"^(Q2C|D2C)\s+\S+\s+(\S+)", report, re.MULTILINE)}
    return Traced(json.loads((directory / "r.json").read_text()),
                  check((directory / "t.json").read_text()), summary,
                  read_actions(directory, basename), means, directory, done.stdout)


# what, words for the tool, options of the job
CASES = [
    ("one at a time, by interrupt", [NULL, IRQ], "rw=randread"),
    ("one at a time, polled", [NULL, POLL], "rw=randread"),
    ("one at a time, adaptive", [NULL, ADAPTIVE], "rw=randread"),
    ("a batch, by interrupt", [NULL, IRQ], "rw=randread\niodepth=32\niodepth_batch=8"),
    ("a batch, polled, packed", [NULL + ",packed=on", POLL],
     "rw=randread\niodepth=32\niodepth_batch=8"),
    ("mixed", [NULL, IRQ], "rw=randrw\niodepth=16"),
    ("trims among writes", [NULL, IRQ], "rw=randtrimwrite\niodepth=4"),
    ("two CPUs with a queue each", [NULL + ",queues=2", "--smp=2", IRQ],
     "rw=randrw\niodepth=8\nnumjobs=2\noffset_increment=512m\nsize=512m"),
    ("two CPUs that share a queue", [NULL + ",queues=1", "--smp=2", IRQ],
     "rw=randread\niodepth=8\nnumjobs=2\noffset_increment=512m\nsize=512m"),
    ("flushes", [NULL, IRQ], "rw=randwrite\niodepth=4\nfsync=16"),
    ("several segments", [NULL, POLL, "--set=segment_bytes=512"], "rw=randwrite\niodepth=8"),
]


def check_requests(traced):
    """blkparse's sums and the slices against fio's, where the device saw I/Os as they are."""
    read, other = traced.ios("read"), traced.ios("write", "trim")
    flushes = sum(job["sync"]["total_ios"] for job in traced.result["jobs"])
    assert traced.total("requests") == traced.total("completions") == read + other + flushes
    for name, count, directions in (("Read", read, ("read",)),
                                    ("Write", other + flushes, ("write", "trim"))):
        kib = sum(job[direction]["io_bytes"] for job in traced.result["jobs"]
                  for direction in directions) // 1024
        assert traced.summary[f"{name}s Queued"] == (count, kib)
        assert traced.summary[f"{name} Dispatches"] == (count, kib)
        assert traced.summary[f"{name}s Completed"] == (count, kib)
    slices = Counter(event["name"] for event in traced.events
                     if event["ph"] == "b" and event["cat"] == "io")
    assert slices["read"] == read
    assert slices["write"] + slices["discard"] == other
    assert slices["flush"] == flushes
    assert slices["submit to doorbell"] == slices["discovery to delivery"] == \
        read + other + flushes


def check_signals(traced):
    """Doorbells and interrupts; before the trace each queue tries its own once."""
    queues = len(traced.named("M", "process_name")) - 1
    rung, suppressed = traced.named("i", "doorbell"), traced.named("i", "doorbell suppressed")
    assert len(rung) == traced.total("doorbells") - queues
    assert len(suppressed) == traced.total("doorbells_suppressed")
    assert sum(event["args"]["requests"] for event in rung + suppressed) == \
        traced.total("requests")
    interrupts = [event for event in traced.named("i", "interrupt") if event["pid"] != 1]
    assert sum(event["args"]["count"] for event in interrupts) == \
        traced.total("interrupts") - queues


@pytest.mark.parametrize("words, options", [case[1:] for case in CASES],
                         ids=[case[0] for case in CASES])
def test_both_exports_equal_the_result(guest, words, options):
    traced = trace(guest, *words, job=f"[a]\n{ASYNC}{options}\n")
    check_requests(traced)
    check_signals(traced)
    # Each is rounded down to whole nanoseconds, and btt prints nine digits.
    assert traced.means["Q2C"] == pytest.approx(traced.mean("lat_ns"), abs=3)
    assert traced.means["D2C"] == pytest.approx(traced.mean("clat_ns"), abs=3)


def test_cut_ios_are_told_from_their_parts(guest):
    """512 segments are more than the device takes at once."""
    traced = trace(guest, NULL, POLL, "--set=segment_bytes=512",
                   job=f"[a]\n{ASYNC}rw=randread\nbs=256k\nnumber_ios=20\niodepth=4\n")
    assert traced.total("splits") >= 20
    assert traced.total("requests") == 20 + traced.total("splits")
    assert traced.actions == {"Q": 20, "X": traced.total("splits"),
                              "D": traced.total("requests"), "C": traced.total("completions")}


def test_a_write_that_must_last_is_a_write_and_a_flush(guest):
    traced = trace(guest, NULL, IRQ, job=f"[a]\n{ASYNC}rw=randwrite\nsync=1\n")
    assert traced.total("requests") == 600
    assert traced.actions == {"Q": 300, "X": 300, "D": 600, "C": 600}


def test_merged_ios_are_told_from_their_groups(guest):
    traced = trace(guest, NULL, IRQ, "--set=sched=deadline",
                   job=f"[a]\n{ASYNC}rw=read\niodepth=32\niodepth_batch=32\n")
    merges = traced.total("merges")
    assert merges > 0
    assert traced.actions["Q"] == 300
    assert traced.actions["M"] + traced.actions["F"] == merges
    assert traced.actions["D"] == traced.actions["C"] == traced.total("requests") == 300 - merges


def test_an_io_that_failed_says_so(guest):
    image = guest.zeroes("disk.img", 1 << 20)
    done = run_tool(guest, "--perfetto=t.json", "--blktrace=b", "--qemu-arg=-blockdev",
                    f"--qemu-arg=driver=raw,node-name=bad,file.driver=blkdebug,"
                    f"file.image.driver=file,file.image.filename={image},"
                    "file.inject-error.0.event=read_aio,file.inject-error.0.sector=512",
                    "--qemu-arg=-device", "--qemu-arg=virtio-blk-pci,drive=bad,addr=0x10", NULL,
                    job="[a]\nfilename=/dev/vdb\nrw=read\nbs=4k\ncontinue_on_error=read\n")
    result = json.loads((guest.directory / "r.json").read_text())
    assert result["jobs"][0]["total_err"] == 1
    about = [event["args"] for event in check((guest.directory / "t.json").read_text())
             if event["ph"] == "b" and "args" in event]
    assert [io["sector"] for io in about if io["status"] == "io error"] == [512]
    assert len(about) == 256
    completions = tool(guest.directory, "blkparse", "-i", "b", "-q", "-a", "complete", "-f",
                       "%a %S %e\n").splitlines()
    assert [line for line in completions if line.startswith("C ") and not line.endswith(" 0")] \
        == [f"C 512 {0x10000 - 5}"]
    assert done.stdout.endswith("blkparse -i b\n")


def test_several_disks_have_files_of_their_own(guest):
    traced = trace(guest, NULL, NULL, basename="b.vdb",
                   job=f"[a]\n{ASYNC}rw=read\n[b]\n{ASYNC.replace('vda', 'vdb')}rw=write\n")
    assert traced.summary["Writes Queued"] == (300, 1200)
    assert traced.summary["Reads Queued"] == (0, 0)
    other = parse_summary(tool(traced.directory, "blkparse", "-i", "b.vda"))
    assert other["Reads Completed"] == (300, 1200)


def test_the_newest_are_kept_and_the_lost_are_told(guest):
    traced = trace(guest, NULL, IRQ, "--events=100", job=f"[a]\n{ASYNC}rw=randread\n")
    lost = re.search(r"^vda queue 0 .* ([\d,]+)$", traced.out, re.MULTILINE)[1]
    kept = traced.named("b", "read")
    # Each has its doorbell, and perhaps a sleep and an interrupt.
    assert int(lost.replace(",", "")) >= 2 * 300 - 100 and 20 <= len(kept) <= 50
    assert traced.summary["Reads Completed"][0] == len(kept)
    (a,) = traced.result["jobs"]
    assert max(event["ts"] for event in traced.events if "ts" in event) > \
        a["job_runtime"] * 1000 / 2


def test_without_a_trace_there_is_nothing_to_export(guest):
    run = guest.good(NULL, job=f"[a]\n{ASYNC}rw=randread\n")
    assert run.result["ringbolt"]["settings"]["trace_events"] == "0"
    assert not list(guest.directory.glob("*.lifecycle"))


def test_a_plain_run_keeps_lifecycles_beside_its_result(guest):
    guest.good(NULL, "--set=trace_events=5000", job=f"[a]\n{ASYNC}rw=randread\n")
    data = (guest.directory / "vda.0.lifecycle").read_bytes()
    queue = lifecycle.parse_queue("vda.0.lifecycle", data)
    assert len(queue.deliveries) == 300 and not queue.lost


# words for the tool, what it says of them
REFUSED = [
    (["--perfetto=t.json", "--set=engine=floor"], "trace_events: only engine=blk"),
    (["--perfetto=t.json", "--memory=64", "--events=4194304"],
     "trace_events: not enough memory for 4194304 events per queue"),
]


@pytest.mark.parametrize("words, complaint", REFUSED)
def test_what_cannot_be_recorded_is_refused(guest, words, complaint):
    done = run_tool(guest, NULL, *words, job=f"[a]\n{ASYNC}rw=randread\n")
    assert done.returncode == 2
    assert re.fullmatch(rf"ringbolt: job\.fio:1: {complaint}.*\n", done.stderr), done.stderr
    assert not (guest.directory / "t.json").exists()
