# SPDX-License-Identifier: MIT
"""Disk images of every format that qemu-img makes: refused as raw, used as what they are."""

import subprocess

import pytest
from guests import digest

MIB = 1 << 20
FORMATS = ("qcow2", "qcow", "vmdk", "vhdx", "vdi", "qed", "parallels", "vpc")
WRITE = "[a]\nfilename=/dev/vda\nrw=write\nbs=64k\nsize=1m\nbuffer_pattern=0x5a\n"  # no flush


def create(guest, kind, *words):
    path = guest.directory / f"disk.{kind}"
    subprocess.run(["qemu-img", "create", "-q", "-f", kind, *words, path, "4M"], check=True)
    return path


def content(guest, path, kind):
    """What a machine would see of an image."""
    raw = guest.directory / "content"
    subprocess.run(["qemu-img", "convert", "-f", kind, "-O", "raw", path, raw], check=True)
    return raw.read_bytes()


def refused_by_its_magic(guest, path, kind):
    before = digest(path)
    run = guest.run(f"--disk=backend=file,path={path}", job=WRITE)
    assert (run.status, run.out) == (2, "")
    assert len(run.err.splitlines()) == 1 and f" is {kind} by its magic" in run.err.lower()
    assert digest(path) == before


@pytest.mark.parametrize("kind, words", [
    *((kind, ()) for kind in FORMATS), ("vpc", ("-o", "subformat=fixed"))])
def test_an_image_is_refused_by_name_and_not_written(guest, kind, words):
    refused_by_its_magic(guest, create(guest, kind, *words), kind)


def test_an_encrypted_image_is_refused_by_name_and_not_written(guest):
    """Its first bytes are written here: qemu-img times itself to make one, and gives up on a busy
    host ("Unable to get accurate CPU usage")."""
    path = guest.directory / "disk.luks"
    path.write_bytes(b"LUKS\xba\xbe\0\1" + bytes(4 * MIB - 8))
    refused_by_its_magic(guest, path, "luks")


@pytest.mark.parametrize("backend", ["file", "vhost-user"])
@pytest.mark.parametrize("kind", FORMATS)
def test_an_image_is_written_as_what_it_is(guest, kind, backend):
    path = create(guest, kind)
    guest.good(f"--disk=backend={backend},path={path},format={kind}", job=WRITE)
    found = content(guest, path, kind)
    assert found[:MIB] == b"\x5a" * MIB and set(found[MIB:]) == {0}


@pytest.mark.parametrize("boot", ["pvh", "uefi"])
def test_a_guest_that_cannot_power_off_is_ended_with_its_last_word(guest, boot):
    path = create(guest, "qcow2")
    run = guest.run(f"--boot={boot}", f"--disk=backend=file,path={path},format=qcow2", "--set=x=1",
                    job=WRITE)
    assert (run.status, run.err) == (2, "ringbolt: --set x=1: x: unknown key\n")


@pytest.mark.parametrize("backend", ["file", "vhost-user"])
def test_what_is_no_such_image_is_bad_usage(guest, backend):
    path = guest.zeroes("disk.img", MIB)
    run = guest.run(f"--disk=backend={backend},path={path},format=qcow2", job=WRITE)
    assert (run.status, run.out) == (2, "")
    assert run.err.startswith(f"ringbolt: --disk backend={backend},path={path},format=qcow2: ")
    assert run.err.endswith("Image is not in qcow2 format\n") and len(run.err.splitlines()) == 1


def test_format_raw_takes_the_files_own_bytes(guest):
    path = create(guest, "vpc", "-o", "subformat=fixed")
    guest.good(f"--disk=backend=file,path={path},format=raw", job=WRITE)
    assert path.read_bytes()[:MIB] == b"\x5a" * MIB
