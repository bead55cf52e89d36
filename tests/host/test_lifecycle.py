# SPDX-License-Identifier: MIT
"""Lifecycles: read, checked, exported; and `ringbolt trace` from the outside."""

import json
import struct
import sys

import pytest
from fakes import GOOD_RESULT, ROOT
from host.base.errors import GuestError
from host.trace.blktrace import blktrace
from host.trace.lifecycle import parse_queue, take_queues
from host.trace.perfetto import perfetto

sys.path.insert(0, str(ROOT / "tests" / "qemu" / "lib"))

from trace_event import check  # noqa: E402  (needs the path above)

NAME = "vda.0.lifecycle"
COUNTERS = ("requests", "completions", "doorbells", "doorbells_suppressed", "interrupts", "merges",
            "splits")

# Two reads behind one doorbell and a write behind none; sleep, interrupt, polling.
PLAIN = """\
B 0 1000 10 300 1 2
S 0 1400 700 0 0
I 0 2000 0 1
D 0 900 110 990 150 20 6 8 0 0 0 0 64
D 0 950 60 990 150 60 6 8 0 0 0 0 128
B 0 3000 5 20 0 1
L 0 3100 200 0 0
D 0 2990 15 300 0 40 4 16 1 0 0 1 256
"""
# One I/O cut in two; two merged, the second in front of the first.
OTHERWISE = """\
P 0 900 110 500 16 8 0 0 0 0 64
P 0 900 110 500 16 4 0 0 0 0 72
D 0 900 110 990 150 20 0 12 0 0 0 0 64
P 0 3000 50 100 0 16 1 0 0 0 512
D 0 3000 50 100 0 10 0 8 1 0 0 1 520
D 0 3010 40 100 0 30 0 8 1 0 0 1 512
"""
COUNTED = {"requests": 3, "completions": 3, "doorbells": 1, "doorbells_suppressed": 1,
           "interrupts": 1}


def frame(events, lost=0, disk="vda", queue=0, **counted):
    kept = len(events.splitlines())
    counters = " ".join(f"{key}={counted.get(key, 0)}" for key in COUNTERS)
    return (f"lifecycle 1 disk={disk} queue={queue} cpu=0 recorded={kept + lost} kept={kept} "
            f"{counters}\n{events}").encode()


def plain():
    return parse_queue(NAME, frame(PLAIN, **COUNTED))


# --- reading ---

def test_stamps_are_distances_and_add_up():
    io = plain().deliveries[0]
    assert (io.submit, io.doorbell, io.signal, io.discovery, io.delivery) == \
        (900, 1010, 2000, 2150, 2170)
    assert (io.sector, io.sectors, io.interrupted, io.whole, io.unseen) == \
        (64, 8, True, True, False)


DAMAGES = [
    ("a head that is none", "lifecycle 1", "lifecycle 2", 1),
    ("a counter that is missing", " kept=8", "", 1),
    ("an unknown letter", "S 0", "Z 0", 3),
    ("a word that is no number", "I 0 2000", "I 0 x", 4),
    ("a stamp too few", "L 0 3100 200 0 0", "L 0 3100 0 0", 8),
    ("time that runs backwards", "L 0 3100 200", "L 0 3100 -200", 8),
    ("an event that is missing", "I 0 2000 0 1\n", "", 8),
]


@pytest.mark.parametrize("old, new, line", [case[1:] for case in DAMAGES],
                         ids=[case[0] for case in DAMAGES])
def test_a_damaged_trace_is_told_by_line(old, new, line):
    data = frame(PLAIN, **COUNTED).decode()
    assert old in data
    with pytest.raises(GuestError, match=rf"{NAME} is damaged at line {line}$"):
        parse_queue(NAME, data.replace(old, new).encode())


