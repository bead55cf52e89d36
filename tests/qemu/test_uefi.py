# SPDX-License-Identifier: MIT
"""The product as a user meets it: firmware, loader, kernel and job from one disk image."""

import shutil
import subprocess

import pattern
import pytest
from guests import BUILD, PATTERN_BYTES, digest
from test_data import READ_JOB, WRITE_JOB
from test_machines import jobs_on

IMAGE = BUILD / "ringbolt.img"


@pytest.mark.parametrize("machine, smp, packed", [("q35", 1, "off"), ("q35", 4, "on"),
                                                  ("pc", 2, "off")])
def test_ovmf_boots_the_image(guest, machine, smp, packed):
    before = digest(IMAGE)
    target = guest.zeroes("disk.img", PATTERN_BYTES)
    run = guest.good("--boot=uefi", f"--machine={machine}", f"--smp={smp}",
                     f"--disk=backend=file,path={target},queues=4,packed={packed}",
                     "--disk=backend=null,queues=2", job=WRITE_JOB)
    assert run.result["ringbolt"]["firmware"].lower() == "uefi"
    assert len(run.result["ringbolt"]["cpus"]) == smp
    assert pattern.faults(target.read_bytes()) == []
    assert digest(IMAGE) == before


def test_ovmf_boots_from_the_very_disk_under_test(guest, monkeypatch):
    image = guest.directory / "ringbolt.img"
    shutil.copy(IMAGE, image)
    monkeypatch.setenv("RINGBOLT_BUILD", str(guest.directory))
    before = digest(image)
    run = guest.good("--boot=uefi", f"--disk=backend=file,path={image},queues=2", "--smp=2",
                     job=jobs_on("vda"))
    assert "ide-hd" not in " ".join(run.result["ringbolt"]["host"]["command"])
    assert run.device()["limits"]["capacity_sectors"] == image.stat().st_size // 512
    assert digest(image) == before


@pytest.fixture
def image_with(guest, monkeypatch):
    """Makes the image that boots carry these settings and this job."""
    def change(settings, job):
        image = guest.directory / "ringbolt.img"
        shutil.copy(IMAGE, image)
        for name, text in (("ringbolt.conf", settings), ("job.fio", job)):
            subprocess.run(["mcopy", "-o", "-i", f"{image}@@1M", "-", f"::/ringbolt/{name}"],
                           input=text.encode(), check=True)
        monkeypatch.setenv("RINGBOLT_BUILD", str(guest.directory))
    return change


@pytest.mark.parametrize("words, completion", [([], "poll"),
                                               (["--set=completion=adaptive"], "adaptive")])
def test_job_and_settings_of_the_image_are_used(guest, image_with, words, completion):
    """What --set says comes after, and leaves the rest."""
    image_with("# beside the kernel\ncompletion=poll\nqueues=1\n", jobs_on("vda"))
    run = guest.good("--boot=uefi", "--disk=backend=null,queues=4", *words)
    settings = run.result["ringbolt"]["settings"]
    assert (settings["completion"], str(settings["queues"])) == (completion, "1")
    assert len(run.queues()) == 1
    assert {queue["completion"] for queue in run.queues()} == {completion}


@pytest.mark.parametrize("settings, job, complaint", [
    ("completion=poll\nspeed=11\n", jobs_on("vda"), "ringbolt.conf:2: speed: unknown key"),
    ("", "[a]\nfilename=/dev/vda\nrw=sideways\n", "job.fio:3: rw: "),
    ("\ufeffcompletion=poll\n", jobs_on("vda"), "ringbolt.conf:1: begins with a byte order mark"),
    ("", "\ufeff" + jobs_on("vda"), "job.fio:1: begins with a byte order mark"),
])
def test_what_is_wrong_in_the_image_is_named(guest, image_with, settings, job, complaint):
    image_with(settings, job)
    run = guest.run("--boot=uefi", "--disk=backend=null")
    assert run.status == 2
    assert complaint in run.out + run.err


def test_disk_behind_a_root_port_under_uefi(guest, pattern_image):
    image = guest.file("disk.img", pattern_image)
    guest.good("--boot=uefi", f"--disk=backend=file,path={image},bus=pcie-root-port",
               job=READ_JOB)
