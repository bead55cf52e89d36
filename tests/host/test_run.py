# SPDX-License-Identifier: MIT
"""`ringbolt run` from the outside: statuses, messages, what is left behind."""

import json
import os
import signal
import subprocess
import time

import pytest

from fakes import GOOD_RESULT, HANG_S
from host.guest.options import DEFAULT_JOB


def assert_nothing_left(bench):
    assert list(bench.temporary.iterdir()) == []
    for start in bench.starts():
        assert not os.path.exists(start["directory"])
        assert not os.path.exists(f"/proc/{start['pid']}")


def test_good_run_prints_the_console_and_stores_the_result(bench):
    run = bench.run("--json", "r.json")
    assert run.returncode == 0, run.stderr
    assert run.stdout == "[    0.001] boot: hello\nringbolt: exit status 0\n"
    assert run.stderr == ""
    document = json.loads((bench.directory / "r.json").read_text())
    host = document["ringbolt"].pop("host")
    assert document["ringbolt"].pop("granted") == []
    assert document == GOOD_RESULT
    assert host["accel"] == "tcg" and host["qemu"] == "QEMU emulator version 7.2.0 (fake)"
    assert host["placement"]["name"] == "one"
    assert_nothing_left(bench)


def test_json_on_stdout_has_it_for_itself(bench):
    run = bench.run("--json", "-")
    assert json.loads(run.stdout)["jobs"] == GOOD_RESULT["jobs"]
    assert "hello" in run.stderr


def test_settings_and_job_reach_the_guest_by_fw_cfg(bench):
    (bench.directory / "a.fio").write_text("[a]\nrw=read\n")
    (bench.directory / "a.conf").write_text("queues=2\n")
    run = bench.run("--set", "completion=poll", "--set", "a.conf", "a.fio")
    assert run.returncode == 0, run.stderr
    assert bench.starts()[0]["texts"] == {"opt/ringbolt/config": "completion=poll\nqueues=2\n",
                                          "opt/ringbolt/job": "[a]\nrw=read\n"}


def test_default_job_is_given_unless_an_image_brings_one(bench):
    bench.run()
    bench.run("--boot=uefi")
    pvh, uefi = (start["texts"] for start in bench.starts())
    assert pvh["opt/ringbolt/job"] == DEFAULT_JOB.read_text()
    assert "opt/ringbolt/job" not in uefi


def test_options_may_be_kept_in_a_file(bench):
    (bench.directory / "m.conf").write_text("# two disks\nsmp=3\ndisk=backend=null\n\n"
                                            "disk=backend=null,queues=2\n")
    run = bench.run("@m.conf", "--qemu-arg", "-icount", "--qemu-arg=shift=0")
    assert run.returncode == 0, run.stderr
    argv = bench.starts()[0]["argv"]
    assert argv[-2:] == ["-icount", "shift=0"]
    assert sum(word.startswith("virtio-blk-pci") for word in argv) == 2
    assert argv[argv.index("-smp") + 1] == "3"


STATUSES = [
    # console's end, QEMU's status -> ours
    ("ringbolt: exit status 0\n", 1, 0),
    ("[ 0.1] job: x failed\nringbolt: exit status 1\n", 3, 1),
    ("[ 0.1] opt/ringbolt/config:1: foo: unknown key\nringbolt: exit status 2\n", 5, 2),
    ("panic: no\nringbolt: exit status 3\n", 7, 3),
    ("ringbolt: exit status 0\n", 0, 0),  # left by ACPI: the words decide
    ("ringbolt: exit status 2\n", 0, 2),
    ("booting\n", 0, 3),  # reset
    ("booting\n", 1, 3),  # QEMU's own failure
    ("ringbolt: exit status 0\nbut no\nthen\nsomething\nelse\n", 1, 3),
    ("booting\n", 134, 3),
]


@pytest.mark.parametrize("console, code, status", STATUSES)
def test_status_is_the_guests_own_only_when_it_said_so(bench, console, code, status):
    bench.plan(console=console, code=code)
    run = bench.run("--set", "foo=1", "--json", "r.json")
    assert run.returncode == status, run.stderr
    assert (bench.directory / "r.json").exists() is (status in (0, 1))
    assert_nothing_left(bench)


