# SPDX-License-Identifier: MIT
"""Linux in our kernel's place: what it is given and what is made of what it says."""

import json

import pytest

from host.base.errors import GuestError, UsageError
from host.guest.command import Files, guest_command
from host.guest.options import make_options
from host.guest.peer import NEXT_JOB, peer_job, peer_results

FIO = {"fio version": "fio-3.33", "jobs": [{"jobname": "a", "error": 0}]}

BEFORE = """\
now at 5000000000 nsecs
  .idle_sleeptime : 100000000 nsecs
  .iowait_sleeptime: 1000 nsecs
  .idle_sleeptime : 7 nsecs
  .iowait_sleeptime: 0 nsecs
cpu0 70 0 356 10 5 0 2 0 0 0
cpu1 0 0 0 100 0 0 0 0 0 0
           CPU0       CPU1
  0:        107          0   IO-APIC   2-edge      timer
  3:          2          0   IO-APIC   3-edge
 25:          1          0   PCI-MSI 49153-edge      virtio0-req.0
 26:          0          0   PCI-MSI 49154-edge      virtio0-req.1
 30:          9          0   PCI-MSI 49155-edge      virtio1-req.0
LOC:       1072         20   Local timer interrupts
ERR:          0
"""
AFTER = (BEFORE.replace("now at 5000000000", "now at 7000000000")
         .replace(": 100000000 nsecs", ": 600000000 nsecs").replace(": 1000 nsecs", ": 3000 nsecs")
         .replace("cpu0 70 0 356 10 5", "cpu0 100 0 376 50 15")
         .replace("cpu1 0 0 0 100", "cpu1 0 0 0 200")
         .replace("25:          1          0", "25:        401          2")
         .replace("1072         20", "1100         22"))
FRAMES = {"peer.before.101": BEFORE, "peer.after.107": AFTER,
          "peer.disks": "vda virtio0 1\nvdb virtio1 0\n", "peer.kernel": "6.1.0 #1 SMP\n"}


def said(frames, document=None):
    """What the second serial port carries."""
    text = json.dumps(document or FIO) + "\n"
    for name, body in frames.items():
        text += f"-----BEGIN RINGBOLT LOG {name}-----\n{body}-----END RINGBOLT LOG-----\n"
    return text.encode()


def result_of(data):
    """Of the only job file."""
    found, = peer_results(data)
    return found


def test_result_has_the_form_of_ours():
    document, logs = result_of(said({"a_bw.1.log": "1, 2\n", **FRAMES}))
    assert logs == {"a_bw.1.log": b"1, 2\n"}
    assert document["jobs"] == FIO["jobs"]
    facts = document["ringbolt"]
    assert facts["devices"] == [
        {"name": "vda", "polls": True, "queues": [{"index": 0, "interrupts": 402},
                                                  {"index": 1, "interrupts": 0}]},
        {"name": "vdb", "polls": False, "queues": [{"index": 0, "interrupts": 0}]}]
    assert [cpu["idle_share"] for cpu in facts["cpus"]] == [0.5, 1.0]
    assert facts["peer"] == {
        "kernel": "6.1.0 #1 SMP", "elapsed_ns": 2_000_000_000, "idle_ns": 500_002_000,
        "interrupts": {"virtio0-req.0": 402, "LOC": 30}}


def at(seconds, interrupts):
    """A snapshot of that moment."""
    return (BEFORE.replace("now at 5000000000", f"now at {seconds}000000000")
            .replace("25:          1", f"25:          {interrupts}"))


def test_counts_are_from_the_first_job_to_the_last():
    """Of jobs behind a stonewall, too."""
    frames = {"peer.before.9": at(1, 0), "peer.before.3": at(2, 5), "peer.after.4": at(3, 7),
              "peer.after.5": at(4, 8), "peer.before.2": at(5, 9), "peer.after.1": at(8, 9)}
    frames.update({name: FRAMES[name] for name in ("peer.disks", "peer.kernel")})
    facts = result_of(said(frames))[0]["ringbolt"]
    assert facts["peer"]["elapsed_ns"] == 7_000_000_000
    assert facts["devices"][0]["queues"][0]["interrupts"] == 9


def test_job_files_have_results_of_their_own():
    other = {**FIO, "jobs": [{"jobname": "b", "error": 0}]}
    data = said({"a_bw.1.log": "1, 2\n", **FRAMES}) + b"-----NEXT RINGBOLT RESULT-----\n" \
        + said({"a_bw.1.log": "3, 4\n", **FRAMES}, other)
    (first, logs), (second, other_logs) = peer_results(data)
    assert (first["jobs"], second["jobs"]) == (FIO["jobs"], other["jobs"])
    assert (logs["a_bw.1.log"], other_logs["a_bw.1.log"]) == (b"1, 2\n", b"3, 4\n")
    assert first["ringbolt"] == second["ringbolt"] != {}


