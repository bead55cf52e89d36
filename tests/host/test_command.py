# SPDX-License-Identifier: MIT
"""Options -> QEMU's arguments."""

import shutil

import pytest

from host.base.errors import UsageError
from host.guest.command import Files, guest_command
from host.guest.options import make_options

FILES = Files(qmp_fd=9, config="/t/config", result="/t/result", firmware="/f/code",
              variables="/t/vars", vhost_sockets={0: "/t/vhost0"})


def arguments(specs=(), iothread=False, **fields):
    return guest_command(make_options(specs=specs, **fields), FILES, "tcg", iothread)


def devices(command, kind):
    return [value for name, value in zip(command, command[1:])
            if name == "-device" and value.startswith(kind)]


def test_disks_get_rising_slots_in_the_order_named():
    found = devices(arguments(["backend=null"] * 3), "virtio-blk-pci")
    assert [word for text in found for word in text.split(",") if word.startswith("addr=")] == \
        ["addr=0x3", "addr=0x4", "addr=0x5"]


def test_bridged_disk_takes_its_bridges_slot():
    command = arguments(["backend=null", "backend=null,bus=pcie-root-port",
                         "backend=null,bus=pci-bridge"])
    assert "addr=0x4" in devices(command, "pcie-root-port")[0]
    assert "addr=0x5" in devices(command, "pci-bridge")[0]
    assert ["bus=bridge1,addr=0x0" in text or "bus=bridge2,addr=0x1" in text
            for text in devices(command, "virtio-blk-pci")] == [False, True, True]


def test_queues_follow_the_cpus_unless_named():
    command = arguments(["backend=null", "backend=null,queues=7"], smp=3)
    assert ["num-queues=3" in text for text in devices(command, "virtio-blk")] == [True, False]
    assert "num-queues=7" in devices(command, "virtio-blk")[1]


@pytest.mark.parametrize("word, default, expected", [
    ("", False, False), ("", True, True), (",iothread=on", False, True),
    (",iothread=off", True, False)])
def test_iothread_is_the_specs_or_the_placements(word, default, expected):
    command = arguments([f"backend=null{word}"], iothread=default)
    assert ("iothread,id=iothread0" in command) is expected
    assert ("iothread=iothread0" in devices(command, "virtio-blk-pci")[0]) is expected


def test_null_disk_really_moves_no_data():
    command = arguments(["backend=null,size=1G,latency-ns=5000"])
    text = command[command.index("-blockdev") + 1]
    assert text == ("driver=null-co,node-name=disk0,read-zeroes=off,size=1073741824,"
                    "latency-ns=5000")


def test_commas_in_file_names_are_escaped():
    command = arguments()
    assert "name=opt/ringbolt/config,file=/t/config" in command
    from host.guest.command import escape
    assert escape("/a,b") == "/a,,b"


def test_pvh_loads_the_kernel_and_uefi_the_image(bench, monkeypatch):
    monkeypatch.setenv("RINGBOLT_BUILD", str(bench.build))
    pvh = arguments()
    assert pvh[pvh.index("-kernel") + 1] == str(bench.build / "kernel.elf")
    uefi = arguments(boot="uefi")
    assert "-kernel" not in uefi
    image = next(text for text in uefi if f"file={bench.build}/ringbolt.img" in text)
    assert "snapshot=on" in image
    assert devices(uefi, "ide-hd") == ["ide-hd,drive=boot,bus=ide.0,bootindex=0"]
    assert any("unit=0" in text and "readonly=on" in text for text in uefi)


def test_boot_image_may_be_the_disk_under_test(bench, monkeypatch):
    monkeypatch.setenv("RINGBOLT_BUILD", str(bench.build))
    command = arguments([f"backend=file,path={bench.build}/ringbolt.img"], boot="uefi")
    assert not devices(command, "ide-hd")
    assert "bootindex=0" in devices(command, "virtio-blk-pci")[0]
    pvh = arguments([f"backend=file,path={bench.build}/ringbolt.img"])
    assert "bootindex" not in devices(pvh, "virtio-blk-pci")[0]
    other = bench.directory / "copy.img"
    shutil.copy(bench.build / "ringbolt.img", other)
    assert devices(arguments([f"backend=file,path={other}"], boot="uefi"), "ide-hd")


@pytest.mark.parametrize("word, expected", [
    ("", "read-only=off"), (",ro=on", "read-only=on"), ("", "discard=unmap"),
    (",discard=off", "discard=ignore"), (",aio=io_uring", "file.aio=io_uring"),
    ("", "driver=raw"), (",format=qcow2", "driver=qcow2")])
def test_file_backends_words(word, expected):
    command = arguments([f"backend=file,path=/x{word}"])
    assert expected in command[command.index("-blockdev") + 1].split(",")


NBD = [
    ("/run/s", "file.server.type=unix,file.server.path=/run/s"),
    ("nbd://h", "file.server.type=inet,file.server.host=h,file.server.port=10809"),
    ("nbd://h:7/e", "file.export=e,file.server.type=inet,file.server.host=h,file.server.port=7"),
    ("nbd+unix:///e?socket=/s", "file.export=e,file.server.type=unix,file.server.path=/s"),
]


@pytest.mark.parametrize("path, expected", NBD)
def test_nbd_takes_urls_and_sockets(path, expected):
    command = arguments([f"backend=nbd,path={path}"])
    assert command[command.index("-blockdev") + 1].endswith(f"file.driver=nbd,{expected}")


@pytest.mark.parametrize("path", ["http://h/x", "nbd+unix:///e", "nbds://h", "nbd://"])
def test_other_urls_are_refused(path):
    with pytest.raises(UsageError, match="not nbd://HOST"):
        arguments([f"backend=nbd,path={path}"])


def test_vhost_user_shares_the_memory():
    command = arguments(["backend=vhost-user,queues=2,packed=on"], memory_mib=128)
    assert "memory-backend-memfd,id=ram,size=128M,share=on" in command
    text = devices(command, "vhost-user-blk-pci")[0]
    assert "num-queues=2" in text and "packed=on" in text
    assert "socket,id=vhost0,path=/t/vhost0" in command


def test_own_arguments_come_last():
    assert arguments(qemu_args=["-icount", "shift=0"])[-2:] == ["-icount", "shift=0"]


@pytest.mark.parametrize("words, cpu", [(["-icount", "shift=0"], "max,-x2apic"), ([], "max"),
                                        (["-d", "int"], "max")])
def test_where_instructions_are_counted_there_is_no_x2apic(words, cpu):
    command = arguments(qemu_args=words)
    assert command[command.index("-cpu") + 1] == cpu


@pytest.mark.parametrize("words, thread", [(["-icount", "shift=0"],
                                            "iothread,id=iothread0,poll-max-ns=0"),
                                           ([], "iothread,id=iothread0")])
def test_a_thread_that_is_counted_beside_does_not_poll(words, thread):
    command = arguments(["backend=null,iothread=on"], qemu_args=words)
    assert command[command.index("-object") + 1] == thread
