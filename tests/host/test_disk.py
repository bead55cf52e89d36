# SPDX-License-Identifier: MIT
"""The language of --disk."""

import pytest

from host.base.errors import UsageError
from host.guest.disk import parse_disk, parse_disks
from host.guest.options import make_options


def test_every_key_reaches_its_field():
    disk = parse_disk("backend=file,path=/x,size=8G,queues=4,queue-size=256,vectors=5,"
                      "iothread=on,ro=on,serial=abc,logical=4096,packed=on,event-idx=off,"
                      "indirect=off,discard=off,write-zeroes=off,aio=io_uring,bus=pci-bridge")
    assert disk.backend == "file" and disk.path == "/x" and disk.size == 8 << 30
    assert (disk.queues, disk.queue_size, disk.vectors) == (4, 256, 5)
    assert disk.iothread and disk.read_only and disk.serial == "abc" and disk.logical == 4096
    assert disk.packed and not disk.event_idx and not disk.indirect
    assert not disk.discard and not disk.write_zeroes
    assert (disk.aio, disk.bus) == ("io_uring", "pci-bridge")


@pytest.mark.parametrize("word, size", [("512", 512), ("4K", 4096), ("3m", 3 << 20),
                                        ("1T", 1 << 40)])
def test_size_suffixes_are_powers_of_1024(word, size):
    assert parse_disk(f"backend=null,size={word}").size == size


BAD = [
    ("backend=null,sizes=8G", 'unknown key "sizes" (did you mean "size"?)'),
    ("backend=null,frobnicate=1", 'unknown key "frobnicate" (known: backend,'),
    ("backend=null,size=8G,size=4G", 'key "size" is given twice'),
    ("backend=null,ro", '"ro" is not key=value'),
    ("", '"" is not key=value'),
    ("size=8G", "backend= is missing"),
    ("backend=tape", "backend=tape: must be one of null, file, nbd, vhost-user"),
    ("backend=null,size=8.5G", "size=8.5G: not a size"),
    ("backend=null,size=0", "size=0: must be a positive multiple of 512"),
    ("backend=null,size=1000", "size=1000: must be a positive multiple of 512"),
    ("backend=null,size=99999999999T", "too large"),
    ("backend=null,size=512,logical=4096", "not a multiple of logical="),
    ("backend=null,queues=0", "queues=0: must be a whole number from 1 to"),
    ("backend=null,queues=-1", "queues=-1: must be a whole number"),
    ("backend=null,queue-size=100", "queue-size=100: must be a power of two"),
    ("backend=null,queue-size=2048", "queue-size=2048: must be a whole number from 4 to 1024"),
    ("backend=null,packed=yes", "packed=yes: must be on or off"),
    ("backend=null,logical=1024", "logical=1024: must be one of 512, 4096"),
    ("backend=null,serial=123456789012345678901", "1 to 20 printable ASCII"),
    ("backend=null,path=/x", "path= does not apply to backend=null"),
    ("backend=file", "backend=file needs path="),
    ("backend=file,path=", "path=: must not be empty"),
    ("backend=nbd", "backend=nbd needs path="),
    ("backend=nbd,path=/s,size=1G", "size= does not apply to backend=nbd"),
    ("backend=vhost-user,serial=a", "serial= does not apply to backend=vhost-user"),
    ("backend=null,socket=/s", "socket= does not apply to backend=null"),
    ("backend=vhost-user,socket=/s,path=/x", "path= does not apply to a daemon at socket="),
    ("backend=vhost-user,socket=", "socket=: must not be empty"),
    ("backend=null,format=qcow2", "format= does not apply to backend=null"),
    ("backend=nbd,path=/s,format=raw", "format= does not apply to backend=nbd"),
    ("backend=vhost-user,socket=/s,format=raw", "format= does not apply to a daemon at socket="),
    ("backend=vhost-user,format=raw", "format= needs path="),
    ("backend=file,path=/x,format=qcow3", "format=qcow3: must be one of raw, qcow2, "),
    ("backend=file,path=/x,format=qcow2,size=1M", "size= is of raw files"),
    ("backend=vhost-user,iothread=on", "iothread= does not apply to backend=vhost-user"),
]


@pytest.mark.parametrize("spec, complaint", BAD)
def test_bad_spec_is_refused_in_one_line_with_its_key(spec, complaint):
    with pytest.raises(UsageError) as caught:
        parse_disk(spec)
    message = str(caught.value)
    assert message.startswith(f"--disk {spec}: ")
    assert complaint in message and "\n" not in message


def test_more_disks_than_letters_are_refused():
    assert len(parse_disks(["backend=null"] * 26, "q35")) == 26
    with pytest.raises(UsageError, match="27 disks, at most 26"):
        parse_disks(["backend=null"] * 27, "q35")


def test_root_port_needs_pcie():
    with pytest.raises(UsageError, match="bus=pcie-root-port needs --machine q35"):
        parse_disks(["backend=null,bus=pcie-root-port"], "pc")


def test_root_bus_comes_before_bridges():
    bridged, root = "backend=null,bus=pci-bridge", "backend=null"
    assert len(parse_disks([root, root, bridged, bridged], "pc")) == 4
    with pytest.raises(UsageError, match=f"--disk {root}: disks on the root bus"):
        parse_disks([root, bridged, root], "pc")


def test_the_kernel_is_told_the_queue_sizes_that_disks_were_given():
    specs = ["backend=null,queue-size=64", "backend=null", "backend=null,queue-size=256"]
    assert make_options(specs).settings.value("disk_queue_size", None) == "64,0,256,0"
    assert make_options(specs[1:2]).settings.value("disk_queue_size", None) is None
    peer = make_options(specs, guest="linux", memory_mib=256)
    assert peer.settings.value("disk_queue_size", None) is None
    asked = make_options(specs, sets=["disk_queue_size=32"])
    assert asked.settings.value("disk_queue_size", None) == "32"