def test_kernels_complaint_names_what_the_user_typed(bench):
    bench.plan(console="[    0.1] opt/ringbolt/config:1: foo: unknown key\n"
                       "ringbolt: exit status 2\n", code=5)
    run = bench.run("--set", "foo=1")
    assert run.stderr == "ringbolt: --set foo=1: foo: unknown key\n"


def test_complaints_of_several_jobs_are_all_shown_but_fios_words_are_not(bench):
    (bench.directory / "my.fio").write_text("[a]\nx=1\n[b]\n")
    bench.plan(console="[ 0.1] disks: two\nopt/ringbolt/job:2: x: unknown option\n"
                       "Bad option <x=1>\nopt/ringbolt/job:3: rw: [b] no\nfio: job a dropped\n"
                       "ringbolt: exit status 2\n", code=5)
    assert bench.run("my.fio").stderr == ("ringbolt: my.fio:2: x: unknown option\n"
                                          "ringbolt: my.fio:3: rw: [b] no\n")


@pytest.mark.parametrize("result", ["", "{", '{"jobs": []}', "{} {}", "[" * 100_000],
                         ids=["nothing", "half", "another's", "two", "deep"])
def test_a_run_without_a_whole_result_did_not_go_well(bench, result):
    bench.plan(result=result)
    run = bench.run("--json", "r.json")
    assert run.returncode == 3
    assert len(run.stderr.splitlines()) == 1 and "result" in run.stderr
    assert not (bench.directory / "r.json").exists()


def test_firmwares_words_before_the_result_do_not_count(bench):
    noise = "\x1b[2J\x1b[01;01HBdsDxe: loading\r\n"
    bench.plan(result=noise + json.dumps(GOOD_RESULT, indent=1) + "\n")
    assert bench.run("--boot=uefi").returncode == 0
    assert bench.run("--boot=pvh").returncode == 3
    bench.plan(result=noise)
    assert bench.run("--boot=uefi").returncode == 3


def test_job_error_without_a_result_is_still_a_job_error(bench):
    bench.plan(console="[ 0.1] job: bad\nringbolt: exit status 1\n", code=3, result="")
    run = bench.run()
    assert run.returncode == 1 and run.stderr == "ringbolt: job: bad\n"


def test_hung_guest_is_ended_with_its_last_lines(bench):
    bench.plan(console="one\ntwo\nthree", hang=True)
    run = bench.run("--timeout", "1")
    assert run.returncode == 3
    assert run.stderr.splitlines() == ["ringbolt: the guest did not end within 1 s",
                                       "  | one", "  | two", "  | three"]
    assert_nothing_left(bench)


def start_with(bench, number, handler):
    """The tool, as a shell starts it: a signal is at its default, or ignored as under nohup."""
    return subprocess.Popen(bench.command("run", "--accel=tcg"), env=bench.environment,
                            cwd=bench.directory, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            text=True, preexec_fn=lambda: signal.signal(number, handler))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signals_end_qemu_too(bench, number):
    bench.plan(console="up\n", hang=True)
    process = start_with(bench, number, signal.SIG_DFL)
    assert process.stdout.readline() == "up\n"
    process.send_signal(number)
    _, complaint = process.communicate(timeout=HANG_S)
    assert process.returncode == 3 and complaint == "ringbolt: interrupted\n"
    assert_nothing_left(bench)


def test_who_starts_it_to_outlive_the_terminal_gets_the_result(bench):
    bench.plan(console="up\nringbolt: exit status 0\n", linger_s=1)
    process = start_with(bench, signal.SIGHUP, signal.SIG_IGN)
    assert process.stdout.readline() == "up\n"
    process.send_signal(signal.SIGHUP)
    _, complaint = process.communicate(timeout=HANG_S)
    assert (process.returncode, complaint) == (0, "")


def test_even_a_killed_tool_leaves_no_qemu(bench):
    bench.plan(console="up\n", hang=True)
    process = subprocess.Popen(bench.command("run", "--accel=tcg"), env=bench.environment,
                               cwd=bench.directory, stdout=subprocess.PIPE)
    process.stdout.readline()
    process.kill()
    process.communicate()
    pid = bench.starts()[0]["pid"]
    for _ in range(100):
        if not os.path.exists(f"/proc/{pid}"):
            return
        time.sleep(0.05)
    pytest.fail("QEMU outlived the tool")


