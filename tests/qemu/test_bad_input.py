# SPDX-License-Identifier: MIT
"""What a user can get wrong: one clear line, the right status, no byte changed."""

import json
import re
import subprocess
import sys

import pytest
from guests import TIMEOUT_S, TOOL, digest

GOOD_JOB = "[a]\nfilename=/dev/vda\nrw=read\nbs=4k\nnumber_ios=1\n"


def job(**options):
    words = {"filename": "/dev/vda", "rw": "read", "bs": "4k", "number_ios": "1"}
    words.update(options)
    return "[a]\n" + "".join(f"{key}={value}\n" for key, value in words.items())


# name, settings, disk's words, job, the complaint (a pattern for the whole line)
CASES = [
    ("unknown_setting", ["frobnicate=1"], "", GOOD_JOB,
     r"--set frobnicate=1: frobnicate: unknown key"),
    ("misspelt_setting", ["completoin=poll"], "", GOOD_JOB,
     r'--set completoin=poll: completoin: unknown key \(did you mean "completion"\?\)'),
    ("value_out_of_range", ["queues=65"], "", GOOD_JOB, r"--set queues=65: queues: .+"),
    ("word_not_known", ["completion=magic"], "", GOOD_JOB,
     r"--set completion=magic: completion: .+"),
    ("unknown_option", [], "", job(frobnicate="1"), r"job\.fio:6: frobnicate: unknown option.*"),
    ("misspelt_option", [], "", job(iodepht="1"), r"job\.fio:6: iodepht: .*iodepth\?"),
    ("bad_value", [], "", job(bs="four"), r"job\.fio:4: bs: .+"),
    ("bad_word", [], "", job(rw="sideways"), r"job\.fio:3: rw: .*sideways.*"),
    ("space_before_value", [], "", job(bs=" 4k"), r"job\.fio:4: bs: .+"),
    ("engine_that_is_not_here", [], "", job(ioengine="rdma"), r"job\.fio:6: ioengine: .*rdma.*"),
    ("empty_job_file", [], "", "\n", r"job\.fio:\d+: .+"),
    ("option_outside_a_section", [], "", "rw=read\n", r"job\.fio:1: .+"),
    ("no_such_disk", [], "", job(filename="/dev/vdz"), r"job\.fio:\d+: filename: .*/dev/vdz.*"),
    ("disk_smaller_than_the_job", [], "", job(size="2m"), r"job\.fio:\d+: size: .*/dev/vda.*"),
    ("offset_beyond_the_disk", [], "", job(offset="2m"), r"job\.fio:\d+: (offset|size): .+"),
    ("range_beyond_the_disk", [], "", job(offset="512k", size="768k"),
     r"job\.fio:\d+: size: .*/dev/vda.*"),
    ("write_on_a_read_only_disk", [], ",ro=on", job(rw="write"),
     r"job\.fio:\d+: rw: .*/dev/vda.*read-only.*"),
    ("trim_on_a_read_only_disk", [], ",ro=on", job(rw="randtrim"),
     r"job\.fio:\d+: rw: .*/dev/vda.*"),
    ("block_size_below_the_disks", [], ",logical=4096", job(bs="512"),
     r"job\.fio:\d+: bs: .*4096.*"),
    ("smallest_block_size_below_the_disks", [], ",logical=4096", job(bsrange="512-4k"),
     r"job\.fio:\d+: bs: .*4096.*"),
    ("offset_within_a_sector", [], "", job(rw="write", size="8k", offset="8191"),
     r"job\.fio:1: offset: .*8191.*/dev/vda.*512-byte.*"),
    ("trim_within_a_sector", [], "", job(rw="trim", size="8k", offset="513"),
     r"job\.fio:1: offset: .*513.*"),
    ("offset_within_a_block_of_the_disk", [], ",logical=4096", job(rw="write", offset="512"),
     r"job\.fio:1: offset: .*512.*4096-byte.*"),
    ("increment_within_a_sector", [], "",
     job(rw="write", size="8k", numjobs="2", offset_increment="9000"),
     r"job\.fio:1: offset_increment: .*9000.*"),
    ("percents_aligned_to_no_sector", [], "", job(rw="write", offset="33%", offset_align="1000"),
     r"job\.fio:1: offset_align: .*1000.*"),
    ("step_within_a_sector", [], "", job(rw="write:1000"), r"job\.fio:1: rw: .*1000.*"),
    ("step_back_within_a_sector", [], "", job(rw="write:-1000"), r"job\.fio:1: rw: .*-1000.*"),
    ("steps_back_from_within_a_sector", [], "", job(rw="write:-8k", size="65000"),
     r"job\.fio:1: size: .*65000.*"),
    ("blocks_within_a_sector", [], "", job(rw="randwrite", blockalign="1000"),
     r"job\.fio:1: blockalign: .*1000.*"),
    ("random_blocks_of_no_sector", [], "", job(rw="randwrite", bs="4k,1000", bs_is_seq_rand="1"),
     r"job\.fio:1: bs: .*1000.*"),
    ("zones_within_a_sector", [], "",
     job(rw="write", zonemode="strided", zonesize="8k", zoneskip="1000"),
     r"job\.fio:1: zoneskip: .*1000.*"),
    ("no_block_to_be_issued", [], "", job(bs="64k", size="100k", io_size="58%"),
     r"job\.fio:1: io_size: .*58%.*"),
    ("cpu_that_is_not_there", [], "", job(cpus_allowed="7"), r"job\.fio:6: cpus_allowed: .+"),
]