@pytest.mark.parametrize("counter", COUNTED)
def test_what_was_counted_must_be_there(counter):
    counted = {**COUNTED, counter: COUNTED[counter] + 1}
    with pytest.raises(GuestError, match=f"vda queue 0 holds {COUNTED[counter]} {counter}, but it "
                                         f"counted {counted[counter]}"):
        parse_queue(NAME, frame(PLAIN, **counted))


def test_where_events_are_lost_less_is_there():
    assert parse_queue(NAME, frame(PLAIN, lost=5, **{**COUNTED, "requests": 100})).lost == 5


def test_lifecycles_are_taken_out_of_the_logs_in_order():
    logs = {"vdb.0.lifecycle": frame("", disk="vdb"), "a_bw.1.log": b"",
            "vda.10.lifecycle": frame("", queue=10), "vda.2.lifecycle": frame("", queue=2)}
    assert [queue.name for queue in take_queues(logs)] == \
        ["vda queue 2", "vda queue 10", "vdb queue 0"]
    assert list(logs) == ["a_bw.1.log"]


# --- Perfetto ---

def test_a_trace_has_a_track_per_queue_and_cpu():
    events = check(perfetto([plain()], ["a", "b"], 2))
    assert {(event["pid"], event["args"]["name"]) for event in events if event["ph"] == "M"} == {
        (1, "CPUs"), (1, "CPU 0"), (1, "CPU 1"), (1000, "vda queue 0"), (1000, "doorbells"),
        (1000, "interrupts")}


def test_an_io_is_a_slice_of_its_stages():
    events = check(perfetto([plain()], ["a", "b"], 1))
    row = [event for event in events if event["ph"] in "be" and event["id2"]["local"] == "read 0"]
    assert [(event["ph"], event["name"], event["ts"]) for event in row] == [
        ("b", "read", 0.9), ("b", "submit to doorbell", 0.9), ("e", "submit to doorbell", 1.01),
        ("b", "doorbell to signal", 1.01), ("e", "doorbell to signal", 2.0),
        ("b", "signal to discovery", 2.0), ("e", "signal to discovery", 2.15),
        ("b", "discovery to delivery", 2.15), ("e", "discovery to delivery", 2.17),
        ("e", "read", 2.17)]
    assert row[0]["args"] == {"job": "a", "cpu": 0, "signal": "interrupt", "device_saw": "whole",
                              "sector": 64, "bytes": 4096, "status": "ok"}


def test_a_row_is_for_one_kind_and_used_again_when_it_is_free():
    ios = ("D 0 900 10 90 0 0 6 8 0 0 0 0 64\nD 0 910 10 90 0 0 6 8 0 0 0 0 72\n"
           "D 0 950 10 90 0 0 4 8 1 0 0 0 80\nD 0 1000 10 90 0 0 6 8 0 0 0 0 88\n")
    events = check(perfetto([parse_queue(NAME, frame(ios, lost=1))], ["a"], 1))
    assert [(event["id2"]["local"], event["args"]["sector"]) for event in events
            if event["ph"] == "b" and "args" in event] == [
        ("read 0", 64), ("read 1", 72), ("write 0", 80), ("read 0", 88)]


def test_a_cpu_submits_sleeps_polls_and_delivers():
    events = check(perfetto([plain()], ["a", "b"], 1))
    assert [(event["name"], event["ts"], event["dur"]) for event in events
            if event["ph"] == "X"] == [
        ("submit", 1.0, 0.31), ("publish", 1.01, 0.3), ("sleep", 1.4, 0.7),
        ("deliver", 2.15, 0.06), ("submit", 3.0, 0.025), ("publish", 3.005, 0.02),
        ("poll", 3.1, 0.2), ("deliver", 3.305, 0.04)]


def test_what_another_cpu_found_is_delivered_when_this_one_is_free():
    shared = "S 1 1000 1500 0 0\nD 1 900 100 1000 0 600 4 8 0 0 0 0 64\n"
    events = check(perfetto([parse_queue(NAME, frame(shared, lost=1))], ["a"], 2))
    assert [(event["name"], event["ts"], event["dur"]) for event in events
            if event["ph"] == "X"] == [("sleep", 1.0, 1.5), ("deliver", 2.5, 0.1)]