def test_vcpus_and_device_are_pinned_before_the_guest_runs(bench):
    bench.plan(cores=True)
    cores = sorted(os.sched_getaffinity(0))
    run = bench.run("--placement", "one")
    assert f"cores [{cores[0]}]" in run.stdout
    run = bench.run("--placement", "none")
    assert f"cores {cores}" in run.stdout


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="one core cannot be split")
def test_split_puts_the_vcpus_on_their_own_core(bench):
    bench.plan(cores=True)
    run = bench.run("--placement", "split", "--json", "r.json")
    chosen = json.loads((bench.directory / "r.json").read_text())["ringbolt"]["host"]["placement"]
    assert f"cores {chosen['vcpu_cores']}" in run.stdout
    assert chosen["vcpu_cores"] != chosen["device_cores"]


@pytest.mark.parametrize("words, expected", [
    (["--set", "completion=poll", "--placement", "none"], True),
    (["--set", "completion=adaptive", "--placement", "none"], True),
    (["--placement", "one"], False)])
def test_polling_gets_an_iothread(bench, words, expected):
    bench.run(*words)
    assert ("iothread,id=iothread0" in bench.starts()[0]["argv"]) is expected


def test_a_crash_is_told_as_one(bench):
    bench.plan(console="panic: no\nringbolt: exit status 3\n", code=7)
    assert bench.run().stderr.splitlines()[:2] == ["ringbolt: the guest crashed", "  | panic: no"]


@pytest.mark.parametrize("reason", ["vda: error: no vector", "panic on CPU 1: exception 14"])
def test_a_crash_is_told_with_its_reason_however_long_the_dump(bench, reason):
    dump = "".join(f"  slot {i}: read\n" for i in range(64))
    bench.plan(console=f"[   1.000000] {reason}\n{dump}ringbolt: exit status 3\n", code=7)
    assert bench.run().stderr.splitlines()[0] == f"ringbolt: the guest crashed: {reason}"


def test_a_guest_that_gives_up_leaves_what_was_done(bench):
    reason = "vda: error: a request on queue 0 is 99 ms old"
    gave_up = {**GOOD_RESULT, "ringbolt": {**GOOD_RESULT["ringbolt"], "exit_status": 3}}
    bench.plan(console=f"[   1.000000] {reason}\nringbolt: exit status 3\n", code=7,
               result=json.dumps(gave_up))
    run = bench.run("--json", "r.json")
    assert (run.returncode, run.stderr) == (3, f"ringbolt: {reason}\n")
    kept = json.loads((bench.directory / "r.json").read_text())
    assert kept["jobs"] == GOOD_RESULT["jobs"]


def test_qemus_refusal_is_a_usage_error(bench):
    bench.plan(refuse="-device foo: 'foo' is not a valid device model name")
    run = bench.run("--qemu-arg=-device", "--qemu-arg=foo",
                    "--disk", "backend=file,path=new.img,size=1M")
    assert run.returncode == 2
    assert run.stderr == ("ringbolt: QEMU does not start: -device foo: 'foo' is not a valid "
                          "device model name\n")
    assert not (bench.directory / "new.img").exists()


@pytest.mark.parametrize("refusal, words, said", [
    ("qemu: invalid kernel header", ["--kernel=k"], "--kernel k: invalid kernel header"),
    ("Error while loading elf kernel", ["--kernel=k"],
     "--kernel k: Error while loading elf kernel"),
    ("cannot set up guest memory 'pc.ram': Cannot allocate memory", ["--memory=1048576"],
     "--memory 1048576: cannot set up guest memory 'pc.ram': Cannot allocate memory")])
def test_qemus_refusal_names_our_option(bench, refusal, words, said):
    (bench.directory / "k").write_bytes(b"x")
    bench.plan(refuse=refusal)
    run = bench.run(*words)
    assert (run.returncode, run.stderr) == (2, f"ringbolt: {said}\n")


def test_qemus_refusal_of_a_disk_names_the_disk(bench):
    bench.plan(refuse="-blockdev node-name=disk1,driver=raw,file.driver=nbd: Failed to connect: no")
    run = bench.run("--disk", "backend=null", "--disk", "backend=nbd,path=/nowhere")
    assert run.returncode == 2
    assert run.stderr == "ringbolt: --disk backend=nbd,path=/nowhere: Failed to connect: no\n"