@pytest.mark.parametrize("settings, words, text, complaint",
                         [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_one_line_names_file_line_and_key(guest, settings, words, text, complaint):
    image = guest.file("disk.img", bytes(range(256)) * 4096)
    before = digest(image)
    run = guest.run(*(f"--set={setting}" for setting in settings),
                    f"--disk=backend=file,path={image}{words}", job=text)
    assert run.status == 2, run.out + run.err
    lines = run.err.splitlines()
    assert len(lines) == 1, run.err
    assert re.fullmatch("ringbolt: " + complaint, lines[0]), run.err
    assert run.result is None
    assert digest(image) == before


def test_line_of_a_settings_file_is_named(guest):
    (guest.directory / "my.conf").write_text("# mine\n\nqueues=many\n")
    run = guest.run("--set=my.conf", "--disk=backend=null", job=GOOD_JOB)
    assert run.status == 2
    assert re.fullmatch(r"ringbolt: my\.conf:3: queues: .+\n", run.err), run.err


@pytest.mark.parametrize("rw, status", [("read", 0), ("sideways", 2)])
def test_a_job_file_may_be_piped_in(tmp_path, rw, status):
    done = subprocess.run([sys.executable, TOOL, "run", "--placement=none", "--json=result.json",
                           "--disk=backend=null", "-"], input=job(rw=rw), cwd=tmp_path, text=True,
                          capture_output=True, timeout=TIMEOUT_S, check=False)
    assert done.returncode == status, done.stdout + done.stderr
    if status:
        assert re.fullmatch(r"ringbolt: <stdin>:3: rw: .*sideways.*\n", done.stderr)
    else:
        result = json.loads((tmp_path / "result.json").read_text())
        assert result["jobs"][0]["read"]["total_ios"] == 1


def test_unreadable_job_file_starts_nothing(guest):
    run = guest.run("--disk=backend=null", "nowhere.fio")
    assert (run.status, run.out) == (2, "")
    assert run.err == "ringbolt: nowhere.fio: No such file or directory\n"


def test_no_disk_falls_back_to_the_simulated_one_loudly(guest):
    # A disk that the driver cannot use: the legacy interface only.
    run = guest.run("--disk=backend=null", "--qemu-arg=-global",
                    "--qemu-arg=virtio-blk-pci.disable-modern=on", job=GOOD_JOB)
    assert run.status == 2
    assert "SIMULATED" in run.out
    assert re.fullmatch(r"ringbolt: job\.fio:1: filename: .*/dev/ram0.*\n", run.err), run.err


def test_simulated_disk_can_be_used_by_name(guest):
    run = guest.good("--disk=backend=null", "--qemu-arg=-global",
                     "--qemu-arg=virtio-blk-pci.disable-modern=on",
                     job=job(filename="/dev/ram0", rw="randwrite", number_ios="2000",
                             verify="crc32c"))
    assert run.total("requests", "ram0") >= 2000
    assert "SIMULATED" in run.out


def test_without_a_job_file_the_default_one_runs(guest):
    run = guest.good("--disk=backend=null")
    assert run.result["jobs"][0]["jobname"] == "randread"