@pytest.mark.parametrize("submit, discovery, slices", [
    (900, 1000, [("sleep", 1.0, 0.9), ("deliver", 1.9, 0.1)]), (500, 400, [("deliver", 1.0, 1.0)])])
def test_a_cpu_that_delivers_is_awake_though_it_calls_the_driver_later(submit, discovery, slices):
    """It sleeps from 1000 on and calls the driver at 2500; at 2000 it delivers what another CPU
    discovered."""
    shared = (f"S 1 1000 1500 0 0\nD 1 {submit} 0 {discovery} 0 {2000 - submit - discovery} "
              "4 8 0 0 0 0 64\n")
    events = check(perfetto([parse_queue(NAME, frame(shared, lost=1))], ["a"], 2))
    assert [(event["name"], event["ts"], event["dur"]) for event in events
            if event["ph"] == "X"] == slices


def test_requests_in_flight_are_counted():
    events = check(perfetto([plain()], ["a", "b"], 1))
    assert [(event["ts"], event["args"]["requests"]) for event in events
            if event["ph"] == "C"] == [(1.01, 2), (2.15, 0), (3.005, 1), (3.305, 0)]


def test_what_the_device_saw_otherwise_has_slices_of_its_own():
    queue = parse_queue(NAME, frame(OTHERWISE, lost=1))
    events = check(perfetto([queue], ["a", "b"], 1))
    assert [event["args"]["bytes"] for event in events
            if event["ph"] == "b" and event["cat"] == "device"] == [4096, 2048, 8192]


# --- blktrace ---

RECORD = struct.Struct("<IIQQIIIIIHH")  # struct blk_io_trace of linux/blktrace_api.h
ACTIONS = {1: "Q", 2: "M", 3: "F", 7: "D", 8: "C", 13: "X"}
READ, WRITE, DISCARD, FUA, FLUSH = (bit << 16 for bit in (1, 2, 0x2000, 0x8000, 4))


def records(data):
    """(time, action, category bits, sector, bytes, pid, cpu, error, payload); notices apart."""
    found, notices, at, sequence = [], [], 0, 0
    while at < len(data):
        magic, number, time, sector, size, action, pid, device, cpu, error, more = \
            RECORD.unpack_from(data, at)
        payload = data[at + RECORD.size:at + RECORD.size + more]
        at += RECORD.size + more
        assert magic == 0x65617407 and device >> 20 == 252
        if action & 0x400 << 16:
            notices.append((pid, payload))
            continue
        assert number == sequence + 1
        sequence = number
        found.append((time, ACTIONS[action & 0xffff], action & ~0xffff, sector, size, pid, cpu,
                      error, payload))
    assert [record[0] for record in found] == sorted(record[0] for record in found)
    return found, notices


def only_disk(queues, cpus=1):
    ((files, count),) = blktrace(queues, ["a", "b"], cpus).values()
    return files, count


def test_a_record_is_laid_out_as_the_kernels():
    assert RECORD.size == 48
    files, _ = only_disk([plain()])
    assert files[0][64 * 2:64 * 2 + 48] == bytes.fromhex(
        "07746165" "01000000" "8403000000000000" "4000000000000000" "00100000" "01001100"
        "01000000" "0000c00f" "00000000" "0000" "0000")


def test_whole_ios_are_queued_issued_and_completed():
    files, count = only_disk([plain()])
    found, notices = records(files[0])
    assert notices == [(1, b"a".ljust(16, b"\0")), (2, b"b".ljust(16, b"\0"))]
    assert [(time, action, sector, size, pid) for time, action, _, sector, size, pid, *_ in
            found] == [
        (900, "Q", 64, 4096, 1), (950, "Q", 128, 4096, 1), (1010, "D", 64, 4096, 1),
        (1010, "D", 128, 4096, 1), (2170, "C", 64, 4096, 1), (2210, "C", 128, 4096, 1),
        (2990, "Q", 256, 8192, 2), (3005, "D", 256, 8192, 2), (3345, "C", 256, 8192, 2)]
    assert count == len(found)