def test_files_are_created_but_never_changed(bench):
    run = bench.run("--disk", "backend=file,path=new.img,size=1M")
    assert run.returncode == 0, run.stderr
    new = bench.directory / "new.img"
    assert new.stat().st_size == 1 << 20
    new.write_bytes(b"x" * 4096)
    run = bench.run("--disk", "backend=file,path=new.img,size=1M")
    assert run.returncode == 2 and "exists and has 4096 bytes" in run.stderr
    assert new.read_bytes() == b"x" * 4096


BAD = [
    (["--disk", "backend=null,foo=1"], '--disk backend=null,foo=1: unknown key "foo"'),
    (["--disk", "backend=file,path=none.img"], "none.img: no such file (size= creates it)"),
    (["--disk", "backend=file,path=/nowhere/x,size=1M"], "/nowhere/x: No such file"),
    (["--disk", "backend=file,path=."], ".: not a writable file"),
    (["--disk", "backend=vhost-user,path=none.img"], "none.img: no such file"),
    (["--disk", "backend=vhost-user,socket=none"], "none: not a socket"),
    (["--disk", "backend=nbd,path=http://x"], "path=http://x: not nbd://HOST"),
    (["--disk", "backend=nbd,path=nbd://[::1/x"], "path=nbd://[::1/x: Invalid IPv6 URL"),
    (["--disk", "backend=nbd,path=nbd://h:99999/x"], "path=nbd://h:99999/x: Port out of range"),
    (["--set", "nonsense"], "--set nonsense: No such file"),
    (["--set", "a=\nb"], r"--set a=\nb: not key=value"),
    (["none.fio"], "none.fio: No such file"),
    (["."], ".: Is a directory"),
    (["--smp", "0"], "--smp: 0: must be a whole number from 1 to 255"),
    (["--smp", "two"], "--smp: two: must be"),
    (["--memory", "1"], "--memory: 1: must be a whole number of MiB from 16 to"),
    (["--memory", "63", "--boot", "uefi"], "--memory 63: --boot uefi needs 64 or more"),
    (["--machine", "vax"], "--machine: invalid choice: 'vax'"),
    (["--boot", "floppy"], "--boot: invalid choice"),
    (["--kernel", "none.elf"], "--kernel none.elf: no such file"),
    (["--kernel", "a.fio", "--boot", "uefi"], "--kernel a.fio: needs --boot pvh"),
    (["--placement", "left"], "--placement: invalid choice"),
    (["--timeout", "-1"], "--timeout"),
    (["--json", "nowhere/x.json"], "--json nowhere/x.json: no such directory: nowhere"),
    (["--json", "."], "--json .: is a directory"),
    (["--json", ""], "--json: : must not be empty"),
    (["--json", "x" * 300], "File name too long"),
    (["--json", "./a.fio", "a.fio"], "--json ./a.fio: would overwrite what is read"),
    (["--json", "a.fio", "with.fio"], "--json a.fio: would overwrite what is read"),
    (["--json", "a.conf", "--set", "a.conf"], "--json a.conf: would overwrite what is read"),
    (["--json", "d.img", "--disk", "backend=file,path=d.img"], "--json d.img: would overwrite"),
    (["--json", "k", "--kernel", "k"], "--json k: would overwrite what is read"),
    (["--kernel", ""], "--kernel: : must not be empty"),
    (["--qemu", ""], "--qemu: : must not be empty"),
    (["odd\udcff\x1b.fio"], r"odd\udcff\x1b.fio: No such file"),
    (["--sm", "2"], "unrecognized arguments: --sm=2"),
    (["a.fio", "b.fio"], "unrecognized arguments: b.fio"),
    (["--smp"], "--smp: expected one argument"),
    (["@nowhere"], "nowhere: No such file"),
    (["@broken"], "broken:2: not option=value: smp"),
    (["@"], "@: the name of a file is missing"),
    (["@marked"], "@marked:1: begins with a byte order mark"),
    (["marked"], "marked:1: begins with a byte order mark; save it as UTF-8 without one"),
    (["--set", "marked"], "--set marked:1: begins with a byte order mark"),
    (["wide"], "wide:1: begins with a byte order mark"),
    (["@settings"], "settings:2: completion: no option of ringbolt run; a file of kernel settings "
     "goes with --set"),
    (["@few"], "few:1: smp: 0: must be a whole number from 1 to 255"),
    (["@disks"], "disks:2: disk backend=tape: backend=tape: must be one of null, file"),
    (["--set", ""], "--set : No such file, and not key=value"),
    (["--set", "Completion=poll"],
     "--set Completion=poll: not key=value, the key of a-z, 0-9 and _"),
    (["--json", "/proc/x"], "--json /proc/x: not writable"),
    (["--json", "dangling"], "/nowhere"),
    (["--json", "to.fio", "a.fio"], "--json to.fio: would overwrite what is read"),
    (["--disk", "backend=null,size=1GiB"], "size=1GiB: not a size such as 512M or 8G; write 1G"),
    (["--disk", "backend=null,size=0.5G"], "size=0.5G: not a size such as 512M or 8G; write 512M"),
]