def test_a_snapshot_that_was_slow_to_count_hides_no_interrupts():
    """Of two jobs at once: begun first, but counted when the other job was done, and likewise."""
    frames = {"peer.before.1": at(1, 200), "peer.before.2": at(2, 0), "peer.after.1": at(3, 209),
              "peer.after.2": at(4, 203)}
    frames.update({name: FRAMES[name] for name in ("peer.disks", "peer.kernel")})
    facts = result_of(said(frames))[0]["ringbolt"]
    assert facts["devices"][0]["queues"][0]["interrupts"] == 209


@pytest.mark.parametrize("name", ["virtio0", "virtio0-virtqueues"])
def test_queues_without_a_vector_of_their_own_count_as_one(name):
    frames = {**FRAMES, "peer.disks": "vda virtio0 0\n"}
    for kind, text in (("before.101", BEFORE), ("after.107", AFTER)):
        frames[f"peer.{kind}"] = "\n".join(
            line for line in text.replace("virtio0-req.0", name).splitlines()
            if "req.1" not in line) + "\n"
    facts = result_of(said(frames))[0]["ringbolt"]
    assert facts["devices"] == [{"name": "vda", "polls": False,
                                 "queues": [{"index": 0, "interrupts": 402}]}]


@pytest.mark.parametrize("missing", FRAMES)
def test_a_peer_that_leaves_something_out_is_an_error(missing):
    with pytest.raises(GuestError, match="did not say what it counted"):
        result_of(said({name: text for name, text in FRAMES.items() if name != missing}))


def test_nonsense_in_place_of_counts_is_an_error():
    with pytest.raises(GuestError, match="did not say what it counted"):
        result_of(said({**FRAMES, "peer.after.107": "nothing\n"}))


def line(guest, specs=(), **fields):
    return guest_command(make_options(specs=specs, guest=guest, **fields),
                         Files(qmp_fd=9, config="/t/config", result="/t/result"), "tcg", True)


@pytest.mark.parametrize("guest", ["linux", "linux-poll"])
def test_only_what_is_booted_differs(bench, monkeypatch, guest):
    """The same arguments otherwise, here with as many queues as both get."""
    monkeypatch.setenv("RINGBOLT_BUILD", str(bench.build))
    specs, fields = ["backend=null,queues=2"] * 2, {"smp": 2, "memory_mib": 300}
    ours, theirs = line("ringbolt", specs, **fields), line(guest, specs, **fields)
    theirs[theirs.index("-smp") + 1] = ours[ours.index("-smp") + 1]  # QUEUES has these
    at = ours.index("-kernel")
    assert theirs[at + 2] == "-initrd" and theirs[at + 4] == "-append"
    assert ours[:at] + ours[at + 2:] == theirs[:at] + theirs[at + 6:]


# guest, CPUs, SPEC -> CPUs of the machine, queues of the device, words for the kernel
QUEUES = [
    ("linux", 1, "backend=null", 1, 1, set()),
    ("linux", 3, "backend=null,queues=2", 3, 2, set()),
    ("linux-poll", 1, "backend=null", 2, 2, {"maxcpus=1", "virtio_blk.poll_queues=1"}),
    ("linux-poll", 2, "backend=null,queues=3", 4, 3, {"maxcpus=2", "virtio_blk.poll_queues=2"}),
]


@pytest.mark.parametrize("guest, cpus, spec, machine, queues, words", QUEUES)
def test_polled_queues_lie_beside_those_that_interrupt(guest, cpus, spec, machine, queues, words):
    """Linux has no more queues than CPUs, those counted that it does not start; of those that are
    not there, newer kernels do not believe that they could come."""
    command = line(guest, [spec], smp=cpus)
    assert command[command.index("-smp") + 1] == str(machine)
    device = next(word for word in command if word.startswith("virtio-blk-pci"))
    assert f"num-queues={queues}" in device.split(",")
    extra = {word for word in command[command.index("-append") + 1].split()
             if "cpus" in word or "queues" in word}
    assert extra == words


def test_the_job_has_the_last_word(tmp_path):
    path = tmp_path / "a.fio"
    path.write_text("[a]\nioengine=io_uring\ndirect=0\n")
    for guest, polls in (("linux", False), ("linux-poll", True)):
        text = peer_job(make_options(job=path, guest=guest))
        head, job = text.split(b"[a]\n")
        assert job == b"ioengine=io_uring\ndirect=0\n"
        assert head.startswith(b"[global]\n") and b"\ndirect=1\n" in head
        assert (b"\nhipri=1\n" in head) is polls


def test_each_of_several_job_files_is_given_what_one_would_be():
    """A [global] section alone would not do: the next file's adds to it."""
    options = make_options(guest="linux-poll")
    options.job_text = f"[a]\n{NEXT_JOB}\n[b]\n".encode()
    first, second = peer_job(options).split(f"{NEXT_JOB}\n".encode())
    assert first.endswith(b"\n[a]\n") and second == first.replace(b"[a]", b"[b]")