def test_cuts_and_merges_are_actions_of_their_own():
    found, _ = records(only_disk([parse_queue(NAME, frame(OTHERWISE, lost=1))])[0][0])
    assert [(time, action, sector, size) for time, action, _, sector, size, *_ in found] == [
        (900, "Q", 64, 6144), (900, "X", 64, 4096), (1010, "D", 64, 4096), (1010, "D", 72, 2048),
        (1510, "C", 64, 4096), (1510, "C", 72, 2048), (3000, "Q", 520, 4096),
        (3010, "Q", 512, 4096), (3010, "F", 512, 4096), (3050, "D", 512, 8192),
        (3180, "C", 512, 8192)]
    assert found[1][-1] == struct.pack(">Q", 72)


def test_of_several_cuts_each_tells_its_own_part_as_linux_does():
    """Two X of one sector are an alias to blkparse 1.3."""
    parts = "".join(f"P 0 900 110 500 16 8 0 0 0 0 {sector}\n" for sector in (64, 72, 80))
    whole = "D 0 900 110 990 150 20 0 24 0 0 0 0 64\n"
    found, _ = records(only_disk([parse_queue(NAME, frame(parts + whole, lost=1))])[0][0])
    assert [(sector, size, *struct.unpack(">Q", payload))
            for _, action, _, sector, size, *_, payload in found if action == "X"] == [
                (64, 4096, 72), (72, 4096, 80)]


def one(op, flags=0, status=0, sectors=8):
    events = f"D 0 10 10 10 0 10 4 {sectors} {op} {flags} {status} 0 64\n"
    found, _ = records(only_disk([parse_queue(NAME, frame(events, lost=1))])[0][0])
    return found


# what it is called by blkparse, op, flags, category bits
KINDS = [("R", 0, 0, READ), ("W", 1, 0, WRITE), ("WF", 1, 1, WRITE | FUA),
         ("FW", 2, 0, WRITE | FLUSH), ("D", 3, 0, WRITE | DISCARD), ("W", 4, 0, WRITE)]


@pytest.mark.parametrize("op, flags, bits", [case[1:] for case in KINDS],
                         ids=[f"{case[0]} of op {case[1]}" for case in KINDS])
def test_the_kind_of_a_request_is_in_each_of_its_actions(op, flags, bits):
    of_action = [0x10 << 16, 0x140 << 16, 0x180 << 16]  # queue; issue and fs; complete and fs
    assert [category for _, _, category, *_ in one(op, flags)] == \
        [bits | extra for extra in of_action]


def test_only_a_completion_tells_an_error():
    assert [error for *_, error, _ in one(0, status=1)] == [0, 0, 0x10000 - 5]
    assert [error for *_, error, _ in one(1, status=4)] == [0, 0, 0x10000 - 30]


def test_what_the_device_never_saw_is_not_issued():
    events = "D 0 10 10 0 0 10 8 8 0 0 3 0 64\n"
    found, _ = records(only_disk([parse_queue(NAME, frame(events, lost=1))])[0][0])
    assert [action for _, action, *_ in found] == ["Q", "C"]


def test_each_cpu_has_its_file_and_each_disk_its_own():
    queues = [parse_queue(NAME, frame(PLAIN.replace("D 0", "D 1"), **COUNTED)),
              parse_queue("vdb.0.lifecycle", frame(PLAIN, disk="vdb", **COUNTED))]
    disks = blktrace(queues, ["a", "b"], 3)
    assert list(disks) == ["vda", "vdb"]
    assert [len(records(file)[0]) for file in disks["vda"][0]] == [0, 9, 0]
    assert [len(records(file)[0]) for file in disks["vdb"][0]] == [9, 0, 0]


# --- the command ---