@pytest.mark.parametrize("words, complaint", BAD, ids=lambda value: " ".join(value)
                         if isinstance(value, list) else "")
def test_bad_usage_is_one_line_and_starts_nothing(bench, words, complaint):
    for name, text in (("a.fio", ""), ("with.fio", "include a.fio\n"), ("a.conf", "queues=1\n"),
                       ("broken", "# x\nsmp\n"), ("d.img", "-" * 512), ("k", ""),
                       ("marked", "\ufeff[a]\n"), ("settings", "# x\ncompletion=irq\n"),
                       ("few", "smp=0\n"), ("disks", "disk=backend=null\ndisk=backend=tape\n")):
        (bench.directory / name).write_text(text, encoding="utf-8")
    (bench.directory / "wide").write_text("[a]\n", encoding="utf-16")
    (bench.directory / "dangling").symlink_to("nowhere/x")
    (bench.directory / "to.fio").symlink_to("a.fio")
    before = sorted(entry.name for entry in bench.directory.iterdir())
    run = bench.run(*words)
    assert run.returncode == 2
    assert run.stdout == ""
    assert len(run.stderr.splitlines()) == 1 and run.stderr.startswith("ringbolt: ")
    assert complaint in run.stderr
    assert bench.starts() == []
    assert sorted(entry.name for entry in bench.directory.iterdir()) == before


def test_missing_kernel_says_what_to_do(bench):
    (bench.build / "kernel.elf").unlink()
    run = bench.run()
    assert run.returncode == 2 and "kernel.elf: not built yet; run make" in run.stderr


def test_another_kernel_can_be_named(bench):
    (bench.directory / "other.elf").write_bytes(b"\x7fELF")
    assert bench.run("--kernel", "other.elf").returncode == 0
    argv = bench.starts()[0]["argv"]
    assert argv[argv.index("-kernel") + 1] == "other.elf"


def test_a_program_that_is_no_qemu_is_told_as_that(bench):
    other = bench.directory / "other"
    for script, said in (("exit 1", '--version ends with status 1 and says ""'),
                         ("echo emulator 5", '--version ends with status 0 and says "emulator 5"')):
        other.write_text(f"#!/bin/sh\n{script}\n")
        other.chmod(0o755)
        run = bench.run("--qemu", "./other")
        assert (run.returncode, run.stderr) == (2, f"ringbolt: ./other: not a QEMU: {said}\n")
    other.chmod(0o644)
    run = bench.run("--qemu", "./other")
    assert (run.returncode, run.stderr) == (
        2, "ringbolt: ./other: does not run: Permission denied\n")


def test_a_result_is_written_through_a_link(bench):
    link, target = bench.directory / "link.json", bench.directory / "target.json"
    link.symlink_to(target)
    assert bench.run("--json", link).returncode == 0
    assert link.is_symlink() and json.loads(target.read_text())["jobs"]


def test_another_qemu_can_be_named(bench):
    program = bench.directory / "bin" / "qemu-system-x86_64"
    program.rename(bench.directory / "other")
    bench.environment["PATH"] = os.environ["PATH"]
    assert bench.run("--qemu", "./other").returncode == 0
    assert bench.starts()[0]["argv"][0] == "./other"
    run = bench.run("--qemu", "./none")
    assert run.returncode == 2 and run.stderr == "ringbolt: ./none: not found\n"


def test_missing_qemu_is_named(bench):
    bench.environment["PATH"] = str(bench.directory)
    run = bench.run()
    assert run.returncode == 2
    assert run.stderr == "ringbolt: qemu-system-x86_64: not found; install it (make deps)\n"
