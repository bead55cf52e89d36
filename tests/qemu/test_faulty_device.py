# SPDX-License-Identifier: MIT
"""A device that does wrong what a script says (tests/device): what it does to the kernel that
drives it, and to Linux. Its book has to agree with what the driver says was done."""

import json
import subprocess
import sys
from dataclasses import dataclass

import pytest
from guests import ROOT, served

DEVICE = ROOT / "tests" / "device" / "device"
WRITE = """[a]
filename=/dev/vda
ioengine=libaio
rw=randwrite
bs=4k
size=2m
iodepth=16
verify=crc32c
"""
READ = """[a]
filename=/dev/vda
ioengine=libaio
rw=randread
bs=4k
size=2m
iodepth=8
"""
SHORT_DEADLINE = "--set=request_timeout_ms=1000"


@dataclass
class Faulty:
    """A device and its book, which is there once the device has ended."""

    directory: object
    guest: object

    def run(self, script, *words, job=WRITE, queues=1, packed=False, run="run"):
        socket, book = self.directory / "device.sock", self.directory / "book.json"
        (self.directory / "script").write_text(script)
        command = [sys.executable, DEVICE, f"--socket={socket}", f"--book={book}", "--size-mib=2",
                   f"--queues={queues}", f"--script={self.directory / 'script'}",
                   *(["--packed"] if packed else [])]
        disk = f"--disk=backend=vhost-user,socket={socket},queues={queues},vectors={queues + 1}"
        with served(list(map(str, command)), socket) as server:
            done = getattr(self.guest, run)(disk + (",packed=on" if packed else ""), *words,
                                            job=job)
            server.wait(timeout=60)
        self.book = json.loads(book.read_text()) if book.exists() else None
        return done

    def of(self, kinds=("read", "write", "flush")):
        return [entry for entry in self.book["requests"] if entry["type"] in kinds]

    def wronged(self):
        return [entry for entry in self.book["requests"] if entry["wrong"]]


@pytest.fixture
def faulty(guest):
    return Faulty(guest.directory, guest)


@pytest.mark.parametrize("completion", ["irq", "poll", "adaptive"])
@pytest.mark.parametrize("queues", [1, 2])
@pytest.mark.parametrize("packed", [False, True])
def test_what_the_kernel_completed_the_device_answered_once(faulty, completion, queues, packed):
    run = faulty.run("", f"--set=completion={completion}", "--smp=2", queues=queues, packed=packed,
                     run="good")
    assert run.device()["ring"] == ("packed" if packed else "split")
    assert [queue["requests"] for queue in run.queues()] == \
        [sum(entry["queue"] == queue for entry in faulty.of()) for queue in range(queues)]
    assert all(entry["answers"] == 1 for entry in faulty.of())
    assert [entry["type"] for entry in faulty.of(("write",))] == ["write"] * 512
    assert run.result["jobs"][0]["read"]["total_ios"] == len(faulty.of(("read",))) == 512


@pytest.mark.parametrize("packed", [False, True])
def test_answers_in_another_order_are_those_requests_answers(faulty, packed):
    faulty.run("at 20: reverse 7\nat 100-101: hold 30\nat 300: reverse 3\n", run="good",
               packed=packed)
    assert len(faulty.wronged()) == 4 and all(entry["answers"] == 1 for entry in faulty.of())


def test_a_request_that_is_held_is_late_by_as_much(faulty):
    run = faulty.run("at 100: hold 300\n", run="good", job=READ)
    assert run.result["jobs"][0]["read"]["clat_ns"]["max"] >= 300e6


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("status, said", [(1, "io error"), (2, "unsupported"), (77, "io error")])
def test_each_status_is_a_job_error_at_its_place(faulty, status, said, packed):
    run = faulty.run(f"at 100: status {status}\n", job=READ, packed=packed)
    assert run.status == 1, run.out
    (entry,) = faulty.wronged()
    assert f"a: error: read on /dev/vda failed: {said} (offset {entry['sector'] * 512}, " in run.out


@pytest.mark.parametrize("packed", [False, True])
def test_signals_that_nobody_asked_for_harm_nothing(faulty, packed):
    faulty.run("at 1-200: extra interrupt\n", run="good", packed=packed)


@pytest.mark.parametrize("packed", [False, True])
def test_a_polled_queue_needs_no_signal(faulty, packed):
    run = faulty.run("at 1-5000: lose interrupt\n", "--set=completion=poll", run="good",
                     packed=packed)
    assert run.total("interrupts") == 0
    assert sum(queue["signals"] for queue in faulty.book["queues"]) == 0


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("action", ["twice", "wrong id 5000", "jump 100", "swallow"])
def test_a_broken_answer_ends_in_a_late_request_and_no_data_is_taken(faulty, action, packed):
    run = faulty.run(f"at 100: {action}\n", SHORT_DEADLINE, job=READ, packed=packed)
    assert run.status == 3 and "request_timeout_ms" in run.out + run.err
    assert [entry["number"] for entry in faulty.wronged()] == [100]


def test_a_device_that_dies_ends_the_run(faulty):
    run = faulty.run("at 100: die\n", SHORT_DEADLINE, job=READ)
    assert run.status == 3 and faulty.book is None


@pytest.mark.parametrize("packed", [False, True])
def test_linux_drives_the_device(faulty, packed):
    """So the device keeps to the rules where it is not told to break them."""
    run = faulty.run("at 50: reverse 3\n", "--guest=linux", "--timeout=200", packed=packed,
                     run="good")
    assert run.result["jobs"][0]["write"]["total_ios"] == 512
    assert all(entry["answers"] == 1 for entry in faulty.of())


@pytest.mark.parametrize("text, said", [
    ("at 1: status\n", 'script:1: "status" takes a number'),
    ("# well\nat 1: sleep 3\n", 'script:2: "sleep 3" is none of: '),
    ("at first: twice\n", 'script:1: not "at REQUEST'), ("at 1: twice 3\n", "takes no number")])
def test_a_script_that_is_none_is_refused_with_its_line(tmp_path, text, said):
    (tmp_path / "script").write_text(text)
    done = subprocess.run([sys.executable, DEVICE, "--socket=s", "--script=script"], cwd=tmp_path,
                          capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2 and len(done.stderr.splitlines()) == 1 and said in done.stderr
    assert not (tmp_path / "s").exists()
