"""The product as a user meets it: firmware, loader, kernel and job from one disk image."""

import shutil

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


def test_job_and_settings_of_the_image_are_used(guest):
    run = guest.run("--boot=uefi", "--disk=backend=null,size=8G")
    assert run.status == 0, run.out + run.err
    assert run.result["jobs"]


def test_disk_behind_a_root_port_under_uefi(guest, pattern_image):
    image = guest.file("disk.img", pattern_image)
    guest.good("--boot=uefi", f"--disk=backend=file,path={image},bus=pcie-root-port",
               job=READ_JOB)
