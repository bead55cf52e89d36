# SPDX-License-Identifier: MIT
"""A file that is not raw is not taken for raw, and nothing is made of what cannot be a disk."""

import pytest

from host.base.errors import UsageError
from host.guest.disk import FORMATS, parse_disk
from host.guest.images import check_images

ROOM = b"\0" * 4096

# what it is by its magic: its bytes
IMAGES = {
    "qcow2": b"QFI\xfb\0\0\0\3" + ROOM,
    "qcow2, the older": b"QFI\xfb\0\0\0\2" + ROOM,
    "qcow": b"QFI\xfb\0\0\0\1" + ROOM,
    "vmdk": b"KDMV\1\0\0\0" + ROOM,
    "vmdk, the older": b"COWD\1\0\0\0" + ROOM,
    "vmdk, its text": b"# Disk DescriptorFile\nversion=1\n",
    "vhdx": b"vhdxfile" + ROOM,
    "vpc": b"conectix\0\0\0\2" + ROOM,
    "vpc, of fixed size": ROOM + b"conectix\0\0\0\2" + b"\0" * 500,
    "vdi": b"<<< Oracle VM VirtualBox".ljust(64, b"\0") + b"\x7f\x10\xda\xbe" + ROOM,
    "qed": b"QED\0\0\0\1\0" + ROOM,
    "parallels": b"WithoutFreeSpace" + ROOM,
    "parallels, the newer": b"WithouFreSpacExt" + ROOM,
    "bochs": b"Bochs Virtual HD Image\0\0" + ROOM,
    "cloop": b"#!/bin/sh\n#V2.0 Format\nmodprobe cloop file=$0 && mount" + ROOM,
    "dmg": ROOM + b"koly\0\0\0\4" + b"\0" * 504,
    "LUKS": b"LUKS\xba\xbe\0\2" + ROOM,
    "gzip": b"\x1f\x8b\x08\0" + ROOM,
    "xz": b"\xfd7zXZ\0\0\4" + ROOM,
    "zstd": b"\x28\xb5\x2f\xfd" + ROOM,
    "bzip2": b"BZh91AY" + ROOM,
    "zip": b"PK\3\4\x14\0" + ROOM,
    "7z": b"7z\xbc\xaf\x27\x1c" + ROOM,
}


def check(spec):
    check_images([parse_disk(spec)])


@pytest.fixture
def image(tmp_path):
    def make(data):
        (tmp_path / "x.img").write_bytes(data)
        return tmp_path / "x.img"

    return make


@pytest.mark.parametrize("words", ["backend=file", "backend=file,ro=on", "backend=vhost-user"])
@pytest.mark.parametrize("name", IMAGES)
def test_what_is_not_raw_by_its_magic_is_refused_by_name(image, name, words):
    path, kind = image(IMAGES[name]), name.partition(",")[0]
    spec = f"{words},path={path}"
    with pytest.raises(UsageError) as caught:
        check(spec)
    way = f"format={kind} opens it, " if kind in FORMATS else ""
    assert str(caught.value) == (f"--disk {spec}: {path}: is {kind} by its magic, not raw: {way}"
                                 "format=raw takes it as it is, header and all")


@pytest.mark.parametrize("name", IMAGES)
def test_what_is_said_to_be_raw_or_what_it_is_goes_to_qemu(image, name):
    path, kind = image(IMAGES[name].ljust(8192, b"\0")), name.partition(",")[0]
    check(f"backend=file,path={path},format=raw")
    if kind in FORMATS and "fixed" not in name and kind != "dmg":
        check(f"backend=file,path={path},format={kind}")


def test_an_image_is_not_opened_as_another_kind(image):
    path = image(IMAGES["vmdk"])
    with pytest.raises(UsageError, match="is vmdk by its magic, not qcow2$"):
        check(f"backend=file,path={path},format=qcow2")


@pytest.mark.parametrize("name", ["qcow2", "vmdk, its text"])
def test_an_images_own_size_may_be_odd(image, name):
    kind = name.partition(",")[0]
    check(f"backend=file,path={image(IMAGES[name] + b'x')},format={kind}")


SIZES = [
    (0, "backend=file", "is empty; where there is no file, size= makes one"),
    (0, "backend=file,size=1M", "is empty; where there is no file, size= makes one"),
    (0, "backend=vhost-user", "is empty"),
    (1000, "backend=file", "has 1000 bytes, which is no multiple of 512"),
    (6144, "backend=file,logical=4096", "has 6144 bytes, which is no multiple of 4096"),
    (6144, "backend=file,format=raw,logical=4096", "has 6144 bytes, which is no multiple of 4096"),
    (6144, "backend=file,size=1M", "exists and has 6144 bytes; leave size= out"),
]


@pytest.mark.parametrize("size, words, complaint", SIZES)
def test_a_file_that_is_no_whole_disk_is_refused(image, size, words, complaint):
    spec = f"{words},path={image(bytes(size))}"
    with pytest.raises(UsageError) as caught:
        check(spec)
    assert str(caught.value).startswith(f"--disk {spec}: ")
    assert str(caught.value).endswith(f"x.img: {complaint}")


def test_ordinary_files_are_raw(image):
    for data in (ROOM, bytes(range(256)) * 16, b"\xeb\x3c\x90" + ROOM[3:], b"QFI" + ROOM[3:]):
        check(f"backend=file,path={image(data)}")


def test_a_refused_image_is_not_touched_and_nothing_is_started(bench):
    path = bench.directory / "a.qcow2"
    path.write_bytes(IMAGES["qcow2"])
    run = bench.run(f"--disk=backend=file,path={path}")
    assert run.returncode == 2 and "is qcow2 by its magic" in run.stderr
    assert path.read_bytes() == IMAGES["qcow2"] and bench.starts() == []
