# SPDX-License-Identifier: MIT
"""The files in configs/ do what they say."""

import re

import pytest
from guests import ROOT

MACHINE = f"@{ROOT}/configs/machines/everyday.conf"


@pytest.mark.parametrize("path", sorted((ROOT / "configs" / "jobs").glob("*.fio")),
                         ids=lambda path: path.stem)
def test_job_file_runs(guest, path):
    text = re.sub(r"^runtime=\d+$", "runtime=200ms", path.read_text(), flags=re.MULTILINE)
    words = [MACHINE]
    if "WRITES" in text:
        words = [f"--disk=backend=file,path={guest.zeroes('disk.img', 64 << 20)}"]
    run = guest.good(*words, job=text)
    for job in run.result["jobs"]:
        assert job["read"]["total_ios"] > 0
        assert (job["write"]["total_ios"] > 0) == ("WRITES" in text)


@pytest.mark.parametrize("name", ["irq", "poll", "adaptive"])
def test_settings_file_sets_the_mode(guest, name):
    run = guest.good(f"--set={ROOT}/configs/{name}.conf", "--disk=backend=null,size=1G",
                     job="[a]\nfilename=/dev/vda\nrw=randread\nnumber_ios=500\n")
    assert run.result["ringbolt"]["settings"]["completion"] == name
    assert {queue["completion"] for queue in run.queues()} == {name}


def test_the_kernel_command_line_has_the_last_word(guest):
    run = guest.good("--set=completion=adaptive", "--set=queues=1", "--disk=backend=null,queues=2",
                     "--qemu-arg=-append", "--qemu-arg=completion=poll spin_max_us=7",
                     job="[a]\nfilename=/dev/vda\nrw=randread\nnumber_ios=9\n")
    settings = run.result["ringbolt"]["settings"]
    assert [str(settings[key]) for key in ("completion", "queues", "spin_max_us")] == \
        ["poll", "1", "7"]


def test_a_wrong_word_on_the_kernel_command_line_is_named(guest):
    run = guest.run("--disk=backend=null", "--qemu-arg=-append", "--qemu-arg=queues=2 speed=11",
                    job="[a]\nfilename=/dev/vda\nrw=randread\nnumber_ios=9\n")
    assert run.status == 2
    assert "command line" in run.out + run.err and "speed: unknown key" in run.out + run.err