def trace(bench, *words):
    return bench.run(*words, command="trace")


def plan(bench, events=PLAIN, **counted):
    result = {**GOOD_RESULT, "ringbolt": {"devices": [], "cpus": [{}, {}],
                                          "jobs": [{"jobname": "a"}, {"jobname": "b"}]}}
    framed = frame(events, **(counted or COUNTED)).decode()
    bench.plan(result=json.dumps(result) + f"\n-----BEGIN RINGBOLT LOG {NAME}-----\n{framed}"
               "-----END RINGBOLT LOG-----\n")


def test_both_exports_of_one_run(bench):
    plan(bench)
    (bench.directory / "b.blktrace.2").write_text("of a trace with three CPUs")
    run = trace(bench, "--perfetto", "t.json", "--blktrace", "b", "--events", "4096")
    assert (run.returncode, run.stderr) == (0, "")
    check((bench.directory / "t.json").read_text())
    assert sorted(path.name for path in bench.directory.glob("b.*")) == \
        ["b.blktrace.0", "b.blktrace.1"]
    assert run.stdout.splitlines()[-3:] == [
        "vda queue 0     3              3        2          1           1            0",
        "t.json: open it in ui.perfetto.dev", "b.blktrace.*: 9 actions; blkparse -i b"]
    assert bench.starts()[0]["texts"]["opt/ringbolt/config"] == "trace_events=4096\n"
    assert not list(bench.directory.glob("*.lifecycle"))


def test_the_result_may_go_to_standard_output(bench):
    plan(bench)
    run = trace(bench, "--perfetto", "t.json", "--json", "-")
    assert json.loads(run.stdout)["jobs"] == GOOD_RESULT["jobs"]
    assert "t.json: open it" in run.stderr


def test_a_trace_that_does_not_add_up_is_not_exported(bench):
    plan(bench, **{**COUNTED, "doorbells": 9})
    run = trace(bench, "--perfetto", "t.json")
    assert run.returncode == 3
    assert run.stderr == "ringbolt: the guest's trace of vda queue 0 holds 1 doorbells, but it " \
                         "counted 9\n"
    assert not (bench.directory / "t.json").exists()


REFUSED = [
    ([], "trace: nothing to write; give --perfetto, --blktrace or both"),
    (["--perfetto=."], "--perfetto .: is a directory"),
    (["--perfetto=no/t.json"], "--perfetto no/t.json: no such directory: no"),
    (["--perfetto=-"], "--perfetto -: has to be a file"),
    (["--perfetto=t.json", "--json=t.json"],
     "--perfetto t.json: would overwrite what --json writes"),
    (["--perfetto=b.blktrace.0", "--blktrace=b"],
     "--blktrace b.blktrace.0: would overwrite what --perfetto writes"),
    (["--blktrace=no/b"], "--blktrace no/b.blktrace.0: no such directory: no"),
    (["--blktrace=t/"], "--blktrace t/: not the beginning of a file's name"),
    (["--perfetto=t.json", "--events=63"],
     "--events: 63: must be a whole number from 64 to 4194304"),
    (["--perfetto=t.json", "--events=many"],
     "--events: many: must be a whole number from 64 to 4194304"),
    (["--perfetto=t.json", "--set=trace_events=100"], "--set trace_events: here it is --events"),
    (["--perfetto=t.json", "--guest=linux"],
     "--guest linux: only our own kernel records lifecycles"),
    (["--perfetto=t.json", "no.fio"], "no.fio: No such file or directory"),
]


@pytest.mark.parametrize("words, complaint", REFUSED)
def test_bad_words_are_refused_before_anything_runs(bench, words, complaint):
    plan(bench)
    (bench.directory / "t.json").write_text("kept")
    run = trace(bench, *words)
    assert (run.returncode, run.stderr) == (2, f"ringbolt: {complaint}\n")
    assert bench.starts() == []
    assert (bench.directory / "t.json").read_text() == "kept"
