# SPDX-License-Identifier: MIT
"""However a command ends: a status that is documented, no Python's words, nothing half written."""

import os
import resource
import shutil
import signal
import subprocess
import sys
import time

import pytest

from fakes import HANG_S, TOOL, quiet
from host.base.errors import OutputError
from host.guest.result import write_bytes


def full():
    return open("/dev/full", "w", encoding="utf-8")


def popen(bench, *words, **keywords):
    return subprocess.Popen(bench.command("run", "--accel=tcg", *words), env=bench.environment,
                            cwd=bench.directory, **{"stderr": subprocess.PIPE, "text": True,
                                                    "stdout": subprocess.PIPE, **keywords})


def gone(bench):
    return list(bench.temporary.iterdir()) == [] and not any(
        os.path.exists(f"/proc/{start['pid']}") for start in bench.starts())


# --- places that take no more ---

def test_a_result_that_has_no_room_is_named(bench):
    run = bench.run("--json", "/dev/full")
    assert (run.returncode, run.stderr) == (2, "ringbolt: /dev/full: No space left on device\n")


def limit_files(size):
    """For a child: no file of more bytes."""
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def test_a_file_is_written_whole_or_left_as_it_was(tmp_path):
    (tmp_path / "r.json").write_text("old")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    try:
        with pytest.raises(OutputError, match="r.json: File too large"):
            write_bytes(str(tmp_path / "r.json"), b"x" * 10_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert [path.name for path in tmp_path.iterdir()] == ["r.json"]
    assert (tmp_path / "r.json").read_text() == "old"


def test_disks_that_cannot_all_be_made_leave_none_behind(bench):
    process = popen(bench, "--disk=backend=file,path=a.img,size=8k",
                    "--disk=backend=file,path=b.img,size=1M", preexec_fn=limit_files(1 << 16))
    _, complaint = process.communicate(timeout=HANG_S)
    assert process.returncode == 2 and complaint.endswith("b.img: File too large\n")
    assert list(bench.directory.glob("*.img")) == [] and gone(bench)


@pytest.mark.parametrize("words", [(), ("--json=-",), ("--help",)])
def test_a_full_standard_output_is_said(bench, words):
    with full() as stream:
        process = popen(bench, *words, stdout=stream)
        _, said = process.communicate(timeout=HANG_S)
    assert process.returncode == 2 and "Traceback" not in said
    assert said.endswith("ringbolt: standard output: No space left on device\n")
    assert gone(bench)


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_complaints_that_nobody_can_read_change_no_status(bench, unbuffered):
    bench.environment["PYTHONUNBUFFERED"] = unbuffered
    with full() as stream:
        assert popen(bench, "none.fio", stderr=stream).wait(timeout=HANG_S) == 2


@pytest.mark.parametrize("descriptor, name", [(1, "stdout"), (2, "stderr")])
def test_a_closed_stream_is_no_error(bench, descriptor, name):
    process = popen(bench, "--json=r.json", preexec_fn=lambda: os.close(descriptor),
                    **{name: None})
    out, err = process.communicate(timeout=HANG_S)
    assert process.returncode == 0 and not quiet(err or "")
    assert (bench.directory / "r.json").exists()


@pytest.mark.parametrize("words", [(), ("--json=-",)])
def test_a_reader_that_goes_ends_the_guest_without_a_word(bench, words):
    bench.plan(console="line\n" * 100_000)
    reading, writing = os.pipe()
    os.close(reading)
    process = popen(bench, *words, **{"stdout": writing} if not words else
                    {"stdout": writing, "stderr": subprocess.DEVNULL})
    os.close(writing)
    _, said = process.communicate(timeout=HANG_S)
    assert process.returncode == 3 and not said
    assert gone(bench)


def test_a_working_directory_that_is_gone_is_told_as_that(bench):
    gone_place = bench.directory / "gone"
    gone_place.mkdir()
    command = ["sh", "-c", 'cd "$0" && rmdir "$0" && exec "$@"', str(gone_place),
               *bench.command("run", "--accel=tcg", "--json=r.json")]
    done = subprocess.run(command, env=bench.environment, capture_output=True, text=True,
                          check=False)
    assert (done.returncode, done.stderr) == (
        2, "ringbolt: --json r.json: the working directory is gone\n")


# --- a QEMU that others end ---

# when, what the fake says -> what is said
KILLED = [
    ({"die": 9}, "QEMU died (signal 9) before the guest ran"),
    ({"die_late": 9, "console": ""}, "QEMU died (signal 9)"),
    ({"code": 0, "console": "", "say": "qemu-system-x86_64: terminating on signal 15 from pid 7"},
     "terminating on signal 15 from pid 7"),
    ({"code": 0, "console": "", "say": "qemu-system-x86_64: warning: x"},
     "the guest reset or broke off"),
]


@pytest.mark.parametrize("plan, said", KILLED)
def test_a_qemu_that_is_killed_is_a_crash_and_named(bench, plan, said):
    bench.plan(**plan)
    run = bench.run("--json=r.json", "--disk=backend=null")
    assert (run.returncode, run.stderr) == (3, f"ringbolt: {said}\n")
    assert not (bench.directory / "r.json").exists() and gone(bench)


def test_of_very_many_complaints_the_first_are_shown(bench):
    lines = "".join(f"opt/ringbolt/job:{n}: x\n" for n in range(1, 41))
    bench.plan(console=lines + "ringbolt: exit status 2\n", code=5)
    (bench.directory / "a.fio").write_text("x\n" * 40)
    said = bench.run("a.fio").stderr.splitlines()
    assert said == [*(f"ringbolt: a.fio:{n}: x" for n in range(1, 11)), "ringbolt: and 30 more"]


# --- a QEMU that outlives its guest ---

LINGERS = "ringbolt: QEMU did not end within 5 s of the guest and was killed\n"


@pytest.mark.parametrize("status, before", [(0, ""), (1, ""), (3, "ringbolt: the guest crashed\n"),
                                            (2, "ringbolt: no good\n")])
def test_a_qemu_that_does_not_end_with_its_guest_is_ended(bench, status, before):
    bench.plan(console=f"no good\nringbolt: exit status {status}\n", hang=True)
    run = bench.run("--json=r.json", "--timeout=50")
    assert run.returncode == status
    assert run.stderr.startswith(before) and LINGERS in run.stderr
    assert (bench.directory / "r.json").exists() == (status < 2) and gone(bench)


def test_a_guest_that_only_speaks_of_its_end_goes_on(bench):
    bench.plan(console="ringbolt: exit status 0\nand more\n", hang=True)
    run = bench.run("--timeout=8")
    assert run.returncode == 3
    assert run.stderr.startswith("ringbolt: the guest did not end within 8 s\n")


# --- names and words that are no text ---

def test_names_of_any_bytes_are_files(bench):
    bench.environment["PYTHONIOENCODING"] = "utf-8:strict"
    job = bench.directory / "j\udcff.fio"
    job.write_text("[a]\nrw=read\n")
    run = bench.run("--json", "r\udcff.json", "--set", "a=\udcff", job)
    assert run.returncode == 0, run.stderr
    assert (bench.directory / "r\udcff.json").exists()
    assert bench.starts()[0]["texts"] == {"opt/ringbolt/config": "a=\udcff\n",
                                          "opt/ringbolt/job": "[a]\nrw=read\n"}


def test_an_empty_job_file_is_no_missing_one(bench):
    (bench.directory / "empty.fio").write_text("")
    bench.run("empty.fio")
    assert bench.starts()[0]["texts"]["opt/ringbolt/job"] == "\n"


def test_what_a_guest_printed_moves_no_cursor_when_it_is_quoted(bench):
    bench.plan(console="\x1b]0;title\x07 no\x00\nringbolt: exit status 1\n", code=3, result="")
    run = bench.run()
    assert (run.returncode, run.stderr) == (1, r"ringbolt: \x1b]0;title\x07 no\x00" + "\n")


# --- signals ---

def test_a_second_interrupt_changes_nothing(bench):
    bench.plan(console="up\n", hang=True)
    process = popen(bench)
    assert process.stdout.readline() == "up\n"
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        process.send_signal(number)
    _, said = process.communicate(timeout=HANG_S)
    assert (process.returncode, said) == (3, "ringbolt: interrupted\n")
    assert gone(bench)


def test_signals_that_are_ignored_stay_ignored(bench):
    bench.plan(console="up\n", hang=True)
    process = popen(bench, preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
    assert process.stdout.readline() == "up\n"
    process.send_signal(signal.SIGHUP)
    time.sleep(0.2)
    assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    assert process.communicate(timeout=HANG_S)[1] == "ringbolt: interrupted\n"


def test_an_interrupt_before_anything_began_is_silent(tmp_path):
    shutil.copy(TOOL, tmp_path / "ringbolt")
    (tmp_path / "host").mkdir()
    (tmp_path / "host" / "cli.py").write_text("import os, signal\n"
                                              "os.kill(os.getpid(), signal.SIGINT)\n")
    done = subprocess.run([sys.executable, tmp_path / "ringbolt"], capture_output=True,
                          check=False)
    assert (done.returncode, done.stderr) == (-signal.SIGINT, b"")