@pytest.mark.parametrize("guest", ["linux", "linux-poll"])
@pytest.mark.parametrize("line, said", [
    ("write_lat_log=dir/x", 'write_lat_log: "dir/x" names a folder'),
    (" write_bw_log = /tmp/x ; why", 'write_bw_log: "/tmp/x" names a folder')])
def test_a_log_in_a_folder_is_refused_as_by_our_kernel(tmp_path, guest, line, said):
    path = tmp_path / "a.fio"
    path.write_text(f"[a]\nrw=read\n{line}\n")
    with pytest.raises(UsageError) as refused:
        peer_job(make_options(job=path, guest=guest))
    assert str(refused.value) == f"{path}:3: {said}; a log lies beside the result"


@pytest.mark.parametrize("line", ["write_lat_log=x ; not y/z", "write_lat_log", "filename=/dev/vda",
                                  "# write_lat_log=dir/x"])
def test_other_logs_are_the_peers(tmp_path, line):
    path = tmp_path / "a.fio"
    path.write_text(f"[a]\nrw=read\n{line}\n")
    assert line.encode() in peer_job(make_options(job=path, guest="linux"))


def test_engines_that_cannot_poll_are_refused(tmp_path):
    path = tmp_path / "a.fio"
    path.write_text("[a]\nrw=read\n ioengine = libaio ; why\n")
    options = make_options(job=path, guest="linux-poll")
    with pytest.raises(UsageError, match="a.fio:3: ioengine=libaio: --guest linux-poll polls"):
        peer_job(options)
    peer_job(make_options(job=path, guest="linux"))


BAD = [
    (["--boot=uefi"], "--boot uefi: --guest linux boots by pvh only"),
    (["--kernel=x"], "--kernel x: --guest linux has its own"),
    (["--set=completion=poll"], "--set completion=poll: a setting of our kernel"),
    (["--set=a.conf"], "a.conf:2: a setting of our kernel, means nothing to --guest linux"),
    (["--guest=linux-poll", "--disk=backend=null,queues=1"], "needs queues=2 or more"),
    (["--memory=255"], "--memory 255: --guest linux needs 256 or more"),
    (["--guest=minix"], "--guest: invalid choice: 'minix'"),
]


@pytest.mark.parametrize("words, complaint", BAD)
def test_what_linux_cannot_obey_is_refused(bench, words, complaint):
    (bench.directory / "a.conf").write_text("# comment\nengine=floor\n")
    run = bench.run("--guest=linux", *words)
    assert run.returncode == 2 and bench.starts() == []
    assert len(run.stderr.splitlines()) == 1 and complaint in run.stderr


def test_a_peer_that_is_not_built_says_what_to_do(bench):
    (bench.build / "peer" / "initramfs").unlink()
    run = bench.run("--guest=linux")
    assert run.returncode == 2 and "initramfs: not built yet; run make peer" in run.stderr


# what fio says -> the line for the user
COMPLAINTS = [
    ("Bad option <foo=1>\nDid you mean flow?\nfio: job a dropped\n",
     "a.fio: fio: Bad option <foo=1>"),
    ("fio: engine nope not loadable\nfio: failed to load engine\n",
     "a.fio: fio: engine nope not loadable"),
    ("", "a.fio: fio: refuses it"),
]


@pytest.mark.parametrize("console, complaint", COMPLAINTS)
def test_fios_complaint_is_the_users(bench, console, complaint):
    (bench.directory / "a.fio").write_text("[a]\n")
    bench.plan(console=console + "ringbolt: exit status 2\n[ 4.0] reboot: Power down\n", code=0,
               result="")
    run = bench.run("--guest=linux", "a.fio")
    assert (run.returncode, run.stderr) == (2, f"ringbolt: {complaint}\n")


def test_a_linux_that_could_not_poll_is_no_result(bench):
    bench.plan(console="ringbolt: exit status 0\n", code=0, result=said(FRAMES).decode())
    run = bench.run("--guest=linux-poll", "--json=r.json")
    assert run.returncode == 2 and not (bench.directory / "r.json").exists()
    assert run.stderr.splitlines() == ["ringbolt: --guest linux-poll: poll_queues=on was asked "
                                       "for, vdb has off: Linux cannot poll it"]


def test_a_run_stores_the_result_and_says_who_ran(bench):
    frames = {**FRAMES, "peer.disks": "vda virtio0 1\n"}
    bench.plan(console="ringbolt: exit status 0\n", code=0, result=said(frames).decode())
    run = bench.run("--guest=linux-poll", "--json=r.json")
    assert run.returncode == 0, run.stderr
    host = json.loads((bench.directory / "r.json").read_text())["ringbolt"]["host"]
    assert host["guest"] == "linux-poll"
    assert bench.starts()[0]["texts"]["opt/ringbolt/job"].startswith("[global]\ndirect=1\n")
